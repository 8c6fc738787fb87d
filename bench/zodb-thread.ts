/** A thread of the benchmark of commits by several threads: commits changes of an object of its own when all threads are ready. */
import { workerData } from 'node:worker_threads';
import { Persistent, registerClass } from '../src/persistent/index.ts';
import { TransactionManager } from '../src/transaction/index.ts';
import { disk } from '../src/zodb/filestorage/disk.ts';
import { DB, FileStorage, type SharedFile } from '../src/zodb/index.ts';

export class Counter extends Persistent {
  count = 0;
}
registerClass(Counter, 'bench.zodb.Counter');

export interface ThreadData {
  readonly file: SharedFile;
  readonly key: string;
  readonly commits: number;
  /** Commits before those that are measured. */
  readonly before: number;
  /** Milliseconds that every sync takes longer. */
  readonly pause: number;
  /** Words: threads that are ready, whether they may begin, threads that are done. */
  readonly words: SharedArrayBuffer;
}

if (workerData !== null) {
  const { file, key, commits, before, pause, words: shared } = workerData as ThreadData;
  const words = new Int32Array(shared);
  const { sync } = disk;
  if (pause > 0) {
    const nobody = new Int32Array(new SharedArrayBuffer(4));
    disk.sync = (descriptor) => {
      sync(descriptor);
      Atomics.wait(nobody, 0, 0, pause);
    };
  }
  const db = new DB(FileStorage.attach(file));
  const manager = new TransactionManager();
  const counter = db.open({ transactionManager: manager }).root<Record<string, Counter>>().get(key)!;
  const run = (times: number) => {
    for (let i = 0; i < times; i++) {
      counter.count++;
      manager.commit();
    }
  };
  run(before);
  Atomics.add(words, 0, 1);
  Atomics.notify(words, 0);
  Atomics.wait(words, 1, 0);
  run(commits);
  Atomics.add(words, 2, 1);
  Atomics.notify(words, 2);
  db.close();
}
