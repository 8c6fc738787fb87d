/** A storage in memory, with all revisions. What it holds ends with the process. */
import type { Transaction } from '../../transaction/index.ts';
import {
  ConflictError,
  type ConflictResolver,
  type Oid,
  POSKeyError,
  ReadConflictError,
  type RecordBefore,
  type Storage,
  type StoredRecord,
  StorageTransactionError,
  type Tid,
  type TransactionDataRecord,
  type TransactionRecord,
} from '../interfaces.ts';
import { encodeMetadata } from '../filestorage/metadata.ts';
import { tidAfter, tidOfSeconds } from '../timestamp.ts';

interface Written {
  readonly tid: Tid;
  readonly user: Uint8Array;
  readonly description: Uint8Array;
  readonly extension: Uint8Array;
  readonly oids: readonly Oid[];
}

export class MappingStorage implements Storage {
  readonly #name: string;
  /** Revisions of each object, the oldest first. */
  readonly #revisions = new Map<Oid, StoredRecord[]>();
  #transactions: Written[] = [];
  #lastTid: Tid = 0n;
  #nextOid = 1;
  #size = 0;
  #transaction: Transaction | undefined;
  #tid: Tid = 0n;
  #pending = new Map<Oid, Uint8Array>();
  #resolved: Oid[] = [];
  #resolver: ConflictResolver | undefined;

  constructor(name = 'MappingStorage') {
    this.#name = name;
  }

  #of(oid: Oid): StoredRecord[] {
    const revisions = this.#revisions.get(oid);
    if (revisions === undefined) throw new POSKeyError(oid);
    return revisions;
  }

  load(oid: Oid): StoredRecord {
    return this.#of(oid).at(-1)!;
  }

  loadBefore(oid: Oid, tid: Tid): RecordBefore | null {
    const revisions = this.#of(oid);
    for (let i = revisions.length - 1; i >= 0; i--) {
      if (revisions[i]!.tid < tid) return { ...revisions[i]!, end: revisions[i + 1]?.tid ?? null };
    }
    return null;
  }

  loadSerial(oid: Oid, tid: Tid): Uint8Array {
    const found = this.#of(oid).find((revision) => revision.tid === tid);
    if (found === undefined) throw new POSKeyError(oid);
    return found.data;
  }

  lastTransaction(): Tid {
    return this.#lastTid;
  }

  changesSince(tid: Tid): readonly Oid[] {
    const oids: Oid[] = [];
    for (let i = this.#transactions.length - 1; i >= 0 && this.#transactions[i]!.tid > tid; i--)
      oids.push(...this.#transactions[i]!.oids);
    return oids;
  }

  newOid(): Oid {
    return this.#nextOid++;
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
    this.#resolver = resolver;
  }

  #check(transaction: Transaction): void {
    if (transaction !== this.#transaction)
      throw new StorageTransactionError('this transaction is not being committed');
  }

  tpcBegin(transaction: Transaction, tid?: Tid): void {
    if (this.#transaction !== undefined)
      throw new StorageTransactionError('a transaction is being committed');
    this.#transaction = transaction;
    this.#tid = tid ?? tidAfter(this.#lastTid, Date.now() / 1000);
    this.#pending = new Map();
    this.#resolved = [];
  }

  store(oid: Oid, previous: Tid, data: Uint8Array, transaction: Transaction): void {
    this.#check(transaction);
    if (typeof oid === 'number' && oid >= this.#nextOid) this.#nextOid = oid + 1;
    const committed = this.#revisions.get(oid)?.at(-1)?.tid ?? 0n;
    let stored = data;
    if (committed !== previous && committed !== 0n) {
      const serials = [committed, previous] as const;
      let merged: Uint8Array | undefined;
      try {
        merged = this.#resolver?.(oid, this.loadSerial(oid, previous), this.loadSerial(oid, committed), data);
      } catch (error) {
        throw new ConflictError('database conflict error', { oid, serials }, { cause: error });
      }
      if (merged === undefined) throw new ConflictError('database conflict error', { oid, serials });
      stored = merged;
      this.#resolved.push(oid);
    }
    this.#pending.set(oid, stored);
  }

  checkCurrentSerialInTransaction(oid: Oid, tid: Tid, transaction: Transaction): void {
    this.#check(transaction);
    const committed = this.#revisions.get(oid)?.at(-1)?.tid ?? 0n;
    if (committed !== tid)
      throw new ReadConflictError('an object that was read has changed', { oid, serials: [committed, tid] });
  }

  tpcVote(transaction: Transaction): readonly Oid[] {
    this.#check(transaction);
    return this.#resolved;
  }

  tpcFinish(transaction: Transaction, callback?: (tid: Tid) => void): Tid {
    this.#check(transaction);
    const tid = this.#tid;
    const { user, description, extension } = encodeMetadata(transaction);
    callback?.(tid);
    for (const [oid, data] of this.#pending) {
      const revisions = this.#revisions.get(oid);
      if (revisions === undefined) this.#revisions.set(oid, [{ data, tid }]);
      else revisions.push({ data, tid });
      this.#size += data.length + 16;
    }
    this.#transactions.push({ tid, user, description, extension, oids: [...this.#pending.keys()] });
    this.#lastTid = tid;
    this.#transaction = undefined;
    return tid;
  }

  tpcAbort(transaction: Transaction): void {
    if (transaction === this.#transaction) this.#transaction = undefined;
  }

  /** Forgets revisions that were not current at a time; objects that nothing refers to stay. */
  pack(time: number): void {
    const tid = tidOfSeconds(time);
    for (const [oid, revisions] of this.#revisions) {
      const current = revisions.findLastIndex((revision) => revision.tid <= tid);
      if (current > 0) this.#revisions.set(oid, revisions.slice(current));
    }
  }

  *iterator(start: Tid = 0n, stop: Tid = 0xffff_ffff_ffff_ffffn): Generator<TransactionRecord> {
    for (const { tid, user, description, extension, oids } of this.#transactions) {
      if (tid < start) continue;
      if (tid > stop) return;
      const records = oids
        .filter((oid) => this.#of(oid).some((revision) => revision.tid === tid))
        .map((oid): TransactionDataRecord => ({ oid, tid, data: this.loadSerial(oid, tid), dataTxn: null }));
      yield {
        tid,
        status: ' ',
        user,
        description,
        extensionBytes: extension,
        [Symbol.iterator]: () => records[Symbol.iterator](),
      };
    }
  }

  close(): void {
    this.#transaction = undefined;
  }
}
