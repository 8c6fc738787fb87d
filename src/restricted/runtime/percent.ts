/** `text % values`: printf-style formatting of str and bytes. */
import { Tuple } from '../../pickle/index.ts';
import { chargeMemory } from './budget.ts';
import { operatorsOf } from './compare.ts';
import { KeyError, OverflowError, TypeError, ValueError } from './errors.ts';
import { exponentText, fixed, general } from './format-spec.ts';
import { asFloat, asInt, intText, truncate } from './numbers.ts';
import { repr, str } from './repr.ts';
import { asciiText, textLength, textSlice } from './text.ts';
import { typeName } from './types.ts';

const FIELD = /([-+ #0]*)(\*|\d+)?(?:\.(\*|\d*))?[hlL]?([^])?/uy;

/** One conversion of a template; -1 for a width or precision that is an argument. */
interface Field {
  readonly key: string | undefined;
  readonly flags: string;
  readonly width: number | undefined;
  readonly precision: number | undefined;
  readonly type: string;
  /** Where the letter stands, for the message about a wrong one. */
  readonly index: number;
}

const STAR = -1;
/** Templates are few and used often. Longer ones are not kept. */
const parsed = new Map<string, (string | Field)[]>();
const MOST_PARSED = 500;
const LONGEST_KEPT = 1000;

/** Literal parts and conversions; an error that Python finds late is kept as a conversion without a type. */
function parse(template: string): (string | Field)[] {
  const known = parsed.get(template);
  if (known !== undefined) return known;
  const parts: (string | Field)[] = [];
  let at = 0;
  for (;;) {
    const percent = template.indexOf('%', at);
    if (percent !== at) parts.push(template.slice(at, percent === -1 ? undefined : percent));
    if (percent === -1) break;
    at = percent + 1;
    let key: string | undefined;
    if (template[at] === '(') {
      const close = closing(template, at);
      key = template.slice(at + 1, close);
      at = close + 1;
    }
    FIELD.lastIndex = at;
    const [whole, flags, width, precision, type = ''] = FIELD.exec(template) as unknown as [
      string,
      string,
      string?,
      string?,
      string?,
    ];
    at += whole.length;
    const size = (text: string | undefined): number | undefined =>
      text === undefined ? undefined : text === '*' ? STAR : Number(text);
    parts.push({ key, flags, width: size(width), precision: size(precision), type, index: at - type.length });
  }
  if (template.length <= LONGEST_KEPT) {
    if (parsed.size >= MOST_PARSED) parsed.clear();
    parsed.set(template, parts);
  }
  return parts;
}

export function formatPercent(template: string | Uint8Array, values: unknown): unknown {
  if (typeof template !== 'string') {
    const text = Buffer.from(template).toString('latin1');
    return new Uint8Array(Buffer.from(new Formatter(text, values, true).run(), 'latin1'));
  }
  return new Formatter(template, values, false).run();
}

class Formatter {
  readonly #template: string;
  readonly #values: unknown;
  readonly #args: readonly unknown[];
  readonly #bytes: boolean;
  #next = 0;
  #mapped = false;

  constructor(template: string, values: unknown, bytes: boolean) {
    this.#template = template;
    this.#values = values;
    this.#args = values instanceof Tuple ? values : [values];
    this.#bytes = bytes;
  }

  run(): string {
    let out = '';
    for (const part of parse(this.#template)) out += typeof part === 'string' ? part : this.#field(part);
    if (!this.#mapped && this.#next < this.#args.length && !this.#isMapping())
      throw new TypeError('not all arguments converted during string formatting');
    return out;
  }

  #field({ key, flags, width, precision, type, index }: Field): string {
    let value = key === undefined ? undefined : this.#byKey(key);
    let left = flags.includes('-');
    let w = width === STAR ? this.#star() : (width ?? 0);
    if (w < 0) {
      left = true;
      w = -w;
    }
    const p = precision === STAR ? Math.max(0, this.#star()) : precision;
    if (type === '') throw new ValueError('incomplete format');
    if (type === '%') return '%';
    if (key === undefined) value = this.#take();
    if (!'sradiuoxXeEfFgGcb'.includes(type) || (type === 'b' && !this.#bytes)) {
      const place = textLength(this.#template.slice(0, index));
      throw new ValueError(
        `unsupported format character '${type}' (0x${type.codePointAt(0)!.toString(16)}) at index ${place}`,
      );
    }
    const piece = this.#one(type, value, flags, p);
    chargeMemory(Math.max(w, piece.length));
    return w === 0 ? piece : field(piece, w, left, flags.includes('0') && !'sracb'.includes(type));
  }

  /** A single value with items by key needs not be used up. */
  #isMapping(): boolean {
    const v = this.#values;
    if (v instanceof Tuple || typeof v === 'string') return false;
    return (
      Array.isArray(v) ||
      v instanceof Map ||
      (v !== null && typeof v === 'object' && operatorsOf(v).getitem !== undefined)
    );
  }

  #byKey(key: string): unknown {
    this.#mapped = true;
    const v = this.#values;
    if (v instanceof Map) {
      const found: unknown = v.get(key);
      if (found === undefined) throw new KeyError(key);
      return found;
    }
    const get =
      v !== null && typeof v === 'object' && !(v instanceof Tuple) ? operatorsOf(v).getitem : undefined;
    if (get === undefined) throw new TypeError('format requires a mapping');
    return get(v, key);
  }

  #take(): unknown {
    if (this.#next >= this.#args.length) throw new TypeError('not enough arguments for format string');
    return this.#args[this.#next++];
  }

  #star(): number {
    const n = asInt(this.#take());
    if (n === undefined) throw new TypeError('* wants int');
    if (typeof n === 'bigint') throw new OverflowError('Python int too large to convert to C ssize_t');
    return n;
  }

  #one(type: string, value: unknown, flags: string, precision: number | undefined): string {
    switch (type) {
      case 's':
      case 'b':
        return cut(this.#bytes ? bytesText(value) : str(value), precision);
      case 'r':
        return cut(repr(value), precision);
      case 'a':
        return cut(asciiText(repr(value)), precision);
      case 'c':
        return this.#character(value);
      default:
        return 'eEfFgG'.includes(type)
          ? realText(type, value, flags, precision)
          : wholeText(type, value, flags, precision);
    }
  }

  #character(value: unknown): string {
    const n = asInt(value);
    if (n !== undefined) {
      if (n < 0 || n > 0x10ffff) throw new OverflowError('%c arg not in range(0x110000)');
      return String.fromCodePoint(Number(n));
    }
    if (typeof value === 'string' && textLength(value) === 1) return value;
    throw new TypeError('%c requires int or char');
  }
}

function closing(t: string, open: number): number {
  let depth = 0;
  for (let i = open; i < t.length; i++) {
    if (t[i] === '(') depth++;
    else if (t[i] === ')' && --depth === 0) return i;
  }
  throw new ValueError('incomplete format key');
}

function cut(text: string, precision: number | undefined): string {
  return precision === undefined || textLength(text) <= precision ? text : textSlice(text, 0, precision);
}

function bytesText(v: unknown): string {
  if (v instanceof Uint8Array) return Buffer.from(v).toString('latin1');
  throw new TypeError(
    `%b requires a bytes-like object, or an object that implements __bytes__, not '${typeName(v)}'`,
  );
}

function wholeText(type: string, value: unknown, flags: string, precision: number | undefined): string {
  let n = asInt(value);
  if (n === undefined) {
    const f = asFloat(value);
    if ('oxX'.includes(type))
      throw new TypeError(`%${type} format: an integer is required, not ${typeName(value)}`);
    if (f === undefined)
      throw new TypeError(`%${type} format: a real number is required, not ${typeName(value)}`);
    n = truncate(f);
  }
  const negative = n < 0;
  const m = typeof n === 'bigint' ? (negative ? -n : n) : Math.abs(n);
  let text =
    type === 'o'
      ? m.toString(8)
      : type === 'x'
        ? m.toString(16)
        : type === 'X'
          ? m.toString(16).toUpperCase()
          : intText(m);
  if (precision !== undefined) {
    chargeMemory(precision);
    text = text.padStart(precision, '0');
  }
  if (flags.includes('#') && 'oxX'.includes(type)) text = `0${type}${text}`;
  return sign(negative, flags) + text;
}

function realText(type: string, value: unknown, flags: string, precision: number | undefined): string {
  const n = asFloat(value);
  if (n === undefined) {
    if (value !== null && typeof value === 'object' && operatorsOf(value).float !== undefined)
      return realText(type, operatorsOf(value).float!(value), flags, precision);
    throw new TypeError(`must be real number, not ${typeName(value)}`);
  }
  const negative = n < 0 || Object.is(n, -0);
  const m = Math.abs(n);
  const p = precision ?? 6;
  let text: string;
  if (!Number.isFinite(n)) text = Number.isNaN(n) ? 'nan' : 'inf';
  else if (type === 'e' || type === 'E') text = exponentText(m, p, flags.includes('#'));
  else if (type === 'f' || type === 'F') text = fixed(m, p);
  else text = general(m, p, flags.includes('#'));
  if (type === type.toUpperCase()) text = text.toUpperCase();
  return sign(negative && !Number.isNaN(n), flags) + text;
}

function sign(negative: boolean, flags: string): string {
  return negative ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
}

function field(piece: string, width: number, left: boolean, zeros: boolean): string {
  const length = textLength(piece);
  if (length >= width) return piece;
  chargeMemory(width * 2);
  if (left) return piece + ' '.repeat(width - length);
  if (zeros) {
    const head = /^[-+ ]?(?:0[xXo])?/.exec(piece)![0];
    return head + '0'.repeat(width - length) + piece.slice(head.length);
  }
  return ' '.repeat(width - length) + piece;
}
