/** A stretch of the keys of a tree or bucket. */
import { metaOf } from '../persistent/index.ts';
import { Tuple } from '../pickle/index.ts';
import { type LeafData, use } from './data.ts';
import type { StoredKey } from './kinds.ts';
import type { Leaf } from './leaf.ts';

/** The limits of a range; null or undefined: none on that side. */
export interface Bounds {
  readonly min: unknown;
  readonly max: unknown;
  readonly excludeMin: boolean;
  readonly excludeMax: boolean;
}

/** What a range is of. */
interface RangeOwner {
  readonly _keyKind: { expose(key: StoredKey): unknown };
  _range(bounds: Bounds): Range;
}

/** The place of the first item and that of the last; places in leaves. */
export class Range {
  readonly owner: RangeOwner;
  readonly bounds: Bounds;
  /** Null for an empty range. */
  readonly firstLeaf: Leaf | null;
  readonly first: number;
  /** Null: up to the end of the chain of leaves. */
  readonly lastLeaf: Leaf | null;
  readonly last: number;
  readonly #lastCount: number;

  constructor(
    owner: RangeOwner,
    bounds: Bounds,
    firstLeaf: Leaf | null,
    first: number,
    lastLeaf: Leaf | null,
    last: number,
  ) {
    this.owner = owner;
    this.bounds = bounds;
    this.firstLeaf = firstLeaf;
    this.first = first;
    this.lastLeaf = lastLeaf;
    this.last = last;
    this.#lastCount = lastLeaf === null ? 0 : lastLeaf._keys.length;
  }

  static empty(owner: RangeOwner, bounds: Bounds): Range {
    return new Range(owner, bounds, null, 0, null, -1);
  }

  /** Whether the last leaf is what it was when the range was found. */
  get isCurrent(): boolean {
    const { lastLeaf } = this;
    return lastLeaf === null || (lastLeaf._keys !== undefined && lastLeaf._keys.length === this.#lastCount);
  }

  /** The range that begins after a key. */
  after(key: StoredKey): Range {
    return this.owner._range({ ...this.bounds, min: this.owner._keyKind.expose(key), excludeMin: true });
  }

  /** The range as it is after its owner was changed. */
  again(): Range {
    return this.owner._range(this.bounds);
  }

  /** Number of keys; loads every leaf between the ends. */
  count(): number {
    let count = -this.first;
    for (let leaf = this.firstLeaf; leaf !== null; leaf = leaf._nextLeaf()) {
      leaf._p_activate();
      if (leaf === this.lastLeaf) return count + this.last + 1;
      count += leaf._keys.length;
    }
    return Math.max(count, 0);
  }
}

/** What an iteration gives of each place. */
export type Take<T> = (leaf: LeafData, place: number) => T;

export const takeKey: Take<unknown> = (leaf, place) => leaf.keyAt(place);
export const takeValue: Take<unknown> = (leaf, place) => leaf.valueAt(place);
export const takeItem: Take<Tuple> = (leaf, place) =>
  // With two arguments they are its items.
  new Tuple<unknown>(leaf.keyAt(place), leaf.valueAt(place));

const NOTHING = Symbol('nothing');

/**
 * Walks along the leaves of a range and loads each when it comes to it. The tree may be changed meanwhile: the walk goes on
 * with the key after the last one that it gave.
 */
export class RangeIterator<T> implements IterableIterator<T, undefined> {
  #range: Range;
  readonly #take: Take<T>;
  #leaf: LeafData | null = null;
  /** The keys of the leaf when it was entered, and how many they were. */
  #keys: readonly StoredKey[] = [];
  #count = 0;
  #entered = 0;
  /** The next place, and that after the last one in this leaf. */
  #place = 0;
  #end = 0;
  #previous: StoredKey = NOTHING;
  #started = false;
  /** Whether a database has what is walked along; else nobody needs to know that it is used. */
  readonly #stored: boolean;

  constructor(range: Range, take: Take<T>) {
    this.#range = range;
    this.#take = take;
    this.#stored = metaOf(range.owner)?.jar !== null;
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<T, undefined> {
    const place = this.#place;
    const keys = this.#keys;
    const leaf = this.#leaf;
    if (
      place < this.#end &&
      leaf !== null &&
      leaf.keys === keys &&
      keys.length === this.#count &&
      (place === this.#entered || keys[place - 1] === this.#previous)
    ) {
      this.#previous = keys[place];
      this.#place = place + 1;
      return { done: false, value: this.#take(leaf, place) };
    }
    return this.#moveOn() ? this.next() : { done: true, value: undefined };
  }

  /** To where the next item is: in this leaf, which was changed or loaded again, or in the next one. */
  #moveOn(): boolean {
    if (!this.#started) {
      this.#started = true;
      if (!this.#range.isCurrent) this.#range = this.#range.again();
      return this.#enter(this.#range.firstLeaf, this.#range.first);
    }
    const leaf = this.#leaf;
    if (leaf === null) return false;
    use(leaf);
    const unchanged = leaf.keys === this.#keys && this.#keys.length === this.#count;
    if (unchanged && this.#place < this.#end && Object.is(this.#keys[this.#place - 1], this.#previous)) {
      // NaN is not itself.
      this.#entered = this.#place;
      return true;
    }
    if (!unchanged || this.#place < this.#end || !this.#range.isCurrent) return this.#findAgain();
    if (leaf.node === this.#range.lastLeaf) return this.#enter(null, 0);
    return this.#enter(leaf.node._nextLeaf(), 0);
  }

  #enter(leaf: Leaf | null, place: number): boolean {
    this.#place = this.#entered = this.#end = place;
    if (leaf === null) {
      this.#leaf = null;
      return false;
    }
    const data = leaf._data;
    if (this.#stored || data.keys === undefined) use(data);
    this.#leaf = data;
    this.#keys = data.keys;
    this.#count = data.keys.length;
    this.#end = leaf === this.#range.lastLeaf ? this.#range.last + 1 : this.#count;
    return true;
  }

  #findAgain(): boolean {
    this.#range = this.#previous === NOTHING ? this.#range.again() : this.#range.after(this.#previous);
    return this.#enter(this.#range.firstLeaf, this.#range.first);
  }
}
