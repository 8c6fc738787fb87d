import {
  ConflictError,
  type ConflictResolver,
  type Oid,
  POSKeyError,
  ReadConflictError,
  type RecordBefore,
  type Storage,
  type StoredRecord,
  type Tid,
  type TransactionRecord,
  UndoError,
} from '../../src/zodb/interfaces.ts';
import type { Transaction } from '../../src/transaction/index.ts';

interface Revision {
  readonly tid: Tid;
  readonly data: Uint8Array | null;
}

/** Revisions in memory: small enough to be sure of, so that tests of connections test connections. */
export class TestStorage implements Storage {
  readonly revisions = new Map<Oid, Revision[]>();
  readonly log: { tid: Tid; oids: Oid[] }[] = [];
  readOnly = false;
  failAt: 'vote' | 'store' | null = null;
  loads = 0;
  #tid = 0n;
  #oid = 0;
  #pending = new Map<Oid, Uint8Array | null>();
  #resolved: Oid[] = [];
  #resolver: ConflictResolver | undefined;

  load(oid: Oid): StoredRecord {
    this.loads++;
    const revision = this.revisions.get(oid)?.at(-1);
    if (revision?.data == null) throw new POSKeyError(oid);
    return revision as StoredRecord;
  }

  loadBefore(oid: Oid, tid: Tid): RecordBefore | null {
    const revisions = this.revisions.get(oid);
    if (revisions === undefined) throw new POSKeyError(oid);
    const index = revisions.findLastIndex((revision) => revision.tid < tid);
    const revision = revisions[index];
    if (revision?.data == null) return null;
    return { ...(revision as StoredRecord), end: revisions[index + 1]?.tid ?? null };
  }

  loadSerial(oid: Oid, tid: Tid): Uint8Array {
    const data = this.revisions.get(oid)?.find((revision) => revision.tid === tid)?.data;
    if (data == null) throw new POSKeyError(oid);
    return data;
  }

  lastTransaction(): Tid {
    return this.#tid;
  }

  changesSince(tid: Tid, but?: Tid): Oid[] {
    return this.log.filter((entry) => entry.tid > tid && entry.tid !== but).flatMap((entry) => entry.oids);
  }

  setConflictResolver(resolver: ConflictResolver): void {
    this.#resolver = resolver;
  }

  newOid(): Oid {
    return ++this.#oid;
  }

  tpcBegin(): void {
    this.#pending.clear();
    this.#resolved = [];
  }

  store(oid: Oid, previous: Tid, data: Uint8Array, _transaction: Transaction): void {
    if (this.failAt === 'store') throw new Error('disk full');
    const current = this.revisions.get(oid)?.at(-1);
    if (current !== undefined && current.tid !== previous) {
      const merged = this.#resolver?.(oid, this.loadSerial(oid, previous), current.data!, data);
      if (merged === undefined) throw new ConflictError('changed', { oid, serials: [current.tid, previous] });
      this.#resolved.push(oid);
      this.#pending.set(oid, merged);
    } else this.#pending.set(oid, data);
  }

  checkCurrentSerialInTransaction(oid: Oid, tid: Tid): void {
    if (this.revisions.get(oid)?.at(-1)?.tid !== tid) throw new ReadConflictError('changed', { oid });
  }

  tpcVote(): readonly Oid[] | undefined {
    if (this.failAt === 'vote') throw new Error('no vote');
    return this.#resolved;
  }

  tpcFinish(_transaction: Transaction, callback?: (tid: Tid) => void): Tid {
    const tid = ++this.#tid;
    for (const [oid, data] of this.#pending) {
      const revisions = this.revisions.get(oid);
      if (revisions === undefined) this.revisions.set(oid, [{ tid, data }]);
      else revisions.push({ tid, data });
    }
    this.log.push({ tid, oids: [...this.#pending.keys()] });
    callback?.(tid);
    return tid;
  }

  tpcAbort(): void {
    this.#pending.clear();
  }

  supportsUndo(): boolean {
    return true;
  }

  undo(tid: Tid): readonly Oid[] {
    const entry = this.log.find((each) => each.tid === tid);
    if (entry === undefined) throw new UndoError('no such transaction');
    for (const oid of entry.oids) {
      const revisions = this.revisions.get(oid)!;
      if (revisions.at(-1)!.tid !== tid && !this.#pending.has(oid)) throw new UndoError('changed since', oid);
      this.#pending.set(oid, revisions[revisions.findIndex((each) => each.tid === tid) - 1]?.data ?? null);
    }
    return entry.oids;
  }

  undoLog(): never[] {
    return [];
  }

  isReadOnly(): boolean {
    return this.readOnly;
  }

  sortKey(): string {
    return 'test';
  }

  pack(): void {}

  *iterator(): Generator<TransactionRecord> {}

  getName(): string {
    return 'test';
  }

  getSize(): number {
    return 0;
  }

  size(): number {
    return this.revisions.size;
  }

  close(): void {}
}
