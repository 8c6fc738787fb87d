/**
 * Brings to the disk what a thread has appended while the thread does other work. One sync of this thread runs at a time; what is
 * appended meanwhile has the next one. It uses a descriptor of its own: the system tells a failure of the disk once to each, and a pack
 * closes those that others have.
 */
import { closeSync } from 'node:fs';
import { SyncError } from '../../errors.ts';
import type { Tid } from '../../interfaces.ts';
import { disk, openDataFile } from '../disk.ts';
import { type CommitState, lost } from './commit-state.ts';

/** Where the disk is so fast, a single transaction is there before another thread of the system would have begun. */
const FAST_MS = 0.25;

interface Waiter {
  readonly tid: Tid;
  readonly failures: number;
  resolve(): void;
  reject(error: Error): void;
}

export class LaterSync {
  readonly #path: string;
  readonly #shared: CommitState;
  readonly #takeBack: () => number;
  #waiters: Waiter[] = [];
  #turning = false;
  #syncing = false;
  #descriptor = -1;
  #file = -1;
  #closed = false;

  /** @param takeBack See `CommitState.takeBack`. */
  constructor(path: string, shared: CommitState, takeBack: () => number) {
    this.#path = path;
    this.#shared = shared;
    this.#takeBack = takeBack;
  }

  /** Resolves when a transaction is on the disk. Rejects with a SyncError when it never will be. */
  wait(tid: Tid, failures: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ tid, failures, resolve, reject });
      this.#turnSoon();
    });
  }

  /** After the turn of the event loop, which may bring more transactions. */
  #turnSoon(): void {
    if (this.#turning || this.#syncing) return;
    this.#turning = true;
    setImmediate(() => {
      this.#turning = false;
      this.#answer();
      if (this.#waiters.length > 0 && !this.#syncing) this.#sync();
    });
  }

  #answer(error?: Error): void {
    const { durable } = this.#shared;
    const waiters = this.#waiters;
    let left = 0;
    for (const waiter of waiters) {
      if (this.#shared.isLost(waiter.tid, waiter.failures))
        waiter.reject(error === undefined ? lost() : new SyncError(lost().message, { cause: error }));
      else if (waiter.tid <= durable) waiter.resolve();
      else waiters[left++] = waiter;
    }
    waiters.length = left;
  }

  #sync(): void {
    const shared = this.#shared;
    const { failures } = shared;
    const { tid } = shared.last();
    const start = performance.now();
    const done = (error?: Error | null) => {
      if (!error && !shared.isBroken) shared.synced(tid, performance.now() - start);
      else if (!this.#takesBack(failures)) return;
      this.#answer(error ?? undefined);
    };
    let descriptor: number;
    try {
      descriptor = this.#open();
      if (this.#waiters.length === 1 && shared.syncTime < FAST_MS) {
        disk.sync(descriptor);
        done();
        return;
      }
    } catch (error) {
      done(error as Error);
      return;
    }
    this.#syncing = true;
    disk.syncLater(descriptor, (error) => {
      this.#syncing = false;
      if (this.#closed) closeSync(descriptor);
      done(error);
      if (this.#waiters.length > 0) this.#sync();
    });
  }

  /** Whether what the disk refused is gone from the file. If not, nobody knows whether a later sync brings it there. */
  #takesBack(failures: number): boolean {
    try {
      this.#shared.takeBack(failures, this.#takeBack);
      return true;
    } catch (error) {
      for (const waiter of this.#waiters.splice(0)) waiter.reject(error as Error);
      return false;
    }
  }

  /** The descriptor of the file in use. What was in an older one was synced before it was replaced. */
  #open(): number {
    const { file } = this.#shared;
    if (this.#file === file) return this.#descriptor;
    if (this.#descriptor >= 0) closeSync(this.#descriptor);
    this.#descriptor = -1;
    this.#descriptor = openDataFile(this.#path, false);
    this.#file = file;
    return this.#descriptor;
  }

  /** Everything is on the disk, or lost: those who wait are told. */
  close(): void {
    this.#closed = true;
    this.#answer();
    if (this.#descriptor >= 0 && !this.#syncing) closeSync(this.#descriptor);
  }
}
