import { parentPort, workerData } from 'node:worker_threads';

/** In a thread: says that it has begun, does what it was started for, and says so. */
export function runTask(tasks: Readonly<Record<string, (options: never) => void>>): void {
  const { task, ...options } = workerData as { task: string };
  parentPort!.postMessage('started');
  tasks[task]!(options as never);
  parentPort!.postMessage('done');
}
