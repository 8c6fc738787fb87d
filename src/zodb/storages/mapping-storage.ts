/** A storage in memory, with all revisions. What it holds ends with the process. */
import { POSError } from '../errors.ts';
import { encodeMetadata } from '../filestorage/metadata.ts';
import {
  ConflictError,
  type ConflictResolver,
  type CurrentRecord,
  type HistoryEntry,
  type Invalidation,
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
import { referencesOf } from '../serialize-reader.ts';
import { secondsOfTid, tidAfter, tidOfSeconds } from '../timestamp.ts';
import { mergeChanges, nextOid } from './merge.ts';
import { RecentChanges } from './recent-changes.ts';

interface Written {
  readonly tid: Tid;
  status: string;
  readonly user: Uint8Array;
  readonly description: Uint8Array;
  readonly extension: Uint8Array;
  oids: readonly Oid[];
}

/** Data are null for a revision that removed the object. */
interface Revision {
  readonly tid: Tid;
  readonly data: Uint8Array | null;
  readonly transaction: Written;
}

const ROOT: Oid = 0;
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

export interface MappingStorageOptions {
  /** Whether conflicting changes are merged where a class can, as in a file. Default: no, as in Python. */
  readonly resolveConflicts?: boolean;
}

export class MappingStorage implements Storage {
  readonly #name: string;
  /** Revisions of each object, the oldest first. */
  readonly #revisions = new Map<Oid, Revision[]>();
  readonly #changes = new RecentChanges(0n);
  #transactions: Written[] = [];
  #lastTid: Tid = 0n;
  #nextOid: Oid = 1;
  #size = 0;
  #transaction: StorageTransaction | undefined;
  #written: Written | undefined;
  #voted = false;
  #pending = new Map<Oid, Uint8Array | null>();
  #resolved: Oid[] = [];
  #resolver: ConflictResolver | undefined;
  readonly #resolveConflicts: boolean;
  #closed = false;

  constructor(name = 'MappingStorage', options: MappingStorageOptions = {}) {
    this.#resolveConflicts = options.resolveConflicts ?? false;
    this.#name = name;
  }

  #of(oid: Oid): readonly Revision[] {
    if (this.#closed) throw new POSError('the storage is closed');
    const revisions = this.#revisions.get(oid);
    if (revisions === undefined) throw new POSKeyError(oid);
    return revisions;
  }

  /** The transaction of the current revision; 0: there is no such object. */
  #tidOf(oid: Oid): Tid {
    return this.#revisions.get(oid)?.at(-1)?.tid ?? 0n;
  }

  load(oid: Oid): StoredRecord {
    const { data, tid } = this.#of(oid).at(-1)!;
    if (data === null) throw new POSKeyError(oid);
    return { data, tid };
  }

  loadBefore(oid: Oid, tid: Tid): RecordBefore | null {
    const revisions = this.#of(oid);
    const found = revisions.findLastIndex((revision) => revision.tid < tid);
    if (found < 0) return null;
    const { data, tid: start } = revisions[found]!;
    if (data === null) throw new POSKeyError(oid);
    return { data, tid: start, end: revisions[found + 1]?.tid ?? null };
  }

  loadSerial(oid: Oid, tid: Tid): Uint8Array {
    const data = this.#of(oid).find((revision) => revision.tid === tid)?.data;
    if (data === undefined || data === null) throw new POSKeyError(oid);
    return data;
  }

  lastTransaction(): Tid {
    return this.#lastTid;
  }

  changesSince(tid: Tid, but?: Tid): readonly Oid[] | null {
    return this.#changes.since(tid, but);
  }

  lastInvalidations(count: number): Invalidation[] {
    return count <= 0 ? [] : this.#transactions.slice(-count).map(({ tid, oids }) => ({ tid, oids }));
  }

  currentRecord(from: Oid = 0): CurrentRecord | undefined {
    const [oid, next] = this.#lowest(from);
    return oid === undefined ? undefined : { oid, ...this.load(oid), next };
  }

  /** The two lowest oids from one on. */
  #lowest(from: Oid): [Oid | undefined, Oid | undefined] {
    let first: Oid | undefined;
    let second: Oid | undefined;
    for (const oid of this.#revisions.keys()) {
      if (oid < from) continue;
      if (first === undefined || oid < first) [first, second] = [oid, first];
      else if (second === undefined || oid < second) second = oid;
    }
    return [first, second];
  }

  newOid(): Oid {
    const oid = this.#nextOid;
    this.#nextOid = nextOid(oid);
    return oid;
  }

  isReadOnly(): boolean {
    return false;
  }

  sortKey(): string {
    return this.#name;
  }

  getName(): string {
    return this.#name;
  }

  getSize(): number {
    return this.#size;
  }

  size(): number {
    return this.#revisions.size;
  }

  setConflictResolver(resolver: ConflictResolver): void {
    if (this.#resolveConflicts) this.#resolver = resolver;
  }

  #open(transaction: StorageTransaction): Written {
    if (this.#written === undefined || transaction !== this.#transaction)
      throw new StorageTransactionError('this transaction is not being committed');
    if (this.#voted) throw new StorageTransactionError('the transaction has been voted on');
    return this.#written;
  }

  tpcBegin(transaction: StorageTransaction, tid?: Tid, status = ' '): void {
    if (this.#closed) throw new POSError('the storage is closed');
    if (this.#transaction === transaction)
      throw new StorageTransactionError('the transaction has begun already');
    if (this.#transaction !== undefined)
      throw new StorageTransactionError('another transaction is being committed');
    const id = tid ?? tidAfter(this.#lastTid, Date.now() / 1000);
    this.#written = { tid: id, status, ...encodeMetadata(transaction), oids: [] };
    this.#transaction = transaction;
    this.#pending = new Map();
    this.#resolved = [];
    this.#voted = false;
  }

  #put(oid: Oid, data: Uint8Array | null): void {
    if (oid >= this.#nextOid) this.#nextOid = nextOid(oid);
    this.#pending.set(oid, data);
  }

  store(oid: Oid, previous: Tid, data: Uint8Array, transaction: StorageTransaction): void {
    this.#open(transaction);
    const committed = this.#tidOf(oid);
    let stored = data;
    if (committed !== previous && committed !== 0n) {
      stored = mergeChanges(this, this.#resolver, oid, [committed, previous], data);
      this.#resolved.push(oid);
    }
    this.#put(oid, stored);
  }

  restore(
    oid: Oid,
    _tid: Tid,
    data: Uint8Array | null,
    _previousTid: Tid | null,
    transaction: StorageTransaction,
  ): void {
    this.#open(transaction);
    this.#put(oid, data);
  }

  deleteObject(oid: Oid, previous: Tid, transaction: StorageTransaction): void {
    this.#open(transaction);
    const committed = this.#of(oid).at(-1)!.tid;
    if (committed !== previous)
      throw new ConflictError('database conflict error', { oid, serials: [committed, previous] });
    this.#put(oid, null);
  }

  checkCurrentSerialInTransaction(oid: Oid, tid: Tid, transaction: StorageTransaction): void {
    this.#open(transaction);
    const committed = this.#tidOf(oid);
    if (committed !== tid)
      throw new ReadConflictError('an object that was read has changed', { oid, serials: [committed, tid] });
  }

  tpcVote(transaction: StorageTransaction): readonly Oid[] {
    this.#open(transaction);
    this.#voted = true;
    return this.#resolved;
  }

  tpcFinish(transaction: StorageTransaction, callback?: (tid: Tid) => void): Tid {
    const written = this.#written;
    if (written === undefined || transaction !== this.#transaction)
      throw new StorageTransactionError('this transaction is not being committed');
    if (!this.#voted) throw new StorageTransactionError('tpcFinish without tpcVote');
    const { tid } = written;
    try {
      callback?.(tid);
    } finally {
      for (const [oid, data] of this.#pending) {
        const revision = { tid, data, transaction: written };
        const revisions = this.#revisions.get(oid);
        if (revisions === undefined) this.#revisions.set(oid, [revision]);
        else revisions.push(revision);
        this.#size += (data?.length ?? 0) + 16;
      }
      written.oids = [...this.#pending.keys()];
      this.#transactions.push(written);
      this.#changes.add(tid, written.oids);
      if (tid > this.#lastTid) this.#lastTid = tid;
      this.#clear();
    }
    return tid;
  }

  tpcAbort(transaction: StorageTransaction): void {
    if (transaction === this.#transaction) this.#clear();
  }

  #clear(): void {
    this.#transaction = undefined;
    this.#written = undefined;
    this.#pending = new Map();
    this.#voted = false;
  }

  history(oid: Oid, size = 1): HistoryEntry[] {
    return this.#of(oid)
      .slice(-size)
      .reverse()
      .map(({ tid, data, transaction: { user, description, extension } }) => ({
        tid,
        time: secondsOfTid(tid),
        userName: decoder.decode(user),
        description: decoder.decode(description),
        size: data?.length ?? 0,
        metadata: { user, description, extensionBytes: extension },
      }));
  }

  /** Forgets revisions that were not current at a time, and objects that cannot be reached from the root. */
  pack(time: number, options: PackOptions = {}): void {
    if (this.#closed) throw new POSError('the storage is closed');
    const stop = tidOfSeconds(time);
    for (const [oid, revisions] of this.#revisions) {
      const current = revisions.findLastIndex(({ tid }) => tid <= stop);
      // One that was removed by then is not needed to know that there is nothing.
      const first = current >= 0 && revisions[current]!.data === null ? current + 1 : Math.max(current, 0);
      this.#keep(oid, revisions.slice(first), revisions.slice(0, first));
    }
    if (options.gc ?? true) this.#collect(stop, options.referencesOf ?? referencesOf);
    const left = new Set<Written>();
    for (const revisions of this.#revisions.values())
      for (const { transaction } of revisions) left.add(transaction);
    this.#transactions = this.#transactions.filter((written) => written.tid > stop || left.has(written));
    for (const written of this.#transactions) if (written.tid <= stop) written.status = 'p';
  }

  #keep(oid: Oid, kept: Revision[], removed: readonly Revision[]): void {
    for (const { data } of removed) this.#size -= (data?.length ?? 0) + 16;
    if (kept.length > 0) this.#revisions.set(oid, kept);
    else this.#revisions.delete(oid);
  }

  /** Removes objects that are older than the pack and that nothing refers to. */
  #collect(stop: Tid, references: (data: Uint8Array) => Iterable<Oid>): void {
    const reached = new Set<Oid>();
    const todo: Oid[] = [ROOT];
    for (const [oid, revisions] of this.#revisions) if (revisions.at(-1)!.tid > stop) todo.push(oid);
    for (let oid = todo.pop(); oid !== undefined; oid = todo.pop()) {
      if (reached.has(oid)) continue;
      reached.add(oid);
      for (const { data } of this.#revisions.get(oid) ?? [])
        if (data !== null) for (const other of references(data)) if (!reached.has(other)) todo.push(other);
    }
    // A storage without a root is not one whose objects are garbage.
    if (!this.#revisions.has(ROOT)) return;
    for (const [oid, revisions] of this.#revisions) if (!reached.has(oid)) this.#keep(oid, [], revisions);
  }

  *iterator(start: Tid = 0n, stop: Tid = 0xffff_ffff_ffff_ffffn): Generator<TransactionRecord> {
    for (const { tid, status, user, description, extension, oids } of this.#transactions) {
      if (tid < start) continue;
      if (tid > stop) return;
      const records = oids.flatMap((oid) => {
        const revision = this.#revisions.get(oid)?.find((item) => item.tid === tid);
        return revision === undefined ? [] : [{ oid, tid, data: revision.data, dataTxn: null }];
      });
      yield {
        tid,
        status,
        user,
        description,
        extensionBytes: extension,
        [Symbol.iterator]: () => records[Symbol.iterator](),
      };
    }
  }

  close(): void {
    this.#clear();
    this.#closed = true;
  }
}
