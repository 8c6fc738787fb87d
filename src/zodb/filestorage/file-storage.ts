/**
 * FileStorage: all revisions of all objects in one file, in Python's format. Reading is at most one `pread` for most records; a
 * transaction is one write, a status byte and an `fsync`. One class, for all of it shares the state of one open file; how things are
 * read, written, undone and packed is in the files beside it.
 */
import { closeSync, fstatSync, rmSync } from 'node:fs';
import { getLogger } from '@logtape/logtape';
import type { Transaction } from '../../transaction/index.ts';
import { BlobDirectory, type BlobRevision } from '../blobs/blob-directory.ts';
import { isBlobRecord } from '../blobs/is-blob-record.ts';
import type { BlobLayout } from '../blobs/layout.ts';
import {
  type BlobStore,
  ConflictError,
  type ConflictResolver,
  CorruptedError,
  type CurrentRecord,
  type HistoryEntry,
  type Invalidation,
  type Oid,
  type PackOptions,
  POSKeyError,
  QuotaError,
  ReadConflictError,
  ReadOnlyError,
  type RecordBefore,
  type Storage,
  type StorageTransaction,
  type StoredRecord,
  StorageTransactionError,
  type Tid,
  type TransactionRecord,
  type UndoEntry,
  UndoError,
} from '../interfaces.ts';
import { POSError } from '../errors.ts';
import { mergeChanges, nextOid } from '../storages/merge.ts';
import { tidAfter, tidOfSeconds } from '../timestamp.ts';
import { disk, openDataFile } from './disk.ts';
import { FileStorageError } from './errors.ts';
import { DATA_HEADER, MAGIC_SIZE, readPosition, readU64 } from './format.ts';
import {
  backwards,
  dataOfRevision,
  findRecord,
  findTransaction,
  historyFrom,
  recordsIn,
  undoableTransactions,
} from './history.ts';
import { readIndexFile, writeIndexFile } from './index-file.ts';
import { bytesOf, type RecordData } from './held-records.ts';
import { StorageHealth } from './health.ts';
import { LockFile } from './lock-file.ts';
import { encodeMetadata } from './metadata.ts';
import type { FileState } from './file-state.ts';
import { OwnState } from './own-state.ts';
import { openCurrent, SharedState } from './shared/shared-state.ts';
import { packAtOnce, packOnline, type PackHost } from './pack-steps.ts';
import { PendingTransaction } from './pending.ts';
import type { RecordReader } from './records.ts';
import { Scanner } from './scan.ts';
import { CommitState, type SharedMemory } from './shared/commit-state.ts';
import { transactionsOf } from './transactions.ts';
import { TroubleFinder } from './trouble.ts';
import { undoRecords } from './undo.ts';

export interface FileStorageOptions {
  /** Begin with an empty file; what was there is removed. */
  readonly create?: boolean;
  readonly readOnly?: boolean;
  /** Show the state before this transaction. Needs `readOnly`. */
  readonly stop?: Tid;
  /** Size in bytes beyond which nothing more is stored. */
  readonly quota?: number;
  /** Bytes of the records of a transaction beyond which they wait in a temporary file to be written; 4 MiB unless told. */
  readonly recordsInMemory?: number;
  /** Whether a transaction waits until its bytes are on the disk (default). */
  readonly fsync?: boolean;
  /** Whether `pack` removes what nothing refers to, unless it is told (default). */
  readonly packGc?: boolean;
  /** Whether `pack` keeps the file as it was under `.old` (default). */
  readonly packKeepOld?: boolean;
  /** For use by several threads: the number of this one, above 0. See `share`. */
  readonly shared?: number;
  /** For one thread that is going to call `showEarly`. */
  readonly early?: boolean;
  /** The directory of the blobs. Without one there are none. */
  readonly blobDir?: string;
  /** Default: that of the directory, bushy for a new one. */
  readonly blobLayout?: BlobLayout;
}

/** A file that several threads have open. It can be posted to them. */
export interface SharedFile {
  readonly path: string;
  readonly options: FileStorageOptions;
  readonly memory: SharedMemory;
  /** The last transaction when the file was opened. */
  readonly first: Tid;
  /** The number of the thread: above 0, and of no other thread before. */
  readonly thread: number;
  /** The number of the file, which tells it from others of the process. */
  readonly file: number;
  /** See `StorageHealth`. */
  readonly health: SharedArrayBuffer;
}

/** A file that becomes the blob of a revision; without `tid` of the one that the transaction makes. */
interface GivenBlob {
  readonly oid: Oid;
  readonly tid: Tid | undefined;
  readonly file: string;
}

const NOWHERE = { position: 0, tid: 0n };

const logger = getLogger(['ZODB', 'FileStorage']);
/** Records after which the index is saved, at least; more for a database that has more objects. */
const SAVE_INDEX_AFTER = 10_000;
const SAVE_INDEX_PATIENCE_MS = 20;
/** Records. */
const TRY_INDEX_AGAIN_AFTER = 1000;

export class FileStorage implements Storage, BlobStore {
  readonly path: string;
  /** See `share`. */
  readonly file: number;
  readonly #options: FileStorageOptions;
  readonly #lock: LockFile | undefined;
  readonly #health: StorageHealth;
  #troubleFinder: TroubleFinder | undefined;
  readonly #blobs: BlobDirectory | undefined;
  readonly #state: FileState;
  readonly #records: RecordReader;
  #resolver: ConflictResolver | undefined;
  #transaction: StorageTransaction | undefined;
  #pending: PendingTransaction | undefined;
  /** The id that the transaction is to have; undefined: it gets one with its place. */
  #wished: Tid | undefined;
  /** Whether other threads are kept from committing. */
  #locked = false;
  /** What the transaction did before it was locked: done again if others have changed what it saw. */
  #steps: (() => void)[] = [];
  /** Of what positions it saw: the objects that it only checked, with their positions, and the state of the file. */
  #checked: [oid: Oid, position: number][] = [];
  #generation = 0;
  /** Files that become blobs, and copies of blobs, when the transaction has its id. */
  #givenBlobs: GivenBlob[] = [];
  #copiedBlobs: [oid: Oid, position: number][] = [];
  #resolved: Oid[] = [];
  #newBlobs: BlobRevision[] = [];
  #voted = false;
  /** The last transaction that this storage wrote, and where its records are. */
  #own = { tid: 0n, start: 0, end: 0, generation: -1 };
  /** The transaction that the current one has lost against, or was merged with. */
  #rival: Tid | undefined;
  /** Why nothing can be written any more. */
  #broken: unknown;
  #sinceIndex = 0;
  #closed = false;

  /**
   * Opens a file, or makes one.
   *
   * @throws LockError, CorruptedError or an error of the file system.
   */
  constructor(path: string, options: FileStorageOptions = {}, attach?: SharedFile) {
    this.path = path;
    this.file = attach?.file ?? 0;
    this.#options = options;
    this.#health = new StorageHealth(attach?.health);
    if (attach !== undefined) {
      const shared = new CommitState(attach.memory, attach.thread);
      this.#state = new SharedState(path, openCurrent(path, shared), shared, attach.first);
      this.#records = this.#state.records;
      if (options.blobDir !== undefined)
        this.#blobs = new BlobDirectory(options.blobDir, options.blobLayout, false);
      return;
    }
    const readOnly = options.readOnly === true;
    if (readOnly && options.create) throw new FileStorageError('a read-only storage cannot be created');
    if (options.stop !== undefined && !readOnly)
      throw new FileStorageError('a state of the past can only be opened read-only');
    this.#lock = readOnly ? undefined : new LockFile(path, () => this.#lockLost());
    try {
      if (options.create) for (const end of ['', '.index']) rmSync(`${path}${end}`, { force: true });
      // Left by a process that was killed while it packed or saved its index.
      if (!readOnly) for (const end of ['.pack', '.index_tmp']) rmSync(`${path}${end}`, { force: true });
      const descriptor = openDataFile(path, readOnly, !readOnly);
      try {
        if (options.blobDir !== undefined) {
          this.#blobs = new BlobDirectory(options.blobDir, options.blobLayout, readOnly);
          if (options.create) this.#blobs.clear();
        }
        const saved = fstatSync(descriptor).size > MAGIC_SIZE ? this.#savedIndex() : undefined;
        const found = new Scanner(descriptor, path).scan(saved, { readOnly, stop: options.stop });
        this.#state =
          options.shared === undefined && options.early !== true
            ? new OwnState(path, descriptor, found)
            : SharedState.found(path, descriptor, found, options.shared);
        this.#records = this.#state.records;
        if (!found.asSaved && !readOnly && found.index.size > 0) this.#saveIndex();
        if (!readOnly)
          this.#blobs?.recover(
            (tid) =>
              tid <= found.lastTid && findTransaction(this.#records, found.end, tid, true) !== undefined,
          );
        if (found.lastTid > tidOfSeconds(Date.now() / 1000 + 60))
          logger.warn(`${path}: its last transaction lies in the future; is the clock right?`);
      } catch (error) {
        closeSync(descriptor);
        throw error;
      }
    } catch (error) {
      this.#lock?.close();
      throw error;
    }
  }

  #lockLost(): void {
    this.#health.loseLock();
    logger.error(
      `${this.path} takes no more transactions: ${this.#health.refusal}. End one of the two, and check the database`,
    );
  }

  /**
   * What keeps the database from being read or written: the disk was full or failed at the last transactions, the lock is lost, the file
   * is unreadable or another one. Undefined when nothing is known. Takes some microseconds; the text has no path.
   */
  trouble(): string | undefined {
    if (this.#closed) return undefined;
    this.#troubleFinder ??= new TroubleFinder(this.path, this.#state, this.#health);
    return this.#troubleFinder.find(this.isReadOnly());
  }

  /** Calls what brings a transaction to the disk. */
  #writing<T>(write: () => T): T {
    try {
      return write();
    } catch (error) {
      this.#health.failed(error, this.#state.durableTid);
      throw error;
    }
  }

  #savedIndex() {
    const file = `${this.path}.index`;
    return readIndexFile(file, (reason) =>
      logger.warn(`${file} is not used and will be made anew: ${reason}`),
    );
  }

  /** Writes the index to a file, for a copy of all that is there now. */
  saveIndexTo(path: string): void {
    writeIndexFile(path, this.#state.end, this.#state.index);
  }

  #saveIndex(): void {
    this.#sinceIndex = 0;
    try {
      writeIndexFile(`${this.path}.index`, this.#state.end, this.#state.index);
    } catch (error) {
      // The index only makes the next start faster.
      logger.warn(`${this.path}.index cannot be written: {error}`, { error });
    }
  }

  #position(oid: Oid): number {
    const state = this.#state;
    let position: number;
    // Another thread may have committed between the two.
    do {
      state.follow();
      position = state.index.get(oid);
    } while (position >= state.bytes.end);
    if (position === 0) throw new POSKeyError(oid);
    return position;
  }

  load(oid: Oid): StoredRecord {
    const position = this.#position(oid);
    // Behind every record there are eight bytes at least.
    const at = this.#state.bytes.locate(position, DATA_HEADER + 8);
    if (at < 0) throw this.#records.damaged(position, 'it ends inside a record');
    const { view } = this.#state.bytes;
    if (readU64(view, at) !== oid)
      throw this.#records.damaged(position, 'the record is one of another object');
    const tid = view.getBigUint64(at + 8);
    const length = readPosition(view, at + 34);
    if (length > 0) return { data: this.#records.copy(position + DATA_HEADER, length), tid };
    const { data } = this.#records.resolveAt(readPosition(view, at + DATA_HEADER));
    if (data === null) throw new POSKeyError(oid);
    return { data, tid };
  }

  loadBefore(oid: Oid, tid: Tid): RecordBefore | null {
    let end: Tid | null = null;
    for (let position = this.#position(oid); position !== 0;) {
      const record = this.#records.record(position, oid);
      if (record.tid < tid) {
        const { data } = this.#records.resolve(position, record);
        if (data === null) throw new POSKeyError(oid);
        return { data, tid: record.tid, end };
      }
      end = record.tid;
      position = this.#records.previous(position, record);
    }
    return null;
  }

  loadSerial(oid: Oid, tid: Tid): Uint8Array {
    const data = dataOfRevision(this.#records, this.#position(oid), oid, tid);
    if (data === null) throw new POSKeyError(oid);
    return data;
  }

  /** The current revision's transaction. Throws a POSKeyError. */
  getTid(oid: Oid): Tid {
    const position = this.#position(oid);
    const record = this.#records.record(position, oid);
    if (record.length === 0 && record.back === 0) throw new POSKeyError(oid);
    return record.tid;
  }

  lastTransaction(): Tid {
    return this.#state.lastTid;
  }

  showEarly(): boolean {
    return this.#options.fsync !== false && this.#state.showEarly();
  }

  get losses(): number {
    return this.#state.losses;
  }

  isDurable(tid: Tid, losses: number): boolean {
    return this.#state.isDurable(tid, losses);
  }

  durable(tid: Tid, losses: number): Promise<void> {
    const durable = this.#state.durable(tid, losses);
    durable.catch((error: unknown) => {
      if (!this.#closed) this.#health.failed(error, this.#state.durableTid);
    });
    return durable;
  }

  takeTurn(): void {
    this.#state.takeTurn();
  }

  endTurn(): void {
    this.#state.endTurn();
  }

  changesSince(tid: Tid, but?: Tid): readonly Oid[] | null {
    return this.#state.changesSince(tid, but);
  }

  lastInvalidations(count: number): Invalidation[] {
    const found: Invalidation[] = [];
    if (count <= 0) return found;
    this.#state.follow();
    for (const position of backwards(this.#records, this.#state.seenEnd)) {
      const { tid } = this.#records.transaction(position);
      found.push({ tid, oids: [...recordsIn(this.#records, position)].map(([, { oid }]) => oid) });
      if (found.length >= count) break;
    }
    return found.reverse();
  }

  currentRecord(from: Oid = 0): CurrentRecord | undefined {
    this.#state.follow();
    const { index } = this.#state;
    const oid = index.atOrAfter(from);
    if (oid === undefined) return undefined;
    return { oid, ...this.load(oid), next: index.atOrAfter(nextOid(oid)) };
  }

  newOid(): Oid {
    if (this.isReadOnly()) throw new ReadOnlyError();
    return this.#state.newOid();
  }

  /** Largest size of the file in bytes; null for no limit. */
  get quota(): number | null {
    return this.#options.quota ?? null;
  }

  isReadOnly(): boolean {
    return this.#options.readOnly === true;
  }

  sortKey(): string {
    return this.path;
  }

  getName(): string {
    return this.path;
  }

  getSize(): number {
    this.#state.follow();
    return this.#state.end;
  }

  size(): number {
    return this.#state.index.size;
  }

  setConflictResolver(resolver: ConflictResolver): void {
    this.#resolver = resolver;
  }

  #writable(): void {
    if (this.isReadOnly()) throw new ReadOnlyError();
    if (this.#closed) throw new POSError('the storage is closed');
  }

  /** The transaction that is being committed. */
  #open(transaction: StorageTransaction): PendingTransaction {
    this.#writable();
    if (this.#pending === undefined || transaction !== this.#transaction)
      throw new StorageTransactionError('this transaction is not being committed');
    if (this.#voted) throw new StorageTransactionError('the transaction has been voted on');
    return this.#pending;
  }

  tpcBegin(transaction: StorageTransaction, tid?: Tid, status = ' '): void {
    this.#writable();
    if (this.#broken !== undefined)
      throw new FileStorageError(`${this.path} takes no more transactions, for writing to it failed`, {
        cause: this.#broken,
      });
    const { refusal } = this.#health;
    if (refusal !== undefined)
      throw new FileStorageError(`${this.path} takes no more transactions: ${refusal}`);
    if (this.#transaction === transaction)
      throw new StorageTransactionError('the transaction has begun already');
    if (this.#transaction !== undefined)
      throw new StorageTransactionError('another transaction is being committed');
    this.#pending = new PendingTransaction(
      status,
      encodeMetadata(transaction),
      this.#options.recordsInMemory,
    );
    this.#wished = tid;
    this.#transaction = transaction;
    if (this.#state.alone) this.#place(this.#pending);
    else {
      this.#state.follow();
      this.#generation = this.#state.generation;
    }
  }

  /**
   * Keeps other threads from committing, and gives the transaction its place. What it saw before may have changed: then all that it
   * did is done again.
   *
   * @throws What `store` and the others throw; nobody is kept from committing then.
   */
  #place(pending: PendingTransaction): void {
    const state = this.#state;
    state.lock();
    this.#locked = true;
    try {
      pending.place(state.end, this.#wished ?? tidAfter(state.appendedTid, Date.now() / 1000));
      if (this.#isStale(pending)) {
        pending.clear();
        this.#resolved = [];
        this.#copiedBlobs = [];
        this.#rival = undefined;
        for (const step of this.#steps) step();
      }
      const last = pending.records.at(-1);
      if (last !== undefined) this.#checkQuota(pending.start + last.offset);
      for (const { oid, tid, file } of this.#givenBlobs) this.#addBlob(oid, file, tid);
      for (const [oid, position] of this.#copiedBlobs) this.#copyBlob(oid, position);
      if (this.#givenBlobs.length > 0) this.#givenBlobs = [];
      if (this.#copiedBlobs.length > 0) this.#copiedBlobs = [];
    } catch (error) {
      this.#locked = false;
      state.unlock();
      throw error;
    }
  }

  /** Whether something that the transaction saw is not so any more. */
  #isStale(pending: PendingTransaction): boolean {
    if (this.#steps.length === 0) return false;
    const { index, generation } = this.#state;
    if (generation !== this.#generation) return true;
    for (const { oid, previous } of pending.records) if (index.get(oid) !== previous) return true;
    return this.#checked.some(([oid, position]) => index.get(oid) !== position);
  }

  /** Does a part of the transaction, now and perhaps again when it is locked. */
  #do<T>(step: () => T): T {
    if (this.#locked) return step();
    const state = this.#state;
    for (;;) {
      state.follow();
      const { generation } = state;
      const { end } = state.bytes;
      try {
        const result = step();
        this.#steps.push(step);
        return result;
      } catch (error) {
        if (!(error instanceof CorruptedError)) throw error;
        // What another thread was just changing is no damage; it is done when the lock can be had.
        state.lock();
        state.unlock();
        if (state.generation === generation && state.bytes.end === end) throw error;
      }
    }
  }

  #checkQuota(position: number): void {
    const { quota } = this.#options;
    if (quota !== undefined && position > quota)
      throw new QuotaError(`${this.path} would grow beyond its quota of ${quota} bytes`);
  }

  /** Where an object is, and the revision there; position 0: nowhere. */
  #currentOf(oid: Oid): { readonly position: number; readonly tid: Tid } {
    const state = this.#state;
    let position = state.index.get(oid);
    if (position === 0) return NOWHERE;
    const own = this.#own;
    if (position >= own.start && position < own.end && own.generation === state.generation)
      return { position, tid: own.tid };
    // Another thread may have committed just now.
    while (position >= state.bytes.end) {
      state.follow();
      position = state.index.get(oid);
    }
    if (position === 0) return NOWHERE;
    return { position, tid: this.#records.tidAt(position, oid) };
  }

  /** Adds a record and looks whether there is room for it. */
  #add(
    pending: PendingTransaction,
    oid: Oid,
    previous: number,
    data: RecordData | null,
    back?: number,
    tid?: Tid,
  ): void {
    this.#checkQuota((this.#locked ? pending.start : this.#state.end) + pending.length);
    this.#state.useOid(oid);
    pending.add(oid, previous, data, back, tid);
  }

  store(oid: Oid, previousTid: Tid, data: Uint8Array, transaction: StorageTransaction): void {
    const pending = this.#open(transaction);
    if (data.length === 0) throw new FileStorageError('a record of no bytes cannot be stored in this format');
    const held = pending.hold(data);
    this.#do(() => {
      const { position, tid } = this.#currentOf(oid);
      let stored = held;
      if (position !== 0 && tid !== previousTid) {
        this.#rival = tid;
        stored = mergeChanges(this, this.#resolver, oid, [tid, previousTid], bytesOf(held));
        this.#resolved.push(oid);
      }
      this.#add(pending, oid, position, stored);
    });
  }

  deleteObject(oid: Oid, previousTid: Tid, transaction: StorageTransaction): void {
    const pending = this.#open(transaction);
    this.#do(() => {
      const { position, tid } = this.#currentOf(oid);
      if (position === 0) throw new POSKeyError(oid);
      if (tid !== previousTid) {
        this.#rival = tid;
        throw new ConflictError('database conflict error', { oid, serials: [tid, previousTid] });
      }
      this.#add(pending, oid, position, null);
    });
  }

  restore(
    oid: Oid,
    tid: Tid,
    data: Uint8Array | null,
    previousTid: Tid | null,
    transaction: StorageTransaction,
  ): void {
    const pending = this.#open(transaction);
    const held = data && pending.hold(data);
    this.#do(() => {
      const back = previousTid === null ? 0 : this.#sameData(oid, previousTid, held && bytesOf(held));
      const given = back === 0 && held?.length !== 0 ? held : null;
      this.#add(pending, oid, this.#state.index.get(oid), given, back, tid);
    });
  }

  /** Up to here transactions can be read. */
  get #readableEnd(): number {
    return Math.min(this.#state.end, this.#state.bytes.end);
  }

  /** Where a transaction has an object's record with these data; 0: nowhere. */
  #sameData(oid: Oid, tid: Tid, data: Uint8Array | null): number {
    const transaction = findTransaction(this.#records, this.#readableEnd, tid, true);
    const position = transaction === undefined ? 0 : findRecord(this.#records, transaction, oid);
    if (position === 0) return 0;
    const found = this.#records.resolveAt(position).data;
    const same = data === null || found === null ? data === found : Buffer.compare(data, found) === 0;
    return same ? position : 0;
  }

  checkCurrentSerialInTransaction(oid: Oid, tid: Tid, transaction: StorageTransaction): void {
    this.#open(transaction);
    this.#do(() => {
      const position = this.#position(oid);
      const record = this.#records.record(position, oid);
      if (record.length === 0 && record.back === 0) throw new POSKeyError(oid);
      if (record.tid !== tid) {
        this.#rival = record.tid;
        throw new ReadConflictError('an object that was read has changed', {
          oid,
          serials: [record.tid, tid],
        });
      }
      if (!this.#locked) this.#checked.push([oid, position]);
    });
  }

  tpcVote(transaction: StorageTransaction): readonly Oid[] {
    const pending = this.#open(transaction);
    if (!this.#locked) {
      // As much as possible before others have to wait.
      pending.prepare();
      this.#place(pending);
    }
    const state = this.#state;
    if (state.dirtyTail) {
      disk.truncate(state.descriptor, state.end);
      state.dirtyTail = false;
    }
    state.appending(pending);
    this.#voted = true;
    this.#writing(() => pending.write(state.descriptor));
    return this.#resolved;
  }

  tpcFinish(transaction: StorageTransaction, callback?: (tid: Tid) => void): Tid {
    this.#writable();
    const pending = this.#pending;
    if (pending === undefined || transaction !== this.#transaction)
      throw new StorageTransactionError('this transaction is not being committed');
    if (!this.#voted) throw new StorageTransactionError('tpcFinish without tpcVote');
    const state = this.#state;
    const fsync = this.#options.fsync !== false;
    try {
      pending.complete(state.descriptor);
      state.append(pending, fsync);
    } catch (error) {
      this.#health.failed(error, state.durableTid);
      this.#abandon();
      throw error;
    }
    this.#locked = false;
    try {
      // Blobs that are lost with it have to go by then.
      const later = this.#newBlobs.length === 0 && (transaction as Partial<Transaction>).endsEarly === true;
      state.publish(pending, fsync, callback, later);
    } catch (error) {
      if (state.published(pending)) this.#clear();
      else {
        this.#health.failed(error, state.durableTid);
        this.#takenBack();
      }
      throw error;
    }
    this.#sinceIndex += pending.records.length;
    this.#own = this.#ownOf(pending);
    this.#clear();
    if (this.#sinceIndex >= Math.max(SAVE_INDEX_AFTER, state.index.size)) {
      this.#saveIndexSettled(fsync);
    }
    return pending.tid;
  }

  /**
   * Between transactions. This one is over: what the disk refuses now are others, whose threads are told. Where others do not let go
   * of the file, a later transaction does this: the thread may have the lock of another file, for which they wait.
   */
  #saveIndexSettled(fsync: boolean): void {
    try {
      if (!this.#state.lockSettled(fsync, SAVE_INDEX_PATIENCE_MS)) {
        this.#sinceIndex -= TRY_INDEX_AGAIN_AFTER;
        return;
      }
    } catch (error) {
      logger.warn(`${this.path}.index is not written, for the disk failed: ${error}`, { error });
      return;
    }
    this.#saveIndex();
    this.#state.unlock();
  }

  #ownOf({ tid, start, end, records }: PendingTransaction) {
    const { generation } = this.#state;
    const restored = records.some((record) => record.tid !== undefined);
    return restored ? this.#own : { tid, start, end, generation };
  }

  /**
   * What the disk has of the last transaction is not known. It is taken back; where that fails too, nothing more may be written,
   * for the next start may find the transaction complete.
   */
  #abandon(): void {
    try {
      disk.truncate(this.#state.descriptor, this.#state.end);
      disk.sync(this.#state.descriptor);
    } catch (error) {
      this.#broken = error;
      this.#state.writeNoMore();
      logger.error(`${this.path} cannot be written to, and takes no more transactions: {error}`, { error });
    }
    this.#takenBack();
  }

  #unlock(): void {
    if (!this.#locked) return;
    this.#locked = false;
    this.#state.unlock();
  }

  /** Blobs go before another thread can store some of the same objects, or pack. */
  #takenBack(): void {
    try {
      this.#removeNewBlobs();
    } finally {
      this.#unlock();
      this.#clear();
    }
  }

  tpcAbort(transaction: StorageTransaction): void {
    if (transaction !== this.#transaction) return;
    if (this.#voted) {
      try {
        disk.truncate(this.#state.descriptor, this.#state.end);
      } catch (error) {
        // What is left has the status of an incomplete transaction.
        this.#state.dirtyTail = true;
        logger.error(`${this.path} cannot be cut at ${this.#state.end}: {error}`, { error });
      }
    }
    const rival = this.#rival;
    this.#takenBack();
    if (rival !== undefined) this.#state.lostAgainst(rival);
  }

  #removeNewBlobs(): void {
    for (const revision of this.#newBlobs) this.#blobs!.remove(revision);
    for (const { file } of this.#givenBlobs) rmSync(file, { force: true });
  }

  #clear(): void {
    this.#transaction = undefined;
    this.#pending?.close();
    this.#pending = undefined;
    this.#voted = false;
    this.#rival = undefined;
    if (this.#steps.length > 0) this.#steps = [];
    if (this.#checked.length > 0) this.#checked = [];
    if (this.#resolved.length > 0) this.#resolved = [];
    if (this.#givenBlobs.length > 0) this.#givenBlobs = [];
    if (this.#copiedBlobs.length > 0) this.#copiedBlobs = [];
    if (this.#newBlobs.length > 0) {
      for (const { tid } of this.#newBlobs) this.#blobs!.settle(tid);
      this.#newBlobs = [];
    }
  }

  history(oid: Oid, size = 1): HistoryEntry[] {
    return historyFrom(this.#records, this.#position(oid), size);
  }

  supportsUndo(): boolean {
    return true;
  }

  undoLog(first = 0, last = -20, filter?: (entry: UndoEntry) => boolean): UndoEntry[] {
    this.#state.follow();
    return undoableTransactions(this.#records, this.#state.seenEnd, first, last, filter);
  }

  undo(tid: Tid, transaction: StorageTransaction): readonly Oid[] {
    const pending = this.#open(transaction);
    return this.#do(() => {
      const position = findTransaction(this.#records, this.#readableEnd, tid, false);
      if (position === undefined) throw new UndoError('there is no such transaction that could be undone');
      const { index } = this.#state;
      const state = { records: this.#records, index, pending, resolver: this.#resolver };
      const oids = new Set<Oid>();
      for (const { oid, data, back } of undoRecords(state, position)) {
        if (data === null && back !== 0) this.#copyBlob(oid, back);
        this.#add(pending, oid, index.get(oid), data, back);
        oids.add(oid);
      }
      return [...oids];
    });
  }

  /** A revision that points at the data of another one has a blob of its own. */
  #copyBlob(oid: Oid, position: number): void {
    if (this.#blobs === undefined) return;
    if (!this.#locked) {
      this.#copiedBlobs.push([oid, position]);
      return;
    }
    const { data, tid: from } = this.#records.resolveAt(position);
    if (data === null || !isBlobRecord(data)) return;
    const { tid } = this.#pending!;
    this.#blobs.begin({ oid, tid });
    this.#blobs.copy({ oid, tid: from }, tid, this.#options.fsync !== false);
    this.#newBlobs.push({ oid, tid });
  }

  /** Whether it was opened with a directory of blobs. */
  supportsBlobs(): boolean {
    return this.#blobs !== undefined;
  }

  #blobDirectory(): BlobDirectory {
    if (this.#blobs === undefined)
      throw new FileStorageError(`${this.path} was opened without a blob directory`);
    return this.#blobs;
  }

  /** @param wished Default: the transaction's. */
  #addBlob(oid: Oid, file: string, wished?: Tid): void {
    const fsync = this.#options.fsync !== false;
    if (!this.#locked) {
      // What takes long is done before others have to wait.
      if (fsync) this.#blobs!.flush(file);
      this.#givenBlobs.push({ oid, tid: wished, file });
      return;
    }
    const tid = wished ?? this.#pending!.tid;
    this.#blobs!.begin({ oid, tid });
    this.#blobs!.store({ oid, tid }, file, fsync);
    this.#newBlobs.push({ oid, tid });
  }

  storeBlob(
    oid: Oid,
    previous: Tid,
    data: Uint8Array,
    filename: string,
    transaction: StorageTransaction,
  ): void {
    this.#blobDirectory();
    this.store(oid, previous, data, transaction);
    this.#addBlob(oid, filename);
  }

  restoreBlob(
    oid: Oid,
    tid: Tid,
    data: Uint8Array | null,
    filename: string,
    previousTid: Tid | null,
    transaction: StorageTransaction,
  ): void {
    this.#blobDirectory();
    this.restore(oid, tid, data, previousTid, transaction);
    this.#addBlob(oid, filename, tid);
  }

  loadBlob(oid: Oid, tid: Tid): string {
    return this.#blobDirectory().load({ oid, tid });
  }

  temporaryDirectory(): string {
    return this.#blobDirectory().temporary;
  }

  iterator(start?: Tid, stop?: Tid): Iterable<TransactionRecord> {
    // The file may be packed before somebody begins to iterate.
    return {
      [Symbol.iterator]: () => {
        this.#state.follow();
        return transactionsOf(this.path, { whole: this.#state.seenEnd, start, stop });
      },
    };
  }

  pack(time: number, options: PackOptions = {}): void {
    packAtOnce(this.#packHost(), time, options);
  }

  packOnline(time: number, options: PackOptions = {}): Promise<void> {
    return packOnline(this.#packHost(), time, options);
  }

  #packHost(): PackHost {
    return {
      path: this.path,
      state: this.#state,
      blobs: this.#blobs,
      gc: this.#options.packGc ?? true,
      keepOld: this.#options.packKeepOld ?? true,
      fsync: this.#options.fsync !== false,
      checkWritable: () => this.#writable(),
      isCommitting: () => this.#transaction !== undefined,
      saveIndex: () => this.#saveIndex(),
    };
  }

  /**
   * What another thread of this process needs to open the same file with `attach`. The storage must have been opened with
   * `shared`, and be closed after those of all other threads.
   *
   * @param file A number that tells it from other files.
   */
  share(thread: number, file = 0): SharedFile {
    const { shared, first } = this.#sharedState();
    return {
      path: this.path,
      options: this.#options,
      memory: shared.memory,
      first,
      thread,
      file,
      health: this.#health.memory,
    };
  }

  /** Opens a file that another thread of this process has opened. */
  static attach(shared: SharedFile): FileStorage {
    return new FileStorage(shared.path, shared.options, shared);
  }

  #sharedState(): SharedState {
    if (!(this.#state instanceof SharedState) || this.#state.shared.memory.indexes === null)
      throw new FileStorageError(`${this.path} was not opened for several threads`);
    return this.#state;
  }

  /**
   * Puts in order what a thread left that has ended, in whatever way: a transaction that it was writing is taken back, or kept if
   * it was complete; locks that it held are released.
   */
  forgetThread(thread: number): void {
    this.#sharedState().forget(thread, () => rmSync(`${this.path}.pack`, { force: true }));
  }

  /** Bytes of memory that the index takes. */
  indexBytes(): number {
    return this.#state.index.bytes;
  }

  /** Oids of all objects. */
  oids(): Iterable<Oid> {
    this.#state.follow();
    return this.#state.index.keys();
  }

  /** Closes the file. A transaction that is being committed is aborted. */
  close(): void {
    if (this.#closed) return;
    if (this.#transaction !== undefined) this.tpcAbort(this.#transaction);
    this.#closed = true;
    this.#state.follow();
    if (this.#lock !== undefined) this.#saveIndex();
    this.#state.close();
    this.#lock?.close();
  }

  /** Closes the storage and removes its files. */
  cleanup(): void {
    this.close();
    if (this.isReadOnly()) throw new ReadOnlyError();
    for (const end of ['', '.index', '.old', '.lock', '.pack', '.index_tmp'])
      rmSync(`${this.path}${end}`, { force: true });
    for (const directory of this.#blobs === undefined ? [] : [this.#blobs.path, `${this.#blobs.path}.old`])
      rmSync(directory, { recursive: true, force: true });
  }
}
