/** Errors of storages, under the names of ZODB's. What may succeed when tried again has `transient === true`. */
import { TransientError } from '../transaction/index.ts';
import type { Oid, Tid } from './interfaces.ts';

const hex = (oid: Oid) => `0x${oid.toString(16).padStart(2, '0')}`;

/** The root of the errors of storages. Those of databases and connections have a root of their own, `ConnectionError`. */
export class POSError extends Error {
  readonly code: string = 'POS';
}

/** There is no such object, or no revision of it that is asked for. */
export class POSKeyError extends POSError {
  override readonly code = 'POS_KEY';
  readonly oid: Oid;

  constructor(oid: Oid) {
    super(`there is no object ${hex(oid)}`);
    this.oid = oid;
  }
}

/** Two transactions changed the same object. */
export class ConflictError extends TransientError {
  override readonly code: string = 'CONFLICT';
  readonly oid: Oid | undefined;
  /** The committed revision, and the one that the change was made from. */
  readonly serials: readonly [Tid, Tid] | undefined;

  constructor(
    message: string,
    details: { oid?: Oid; serials?: readonly [Tid, Tid] } = {},
    options?: ErrorOptions,
  ) {
    super(details.oid === undefined ? message : `${message} (object ${hex(details.oid)})`, options);
    this.oid = details.oid;
    this.serials = details.serials;
  }
}

/** An object that was only read was changed by another transaction. */
export class ReadConflictError extends ConflictError {
  override readonly code = 'READ_CONFLICT';
}

/** An operation of a transaction that is not the one being committed, or not in this order. */
export class StorageTransactionError extends POSError {
  override readonly code = 'STORAGE_TRANSACTION';
}

/** A change in a storage that is read-only. */
export class ReadOnlyError extends POSError {
  override readonly code = 'READ_ONLY';

  constructor(message = 'the storage is read-only') {
    super(message);
  }
}

/** A transaction cannot be undone. */
export class UndoError extends POSError {
  override readonly code: string = 'UNDO';
  readonly oid: Oid | undefined;

  constructor(message: string, oid?: Oid) {
    super(oid === undefined ? message : `${message} (object ${hex(oid)})`);
    this.oid = oid;
  }
}

/** The file is not what it should be. */
export class CorruptedError extends POSError {
  override readonly code: string = 'CORRUPTED';
}

/** The file would grow beyond its quota. */
export class QuotaError extends POSError {
  override readonly code = 'QUOTA';
}

/** Another process has the database open, or nobody can tell whether one has. */
export class LockError extends POSError {
  override readonly code = 'LOCK';
}

/** The disk did not take what was written. */
export class SyncError extends POSError {
  override readonly code = 'SYNC';
}
