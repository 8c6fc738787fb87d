/** Transactions of a file in order, with their records. */
import {
  CorruptedError,
  type Tid,
  type TransactionDataRecord,
  type TransactionRecord,
} from '../interfaces.ts';
import {
  DATA_HEADER,
  MAGIC_SIZE,
  readDataHeader,
  readPosition,
  readTransactionHeader,
  TRANSACTION_HEADER,
} from './format.ts';
import { Window } from './scan.ts';

export function* transactionsOf(
  descriptor: number,
  path: string,
  end: number,
  start: Tid,
  stop: Tid,
): Generator<TransactionRecord> {
  const window = new Window(descriptor, end);
  for (let position = MAGIC_SIZE; position < end;) {
    const bytes = window.bytes(position, TRANSACTION_HEADER);
    if (bytes === undefined) throw new CorruptedError(`${path} ends inside the transaction at ${position}`);
    const header = readTransactionHeader(bytes, 0);
    if (header.tid > stop) return;
    const metadata = position + TRANSACTION_HEADER;
    const { userLength, descriptionLength, extensionLength } = header;
    const last = position + header.length;
    if (header.tid >= start && header.status !== 'u') {
      const texts = Buffer.from(
        window.bytes(metadata, userLength + descriptionLength + extensionLength) ?? [],
      );
      const first = metadata + userLength + descriptionLength + extensionLength;
      yield {
        tid: header.tid,
        status: header.status,
        user: texts.subarray(0, userLength),
        description: texts.subarray(userLength, userLength + descriptionLength),
        extensionBytes: texts.subarray(userLength + descriptionLength),
        [Symbol.iterator]: () => recordsOf(window, path, first, last),
      };
    }
    position = last + 8;
  }
}

function* recordsOf(
  window: Window,
  path: string,
  first: number,
  end: number,
): Generator<TransactionDataRecord> {
  for (let at = first; at < end;) {
    const head = window.bytes(at, DATA_HEADER + 8);
    if (head === undefined) throw new CorruptedError(`${path} ends inside the record at ${at}`);
    const { oid, tid, length } = readDataHeader(head, 0);
    if (length > 0) {
      const whole = window.bytes(at, DATA_HEADER + length)!;
      yield { oid, tid, data: new Uint8Array(whole.subarray(DATA_HEADER)), dataTxn: null };
      at += DATA_HEADER + length;
      continue;
    }
    const back = readPosition(head, DATA_HEADER);
    yield back === 0 ? { oid, tid, data: null, dataTxn: null } : { oid, tid, ...pointed(window, path, back) };
    at += DATA_HEADER + 8;
  }
}

/** The data that a record points at, and the transaction that wrote it. */
function pointed(
  window: Window,
  path: string,
  position: number,
): { data: Uint8Array | null; dataTxn: Tid | null } {
  for (let at = position; at !== 0;) {
    const head = window.bytes(at, DATA_HEADER + 8);
    if (head === undefined) throw new CorruptedError(`${path} has a record that points behind its end`);
    const { tid, length } = readDataHeader(head, 0);
    if (length > 0)
      return {
        data: new Uint8Array(window.bytes(at, DATA_HEADER + length)!.subarray(DATA_HEADER)),
        dataTxn: tid,
      };
    at = readPosition(head, DATA_HEADER);
  }
  return { data: null, dataTxn: null };
}
