import type { Transaction } from '../transaction/index.ts';
import { UnsupportedError } from './blob-errors.ts';
import { ReadOnlyHistoryError } from './connection-errors.ts';
import { SharedCommits } from './db-commit.ts';
import {
  type BlobStore,
  ConflictError,
  type Oid,
  POSKeyError,
  type Storage,
  type StorageInstance,
  type StoredRecord,
  type Tid,
  type Undurable,
} from './interfaces.ts';
import { isBlobStore, loadsBlobs } from './storages/is-blob-store.ts';

/** Later than all transactions. */
const NEVER: Tid = 2n ** 64n - 1n;

/** A connection's view of a storage that may keep blobs. */
export interface ConnectionStorage extends StorageInstance {
  storeBlob(oid: Oid, previous: Tid, data: Uint8Array, filename: string, transaction: Transaction): void;
  /** The file of a blob's revision. */
  loadBlob(oid: Oid, tid: Tid): string;
  temporaryDirectory(): string;
  /** A transaction begins, which has not seen anything from before the last poll. */
  begun(): void;
  /** `losses` of the storage when the view was taken: what was made of a view with other ones may not be true any more. */
  readonly losses: number;
  /** What was seen or committed and is not on the disk; undefined when all is. */
  undurable(): Undurable | undefined;
}

function loadBlob(storage: Storage, oid: Oid, tid: Tid): string {
  if (!loadsBlobs(storage)) throw new UnsupportedError(`${storage.getName()} keeps no blobs.`);
  return storage.loadBlob(oid, tid);
}

function blobsOf(storage: Storage): BlobStore {
  if (!isBlobStore(storage))
    throw new UnsupportedError(`Storing Blobs in ${storage.getName()} is not supported.`);
  return storage;
}

/**
 * Gives connections their views of a storage. Each view stands still at a transaction until it polls. Readers wait for nobody,
 * and no revision is copied for them: what a view shows is looked up by its transaction.
 */
export class Snapshots {
  readonly #storage: Storage;
  readonly #open = new Set<Snapshot>();
  readonly commits: SharedCommits;

  constructor(storage: Storage) {
    this.#storage = storage;
    this.commits = new SharedCommits(storage);
  }

  /** A view of now, or of the state before a transaction. */
  open(before: Tid | null): ConnectionStorage {
    if (before !== null) return new HistoricalView(this.#storage, before);
    const view = new Snapshot(this.#storage, this);
    this.#open.add(view);
    return view;
  }

  /** For storages that do not remember themselves what was changed: tells the other views. */
  changed(oids: Iterable<Oid>, by: Snapshot | null): void {
    if (this.#storage.changesSince !== undefined) return;
    for (const view of this.#open) if (view !== by) for (const oid of oids) view.stale.add(oid);
  }

  closed(view: Snapshot): void {
    this.#open.delete(view);
  }
}

class Snapshot implements ConnectionStorage {
  /** What others have changed since the last poll. */
  readonly stale = new Set<Oid>();
  readonly #storage: Storage;
  readonly #snapshots: Snapshots;
  /** The last transaction that is seen. */
  #at: Tid;
  #stored: Oid[] = [];
  /** The last transaction that this view alone has committed since the last poll: what it changed is no news to the view. */
  #own: Tid | undefined;
  /** The last transaction that this view has committed. */
  #committed: Tid = 0n;
  /** `losses` of the storage when the view was taken. */
  #losses: number;
  /** Whether the transaction that ended with the last poll has seen something that is lost. */
  #lost = false;

  constructor(storage: Storage, snapshots: Snapshots) {
    this.#storage = storage;
    this.#snapshots = snapshots;
    this.#losses = storage.losses ?? 0;
    this.#at = storage.lastTransaction();
  }

  load(oid: Oid): StoredRecord {
    // The current revision is the cheap one to find, and nearly always the right one.
    try {
      const current = this.#storage.load(oid);
      if (current.tid <= this.#at) return current;
    } catch (error) {
      // It may have been deleted, or its creation undone, since the view was taken.
      if (!(error instanceof POSKeyError)) throw error;
    }
    const record = this.#storage.loadBefore(oid, this.#at + 1n);
    if (record === null) throw new POSKeyError(oid);
    return record;
  }

  loadSerial(oid: Oid, tid: Tid): Uint8Array {
    return this.#storage.loadSerial(oid, tid);
  }

  prefetch(oids: readonly Oid[]): void {
    this.#storage.prefetch?.(oids, this.#at + 1n);
  }

  pollInvalidations(): Iterable<Oid> | null {
    const before = this.#at;
    const losses = this.#storage.losses ?? 0;
    const now = this.#storage.lastTransaction();
    if (losses !== this.#losses || now < before) {
      this.#losses = losses;
      this.#at = now;
      this.#own = undefined;
      this.#committed = 0n;
      this.#lost = true;
      return null;
    }
    if (now === before) return [];
    this.#at = now;
    const own = this.#own;
    this.#own = undefined;
    if (this.#storage.changesSince !== undefined) return this.#storage.changesSince(before, own);
    const stale = [...this.stale];
    this.stale.clear();
    return stale;
  }

  newOid(): Oid {
    return this.#storage.newOid();
  }

  isReadOnly(): boolean {
    return this.#storage.isReadOnly();
  }

  sortKey(): string {
    return this.#storage.sortKey();
  }

  tpcBegin(transaction: Transaction): void {
    this.#stored = [];
    this.#snapshots.commits.begin(this, transaction);
  }

  store(oid: Oid, previous: Tid, data: Uint8Array, transaction: Transaction): void {
    this.#snapshots.commits.stores(this, oid, transaction);
    this.#storage.store(oid, previous, data, transaction);
    this.#stored.push(oid);
  }

  storeBlob(oid: Oid, previous: Tid, data: Uint8Array, filename: string, transaction: Transaction): void {
    this.#snapshots.commits.stores(this, oid, transaction);
    blobsOf(this.#storage).storeBlob(oid, previous, data, filename, transaction);
    this.#stored.push(oid);
  }

  loadBlob(oid: Oid, tid: Tid): string {
    return loadBlob(this.#storage, oid, tid);
  }

  temporaryDirectory(): string {
    return blobsOf(this.#storage).temporaryDirectory();
  }

  checkCurrentSerialInTransaction(oid: Oid, tid: Tid, transaction: Transaction): void {
    this.#storage.checkCurrentSerialInTransaction(oid, tid, transaction);
  }

  tpcVote(transaction: Transaction): readonly Oid[] | undefined {
    const resolved = this.#snapshots.commits.vote(transaction);
    // Nothing can be lost from here on until the transaction is over.
    if ((this.#storage.losses ?? 0) !== this.#losses)
      throw new ConflictError('the disk did not take what this transaction has seen', {});
    return resolved;
  }

  tpcFinish(transaction: Transaction, callback?: (tid: Tid) => void): Tid {
    const { commits } = this.#snapshots;
    const alone = commits.isAlone(transaction);
    return commits.finish(this, transaction, (tid) => {
      this.#committed = tid;
      this.#lost = false;
      this.#own = alone ? tid : undefined;
      this.#snapshots.changed(this.#stored, this);
      callback?.(tid);
    });
  }

  tpcAbort(transaction: Transaction): void {
    this.#snapshots.commits.abort(this, transaction);
  }

  begun(): void {
    this.#lost = false;
  }

  get losses(): number {
    return this.#losses;
  }

  undurable(): Undurable | undefined {
    const storage = this.#storage;
    if (storage.isDurable === undefined) return undefined;
    let tid = this.#at > this.#committed ? this.#at : this.#committed;
    let losses = this.#losses;
    // Which transaction it was is not known any more, only that it was before the last loss.
    if (this.#lost) [tid, losses] = [NEVER, losses - 1];
    return storage.isDurable(tid, losses) ? undefined : { storage, tid, losses };
  }

  release(): void {
    this.#snapshots.closed(this);
  }
}

/** The state before a transaction. It never changes. */
class HistoricalView implements ConnectionStorage {
  readonly #storage: Storage;
  readonly #before: Tid;

  constructor(storage: Storage, before: Tid) {
    this.#storage = storage;
    this.#before = before;
  }

  load(oid: Oid): StoredRecord {
    const record = this.#storage.loadBefore(oid, this.#before);
    if (record === null) throw new POSKeyError(oid);
    return record;
  }

  loadSerial(oid: Oid, tid: Tid): Uint8Array {
    return this.#storage.loadSerial(oid, tid);
  }

  prefetch(oids: readonly Oid[]): void {
    this.#storage.prefetch?.(oids, this.#before);
  }

  pollInvalidations(): Iterable<Oid> {
    return [];
  }

  isReadOnly(): boolean {
    return true;
  }

  sortKey(): string {
    return this.#storage.sortKey();
  }

  newOid(): Oid {
    throw new ReadOnlyHistoryError();
  }

  tpcBegin(): void {
    throw new ReadOnlyHistoryError();
  }

  store(): void {
    throw new ReadOnlyHistoryError();
  }

  storeBlob(): void {
    throw new ReadOnlyHistoryError();
  }

  loadBlob(oid: Oid, tid: Tid): string {
    return loadBlob(this.#storage, oid, tid);
  }

  temporaryDirectory(): string {
    return blobsOf(this.#storage).temporaryDirectory();
  }

  checkCurrentSerialInTransaction(): void {
    throw new ReadOnlyHistoryError();
  }

  tpcVote(): undefined {
    throw new ReadOnlyHistoryError();
  }

  tpcFinish(): Tid {
    throw new ReadOnlyHistoryError();
  }

  tpcAbort(): void {
    // Nothing was begun.
  }

  begun(): void {
    // It never moves.
  }

  get losses(): number {
    return this.#storage.losses ?? 0;
  }

  undurable(): Undurable | undefined {
    const storage = this.#storage;
    const last = storage.lastTransaction();
    const tid = this.#before > last ? last : this.#before - 1n;
    const losses = storage.losses ?? 0;
    return storage.isDurable?.(tid, losses) === false ? { storage, tid, losses } : undefined;
  }

  release(): void {
    // Holds nothing.
  }
}
