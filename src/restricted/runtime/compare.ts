/**
 * Equality, order, truth, length and membership.
 *
 * Over 400 lines: equality and order of each kind of container ask for those of what it holds.
 */
import { FrozenSet, KEY, PyFloat, PySet, Tuple } from '../../pickle/index.ts';
import { chargeItems, chargeMemory, chargeSteps, chargeText } from './budget.ts';
import { indexOf } from './long-text.ts';
import { RecursionError, TypeError, ValueError } from './errors.ts';
import { asInt, compareNumbers, isNumeric, type Numeric, roughBytes } from './numbers.ts';
import { call } from './call.ts';
import { hashable, LONG_KEY } from './hashing.ts';
import { checkItem, guardedIterator, isForeign, isIterable, rawIterator } from './iterate.ts';
import { BoundMethod, DictView, ItemsView, KeysView, PyFunction, PyInstance, ValuesView } from './objects.ts';
import { compareText, textLength } from './text.ts';
import { type Operators, typeName, typeOf } from './types.ts';
import { Complex, Range, Slice } from './values.ts';

type Loose = { [K in keyof Operators]-?: (self: unknown, ...args: unknown[]) => unknown };
/** The operators of a value's type, without the types of their operands. */
export function operatorsOf(value: unknown): Partial<Loose> {
  return typeOf(value).operators as Partial<Loose>;
}

const MAX_NESTING = 500;
let nesting = 0;

/** Runs a comparison of two containers; one that contains itself would never end. */
function nested<T>(compare: () => T): T {
  if (++nesting > MAX_NESTING) {
    nesting = 0;
    throw new RecursionError('maximum recursion depth exceeded in comparison');
  }
  try {
    return compare();
  } finally {
    nesting--;
  }
}

/** `a == b` as a script sees it: usually a bool. */
export function eq(a: unknown, b: unknown): unknown {
  if (typeof a === 'number' && typeof b === 'number') return a === b;
  if (typeof a === 'string') return typeof b === 'string' ? sameText(a, b) : eqSlow(a, b);
  if (typeof a === 'bigint' && typeof b === 'bigint') return sameBig(a, b);
  return eqSlow(a, b);
}

/** Texts of one length are compared to their end. */
function sameText(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  if (a.length > LONG_KEY) chargeText(a.length);
  return a === b;
}

/** Long ints are compared to their end. */
function sameBig(a: bigint, b: bigint): boolean {
  if (a === b || a > LONG_INT || a < -LONG_INT) chargeSteps(1 + (roughBytes(a) >>> 12));
  return a === b;
}
const LONG_INT = 1n << 65_536n;

/** Whether an item of a container counts as another value: it is that value, or is equal to it. */
export function isOrEquals(a: unknown, b: unknown): boolean {
  if (typeof a === 'string' && typeof b === 'string') return sameText(a, b);
  if (typeof a === 'bigint' && typeof b === 'bigint') return sameBig(a, b);
  return a === b || truth(eq(a, b));
}

export function ne(a: unknown, b: unknown): unknown {
  if (typeof a === 'number' && typeof b === 'number') return a !== b;
  if (a instanceof PyInstance) {
    const own = dunder(a, '__ne__', b);
    if (own !== undefined) return own;
  }
  const equal = eq(a, b);
  return typeof equal === 'boolean' ? !equal : !truth(equal);
}

const NO_ITEMS: readonly unknown[] = [];

/** A comparison method that a script's class defines. */
function dunder(a: PyInstance, name: string, b: unknown): unknown {
  const method = typeOf(a).lookup(name);
  if (!(method instanceof PyFunction)) return undefined;
  // The script's code gets what a container holds: only what it would give.
  if (typeof b === 'object' && b !== null) checkItem(NO_ITEMS, b);
  return call(new BoundMethod(a, method, name), [b]);
}

function eqSlow(a: unknown, b: unknown): unknown {
  if (a instanceof PyInstance) {
    const own = dunder(a, '__eq__', b);
    if (own !== undefined) return own;
  } else if (b instanceof PyInstance) {
    const own = dunder(b, '__eq__', a);
    if (own !== undefined) return own;
  }
  return equals(a, b);
}

/** `a == b` as a boolean. */
export function equals(a: unknown, b: unknown): boolean {
  if (a === b) return !(typeof a === 'number' && Number.isNaN(a));
  if (a === null || b === null || a === undefined || b === undefined) return false;
  if (isNumeric(a) && isNumeric(b)) {
    if (a instanceof Complex || b instanceof Complex) return complexEqual(a, b);
    return compareNumbers(a, b) === 0;
  }
  if (typeof a !== 'object') {
    return typeof b === 'object' && b !== null ? hostEqual(b, a) : false;
  }
  if (a instanceof Tuple) return b instanceof Tuple && sameItems(a, b);
  if (Array.isArray(a)) return Array.isArray(b) && !(b instanceof Tuple) && sameItems(a, b);
  if (a instanceof Map) return b instanceof Map && sameEntries(a, b);
  if (a instanceof Set) return setLike(b) !== undefined && sameMembers(a, setLike(b)!);
  if (a instanceof Uint8Array) {
    if (!(b instanceof Uint8Array) || a.length !== b.length) return false;
    chargeText(a.length);
    return Buffer.compare(a, b) === 0;
  }
  if (a instanceof KeysView || a instanceof ItemsView) {
    const x = setLike(a)!;
    const y = setLike(b);
    return y !== undefined && sameMembers(x, y);
  }
  if (a instanceof Range) return b instanceof Range && sameItems([...rangeKey(a)], [...rangeKey(b)]);
  if (a instanceof Slice)
    return b instanceof Slice && equals(a.start, b.start) && equals(a.stop, b.stop) && equals(a.step, b.step);
  if (a instanceof BoundMethod) return b instanceof BoundMethod && a.self === b.self && a.fn === b.fn;
  if (a instanceof PyInstance) {
    const own = dunder(a, '__eq__', b);
    return own === undefined ? false : truth(own);
  }
  return hostEqual(a, b);
}

function hostEqual(a: object, b: unknown): boolean {
  const own = operatorsOf(a).eq;
  if (own !== undefined) {
    const result = own(a, b);
    if (result !== undefined) return Boolean(result);
  }
  if (b !== null && typeof b === 'object') {
    const other = operatorsOf(b).eq?.(b, a);
    if (other !== undefined) return Boolean(other);
  }
  const x = (a as { [KEY]?: unknown })[KEY];
  if (typeof x !== 'function' || b === null || typeof b !== 'object') return false;
  const y = (b as { [KEY]?: unknown })[KEY];
  return typeof y === 'function' && x.call(a) === y.call(b);
}

function complexEqual(a: Numeric, b: Numeric): boolean {
  const split = (v: Numeric): [Numeric, number] => (v instanceof Complex ? [v.real, v.imag] : [v, 0]);
  const [x, i] = split(a);
  const [y, j] = split(b);
  return i === j && compareNumbers(x, y) === 0;
}

function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  chargeSteps(a.length);
  return nested(() => {
    for (let i = 0; i < a.length; i++) if (!isOrEquals(a[i], b[i])) return false;
    return true;
  });
}

function sameEntries(a: Map<unknown, unknown>, b: Map<unknown, unknown>): boolean {
  if (a.size !== b.size) return false;
  chargeSteps(a.size);
  return nested(() => {
    for (const [key, value] of a) {
      if (!b.has(key)) return false;
      if (typeof key === 'string' && key.length > LONG_KEY) chargeText(key.length * 8);
      if (!isOrEquals(value, b.get(key))) return false;
    }
    return true;
  });
}

/** What compares as a set: sets, and views of keys and items. */
export function setLike(v: unknown): Set<unknown> | undefined {
  if (v instanceof Set) return v;
  if (v instanceof KeysView || v instanceof ItemsView) chargeSteps(v.dict.size);
  if (v instanceof KeysView) return new PySet(v.dict.keys());
  if (v instanceof ItemsView) return new PySet([...v.dict.entries()].map(([k, value]) => Tuple.of(k, value)));
  return undefined;
}

function sameMembers(a: Set<unknown>, b: Set<unknown>): boolean {
  return a.size === b.size && isSubset(a, b);
}

function isSubset(a: Set<unknown>, b: Set<unknown>): boolean {
  if (a.size > b.size) return false;
  chargeSteps(a.size);
  for (const item of a) if (!b.has(item)) return false;
  return true;
}

function rangeKey(r: Range): unknown[] {
  const n = rangeLength(r);
  return n === 0 ? [0] : n === 1 ? [1, r.start] : [n, r.start, r.step];
}

export function rangeLength(r: Range): number {
  const { start, stop, step } = r;
  if (typeof start === 'number' && typeof stop === 'number' && typeof step === 'number')
    return Math.max(0, step > 0 ? Math.ceil((stop - start) / step) : Math.ceil((start - stop) / -step));
  const [a, b, s] = [BigInt(start), BigInt(stop), BigInt(step)];
  const n = s > 0n ? (b - a + s - 1n) / s : (a - b - s - 1n) / -s;
  return n > 0n ? Number(n) : 0;
}

const REFLECTED = { '<': '>', '>': '<', '<=': '>=', '>=': '<=' } as const;
const DUNDER = { '<': '__lt__', '>': '__gt__', '<=': '__le__', '>=': '__ge__' } as const;
type Order = keyof typeof REFLECTED;

export function lt(a: unknown, b: unknown): unknown {
  return typeof a === 'number' && typeof b === 'number' ? a < b : order('<', a, b);
}
export function gt(a: unknown, b: unknown): unknown {
  return typeof a === 'number' && typeof b === 'number' ? a > b : order('>', a, b);
}
export function le(a: unknown, b: unknown): unknown {
  return typeof a === 'number' && typeof b === 'number' ? a <= b : order('<=', a, b);
}
export function ge(a: unknown, b: unknown): unknown {
  return typeof a === 'number' && typeof b === 'number' ? a >= b : order('>=', a, b);
}

function decide(op: Order, c: number | undefined): boolean {
  if (c === undefined) return false;
  return op === '<' ? c < 0 : op === '>' ? c > 0 : op === '<=' ? c <= 0 : c >= 0;
}

function order(op: Order, a: unknown, b: unknown): unknown {
  if (typeof a === 'string' && typeof b === 'string') {
    if (a.length > LONG_KEY) chargeSteps(Math.min(a.length, b.length) >>> 4);
    return decide(op, compareText(a, b));
  }
  if (isNumeric(a) && isNumeric(b) && !(a instanceof Complex) && !(b instanceof Complex))
    return decide(op, compareNumbers(a, b));
  if (Array.isArray(a) && Array.isArray(b) && a instanceof Tuple === b instanceof Tuple)
    return orderItems(op, a, b);
  if (a instanceof Uint8Array && b instanceof Uint8Array) {
    chargeText(a.length);
    return decide(op, Buffer.compare(a, b));
  }
  const x = setLike(a);
  const y = setLike(b);
  if (x !== undefined && y !== undefined) {
    const subset = op === '<' || op === '<=' ? isSubset(x, y) : isSubset(y, x);
    return subset && (op.length === 2 || x.size !== y.size);
  }
  const result = ownOrder(op, a, b) ?? ownOrder(REFLECTED[op], b, a);
  if (result !== undefined) return result;
  throw new TypeError(`'${op}' not supported between instances of '${typeName(a)}' and '${typeName(b)}'`);
}

function ownOrder(op: Order, a: unknown, b: unknown): unknown {
  if (a instanceof PyInstance) return dunder(a, DUNDER[op], b);
  const { lt: less, le: lessOrEqual } = operatorsOf(a);
  if (less === undefined) return undefined;
  switch (op) {
    case '<':
      return less(a, b, op);
    case '<=': {
      if (lessOrEqual !== undefined) return lessOrEqual(a, b, op);
      const below = less(a, b, op);
      return below === undefined ? undefined : below === true || equals(a, b);
    }
    case '>': {
      if (lessOrEqual !== undefined) {
        const not = lessOrEqual(a, b, op);
        return not === undefined ? undefined : not !== true;
      }
      const below = less(a, b, op);
      return below === undefined ? undefined : below !== true && !equals(a, b);
    }
    default: {
      const below = less(a, b, op);
      return below === undefined ? undefined : below !== true;
    }
  }
}

function orderItems(op: Order, a: readonly unknown[], b: readonly unknown[]): unknown {
  const n = Math.min(a.length, b.length);
  chargeSteps(n);
  return nested(() => {
    for (let i = 0; i < n; i++) {
      if (isOrEquals(a[i], b[i])) continue;
      const x = a[i];
      const y = b[i];
      return op === '<' ? lt(x, y) : op === '>' ? gt(x, y) : op === '<=' ? le(x, y) : ge(x, y);
    }
    return decide(op, a.length - b.length);
  });
}

/** `bool(value)`. */
export function truth(v: unknown): boolean {
  if (typeof v === 'boolean') return v;
  return truthSlow(v);
}

function truthSlow(v: unknown): boolean {
  switch (typeof v) {
    case 'string':
      return v !== '';
    case 'number':
      return v !== 0;
    case 'bigint':
      return true;
    case 'object':
      break;
    default:
      return v !== undefined;
  }
  if (v === null) return false;
  if (Array.isArray(v)) return v.length > 0;
  if (v instanceof Map || v instanceof Set) return v.size > 0;
  if (v instanceof PyFloat) return v.value !== 0;
  if (v instanceof Uint8Array) return v.length > 0;
  if (v instanceof Complex) return v.real !== 0 || v.imag !== 0;
  if (v instanceof Range) return rangeLength(v) > 0;
  if (v instanceof DictView) return v.dict.size > 0;
  const { bool, len: length } = operatorsOf(v);
  if (bool !== undefined) return Boolean(bool(v));
  return length === undefined || length(v) !== 0;
}

/** `len(value)`. */
export function len(v: unknown): number {
  if (typeof v === 'string') return textLength(v);
  if (Array.isArray(v)) return v.length;
  if (v instanceof Map || v instanceof Set) return v.size;
  if (v instanceof Uint8Array) return v.length;
  if (v instanceof Range) return rangeLength(v);
  if (v instanceof DictView) return v.dict.size;
  const own = operatorsOf(v).len;
  if (own === undefined) throw new TypeError(`object of type '${typeName(v)}' has no len()`);
  return own(v) as number;
}

/** `item in container`. */
export function contains(container: unknown, item: unknown): boolean {
  if (typeof container === 'string') {
    if (typeof item !== 'string')
      throw new TypeError(`'in <string>' requires string as left operand, not ${typeName(item)}`);
    return indexOf(container, item) >= 0;
  }
  if (Array.isArray(container)) {
    chargeSteps(container.length >>> 3);
    for (let i = 0; i < container.length; i++) {
      const x = container[i] as unknown;
      if (isOrEquals(x, item)) return true;
    }
    return false;
  }
  if (container instanceof Map) return container.has(hashable(item));
  if (container instanceof Set)
    return container.has(
      item instanceof PySet && !(item instanceof FrozenSet) ? new FrozenSet(item) : hashable(item),
    );
  if (container instanceof Uint8Array) return bytesContain(container, item);
  if (container instanceof Range) return rangeContains(container, item);
  if (container instanceof KeysView) return container.dict.has(hashable(item));
  if (container instanceof ItemsView)
    return (
      item instanceof Tuple &&
      item.length === 2 &&
      container.dict.has(item[0]) &&
      equals(container.dict.get(item[0]), item[1])
    );
  if (container instanceof ValuesView) {
    chargeItems(container.dict.size);
    return contains([...container.dict.values()], item);
  }
  if (container instanceof PyInstance) {
    const own = dunder(container, '__contains__', item);
    if (own !== undefined) return truth(own);
  }
  const own = operatorsOf(container).contains;
  if (own !== undefined) return Boolean(own(container, item));
  const message = `argument of type '${typeName(container)}' is not iterable`;
  if (isForeign(container) && isIterable(container)) {
    const own = guardedIterator(container);
    for (let x = own.next(); x !== undefined; x = own.next()) {
      chargeSteps(1);
      if (isOrEquals(x, item)) return true;
    }
    return false;
  }
  const it = rawIterator(container, message);
  for (let x = it.next(); x !== undefined; x = it.next()) {
    chargeSteps(1);
    if (isOrEquals(x, item)) return true;
  }
  return false;
}

function bytesContain(container: Uint8Array, item: unknown): boolean {
  const latin = (b: Uint8Array): string => {
    chargeMemory(b.length);
    return Buffer.from(b.buffer, b.byteOffset, b.length).toString('latin1');
  };
  if (item instanceof Uint8Array) return indexOf(latin(container), latin(item)) !== -1;
  const n = asInt(item);
  if (n === undefined) throw new TypeError(`a bytes-like object is required, not '${typeName(item)}'`);
  if (n < 0 || n > 255) throw new ValueError('byte must be in range(0, 256)');
  chargeText(container.length);
  return container.includes(Number(n));
}

function rangeContains(r: Range, item: unknown): boolean {
  const n = typeof item === 'object' && item instanceof PyFloat ? item.value : asInt(item);
  if (n === undefined) return false;
  const [a, b, s, x] = [BigInt(r.start), BigInt(r.stop), BigInt(r.step), BigInt(n)];
  if (s > 0n ? x < a || x >= b : x > a || x <= b) return false;
  return (x - a) % s === 0n;
}

/** `a is b`. */
export function is(a: unknown, b: unknown): boolean {
  return Object.is(a, b) || (a instanceof PyFloat && b instanceof PyFloat && Object.is(a.value, b.value));
}
