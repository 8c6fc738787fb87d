/** What the threads of the tests do with memory alone: they begin sooner without all that a database needs. */
import { CommitLock } from '../../../src/zodb/filestorage/shared/commit-lock.ts';
import { CommitState, type SharedMemory } from '../../../src/zodb/filestorage/shared/commit-state.ts';
import { type IndexMemory, SharedIndex } from '../../../src/zodb/filestorage/shared/shared-index.ts';
import { runTask } from './run-task.ts';

runTask({
  /** Adds to a number that is no atomic one, under the lock. */
  count({
    lock,
    sum,
    thread,
    times,
  }: {
    lock: SharedArrayBuffer;
    sum: SharedArrayBuffer;
    thread: number;
    times: number;
  }) {
    const words = new Int32Array(lock);
    const numbers = new Float64Array(sum);
    const own = new CommitLock(words, thread);
    for (let i = 0; i < times; i++) {
      own.acquire();
      // Word 1 says that the two numbers are being changed.
      numbers[1] = thread;
      const before = numbers[0]!;
      for (let spin = 0; spin < 20; spin++) numbers[2]!++;
      numbers[0] = before + 1;
      numbers[3 + thread]!++;
      numbers[1] = 0;
      own.release();
    }
  },
  /** Reads positions that another thread writes; each must be one that was written as a whole. */
  read({ memory, oids, stop }: { memory: IndexMemory; oids: number[]; stop: SharedArrayBuffer }) {
    const index = new SharedIndex(memory);
    const stopped = new Int32Array(stop);
    let reads = 0;
    while (Atomics.load(stopped, 0) === 0 || reads < 100_000) {
      for (const oid of oids) {
        const position = index.get(oid);
        // Written are 1 + k * (2^32 + 1): both halves are the same but for the 1.
        const rest = position - 1;
        if (position !== 0 && Math.floor(rest / 2 ** 32) !== rest % 2 ** 32)
          throw new Error(`a position was torn: ${position}`);
        reads++;
      }
    }
  },
  /** Appends a transaction in its turn, and has it published; each sync is counted beside those that are ready. */
  settle({
    memory,
    ready,
    thread,
    tid,
    end,
  }: {
    memory: SharedMemory;
    ready: SharedArrayBuffer;
    thread: number;
    tid: bigint;
    end: number;
  }) {
    const state = new CommitState(memory, thread);
    const words = new Int32Array(ready);
    for (let seen = 0; (seen = Atomics.load(words, 0)) !== thread - 2;) Atomics.wait(words, 0, seen);
    state.lock.acquire();
    state.append(tid, end);
    const { failures } = state;
    state.lock.release();
    Atomics.add(words, 0, 1);
    Atomics.notify(words, 0);
    state.settle(
      tid,
      failures,
      () => Atomics.add(words, 0, 1),
      () => {
        throw new Error('taken back');
      },
    );
  },
});
