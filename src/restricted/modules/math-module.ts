/** Python's `math`, as Zope offers it to scripts. */
import { float, int, tuple } from '../../pickle/index.ts';
import { chargeMemory, chargeSteps } from '../runtime/budget.ts';
import { builtinEntry } from '../runtime/builtin-function.ts';
import { registerBuiltin } from '../runtime/builtins.ts';
import { OverflowError, TypeError, ValueError, ZeroDivisionError } from '../runtime/errors.ts';
import { listOf } from '../runtime/iterate.ts';
import { asFloat, asInt, bitLength, numberOp, roughBytes, toIndex, truncate } from '../runtime/numbers.ts';
import { binary } from '../runtime/operators.ts';
import { typeName } from '../runtime/types.ts';
import { real, whole } from './number-arguments.ts';
import { findModule, registerModule } from './registry.ts';
import { erf, erfc, gamma, logGamma } from './special-functions.ts';

const mathFn = (name: string, params: string, direct: (...args: never[]) => unknown): [string, unknown] =>
  builtinEntry(name, params, direct, 'math.');

/** A function of one float, with Python's two errors. */
function plain(name: string, f: (x: number) => number): [string, unknown] {
  return mathFn(name, 'x', (v: unknown) => {
    const x = real(v);
    const r = f(x);
    if (Number.isNaN(r) && !Number.isNaN(x)) throw new ValueError('math domain error');
    if (!Number.isFinite(r) && Number.isFinite(x)) {
      if (name === 'exp' || name === 'expm1' || name === 'cosh' || name === 'sinh' || name === 'exp2')
        throw new OverflowError('math range error');
      throw new ValueError('math domain error');
    }
    return float(r);
  });
}

const rounding = (name: string, f: (x: number) => number): [string, unknown] =>
  mathFn(name, 'x', (v: unknown) => asInt(v) ?? truncate(f(real(v))));

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

function gcdOf(first: bigint, second: bigint): bigint {
  let [a, b] = [first, second];
  while (b !== 0n) {
    chargeDivision(a, b);
    [a, b] = [b, a % b];
  }
  return a < 0n ? -a : a;
}

/** Long ints are divided in time that grows with both lengths. */
function chargeDivision(a: bigint, b: bigint): void {
  chargeSteps(1 + (roughBytes(a) >>> 6) * (1 + (roughBytes(b) >>> 6)));
  chargeMemory(roughBytes(a));
}

function gcd(...values: unknown[]): unknown {
  let a = 0n;
  for (const v of values) a = gcdOf(a, BigInt(whole(v)));
  return int(a);
}

function lcm(...values: unknown[]): unknown {
  let a: unknown = 1;
  for (const v of values) {
    const b = whole(v);
    if (a === 0 || b === 0) {
      a = 0;
      continue;
    }
    const divisor = int(gcdOf(BigInt(a as number), BigInt(b)));
    a = numberOp('*', numberOp('//', a as number, divisor) as number, b);
    if ((a as number) < 0) a = numberOp('-', 0, a as number);
  }
  return a;
}

function perm(n: unknown, k: unknown): unknown {
  if (k === undefined || k === null) return factorial(n);
  const [a, b] = [whole(n), whole(k)];
  if (a < 0) throw new ValueError('n must be a non-negative integer');
  if (b < 0) throw new ValueError('k must be a non-negative integer');
  if (b > a) return 0;
  let r: unknown = 1;
  for (let i = 0; i < b; i++) {
    chargeSteps(1);
    r = numberOp('*', r as number, numberOp('-', a, i) as number);
  }
  return r;
}

function isclose(a: unknown, b: unknown, relative: unknown, absolute: unknown): boolean {
  const [x, y] = [real(a), real(b)];
  const [rel, abs] = [
    relative === undefined ? 1e-9 : real(relative),
    absolute === undefined ? 0 : real(absolute),
  ];
  if (rel < 0 || abs < 0) throw new ValueError('tolerances must be non-negative');
  if (x === y) return true;
  if (!Number.isFinite(x) || !Number.isFinite(y)) return false;
  const difference = Math.abs(x - y);
  return difference <= Math.abs(rel * y) || difference <= Math.abs(rel * x) || difference <= abs;
}

const bitsView = new DataView(new ArrayBuffer(8));

/** The float next to `x` in the direction of `y`. */
function nextAfter(x: number, y: number): number {
  if (Number.isNaN(x) || Number.isNaN(y)) return NaN;
  if (x === y) return y;
  if (x === 0) return y > 0 ? Number.MIN_VALUE : -Number.MIN_VALUE;
  bitsView.setFloat64(0, x);
  bitsView.setBigInt64(0, bitsView.getBigInt64(0) + (y > x === x > 0 ? 1n : -1n));
  return bitsView.getFloat64(0);
}

/** Shewchuk's exact partial sums, rounded once. */
function fsum(values: unknown): unknown {
  const partials: number[] = [];
  let special = 0;
  let infinite = 0;
  for (const v of listOf(values)) {
    let x = real(v);
    const given = x;
    let i = 0;
    for (let y of partials) {
      if (Math.abs(x) < Math.abs(y)) [x, y] = [y, x];
      const hi = x + y;
      const lo = y - (hi - x);
      if (lo !== 0) partials[i++] = lo;
      x = hi;
    }
    partials.length = i;
    chargeSteps(1 + i);
    if (Number.isFinite(x)) {
      if (x !== 0) partials.push(x);
      continue;
    }
    if (Number.isFinite(given)) throw new OverflowError('intermediate overflow in fsum');
    if (!Number.isNaN(given)) infinite += given;
    special += given;
    partials.length = 0;
  }
  if (special !== 0) {
    if (Number.isNaN(infinite)) throw new ValueError('-inf + inf in fsum');
    return float(special);
  }
  let n = partials.length;
  if (n === 0) return float(0);
  let hi = partials[--n]!;
  let lo = 0;
  while (n > 0) {
    const x = hi;
    const y = partials[--n]!;
    hi = x + y;
    lo = y - (hi - x);
    if (lo !== 0) break;
  }
  // A tie between two floats is decided by what lies below.
  if (n > 0 && ((lo < 0 && partials[n - 1]! < 0) || (lo > 0 && partials[n - 1]! > 0))) {
    const twice = lo * 2;
    const x = hi + twice;
    if (twice === x - hi) hi = x;
  }
  return float(hi);
}

function isqrt(v: unknown): unknown {
  const n = BigInt(whole(v));
  if (n < 0n) throw new ValueError('isqrt() argument must be nonnegative');
  if (n < 2n) return int(n);
  let x = 1n << BigInt((bitLength(int(n)) + 1) >> 1);
  for (;;) {
    chargeDivision(n, x);
    const y = (x + n / x) >> 1n;
    if (y >= x) return int(x);
    x = y;
  }
}

registerModule(
  'math',
  Object.fromEntries([
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
    mathFn('trunc', 'x', (v: unknown) => {
      const n = asInt(v) ?? asFloat(v);
      if (n === undefined) throw new TypeError(`type ${typeName(v)} doesn't define __trunc__ method`);
      return asInt(v) ?? truncate(n as number);
    }),
    mathFn('atan2', 'y, x', (y: unknown, x: unknown) => float(Math.atan2(real(y), real(x)))),
    mathFn('copysign', 'x, y', (x: unknown, y: unknown) => {
      const s = real(y);
      const m = Math.abs(real(x));
      return float(s < 0 || Object.is(s, -0) ? -m : m);
    }),
    mathFn('hypot', '*args', (...args: unknown[]) => float(Math.hypot(...args.map(real)))),
    mathFn('dist', 'p, q', (p: unknown, q: unknown) => {
      const [a, b] = [listOf(p), listOf(q)];
      if (a.length !== b.length) throw new ValueError('both points must have the same number of dimensions');
      return float(Math.hypot(...a.map((x, i) => real(x) - real(b[i]))));
    }),
    mathFn('pow', 'x, y', (x: unknown, y: unknown) => {
      const [a, b] = [real(x), real(y)];
      const r = a === 1 || b === 0 ? 1 : a ** b;
      if (Number.isNaN(r) && !Number.isNaN(a) && !Number.isNaN(b)) throw new ValueError('math domain error');
      if (!Number.isFinite(r) && Number.isFinite(a) && Number.isFinite(b)) {
        if (a === 0) throw new ValueError('math domain error');
        throw new OverflowError('math range error');
      }
      return float(r);
    }),
    mathFn('fmod', 'x, y', (x: unknown, y: unknown) => {
      const [a, b] = [real(x), real(y)];
      if ((b === 0 || !Number.isFinite(a)) && !Number.isNaN(a) && !Number.isNaN(b))
        throw new ValueError('math domain error');
      return float(a % b);
    }),
    mathFn('remainder', 'x, y', (x: unknown, y: unknown) => {
      const [a, b] = [real(x), real(y)];
      if (Number.isNaN(a) || Number.isNaN(b)) return NaN;
      if (b === 0 || !Number.isFinite(a)) throw new ValueError('math domain error');
      if (!Number.isFinite(b)) return float(a);
      const [m, n] = [Math.abs(a) % Math.abs(b), Math.abs(b)];
      const other = n - m;
      const rest = m < other ? m : m > other ? -other : m - 2 * ((0.5 * (Math.abs(a) - m)) % n);
      return float(a < 0 || Object.is(a, -0) ? -rest : rest);
    }),
    mathFn('modf', 'x', (v: unknown) => {
      const x = real(v);
      const t = Math.trunc(x);
      const rest = Number.isFinite(x) ? x - t : Number.isNaN(x) ? x : 0;
      return tuple(float(rest === 0 && (x < 0 || Object.is(x, -0)) ? -0 : rest), float(t));
    }),
    mathFn('frexp', 'x', (v: unknown) => {
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
    mathFn('ldexp', 'x, i', (x: unknown, i: unknown) => {
      const a = real(x);
      if (asInt(i) === undefined) throw new TypeError('Expected an int as second argument to ldexp.');
      const e = toIndex(i);
      const half = Math.trunc(Math.max(-2200, Math.min(2200, e)) / 2);
      const r = a * 2 ** half * 2 ** (Math.max(-2200, Math.min(2200, e)) - half);
      if (!Number.isFinite(r) && Number.isFinite(a)) throw new OverflowError('math range error');
      return float(r);
    }),
    mathFn('log', '*args', (...args: unknown[]) => {
      const [v, base] = args;
      if (args.length < 1 || args.length > 2) throw new TypeError('math.log requires 1 to 2 arguments');
      if (base === undefined) return float(logarithm(v, Math.log));
      const [x, b] = [logarithm(v, Math.log), logarithm(base, Math.log)];
      if (b === 0) throw new ZeroDivisionError('float division by zero');
      return float(x / b);
    }),
    mathFn('log2', 'x', (v: unknown) => float(logarithm(v, Math.log2))),
    mathFn('log10', 'x', (v: unknown) => float(logarithm(v, Math.log10))),
    mathFn('isnan', 'x', (v: unknown) => Number.isNaN(real(v))),
    mathFn('isinf', 'x', (v: unknown) => Math.abs(real(v)) === Infinity),
    mathFn('isfinite', 'x', (v: unknown) => Number.isFinite(real(v))),
    mathFn('factorial', 'x', factorial),
    mathFn('gcd', '*args', gcd),
    mathFn('lcm', '*args', lcm),
    mathFn('perm', 'n, k=', perm),
    mathFn('isclose', 'a, b, *, rel_tol=, abs_tol=', isclose),
    mathFn('nextafter', 'x, y', (x: unknown, y: unknown) => float(nextAfter(real(x), real(y)))),
    mathFn('ulp', 'x', (v: unknown) => {
      const x = Math.abs(real(v));
      if (!Number.isFinite(x)) return float(x);
      const next = nextAfter(x, Infinity);
      return float(Number.isFinite(next) ? next - x : x - nextAfter(x, 0));
    }),
    plain('exp2', (x) => 2 ** x),
    plain('erf', erf),
    plain('erfc', erfc),
    plain('gamma', gamma),
    plain('lgamma', logGamma),
    mathFn('isqrt', 'n', isqrt),
    mathFn('fsum', 'seq', fsum),
    mathFn('prod', 'iterable, *, start=', (values: unknown, start: unknown) => {
      let r: unknown = start ?? 1;
      for (const v of listOf(values)) r = binary('*', r, v);
      return r;
    }),
    mathFn('comb', 'n, k', (n: unknown, k: unknown) => {
      const [a, b] = [whole(n), whole(k)];
      if (a < 0) throw new ValueError('n must be a non-negative integer');
      if (b < 0) throw new ValueError('k must be a non-negative integer');
      if (b > a) return 0;
      let r = 1n;
      for (let i = 1n; i <= BigInt(b); i++) {
        chargeSteps(1 + (roughBytes(r) >> 3));
        chargeMemory(roughBytes(r));
        r = (r * (BigInt(a) - i + 1n)) / i;
      }
      return int(r);
    }),
  ]),
);
registerBuiltin('math', findModule('math'));
