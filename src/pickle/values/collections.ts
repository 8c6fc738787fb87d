import { Dict } from './dict.ts';
import type { PyInt } from './int.ts';

/** A Python `collections.OrderedDict`. A plain `Map` is written as one. */
export class OrderedDict<K = unknown, V = unknown> extends Dict<K, V> {}

/** A Python `collections.Counter`: missing keys count 0. */
export class Counter<K = unknown> extends Dict<K, unknown> {
  override get(key: K): unknown {
    return super.has(key) ? super.get(key) : 0;
  }
}

/** A Python `collections.defaultdict`. The factory is kept (usually a `GlobalRef`) and never called here. */
export class DefaultDict<K = unknown, V = unknown> extends Dict<K, V> {
  readonly factory: unknown;

  constructor(factory: unknown = null, entries?: Iterable<readonly [K, V]> | null) {
    super(entries);
    this.factory = factory;
  }
}

/** A Python `collections.deque`. With `maxLength` old items fall out at the other end. */
export class Deque<T = unknown> implements Iterable<T> {
  readonly maxLength: number | null;
  readonly #items: T[] = [];
  /** How many of the first items have fallen out; they are removed many at a time, since each removal moves all others. */
  #gone = 0;

  constructor(items: Iterable<T> = [], maxLength: number | null = null) {
    this.maxLength = maxLength;
    for (const item of items) this.append(item);
  }

  get items(): T[] {
    if (this.#gone > 0) {
      this.#items.splice(0, this.#gone);
      this.#gone = 0;
    }
    return this.#items;
  }

  get length(): number {
    return this.#items.length - this.#gone;
  }

  /** No key of a dict and no member of a set. */
  get isHashable(): false {
    return false;
  }

  append(item: T): void {
    this.#items.push(item);
    if (this.maxLength === null || this.length <= this.maxLength) return;
    this.#gone++;
    if (this.#gone > 100 && this.#gone > this.maxLength) void this.items;
  }

  appendLeft(item: T): void {
    const { items } = this;
    items.unshift(item);
    if (this.maxLength !== null && items.length > this.maxLength) items.pop();
  }

  pop(): T | undefined {
    return this.items.pop();
  }

  popLeft(): T | undefined {
    return this.items.shift();
  }

  [Symbol.iterator](): ArrayIterator<T> {
    return this.items[Symbol.iterator]();
  }
}

/** A Python `range`. */
export class Range {
  readonly start: PyInt;
  readonly stop: PyInt;
  readonly step: PyInt;

  constructor(start: PyInt, stop: PyInt, step: PyInt = 1) {
    this.start = start;
    this.stop = stop;
    this.step = step;
    Object.freeze(this);
  }
}

/** A Python `slice`. */
export class Slice {
  readonly start: unknown;
  readonly stop: unknown;
  readonly step: unknown;

  constructor(start: unknown, stop: unknown, step: unknown = null) {
    this.start = start;
    this.stop = stop;
    this.step = step;
    Object.freeze(this);
  }

  /** No key of a dict and no member of a set. */
  get isHashable(): false {
    return false;
  }
}
