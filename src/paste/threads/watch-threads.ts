/** Looks for requests that take long: tells where their threads are, and ends threads that hang. */
import { getLogger, type Logger } from '@logtape/logtape';
import type { Job, PoolThread } from './pool-thread.ts';
import { stackOfThread } from './thread-stack.ts';

const WATCH_MS = 100;

export interface WatchOptions {
  /** Seconds after which a request is logged with the stack of its thread; 0: never. */
  readonly slowAfter: number;
  /** Seconds after which a thread that does nothing but one request is ended; 0: never. */
  readonly endAfter: number;
  /** Dotted name of the server's logger; slow requests go to its child `slow`. */
  readonly name: string;
}

/** Watches threads until what comes back is called. */
export function watchThreads(threads: ReadonlySet<PoolThread>, options: WatchOptions): () => void {
  const [slowMs, endMs] = [options.slowAfter * 1000, options.endAfter * 1000];
  const logger = getLogger(options.name.split('.'));
  const timer = setInterval(() => {
    const now = performance.now();
    for (const thread of threads) {
      for (const job of thread.jobs) {
        if (job.waiting || !thread.isBegun(job.id)) continue;
        if (job.begunAt === 0) job.begunAt = now;
        const age = now - job.begunAt;
        if (slowMs > 0 && age >= slowMs && !job.slow) void tellSlow(thread, job, age, logger);
        if (endMs > 0 && age >= endMs && !job.asking) endHung(thread, job, age, logger);
      }
    }
  }, WATCH_MS).unref();
  return () => clearInterval(timer);
}

const about = ({ request }: Job, age: number) =>
  `has been working for ${(age / 1000).toFixed(1)} s on ${request.method} ${request.environ.rawTarget}`;

async function tellSlow(thread: PoolThread, job: Job, age: number, logger: Logger): Promise<void> {
  job.slow = true;
  job.asking = true;
  const stack = await stackOfThread(thread.worker.threadId);
  job.asking = false;
  const where = stack?.map((line) => `\n    ${line}`).join('') ?? '(it runs no code just now)';
  logger.getChild('slow').warn(`Thread ${thread.number} ${about(job, age)} ${where}`);
}

function endHung(thread: PoolThread, job: Job, age: number, logger: Logger): void {
  logger.error(`Thread ${thread.number} is ended: it ${about(job, age)}`);
  thread.ready = false;
  void thread.worker.terminate();
}
