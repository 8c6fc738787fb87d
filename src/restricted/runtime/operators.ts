/** Binary and unary operators for any values. */
import { Dict, FrozenSet, PyFloat, type PyInt, PySet, Tuple, tupleFrom } from '../../pickle/index.ts';
import { chargeItems, chargeMemory, chargeSteps } from './budget.ts';
import { hashable } from './hashing.ts';
import { len, operatorsOf, setLike } from './compare.ts';
import { OverflowError, TypeError } from './errors.ts';
import { formatPercent } from './percent.ts';
import { asInt, isNumeric, negate, numberOp } from './numbers.ts';
import { isIterable, listOf } from './iterate.ts';
import { ItemsView, KeysView } from './objects.ts';
import { typeName } from './types.ts';
import { Complex } from './values.ts';

const METHODS: Record<string, readonly [string, string]> = {
  '+': ['add', 'radd'],
  '-': ['sub', 'rsub'],
  '*': ['mul', 'rmul'],
  '%': ['mod', 'rmod'],
};

export function add(a: unknown, b: unknown): unknown {
  if (typeof a === 'number' && typeof b === 'number') {
    const r = a + b;
    // Both small ints: the sum is one, too.
    if ((a | 0) === a && (b | 0) === b) return r;
  }
  if (typeof a === 'string' && typeof b === 'string') {
    // V8 joins strings lazily, so a sum costs what is added.
    chargeMemory(16 + Math.min(a.length, b.length));
    return a + b;
  }
  return binary('+', a, b);
}

export function sub(a: unknown, b: unknown): unknown {
  if (typeof a === 'number' && typeof b === 'number' && (a | 0) === a && (b | 0) === b) return a - b;
  return binary('-', a, b);
}

export function mul(a: unknown, b: unknown): unknown {
  if (typeof a === 'number' && typeof b === 'number' && (a | 0) === a && (b | 0) === b) {
    const r = a * b;
    if (Number.isSafeInteger(r)) return r + 0;
  }
  return binary('*', a, b);
}

export function mod(a: unknown, b: unknown): unknown {
  if (typeof a === 'number' && typeof b === 'number' && (a | 0) === a && (b | 0) === b && a >= 0 && b > 0)
    return a % b;
  return binary('%', a, b);
}

export function floordiv(a: unknown, b: unknown): unknown {
  if (typeof a === 'number' && typeof b === 'number' && (a | 0) === a && (b | 0) === b && a >= 0 && b > 0)
    return Math.floor(a / b);
  return binary('//', a, b);
}

/** Any binary operator. */
export function binary(op: string, a: unknown, b: unknown): unknown {
  if (isNumeric(a) && isNumeric(b)) {
    const r = numberOp(op, a, b);
    if (r !== undefined) return r;
    throw unsupported(op, a, b);
  }
  const r = containerOp(op, a, b);
  if (r !== undefined) return r;
  const names = METHODS[op];
  if (names !== undefined) {
    const left = operatorsOf(a)[names[0] as 'add']?.(a, b);
    if (left !== undefined) return left;
    const right = operatorsOf(b)[names[1] as 'radd']?.(b, a);
    if (right !== undefined) return right;
  }
  throw failure(op, a, b);
}

function unsupported(op: string, a: unknown, b: unknown): TypeError {
  const name = op === '**' ? '** or pow()' : op;
  return new TypeError(`unsupported operand type(s) for ${name}: '${typeName(a)}' and '${typeName(b)}'`);
}

function failure(op: string, a: unknown, b: unknown): TypeError {
  const type = typeName(b);
  if (op === '+') {
    if (typeof a === 'string') return new TypeError(`can only concatenate str (not "${type}") to str`);
    if (Array.isArray(a))
      return new TypeError(`can only concatenate ${typeName(a)} (not "${type}") to ${typeName(a)}`);
    if (a instanceof Uint8Array) return new TypeError(`can't concat ${type} to ${typeName(a)}`);
  }
  if (op === '*' && (isSequence(a) || isSequence(b))) {
    const other = isSequence(a) ? b : a;
    return new TypeError(`can't multiply sequence by non-int of type '${typeName(other)}'`);
  }
  return unsupported(op, a, b);
}

const isSequence = (v: unknown): boolean =>
  typeof v === 'string' || Array.isArray(v) || v instanceof Uint8Array;

function containerOp(op: string, a: unknown, b: unknown): unknown {
  switch (op) {
    case '+':
      return concat(a, b);
    case '*': {
      if (isSequence(a)) {
        const n = asInt(b);
        return n === undefined ? undefined : repeat(a, n);
      }
      if (isSequence(b)) {
        const n = asInt(a);
        return n === undefined ? undefined : repeat(b, n);
      }
      return undefined;
    }
    case '%':
      if (typeof a === 'string') return formatPercent(a, b);
      return a instanceof Uint8Array ? formatPercent(a, b) : undefined;
    case '|':
      if (a instanceof Map && b instanceof Map) {
        chargeItems(a.size + b.size);
        const merged = new Dict(a);
        for (const [key, value] of b) merged.set(key, value);
        return merged;
      }
      return setOp(op, a, b);
    case '&':
    case '-':
    case '^':
      return setOp(op, a, b);
    default:
      return undefined;
  }
}

function concat(a: unknown, b: unknown): unknown {
  if (Array.isArray(a) && Array.isArray(b) && a instanceof Tuple === b instanceof Tuple) {
    chargeItems(a.length + b.length);
    const joined: unknown[] = [];
    for (const part of [a, b] as unknown[][])
      for (let i = 0; i < part.length; i++) {
        if ((i & 8191) === 8191) chargeSteps(1024);
        joined.push(part[i]);
      }
    return a instanceof Tuple ? tupleFrom(joined) : joined;
  }
  if (a instanceof Uint8Array && b instanceof Uint8Array) {
    chargeMemory(a.length + b.length);
    const joined = new Uint8Array(a.length + b.length);
    joined.set(a);
    joined.set(b, a.length);
    return joined;
  }
  return undefined;
}

/** `sequence * n`. */
function repeat(v: unknown, n: PyInt): unknown {
  if (typeof n === 'bigint' && (n >= 2n ** 63n || n < -(2n ** 63n)))
    throw new OverflowError("cannot fit 'int' into an index-sized integer");
  // Nothing repeated is nothing, however often.
  const times = len(v) === 0 ? 0 : Math.max(0, Number(n));
  if (typeof v === 'string') {
    chargeMemory(16 + v.length * times);
    return v.repeat(times);
  }
  if (v instanceof Uint8Array) {
    chargeMemory(v.length * times);
    const size = v.length * times;
    return size === 0 ? new Uint8Array() : new Uint8Array(Buffer.alloc(size, v));
  }
  const items = v as unknown[];
  chargeItems(items.length * times);
  const out: unknown[] = items instanceof Tuple ? new Tuple() : [];
  for (let i = 0; i < times; i++)
    for (let j = 0; j < items.length; j++) {
      if ((out.length & 8191) === 8191) chargeSteps(1024);
      out.push(items[j]);
    }
  return out;
}

const isSetView = (v: unknown): boolean => v instanceof KeysView || v instanceof ItemsView;

function setOp(op: string, a: unknown, b: unknown): unknown {
  // A view takes anything that can be iterated, on either side.
  const viewed = isSetView(a) || isSetView(b);
  const x = setLike(a) ?? (viewed && isIterable(a) ? new PySet(listOf(a).map(hashable)) : undefined);
  const y = setLike(b) ?? (viewed && isIterable(b) ? new PySet(listOf(b).map(hashable)) : undefined);
  if (x === undefined || y === undefined) return undefined;
  chargeItems(x.size + y.size);
  const out = new PySet();
  if (op === '&') {
    for (const item of x) if (y.has(item)) out.add(item);
  } else {
    for (const item of x) if (op === '|' || !y.has(item)) out.add(item);
    if (op !== '-') for (const item of y) if (!x.has(item)) out.add(item);
  }
  return a instanceof FrozenSet ? new FrozenSet(out) : out;
}

/** Augmented assignment to a name: lists and sets change in place. */
export function inplace(op: string, a: unknown, b: unknown): unknown {
  if (typeof a === 'number' && typeof b === 'number') {
    if (op === '+') return add(a, b);
    if (op === '-') return sub(a, b);
  } else if (typeof a === 'string' && typeof b === 'string' && op === '+') return add(a, b);
  if (Array.isArray(a) && !(a instanceof Tuple)) {
    if (op === '+') {
      const items = listOf(b);
      chargeItems(items.length);
      for (const item of items) a.push(item);
      return a;
    }
    if (op === '*' && asInt(b) !== undefined) {
      const all = repeat(a, asInt(b)!) as unknown[];
      a.splice(0, a.length);
      for (const item of all) a.push(item);
      return a;
    }
  } else if (a instanceof Set && !(a instanceof FrozenSet)) {
    const result = '|&-^'.includes(op) ? setOp(op, a, b instanceof Set ? b : undefined) : undefined;
    if (result !== undefined) {
      const items = [...(result as Set<unknown>)];
      a.clear();
      for (const item of items) a.add(item);
      return a;
    }
  } else if (a instanceof Map && op === '|') {
    throw new TypeError('Augmented assignment to dict objects is not allowed in untrusted code');
  }
  try {
    return binary(op, a, b);
  } catch (error) {
    // A dict or a set is asked for `*=` where other values leave that to the sequence.
    const general =
      a instanceof Map || a instanceof Set
        ? /^unsupported operand type|^can't multiply/
        : /^unsupported operand type/;
    if (error instanceof TypeError && general.test(error.message))
      throw new TypeError(`unsupported operand type(s) for ${op}=: '${typeName(a)}' and '${typeName(b)}'`);
    throw error;
  }
}

export function neg(v: unknown): unknown {
  if (isNumeric(v)) return negate(v);
  const own = operatorsOf(v).neg?.(v);
  if (own !== undefined) return own;
  throw new TypeError(`bad operand type for unary -: '${typeName(v)}'`);
}

export function pos(v: unknown): unknown {
  if (v instanceof PyFloat || v instanceof Complex) return v;
  if (isNumeric(v)) return typeof v === 'boolean' ? Number(v) : v;
  throw new TypeError(`bad operand type for unary +: '${typeName(v)}'`);
}

export function invert(v: unknown): unknown {
  const n = asInt(v);
  if (n === undefined) throw new TypeError(`bad operand type for unary ~: '${typeName(v)}'`);
  return numberOp('-', numberOp('-', 0, n) as number, 1);
}
