/** Keys of 32 bits, signed (I) and unsigned (U): plain numbers. */
import { BTreeTypeError } from './errors.ts';
import type { HotMethods, KeyKind } from './kinds.ts';
import type { Leaf } from './leaf.ts';
import type { Tree } from './tree.ts';

export const int32Keys: KeyKind = intKeys(
  (key) => {
    if (typeof key === 'number' && (key | 0) === key) return key | 0;
    return typeof key === 'boolean' ? Number(key) : undefined;
  },
  (key) => (isInt(key) ? 'integer out of range' : 'expected integer key'),
);

export const uint32Keys: KeyKind = intKeys(
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

function intKeys(lookUp: (key: unknown) => number | undefined, why: (key: unknown) => string): KeyKind {
  return {
    integral: true,
    lookUp,
    convert(key) {
      const converted = lookUp(key);
      if (converted === undefined) throw new BTreeTypeError(`${why(key)}: ${String(key)}`);
      return converted;
    },
    checkNew() {},
    expose: (key) => key,
    compare: compareNumbers,
    placeIn: placeOfNumber,
    childFor: childForNumber,
    descend: descendToNumber,
    hot: hotNumberMethods(lookUp, true),
  };
}

export function compareNumbers(a: unknown, b: unknown): number {
  return (a as number) < (b as number) ? -1 : (a as number) > (b as number) ? 1 : 0;
}

export function placeOfNumber(keys: readonly unknown[], key: unknown): number {
  const wanted = key as number;
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const found = (keys as readonly number[])[middle]!;
    if (found < wanted) low = middle + 1;
    else if (found === wanted) return middle;
    else high = middle;
  }
  return ~low;
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
export function descendToNumber(tree: Tree, key: unknown): Leaf | null {
  const wanted = key as number;
  let node = tree;
  node._p_activate();
  if (node._children.length === 0) return null;
  for (;;) {
    const keys = node._keys as readonly number[];
    let low = 0;
    let high = keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (keys[middle]! <= wanted) low = middle + 1;
      else high = middle;
    }
    const child = node._children[low]!;
    const loaded = child._keys === undefined ? node._load(low) : (child as Tree | Leaf);
    loaded._p_activate();
    if (node._bottom) return loaded as Leaf;
    node = loaded as Tree;
  }
}

/** @param ints Whether a number stands for itself. */
export function hotNumberMethods(lookUp: (key: unknown) => number | undefined, ints: boolean): HotMethods {
  return {
    get(key, otherwise) {
      // What most keys are, without a call more.
      const wanted = ints && typeof key === 'number' && (key | 0) === key && key >= 0 ? key | 0 : lookUp(key);
      if (wanted === undefined) return otherwise;
      const leaf = descendToNumber(this, wanted);
      if (leaf === null) return otherwise;
      const place = placeOfNumber(leaf._keys, wanted);
      return place < 0 ? otherwise : leaf._valueAt(place);
    },
    _putInNew(key, value, unique) {
      const wanted = key as number;
      let leaf = this._recent;
      if (leaf === null || !mayHave(leaf, wanted)) {
        leaf = descendToNumber(this, wanted);
        if (leaf === null) return this._putFirst(key, value);
        this._recent = leaf;
      }
      const result = leaf._putAt(placeOfNumber(leaf._keys, wanted), wanted, value, unique);
      if (result === 1 && leaf._keys.length > this._maxLeaf) this._splitFor(wanted);
      return result;
    },
  };
}

/** Whether a key belongs to a leaf, as can be seen from the leaf alone. */
function mayHave(leaf: Leaf, wanted: number): boolean {
  const keys = leaf._keys as readonly number[];
  const last = keys.length - 1;
  return last >= 0 && keys[0]! <= wanted && (leaf._next === null || wanted <= keys[last]!);
}
