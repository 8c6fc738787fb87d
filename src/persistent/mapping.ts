import { Dict } from '../pickle/index.ts';
import { registerClass } from './class-info.ts';
import { trackInPlace } from './containers/in-place.ts';
import { Belonging } from './containers/tracker.ts';
import { PersistenceError } from './errors.ts';
import { HANDLER } from './handler-symbol.ts';
import { PersistentBase } from './persistent-base.ts';

/** A dict that is a record of its own: Python's `persistent.mapping.PersistentMapping`, with the methods of `Map`. */
export class PersistentMapping<K = unknown, V = unknown> extends PersistentBase implements Map<K, V> {
  private data: Dict<K, V>;
  /** The attributes that the record has beside the content. */
  private attributes: Dict | undefined;

  constructor(entries?: Iterable<readonly [K, V]> | null) {
    super();
    this.attributes = undefined;
    this.data = this.tracked(new Dict<K, V>());
    if (entries) for (const [key, value] of entries) this.data.set(key, value);
  }

  private tracked(data: Dict<K, V>): Dict<K, V> {
    return trackInPlace(data, 'map', new Belonging(this[HANDLER], 'data')) as Dict<K, V>;
  }

  get size(): number {
    this._p_activate();
    return this.data.size;
  }

  get(key: K): V | undefined {
    this._p_activate();
    return this.data.get(key);
  }

  has(key: K): boolean {
    this._p_activate();
    return this.data.has(key);
  }

  set(key: K, value: V): this {
    this._p_activate();
    this.data.set(key, value);
    return this;
  }

  delete(key: K): boolean {
    this._p_activate();
    return this.data.delete(key);
  }

  clear(): void {
    this._p_activate();
    if (this.data.size > 0) this.data.clear();
  }

  /** The value of a key that is put in when the mapping lacks it. */
  setDefault(key: K, make: () => V): V {
    this._p_activate();
    if (!this.data.has(key)) this.data.set(key, make());
    return this.data.get(key)!;
  }

  keys(): MapIterator<K> {
    this._p_activate();
    return this.data.keys();
  }

  values(): MapIterator<V> {
    this._p_activate();
    return this.data.values();
  }

  entries(): MapIterator<[K, V]> {
    this._p_activate();
    return this.data.entries();
  }

  [Symbol.iterator](): MapIterator<[K, V]> {
    return this.entries();
  }

  forEach(callback: (value: V, key: K, map: Map<K, V>) => void, thisArg?: unknown): void {
    for (const [key, value] of this.entries()) callback.call(thisArg, value, key, this);
  }

  get [Symbol.toStringTag](): string {
    return 'PersistentMapping';
  }

  toJSON(): unknown {
    return Object.fromEntries(this.entries());
  }

  override __getstate__(): unknown {
    this._p_activate();
    const state = new Dict<unknown, unknown>();
    state.set('data', this.data);
    for (const [name, value] of this.attributes ?? []) state.set(name, value);
    return state;
  }

  override __setstate__(state: unknown): void {
    const { data, attributes } = contentOf(state, ['data', '_container'], this.constructor.name);
    if (!(data instanceof Dict)) throw wrongState(this.constructor.name, 'no dict');
    this.attributes = attributes;
    this.data = this.tracked(data as Dict<K, V>);
  }

  _p_held(): Iterable<unknown> {
    return [this.data];
  }
}

/** The content of a record under one of the names that versions of the class have used, and the other attributes. */
export function contentOf(
  state: unknown,
  names: readonly string[],
  className: string,
): { data: unknown; attributes: Dict | undefined } {
  if (!(state instanceof Dict)) throw wrongState(className, 'a state that is no dict');
  let data: unknown;
  let attributes: Dict | undefined;
  for (const [name, value] of state as Dict<unknown, unknown>) {
    if (names.includes(name as string)) data = value;
    else (attributes ??= new Dict()).set(name, value);
  }
  return { data, attributes };
}

export function wrongState(className: string, what: string): PersistenceError {
  return new PersistenceError('PERSISTENT_STATE', `the record of a ${className} has ${what}`);
}

registerClass(PersistentMapping, 'persistent.mapping.PersistentMapping', {
  python: true,
  aliases: [
    'PersistentMapping.PersistentMapping',
    'persistent.dict.PersistentDict',
    'Persistence.mapping.PersistentMapping',
  ],
});
