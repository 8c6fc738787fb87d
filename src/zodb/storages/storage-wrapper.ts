import type {
  ConflictResolver,
  Oid,
  PackOptions,
  RecordBefore,
  Storage,
  StorageTransaction,
  StoredRecord,
  Tid,
  TransactionRecord,
} from '../interfaces.ts';

/** A storage that passes everything on to another one. It can what that one can. */
export class StorageWrapper implements Storage {
  readonly base: Storage;
  changesSince?: NonNullable<Storage['changesSince']>;
  lastInvalidations?: NonNullable<Storage['lastInvalidations']>;
  currentRecord?: NonNullable<Storage['currentRecord']>;
  history?: NonNullable<Storage['history']>;
  supportsUndo?: NonNullable<Storage['supportsUndo']>;
  undo?: NonNullable<Storage['undo']>;
  undoLog?: NonNullable<Storage['undoLog']>;
  packOnline?: NonNullable<Storage['packOnline']>;
  restore?: NonNullable<Storage['restore']>;
  deleteObject?: NonNullable<Storage['deleteObject']>;
  prefetch?: NonNullable<Storage['prefetch']>;

  constructor(base: Storage) {
    this.base = base;
    if (base.changesSince) this.changesSince = (tid, but) => base.changesSince!(tid, but);
    if (base.lastInvalidations) this.lastInvalidations = (count) => base.lastInvalidations!(count);
    if (base.currentRecord) this.currentRecord = (from) => base.currentRecord!(from);
    if (base.prefetch) this.prefetch = (oids, tid) => base.prefetch!(oids, tid);
    if (base.history) this.history = (oid, size) => base.history!(oid, size);
    if (base.supportsUndo) this.supportsUndo = () => base.supportsUndo!();
    if (base.undo) this.undo = (tid, transaction) => base.undo!(tid, transaction);
    if (base.undoLog) this.undoLog = (first, last, filter) => base.undoLog!(first, last, filter);
    if (base.packOnline) this.packOnline = (time, options) => base.packOnline!(time, options);
    if (base.restore)
      this.restore = (oid, tid, data, previous, transaction) =>
        base.restore!(oid, tid, data, previous, transaction);
    if (base.deleteObject)
      this.deleteObject = (oid, previous, transaction) => base.deleteObject!(oid, previous, transaction);
  }

  load(oid: Oid): StoredRecord {
    return this.base.load(oid);
  }

  loadBefore(oid: Oid, tid: Tid): RecordBefore | null {
    return this.base.loadBefore(oid, tid);
  }

  loadSerial(oid: Oid, tid: Tid): Uint8Array {
    return this.base.loadSerial(oid, tid);
  }

  lastTransaction(): Tid {
    return this.base.lastTransaction();
  }

  newOid(): Oid {
    return this.base.newOid();
  }

  isReadOnly(): boolean {
    return this.base.isReadOnly();
  }

  sortKey(): string {
    return this.base.sortKey();
  }

  getName(): string {
    return this.base.getName();
  }

  getSize(): number {
    return this.base.getSize();
  }

  size(): number {
    return this.base.size();
  }

  setConflictResolver(resolver: ConflictResolver): void {
    this.base.setConflictResolver?.(resolver);
  }

  tpcBegin(transaction: StorageTransaction, tid?: Tid, status?: string): void {
    this.base.tpcBegin(transaction, tid, status);
  }

  store(oid: Oid, previous: Tid, data: Uint8Array, transaction: StorageTransaction): void {
    this.base.store(oid, previous, data, transaction);
  }

  checkCurrentSerialInTransaction(oid: Oid, tid: Tid, transaction: StorageTransaction): void {
    this.base.checkCurrentSerialInTransaction(oid, tid, transaction);
  }

  tpcVote(transaction: StorageTransaction): readonly Oid[] | undefined {
    return this.base.tpcVote(transaction);
  }

  tpcFinish(transaction: StorageTransaction, callback?: (tid: Tid) => void): Tid {
    return this.base.tpcFinish(transaction, callback);
  }

  tpcAbort(transaction: StorageTransaction): void {
    this.base.tpcAbort(transaction);
  }

  pack(time: number, options?: PackOptions): void {
    this.base.pack(time, options);
  }

  iterator(start?: Tid, stop?: Tid): Iterable<TransactionRecord> {
    return this.base.iterator(start, stop);
  }

  close(): void {
    this.base.close();
  }
}
