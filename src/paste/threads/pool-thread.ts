/** A thread as the pool sees it, and the requests that it has. */
import type { MessagePort, Worker } from 'node:worker_threads';
import type { GatewayRequest } from '../gateway/request.ts';
import type { Inflow, Outflow } from './flow.ts';
import type { Link } from './link.ts';
import type { Metrics } from './metrics.ts';
import { ThreadCounts } from './thread-counts.ts';

/** Requests that a thread may have; a power of two. */
export const CLAIMS = 1024;
const SLOT = CLAIMS - 1;
const MOST_IDS = 2 ** 31 - 1;
/** A thread is given as many requests as it handles in this time, but at least two and at most so many. */
const AHEAD_US = 500;
const MOST_AHEAD = 16;
/** Where a request takes so long, handing over the next one when it is done costs nothing in comparison. */
const SLOW_US = 5000;

export interface ThreadPreparation {
  readonly data: unknown;
  readonly transfer: readonly (ArrayBuffer | MessagePort)[];
  started?(worker: Worker): void;
  /** The thread has ended, in whatever way: what it held is to be released. Called before its requests are answered. */
  ended(): void;
}

/** Is told of a request whose client has left. */
export interface JobOwner {
  left(job: Job): void;
}

/** A request, from its arrival to its answer. */
export class Job {
  /** Its number in the thread that has it. */
  id = 0;
  readonly request: GatewayRequest;
  /** Bytes, or `NO_BODY`, `BODY_FOLLOWS`. */
  readonly body: Uint8Array | number;
  readonly queuedAt = performance.now();
  thread: PoolThread | undefined = undefined;
  /** When the thread was given it. */
  givenAt = 0;
  /** When it was first seen to have begun; 0: not yet. */
  begunAt = 0;
  /** When a part of its body, or of its answer's, was last taken; far in the past: none was. */
  movedAt = -Infinity;
  /** That it takes long was told. */
  slow = false;
  /** Its thread is being asked where it is. */
  asking = false;
  /** It waits for something; its thread does other work. */
  waiting = false;
  /** Until when its answer is not to be sent. */
  held: Promise<void> | undefined = undefined;
  outflow: Outflow | undefined = undefined;
  inflow: Inflow | undefined = undefined;
  resolve!: (response: Response) => void;
  reject!: (error: Error) => void;
  readonly #owner: JobOwner;

  constructor(owner: JobOwner, request: GatewayRequest, body: Uint8Array | number) {
    this.#owner = owner;
    this.request = request;
    this.body = body;
    request._onLeft = this;
  }

  left(): void {
    this.#owner.left(this);
  }
}

export type ThreadStats = Readonly<Record<string, number>>;

/** Words of the memory that a thread shares with the pool, beside the claims: microseconds that a request takes it, on average. */
export const COST = 1024;
/** The last `PING` that it has come to. */
export const PULSE = 1025;
export const SHARED_WORDS = 1026;

export class PoolThread {
  readonly number: number;
  readonly worker: Worker;
  /**
   * For each request that was given, at its number modulo the size: its number until the thread begins it, then the negative number; and
   * what the thread tells at `COST` and `PULSE`.
   */
  readonly claims: Int32Array;
  readonly preparation: ThreadPreparation;
  readyAt = 0;
  link!: Link;
  ready = false;
  /** Whether it has ever been ready. */
  begun = false;
  /** It takes no more requests, and ends when it has answered those that it has. */
  draining = false;
  /** It does not come to the requests that it was given: it gets no more until it says something. */
  stuck = false;
  /** It has said something since the watch looked. */
  heard = false;
  /** The last `PING` that it was sent, and when. */
  pinged = 0;
  pingedAt = 0;
  /** That it does not come to its messages was told. */
  silent = false;
  /** It is being asked where it is. */
  asking = false;
  /** Requests that occupy it: begun and not waiting for something, or not begun. */
  load = 0;
  /** Requests that it has. */
  size = 0;
  /** What it told when it was last asked. */
  told: ThreadStats = {};
  readonly #counts: ThreadCounts;
  /** Where it counts requests that it accepts itself. */
  metrics: Metrics | undefined;
  statsCame: (() => void) | undefined;
  // Not a Map: those that keep changing leave tables behind that lead from one to the next, and with them to all that they have held.
  readonly #jobs: (Job | undefined)[] = Array.from({ length: CLAIMS }, () => undefined);
  #lastId = 0;

  constructor(
    number: number,
    worker: Worker,
    claims: Int32Array,
    counts: SharedArrayBuffer,
    preparation: ThreadPreparation,
  ) {
    this.#counts = new ThreadCounts(counts);
    this.number = number;
    this.worker = worker;
    this.claims = claims;
    this.preparation = preparation;
    claims[COST] = AHEAD_US;
  }

  /** Average of what a request takes, microseconds. */
  get cost(): number {
    return this.claims[COST]!;
  }

  /** What it told, with what it has counted since. */
  get stats(): ThreadStats {
    return this.#counts.newest(this.told);
  }

  saidSomething(): void {
    this.stuck = false;
    this.heard = true;
  }

  /** Whether it has come to the last message that it was to show that by. */
  get answersPing(): boolean {
    return Atomics.load(this.claims, PULSE) === this.pinged;
  }

  get room(): number {
    if (!this.ready || this.draining || this.stuck) return 0;
    const least = this.cost > SLOW_US ? 1 : 2;
    const ahead = Math.min(MOST_AHEAD, Math.max(least, Math.round(AHEAD_US / this.cost)));
    return Math.min(ahead - this.load, CLAIMS - this.size);
  }

  /** Takes a request in, under a number of its own. */
  add(job: Job): void {
    let id = this.#lastId;
    do id = id === MOST_IDS ? 1 : id + 1;
    while (this.#jobs[id & SLOT] !== undefined);
    this.#lastId = id;
    job.id = id;
    job.thread = this;
    this.#jobs[id & SLOT] = job;
    this.size++;
    this.load++;
    Atomics.store(this.claims, id & SLOT, id);
  }

  get(id: number): Job | undefined {
    const job = this.#jobs[id & SLOT];
    return job?.id === id ? job : undefined;
  }

  /** False when it did not have it. */
  remove(job: Job): boolean {
    if (this.#jobs[job.id & SLOT] !== job) return false;
    this.#jobs[job.id & SLOT] = undefined;
    this.size--;
    if (!job.waiting) this.load--;
    return true;
  }

  /** Requests that it has, in the order in which it was given them. */
  get jobs(): Job[] {
    const jobs = this.#jobs.filter((job) => job !== undefined);
    return jobs.sort((a, b) => a.givenAt - b.givenAt || a.id - b.id);
  }

  isBegun(id: number): boolean {
    return Atomics.load(this.claims, id & SLOT) === -id;
  }

  /** Takes a request back; false when it was begun. */
  takeBack(id: number): boolean {
    return Atomics.compareExchange(this.claims, id & SLOT, id, 0) === id;
  }
}
