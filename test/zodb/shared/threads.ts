import { Worker } from 'node:worker_threads';

const FILE = new URL('worker.ts', import.meta.url);
const MEMORY = new URL('memory-worker.ts', import.meta.url);
const OF_MEMORY = new Set(['count', 'read', 'settle']);

/** A thread that runs a task of worker.ts or memory-worker.ts; `done` is rejected with its error. */
export function startThread(task: string, options: object): { worker: Worker; done: Promise<number> } {
  const worker = new Worker(OF_MEMORY.has(task) ? MEMORY : FILE, {
    workerData: { task, ...options },
    execArgv: ['--import', new URL('../../../scripts/register-ts.js', import.meta.url).href],
  });
  const done = new Promise<number>((resolve, reject) => {
    worker.once('error', reject);
    worker.once('exit', resolve);
  });
  return { worker, done };
}
