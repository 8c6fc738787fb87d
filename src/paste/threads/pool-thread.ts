/** A thread as the pool sees it, and the requests that it has. */
import type { MessagePort, Worker } from 'node:worker_threads';
import type { GatewayRequest } from '../gateway/request.ts';
import type { Inflow, Outflow } from './flow.ts';

/** Requests that a thread may be given before it has begun them; a power of two. */
export const CLAIMS = 1024;
/** A thread is given as many requests as it handles in this time, but at least two and at most so many. */
const AHEAD_US = 500;
const MOST_AHEAD = 16;

export interface ThreadPreparation {
  readonly data: unknown;
  readonly transfer: readonly (ArrayBuffer | MessagePort)[];
  started?(worker: Worker): void;
  /** The thread has ended, in whatever way: what it held is to be released. Called before its requests are answered. */
  ended(): void;
}

export interface Job {
  readonly id: number;
  readonly request: GatewayRequest;
  readonly head: string;
  readonly body: Uint8Array | number;
  readonly resolve: (response: Response) => void;
  readonly reject: (error: Error) => void;
  readonly queuedAt: number;
  thread: PoolThread | undefined;
  /** When the thread was given it. */
  givenAt: number;
  /** When it was first seen to have begun; 0: not yet. */
  begunAt: number;
  slow: boolean;
  /** Its thread is being asked where it is. */
  asking: boolean;
  /** It waits for something; its thread does other work. */
  waiting: boolean;
  outflow: Outflow | undefined;
  inflow: Inflow | undefined;
}

export type ThreadStats = Readonly<Record<string, number>>;

export class PoolThread {
  readonly number: number;
  readonly worker: Worker;
  /** For each request that was given, at its number modulo the size: its number until the thread begins it, then the negative number. */
  readonly claims: Int32Array;
  readonly jobs = new Map<number, Job>();
  readonly preparation: ThreadPreparation;
  readonly startedAt = performance.now();
  ready = false;
  /** Whether it has ever been ready. */
  begun = false;
  /** It takes no more requests, and ends when it has answered those that it has. */
  draining = false;
  /** Requests that occupy it: begun and not waiting for something, or not begun. */
  load = 0;
  /** Moving average of what a request takes, microseconds. */
  cost = AHEAD_US;
  /** What it counted when it was last asked. */
  stats: ThreadStats = {};
  statsCame: (() => void) | undefined;
  outbox: unknown[] = [];
  transfer: ArrayBuffer[] = [];

  constructor(number: number, worker: Worker, claims: Int32Array, preparation: ThreadPreparation) {
    this.number = number;
    this.worker = worker;
    this.claims = claims;
    this.preparation = preparation;
  }

  get room(): number {
    const ahead = Math.min(MOST_AHEAD, Math.max(2, Math.round(AHEAD_US / this.cost)));
    return this.ready && !this.draining ? ahead - this.load : 0;
  }

  isBegun(id: number): boolean {
    return Atomics.load(this.claims, id % CLAIMS) === -id;
  }

  /** Takes a request back; false when it was begun. */
  takeBack(id: number): boolean {
    return Atomics.compareExchange(this.claims, id % CLAIMS, id, 0) === id;
  }
}
