import { Worker } from 'node:worker_threads';

/** A thread that runs a task of worker.ts; `done` is rejected with its error. */
export function startThread(task: string, options: object): { worker: Worker; done: Promise<number> } {
  const worker = new Worker(new URL('worker.ts', import.meta.url), {
    workerData: { task, ...options },
    execArgv: ['--import', new URL('../../../scripts/register-ts.js', import.meta.url).href],
  });
  const done = new Promise<number>((resolve, reject) => {
    worker.once('error', reject);
    worker.once('exit', resolve);
  });
  return { worker, done };
}
