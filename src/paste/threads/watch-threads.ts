/** Looks for requests that take long: tells where their threads are, and ends threads that hang. */
import { getLogger, type Logger } from '@logtape/logtape';
import type { Job, PoolThread } from './pool-thread.ts';
import { stackOfThread } from './thread-stack.ts';

const WATCH_MS = 100;
/** When the watch comes so late, the process was stopped or the machine stood still: no request has worked meanwhile. */
const STANDSTILL_MS = 500;

export interface WatchOptions {
  /** Seconds after which a request is logged with the stack of its thread; 0: never. */
  readonly slowAfter: number;
  /** Seconds after which a thread that does nothing but one request, or does not come to its messages, is ended; 0: never. */
  readonly endAfter: number;
  /** Dotted name of the server's logger; slow requests go to its child `slow`. */
  readonly name: string;
  /** Sends a thread `pinged`: see `PULSE`. */
  readonly ping: (thread: PoolThread) => void;
}

/** How long others are spared that hang as well after one was ended: they may have waited for a lock that it had. */
const SPARED_MS = 500;

interface Hung {
  readonly thread: PoolThread;
  readonly since: number;
  readonly why: string;
}

/** Watches threads until what comes back is called. */
export function watchThreads(threads: ReadonlySet<PoolThread>, options: WatchOptions): () => void {
  const slowMs = options.slowAfter > 0 ? options.slowAfter * 1000 : Infinity;
  const endMs = options.endAfter > 0 ? options.endAfter * 1000 : Infinity;
  const logger = getLogger(options.name.split('.'));
  let last = performance.now();
  let endedAt = -Infinity;
  let hung: Hung[] = [];
  const timer = setInterval(() => {
    const now = performance.now();
    const late = now - last - WATCH_MS;
    last = now;
    if (late > STANDSTILL_MS) {
      for (const thread of threads) {
        thread.pingedAt += late;
        for (const job of thread.jobs) if (job.begunAt !== 0) job.begunAt += late;
      }
    }
    for (const thread of threads) {
      if (!thread.ready) continue;
      for (const job of thread.jobs) {
        // One that is being sent takes as long as its client.
        if (!thread.isBegun(job.id) || job.inflow !== undefined) continue;
        if (job.begunAt === 0) job.begunAt = now;
        const age = now - job.begunAt;
        if (age >= slowMs && !job.slow) {
          if (job.waiting) tellWaiting(thread, job, age, logger);
          else void tellSlow(thread, job, age, logger);
        }
        if (age >= endMs && !job.waiting && !job.asking)
          hung.push({ thread, since: begunAfter(job), why: `it ${about(job, age)}` });
      }
      watchPulse(thread, now);
    }
    endOne(now);
  }, WATCH_MS).unref();
  /** The one that hangs for longest, and others when they still do without it. */
  const endOne = (now: number) => {
    const all = hung;
    hung = [];
    if (all.length === 0) return;
    if (now - endedAt < SPARED_MS) return;
    const { thread, why } = all.reduce((one, other) => (other.since < one.since ? other : one));
    endedAt = now;
    endHung(thread, why, logger);
  };
  /** A request that waited may go on with what does not end, and a thread may be busy with what belongs to no request. */
  const watchPulse = (thread: PoolThread, now: number) => {
    const answers = thread.answersPing;
    if (answers || thread.heard) {
      thread.heard = false;
      thread.silent = false;
      thread.pingedAt = now;
      if (!answers) return;
      thread.pinged = (thread.pinged + 1) | 0;
      options.ping(thread);
      return;
    }
    // What it works on is watched for itself.
    if (thread.jobs.some(({ id, waiting }) => !waiting && thread.isBegun(id))) return;
    const age = now - thread.pingedAt;
    if (age >= slowMs && !thread.silent) void tellSilent(thread, age, logger);
    if (age >= endMs && !thread.asking)
      hung.push({ thread, since: thread.pingedAt, why: silence(thread, age) });
  };
  return () => clearInterval(timer);
}

/** When it had not begun yet. */
const begunAfter = ({ givenAt, begunAt }: Job) => Math.max(givenAt, begunAt - WATCH_MS);
const seconds = (age: number) => `${(age / 1000).toFixed(1)} s`;
const nameOf = ({ request }: Job) => `${request.method} ${request.environ.rawTarget}`;
const about = (job: Job, age: number) => `has been working for ${seconds(age)} on ${nameOf(job)}`;

function silence({ jobs }: PoolThread, age: number): string {
  const names = jobs.map(nameOf).join(', ');
  return `it does not respond for ${seconds(age)}${names === '' ? '' : ` and has ${names}`}`;
}

const whereOf = async ({ worker }: PoolThread) => {
  try {
    const stack = await stackOfThread(worker.threadId);
    return stack?.map((line) => `\n    ${line}`).join('') ?? '(it runs no code just now)';
  } catch (error) {
    return `(where it is cannot be told: ${(error as Error).message})`;
  }
};

async function tellSlow(thread: PoolThread, job: Job, age: number, logger: Logger): Promise<void> {
  job.slow = true;
  job.asking = true;
  const where = await whereOf(thread);
  job.asking = false;
  logger.getChild('slow').warn(`Thread ${thread.number} ${about(job, age)} ${where}`);
}

/** Where it will go on, nobody knows: its thread does other work. */
function tellWaiting(thread: PoolThread, job: Job, age: number, logger: Logger): void {
  job.slow = true;
  logger
    .getChild('slow')
    .warn(`Thread ${thread.number} has been waiting for ${seconds(age)} for what ${nameOf(job)} needs`);
}

async function tellSilent(thread: PoolThread, age: number, logger: Logger): Promise<void> {
  thread.silent = true;
  thread.asking = true;
  const text = silence(thread, age);
  const where = await whereOf(thread);
  thread.asking = false;
  logger.getChild('slow').warn(`Thread ${thread.number}: ${text} ${where}`);
}

function endHung(thread: PoolThread, why: string, logger: Logger): void {
  logger.error(`Thread ${thread.number} is ended: ${why}`);
  thread.ready = false;
  void thread.worker.terminate();
}
