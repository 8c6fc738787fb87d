/** What keys and values of a family of trees are, and how a node keeps them. */
import type { LeafData, TreeData } from './data.ts';
import type { Tree } from './tree.ts';

/** A key as nodes keep it: itself, but for `fs` trees, whose two bytes are a number. */
export type StoredKey = unknown;
/** A value as nodes keep it: itself, but for floats (a bare number) and the six bytes of `fs` trees (a number). */
export type StoredValue = unknown;

export interface KeyKind {
  /** Whether keys are ints, so that `multiunion` is offered. */
  readonly integral: boolean;
  /** Whether a key can be told from everything else, so that a single one stands for a set of one. */
  readonly distinct: boolean;
  /** The stored form; throws BTreeTypeError for what cannot be a key. */
  convert(key: unknown): StoredKey;
  /** The stored form; undefined for what cannot be a key, and is therefore not there. */
  lookUp(key: unknown): StoredKey | undefined;
  /** Throws BTreeTypeError for a new key that could never be found again. */
  checkNew(key: StoredKey): void;
  expose(key: StoredKey): unknown;
  /** Whether `expose` does anything. */
  readonly converts: boolean;
  compare(a: StoredKey, b: StoredKey): number;
  /** The place of a key among the sorted keys of a leaf; where it belongs, as `~place`, when it is not there. */
  placeIn(keys: readonly StoredKey[], key: StoredKey): number;
  /**
   * An array for keys. Each kind makes its own: the engine remembers what the arrays of one place in the code came to hold, and
   * makes the next ones ready for that.
   */
  none(): StoredKey[];
  /** Which child of an inner node has the key; `keys[i]` is the lowest that child `i + 1` may have. */
  childFor(keys: readonly StoredKey[], key: StoredKey): number;
  /** Sets a key of a leaf that is loaded; 0 when nothing changed, 1 when the key is new, 2 when its value is. */
  putInLeaf(leaf: LeafData, key: StoredKey, value: StoredValue, unique: boolean): 0 | 1 | 2;
  /** The leaf of a tree that has the key, if any has; null for an empty tree. It is loaded. */
  descend(tree: TreeData, key: StoredKey): LeafData | null;
  /**
   * Where time goes: `get` and `set` of trees. Each kind has its own code, so that the
   * engine sees one kind of keys in it.
   */
  readonly hot: HotMethods;
}

export interface HotMethods {
  get(this: Tree, key: unknown, otherwise?: unknown): unknown;
  set(this: Tree, key: unknown, value: unknown): unknown;
  /** `_put` for a tree that no database knows yet: there is nobody to tell, and all nodes are loaded. */
  putInNew(tree: TreeData, key: StoredKey, value: StoredValue, unique: boolean): 0 | 1 | 2;
}

export interface ValueKind {
  /** The stored form; throws BTreeTypeError for what cannot be a value. */
  convert(value: unknown): StoredValue;
  expose(value: StoredValue): unknown;
  /** An array for values; each kind makes its own, as for keys. */
  none(): StoredValue[];
  /** Whether `expose` does anything. */
  readonly converts: boolean;
  compare(a: StoredValue, b: StoredValue): number;
  /** Whether setting the value changes nothing; objects are always taken as changed, as in Python. */
  same(a: StoredValue, b: StoredValue): boolean;
  /** For `byValue`: the value divided by the smallest that was asked for. */
  normalize(value: StoredValue, min: StoredValue): StoredValue;
  /** The arithmetic of weighted unions and intersections; null for values that are no numbers. */
  readonly arithmetic: Arithmetic | null;
}

/** Calculates as C does with numbers of this width. */
export interface Arithmetic {
  readonly one: StoredValue;
  /** A weight that was given; throws BTreeTypeError or BTreeOverflowError. */
  weight(value: unknown): StoredValue;
  times(value: StoredValue, weight: StoredValue): StoredValue;
  plus(a: StoredValue, b: StoredValue): StoredValue;
}
