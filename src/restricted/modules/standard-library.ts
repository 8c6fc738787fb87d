/** Python's `string`, `math` and `random`, as Zope offers them to scripts. */
import { randomInt } from 'node:crypto';
import { float, int, tuple } from '../../pickle/index.ts';
import { chargeMemory, chargeSteps } from '../runtime/budget.ts';
import { BuiltinFunction } from '../runtime/builtin-function.ts';
import { registerBuiltin } from '../runtime/builtins.ts';
import { len, operatorsOf } from '../runtime/compare.ts';
import { IndexError, OverflowError, TypeError, ValueError } from '../runtime/errors.ts';
import { listOf } from '../runtime/iterate.ts';
import { asFloat, asInt, bitLength, numberOp, roundHalfEven, toIndex, truncate } from '../runtime/numbers.ts';
import { typeName } from '../runtime/types.ts';
import { guardedItem } from '../guards/items.ts';
import { Range } from '../runtime/values.ts';
import { findModule, registerModule } from './registry.ts';

type Names = Record<string, unknown>;

function fn(name: string, params: string, direct: (...args: never[]) => unknown): [string, unknown] {
  return [name, new BuiltinFunction(name, params, direct as (...args: unknown[]) => unknown)];
}

const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const DIGITS = '0123456789';
const PUNCTUATION = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~';
const WHITESPACE = ' \t\n\r\v\f';

const stringNames: Names = {
  ascii_letters: LOWER + LOWER.toUpperCase(),
  ascii_lowercase: LOWER,
  ascii_uppercase: LOWER.toUpperCase(),
  digits: DIGITS,
  hexdigits: `${DIGITS}abcdefABCDEF`,
  octdigits: '01234567',
  printable: DIGITS + LOWER + LOWER.toUpperCase() + PUNCTUATION + WHITESPACE,
  punctuation: PUNCTUATION,
  whitespace: WHITESPACE,
  ...Object.fromEntries([
    fn('capwords', 's, sep=', (s: unknown, sep: unknown) => {
      if (typeof s !== 'string') throw new TypeError(`expected str, not ${typeName(s)}`);
      const parts = typeof sep === 'string' ? s.split(sep) : s.trim() === '' ? [] : s.trim().split(/\s+/);
      return parts
        .map((w) => w.slice(0, 1).toUpperCase() + w.slice(1).toLowerCase())
        .join(typeof sep === 'string' ? sep : ' ');
    }),
  ]),
};

function real(v: unknown): number {
  const n = asFloat(v);
  if (n !== undefined) return n;
  const own = v !== null && typeof v === 'object' ? operatorsOf(v).float?.(v) : undefined;
  if (typeof own === 'number') return own;
  throw new TypeError(`must be real number, not ${typeName(v)}`);
}

function whole(v: unknown): number | bigint {
  const n = asInt(v);
  if (n === undefined) throw new TypeError(`'${typeName(v)}' object cannot be interpreted as an integer`);
  return n;
}

/** A function of one float, with Python's two errors. */
function plain(name: string, f: (x: number) => number): [string, unknown] {
  return fn(name, 'x', (v: unknown) => {
    const x = real(v);
    const r = f(x);
    if (Number.isNaN(r) && !Number.isNaN(x)) throw new ValueError('math domain error');
    if (!Number.isFinite(r) && Number.isFinite(x)) {
      if (name === 'exp' || name === 'expm1' || name === 'cosh' || name === 'sinh')
        throw new OverflowError('math range error');
      throw new ValueError('math domain error');
    }
    return float(r);
  });
}

const rounding = (name: string, f: (x: number) => number): [string, unknown] =>
  fn(name, 'x', (v: unknown) => asInt(v) ?? truncate(f(real(v))));

/** The logarithm of an int of any size. */
function logarithm(v: unknown, log: (x: number) => number): number {
  const n = asInt(v);
  if (typeof n === 'bigint' && n > 0n) {
    const shift = Math.max(0, bitLength(n) - 1000);
    return log(Number(n >> BigInt(shift))) + shift * log(2);
  }
  const x = real(v);
  if (x <= 0) throw new ValueError('math domain error');
  return log(x);
}

function factorial(v: unknown): unknown {
  const n = whole(v);
  if (n < 0) throw new ValueError('factorial() not defined for negative values');
  let r: unknown = 1;
  for (let i = 2; i <= n; i++) {
    chargeSteps(1);
    r = numberOp('*', r as number, i);
  }
  return r;
}

function gcd(...values: unknown[]): unknown {
  let a = 0n;
  for (const v of values) {
    let b = BigInt(whole(v));
    chargeMemory(64);
    while (b !== 0n) {
      chargeSteps(1);
      [a, b] = [b, a % b];
    }
  }
  return int(a < 0n ? -a : a);
}

function fsum(values: unknown): unknown {
  // Shewchuk's exact partial sums.
  const partials: number[] = [];
  for (const v of listOf(values)) {
    let x = real(v);
    let i = 0;
    for (let y of partials) {
      if (Math.abs(x) < Math.abs(y)) [x, y] = [y, x];
      const hi = x + y;
      const lo = y - (hi - x);
      if (lo !== 0) partials[i++] = lo;
      x = hi;
    }
    partials.length = i;
    partials.push(x);
    chargeSteps(partials.length);
  }
  return float(partials.reduceRight((total, p) => total + p, 0));
}

function isqrt(v: unknown): unknown {
  const n = BigInt(whole(v));
  if (n < 0n) throw new ValueError('isqrt() argument must be nonnegative');
  if (n < 2n) return int(n);
  let x = 1n << BigInt((bitLength(int(n)) + 1) >> 1);
  for (;;) {
    chargeSteps(1);
    const y = (x + n / x) >> 1n;
    if (y >= x) return int(x);
    x = y;
  }
}

const mathNames: Names = Object.fromEntries([
  ['pi', Math.PI],
  ['e', Math.E],
  ['tau', 2 * Math.PI],
  ['inf', Infinity],
  ['nan', NaN],
  plain('sqrt', Math.sqrt),
  plain('exp', Math.exp),
  plain('expm1', Math.expm1),
  plain('log1p', Math.log1p),
  plain('sin', Math.sin),
  plain('cos', Math.cos),
  plain('tan', Math.tan),
  plain('asin', Math.asin),
  plain('acos', Math.acos),
  plain('atan', Math.atan),
  plain('sinh', Math.sinh),
  plain('cosh', Math.cosh),
  plain('tanh', Math.tanh),
  plain('asinh', Math.asinh),
  plain('acosh', Math.acosh),
  plain('atanh', Math.atanh),
  plain('cbrt', Math.cbrt),
  plain('fabs', Math.abs),
  plain('degrees', (x) => x * (180 / Math.PI)),
  plain('radians', (x) => x * (Math.PI / 180)),
  rounding('floor', Math.floor),
  rounding('ceil', Math.ceil),
  rounding('trunc', Math.trunc),
  fn('atan2', 'y, x', (y: unknown, x: unknown) => float(Math.atan2(real(y), real(x)))),
  fn('copysign', 'x, y', (x: unknown, y: unknown) => {
    const s = real(y);
    const m = Math.abs(real(x));
    return float(s < 0 || Object.is(s, -0) ? -m : m);
  }),
  fn('hypot', '*args', (...args: unknown[]) => float(Math.hypot(...args.map(real)))),
  fn('dist', 'p, q', (p: unknown, q: unknown) => {
    const [a, b] = [listOf(p), listOf(q)];
    if (a.length !== b.length) throw new ValueError('both points must have the same number of dimensions');
    return float(Math.hypot(...a.map((x, i) => real(x) - real(b[i]))));
  }),
  fn('pow', 'x, y', (x: unknown, y: unknown) => {
    const [a, b] = [real(x), real(y)];
    const r = a === 1 || b === 0 ? 1 : a ** b;
    if (Number.isNaN(r) && !Number.isNaN(a) && !Number.isNaN(b)) throw new ValueError('math domain error');
    if (!Number.isFinite(r) && Number.isFinite(a) && Number.isFinite(b)) {
      if (a === 0) throw new ValueError('math domain error');
      throw new OverflowError('math range error');
    }
    return float(r);
  }),
  fn('fmod', 'x, y', (x: unknown, y: unknown) => {
    const [a, b] = [real(x), real(y)];
    if ((b === 0 || !Number.isFinite(a)) && !Number.isNaN(a) && !Number.isNaN(b))
      throw new ValueError('math domain error');
    return float(a % b);
  }),
  fn('remainder', 'x, y', (x: unknown, y: unknown) => {
    const [a, b] = [real(x), real(y)];
    if (b === 0 || !Number.isFinite(a)) throw new ValueError('math domain error');
    return float(Number.isFinite(b) ? a - b * roundHalfEven(a / b) : a);
  }),
  fn('modf', 'x', (v: unknown) => {
    const x = real(v);
    const t = Math.trunc(x);
    return tuple(float(Number.isFinite(x) ? x - t : x > 0 ? 0 : -0), float(t));
  }),
  fn('frexp', 'x', (v: unknown) => {
    const x = real(v);
    if (x === 0 || !Number.isFinite(x)) return tuple(float(x), 0);
    let e = Math.max(-1023, Math.floor(Math.log2(Math.abs(x))) + 1);
    let m = x * 2 ** -e;
    while (Math.abs(m) < 0.5) {
      m *= 2;
      e--;
    }
    while (Math.abs(m) >= 1) {
      m /= 2;
      e++;
    }
    return tuple(float(m), e);
  }),
  fn('ldexp', 'x, i', (x: unknown, i: unknown) => {
    const [a, e] = [real(x), toIndex(i)];
    const half = Math.trunc(Math.max(-2200, Math.min(2200, e)) / 2);
    const r = a * 2 ** half * 2 ** (Math.max(-2200, Math.min(2200, e)) - half);
    if (!Number.isFinite(r) && Number.isFinite(a)) throw new OverflowError('math range error');
    return float(r);
  }),
  fn('log', 'x, base=', (v: unknown, base: unknown) =>
    base === undefined
      ? float(logarithm(v, Math.log))
      : float(logarithm(v, Math.log) / logarithm(base, Math.log)),
  ),
  fn('log2', 'x', (v: unknown) => float(logarithm(v, Math.log2))),
  fn('log10', 'x', (v: unknown) => float(logarithm(v, Math.log10))),
  fn('isnan', 'x', (v: unknown) => Number.isNaN(real(v))),
  fn('isinf', 'x', (v: unknown) => Math.abs(real(v)) === Infinity),
  fn('isfinite', 'x', (v: unknown) => Number.isFinite(real(v))),
  fn('factorial', 'x', factorial),
  fn('gcd', '*args', gcd),
  fn('isqrt', 'n', isqrt),
  fn('fsum', 'seq', fsum),
  fn('prod', 'iterable', (values: unknown) => {
    let r: unknown = 1;
    for (const v of listOf(values)) r = numberOp('*', r as number, (asInt(v) ?? float(real(v))) as number);
    return r;
  }),
  fn('comb', 'n, k', (n: unknown, k: unknown) => {
    const [a, b] = [whole(n), whole(k)];
    if (a < 0 || b < 0) throw new ValueError('n must be a non-negative integer');
    if (b > a) return 0;
    let r = 1n;
    for (let i = 1n; i <= BigInt(b); i++) {
      chargeSteps(1 + (bitLength(int(r)) >> 6));
      chargeMemory(bitLength(int(r)) >> 3);
      r = (r * (BigInt(a) - i + 1n)) / i;
    }
    return int(r);
  }),
]);

/** Mersenne twister's guarantees are not needed: any good source will do. */
const uniform = (): number => (randomInt(0, 2 ** 48 - 1) / (2 ** 48 - 1)) * (1 - Number.EPSILON);

/** A whole number from 0 to n-1. */
function below(n: number | bigint): number | bigint {
  if (typeof n === 'number' && n <= 2 ** 47) return randomInt(0, n);
  const bits = bitLength(n);
  for (;;) {
    let r = 0n;
    for (let have = 0; have < bits; have += 32) r = (r << 32n) | BigInt(randomInt(0, 2 ** 32));
    r &= (1n << BigInt(bits)) - 1n;
    if (r < BigInt(n)) return int(r);
  }
}

function randrange(a: unknown, b: unknown, c: unknown): unknown {
  const [first, second, step] = [
    whole(a),
    b === undefined || b === null ? undefined : whole(b),
    c === undefined ? 1 : whole(c),
  ];
  const [start, stop] = second === undefined ? [0, first] : [first, second];
  if (step === 0) throw new ValueError('zero step for randrange()');
  const [lo, hi, by] = [BigInt(start), BigInt(stop), BigInt(step)];
  const n = by > 0n ? (hi - lo + by - 1n) / by : (hi - lo + by + 1n) / by;
  if (n <= 0n)
    throw new ValueError(
      second === undefined
        ? 'empty range for randrange()'
        : `empty range for randrange() (${start}, ${stop}, ${hi - lo})`,
    );
  return int(lo + by * BigInt(below(int(n))));
}

function gauss(mu: unknown, sigma: unknown): unknown {
  const u = Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return float((mu === undefined ? 0 : real(mu)) + u * (sigma === undefined ? 1 : real(sigma)));
}

const randomNames: Names = Object.fromEntries([
  fn('random', '', () => float(uniform())),
  fn('uniform', 'a, b', (a: unknown, b: unknown) => float(real(a) + (real(b) - real(a)) * uniform())),
  fn('randint', 'a, b', (a: unknown, b: unknown) => randrange(a, numberOp('+', whole(b), 1), undefined)),
  fn('randrange', 'start, stop=, step=', randrange),
  fn('choice', 'seq', (seq: unknown) => {
    const n = len(seq);
    if (n === 0) throw new IndexError('Cannot choose from an empty sequence');
    return guardedItem(seq, below(n));
  }),
  fn('choices', 'population, weights=, k=', (population: unknown, weights: unknown, k: unknown) => {
    if (weights !== undefined && weights !== null) throw new TypeError('choices() takes no weights here');
    const n = k === undefined ? 1 : toIndex(k);
    chargeMemory(n * 8);
    chargeSteps(n);
    const size = len(population);
    if (size === 0) throw new IndexError('list index out of range');
    return Array.from({ length: n }, () => guardedItem(population, below(size)));
  }),
  fn('sample', 'population, k', (population: unknown, k: unknown) => {
    const items =
      population instanceof Range || Array.isArray(population) || typeof population === 'string'
        ? listOf(population, true)
        : undefined;
    if (items === undefined)
      throw new TypeError('Population must be a sequence.  For dicts or sets, use sorted(d).');
    const n = toIndex(k);
    if (n < 0 || n > items.length) throw new ValueError('Sample larger than population or is negative');
    chargeMemory(items.length * 8);
    for (let i = 0; i < n; i++) {
      const j = i + Number(below(items.length - i));
      [items[i], items[j]] = [items[j], items[i]];
    }
    return items.slice(0, n);
  }),
  fn('shuffle', 'x', (x: unknown) => {
    if (!Array.isArray(x) || typeName(x) !== 'list')
      throw new TypeError(`'${typeName(x)}' object does not support item assignment`);
    chargeSteps(x.length);
    for (let i = x.length - 1; i > 0; i--) {
      const j = Number(below(i + 1));
      [x[i], x[j]] = [x[j], x[i]];
    }
    return null;
  }),
  fn('getrandbits', 'k', (k: unknown) => {
    const bits = toIndex(k);
    if (bits < 0) throw new ValueError('number of bits must be non-negative');
    if (bits === 0) return 0;
    return below(numberOp('<<', 1, bits) as number);
  }),
  fn('gauss', 'mu=, sigma=', gauss),
  fn('normalvariate', 'mu=, sigma=', gauss),
  fn('expovariate', 'lambd', (l: unknown) => float(-Math.log(1 - uniform()) / real(l))),
  fn('triangular', 'low=, high=', (low: unknown, high: unknown) => {
    const [a, b] = [low === undefined ? 0 : real(low), high === undefined ? 1 : real(high)];
    const u = uniform();
    return float(
      u < 0.5 ? a + Math.sqrt((u * (b - a) * (b - a)) / 2) : b - Math.sqrt(((1 - u) * (b - a) * (b - a)) / 2),
    );
  }),
  fn('seed', '*args', () => {
    throw new TypeError('random.seed() is not available: random numbers come from the operating system');
  }),
]);

registerModule('string', stringNames, { denied: ['Formatter', 'Template'] });
registerModule('math', mathNames);
registerModule('random', randomNames, { denied: ['Random', 'SystemRandom'] });
registerModule('whrandom', randomNames);
for (const name of ['string', 'math', 'random', 'whrandom']) registerBuiltin(name, findModule(name));
