import { BTreeError, BTreeKeyError } from './errors.ts';
import { RangeIterator, takeKey } from './range.ts';
import { keysIn } from './set-operations.ts';
import { bounds, Sorted } from './sorted.ts';

/** The methods of trees and buckets without values: those of `Set`, and Python's. */
export abstract class SetMethods<K> extends Sorted {
  /** Adds a key. Returns 1 when it is new, else 0. */
  add(key: K): 0 | 1 {
    const { _keyKind: kind } = this;
    const stored = kind.convert(key);
    kind.checkNew(stored);
    return this._put(stored, null, true) as 0 | 1;
  }

  /** As `add`, under the name that trees have for it. */
  insert(key: K): 0 | 1 {
    return this.add(key);
  }

  /** Adds keys: those of an iterable or of a mapping. Returns how many are new. */
  update(keys: Iterable<K> = []): number {
    let count = 0;
    for (const key of keysIn(keys)) count += this.add(key as K);
    return count;
  }

  /** Removes a key; throws BTreeKeyError when it is not there. */
  remove(key: K): void {
    this._remove(key);
  }

  /** Removes a key if it is there. */
  discard(key: K): void {
    try {
      this.delete(key);
    } catch (error) {
      // What cannot be compared with the keys is not there.
      if (!(error instanceof BTreeError && error.pyName === 'TypeError')) throw error;
    }
  }

  /** Removes the lowest key and returns it; throws BTreeKeyError when there is none. */
  pop(): K {
    if (this._isEmpty()) throw new BTreeKeyError(null, 'pop(): there are no keys');
    const key = this.minKey() as K;
    this.remove(key);
    return key;
  }

  isdisjoint(other: Iterable<unknown>): boolean {
    if ((other as unknown) === this) return this._isEmpty();
    for (const key of keysIn(other)) if (this.has(key)) return false;
    return true;
  }

  /** Keeps the keys of `other` that are here. */
  intersectionUpdate(other: Iterable<unknown>): this {
    const kept = [...keysIn(other)].filter((key) => this.has(key));
    this.clear();
    for (const key of kept) this.add(key as K);
    return this;
  }

  /** Removes every key of `other`. */
  differenceUpdate(other: Iterable<unknown>): this {
    if ((other as unknown) === this) this.clear();
    else for (const key of keysIn(other)) this._discard(this._keyKind.convert(key));
    return this;
  }

  /** Adds the keys of `other` that are not there, and removes those that are. */
  symmetricDifferenceUpdate(other: Iterable<unknown>): this {
    if ((other as unknown) === this) this.clear();
    else
      for (const key of keysIn(other)) {
        if (this.has(key)) this.delete(key);
        else this.add(key as K);
      }
    return this;
  }

  /** Keys from `min` to `max`, one by one; a leaf is loaded when its turn comes. */
  iterkeys(min?: K | null, max?: K | null, excludeMin?: boolean, excludeMax?: boolean): IterableIterator<K> {
    return new RangeIterator(
      this._range(bounds(min, max, excludeMin, excludeMax)),
      takeKey,
    ) as IterableIterator<K>;
  }

  [Symbol.iterator](): IterableIterator<K> {
    return this.iterkeys();
  }

  forEach(callback: (key: K, again: K, set: this) => void, thisArg?: unknown): void {
    for (const key of this) callback.call(thisArg, key, key, this);
  }

  toJSON(): K[] {
    return [...this];
  }
}
