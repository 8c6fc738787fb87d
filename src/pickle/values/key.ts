import { ByteArray } from './bytearray.ts';
import { PyFloat } from './float.ts';
import { int } from './int.ts';
import { Tuple } from './tuple.ts';

/**
 * A value class whose instances are equal by content defines `[KEY]()`: a string that is the same for equal values,
 * or the number or bigint that the value is equal to in Python (`Fraction(2, 1) == 2`). A class without it is compared
 * by identity.
 */
export const KEY: unique symbol = Symbol.for('zope-ts.pickle.key');

const PREFIX = '\u0000k';
/** Longest key of a tuple, in characters: tuples that share their items could otherwise unfold without end. */
const LONGEST = 4_000_000;

/**
 * What a Python dict or set compares a key by: the same JavaScript value for keys that are equal in Python
 * (`1`, `1.0` and `True`; tuples and bytes by content). Strings and ordinary numbers stand for themselves.
 */
export function normalKey(key: unknown): unknown {
  switch (typeof key) {
    case 'string':
      // A string that looks like a composed key is escaped, so that no text can imitate a tuple.
      return key.charCodeAt(0) === 0 && key.startsWith(PREFIX) ? `${PREFIX}s${key}` : key;
    case 'boolean':
      return key ? 1 : 0;
    case 'bigint':
      return key;
    case 'object':
      return key === null ? key : composed(key);
    default:
      return key;
  }
}

function composed(key: object): unknown {
  if (key instanceof PyFloat) {
    if (Number.isSafeInteger(key.value)) return key.value + 0;
    return BigInt(key.value);
  }
  if (key instanceof Tuple) {
    let text = `${PREFIX}t${key.length}`;
    for (const item of key) {
      text += `(${part(normalKey(item))})`;
      if (text.length > LONGEST) throw new RangeError('a tuple is too large for a dict key');
    }
    return text;
  }
  if (key instanceof Uint8Array)
    return `${PREFIX}b${Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1')}`;
  const own = (key as { [KEY]?: () => string | number | bigint })[KEY];
  if (typeof own !== 'function') return key;
  const equal = own.call(key);
  if (typeof equal === 'string') return `${PREFIX}o${equal}`;
  return typeof equal === 'bigint' ? int(equal) : equal + 0;
}

const identities = new WeakMap<object, number>();
let nextIdentity = 1;

function part(normal: unknown): string {
  if (typeof normal === 'string') return `s${normal.length}:${normal}`;
  if (normal !== null && (typeof normal === 'object' || typeof normal === 'function')) {
    let identity = identities.get(normal);
    if (identity === undefined) identities.set(normal, (identity = nextIdentity++));
    return `i${identity}`;
  }
  // Decimal digits of a long int take quadratic time.
  return `${typeof normal}:${typeof normal === 'bigint' ? normal.toString(16) : String(normal)}`;
}

/** The `[KEY]()` of a frozenset, whose members are equal in any order. `members` are normal keys. */
export function keyOfMembers(members: Iterable<unknown>): string {
  const parts: string[] = [];
  let length = 0;
  for (const member of members) {
    const text = part(member);
    parts.push(text);
    if ((length += text.length) > LONGEST) throw new RangeError('a frozenset is too large for a dict key');
  }
  return `frozenset(${parts.sort().join()})`;
}

/** Whether a value can be a dict key or a member of a set: lists, dicts, sets and bytearrays cannot. */
export function isHashable(value: unknown): boolean {
  if (value === null || typeof value !== 'object') return true;
  if (value instanceof Tuple) return value.every(isHashable);
  if (value instanceof Set) return (value as { readonly isFrozen?: boolean }).isFrozen === true;
  if (Array.isArray(value) || value instanceof Map || value instanceof ByteArray) return false;
  if ((value as { readonly isHashable?: boolean }).isHashable === false) return false;
  return Object.getPrototypeOf(value) !== Object.prototype;
}
