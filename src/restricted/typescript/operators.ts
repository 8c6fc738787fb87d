/** JavaScript's operators for the values of the database: a `PyFloat` is a number, an int of any size mixes with numbers. */
import { float, int, PyFloat } from '../../pickle/index.ts';
import { chargeMemory, chargeText } from '../runtime/budget.ts';
import { isCallable } from '../runtime/call.ts';
import { ge, gt, le, lt, truth as pythonTruth } from '../runtime/compare.ts';
import { PyError, TypeError, ValueError, ZeroDivisionError } from '../runtime/errors.ts';
import { asInt, compareNumbers, numberOp } from '../runtime/numbers.ts';
import { mayHold } from '../guards/values.ts';
import { checkItem } from '../runtime/iterate.ts';
import { binary } from '../runtime/operators.ts';
import { str } from '../runtime/repr.ts';

/** A result of arithmetic as the database has it: no negative zero, whole numbers beyond 2^53 are floats. */
export function settled(r: number): unknown {
  if ((r | 0) === r) return r === 0 ? 0 : r;
  return Number.isInteger(r) && !Number.isSafeInteger(r) ? float(r) : r;
}

type Primitive = number | bigint | boolean | string | null | undefined | PyFloat;

function isPrimitive(v: unknown): v is Primitive {
  return v === null || typeof v !== 'object' || v instanceof PyFloat;
}

/** JavaScript's number for a value. */
export function toNumber(v: unknown): number {
  if (typeof v === 'number') return v;
  if (v instanceof PyFloat) return v.value;
  if (typeof v === 'string') chargeText(v.length);
  if (
    v === null ||
    v === undefined ||
    typeof v === 'boolean' ||
    typeof v === 'string' ||
    typeof v === 'bigint'
  )
    return Number(v);
  return NaN;
}

function isNumber(v: unknown): v is number | bigint | PyFloat {
  return typeof v === 'number' || typeof v === 'bigint' || v instanceof PyFloat;
}

/** JavaScript's text for a value. */
export function toText(v: unknown, depth = 0): string {
  switch (typeof v) {
    case 'string':
      return v;
    case 'number':
    case 'boolean':
    case 'bigint':
    case 'undefined':
      return typeof v === 'bigint' ? str(v) : String(v);
    default:
  }
  if (v === null) return 'null';
  if (v instanceof PyFloat) return String(v.value);
  if (Array.isArray(v)) {
    if (depth > 50) throw new TypeError('a list in a list in a list: too deep for a text');
    let text = '';
    for (let i = 0; i < v.length; i++) {
      const item: unknown = v[i];
      if (typeof item === 'object' && item !== null && !mayHold(v, item)) checkItem(v, item);
      const part = item === null ? '' : toText(item, depth + 1);
      chargeMemory(2 + part.length);
      text += i === 0 ? part : `,${part}`;
    }
    return text;
  }
  if (v instanceof Map) return '[object Object]';
  if (v instanceof PyError) return `${v.name}: ${v.message}`;
  return str(v);
}

function joined(a: string, b: string): string {
  chargeMemory(16 + Math.min(a.length, b.length));
  return a + b;
}

export function add(a: unknown, b: unknown): unknown {
  if (typeof a === 'number' && typeof b === 'number') {
    const r = a + b;
    return (r | 0) === r ? r : settled(r);
  }
  if (typeof a === 'string') return joined(a, toText(b));
  if (typeof b === 'string') return joined(toText(a), b);
  return arithmetic('+', a, b);
}

export function sub(a: unknown, b: unknown): unknown {
  if (typeof a === 'number' && typeof b === 'number') {
    const r = a - b;
    return (r | 0) === r ? r : settled(r);
  }
  return arithmetic('-', a, b);
}

export function mul(a: unknown, b: unknown): unknown {
  return typeof a === 'number' && typeof b === 'number' ? settled(a * b) : arithmetic('*', a, b);
}

export function div(a: unknown, b: unknown): unknown {
  return typeof a === 'number' && typeof b === 'number' ? settled(a / b) : arithmetic('/', a, b);
}

export function rem(a: unknown, b: unknown): unknown {
  return typeof a === 'number' && typeof b === 'number' ? settled(a % b) : arithmetic('%', a, b);
}

export function power(a: unknown, b: unknown): unknown {
  return typeof a === 'number' && typeof b === 'number' ? settled(a ** b) : arithmetic('**', a, b);
}

function arithmetic(op: string, a: unknown, b: unknown): unknown {
  if (!isPrimitive(a) || !isPrimitive(b)) return binary(op, a, b);
  if ((typeof a === 'bigint' || typeof b === 'bigint') && op !== '/' && op !== '%') {
    const [m, n] = [asInt(a), asInt(b)];
    if (m !== undefined && n !== undefined && (op !== '**' || n >= 0)) return numberOp(op, m, n);
  }
  const [x, y] = [toNumber(a), toNumber(b)];
  switch (op) {
    case '+':
      return settled(x + y);
    case '-':
      return settled(x - y);
    case '*':
      return settled(x * y);
    case '/':
      return settled(x / y);
    case '%':
      return settled(x % y);
    default:
      return settled(x ** y);
  }
}

/** Arithmetic with a literal such as `10n` on one side: whole numbers stay exact, and division leaves out the rest. */
export function exact(op: string, a: unknown, b: unknown): unknown {
  if (op === '+' && (typeof a === 'string' || typeof b === 'string')) return add(a, b);
  const [m, n] = [asInt(a), asInt(b)];
  if (m === undefined || n === undefined)
    throw new TypeError(`whole numbers are needed on both sides of ${op} with a literal like 10n`);
  if (op === '/' || op === '%') {
    if (n === 0) throw new ZeroDivisionError('integer division or modulo by zero');
    return int(op === '/' ? BigInt(m) / BigInt(n) : BigInt(m) % BigInt(n));
  }
  if (op === '**' && n < 0) throw new ValueError('the exponent must not be negative');
  return numberOp(op, m, n);
}

export function bits(op: string, a: unknown, b: unknown): unknown {
  // Whole numbers beyond 2^53 have all their bits.
  if ((typeof a === 'bigint' || typeof b === 'bigint') && op !== '>>>') {
    const [m, n] = [asInt(a), asInt(b)];
    if (m !== undefined && n !== undefined) return numberOp(op, m, n);
  }
  const [x, y] = [toNumber(a), toNumber(b)];
  switch (op) {
    case '&':
      return x & y;
    case '|':
      return x | y;
    case '^':
      return x ^ y;
    case '<<':
      return x << y;
    case '>>':
      return x >> y;
    default:
      return x >>> y;
  }
}

export function negate(v: unknown): unknown {
  if (typeof v === 'number') return settled(-v);
  return typeof v === 'bigint' ? numberOp('-', 0, v) : settled(-toNumber(v));
}

export function plus(v: unknown): unknown {
  return typeof v === 'number' || typeof v === 'bigint' ? v : settled(toNumber(v));
}

export function invert(v: unknown): number {
  return ~toNumber(v);
}

export function same(a: unknown, b: unknown): boolean {
  if (typeof a === 'string' && typeof b === 'string' && a.length === b.length) chargeText(a.length);
  if (a === b) return true;
  if (!(a instanceof PyFloat) && !(b instanceof PyFloat)) return false;
  return isNumber(a) && isNumber(b) && compareNumbers(a, b) === 0;
}

export function loose(a: unknown, b: unknown): boolean {
  if (a === null || a === undefined) return b === null || b === undefined;
  if (b === null || b === undefined) return false;
  if (same(a, b)) return true;
  if (!isPrimitive(a) || !isPrimitive(b)) return false;
  if (typeof a === 'string' && typeof b === 'string') return false;
  return toNumber(a) === toNumber(b);
}

type Order = '<' | '<=' | '>' | '>=';
const PYTHON = { '<': lt, '<=': le, '>': gt, '>=': ge } as const;

function ordered(op: Order, a: unknown, b: unknown): boolean {
  if (!isPrimitive(a) || !isPrimitive(b)) return pythonTruth(PYTHON[op](a, b));
  if (typeof a === 'string' && typeof b === 'string') {
    chargeText(Math.min(a.length, b.length));
    return op === '<' ? a < b : op === '<=' ? a <= b : op === '>' ? a > b : a >= b;
  }
  const c =
    typeof a === 'bigint' || typeof b === 'bigint'
      ? compareNumbers(isNumber(a) ? a : toNumber(a), isNumber(b) ? b : toNumber(b))
      : toNumber(a) - toNumber(b);
  if (c === undefined || Number.isNaN(c)) {
    // Two infinities of one sign are equal.
    const [x, y] = [toNumber(a), toNumber(b)];
    return x === y && (op === '<=' || op === '>=');
  }
  return op === '<' ? c < 0 : op === '<=' ? c <= 0 : op === '>' ? c > 0 : c >= 0;
}

export function less(a: unknown, b: unknown): boolean {
  return typeof a === 'number' && typeof b === 'number' ? a < b : ordered('<', a, b);
}
export function lessEqual(a: unknown, b: unknown): boolean {
  return typeof a === 'number' && typeof b === 'number' ? a <= b : ordered('<=', a, b);
}
export function greater(a: unknown, b: unknown): boolean {
  return typeof a === 'number' && typeof b === 'number' ? a > b : ordered('>', a, b);
}
export function greaterEqual(a: unknown, b: unknown): boolean {
  return typeof a === 'number' && typeof b === 'number' ? a >= b : ordered('>=', a, b);
}

/** JavaScript's truth: every object counts as true. */
export function truth(v: unknown): boolean {
  if (typeof v === 'boolean') return v;
  if (typeof v === 'object')
    return v !== null && (!(v instanceof PyFloat) || (v.value !== 0 && !Number.isNaN(v.value)));
  return Boolean(v);
}

export function typeOfValue(v: unknown): string {
  if (v instanceof PyFloat || typeof v === 'bigint') return 'number';
  if (v !== null && typeof v === 'object') return isCallable(v) ? 'function' : 'object';
  return typeof v;
}

export function notNullish(v: unknown, name: string): void {
  if (v === null || v === undefined)
    throw new TypeError(`Cannot read properties of ${String(v)} (reading '${name}')`);
}
