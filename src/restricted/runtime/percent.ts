/**
 * `text % values`: printf-style formatting of str and bytes.
 *
 * Over 400 lines: the quick way and the full one go over the same parsed templates.
 */
import { Range, Tuple } from '../../pickle/index.ts';
import { guardedItem } from '../guards/items.ts';
import { chargeMemory, chargeSteps, chargeText } from './budget.ts';
import { operatorsOf } from './compare.ts';
import { OverflowError, TypeError, ValueError } from './errors.ts';
import { exponentText, fixed, general } from './format-spec.ts';
import { asFloat, asInt, truncate } from './numbers.ts';
import { intText } from './number-text.ts';
import { repr, str } from './repr.ts';
import { asciiText, textLength, textSlice } from './text.ts';
import { typeName } from './types.ts';

const FIELD = /([-+ #0]*)(\*|\d+)?(?:\.(\*|\d*))?[hlL]?([^])?/uy;
/** Largest width and precision that Python's own integers hold. */
const WIDEST = 2n ** 63n - 1n;
const MOST_PRECISE = 2n ** 31n - 1n;

/** One conversion of a template; -1 for a width or precision that is an argument. */
interface Field {
  readonly key: string | undefined;
  readonly flags: string;
  readonly width: number | undefined;
  readonly precision: number | undefined;
  readonly type: string;
  /** Where the letter stands, for the message about a wrong one. */
  readonly index: number;
  /** The frequent kinds have a short way: `%s`, and `%d` and `%.2f` of ordinary numbers, with blanks or zeros before them. */
  readonly quick: 's' | 'd' | 'f' | undefined;
  readonly fill: ' ' | '0';
}

const quickKind = (
  key: string | undefined,
  flags: string,
  width: number,
  precision: number | undefined,
  type: string,
): Field['quick'] => {
  if (key !== undefined || width < 0 || width > 99 || (flags !== '' && flags !== '0')) return undefined;
  if (type === 's' && width === 0 && precision === undefined) return 's';
  if ((type === 'd' || type === 'i') && precision === undefined) return 'd';
  return type === 'f' && precision !== STAR && (precision ?? 6) <= 15 ? 'f' : undefined;
};

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
    chargeSteps(1);
    chargeMemory(128);
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
    const size = (text: string | undefined, most: bigint, what: string): number | undefined => {
      if (text === undefined || text === '*') return text === undefined ? undefined : STAR;
      if (text.length > 20 || (text.length > 9 && BigInt(text) > most))
        throw new ValueError(`${what} too big`);
      return Number(text);
    };
    const [w, p] = [size(width, WIDEST, 'width'), size(precision, MOST_PRECISE, 'precision')];
    if (type === '%' && whole === '%' && key === undefined) {
      parts.push('%');
      continue;
    }
    parts.push({
      key,
      flags,
      width: w,
      precision: p,
      type,
      index: at - type.length,
      quick: quickKind(key, flags, w ?? 0, p, type),
      fill: flags === '0' ? '0' : ' ',
    });
  }
  if (template.length <= LONGEST_KEPT) {
    if (parsed.size >= MOST_PARSED) parsed.clear();
    parsed.set(template, parts);
  }
  return parts;
}

export function formatPercent(template: string | Uint8Array, values: unknown): unknown {
  if (template.length > LONGEST_KEPT) {
    chargeMemory(template.length * 2);
    chargeText(template.length * 4);
  }
  if (typeof template !== 'string') {
    const text = Buffer.from(template).toString('latin1');
    return new Uint8Array(Buffer.from(new Formatter(text, parse(text), values, true).run(), 'latin1'));
  }
  const parts = parse(template);
  return quickly(parts, values) ?? new Formatter(template, parts, values, false).run();
}

/** The text where every conversion has a short way and a value that fits; undefined: the long way, from the start. */
function quickly(parts: readonly (string | Field)[], values: unknown): string | undefined {
  const args = values instanceof Tuple ? values : undefined;
  let next = 0;
  let out = '';
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]!;
    if (typeof part === 'string') {
      out += part;
      continue;
    }
    const { quick } = part;
    if (quick === undefined || (args === undefined ? next > 0 : next >= args.length)) return undefined;
    const value: unknown = args === undefined ? values : args[next];
    next++;
    let piece: string;
    if (quick === 's') {
      if (typeof value === 'string') piece = value;
      else if (typeof value === 'number' && (value | 0) === value) piece = `${value}`;
      else return undefined;
    } else {
      if (typeof value !== 'number' || value < 0) return undefined;
      if (quick === 'd') {
        if ((value | 0) !== value) return undefined;
        piece = `${value}`;
      } else {
        const text = quickFixed(value, part.precision ?? 6);
        if (text === undefined) return undefined;
        piece = text;
      }
      const width = part.width ?? 0;
      if (piece.length < width) piece = piece.padStart(width, part.fill);
    }
    chargeMemory(piece.length);
    out += piece;
  }
  if (next !== (args === undefined ? 1 : args.length)) return undefined;
  return out;
}

const POWERS = [1, 10, 100, 1000, 10_000, 100_000, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/**
 * A float that is not negative with `precision` digits behind the point. The product with a power of ten is good enough to round by
 * where it is not near a half; where it is, and for large numbers, undefined.
 */
function quickFixed(n: number, precision: number): string | undefined {
  const power = POWERS[precision]!;
  const scaled = n * power;
  if (!(scaled < 1e9)) return undefined;
  const whole = Math.floor(scaled);
  const rest = scaled - whole;
  if (Math.abs(rest - 0.5) < 1e-6) return undefined;
  const digits = rest > 0.5 ? whole + 1 : whole;
  if (precision === 0) return `${digits}`;
  const head = Math.floor(digits / power);
  return `${head}.${`${digits - head * power + power}`.slice(1)}`;
}

class Formatter {
  readonly #template: string;
  readonly #parts: readonly (string | Field)[];
  readonly #values: unknown;
  readonly #args: readonly unknown[];
  readonly #bytes: boolean;
  #next = 0;
  #mapped = false;
  /** What the key of the running conversion gave. */
  #pending: unknown;

  constructor(template: string, parts: readonly (string | Field)[], values: unknown, bytes: boolean) {
    this.#template = template;
    this.#parts = parts;
    this.#values = values;
    this.#args = values instanceof Tuple ? values : [values];
    this.#bytes = bytes;
  }

  run(): string {
    let out = '';
    for (const part of this.#parts) {
      chargeSteps(1);
      if (typeof part === 'string') chargeMemory(part.length);
      out += typeof part === 'string' ? part : this.#field(part);
    }
    if (!this.#mapped && this.#next < this.#args.length && !this.#isMapping())
      throw new TypeError(
        `not all arguments converted during ${this.#bytes ? 'bytes' : 'string'} formatting`,
      );
    return out;
  }

  #field({ key, flags, width, precision, type, index }: Field): string {
    if (key !== undefined) this.#pending = this.#byKey(key);
    let left = flags.includes('-');
    let w = width === STAR ? this.#star(WIDEST, 'ssize_t') : (width ?? 0);
    if (w < 0) {
      left = true;
      w = -w;
    }
    const p = precision === STAR ? Math.max(0, this.#star(MOST_PRECISE, 'int')) : precision;
    if (type === '') throw new ValueError('incomplete format');
    const value = this.#take();
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
      v instanceof Uint8Array ||
      v instanceof Range ||
      (v !== null && typeof v === 'object' && operatorsOf(v).getitem !== undefined)
    );
  }

  #byKey(key: string): unknown {
    this.#mapped = true;
    const v = this.#values;
    const asked = this.#bytes ? new Uint8Array(Buffer.from(key, 'latin1')) : key;
    if (v instanceof Map) return guardedItem(v, asked);
    // A list is asked for the key as well.
    if (Array.isArray(v) && !(v instanceof Tuple))
      throw new TypeError('list indices must be integers or slices, not str');
    if (v === null || typeof v !== 'object' || v instanceof Tuple || operatorsOf(v).getitem === undefined)
      throw new TypeError('format requires a mapping');
    return guardedItem(v, key);
  }

  #take(): unknown {
    if (this.#mapped) {
      // A width by star takes what the key gave, as in Python; then nothing is left.
      const value = this.#pending;
      this.#pending = undefined;
      if (value === undefined) throw new TypeError('not enough arguments for format string');
      return value;
    }
    if (this.#next >= this.#args.length) throw new TypeError('not enough arguments for format string');
    return this.#args[this.#next++];
  }

  #star(most: bigint, type: string): number {
    const n = asInt(this.#take());
    if (n === undefined) throw new TypeError('* wants int');
    if (n > most || n < -most - 1n) throw new OverflowError(`Python int too large to convert to C ${type}`);
    return Number(n);
  }

  #one(type: string, value: unknown, flags: string, precision: number | undefined): string {
    switch (type) {
      case 's':
      case 'b':
        return cut(this.#bytes ? bytesText(value) : str(value), precision);
      case 'r':
        return cut(this.#bytes ? asciiText(repr(value)) : repr(value), precision);
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
      if (this.#bytes && (n < 0 || n > 255)) throw new OverflowError('%c arg not in range(256)');
      if (n < 0 || n > 0x10ffff) throw new OverflowError('%c arg not in range(0x110000)');
      return String.fromCodePoint(Number(n));
    }
    if (this.#bytes) {
      if (value instanceof Uint8Array && value.length === 1) return String.fromCharCode(value[0]!);
      throw new TypeError('%c requires an integer in range(256) or a single byte');
    }
    if (typeof value === 'string' && textLength(value) === 1) return value;
    throw new TypeError('%c requires int or char');
  }
}

function closing(t: string, open: number): number {
  let depth = 0;
  for (let i = open; i < t.length; i++) {
    if ((i & 1023) === 0) chargeSteps(128);
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

/** What an object of a class of ours is as an int; undefined: it is none. */
function ownInt(value: unknown): number | bigint | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  return operatorsOf(value).int?.(value) as number | bigint | undefined;
}

function wholeText(type: string, value: unknown, flags: string, precision: number | undefined): string {
  let n = asInt(value);
  if (n === undefined) {
    const f = asFloat(value);
    if ('oxX'.includes(type))
      throw new TypeError(`%${type} format: an integer is required, not ${typeName(value)}`);
    n = f === undefined ? ownInt(value) : truncate(f);
    if (n === undefined)
      throw new TypeError(`%${type} format: a real number is required, not ${typeName(value)}`);
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
  else if (type === 'f' || type === 'F') text = fixed(m, p) + (p === 0 && flags.includes('#') ? '.' : '');
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
