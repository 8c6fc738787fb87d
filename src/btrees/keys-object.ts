/** Keys of any ordered kind (O). Almost always they are strings, so strings have their own searches. */
import { moment } from '../persistent/index.ts';
import { type LeafData, type TreeData, use } from './data.ts';
import { BTreeTypeError } from './errors.ts';
import type { KeyKind, StoredKey, StoredValue } from './kinds.ts';
import { checkOrdered, compareKeys } from './ordering.ts';

export const objectKeys: KeyKind = {
  integral: false,
  distinct: false,
  convert,
  lookUp: convert,
  none: () => [],
  checkNew(key) {
    if (typeof key !== 'string') checkOrdered(key);
  },
  expose: (key) => key,
  converts: false,
  compare: (a, b) =>
    isPlain(a) && typeof b === 'string' ? (a < b ? -1 : a === b ? 0 : 1) : compareKeys(a, b),
  placeIn: placeOfObject,
  putInLeaf: putObjectInLeaf,
  childFor: (keys, key) => (isPlain(key) ? childForString(keys, key) : childForAny(keys, key)),
  descend: descendToObject,
  hot: {
    get(key, otherwise) {
      const leaf = descendToObject(this._data, convert(key));
      if (leaf === null) return otherwise;
      const place = placeOfObject(leaf.keys, key);
      return place < 0 ? otherwise : leaf.valueAt(place);
    },
    set(key, value) {
      const data = this._data;
      if (typeof key !== 'string') checkOrdered(convert(key));
      const stored = data.valueKind.convert(value);
      if (data.meta.jar === null) putObjectInNew(data, key, stored, false);
      else this._putInStored(key, stored, false);
      return this;
    },
    putInNew: putObjectInNew,
  },
};

function putObjectInNew(tree: TreeData, key: StoredKey, value: StoredValue, unique: boolean): 0 | 1 | 2 {
  let leaf = tree.recent;
  if (leaf === null || !isPlain(key) || !mayHave(leaf, key)) {
    leaf = descendToObject(tree, key);
    if (leaf === null) return tree.node._putFirst(key, value);
    tree.recent = leaf;
  }
  const result = putObjectInLeaf(leaf, key, value, unique);
  if (result === 1 && leaf.keys.length > tree.maxLeaf) tree.node._splitFor(key);
  return result;
}

function putObjectInLeaf(leaf: LeafData, key: StoredKey, value: StoredValue, unique: boolean): 0 | 1 | 2 {
  return leaf.putAt(placeOfObject(leaf.keys, key), key, value, unique);
}

/** Whether a key belongs to a leaf, as can be seen from the leaf alone. */
function mayHave(leaf: LeafData, wanted: string): boolean {
  const keys = leaf.keys;
  const first = keys[0];
  if (typeof first !== 'string' || wanted < first) return false;
  if (leaf.next === null) return true;
  const last = keys[keys.length - 1];
  return typeof last === 'string' && wanted <= last;
}

function placeOfObject(keys: readonly unknown[], key: unknown): number {
  return isPlain(key) ? placeOfString(keys, key) : placeOfAny(keys, key);
}

function descendToObject(tree: TreeData, key: unknown): LeafData | null {
  return isPlain(key) ? descendToString(tree, key) : descendToAny(tree, key);
}

function convert(key: unknown): unknown {
  if (key === undefined) throw new BTreeTypeError('undefined cannot be a key');
  return key;
}

/** The string that was found plain last: an operation asks of its key several times. */
let lastPlain = '';

/**
 * Whether JavaScript's `<` orders this string as Python does, against any other one. It compares UTF-16 units, Python code
 * points: where two strings first differ, the orders disagree only when one of the two has half of a surrogate pair there and the other
 * a unit of U+E000 or more. So they agree whatever the other string is, when this one has no unit of U+D800 or more.
 */
function isPlain(key: unknown): key is string {
  if (typeof key !== 'string') return false;
  if (key === lastPlain) return true;
  for (let i = 0; i < key.length; i++) if (key.charCodeAt(i) >= 0xd800) return false;
  lastPlain = key;
  return true;
}

function placeOfString(keys: readonly unknown[], wanted: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const found = keys[middle];
    if (typeof found !== 'string') return placeOfAny(keys, wanted);
    if (found < wanted) low = middle + 1;
    else high = middle;
  }
  return low < keys.length && keys[low] === wanted ? low : ~low;
}

function childForString(keys: readonly unknown[], wanted: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const found = keys[middle];
    if (typeof found !== 'string') return childForAny(keys, wanted);
    if (wanted < found) high = middle;
    else low = middle + 1;
  }
  return low;
}

function descendToString(tree: TreeData, wanted: string): LeafData | null {
  let node = tree;
  use(node);
  if (node.children.length === 0) return null;
  const stored = tree.meta.jar !== null;
  for (;;) {
    const at = childForString(node.keys, wanted);
    let child = node.children[at] as TreeData | LeafData;
    // Neither a reference nor what is not loaded has keys.
    if (child.keys === undefined) child = node.load(at);
    if (stored) child.meta.used = moment();
    if (node.bottom) return child as LeafData;
    node = child as TreeData;
  }
}

// Keys that are equal to nothing, such as NaN, have the places that Python's searches give them: these are its steps.

function placeOfAny(keys: readonly unknown[], wanted: unknown): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const order = compareKeys(keys[middle], wanted);
    if (order < 0) low = middle + 1;
    else if (order === 0) return middle;
    else high = middle;
  }
  return ~low;
}

function childForAny(keys: readonly unknown[], wanted: unknown): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const order = compareKeys(keys[middle], wanted);
    if (order < 0) low = middle + 1;
    else if (order === 0) return middle + 1;
    else high = middle;
  }
  return low;
}

function descendToAny(tree: TreeData, wanted: unknown): LeafData | null {
  let node = tree;
  use(node);
  if (node.children.length === 0) return null;
  const stored = tree.meta.jar !== null;
  for (;;) {
    const at = childForAny(node.keys, wanted);
    let child = node.children[at] as TreeData | LeafData;
    // Neither a reference nor what is not loaded has keys.
    if (child.keys === undefined) child = node.load(at);
    if (stored) child.meta.used = moment();
    if (node.bottom) return child as LeafData;
    node = child as TreeData;
  }
}
