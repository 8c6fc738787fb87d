import { setTimeout as delay } from 'node:timers/promises';
import { AlreadyInTransaction, NoTransaction, TransactionUseError, UnknownSynchronizer } from './errors.ts';
import type { Synchronizer } from './interfaces.ts';
import type { Savepoint } from './savepoint.ts';
import { SynchronizerSet } from './synchronizers.ts';
import { Transaction } from './transaction.ts';

/** Longest pause before the second retry of `run`, in milliseconds; doubled with each further one. */
const BACKOFF_MS = 10;
const LONGEST_MS = 200;
const never = new Int32Array(new SharedArrayBuffer(4));

/**
 * How long to wait before a retry: the first comes at once, since most conflicts are over when they are found; after that
 * those who conflict with each other wait for different times.
 */
function pauseOf(retry: number): number {
  return retry < 2 ? 0 : Math.random() * Math.min(LONGEST_MS, BACKOFF_MS * 2 ** (retry - 2));
}

/** Keeps the current transaction of one line of work. */
export class TransactionManager {
  /** Whether `begin` must be called before anything else. */
  explicit: boolean;
  #current: Transaction | null = null;
  readonly #synchronizers = new SynchronizerSet();

  constructor(options: { explicit?: boolean } = {}) {
    this.explicit = options.explicit ?? false;
  }

  /** A new transaction; one that was running is aborted (an explicit manager throws AlreadyInTransaction). */
  begin(): Transaction {
    if (this.#current !== null) {
      if (this.explicit) throw new AlreadyInTransaction('a transaction is running');
      this.#current.abort();
    }
    const transaction = new Transaction(this.#synchronizers, this);
    this.#current = transaction;
    this.#synchronizers.call('newTransaction', transaction);
    return transaction;
  }

  /** The current transaction, begun if there is none (an explicit manager throws NoTransaction). */
  get(): Transaction {
    if (this.#current === null) {
      if (this.explicit) throw new NoTransaction('no transaction was begun');
      this.#current = new Transaction(this.#synchronizers, this);
    }
    return this.#current;
  }

  /** Whether a transaction is running; asking begins none. */
  get active(): boolean {
    return this.#current !== null;
  }

  /** For transactions: this one is over. */
  free(transaction: Transaction): void {
    if (transaction !== this.#current) throw new TransactionUseError('Foreign transaction');
    this.#current = null;
  }

  /** @param early See `Transaction.endsEarly`. */
  commit(early = false): void {
    this.get().commit(early);
  }

  abort(): void {
    this.get().abort();
  }

  savepoint(optimistic = false): Savepoint {
    return this.get().savepoint(optimistic);
  }

  doom(): void {
    this.get().doom();
  }

  isDoomed(): boolean {
    return this.get().isDoomed();
  }

  registerSynch(synchronizer: Synchronizer): void {
    this.#synchronizers.add(synchronizer);
    if (this.#current !== null) synchronizer.newTransaction(this.#current);
  }

  /** Throws when it is not registered. */
  unregisterSynch(synchronizer: Synchronizer): void {
    if (!this.#synchronizers.delete(synchronizer)) throw new UnknownSynchronizer();
  }

  clearSynchs(): void {
    this.#synchronizers.clear();
  }

  registeredSynchs(): boolean {
    return this.#synchronizers.size > 0;
  }

  /**
   * Attempts for a loop: `for (const attempt of manager.attempts()) attempt.run(() => …)`. A transient error ends an attempt and
   * leads to the next one; that of the last attempt is thrown.
   */
  *attempts(number = 3): Generator<Attempt> {
    if (!(number > 0)) throw new TransactionUseError('number must be positive');
    for (let left = number; left > 0; left--) {
      const attempt = new Attempt(this, left === 1);
      yield attempt;
      if (attempt.success) return;
    }
  }

  /**
   * Runs `work` in a transaction and commits it; tries again, up to `tries` times (3), after errors that may pass, with a
   * pause from the second time on. The name of the function and `doc` become the description of the transaction.
   */
  run<T>(work: () => T, options?: number | RunOptions): T {
    const { tries, description } = optionsOf(work, options);
    for (let left = tries; ; left--) {
      const transaction = this.begin();
      if (description !== '') transaction.note(description);
      try {
        const result = work();
        this.commit();
        return result;
      } catch (error) {
        if (!this.#giveUp(error, left)) throw error;
        const pause = pauseOf(tries - left + 1);
        if (pause > 0) Atomics.wait(never, 0, 0, pause);
      }
    }
  }

  /** As `run`, for work that awaits. */
  async runAsync<T>(work: () => Promise<T>, options?: number | RunOptions): Promise<T> {
    const { tries, description } = optionsOf(work, options);
    for (let left = tries; ; left--) {
      const transaction = this.begin();
      if (description !== '') transaction.note(description);
      try {
        const result = await work();
        this.commit();
        return result;
      } catch (error) {
        if (!this.#giveUp(error, left)) throw error;
        await delay(pauseOf(tries - left + 1));
      }
    }
  }

  /** Runs `work` in a new transaction: commits it, or aborts it when `work` throws. Nothing is tried again. */
  within<T>(work: (transaction: Transaction) => T): T {
    const transaction = this.begin();
    let result: T;
    try {
      result = work(transaction);
    } catch (error) {
      this.abort();
      throw error;
    }
    this.commit();
    return result;
  }

  /** Aborts after an error; true when there is another try. */
  #giveUp(error: unknown, left: number): boolean {
    const again = left > 1 && this.get().isRetryableError(error);
    this.abort();
    return again;
  }
}

export interface RunOptions {
  /** How often at most; default 3. */
  readonly tries?: number;
  /** What the work does, noted below the function's name. */
  readonly doc?: string;
}

function optionsOf(
  work: { readonly name: string },
  options: number | RunOptions = {},
): { tries: number; description: string } {
  const { tries = 3, doc = '' } = typeof options === 'number' ? { tries: options } : options;
  if (!(tries > 0)) throw new TransactionUseError('tries must be > 0');
  const name = work.name === '_' ? '' : work.name;
  return { tries, description: name !== '' && doc !== '' ? `${name}\n\n${doc}` : name + doc };
}

/** One round of a loop over `attempts`. */
export class Attempt {
  readonly #manager: TransactionManager;
  readonly #last: boolean;
  success = false;

  constructor(manager: TransactionManager, last: boolean) {
    this.#manager = manager;
    this.#last = last;
  }

  begin(): Transaction {
    return this.#manager.begin();
  }

  /** Runs `work` in a new transaction and commits it; an error that may pass is swallowed unless this is the last attempt. */
  run<T>(work: (transaction: Transaction) => T): T | undefined {
    if (this.#last) {
      const result = this.#manager.within(work);
      this.success = true;
      return result;
    }
    const transaction = this.begin();
    try {
      const result = work(transaction);
      this.#manager.commit();
      this.success = true;
      return result;
    } catch (error) {
      this.#abortOrThrow(error);
      return undefined;
    }
  }

  /** As `run`, for work that awaits. */
  async runAsync<T>(work: (transaction: Transaction) => Promise<T>): Promise<T | undefined> {
    const transaction = this.begin();
    try {
      const result = await work(transaction);
      this.#manager.commit();
      this.success = true;
      return result;
    } catch (error) {
      this.#abortOrThrow(error);
      return undefined;
    }
  }

  #abortOrThrow(error: unknown): void {
    const again = !this.#last && this.#manager.get().isRetryableError(error);
    this.#manager.abort();
    if (!again) throw error;
  }
}
