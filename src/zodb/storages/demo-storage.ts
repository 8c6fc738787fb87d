/** A storage over another one, which stays as it is: changes go to a storage of their own. */
import { randomInt } from 'node:crypto';
import { POSError } from '../errors.ts';
import {
  type BlobStore,
  ConflictError,
  type ConflictResolver,
  type HistoryEntry,
  type Oid,
  type PackOptions,
  POSKeyError,
  ReadConflictError,
  type RecordBefore,
  type Storage,
  type StorageTransaction,
  StorageTransactionError,
  type StoredRecord,
  type Tid,
  type TransactionRecord,
} from '../interfaces.ts';
import { tidAfter } from '../timestamp.ts';
import { BlobStorage } from './blob-storage.ts';
import { isBlobStore, loadsBlobs } from './is-blob-store.ts';
import { MappingStorage } from './mapping-storage.ts';
import { mergeChanges, nextOid } from './merge.ts';

export interface DemoStorageOptions {
  readonly name?: string;
  /** Default: an empty storage in memory. It is only read. */
  readonly base?: Storage;
  /** Where changes go; default: into memory. */
  readonly changes?: Storage;
  /** Whether `close` closes the base (default). */
  readonly closeBaseOnClose?: boolean;
  /** Whether `close` closes the changes (default). */
  readonly closeChangesOnClose?: boolean;
}

const NEVER: Tid = 0xffff_ffff_ffff_ffffn;
/** New oids are far from those of the base, and from those of another storage over the same base. */
const FIRST_OID = 2 ** 40;
const SPREAD = 2 ** 48 - 1;

function found<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof POSKeyError) return undefined;
    throw error;
  }
}

export class DemoStorage implements Storage, BlobStore {
  readonly base: Storage;
  #changes: Storage;
  readonly #name: string;
  readonly #closeBase: boolean;
  readonly #closeChanges: boolean;
  readonly #issued = new Set<Oid>();
  #nextOid: Oid;
  #resolver: ConflictResolver | undefined;
  #transaction: StorageTransaction | undefined;
  #resolved: Oid[] = [];
  supportsUndo?: NonNullable<Storage['supportsUndo']>;
  undo?: NonNullable<Storage['undo']>;
  undoLog?: NonNullable<Storage['undoLog']>;
  changesSince?: NonNullable<Storage['changesSince']>;
  lastInvalidations?: NonNullable<Storage['lastInvalidations']>;

  constructor(options: DemoStorageOptions = {}) {
    this.base = options.base ?? new MappingStorage();
    this.#changes = options.changes ?? new MappingStorage();
    this.#closeBase = options.closeBaseOnClose ?? true;
    this.#closeChanges = options.closeChangesOnClose ?? true;
    this.#name = options.name ?? `DemoStorage('${this.base.getName()}', '${this.#changes.getName()}')`;
    this.#nextOid = FIRST_OID + randomInt(SPREAD);
    const { undo, undoLog, supportsUndo, changesSince, lastInvalidations } = this.#changes;
    if (supportsUndo?.call(this.#changes) && undo && undoLog) {
      this.supportsUndo = () => true;
      this.undo = (tid, transaction) => this.#changes.undo!(tid, transaction);
      this.undoLog = (first, last, filter) => this.#changes.undoLog!(first, last, filter);
    }
    if (changesSince) this.changesSince = (tid, but) => this.#changes.changesSince!(tid, but);
    if (lastInvalidations) this.lastInvalidations = (count) => this.#changes.lastInvalidations!(count);
  }

  /** Where changes go. */
  get changes(): Storage {
    return this.#changes;
  }

  /** A storage over this one, which then stays as it is. */
  push(changes?: Storage): DemoStorage {
    return new DemoStorage({
      base: this,
      closeBaseOnClose: false,
      ...(changes === undefined ? {} : { changes }),
    });
  }

  /** Closes the storage of the changes, and gives what was there before them. */
  pop(): Storage {
    this.#changes.close();
    return this.base;
  }

  load(oid: Oid): StoredRecord {
    return found(() => this.#changes.load(oid)) ?? this.base.load(oid);
  }

  loadBefore(oid: Oid, tid: Tid): RecordBefore | null {
    const changed = found(() => this.#changes.loadBefore(oid, tid));
    if (changed) return changed;
    if (changed === undefined) return this.base.loadBefore(oid, tid);
    // The object has changed, but later.
    const record = found(() => this.base.loadBefore(oid, tid));
    if (!record) return null;
    return record.end === null ? { ...record, end: this.#firstChange(oid) } : record;
  }

  /** The first transaction that changed an object. */
  #firstChange(oid: Oid): Tid | null {
    let first: Tid | null = null;
    for (let before = NEVER; ;) {
      const record = found(() => this.#changes.loadBefore(oid, before));
      if (!record) return first;
      first = record.tid;
      before = record.tid;
    }
  }

  loadSerial(oid: Oid, tid: Tid): Uint8Array {
    return found(() => this.#changes.loadSerial(oid, tid)) ?? this.base.loadSerial(oid, tid);
  }

  lastTransaction(): Tid {
    return this.#changes.lastTransaction() || this.base.lastTransaction();
  }

  newOid(): Oid {
    for (;;) {
      const oid = this.#nextOid;
      this.#nextOid = nextOid(oid);
      if (!this.#issued.has(oid) && found(() => this.load(oid)) === undefined) {
        this.#issued.add(oid);
        return oid;
      }
      this.#nextOid = FIRST_OID + randomInt(SPREAD);
    }
  }

  isReadOnly(): boolean {
    return this.#changes.isReadOnly();
  }

  sortKey(): string {
    return this.#changes.sortKey();
  }

  getName(): string {
    return this.#name;
  }

  getSize(): number {
    return this.#changes.getSize();
  }

  /** Objects that have changed. */
  size(): number {
    return this.#changes.size();
  }

  setConflictResolver(resolver: ConflictResolver): void {
    this.#resolver = resolver;
    this.#changes.setConflictResolver?.(resolver);
  }

  #check(transaction: StorageTransaction): void {
    if (transaction !== this.#transaction)
      throw new StorageTransactionError('this transaction is not being committed');
  }

  tpcBegin(transaction: StorageTransaction, tid?: Tid, status?: string): void {
    // Later than what is in the base, too.
    const id = tid ?? tidAfter(this.lastTransaction(), Date.now() / 1000);
    this.#changes.tpcBegin(transaction, id, status);
    this.#transaction = transaction;
    this.#resolved = [];
  }

  /** What the changes take for the current revision of an object: also one that an undo has removed. */
  #serialOf(oid: Oid, otherwise: Tid): Tid {
    const current = found(() => this.#changes.load(oid));
    if (current !== undefined) return current.tid;
    return found(() => this.#changes.history?.(oid, 1))?.[0]?.tid ?? otherwise;
  }

  #merged(oid: Oid, previous: Tid, data: Uint8Array): Uint8Array {
    this.#issued.delete(oid);
    const current = found(() => this.load(oid))?.tid ?? previous;
    if (current === previous) return data;
    const merged = mergeChanges(this, this.#resolver, oid, [current, previous], data);
    this.#resolved.push(oid);
    return merged;
  }

  store(oid: Oid, previous: Tid, data: Uint8Array, transaction: StorageTransaction): void {
    this.#check(transaction);
    const stored = this.#merged(oid, previous, data);
    this.#changes.store(oid, this.#serialOf(oid, previous), stored, transaction);
  }

  checkCurrentSerialInTransaction(oid: Oid, tid: Tid, transaction: StorageTransaction): void {
    this.#check(transaction);
    const committed = found(() => this.load(oid))?.tid ?? 0n;
    if (committed !== tid)
      throw new ReadConflictError('an object that was read has changed', { oid, serials: [committed, tid] });
  }

  /** Removes an object that is only among the changes: one of the base cannot be removed. */
  deleteObject(oid: Oid, previous: Tid, transaction: StorageTransaction): void {
    this.#check(transaction);
    if (found(() => this.base.load(oid)) !== undefined)
      throw new POSError('an object of the base of a DemoStorage cannot be removed');
    const committed = this.#changes.load(oid).tid;
    if (committed !== previous)
      throw new ConflictError('database conflict error', { oid, serials: [committed, previous] });
    if (this.#changes.deleteObject === undefined) throw new POSError('the changes cannot remove objects');
    this.#changes.deleteObject(oid, previous, transaction);
  }

  tpcVote(transaction: StorageTransaction): readonly Oid[] {
    this.#check(transaction);
    return [...this.#resolved, ...(this.#changes.tpcVote(transaction) ?? [])];
  }

  tpcFinish(transaction: StorageTransaction, callback?: (tid: Tid) => void): Tid {
    this.#check(transaction);
    const tid = this.#changes.tpcFinish(transaction, callback);
    this.#transaction = undefined;
    return tid;
  }

  tpcAbort(transaction: StorageTransaction): void {
    if (transaction !== this.#transaction) return;
    this.#changes.tpcAbort(transaction);
    this.#transaction = undefined;
  }

  history(oid: Oid, size = 1): HistoryEntry[] {
    const entries = [...(found(() => this.#changes.history?.(oid, size)) ?? [])];
    if (entries.length < size)
      entries.push(...(found(() => this.base.history?.(oid, size - entries.length)) ?? []));
    if (entries.length === 0) throw new POSKeyError(oid);
    return entries;
  }

  *iterator(start?: Tid, stop?: Tid): Generator<TransactionRecord> {
    yield* this.base.iterator(start, stop);
    yield* this.#changes.iterator(start, stop);
  }

  /** Packs the changes. Nothing is collected, for the base may refer to it. */
  pack(time: number, options: PackOptions = {}): void {
    if (options.gc === true) throw new POSError('the garbage of a DemoStorage cannot be collected');
    this.#changes.pack(time, { ...options, gc: false });
  }

  /** The storage of the changes, which has blobs from now on. */
  #blobs(): Storage & BlobStore {
    const changes = this.#changes;
    if (isBlobStore(changes)) return changes;
    const blobs = new BlobStorage(changes, null);
    this.#changes = blobs;
    return blobs;
  }

  storeBlob(
    oid: Oid,
    previous: Tid,
    data: Uint8Array,
    filename: string,
    transaction: StorageTransaction,
  ): void {
    this.#check(transaction);
    const blobs = this.#blobs();
    const stored = this.#merged(oid, previous, data);
    blobs.storeBlob(oid, this.#serialOf(oid, previous), stored, filename, transaction);
  }

  restoreBlob(
    oid: Oid,
    tid: Tid,
    data: Uint8Array | null,
    filename: string,
    previousTid: Tid | null,
    transaction: StorageTransaction,
  ): void {
    this.#check(transaction);
    this.#blobs().restoreBlob(oid, tid, data, filename, previousTid, transaction);
  }

  loadBlob(oid: Oid, tid: Tid): string {
    const changes = this.#changes;
    const changed = isBlobStore(changes) ? found(() => changes.loadBlob(oid, tid)) : undefined;
    if (changed !== undefined) return changed;
    if (!loadsBlobs(this.base)) throw new POSKeyError(oid);
    return this.base.loadBlob(oid, tid);
  }

  temporaryDirectory(): string {
    return this.#blobs().temporaryDirectory();
  }

  close(): void {
    if (this.#closeBase) this.base.close();
    if (this.#closeChanges) this.#changes.close();
  }
}
