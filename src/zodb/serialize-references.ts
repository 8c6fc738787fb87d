import { GlobalRef, tuple } from '../pickle/index.ts';
import { type Oid, Reference } from '../persistent/index.ts';
import { CorruptRecordError } from './connection-errors.ts';

/** A persistent id taken apart (INVENTORY Z-004). */
export interface ParsedReference {
  readonly oid: Oid;
  /** The description of the class, when the reference has one. */
  readonly description: unknown;
  /** The name of another database. */
  readonly database: string | null;
  readonly weak: boolean;
}

/** Takes a persistent id of a record apart, in every form that was ever written. */
export function parseReference(pid: unknown): ParsedReference {
  if (isOid(pid)) return { oid: oidOf(pid), description: undefined, database: null, weak: false };
  if (!Array.isArray(pid)) throw badReference(pid);
  const items = pid as unknown[];
  // A list says what kind of reference it is; a tuple is an oid and a class.
  if (isOid(items[0]) && items.length === 2) {
    return { oid: oidOf(items[0]), description: items[1], database: null, weak: false };
  }
  if (isOid(items[0]) && items.length === 1)
    return { oid: oidOf(items[0]), description: undefined, database: null, weak: true };
  const [kind, args] = items;
  if (!Array.isArray(args)) throw badReference(pid);
  const [first, second, third] = args as unknown[];
  if (kind === 'w' && isOid(first)) {
    return {
      oid: oidOf(first),
      description: undefined,
      database: typeof second === 'string' ? second : null,
      weak: true,
    };
  }
  if ((kind === 'n' || kind === 'm') && typeof first === 'string' && isOid(second)) {
    return {
      oid: oidOf(second),
      description: kind === 'm' ? third : undefined,
      database: first,
      weak: false,
    };
  }
  throw badReference(pid);
}

function badReference(pid: unknown): CorruptRecordError {
  return new CorruptRecordError(`${JSON.stringify(pid)} is no reference to an object`);
}

/** Old pickles have text in the place of bytes. */
function isOid(value: unknown): value is Uint8Array | string {
  return value instanceof Uint8Array ? value.length === 8 : typeof value === 'string' && value.length === 8;
}

/** The number of 8 bytes. */
export function oidOf(value: Uint8Array | string): Oid {
  let oid = 0n;
  for (let i = 0; i < 8; i++) {
    oid = (oid << 8n) | BigInt(typeof value === 'string' ? value.charCodeAt(i) & 0xff : value[i]!);
  }
  return oid <= 9007199254740991n ? Number(oid) : oid;
}

/** The 8 bytes of an oid. */
export function oidBytes(oid: Oid): Uint8Array {
  const bytes = new Uint8Array(8);
  if (typeof oid === 'bigint') {
    new DataView(bytes.buffer).setBigUint64(0, oid);
    return bytes;
  }
  let rest = oid;
  for (let i = 7; rest > 0; i--) {
    bytes[i] = rest & 0xff;
    rest = rest > 0xffffffff ? Math.floor(rest / 256) : rest >>> 8;
  }
  return bytes;
}

/** Stands for a weak reference. */
export class WeakStandIn extends Reference {
  constructor(oid: Oid, database: string | null) {
    super(oid, null, database);
  }
}

/** Writes references that stand for themselves, as `Reference` and `WeakStandIn`. */
export function referenceWriter(): (value: object) => unknown {
  const oids = new Map<Reference, Uint8Array>();
  return (value) => {
    if (!(value instanceof Reference)) return undefined;
    let oid = oids.get(value);
    if (oid === undefined) oids.set(value, (oid = oidBytes(value.oid)));
    const { info, database } = value;
    if (value instanceof WeakStandIn) return ['w', database === null ? tuple(oid) : tuple(oid, database)];
    const cls = info === null ? null : GlobalRef.of(info.module!, info.name!);
    if (database !== null)
      return cls === null ? ['n', tuple(database, oid)] : ['m', tuple(database, oid, cls)];
    return cls === null ? oid : tuple(oid, cls);
  };
}
