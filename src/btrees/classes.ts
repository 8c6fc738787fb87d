/** The four kinds of containers that each family has. */
import type { BTreeItems } from './items.ts';
import { BTreeItems as Items } from './items.ts';
import { BTreeTypeError } from './errors.ts';
import { Leaf } from './leaf.ts';
import { type Entries, MappingMethods } from './mapping.ts';
import { takeItem, takeKey, takeValue } from './range.ts';
import { SetMethods } from './set-methods.ts';
import { difference, intersection, union } from './set-operations.ts';
import { bounds } from './sorted.ts';
import { Tree } from './tree.ts';

type Bound<K> = K | null | undefined;

// What mappings have in common is in `MappingMethods`, what sets have in `SetMethods`; each is part of a tree class and of a
// leaf class, which inherit from `Tree` and `Leaf`.
function include(target: { readonly prototype: object }, source: { readonly prototype: object }): void {
  for (const [name, member] of Object.entries(Object.getOwnPropertyDescriptors(source.prototype)))
    if (!Object.hasOwn(target.prototype, name)) Object.defineProperty(target.prototype, name, member);
  for (const symbol of Object.getOwnPropertySymbols(source.prototype))
    Object.defineProperty(
      target.prototype,
      symbol,
      Object.getOwnPropertyDescriptor(source.prototype, symbol)!,
    );
}

// oxlint-disable-next-line typescript/no-unsafe-declaration-merging -- `include` gives the class these methods
export interface BTree<K, V> extends MappingMethods<K, V> {}
/** A sorted mapping of any size; only what is used of it is loaded. */
// oxlint-disable-next-line typescript/no-unsafe-declaration-merging -- as above
export abstract class BTree<K = unknown, V = unknown> extends Tree {
  constructor(entries?: Entries<K, V> | null) {
    super();
    if (entries !== undefined && entries !== null) this.update(entries);
  }

  /** Keys from `min` to `max` (null: no limit), in order; the ends are left out when told so. */
  keys(min?: Bound<K>, max?: Bound<K>, excludeMin = false, excludeMax = false): BTreeItems<K> {
    return new Items(this._range(bounds(min, max, excludeMin, excludeMax)), takeKey) as BTreeItems<K>;
  }

  /** The values of a range of keys, in the order of the keys. */
  values(min?: Bound<K>, max?: Bound<K>, excludeMin = false, excludeMax = false): BTreeItems<V> {
    return new Items(this._range(bounds(min, max, excludeMin, excludeMax)), takeValue) as BTreeItems<V>;
  }

  /** The keys and values of a range of keys. */
  items(min?: Bound<K>, max?: Bound<K>, excludeMin = false, excludeMax = false): BTreeItems<[K, V]> {
    return new Items(
      this._range(bounds(min, max, excludeMin, excludeMax)),
      takeItem,
    ) as BTreeItems<unknown> as BTreeItems<[K, V]>;
  }

  /** Sets the value of a key that is not there. Returns 1 when it was not, else 0. */
  insert(key: K, value: V): 0 | 1 {
    const stored = this._keyKind.convert(key);
    this._keyKind.checkNew(stored);
    return this._put(stored, this._valueKind.convert(value), true) as 0 | 1;
  }

  /** Keys that are here or in `other`: a set of this family. */
  union(other: unknown): unknown {
    return union(this._family, this, other);
  }

  intersection(other: unknown): unknown {
    return intersection(this._family, this, other);
  }

  /** What is not in `other`: a bucket of this family. */
  difference(other: unknown): unknown {
    return difference(this._family, this, other);
  }
}
include(BTree, MappingMethods);

// oxlint-disable-next-line typescript/no-unsafe-declaration-merging -- `include` gives the class these methods
export interface Bucket<K, V> extends MappingMethods<K, V> {}
/** A sorted mapping that is one record: for few items, and the leaves of a `BTree`. */
// oxlint-disable-next-line typescript/no-unsafe-declaration-merging -- as above
export abstract class Bucket<K = unknown, V = unknown> extends Leaf {
  constructor(entries?: Entries<K, V> | null) {
    super();
    if (entries !== undefined && entries !== null) this.update(entries);
  }

  /** Keys from `min` to `max`, in an array. */
  keys(min?: Bound<K>, max?: Bound<K>, excludeMin = false, excludeMax = false): K[] {
    return [...this.iterkeys(min, max, excludeMin, excludeMax)];
  }

  /** The value of a key; `otherwise` when there is none, also for what cannot be compared with the keys. */
  get(key: K): V | undefined;
  get<D>(key: K, otherwise: D): V | D;
  get(key: K, otherwise?: unknown): unknown {
    try {
      const wanted = this._keyKind.lookUp(key);
      this._p_activate();
      const place = wanted === undefined ? -1 : this._keyKind.placeIn(this._keys, wanted);
      return place < 0 ? otherwise : this._data.valueAt(place);
    } catch (error) {
      if (error instanceof BTreeTypeError) return otherwise;
      throw error;
    }
  }

  values(min?: Bound<K>, max?: Bound<K>, excludeMin = false, excludeMax = false): V[] {
    return [...this.itervalues(min, max, excludeMin, excludeMax)];
  }

  items(min?: Bound<K>, max?: Bound<K>, excludeMin = false, excludeMax = false): [K, V][] {
    return [...this.iteritems(min, max, excludeMin, excludeMax)];
  }

  union(other: unknown): unknown {
    return union(this._family, this, other);
  }

  intersection(other: unknown): unknown {
    return intersection(this._family, this, other);
  }

  difference(other: unknown): unknown {
    return difference(this._family, this, other);
  }
}
include(Bucket, MappingMethods);

// oxlint-disable-next-line typescript/no-unsafe-declaration-merging -- `include` gives the class these methods
export interface TreeSet<K> extends SetMethods<K> {}
/** A sorted set of any size; only what is used of it is loaded. */
// oxlint-disable-next-line typescript/no-unsafe-declaration-merging -- as above
export abstract class TreeSet<K = unknown> extends Tree {
  constructor(keys?: Iterable<K> | null) {
    super();
    if (keys !== undefined && keys !== null) this.update(keys);
  }

  /** Keys from `min` to `max` (null: no limit), in order; the ends are left out when told so. */
  keys(min?: Bound<K>, max?: Bound<K>, excludeMin = false, excludeMax = false): BTreeItems<K> {
    return new Items(this._range(bounds(min, max, excludeMin, excludeMax)), takeKey) as BTreeItems<K>;
  }

  union(other: unknown): unknown {
    return union(this._family, this, other);
  }

  intersection(other: unknown): unknown {
    return intersection(this._family, this, other);
  }

  difference(other: unknown): unknown {
    return difference(this._family, this, other);
  }

  /** Keys that are in one of the two only: another set of this class. */
  symmetricDifference(other: Iterable<unknown>): this {
    return exclusive(this, other);
  }
}
include(TreeSet, SetMethods);

// oxlint-disable-next-line typescript/no-unsafe-declaration-merging -- `include` gives the class these methods
export interface BucketSet<K> extends SetMethods<K> {}
/** A sorted set that is one record: for few keys, and the leaves of a `TreeSet`. */
// oxlint-disable-next-line typescript/no-unsafe-declaration-merging -- as above
export abstract class BucketSet<K = unknown> extends Leaf {
  constructor(keys?: Iterable<K> | null) {
    super();
    if (keys !== undefined && keys !== null) this.update(keys);
  }

  /** Keys from `min` to `max`, in an array. */
  keys(min?: Bound<K>, max?: Bound<K>, excludeMin = false, excludeMax = false): K[] {
    return [...this.iterkeys(min, max, excludeMin, excludeMax)];
  }

  union(other: unknown): unknown {
    return union(this._family, this, other);
  }

  intersection(other: unknown): unknown {
    return intersection(this._family, this, other);
  }

  difference(other: unknown): unknown {
    return difference(this._family, this, other);
  }

  /** Keys that are in one of the two only: another set of this class. */
  symmetricDifference(other: Iterable<unknown>): this {
    return exclusive(this, other);
  }
}
include(BucketSet, SetMethods);

function exclusive<T extends SetMethods<unknown>>(set: T, other: Iterable<unknown>): T {
  const copy = new (set.constructor as new () => T)();
  copy.update(set as Iterable<unknown>);
  // As a set: a key that comes twice counts once.
  const others = new set._family.leaves.Set() as unknown as SetMethods<unknown>;
  others.update(other);
  return copy.symmetricDifferenceUpdate(others as Iterable<unknown>);
}
