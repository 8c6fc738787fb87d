/** Keys of any ordered kind (O). Almost always they are strings, so strings have their own searches. */
import { BTreeTypeError } from './errors.ts';
import type { KeyKind } from './kinds.ts';
import type { Leaf } from './leaf.ts';
import { checkOrdered, compareKeys } from './ordering.ts';
import type { Tree } from './tree.ts';

export const objectKeys: KeyKind = {
  integral: false,
  convert,
  lookUp: convert,
  checkNew(key) {
    if (typeof key !== 'string') checkOrdered(key);
  },
  expose: (key) => key,
  compare: (a, b) =>
    isPlain(a) && typeof b === 'string' ? (a < b ? -1 : a === b ? 0 : 1) : compareKeys(a, b),
  placeIn: placeOfObject,
  childFor: (keys, key) => (isPlain(key) ? childForString(keys, key) : childForAny(keys, key)),
  descend: descendToObject,
  hot: {
    get(key, otherwise) {
      const leaf = descendToObject(this, convert(key));
      if (leaf === null) return otherwise;
      const place = placeOfObject(leaf._keys, key);
      return place < 0 ? otherwise : leaf._valueAt(place);
    },
    _putInNew(key, value, unique) {
      const leaf = descendToObject(this, key);
      if (leaf === null) return this._putFirst(key, value);
      const result = leaf._putAt(placeOfObject(leaf._keys, key), key, value, unique);
      if (result === 1 && leaf._keys.length > this._maxLeaf) this._splitFor(key);
      return result;
    },
  },
};

function placeOfObject(keys: readonly unknown[], key: unknown): number {
  return isPlain(key) ? placeOfString(keys, key) : placeOfAny(keys, key);
}

function descendToObject(tree: Tree, key: unknown): Leaf | null {
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

function descendToString(tree: Tree, wanted: string): Leaf | null {
  let node = tree;
  node._p_activate();
  if (node._children.length === 0) return null;
  for (;;) {
    const at = childForString(node._keys, wanted);
    const child = node._children[at]!;
    const loaded = child._keys === undefined ? node._load(at) : (child as Tree | Leaf);
    loaded._p_activate();
    if (node._bottom) return loaded as Leaf;
    node = loaded as Tree;
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

function descendToAny(tree: Tree, wanted: unknown): Leaf | null {
  let node = tree;
  node._p_activate();
  if (node._children.length === 0) return null;
  for (;;) {
    const at = childForAny(node._keys, wanted);
    const child = node._children[at]!;
    const loaded = child._keys === undefined ? node._load(at) : (child as Tree | Leaf);
    loaded._p_activate();
    if (node._bottom) return loaded as Leaf;
    node = loaded as Tree;
  }
}
