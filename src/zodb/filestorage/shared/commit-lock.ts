/**
 * A lock in shared memory that one thread at a time has. Whoever comes first while it is free gets it, waiting or not, which is
 * fast; one that has waited for some milliseconds is handed it, so that nobody starves. A thread that ends while it has the
 * lock, or while it waits to be handed it, is taken out of it by another one.
 *
 *   word 0   the thread that has it, with a bit for "somebody waits"; 0: free
 *   word 1   the thread that is to have it next
 *   then     threads that have ended, each at its number modulo the count
 */
const HOLDER = 0;
const NEXT = 1;
const ENDED = 2;
const ENDED_THREADS = 1024;
export const LOCK_WORDS = ENDED + ENDED_THREADS;

const WAITED_FOR = 1 << 30;
const THREAD = WAITED_FOR - 1;

/** How long a waiter takes its chance before it asks to be next. */
const PATIENCE_MS = 2;

/** The lock was not to be had in time. */
export class LockTimeoutError extends Error {
  readonly code = 'LOCK_TIMEOUT';
}

export class CommitLock {
  readonly #words: Int32Array;
  readonly #thread: number;

  /** @param words `LOCK_WORDS` words, zero at first. @param thread A number above 0 that no other thread has or had. */
  constructor(words: Int32Array, thread: number) {
    this.#words = words;
    this.#thread = thread;
  }

  /** The thread that has the lock; 0: none. */
  get holder(): number {
    return Atomics.load(this.#words, HOLDER) & THREAD;
  }

  /** Waits for the lock. Throws a LockTimeoutError. */
  acquire(timeoutMs = Infinity): void {
    if (Atomics.compareExchange(this.#words, HOLDER, 0, this.#thread) !== 0) this.#wait(timeoutMs);
  }

  /** As `acquire`; false when the lock was not to be had in time. */
  tryAcquire(timeoutMs: number): boolean {
    try {
      this.acquire(timeoutMs);
      return true;
    } catch (error) {
      if (error instanceof LockTimeoutError) return false;
      throw error;
    }
  }

  #wait(timeoutMs: number): void {
    const words = this.#words;
    const thread = this.#thread;
    const start = performance.now();
    let asked = false;
    for (;;) {
      const seen = Atomics.load(words, HOLDER);
      if (seen === 0) {
        // Others may wait as this one did.
        if (Atomics.compareExchange(words, HOLDER, 0, thread | WAITED_FOR) === 0) break;
        continue;
      }
      if ((seen & THREAD) === thread) return;
      const marked = seen | WAITED_FOR;
      if (seen !== marked && Atomics.compareExchange(words, HOLDER, seen, marked) !== seen) continue;
      Atomics.wait(words, HOLDER, marked, PATIENCE_MS);
      const waited = performance.now() - start;
      if (waited > timeoutMs) {
        // One whose wish was taken up is about to get the lock, and must take it.
        if (!asked || Atomics.compareExchange(words, NEXT, thread, 0) === thread)
          throw new LockTimeoutError(
            `a commit waited ${Math.round(waited)} ms for the one of another thread`,
          );
      } else if (waited > PATIENCE_MS) asked = Atomics.compareExchange(words, NEXT, 0, thread) === 0 || asked;
    }
    Atomics.compareExchange(words, NEXT, thread, 0);
  }

  release(): void {
    this.#release(this.#thread);
  }

  #release(holder: number): void {
    const words = this.#words;
    const next = Atomics.exchange(words, NEXT, 0);
    if (next !== 0 && next !== holder) {
      Atomics.store(words, HOLDER, next | WAITED_FOR);
      Atomics.notify(words, HOLDER);
      // It may have ended since it asked.
      if (Atomics.load(words, ENDED + (next % ENDED_THREADS)) === next) this.#free(next);
    } else this.#free(holder);
  }

  #free(holder: number): void {
    const words = this.#words;
    for (;;) {
      const seen = Atomics.load(words, HOLDER);
      if ((seen & THREAD) !== holder) return;
      if (Atomics.compareExchange(words, HOLDER, seen, 0) !== seen) continue;
      if ((seen & WAITED_FOR) !== 0) Atomics.notify(words, HOLDER, 1);
      return;
    }
  }

  /** Takes a thread that has ended out of the lock. If it had the lock, `recover` first puts in order what it was doing. */
  forget(thread: number, recover: () => void): void {
    const words = this.#words;
    Atomics.store(words, ENDED + (thread % ENDED_THREADS), thread);
    Atomics.compareExchange(words, NEXT, thread, 0);
    // Whoever has just handed it the lock may find out, too, that it has ended: one of the two takes the lock from it.
    for (;;) {
      const seen = Atomics.load(words, HOLDER);
      if ((seen & THREAD) !== thread) return;
      if (Atomics.compareExchange(words, HOLDER, seen, this.#thread | WAITED_FOR) === seen) break;
    }
    try {
      recover();
    } finally {
      this.release();
    }
  }
}
