/**
 * Reads a `Data.fs` with code of its own, which shares nothing with the storage's, so that each can be used to check the other. The
 * format is drawn in `filestorage/format.ts`. It checks the structure as it goes and tells where it is wrong; what the pickles say is
 * not looked at.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { POSError } from '../errors.ts';

export interface RawRecord {
  readonly position: number;
  readonly oid: bigint;
  readonly tid: bigint;
  /** Position of the object's record before; 0: none. */
  readonly previous: number;
  /** Position of the transaction, as the record says. */
  readonly transaction: number;
  /** null: the record points at the data of another one, or at nothing. */
  readonly data: Buffer | null;
  /** Where it points; 0: at nothing. */
  readonly back: number;
}

export interface RawTransaction {
  readonly position: number;
  /** Behind the repeated length. */
  readonly end: number;
  readonly tid: bigint;
  readonly status: string;
  readonly user: Buffer;
  readonly description: Buffer;
  readonly extension: Buffer;
  readonly records: readonly RawRecord[];
  /** Bytes before the first record: the header and what it announces. */
  readonly headerLength: number;
  /** All bytes but the repeated length. */
  readonly bytes: Buffer;
}

/** The file is not what it should be. */
export class DamagedFileError extends POSError {
  override readonly code: string = 'DAMAGED_FILE';
  readonly position: number;
  /** The transaction with the records before the damage, when it is one of them that is damaged. */
  readonly sound: RawTransaction | undefined;

  constructor(position: number, message: string, sound?: RawTransaction) {
    super(`at ${position}: ${message}`);
    this.position = position;
    this.sound = sound;
  }
}

/** Sizes of the format, said here once more: see above. */
/** Where the first transaction is: behind the magic bytes. */
export const FIRST_TRANSACTION = 4;
export const TRANSACTION_HEADER = 23;
const RECORD_HEADER = 42;

const u64 = (bytes: Buffer, at: number) => bytes.readBigUInt64BE(at);
const position = (bytes: Buffer, at: number) => Number(u64(bytes, at));

export class RawFile {
  readonly path: string;
  readonly size: number;
  readonly #descriptor: number;

  constructor(path: string) {
    this.path = path;
    this.#descriptor = openSync(path, 'r');
    this.size = fstatSync(this.#descriptor).size;
    const magic = this.bytes(0, FIRST_TRANSACTION).toString('latin1');
    if (magic !== 'FS21' && magic !== 'FS30') {
      this.close();
      throw new DamagedFileError(0, `${path} is no FileStorage: it begins with ${JSON.stringify(magic)}`);
    }
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  bytes(at: number, length: number): Buffer {
    if (at + length > this.size) throw new DamagedFileError(at, `the file ends within ${length} bytes`);
    const buffer = Buffer.allocUnsafe(length);
    let done = 0;
    while (done < length) {
      const count = readSync(this.#descriptor, buffer, done, length - done, at + done);
      if (count === 0) throw new DamagedFileError(at, `the file ends within ${length} bytes`);
      done += count;
    }
    return buffer;
  }

  /** The transaction at a position; `undefined` at the end of the file. */
  transaction(at: number): RawTransaction | undefined {
    if (at >= this.size) return undefined;
    const head = this.bytes(at, TRANSACTION_HEADER);
    const length = position(head, 8);
    const status = head.toString('latin1', 16, 17);
    if (status === 'c') throw new DamagedFileError(at, 'the transaction is not complete');
    if (!' pu'.includes(status))
      throw new DamagedFileError(at, `the status of the transaction is ${JSON.stringify(status)}`);
    const [user, description, extension] = [
      head.readUInt16BE(17),
      head.readUInt16BE(19),
      head.readUInt16BE(21),
    ];
    const first = TRANSACTION_HEADER + user + description + extension;
    if (length < first) throw new DamagedFileError(at, `a transaction of ${length} bytes is too short`);
    if (at + length + 8 > this.size)
      throw new DamagedFileError(at, `a transaction of ${length} bytes does not fit into the file`);
    const bytes = this.bytes(at, length);
    const repeated = position(this.bytes(at + length, 8), 0);
    if (repeated !== length)
      throw new DamagedFileError(
        at + length,
        `the length ${length} of the transaction is repeated as ${repeated}`,
      );
    const tid = u64(head, 0);
    const records: RawRecord[] = [];
    const transaction = {
      position: at,
      end: at + length + 8,
      tid,
      status,
      user: bytes.subarray(TRANSACTION_HEADER, TRANSACTION_HEADER + user),
      description: bytes.subarray(TRANSACTION_HEADER + user, first - extension),
      extension: bytes.subarray(first - extension, first),
      records,
      headerLength: first,
      bytes,
    };
    // A transaction that was undone in place (an old way) keeps its records, which count no more.
    for (let offset = first; offset < length;) {
      const damaged = (what: string) => new DamagedFileError(at + offset, what, transaction);
      if (offset + RECORD_HEADER > length) throw damaged('a record does not fit into its transaction');
      const size = position(bytes, offset + 34);
      if (bytes.readUInt16BE(offset + 32) !== 0)
        throw damaged('a record has a version, which no database has any more');
      const end = offset + RECORD_HEADER + (size === 0 ? 8 : size);
      if (!(end <= length)) throw damaged('a record does not fit into its transaction');
      records.push({
        position: at + offset,
        oid: u64(bytes, offset),
        tid: u64(bytes, offset + 8),
        previous: position(bytes, offset + 16),
        transaction: position(bytes, offset + 24),
        data: size === 0 ? null : bytes.subarray(offset + RECORD_HEADER, end),
        back: size === 0 ? position(bytes, offset + RECORD_HEADER) : 0,
      });
      offset = end;
    }
    return transaction;
  }

  *transactions(): Generator<RawTransaction> {
    for (let at = FIRST_TRANSACTION; ;) {
      const transaction = this.transaction(at);
      if (transaction === undefined) return;
      yield transaction;
      at = transaction.end;
    }
  }

  /** The transactions from the last one back. */
  *backwards(): Generator<RawTransaction> {
    for (let end = this.size; end > FIRST_TRANSACTION;) {
      const length = position(this.bytes(end - 8, 8), 0);
      const at = end - 8 - length;
      if (!(at >= FIRST_TRANSACTION))
        throw new DamagedFileError(end - 8, `no transaction of ${length} bytes ends here`);
      const transaction = this.transaction(at)!;
      yield transaction;
      end = at;
    }
  }

  /** The data that a record has or points at; null when there is none. */
  dataOf(record: RawRecord): { readonly data: Buffer | null; readonly tid: bigint } {
    let { data, back, tid } = record;
    while (data === null && back !== 0) {
      const head = this.bytes(back, RECORD_HEADER + 8);
      const size = position(head, 34);
      tid = u64(head, 8);
      if (size > 0) data = this.bytes(back + RECORD_HEADER, size);
      else {
        const next = position(head, RECORD_HEADER);
        if (next >= back) throw new DamagedFileError(back, 'a record points forward');
        back = next;
      }
    }
    return { data, tid };
  }
}
