import { Dict, Pickler } from '../../pickle/index.ts';
import type { Transaction } from '../../transaction/index.ts';
import { POSError } from '../errors.ts';

const MAX = 65_535;
const EMPTY = new Uint8Array();

function text(name: string, value: string): Uint8Array {
  if (value === '') return EMPTY;
  const bytes = Buffer.from(value, 'utf8');
  if (bytes.length > MAX) throw new POSError(`${name} too long: ${bytes.length} of at most ${MAX} bytes`);
  return bytes;
}

/** User, description and extension of a transaction as they are stored. */
export function encodeMetadata(transaction: Transaction): {
  user: Uint8Array;
  description: Uint8Array;
  extension: Uint8Array;
} {
  const { extension } = transaction;
  let bytes: Uint8Array = EMPTY;
  if (extension !== undefined && extension.size > 0) {
    const pickler = new Pickler();
    pickler.dump(new Dict([...extension]));
    bytes = pickler.bytes();
    if (bytes.length > MAX) throw new POSError(`extension too long: ${bytes.length} of at most ${MAX} bytes`);
  }
  return {
    user: text('user name', transaction.user),
    description: text('description', transaction.description),
    extension: bytes,
  };
}
