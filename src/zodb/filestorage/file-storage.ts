/**
 * FileStorage: all revisions of all objects in one file, in Python's format. Reading is one `pread` for most records; a
 * transaction is one write, a status byte and an `fsync`.
 */
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { getLogger } from '@logtape/logtape';
import type { Transaction } from '../../transaction/index.ts';
import {
  ConflictError,
  type ConflictResolver,
  CorruptedError,
  type HistoryEntry,
  type Oid,
  type PackOptions,
  POSKeyError,
  QuotaError,
  ReadConflictError,
  ReadOnlyError,
  type RecordBefore,
  type Storage,
  type StoredRecord,
  StorageTransactionError,
  type Tid,
  type TransactionRecord,
} from '../interfaces.ts';
import { POSError } from '../errors.ts';
import { secondsOfTid, tidAfter } from '../timestamp.ts';
import {
  DATA_HEADER,
  type DataHeader,
  MAGIC,
  MAGIC_PYTHON_2,
  MAGIC_SIZE,
  readDataHeader,
  readPosition,
  readTransactionHeader,
  TRANSACTION_HEADER,
  type TransactionHeader,
  writeDataHeader,
  writeU64,
} from './format.ts';
import { readIndexFile, writeIndexFile } from './index-file.ts';
import { LockFile } from './lock-file.ts';
import { OidIndex } from './oid-index.ts';
import { encodeMetadata } from './metadata.ts';
import { Scanner } from './scan.ts';
import { transactionsOf } from './transactions.ts';

export interface FileStorageOptions {
  /** Begin with an empty file; what was there is moved aside. */
  readonly create?: boolean;
  readonly readOnly?: boolean;
  /** Largest size of the file in bytes. */
  readonly quota?: number;
  /** Whether a transaction waits until its bytes are on the disk (default). */
  readonly fsync?: boolean;
}

const logger = getLogger(['ZODB', 'FileStorage']);
/** Most records are smaller: read together with their header. */
const READ_AHEAD = 4096;
/** Transactions whose changes are remembered for connections that poll. */
const REMEMBERED = 10_000;
/** The index is saved after so many transactions, as well as at the end. */
const SAVE_INDEX_EVERY = 5000;

interface Pending {
  readonly oid: Oid;
  readonly data: Uint8Array;
  readonly previous: number;
}

export class FileStorage implements Storage {
  readonly path: string;
  readonly #options: FileStorageOptions;
  readonly #lock: LockFile | undefined;
  readonly #descriptor: number;
  #index: OidIndex;
  /** End of the last complete transaction. */
  #end: number;
  #lastTid: Tid;
  #nextOid: Oid;
  #buffer = Buffer.allocUnsafe(READ_AHEAD);
  #resolver: ConflictResolver | undefined;
  #transaction: Transaction | undefined;
  #tid: Tid = 0n;
  #status = ' ';
  #pending: Pending[] = [];
  #resolved: Oid[] = [];
  #voted: { readonly positions: readonly number[]; readonly length: number } | undefined;
  #changes: { readonly tid: Tid; readonly oids: readonly Oid[] }[] = [];
  /** Before this transaction it is not known what changed. */
  #changesFrom: Tid;
  #sinceIndex = 0;
  #closed = false;

  /** Opens a file, or makes one. Throws a LockError, CorruptedError or an error of the file system. */
  constructor(path: string, options: FileStorageOptions = {}) {
    this.path = path;
    this.#options = options;
    if (options.readOnly && options.create) throw new POSError('a read-only storage cannot be created');
    this.#lock = options.readOnly ? undefined : new LockFile(`${path}.lock`);
    try {
      if (options.create && existsSync(path)) renameSync(path, `${path}.old`);
      this.#descriptor = openFile(path, options.readOnly === true);
      try {
        const saved =
          existsSync(path) && fstatSync(this.#descriptor).size > MAGIC_SIZE ? this.#savedIndex() : undefined;
        const found = new Scanner(this.#descriptor, path).scan(saved, {
          readOnly: options.readOnly === true,
        });
        this.#index = found.index;
        this.#end = found.end;
        this.#lastTid = found.lastTid;
        this.#nextOid = next(found.index.max);
        this.#changesFrom = found.lastTid;
        if (saved === undefined && found.index.size > 0 && !options.readOnly) this.#saveIndex();
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

  #read(position: number, count: number): Buffer {
    if (this.#buffer.length < count)
      this.#buffer = Buffer.allocUnsafe(Math.max(count, this.#buffer.length * 2));
    let done = 0;
    while (done < count) {
      const got = readSync(this.#descriptor, this.#buffer, done, count - done, position + done);
      if (got === 0) throw new CorruptedError(`${this.path} ends inside the record at ${position}`);
      done += got;
    }
    return this.#buffer;
  }

  /** The header of a record, and its data as far as it was read with it. */
  #readRecord(position: number): { header: DataHeader; data: Uint8Array | null } {
    if (this.#closed) throw new POSError('the storage is closed');
    const ahead = Math.min(READ_AHEAD, this.#end - position);
    const buffer = this.#read(position, Math.max(ahead, DATA_HEADER + 8));
    const header = readDataHeader(buffer, 0);
    if (header.length === 0) {
      const back = readPosition(buffer, DATA_HEADER);
      return { header, data: back === 0 ? null : this.#readRecord(back).data };
    }
    if (header.length > this.#end - position)
      throw new CorruptedError(`${this.path} has a record of an impossible length at ${position}`);
    const size = DATA_HEADER + header.length;
    const whole = size <= ahead ? buffer : this.#read(position, size);
    return { header, data: new Uint8Array(whole.subarray(DATA_HEADER, size)) };
  }

  #header(position: number): DataHeader {
    return readDataHeader(this.#read(position, DATA_HEADER), 0);
  }

  load(oid: Oid): StoredRecord {
    const position = this.#index.get(oid);
    if (position === 0) throw new POSKeyError(oid);
    const { header, data } = this.#readRecord(position);
    if (header.oid !== oid)
      throw new CorruptedError(`${this.path} has a record of another object at ${position}`);
    if (data === null) throw new POSKeyError(oid);
    return { data, tid: header.tid };
  }

  loadBefore(oid: Oid, tid: Tid): RecordBefore | null {
    let position = this.#index.get(oid);
    if (position === 0) throw new POSKeyError(oid);
    let end: Tid | null = null;
    while (position !== 0) {
      const header = this.#header(position);
      if (header.tid < tid) {
        const { data } = this.#readRecord(position);
        if (data === null) throw new POSKeyError(oid);
        return { data, tid: header.tid, end };
      }
      end = header.tid;
      position = header.previous;
    }
    return null;
  }

  loadSerial(oid: Oid, tid: Tid): Uint8Array {
    let position = this.#index.get(oid);
    while (position !== 0) {
      const header = this.#header(position);
      if (header.tid === tid) {
        const { data } = this.#readRecord(position);
        if (data !== null) return data;
        break;
      }
      position = header.previous;
    }
    throw new POSKeyError(oid);
  }

  lastTransaction(): Tid {
    return this.#lastTid;
  }

  changesSince(tid: Tid): readonly Oid[] | null {
    if (tid < this.#changesFrom) return null;
    const oids: Oid[] = [];
    for (let i = this.#changes.length - 1; i >= 0 && this.#changes[i]!.tid > tid; i--)
      oids.push(...this.#changes[i]!.oids);
    return oids;
  }

  newOid(): Oid {
    const oid = this.#nextOid;
    this.#nextOid = next(oid);
    return oid;
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

  #checkTransaction(transaction: Transaction): void {
    if (transaction !== this.#transaction)
      throw new StorageTransactionError('this transaction is not being committed');
  }

  tpcBegin(transaction: Transaction, tid?: Tid, status = ' '): void {
    if (this.isReadOnly()) throw new ReadOnlyError();
    if (this.#closed) throw new POSError('the storage is closed');
    if (this.#transaction === transaction)
      throw new StorageTransactionError('the transaction has begun already');
    if (this.#transaction !== undefined)
      throw new StorageTransactionError('another transaction is being committed');
    this.#transaction = transaction;
    this.#tid = tid ?? tidAfter(this.#lastTid, Date.now() / 1000);
    this.#status = status;
    this.#pending = [];
    this.#resolved = [];
    this.#voted = undefined;
  }

  store(oid: Oid, previousTid: Tid, data: Uint8Array, transaction: Transaction): void {
    this.#checkTransaction(transaction);
    if (oid > this.#nextOid || oid === this.#nextOid) this.#nextOid = next(oid);
    const previous = this.#index.get(oid);
    let stored = data;
    if (previous !== 0) {
      const committed = this.#header(previous).tid;
      if (committed !== previousTid) {
        stored = this.#merge(oid, committed, previousTid, data);
        this.#resolved.push(oid);
      }
    }
    this.#pending.push({ oid, data: stored, previous });
  }

  #merge(oid: Oid, committed: Tid, previous: Tid, data: Uint8Array): Uint8Array {
    const serials = [committed, previous] as const;
    let merged: Uint8Array | undefined;
    try {
      merged = this.#resolver?.(oid, this.loadSerial(oid, previous), this.loadSerial(oid, committed), data);
    } catch (error) {
      throw new ConflictError('database conflict error', { oid, serials }, { cause: error });
    }
    if (merged === undefined) throw new ConflictError('database conflict error', { oid, serials });
    return merged;
  }

  checkCurrentSerialInTransaction(oid: Oid, tid: Tid, transaction: Transaction): void {
    this.#checkTransaction(transaction);
    const position = this.#index.get(oid);
    const committed = position === 0 ? 0n : this.#header(position).tid;
    if (committed !== tid)
      throw new ReadConflictError('an object that was read has changed', { oid, serials: [committed, tid] });
  }

  tpcVote(transaction: Transaction): readonly Oid[] | undefined {
    this.#checkTransaction(transaction);
    const start = this.#end;
    const metadata = encodeMetadata(transaction);
    let length =
      TRANSACTION_HEADER + metadata.user.length + metadata.description.length + metadata.extension.length;
    const positions: number[] = [];
    for (const { data } of this.#pending) {
      positions.push(start + length);
      length += DATA_HEADER + (data.length || 8);
    }
    if (this.#options.quota !== undefined && start + length + 8 > this.#options.quota) {
      throw new QuotaError(`${this.path} would grow beyond its quota of ${this.#options.quota} bytes`);
    }
    const buffer = Buffer.allocUnsafe(length + 8);
    buffer.writeBigUInt64BE(this.#tid, 0);
    writeU64(buffer, length, 8);
    // Not complete: whoever opens the file before the last step will cut it off.
    buffer[16] = 'c'.charCodeAt(0);
    buffer.writeUInt16BE(metadata.user.length, 17);
    buffer.writeUInt16BE(metadata.description.length, 19);
    buffer.writeUInt16BE(metadata.extension.length, 21);
    let at = TRANSACTION_HEADER;
    for (const part of [metadata.user, metadata.description, metadata.extension]) {
      buffer.set(part, at);
      at += part.length;
    }
    for (const { oid, data, previous } of this.#pending) {
      writeDataHeader(buffer, at, { oid, tid: this.#tid, previous, transaction: start, length: data.length });
      at += DATA_HEADER;
      buffer.set(data, at);
      if (data.length === 0) writeU64(buffer, 0, at);
      at += data.length || 8;
    }
    writeU64(buffer, length, at);
    try {
      writeAll(this.#descriptor, buffer, start);
    } catch (error) {
      this.#cut();
      throw error;
    }
    this.#voted = { positions, length };
    return this.#resolved;
  }

  tpcFinish(transaction: Transaction, callback?: (tid: Tid) => void): Tid {
    this.#checkTransaction(transaction);
    if (this.#voted === undefined) throw new StorageTransactionError('tpcFinish without tpcVote');
    const { positions, length } = this.#voted;
    const tid = this.#tid;
    try {
      writeAll(this.#descriptor, Buffer.from(this.#status), this.#end + 16);
      if (this.#options.fsync !== false) fsyncSync(this.#descriptor);
    } catch (error) {
      this.#cut();
      throw error;
    }
    callback?.(tid);
    for (const [i, { oid }] of this.#pending.entries()) this.#index.set(oid, positions[i]!);
    this.#changes.push({ tid, oids: this.#pending.map(({ oid }) => oid) });
    if (this.#changes.length > REMEMBERED * 2) {
      this.#changes = this.#changes.slice(REMEMBERED);
      this.#changesFrom = this.#changes[0]!.tid;
    }
    this.#end += length + 8;
    this.#lastTid = tid;
    this.#clear();
    if (++this.#sinceIndex >= SAVE_INDEX_EVERY) this.#saveIndex();
    return tid;
  }

  tpcAbort(transaction: Transaction): void {
    if (transaction !== this.#transaction) return;
    if (this.#voted !== undefined) this.#cut();
    this.#clear();
  }

  /** Takes back what was written of the transaction. */
  #cut(): void {
    try {
      ftruncateSync(this.#descriptor, this.#end);
    } catch (error) {
      // What is left has the status of an incomplete transaction; the next one overwrites it.
      logger.error(`${this.path} cannot be cut at ${this.#end}: {error}`, { error });
    }
  }

  #clear(): void {
    this.#transaction = undefined;
    this.#pending = [];
    this.#resolved = [];
    this.#voted = undefined;
  }

  history(oid: Oid, size = 1): HistoryEntry[] {
    const entries: HistoryEntry[] = [];
    let position = this.#index.get(oid);
    if (position === 0) throw new POSKeyError(oid);
    while (position !== 0 && entries.length < size) {
      const header = this.#header(position);
      const transaction = this.#transactionHeader(header.transaction);
      const at = header.transaction + TRANSACTION_HEADER;
      const text = this.#read(at, transaction.userLength + transaction.descriptionLength).toString(
        'utf8',
        0,
        transaction.userLength + transaction.descriptionLength,
      );
      const userName = Buffer.from(text).toString('utf8', 0, transaction.userLength);
      entries.push({
        tid: header.tid,
        time: secondsOfTid(header.tid),
        userName,
        description: Buffer.from(text).toString('utf8', transaction.userLength),
        size: header.length,
      });
      position = header.previous;
    }
    return entries;
  }

  #transactionHeader(position: number): TransactionHeader {
    return readTransactionHeader(this.#read(position, TRANSACTION_HEADER), 0);
  }

  iterator(start: Tid = 0n, stop: Tid = 0xffff_ffff_ffff_ffffn): Iterable<TransactionRecord> {
    return transactionsOf(this.path, { whole: this.#end, start, stop });
  }

  pack(_time: number, _options?: PackOptions): void {
    throw new POSError('packing a FileStorage is not part of this version yet');
  }

  /** Oids of all objects. */
  oids(): Iterable<Oid> {
    return this.#index.keys();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (!this.isReadOnly()) this.#saveIndex();
    closeSync(this.#descriptor);
    this.#lock?.close();
  }
}

const next = (oid: Oid): Oid =>
  typeof oid === 'number' && oid < Number.MAX_SAFE_INTEGER ? oid + 1 : BigInt(oid) + 1n;

function writeAll(descriptor: number, buffer: Buffer, position: number): void {
  let done = 0;
  while (done < buffer.length)
    done += writeSync(descriptor, buffer, done, buffer.length - done, position + done);
}

function openFile(path: string, readOnly: boolean): number {
  if (existsSync(path) && !statSync(path).isFile()) throw new CorruptedError(`${path} is no file`);
  if (readOnly) {
    const descriptor = openSync(path, 'r');
    checkMagic(descriptor, path);
    return descriptor;
  }
  const descriptor = openSync(path, existsSync(path) ? 'r+' : 'w+');
  if (fstatSync(descriptor).size === 0) writeAll(descriptor, Buffer.from(MAGIC), 0);
  else {
    try {
      checkMagic(descriptor, path);
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
  }
  return descriptor;
}

function checkMagic(descriptor: number, path: string): void {
  const magic = Buffer.alloc(MAGIC_SIZE);
  readSync(descriptor, magic, 0, MAGIC_SIZE, 0);
  const text = magic.toString('latin1');
  if (text !== MAGIC && text !== MAGIC_PYTHON_2)
    throw new CorruptedError(`${path} is no database: it does not begin with ${MAGIC}`);
}
