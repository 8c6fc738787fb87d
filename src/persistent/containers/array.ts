import { inspect } from 'node:util';
import { HANDLER } from '../handler-symbol.ts';
import { Slot } from '../slot.ts';
import { exposeItem, toItem } from './adopt.ts';
import type { Belonging } from './tracker.ts';

/**
 * All tracked arrays share this proxy target: the data is never a target, because a proxy could not stand in for another
 * array later, nor show a frozen one's items otherwise than they are.
 */
const target: unknown[] = [];
Object.defineProperty(target, inspect.custom, {
  configurable: true,
  value(this: unknown[], _depth: number, options: object) {
    return inspect([...this], options);
  },
});

type Items = unknown[];
type Callback = (...args: unknown[]) => unknown;

/** An array of a persistent object: a proxy through which its changes are noted. */
export class ArrayTracker extends Slot implements ProxyHandler<Items> {
  raw: Items;
  readonly belonging: Belonging;
  /** Whether user code made the array and may still hold it. */
  adopted = false;
  #proxy: Items | null = null;

  constructor(raw: Items, belonging: Belonging) {
    super();
    this.raw = raw;
    this.belonging = belonging;
  }

  get proxy(): Items {
    return (this.#proxy ??= new Proxy(target, this));
  }

  /** Whether the array holds only values that are no objects, and nobody has been given its proxy. */
  get isSimple(): boolean {
    if (this.#proxy !== null) return false;
    for (const item of this.raw) if (typeof item === 'object' && item !== null) return false;
    return true;
  }

  override expose(): unknown {
    return this.proxy;
  }

  override stored(): unknown {
    return this.raw;
  }

  /** The items as user code sees them; the array itself when they are what it holds. */
  items(): Items {
    this.belonging.check();
    const { raw } = this;
    for (let i = 0; i < raw.length; i++) {
      const item = raw[i];
      if (typeof item === 'object' && item !== null) return this.exposed();
    }
    return raw;
  }

  exposed(): Items {
    const { raw, belonging } = this;
    const items = Array.from<unknown>({ length: raw.length });
    for (let i = 0; i < items.length; i++) items[i] = exposeItem(raw[i], belonging);
    return items;
  }

  /** Values ready to be put in the array, which is noted as changed. */
  entering(values: Items): Items {
    const bare = values.map((value) => toItem(value, this.belonging));
    this.belonging.change();
    return bare;
  }

  get(_target: Items, name: string | symbol, receiver: Items): unknown {
    if (typeof name === 'string') {
      const first = name.charCodeAt(0);
      if (first >= 48 && first <= 57) {
        this.belonging.check();
        const item = this.raw[name as unknown as number];
        return typeof item === 'object' && item !== null ? exposeItem(item, this.belonging) : item;
      }
      if (name === 'length') {
        this.belonging.check();
        return this.raw.length;
      }
    } else if (name === HANDLER) return receiver === this.#proxy ? this : undefined;
    const method = methods.get(name);
    if (method !== undefined) return method;
    return Reflect.get(Object.hasOwn(this.raw, name) ? this.raw : target, name, receiver);
  }

  set(_target: Items, name: string | symbol, value: unknown): boolean {
    const bare = toItem(value, this.belonging);
    this.belonging.change();
    return Reflect.set(this.raw, name, bare);
  }

  has(_target: Items, name: string | symbol): boolean {
    this.belonging.check();
    return name in this.raw;
  }

  deleteProperty(_target: Items, name: string | symbol): boolean {
    this.belonging.change();
    return Reflect.deleteProperty(this.raw, name);
  }

  ownKeys(): (string | symbol)[] {
    this.belonging.check();
    return Reflect.ownKeys(this.raw);
  }

  getOwnPropertyDescriptor(_target: Items, name: string | symbol): PropertyDescriptor | undefined {
    this.belonging.check();
    const descriptor = Reflect.getOwnPropertyDescriptor(this.raw, name);
    if (descriptor !== undefined && name !== 'length') {
      descriptor.value = exposeItem(descriptor.value, this.belonging);
      descriptor.configurable = true;
    }
    return descriptor;
  }

  defineProperty(_target: Items, name: string | symbol, descriptor: PropertyDescriptor): boolean {
    if (!('value' in descriptor)) return false;
    return this.set(target, name, descriptor.value);
  }

  setPrototypeOf(_target: Items, prototype: object | null): boolean {
    return prototype === Array.prototype;
  }

  preventExtensions(): boolean {
    return false;
  }
}

function trackerOf(array: unknown): ArrayTracker {
  const tracker = (array as { [HANDLER]?: unknown } | null)?.[HANDLER];
  if (!(tracker instanceof ArrayTracker))
    throw new TypeError('called on something that is not this kind of array');
  return tracker;
}

/** Array methods that work on the data: through the proxy each item would cost a trap. */
const methods = new Map<string | symbol, unknown>();
const native = Array.prototype as unknown as Record<string, (this: Items, ...args: unknown[]) => unknown>;

for (const name of [
  'at',
  'concat',
  'flat',
  'includes',
  'indexOf',
  'join',
  'lastIndexOf',
  'slice',
  'toReversed',
  'toSpliced',
  'with',
  'toString',
  'toLocaleString',
]) {
  const method = native[name]!;
  methods.set(name, function (this: Items, ...args: unknown[]) {
    return method.apply(trackerOf(this).items(), args);
  });
}

// Callbacks get the tracked array as their last argument, never the data.
for (const name of [
  'every',
  'filter',
  'find',
  'findIndex',
  'findLast',
  'findLastIndex',
  'flatMap',
  'forEach',
  'map',
  'some',
]) {
  const method = native[name]!;
  methods.set(name, function (this: Items, callback: Callback, thisArg?: unknown) {
    if (typeof callback !== 'function') throw new TypeError(`${String(callback)} is not a function`);
    return method.call(trackerOf(this).items(), (item: unknown, index: unknown) =>
      callback.call(thisArg, item, index, this),
    );
  });
}
for (const name of ['reduce', 'reduceRight']) {
  const method = native[name]!;
  methods.set(name, function (this: Items, callback: Callback, ...initial: unknown[]) {
    if (typeof callback !== 'function') throw new TypeError(`${String(callback)} is not a function`);
    return method.call(
      trackerOf(this).items(),
      (total: unknown, item: unknown, index: unknown) => callback(total, item, index, this),
      ...initial,
    );
  });
}

function* liveValues(tracker: ArrayTracker): Generator<unknown> {
  for (let i = 0; i < tracker.raw.length; i++) yield exposeItem(tracker.raw[i], tracker.belonging);
}

function* liveEntries(tracker: ArrayTracker): Generator<[number, unknown]> {
  for (let i = 0; i < tracker.raw.length; i++) yield [i, exposeItem(tracker.raw[i], tracker.belonging)];
}

function values(this: Items): Iterator<unknown> {
  const tracker = trackerOf(this);
  // An iterator over plain data is the engine's own, and gives nobody the data itself.
  return tracker.items() === tracker.raw ? tracker.raw.values() : liveValues(tracker);
}
methods.set('values', values);
methods.set(Symbol.iterator, values);
methods.set('entries', function (this: Items) {
  const tracker = trackerOf(this);
  tracker.belonging.check();
  return liveEntries(tracker);
});
methods.set('keys', function (this: Items) {
  return trackerOf(this).items().keys();
});

for (const name of ['push', 'unshift']) {
  const method = native[name]!;
  methods.set(name, function (this: Items, ...items: unknown[]) {
    const tracker = trackerOf(this);
    return method.apply(tracker.raw, tracker.entering(items));
  });
}
for (const name of ['pop', 'shift']) {
  const method = native[name]!;
  methods.set(name, function (this: Items) {
    const tracker = trackerOf(this);
    tracker.belonging.check();
    if (tracker.raw.length > 0) tracker.belonging.change();
    return exposeItem(method.call(tracker.raw), tracker.belonging);
  });
}
methods.set('splice', function (this: Items, ...args: unknown[]) {
  const tracker = trackerOf(this);
  const entering = tracker.entering(args.slice(2));
  const removed = native['splice']!.call(tracker.raw, ...args.slice(0, 2), ...entering) as Items;
  return removed.map((item) => exposeItem(item, tracker.belonging));
});
methods.set('fill', function (this: Items, value: unknown, start?: number, end?: number) {
  const tracker = trackerOf(this);
  tracker.raw.fill(tracker.entering([value])[0], start, end);
  return this;
});
for (const name of ['reverse', 'copyWithin']) {
  const method = native[name]!;
  methods.set(name, function (this: Items, ...args: unknown[]) {
    const tracker = trackerOf(this);
    tracker.belonging.change();
    method.apply(tracker.raw, args);
    return this;
  });
}
methods.set('sort', function (this: Items, compare?: (a: unknown, b: unknown) => number) {
  const tracker = trackerOf(this);
  const { raw } = tracker;
  const items = tracker.items();
  if (items === raw) {
    tracker.belonging.change();
    raw.sort(compare);
    return this;
  }
  const order = items.map((item, index) => ({ item, bare: raw[index] }));
  const text = (value: unknown) => String(value);
  order.sort((a, b) => {
    if (a.item === undefined) return b.item === undefined ? 0 : 1;
    if (b.item === undefined) return -1;
    if (compare !== undefined) return compare(a.item, b.item);
    return text(a.item) < text(b.item) ? -1 : text(a.item) > text(b.item) ? 1 : 0;
  });
  tracker.belonging.change();
  for (let i = 0; i < order.length; i++) raw[i] = order[i]!.bare;
  return this;
});
methods.set('toSorted', function (this: Items, compare?: (a: unknown, b: unknown) => number) {
  return [...trackerOf(this).items()].sort(compare);
});
