/** What TypeScript finds defined: JavaScript's own names as far as they are harmless, Zope's, and Python's exceptions. */
import { randomInt } from 'node:crypto';
import { Dict, float, int, PyFloat, PySet, tupleFrom } from '../../pickle/index.ts';
import { findModule } from '../modules/registry.ts';
import { chargeItems, chargeMemory, chargeSteps, chargeText } from '../runtime/budget.ts';
import { builtinValue } from '../runtime/builtins.ts';
import { hashable } from '../runtime/hashing.ts';
import { exceptionTypes, TypeError, ValueError } from '../runtime/errors.ts';
import { asInt } from '../runtime/numbers.ts';
import { repr, str } from '../runtime/repr.ts';
import { guardedHasattr } from '../guards/attributes.ts';
import { iterate, spread } from './access.ts';
import { parseJson, toJson } from './json.ts';
import { append, at } from './lists.ts';
import { forEachPair, setValue } from './mappings.ts';
import { plus, toNumber, toText, truth } from './operators.ts';
import { HostCallable } from '../runtime/objects.ts';
import { callback, Keywords, Offered, stored } from './values.ts';

type Direct = (...args: unknown[]) => unknown;

/** A function with positional arguments; missing ones are undefined. */
const fn = (name: string, direct: Direct): HostCallable =>
  new HostCallable(name, (args) => direct(...args.slice(0, 8)));
const table = (functions: Record<string, Direct>): Record<string, HostCallable> =>
  Object.fromEntries(Object.entries(functions).map(([name, direct]) => [name, fn(name, direct)]));

const real =
  (f: (...x: number[]) => number): Direct =>
  (...args) =>
    plus(f(...args.map(toNumber)));
const extreme = (name: string, f: (a: number, b: number) => number, empty: number): HostCallable =>
  new HostCallable(name, (args) => {
    chargeSteps(args.length);
    return plus(args.reduce<number>((all, v) => f(all, toNumber(v)), empty));
  });

const MATH = new Offered('Math', {
  members: {
    ...Object.fromEntries(
      (['E', 'LN10', 'LN2', 'LOG10E', 'LOG2E', 'PI', 'SQRT1_2', 'SQRT2'] as const).map((name) => [
        name,
        Math[name],
      ]),
    ),
    ...table(
      Object.fromEntries(
        'abs acos acosh asin asinh atan atan2 atanh cbrt ceil clz32 cos cosh exp expm1 floor fround hypot imul log log10 log1p log2 pow round sign sin sinh sqrt tan tanh trunc'
          .split(' ')
          .map((name) => [name, real(Math[name as 'hypot'])]),
      ),
    ),
    max: extreme('max', Math.max, -Infinity),
    min: extreme('min', Math.min, Infinity),
    random: fn('random', () => randomInt(0, 2 ** 47) / 2 ** 47),
  },
});

function dictOf(v: unknown, name: string): Map<unknown, unknown> {
  if (v instanceof Map) return v;
  throw new TypeError(`Object.${name}() takes objects that scripts make and dicts`);
}

/** Keys and values of a dict, or places and items of a list. */
function each(v: unknown, name: string, use: (key: unknown, value: unknown) => unknown): unknown[] {
  const out: unknown[] = [];
  if (Array.isArray(v)) for (let i = 0; i < v.length; i++) append(out, use(String(i), at(v, i)));
  else forEachPair(dictOf(v, name), (key, value) => append(out, use(key, value)));
  return out;
}

function fromPairs(source: unknown): Dict {
  const out = new Dict();
  const it = iterate(source);
  for (let pair = it.next(); pair !== undefined; pair = it.next()) {
    chargeSteps(1);
    const [key, value] = spread(pair);
    setValue(out, key, value);
  }
  return out;
}

const OBJECT = new Offered('Object', {
  members: table({
    assign: (target, ...sources) => {
      const into = dictOf(target, 'assign');
      for (const source of sources)
        if (source !== null && source !== undefined)
          forEachPair(dictOf(source, 'assign'), (key, value) => setValue(into, key, value));
      return into;
    },
    entries: (v) => each(v, 'entries', (key, value) => [key, value]),
    fromEntries: fromPairs,
    hasOwn: (v, key) => dictOf(v, 'hasOwn').has(hashable(stored(key))),
    keys: (v) => each(v, 'keys', (key) => key),
    values: (v) => each(v, 'values', (_key, value) => value),
  }),
});

function listOfLength(n: number): null[] {
  if (!Number.isInteger(n) || n < 0 || n > 2 ** 32) throw new ValueError('Invalid array length');
  chargeItems(n);
  const out: null[] = [];
  for (let i = 0; i < n; i++) {
    if ((i & 8191) === 8191) chargeSteps(1024);
    out.push(null);
  }
  return out;
}

const makeList = (args: unknown[]): unknown[] => {
  if (args.length === 1 && typeof args[0] === 'number') return listOfLength(args[0]);
  chargeItems(args.length);
  return args.map((v) => v ?? null);
};

const ARRAY = new Offered('Array', {
  call: makeList,
  make: makeList,
  holds: Array.isArray,
  members: {
    ...table({
      isArray: (v) => Array.isArray(v),
      from: (v, map) => {
        const length = v instanceof Map && v.has('length') ? v.get('length') : undefined;
        const items = typeof length === 'number' ? listOfLength(length) : spread(v);
        if (map === undefined) return items;
        const out: unknown[] = [];
        for (let i = 0; i < items.length; i++)
          append(out, callback(map, items[i] ?? undefined, i, undefined));
        return out;
      },
    }),
    of: new HostCallable('of', (args) => args.map((v) => v ?? null)),
  },
});

function parseInteger(v: unknown, radix: unknown): number {
  const text = toText(v);
  chargeSteps(text.length >>> 2);
  return plus(Number.parseInt(text, radix === undefined ? undefined : toNumber(radix))) as number;
}
const parseReal: Direct = (v) => {
  const text = toText(v);
  chargeSteps(text.length >>> 3);
  return plus(Number.parseFloat(text));
};

const NUMBER = new Offered('Number', {
  call: (args) => (args.length === 0 ? 0 : plus(typeof args[0] === 'bigint' ? args[0] : toNumber(args[0]))),
  members: {
    EPSILON: Number.EPSILON,
    MAX_SAFE_INTEGER: Number.MAX_SAFE_INTEGER,
    MIN_SAFE_INTEGER: Number.MIN_SAFE_INTEGER,
    MAX_VALUE: float(Number.MAX_VALUE),
    MIN_VALUE: Number.MIN_VALUE,
    NaN: NaN,
    NEGATIVE_INFINITY: -Infinity,
    POSITIVE_INFINITY: Infinity,
    ...table({
      isFinite: (v) =>
        typeof v === 'number' ? Number.isFinite(v) : v instanceof PyFloat || typeof v === 'bigint',
      isInteger: (v) =>
        typeof v === 'number' ? Number.isInteger(v) : v instanceof PyFloat || typeof v === 'bigint',
      isNaN: (v) => typeof v === 'number' && Number.isNaN(v),
      isSafeInteger: (v) => Number.isSafeInteger(v instanceof PyFloat ? v.value : v),
      parseFloat: parseReal,
      parseInt: parseInteger,
    }),
  },
});

const STRING = new Offered('String', {
  call: (args) => (args.length === 0 ? '' : toText(args[0])),
  members: {
    fromCharCode: new HostCallable('fromCharCode', (args) => {
      chargeMemory(16 + args.length * 2);
      return args.map((n) => String.fromCharCode(toNumber(n))).join('');
    }),
    fromCodePoint: new HostCallable('fromCodePoint', (args) => {
      chargeMemory(16 + args.length * 4);
      return args
        .map((v) => {
          const n = toNumber(v);
          if (!Number.isInteger(n) || n < 0 || n > 0x10ffff)
            throw new ValueError(`Invalid code point ${toText(v)}`);
          return String.fromCodePoint(n);
        })
        .join('');
    }),
  },
});

/** Codes are not torn, nor are characters of several codes. */
function inPieces(text: string, code: (piece: string) => string): string {
  const parts: string[] = [];
  for (let at = 0; at < text.length;) {
    let end = Math.min(text.length, at + 3072);
    if (end < text.length) {
      const last = text.charCodeAt(end - 1);
      if (last >= 0xd800 && last < 0xdc00) end++;
      const percent = text.lastIndexOf('%', end - 1);
      if (percent > end - 3) end = percent + 3;
      // Codes of the inner bytes of a character go with its first.
      while (end < text.length && /^%[89aAbB]/.test(text.slice(end, end + 2))) end += 3;
    }
    const piece = text.slice(at, end);
    chargeMemory(16 + piece.length * 9);
    chargeSteps(piece.length >>> 3);
    parts.push(code(piece));
    at = end;
  }
  return parts.join('');
}

const coding = (name: string, encode: (text: string) => string): HostCallable =>
  fn(name, (v) => {
    const text = toText(v);
    try {
      return inPieces(text, encode);
    } catch (error) {
      if (error instanceof URIError) throw new ValueError('URI malformed');
      throw error;
    }
  });

const builtins: Record<string, unknown> = {
  Math: MATH,
  Object: OBJECT,
  Array: ARRAY,
  Number: NUMBER,
  String: STRING,
  JSON: new Offered('JSON', {
    members: table({ parse: (text) => parseJson(toText(text)), stringify: toJson }),
  }),
  Boolean: new Offered('Boolean', { call: ([v]) => truth(v) }),
  BigInt: new Offered('BigInt', {
    call: ([v]) => {
      const n = asInt(v) ?? (v instanceof PyFloat ? int(BigInt(v.value)) : undefined);
      if (n !== undefined) return n;
      if (typeof v === 'string') chargeText(v.length * 4);
      if (typeof v !== 'string' || !/^\s*[-+]?\d{1,4300}\s*$/.test(v))
        throw new ValueError(`${repr(v ?? null)} is no whole number`);
      return int(BigInt(v));
    },
  }),
  Map: new Offered('Map', {
    make: ([source]) => (source === undefined || source === null ? new Dict() : fromPairs(source)),
    holds: (v) => v instanceof Map,
  }),
  Set: new Offered('Set', {
    make: ([source]) => {
      const out = new PySet();
      if (source === undefined || source === null) return out;
      for (const v of spread(source)) {
        chargeMemory(40);
        out.add(hashable(v));
      }
      return out;
    },
    holds: (v) => v instanceof Set,
  }),
  Date: new Offered('Date', { members: table({ now: () => Date.now() }) }),
  parseInt: fn('parseInt', parseInteger),
  parseFloat: fn('parseFloat', parseReal),
  isNaN: fn('isNaN', (v) => Number.isNaN(toNumber(v))),
  isFinite: fn('isFinite', (v) => Number.isFinite(toNumber(v))),
  encodeURIComponent: coding('encodeURIComponent', encodeURIComponent),
  decodeURIComponent: coding('decodeURIComponent', decodeURIComponent),
  encodeURI: coding('encodeURI', encodeURI),
  decodeURI: coding('decodeURI', decodeURI),
  // Python's values that TypeScript has no literals for.
  tuple: fn('tuple', (v) => tupleFrom(v === undefined ? [] : spread(v))),
  float: fn('float', (v) => float(toNumber(v))),
  keywords: fn('keywords', (v) => new Keywords(new Dict(dictOf(v, 'keywords') as Map<string, unknown>))),
  hasattr: fn('hasattr', (o, name) => guardedHasattr(o ?? null, toText(name))),
  str: fn('str', (v) => str(v ?? null)),
  repr: fn('repr', (v) => repr(v ?? null)),
};

const ERRORS: Readonly<Record<string, string>> = {
  Error: 'Exception',
  RangeError: 'ValueError',
  ReferenceError: 'NameError',
};
/** Names that are looked up when a script is compiled, for they are registered after this file. */
const MODULES: Readonly<Record<string, string>> = {
  standard: 'Products.PythonScripts.standard',
  ZTUtils: 'ZTUtils',
  AccessControl: 'AccessControl',
};

/** The value of a name; undefined: there is none. */
export function globalValue(name: string): unknown {
  if (Object.hasOwn(builtins, name)) return builtins[name];
  if (Object.hasOwn(ERRORS, name)) return exceptionTypes.get(ERRORS[name]!);
  if (Object.hasOwn(MODULES, name)) return findModule(MODULES[name]!);
  if (name === 'DateTime' || name === 'sequence') return builtinValue(name);
  return exceptionTypes.get(name);
}
