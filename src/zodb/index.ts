export { Broken, brokenClasses, setBrokenBase } from './broken.ts';
export { type CacheDetail, ObjectCache } from './cache.ts';
export {
  BrokenModifiedError,
  ConnectionError,
  ConnectionStateError,
  CorruptRecordError,
  ExportError,
  InvalidObjectReferenceError,
  ReadOnlyHistoryError,
  UnstorableError,
} from './connection-errors.ts';
export { Connection, resetCaches } from './connection.ts';
export type { RootAccess, RootMapping } from './connection-root.ts';
export { type Activity, ActivityMonitor } from './db-activity.ts';
export { DB, type DBOptions, type OpenOptions } from './db.ts';
export { MountPoint } from './multi-database.ts';
export { resolveConflict } from './serialize-conflict.ts';
export { PersistentWeakRef } from './weak-reference.ts';
export {
  ConflictError,
  CorruptedError,
  LockError,
  POSError,
  POSKeyError,
  QuotaError,
  ReadConflictError,
  ReadOnlyError,
  StorageTransactionError,
  UndoError,
} from './errors.ts';
export { FileStorage, type FileStorageOptions } from './filestorage/file-storage.ts';
export type { Oid, Storage, StoredRecord, Tid, TransactionRecord } from './interfaces.ts';
export { secondsOfTid, tidOfSeconds } from './timestamp.ts';
export { MappingStorage } from './storages/mapping-storage.ts';
export { type DbCommand, dbCommands, type DbCommandStreams } from './tools/commands.ts';
