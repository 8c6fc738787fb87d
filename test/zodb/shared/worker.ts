/** What the threads of the tests do with a file. */
import { type Account } from './account.ts';
import { parentPort } from 'node:worker_threads';
import { runTask } from './run-task.ts';
import { FileStorage, type SharedFile } from '../../../src/zodb/filestorage/file-storage.ts';
import { Blob, DB } from '../../../src/zodb/index.ts';
import { ConflictError } from '../../../src/zodb/interfaces.ts';
import { TransactionManager } from '../../../src/transaction/index.ts';

const tasks = {
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
  /** Changes a blob of its own, and makes one, while other threads do the same; commits once all have. */
  blobs({ file, name, met }: { file: SharedFile; name: string; met: SharedArrayBuffer }) {
    const db = new DB(FileStorage.attach(file));
    const manager = new TransactionManager();
    const connection = db.open({ transactionManager: manager });
    const blobs = connection.root().get('blobs') as Map<string, Blob>;
    const content = blobs.get(name)!.open('w');
    content.write(`changed by ${name}`);
    content.close();
    const made = new Blob(`made by ${name}`);
    const others = new Int32Array(met);
    Atomics.add(others, 0, 1);
    Atomics.notify(others, 0);
    for (let count = Atomics.load(others, 0); count < 2; count = Atomics.load(others, 0))
      Atomics.wait(others, 0, count);
    (connection.root().get(name) as Map<string, Blob>).set('made', made);
    manager.commit();
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

runTask(tasks);
