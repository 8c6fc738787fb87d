/** What goes wrong with transactions. An error that may succeed when tried again has `transient === true`. */
export class TransactionError extends Error {
  readonly code: string = 'TRANSACTION';
}

/** A conflict or the like: the same work may succeed in a new transaction. */
export class TransientError extends TransactionError {
  override readonly code: string = 'TRANSIENT';
  readonly transient = true;
}

/** The transaction was doomed, so it can only be aborted. */
export class DoomedTransaction extends TransactionError {
  override readonly code = 'DOOMED';
}

/** A commit or savepoint failed before; the transaction can only be aborted. */
export class TransactionFailedError extends TransactionError {
  override readonly code = 'TRANSACTION_FAILED';
}

/** An explicit manager was used without a transaction having begun. */
export class NoTransaction extends TransactionError {
  override readonly code = 'NO_TRANSACTION';
}

/** An explicit manager was told to begin a transaction while one is running. */
export class AlreadyInTransaction extends TransactionError {
  override readonly code = 'ALREADY_IN_TRANSACTION';
}

/** The savepoint was given up by a rollback to an earlier one, or its transaction is over. */
export class InvalidSavepointRollbackError extends TransactionError {
  override readonly code = 'INVALID_SAVEPOINT';
}

/** A data manager without savepoints joined a transaction that needs them. */
export class SavepointsUnsupported extends TransactionError {
  override readonly code = 'SAVEPOINTS_UNSUPPORTED';
  readonly dataManager: unknown;

  constructor(dataManager: unknown) {
    super('Savepoints unsupported');
    this.dataManager = dataManager;
  }
}

/** A call that the transaction's state does not allow, or an argument that is none. */
export class TransactionUseError extends TransactionError {
  override readonly code = 'TRANSACTION_USE';
}

/** A synchronizer was to be taken away that is not there. */
export class UnknownSynchronizer extends TransactionUseError {
  constructor() {
    super('the synchronizer is not registered');
  }
}

/** Whether the work that met this error may be tried again, whichever room threw it. */
export function isTransient(error: unknown): boolean {
  return typeof error === 'object' && error !== null && (error as { transient?: unknown }).transient === true;
}
