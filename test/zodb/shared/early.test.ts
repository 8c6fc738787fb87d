/** Transactions that are seen before the disk has them, and answers that wait for it (see `Storage.showEarly`). */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { PersistentMapping } from '../../../src/persistent/index.ts';
import { TransactionManager } from '../../../src/transaction/index.ts';
import { disk } from '../../../src/zodb/filestorage/disk.ts';
import { SyncError } from '../../../src/zodb/errors.ts';
import { CommitState } from '../../../src/zodb/filestorage/shared/commit-state.ts';
import {
  Blob,
  ConflictError,
  type Connection,
  DB,
  FileStorage,
  type FileStorageOptions,
} from '../../../src/zodb/index.ts';

type Values = Record<string, unknown>;

let options: FileStorageOptions;
let directory: string;
let file: string;
let db: DB;
/** Syncs that the disk has not ended: called with what it says. */
let syncs: ((error: NodeJS.ErrnoException | null) => void)[];

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'early-'));
  file = path.join(directory, 'Data.fs');
  db = new DB(new FileStorage(file, { ...options, blobDir: path.join(directory, 'blobs') }));
  expect(db.showEarly()).toBe(true);
  syncs = [];
  vi.spyOn(CommitState.prototype, 'syncTime', 'get').mockReturnValue(5);
  vi.spyOn(disk, 'syncLater').mockImplementation(((_descriptor: number, done: (typeof syncs)[0]) => {
    syncs.push(done);
  }) as typeof disk.syncLater);
});

afterEach(() => {
  vi.restoreAllMocks();
  db.close();
  rmSync(directory, { recursive: true, force: true });
});

interface View {
  readonly manager: TransactionManager;
  readonly connection: Connection;
  readonly root: PersistentMapping<string, unknown>;
}

function view(): View {
  const manager = new TransactionManager();
  const connection = db.open({ transactionManager: manager });
  return { manager, connection, root: connection.root() as PersistentMapping<string, unknown> };
}

function change({ manager, root }: View, values: Values): void {
  for (const [name, value] of Object.entries(values)) root.set(name, value);
  manager.commit(true);
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A sync of what somebody waits for has begun. */
async function began(durable: Promise<void> | undefined): Promise<void> {
  expect(durable).toBeInstanceOf(Promise);
  durable!.catch(() => undefined);
  await turn();
}

/** What a promise has come to, if it has. */
async function stateOf(promise: Promise<void>): Promise<string> {
  const pending = Symbol('pending');
  return Promise.race([promise, Promise.resolve(pending)]).then(
    (value) => (value === pending ? 'pending' : 'resolved'),
    (error: Error) => error.constructor.name,
  );
}

describe.each<[string, FileStorageOptions]>([
  ['one thread', { early: true }],
  ['several threads', { shared: 1 }],
])('in a file of %s', (_name, given) => {
  beforeAll(() => {
    options = given;
  });

  describe('a transaction that is shown early', () => {
    it('is seen by others at once, and is durable when the disk has it', async () => {
      const sync = vi.spyOn(disk, 'sync');
      const [one, other] = [view(), view()];
      sync.mockClear();
      change(one, { a: 1 });
      expect(sync).not.toHaveBeenCalled();
      other.manager.begin();
      expect(other.root.get('a')).toBe(1);
      const waits = [one.connection.durable()!, other.connection.durable()!];
      await turn();
      expect(await stateOf(waits[0]!)).toBe('pending');
      // What comes while the disk is busy has the next sync.
      change(other, { b: 2 });
      const later = other.connection.durable()!;
      await turn();
      expect(syncs).toHaveLength(1);
      syncs[0]!(null);
      await turn();
      expect(await Promise.all([...waits, later].map(stateOf))).toEqual(['resolved', 'resolved', 'pending']);
      expect(syncs).toHaveLength(2);
      syncs[1]!(null);
      await later;
      expect([one.connection.durable(), other.connection.durable()]).toEqual([undefined, undefined]);
      expect(sync).not.toHaveBeenCalled();
    });

    it('is synced by the thread itself only where it is alone and the disk is fast', async () => {
      const sync = vi.spyOn(disk, 'sync');
      const time = vi.spyOn(CommitState.prototype, 'syncTime', 'get').mockReturnValue(0.1);
      const one = view();
      sync.mockClear();
      change(one, { a: 1 });
      await one.connection.durable();
      expect([sync.mock.calls.length, syncs.length]).toEqual([1, 0]);
      time.mockReturnValue(5);
      change(one, { a: 2 });
      const durable = one.connection.durable()!;
      await turn();
      expect([sync.mock.calls.length, syncs.length]).toEqual([1, 1]);
      syncs[0]!(null);
      await durable;
    });

    it('waits for the disk where the commit does not say that somebody else does', () => {
      const one = view();
      one.root.set('a', 1);
      one.manager.commit();
      expect(one.connection.durable()).toBeUndefined();
    });

    it('waits for the disk where a manager takes part that does not know of it, as one that sends mail', () => {
      const one = view();
      const told: unknown[] = [];
      const nothing = () => {};
      one.manager.get().join({
        sortKey: () => '~mail',
        tpcFinish: () => told.push(one.connection.durable()),
        abort: nothing,
        tpcBegin: nothing,
        commit: nothing,
        tpcVote: nothing,
        tpcAbort: nothing,
      });
      change(one, { a: 1 });
      expect(told).toEqual([undefined]);
    });

    it('waits for the disk where there is a blob, whose file has to go when the disk refuses', () => {
      const one = view();
      change(one, { blob: new Blob(Buffer.from('bytes')) });
      expect(one.connection.durable()).toBeUndefined();
    });

    it('is durable with a later one that waits for the disk, whatever the sync says that was running', async () => {
      const [one, other] = [view(), view()];
      change(one, { a: 1 });
      const durable = one.connection.durable()!;
      await began(durable);
      other.manager.begin();
      other.root.set('b', 2);
      other.manager.commit();
      expect([one.connection.durable(), other.connection.durable()]).toEqual([undefined, undefined]);
      syncs[0]!(Object.assign(new Error('EIO'), { code: 'EIO' }));
      await durable;
      one.manager.begin();
      expect([one.root.get('a'), one.root.get('b')]).toEqual([1, 2]);
    });

    it('is durable in the packed file when a pack comes before its sync has ended', async () => {
      const one = view();
      change(one, { a: 1 });
      const durable = one.connection.durable()!;
      await began(durable);
      db.storage.pack(Date.now() / 1000);
      syncs[0]!(null);
      await durable;
      change(one, { b: 2 });
      await began(one.connection.durable());
      syncs.at(-1)!(null);
      await turn();
      expect(one.connection.durable()).toBeUndefined();
    });

    it('is durable when the storage is closed', async () => {
      const one = view();
      change(one, { a: 1 });
      const durable = one.connection.durable()!;
      await began(durable);
      const read = new FileStorage(file, { readOnly: true });
      db.close();
      await durable;
      read.close();
      syncs[0]!(null);
      db = new DB(new FileStorage(file, options));
      expect(view().root.get('a')).toBe(1);
    });
  });

  describe('a transaction that was shown early and that the disk did not take', () => {
    const refuse = () => syncs.pop()!(Object.assign(new Error('EIO: i/o error'), { code: 'EIO' }));

    it('is gone from the file and from what connections show, and those who wait are told', async () => {
      const [one, other, reader] = [view(), view(), view()];
      one.root.set('a', 'kept');
      one.manager.commit();
      change(one, { a: 'lost', new: 1 });
      change(one, { a: 'lost, too' });
      const durable = one.connection.durable()!;
      reader.manager.begin();
      expect(reader.root.get('a')).toBe('lost, too');
      await began(durable);
      refuse();
      await expect(durable).rejects.toThrow(SyncError);
      // What has been seen cannot be told any more, nor be built upon.
      await expect(reader.connection.durable()).rejects.toThrow(SyncError);
      // Nor by one whose transaction is over: that the connection has moved on does not change what it has told.
      await expect(one.connection.durable()).rejects.toThrow(SyncError);
      one.manager.abort();
      await expect(one.connection.durable()).rejects.toThrow(SyncError);
      reader.root.set('b', `after ${reader.root.get('a') as string}`);
      expect(() => reader.manager.commit(true)).toThrow(ConflictError);
      reader.manager.abort();
      for (const each of [one, other, reader]) {
        each.manager.begin();
        expect([each.root.get('a'), each.root.get('new'), each.connection.durable()]).toEqual([
          'kept',
          undefined,
          undefined,
        ]);
      }
      change(reader, { b: 'after all' });
      await began(reader.connection.durable());
      syncs.pop()!(null);
      db.close();
      db = new DB(new FileStorage(file, options));
      const { root } = view();
      expect([root.get('a'), root.get('b')]).toEqual(['kept', 'after all']);
    });

    it('is not in the packed file either when a pack had copied it', async () => {
      const one = view();
      for (const a of ['old', 'kept']) {
        one.root.set('a', a);
        one.manager.commit();
      }
      change(one, { a: 'lost', new: 1 });
      await began(one.connection.durable());
      let packed = 0;
      // The last step that is told: all has been copied.
      db.storage.pack(Date.now() / 1000 + 1, {
        progress: (done, of) => {
          if (done === of && packed++ === 0) refuse();
        },
      });
      expect(packed).toBe(2);
      one.manager.begin();
      expect(one.root.get('a')).toBe('kept');
      one.root.set('b', 'after');
      one.manager.commit();
      db.close();
      db = new DB(new FileStorage(file, options));
      const { root } = view();
      expect([root.get('a'), root.get('new'), root.get('b')]).toEqual(['kept', undefined, 'after']);
      expect([...db.storage.iterator!()]).toHaveLength(2);
    });

    it('does not make a transaction of another object pass for one that has not changed since', async () => {
      const [one, other, reader] = [view(), view(), view()];
      change(one, { a: 'lost' });
      reader.manager.begin();
      expect(reader.root.get('a')).toBe('lost');
      reader.manager.abort();
      await began(one.connection.durable());
      refuse();
      await turn();
      // Now the last transaction is later than the one that was lost.
      other.manager.begin();
      other.root.set('other', 1);
      other.manager.commit();
      reader.manager.begin();
      expect([reader.root.get('a'), reader.root.get('other')]).toEqual([undefined, 1]);
    });
  });
});
