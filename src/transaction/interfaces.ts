/** What takes part in transactions. */
import type { Transaction } from './transaction.ts';

/**
 * Changes that a transaction makes in one place, such as a database connection. At the commit each method is called on all
 * joined managers, in the order of their sort keys, before the next method.
 */
export interface DataManager {
  /** Forgets the changes, before the commit or after one of its first steps failed. */
  abort(transaction: Transaction): void;
  tpcBegin(transaction: Transaction): void;
  /** Hands the changes over, without making them visible. */
  commit(transaction: Transaction): void;
  /** Says by returning that `tpcFinish` cannot fail; throws to make all managers abort. */
  tpcVote(transaction: Transaction): void;
  tpcFinish(transaction: Transaction): void;
  tpcAbort(transaction: Transaction): void;
  /** Managers commit in the order of these texts, so that two transactions never wait for each other. */
  sortKey?(): string;
  /** Remembers the state of now. A manager without it cannot take part in savepoints unless they are optimistic. */
  savepoint?(): DataManagerSavepoint;
  /** Whether `tpcFinish` may return before the disk has everything: see `Transaction.endsEarly`. */
  readonly canEndEarly?: boolean;
  /** Whether an error that is not transient may be retried all the same. */
  shouldRetry?(error: unknown): boolean;
}

export interface DataManagerSavepoint {
  rollback(): void;
}

/** Told when transactions begin and end. Kept as long as somebody else refers to it. */
export interface Synchronizer {
  beforeCompletion(transaction: Transaction): void;
  afterCompletion(transaction: Transaction): void;
  newTransaction(transaction: Transaction): void;
}
