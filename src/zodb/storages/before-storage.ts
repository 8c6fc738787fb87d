/** The state of a storage before a transaction, read-only. */
import {
  type CurrentRecord,
  type HistoryEntry,
  type Oid,
  POSKeyError,
  ReadOnlyError,
  type RecordBefore,
  type Storage,
  type StoredRecord,
  type Tid,
  type TransactionRecord,
} from '../interfaces.ts';
import { tidOfSeconds } from '../timestamp.ts';
import { loadsBlobs } from './is-blob-store.ts';
import { nextOid } from './merge.ts';

const LAST: Tid = 0xffff_ffff_ffff_ffffn;

export class BeforeStorage implements Storage {
  readonly base: Storage;
  /** Only what is older than this is shown. */
  readonly before: Tid;

  /** @param time A transaction that is not shown, nor what came later; or a time, whose transaction is the last that is. Default: now. */
  constructor(base: Storage, time: Tid | Date = base.lastTransaction() + 1n) {
    this.base = base;
    const before = time instanceof Date ? tidOfSeconds(time.getTime() / 1000) + 1n : time;
    // What is yet to come does not belong to it either.
    const end = base.lastTransaction() + 1n;
    this.before = before < end ? before : end;
  }

  load(oid: Oid): StoredRecord {
    const record = this.base.loadBefore(oid, this.before);
    if (record === null) throw new POSKeyError(oid);
    return { data: record.data, tid: record.tid };
  }

  loadBefore(oid: Oid, tid: Tid): RecordBefore | null {
    const record = this.base.loadBefore(oid, tid < this.before ? tid : this.before);
    if (record === null) {
      // An object of later times never was.
      if (this.base.loadBefore(oid, this.before) === null) throw new POSKeyError(oid);
      return null;
    }
    return record.end !== null && record.end >= this.before ? { ...record, end: null } : record;
  }

  loadSerial(oid: Oid, tid: Tid): Uint8Array {
    if (tid >= this.before) throw new POSKeyError(oid);
    return this.base.loadSerial(oid, tid);
  }

  lastTransaction(): Tid {
    return this.before - 1n;
  }

  changesSince(): readonly Oid[] {
    return [];
  }

  currentRecord(from: Oid = 0): CurrentRecord | undefined {
    if (this.base.currentRecord === undefined) return undefined;
    for (let oid: Oid | undefined = this.#next(from); oid !== undefined; oid = this.#next(nextOid(oid))) {
      const record = this.base.loadBefore(oid, this.before);
      if (record !== null) return { oid, data: record.data, tid: record.tid, next: this.#next(nextOid(oid)) };
    }
    return undefined;
  }

  #next(from: Oid): Oid | undefined {
    return this.base.currentRecord!(from)?.oid;
  }

  history(oid: Oid, size = 1): HistoryEntry[] {
    if (this.base.history === undefined) return [];
    const all = this.base.history(oid, Number.MAX_SAFE_INTEGER).filter(({ tid }) => tid < this.before);
    if (all.length === 0) throw new POSKeyError(oid);
    return all.slice(0, size);
  }

  iterator(start?: Tid, stop: Tid = LAST): Iterable<TransactionRecord> {
    return this.base.iterator(start, stop < this.before ? stop : this.before - 1n);
  }

  loadBlob(oid: Oid, tid: Tid): string {
    if (tid >= this.before || !loadsBlobs(this.base)) throw new POSKeyError(oid);
    return this.base.loadBlob(oid, tid);
  }

  supportsBlobs(): boolean {
    return loadsBlobs(this.base);
  }

  isReadOnly(): boolean {
    return true;
  }

  supportsUndo(): boolean {
    return false;
  }

  sortKey(): string {
    return this.base.sortKey();
  }

  getName(): string {
    return `${this.base.getName()} before ${this.before.toString(16).padStart(16, '0')}`;
  }

  getSize(): number {
    return this.base.getSize();
  }

  size(): number {
    return this.base.size();
  }

  newOid(): Oid {
    throw new ReadOnlyError();
  }

  tpcBegin(): void {
    throw new ReadOnlyError();
  }

  store(): void {
    throw new ReadOnlyError();
  }

  checkCurrentSerialInTransaction(): void {
    throw new ReadOnlyError();
  }

  tpcVote(): undefined {
    throw new ReadOnlyError();
  }

  tpcFinish(): Tid {
    throw new ReadOnlyError();
  }

  tpcAbort(): void {
    // Nothing was begun.
  }

  pack(): void {
    throw new ReadOnlyError();
  }

  close(): void {
    this.base.close();
  }
}
