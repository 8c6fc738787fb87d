/** What the threads of the tests do. */
import { type Account } from './account.ts';
import { parentPort, workerData } from 'node:worker_threads';
import { CommitLock } from '../../../src/zodb/filestorage/shared/commit-lock.ts';
import { CommitState, type SharedMemory } from '../../../src/zodb/filestorage/shared/commit-state.ts';
import { FileStorage, type SharedFile } from '../../../src/zodb/filestorage/file-storage.ts';
import { DB } from '../../../src/zodb/index.ts';
import { ConflictError } from '../../../src/zodb/interfaces.ts';
import { TransactionManager } from '../../../src/transaction/index.ts';
import { type IndexMemory, SharedIndex } from '../../../src/zodb/filestorage/shared/shared-index.ts';

const tasks = {
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
  /** Moves money between accounts; counts what was committed where other threads see it. */
  transfer({
    file,
    done,
    times,
    seed,
  }: {
    file: SharedFile;
    done: SharedArrayBuffer;
    times: number;
    seed: number;
  }) {
    const db = new DB(FileStorage.attach(file));
    const acknowledged = new Int32Array(done);
    const manager = new TransactionManager();
    const connection = db.open({ transactionManager: manager });
    const accounts = connection.root().get('accounts') as Account[];
    let random = seed;
    const next = (below: number) => {
      random = (Math.imul(random, 1_103_515_245) + 12_345) & 0x7fff_ffff;
      return (random >>> 8) % below;
    };
    for (let moved = 0; moved < times;) {
      manager.begin();
      const from = accounts[next(accounts.length)]!;
      const to = accounts[next(accounts.length)]!;
      const amount = next(10);
      from.balance -= amount;
      to.balance += amount;
      to.moves++;
      try {
        manager.commit();
      } catch (error) {
        manager.abort();
        if (!(error instanceof ConflictError)) throw error;
        continue;
      }
      Atomics.add(acknowledged, 0, 1);
      moved++;
    }
    connection.close();
    db.close();
  },
  /** Adds to one account. When that meets a conflict it takes its turn, in which there must be none, unless it took too long. */
  increment({ file, times, early }: { file: SharedFile; times: number; early: boolean }) {
    const storage = FileStorage.attach(file);
    const db = new DB(storage);
    if (early) db.showEarly();
    const manager = new TransactionManager();
    const connection = db.open({ transactionManager: manager });
    const [account] = connection.root().get('accounts') as Account[];
    const attempt = (): boolean => {
      manager.begin();
      account!.balance++;
      try {
        manager.commit(early);
      } catch (error) {
        manager.abort();
        if (!(error instanceof ConflictError)) throw error;
        return false;
      }
      return true;
    };
    for (let done = 0; done < times;) {
      let ok = attempt();
      if (!ok) {
        storage.takeTurn();
        const start = performance.now();
        ok = attempt();
        if (!ok && performance.now() - start < 100) throw new Error('a conflict in the turn of a thread');
        storage.endTurn();
      }
      if (ok) done++;
    }
    connection.close();
    db.close();
  },
  /** Writes a number and tells it; another thread must read it at once. */
  write({ file, told, times }: { file: SharedFile; told: SharedArrayBuffer; times: number }) {
    const db = new DB(FileStorage.attach(file));
    const words = new Int32Array(told);
    const manager = new TransactionManager();
    const connection = db.open({ transactionManager: manager });
    const [account] = connection.root().get('accounts') as Account[];
    for (let i = 1; i <= times; i++) {
      manager.begin();
      account!.balance = i;
      manager.commit();
      Atomics.store(words, 0, i);
      Atomics.notify(words, 0);
      Atomics.wait(words, 1, i - 1);
    }
    db.close();
  },
  check({ file, told, times }: { file: SharedFile; told: SharedArrayBuffer; times: number }) {
    const db = new DB(FileStorage.attach(file));
    const words = new Int32Array(told);
    const manager = new TransactionManager();
    const connection = db.open({ transactionManager: manager });
    const [account] = connection.root().get('accounts') as Account[];
    for (let i = 1; i <= times; i++) {
      Atomics.wait(words, 0, i - 1);
      manager.begin();
      if (account!.balance !== i) throw new Error(`read ${account!.balance} after ${i} was written`);
      manager.abort();
      Atomics.store(words, 1, i);
      Atomics.notify(words, 1);
    }
    db.close();
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
  /** Goes so far with a transaction, says so, and stands still. With `turn` it has its turn as well. */
  stuck({ file, at }: { file: SharedFile; at: 'turn' | 'stored' | 'voted' }) {
    const storage = FileStorage.attach(file);
    if (at === 'turn') storage.takeTurn();
    const transaction = {
      user: new Uint8Array(),
      description: new Uint8Array(),
      extensionBytes: new Uint8Array(),
    };
    storage.tpcBegin(transaction);
    storage.store(1, storage.load(1).tid, Buffer.from('never'), transaction);
    if (at === 'voted') storage.tpcVote(transaction);
    parentPort!.postMessage(at);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  },
  /** Packs until it is told to stop. */
  pack({ file, done, times }: { file: SharedFile; done: SharedArrayBuffer; times: number }) {
    const storage = FileStorage.attach(file);
    const acknowledged = new Int32Array(done);
    let packs = 0;
    // Once at least: on a busy machine the others may be done before this thread has started.
    do {
      storage.pack(Date.now() / 1000);
      Atomics.store(acknowledged, 1, ++packs);
    } while (Atomics.load(acknowledged, 0) < times);
    storage.close();
  },
};

const { task, ...options } = workerData as { task: keyof typeof tasks };
parentPort!.postMessage('started');
tasks[task](options as never);
parentPort!.postMessage('done');
