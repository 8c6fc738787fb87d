/** Keys of 32 bits, signed (I) and unsigned (U): plain numbers. */
import { moment } from '../persistent/index.ts';
import { type LeafData, type TreeData, use } from './data.ts';
import { BTreeTypeError } from './errors.ts';
import { insertNumber } from './insert-number.ts';
import type { HotMethods, KeyKind, StoredKey, StoredValue } from './kinds.ts';

export const int32Keys: KeyKind = intKeys(
  () => [],
  (key) => {
    if (typeof key === 'number' && (key | 0) === key) return key | 0;
    return typeof key === 'boolean' ? Number(key) : undefined;
  },
  (key) => (isInt(key) ? 'integer out of range' : 'expected integer key'),
);

export const uint32Keys: KeyKind = intKeys(
  () => [],
  (key) => {
    if (typeof key === 'number' && key >>> 0 === key) return key >>> 0;
    return typeof key === 'boolean' ? Number(key) : undefined;
  },
  (key) => {
    if (!isInt(key)) return 'expected integer key';
    return key < 0 ? "can't convert negative value to unsigned int" : 'integer out of range';
  },
);

function isInt(value: unknown): value is number | bigint {
  return typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value));
}

function intKeys(
  none: () => number[],
  lookUp: (key: unknown) => number | undefined,
  why: (key: unknown) => string,
): KeyKind {
  return {
    integral: true,
    distinct: true,
    lookUp,
    convert(key) {
      const converted = lookUp(key);
      if (converted === undefined) throw new BTreeTypeError(`${why(key)}: ${String(key)}`);
      return converted;
    },
    checkNew() {},
    none,
    expose: (key) => key,
    converts: false,
    compare: compareNumbers,
    placeIn: placeOfNumber,
    putInLeaf: putNumberInLeaf,
    childFor: childForNumber,
    descend: descendToNumber,
    hot: hotNumberMethods(lookUp, true),
  };
}

export function compareNumbers(a: unknown, b: unknown): number {
  return (a as number) < (b as number) ? -1 : (a as number) > (b as number) ? 1 : 0;
}

/**
 * Where a key is cannot be foreseen by the processor, so the search has no branch that depends on a key: the number of steps
 * is that of a full search, and each takes the upper half or not by arithmetic.
 */
export function placeOfNumber(keys: readonly unknown[], key: unknown): number {
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

export function childForNumber(keys: readonly unknown[], key: unknown): number {
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

// The search is written out here, as in the other kinds of keys: so that each kind has code that meets only its own keys.
export function descendToNumber(tree: TreeData, key: unknown): LeafData | null {
  const wanted = key as number;
  let node = tree;
  use(node);
  if (node.children.length === 0) return null;
  // Where no database has the tree, nobody needs to know what is used: a write into memory that is not at hand less.
  const stored = tree.meta.jar !== null;
  for (;;) {
    const keys = node.keys as readonly number[];
    let low = 0;
    let high = keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (keys[middle]! <= wanted) low = middle + 1;
      else high = middle;
    }
    let child = node.children[low] as TreeData | LeafData;
    // Neither a reference nor what is not loaded has keys.
    if (child.keys === undefined) child = node.load(low);
    if (stored) child.meta.used = moment();
    if (node.bottom) return child as LeafData;
    node = child as TreeData;
  }
}

/** @param ints Whether a number stands for itself. */
export function hotNumberMethods(lookUp: (key: unknown) => number | undefined, ints: boolean): HotMethods {
  return {
    get(key, otherwise) {
      // What most keys are, without a call more.
      const wanted = ints && typeof key === 'number' && (key | 0) === key && key >= 0 ? key | 0 : lookUp(key);
      if (wanted === undefined) return otherwise;
      const leaf = descendToNumber(this._data, wanted);
      if (leaf === null) return otherwise;
      const place = placeOfNumber(leaf.keys, wanted);
      return place < 0 ? otherwise : leaf.valueAt(place);
    },
    set(key, value) {
      const data = this._data;
      const wanted =
        ints && typeof key === 'number' && (key | 0) === key && key >= 0
          ? key | 0
          : (this._keyKind.convert(key) as number);
      const stored = data.valueKind.convert(value);
      if (data.meta.jar === null) putNumberInNew(data, wanted, stored, false);
      else this._putInStored(wanted, stored, false);
      return this;
    },
    putInNew: (tree, key, value, unique) => putNumberInNew(tree, key as number, value, unique),
  };
}

function putNumberInNew(tree: TreeData, wanted: number, value: StoredValue, unique: boolean): 0 | 1 | 2 {
  let leaf = tree.recent;
  if (leaf === null || !mayHave(leaf, wanted)) {
    leaf = descendToNumber(tree, wanted);
    if (leaf === null) return tree.node._putFirst(wanted, value);
    tree.recent = leaf;
  }
  const result = putNumberInLeaf(leaf, wanted, value, unique);
  if (result === 1 && leaf.keys.length > tree.maxLeaf) tree.node._splitFor(wanted);
  return result;
}

export function putNumberInLeaf(
  leaf: LeafData,
  key: StoredKey,
  value: StoredValue,
  unique: boolean,
): 0 | 1 | 2 {
  const wanted = key as number;
  const keys = leaf.keys as number[];
  const count = keys.length;
  const place = count > 0 && keys[count - 1]! < wanted ? ~count : placeOfNumber(keys, wanted);
  if (place >= 0) return leaf.putAt(place, wanted, value, unique);
  insertNumber(leaf, ~place, wanted, value);
  // One look less at memory that is not at hand, where nobody has the leaf.
  if (leaf.meta.jar !== null) leaf.meta.touch();
  return 1;
}

/** Whether a key belongs to a leaf, as can be seen from the leaf alone. */
function mayHave(leaf: LeafData, wanted: number): boolean {
  const keys = leaf.keys as readonly number[];
  const last = keys.length - 1;
  return last >= 0 && keys[0]! <= wanted && (leaf.next === null || wanted <= keys[last]!);
}
