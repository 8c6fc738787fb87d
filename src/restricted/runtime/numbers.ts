/**
 * Python's numbers: ints of any size, floats, bools, complex. The exported operators take any values and fall back on
 * what `operators.ts` installs for everything that is no number.
 *
 * Over 400 lines: each operator has a short function for each kind of number, and all share the few above them.
 */
import { float, int, PyFloat, type PyInt } from '../../pickle/index.ts';
import { chargeMemory, chargeSteps, chargeText } from './budget.ts';
import { MemoryError, OverflowError, TypeError, ValueError, ZeroDivisionError } from './errors.ts';
import { typeName } from './types.ts';
import { Complex } from './values.ts';

/** Largest int, in bits, that an operation may make: 1 MiB of digits keeps every single step short. */
const MAX_BITS = 8 * 1024 * 1024;

export type Numeric = number | bigint | boolean | PyFloat | Complex;

export function isNumeric(v: unknown): v is Numeric {
  const t = typeof v;
  return t === 'number' || t === 'boolean' || t === 'bigint' || v instanceof PyFloat || v instanceof Complex;
}

/** An int or bool as an int; undefined for everything else. */
export function asInt(v: unknown): PyInt | undefined {
  if (typeof v === 'number') return Number.isInteger(v) ? v : undefined;
  if (typeof v === 'boolean') return v ? 1 : 0;
  return typeof v === 'bigint' ? v : undefined;
}

/** A real number as a JavaScript number; undefined for everything else. */
export function asFloat(v: unknown): number | undefined {
  if (typeof v === 'number') return v;
  if (v instanceof PyFloat) return v.value;
  if (typeof v === 'boolean') return v ? 1 : 0;
  return typeof v === 'bigint' ? bigToFloat(v) : undefined;
}

/** Correctly rounded; Python refuses what is too large. */
function bigToFloat(v: bigint): number {
  const n = Number(v);
  if (!Number.isFinite(n)) throw new OverflowError('int too large to convert to float');
  return n;
}

/** Python's `__index__`: what may stand where an int is needed. */
export function toIndex(v: unknown): number {
  const n = asInt(v);
  if (n === undefined) throw new TypeError(`'${typeName(v)}' object cannot be interpreted as an integer`);
  if (typeof n === 'bigint') {
    return n > 0n ? Number.MAX_SAFE_INTEGER : -Number.MAX_SAFE_INTEGER;
  }
  return n;
}

/** `toIndex` where what does not fit a machine word is refused. */
export function sizeIndex(v: unknown): number {
  const n = asInt(v);
  if (typeof n === 'bigint' && (n >= 2n ** 63n || n < -(2n ** 63n)))
    throw new OverflowError('Python int too large to convert to C ssize_t');
  return toIndex(v);
}

export function bitLength(n: PyInt): number {
  if (typeof n === 'number') {
    const a = Math.abs(n);
    return a === 0 ? 0 : a < 2 ** 32 ? 32 - Math.clz32(a) : 64 - Math.clz32(Math.floor(a / 2 ** 32));
  }
  const hex = (n < 0n ? -n : n).toString(16);
  chargeText(hex.length);
  return (hex.length - 1) * 4 + (32 - Math.clz32(Number.parseInt(hex[0]!, 16)));
}

function chargeBits(bits: number): void {
  if (bits > MAX_BITS) throw new MemoryError('integer is too large');
  chargeMemory(bits / 8);
  // Multiplication and division of long ints cost more than their length.
  chargeSteps(Math.floor((bits / 256) ** 1.3));
}

const big = (n: PyInt): bigint => BigInt(n);
const addInt = (a: PyInt, b: PyInt): PyInt => {
  if (typeof a === 'number' && typeof b === 'number') {
    const r = a + b;
    if (Number.isSafeInteger(r)) return r;
  } else chargeMemory(32 + Math.max(roughBytes(a), roughBytes(b)));
  return int(big(a) + big(b));
};
/** Upper bound for the bytes of an int, without looking at its digits more than needed. */
export function roughBytes(n: PyInt): number {
  return typeof n === 'number' ? 8 : n >= -(1n << 1024n) && n <= 1n << 1024n ? 128 : bitLength(n) / 8;
}
const mulInt = (a: PyInt, b: PyInt): PyInt => {
  if (typeof a === 'number' && typeof b === 'number') {
    const r = a * b;
    if (Number.isSafeInteger(r)) return r + 0;
  } else {
    const bits = (roughBytes(a) + roughBytes(b)) * 8;
    if (bits > 4096) chargeBits(bits);
  }
  return int(big(a) * big(b));
};

function floorDivInt(a: PyInt, b: PyInt): PyInt {
  if (b === 0) throw new ZeroDivisionError('integer division or modulo by zero');
  if (typeof a === 'number' && typeof b === 'number') return (a - modNumber(a, b)) / b + 0;
  chargeBits((roughBytes(a) + roughBytes(b)) * 8);
  const x = big(a);
  const y = big(b);
  const q = x / y;
  return int(x % y !== 0n && x < 0n !== y < 0n ? q - 1n : q);
}

function modNumber(a: number, b: number): number {
  const r = a % b;
  return (r !== 0 && r < 0 !== b < 0 ? r + b : r) + 0;
}

function modInt(a: PyInt, b: PyInt): PyInt {
  if (b === 0) throw new ZeroDivisionError('integer modulo by zero');
  if (typeof a === 'number' && typeof b === 'number') return modNumber(a, b);
  chargeBits((roughBytes(a) + roughBytes(b)) * 8);
  const y = big(b);
  const r = big(a) % y;
  return int(r !== 0n && r < 0n !== y < 0n ? r + y : r);
}

/** Correctly rounded quotient of two ints. */
function trueDivInt(a: PyInt, b: PyInt): number | PyFloat {
  if (b === 0) throw new ZeroDivisionError('division by zero');
  if (typeof a === 'number' && typeof b === 'number') return float(a / b);
  let x = big(a);
  let y = big(b);
  const negative = x < 0n !== y < 0n;
  if (x < 0n) x = -x;
  if (y < 0n) y = -y;
  chargeBits(Math.max(bitLength(x), bitLength(y)) + 66);
  // 66 bits of quotient and a sticky bit round like the exact value.
  const shift = 66 - (bitLength(x) - bitLength(y));
  if (shift < -1100) throw new OverflowError('integer division result too large for a float');
  if (shift > 1200) return new PyFloat(negative ? -0 : 0);
  let q: bigint;
  if (shift >= 0) {
    const n = x << BigInt(shift);
    q = n / y;
    if (n % y !== 0n) q |= 1n;
  } else {
    const d = y << BigInt(-shift);
    q = x / d;
    if (x % d !== 0n) q |= 1n;
  }
  let r = Number(q);
  // In two steps, so that no subnormal is rounded twice where one step would overflow.
  const half = Math.trunc(-shift / 2);
  r = r * 2 ** half * 2 ** (-shift - half);
  if (!Number.isFinite(r)) throw new OverflowError('integer division result too large for a float');
  return float(negative ? -r : r);
}

function floorDivFloat(a: number, b: number): number {
  if (b === 0) throw new ZeroDivisionError('float floor division by zero');
  return divmodFloat(a, b)[0];
}

function modFloat(a: number, b: number): number {
  if (b === 0) throw new ZeroDivisionError('float modulo');
  return divmodFloat(a, b)[1];
}

/** C Python's algorithm: the quotient is derived from the remainder, so that both agree. */
export function divmodFloat(a: number, b: number): [number, number] {
  let mod = a % b;
  let div = (a - mod) / b;
  if (mod !== 0) {
    if (b < 0 !== mod < 0) {
      mod += b;
      div -= 1;
    }
  } else mod = b < 0 ? -0 : 0;
  if (div === 0) return [a / b < 0 || Object.is(a / b, -0) ? -0 : 0, mod];
  let floor = Math.floor(div);
  if (div - floor > 0.5) floor += 1;
  return [floor, mod];
}

function powInt(a: PyInt, b: PyInt): unknown {
  if (b < 0) {
    if (a === 0) throw new ZeroDivisionError('0.0 cannot be raised to a negative power');
    const size = bitLength(a) * -Number(b);
    // Exactly, then rounded once: the engine's powers may be off in the last digit.
    if (size > 0 && size < 1000) return trueDivInt(1, int(big(a) ** -big(b)));
    return powFloat(asFloat(a)!, asFloat(b)!);
  }
  if (typeof a === 'number' && typeof b === 'number') {
    const r = a ** b;
    if (Number.isSafeInteger(r)) return r + 0;
  }
  if (a === 1 || a === 0) return a;
  if (a === -1) return big(b) % 2n === 0n ? 1 : -1;
  const bits = bitLength(a) * Number(b);
  chargeBits(bits);
  return int(big(a) ** big(b));
}

function powFloat(a: number, b: number): unknown {
  if (a === 0 && b < 0) throw new ZeroDivisionError('0.0 cannot be raised to a negative power');
  if (a < 0 && Number.isFinite(a) && Number.isFinite(b) && !Number.isInteger(b))
    return powComplex(new Complex(a, 0), new Complex(b, 0));
  if (a === 1 || (a === -1 && !Number.isFinite(b) && !Number.isNaN(b))) return new PyFloat(1);
  // Where one rounding is enough the engine's own power would make more.
  const r = b === 2 ? a * a : b === 0.5 && a >= 0 ? Math.sqrt(a) : b === -1 ? 1 / a : a ** b;
  if (!Number.isFinite(r) && Number.isFinite(a) && Number.isFinite(b))
    throw new OverflowError(34, 'Numerical result out of range');
  return float(r);
}

/** `pow(base, exponent, modulus)`. */
export function powMod(a: unknown, b: unknown, m: unknown): PyInt {
  const x = asInt(a);
  const y = asInt(b);
  const n = asInt(m);
  if (x === undefined || y === undefined || n === undefined)
    throw new TypeError('pow() 3rd argument not allowed unless all arguments are integers');
  if (n === 0) throw new ValueError('pow() 3rd argument cannot be 0');
  let base = modInt(x, n);
  let e = big(y);
  if (e < 0n) {
    base = inverse(base, n);
    e = -e;
  }
  const modulus = big(n);
  const cost = 2 + Math.floor((roughBytes(n) / 64) ** 1.6);
  let result = 1n % modulus;
  let square = big(base);
  // The digits once, for a shift of a long exponent takes as long as a look at all of it.
  const digits = e.toString(2);
  chargeMemory(digits.length);
  for (let i = digits.length - 1; i >= 0; i--) {
    chargeSteps(cost);
    if (digits[i] === '1') result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return modInt(int(result), n);
}

function inverse(a: PyInt, n: PyInt): PyInt {
  let [r0, r1] = [big(n), big(a)];
  let [t0, t1] = [0n, 1n];
  while (r1 !== 0n) {
    chargeSteps(2 + Math.floor((roughBytes(r0) / 64) ** 1.3));
    const q = r0 / r1;
    [r0, r1] = [r1, r0 - q * r1];
    [t0, t1] = [t1, t0 - q * t1];
  }
  if (r0 !== 1n && r0 !== -1n) throw new ValueError('base is not invertible for the given modulus');
  return modInt(int(t0 * r0), n);
}

const shifts = (b: PyInt): number => {
  if (b < 0) throw new ValueError('negative shift count');
  if (typeof b === 'number') return b;
  // What fits a machine word is tried in Python, and there is no memory for it.
  throw b < 2n ** 63n ? new MemoryError() : new OverflowError('too many digits in integer');
};

function lshiftInt(a: PyInt, b: PyInt): PyInt {
  if (a === 0 && b >= 0) return 0;
  const n = shifts(b);
  if (typeof a === 'number' && n < 32) {
    const r = a * 2 ** n;
    if (Number.isSafeInteger(r)) return r;
  }
  chargeBits(bitLength(a) + n);
  return int(big(a) << BigInt(n));
}

function rshiftInt(a: PyInt, b: PyInt): PyInt {
  if (b < 0) throw new ValueError('negative shift count');
  if (typeof b === 'bigint') return a < 0 ? -1 : 0;
  if (typeof a === 'number') return b > 60 ? (a < 0 ? -1 : 0) : Math.floor(a / 2 ** b) + 0;
  chargeMemory(roughBytes(a));
  return int(a >> BigInt(b));
}

function bitwise(op: '&' | '|' | '^', a: PyInt, b: PyInt): PyInt {
  if (typeof a === 'number' && typeof b === 'number' && (a | 0) === a && (b | 0) === b)
    return op === '&' ? a & b : op === '|' ? a | b : a ^ b;
  chargeMemory(Math.max(roughBytes(a), roughBytes(b)));
  const x = big(a);
  const y = big(b);
  return int(op === '&' ? x & y : op === '|' ? x | y : x ^ y);
}

const toComplex = (v: Numeric): Complex => (v instanceof Complex ? v : new Complex(asFloat(v)!, 0));

function complexOp(op: string, x: Complex, y: Complex): unknown {
  switch (op) {
    case '+':
      return new Complex(x.real + y.real, x.imag + y.imag);
    case '-':
      return new Complex(x.real - y.real, x.imag - y.imag);
    case '*':
      return new Complex(x.real * y.real - x.imag * y.imag, x.real * y.imag + x.imag * y.real);
    case '/':
      return divComplex(x, y);
    case '**':
      return powComplex(x, y);
    default:
      return undefined;
  }
}

function divComplex(x: Complex, y: Complex): Complex {
  if (y.real === 0 && y.imag === 0) throw new ZeroDivisionError('complex division by zero');
  if (Math.abs(y.real) >= Math.abs(y.imag)) {
    const ratio = y.imag / y.real;
    const d = y.real + y.imag * ratio;
    return new Complex((x.real + x.imag * ratio) / d, (x.imag - x.real * ratio) / d);
  }
  const ratio = y.real / y.imag;
  const d = y.real * ratio + y.imag;
  return new Complex((x.real * ratio + x.imag) / d, (x.imag * ratio - x.real) / d);
}

function powComplex(x: Complex, y: Complex): Complex {
  if (y.real === 0 && y.imag === 0) return new Complex(1, 0);
  if (x.real === 0 && x.imag === 0) {
    if (y.imag !== 0 || y.real < 0) throw new ZeroDivisionError('0.0 to a negative or complex power');
    return new Complex(0, 0);
  }
  const abs = Math.hypot(x.real, x.imag);
  let len = abs ** y.real;
  const at = Math.atan2(x.imag, x.real);
  let phase = at * y.real;
  if (y.imag !== 0) {
    len *= Math.exp(-at * y.imag);
    phase += y.imag * Math.log(abs);
  }
  return new Complex(len * Math.cos(phase), len * Math.sin(phase));
}

/** What a binary operator gives for two numbers; undefined: the operator is not for them. */
export function numberOp(op: string, a: Numeric, b: Numeric): unknown {
  if (a instanceof Complex || b instanceof Complex) return complexOp(op, toComplex(a), toComplex(b));
  const x = asInt(a);
  const y = asInt(b);
  if (x !== undefined && y !== undefined) {
    switch (op) {
      case '+':
        return addInt(x, y);
      case '-':
        return addInt(x, typeof y === 'number' ? 0 - y : int(-y));
      case '*':
        return mulInt(x, y);
      case '/':
        return trueDivInt(x, y);
      case '//':
        return floorDivInt(x, y);
      case '%':
        return modInt(x, y);
      case '**':
        return powInt(x, y);
      case '<<':
        return lshiftInt(x, y);
      case '>>':
        return rshiftInt(x, y);
      case '&':
      case '|':
      case '^':
        if (typeof a === 'boolean' && typeof b === 'boolean')
          return op === '&' ? a && b : op === '|' ? a || b : a !== b;
        return bitwise(op, x, y);
      default:
        return undefined;
    }
  }
  const f = asFloat(a)!;
  const g = asFloat(b)!;
  switch (op) {
    case '+':
      return float(f + g);
    case '-':
      return float(f - g);
    case '*':
      return float(f * g);
    case '/':
      if (g === 0) throw new ZeroDivisionError('float division by zero');
      return float(f / g);
    case '//':
      return float(floorDivFloat(f, g));
    case '%':
      return float(modFloat(f, g));
    case '**':
      return powFloat(f, g);
    default:
      return undefined;
  }
}

/** -1, 0, 1, or undefined when unordered (NaN). Exact, also between an int and a float. */
export function compareNumbers(a: Numeric, b: Numeric): -1 | 0 | 1 | undefined {
  const x = typeof a === 'boolean' ? Number(a) : a instanceof PyFloat ? a.value : (a as number | bigint);
  const y = typeof b === 'boolean' ? Number(b) : b instanceof PyFloat ? b.value : (b as number | bigint);
  // JavaScript compares a bigint and a number by value.
  return x < y ? -1 : x > y ? 1 : x == y ? 0 : undefined; // oxlint-disable-line eqeqeq
}

export function negate(v: Numeric): unknown {
  if (typeof v === 'number') return Number.isInteger(v) ? 0 - v : -v;
  if (v instanceof PyFloat) return float(-v.value);
  if (v instanceof Complex) return new Complex(-v.real, -v.imag);
  return typeof v === 'boolean' ? (v ? -1 : 0) : int(-v);
}

/** Half to even, as Python's `round`. */
export function roundHalfEven(n: number): number {
  const floor = Math.floor(n);
  const diff = n - floor;
  if (diff < 0.5) return floor;
  if (diff > 0.5) return floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

/** A float as an int towards zero. */
export function truncate(n: number): PyInt {
  if (Number.isNaN(n)) throw new ValueError('cannot convert float NaN to integer');
  if (!Number.isFinite(n)) throw new OverflowError('cannot convert float infinity to integer');
  return int(Math.trunc(n));
}
