/** The notation of records, transactions and errors in the suite `filestorage`. */
import { createHash } from 'node:crypto';
import { GlobalRef, Tuple, Unpickler, UnpicklingError } from '../../../../src/pickle/index.ts';
import type {
  HistoryEntry,
  Oid,
  Tid,
  TransactionRecord,
  UndoEntry,
} from '../../../../src/zodb/interfaces.ts';
import { roundTo } from '../../../../src/restricted/runtime/format-spec.ts';
import { secondsOfTid } from '../../../../src/zodb/timestamp.ts';
import { canonical } from '../../suite.ts';
import { Tagger } from './pickle-values.ts';

type Json = unknown;

export const idHex = (id: Oid | Tid): string => id.toString(16).padStart(16, '0');
export const tidOf = (hex: string): Tid => BigInt(`0x${hex}`);
export function oidOf(hex: string): Oid {
  const value = BigInt(`0x${hex}`);
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}
export const bytesTag = (bytes: Uint8Array): Json => ({ $bytes: Buffer.from(bytes).toString('base64') });
export const idBytes = (id: Oid | Tid): Json => bytesTag(Buffer.from(idHex(id), 'hex'));
export const digest = (data: Uint8Array): string =>
  createHash('sha256').update(data).digest('hex').slice(0, 16);

const PYTHON_TYPES: Record<string, string> = {
  POS_KEY: 'POSKeyError',
  CONFLICT: 'ConflictError',
  READ_CONFLICT: 'ReadConflictError',
  UNDO: 'UndoError',
  READ_ONLY: 'ReadOnlyError',
  QUOTA: 'FileStorageQuotaError',
  LOCK: 'LockError',
  FILE_STORAGE: 'FileStorageError',
  FILE_STORAGE_FORMAT: 'FileStorageFormatError',
  CORRUPTED: 'CorruptedError',
  STORAGE_TRANSACTION: 'StorageTransactionError',
  ENOENT: 'FileNotFoundError',
  MULTIPLE_UNDO: 'MultipleUndoErrors',
};

/** What Python throws for an error. */
export function errorTag(error: unknown): { readonly error: string } {
  const { code, name } = error as { code?: string; name?: string };
  const type = code === undefined ? undefined : PYTHON_TYPES[code];
  if (type === undefined) throw error instanceof Error ? error : new Error(String(name));
  return { error: type };
}

export function attempt(run: () => Json): Json {
  try {
    return run();
  } catch (error) {
    return errorTag(error);
  }
}

/** A persistent reference in the notation of the suite. */
function reference(pid: Json): Json {
  const oid = (tag: Json) =>
    typeof tag === 'string'
      ? Buffer.from(tag, 'latin1').toString('hex')
      : Buffer.from((tag as { $bytes: string }).$bytes, 'base64').toString('hex');
  const isOid = (tag: Json) =>
    typeof tag === 'string' || (tag as { $bytes?: string } | null)?.$bytes !== undefined;
  if (isOid(pid)) return { $ref: oid(pid), form: 'oid' };
  const items = (pid as { $tuple?: Json[] }).$tuple;
  if (items !== undefined) return { $ref: oid(items[0]), form: 'oid+class', class: className(items[1]) };
  const list = pid as Json[];
  if (list.length === 1) return { $ref: oid(list[0]), form: 'weak-old', weak: true };
  const args = list[1] as { $tuple?: Json[] };
  const [first, second, third] = args.$tuple ?? (list[1] as Json[]);
  if (list[0] === 'w')
    return { $ref: oid(first), form: 'w', weak: true, ...(second === undefined ? {} : { db: second }) };
  if (list[0] === 'n') return { $ref: oid(second), form: 'n', db: first };
  return { $ref: oid(second), form: 'm', db: first, class: className(third) };
}

function className(tag: Json): Json {
  if (tag === null) return null;
  const { $global, $tuple } = tag as { $global?: string; $tuple?: Json[] };
  if ($global !== undefined) return renamed($global);
  const items = $tuple!;
  const nested = items.length === 2 && typeof items[0] === 'object' ? items[0] : undefined;
  return nested === undefined ? items.join('.') : className(nested);
}

const renamed = (name: string): string =>
  name.replace(/^__builtin__\./, 'builtins.').replace(/^copy_reg\./, 'copyreg.');

function withReferences(json: Json): Json {
  if (Array.isArray(json)) return json.map(withReferences);
  if (json === null || typeof json !== 'object') return json;
  const record = json as Record<string, Json>;
  if ('$persid' in record) return reference(record.$persid);
  if (typeof record.$global === 'string') return { $global: renamed(record.$global) };
  return Object.fromEntries(Object.entries(record).map(([key, item]) => [key, withReferences(item)]));
}

const tag = (value: unknown): Json => withReferences(new Tagger().run(value));

/** Class and state, for small records; the class for large ones. */
function contents(data: Uint8Array): Record<string, Json> {
  try {
    const reader = new Unpickler(data, { dialect: 'zodb' });
    const cls = reader.load();
    const small = data.length <= 2000;
    const out: Record<string, Json> = {};
    if (cls instanceof Tuple) {
      const [head, args] = cls as unknown as [unknown, unknown];
      const isClass = cls.length === 2 && (head instanceof Tuple || head instanceof GlobalRef);
      out.class = className(tag(isClass ? head : cls));
      if (isClass && small) out.class_args = tag(args);
    } else out.class = className(tag(cls));
    if (small) out.state = tag(reader.load());
    return out;
  } catch (error) {
    if (error instanceof UnpicklingError) return { undecodable: 'UnpicklingError' };
    throw error;
  }
}

export function recordTag(data: Uint8Array | null): Record<string, Json> {
  if (data === null) return { size: null };
  return { size: data.length, sha256: digest(data), ...contents(data) };
}

const extensionOf = (bytes: Uint8Array): Json =>
  bytes.length === 0 ? {} : new Tagger().run(new Unpickler(bytes, { dialect: 'zodb' }).load());

export function transactionTag(transaction: TransactionRecord): Json {
  return {
    tid: idHex(transaction.tid),
    status: transaction.status,
    user: bytesTag(transaction.user),
    description: bytesTag(transaction.description),
    extension: extensionOf(transaction.extensionBytes),
    extension_bytes: bytesTag(transaction.extensionBytes),
    records: Array.from(transaction, ({ oid, tid, data, dataTxn }) => ({
      oid: idHex(oid),
      tid: idHex(tid),
      data_txn: dataTxn === null ? null : idHex(dataTxn),
      ...recordTag(data),
    })),
  };
}

/** Python's id of a transaction that can be undone. */
export const undoId = (tid: Tid): Json =>
  bytesTag(Buffer.from(Buffer.from(idHex(tid), 'hex').toString('base64')));

/** Rounded as Python's `round` does: by the exact value, while that times 1,000 would be rounded before. */
const seconds = (tid: Tid): number => Number(roundTo(secondsOfTid(tid), 3));

export function undoTag({ tid, size, metadata }: UndoEntry): Json {
  return {
    ...(extensionOf(metadata!.extensionBytes) as object),
    id: undoId(tid),
    time: seconds(tid),
    user_name: bytesTag(metadata!.user),
    description: bytesTag(metadata!.description),
    size,
  };
}

export function historyTag({ tid, size, metadata }: HistoryEntry): Json {
  return {
    ...(extensionOf(metadata!.extensionBytes) as object),
    tid: idHex(tid),
    time: seconds(tid),
    user_name: bytesTag(metadata!.user),
    description: bytesTag(metadata!.description),
    size,
  };
}

/** Members of sets in an order; the order of keys does not matter where JSON is compared. */
export function comparable(json: Json): Json {
  if (Array.isArray(json)) return json.map(comparable);
  if (json === null || typeof json !== 'object') return json;
  return Object.fromEntries(
    Object.entries(json).map(([key, item]) => {
      const shown = comparable(item as Json);
      if (key !== '$set' && key !== '$frozenset') return [key, shown];
      const members = (shown as Json[]).map((member) => canonical(member));
      return [key, members.sort()];
    }),
  );
}
