import { normalKey } from './key.ts';

/**
 * A Python dict: a `Map` in insertion order whose keys compare as in Python. The first key that was put in stays when
 * an equal one is set later. String and number keys cost what a `Map` costs.
 */
export class Dict<K = unknown, V = unknown> extends Map<K, V> {
  /** For each normalised key that differs from the key put in: the key put in. */
  #originals: Map<unknown, K> | undefined;

  constructor(entries?: Iterable<readonly [K, V]> | null) {
    super();
    if (entries) for (const [key, value] of entries) this.set(key, value);
  }

  /** A dict with the own enumerable properties of an object as string keys. */
  static from<V>(entries: Iterable<readonly [unknown, V]> | Record<string, V>): Dict<unknown, V> {
    const dict = new Dict<unknown, V>();
    const pairs = Symbol.iterator in entries ? entries : Object.entries(entries);
    for (const [key, value] of pairs as Iterable<readonly [unknown, V]>) dict.set(key, value);
    return dict;
  }

  override get(key: K): V | undefined {
    return super.get(typeof key === 'number' ? key : (normalKey(key) as K));
  }

  override has(key: K): boolean {
    return super.has(typeof key === 'number' ? key : (normalKey(key) as K));
  }

  override set(key: K, value: V): this {
    // Nearly every key: one that stands for itself.
    if (typeof key === 'string' ? key.charCodeAt(0) !== 0 : typeof key === 'number')
      return super.set(key, value);
    const normal = normalKey(key) as K;
    if (normal !== key && !super.has(normal)) (this.#originals ??= new Map()).set(normal, key);
    return super.set(normal, value);
  }

  override delete(key: K): boolean {
    const normal = normalKey(key) as K;
    this.#originals?.delete(normal);
    return super.delete(normal);
  }

  override clear(): void {
    this.#originals = undefined;
    super.clear();
  }

  override *entries(): MapIterator<[K, V]> {
    const originals = this.#originals;
    for (const entry of super.entries()) {
      if (originals !== undefined && originals.has(entry[0])) entry[0] = originals.get(entry[0])!;
      yield entry;
    }
  }

  override *keys(): MapIterator<K> {
    const originals = this.#originals;
    for (const key of super.keys())
      yield originals !== undefined && originals.has(key) ? originals.get(key)! : key;
  }

  override [Symbol.iterator](): MapIterator<[K, V]> {
    return this.entries();
  }

  override forEach(callback: (value: V, key: K, map: Map<K, V>) => void, thisArg?: unknown): void {
    for (const [key, value] of this.entries()) callback.call(thisArg, value, key, this);
  }

  override get [Symbol.toStringTag](): string {
    return 'Dict';
  }
}
