/**
 * FileStorage: all revisions of all objects in one file, in Python's format. Reading is at most one `pread` for most records; a
 * transaction is one write, a status byte and an `fsync`. One class, for all of it shares the state of one open file; how things are
 * read, written, undone and packed is in the files beside it.
 */
import { closeSync, fstatSync, rmSync } from 'node:fs';
import { getLogger } from '@logtape/logtape';
import { BlobDirectory, type BlobRevision } from '../blobs/blob-directory.ts';
import { isBlobRecord } from '../blobs/is-blob-record.ts';
import type { BlobLayout } from '../blobs/layout.ts';
import {
  type BlobStore,
  ConflictError,
  type ConflictResolver,
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
import { referencesOf } from '../serialize-reader.ts';
import { mergeChanges, nextOid } from '../storages/merge.ts';
import { RecentChanges } from '../storages/recent-changes.ts';
import { tidAfter, tidOfSeconds } from '../timestamp.ts';
import { disk, openDataFile, syncDirectory, writeAll } from './disk.ts';
import { FileStorageError, PackError } from './errors.ts';
import { DATA_HEADER, MAGIC_SIZE, readPosition, readU64 } from './format.ts';
import {
  backwards,
  findRecord,
  findTransaction,
  historyFrom,
  recordsIn,
  undoableTransactions,
} from './history.ts';
import { readIndexFile, writeIndexFile } from './index-file.ts';
import { LockFile } from './lock-file.ts';
import { encodeMetadata } from './metadata.ts';
import type { OidIndex } from './oid-index.ts';
import { replaceFile } from './pack-replace.ts';
import { type Packed, Packer } from './pack.ts';
import { PendingTransaction } from './pending.ts';
import { RandomBytes, RecordReader } from './records.ts';
import { Scanner } from './scan.ts';
import { transactionsOf } from './transactions.ts';
import { undoRecords } from './undo.ts';

export interface FileStorageOptions {
  /** Begin with an empty file; what was there is removed. */
  readonly create?: boolean;
  readonly readOnly?: boolean;
  /** Show the state before this transaction. Needs `readOnly`. */
  readonly stop?: Tid;
  /** Size in bytes beyond which nothing more is stored. */
  readonly quota?: number;
  /** Whether a transaction waits until its bytes are on the disk (default). */
  readonly fsync?: boolean;
  /** Whether `pack` removes what nothing refers to, unless it is told (default). */
  readonly packGc?: boolean;
  /** Whether `pack` keeps the file as it was under `.old` (default). */
  readonly packKeepOld?: boolean;
  /** The directory of the blobs. Without one there are none. */
  readonly blobDir?: string;
  /** Default: that of the directory, bushy for a new one. */
  readonly blobLayout?: BlobLayout;
}

const logger = getLogger(['ZODB', 'FileStorage']);
/** Records after which the index is saved, at least; more for a database that has more objects. */
const SAVE_INDEX_AFTER = 10_000;
/** Milliseconds that an online pack works before it lets others go on. */
const PACK_STEP = 5;

export class FileStorage implements Storage, BlobStore {
  readonly path: string;
  readonly #options: FileStorageOptions;
  readonly #lock: LockFile | undefined;
  readonly #blobs: BlobDirectory | undefined;
  readonly #bytes: RandomBytes;
  readonly #records: RecordReader;
  readonly #changes: RecentChanges;
  #descriptor: number;
  #index: OidIndex;
  /** End of the last complete transaction. */
  #end: number;
  #lastTid: Tid;
  #nextOid: Oid;
  #resolver: ConflictResolver | undefined;
  #transaction: StorageTransaction | undefined;
  #pending: PendingTransaction | undefined;
  #resolved: Oid[] = [];
  #newBlobs: BlobRevision[] = [];
  #voted = false;
  /** Bytes of a transaction that failed lie behind the end and could not be cut off. */
  #dirtyTail = false;
  /** Why nothing can be written any more. */
  #broken: unknown;
  #packing = false;
  #sinceIndex = 0;
  #closed = false;

  /**
   * Opens a file, or makes one.
   *
   * @throws LockError, CorruptedError or an error of the file system.
   */
  constructor(path: string, options: FileStorageOptions = {}) {
    this.path = path;
    this.#options = options;
    const readOnly = options.readOnly === true;
    if (readOnly && options.create) throw new FileStorageError('a read-only storage cannot be created');
    if (options.stop !== undefined && !readOnly)
      throw new FileStorageError('a state of the past can only be opened read-only');
    this.#lock = readOnly ? undefined : new LockFile(`${path}.lock`);
    try {
      if (options.create) for (const end of ['', '.index']) rmSync(`${path}${end}`, { force: true });
      // Left by a process that was killed while it packed or saved its index.
      if (!readOnly) for (const end of ['.pack', '.index_tmp']) rmSync(`${path}${end}`, { force: true });
      this.#descriptor = openDataFile(path, readOnly);
      try {
        if (options.blobDir !== undefined) {
          this.#blobs = new BlobDirectory(options.blobDir, options.blobLayout, readOnly);
          if (options.create) this.#blobs.clear();
        }
        const saved = fstatSync(this.#descriptor).size > MAGIC_SIZE ? this.#savedIndex() : undefined;
        const found = new Scanner(this.#descriptor, path).scan(saved, { readOnly, stop: options.stop });
        this.#index = found.index;
        this.#end = found.end;
        this.#lastTid = found.lastTid;
        this.#nextOid = nextOid(found.index.max);
        this.#changes = new RecentChanges(found.lastTid);
        this.#bytes = new RandomBytes(this.#descriptor, this.#end);
        this.#records = new RecordReader(this.#bytes, path);
        if (!found.asSaved && !readOnly && found.index.size > 0) this.#saveIndex();
        if (found.lastTid > tidOfSeconds(Date.now() / 1000 + 60))
          logger.warn(`${path}: its last transaction lies in the future; is the clock right?`);
      } catch (error) {
        closeSync(this.#descriptor);
        throw error;
      }
    } catch (error) {
      this.#lock?.close();
      throw error;
    }
  }

  #savedIndex() {
    const file = `${this.path}.index`;
    return readIndexFile(file, (reason) =>
      logger.warn(`${file} is not used and will be made anew: ${reason}`),
    );
  }

  #saveIndex(): void {
    this.#sinceIndex = 0;
    try {
      writeIndexFile(`${this.path}.index`, this.#end, this.#index);
    } catch (error) {
      // The index only makes the next start faster.
      logger.warn(`${this.path}.index cannot be written: {error}`, { error });
    }
  }

  #position(oid: Oid): number {
    const position = this.#index.get(oid);
    if (position === 0) throw new POSKeyError(oid);
    return position;
  }

  load(oid: Oid): StoredRecord {
    const position = this.#position(oid);
    // Behind every record there are eight bytes at least.
    const at = this.#bytes.locate(position, DATA_HEADER + 8);
    if (at < 0) throw this.#records.damaged(position, 'it ends inside a record');
    const { view } = this.#bytes;
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
    for (let position = this.#position(oid); position !== 0;) {
      const record = this.#records.record(position, oid);
      if (record.tid === tid) {
        const { data } = this.#records.resolve(position, record);
        if (data !== null) return data;
        break;
      }
      if (record.tid < tid) break;
      position = this.#records.previous(position, record);
    }
    throw new POSKeyError(oid);
  }

  /** The current revision's transaction. Throws a POSKeyError. */
  getTid(oid: Oid): Tid {
    const position = this.#position(oid);
    const record = this.#records.record(position, oid);
    if (record.length === 0 && record.back === 0) throw new POSKeyError(oid);
    return record.tid;
  }

  lastTransaction(): Tid {
    return this.#lastTid;
  }

  changesSince(tid: Tid): readonly Oid[] | null {
    return this.#changes.since(tid);
  }

  lastInvalidations(count: number): Invalidation[] {
    const found: Invalidation[] = [];
    if (count <= 0) return found;
    for (const position of backwards(this.#records, this.#end)) {
      const { tid } = this.#records.transaction(position);
      found.push({ tid, oids: [...recordsIn(this.#records, position)].map(([, { oid }]) => oid) });
      if (found.length >= count) break;
    }
    return found.reverse();
  }

  currentRecord(from: Oid = 0): CurrentRecord | undefined {
    const oid = this.#index.atOrAfter(from);
    if (oid === undefined) return undefined;
    return { oid, ...this.load(oid), next: this.#index.atOrAfter(nextOid(oid)) };
  }

  newOid(): Oid {
    if (this.isReadOnly()) throw new ReadOnlyError();
    const oid = this.#nextOid;
    this.#nextOid = nextOid(oid);
    return oid;
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
    return this.#end;
  }

  size(): number {
    return this.#index.size;
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
    if (this.#transaction === transaction)
      throw new StorageTransactionError('the transaction has begun already');
    if (this.#transaction !== undefined)
      throw new StorageTransactionError('another transaction is being committed');
    const id = tid ?? tidAfter(this.#lastTid, Date.now() / 1000);
    this.#pending = new PendingTransaction(this.#end, id, status, encodeMetadata(transaction));
    this.#transaction = transaction;
  }

  /** Adds a record and looks whether there is room for it. */
  #add(pending: PendingTransaction, oid: Oid, data: Uint8Array | null, back?: number, tid?: Tid): void {
    const { quota } = this.#options;
    if (quota !== undefined && pending.position > quota)
      throw new QuotaError(`${this.path} would grow beyond its quota of ${quota} bytes`);
    if (oid >= this.#nextOid) this.#nextOid = nextOid(oid);
    pending.add(oid, this.#index.get(oid), data, back, tid);
  }

  store(oid: Oid, previousTid: Tid, data: Uint8Array, transaction: StorageTransaction): void {
    const pending = this.#open(transaction);
    if (data.length === 0) throw new FileStorageError('a record of no bytes cannot be stored in this format');
    const position = this.#index.get(oid);
    let stored = data;
    if (position !== 0) {
      const committed = this.#records.tidAt(position, oid);
      if (committed !== previousTid) {
        stored = mergeChanges(this, this.#resolver, oid, [committed, previousTid], data);
        this.#resolved.push(oid);
      }
    }
    this.#add(pending, oid, stored);
  }

  deleteObject(oid: Oid, previousTid: Tid, transaction: StorageTransaction): void {
    const pending = this.#open(transaction);
    const committed = this.#records.tidAt(this.#position(oid), oid);
    if (committed !== previousTid)
      throw new ConflictError('database conflict error', { oid, serials: [committed, previousTid] });
    this.#add(pending, oid, null);
  }

  restore(
    oid: Oid,
    tid: Tid,
    data: Uint8Array | null,
    previousTid: Tid | null,
    transaction: StorageTransaction,
  ): void {
    const pending = this.#open(transaction);
    const back = previousTid === null ? 0 : this.#sameData(oid, previousTid, data);
    this.#add(pending, oid, back === 0 && data?.length !== 0 ? data : null, back, tid);
  }

  /** Where a transaction has an object's record with these data; 0: nowhere. */
  #sameData(oid: Oid, tid: Tid, data: Uint8Array | null): number {
    const transaction = findTransaction(this.#records, this.#end, tid, true);
    const position = transaction === undefined ? 0 : findRecord(this.#records, transaction, oid);
    if (position === 0) return 0;
    const found = this.#records.resolveAt(position).data;
    const same = data === null || found === null ? data === found : Buffer.compare(data, found) === 0;
    return same ? position : 0;
  }

  checkCurrentSerialInTransaction(oid: Oid, tid: Tid, transaction: StorageTransaction): void {
    this.#open(transaction);
    const position = this.#index.get(oid);
    const committed = position === 0 ? 0n : this.#records.tidAt(position, oid);
    if (committed !== tid)
      throw new ReadConflictError('an object that was read has changed', { oid, serials: [committed, tid] });
  }

  tpcVote(transaction: StorageTransaction): readonly Oid[] {
    const pending = this.#open(transaction);
    if (this.#dirtyTail) {
      disk.truncate(this.#descriptor, this.#end);
      this.#dirtyTail = false;
    }
    this.#voted = true;
    pending.write(this.#descriptor);
    return this.#resolved;
  }

  tpcFinish(transaction: StorageTransaction, callback?: (tid: Tid) => void): Tid {
    this.#writable();
    const pending = this.#pending;
    if (pending === undefined || transaction !== this.#transaction)
      throw new StorageTransactionError('this transaction is not being committed');
    if (!this.#voted) throw new StorageTransactionError('tpcFinish without tpcVote');
    try {
      writeAll(this.#descriptor, Buffer.from(pending.status), pending.start + 16);
      if (this.#options.fsync !== false) disk.sync(this.#descriptor);
    } catch (error) {
      this.#abandon();
      throw error;
    }
    try {
      callback?.(pending.tid);
    } finally {
      const oids: Oid[] = [];
      for (const { oid, position } of pending.objects()) {
        this.#index.set(oid, position);
        oids.push(oid);
      }
      this.#changes.add(pending.tid, oids);
      this.#sinceIndex += pending.records.length;
      this.#end = pending.end;
      this.#bytes.end = pending.end;
      if (pending.tid > this.#lastTid) this.#lastTid = pending.tid;
      this.#clear();
    }
    if (this.#sinceIndex >= Math.max(SAVE_INDEX_AFTER, this.#index.size)) this.#saveIndex();
    return pending.tid;
  }

  /**
   * What the disk has of the last transaction is not known. It is taken back; where that fails too, nothing more may be written,
   * for the next start may find the transaction complete.
   */
  #abandon(): void {
    try {
      disk.truncate(this.#descriptor, this.#end);
      disk.sync(this.#descriptor);
    } catch (error) {
      this.#broken = error;
      logger.error(`${this.path} cannot be written to, and takes no more transactions: {error}`, { error });
    }
    this.#removeNewBlobs();
    this.#clear();
  }

  tpcAbort(transaction: StorageTransaction): void {
    if (transaction !== this.#transaction) return;
    if (this.#voted) {
      try {
        disk.truncate(this.#descriptor, this.#end);
      } catch (error) {
        // What is left has the status of an incomplete transaction.
        this.#dirtyTail = true;
        logger.error(`${this.path} cannot be cut at ${this.#end}: {error}`, { error });
      }
    }
    this.#removeNewBlobs();
    this.#clear();
  }

  #removeNewBlobs(): void {
    for (const revision of this.#newBlobs) this.#blobs!.remove(revision);
  }

  #clear(): void {
    this.#transaction = undefined;
    this.#pending = undefined;
    this.#voted = false;
    if (this.#resolved.length > 0) this.#resolved = [];
    if (this.#newBlobs.length > 0) this.#newBlobs = [];
  }

  history(oid: Oid, size = 1): HistoryEntry[] {
    return historyFrom(this.#records, this.#position(oid), size);
  }

  supportsUndo(): boolean {
    return true;
  }

  undoLog(first = 0, last = -20, filter?: (entry: UndoEntry) => boolean): UndoEntry[] {
    return undoableTransactions(this.#records, this.#end, first, last, filter);
  }

  undo(tid: Tid, transaction: StorageTransaction): readonly Oid[] {
    const pending = this.#open(transaction);
    const position = findTransaction(this.#records, this.#end, tid, false);
    if (position === undefined) throw new UndoError('there is no such transaction that could be undone');
    const state = { records: this.#records, index: this.#index, pending, resolver: this.#resolver };
    const oids = new Set<Oid>();
    for (const { oid, data, back } of undoRecords(state, position)) {
      if (data === null && back !== 0) this.#copyBlob(oid, back, pending.tid);
      this.#add(pending, oid, data, back);
      oids.add(oid);
    }
    return [...oids];
  }

  /** A revision that points at the data of another one has a blob of its own. */
  #copyBlob(oid: Oid, position: number, tid: Tid): void {
    if (this.#blobs === undefined) return;
    const { data, tid: from } = this.#records.resolveAt(position);
    if (data === null || !isBlobRecord(data)) return;
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

  #addBlob(oid: Oid, tid: Tid, filename: string): void {
    this.#blobs!.store({ oid, tid }, filename, this.#options.fsync !== false);
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
    this.#addBlob(oid, this.#pending!.tid, filename);
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
    this.#addBlob(oid, tid, filename);
  }

  loadBlob(oid: Oid, tid: Tid): string {
    return this.#blobDirectory().load({ oid, tid });
  }

  temporaryDirectory(): string {
    return this.#blobDirectory().temporary;
  }

  iterator(start?: Tid, stop?: Tid): Iterable<TransactionRecord> {
    // The file may be packed before somebody begins to iterate.
    return { [Symbol.iterator]: () => transactionsOf(this.path, { whole: this.#end, start, stop }) };
  }

  pack(time: number, options: PackOptions = {}): void {
    const steps = this.#packSteps(time, options);
    for (let step = steps.next(); step.done !== true; step = steps.next()) {
      if (step.value !== 'wait') continue;
      steps.return();
      throw new PackError('a transaction is being committed: only packOnline can wait for its end');
    }
  }

  async packOnline(time: number, options: PackOptions = {}): Promise<void> {
    const steps = this.#packSteps(time, options);
    let until = performance.now() + PACK_STEP;
    for (let step = steps.next(); step.done !== true; step = steps.next()) {
      if (step.value !== 'wait' && performance.now() < until) continue;
      await new Promise((resolve) => setImmediate(resolve));
      until = performance.now() + PACK_STEP;
    }
  }

  /** Packs a little at each step. `wait`: it cannot go on before somebody else has. */
  *#packSteps(time: number, options: PackOptions): Generator<'wait' | undefined, void> {
    this.#writable();
    if (this.#packing) throw new PackError('the storage is being packed already');
    if (this.#index.size === 0) return;
    const packer = new Packer({
      descriptor: this.#descriptor,
      path: this.path,
      end: this.#end,
      stop: tidOfSeconds(time),
      gc: options.gc ?? this.#options.packGc ?? true,
      options: { referencesOf, ...options },
      blobs: this.#blobs !== undefined,
    });
    this.#packing = true;
    try {
      // As in Python; the room may be needed.
      rmSync(`${this.path}.old`, { force: true });
      if (this.#blobs !== undefined) rmSync(`${this.#blobs.path}.old`, { recursive: true, force: true });
      for (const step = packer.copyPast(); ;) {
        const { done, value } = step.next();
        this.#writable();
        if (done === true && value === false) {
          logger.info(`${this.path} has nothing to be packed`);
          return;
        }
        if (done === true) break;
        yield;
      }
      for (const _ of packer.copyRest(this.#end)) {
        yield;
        this.#writable();
      }
      packer.sync();
      // The file is replaced between transactions; what came meanwhile is little.
      while (this.#transaction !== undefined) {
        yield 'wait';
        this.#writable();
      }
      for (const _ of packer.copyRest(this.#end));
      this.#replace(packer.finish(), packer.file, options);
    } finally {
      this.#packing = false;
      packer.close();
    }
  }

  #replace(packed: Packed, file: string, options: PackOptions): void {
    const keepOld = options.keepOld ?? this.#options.packKeepOld ?? true;
    replaceFile(this.path, file, keepOld);
    const old = this.#descriptor;
    this.#descriptor = packed.descriptor;
    this.#bytes.replace(packed.descriptor, packed.end);
    this.#index = packed.index;
    this.#end = packed.end;
    closeSync(old);
    this.#saveIndex();
    if (this.#options.fsync !== false) syncDirectory(this.path);
    if (this.#blobs !== undefined)
      this.#blobs.pack(packed.removedBlobs, keepOld ? `${this.#blobs.path}.old` : null);
  }

  /** Bytes of memory that the index takes. */
  indexBytes(): number {
    return this.#index.bytes;
  }

  /** Oids of all objects. */
  oids(): Iterable<Oid> {
    return this.#index.keys();
  }

  /** Closes the file. A transaction that is being committed is aborted. */
  close(): void {
    if (this.#closed) return;
    if (this.#transaction !== undefined) this.tpcAbort(this.#transaction);
    this.#closed = true;
    if (!this.isReadOnly()) this.#saveIndex();
    this.#bytes.replace(-1, Number.MAX_SAFE_INTEGER);
    closeSync(this.#descriptor);
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
