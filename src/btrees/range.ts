/** A stretch of the keys of a tree or bucket. */
import { Tuple } from '../pickle/index.ts';
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
export type Take<T> = (leaf: Leaf, place: number) => T;

export const takeKey: Take<unknown> = (leaf, place) => leaf._keyKind.expose(leaf._keys[place]);
export const takeValue: Take<unknown> = (leaf, place) => leaf._valueAt(place);
export const takeItem: Take<Tuple> = (leaf, place) =>
  // With two arguments they are its items.
  new Tuple<unknown>(leaf._keyKind.expose(leaf._keys[place]), leaf._valueAt(place));

const NOTHING = Symbol('nothing');

/**
 * Walks along the leaves of a range and loads each when it comes to it. The tree may be changed meanwhile: the walk goes on
 * with the key after the last one that it gave.
 */
export class RangeIterator<T> implements IterableIterator<T, undefined> {
  #range: Range;
  readonly #take: Take<T>;
  #leaf: Leaf | null = null;
  #place = 0;
  #end = -1;
  /** The keys of the leaf when it was entered. */
  #count = 0;
  #previous: StoredKey = NOTHING;
  #started = false;

  constructor(range: Range, take: Take<T>) {
    this.#range = range;
    this.#take = take;
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<T, undefined> {
    if (!this.#started) {
      this.#started = true;
      if (!this.#range.isCurrent) this.#range = this.#range.again();
      this.#enter(this.#range.firstLeaf, this.#range.first);
    }
    for (;;) {
      const leaf = this.#leaf;
      if (leaf === null) return { done: true, value: undefined };
      leaf._p_activate();
      const keys = leaf._keys;
      const place = this.#place;
      if (
        keys.length !== this.#count ||
        (place > 0 && this.#previous !== NOTHING && keys[place - 1] !== this.#previous)
      ) {
        this.#findAgain();
        continue;
      }
      if (place <= this.#end) {
        this.#previous = keys[place];
        this.#place = place + 1;
        return { done: false, value: this.#take(leaf, place) };
      }
      if (leaf === this.#range.lastLeaf) this.#leaf = null;
      else if (this.#range.isCurrent) this.#enter(leaf._nextLeaf(), 0);
      else this.#findAgain();
    }
  }

  #enter(leaf: Leaf | null, place: number): void {
    this.#leaf = leaf;
    this.#place = place;
    if (leaf === null) return;
    leaf._p_activate();
    this.#count = leaf._keys.length;
    this.#end = leaf === this.#range.lastLeaf ? this.#range.last : this.#count - 1;
  }

  #findAgain(): void {
    this.#range = this.#previous === NOTHING ? this.#range.again() : this.#range.after(this.#previous);
    this.#enter(this.#range.firstLeaf, this.#range.first);
  }
}
