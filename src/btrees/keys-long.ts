/** Keys of 64 bits, signed (L) and unsigned (Q): numbers up to 2^53−1, bigints beyond. */
import { moment } from '../persistent/index.ts';
import { int } from '../pickle/index.ts';
import { type LeafData, type TreeData, use } from './data.ts';
import { BTreeTypeError } from './errors.ts';
import { insertNumber } from './insert-number.ts';
import { compareNumbers } from './keys-int.ts';
import type { HotMethods, KeyKind, StoredKey, StoredValue } from './kinds.ts';

export const int64Keys: KeyKind = longKeys(-(2n ** 63n), 2n ** 63n - 1n, () => []);
export const uint64Keys: KeyKind = longKeys(0n, 2n ** 64n - 1n, () => []);

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

function longKeys(min: bigint, max: bigint, none: () => StoredKey[]): KeyKind {
  const lookUp = (key: unknown): number | bigint | undefined =>
    // What most keys are, without a call more.
    typeof key === 'number' && key >= 0 && key <= 0x7fffffff && (key | 0) === key
      ? key | 0
      : int64(key, min, max);
  return {
    integral: true,
    distinct: true,
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
    none,
    expose: (key) => key,
    converts: false,
    compare: compareNumbers,
    placeIn: placeOfLong,
    putInLeaf: putLongInLeaf,
    childFor: childForLong,
    descend: descendToLong,
    hot: hotLongMethods(lookUp),
  };
}

// A comparison of a number and a bigint is exact, and equal ones are of one type.
// What follows is as for small ints, written once more so that their code never sees a bigint.

/** Without a branch that depends on a key, as `placeOfNumber`. */
function placeOfLong(keys: readonly unknown[], key: unknown): number {
  const wanted = key as number;
  let count = keys.length;
  if (count === 0) return -1;
  let low = 0;
  while (count > 1) {
    const half = count >> 1;
    low += -Number((keys as readonly number[])[low + half - 1]! < wanted) & half;
    count -= half;
  }
  const found = (keys as readonly number[])[low]!;
  return found === wanted ? low : ~(found < wanted ? low + 1 : low);
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

function descendToLong(tree: TreeData, key: unknown): LeafData | null {
  let node = tree;
  use(node);
  if (node.children.length === 0) return null;
  const stored = tree.meta.jar !== null;
  for (;;) {
    const at = childForLong(node.keys, key);
    let child = node.children[at] as TreeData | LeafData;
    // Neither a reference nor what is not loaded has keys.
    if (child.keys === undefined) child = node.load(at);
    if (stored) child.meta.used = moment();
    if (node.bottom) return child as LeafData;
    node = child as TreeData;
  }
}

function hotLongMethods(lookUp: (key: unknown) => number | bigint | undefined): HotMethods {
  return {
    get(key, otherwise) {
      const wanted = lookUp(key);
      if (wanted === undefined) return otherwise;
      const leaf = descendToLong(this._data, wanted);
      if (leaf === null) return otherwise;
      const place = placeOfLong(leaf.keys, wanted);
      return place < 0 ? otherwise : leaf.valueAt(place);
    },
    set(key, value) {
      const data = this._data;
      const wanted = lookUp(key) ?? this._keyKind.convert(key);
      const stored = data.valueKind.convert(value);
      if (data.meta.jar === null) putLongInNew(data, wanted, stored, false);
      else this._putInStored(wanted, stored, false);
      return this;
    },
    putInNew: putLongInNew,
  };
}

function putLongInNew(tree: TreeData, key: StoredKey, value: StoredValue, unique: boolean): 0 | 1 | 2 {
  const wanted = key as number;
  let leaf = tree.recent;
  if (leaf === null || !mayHave(leaf, wanted)) {
    leaf = descendToLong(tree, wanted);
    if (leaf === null) return tree.node._putFirst(wanted, value);
    tree.recent = leaf;
  }
  const result = putLongInLeaf(leaf, wanted, value, unique);
  if (result === 1 && leaf.keys.length > tree.maxLeaf) tree.node._splitFor(wanted);
  return result;
}

function putLongInLeaf(leaf: LeafData, key: StoredKey, value: StoredValue, unique: boolean): 0 | 1 | 2 {
  const wanted = key as number;
  const keys = leaf.keys as number[];
  const count = keys.length;
  const place = count > 0 && keys[count - 1]! < wanted ? ~count : placeOfLong(keys, wanted);
  if (place >= 0) return leaf.putAt(place, wanted, value, unique);
  insertNumber(leaf, ~place, wanted, value);
  if (leaf.meta.jar !== null) leaf.meta.touch();
  return 1;
}

/** Whether a key belongs to a leaf, as can be seen from the leaf alone. */
function mayHave(leaf: LeafData, wanted: number): boolean {
  const keys = leaf.keys as readonly number[];
  const last = keys.length - 1;
  return last >= 0 && keys[0]! <= wanted && (leaf.next === null || wanted <= keys[last]!);
}
