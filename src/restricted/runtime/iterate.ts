/** Iteration, unguarded and guarded. */
import { type Dict, Tuple, tuple } from '../../pickle/index.ts';
import { getSecurityPolicy } from '../policy.ts';
import { chargeSteps } from './budget.ts';
import { operatorsOf, rangeLength } from './compare.ts';
import { RuntimeError, TypeError, Unauthorized, ValueError } from './errors.ts';
import { isOpenContainer, isPlain, mayHold } from '../guards/values.ts';
import { DictView, GuardedIterator, ItemsView, KeysView, PyGenerator, type PyIterator } from './objects.ts';
import { membersOf } from './set-order.ts';
import { isWide, points } from './text.ts';
import { typeName } from './types.ts';
import { Range } from './values.ts';

class ArrayIterator implements PyIterator {
  readonly #items: ArrayLike<unknown>;
  #at = 0;

  constructor(items: ArrayLike<unknown>) {
    this.#items = items;
  }

  next(): unknown {
    return this.#at < this.#items.length ? this.#items[this.#at++] : undefined;
  }
}

class RangeIterator implements PyIterator {
  #value: number;
  readonly #step: number;
  #left: number;

  constructor(r: Range) {
    this.#left = rangeLength(r);
    this.#value = Number(r.start);
    this.#step = Number(r.step);
  }

  next(): unknown {
    if (this.#left <= 0) return undefined;
    this.#left--;
    const value = this.#value;
    this.#value += this.#step;
    return value;
  }
}

/** Entries of a dict; a change of its size during the loop is an error, as in Python. */
class DictIterator implements PyIterator {
  readonly #dict: Map<unknown, unknown> | Set<unknown>;
  readonly #size: number;
  readonly #entries: Iterator<unknown>;
  readonly #pairs: boolean;

  constructor(dict: Map<unknown, unknown> | Set<unknown>, entries: Iterator<unknown>, pairs: boolean) {
    this.#dict = dict;
    this.#size = dict.size;
    this.#entries = entries;
    this.#pairs = pairs;
  }

  next(): unknown {
    if (this.#dict.size !== this.#size)
      throw new RuntimeError(
        `${this.#dict instanceof Map ? 'dictionary' : 'Set'} changed size during iteration`,
      );
    const { done, value } = this.#entries.next();
    if (done === true) return undefined;
    return this.#pairs ? tuple(...(value as [unknown, unknown])) : value;
  }
}

class HostIterator implements PyIterator {
  readonly #iterator: Iterator<unknown>;

  constructor(iterator: Iterator<unknown>) {
    this.#iterator = iterator;
  }

  next(): unknown {
    const { done, value } = this.#iterator.next();
    return done === true ? undefined : value;
  }
}

/** Items by index until `IndexError`: Python's old protocol. */
class IndexIterator implements PyIterator {
  readonly #get: (index: number) => unknown;
  #at = 0;

  constructor(get: (index: number) => unknown) {
    this.#get = get;
  }

  next(): unknown {
    try {
      return this.#get(this.#at++);
    } catch (error) {
      if (error instanceof Error && error.name === 'IndexError') return undefined;
      throw error;
    }
  }
}

/** An iterator over any value without a check of what it gives. */
export function rawIterator(v: unknown, message?: string): PyIterator {
  if (Array.isArray(v)) return new ArrayIterator(v);
  if (typeof v === 'string') return new ArrayIterator(isWide(v) ? points(v) : v);
  if (v instanceof Range) {
    return typeof v.start === 'number' && typeof v.stop === 'number' && typeof v.step === 'number'
      ? new RangeIterator(v)
      : bigRange(v);
  }
  if (v instanceof Map) return new DictIterator(v, v.keys(), false);
  if (v instanceof KeysView) return new DictIterator(v.dict, v.dict.keys(), false);
  if (v instanceof ItemsView) return new DictIterator(v.dict, v.dict.entries(), true);
  if (v instanceof DictView) return new DictIterator(v.dict, v.dict.values(), false);
  if (v instanceof Set) return new DictIterator(v, membersOf(v)[Symbol.iterator](), false);
  if (v instanceof PyGenerator || v instanceof GuardedIterator) return v;
  if (v instanceof Uint8Array) return new ArrayIterator(v);
  const { iter, getitem } = operatorsOf(v);
  if (iter !== undefined) {
    const result = iter(v) as Iterator<unknown> & Iterable<unknown>;
    return new HostIterator(
      typeof result.next === 'function' ? result : (result[Symbol.iterator]() as Iterator<unknown>),
    );
  }
  if (getitem !== undefined) return new IndexIterator((i) => getitem(v, i));
  throw new TypeError(message ?? `'${typeName(v)}' object is not iterable`);
}

function* bigNumbers(r: Range): Generator<unknown> {
  const step = BigInt(r.step);
  const stop = BigInt(r.stop);
  for (let n = BigInt(r.start); step > 0n ? n < stop : n > stop; n += step)
    yield n >= -9007199254740991n && n <= 9007199254740991n ? Number(n) : n;
}
const bigRange = (r: Range): PyIterator => new HostIterator(bigNumbers(r));

/** Throws unless untrusted code may have `item`, which it found in `container`. */
export function checkItem(container: unknown, item: unknown): void {
  if (mayHold(container, item)) return;
  if (getSecurityPolicy().validate(container, container, undefined, item)) return;
  throw new Unauthorized(null, item);
}

class CheckedIterator implements PyIterator {
  readonly #inner: PyIterator;
  readonly #container: unknown;
  readonly #open: boolean;

  constructor(inner: PyIterator, container: unknown) {
    this.#inner = inner;
    this.#container = container;
    this.#open = isOpenContainer(container);
  }

  next(): unknown {
    const item = this.#inner.next();
    if (
      item === undefined ||
      (this.#open && (typeof item !== 'object' || item === null || Array.isArray(item)))
    )
      return item;
    checkItem(this.#container, item);
    return item;
  }
}

/** The iterator of a `for` loop: what it gives is checked. */
export function guardedIterator(v: unknown): PyIterator {
  if (v instanceof Range || v instanceof GuardedIterator || typeof v === 'string') return rawIterator(v);
  if (Array.isArray(v)) return new CheckedArray(v);
  return new CheckedIterator(rawIterator(v), v);
}

/** A list or tuple, by far the most frequent: only objects of the host need a check. */
class CheckedArray implements PyIterator {
  readonly #items: readonly unknown[];
  #at = 0;

  constructor(items: readonly unknown[]) {
    this.#items = items;
  }

  next(): unknown {
    if (this.#at >= this.#items.length) return undefined;
    const item = this.#items[this.#at++];
    if (typeof item === 'object' && item !== null && !mayHold(this.#items, item))
      checkItem(this.#items, item);
    return item;
  }
}

/**
 * All items of a value in an array of its own, charged before they are taken. What an object of the host gives is checked always, what
 * Python's own containers hold when it is taken from the list, or with `guarded` at once.
 */
export function listOf(v: unknown, guarded = false): unknown[] {
  if (!guarded && Array.isArray(v)) {
    chargeSteps(v.length >>> 3);
    return Array.from(v as unknown[]);
  }
  const it = guarded || isForeign(v) ? guardedIterator(v) : rawIterator(v);
  const items: unknown[] = [];
  for (let x = it.next(); x !== undefined; x = it.next()) {
    chargeSteps(1);
    items.push(x);
  }
  return items;
}

/** Whether a value is iterated by operators of its host class. */
export function isForeign(v: unknown): boolean {
  return typeof v === 'object' && v !== null && !isPlain(v);
}

/** Targets in targets: where (from the end, behind a star), how many, where the star is, and those in them. */
export type NestedTargets = readonly [index: number, count: number, star: number, readonly NestedTargets[]];

/** What is nested is unpacked before anything is assigned or a wrong length is told, as RestrictedPython's guards do. */
function unpackNested(v: unknown, count: number, star: number, nested: readonly NestedTargets[]): unknown[] {
  const it = guardedIterator(v);
  const items: unknown[] = [];
  for (let x = it.next(); x !== undefined; x = it.next()) {
    chargeSteps(1);
    items.push(x);
  }
  if (items.length < (star === -1 ? count : count - 1)) return items;
  for (const [index, ...inner] of nested) {
    const at = index < 0 ? items.length + index : index;
    items[at] = unpackNested(items[at], ...inner);
  }
  return items;
}

/**
 * Unpacks into `count` targets (`after` of them behind a starred one; -1: no star). The result has one item for each
 * target; that of the star is a list.
 */
export function unpack(
  v: unknown,
  count: number,
  star: number,
  nested?: readonly NestedTargets[],
): unknown[] {
  if (nested !== undefined) return unpack(unpackNested(v, count, star, nested), count, star);
  if (Array.isArray(v) && star === -1 && v.length === count) {
    for (const item of v as unknown[]) if (typeof item === 'object' && item !== null) checkItem(v, item);
    return v;
  }
  const it = guardedIterator(v);
  const items: unknown[] = [];
  for (let x = it.next(); x !== undefined; x = it.next()) {
    chargeSteps(1);
    items.push(x);
    if (star === -1 && items.length > count)
      throw new ValueError(`too many values to unpack (expected ${count})`);
  }
  if (star === -1) {
    if (items.length < count)
      throw new ValueError(`not enough values to unpack (expected ${count}, got ${items.length})`);
    return items;
  }
  if (items.length < count - 1)
    throw new ValueError(`not enough values to unpack (expected at least ${count - 1}, got ${items.length})`);
  const after = count - 1 - star;
  const middle = items.slice(star, items.length - after);
  return [...items.slice(0, star), middle, ...items.slice(items.length - after)];
}

/** Pairs of what `dict(…)` and `dict.update(…)` take. */
export function fillDict(dict: Dict, source: unknown, check: (v: unknown) => unknown): void {
  if (source instanceof Map) {
    chargeSteps(source.size);
    for (const [key, value] of source) dict.set(key, value);
    return;
  }
  const it = isForeign(source) ? guardedIterator(source) : rawIterator(source);
  let n = 0;
  for (let pair = it.next(); pair !== undefined; pair = it.next(), n++) {
    chargeSteps(1);
    if (typeof pair !== 'string' && !Array.isArray(pair) && !(pair instanceof Tuple))
      throw new TypeError(`cannot convert dictionary update sequence element #${n} to a sequence`);
    const items = listOf(pair);
    if (items.length !== 2)
      throw new ValueError(
        `dictionary update sequence element #${n} has length ${items.length}; 2 is required`,
      );
    dict.set(check(items[0]), items[1]);
  }
}

/** JavaScript's iteration over a Python value; every item is checked. */
export function* guardedIterate(v: unknown): Generator<unknown, void, undefined> {
  const it = guardedIterator(v);
  for (let x = it.next(); x !== undefined; x = it.next()) yield x;
}

/** The same for trusted code: no check. */
export function* trustedIterate(v: unknown): Generator<unknown, void, undefined> {
  const it = rawIterator(v);
  for (let x = it.next(); x !== undefined; x = it.next()) yield x;
}

/** Whether `iter(value)` gives an iterator. */
export function isIterable(v: unknown): boolean {
  if (typeof v === 'string' || Array.isArray(v)) return true;
  if (v === null || typeof v !== 'object') return false;
  if (
    v instanceof Range ||
    v instanceof Map ||
    v instanceof Set ||
    v instanceof DictView ||
    v instanceof Uint8Array
  )
    return true;
  const { iter, getitem } = operatorsOf(v);
  return (
    v instanceof PyGenerator || v instanceof GuardedIterator || iter !== undefined || getitem !== undefined
  );
}
