/** Commits with `fsync` by several threads of one process, which share a sync where they wait at the same time. */
import { Worker } from 'node:worker_threads';
import { DB, FileStorage } from '../src/zodb/index.ts';
import { Counter, type ThreadData } from './zodb-thread.ts';

/** Waits until a word has a value. */
function waitFor(words: Int32Array, at: number, value: number): void {
  for (let seen = Atomics.load(words, at); seen !== value; seen = Atomics.load(words, at))
    Atomics.wait(words, at, seen);
}

/** Commits of each thread after which its code is compiled as it stays, which eight of them at once take long for. */
const WARM = 8000;

/**
 * Commits a second of all threads together.
 * @param pause Milliseconds that every sync takes longer, as on a slower disk.
 */
export async function threadedCommits(
  path: string,
  threads: number,
  commits: number,
  pause = 0,
): Promise<number> {
  const storage = new FileStorage(path, { shared: 1 });
  const db = new DB(storage);
  try {
    db.transaction((connection) => {
      const root = connection.root<Record<string, Counter>>();
      for (let i = 0; i < threads; i++) root.set(`counter ${i}`, new Counter());
    });
    const words = new Int32Array(new SharedArrayBuffer(12));
    const ends = Array.from({ length: threads }, (_, i) => {
      const data: ThreadData = {
        file: storage.share(2 + i),
        key: `counter ${i}`,
        commits,
        before: Math.min(WARM, commits * 4),
        pause,
        words: words.buffer as SharedArrayBuffer,
      };
      const worker = new Worker(new URL('zodb-thread.ts', import.meta.url), {
        workerData: data,
        execArgv: ['--import', new URL('../scripts/register-ts.js', import.meta.url).href],
      });
      return new Promise<void>((resolve, reject) => {
        worker.once('error', reject);
        worker.once('exit', () => resolve());
      });
    });
    while (Atomics.load(words, 0) !== threads) await new Promise((resolve) => setTimeout(resolve, 5));
    const start = performance.now();
    Atomics.store(words, 1, 1);
    Atomics.notify(words, 1);
    waitFor(words, 2, threads);
    const seconds = (performance.now() - start) / 1000;
    await Promise.all(ends);
    return (threads * commits) / seconds;
  } finally {
    db.close();
  }
}
