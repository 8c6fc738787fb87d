import { BTreeIndexError } from './errors.ts';
import { type Range, RangeIterator, type Take } from './range.ts';

/**
 * The keys, values or items of a range of a tree, in the order of the keys. Nothing is copied: a leaf is loaded when the
 * iteration comes to it. The number of items and a place far from the beginning cost a walk along the leaves before it.
 */
export class BTreeItems<T = unknown> implements Iterable<T> {
  readonly #range: Range;
  readonly #take: Take<T>;
  /** Places of a slice. */
  readonly #from: number;
  readonly #to: number;

  constructor(range: Range, take: Take<T>, from = 0, to = Infinity) {
    this.#range = range;
    this.#take = take;
    this.#from = from;
    this.#to = to;
  }

  *#slice(): Generator<T, undefined> {
    let place = 0;
    const places = new RangeIterator(this.#range, (leaf, at) => [leaf, at] as const);
    for (const [leaf, at] of places) {
      if (place >= this.#to) return undefined;
      if (place++ >= this.#from) yield this.#take(leaf, at);
    }
    return undefined;
  }

  [Symbol.iterator](): IterableIterator<T, undefined> {
    return this.#from === 0 && this.#to === Infinity
      ? new RangeIterator(this.#range, this.#take)
      : this.#slice();
  }

  /** Number of items; loads every leaf of the range. */
  get length(): number {
    const range = this.#range.isCurrent ? this.#range : this.#range.again();
    return Math.max(0, Math.min(range.count(), this.#to) - this.#from);
  }

  /** Whether there is an item. */
  get isEmpty(): boolean {
    return this[Symbol.iterator]().next().done === true;
  }

  /** The item at a place, from the end when it is negative; undefined when there is none. */
  at(index: number): T | undefined {
    const wanted = index < 0 ? index + this.length : index;
    if (wanted < 0) return undefined;
    const range = this.#range.isCurrent ? this.#range : this.#range.again();
    let place = range.first + this.#from + wanted;
    if (this.#from + wanted >= this.#to) return undefined;
    for (let leaf = range.firstLeaf; leaf !== null; leaf = leaf._nextLeaf()) {
      leaf._p_activate();
      const isLast = leaf === range.lastLeaf;
      const count = isLast ? range.last + 1 : leaf._keys.length;
      if (place < count) return this.#take(leaf._data, place);
      if (isLast) return undefined;
      place -= count;
    }
    return undefined;
  }

  /** As Python's `items[index]`; throws BTreeIndexError. */
  __getitem__(index: number): T {
    const length = index < 0 ? this.length : 0;
    const item = this.at(index);
    // No item is undefined.
    if (item === undefined) throw new BTreeIndexError(index < 0 ? index + length : index);
    return item;
  }

  /** A part, with the meaning that `Array.prototype.slice` gives to the places. */
  slice(start = 0, end = Infinity): BTreeItems<T> {
    const length = start < 0 || end < 0 ? this.length : 0;
    const from = this.#from + Math.max(0, start < 0 ? start + length : start);
    const to = Math.min(this.#to, this.#from + Math.max(0, end < 0 ? end + length : end));
    return new BTreeItems(this.#range, this.#take, from, Math.max(from, to));
  }

  toArray(): T[] {
    return [...this];
  }

  toJSON(): T[] {
    return this.toArray();
  }
}
