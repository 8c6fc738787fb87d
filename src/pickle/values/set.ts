import { KEY, keyOfMembers, normalKey } from './key.ts';

/** A Python set: a `Set` whose members compare as dict keys do. */
export class PySet<T = unknown> extends Set<T> {
  #originals: Map<unknown, T> | undefined;

  constructor(items?: Iterable<T> | null) {
    super();
    if (items) for (const item of items) this.add(item);
  }

  override has(item: T): boolean {
    return super.has(normalKey(item) as T);
  }

  override add(item: T): this {
    const normal = normalKey(item) as T;
    if (normal !== item && !super.has(normal)) (this.#originals ??= new Map()).set(normal, item);
    return super.add(normal);
  }

  override delete(item: T): boolean {
    const normal = normalKey(item) as T;
    this.#originals?.delete(normal);
    return super.delete(normal);
  }

  override clear(): void {
    this.#originals = undefined;
    super.clear();
  }

  override *values(): SetIterator<T> {
    const originals = this.#originals;
    for (const item of super.values())
      yield originals !== undefined && originals.has(item) ? originals.get(item)! : item;
  }

  override keys(): SetIterator<T> {
    return this.values();
  }

  override *entries(): SetIterator<[T, T]> {
    for (const item of this.values()) yield [item, item];
  }

  override [Symbol.iterator](): SetIterator<T> {
    return this.values();
  }

  override forEach(callback: (value: T, key: T, set: Set<T>) => void, thisArg?: unknown): void {
    for (const item of this.values()) callback.call(thisArg, item, item, this);
  }
}

/** A Python frozenset. Filled when made; its changing methods throw. */
export class FrozenSet<T = unknown> extends PySet<T> {
  readonly isFrozen = true;
  #frozen: boolean;
  #key: string | undefined;

  constructor(items: Iterable<T> = []) {
    super();
    this.#frozen = false;
    for (const item of items) this.add(item);
    this.#frozen = true;
  }

  [KEY](): string {
    return (this.#key ??= keyOfMembers(Set.prototype.values.call(this)));
  }

  override add(item: T): this {
    if (this.#frozen) throw new TypeError('a frozenset cannot be changed');
    return super.add(item);
  }

  override delete(_item: T): boolean {
    throw new TypeError('a frozenset cannot be changed');
  }

  override clear(): void {
    throw new TypeError('a frozenset cannot be changed');
  }
}
