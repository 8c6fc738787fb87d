import { Dict } from '../pickle/index.ts';
import { registerClass } from './class-info.ts';
import { ArrayTracker } from './containers/array.ts';
import { setTracker } from './containers/adopt.ts';
import { Belonging } from './containers/tracker.ts';
import { HANDLER } from './handler-symbol.ts';
import { contentOf, wrongState } from './mapping.ts';
import { PersistentBase } from './persistent-base.ts';

/** A list that is a record of its own: Python's `persistent.list.PersistentList`. `items` is an ordinary array. */
export class PersistentList<T = unknown> extends PersistentBase implements Iterable<T> {
  private tracker: ArrayTracker;
  private attributes: Dict | undefined;

  constructor(items: Iterable<T> = []) {
    super();
    this.attributes = undefined;
    this.tracker = this.tracked([]);
    const values = [...items];
    if (values.length > 0) this.items.push(...values);
  }

  private tracked(raw: unknown[]): ArrayTracker {
    const tracker = new ArrayTracker(raw, new Belonging(this[HANDLER], 'data'));
    setTracker(raw, tracker);
    return tracker;
  }

  /** The content: an array whose changes are noted. */
  get items(): T[] {
    this._p_activate();
    return this.tracker.proxy as T[];
  }

  get length(): number {
    this._p_activate();
    return this.tracker.raw.length;
  }

  at(index: number): T | undefined {
    return this.items.at(index);
  }

  /** Replaces an item. */
  set(index: number, value: T): void {
    const { items } = this;
    const place = index < 0 ? items.length + index : index;
    if (!Number.isInteger(place) || place < 0 || place >= items.length) {
      throw new RangeError(`a list of ${items.length} items has no item ${index}`);
    }
    items[place] = value;
  }

  push(...items: T[]): number {
    return this.items.push(...items);
  }

  pop(): T | undefined {
    return this.items.pop();
  }

  splice(start: number, deleteCount: number, ...items: T[]): T[] {
    return this.items.splice(start, deleteCount, ...items);
  }

  includes(item: T): boolean {
    return this.items.includes(item);
  }

  indexOf(item: T): number {
    return this.items.indexOf(item);
  }

  [Symbol.iterator](): ArrayIterator<T> {
    return this.items[Symbol.iterator]();
  }

  toJSON(): unknown {
    return [...this];
  }

  override __getstate__(): unknown {
    this._p_activate();
    const state = new Dict<unknown, unknown>();
    state.set('data', this.tracker.raw);
    for (const [name, value] of this.attributes ?? []) state.set(name, value);
    return state;
  }

  override __setstate__(state: unknown): void {
    const { data, attributes } = contentOf(state, ['data'], this.constructor.name);
    if (!Array.isArray(data)) throw wrongState(this.constructor.name, 'no list');
    this.attributes = attributes;
    this.tracker = this.tracked(data as unknown[]);
  }

  _p_held(): Iterable<unknown> {
    return [this.tracker];
  }
}

registerClass(PersistentList, 'persistent.list.PersistentList', { python: true });
