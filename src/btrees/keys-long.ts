/** Keys of 64 bits, signed (L) and unsigned (Q): numbers up to 2^53−1, bigints beyond. */
import { int } from '../pickle/index.ts';
import { BTreeTypeError } from './errors.ts';
import { compareNumbers } from './keys-int.ts';
import type { HotMethods, KeyKind } from './kinds.ts';
import type { Leaf } from './leaf.ts';
import type { Tree } from './tree.ts';

export const int64Keys: KeyKind = longKeys(-(2n ** 63n), 2n ** 63n - 1n);
export const uint64Keys: KeyKind = longKeys(0n, 2n ** 64n - 1n);

/** A 64-bit int; undefined for what is none. */
export function int64(value: unknown, min: bigint, max: bigint): number | bigint | undefined {
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) return value < 0 && min === 0n ? undefined : value + 0;
    if (!Number.isInteger(value)) return undefined;
  } else if (typeof value === 'boolean') return Number(value);
  else if (typeof value !== 'bigint') return undefined;
  const exact = BigInt(value);
  return exact < min || exact > max ? undefined : int(exact);
}

function longKeys(min: bigint, max: bigint): KeyKind {
  const lookUp = (key: unknown): number | bigint | undefined =>
    // What most keys are, without a call more.
    typeof key === 'number' && key >= 0 && key <= 0x7fffffff && (key | 0) === key
      ? key | 0
      : int64(key, min, max);
  return {
    integral: true,
    lookUp,
    convert(key) {
      const converted = lookUp(key);
      if (converted !== undefined) return converted;
      const isInt = typeof key === 'bigint' || (typeof key === 'number' && Number.isInteger(key));
      throw new BTreeTypeError(
        isInt ? `couldn't convert integer to 64 bits: ${key}` : `expected integer key: ${String(key)}`,
      );
    },
    checkNew() {},
    expose: (key) => key,
    compare: compareNumbers,
    placeIn: placeOfLong,
    childFor: childForLong,
    descend: descendToLong,
    hot: hotLongMethods(lookUp),
  };
}

// A comparison of a number and a bigint is exact, and equal ones are of one type.

function placeOfLong(keys: readonly unknown[], key: unknown): number {
  const wanted = key as number;
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys as readonly number[])[middle]! < wanted) low = middle + 1;
    else high = middle;
  }
  return low < keys.length && keys[low] === wanted ? low : ~low;
}

function childForLong(keys: readonly unknown[], key: unknown): number {
  const wanted = key as number;
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys as readonly number[])[middle]! <= wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

function descendToLong(tree: Tree, key: unknown): Leaf | null {
  let node = tree;
  node._p_activate();
  if (node._children.length === 0) return null;
  for (;;) {
    const at = childForLong(node._keys, key);
    const child = node._children[at]!;
    const loaded = child._keys === undefined ? node._load(at) : (child as Tree | Leaf);
    loaded._p_activate();
    if (node._bottom) return loaded as Leaf;
    node = loaded as Tree;
  }
}

function hotLongMethods(lookUp: (key: unknown) => number | bigint | undefined): HotMethods {
  return {
    get(key, otherwise) {
      const wanted = lookUp(key);
      if (wanted === undefined) return otherwise;
      const leaf = descendToLong(this, wanted);
      if (leaf === null) return otherwise;
      const place = placeOfLong(leaf._keys, wanted);
      return place < 0 ? otherwise : leaf._valueAt(place);
    },
    _putInNew(key, value, unique) {
      const leaf = descendToLong(this, key);
      if (leaf === null) return this._putFirst(key, value);
      const result = leaf._putAt(placeOfLong(leaf._keys, key), key, value, unique);
      if (result === 1 && leaf._keys.length > this._maxLeaf) this._splitFor(key);
      return result;
    },
  };
}
