/** Methods of strings and numbers. None takes a regular expression. */
import { chargeItems, chargeMemory, chargeSteps, chargeText } from '../runtime/budget.ts';
import { RecursionError, TypeError, ValueError } from '../runtime/errors.ts';
import { indexOf, lastIndexOf } from '../runtime/long-text.ts';
import { call, checkCallback } from './values.ts';
import { toNumber, toText } from './operators.ts';
import { HostCallable } from '../runtime/objects.ts';

export type Method = (self: never, args: unknown[]) => unknown;
export type Methods = ReadonlyMap<string, Method>;

const index = (v: unknown, fallback: number): number => (v === undefined ? fallback : toNumber(v));

/** A method whose result is no longer than `self` and takes one look at each character. */
const plain =
  (fn: (s: string, args: unknown[]) => unknown): Method =>
  (s: string, args) => {
    chargeSteps(s.length >>> 6);
    chargeMemory(16 + s.length * 2);
    return fn(s, args);
  };
/** Where a search begins. */
const start = (at: number | undefined): number => Math.max(0, Math.trunc(at ?? 0) || 0);

/** A method that looks for a text. */
const search =
  (fn: (s: string, wanted: string, from: number | undefined) => unknown): Method =>
  (s: string, [wanted, from]) => {
    chargeSteps(s.length >>> 5);
    return fn(s, toText(wanted), from === undefined ? undefined : toNumber(from));
  };

function pad(s: string, args: unknown[], start: boolean): string {
  const length = Math.min(index(args[0], 0), 2 ** 53);
  const fill = args[1] === undefined ? ' ' : toText(args[1]);
  if (length > s.length) chargeMemory(16 + length * 2);
  if (length > 2 ** 29) throw new ValueError(`a text of ${length} characters is too long`);
  return start ? s.padStart(length, fill) : s.padEnd(length, fill);
}

function repeat(s: string, [count]: unknown[]): string {
  const n = index(count, 0);
  if (n < 0 || !Number.isFinite(n)) throw new ValueError(`Invalid count value: ${n}`);
  chargeMemory(16 + s.length * Math.floor(n) * 2);
  if (s.length * n > 2 ** 29) throw new ValueError('the text is too long');
  return s.repeat(n);
}

function replace(s: string, wanted: unknown, by: unknown, all: boolean): string {
  const text = toText(wanted);
  chargeText(s.length * 4);
  if (by instanceof HostCallable) checkCallback(by);
  let out = '';
  let at = 0;
  let from = 0;
  for (;;) {
    const found = text.length > 64 ? indexOf(s, text, from) : s.indexOf(text, from);
    if (found < 0 || found > s.length) break;
    chargeSteps(1 + ((found - at) >>> 6));
    const piece = by instanceof HostCallable ? toText(call(by, [text, found, s])) : toText(by);
    chargeMemory(32 + piece.length);
    out += s.slice(at, found) + piece;
    at = found + text.length;
    from = text === '' ? found + 1 : at;
    if (!all || from > s.length) break;
  }
  return out + s.slice(at);
}

function split(s: string, [separator, limit]: unknown[]): string[] {
  const most = limit === undefined ? Infinity : Math.max(0, toNumber(limit));
  if (separator === undefined) return most > 0 ? [s] : [];
  const by = toText(separator);
  const parts: string[] = [];
  chargeSteps(s.length >>> 5);
  if (by === '') {
    chargeItems(Math.min(s.length, most));
    return s.split('').slice(0, most === Infinity ? undefined : most);
  }
  let at = 0;
  while (parts.length < most) {
    const found = by.length > 64 ? indexOf(s, by, at) : s.indexOf(by, at);
    if ((parts.length & 63) === 0) chargeItems(64);
    if (found < 0) {
      parts.push(s.slice(at));
      break;
    }
    parts.push(s.slice(at, found));
    at = found + by.length;
  }
  return parts;
}

function refuse(name: string): Method {
  return () => {
    throw new TypeError(`${name}() is not available: regular expressions are not offered`);
  };
}

const MARKS = /\p{M}{1001}/u;
/** What may join with the character before it. */
const JOINS = /^(?:\p{M}|[\u1160-\u11ff\udc00-\udfff])/u;

export const STRING: Methods = new Map<string, Method>([
  ['at', (s: string, [i]) => s.at(index(i, 0))],
  ['charAt', (s: string, [i]) => s.charAt(index(i, 0))],
  ['charCodeAt', (s: string, [i]) => s.charCodeAt(index(i, 0))],
  ['codePointAt', (s: string, [i]) => s.codePointAt(index(i, 0))],
  ['concat', (s: string, args) => args.reduce<string>((all, part) => joinTwo(all, toText(part)), s)],
  ['endsWith', search((s, wanted, at) => s.endsWith(wanted, at))],
  ['includes', search((s, wanted, at) => indexOf(s, wanted, start(at)) >= 0)],
  ['indexOf', search((s, wanted, at) => indexOf(s, wanted, start(at)))],
  [
    'lastIndexOf',
    search((s, wanted, at) =>
      lastIndexOf(s, wanted, at === undefined || Number.isNaN(at) ? s.length : start(at) + wanted.length),
    ),
  ],
  ['startsWith', search((s, wanted, at) => s.startsWith(wanted, at))],
  ['localeCompare', search((s, wanted) => (s < wanted ? -1 : s > wanted ? 1 : 0))],
  [
    'normalize',
    plain((s, [form]) => {
      const wanted = form === undefined ? 'NFC' : toText(form);
      if (!['NFC', 'NFD', 'NFKC', 'NFKD'].includes(wanted))
        throw new ValueError(`${wanted} is no normal form`);
      // Marks are put in order one by one, which takes quadratic time.
      if (MARKS.test(s)) throw new ValueError('more than 1000 marks in a row cannot be normalised');
      const parts: string[] = [];
      for (let at = 0; at < s.length;) {
        let end = Math.min(s.length, at + 4096);
        // Not between a letter and what belongs to it, nor between the parts of a Korean syllable.
        while (end < s.length && JOINS.test(s.slice(end, end + 2))) end++;
        const piece = s.slice(at, end);
        // A character may become up to 18.
        chargeMemory(16 + piece.length * 36);
        chargeSteps(piece.length);
        parts.push(piece.normalize(wanted));
        at = end;
      }
      return parts.join('');
    }),
  ],
  ['padEnd', (s: string, args) => pad(s, args, false)],
  ['padStart', (s: string, args) => pad(s, args, true)],
  ['repeat', repeat],
  ['replace', (s: string, [wanted, by]) => replace(s, wanted, by, false)],
  ['replaceAll', (s: string, [wanted, by]) => replace(s, wanted, by, true)],
  ['slice', plain((s, [from, to]) => s.slice(index(from, 0), to === undefined ? undefined : toNumber(to)))],
  ['split', split],
  [
    'substring',
    plain((s, [from, to]) => s.substring(index(from, 0), to === undefined ? undefined : toNumber(to))),
  ],
  [
    'substr',
    plain((s, [from, n]) => {
      const start = index(from, 0);
      const at = start < 0 ? Math.max(0, s.length + start) : start;
      return s.slice(at, n === undefined ? undefined : at + Math.max(0, toNumber(n)));
    }),
  ],
  ['toLowerCase', plain((s) => s.toLowerCase())],
  ['toUpperCase', plain((s) => s.toUpperCase())],
  ['trim', plain((s) => s.trim())],
  ['trimEnd', plain((s) => s.trimEnd())],
  ['trimStart', plain((s) => s.trimStart())],
  ['toString', (s: string) => s],
  ['valueOf', (s: string) => s],
  ...['match', 'matchAll', 'search'].map((name) => [name, refuse(name)] as const),
]);

function joinTwo(a: string, b: string): string {
  chargeMemory(16 + Math.min(a.length, b.length));
  return a + b;
}

function digits(v: unknown, fallback: number, low: number, high: number): number {
  const n = v === undefined ? fallback : Math.trunc(toNumber(v));
  if (!(n >= low && n <= high)) throw new ValueError(`the argument must be between ${low} and ${high}`);
  return n;
}

export const NUMBER: Methods = new Map<string, Method>([
  ['toFixed', (n: unknown, [places]) => toNumber(n).toFixed(digits(places, 0, 0, 100))],
  [
    'toPrecision',
    (n: unknown, [places]) =>
      places === undefined ? toText(n) : toNumber(n).toPrecision(digits(places, 1, 1, 100)),
  ],
  [
    'toExponential',
    (n: unknown, [places]) =>
      toNumber(n).toExponential(places === undefined ? undefined : digits(places, 0, 0, 100)),
  ],
  [
    'toString',
    (n: unknown, [radix]) => {
      const base = digits(radix, 10, 2, 36);
      if (base === 10) return toText(n);
      if (typeof n === 'bigint') chargeMemory(n.toString(16).length * 4);
      return typeof n === 'bigint' ? n.toString(base) : toNumber(n).toString(base);
    },
  ],
  ['valueOf', (n: unknown) => n],
]);

export function tooDeep(): never {
  throw new RecursionError('the value is nested too deeply');
}
