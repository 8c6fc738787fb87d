/**
 * The built-in names of scripts and expressions: Zope's safe and utility builtins (INVENTORY T-105).
 *
 * Over 400 lines: one table of many short functions that nothing else needs.
 */
import { Dict, FrozenSet, float, int, PyFloat, PySet, Tuple, tuple, tupleFrom } from '../../pickle/index.ts';
import { guardedDelattr, guardedGetattr, guardedHasattr, guardedSetattr } from '../guards/attributes.ts';
import { BuiltinFunction } from './builtin-function.ts';
import { chargeItems, chargeMemory, chargeSteps } from './budget.ts';
import { call, call1, call2, isCallable, spreadKeywords } from './call.ts';
import { type Kwargs } from './parameters.ts';
import { decodeBytes, encodeText } from './codecs.ts';
import { eq, gt, len, lt, operatorsOf, rangeLength, truth } from './compare.ts';
import { hash, hashable, identity } from './hashing.ts';
import { isInstance, isSubclass } from './type-tests.ts';
import { rangeType, sliceType } from './container-methods.ts';
import {
  exceptionTypes,
  PyError,
  StopIteration,
  TypeError,
  ValueError,
  ZeroDivisionError,
} from './errors.ts';
import { roundInt, roundTo } from './format-spec.ts';
import { checkItem, fillDict, guardedIterator, isIterable, listOf } from './iterate.ts';
import {
  asFloat,
  asInt,
  divmodFloat,
  isNumeric,
  negate,
  powMod,
  roundHalfEven,
  toIndex,
  truncate,
} from './numbers.ts';
import { parseFloatText, parseIntText, withoutBlanks } from './number-text.ts';
import { GuardedIterator, HostCallable, iteratorType, PyGenerator, type PyIterator } from './objects.ts';
import { binary } from './operators.ts';
import { repr, str } from './repr.ts';
import { sortItems } from './sort.ts';
import { textLength, textSlice } from './text.ts';
import {
  addMethods,
  boolType,
  bytesType,
  complexType,
  floatType,
  frozensetType,
  intType,
  setType,
  strType,
  tupleType,
  typeName,
  typeOf,
} from './types.ts';
import { Complex, Ellipsis, Range, Slice } from './values.ts';

const builtins = new Map<string, unknown>();

/** The built-in value of a name; undefined: there is none. */
export function builtinValue(name: string): unknown {
  return builtins.get(name);
}

/** Adds a built-in name for scripts and expressions (`DateTime`, `sequence`). */
export function registerBuiltin(name: string, value: unknown): void {
  builtins.set(name, value);
}

function define(name: string, params: string, fn: (...args: never[]) => unknown): void {
  builtins.set(name, new BuiltinFunction(name, params, fn as (...args: unknown[]) => unknown));
}

function noKeywords(name: string, kwargs: Kwargs): void {
  if (kwargs !== undefined && kwargs.size > 0) throw new TypeError(`${name}() takes no keyword arguments`);
}

function atMost(name: string, args: unknown[], n: number): void {
  if (args.length > n)
    throw new TypeError(`${name} expected at most ${n} argument${n === 1 ? '' : 's'}, got ${args.length}`);
}

for (const [name, type] of exceptionTypes)
  if (name !== 'ModuleNotFoundError' && name !== 'RecursionError') builtins.set(name, type);
for (const type of [
  intType,
  floatType,
  boolType,
  strType,
  bytesType,
  complexType,
  tupleType,
  setType,
  frozensetType,
  rangeType,
  sliceType,
])
  builtins.set(type.name, type);
builtins.set('Ellipsis', Ellipsis);

intType.construct = (args, kwargs) => {
  const base = args[1] ?? kwargs?.get('base');
  atMost('int()', args, 2);
  const [v] = args;
  if (v === undefined) return 0;
  if (base !== undefined) {
    const b = toIndex(base);
    if (typeof v !== 'string' && !(v instanceof Uint8Array))
      throw new TypeError("int() can't convert non-string with explicit base");
    if (b !== 0 && (b < 2 || b > 36)) throw new ValueError('int() base must be >= 2 and <= 36, or 0');
    return intFromText(v, b);
  }
  const n = asInt(v);
  if (n !== undefined) return n;
  if (typeof v === 'string' || v instanceof Uint8Array) return intFromText(v, 10);
  const f = v instanceof Complex ? undefined : asFloat(v);
  if (f !== undefined) return truncate(f);
  const own = operatorsOf(v).int?.(v);
  if (own !== undefined) return int(own as number);
  throw new TypeError(
    `int() argument must be a string, a bytes-like object or a real number, not '${typeName(v)}'`,
  );
};

function intFromText(v: string | Uint8Array, base: number): unknown {
  const text = typeof v === 'string' ? v : Buffer.from(v).toString('latin1');
  const n = parseIntText(text, base);
  if (n === undefined)
    throw new ValueError(`invalid literal for int() with base ${base}: ${textSlice(repr(v), 0, 200)}`);
  return n;
}

floatType.construct = (args, kwargs) => {
  noKeywords('float', kwargs);
  atMost('float', args, 1);
  const [v] = args;
  if (v === undefined) return new PyFloat(0);
  if (typeof v === 'string' || v instanceof Uint8Array) {
    const n = parseFloatText(typeof v === 'string' ? v : Buffer.from(v).toString('latin1'));
    if (n === undefined) throw new ValueError(`could not convert string to float: ${repr(v)}`);
    return float(n);
  }
  const n = v instanceof Complex ? undefined : asFloat(v);
  if (n !== undefined) return float(n);
  const own = operatorsOf(v).float?.(v);
  if (own !== undefined) return float(own as number);
  throw new TypeError(`float() argument must be a string or a real number, not '${typeName(v)}'`);
};

boolType.construct = (args, kwargs) => {
  noKeywords('bool', kwargs);
  atMost('bool', args, 1);
  return args.length > 0 && truth(args[0]);
};

strType.construct = (args, kwargs) => {
  atMost('str()', args, 3);
  const v = args.length > 0 ? args[0] : kwargs?.get('object');
  const encoding = args[1] ?? kwargs?.get('encoding');
  const errors = args[2] ?? kwargs?.get('errors');
  if (encoding === undefined && errors === undefined) return v === undefined ? '' : str(v);
  if (typeof v === 'string') throw new TypeError('decoding str is not supported');
  if (!(v instanceof Uint8Array))
    throw new TypeError(`decoding to str: need a bytes-like object, ${typeName(v)} found`);
  return decodeBytes(v, encoding, errors);
};

bytesType.construct = (args, kwargs) => {
  atMost('bytes()', args, 3);
  const [v] = args;
  const encoding = args[1] ?? kwargs?.get('encoding');
  if (v === undefined) return new Uint8Array();
  if (typeof v === 'string') {
    if (encoding === undefined) throw new TypeError('string argument without an encoding');
    return encodeText(v, encoding, args[2] ?? kwargs?.get('errors'));
  }
  const n = asInt(v);
  if (n !== undefined) {
    if (n < 0) throw new ValueError('negative count');
    chargeMemory(Number(n));
    return new Uint8Array(Number(n));
  }
  if (v instanceof Uint8Array) {
    chargeMemory(v.length);
    return new Uint8Array(v);
  }
  if (!isIterable(v)) throw new TypeError(`cannot convert '${typeName(v)}' object to bytes`);
  const items = listOf(v);
  chargeMemory(items.length);
  return Uint8Array.from(items, (item, i) => {
    if ((i & 4095) === 0) chargeSteps(1024);
    const b = asInt(item);
    if (b === undefined)
      throw new TypeError(`'${typeName(item)}' object cannot be interpreted as an integer`);
    if (b < 0 || b > 255) throw new ValueError('bytes must be in range(0, 256)');
    return Number(b);
  });
};

complexType.construct = (args) => {
  atMost('complex()', args, 2);
  const part = (v: unknown): number => {
    const n = v === undefined ? 0 : asFloat(v);
    if (n === undefined) throw new TypeError(`complex() argument must be a number, not '${typeName(v)}'`);
    return n;
  };
  const [a, b] = args;
  if (a instanceof Complex && b === undefined) return a;
  if (typeof a === 'string') return complexFromText(a);
  if (a instanceof Complex || b instanceof Complex) {
    const i = binary('*', b ?? 0, new Complex(0, 1));
    return binary('+', a, i);
  }
  return new Complex(part(a), part(b));
};

const LONGEST_COMPLEX = 1000;

function complexFromText(text: string): Complex {
  // The pattern takes quadratic time: blanks are gone before it, and no number needs more characters.
  const bare = withoutBlanks(text);
  const inner = bare.startsWith('(') && bare.endsWith(')') ? bare.slice(1, -1).trim() : bare;
  const match =
    inner.length > LONGEST_COMPLEX
      ? null
      : /^([-+]?[\d.]+(?:e[-+]?\d+)?)?(?:([-+]?[\d.]*(?:e[-+]?\d+)?)[jJ])?$/.exec(inner);
  if (match === null || (match[1] === undefined && match[2] === undefined))
    throw new ValueError('complex() arg is a malformed string');
  const sign = match[2] === '+' || match[2] === '' ? 1 : match[2] === '-' ? -1 : undefined;
  return new Complex(Number(match[1] ?? 0), sign ?? Number(match[2] ?? 0));
}

tupleType.construct = (args, kwargs) => {
  noKeywords('tuple', kwargs);
  atMost('tuple', args, 1);
  if (args.length === 0) return tuple();
  if (args[0] instanceof Tuple) return args[0];
  const items = listOf(args[0]);
  chargeItems(items.length);
  return tupleFrom(items);
};

function collect<T extends PySet>(set: T, source: unknown): T {
  for (const item of listOf(source)) {
    chargeMemory(40);
    set.add(hashable(item));
  }
  return set;
}
setType.construct = (args, kwargs) => {
  noKeywords('set', kwargs);
  atMost('set', args, 1);
  return args.length === 0 ? new PySet() : collect(new PySet(), args[0]);
};
frozensetType.construct = (args, kwargs) => {
  noKeywords('frozenset', kwargs);
  atMost('frozenset', args, 1);
  return args[0] instanceof FrozenSet
    ? args[0]
    : new FrozenSet(args.length === 0 ? [] : collect(new PySet(), args[0]));
};

rangeType.construct = (args, kwargs) => {
  noKeywords('range', kwargs);
  if (args.length === 0) throw new TypeError('range expected at least 1 argument, got 0');
  if (args.length > 3) throw new TypeError(`range expected at most 3 arguments, got ${args.length}`);
  const [a, b, c] = args.map((v) => {
    const n = asInt(v);
    if (n === undefined) throw new TypeError(`'${typeName(v)}' object cannot be interpreted as an integer`);
    return n;
  });
  if (c === 0) throw new ValueError('range() arg 3 must not be zero');
  return b === undefined ? new Range(0, a!) : new Range(a!, b, c ?? 1);
};
sliceType.construct = (args, kwargs) => {
  noKeywords('slice', kwargs);
  if (args.length === 0) throw new TypeError('slice expected at least 1 argument, got 0');
  atMost('slice', args, 3);
  return args.length === 1 ? new Slice(null, args[0]) : new Slice(args[0], args[1], args[2] ?? null);
};

builtins.set(
  'list',
  new HostCallable(
    'list',
    (args, kwargs) => {
      noKeywords('list', kwargs);
      atMost('list', args, 1);
      if (args.length === 0) return [];
      const [source] = args;
      chargeItems(
        typeof source === 'string' ? source.length : source instanceof Range ? rangeLength(source) : 0,
      );
      const items = listOf(source);
      chargeItems(items.length);
      return items;
    },
    ['sorted'],
  ),
);
builtins.set(
  'dict',
  new HostCallable(
    'dict',
    (args, kwargs) => {
      atMost('dict', args, 1);
      const out = new Dict();
      if (args.length > 0) {
        chargeItems(args[0] instanceof Map ? args[0].size * 4 : 0);
        fillDict(out, args[0], hashable);
      }
      if (kwargs !== undefined) for (const [key, value] of kwargs) out.set(key, value);
      return out;
    },
    ['fromkeys'],
  ),
);

define('abs', 'x', (v: unknown) => {
  if (v instanceof Complex) return float(Math.hypot(v.real, v.imag));
  if (!isNumeric(v)) throw new TypeError(`bad operand type for abs(): '${typeName(v)}'`);
  const n = asInt(v);
  return n === undefined ? float(Math.abs(asFloat(v)!)) : n < 0 ? negate(n) : n;
});
define('callable', 'object', isCallable);
define('chr', 'i', (v: unknown) => {
  const n = toIndex(v);
  if (n < 0 || n > 0x10ffff) throw new ValueError('chr() arg not in range(0x110000)');
  return String.fromCodePoint(n);
});
define('divmod', 'a, b', (a: unknown, b: unknown) => {
  if (isNumeric(a) && isNumeric(b) && !(a instanceof Complex) && !(b instanceof Complex)) {
    if (asInt(a) === undefined || asInt(b) === undefined) {
      if (asFloat(b) === 0) throw new ZeroDivisionError('float divmod()');
      const [q, r] = divmodFloat(asFloat(a)!, asFloat(b)!);
      return tuple(float(q), float(r));
    }
    return tuple(binary('//', a, b), binary('%', a, b));
  }
  throw new TypeError(`unsupported operand type(s) for divmod(): '${typeName(a)}' and '${typeName(b)}'`);
});
define('hash', 'obj', hash);
const based = (name: string, base: number, prefix: string) => (v: unknown) => {
  const n = asInt(v);
  if (n === undefined) throw new TypeError(`'${typeName(v)}' object cannot be interpreted as an integer`);
  void name;
  return (n < 0 ? '-' : '') + prefix + (n < 0 ? -n : n).toString(base);
};
define('hex', 'number', based('hex', 16, '0x'));
define('oct', 'number', based('oct', 8, '0o'));
define('id', 'obj', identity);
define('isinstance', 'obj, class_or_tuple', isInstance);
define('issubclass', 'cls, class_or_tuple', isSubclass);
define('len', 'obj', len);
define('ord', 'c', (v: unknown) => {
  if (typeof v === 'string') {
    const n = textLength(v);
    if (n !== 1) throw new TypeError(`ord() expected a character, but string of length ${n} found`);
    return v.codePointAt(0)!;
  }
  if (v instanceof Uint8Array && v.length === 1) return v[0]!;
  throw new TypeError(`ord() expected string of length 1, but ${typeName(v)} found`);
});
define('pow', 'base, exp, mod=', (a: unknown, b: unknown, m: unknown) =>
  m === undefined || m === null ? binary('**', a, b) : powMod(a, b, m),
);
define('repr', 'obj', repr);
define('round', 'number, ndigits=', (v: unknown, digits: unknown) => {
  if (!isNumeric(v) || v instanceof Complex)
    throw new TypeError(`type ${typeName(v)} doesn't define __round__ method`);
  const n = asInt(v);
  if (digits === undefined || digits === null) {
    if (n !== undefined) return n;
    const f = asFloat(v)!;
    return Number.isFinite(f) ? truncate(roundHalfEven(f)) : truncate(f);
  }
  const d = toIndex(digits);
  return n === undefined ? roundTo(asFloat(v)!, d) : roundInt(n, d);
});
builtins.set(
  'sorted',
  new HostCallable('sorted', (args, kwargs) => {
    if (args.length !== 1) throw new TypeError(`sorted expected 1 argument, got ${args.length}`);
    for (const key of kwargs?.keys() ?? [])
      if (key !== 'key' && key !== 'reverse')
        throw new TypeError(`'${key}' is an invalid keyword argument for sort()`);
    const items = listOf(args[0]);
    return sortItems(items, kwargs?.get('key'), kwargs?.get('reverse'));
  }),
);

// Zope's guarded replacements (INVENTORY S-036).

const LONGEST_NAME = 4096;

/** The name that Python's compiler would make of it. */
function normalName(name: string): string {
  chargeMemory(name.length);
  // Normalising takes quadratic time for some long texts, and no attribute is called like that.
  return name.length > LONGEST_NAME ? name : name.normalize('NFKC');
}

define('getattr', 'object, name, default=', (o: unknown, name: unknown, fallback: unknown) => {
  if (typeof name !== 'string') throw new TypeError('attribute name must be string');
  return guardedGetattr(o, normalName(name), fallback);
});
define('hasattr', 'object, name', (o: unknown, name: unknown) => {
  if (typeof name !== 'string') return 0;
  return guardedHasattr(o, normalName(name)) ? 1 : 0;
});
define('setattr', 'object, name, value', (o: unknown, name: unknown, value: unknown) => {
  if (typeof name !== 'string') throw new TypeError('attribute name must be string');
  guardedSetattr(o, normalName(name), value);
  return null;
});
define('delattr', 'object, name', (o: unknown, name: unknown) => {
  if (typeof name !== 'string') throw new TypeError('attribute name must be string');
  guardedDelattr(o, normalName(name));
  return null;
});

function isIterator(v: unknown): v is PyIterator {
  return v instanceof GuardedIterator || v instanceof PyGenerator;
}

define('iter', 'object, sentinel=', (o: unknown, sentinel: unknown) => {
  if (sentinel !== undefined) {
    if (!isCallable(o)) throw new TypeError('iter(v, w): v must be callable');
    let done = false;
    return new GuardedIterator(() => {
      if (done) return undefined;
      chargeSteps(1);
      const value = call(o, []);
      if (!truth(eq(value, sentinel))) return value;
      done = true;
      return undefined;
    });
  }
  if (o instanceof GuardedIterator) return o;
  const it = guardedIterator(o);
  return new GuardedIterator(() => it.next());
});

addMethods(iteratorType, {
  next: [
    '',
    (self: GuardedIterator) => {
      const value = self.next();
      if (value === undefined) throw new StopIteration();
      return value;
    },
  ],
});

define('next', 'iterator, default=', (it: unknown, fallback: unknown) => {
  const own = isIterator(it) ? undefined : operatorsOf(it).next;
  if (!isIterator(it) && own === undefined)
    throw new TypeError(`'${typeName(it)}' object is not an iterator`);
  const value = own === undefined ? (it as PyIterator).next() : own(it as never);
  if (value === undefined) {
    if (fallback !== undefined) return fallback;
    const result = it instanceof PyGenerator ? it.takeResult() : null;
    throw result === null ? new StopIteration() : new StopIteration(result);
  }
  if (!(it instanceof GuardedIterator)) checkItem(value, value);
  return value;
});

builtins.set(
  'enumerate',
  new HostCallable('enumerate', (args, kwargs) => {
    if (args.length > 1)
      throw new TypeError(`guarded_enumerate() takes 1 positional argument but ${args.length} were given`);
    for (const key of kwargs?.keys() ?? [])
      if (key !== 'seq')
        throw new TypeError(`guarded_enumerate() got an unexpected keyword argument '${key}'`);
    const seq = args[0] ?? kwargs?.get('seq');
    if (seq === undefined)
      throw new TypeError("guarded_enumerate() missing 1 required positional argument: 'seq'");
    const it = guardedIterator(seq);
    let n = 0;
    return new GuardedIterator(() => {
      const value = it.next();
      return value === undefined ? undefined : tuple(n++, value);
    });
  }),
);

function* zipped(seqs: unknown[]): Generator<unknown[]> {
  const its = seqs.map((seq) => guardedIterator(seq));
  if (its.length === 0) return;
  for (;;) {
    chargeSteps(its.length);
    const row: unknown[] = [];
    for (const it of its) {
      const value = it.next();
      if (value === undefined) return;
      row.push(value);
    }
    yield row;
  }
}

define('zip', '*args', (...seqs: unknown[]) => {
  const out: unknown[] = [];
  for (const row of zipped(seqs)) {
    chargeItems(row.length);
    out.push(tupleFrom(row));
  }
  return out;
});
define('map', 'f, *args', (f: unknown, ...seqs: unknown[]) => {
  if (seqs.length === 0) throw new TypeError('map() must have at least two arguments.');
  const out: unknown[] = [];
  for (const row of zipped(seqs)) {
    chargeMemory(8);
    out.push(row.length === 1 ? call1(f, row[0]) : call(f, row));
  }
  return out;
});
define('filter', 'f, seq, skip_unauthorized=', (f: unknown, seq: unknown, skip: unknown) => {
  const test = (item: unknown): boolean => truth(f === null ? item : call1(f, item));
  if (typeof seq === 'string') {
    const it = guardedIterator(seq);
    return new GuardedIterator(() => {
      for (let item = it.next(); item !== undefined; item = it.next()) {
        chargeSteps(1);
        if (test(item)) return item;
      }
      return undefined;
    });
  }
  const out: unknown[] = [];
  for (const item of listOf(seq)) {
    chargeSteps(1);
    try {
      checkItem(seq, item);
    } catch (error) {
      if (skip !== undefined && truth(skip) && error instanceof PyError && error.name === 'Unauthorized')
        continue;
      throw error;
    }
    if (test(item)) out.push(item);
  }
  return out;
});
define('reduce', 'f, seq, initial=', (f: unknown, seq: unknown, initial: unknown) => {
  const it = guardedIterator(seq);
  let value: unknown = initial === undefined ? it.next() : initial;
  if (value === undefined) throw new TypeError('reduce() of empty iterable with no initial value');
  for (let item = it.next(); item !== undefined; item = it.next()) {
    chargeSteps(1);
    value = call2(f, value, item);
  }
  return value;
});

function extreme(name: 'min' | 'max', better: (a: unknown, b: unknown) => unknown): HostCallable {
  return new HostCallable(name, (args, kwargs) => {
    if (args.length === 0)
      throw new TypeError(`guarded_${name}() missing 1 required positional argument: 'item'`);
    for (const option of kwargs?.keys() ?? [])
      if (option !== 'key' && option !== 'default')
        throw new TypeError(`${name}() got an unexpected keyword argument '${option}'`);
    const it = guardedIterator(args.length === 1 ? args[0] : args);
    const key = kwargs?.get('key') ?? null;
    let best: unknown;
    let bestKey: unknown;
    for (let item = it.next(); item !== undefined; item = it.next()) {
      chargeSteps(1);
      const k = key === null ? item : call1(key, item);
      if (best === undefined || truth(better(k, bestKey))) {
        best = item;
        bestKey = k;
      }
    }
    if (best !== undefined) return best;
    const fallback = kwargs?.get('default');
    if (fallback !== undefined) return fallback;
    throw new ValueError(`${name}() arg is an empty sequence`);
  });
}
builtins.set('min', extreme('min', lt));
builtins.set('max', extreme('max', gt));

define('sum', 'sequence, start=', (seq: unknown, start: unknown) => {
  if (typeof start === 'string') throw new TypeError("sum() can't sum strings [use ''.join(seq) instead]");
  if (start instanceof Uint8Array) throw new TypeError("sum() can't sum bytes [use b''.join(seq) instead]");
  const it = guardedIterator(seq);
  let total: unknown = start === undefined ? 0 : start;
  for (let item = it.next(); item !== undefined; item = it.next()) {
    chargeSteps(1);
    total = binary('+', total, item);
  }
  return total;
});
define('any', 'seq', (seq: unknown) => {
  const it = guardedIterator(seq);
  for (let item = it.next(); item !== undefined; item = it.next()) {
    chargeSteps(1);
    if (truth(item)) return true;
  }
  return false;
});
define('all', 'seq', (seq: unknown) => {
  const it = guardedIterator(seq);
  for (let item = it.next(); item !== undefined; item = it.next()) {
    chargeSteps(1);
    if (!truth(item)) return false;
  }
  return true;
});
define('apply', 'func, args=, kws=', (fn: unknown, args: unknown, kwargs: unknown) => {
  const keywords = new Dict<string, unknown>();
  if (kwargs !== undefined) spreadKeywords(keywords, kwargs);
  return call(fn, args === undefined ? [] : listOf(args, true), keywords);
});

// RestrictedPython's utilities.

define('same_type', 'arg1, *args', (first: unknown, ...rest: unknown[]) => {
  const type = typeOf(first);
  return rest.every((other) => typeOf(other) === type);
});
define('test', '*args', (...args: unknown[]) => {
  for (let i = 1; i < args.length; i += 2) if (truth(args[i - 1])) return args[i];
  return args.length % 2 === 1 ? args.at(-1) : null;
});
define('reorder', 's, with_=, without=', (s: unknown, wanted: unknown, without: unknown) => {
  const pair = (item: unknown): [unknown, unknown] =>
    item instanceof Tuple && item.length === 2 ? [item[0], item[1]] : [item, item];
  const orig = new Dict();
  const all = listOf(s);
  chargeMemory(all.length * 96);
  for (const item of all) {
    chargeSteps(2);
    orig.set(hashable(pair(item)[0]), pair(item)[1]);
  }
  for (const item of without === undefined ? [] : listOf(without)) orig.delete(hashable(pair(item)[0]));
  const out: unknown[] = [];
  for (const item of wanted === undefined || wanted === null ? all : listOf(wanted)) {
    const [key] = pair(item);
    chargeSteps(2);
    if (!orig.has(hashable(key))) continue;
    out.push(tuple(key, orig.get(key)));
    orig.delete(key);
  }
  return out;
});
