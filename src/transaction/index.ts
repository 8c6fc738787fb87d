export {
  currentManager,
  transaction,
  withTransactionManager,
  withTransactionManagerAsync,
} from './default.ts';
export {
  AlreadyInTransaction,
  DoomedTransaction,
  InvalidSavepointRollbackError,
  isTransient,
  NoTransaction,
  SavepointsUnsupported,
  TransactionError,
  TransactionFailedError,
  TransactionUseError,
  TransientError,
  UnknownSynchronizer,
} from './errors.ts';
export type { DataManager, DataManagerSavepoint, Synchronizer } from './interfaces.ts';
export { Attempt, type RunOptions, TransactionManager } from './manager.ts';
export type { Savepoint } from './savepoint.ts';
export { type Describer, type Status, Transaction } from './transaction.ts';
