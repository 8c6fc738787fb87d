import { PersistentBase } from '../persistent/index.ts';
import { BTreeKeyError } from './errors.ts';
import type { Family } from './family.ts';
import type { KeyKind, StoredKey, StoredValue, ValueKind } from './kinds.ts';
import type { LeafData } from './data.ts';
import type { Bounds, Range } from './range.ts';

/**
 * What trees and buckets, mappings and sets have in common. Members that begin with `_` are for the nodes among themselves.
 */
export abstract class Sorted extends PersistentBase {
  // On the prototypes of the classes of a family; see `defineFamily`.
  declare readonly _family: Family;
  declare readonly _keyKind: KeyKind;
  declare readonly _valueKind: ValueKind;
  /** Whether keys have values. */
  declare readonly _mapping: boolean;

  /** The leaf that has the key, if any has; null when there is no leaf. It is loaded. */
  abstract _leafFor(key: StoredKey): LeafData | null;
  /**
   * Sets a key that is to be there.
   *
   * @param unique Leaves the value of a key alone that is there.
   * @returns 0 when nothing changed, 1 when the key is new, 2 when its value is.
   */
  abstract _put(key: StoredKey, value: StoredValue, unique: boolean): 0 | 1 | 2;
  /** Removes a key; false when it is not there. */
  abstract _discard(key: StoredKey): boolean;
  abstract _range(bounds: Bounds): Range;
  /** The lowest or highest key within a bound. */
  abstract _edgeKey(bound: unknown, low: boolean): unknown;
  abstract _isEmpty(): boolean;

  /** Removes all keys. */
  abstract clear(): void;

  /** Number of keys. A tree loads all its leaves to tell: keep a `Length` beside a large one. */
  abstract get size(): number;

  /** Whether the key is there; what could not be a key is not. */
  has(key: unknown): boolean {
    const wanted = this._keyKind.lookUp(key);
    if (wanted === undefined) return false;
    const leaf = this._leafFor(wanted);
    return leaf !== null && this._keyKind.placeIn(leaf.keys, wanted) >= 0;
  }

  /** As `has`, under Python's name. */
  has_key(key: unknown): boolean {
    return this.has(key);
  }

  /** Removes a key. Says whether it was there. */
  delete(key: unknown): boolean {
    const wanted = this._keyKind.lookUp(key);
    return wanted !== undefined && this._discard(wanted);
  }

  _remove(key: unknown): void {
    if (!this._discard(this._keyKind.convert(key))) throw new BTreeKeyError(key);
  }

  /**
   * The lowest key, or the lowest from `min` on.
   *
   * @throws BTreeValueError when there is none.
   */
  minKey(min?: unknown): unknown {
    return this._edgeKey(min, true);
  }

  /**
   * The highest key, or the highest up to `max`.
   *
   * @throws BTreeValueError when there is none.
   */
  maxKey(max?: unknown): unknown {
    return this._edgeKey(max, false);
  }
}

export const bounds = (min: unknown, max: unknown, excludeMin = false, excludeMax = false): Bounds => ({
  min,
  max,
  excludeMin,
  excludeMax,
});

export const ALL: Bounds = bounds(undefined, undefined);
