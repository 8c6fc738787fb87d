/** What every storage owes its callers, run over all of them (INVENTORY Z-034, Z-035). */
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Pickler, GlobalRef } from '../../../src/pickle/index.ts';
import {
  BeforeStorage,
  BlobStorage,
  DemoStorage,
  FileStorage,
  isBlobStore,
  MappingStorage,
  type Storage,
  ZlibStorage,
} from '../../../src/zodb/index.ts';
import type { BlobStore, Tid } from '../../../src/zodb/interfaces.ts';
import {
  bytes,
  metadata,
  temporaryDirectory,
  text,
  transact,
  transactionsOf,
  write,
} from './storage-steps.ts';

interface Kind {
  /** A storage with nothing in it. */
  open(): Storage;
  readonly undo?: boolean;
  readonly blobs?: boolean;
  /** Revisions before a pack go. */
  readonly collects?: boolean;
  /** Whether conflicting changes are merged; most do. */
  readonly merges?: boolean;
  /** Whether others may see a transaction a moment before whoever finished it is told. */
  readonly seenBefore?: boolean;
}

const file = (options = {}) => {
  const directory = temporaryDirectory();
  return new FileStorage(path.join(directory, 'Data.fs'), { fsync: false, ...options });
};
const blobDir = () => path.join(temporaryDirectory(), 'blobs');

function withoutLock(): FileStorage {
  process.env['ZOPE_NO_LOCK'] = '1';
  try {
    return file({ shared: 1, blobDir: blobDir() });
  } finally {
    delete process.env['ZOPE_NO_LOCK'];
  }
}

const kinds: Record<string, Kind> = {
  FileStorage: { open: file, undo: true, collects: true },
  'FileStorage with blobs': {
    open: () => file({ blobDir: blobDir() }),
    undo: true,
    blobs: true,
    collects: true,
  },
  'FileStorage with a lawn of blobs': {
    open: () => file({ blobDir: blobDir(), blobLayout: 'lawn' }),
    undo: true,
    blobs: true,
    collects: true,
  },
  MappingStorage: { open: () => new MappingStorage(), collects: true, merges: false },
  'MappingStorage that merges': {
    open: () => new MappingStorage('merging', { resolveConflicts: true }),
    collects: true,
  },
  ZlibStorage: {
    open: () => new ZlibStorage(file({ blobDir: blobDir() })),
    undo: true,
    blobs: true,
    collects: true,
  },
  DemoStorage: { open: () => new DemoStorage(), blobs: true },
  'DemoStorage with its changes in a file': {
    open: () => new DemoStorage({ changes: file({ blobDir: blobDir() }) }),
    undo: true,
    blobs: true,
  },
  'DemoStorage on a DemoStorage on a file': {
    open: () => new DemoStorage({ base: file() }).push(),
    blobs: true,
  },
  'MappingStorage in a BlobStorage': {
    open: () => new BlobStorage(new MappingStorage(), blobDir()),
    blobs: true,
    collects: true,
    merges: false,
  },
  'FileStorage in a BlobStorage': {
    open: () => new BlobStorage(file(), blobDir()),
    undo: true,
    blobs: true,
    collects: true,
  },
  // The last one: what it reserves of memory keeps the process from starting the program that locks others' files.
  'FileStorage that threads share': {
    open: withoutLock,
    undo: true,
    blobs: true,
    collects: true,
    seenBefore: true,
  },
};

const code = (run: () => unknown): string | undefined => {
  try {
    run();
  } catch (error) {
    return (error as { code?: string }).code;
  }
  return undefined;
};

/** The record of an object that refers to others. */
function referring(...oids: number[]): Uint8Array {
  const refs = new Map(oids.map((oid) => [{}, oid]));
  const pickler = new Pickler({
    persistentId(value) {
      const oid = refs.get(value as object);
      if (oid === undefined) return undefined;
      const id = Buffer.alloc(8);
      id.writeUInt32BE(oid, 4);
      return new Uint8Array(id);
    },
  });
  pickler.dump(GlobalRef.of('app', 'Thing'));
  pickler.clearMemo();
  pickler.dump([...refs.keys()]);
  return pickler.bytes();
}

function blobRecord(): Uint8Array {
  const pickler = new Pickler();
  pickler.dump(GlobalRef.of('ZODB.blob', 'Blob'));
  pickler.clearMemo();
  pickler.dump(null);
  return pickler.bytes();
}

const later = (): number => Date.now() / 1000 + 1;

for (const [name, kind] of Object.entries(kinds)) {
  const opened = () => {
    const storage = kind.open();
    onTestFinished(() => storage.close());
    return storage;
  };

  describe(name, () => {
    describe('basic', () => {
      test('an object that never was is no object', () => {
        const storage = opened();
        expect(code(() => storage.load(1))).toBe('POS_KEY');
        expect(code(() => storage.loadBefore(1, 5n))).toBe('POS_KEY');
        expect(code(() => storage.loadSerial(1, 5n))).toBe('POS_KEY');
        expect(storage.lastTransaction()).toBe(0n);
        expect(storage.size()).toBe(0);
      });

      test('what was committed is there, with the id of its transaction', () => {
        const storage = opened();
        const tid = write(storage, { 1: 'one', 2: 'two' });
        expect(text(storage.load(1).data)).toBe('one');
        expect(storage.load(2).tid).toBe(tid);
        expect(storage.lastTransaction()).toBe(tid);
        expect(storage.size()).toBe(2);
      });

      test('what was aborted is not there, before a vote and after it', () => {
        const storage = opened();
        const tid = write(storage, { 1: 'one' });
        for (const vote of [false, true]) {
          const transaction = metadata();
          storage.tpcBegin(transaction);
          storage.store(1, tid, bytes('changed'), transaction);
          storage.store(9, 0n, bytes('new'), transaction);
          if (vote) storage.tpcVote(transaction);
          storage.tpcAbort(transaction);
        }
        expect(text(storage.load(1).data)).toBe('one');
        expect(code(() => storage.load(9))).toBe('POS_KEY');
        expect(storage.lastTransaction()).toBe(tid);
        expect(text(storage.load(1).data)).toBe('one');
      });

      test('nobody sees what was not finished', () => {
        const storage = opened();
        const transaction = metadata();
        storage.tpcBegin(transaction);
        storage.store(1, 0n, bytes('one'), transaction);
        storage.tpcVote(transaction);
        expect(code(() => storage.load(1))).toBe('POS_KEY');
        storage.tpcFinish(transaction, (tid) => {
          if (kind.seenBefore !== true) expect(storage.lastTransaction()).toBeLessThan(tid);
        });
        expect(text(storage.load(1).data)).toBe('one');
      });

      test('one transaction at a time, in order', () => {
        const storage = opened();
        const one = metadata();
        const other = metadata();
        storage.tpcBegin(one);
        expect(code(() => storage.tpcBegin(one))).toBe('STORAGE_TRANSACTION');
        expect(code(() => storage.tpcBegin(other))).toBe('STORAGE_TRANSACTION');
        expect(code(() => storage.store(1, 0n, bytes('x'), other))).toBe('STORAGE_TRANSACTION');
        expect(code(() => storage.tpcVote(other))).toBe('STORAGE_TRANSACTION');
        expect(code(() => storage.tpcFinish(one))).toBe('STORAGE_TRANSACTION');
        // Aborting what has not begun is nothing.
        storage.tpcAbort(other);
        storage.store(1, 0n, bytes('x'), one);
        storage.tpcVote(one);
        storage.tpcFinish(one);
        expect(text(storage.load(1).data)).toBe('x');
      });

      test('ids of transactions rise, and new oids are not in use', () => {
        const storage = opened();
        const tids = [write(storage, { 1: 'a' }), write(storage, { 1: 'b' }), write(storage, { 1: 'c' })];
        expect([...tids].sort((a, b) => (a < b ? -1 : 1))).toEqual(tids);
        expect(new Set(tids).size).toBe(3);
        const oids = [storage.newOid(), storage.newOid(), storage.newOid()];
        expect(new Set(oids).size).toBe(3);
        expect(oids).not.toContain(1);
      });

      test('data are kept as they are, of one byte and of millions', () => {
        const storage = opened();
        const large = new Uint8Array(3_000_000).map((_, i) => i * 31);
        transact(storage, (transaction) => {
          storage.store(1, 0n, new Uint8Array([0]), transaction);
          storage.store(2, 0n, large, transaction);
          storage.store(2 ** 40, 0n, bytes('far'), transaction);
          storage.store(2n ** 62n, 0n, bytes('farther'), transaction);
        });
        expect(storage.load(1).data).toEqual(new Uint8Array([0]));
        expect(Buffer.compare(storage.load(2).data, large)).toBe(0);
        expect(text(storage.load(2 ** 40).data)).toBe('far');
        expect(text(storage.load(2n ** 62n).data)).toBe('farther');
      });

      test('what was loaded stays as it is', () => {
        const storage = opened();
        write(storage, { 1: 'first', 2: 'second' });
        const { data } = storage.load(1);
        for (let i = 0; i < 50; i++) write(storage, { 2: `second ${i}` });
        storage.load(2);
        expect(text(data)).toBe('first');
      });

      test('changes since a transaction are told', () => {
        const storage = opened();
        const one = write(storage, { 1: 'a', 2: 'b' });
        const two = write(storage, { 2: 'c' });
        write(storage, { 3: 'd' });
        expect(storage.changesSince?.(one)).toEqual([2, 3]);
        expect(storage.changesSince?.(two)).toEqual([3]);
        expect([[2, 3], [3]]).toContainEqual(storage.changesSince?.(one, two) ?? [3]);
        expect(storage.changesSince?.(storage.lastTransaction())).toEqual([]);
        expect(storage.lastInvalidations?.(2)).toMatchObject([{ oids: [2] }, { oids: [3] }]);
      });
    });

    describe('revisions', () => {
      test('every revision is there, with the time that it was current', () => {
        const storage = opened();
        const tids = ['a', 'b', 'c'].map((value) => write(storage, { 1: value }));
        const [one, two, three] = tids as [Tid, Tid, Tid];
        expect(storage.loadBefore(1, one)).toBeNull();
        expect(storage.loadBefore(1, two)).toMatchObject({ tid: one, end: two });
        expect(storage.loadBefore(1, two + 1n)).toMatchObject({ tid: two, end: three });
        expect(storage.loadBefore(1, three + 1n)).toMatchObject({ tid: three, end: null });
        expect(tids.map((tid) => text(storage.loadSerial(1, tid)))).toEqual(['a', 'b', 'c']);
        expect(code(() => storage.loadSerial(1, one - 1n))).toBe('POS_KEY');
      });

      test('history names what was done, the newest first', () => {
        const storage = opened();
        write(storage, { 1: 'a' }, 'made');
        write(storage, { 1: 'bcd' }, 'changed');
        expect(storage.history!(1).map((entry) => entry.description)).toEqual(['changed']);
        expect(storage.history!(1, 10).map((entry) => [entry.description, entry.size])).toEqual([
          ['changed', 3],
          ['made', 1],
        ]);
        expect(code(() => storage.history!(9))).toBe('POS_KEY');
      });

      test('an object that was removed is gone, and was there before', () => {
        const storage = opened();
        const made = write(storage, { 1: 'a', 2: 'b' });
        const removed = write(storage, { 1: null });
        expect(code(() => storage.load(1))).toBe('POS_KEY');
        expect(storage.loadBefore(1, removed)).toMatchObject({ tid: made, end: removed });
        expect(code(() => write(storage, { 9: null }))).toBe('POS_KEY');
        const transaction = metadata();
        storage.tpcBegin(transaction);
        expect(code(() => storage.deleteObject!(2, made - 1n, transaction))).toBe('CONFLICT');
        storage.tpcAbort(transaction);
      });
    });

    describe('conflicts', () => {
      test('a change of an old revision is refused, with both revisions', () => {
        const storage = opened();
        const one = write(storage, { 1: 'a' });
        const two = write(storage, { 1: 'b' });
        const transaction = metadata();
        storage.tpcBegin(transaction);
        expect(() => storage.store(1, one, bytes('c'), transaction)).toThrow(
          expect.objectContaining({ code: 'CONFLICT', oid: 1, serials: [two, one] }),
        );
        expect(() => storage.store(1, 0n, bytes('c'), transaction)).toThrow(
          expect.objectContaining({ code: 'CONFLICT' }),
        );
        storage.tpcAbort(transaction);
        expect(text(storage.load(1).data)).toBe('b');
      });

      test.runIf(kind.merges === false)('changes are never merged (as in Python)', () => {
        const storage = opened();
        storage.setConflictResolver!((_oid, _old, _committed, changed) => changed);
        const one = write(storage, { 1: '10' });
        write(storage, { 1: '15' });
        const transaction = metadata();
        storage.tpcBegin(transaction);
        expect(code(() => storage.store(1, one, bytes('12'), transaction))).toBe('CONFLICT');
        storage.tpcAbort(transaction);
        expect(text(storage.load(1).data)).toBe('15');
      });

      test.skipIf(kind.merges === false)('a resolver merges changes, and vote tells which', () => {
        const storage = opened();
        storage.setConflictResolver!((_oid, old, committed, changed) =>
          bytes(String(Number(text(committed)) + Number(text(changed)) - Number(text(old)))),
        );
        const one = write(storage, { 1: '10', 2: '1' });
        write(storage, { 1: '15' });
        const transaction = metadata();
        storage.tpcBegin(transaction);
        storage.store(1, one, bytes('12'), transaction);
        storage.store(2, one, bytes('2'), transaction);
        expect(storage.tpcVote(transaction)).toEqual([1]);
        storage.tpcFinish(transaction);
        expect(text(storage.load(1).data)).toBe('17');
      });

      test.skipIf(kind.merges === false)('a resolver that fails is the cause of the conflict', () => {
        const storage = opened();
        const failure = new Error('cannot');
        storage.setConflictResolver!(() => {
          throw failure;
        });
        const one = write(storage, { 1: '10' });
        write(storage, { 1: '15' });
        const transaction = metadata();
        storage.tpcBegin(transaction);
        expect(() => storage.store(1, one, bytes('12'), transaction)).toThrow(
          expect.objectContaining({ code: 'CONFLICT', cause: failure }),
        );
        storage.tpcAbort(transaction);
      });

      test('an object that was read must be as it was', () => {
        const storage = opened();
        const one = write(storage, { 1: 'a', 2: 'b' });
        const two = write(storage, { 2: 'c' });
        const transaction = metadata();
        storage.tpcBegin(transaction);
        storage.checkCurrentSerialInTransaction(1, one, transaction);
        storage.checkCurrentSerialInTransaction(2, two, transaction);
        expect(code(() => storage.checkCurrentSerialInTransaction(2, one, transaction))).toBe(
          'READ_CONFLICT',
        );
        storage.tpcAbort(transaction);
      });
    });

    describe('iterator', () => {
      test('transactions come in order with their records', () => {
        const storage = opened();
        const one = write(storage, { 1: 'a', 2: 'b' }, 'first');
        const two = write(storage, { 2: 'c' }, 'second');
        expect(transactionsOf(storage)).toEqual([
          {
            tid: one,
            status: ' ',
            description: 'first',
            records: [
              [1, 'a'],
              [2, 'b'],
            ],
          },
          { tid: two, status: ' ', description: 'second', records: [[2, 'c']] },
        ]);
        expect(transactionsOf(storage, two)).toHaveLength(1);
        expect(transactionsOf(storage, one + 1n, two - 1n)).toEqual([]);
        expect(transactionsOf(storage, undefined, one).map(({ tid }) => tid)).toEqual([one]);
      });

      test('records can be read when all transactions have been', () => {
        const storage = opened();
        write(storage, { 1: 'a'.repeat(100_000) });
        write(storage, { 2: 'b'.repeat(2_000_000) });
        const transactions = [...storage.iterator()];
        expect(transactions.map((transaction) => [...transaction].length)).toEqual([1, 1]);
      });

      test('another storage takes it all', () => {
        const storage = opened();
        write(storage, { 1: 'a', 2: 'b' }, 'first');
        write(storage, { 1: 'c', 3: 'd' }, 'second');
        write(storage, { 3: null }, 'third');
        const copy = file();
        for (const transaction of storage.iterator()) {
          copy.tpcBegin(transaction, transaction.tid, transaction.status);
          for (const { oid, tid, data, dataTxn } of transaction)
            copy.restore(oid, tid, data, dataTxn, transaction);
          copy.tpcVote(transaction);
          copy.tpcFinish(transaction);
        }
        expect(transactionsOf(copy)).toEqual(transactionsOf(storage));
        expect(code(() => copy.load(3))).toBe('POS_KEY');
        copy.close();
      });
    });

    describe('pack', () => {
      test('revisions that are not current go, the current ones stay', () => {
        const storage = opened();
        const one = write(storage, { 0: 'root' });
        write(storage, { 1: 'a' });
        const old = write(storage, { 1: 'b' });
        const last = write(storage, { 1: 'c' });
        storage.pack(later(), { gc: false });
        expect(text(storage.load(1).data)).toBe('c');
        expect(storage.load(0).tid).toBe(one);
        expect(code(() => storage.loadSerial(1, old))).toBe('POS_KEY');
        expect(transactionsOf(storage).map(({ tid }) => tid)).toEqual([one, last]);
        const next = write(storage, { 1: 'd' });
        expect(storage.loadBefore(1, next)).toMatchObject({ tid: last, end: next });
        storage.pack(later(), { gc: false });
        expect(text(storage.load(1).data)).toBe('d');
      });

      test('later revisions than its time stay', () => {
        const storage = opened();
        write(storage, { 0: 'a' });
        write(storage, { 0: 'b' });
        storage.pack(1, { gc: false });
        expect(storage.history!(0, 10)).toHaveLength(2);
      });

      test.skipIf(!kind.collects)('what nothing refers to goes', () => {
        const storage = opened();
        transact(storage, (transaction) => {
          storage.store(0, 0n, referring(1), transaction);
          storage.store(1, 0n, referring(2), transaction);
          storage.store(2, 0n, referring(1), transaction);
          storage.store(3, 0n, referring(4), transaction);
          storage.store(4, 0n, referring(3), transaction);
        });
        storage.pack(later());
        expect([0, 1, 2, 3, 4].map((oid) => code(() => storage.load(oid)))).toEqual([
          undefined,
          undefined,
          undefined,
          'POS_KEY',
          'POS_KEY',
        ]);
        expect(storage.size()).toBe(3);
      });

      test('an empty storage has nothing to pack', () => {
        const storage = opened();
        storage.pack(later(), { gc: false });
        expect(storage.size()).toBe(0);
      });
    });

    describe.skipIf(!kind.undo)('undo', () => {
      test('takes back a change, and is taken back itself', () => {
        const storage = opened();
        write(storage, { 1: 'a' }, 'made');
        const changed = write(storage, { 1: 'b' }, 'changed');
        const undone = transact(storage, (transaction) => {
          expect(storage.undo!(changed, transaction)).toEqual([1]);
        });
        expect(text(storage.load(1).data)).toBe('a');
        expect(storage.load(1).tid).toBe(undone);
        transact(storage, (transaction) => storage.undo!(undone, transaction));
        expect(text(storage.load(1).data)).toBe('b');
        expect(storage.undoLog!(2, 4).map(({ description }) => description)).toEqual(['changed', 'made']);
      });

      test('a change of what has changed since cannot be taken back', () => {
        const storage = opened();
        write(storage, { 1: 'a', 2: 'x' });
        const changed = write(storage, { 1: 'b', 2: 'y' });
        write(storage, { 1: 'c' });
        const transaction = metadata();
        storage.tpcBegin(transaction);
        expect(code(() => storage.undo!(changed, transaction))).toBe('MULTIPLE_UNDO');
        expect(code(() => storage.undo!(7n, transaction))).toBe('UNDO');
        storage.tpcAbort(transaction);
        expect(text(storage.load(2).data)).toBe('y');
      });

      test('the creation of an object is taken back', () => {
        const storage = opened();
        write(storage, { 1: 'a' });
        const made = write(storage, { 2: 'b' });
        transact(storage, (transaction) => storage.undo!(made, transaction));
        expect(code(() => storage.load(2))).toBe('POS_KEY');
        expect(text(storage.load(1).data)).toBe('a');
      });

      test('several transactions are taken back in one', () => {
        const storage = opened();
        write(storage, { 1: 'a', 2: 'x' });
        const one = write(storage, { 1: 'b' });
        const two = write(storage, { 1: 'c', 2: 'y' });
        transact(storage, (transaction) => {
          storage.undo!(two, transaction);
          storage.undo!(one, transaction);
        });
        expect([1, 2].map((oid) => text(storage.load(oid).data))).toEqual(['a', 'x']);
      });

      test('of an object that is in a transaction twice, the last record counts', () => {
        const storage = opened();
        write(storage, { 1: 'one' });
        const two = write(storage, { 1: 'two' });
        const three = write(storage, { 1: 'three' });
        // Back to `two`, and then to `one`: two records of the object in one transaction.
        const back = transact(storage, (transaction) => {
          storage.undo!(three, transaction);
          storage.undo!(two, transaction);
        });
        expect(text(storage.load(1).data)).toBe('one');
        transact(storage, (transaction) => storage.undo!(back, transaction));
        expect(text(storage.load(1).data)).toBe('three');
      });

      test('what was packed cannot be undone', () => {
        const storage = opened();
        write(storage, { 0: 'a' });
        const changed = write(storage, { 0: 'b' });
        storage.pack(later(), { gc: false });
        expect(storage.undoLog!()).toEqual([]);
        const transaction = metadata();
        storage.tpcBegin(transaction);
        expect(code(() => storage.undo!(changed, transaction))).toBe('UNDO');
        storage.tpcAbort(transaction);
      });
    });

    describe.skipIf(!kind.blobs)('blobs', () => {
      const blobs = (): Storage & BlobStore => {
        const storage = opened();
        if (!isBlobStore(storage)) throw new Error('keeps no blobs');
        return storage;
      };
      const newFile = (storage: BlobStore, content: string) => {
        const name = path.join(storage.temporaryDirectory(), `new-${Math.random()}`);
        writeFileSync(name, content);
        return name;
      };
      const put = (storage: Storage & BlobStore, oid: number, previous: Tid, content: string) =>
        transact(storage, (transaction) =>
          storage.storeBlob(oid, previous, blobRecord(), newFile(storage, content), transaction),
        );
      const content = (storage: BlobStore, oid: number, tid: Tid) =>
        readFileSync(storage.loadBlob(oid, tid), 'utf8');

      test('every revision has its file, which nobody writes to', () => {
        const storage = blobs();
        const one = put(storage, 1, 0n, 'one');
        const two = put(storage, 1, one, 'two');
        expect([content(storage, 1, one), content(storage, 1, two)]).toEqual(['one', 'two']);
        expect(statSync(storage.loadBlob(1, one)).mode & 0o222).toBe(0);
        expect(code(() => storage.loadBlob(1, two + 1n))).toBe('POS_KEY');
        expect(storage.load(1).data).toEqual(blobRecord());
      });

      test('the file of an aborted transaction goes', () => {
        const storage = blobs();
        const transaction = metadata();
        const name = newFile(storage, 'lost');
        storage.tpcBegin(transaction);
        storage.storeBlob(1, 0n, blobRecord(), name, transaction);
        storage.tpcVote(transaction);
        storage.tpcAbort(transaction);
        expect(existsSync(name)).toBe(false);
        expect(code(() => storage.load(1))).toBe('POS_KEY');
        const tid = put(storage, 1, 0n, 'kept');
        expect(content(storage, 1, tid)).toBe('kept');
      });

      test.each(['at once', 'in steps'])('a pack removes the files of what it removes, %s', async (how) => {
        const storage = blobs();
        write(storage, { 0: 'root' });
        const one = put(storage, 1, 0n, 'one');
        const two = put(storage, 1, one, 'two');
        const old = storage.loadBlob(1, one);
        if (how === 'in steps' && storage.packOnline) await storage.packOnline(later(), { gc: false });
        else storage.pack(later(), { gc: false });
        expect(content(storage, 1, two)).toBe('two');
        expect(existsSync(old)).toBe(false);
        expect(code(() => storage.loadBlob(1, one))).toBe('POS_KEY');
      });

      test.skipIf(!kind.undo)('an undo gives the file back', () => {
        const storage = blobs();
        const one = put(storage, 1, 0n, 'one');
        const two = put(storage, 1, one, 'two');
        const three = transact(storage, (transaction) => storage.undo!(two, transaction));
        expect(content(storage, 1, three)).toBe('one');
        storage.pack(later(), { gc: false });
        expect(content(storage, 1, three)).toBe('one');
      });
    });

    describe('closing', () => {
      test('aborts what is not finished', () => {
        const storage = kind.open();
        const transaction = metadata();
        storage.tpcBegin(transaction);
        storage.store(1, 0n, bytes('x'), transaction);
        storage.tpcVote(transaction);
        storage.close();
        expect(() => storage.load(1)).toThrow();
      });
    });

    test('a view of the past shows what was, and takes nothing', () => {
      const storage = opened();
      const one = write(storage, { 1: 'a' });
      const two = write(storage, { 1: 'b', 2: 'x' });
      const before = new BeforeStorage(storage, two);
      write(storage, { 1: 'c' });
      expect(text(before.load(1).data)).toBe('a');
      expect(before.loadBefore(1, two + 5n)).toMatchObject({ tid: one, end: null });
      expect(code(() => before.load(2))).toBe('POS_KEY');
      expect(code(() => before.loadSerial(1, two))).toBe('POS_KEY');
      expect(before.lastTransaction()).toBe(two - 1n);
      expect(transactionsOf(before).map(({ tid }) => tid)).toEqual([one]);
      expect(before.history(1, 5)).toHaveLength(1);
      expect(before.isReadOnly()).toBe(true);
      for (const run of [() => before.tpcBegin(), () => before.newOid(), () => before.pack()])
        expect(code(run)).toBe('READ_ONLY');
      // A view of now stands still.
      const now = new BeforeStorage(storage);
      write(storage, { 1: 'd' });
      expect(text(now.load(1).data)).toBe('c');
    });
  });
}
