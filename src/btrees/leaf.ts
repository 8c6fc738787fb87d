import { Reference } from '../persistent/index.ts';
import { Tuple, tuple } from '../pickle/index.ts';
import { LeafData } from './data.ts';
import { BTreeTypeError, BTreeValueError } from './errors.ts';
import type { StoredKey, StoredValue } from './kinds.ts';
import { mergeLeaves } from './merge.ts';
import { type Bounds, Range } from './range.ts';
import { Sorted } from './sorted.ts';

/**
 * Sorted keys, with values (buckets) or without (sets). They are useful alone, and are the leaves of trees, where each refers
 * to the next.
 */
export abstract class Leaf extends Sorted {
  declare private data: LeafData | undefined;

  constructor() {
    super();
    this.data = new LeafData(this);
    const { data } = this;
    data.fill(data.keyKind.none(), data.valueKind.none(), null);
  }

  /** What the leaf holds. A leaf that was never loaded gets it when it is first asked for. */
  get _data(): LeafData {
    return (this.data ??= new LeafData(this));
  }

  get _keys(): StoredKey[] {
    return this._data.keys;
  }

  get _values(): StoredValue[] {
    return this._data.values;
  }

  get _next(): Leaf | Reference | null {
    return this._data.next;
  }

  override _p_release(): void {
    this._data.release();
  }

  /** References are looked up when they are followed: a leaf is loaded without what it refers to. */
  _p_held(): Iterable<unknown> {
    return [];
  }

  override _leafFor(_key: StoredKey): LeafData | null {
    this._p_activate();
    return this._data;
  }

  /** The leaf after this one, which must be loaded. */
  _nextLeaf(): Leaf | null {
    const data = this._data;
    const { next } = data;
    if (!(next instanceof Reference)) return next;
    const leaf = next.resolve(data.record).object as Leaf;
    data.next = leaf;
    return leaf;
  }

  override _put(key: StoredKey, value: StoredValue, unique: boolean): 0 | 1 | 2 {
    this._p_activate();
    return this._keyKind.putInLeaf(this._data, key, value, unique);
  }

  override _discard(key: StoredKey): boolean {
    this._p_activate();
    const place = this._keyKind.placeIn(this._keys, key);
    if (place < 0) return false;
    this._data.removeAt(place);
    return true;
  }

  /** The upper half becomes a leaf of its own, the one after this. */
  _split(): Leaf {
    const upper = new (this.constructor as new () => Leaf)();
    const data = this._data;
    const middle = data.keys.length >>> 1;
    if (this._mapping) {
      // The new leaf belongs to no database yet and could not look references up.
      for (let i = middle; i < data.values.length; i++)
        if (data.values[i] instanceof Reference) data.valueAt(i);
    }
    // `splice` takes the upper half away in one step; setting the length after `slice` costs a call out of compiled code.
    const next = this._nextLeaf();
    upper._data.fill(
      data.keys.splice(middle),
      this._mapping ? data.values.splice(middle) : this._valueKind.none(),
      next,
    );
    data.next = upper;
    this._p_changed = true;
    return upper;
  }

  /** The leaf after this one is gone: what follows it follows this. */
  _unlinkNext(): void {
    this._p_activate();
    const next = this._nextLeaf();
    if (next === null) return;
    next._p_activate();
    this._data.next = next._nextLeaf();
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
    this._data.fill(this._keyKind.none(), this._valueKind.none(), null);
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
    const keys = this._keyKind.none();
    const values = this._valueKind.none();
    try {
      if (this._mapping) {
        const convertValue = this._valueKind.convert;
        for (let i = 0; i + 1 < items.length; i += 2) {
          keys.push(convert(items[i]));
          values.push(convertValue(items[i + 1]));
        }
      } else for (const item of items) keys.push(convert(item));
    } catch (error) {
      // As in Python, what was here is gone even if an item is none.
      this._data.fill(this._keyKind.none(), this._valueKind.none(), null);
      throw error;
    }
    this._data.fill(keys, values, (state[1] ?? null) as Leaf | Reference | null);
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
