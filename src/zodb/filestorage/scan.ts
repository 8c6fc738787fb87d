/** Goes through a file from where its index ends, and cuts off what is left of a transaction that was not completed. */
import { closeSync, existsSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { getLogger } from '@logtape/logtape';
import { CorruptedError, type Tid } from '../interfaces.ts';
import { disk } from './disk.ts';
import { FileStorageError } from './errors.ts';
import { MAGIC_SIZE, TRANSACTION_HEADER, type TransactionHeader } from './format.ts';
import type { SavedIndex } from './index-file.ts';
import { OidIndex } from './oid-index.ts';
import { headerLength, RecordReader, SequentialBytes } from './records.ts';

const logger = getLogger(['ZODB', 'FileStorage']);
const CHUNK = 1024 * 1024;
/** Records of the last transaction that are compared with a saved index. */
const CHECKED = 5;

export interface Scanned {
  readonly index: OidIndex;
  readonly end: number;
  readonly lastTid: Tid;
  /** Whether the index is as it was saved. */
  readonly asSaved: boolean;
}

interface ScanOptions {
  readonly readOnly: boolean;
  /** The first transaction that is not to be seen. */
  readonly stop?: Tid | undefined;
}

export class Scanner {
  readonly #descriptor: number;
  readonly #path: string;
  readonly #size: number;
  readonly #records: RecordReader;

  constructor(descriptor: number, path: string) {
    this.#descriptor = descriptor;
    this.#path = path;
    this.#size = fstatSync(descriptor).size;
    this.#records = new RecordReader(new SequentialBytes(descriptor, this.#size), path);
  }

  /** The last transaction that the index knows, if the file is as the index says. */
  #lastOf(saved: SavedIndex): Tid | undefined {
    try {
      let last: Tid | undefined;
      for (let end = saved.position; end > MAGIC_SIZE;) {
        if (end < MAGIC_SIZE + TRANSACTION_HEADER + 8 || end > this.#size) return undefined;
        const length = this.#records.number(end - 8);
        const start = end - 8 - length;
        if (start < MAGIC_SIZE || length < TRANSACTION_HEADER) return undefined;
        const header = this.#records.transaction(start);
        last ??= header.tid;
        if (header.length !== length || !' pu'.includes(header.status) || length < headerLength(header))
          return undefined;
        const first = start + headerLength(header);
        if (header.status === 'u' || first === start + length) {
          end = start;
          continue;
        }
        return this.#agrees(saved.index, start, first, start + length) ? last : undefined;
      }
      return undefined;
    } catch (error) {
      if (error instanceof CorruptedError) return undefined;
      throw error;
    }
  }

  #agrees(index: OidIndex, start: number, first: number, end: number): boolean {
    for (let at = first, checked = 0; at < end && checked < CHECKED; checked++) {
      const record = this.#records.record(at);
      if (at + record.size > end || record.transaction !== start || index.get(record.oid) !== at)
        return false;
      at += record.size;
    }
    return true;
  }

  scan(saved: SavedIndex | undefined, options: ScanOptions): Scanned {
    let index = new OidIndex();
    let position = MAGIC_SIZE;
    let lastTid: Tid = 0n;
    let asSaved = false;
    if (saved !== undefined) {
      const tid = this.#lastOf(saved);
      // A state of the past is not what the index is of.
      if (tid === undefined || (options.stop !== undefined && tid >= options.stop)) {
        if (tid === undefined)
          logger.warn(`${this.#path}.index does not fit ${this.#path} and will be made anew`);
      } else {
        index = saved.index;
        position = saved.position;
        lastTid = tid;
        asSaved = true;
      }
    }
    while (position < this.#size) {
      if (position + TRANSACTION_HEADER > this.#size) {
        this.#cutHeader(position, options.readOnly);
        break;
      }
      const header = this.#records.transaction(position);
      if (header.status === 'c' || position + header.length + 8 > this.#size) {
        this.#cut(position, options.readOnly);
        break;
      }
      if (header.tid <= lastTid)
        logger.warn(`${this.#path}: the transaction at ${position} is not later than the one before`);
      if (header.length < headerLength(header)) {
        if (this.#endsInTransaction(position))
          throw this.#damaged(position, 'the transaction is shorter than its own header');
        this.#cut(position, options.readOnly);
        break;
      }
      if (header.tid > lastTid) lastTid = header.tid;
      if (options.stop !== undefined && header.tid >= options.stop) break;
      if (!' pu'.includes(header.status))
        logger.warn(
          `${this.#path}: the transaction at ${position} has the unknown status '${header.status}'`,
        );
      this.#addTransaction(position, header, index);
      position += header.length + 8;
      asSaved = false;
    }
    return { index, end: position, lastTid, asSaved };
  }

  #addTransaction(start: number, header: TransactionHeader, index: OidIndex): void {
    const end = start + header.length;
    if (header.status !== 'u') {
      for (let at = start + headerLength(header); at < end;) {
        const record = this.#recordIn(at, start, end);
        const known = index.get(record.oid);
        // An object may be twice in one transaction; both records then point at the one before it.
        if (record.previous !== 0 && known < start && known !== record.previous)
          logger.error(`${this.#path}: the record at ${at} points at a wrong record before it`);
        index.set(record.oid, at);
        at += record.size;
      }
    }
    if (this.#records.number(end) !== header.length)
      throw this.#damaged(start, 'the two lengths of the transaction differ');
  }

  #recordIn(at: number, start: number, end: number) {
    let record;
    try {
      record = this.#records.record(at);
    } catch (error) {
      if (error instanceof CorruptedError) throw this.#damaged(at, 'the record does not fit its transaction');
      throw error;
    }
    if (at + record.size > end || record.transaction !== start)
      throw this.#damaged(at, 'the record does not fit its transaction');
    return record;
  }

  #damaged(position: number, what: string): CorruptedError {
    return new CorruptedError(
      `${this.#path} is damaged at ${position}: ${what}. "zope db recover" saves what can be read.`,
    );
  }

  /** Whether the file ends with the length of a transaction that began behind a position, and so is no torn tail. */
  #endsInTransaction(position: number): boolean {
    const length = this.#records.number(this.#size - 8);
    return length >= TRANSACTION_HEADER && this.#size - length >= position;
  }

  /** Cuts off less than the header of a transaction: nothing of it can be read by anybody. */
  #cutHeader(position: number, readOnly: boolean): void {
    if (readOnly) return;
    logger.warn(
      `${this.#path} ended with ${this.#size - position} bytes of a transaction, which were cut off`,
    );
    disk.truncate(this.#descriptor, position);
  }

  /** Cuts off an incomplete transaction; its bytes are kept beside the file. */
  #cut(position: number, readOnly: boolean): void {
    const bytes = this.#size - position;
    if (readOnly) {
      logger.warn(`${this.#path} ends with ${bytes} bytes of an incomplete transaction, which are not read`);
      return;
    }
    const kept = keepTail(this.#descriptor, this.#path, position, this.#size);
    disk.truncate(this.#descriptor, position);
    logger.warn(
      `${this.#path} ended with an incomplete transaction: ${bytes} bytes were cut off at ${position} and are kept in ${kept}`,
    );
  }
}

function keepTail(descriptor: number, path: string, position: number, size: number): string {
  let number = 0;
  while (existsSync(`${path}.tr${number}`)) number++;
  const target = `${path}.tr${number}`;
  try {
    const output = openSync(target, 'wx');
    try {
      const buffer = Buffer.allocUnsafe(Math.min(CHUNK, size - position));
      for (let at = position; at < size;) {
        const got = readSync(descriptor, buffer, 0, Math.min(buffer.length, size - at), at);
        if (got === 0) break;
        for (let done = 0; done < got;) done += writeSync(output, buffer, done, got - done);
        at += got;
      }
      disk.sync(output);
    } finally {
      closeSync(output);
    }
  } catch (cause) {
    throw new FileStorageError(
      `${path} ends with an incomplete transaction at ${position}, which cannot be saved to ${target}: ${(cause as Error).message}`,
      { cause },
    );
  }
  return target;
}
