/** Goes through a file from where its index ends, and cuts off what is left of a transaction that was not completed. */
import { closeSync, existsSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { getLogger } from '@logtape/logtape';
import { CorruptedError, type Tid } from '../interfaces.ts';
import {
  DATA_HEADER,
  MAGIC_SIZE,
  readDataHeader,
  readPosition,
  readTransactionHeader,
  TRANSACTION_HEADER,
} from './format.ts';
import type { SavedIndex } from './index-file.ts';
import { OidIndex } from './oid-index.ts';

const logger = getLogger(['ZODB', 'FileStorage']);
const CHUNK = 1024 * 1024;

export interface Scanned {
  readonly index: OidIndex;
  readonly end: number;
  readonly lastTid: Tid;
}

/** Reads a file through a window that moves on. */
export class Window {
  readonly #descriptor: number;
  readonly size: number;
  #buffer = Buffer.alloc(0);
  #start = 0;

  constructor(descriptor: number, size: number) {
    this.#descriptor = descriptor;
    this.size = size;
  }

  /** `count` bytes from `position`; undefined when the file ends before. */
  bytes(position: number, count: number): Buffer | undefined {
    if (position + count > this.size) return undefined;
    const offset = position - this.#start;
    if (offset >= 0 && offset + count <= this.#buffer.length)
      return this.#buffer.subarray(offset, offset + count);
    const length = Math.min(Math.max(CHUNK, count), this.size - position);
    const buffer = Buffer.allocUnsafe(length);
    let done = 0;
    while (done < length) {
      const got = readSync(this.#descriptor, buffer, done, length - done, position + done);
      if (got === 0) return undefined;
      done += got;
    }
    this.#buffer = buffer;
    this.#start = position;
    return buffer.subarray(0, count);
  }
}

/** The end of the last transaction that the index knows, if the file is as the index says. */
function usable(window: Window, saved: SavedIndex): Tid | undefined {
  if (saved.position === MAGIC_SIZE) return saved.index.size === 0 ? 0n : undefined;
  if (saved.position < MAGIC_SIZE + TRANSACTION_HEADER || saved.position > window.size) return undefined;
  const repeated = window.bytes(saved.position - 8, 8);
  if (repeated === undefined) return undefined;
  const length = readPosition(repeated, 0);
  const start = saved.position - 8 - length;
  const header = start < MAGIC_SIZE ? undefined : window.bytes(start, TRANSACTION_HEADER);
  if (header === undefined) return undefined;
  const transaction = readTransactionHeader(header, 0);
  if (transaction.length !== length || transaction.status === 'c') return undefined;
  // One record of that transaction must be where the index has it.
  const first =
    start +
    TRANSACTION_HEADER +
    transaction.userLength +
    transaction.descriptionLength +
    transaction.extensionLength;
  if (first < saved.position - 8) {
    const bytes = window.bytes(first, DATA_HEADER);
    if (bytes === undefined || saved.index.get(readDataHeader(bytes, 0).oid) < first) return undefined;
  }
  return transaction.tid;
}

export function scan(
  descriptor: number,
  path: string,
  saved: SavedIndex | undefined,
  readOnly: boolean,
): Scanned {
  const { size } = fstatSync(descriptor);
  const window = new Window(descriptor, size);
  let index = new OidIndex();
  let position = MAGIC_SIZE;
  let lastTid: Tid = 0n;
  if (saved !== undefined) {
    const tid = usable(window, saved);
    if (tid === undefined) logger.warn(`${path}.index does not fit ${path} and will be made anew`);
    else {
      index = saved.index;
      position = saved.position;
      lastTid = tid;
    }
  }
  while (position < size) {
    const bytes = window.bytes(position, TRANSACTION_HEADER);
    if (bytes === undefined)
      return cut(descriptor, path, position, size, readOnly, { index, end: position, lastTid });
    const header = readTransactionHeader(bytes, 0);
    const end = position + header.length;
    if (header.status === 'c' || end + 8 > size) {
      return cut(descriptor, path, position, size, readOnly, { index, end: position, lastTid });
    }
    if (!' pu'.includes(header.status))
      throw damaged(path, position, `the transaction has the status '${header.status}'`);
    if (
      header.length <
      TRANSACTION_HEADER + header.userLength + header.descriptionLength + header.extensionLength
    ) {
      throw damaged(path, position, 'the transaction is shorter than its own header');
    }
    if (header.tid <= lastTid)
      logger.warn(`${path}: the transaction at ${position} is not later than the one before`);
    const repeated = window.bytes(end, 8)!;
    if (readPosition(repeated, 0) !== header.length)
      throw damaged(path, position, 'the two lengths of the transaction differ');
    if (header.status !== 'u') indexRecords(window, path, position, header, end, index);
    lastTid = header.tid;
    position = end + 8;
  }
  return { index, end: position, lastTid };
}

function indexRecords(
  window: Window,
  path: string,
  start: number,
  header: ReturnType<typeof readTransactionHeader>,
  end: number,
  index: OidIndex,
): void {
  let at = start + TRANSACTION_HEADER + header.userLength + header.descriptionLength + header.extensionLength;
  while (at < end) {
    const bytes = window.bytes(at, DATA_HEADER + 8);
    if (bytes === undefined) throw damaged(path, at, 'the record is cut off');
    const record = readDataHeader(bytes, 0);
    const length = DATA_HEADER + (record.length || 8);
    if (at + length > end || record.transaction !== start)
      throw damaged(path, at, 'the record does not fit its transaction');
    if (record.length === 0 && readPosition(bytes, DATA_HEADER) === 0) index.delete(record.oid);
    else index.set(record.oid, at);
    at += length;
  }
}

function damaged(path: string, position: number, what: string): CorruptedError {
  return new CorruptedError(
    `${path} is damaged at ${position}: ${what}. "zope db recover" saves what can be read.`,
  );
}

/** Cuts off an incomplete transaction; its bytes are kept beside the file. */
function cut(
  descriptor: number,
  path: string,
  position: number,
  size: number,
  readOnly: boolean,
  found: Scanned,
): Scanned {
  const bytes = size - position;
  if (readOnly) {
    logger.warn(`${path} ends with ${bytes} bytes of an incomplete transaction, which are not read`);
    return found;
  }
  const kept = keepTail(descriptor, path, position, size);
  ftruncateSync(descriptor, position);
  logger.warn(
    `${path} ended with an incomplete transaction: ${bytes} bytes were cut off at ${position} and are kept in ${kept}`,
  );
  return found;
}

function keepTail(descriptor: number, path: string, position: number, size: number): string {
  let number = 0;
  while (existsSync(`${path}.tr${number}`)) number++;
  const target = `${path}.tr${number}`;
  const output = openSync(target, 'wx');
  const buffer = Buffer.allocUnsafe(CHUNK);
  for (let at = position; at < size;) {
    const got = readSync(descriptor, buffer, 0, Math.min(CHUNK, size - at), at);
    if (got === 0) break;
    writeSync(output, buffer, 0, got);
    at += got;
  }
  closeSync(output);
  return target;
}
