/**
 * The bytes of Data.fs (ZODB's FileStorage format). All numbers are big-endian.
 *
 *   file         "FS30", then transactions ("FS21": a database of Python 2, which has other texts in its records)
 *   transaction  8 tid | 8 length | 1 status | 2 length of user | 2 of description | 2 of extension     23 bytes
 *                user, description, extension (a pickle), data records, then the length once more (8)
 *                length counts from the tid to before its repetition
 *   status       ' ' can be undone, 'p' was packed, 'u' was undone, 'c' is not complete
 *   data record  8 oid | 8 tid | 8 previous record's position | 8 transaction's position | 2 zero | 8 length   42 bytes
 *                the data, or for length 0 a position of a record with the same data (8; 0: there is none any more)
 */

export const MAGIC = 'FS30';
export const MAGIC_PYTHON_2 = 'FS21';
export const MAGIC_SIZE = 4;
export const TRANSACTION_HEADER = 23;
export const DATA_HEADER = 42;

if (TRANSACTION_HEADER !== 8 + 8 + 1 + 2 + 2 + 2 || DATA_HEADER !== 8 * 4 + 2 + 8)
  throw new Error('sizes of the format');

export interface TransactionHeader {
  readonly tid: bigint;
  /** From the tid to before the repeated length. */
  readonly length: number;
  readonly status: string;
  readonly userLength: number;
  readonly descriptionLength: number;
  readonly extensionLength: number;
}

export interface DataHeader {
  readonly oid: number | bigint;
  readonly tid: bigint;
  /** Position of the object's record before; 0: none. */
  readonly previous: number;
  /** Position of the transaction. */
  readonly transaction: number;
  readonly length: number;
}

/** 64 bits as a number where it is one exactly. */
export function readU64(view: DataView, at: number): number | bigint {
  const high = view.getUint32(at);
  const low = view.getUint32(at + 4);
  return high <= 0x1fffff ? high * 0x1_0000_0000 + low : (BigInt(high) << 32n) | BigInt(low);
}

/** A position or length; beyond 2^53 the file is damaged. */
export function readPosition(view: DataView, at: number): number {
  const high = view.getUint32(at);
  return high <= 0x1fffff ? high * 0x1_0000_0000 + view.getUint32(at + 4) : Number.POSITIVE_INFINITY;
}

export function writeU64(view: DataView, value: number | bigint, at: number): void {
  if (typeof value === 'bigint') view.setBigUint64(at, value);
  else {
    view.setUint32(at, Math.floor(value / 0x1_0000_0000));
    view.setUint32(at + 4, value >>> 0);
  }
}

export function readTransactionHeader(view: DataView, at: number): TransactionHeader {
  return {
    tid: view.getBigUint64(at),
    length: readPosition(view, at + 8),
    status: String.fromCharCode(view.getUint8(at + 16)),
    userLength: view.getUint16(at + 17),
    descriptionLength: view.getUint16(at + 19),
    extensionLength: view.getUint16(at + 21),
  };
}

/** Where in a transaction its status is. */
export const STATUS_AT = 16;

export function writeTransactionHeader(view: DataView, at: number, header: TransactionHeader): void {
  view.setBigUint64(at, header.tid);
  writeU64(view, header.length, at + 8);
  view.setUint8(at + STATUS_AT, header.status.charCodeAt(0));
  view.setUint16(at + 17, header.userLength);
  view.setUint16(at + 19, header.descriptionLength);
  view.setUint16(at + 21, header.extensionLength);
}

export function readDataHeader(view: DataView, at: number): DataHeader {
  return {
    oid: readU64(view, at),
    tid: view.getBigUint64(at + 8),
    previous: readPosition(view, at + 16),
    transaction: readPosition(view, at + 24),
    length: readPosition(view, at + 34),
  };
}

/** Where in a record the transaction's id and its position are. */
export const TID_AT = 8;
export const TRANSACTION_AT = 24;

export function writeDataHeader(view: DataView, at: number, header: DataHeader): void {
  writeU64(view, header.oid, at);
  view.setBigUint64(at + TID_AT, header.tid);
  writeU64(view, header.previous, at + 16);
  writeU64(view, header.transaction, at + TRANSACTION_AT);
  view.setUint16(at + 32, 0);
  writeU64(view, header.length, at + 34);
}
