import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { ChangeRing, reserveChanges } from '../../../src/zodb/filestorage/shared/change-ring.ts';
import {
  CommitLock,
  LOCK_WORDS,
  LockTimeoutError,
} from '../../../src/zodb/filestorage/shared/commit-lock.ts';
import { CommitState } from '../../../src/zodb/filestorage/shared/commit-state.ts';
import { SyncError } from '../../../src/zodb/errors.ts';
import {
  IndexFullError,
  reserveIndex,
  SharedIndex,
} from '../../../src/zodb/filestorage/shared/shared-index.ts';
import type { Oid } from '../../../src/zodb/interfaces.ts';
import { startThread } from './threads.ts';

const lockMemory = () => new SharedArrayBuffer(LOCK_WORDS * 4);

describe('the commit lock', () => {
  it('lets one thread at a time do its work', async () => {
    const lock = lockMemory();
    const sum = new SharedArrayBuffer(8 * 10);
    const threads = [1, 2, 3].map((thread) => startThread('count', { lock, sum, thread, times: 20_000 }));
    await Promise.all(threads.map(({ done }) => done));
    expect(new Float64Array(sum)[0]).toBe(60_000);
    expect(new CommitLock(new Int32Array(lock), 9).holder).toBe(0);
  });

  it('goes on when threads that have it or wait for it are killed', async () => {
    const lock = lockMemory();
    const sum = new SharedArrayBuffer(8 * 60);
    const numbers = new Float64Array(sum);
    const own = new CommitLock(new Int32Array(lock), 50);
    const survivor = startThread('count', { lock, sum, thread: 1, times: 30_000 });
    for (let thread = 2; thread < 10; thread++) {
      const { worker, done } = startThread('count', { lock, sum, thread, times: 1e9 });
      // oxlint-disable-next-line no-await-in-loop -- one after the other is killed
      await new Promise((resolve) => worker.once('message', resolve));
      // oxlint-disable-next-line no-await-in-loop
      while (numbers[3 + thread] === 0) await new Promise((resolve) => setImmediate(resolve));
      void worker.terminate();
      // oxlint-disable-next-line no-await-in-loop
      await done;
      own.forget(thread, () => (numbers[1] = 0));
      expect(numbers[1]).not.toBe(thread);
    }
    await survivor.done;
    expect(numbers[3 + 1]).toBe(30_000);
    expect(own.holder).toBe(0);
  });

  it('is handed to one that waits, even to one that has ended meanwhile', () => {
    const words = new Int32Array(lockMemory());
    const [first, third] = [new CommitLock(words, 1), new CommitLock(words, 3)];
    first.acquire();
    // Thread 2 asked to be next, and ended.
    words[1] = 2;
    third.forget(2, () => expect.unreachable());
    words[1] = 2;
    first.release();
    expect(first.holder).toBe(0);
    third.acquire();
    expect(third.holder).toBe(3);
  });

  it('is taken from one that has ended by one thread, before it puts in order what that one was doing', () => {
    const words = new Int32Array(lockMemory());
    const [second, third, fourth] = [2, 3, 4].map((thread) => new CommitLock(words, thread)) as [
      CommitLock,
      CommitLock,
      CommitLock,
    ];
    second.acquire();
    let recovered = 0;
    third.forget(2, () => {
      // Whoever handed it the lock sees now that it had ended, and gives up.
      expect(fourth.holder).toBe(3);
      second.release();
      expect(() => fourth.acquire(1)).toThrow(LockTimeoutError);
      recovered++;
    });
    expect([recovered, fourth.holder]).toEqual([1, 0]);
    second.acquire();
    expect(() =>
      third.forget(2, () => {
        throw new Error('EIO');
      }),
    ).toThrow('EIO');
    expect(fourth.holder).toBe(0);
  });

  it('is told when it is not to be had', () => {
    const words = new Int32Array(lockMemory());
    new CommitLock(words, 1).acquire();
    expect(() => new CommitLock(words, 2).acquire(10)).toThrow(LockTimeoutError);
  });
});

const oid: fc.Arbitrary<Oid> = fc.oneof(
  fc.nat(5000),
  fc.nat(2 ** 31 - 1),
  fc.integer({ min: 2 ** 31 - 2, max: 2 ** 31 + 50 }),
  fc.maxSafeNat(),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }),
);

describe('the shared index', () => {
  it('answers as a map does, from every view of its memory', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(oid, fc.integer({ min: 0, max: 2 ** 50 })), { maxLength: 300 }),
        fc.array(oid, { maxLength: 20 }),
        (steps, probes) => {
          const memory = reserveIndex();
          const index = new SharedIndex(memory);
          const other = new SharedIndex(memory);
          const model = new Map<Oid, number>();
          for (const [key, position] of steps) {
            if (position === 0) {
              index.delete(key);
              model.delete(key);
            } else {
              index.set(key, position);
              model.set(key, position);
            }
          }
          const sorted = [...model.keys()].sort((a, b) => (a < b ? -1 : 1));
          expect([...other.keys()]).toEqual(sorted);
          expect(other.size).toBe(model.size);
          for (const probe of [...probes, ...steps.map(([key]) => key)]) {
            expect(other.get(probe)).toBe(model.get(probe) ?? 0);
            expect(other.atOrAfter(probe)).toBe(sorted.find((key) => key >= probe));
          }
          index.clear();
          expect([...other.keys()]).toEqual([]);
          expect(other.size).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('keeps many sparse oids', () => {
    const index = new SharedIndex(reserveIndex());
    for (let i = 0; i < 20_000; i++) index.set(BigInt(i) * 0x1_0000_0001n + 2n ** 40n, i + 1);
    for (let i = 0; i < 20_000; i += 97) {
      const key = BigInt(i) * 0x1_0000_0001n + 2n ** 40n;
      expect(index.get(key <= Number.MAX_SAFE_INTEGER ? Number(key) : key)).toBe(i + 1);
    }
    expect(index.size).toBe(20_000);
  });

  it('makes room for all of a transaction or says that there is none, and no object has changed its place then', () => {
    const memory = {
      ...reserveIndex(),
      pages: new SharedArrayBuffer(2 * 8192),
      sparse: new SharedArrayBuffer(2 ** 16),
    };
    const index = new SharedIndex(memory);
    index.set(1, 11);
    index.set(2 ** 40, 12);
    const reserve = (oids: readonly Oid[]) => index.reserve(oids.map((oid) => ({ oid })));
    expect(() => reserve([1, 1024, 2048])).toThrow(IndexFullError);
    // There is room for a table of 2,048 slots, of which half are used.
    const many = Array.from({ length: 1024 }, (_, i) => 2 ** 41 + i);
    expect(() => reserve(many)).toThrow(IndexFullError);
    reserve(many.slice(1));
    for (const key of many.slice(1)) index.set(key, key);
    expect(() => index.set(3000, 1)).toThrow(IndexFullError);
    expect([index.get(1), index.get(2 ** 40), index.size]).toEqual([11, 12, 1025]);
  });

  it('finds nothing of what a thread had begun that ended while it made the table larger', () => {
    const memory = reserveIndex();
    const index = new SharedIndex(memory);
    for (let i = 0; i < 512; i++) index.set(2 ** 40 + i, 1 + i);
    // Behind the first table, whose 1,024 slots begin at word 2.
    new BigUint64Array(memory.sparse).subarray(2 + 2 * 1024, 2 + 2 * 1024 + 4 * 1024).fill(2n ** 41n + 1n);
    index.set(2 ** 40 + 512, 513);
    expect(index.get(2 ** 41)).toBe(0);
    expect(index.get(2 ** 40 + 512)).toBe(513);
    expect([...index.keys()]).toHaveLength(513);
  });

  it('is never read in the middle of a change', async () => {
    const memory = reserveIndex();
    const stop = new SharedArrayBuffer(4);
    const oids = [0, 1, 1023, 1024, 2 ** 31 + 5, 2 ** 40];
    const { worker, done } = startThread('read', { memory, oids, stop });
    await new Promise((resolve) => worker.once('message', resolve));
    const index = new SharedIndex(memory);
    for (let i = 0; i < 300_000; i++) {
      index.set(oids[i % oids.length]!, 1 + (i % 2 ** 20) * (2 ** 32 + 1));
      if (i % 1000 === 0) index.set(2 ** 45 + i, 1);
    }
    Atomics.store(new Int32Array(stop), 0, 1);
    expect(await done).toBe(0);
  });
});

describe('the ring of changes', () => {
  it('tells what changed between two transactions', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.nat(50), { maxLength: 5 }), { minLength: 1, maxLength: 40 }),
        fc.nat(40),
        fc.nat(40),
        (transactions, a, b) => {
          const ring = new ChangeRing(reserveChanges());
          for (const [i, oids] of transactions.entries()) ring.add(BigInt(i + 1), oids);
          const [after, upTo] = [
            Math.min(a, b, transactions.length),
            Math.min(Math.max(a, b), transactions.length),
          ];
          expect(ring.between(BigInt(after), BigInt(upTo), 0n)).toEqual(
            transactions.slice(after, upTo).flat(),
          );
        },
      ),
    );
  });

  it('says when it does not know any more', () => {
    const ring = new ChangeRing(reserveChanges());
    expect(ring.between(5n, 9n, 7n)).toBeNull();
    expect(ring.between(7n, 9n, 7n)).toEqual([]);
    for (let tid = 10n; tid < 70_000n; tid++) ring.add(tid, [Number(tid)]);
    expect(ring.between(7n, 69_999n, 7n)).toBeNull();
    expect(ring.between(69_990n, 69_992n, 7n)).toEqual([69_991, 69_992]);
    for (let tid = 70_000n; tid < 70_004n; tid++)
      ring.add(
        tid,
        Array.from({ length: 400_000 }, (_, i) => i),
      );
    expect(ring.between(70_000n, 70_003n, 7n)).toBeNull();
    expect(ring.between(70_002n, 70_003n, 7n)).toHaveLength(400_000);
    ring.add(
      70_004n,
      Array.from({ length: 600_000 }, (_, i) => i),
    );
    expect(ring.between(70_003n, 70_004n, 7n)).toBeNull();
  });

  it('takes back what nobody has seen', () => {
    const ring = new ChangeRing(reserveChanges());
    for (const tid of [1n, 2n, 3n, 4n]) ring.add(tid, [Number(tid)]);
    ring.takeBack(2n);
    ring.add(9n, [9]);
    expect(ring.between(0n, 9n, 0n)).toEqual([1, 2, 9]);
  });
});

describe('publishing', () => {
  const begun = () => {
    const first = CommitState.create(1);
    first.begin({ end: 4, lastTid: 10n, nextOid: 1n });
    return [first, new CommitState(first.memory, 2)] as const;
  };
  const append = (state: CommitState, tid: bigint, end: number) => {
    state.lock.acquire();
    state.changes.add(tid, [Number(tid)]);
    state.append(tid, end);
    state.lock.release();
    return state.failures;
  };

  it('shares one sync between transactions that were appended before it', () => {
    const [first, second] = begun();
    const failures = [append(first, 11n, 100), append(second, 12n, 200)] as const;
    expect([first.published, first.publishedEnd]).toEqual([10n, 4]);
    let syncs = 0;
    first.settle(11n, failures[0], () => syncs++, expect.unreachable);
    second.settle(12n, failures[1], () => syncs++, expect.unreachable);
    expect([syncs, second.published, second.publishedEnd]).toEqual([1, 12n, 200]);
  });

  it('waits for those who committed beside it the last time, no longer than the disk took', () => {
    const [first, second] = begun();
    let now = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now);
    const wait = vi.spyOn(Atomics, 'wait');
    try {
      let failures = append(first, 11n, 100);
      const beside = () => {
        now += 1;
        append(second, 12n, 200);
      };
      first.settle(11n, failures, beside, expect.unreachable);
      expect([first.published, wait.mock.calls.length]).toEqual([11n, 0]);
      // The first thread comes again while the second one waits for it: one sync for both.
      wait.mockImplementationOnce((_words, _at, _value, left) => {
        expect(left).toBe(1);
        failures = append(first, 13n, 300);
        return 'ok';
      });
      second.settle(12n, failures, () => (now += 1), expect.unreachable);
      expect([second.published, second.publishedEnd, wait.mock.calls.length]).toEqual([13n, 300, 1]);
      first.settle(13n, failures, expect.unreachable, expect.unreachable);
      // Alone, it waits once in vain, and then not any more.
      wait.mockImplementationOnce(() => {
        now += 1;
        return 'timed-out';
      });
      for (const tid of [14n, 15n]) {
        first.settle(tid, append(first, tid, Number(tid) * 100), () => (now += 1), expect.unreachable);
        expect([first.published, wait.mock.calls.length]).toEqual([tid, 2]);
      }
    } finally {
      clock.mockRestore();
      wait.mockRestore();
    }
  });

  it('waits for nobody where the disk is fast', () => {
    const [first, second] = begun();
    const wait = vi.spyOn(Atomics, 'wait');
    let now = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now);
    try {
      for (const tid of [11n, 13n, 15n]) {
        const failures = append(first, tid, Number(tid) * 100);
        const beside = () => {
          now += 0.1;
          append(second, tid + 1n, Number(tid) * 100 + 50);
        };
        first.settle(tid, failures, beside, expect.unreachable);
        expect([first.published, wait.mock.calls.length]).toEqual([tid, 0]);
      }
    } finally {
      clock.mockRestore();
      wait.mockRestore();
    }
  });

  it('wakes one that waits, and that one the next', async () => {
    const [first] = begun();
    const shared = { memory: first.memory, ready: new SharedArrayBuffer(4) };
    const failures = append(first, 11n, 100);
    const threads = [2, 3, 4].map((thread) =>
      startThread('settle', { ...shared, thread, tid: 11n + BigInt(thread), end: thread * 100 }),
    );
    const ready = new Int32Array(shared.ready);
    // All of them have appended when the first sync is over; one of them syncs for all.
    let syncs = 0;
    first.settle(
      11n,
      failures,
      () => {
        syncs++;
        for (let seen = 0; (seen = Atomics.load(ready, 0)) < 3;) Atomics.wait(ready, 0, seen);
      },
      expect.unreachable,
    );
    expect(await Promise.all(threads.map(({ done }) => done))).toEqual([0, 0, 0]);
    expect([syncs, Atomics.load(ready, 0), first.published]).toEqual([1, 4, 15n]);
  });

  it('tells every transaction that the disk did not take, and goes on behind', () => {
    const [first, second] = begun();
    const failed = [append(first, 11n, 100), append(second, 12n, 200)] as const;
    let cut = 0;
    const refuse = () => {
      throw new Error('EIO');
    };
    const takeBack = () => {
      cut++;
      return 4;
    };
    expect(() => first.settle(11n, failed[0], refuse, takeBack)).toThrow('EIO');
    expect([cut, first.end, first.appended, first.published]).toEqual([1, 4, 10n, 10n]);
    // A later transaction has taken the place, with a later id.
    const later = append(first, 13n, 150);
    first.settle(13n, later, () => undefined, expect.unreachable);
    expect(() => second.settle(12n, failed[1], expect.unreachable, expect.unreachable)).toThrow(SyncError);
    expect(first.changes.between(10n, 13n, 10n)).toEqual([13]);
  });

  it('believes no sync of a descriptor that has told of a failure, until what was refused is taken back', () => {
    const [first, second] = begun();
    append(second, 11n, 100);
    const refuse = () => {
      throw new Error('EIO');
    };
    expect(() => first.tidy(refuse)).toThrow('EIO');
    expect(() => first.tidy(expect.unreachable)).toThrow(SyncError);
    expect(first.durable).toBe(10n);
    // The other thread is told by its own descriptor.
    second.tidy(refuse, () => 4);
    expect([first.durable, first.end, first.failures]).toEqual([10n, 4, 1]);
    first.settle(12n, append(first, 12n, 200), () => undefined, expect.unreachable);
    expect(first.durable).toBe(12n);
  });

  it('takes back what the disk refuses before everything is to be settled, and leaves the lock free', () => {
    const [first, second] = begun();
    const failures = append(second, 11n, 100);
    const refuse = () => {
      throw new Error('EIO');
    };
    expect(() => first.lockSettled(refuse, () => 4)).toThrow('EIO');
    expect([first.lock.holder, first.end, first.durable]).toEqual([0, 4, 10n]);
    expect(() => second.settle(11n, failures, expect.unreachable, expect.unreachable)).toThrow(SyncError);
    first.lockSettled(expect.unreachable, expect.unreachable);
    expect(first.lock.holder).toBe(1);
  });

  it('is settled for one that wants all to be while another one has the lock, who may wait for it in another file', () => {
    const [packer, committer] = begun();
    const third = new CommitState(packer.memory, 3);
    const failures = append(committer, 11n, 100);
    third.lock.acquire();
    let now = 0;
    let waits = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now);
    const wait = vi.spyOn(Atomics, 'wait').mockImplementation((words: unknown, _at, _value, left) => {
      if (++waits > 1000) throw new Error('nobody goes on');
      now += left!;
      // The lock is free when the transaction is settled that has that of the other file.
      if (words instanceof BigInt64Array && committer.durable < 11n) {
        committer.settle(11n, failures, () => undefined, expect.unreachable);
        third.lock.release();
      }
      return 'timed-out';
    });
    try {
      expect(packer.lockSettled(expect.unreachable, expect.unreachable)).toBe(true);
      expect([packer.lock.holder, packer.durable, packer.published]).toEqual([1, 11n, 11n]);
    } finally {
      clock.mockRestore();
      wait.mockRestore();
    }
  });

  it('is not waited for by one that has no time, and is left to others then', () => {
    const [first, second] = begun();
    const failures = append(first, 11n, 100);
    first.lock.acquire();
    expect(second.lockSettled(expect.unreachable, expect.unreachable, 5)).toBe(false);
    first.lock.release();
    first.settle(11n, failures, () => undefined, expect.unreachable);
    expect(first.durable).toBe(11n);
    expect(second.lockSettled(expect.unreachable, expect.unreachable, 5)).toBe(true);
    expect(second.lock.holder).toBe(2);
  });

  it('writes nothing more when what the disk refused cannot be taken back', () => {
    const [first, second] = begun();
    const failures = [append(first, 11n, 100), append(second, 12n, 200)] as const;
    const fail = (reason: string) => () => {
      throw new Error(reason);
    };
    expect(first.isBroken).toBe(false);
    expect(() => first.settle(11n, failures[0], fail('EIO'), fail('EROFS'))).toThrow('EROFS');
    expect([second.isBroken, second.lock.holder, second.durable]).toEqual([true, 0, 10n]);
    expect(() => second.settle(12n, failures[1], () => undefined, expect.unreachable)).toThrow(SyncError);
    expect(() => second.lockSettled(() => undefined, expect.unreachable)).toThrow(SyncError);
    expect(() => second.tidy(() => undefined)).toThrow(SyncError);
    expect([second.durable, second.lock.holder]).toEqual([10n, 0]);
  });

  it('writes nothing more behind what a thread left that could not be put in order', () => {
    const [first, second] = begun();
    second.lock.acquire();
    expect(() =>
      first.forget(
        2,
        () => {
          throw new Error('EIO');
        },
        expect.unreachable,
      ),
    ).toThrow('EIO');
    expect([first.lock.holder, first.isBroken]).toEqual([0, true]);
  });

  it('lets nobody pack before what a thread left that packed is gone', () => {
    const [first, second] = begun();
    expect(second.beginPack()).toBe(true);
    let abandoned = false;
    first.forget(
      2,
      () => expect.unreachable(),
      () => {
        abandoned = true;
        expect(first.beginPack()).toBe(false);
      },
    );
    expect(abandoned).toBe(true);
    expect(first.beginPack()).toBe(true);
  });

  it('publishes for a thread that has ended', () => {
    const [first, second] = begun();
    append(second, 11n, 100);
    first.forget(
      2,
      () => expect.unreachable(),
      () => expect.unreachable(),
    );
    first.tidy(() => undefined);
    expect([first.published, first.publishedEnd]).toEqual([11n, 100]);
  });
});
