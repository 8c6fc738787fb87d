/** Transactions of a file in order, with their records. */
import { closeSync, fstatSync, openSync } from 'node:fs';
import { getLogger } from '@logtape/logtape';
import type { Tid, TransactionDataRecord, TransactionRecord } from '../interfaces.ts';
import { FileStorageError } from './errors.ts';
import { MAGIC_SIZE, TRANSACTION_HEADER, type TransactionHeader } from './format.ts';
import { headerLength, RecordReader, SequentialBytes } from './records.ts';

const logger = getLogger(['ZODB', 'FileStorage']);

/** A part of a file, by position or by transaction. */
export interface Range {
  /** Up to here the file is known to be whole: what cannot be read before is damage, behind it a torn tail. */
  readonly whole: number;
  readonly from?: number;
  readonly start?: Tid | undefined;
  readonly stop?: Tid | undefined;
}

/** A file that several iterators read by one descriptor, which is closed when the last of them is done. */
class SharedFile {
  readonly path: string;
  readonly size: number;
  readonly #inode: string;
  #descriptor = -1;
  #users = 0;
  #records: RecordReader | undefined;

  constructor(path: string) {
    this.path = path;
    this.#descriptor = openSync(path, 'r');
    this.#users = 1;
    const { size, dev, ino } = fstatSync(this.#descriptor);
    this.size = size;
    this.#inode = `${dev}:${ino}`;
  }

  /** Reads the file again where it is not open any more. */
  open(): RecordReader {
    if (this.#users === 0) {
      this.#descriptor = openSync(this.path, 'r');
      const { dev, ino } = fstatSync(this.#descriptor);
      if (`${dev}:${ino}` !== this.#inode) {
        closeSync(this.#descriptor);
        throw new FileStorageError(
          `${this.path} was packed: the records of a transaction can be read until the iterator is at its end`,
        );
      }
    }
    this.#users++;
    return this.records;
  }

  get records(): RecordReader {
    return (this.#records ??= new RecordReader(new SequentialBytes(this.#descriptor, this.size), this.path));
  }

  close(): void {
    if (--this.#users > 0) return;
    this.#records = undefined;
    closeSync(this.#descriptor);
  }
}

/** Reads a file of its own, so that it goes on when the storage packs or closes. */
export function* transactionsOf(path: string, range: Range): Generator<TransactionRecord> {
  const file = new SharedFile(path);
  try {
    const { size, records } = file;
    const { whole, stop } = range;
    for (let position = firstOf(records, range, size); position < size;) {
      const header = headerAt(records, position, size, position < whole);
      if (header === undefined || (stop !== undefined && header.tid > stop)) return;
      // `firstOf` relies on the order of the ids. In a file where they are not in order, this test decides.
      if (header.status !== 'u' && (range.start === undefined || header.tid >= range.start))
        yield transactionAt(file, position, header, position < whole);
      position += header.length + 8;
    }
  } finally {
    file.close();
  }
}

/** Where to begin: from the end if that is nearer to the first transaction that is wanted. */
function firstOf(records: RecordReader, { whole, from, start }: Range, size: number): number {
  if (from !== undefined || start === undefined || whole <= MAGIC_SIZE || whole > size)
    return from ?? MAGIC_SIZE;
  const first = records.transaction(MAGIC_SIZE).tid;
  let position = whole - records.number(whole - 8) - 8;
  const last = records.transaction(position).tid;
  if (start - first < last - start) return MAGIC_SIZE;
  let next = whole;
  while (records.transaction(position).tid >= start) {
    next = position;
    if (position <= MAGIC_SIZE) break;
    position -= records.number(position - 8) + 8;
    if (position < MAGIC_SIZE) throw records.damaged(next, 'the transaction before it has no beginning');
  }
  return next;
}

/** The transaction at a position; undefined where an incomplete one ends the file. */
function headerAt(
  records: RecordReader,
  position: number,
  size: number,
  whole: boolean,
): TransactionHeader | undefined {
  const torn = (what: string): undefined => {
    if (whole) throw records.damaged(position, what);
    logger.warn(`${records.path} ends with an incomplete transaction at ${position}: ${what}`);
  };
  if (position + TRANSACTION_HEADER > size) return torn('the file ends in the header');
  const header = records.transaction(position);
  const end = position + header.length;
  // The transaction that is just being committed.
  if (header.status === 'c' && !whole) return undefined;
  if (header.status === 'c') return torn('the transaction is not complete');
  if (end + 8 > size) return torn('the transaction ends behind the file');
  if (header.length < headerLength(header)) return torn('the transaction is shorter than its own header');
  if (records.number(end) !== header.length) return torn('the two lengths of the transaction differ');
  return header;
}

function transactionAt(
  file: SharedFile,
  position: number,
  header: TransactionHeader,
  whole: boolean,
): TransactionRecord {
  return {
    tid: header.tid,
    status: header.status,
    ...file.records.metadata(position, header),
    [Symbol.iterator]: () => recordsOf(file, position, header, whole),
  };
}

function* recordsOf(
  file: SharedFile,
  start: number,
  transaction: TransactionHeader,
  whole: boolean,
): Generator<TransactionDataRecord> {
  const records = file.open();
  try {
    const end = start + transaction.length;
    for (let at = start + headerLength(transaction); at < end;) {
      const record = records.record(at);
      if (at + record.size > end || record.transaction !== start) {
        if (whole) throw records.damaged(at, 'the record does not fit its transaction');
        return;
      }
      const { oid, tid, back } = record;
      const dataTxn = back === 0 ? null : records.record(back, oid).tid;
      yield { oid, tid, data: records.resolve(at, record).data, dataTxn };
      at += record.size;
    }
  } finally {
    file.close();
  }
}
