/**
 * The next commit is one thread's: so a transaction that has lost against those of other threads can be tried again without losing
 * once more. It is a promise with a date, and not a lock: when the thread does not commit in time, or ends, the others go on.
 *
 *   word 0    the thread whose turn it is; 0: nobody's
 *   number 0  until when, in milliseconds since 1970
 */
import type { CommitLock } from './commit-lock.ts';

const HOLDER = 0;
export const TURN_WORDS = 1;
export const TURN_NUMBERS = 1;

/** The longest turn. Threads that want to commit do nothing else meanwhile. */
const TURN_MS = 200;

/** The clock of all threads, which does not jump. */
const now = () => performance.timeOrigin + performance.now();

export class CommitTurn {
  readonly #words: Int32Array;
  readonly #until: Float64Array;
  readonly #lock: CommitLock;
  readonly #thread: number;
  #taken = false;

  /** @param words `TURN_WORDS`, zero at first. @param until `TURN_NUMBERS`. @param thread A number above 0 that no other thread has or had. */
  constructor(words: Int32Array, until: Float64Array, lock: CommitLock, thread: number) {
    this.#words = words;
    this.#until = until;
    this.#lock = lock;
    this.#thread = thread;
  }

  /** Waits until it is nobody else's turn, then takes it. Every commit of another thread has been appended, or comes after it. */
  take(): void {
    for (;;) {
      const seen = Atomics.load(this.#words, HOLDER);
      if (this.#isOthers(seen)) this.#sleep(seen);
      else {
        this.#until[0] = now() + TURN_MS;
        if (Atomics.compareExchange(this.#words, HOLDER, seen, this.#thread) === seen) break;
      }
    }
    this.#taken = true;
    // Whoever had the lock before did not know.
    this.#lock.acquire();
    this.#lock.release();
  }

  /** The others may commit again. */
  end(): void {
    if (!this.#taken) return;
    this.#taken = false;
    this.forget(this.#thread);
  }

  /** Takes the commit lock, when it is nobody else's turn. */
  lock(): void {
    for (;;) {
      this.#lock.acquire();
      const holder = Atomics.load(this.#words, HOLDER);
      if (!this.#isOthers(holder)) return;
      this.#lock.release();
      this.#sleep(holder);
    }
  }

  /** Ends the turn of a thread, which may have ended itself. */
  forget(thread: number): void {
    if (Atomics.compareExchange(this.#words, HOLDER, thread, 0) === thread)
      Atomics.notify(this.#words, HOLDER);
  }

  /** Whether it is the turn of another thread, and its time is not over. */
  #isOthers(holder: number): boolean {
    return holder !== 0 && holder !== this.#thread && now() < this.#until[0]!;
  }

  #sleep(holder: number): void {
    const left = Math.min(TURN_MS, this.#until[0]! - now());
    if (left > 0) Atomics.wait(this.#words, HOLDER, holder, left);
  }
}
