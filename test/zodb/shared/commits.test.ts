/** Commits of several threads at once. Here one thread has several views of a file, so that every order of their steps can be had. */
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { disk } from '../../../src/zodb/filestorage/disk.ts';
import { FileStorage, type FileStorageOptions } from '../../../src/zodb/filestorage/file-storage.ts';
import { PendingTransaction } from '../../../src/zodb/filestorage/pending.ts';
import { ChangeRing } from '../../../src/zodb/filestorage/shared/change-ring.ts';
import {
  APPENDING,
  COMPLETE,
  CommitState,
  IDLE,
  REPLACING,
} from '../../../src/zodb/filestorage/shared/commit-state.ts';
import { reserveIndex, SharedIndex } from '../../../src/zodb/filestorage/shared/shared-index.ts';
import { SharedState } from '../../../src/zodb/filestorage/shared/shared-state.ts';
import type { Oid, RawMetadata, Tid } from '../../../src/zodb/interfaces.ts';
import {
  bytes,
  currentTid,
  metadata,
  temporaryDirectory,
  text,
  transactionsOf,
  write,
} from '../storages/storage-steps.ts';
import { startThread } from './threads.ts';

/** A file as several threads have it; the first view is the one that opened it. */
function views(count: number, options: FileStorageOptions = {}): FileStorage[] {
  const file = path.join(temporaryDirectory(), 'Data.fs');
  const first = new FileStorage(file, { shared: 1, fsync: false, ...options });
  const all = [first];
  for (let thread = 2; thread <= count; thread++) all.push(FileStorage.attach(first.share(thread)));
  onTestFinished(() => {
    for (const view of all.toReversed()) view.close();
  });
  return all;
}

interface Begun {
  readonly transaction: RawMetadata;
  finish(): Tid;
  abort(): void;
}

/** Begins a transaction and stores what it changes; it is not voted on yet. */
function begin(
  storage: FileStorage,
  texts: Readonly<Record<number, string>>,
  tids?: ReadonlyMap<Oid, Tid>,
): Begun {
  const transaction = metadata('begun');
  storage.tpcBegin(transaction);
  for (const [key, value] of Object.entries(texts)) {
    const oid = Number(key);
    storage.store(oid, tids?.get(oid) ?? currentTid(storage, oid), bytes(value), transaction);
  }
  return {
    transaction,
    finish: () => {
      storage.tpcVote(transaction);
      return storage.tpcFinish(transaction);
    },
    abort: () => storage.tpcAbort(transaction),
  };
}

const codeOf = (run: () => unknown): string | undefined => {
  try {
    run();
  } catch (error) {
    return (error as { code?: string }).code;
  }
  return undefined;
};

describe('a transaction that is not voted on yet', () => {
  it('is refused at its vote when the index of objects is full, and changes no place there', () => {
    const [first] = views(1) as [FileStorage];
    const shared = first.share(2);
    const small = () => ({ ...reserveIndex(), pages: new SharedArrayBuffer(8192) });
    const memory = { ...shared.memory, indexes: [small(), small()] as const };
    const storage = FileStorage.attach({ ...shared, memory });
    write(storage, { 1: 'here' });
    const tid = currentTid(storage, 1);
    const begun = begin(storage, { 1: 'not to be', 5000: 'too many' });
    expect(codeOf(() => storage.tpcVote(begun.transaction))).toBe('INDEX_FULL');
    begun.abort();
    expect(storage.getTid(1)).toBe(tid);
    expect(text(storage.load(1).data)).toBe('here');
    write(storage, { 1: 'again', 2: 'room' });
    expect(text(storage.load(1).data)).toBe('again');
    expect(transactionsOf(storage)).toHaveLength(2);
    storage.close();
  });

  it('keeps nobody from committing, and comes after those that were faster', () => {
    const [slow, fast] = views(2) as [FileStorage, FileStorage];
    const begun = begin(slow, { 1: 'slow', 2: 'new' });
    const faster = write(fast, { 3: 'fast' });
    const tid = begun.finish();
    expect(tid).toBeGreaterThan(faster);
    expect(transactionsOf(fast).map(({ records }) => records)).toEqual([
      [[3, 'fast']],
      [
        [1, 'slow'],
        [2, 'new'],
      ],
    ]);
    expect([...fast.oids()].map((oid) => text(fast.load(oid).data))).toEqual(['slow', 'new', 'fast']);
  });

  it('loses at its vote against one that changed the same, and leaves nothing', () => {
    const [slow, fast] = views(2) as [FileStorage, FileStorage];
    write(slow, { 1: 'first', 2: 'other' });
    const begun = begin(slow, { 2: 'not to be', 1: 'lost' });
    write(fast, { 1: 'won' });
    const size = statSync(slow.path).size;
    expect(codeOf(() => slow.tpcVote(begun.transaction))).toBe('CONFLICT');
    // Others may go on before it is aborted, and after.
    write(fast, { 3: 'between' });
    begun.abort();
    const grown = statSync(slow.path).size;
    expect(grown).toBeGreaterThan(size);
    expect(fast.getSize()).toBe(grown);
    expect(text(slow.load(2).data)).toBe('other');
    write(slow, { 1: 'again' });
    write(fast, { 1: 'and again' });
    expect(text(slow.load(1).data)).toBe('and again');
    expect(transactionsOf(slow)).toHaveLength(5);
  });

  it('is merged at its vote with what came between', () => {
    const [slow, fast] = views(2) as [FileStorage, FileStorage];
    for (const view of [slow, fast])
      view.setConflictResolver((_oid, old, committed, changed) =>
        bytes(`${text(committed)}+${text(changed).slice(text(old).length)}`),
      );
    write(slow, { 1: 'base', 2: 'x' });
    const tids = new Map([[1, currentTid(slow, 1)]]);
    const begun = begin(slow, { 1: 'base-slow', 2: 'y' }, tids);
    write(fast, { 1: 'base-fast' });
    expect(slow.tpcVote(begun.transaction)).toEqual([1]);
    slow.tpcFinish(begun.transaction);
    expect(text(fast.load(1).data)).toBe('base-fast+-slow');
    // One that had been merged already when it was stored is merged anew from what was given.
    const again = begin(slow, { 1: 'base-late' }, tids);
    write(fast, { 1: 'base-third' });
    expect(slow.tpcVote(again.transaction)).toEqual([1]);
    slow.tpcFinish(again.transaction);
    expect(text(fast.load(1).data)).toBe('base-third+-late');
  });

  it('loses when what it only read has changed, or what it removes', () => {
    const [slow, fast] = views(2) as [FileStorage, FileStorage];
    write(slow, { 1: 'a', 2: 'b' });
    const reader = begin(slow, { 2: 'from a' });
    slow.checkCurrentSerialInTransaction(1, currentTid(slow, 1), reader.transaction);
    write(fast, { 1: 'c' });
    expect(codeOf(() => reader.finish())).toBe('READ_CONFLICT');
    reader.abort();
    const remover = begin(slow, {});
    slow.deleteObject(1, currentTid(slow, 1), remover.transaction);
    write(fast, { 1: 'd' });
    expect(codeOf(() => remover.finish())).toBe('CONFLICT');
    remover.abort();
    expect([1, 2].map((oid) => text(fast.load(oid).data))).toEqual(['d', 'b']);
  });

  it('is placed in the packed file when the file was packed meanwhile', () => {
    const [slow, fast] = views(2) as [FileStorage, FileStorage];
    for (const value of ['a', 'b', 'c']) write(fast, { 0: value, 1: value });
    const begun = begin(slow, { 1: 'd' });
    fast.pack(Date.now() / 1000 + 1, { gc: false });
    begun.finish();
    expect(text(fast.load(1).data)).toBe('d');
    expect(text(fast.loadBefore(1, currentTid(fast, 1))!.data)).toBe('c');
    fast.close();
    slow.close();
    const again = new FileStorage(slow.path);
    expect(text(again.load(1).data)).toBe('d');
    expect(transactionsOf(again).at(-1)!.records).toEqual([[1, 'd']]);
    again.close();
  });

  it('undoes what can still be undone at its vote', () => {
    const [slow, fast] = views(2) as [FileStorage, FileStorage];
    write(slow, { 1: 'a' });
    const second = write(slow, { 1: 'b' });
    const undone = begin(slow, {});
    expect(slow.undo(second, undone.transaction)).toEqual([1]);
    write(fast, { 2: 'beside' });
    undone.finish();
    expect(text(fast.load(1).data)).toBe('a');
    const third = write(fast, { 1: 'c' });
    const late = begin(slow, {});
    slow.undo(third, late.transaction);
    write(fast, { 1: 'd' });
    expect(codeOf(() => late.finish())).toBe('MULTIPLE_UNDO');
    late.abort();
    expect(text(slow.load(1).data)).toBe('d');
  });

  it('has its blob when it is committed, and leaves no file when it is not', () => {
    const blobDir = path.join(temporaryDirectory(), 'blobs');
    const [slow, fast] = views(2, { blobDir }) as [FileStorage, FileStorage];
    const given = (content: string) => {
      const file = path.join(slow.temporaryDirectory(), `${content}.tmp`);
      writeFileSync(file, content);
      return file;
    };
    const kept = begin(slow, {});
    slow.storeBlob(7, 0n, bytes('blob'), given('kept'), kept.transaction);
    write(fast, { 1: 'between' });
    const tid = kept.finish();
    expect(readFileSync(fast.loadBlob(7, tid), 'utf8')).toBe('kept');
    for (const loses of [true, false]) {
      const lost = begin(slow, {});
      const file = given('lost');
      slow.storeBlob(7, currentTid(slow, 7), bytes('blob'), file, lost.transaction);
      if (loses) {
        write(fast, { 7: 'changed' });
        expect(codeOf(() => lost.finish())).toBe('CONFLICT');
      }
      lost.abort();
      expect(existsSync(file)).toBe(false);
    }
    expect(readdirSync(slow.temporaryDirectory())).toEqual([]);
  });

  it('has removed its blobs when others may commit again', () => {
    const blobDir = path.join(temporaryDirectory(), 'blobs');
    const [first] = views(1, { blobDir }) as [FileStorage];
    const given = path.join(first.temporaryDirectory(), 'given.tmp');
    writeFileSync(given, 'lost');
    const lost = begin(first, {});
    first.storeBlob(7, 0n, bytes('blob'), given, lost.transaction);
    first.tpcVote(lost.transaction);
    const blobs = () =>
      readdirSync(blobDir, { recursive: true }).filter((name) => /0x.*\.blob$/.test(String(name)));
    expect(blobs()).toHaveLength(1);
    const unlock = vi.spyOn(SharedState.prototype, 'unlock').mockImplementationOnce(function (
      this: SharedState,
    ) {
      expect(blobs()).toEqual([]);
      this.unlock();
    });
    try {
      lost.abort();
      expect(unlock).toHaveBeenCalled();
    } finally {
      unlock.mockRestore();
    }
  });

  it('is refused at its vote when there is no room for it any more', () => {
    const [slow, fast] = views(2, { quota: 2000 }) as [FileStorage, FileStorage];
    const begun = begin(slow, { 1: 'a', 2: 'b' });
    write(fast, { 3: 'x'.repeat(1950) });
    expect(codeOf(() => begun.finish())).toBe('QUOTA');
    begun.abort();
    expect(codeOf(() => write(fast, { 4: 'y' }))).toBe('QUOTA');
  });
});

interface Step {
  readonly view: number;
  readonly what: 'begin' | 'store' | 'check' | 'commit' | 'abort';
  readonly oid: number;
}

describe('steps of several transactions in any order', () => {
  it('end as if the transactions had come one after the other', () => {
    const step: fc.Arbitrary<Step> = fc.record({
      view: fc.nat(2),
      what: fc.constantFrom('begin', 'store', 'store', 'check', 'commit', 'abort'),
      oid: fc.nat(3),
    });
    // One file for all runs, with other objects in each: the memory of a shared one is large.
    const all = views(3);
    let base = 0;
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        base += 10;
        const before = all[0]!.lastTransaction();
        const current = new Map<Oid, Tid>();
        const expected: (readonly [Oid, string])[][] = [];
        const open = all.map(
          (): { begun: Begun; seen: Map<Oid, Tid>; stored: Map<Oid, string>; checked: Set<Oid> } | null =>
            null,
        );
        for (const [number, { view, what, oid: offset }] of steps.entries()) {
          const oid = base + offset;
          const storage = all[view]!;
          const mine = open[view]!;
          if (mine === null) {
            if (what === 'begin')
              open[view] = {
                begun: begin(storage, {}),
                seen: new Map(current),
                stored: new Map(),
                checked: new Set(),
              };
            continue;
          }
          const { begun, seen, stored, checked } = mine;
          const tid = seen.get(oid) ?? 0n;
          const stale = (each: Oid) => (current.get(each) ?? 0n) !== (seen.get(each) ?? 0n);
          if (what === 'store' && !stored.has(oid)) {
            const code = codeOf(() => storage.store(oid, tid, bytes(`${number}`), begun.transaction));
            expect(code).toBe(stale(oid) ? 'CONFLICT' : undefined);
            if (code === undefined) stored.set(oid, `${number}`);
          } else if (what === 'check' && tid !== 0n && !stored.has(oid)) {
            const code = codeOf(() => storage.checkCurrentSerialInTransaction(oid, tid, begun.transaction));
            expect(code).toBe(stale(oid) ? 'READ_CONFLICT' : undefined);
            if (code === undefined) checked.add(oid);
          } else if (what === 'commit') {
            let committed = 0n;
            const code = codeOf(() => (committed = begun.finish()));
            if ([...stored.keys(), ...checked].some(stale)) {
              expect(code).toMatch(/CONFLICT/);
              begun.abort();
            } else {
              expect(code).toBeUndefined();
              for (const each of stored.keys()) current.set(each, committed);
              expected.push([...stored]);
            }
            open[view] = null;
          } else if (what === 'abort') {
            begun.abort();
            open[view] = null;
          }
        }
        for (const [view, mine] of open.entries())
          if (mine !== null) all[view]!.tpcAbort(mine.begun.transaction);
        const found = transactionsOf(all[0]!, before + 1n).map(({ records }) => records);
        expect(found).toEqual(expected);
        for (const [oid, tid] of current) for (const view of all) expect(view.load(oid).tid).toBe(tid);
      }),
      { numRuns: 60 },
    );
  });
});

describe('a disk that takes nothing and cannot be cut', () => {
  it('is written to by no thread any more, until the file is opened anew', () => {
    const [one, two] = views(2, { fsync: true, packGc: false }) as [FileStorage, FileStorage];
    write(one, { 1: 'a' });
    write(one, { 1: 'a again' });
    const failing = ['sync', 'truncate'] as const;
    for (const call of failing)
      vi.spyOn(disk, call).mockImplementation(() => {
        throw Object.assign(new Error(call), { code: 'EIO' });
      });
    expect(() => write(one, { 1: 'b' })).toThrow('truncate');
    vi.restoreAllMocks();
    const size = statSync(one.path).size;
    for (const view of [one, two])
      expect(() => write(view, { 2: 'c' })).toThrow(/until the file is opened anew/);
    expect(() => two.pack(Date.now() / 1000 + 1)).toThrow(/until the file is opened anew/);
    expect(statSync(one.path).size).toBe(size);
  });
});

describe('a transaction that failed and could not be cut off', () => {
  it('is cut off by whichever thread commits next', () => {
    const [one, two] = views(2) as [FileStorage, FileStorage];
    write(one, { 1: 'a' });
    const { transaction, abort } = begin(one, { 1: 'b'.repeat(1000) });
    one.tpcVote(transaction);
    vi.spyOn(disk, 'truncate').mockImplementation(() => {
      throw new Error('EIO');
    });
    abort();
    vi.restoreAllMocks();
    const before = statSync(one.path).size;
    write(two, { 1: 'c' });
    expect(statSync(one.path).size).toBeLessThan(before);
    expect(transactionsOf(one).map(({ records }) => records)).toEqual([[[1, 'a']], [[1, 'c']]]);
    write(one, { 2: 'd' });
    expect(transactionsOf(two)).toHaveLength(3);
  });

  it('has no thread write anything more when it may be complete', () => {
    const [one, two] = views(2) as [FileStorage, FileStorage];
    write(one, { 1: 'a' });
    vi.spyOn(SharedState.prototype, 'append').mockImplementation(() => {
      throw new Error('EIO');
    });
    vi.spyOn(disk, 'truncate').mockImplementation(() => {
      throw new Error('EROFS');
    });
    expect(() => write(one, { 1: 'b' })).toThrow('EIO');
    vi.restoreAllMocks();
    expect(() => write(one, { 1: 'c' })).toThrow(/takes no more transactions/);
    expect(() => write(two, { 1: 'c' })).toThrow(/until the file is opened anew/);
  });
});

it('a commit says before each step what is to be put in order where its thread ends in it', () => {
  const [storage] = views(1) as [FileStorage];
  const seen = new CommitState(storage.share(2).memory, 2);
  const phases: [step: string, phase: number, isWritten: boolean][] = [];
  const note = (step: string) => phases.push([step, seen.phase, seen.writtenEnd > seen.end]);
  const { write: writes } = PendingTransaction.prototype;
  const { set } = SharedIndex.prototype;
  const { add } = ChangeRing.prototype;
  vi.spyOn(PendingTransaction.prototype, 'write').mockImplementation(function (this: never, ...args) {
    note('bytes');
    writes.apply(this, args);
  });
  vi.spyOn(SharedIndex.prototype, 'set').mockImplementation(function (this: never, ...args) {
    note('index');
    set.apply(this, args);
  });
  vi.spyOn(ChangeRing.prototype, 'add').mockImplementation(function (this: never, ...args) {
    note('changes');
    add.apply(this, args);
  });
  onTestFinished(() => void vi.restoreAllMocks());
  write(storage, { 1: 'a' });
  expect(phases).toEqual([
    ['bytes', APPENDING, false],
    ['index', COMPLETE, true],
    ['changes', COMPLETE, true],
  ]);
  expect(seen.phase).toBe(IDLE);
});

describe('a thread that dies', () => {
  /** Starts a thread that goes so far with a transaction and then stands still. */
  async function stuck(storage: FileStorage, at: string) {
    const victim = startThread('stuck', { file: storage.share(2), at });
    await new Promise((resolve) => victim.worker.on('message', (message) => message === at && resolve(null)));
    return async () => {
      void victim.worker.terminate();
      await victim.done;
      storage.forgetThread(2);
    };
  }

  it('between two words of its commit leaves no end that is not there', () => {
    const [storage] = views(1) as [FileStorage];
    write(storage, { 1: 'a' });
    const dead = new CommitState(storage.share(2).memory, 2);
    dead.lock.acquire();
    dead.phase = APPENDING;
    dead.written(dead.end + 100);
    storage.forgetThread(2);
    expect([dead.writtenEnd, dead.phase, dead.lock.holder]).toEqual([storage.getSize(), IDLE, 0]);
  });

  it('before its vote holds up nobody, dead or alive', async () => {
    const [storage] = views(1) as [FileStorage];
    write(storage, { 1: 'a' });
    const end = await stuck(storage, 'stored');
    write(storage, { 1: 'b' });
    await end();
    write(storage, { 2: 'c' });
    expect(transactionsOf(storage)).toHaveLength(3);
  });

  it('in its turn has the others wait for a moment, and not once that it is gone', async () => {
    const [storage] = views(1) as [FileStorage];
    write(storage, { 1: 'a' });
    const end = await stuck(storage, 'turn');
    write(storage, { 1: 'b' });
    await end();
    const again = await stuck(storage, 'turn');
    await again();
    write(storage, { 1: 'c' });
    expect(transactionsOf(storage)).toHaveLength(3);
  });

  it('between its vote and its finish leaves nothing', async () => {
    const [storage] = views(1) as [FileStorage];
    write(storage, { 1: 'a' });
    const size = statSync(storage.path).size;
    const end = await stuck(storage, 'voted');
    expect(statSync(storage.path).size).toBeGreaterThan(size);
    await end();
    expect(statSync(storage.path).size).toBe(size);
    write(storage, { 1: 'b' });
    expect(transactionsOf(storage).map(({ records }) => records)).toEqual([[[1, 'a']], [[1, 'b']]]);
  });
});

it('a file that was removed while threads use it is not made anew by one that begins', () => {
  const [first] = views(1) as [FileStorage];
  const shared = first.share(2);
  rmSync(first.path);
  expect(() => FileStorage.attach(shared)).toThrow('ENOENT');
  expect(existsSync(first.path)).toBe(false);
});

it('a thread that begins while a packed file takes the place of the old one waits for that', () => {
  const [first] = views(1);
  write(first!, { 1: 'one' });
  write(first!, { 1: 'two' });
  // As a pack in another thread: from here on the name may lead to either file.
  const packer = new CommitState(first!.share(2).memory, 2);
  packer.lock.acquire();
  packer.phase = REPLACING;
  const wait = vi.spyOn(Atomics, 'wait').mockImplementationOnce(() => {
    packer.phase = IDLE;
    packer.lock.release();
    first!.pack(Date.now() / 1000 + 1, { gc: false });
    return 'timed-out';
  });
  const begun = FileStorage.attach(first!.share(3));
  expect(wait).toHaveBeenCalledTimes(1);
  wait.mockRestore();
  expect(text(begun.load(1).data)).toBe('two');
  expect(statSync(begun.path).size).toBe(begun.getSize());
  begun.close();
});
