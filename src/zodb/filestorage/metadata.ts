import { Dict, Pickler, Unpickler } from '../../pickle/index.ts';
import type { RawMetadata, StorageTransaction } from '../interfaces.ts';
import { FileStorageError } from './errors.ts';

const MAX = 65_535;
const EMPTY = new Uint8Array();

function checked(name: string, bytes: Uint8Array): Uint8Array {
  if (bytes.length > MAX)
    throw new FileStorageError(`${name} too long: ${bytes.length} of at most ${MAX} bytes`);
  return bytes;
}

function text(value: string): Uint8Array {
  return value === '' ? EMPTY : Buffer.from(value, 'utf8');
}

function encodeExtension(extension: ReadonlyMap<unknown, unknown> | undefined): Uint8Array {
  if (extension === undefined || extension.size === 0) return EMPTY;
  const pickler = new Pickler();
  pickler.dump(new Dict([...extension]));
  return pickler.bytes();
}

/** User, description and extension of a transaction as they are stored. */
export function encodeMetadata(transaction: StorageTransaction): {
  user: Uint8Array;
  description: Uint8Array;
  extension: Uint8Array;
} {
  const raw = 'extensionBytes' in transaction;
  return {
    user: checked('user name', raw ? transaction.user : text(transaction.user)),
    description: checked('description', raw ? transaction.description : text(transaction.description)),
    extension: checked(
      'extension',
      raw ? transaction.extensionBytes : encodeExtension(transaction.extension),
    ),
  };
}

const NOTHING: ReadonlyMap<unknown, unknown> = new Map();

/** The extension of a transaction; one that cannot be read is as good as none. */
export function decodeExtension({ extensionBytes }: RawMetadata): ReadonlyMap<unknown, unknown> {
  if (extensionBytes.length === 0) return NOTHING;
  try {
    const value = new Unpickler(extensionBytes, { dialect: 'zodb' }).load();
    return value instanceof Map ? value : NOTHING;
  } catch {
    return NOTHING;
  }
}
