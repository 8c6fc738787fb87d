/** Reading and writing items and slices. */
import { Dict, int, type PyInt, Tuple, tupleFrom } from '../../pickle/index.ts';
import { chargeItems, chargeMemory, chargeSteps } from '../runtime/budget.ts';
import { hashable, LONG_KEY } from '../runtime/hashing.ts';
import { operatorsOf, rangeLength } from '../runtime/compare.ts';
import { IndexError, KeyError, TypeError, ValueError } from '../runtime/errors.ts';
import { checkItem, isIterable, listOf } from '../runtime/iterate.ts';
import { asInt, toIndex } from '../runtime/numbers.ts';
import { PyType, typeName, typeOf } from '../runtime/types.ts';
import { isWide, points, textLength, textAt } from '../runtime/text.ts';
import { Range, Slice } from '../runtime/values.ts';
import { mayHold } from './values.ts';

export interface Bounds {
  readonly start: number;
  readonly stop: number;
  readonly step: number;
  readonly count: number;
}

/** Python's `slice.indices(length)` and how many items there are. */
export function bounds(slice: Slice, length: number): Bounds {
  const step = slice.step === null ? 1 : sliceIndex(slice.step);
  if (step === 0) throw new ValueError('slice step cannot be zero');
  const low = step > 0 ? 0 : -1;
  const high = step > 0 ? length : length - 1;
  const clip = (v: unknown, fallback: number): number => {
    if (v === null) return fallback;
    let n = sliceIndex(v);
    if (n < 0) n += length;
    return n < low ? low : n > high ? high : n;
  };
  const start = clip(slice.start, step > 0 ? 0 : high);
  const stop = clip(slice.stop, step > 0 ? high : -1);
  const count = step > 0 ? Math.ceil((stop - start) / step) : Math.ceil((start - stop) / -step);
  return { start, stop, step, count: Math.max(0, count) };
}

function sliceIndex(v: unknown): number {
  if (asInt(v) === undefined)
    throw new TypeError('slice indices must be integers or None or have an __index__ method');
  return toIndex(v);
}

function position(key: unknown, length: number, kind: string): number {
  const n = typeof key === 'number' && Number.isInteger(key) ? key : indexOrThrow(key, kind);
  if (typeof key === 'bigint' && (key >= 2n ** 63n || key < -(2n ** 63n)))
    throw new IndexError("cannot fit 'int' into an index-sized integer");
  const at = n < 0 ? n + length : n;
  if (at < 0 || at >= length) throw new IndexError(`${kind} index out of range`);
  return at;
}

function indexOrThrow(key: unknown, kind: string): number {
  if (asInt(key) === undefined) {
    const type = typeName(key);
    throw new TypeError(
      kind === 'string'
        ? `string indices must be integers, not '${type}'`
        : kind === 'bytes' || kind === 'index'
          ? `byte indices must be integers or slices, not ${type}`
          : `${kind} indices must be integers or slices, not ${type}`,
    );
  }
  return toIndex(key);
}

/** `o[key]` without a check of what it gives. */
export function rawItem(o: unknown, key: unknown): unknown {
  if (Array.isArray(o)) {
    if (typeof key === 'number' && key >= 0 && key < o.length && Number.isInteger(key)) return o[key];
    const tupled = o instanceof Tuple;
    if (key instanceof Slice) return sliceArray(o, key, tupled);
    return o[position(key, o.length, tupled ? 'tuple' : 'list')];
  }
  if (o instanceof Map) {
    const value: unknown = o.get(typeof key === 'string' && key.length <= LONG_KEY ? key : hashable(key));
    if (value !== undefined) return value;
    throw new KeyError(key);
  }
  if (typeof o === 'string') return textItem(o, key);
  if (o instanceof Uint8Array) {
    if (key instanceof Slice) {
      const b = bounds(key, o.length);
      chargeMemory(b.count);
      const out = new Uint8Array(b.count);
      for (let i = 0, at = b.start; i < b.count; i++, at += b.step) out[i] = o[at]!;
      return out;
    }
    const n = asInt(key);
    if (n === undefined) throw new TypeError(`byte indices must be integers or slices, not ${typeName(key)}`);
    const at = asInt(key)! < 0 ? toIndex(key) + o.length : toIndex(key);
    if (typeof key !== 'bigint' && (at < 0 || at >= o.length)) throw new IndexError('index out of range');
    return o[position(key, o.length, 'index')];
  }
  if (o instanceof Range) return rangeItem(o, key);
  if (o instanceof PyType) throw new TypeError(`type '${o.name}' is not subscriptable`);
  const own = operatorsOf(o).getitem;
  if (own === undefined) throw new TypeError(`'${typeName(o)}' object is not subscriptable`);
  const value = own(o, key);
  if (value === undefined) throw new KeyError(key);
  return value;
}

function sliceArray(o: readonly unknown[], key: Slice, tupled: boolean): unknown[] {
  const b = bounds(key, o.length);
  chargeItems(b.count);
  if (b.step === 1) {
    const part = Array.prototype.slice.call(o, b.start, b.start + b.count) as unknown[];
    return tupled ? tupleFrom(part) : part;
  }
  const out: unknown[] = [];
  for (let i = 0, at = b.start; i < b.count; i++, at += b.step) out.push(o[at]);
  return tupled ? tupleFrom(out) : out;
}

function textItem(s: string, key: unknown): string {
  if (key instanceof Slice) {
    const b = bounds(key, textLength(s));
    chargeMemory(16 + b.count);
    if (b.step === 1 && !isWide(s)) return s.slice(b.start, b.start + b.count);
    const source: ArrayLike<string> = isWide(s) ? points(s) : s;
    let out = '';
    for (let i = 0, at = b.start; i < b.count; i++, at += b.step) out += source[at];
    return out;
  }
  return textAt(s, position(key, textLength(s), 'string'))!;
}

function rangeItem(r: Range, key: unknown): unknown {
  const length = rangeLength(r);
  if (key instanceof Slice) {
    const b = bounds(key, length);
    // The step of the slice may be larger than what indices hold.
    const by = key.step === null ? 1 : asInt(key.step)!;
    const at = (n: number): PyInt => int(BigInt(r.start) + BigInt(n) * BigInt(r.step));
    return new Range(at(b.start), at(b.stop), int(BigInt(r.step) * BigInt(by)));
  }
  const n = indexOrThrow(key, 'range');
  const i = n < 0 ? n + length : n;
  if (i < 0 || i >= length) throw new IndexError('range object index out of range');
  return Number(r.start) + i * Number(r.step);
}

/** `o[key]` in untrusted code. Slices are not checked, as in Zope: their items are, when they are taken. */
export function guardedItem(o: unknown, key: unknown): unknown {
  const value = rawItem(o, key);
  if (value === null || typeof value !== 'object') {
    if (Array.isArray(o) || o instanceof Map || typeof o === 'string') return value;
  }
  if (key instanceof Slice || mayHold(o, value) || o instanceof Uint8Array) return value;
  checkItem(o, value);
  return value;
}

/** `o[key] = value` without a check. */
export function rawSetItem(o: unknown, key: unknown, value: unknown): void {
  if (o instanceof Map) {
    chargeMemory(48);
    if (typeof key === 'string' && key.length > LONG_KEY) chargeMemory(key.length);
    o.set(typeof key === 'string' && key.length <= LONG_KEY ? key : hashable(key), value);
    return;
  }
  if (Array.isArray(o) && !(o instanceof Tuple)) {
    if (key instanceof Slice) {
      if (!isIterable(value))
        throw new TypeError(
          bounds(key, o.length).step === 1
            ? 'can only assign an iterable'
            : 'must assign iterable to extended slice',
        );
      return assignSlice(o, key, listOf(value));
    }
    const n = asInt(key);
    if (n === undefined) throw new TypeError(`list indices must be integers or slices, not ${typeName(key)}`);
    let at = toIndex(n);
    if (at < 0) at += o.length;
    if (at < 0 || at >= o.length) throw new IndexError('list assignment index out of range');
    o[at] = value;
    return;
  }
  const own = operatorsOf(o).setitem;
  if (own === undefined) throw new TypeError(`'${typeName(o)}' object does not support item assignment`);
  own(o, key, value);
}

function assignSlice(o: unknown[], key: Slice, items: unknown[]): void {
  const b = bounds(key, o.length);
  chargeItems(items.length + o.length);
  if (b.step === 1) {
    const tail = o.slice(Math.max(b.stop, b.start));
    o.length = b.start;
    for (const item of items) o.push(item);
    for (const item of tail) o.push(item);
    return;
  }
  if (items.length !== b.count)
    throw new ValueError(
      `attempt to assign sequence of size ${items.length} to extended slice of size ${b.count}`,
    );
  for (let i = 0, at = b.start; i < b.count; i++, at += b.step) o[at] = items[i];
}

function deleteSlice(o: unknown[], b: Bounds): void {
  if (b.count === 0) return;
  chargeItems(o.length);
  const step = Math.abs(b.step);
  const first = b.step > 0 ? b.start : b.start + (b.count - 1) * b.step;
  let to = first;
  let next = first;
  let left = b.count;
  for (let from = first; from < o.length; from++) {
    if (left > 0 && from === next) {
      next += step;
      left--;
    } else o[to++] = o[from];
  }
  o.length = to;
}

/** `del o[key]` without a check. */
export function rawDelItem(o: unknown, key: unknown): void {
  if (o instanceof Map) {
    if (!o.has(hashable(key))) throw new KeyError(key);
    o.delete(key);
    return;
  }
  if (Array.isArray(o) && !(o instanceof Tuple)) {
    if (key instanceof Slice) {
      deleteSlice(o, bounds(key, o.length));
      return;
    }
    const n = asInt(key);
    if (n === undefined) throw new TypeError(`list indices must be integers or slices, not ${typeName(key)}`);
    let at = toIndex(n);
    if (at < 0) at += o.length;
    if (at < 0 || at >= o.length) throw new IndexError('list assignment index out of range');
    chargeSteps(o.length >>> 5);
    o.splice(at, 1);
    return;
  }
  const own = operatorsOf(o).delitem;
  if (own === undefined) throw new TypeError(`'${typeName(o)}' object does not support item deletion`);
  own(o, key);
}

const NOT_WRITABLE = 'object does not support item or slice assignment';

/** Only lists, dicts and types that say so can be changed by untrusted code. */
function mayWrite(o: unknown): boolean {
  if (Array.isArray(o)) return !(o instanceof Tuple);
  if (o instanceof Dict || o instanceof Map) return true;
  return o !== null && typeof o === 'object' && typeOf(o).operators.setitem !== undefined;
}

export function guardedSetItem(o: unknown, key: unknown, value: unknown): void {
  if (!mayWrite(o)) throw new TypeError(NOT_WRITABLE);
  rawSetItem(o, key, value);
}

export function guardedDelItem(o: unknown, key: unknown): void {
  if (!mayWrite(o)) throw new TypeError(NOT_WRITABLE);
  rawDelItem(o, key);
}
