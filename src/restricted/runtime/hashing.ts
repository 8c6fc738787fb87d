/** What may be a key of a dict or a member of a set, and hashes. */
import { type Dict, FrozenSet, normalKey, Tuple } from '../../pickle/index.ts';
import { chargeMemory, chargeSteps, chargeText } from './budget.ts';
import { operatorsOf } from './compare.ts';
import { TypeError } from './errors.ts';
import { roughBytes } from './numbers.ts';
import { DictView, PyInstance } from './objects.ts';
import { typeName, typeOf } from './types.ts';
import { Slice } from './values.ts';

/** Longer texts cost more as keys than a step. */
export const LONG_KEY = 1024;

/** The value itself when it may be a dict key or a member of a set. */
export function hashable<T>(v: T): T {
  // V8 takes the length of long texts for their hash: those of one length are all compared.
  if (typeof v === 'string' && v.length > LONG_KEY) chargeSteps(v.length >>> 3);
  if (v === null || typeof v !== 'object') {
    if (typeof v === 'bigint') chargeText(roughBytes(v) * 8);
    return v;
  }
  if (v instanceof Uint8Array) {
    // Its key is a text of its own.
    chargeMemory(v.length);
    chargeText(v.length * 8);
    return v;
  }
  if (v instanceof Tuple) {
    // The key of a tuple is a text that holds those of its items: tuples of tuples grow without end.
    chargeSteps(1 + v.length);
    chargeMemory(16 + v.length * 8);
    for (const item of v) {
      if (typeof item === 'string') chargeMemory(item.length);
      hashable(item);
    }
    return v;
  }
  if (v instanceof FrozenSet) {
    // Its key holds those of its members.
    chargeSteps(1 + v.size);
    chargeMemory(16 + v.size * 16);
    return v;
  }
  if (
    Array.isArray(v) ||
    v instanceof Map ||
    (v instanceof Set && !(v instanceof FrozenSet)) ||
    v instanceof Slice ||
    v instanceof DictView
  )
    throw new TypeError(`unhashable type: '${typeName(v)}'`);
  if (v instanceof PyInstance && typeOf(v).lookup('__eq__') !== undefined)
    throw new TypeError(`unhashable type: '${typeName(v)}'`);
  return v;
}

const identities = new WeakMap<object, number>();
let nextIdentity = 0x10;

/** A number for an object that stays the same as long as it lives; no address. */
export function identity(v: unknown): number {
  if (v === null || (typeof v !== 'object' && typeof v !== 'function')) return stableHash(String(v));
  let id = identities.get(v);
  if (id === undefined) identities.set(v, (id = nextIdentity += 0x10));
  return id;
}

function stableHash(text: string): number {
  let h = 17;
  for (let i = 0; i < text.length; i++) h = (Math.imul(h, 31) + text.charCodeAt(i)) | 0;
  return h;
}

const HASH_MODULUS = 2n ** 61n - 1n;

/** `hash(value)`: equal for equal values; the number itself is not Python's, except for small ints. */
export function hash(v: unknown): number {
  hashable(v);
  if (typeof v === 'bigint') return Number(BigInt.asIntN(53, v % HASH_MODULUS));
  const own = operatorsOf(v).hash;
  if (own !== undefined) return own(v) as number;
  const normal =
    v instanceof FrozenSet
      ? [...v]
          .map((x) => hash(x))
          .sort((a, b) => a - b)
          .join()
      : normalKey(v);
  if (normal === -1) return -2;
  if (typeof normal === 'number') return Number.isInteger(normal) ? normal : stableHash(String(normal));
  if (normal !== null && (typeof normal === 'object' || typeof normal === 'function'))
    return identity(normal);
  return stableHash(`${typeof normal}${String(normal)}`);
}

/** Items of a dict display or `dict(…)`. */
export function putKey(dict: Dict, key: unknown, value: unknown): void {
  if (typeof key !== 'string') dict.set(hashable(key), value);
  else {
    if (key.length > LONG_KEY) {
      hashable(key);
      chargeMemory(key.length);
    }
    dict.set(key, value);
  }
}
