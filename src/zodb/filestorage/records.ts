/** Reads transactions and records of a file at their positions. */
import { readSync } from 'node:fs';
import { POSError } from '../errors.ts';
import { CorruptedError, type Oid, type RawMetadata, type Tid } from '../interfaces.ts';
import {
  DATA_HEADER,
  type DataHeader,
  readDataHeader,
  readPosition,
  readTransactionHeader,
  readU64,
  TID_AT,
  TRANSACTION_HEADER,
  type TransactionHeader,
} from './format.ts';

/** Most records are smaller: read together with their header. */
const READ_AHEAD = 1024;
/** Read at once when records are read one after the other. */
const SEQUENTIAL = 65_536;
const CHUNK = 1024 * 1024;

/** Bytes of a file, a piece at a time. */
export abstract class ByteSource {
  /** The piece that the last `locate` found its bytes in. The next call may change it. */
  buffer: Uint8Array = new Uint8Array(0);
  view: DataView = new DataView(new ArrayBuffer(0));

  /** Where in `buffer` the `count` bytes from `position` are; -1 when the file ends before. */
  abstract locate(position: number, count: number): number;

  protected useBuffer(size: number): void {
    const memory = Buffer.allocUnsafeSlow(size).buffer;
    this.buffer = new Uint8Array(memory);
    this.view = new DataView(memory);
  }
}

/** Fills a part of a buffer; false when the file ends before. */
export function readFully(descriptor: number, buffer: Uint8Array, count: number, position: number): boolean {
  for (let done = 0; done < count;) {
    const got = readSync(descriptor, buffer, done, count - done, position + done);
    if (got === 0) return false;
    done += got;
  }
  return true;
}

/** Reads here and there. What lies before `end` never changes, so the last piece is kept. */
export class RandomBytes extends ByteSource {
  descriptor: number;
  /** Nothing is read from here on. */
  end: number;
  #start = 0;
  #length = 0;

  constructor(descriptor: number, end: number) {
    super();
    this.descriptor = descriptor;
    this.end = end;
    this.useBuffer(SEQUENTIAL);
  }

  locate(position: number, count: number): number {
    const offset = position - this.#start;
    if (offset >= 0 && offset + count <= this.#length) return offset;
    return this.#read(position, count);
  }

  #read(position: number, count: number): number {
    if (position + count > this.end) return -1;
    if (this.descriptor < 0) throw new POSError('the storage is closed');
    // Whoever reads on where the last piece ended will go on reading there.
    const next = this.#start + this.#length;
    const ahead = position <= next && position + count > next && this.#length > 0 ? SEQUENTIAL : READ_AHEAD;
    const length = Math.min(Math.max(ahead, count), this.end - position);
    // One huge record is no reason to hold its size for ever.
    const size = Math.max(length, SEQUENTIAL);
    if (this.buffer.length < size || this.buffer.length > Math.max(CHUNK, size)) this.useBuffer(size);
    this.#length = 0;
    if (!readFully(this.descriptor, this.buffer, length, position)) return -1;
    this.#start = position;
    this.#length = length;
    return 0;
  }

  /** Reads another file from now on. */
  replace(descriptor: number, end: number): void {
    this.descriptor = descriptor;
    this.end = end;
    this.#length = 0;
  }
}

/** Reads from the beginning to the end, a large piece at a time. */
export class SequentialBytes extends ByteSource {
  readonly #descriptor: number;
  readonly size: number;
  #start = 0;
  #length = 0;

  constructor(descriptor: number, size: number) {
    super();
    this.#descriptor = descriptor;
    this.size = size;
  }

  locate(position: number, count: number): number {
    if (position + count > this.size) return -1;
    const offset = position - this.#start;
    if (offset >= 0 && offset + count <= this.#length) return offset;
    const length = Math.min(Math.max(CHUNK, count), this.size - position);
    if (this.buffer.length < length || this.buffer.length > Math.max(CHUNK, length)) this.useBuffer(length);
    this.#length = 0;
    if (!readFully(this.#descriptor, this.buffer, length, position)) return -1;
    this.#start = position;
    this.#length = length;
    return 0;
  }
}

/** Memory for small records, which are slow to get one by one. */
const POOL = 8192;
/** Up to this many bytes V8 keeps the content with the array itself; larger records share a pool. */
const INLINE = 64;
const POOLED = POOL / 4;
let pool = new Uint8Array(POOL);
let poolUsed = 0;

function copyOf(bytes: Uint8Array, at: number, count: number): Uint8Array {
  if (count <= INLINE || count > POOLED) return bytes.slice(at, at + count);
  if (poolUsed + count > POOL) {
    pool = new Uint8Array(POOL);
    poolUsed = 0;
  }
  const result = new Uint8Array(pool.buffer, poolUsed, count);
  poolUsed += count;
  result.set(bytes.subarray(at, at + count));
  return result;
}

export interface RecordHeader extends DataHeader {
  /** For a record without data of its own: the position of one that has it; 0: there is none. */
  readonly back: number;
  /** Bytes of the whole record. */
  readonly size: number;
}

/** The data that a record stands for; null when there is none any more. */
export interface Resolved {
  readonly data: Uint8Array | null;
  /** The transaction that wrote the data. */
  readonly tid: Tid;
}

export const headerLength = (header: TransactionHeader): number =>
  TRANSACTION_HEADER + header.userLength + header.descriptionLength + header.extensionLength;

export class RecordReader {
  readonly path: string;
  readonly #source: ByteSource;

  constructor(source: ByteSource, path: string) {
    this.#source = source;
    this.path = path;
  }

  #locate(position: number, count: number, what: string): number {
    const at = this.#source.locate(position, count);
    if (at < 0) throw this.damaged(position, `it ends inside ${what}`);
    return at;
  }

  damaged(position: number, what: string): CorruptedError {
    return new CorruptedError(`${this.path} is damaged at ${position}: ${what}`);
  }

  transaction(position: number): TransactionHeader {
    const at = this.#locate(position, TRANSACTION_HEADER, 'a transaction');
    return readTransactionHeader(this.#source.view, at);
  }

  metadata(position: number, header: TransactionHeader): RawMetadata {
    const { userLength, descriptionLength } = header;
    const length = headerLength(header);
    const at = this.#locate(position, length, 'a transaction');
    const bytes = this.#source.buffer.slice(at + TRANSACTION_HEADER, at + length);
    return {
      user: bytes.subarray(0, userLength),
      description: bytes.subarray(userLength, userLength + descriptionLength),
      extensionBytes: bytes.subarray(userLength + descriptionLength),
    };
  }

  /** A position or length. */
  number(position: number): number {
    const at = this.#locate(position, 8, 'a length');
    return readPosition(this.#source.view, at);
  }

  /** The record at a position, which must be one of `oid` when that is given. */
  record(position: number, oid?: Oid): RecordHeader {
    const at = this.#locate(position, DATA_HEADER, 'a record');
    const { view } = this.#source;
    if (view.getUint16(at + 32) !== 0)
      throw this.damaged(position, 'the record has a version, which ZODB has not had since 3.9');
    const header = readDataHeader(view, at);
    if (oid !== undefined && header.oid !== oid)
      throw this.damaged(position, 'the record is one of another object');
    const { length } = header;
    const back = length > 0 ? 0 : this.number(position + DATA_HEADER);
    return {
      oid: header.oid,
      tid: header.tid,
      previous: header.previous,
      transaction: header.transaction,
      length,
      back,
      size: DATA_HEADER + (length || 8),
    };
  }

  /** The transaction of a record. */
  tidAt(position: number, oid: Oid): Tid {
    const at = this.#locate(position, DATA_HEADER, 'a record');
    const { view } = this.#source;
    if (readU64(view, at) !== oid) throw this.damaged(position, 'the record is one of another object');
    return view.getBigUint64(at + TID_AT);
  }

  /** The position of the object's record before a record; 0: there is none. */
  previous(position: number, header: DataHeader): number {
    if (header.previous >= position) throw this.damaged(position, 'the record before it is not before it');
    return header.previous;
  }

  /** The bytes of a record that has data of its own. */
  dataAt(position: number, header: DataHeader): Uint8Array {
    return this.copy(position + DATA_HEADER, header.length);
  }

  /** Bytes of their own. */
  copy(position: number, count: number): Uint8Array {
    const at = this.#locate(position, count, 'a record');
    return copyOf(this.#source.buffer, at, count);
  }

  /** The same, but they may change with the next call. */
  borrow(position: number, count: number): Uint8Array {
    const at = this.#locate(position, count, 'a record');
    return this.#source.buffer.subarray(at, at + count);
  }

  /** Follows pointers from a record that was read. */
  resolve(position: number, header: RecordHeader): Resolved {
    let at = position;
    let record = header;
    while (record.length === 0) {
      if (record.back === 0) return { data: null, tid: record.tid };
      if (record.back >= at) throw this.damaged(at, 'it points at data that is not before it');
      at = record.back;
      record = this.record(at, header.oid);
    }
    return { data: this.dataAt(at, record), tid: record.tid };
  }

  /** The same for a position; 0 is a record without data. */
  resolveAt(position: number): Resolved {
    return position === 0 ? { data: null, tid: 0n } : this.resolve(position, this.record(position));
  }
}
