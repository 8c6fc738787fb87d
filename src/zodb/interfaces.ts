/** What a storage is: the seam between databases and where they are kept. Everything is synchronous. */
import type { Oid } from '../persistent/index.ts';
import type { Transaction } from '../transaction/index.ts';

export type { Oid };
/** A revision: the transaction that wrote it. 64 bits. */
export type Tid = bigint;

export {
  ConflictError,
  CorruptedError,
  POSKeyError,
  QuotaError,
  ReadConflictError,
  ReadOnlyError,
  StorageTransactionError,
  UndoError,
} from './errors.ts';

/** A revision of an object. */
export interface StoredRecord {
  readonly data: Uint8Array;
  readonly tid: Tid;
}

/** A transaction that was seen or made before the disk had it: see `Storage.showEarly`. */
export interface Undurable {
  readonly storage: Storage;
  readonly tid: Tid;
  /** What `losses` was then. */
  readonly losses: number;
}

/** A revision and when it ended; `end` is null for the current one. */
export interface RecordBefore extends StoredRecord {
  readonly end: Tid | null;
}

/** User, description and extension of a transaction as they are stored. */
export interface RawMetadata {
  readonly user: Uint8Array;
  readonly description: Uint8Array;
  /** A pickle of a dict, or nothing. */
  readonly extensionBytes: Uint8Array;
}

/** What a storage is told to commit: a transaction, or one as another storage had it. */
export type StorageTransaction = Transaction | RawMetadata;

export interface HistoryEntry {
  readonly tid: Tid;
  /** Seconds since 1970. */
  readonly time: number;
  readonly userName: string;
  readonly description: string;
  /** Bytes of the record. */
  readonly size: number;
  /** As stored, where the storage keeps it. */
  readonly metadata?: RawMetadata;
}

/** A transaction that can be undone. */
export interface UndoEntry {
  readonly tid: Tid;
  readonly time: number;
  readonly userName: string;
  readonly description: string;
  readonly extension: ReadonlyMap<unknown, unknown>;
  /** Bytes of the transaction. */
  readonly size?: number;
  /** As stored, where the storage keeps it. */
  readonly metadata?: RawMetadata;
}

export interface PackOptions {
  /** Remove what nothing refers to (default). */
  readonly gc?: boolean;
  /** Keep the database as it was beside the packed one, where the storage can (default: as it was opened). */
  readonly keepOld?: boolean;
  /** Oids that a record refers to; default: those of ZODB's references. */
  referencesOf?(data: Uint8Array): Iterable<Oid>;
  progress?(done: number, total: number): void;
}

/** A record in a transaction, as iterators give it. `data` is null when the transaction deleted or undid the object's creation. */
export interface TransactionDataRecord {
  readonly oid: Oid;
  readonly tid: Tid;
  readonly data: Uint8Array | null;
  /** The transaction whose data this record points at, if it has none of its own. */
  readonly dataTxn: Tid | null;
}

export interface TransactionRecord extends RawMetadata, Iterable<TransactionDataRecord> {
  readonly tid: Tid;
  /** ' ' for one that can be undone, 'p' for one that was packed. */
  readonly status: string;
}

/** What a transaction changed. */
export interface Invalidation {
  readonly tid: Tid;
  readonly oids: readonly Oid[];
}

/** The current revision of an object, and the oid of the object after it. */
export interface CurrentRecord extends StoredRecord {
  readonly oid: Oid;
  readonly next: Oid | undefined;
}

/** The part of a storage that takes transactions. */
export interface CommittingStorage {
  tpcBegin(transaction: StorageTransaction, tid?: Tid, status?: string): void;
  /**
   * Writes a revision made from `previous` (0 for a new object). Throws a ConflictError when another one is current and
   * the two cannot be merged.
   */
  store(oid: Oid, previous: Tid, data: Uint8Array, transaction: StorageTransaction): void;
  /** Throws a ReadConflictError unless `tid` is the current revision. */
  checkCurrentSerialInTransaction(oid: Oid, tid: Tid, transaction: StorageTransaction): void;
  /** After it `tpcFinish` will not fail. Gives the objects that were merged with others' changes. */
  tpcVote(transaction: StorageTransaction): readonly Oid[] | undefined;
  /** Makes it durable and visible; calls back with the transaction's id before anybody else can see it. */
  tpcFinish(transaction: StorageTransaction, callback?: (tid: Tid) => void): Tid;
  tpcAbort(transaction: StorageTransaction): void;
  newOid(): Oid;
  isReadOnly(): boolean;
  sortKey(): string;
}

export interface Storage extends CommittingStorage {
  /** The current revision. Throws a POSKeyError. */
  load(oid: Oid): StoredRecord;
  /** The newest revision before `tid`; null when there was none. Throws a POSKeyError for an object that never was. */
  loadBefore(oid: Oid, tid: Tid): RecordBefore | null;
  /** That very revision. Throws a POSKeyError. */
  loadSerial(oid: Oid, tid: Tid): Uint8Array;
  /** The revisions of objects before `tid` will be loaded soon: for storages that can fetch many at once. */
  prefetch?(oids: readonly Oid[], tid: Tid): void;
  lastTransaction(): Tid;
  /**
   * From now on transactions are seen as soon as they are in the file, before the disk has them, and one with `endsEarly` ends then.
   * Whoever tells the outside world what was seen or done must await `durable` first. False: this storage cannot do that, and nothing changes.
   */
  showEarly?(): boolean;
  /** How often the disk refused what had been shown early: what was seen before the last time may be gone. */
  readonly losses?: number;
  /**
   * Whether the disk has a transaction and all before it.
   * @param losses What `losses` was when the transaction was seen.
   */
  isDurable?(tid: Tid, losses: number): boolean;
  /** Resolves when the disk has it. Rejects with a SyncError when it was lost. */
  durable?(tid: Tid, losses: number): Promise<void>;
  /**
   * Keeps other threads from committing until this one has committed or calls `endTurn`, and not longer than a fraction of a second: a
   * transaction that begins now, and is short, meets no conflict with theirs. Waits for those that are being committed.
   */
  takeTurn?(): void;
  endTurn?(): void;
  /** The number under which the threads of a site know the file that they share. */
  readonly file?: number;
  /**
   * Objects that transactions after `tid` changed, in order of the transactions; null when that is not known any more. What the
   * transaction `but` changed may be left out.
   */
  changesSince?(tid: Tid, but?: Tid): readonly Oid[] | null;
  /** The last transactions with their objects, the oldest first. */
  lastInvalidations?(count: number): Invalidation[];
  /** The current record of the first object from an oid on; undefined when there is none. Throws a POSKeyError for one that was removed. */
  currentRecord?(from?: Oid): CurrentRecord | undefined;
  /** Revisions of an object, the newest first. */
  history?(oid: Oid, size?: number): HistoryEntry[];
  supportsUndo?(): boolean;
  /** Writes revisions that take back those of a transaction; gives the objects. Throws an UndoError. */
  undo?(tid: Tid, transaction: StorageTransaction): readonly Oid[];
  /** Transactions that can be undone, the newest first, from the `first` to before the `last`. */
  undoLog?(first?: number, last?: number, filter?: (entry: UndoEntry) => boolean): UndoEntry[];
  /** Removes revisions that were not current at a time (seconds since 1970). */
  pack(time: number, options?: PackOptions): void;
  /** The same in small steps, between which other work of the thread goes on. */
  packOnline?(time: number, options?: PackOptions): Promise<void>;
  iterator(start?: Tid, stop?: Tid): Iterable<TransactionRecord>;
  /** Writes a revision as another storage had it, without a check. */
  restore?(
    oid: Oid,
    tid: Tid,
    data: Uint8Array | null,
    previousTid: Tid | null,
    transaction: StorageTransaction,
  ): void;
  deleteObject?(oid: Oid, previous: Tid, transaction: StorageTransaction): void;
  /** How to merge two changes of an object: the merged record, or undefined. Set by the database. */
  setConflictResolver?(resolver: ConflictResolver): void;
  getName(): string;
  /** Bytes. */
  getSize(): number;
  /** Number of objects. */
  size(): number;
  close(): void;
}

/** From a record before both changes, the committed one and the new one to one with both changes; undefined when they clash. */
export type ConflictResolver = (
  oid: Oid,
  old: Uint8Array,
  committed: Uint8Array,
  changed: Uint8Array,
) => Uint8Array | undefined;

/** A storage as one connection sees it: a state that stands still until it polls. */
export interface StorageInstance extends CommittingStorage {
  load(oid: Oid): StoredRecord;
  loadSerial(oid: Oid, tid: Tid): Uint8Array;
  /** Objects that will be loaded soon. */
  prefetch(oids: readonly Oid[]): void;
  /** Moves on to the newest state; the objects that changed on the way, or null when all may have. */
  pollInvalidations(): Iterable<Oid> | null;
  release(): void;
}

/** The part of a storage that keeps blobs: files that belong to revisions of objects. */
export interface BlobStore {
  /** As `store`, with a file, which is moved to its place. */
  storeBlob(
    oid: Oid,
    previous: Tid,
    data: Uint8Array,
    filename: string,
    transaction: StorageTransaction,
  ): void;
  /** As `restore`, with a file, which is moved to its place. */
  restoreBlob(
    oid: Oid,
    tid: Tid,
    data: Uint8Array | null,
    filename: string,
    previousTid: Tid | null,
    transaction: StorageTransaction,
  ): void;
  /** Where the file of a revision is. It must not be changed. Throws a POSKeyError. */
  loadBlob(oid: Oid, tid: Tid): string;
  /** Where files are made that will be stored: on the file system of the blobs. */
  temporaryDirectory(): string;
}
