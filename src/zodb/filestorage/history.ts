/** What a file tells of its past: revisions of objects, transactions that can be undone, the last changes. */
import type { HistoryEntry, Oid, Tid, UndoEntry } from '../interfaces.ts';
import { secondsOfTid } from '../timestamp.ts';
import { MAGIC_SIZE } from './format.ts';
import { decodeExtension } from './metadata.ts';
import { headerLength, type RecordHeader, type RecordReader } from './records.ts';

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Revisions from the one at a position back, the newest first. */
export function historyFrom(records: RecordReader, position: number, size: number): HistoryEntry[] {
  const entries: HistoryEntry[] = [];
  for (let at = position; at !== 0 && entries.length < size;) {
    const record = records.record(at);
    const metadata = records.metadata(record.transaction, records.transaction(record.transaction));
    entries.push({
      tid: record.tid,
      time: secondsOfTid(record.tid),
      userName: decoder.decode(metadata.user),
      description: decoder.decode(metadata.description),
      size: record.length,
      metadata,
    });
    at = records.previous(at, record);
  }
  return entries;
}

/** The data of the revision with an id, from the record at a position back; of several in one transaction the last. Null: there are none. */
export function dataOfRevision(
  records: RecordReader,
  position: number,
  oid: Oid,
  tid: Tid,
): Uint8Array | null {
  for (let at = position; at !== 0;) {
    const record = records.record(at, oid);
    if (record.tid === tid) return records.resolve(at, record).data;
    if (record.tid < tid) return null;
    at = records.previous(at, record);
  }
  return null;
}

/** Positions of transactions, the last one first. */
export function* backwards(records: RecordReader, end: number): Generator<number> {
  for (let position = end; position > MAGIC_SIZE;) {
    const start = position - records.number(position - 8) - 8;
    if (start < MAGIC_SIZE || start >= position)
      throw records.damaged(position - 8, 'the length of the transaction before it is wrong');
    position = start;
    yield position;
  }
}

/** Transactions that can be undone, up to the last pack: the newest first, from the `first` to before the `last`. */
export function undoableTransactions(
  records: RecordReader,
  end: number,
  first: number,
  last: number,
  filter?: (entry: UndoEntry) => boolean,
): UndoEntry[] {
  // A negative one is a number of transactions.
  const limit = last < 0 ? first - last : last;
  const entries: UndoEntry[] = [];
  let found = 0;
  if (limit <= 0) return entries;
  for (const position of backwards(records, end)) {
    const header = records.transaction(position);
    if (header.status === 'p') break;
    if (header.status !== ' ') continue;
    const metadata = records.metadata(position, header);
    const entry: UndoEntry = {
      tid: header.tid,
      time: secondsOfTid(header.tid),
      userName: decoder.decode(metadata.user),
      description: decoder.decode(metadata.description),
      extension: decodeExtension(metadata),
      size: header.length,
      metadata,
    };
    if (filter !== undefined && !filter(entry)) continue;
    if (found >= first) entries.push(entry);
    if (++found >= limit) break;
  }
  return entries;
}

/** The position of a transaction; undefined when it is not there, or lies before the last pack and that is not looked at. */
export function findTransaction(
  records: RecordReader,
  end: number,
  tid: Tid,
  beyondPack: boolean,
): number | undefined {
  for (const position of backwards(records, end)) {
    const header = records.transaction(position);
    if (header.tid === tid) return position;
    if (!beyondPack && header.status === 'p') return undefined;
  }
  return undefined;
}

/** The record of an object in the transaction at a position, the last one if it has several; 0: none. */
export function findRecord(records: RecordReader, position: number, oid: Oid): number {
  let found = 0;
  for (const [at, record] of recordsIn(records, position)) if (record.oid === oid) found = at;
  return found;
}

/** Positions and headers of the records of the transaction at a position. */
export function* recordsIn(
  records: RecordReader,
  position: number,
): Generator<readonly [at: number, record: RecordHeader]> {
  const transaction = records.transaction(position);
  const end = position + transaction.length;
  for (let at = position + headerLength(transaction); at < end;) {
    const record = records.record(at);
    if (at + record.size > end || record.transaction !== position)
      throw records.damaged(at, 'the record does not fit its transaction');
    yield [at, record] as const;
    at += record.size;
  }
}
