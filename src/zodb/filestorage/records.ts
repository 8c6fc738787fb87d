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
  TRANSACTION_HEADER,
  type TransactionHeader,
} from './format.ts';

/** Most records are smaller: read together with their header. */
const READ_AHEAD = 4096;
const CHUNK = 1024 * 1024;

/** Bytes of a file; those it gives may change with the next call. */
export interface ByteSource {
  /** `count` bytes from `position`; undefined when the file ends before. */
  bytes(position: number, count: number): Buffer | undefined;
}

/** Fills a part of a buffer; false when the file ends before. */
export function readFully(descriptor: number, buffer: Buffer, count: number, position: number): boolean {
  for (let done = 0; done < count;) {
    const got = readSync(descriptor, buffer, done, count - done, position + done);
    if (got === 0) return false;
    done += got;
  }
  return true;
}

/** Reads here and there. What lies before `end` never changes, so the last piece is kept. */
export class RandomBytes implements ByteSource {
  descriptor: number;
  /** Nothing is read from here on. */
  end: number;
  #buffer = Buffer.allocUnsafe(READ_AHEAD);
  #start = 0;
  #length = 0;

  constructor(descriptor: number, end: number) {
    this.descriptor = descriptor;
    this.end = end;
  }

  bytes(position: number, count: number): Buffer | undefined {
    const offset = position - this.#start;
    if (offset < 0 || offset + count > this.#length) {
      if (position + count > this.end) return undefined;
      if (this.descriptor < 0) throw new POSError('the storage is closed');
      const length = Math.min(Math.max(READ_AHEAD, count), this.end - position);
      if (this.#buffer.length < length) this.#buffer = Buffer.allocUnsafe(length);
      this.#length = 0;
      if (!readFully(this.descriptor, this.#buffer, length, position)) return undefined;
      this.#start = position;
      this.#length = length;
      // One huge record is no reason to hold its size for ever.
      const result = this.#buffer.subarray(0, count);
      if (length > CHUNK) {
        this.#buffer = Buffer.allocUnsafe(READ_AHEAD);
        this.#length = 0;
      }
      return result;
    }
    return this.#buffer.subarray(offset, offset + count);
  }

  /** Reads another file from now on. */
  replace(descriptor: number, end: number): void {
    this.descriptor = descriptor;
    this.end = end;
    this.#length = 0;
  }
}

/** Reads from the beginning to the end, a large piece at a time. */
export class SequentialBytes implements ByteSource {
  readonly #descriptor: number;
  readonly size: number;
  #buffer = Buffer.alloc(0);
  #start = 0;

  constructor(descriptor: number, size: number) {
    this.#descriptor = descriptor;
    this.size = size;
  }

  bytes(position: number, count: number): Buffer | undefined {
    if (position + count > this.size) return undefined;
    const offset = position - this.#start;
    if (offset >= 0 && offset + count <= this.#buffer.length)
      return this.#buffer.subarray(offset, offset + count);
    const length = Math.min(Math.max(CHUNK, count), this.size - position);
    const buffer = Buffer.allocUnsafe(length);
    if (!readFully(this.#descriptor, buffer, length, position)) return undefined;
    this.#buffer = buffer;
    this.#start = position;
    return buffer.subarray(0, count);
  }
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

  #bytes(position: number, count: number, what: string): Buffer {
    const bytes = this.#source.bytes(position, count);
    if (bytes === undefined) throw this.damaged(position, `it ends inside ${what}`);
    return bytes;
  }

  damaged(position: number, what: string): CorruptedError {
    return new CorruptedError(`${this.path} is damaged at ${position}: ${what}`);
  }

  transaction(position: number): TransactionHeader {
    return readTransactionHeader(this.#bytes(position, TRANSACTION_HEADER, 'a transaction'), 0);
  }

  metadata(position: number, header: TransactionHeader): RawMetadata {
    const { userLength, descriptionLength } = header;
    const length = headerLength(header);
    const bytes = new Uint8Array(this.#bytes(position, length, 'a transaction')).subarray(TRANSACTION_HEADER);
    return {
      user: bytes.subarray(0, userLength),
      description: bytes.subarray(userLength, userLength + descriptionLength),
      extensionBytes: bytes.subarray(userLength + descriptionLength),
    };
  }

  /** A position or length. */
  number(position: number): number {
    return readPosition(this.#bytes(position, 8, 'a length'), 0);
  }

  /** The record at a position, which must be one of `oid` when that is given. */
  record(position: number, oid?: Oid): RecordHeader {
    const bytes = this.#bytes(position, DATA_HEADER, 'a record');
    if (bytes.readUInt16BE(32) !== 0)
      throw this.damaged(position, 'the record has a version, which ZODB has not had since 3.9');
    const header = readDataHeader(bytes, 0);
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

  /** The position of the object's record before a record; 0: there is none. */
  previous(position: number, header: DataHeader): number {
    if (header.previous >= position) throw this.damaged(position, 'the record before it is not before it');
    return header.previous;
  }

  /** The bytes of a record that has data of its own. */
  dataAt(position: number, header: DataHeader): Uint8Array {
    return new Uint8Array(this.#bytes(position + DATA_HEADER, header.length, 'a record'));
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
