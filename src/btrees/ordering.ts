/** Python's order of values, as far as values can be keys: what `<` and `==` say there. */
import {
  Complex,
  DateTime,
  Decimal,
  Dict,
  Fraction,
  GlobalRef,
  KEY,
  normalKey,
  PyDate,
  PyDatetime,
  PyFloat,
  PySet,
  PyTime,
  Timedelta,
  Timezone,
  Tuple,
  UUID,
} from '../pickle/index.ts';
import { classOf, metaOf, Reference } from '../persistent/index.ts';
import { BTreeTypeError } from './errors.ts';

/** A class of the site's own is ordered when it says how. */
interface Ordered {
  __lt__(other: unknown): boolean;
  __eq__?(other: unknown): boolean;
}

/**
 * The order of two keys of a tree: None is before everything, else Python's `<` and `==` decide.
 *
 * @throws BTreeTypeError for values that have no order.
 */
export function compareKeys(a: unknown, b: unknown): number {
  if (a === null) return b === null ? 0 : -1;
  if (b === null) return 1;
  if (lessThan(a, b)) return -1;
  return equal(a, b) ? 0 : 1;
}

/** The order of strings by code points. JavaScript's `<` goes by UTF-16 units, which puts U+FFEE after U+1F600. */
export function compareStrings(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Surrogates, halves of what is beyond U+FFFF, come after all other units. */
const rank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);

/** Python's `a < b`. */
export function lessThan(a: unknown, b: unknown): boolean {
  const x = numberOf(a);
  const y = numberOf(b);
  if (x !== undefined && y !== undefined) return x < y;
  if (typeof a === 'string' && typeof b === 'string') return compareStrings(a, b) < 0;
  const exact = isExact(a) || isExact(b) ? compareExactly(a, b) : undefined;
  if (exact !== undefined) return exact < 0;
  if (a !== null && b !== null && typeof a === 'object' && typeof b === 'object') {
    const kind = orderOf(a);
    if (kind !== undefined && kind === orderOf(b)) return kind(a, b);
  }
  if (isOrdered(a)) return a.__lt__(b);
  throw new BTreeTypeError(
    `'<' not supported between instances of '${typeName(a)}' and '${typeName(b)}': keys of one tree must be comparable`,
  );
}

/** Python's `a == b`, with the short cut that a value is itself. */
export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (a === null || b === null) return false;
  const x = numberOf(a);
  const y = numberOf(b);
  // Equal as numbers: 1 and True, 2**60 and 2.0**60.
  // oxlint-disable-next-line eqeqeq
  if (x !== undefined && y !== undefined) return x == y;
  if (isExact(a) || isExact(b)) return compareExactly(a, b) === 0;
  if (typeof a !== 'object' || typeof b !== 'object') return false;
  if (a instanceof Tuple || b instanceof Tuple) {
    return a instanceof Tuple && b instanceof Tuple && sameItems(a, b);
  }
  if (Array.isArray(a) || Array.isArray(b)) return Array.isArray(a) && Array.isArray(b) && sameItems(a, b);
  if (a instanceof Dict && b instanceof Dict) {
    if (a.size !== b.size) return false;
    for (const [key, value] of a) if (!b.has(key) || !equal(value, b.get(key))) return false;
    return true;
  }
  if (a instanceof PySet && b instanceof PySet) return a.size === b.size && isSubset(a, b);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0;
  const own = (a as Partial<Ordered>).__eq__;
  if (typeof own === 'function' && !(a instanceof DateTime)) return own.call(a, b) === true;
  if (typeof (a as { [KEY]?: unknown })[KEY] === 'function') return normalKey(a) === normalKey(b);
  return false;
}

/**
 * Refuses a new key whose class has no order: it would be found again by its place in memory only, which is another one
 * after the object was loaded.
 */
export function checkOrdered(key: unknown): void {
  if (key === null) return;
  switch (typeof key) {
    case 'string':
    case 'number':
    case 'bigint':
    case 'boolean':
      return;
    case 'object':
      if (metaOf(key) !== undefined || key instanceof Reference || key instanceof GlobalRef) break;
      if (orderOf(key) !== undefined || isOrdered(key)) return;
      if (key instanceof Complex || key instanceof Map || isPlain(key)) {
        throw new BTreeTypeError(
          `'<' not supported between instances of '${typeName(key)}': it cannot be a key`,
        );
      }
      break;
    default:
  }
  throw new BTreeTypeError(
    `Object of class ${typeName(key)} has default comparison: a key needs an order of its own (__lt__ and __eq__)`,
  );
}

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

function isOrdered(value: unknown): value is Ordered {
  return (
    value !== null &&
    typeof value === 'object' &&
    metaOf(value) === undefined &&
    typeof (value as Partial<Ordered>).__lt__ === 'function'
  );
}

function numberOf(value: unknown): number | bigint | undefined {
  switch (typeof value) {
    case 'number':
    case 'bigint':
      return value;
    case 'boolean':
      return value ? 1 : 0;
    case 'object':
      return value instanceof PyFloat ? value.value : undefined;
    default:
      return undefined;
  }
}

type Less = (a: object, b: object) => boolean;

const lists: Less = (a, b) => lessItems(a as unknown[], b as unknown[]);
const tuples: Less = (a, b) => lessItems(a as unknown[], b as unknown[]);
const bytes: Less = (a, b) => Buffer.compare(a as Uint8Array, b as Uint8Array) < 0;
const sets: Less = (a, b) =>
  (a as Set<unknown>).size < (b as Set<unknown>).size && isSubset(a as PySet, b as PySet);
const dates: Less = (a, b) => (a as PyDate).isoformat() < (b as PyDate).isoformat();
const times: Less = (a, b) => {
  const [x, y] = [a as PyTime, b as PyTime];
  checkZones(x.tzinfo, y.tzinfo, 'times');
  return timeMicros(x) < timeMicros(y);
};
const datetimes: Less = (a, b) => {
  const [x, y] = [a as PyDatetime, b as PyDatetime];
  checkZones(x.tzinfo, y.tzinfo, 'datetimes');
  return x.microseconds() < y.microseconds();
};
const timedeltas: Less = (a, b) =>
  (a as Timedelta).totalMicroseconds() < (b as Timedelta).totalMicroseconds();
const uuids: Less = (a, b) => (a as UUID).hex < (b as UUID).hex;
const moments: Less = (a, b) => (a as DateTime).lessThan(b);

/** How values of this class compare with each other; undefined when they do not. */
function orderOf(value: object): Less | undefined {
  if (value instanceof Tuple) return tuples;
  if (Array.isArray(value)) return lists;
  if (value instanceof Uint8Array) return bytes;
  if (value instanceof PyDatetime) return datetimes;
  if (value instanceof PyDate) return dates;
  if (value instanceof PyTime) return times;
  if (value instanceof Timedelta) return timedeltas;
  if (value instanceof PySet) return sets;
  if (value instanceof UUID) return uuids;
  if (value instanceof DateTime) return moments;
  return value instanceof PyFloat || isExact(value) ? numbers : undefined;
}

/** Numbers are compared before; what comes here is infinite, or no number. */
const numbers: Less = (a, b) => Number(a) < Number(b);

function lessItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (!equal(a[i], b[i])) return lessThan(a[i], b[i]);
  return a.length < b.length;
}

function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, index) => equal(item, b[index]));
}

function isSubset(a: PySet, b: PySet): boolean {
  for (const item of a) if (!b.has(item)) return false;
  return true;
}

function checkZones(a: unknown, b: unknown, what: string): void {
  if ((a === null) !== (b === null))
    throw new BTreeTypeError(`can't compare offset-naive and offset-aware ${what}`);
}

function timeMicros({ hour, minute, second, microsecond, tzinfo }: PyTime): number {
  const offset = tzinfo instanceof Timezone ? tzinfo.offset.totalMicroseconds() : 0;
  return ((hour * 60 + minute) * 60 + second) * 1e6 + microsecond - offset;
}

type Ratio = readonly [numerator: bigint, denominator: bigint];

/** Exact value of a number of any kind; undefined for what is none, or is infinite. */
function ratioOf(value: unknown): Ratio | undefined {
  if (value instanceof Fraction) return [BigInt(value.numerator), BigInt(value.denominator)];
  if (value instanceof Decimal) {
    const match = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(value.text);
    if (match === null) return undefined;
    const exponent = Number(match[4] ?? 0) - match[3]!.length;
    if (Math.abs(exponent) > 100_000)
      throw new BTreeTypeError(`${value.text} is too large or small for a key`);
    const digits = BigInt(`${match[2]}${match[3]}` || '0') * (match[1] === '-' ? -1n : 1n);
    return exponent < 0 ? [digits, 10n ** BigInt(-exponent)] : [digits * 10n ** BigInt(exponent), 1n];
  }
  const number = numberOf(value);
  if (number === undefined) return undefined;
  if (typeof number === 'bigint') return [number, 1n];
  if (!Number.isFinite(number)) return undefined;
  let denominator = 1n;
  let rest = number;
  // Doubling is exact until the fraction is gone.
  while (!Number.isInteger(rest)) {
    rest *= 2;
    denominator *= 2n;
  }
  return [BigInt(rest), denominator];
}

const compareRatios = ([a, b]: Ratio, [c, d]: Ratio): number => {
  const difference = a * d - c * b;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
};

/** The order of a Decimal or Fraction and a number of another kind; undefined when it is none of these. */
function compareExactly(a: unknown, b: unknown): number | undefined {
  const [x, y] = [ratioOf(a), ratioOf(b)];
  return x === undefined || y === undefined ? undefined : compareRatios(x, y);
}

const isExact = (value: unknown): boolean => value instanceof Decimal || value instanceof Fraction;

function typeName(value: unknown): string {
  if (value === null || value === undefined) return 'NoneType';
  if (typeof value === 'string') return 'str';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'bigint') return 'int';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float';
  if (typeof value === 'function') return 'type';
  if (value instanceof PyFloat) return 'float';
  if (value instanceof Tuple) return 'tuple';
  if (Array.isArray(value)) return 'list';
  if (value instanceof Map || (typeof value === 'object' && isPlain(value))) return 'dict';
  if (value instanceof Uint8Array) return 'bytes';
  return typeof value === 'object' ? classOf(value).name : typeof value;
}
