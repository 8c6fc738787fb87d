/**
 * The threads that have the application, seen from the main thread, which has the sockets. Requests wait in one queue. Each
 * thread is given a few at a time, so that it need not wait for the next; one that it has not begun after some milliseconds is
 * taken back and given to another, so that a busy thread stalls nobody.
 *
 * Over 400 lines: where a request is (queued, given, begun, held, streaming) and what becomes of it when its thread or its client is gone
 * has to be seen in one place.
 */
import { channel } from 'node:diagnostics_channel';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { getLogger } from '@logtape/logtape';
import { discard } from '../gateway/body-parts.ts';
import { HTTPException } from '../gateway/http-exception.ts';
import { GatewayResponse } from '../gateway/response.ts';
import type { GatewayRequest, Hold } from '../gateway/request.ts';
import { ClientGoneError } from '../gateway/request-errors.ts';
import { errorOf } from '../gateway/thrown.ts';
import type { Application } from '../gateway/types.ts';
import { receiveRecordOfThread } from '../logging/set-up.ts';
import type { PostedRecord } from '../logging/threads.ts';
import { decodeError, ThreadDiedError } from './errors.ts';
import { Inflow, Outflow } from './flow.ts';
import * as frames from './frames.ts';
import { JobQueue } from './job-queue.ts';
import { Link, makeRings } from './link.ts';
import {
  Job,
  type JobOwner,
  PoolThread,
  SHARED_WORDS,
  type ThreadPreparation,
  type ThreadStats,
} from './pool-thread.ts';
import type { ThreadData } from './thread.ts';
import { watchThreads } from './watch-threads.ts';
import { Metrics, metricsMemory } from './metrics.ts';
import { countsMemory } from './thread-counts.ts';
import { publishRequest } from './request-events.ts';
import * as wire from './wire.ts';
import { MOST_TIMER_MS } from '../most-timer.ts';

/** How long a request may lie unbegun in a thread before others may have it. */
const STEAL_MS = 5;
/** A client that closes its side so soon after its request has said all that it has to say; one that does it later has left. */
const HALF_CLOSE_MS = 100;
/** A thread that dies so soon after its start is not replaced at once. */
const SHORT_LIFE_MS = 1000;
const SOON_MS = 100;
const MOST_DELAY_MS = 30_000;
const DEPTH_NOTE_MS = 1000;
const STATS_MS = 500;
const CLOSE_MS = 5000;
/** What a thread that is replaced may take for the requests that it has, and for downloads that go on; and how often it is looked at. */
const DRAIN_SECONDS = 60;
const DRAIN_STREAMS_SECONDS = 3600;
const DRAIN_LOOK_MS = 1000;
/** The first answer does not have to share the processor with the start of other threads; but it may never come. */
const OTHERS_AFTER_MS = 250;

const stopping = () => new ThreadDiedError('the server is stopping');

export interface PoolOptions {
  /** The module that makes the application in each thread: see `ThreadModule`. */
  readonly module: string;
  /** What it is told, anew for each thread; and what is to be done when that thread has ended. */
  readonly prepare: (worker: number) => ThreadPreparation;
  readonly threads: number;
  readonly bodyLimit: number;
  /** Bytes of a body that threads keep in memory; more wait in a temporary file. */
  readonly bodyInMemory?: number | undefined;
  /** Requests that may wait; more are answered with 503. */
  readonly queueLimit: number;
  /** Seconds after which a request is logged with the stack of its thread; 0: never. */
  readonly slowAfter?: number;
  /** Seconds after which a thread that does nothing but one request is ended; 0: never. */
  readonly endAfter?: number;
  /** Seconds that a thread which is replaced may take for the requests that it has; and how long a body may stand still that it sends or gets. */
  readonly drainAfter?: number;
  /** Seconds that it may take for bodies that move. */
  readonly drainStreamsAfter?: number;
  /** Dotted name of the server's logger. */
  readonly name: string;
  /** Options of Node for each thread. */
  readonly execArgv?: readonly string[];
  /** Threads accept connections themselves; `dispatch` is not used then. */
  readonly accept?: NonNullable<ThreadData['accept']>;
  /** When the disk has what an answer is held back for; rejects when it never will. Without it threads wait themselves. */
  readonly whenDurable?: (hold: Hold) => Promise<void>;
  /** Asked when the first thread is ready: how many there are to be. */
  readonly limit?: () => number;
}

/** Too many requests wait. */
class QueueFullError extends HTTPException {
  override readonly code = 'QUEUE_FULL';
  override readonly pyType = 'ServiceUnavailable';

  constructor() {
    super(503, 'the server is busy');
  }
}

/** Events for whoever watches the process: `{ thread, event, error? }`. */
const lives = channel('zope-ts:thread');

let lastThread = 0;
/** As source; or built, when this module is in a chunk (see scripts/build.js). */
const ENTRY = new URL(
  import.meta.url.endsWith('.ts') ? './entry.ts' : '../paste/threads/entry.cjs',
  import.meta.url,
);

export interface PoolState {
  readonly threads: number;
  readonly ready: number;
  readonly queued: number;
  readonly running: number;
}

/** Of two that are equally busy, the one with fewer requests that wait: they may go on with work any moment. */
const isFreer = (one: PoolThread, other: PoolThread) =>
  one.load < other.load || (one.load === other.load && one.size < other.size);

export class ThreadPool {
  readonly #options: PoolOptions;
  readonly #threads = new Set<PoolThread>();
  readonly #queue = new JobQueue();
  readonly #request = new frames.RequestFrame();
  #turning = false;
  readonly #owner: JobOwner = { left: (job) => this.#left(job) };
  #stealing: NodeJS.Timeout | undefined;
  #stopWatching: (() => void) | undefined;
  #closing = false;
  /** A thread has been ready once. */
  #started = false;
  /** Threads in a row that could not be started. */
  #failures = 0;
  #othersToStart = 0;
  #waitingToStart: NodeJS.Timeout | undefined;
  readonly #endedStats: Record<string, number> = {};
  #notedDepthAt = 0;
  /** Called for each answer with what it took from its arrival, and how it ended. */
  onAnswer: ((milliseconds: number, failed: boolean) => void) | undefined;
  /** Called for each request that found the queue full. */
  onRefusal: (() => void) | undefined;
  /** What threads have counted that accepted connections themselves and have ended. */
  readonly #endedMetrics = new Metrics();

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  get state(): PoolState {
    let running = 0;
    let ready = 0;
    for (const thread of this.#threads) {
      running += thread.metrics?.running ?? thread.size;
      if (thread.ready) ready++;
    }
    return { threads: this.#threads.size, ready, queued: this.#queue.length, running };
  }

  /** Whether a request that came now would be refused. */
  get isFull(): boolean {
    return this.#queue.length >= this.#options.queueLimit && this.#freest() === undefined;
  }

  /** Starts threads; resolves when the first one is ready. What is wrong with the application is told by that one. */
  async start(): Promise<void> {
    const { slowAfter = 0, endAfter = 0, name } = this.#options;
    if (slowAfter > 0 || endAfter > 0)
      this.#stopWatching = watchThreads(this.#threads, {
        slowAfter,
        endAfter,
        name,
        ping: (thread) => this.#tell(thread, wire.PING, thread.pinged),
      });
    await this.#startThread();
    const count = this.#options.limit?.() ?? this.#options.threads;
    this.#othersToStart = count - 1;
    this.#waitingToStart = setTimeout(() => this.#startOthers(), OTHERS_AFTER_MS);
  }

  /** As many at a time as there are cores: more would start no sooner, and leave none to what serves already. */
  #startOthers(): void {
    if (this.#waitingToStart === undefined) return;
    clearTimeout(this.#waitingToStart);
    this.#waitingToStart = undefined;
    const startNext = () => {
      if (this.#othersToStart === 0) return;
      this.#othersToStart--;
      void this.#startAnother().then(startNext);
    };
    for (let i = availableParallelism(); i > 0; i--) startNext();
  }

  async #startAnother(): Promise<void> {
    try {
      await this.#startThread();
    } catch (error) {
      if (!this.#closing)
        getLogger(this.#options.name.split('.')).error('A thread cannot be started: {error}', { error });
    }
  }

  /**
   * What each thread counts, by its number. A thread that is too busy to answer soon gives what it gave before; counts
   * (`…_total`) of those that have ended are under 0.
   */
  async stats(): Promise<Map<number, ThreadStats>> {
    await Promise.all(
      [...this.#threads].map((thread) => {
        if (!thread.ready) return undefined;
        const came = new Promise<void>((resolve) => (thread.statsCame = resolve));
        this.#tell(thread, wire.STATS, 0);
        return Promise.race([came, new Promise((resolve) => setTimeout(resolve, STATS_MS).unref())]);
      }),
    );
    // Those that are there now: what ended meanwhile is counted among the ended ones.
    return new Map([
      [0, { ...this.#endedStats }],
      ...[...this.#threads].map(({ number, stats }) => [number, stats] as const),
    ]);
  }

  /** What threads count that accept connections themselves, and have counted. */
  get metrics(): Metrics[] {
    const present = [...this.#threads].map(({ metrics }) => metrics).filter((found) => found !== undefined);
    return [this.#endedMetrics, ...present];
  }

  /**
   * Puts new threads in the place of all that are there: each old one is left alone until a new one is ready, then answers what it
   * has and ends. No request waits for that. Throws what the application throws when it cannot be made; the old threads go on then.
   */
  async recycle(): Promise<void> {
    for (const old of [...this.#threads].filter(({ begun }) => begun)) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other, so that there is memory for all
      await this.#startThread(true);
      this.#drain(old);
    }
  }

  #drain(thread: PoolThread): void {
    thread.draining = true;
    for (const job of thread.jobs.toReversed()) if (thread.takeBack(job.id)) this.#requeue(thread, job);
    this.#assign();
    this.#endIfDrained(thread);
    const { drainAfter = DRAIN_SECONDS, drainStreamsAfter = DRAIN_STREAMS_SECONDS } = this.#options;
    if (this.#options.accept !== undefined) {
      // It has the connections itself, and looks after them.
      const most = (drainAfter + drainStreamsAfter) * 1000 + CLOSE_MS;
      setTimeout(() => void thread.worker.terminate(), Math.min(most, MOST_TIMER_MS)).unref();
      return;
    }
    const begun = performance.now();
    let due = begun + drainAfter * 1000;
    const look = () => {
      if (!this.#threads.has(thread)) return;
      const now = performance.now();
      // A process that was stopped for a while has not seen what came meanwhile.
      const wasStopped = now - due > DRAIN_LOOK_MS;
      due = now + DRAIN_LOOK_MS;
      setTimeout(look, DRAIN_LOOK_MS).unref();
      if (wasStopped) return;
      const isOver = now - begun >= drainStreamsAfter * 1000;
      this.#cutLate(thread, (job) => isOver || now - job.movedAt >= drainAfter * 1000);
    };
    setTimeout(look, Math.min(drainAfter * 1000, MOST_TIMER_MS)).unref();
  }

  /** Ends requests of a replaced thread that take too long, and the thread itself where it is busy with one, or has nothing more to do. */
  #cutLate(thread: PoolThread, isLate: (job: Job) => boolean): void {
    const late = thread.jobs.filter(isLate);
    if (late.length === 0 && thread.size > 0) return;
    const names = late.map(({ request }) => `${request.method} ${request.environ.rawTarget}`);
    if (names.length > 0)
      getLogger(this.#options.name.split('.')).warn(
        `Thread ${thread.number} was replaced and took too long for ${names.join(', ')}, which is cut off`,
      );
    if (late.length === thread.size || late.some(({ waiting }) => !waiting)) {
      void thread.worker.terminate();
      return;
    }
    for (const job of late) {
      this.#tell(thread, wire.LEFT, job.id);
      if (job.inflow !== undefined) this.#tell(thread, wire.CANCEL, job.id);
      this.#release(thread, job);
      this.#fail(job, new ThreadDiedError('the thread that handled the request was replaced'));
    }
  }

  #endIfDrained(thread: PoolThread): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of Node, not a window
    if (thread.draining && thread.size === 0) thread.worker.postMessage('drain');
  }

  /** @param extra It is not tried again when it cannot be started. */
  #startThread(extra = false): Promise<void> {
    const number = ++lastThread;
    const preparation = this.#options.prepare(number);
    const claims = new Int32Array(new SharedArrayBuffer(SHARED_WORDS * 4));
    const rings = makeRings();
    const accept = this.#options.accept;
    const metrics = accept?.measured === true ? metricsMemory() : undefined;
    const counts = countsMemory();
    const data: ThreadData = {
      module: this.#options.module,
      data: preparation.data,
      number,
      claims: claims.buffer as SharedArrayBuffer,
      rings,
      bodyLimit: this.#options.bodyLimit,
      bodyInMemory: this.#options.bodyInMemory,
      holds: this.#options.whenDurable !== undefined,
      counts,
      ...(metrics === undefined ? {} : { metrics }),
      ...(accept === undefined ? {} : { accept }),
      drainAfter: this.#options.drainAfter ?? DRAIN_SECONDS,
      drainStreamsAfter: this.#options.drainStreamsAfter ?? DRAIN_STREAMS_SECONDS,
    };
    const worker = new Worker(ENTRY, {
      workerData: data,
      transferList: [...preparation.transfer],
      name: `zope-${number}`,
      ...(this.#options.execArgv === undefined ? {} : { execArgv: [...this.#options.execArgv] }),
    });
    const thread = new PoolThread(number, worker, claims, counts, preparation);
    if (metrics !== undefined) thread.metrics = new Metrics(metrics);
    const answers = new frames.AnswerReader();
    thread.link = new Link(worker, rings.requests, rings.answers, {
      frame: (memory, at, owned) => {
        thread.saidSomething();
        const job = thread.get(frames.idOf(memory, at));
        const kind = frames.kindOf(memory, at);
        if (kind === frames.ANSWER) answers.read(memory, at, owned);
        else if (kind === frames.HOLDING && job !== undefined) this.#hold(job, frames.holdOf(memory, at));
        if (!owned) thread.link.release(at);
        if (job === undefined) return;
        if (kind === frames.ANSWER) this.#answered(thread, job, answers);
        else if (kind === frames.WAITING) this.#waits(thread, job);
      },
      message: (kind, values, at) => {
        thread.saidSomething();
        this.#receive(thread, kind, values, at);
      },
    });
    this.#threads.add(thread);
    preparation.started?.(worker);
    return new Promise((resolve, reject) => {
      let failure: Error | undefined;
      worker.on('message', (message: unknown) => {
        if (message !== 'ready') {
          thread.link.receive(message);
          this.#turn();
          return;
        }
        thread.ready = true;
        thread.begun = true;
        this.#started = true;
        lives.publish({ thread: number, event: 'ready' });
        thread.readyAt = performance.now();
        this.#failures = 0;
        resolve();
        this.#assign();
      });
      // Code may throw anything, and compilers throw texts.
      worker.on('error', (error: unknown) => {
        failure = errorOf(error);
      });
      worker.on('exit', (code) => {
        const error = failure ?? new ThreadDiedError(`a thread ended with ${code}`);
        if (!thread.begun) reject(error);
        this.#ended(thread, error, extra);
      });
    });
  }

  #ended(thread: PoolThread, error: Error, extra: boolean): void {
    // What it has answered before.
    thread.link.read();
    this.#threads.delete(thread);
    thread.preparation.ended();
    lives.publish({ thread: thread.number, event: 'ended', error });
    if (thread.metrics !== undefined) this.#endedMetrics.take(thread.metrics);
    for (const [name, count] of Object.entries(thread.stats))
      if (name.endsWith('_total')) this.#endedStats[name] = (this.#endedStats[name] ?? 0) + count;
    if (thread.draining && thread.size === 0) return;
    const logger = getLogger(this.#options.name.split('.'));
    const begun: Job[] = [];
    const others: Job[] = [];
    for (const job of thread.jobs) (thread.isBegun(job.id) ? begun : others).push(job);
    if (this.#closing) {
      for (const job of thread.jobs) this.#fail(job, new ThreadDiedError('the server is stopping'));
      return;
    }
    if (thread.begun) {
      const replaced = thread.draining ? 'was replaced before' : 'is replaced';
      logger.error(
        `Thread ${thread.number} has ended in the middle of ${begun.length} requests and ${replaced}: ${error.message}`,
        { error },
      );
    }
    for (const job of begun)
      this.#fail(job, new ThreadDiedError(`the thread that handled the request has ended: ${error.message}`));
    // Nothing of these has happened yet.
    for (const job of others.toReversed()) this.#requeue(thread, job);
    if (thread.draining || (!thread.begun && extra)) return;
    // Whoever starts the pool is told.
    if (!this.#started) return;
    this.#replace(thread);
  }

  /** One that could not be started, after a pause that grows; one that died soon, after a short one. */
  #replace({ begun, readyAt }: PoolThread): void {
    if (!begun) this.#failures++;
    const soon = !begun || performance.now() - readyAt < SHORT_LIFE_MS;
    const delay = soon ? Math.min(MOST_DELAY_MS, SOON_MS * 2 ** this.#failures) : 0;
    setTimeout(() => {
      if (!this.#closing) void this.#startAnother();
    }, delay).unref();
  }

  /** The application that servers serve. */
  readonly dispatch: Application = (given) => {
    const request = given as unknown as GatewayRequest;
    if (this.#closing) throw stopping();
    if (this.isFull) {
      this.onRefusal?.();
      return busy();
    }
    // RFC 9112, 6.
    const length = request.header('content-length');
    if (length === '0' || (length === undefined && request.header('transfer-encoding') === undefined))
      return this.#enqueue(request, frames.NO_BODY);
    if (length === undefined || Number(length) > wire.SMALL_BODY)
      return this.#enqueue(request, frames.BODY_FOLLOWS);
    // Read before a thread has to wait for it.
    return request.readBody().then((bytes) => {
      if (this.#closing) throw stopping();
      return this.#enqueue(request, bytes);
    });
  };

  #enqueue(request: GatewayRequest, body: Uint8Array | number): Promise<Response> {
    const job = new Job(this.#owner, request, body);
    this.#queue.push(job);
    const answered = new Promise<Response>((resolve, reject) => {
      job.resolve = resolve;
      job.reject = reject;
    });
    this.#assign();
    return answered;
  }

  /** Gives waiting requests to threads that have room, an idle one first. */
  #assign(): void {
    while (this.#queue.length > 0) {
      const best = this.#freest();
      if (best === undefined) {
        this.#noteDepth();
        return;
      }
      this.#give(this.#queue.shift()!, best);
    }
  }

  /** A thread that has room for a request. */
  #freest(): PoolThread | undefined {
    let best: PoolThread | undefined;
    for (const thread of this.#threads)
      if (thread.room > 0 && (best === undefined || isFreer(thread, best))) best = thread;
    return best;
  }

  #give(job: Job, thread: PoolThread): void {
    job.waiting = false;
    job.givenAt = performance.now();
    job.begunAt = 0;
    // Also one that has nothing to do may be busy with something of its own.
    this.#stealLater();
    thread.add(job);
    thread.link.send(this.#request.of(job.request, job.body), job.id);
    thread.link.stayAwake();
    this.#turnSoon();
  }

  /** Puts a request that its thread has not begun before all others. */
  #requeue(thread: PoolThread, job: Job): void {
    thread.remove(job);
    job.thread = undefined;
    this.#queue.unshift(job);
  }

  /** As waitress says it, though not for every request. */
  #noteDepth(): void {
    const now = performance.now();
    if (now - this.#notedDepthAt < DEPTH_NOTE_MS) return;
    this.#notedDepthAt = now;
    getLogger([...this.#options.name.split('.'), 'queue']).warn(`Task queue depth is ${this.#queue.length}`);
  }

  #turnSoon(): void {
    if (this.#turning) return;
    this.#turning = true;
    setImmediate(() => {
      this.#turning = false;
      this.#turn();
    });
  }

  /** At the end of a turn of the event loop: takes what threads have answered, gives them what waits, and wakes them. */
  #turn(): void {
    for (const thread of this.#threads) thread.link.read();
    this.#assign();
    for (const thread of this.#threads) {
      thread.link.flush();
      if (!thread.link.sleep()) this.#turnSoon();
    }
  }

  #stealLater(): void {
    this.#stealing ??= setTimeout(() => {
      this.#stealing = undefined;
      this.#steal();
    }, STEAL_MS).unref();
  }

  /** Takes requests back that lie in a thread which does not come to them. It is given no others until it says something again. */
  #steal(): void {
    let again = false;
    const now = performance.now();
    for (const thread of this.#threads) {
      if (thread.size === 0) continue;
      for (const job of thread.jobs.toReversed()) {
        if (thread.isBegun(job.id)) continue;
        if (now - job.givenAt < STEAL_MS) again = true;
        else if (thread.takeBack(job.id)) {
          thread.stuck = true;
          this.#requeue(thread, job);
        }
      }
    }
    this.#assign();
    if (again) this.#stealLater();
  }

  /** The client of a request has left. */
  #left(job: Job): void {
    const { thread } = job;
    const waits = !job.request._incoming.socket.destroyed && performance.now() - job.queuedAt < HALF_CLOSE_MS;
    if (waits && (thread === undefined || !thread.isBegun(job.id))) return;
    if (thread === undefined) {
      this.#queue.remove(job);
      job.reject(new ClientGoneError());
    } else if (thread.takeBack(job.id)) {
      this.#release(thread, job);
      job.reject(new ClientGoneError());
      this.#assign();
    } else if (thread.get(job.id) === job) this.#tell(thread, wire.LEFT, job.id);
  }

  #tell(thread: PoolThread, ...values: unknown[]): void {
    thread.link.add(...values);
    this.#turnSoon();
  }

  #release(thread: PoolThread, job: Job): void {
    if (!thread.remove(job)) return;
    job.request._onLeft = undefined;
    // What is left of its body is thrown away.
    job.outflow?.cancel();
    this.#endIfDrained(thread);
  }

  #fail(job: Job, error: Error): void {
    job.request._onLeft = undefined;
    job.outflow?.cancel();
    if (job.inflow !== undefined) job.inflow.fail(error);
    else {
      const reject = (reason: Error) => {
        this.#tellAnswer(job.thread, job, true);
        job.reject(reason);
      };
      if (job.held === undefined) reject(error);
      else job.held.then(() => reject(error), reject);
    }
  }

  /** The answer that comes tells of something that may still be lost; the thread that made it goes on meanwhile, or may end. */
  #hold(job: Job, hold: Hold): void {
    const durable = this.#options.whenDurable!(hold);
    const { held } = job;
    job.held = held === undefined ? durable : Promise.all([held, durable]).then(() => undefined);
    // Who waits for it learns of it.
    job.held.catch(() => undefined);
  }

  #resolve(thread: PoolThread, job: Job, answer: GatewayResponse): void {
    const resolve = () => {
      this.#tellAnswer(thread, job, false);
      job.resolve(answer as unknown as Response);
    };
    if (job.held === undefined) resolve();
    else
      job.held.then(resolve, (error: Error) => {
        this.#tellAnswer(thread, job, true);
        discard(answer.sentBody);
        job.reject(error);
      });
  }

  #receive(thread: PoolThread, kind: number, values: readonly unknown[], at: number): void {
    if (kind === wire.LOG) receiveRecordOfThread(values[at + 1] as PostedRecord);
    else if (kind === wire.STATS) {
      thread.told = values[at + 1] as ThreadStats;
      thread.statsCame?.();
    } else {
      const job = thread.get(values[at + 1] as number);
      if (job !== undefined) this.#about(thread, job, kind, values[at + 2]);
    }
  }

  #about(thread: PoolThread, job: Job, kind: number, value: unknown): void {
    switch (kind) {
      case wire.CHUNK:
        job.inflow?.push(value as Uint8Array);
        break;
      case wire.END:
        job.inflow?.end();
        this.#release(thread, job);
        break;
      case wire.FAIL:
        this.#release(thread, job);
        this.#fail(job, decodeError(value as wire.PostedError));
        break;
      case wire.CREDIT:
        if (job.outflow === undefined) this.#sendBody(thread, job);
        else job.outflow.credit(value as number);
        break;
      case wire.CANCEL:
        job.outflow?.cancel();
        break;
      default:
        throw new Error(`a message of the unknown kind ${kind}`);
    }
  }

  #tellAnswer(thread: PoolThread | undefined, { request, queuedAt }: Job, failed: boolean): void {
    const milliseconds = performance.now() - queuedAt;
    this.onAnswer?.(milliseconds, failed);
    publishRequest(request, milliseconds, failed, thread?.number);
  }

  #answered(thread: PoolThread, job: Job, { head, body, follows }: frames.AnswerReader): void {
    if (follows) {
      this.#waits(thread, job);
      job.movedAt = performance.now();
      job.inflow = new Inflow(
        (bytes) => {
          job.movedAt = performance.now();
          this.#tell(thread, wire.CREDIT, job.id, bytes);
        },
        () => this.#tell(thread, wire.CANCEL, job.id),
      );
      this.#resolve(thread, job, new GatewayResponse(job.inflow, head));
      return;
    }
    this.#release(thread, job);
    if (this.#waitingToStart !== undefined) setImmediate(() => this.#startOthers());
    this.#resolve(thread, job, new GatewayResponse(body, head));
  }

  #waits(thread: PoolThread, job: Job): void {
    if (job.waiting) return;
    job.waiting = true;
    thread.load--;
  }

  /** Sends a long body as it comes, as far as the thread takes it. */
  #sendBody(thread: PoolThread, job: Job): void {
    const outflow = (job.outflow = new Outflow());
    const body = job.request.nodeBody;
    body.on('data', (chunk: Uint8Array) => {
      if (outflow.cancelled) {
        body.destroy();
        return;
      }
      job.movedAt = performance.now();
      this.#tell(thread, wire.CHUNK, job.id, wire.own(chunk));
      if (!outflow.spend(chunk.length)) return;
      body.pause();
      void outflow.room().then(() => body.resume());
    });
    body.on('end', () => this.#tell(thread, wire.END, job.id));
    body.on('error', (error) => this.#tell(thread, wire.FAIL, job.id, wire.encodeError(error)));
  }

  /** Ends all threads. They close what they have open; what takes too long is cut off. */
  async close(graceMs = CLOSE_MS): Promise<void> {
    this.#closing = true;
    clearTimeout(this.#stealing);
    this.#stopWatching?.();
    clearTimeout(this.#waitingToStart);
    this.#othersToStart = 0;
    for (const job of this.#queue.takeAll()) this.#fail(job, new ThreadDiedError('the server is stopping'));
    const threads = [...this.#threads];
    const ends = threads.map(({ worker }) => new Promise((resolve) => worker.once('exit', resolve)));
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of Node, not a window
    for (const { worker } of threads) worker.postMessage('close');
    const timer = setTimeout(() => {
      for (const { worker } of threads) void worker.terminate();
    }, graceMs);
    await Promise.all(ends);
    clearTimeout(timer);
  }
}

function busy(): Response {
  const { status, message } = new QueueFullError();
  return new GatewayResponse(`${message}\r\n`, {
    status,
    headers: ['Content-Type', 'text/plain; charset=utf-8', 'Retry-After', '1'],
  }) as unknown as Response;
}
