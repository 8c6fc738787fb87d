/**
 * The methods of `str`. Offsets that scripts see count code points.
 *
 * Over 400 lines: one table, and a short function for each of its rows.
 */
import { Tuple, tuple } from '../../pickle/index.ts';
import { bounds, guardedItem } from '../guards/items.ts';
import { chargeItems, chargeMemory, chargeSteps, chargeText } from './budget.ts';
import { encodeText } from './codecs.ts';
import { LookupError, TypeError, ValueError } from './errors.ts';
import { formatFields } from './format-fields.ts';
import { listOf } from './iterate.ts';
import { asInt, toIndex } from './numbers.ts';
import { everyCharacter, indexOf, lastIndexOf, mapCharacters, mapPieces } from './long-text.ts';
import { isPrintable, isWide, pointOffset, SPACE, textLength, unitOffset } from './text.ts';
import { addMethods, addRawMethod, strType, typeName } from './types.ts';
import { Slice } from './values.ts';

type Optional = unknown;

function text(v: unknown, what: string): string {
  if (typeof v === 'string') return v;
  throw new TypeError(`${what}, not ${typeName(v)}`);
}

/** The part of the string that `start` and `stop` of `find` and others select, in UTF-16 units. */
function range(s: string, start: Optional, stop: Optional): [number, number] {
  const length = textLength(s);
  const b = bounds(new Slice(start ?? null, stop ?? null), length);
  return [unitOffset(s, b.start), unitOffset(s, Math.max(b.start, b.stop))];
}

/** Whether `start` is beyond the end, where not even the empty string is found. */
function beyond(s: string, start: Optional): boolean {
  const n = start === undefined || start === null ? 0 : (asInt(start) ?? 0);
  return n > textLength(s);
}

/** Whether the part ends before it begins: there is not even an empty text in it. */
function reversedRange(s: string, start: Optional, stop: Optional): boolean {
  if (stop === undefined || stop === null) return false;
  const b = bounds(new Slice(start ?? null, stop), textLength(s));
  return b.start > b.stop;
}

function find(s: string, part: unknown, start: Optional, stop: Optional, last: boolean): number {
  const p = text(part, 'must be str');
  if (beyond(s, start)) return -1;
  if (reversedRange(s, start, stop)) return -1;
  const [a, b] = range(s, start, stop);
  const within = s.slice(a, b);
  const at = last ? lastIndexOf(within, p) : indexOf(within, p);
  return at === -1 ? -1 : pointOffset(s, a + at);
}

function count(s: string, part: unknown, start: Optional, stop: Optional): number {
  const p = text(part, 'must be str');
  if (beyond(s, start)) return 0;
  if (reversedRange(s, start, stop)) return 0;
  const [a, b] = range(s, start, stop);
  const within = s.slice(a, b);
  if (p === '') return textLength(within) + 1;
  let n = 0;
  // Of short parts many may be found: they are not charged for all that follows.
  const next = (at: number) =>
    p.length > 64 ? indexOf(within, p, at + p.length) : within.indexOf(p, at + p.length);
  for (let at = indexOf(within, p); at !== -1; at = next(at)) {
    n++;
    if ((n & 63) === 0) chargeSteps(16);
  }
  return n;
}

function affix(
  s: string,
  affixes: unknown,
  start: Optional,
  stop: Optional,
  name: 'startswith' | 'endswith',
): boolean {
  const list = affixes instanceof Tuple ? affixes : [affixes];
  if (beyond(s, start)) return false;
  const [a, b] = range(s, start, stop);
  const within = s.slice(a, b);
  for (const one of list) {
    if (typeof one !== 'string')
      throw new TypeError(
        affixes instanceof Tuple
          ? `tuple for ${name} must only contain str, not ${typeName(one)}`
          : `${name} first arg must be str or a tuple of str, not ${typeName(one)}`,
      );
    chargeText(Math.min(one.length, within.length));
    if (name === 'startswith' ? within.startsWith(one) : within.endsWith(one)) return true;
  }
  return false;
}

/** Whether the two units from `i` on are one code point. */
const isPair = (s: string, i: number): boolean =>
  (s.charCodeAt(i) & 0xfc00) === 0xd800 && (s.charCodeAt(i + 1) & 0xfc00) === 0xdc00;

function strip(s: string, chars: Optional, left: boolean, right: boolean): string {
  if (chars !== undefined && chars !== null && typeof chars !== 'string')
    throw new TypeError(`${left && right ? 'strip' : left ? 'lstrip' : 'rstrip'} arg must be None or str`);
  const wanted = typeof chars === 'string' ? new Set(chars) : undefined;
  const hit = (c: string): boolean => (wanted === undefined ? SPACE.test(c) : wanted.has(c));
  const wide = isWide(s);
  const at = (i: number): string => (wide ? String.fromCodePoint(s.codePointAt(i)!) : s[i]!);
  const before = (i: number): string => (wide && i > 1 && isPair(s, i - 2) ? s.slice(i - 2, i) : s[i - 1]!);
  let a = 0;
  let b = s.length;
  for (let c = ''; left && a < b && hit((c = at(a))); a += c.length) if ((a & 63) === 0) chargeSteps(8);
  for (let c = ''; right && b > a && hit((c = before(b))); b -= c.length) if ((b & 63) === 0) chargeSteps(8);
  return s.slice(a, b);
}

function limit(v: Optional): number {
  const n = v === undefined ? -1 : toIndex(v);
  return n < 0 ? Infinity : n;
}

/** So many parts of a text were cut out of it. */
function chargeParts(s: string, n: number): void {
  chargeMemory(n * 48);
  chargeSteps(n + (s.length >>> 12));
}

function split(s: string, separator: Optional, most: Optional): string[] {
  chargeSteps(s.length >>> 8);
  const max = limit(most);
  const parts: string[] = [];
  if (separator === undefined || separator === null) {
    let at = 0;
    for (;;) {
      while (at < s.length && SPACE.test(s[at]!)) at++;
      if (at >= s.length) break;
      if (parts.length >= max) {
        parts.push(s.slice(at));
        break;
      }
      let end = at;
      while (end < s.length && !SPACE.test(s[end]!)) end++;
      parts.push(s.slice(at, end));
      chargeSteps(1 + ((end - at) >>> 3));
      chargeMemory(48);
      at = end;
    }
  } else {
    const sep = text(separator, 'must be str or None');
    if (sep === '') throw new ValueError('empty separator');
    let at = 0;
    while (parts.length < max) {
      const next = sep.length > 64 ? indexOf(s, sep, at) : s.indexOf(sep, at);
      if (next === -1) break;
      parts.push(s.slice(at, next));
      if ((parts.length & 63) === 0) chargeParts(s, 64);
      at = next + sep.length;
    }
    parts.push(s.slice(at));
  }
  return parts;
}

function rsplit(s: string, separator: Optional, most: Optional): string[] {
  const max = limit(most);
  if (max === Infinity) return split(s, separator, undefined);
  const parts: string[] = [];
  if (separator === undefined || separator === null) {
    let end = s.length;
    for (;;) {
      while (end > 0 && SPACE.test(s[end - 1]!)) end--;
      if (end === 0) break;
      if (parts.length >= max) {
        parts.push(s.slice(0, end));
        break;
      }
      let at = end;
      while (at > 0 && !SPACE.test(s[at - 1]!)) at--;
      parts.push(s.slice(at, end));
      if ((parts.length & 63) === 0) chargeItems(64);
      end = at;
    }
    return parts.reverse();
  }
  const sep = text(separator, 'must be str or None');
  if (sep === '') throw new ValueError('empty separator');
  let end = s.length;
  while (parts.length < max) {
    const at =
      end < sep.length
        ? -1
        : sep.length > 64
          ? lastIndexOf(s, sep, end)
          : s.lastIndexOf(sep, end - sep.length);
    if (at === -1) break;
    parts.push(s.slice(at + sep.length, end));
    if ((parts.length & 63) === 0) chargeItems(64);
    end = at;
  }
  parts.push(s.slice(0, end));
  return parts.reverse();
}

// oxlint-disable-next-line no-control-regex
const LINE_END = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/g;

function splitlines(s: string, keep: Optional): string[] {
  const ends = keep !== undefined && keep !== false && keep !== null && keep !== 0;
  const lines: string[] = [];
  let at = 0;
  for (const match of s.matchAll(LINE_END)) {
    const end = match.index + match[0].length;
    lines.push(s.slice(at, ends ? end : match.index));
    if ((lines.length & 63) === 0) chargeParts(s, 64);
    at = end;
  }
  if (at < s.length) lines.push(s.slice(at));
  return lines;
}

function join(s: string, items: unknown): string {
  const list = Array.isArray(items) ? items : listOf(items);
  let size = 0;
  for (let i = 0; i < list.length; i++) {
    const item: unknown = list[i];
    if (typeof item !== 'string')
      throw new TypeError(`sequence item ${i}: expected str instance, ${typeName(item)} found`);
    size += item.length + s.length;
  }
  chargeMemory(16 + size);
  chargeSteps(list.length >>> 2);
  return Array.prototype.join.call(list, s);
}

/** All of a short part: in pieces, which end behind what was found. */
function replaceShort(s: string, old: string, fresh: string): string {
  const parts: string[] = [];
  let at = 0;
  let found = s.indexOf(old);
  while (found !== -1) {
    let out = '';
    for (let n = 0; n < 512 && found !== -1; n++) {
      out += s.slice(at, found) + fresh;
      at = found + old.length;
      found = s.indexOf(old, at);
    }
    chargeSteps(128);
    parts.push(out);
  }
  parts.push(s.slice(at));
  return parts.join('');
}

function replace(s: string, from: unknown, to: unknown, most: Optional): string {
  const old = text(from, 'replace() argument 1 must be str');
  const fresh = text(to, 'replace() argument 2 must be str');
  const max = limit(most);
  if (old === '') {
    let left = Math.min(textLength(s) + 1, max);
    const first = left > 0 ? fresh : '';
    left--;
    return first + mapCharacters(s, (c) => (left-- > 0 ? c + fresh : c));
  }
  const n = Math.min(count(s, old, undefined, undefined), max);
  if (n === 0) return s;
  chargeMemory(s.length + n * Math.max(0, fresh.length - old.length) + 16);
  if (max === Infinity && old.length <= 64) {
    return replaceShort(s, old, fresh);
  }
  const parts: string[] = [];
  let at = 0;
  for (let i = 0; i < n; i++) {
    const next = old.length > 64 ? indexOf(s, old, at) : s.indexOf(old, at);
    parts.push(s.slice(at, next));
    if ((i & 63) === 0) chargeParts(s, 64);
    at = next + old.length;
  }
  parts.push(s.slice(at));
  return parts.join(fresh);
}

function justify(s: string, width: unknown, fill: Optional, where: 'left' | 'right' | 'center'): string {
  const w = toIndex(width);
  const c = fill === undefined ? ' ' : fill;
  if (typeof c !== 'string')
    throw new TypeError(`The fill character must be a unicode character, not ${typeName(c)}`);
  if (textLength(c) !== 1) throw new TypeError('The fill character must be exactly one character long');
  const missing = w - textLength(s);
  if (missing <= 0) return s;
  chargeMemory(w * c.length);
  if (where === 'left') return s + c.repeat(missing);
  if (where === 'right') return c.repeat(missing) + s;
  const left = Math.floor(missing / 2) + (missing & w & 1);
  return c.repeat(left) + s + c.repeat(missing - left);
}

const CASED = /\p{Uppercase}|\p{Lowercase}|\p{Lt}/u;
const isUpper = (c: string): boolean => /\p{Uppercase}/u.test(c);
const isLower = (c: string): boolean => /\p{Lowercase}/u.test(c);
const isTitle = (c: string): boolean => /\p{Lt}/u.test(c);

/** Digraphs have a title case of their own. */
const TITLE = new Map<string, string>();
for (const letters of ['ǄǅǆǅǅǄ', 'ǇǈǉǈǈǇ', 'ǊǋǌǋǋǊ', 'ǱǲǳǲǲǱ'])
  for (const c of letters.slice(0, 3)) TITLE.set(c, letters[1]!);

function titleOf(c: string): string {
  const own = TITLE.get(c);
  if (own !== undefined) return own;
  const upper = c.toUpperCase();
  if (upper.length <= c.length) return upper;
  // A letter that becomes several keeps only the first in upper case.
  const [first, ...rest] = Array.from(upper);
  return first! + rest.join('').toLowerCase();
}

function title(s: string): string {
  let inside = false;
  return mapCharacters(s, (c) => {
    const cased = CASED.test(c);
    const shown = cased ? (inside ? c.toLowerCase() : titleOf(c)) : c;
    inside = cased;
    return shown;
  });
}

function capitalize(s: string): string {
  const [first] = s;
  return first === undefined ? '' : titleOf(first) + s.slice(first.length).toLowerCase();
}

function swapcase(s: string): string {
  return mapCharacters(s, (c) => (isUpper(c) ? c.toLowerCase() : isLower(c) ? c.toUpperCase() : c));
}

function casefold(s: string): string {
  return mapPieces(s, (piece) =>
    piece
      .replace(/\u1e9e|\u00df/g, 'ss')
      .toUpperCase()
      .toLowerCase()
      .replaceAll('ς', 'σ'),
  );
}

function every(s: string, pattern: RegExp): boolean {
  chargeSteps(s.length >>> 3);
  return s !== '' && pattern.test(s);
}

function isCase(s: string, wanted: (c: string) => boolean, other: (c: string) => boolean): boolean {
  let found = false;
  const plain = everyCharacter(s, (c) => {
    if (other(c) || isTitle(c)) return false;
    if (wanted(c)) found = true;
    return true;
  });
  return plain && found;
}

function istitle(s: string): boolean {
  let found = false;
  let inside = false;
  const plain = everyCharacter(s, (c) => {
    if (isUpper(c) || isTitle(c)) {
      if (inside) return false;
      inside = found = true;
    } else if (isLower(c)) {
      if (!inside) return false;
      found = true;
    } else inside = false;
    return true;
  });
  return plain && found;
}

/** Superscripts and other digits that are no decimal numbers. */
const DIGIT =
  /^(?:\p{Nd}|[\u00b2\u00b3\u00b9\u1369-\u1371\u19da\u2070\u2074-\u2079\u2080-\u2089\u2460-\u2468\u2474-\u247c\u2488-\u2490\u24ea\u24f5-\u24fd\u24ff\u2776-\u277e\u2780-\u2788\u278a-\u2792])+$/u;

function expandtabs(s: string, size: Optional): string {
  const width = size === undefined ? 8 : toIndex(size);
  let column = 0;
  return mapCharacters(s, (c) => {
    if (c !== '\t') {
      column = c === '\n' || c === '\r' ? 0 : column + 1;
      return c;
    }
    const n = width > 0 ? width - (column % width) : 0;
    chargeMemory(n);
    column += n;
    return ' '.repeat(n);
  });
}

function partition(s: string, separator: unknown, last: boolean): Tuple {
  const sep = text(separator, 'must be str');
  if (sep === '') throw new ValueError('empty separator');
  const at = last ? lastIndexOf(s, sep) : indexOf(s, sep);
  if (at === -1) return last ? tuple('', '', s) : tuple(s, '', '');
  return tuple(s.slice(0, at), sep, s.slice(at + sep.length));
}

function translate(s: string, table: unknown): string {
  return mapCharacters(s, (c) => {
    let mapped: unknown;
    try {
      mapped = guardedItem(table, c.codePointAt(0)!);
    } catch (error) {
      if (!(error instanceof LookupError)) throw error;
      mapped = c;
    }
    if (mapped === null) return '';
    const n = asInt(mapped);
    if (n !== undefined) return String.fromCodePoint(Number(n));
    const piece = text(mapped, 'character mapping must return integer, None or str');
    chargeMemory(piece.length);
    return piece;
  });
}

function zfill(s: string, width: unknown): string {
  const missing = toIndex(width) - textLength(s);
  if (missing <= 0) return s;
  chargeMemory(missing + s.length);
  const sign = /^[-+]/.exec(s)?.[0] ?? '';
  return sign + '0'.repeat(missing) + s.slice(sign.length);
}

const remove = (s: string, affixText: unknown, end: boolean): string => {
  const a = text(affixText, `remove${end ? 'suffix' : 'prefix'}() argument must be str`);
  if (a === '') return s;
  chargeText(Math.min(a.length, s.length) + s.length);
  return end ? (s.endsWith(a) ? s.slice(0, -a.length) : s) : s.startsWith(a) ? s.slice(a.length) : s;
};

function found(at: number): number {
  if (at === -1) throw new ValueError('substring not found');
  return at;
}

function checked(s: string, make: (s: string) => string): string {
  chargeMemory(16 + s.length);
  // Some of them look at every character.
  chargeSteps(s.length >>> 2);
  return make(s);
}

addMethods(strType, {
  capitalize: ['', (s: string) => checked(s, capitalize)],
  casefold: ['', (s: string) => checked(s, casefold)],
  center: ['width, fillchar=', (s: string, w: unknown, f: Optional) => justify(s, w, f, 'center')],
  count: ['sub, start=, end=', count],
  encode: [
    'encoding=, errors=',
    (s: string, encoding: Optional, errors: Optional) => encodeText(s, encoding, errors),
  ],
  endswith: [
    'suffix, start=, end=',
    (s: string, a: unknown, b: Optional, e: Optional) => affix(s, a, b, e, 'endswith'),
  ],
  expandtabs: ['tabsize=', expandtabs],
  find: ['sub, start=, end=', (s: string, p: unknown, a: Optional, b: Optional) => find(s, p, a, b, false)],
  index: [
    'sub, start=, end=',
    (s: string, p: unknown, a: Optional, b: Optional) => found(find(s, p, a, b, false)),
  ],
  isalnum: ['', (s: string) => every(s, /^[\p{L}\p{N}]+$/u)],
  isalpha: ['', (s: string) => every(s, /^\p{L}+$/u)],
  // oxlint-disable-next-line no-control-regex
  isascii: ['', (s: string) => (chargeSteps(s.length >>> 3), !/[^\x00-\x7f]/.test(s))],
  isdecimal: ['', (s: string) => every(s, /^\p{Nd}+$/u)],
  isdigit: ['', (s: string) => every(s, DIGIT)],
  isidentifier: [
    '',
    (s: string) => (chargeSteps(s.length >>> 3), /^[\p{XID_Start}_]\p{XID_Continue}*$/u.test(s)),
  ],
  islower: ['', (s: string) => isCase(s, isLower, isUpper)],
  isnumeric: ['', (s: string) => every(s, /^[\p{N}]+$/u)],
  isprintable: ['', (s: string) => everyCharacter(s, isPrintable)],
  isspace: ['', (s: string) => s !== '' && everyCharacter(s, (c) => SPACE.test(c))],
  istitle: ['', istitle],
  isupper: ['', (s: string) => isCase(s, isUpper, isLower)],
  join: ['iterable', join],
  ljust: ['width, fillchar=', (s: string, w: unknown, f: Optional) => justify(s, w, f, 'left')],
  lower: ['', (s: string) => checked(s, (t) => t.toLowerCase())],
  lstrip: ['chars=', (s: string, c: Optional) => strip(s, c, true, false)],
  partition: ['sep', (s: string, p: unknown) => partition(s, p, false)],
  removeprefix: ['prefix', (s: string, p: unknown) => remove(s, p, false)],
  removesuffix: ['suffix', (s: string, p: unknown) => remove(s, p, true)],
  replace: ['old, new, count=', replace],
  rfind: ['sub, start=, end=', (s: string, p: unknown, a: Optional, b: Optional) => find(s, p, a, b, true)],
  rindex: [
    'sub, start=, end=',
    (s: string, p: unknown, a: Optional, b: Optional) => found(find(s, p, a, b, true)),
  ],
  rjust: ['width, fillchar=', (s: string, w: unknown, f: Optional) => justify(s, w, f, 'right')],
  rpartition: ['sep', (s: string, p: unknown) => partition(s, p, true)],
  rsplit: ['sep=, maxsplit=', rsplit],
  rstrip: ['chars=', (s: string, c: Optional) => strip(s, c, false, true)],
  split: ['sep=, maxsplit=', split],
  splitlines: ['keepends=', splitlines],
  startswith: [
    'prefix, start=, end=',
    (s: string, a: unknown, b: Optional, e: Optional) => affix(s, a, b, e, 'startswith'),
  ],
  strip: ['chars=', (s: string, c: Optional) => strip(s, c, true, true)],
  swapcase: ['', (s: string) => checked(s, swapcase)],
  title: ['', (s: string) => checked(s, title)],
  translate: ['table', translate],
  upper: ['', (s: string) => checked(s, (t) => t.toUpperCase())],
  zfill: ['width', zfill],
  format_map: ['mapping', (s: string, mapping: unknown) => formatFields(s, [], mapping)],
});

addRawMethod(strType, 'format', (s: string, args, kwargs) => formatFields(s, args, kwargs));
