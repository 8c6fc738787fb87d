export { Blob } from './blob.ts';
export { BlobError, UnsupportedError } from './blob-errors.ts';
export { BlobFile, type BlobMode } from './blob-file.ts';
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
export { Connection, resetCaches, whenDurable } from './connection.ts';
export type { RootAccess, RootMapping } from './connection-root.ts';
export { type Activity, ActivityMonitor } from './db-activity.ts';
export { DB } from './db.ts';
export type { DBOptions, OpenOptions } from './db-options.ts';
export { MountPoint } from './multi-database.ts';
export { resolveConflict } from './serialize-conflict.ts';
export { referencesOf } from './serialize-reader.ts';
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
  SyncError,
  UndoError,
} from './errors.ts';
export { BlobDirectory, type BlobRevision } from './blobs/blob-directory.ts';
export type { BlobLayout } from './blobs/layout.ts';
export {
  FileStorageError,
  FileStorageFormatError,
  MultipleUndoErrors,
  PackError,
} from './filestorage/errors.ts';
export { FileStorage, type FileStorageOptions, type SharedFile } from './filestorage/file-storage.ts';
export type {
  BlobStore,
  HistoryEntry,
  Oid,
  PackOptions,
  Storage,
  StoredRecord,
  Tid,
  Undurable,
  TransactionDataRecord,
  TransactionRecord,
  UndoEntry,
} from './interfaces.ts';
export { secondsOfTid, tidOfSeconds } from './timestamp.ts';
export { BeforeStorage } from './storages/before-storage.ts';
export { BlobStorage, type BlobStorageOptions } from './storages/blob-storage.ts';
export { DemoStorage, type DemoStorageOptions } from './storages/demo-storage.ts';
export { isBlobStore } from './storages/is-blob-store.ts';
export { MappingStorage, type MappingStorageOptions } from './storages/mapping-storage.ts';
export { ZlibStorage, type ZlibStorageOptions } from './storages/zlib-storage.ts';
export type { DbCommand, DbCommandStreams } from './tools/command.ts';
export { dbCommands } from './tools/commands.ts';
