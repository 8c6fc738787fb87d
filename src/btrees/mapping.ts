import { type Tuple, tuple } from '../pickle/index.ts';
import { BTreeAttributeError, BTreeKeyError, BTreeTypeError } from './errors.ts';
import { RangeIterator, takeItem, takeKey, takeValue } from './range.ts';
import { ALL, bounds, Sorted } from './sorted.ts';
import { compareKeys } from './ordering.ts';

/** What content can be taken from. */
export type Entries<K, V> =
  | Iterable<readonly [K, V]>
  | { items(): Iterable<readonly [K, V]> }
  | { entries(): Iterable<readonly [K, V]> }
  | { readonly [key: string]: V };

/** The methods of trees and buckets that have values: those of `Map`, and Python's. */
export abstract class MappingMethods<K, V> extends Sorted {
  /** The value of a key; `otherwise` when there is none. */
  get(key: K): V | undefined;
  get<D>(key: K, otherwise: D): V | D;
  get(key: K, otherwise?: unknown): unknown {
    const wanted = this._keyKind.lookUp(key);
    if (wanted === undefined) return otherwise;
    const leaf = this._leafFor(wanted);
    if (leaf === null) return otherwise;
    const place = this._keyKind.placeIn(leaf.keys, wanted);
    return place < 0 ? otherwise : leaf.valueAt(place);
  }

  /** Sets the value of a key. */
  set(key: K, value: V): this {
    const { _keyKind: kind } = this;
    const stored = kind.convert(key);
    kind.checkNew(stored);
    this._put(stored, this._valueKind.convert(value), false);
    return this;
  }

  /** The value of a key, as Python's `mapping[key]`; throws BTreeKeyError. */
  __getitem__(key: K): V {
    const value = this.get(key);
    if (value === undefined) throw new BTreeKeyError(key);
    return value;
  }

  /** As Python's `del mapping[key]`; throws BTreeKeyError. */
  __delitem__(key: K): void {
    this._remove(key);
  }

  /** The value of a key, if it is there; throws for what cannot be a key. */
  private _present(key: K): unknown {
    const wanted = this._keyKind.convert(key);
    const leaf = this._leafFor(wanted);
    const place = leaf === null ? -1 : this._keyKind.placeIn(leaf.keys, wanted);
    return place < 0 ? undefined : leaf!.valueAt(place);
  }

  /** The value of a key, which is set to `value` when there is none. */
  setdefault(key: K, value: V): V {
    if (value === undefined) throw new BTreeTypeError('setdefault expected 2 arguments, got 1');
    const present = this._present(key) as V | undefined;
    if (present !== undefined) return present;
    this.set(key, value);
    return value;
  }

  /**
   * Removes a key and returns its value.
   *
   * @throws BTreeKeyError when it is not there and `otherwise` is not given.
   */
  pop(key: K): V;
  pop<D>(key: K, otherwise: D): V | D;
  pop(...[key, ...otherwise]: [K, unknown?]): unknown {
    const value = this._present(key);
    if (value !== undefined) {
      this.delete(key);
      return value;
    }
    if (otherwise.length > 0) return otherwise[0];
    throw new BTreeKeyError(key, this._isEmpty() ? 'pop(): there are no keys' : undefined);
  }

  /** Removes the lowest key; returns it and its value. Throws BTreeKeyError when there is none. */
  popitem(): Tuple<K | V> {
    if (this._isEmpty()) throw new BTreeKeyError(null, 'popitem(): there are no keys');
    const key = this.minKey() as K;
    return tuple<(K | V)[]>(key, this.pop(key));
  }

  /** Takes over what another mapping, or an iterable of pairs, has. */
  update(entries: Entries<K, V>): void {
    for (const pair of pairsOf(entries)) {
      if (!Array.isArray(pair) || pair.length !== 2)
        throw new BTreeTypeError('Sequence must contain 2-item tuples');
      this.set(pair[0] as K, pair[1] as V);
    }
  }

  /** Keys from `min` to `max`, one by one; a leaf is loaded when its turn comes. */
  iterkeys(min?: K | null, max?: K | null, excludeMin?: boolean, excludeMax?: boolean): IterableIterator<K> {
    return new RangeIterator(
      this._range(bounds(min, max, excludeMin, excludeMax)),
      takeKey,
    ) as IterableIterator<K>;
  }

  itervalues(
    min?: K | null,
    max?: K | null,
    excludeMin?: boolean,
    excludeMax?: boolean,
  ): IterableIterator<V> {
    return new RangeIterator(
      this._range(bounds(min, max, excludeMin, excludeMax)),
      takeValue,
    ) as IterableIterator<V>;
  }

  iteritems(
    min?: K | null,
    max?: K | null,
    excludeMin?: boolean,
    excludeMax?: boolean,
  ): IterableIterator<[K, V]> {
    return new RangeIterator(
      this._range(bounds(min, max, excludeMin, excludeMax)),
      takeItem,
    ) as Iterator<unknown> as IterableIterator<[K, V]>;
  }

  /** As `Map.prototype.entries`. */
  entries(): IterableIterator<[K, V]> {
    return this.iteritems();
  }

  [Symbol.iterator](): IterableIterator<[K, V]> {
    return this.iteritems();
  }

  forEach(callback: (value: V, key: K, mapping: this) => void, thisArg?: unknown): void {
    for (const [key, value] of this) callback.call(thisArg, value, key, this);
  }

  /**
   * Values from `min` on with their keys, the highest value first. Numbers are divided by `min`, if it is above 0.
   */
  byValue(min: V): Tuple<V | K>[] {
    const kind = this._valueKind;
    const least = kind.convert(min);
    const found: [unknown, unknown][] = [];
    const range = this._range(ALL);
    for (const [leaf, place] of new RangeIterator(range, (at, index) => [at, index] as const)) {
      const value = leaf.values[place];
      if (kind.compare(value, least) >= 0) found.push([kind.normalize(value, least), leaf.keys[place]]);
    }
    const keys = this._keyKind;
    found.sort(
      (a, b) =>
        kind.compare(b[0], a[0]) || (keys.integral ? keys.compare(b[1], a[1]) : compareKeys(b[1], a[1])),
    );
    return found.map(([value, key]) => tuple<(V | K)[]>(kind.expose(value) as V, keys.expose(key) as K));
  }

  toJSON(): unknown {
    return Object.fromEntries(this.iteritems());
  }
}

function pairsOf(entries: unknown): Iterable<unknown> {
  if (entries !== null && typeof entries === 'object') {
    const from = entries as { items?: unknown; entries?: unknown; get?: unknown };
    if (!Array.isArray(entries)) {
      if (typeof from.items === 'function') return from.items() as Iterable<unknown>;
      if (typeof from.entries === 'function' && typeof from.get === 'function')
        return from.entries() as Iterable<unknown>;
      // Of what has no items only leaves are sequences in Python.
      if (entries instanceof Sorted && !('_next' in entries)) throw noPairs(entries);
    }
    if (Symbol.iterator in entries) return entries as Iterable<unknown>;
    if (Object.getPrototypeOf(entries) === Object.prototype) return Object.entries(entries);
  } else if (typeof entries === 'string') return entries;
  throw noPairs(entries);
}

function noPairs(entries: unknown): BTreeAttributeError {
  return new BTreeAttributeError(
    `neither pairs nor a mapping: ${typeof entries === 'object' ? entries?.constructor.name : String(entries)}`,
  );
}
