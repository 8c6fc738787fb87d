import { metaOf, type PersistentMeta, Reference } from '../persistent/index.ts';
import { Tuple, tuple } from '../pickle/index.ts';
import { BTreeTypeError, BTreeValueError } from './errors.ts';
import type { StoredKey, StoredValue } from './kinds.ts';
import { mergeLeaves } from './merge.ts';
import { type Bounds, Range } from './range.ts';
import { Sorted } from './sorted.ts';
import { isChangeable } from './values.ts';

/**
 * Sorted keys, with values (buckets) or without (sets). They are useful alone, and are the leaves of trees, where each refers
 * to the next.
 *
 * Every field is set in `_fill`, in one order, so that nodes that were made and nodes that were loaded look alike to the engine.
 */
export abstract class Leaf extends Sorted {
  declare _keys: StoredKey[];
  /** A place for each key; none in sets. */
  declare _values: StoredValue[];
  declare _next: Leaf | Reference | null;
  /** The tree that has, or had, this leaf in its own record: it belongs to the database, the leaf perhaps does not. */
  declare _embeddedIn: Sorted | null;

  constructor() {
    super();
    this._fill([], [], null);
  }

  private _fill(keys: StoredKey[], values: StoredValue[], next: Leaf | Reference | null): void {
    this._keys = keys;
    this._values = values;
    this._next = next;
    this._embeddedIn = null;
  }

  override _p_release(): void {
    const gone: unknown = undefined;
    this._fill(gone as StoredKey[], gone as StoredValue[], null);
  }

  /** References are looked up when they are followed: a leaf is loaded without what it refers to. */
  _p_held(): Iterable<unknown> {
    return [];
  }

  override _leafFor(_key: StoredKey): Leaf | null {
    this._p_activate();
    return this;
  }

  /** The leaf after this one, which must be loaded. */
  _nextLeaf(): Leaf | null {
    const next = this._next;
    if (!(next instanceof Reference)) return next;
    const leaf = next.resolve(this._record).object as Leaf;
    this._next = leaf;
    return leaf;
  }

  /** The record that this leaf is in. */
  private get _record(): PersistentMeta {
    return metaOf(this._p_jar === null && this._embeddedIn !== null ? this._embeddedIn : this)!;
  }

  /** The value at a place, as it is handed out. */
  _valueAt(place: number): unknown {
    const value = this._values[place];
    if (typeof value === 'object' && value !== null) return this._objectAt(place, value);
    return this._valueKind.converts ? this._valueKind.expose(value) : value;
  }

  private _objectAt(place: number, value: object): unknown {
    if (value instanceof Reference) {
      const { object } = value.resolve(this._record);
      this._values[place] = object;
      return object;
    }
    // Its changes cannot be seen, so the leaf is compared when the transaction ends.
    if (isChangeable(value)) {
      const record = this._record;
      record.jar?.watch(record);
    }
    return value;
  }

  override _put(key: StoredKey, value: StoredValue, unique: boolean): 0 | 1 | 2 {
    this._p_activate();
    return this._putAt(this._keyKind.placeIn(this._keys, key), key, value, unique);
  }

  /** As `_put`, when the place is known (as `placeIn` tells it). */
  _putAt(place: number, key: StoredKey, value: StoredValue, unique: boolean): 0 | 1 | 2 {
    if (place >= 0) {
      if (unique || !this._mapping || this._valueKind.same(this._values[place], value)) return 0;
      this._values[place] = value;
      this._p_changed = true;
      return 2;
    }
    const keys = this._keys;
    if (~place === keys.length) {
      keys.push(key);
      if (this._mapping) this._values.push(value);
    } else {
      insertAt(keys, ~place, key);
      if (this._mapping) insertAt(this._values, ~place, value);
    }
    this._p_changed = true;
    return 1;
  }

  override _discard(key: StoredKey): boolean {
    this._p_activate();
    const place = this._keyKind.placeIn(this._keys, key);
    if (place < 0) return false;
    removeAt(this._keys, place);
    if (this._mapping) removeAt(this._values, place);
    this._p_changed = true;
    return true;
  }

  /** The upper half becomes a leaf of its own, the one after this. */
  _split(): Leaf {
    const upper = new (this.constructor as new () => Leaf)();
    const middle = this._keys.length >>> 1;
    upper._keys = this._keys.slice(middle);
    this._keys.length = middle;
    if (this._mapping) {
      // The new leaf belongs to no database yet and could not look references up.
      for (let i = middle; i < this._values.length; i++)
        if (this._values[i] instanceof Reference) this._valueAt(i);
      upper._values = this._values.slice(middle);
      this._values.length = middle;
    }
    upper._next = this._nextLeaf();
    this._next = upper;
    this._p_changed = true;
    return upper;
  }

  /** The leaf after this one is gone: what follows it follows this. */
  _unlinkNext(): void {
    this._p_activate();
    const next = this._nextLeaf();
    if (next === null) return;
    next._p_activate();
    this._next = next._nextLeaf();
    this._p_changed = true;
  }

  /** The place of the lowest key from `key` on, or of the highest up to it; -1 when there is none. */
  _edge(key: StoredKey, low: boolean, exclude: boolean): number {
    this._p_activate();
    let place = this._keyKind.placeIn(this._keys, key);
    if (place >= 0) {
      if (exclude) place += low ? 1 : -1;
    } else place = low ? ~place : ~place - 1;
    return place < this._keys.length ? place : -1;
  }

  override _range(bounds: Bounds): Range {
    const { min, max, excludeMin, excludeMax } = bounds;
    this._p_activate();
    const count = this._keys.length;
    if (count === 0) return Range.empty(this, bounds);
    let first = excludeMin ? 1 : 0;
    if (min !== null && min !== undefined) first = this._edge(this._keyKind.convert(min), true, excludeMin);
    if (first < 0 || first >= count) return Range.empty(this, bounds);
    let last = excludeMax ? count - 2 : count - 1;
    if (max !== null && max !== undefined) last = this._edge(this._keyKind.convert(max), false, excludeMax);
    if (last < first) return Range.empty(this, bounds);
    return new Range(this, bounds, this, first, this, last);
  }

  override get size(): number {
    this._p_activate();
    return this._keys.length;
  }

  override _isEmpty(): boolean {
    return this.size === 0;
  }

  override clear(): void {
    this._p_activate();
    if (this._keys.length === 0) return;
    this._fill([], [], null);
    this._p_changed = true;
  }

  override _edgeKey(bound: unknown, low: boolean): unknown {
    this._p_activate();
    const keys = this._keys;
    if (keys.length === 0) throw new BTreeValueError('empty bucket');
    let place = low ? 0 : keys.length - 1;
    if (bound !== null && bound !== undefined) place = this._edge(this._keyKind.convert(bound), low, false);
    if (place < 0) throw new BTreeValueError('no key satisfies the conditions');
    return this._keyKind.expose(keys[place]);
  }

  override __getstate__(): unknown {
    this._p_activate();
    const keys = this._keys;
    const { expose } = this._keyKind;
    const items = new Tuple<unknown>();
    if (this._mapping) {
      const exposeValue = this._valueKind.expose;
      for (let i = 0; i < keys.length; i++) items.push(expose(keys[i]), exposeValue(this._values[i]));
    } else for (const key of keys) items.push(expose(key));
    return this._next === null ? tuple(items) : tuple<unknown[]>(items, this._next);
  }

  override __setstate__(state: unknown): void {
    if (!(state instanceof Tuple) || !(state[0] instanceof Tuple) || state.length > 2) {
      throw new BTreeTypeError(
        `the state of a ${this.constructor.name} must be a tuple of its items and of the next one`,
      );
    }
    const items = state[0] as readonly unknown[];
    const { convert } = this._keyKind;
    const keys: StoredKey[] = [];
    const values: StoredValue[] = [];
    if (this._mapping) {
      const convertValue = this._valueKind.convert;
      for (let i = 0; i + 1 < items.length; i += 2) {
        keys.push(convert(items[i]));
        values.push(convertValue(items[i + 1]));
      }
    } else for (const item of items) keys.push(convert(item));
    this._fill(keys, values, (state[1] ?? null) as Leaf | Reference | null);
  }

  /**
   * Merges the changes of two transactions.
   *
   * @returns The merged state.
   * @throws BTreeConflictError when they cannot be merged.
   */
  _p_resolveConflict(old: unknown, committed: unknown, changed: unknown): unknown {
    return mergeLeaves(this.constructor as new () => Leaf, old, committed, changed);
  }
}

// Short arrays: moving the items one by one is quicker than `splice`, which makes an array of what it takes out.

function insertAt(array: unknown[], place: number, item: unknown): void {
  const end = array.length;
  array.push(array[end - 1]);
  for (let i = end - 1; i > place; i--) array[i] = array[i - 1];
  array[place] = item;
}

function removeAt(array: unknown[], place: number): void {
  for (let i = place + 1; i < array.length; i++) array[i - 1] = array[i];
  array.pop();
}
