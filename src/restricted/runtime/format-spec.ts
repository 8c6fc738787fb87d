/** Python's format specification mini-language: `[[fill]align][sign][z][#][0][width][grouping][.precision][type]`. */
import { float, int, type PyInt, PyFloat } from '../../pickle/index.ts';
import { chargeMemory, chargeSteps } from './budget.ts';
import { OverflowError, ValueError } from './errors.ts';
import { asFloat, asInt, isNumeric, roughBytes } from './numbers.ts';
import { floatText, intText } from './number-text.ts';
import { textSlice } from './text.ts';
import { typeName } from './types.ts';
import { Complex } from './values.ts';

interface Spec {
  fill: string;
  align: string;
  sign: string;
  signed: boolean;
  noNegativeZero: boolean;
  zero: boolean;
  alternate: boolean;
  width: number;
  grouping: string;
  precision: number | undefined;
  type: string;
}

const SPEC =
  /^(?:(?<fill>[^])?(?<align>[<>=^]))?(?<sign>[-+ ])?(?<z>z)?(?<alt>#)?(?<zero>0)?(?<width>\d+)?(?<group>[,_])?(?:\.(?<precision>\d+))?(?<type>[^])?$/u;

function parse(spec: string, v: unknown): Spec {
  const g = SPEC.exec(spec)?.groups;
  if (g === undefined)
    throw new ValueError(`Invalid format specifier '${spec}' for object of type '${typeName(v)}'`);
  const width = Number(g['width'] ?? 0);
  if (width > Number.MAX_SAFE_INTEGER) throw new ValueError('Too many decimal digits in format string');
  const zero = g['zero'] !== undefined;
  const kind = g['type'] ?? (typeof v === 'string' ? 's' : '');
  if (g['group'] !== undefined && !(g['group'] === '_' ? 'deEfFgG%boxX' : 'deEfFgG%').includes(kind))
    throw new ValueError(`Cannot specify '${g['group']}' with '${kind}'.`);
  return {
    fill: g['fill'] ?? (zero && g['align'] === undefined ? '0' : zero ? '0' : ' '),
    align: g['align'] ?? '',
    sign: g['sign'] ?? '-',
    signed: g['sign'] !== undefined,
    noNegativeZero: g['z'] !== undefined,
    zero,
    alternate: g['alt'] !== undefined,
    width,
    grouping: g['group'] ?? '',
    precision: g['precision'] === undefined ? undefined : Number(g['precision']),
    type: g['type'] ?? '',
  };
}

function pad(text: string, length: number, s: Spec, align: string): string {
  if (s.width <= length) return text;
  chargeMemory(s.width * 2);
  const n = s.width - length;
  if (align === '<') return text + s.fill.repeat(n);
  if (align === '^') return s.fill.repeat(n >>> 1) + text + s.fill.repeat(n - (n >>> 1));
  return s.fill.repeat(n) + text;
}

/** `format(text, spec)`. */
export function formatText(v: string, spec: string, lengthOf: (s: string) => number): string {
  const s = parse(spec, v);
  if (s.type !== '' && s.type !== 's')
    throw new ValueError(`Unknown format code '${s.type}' for object of type 'str'`);
  if (s.noNegativeZero)
    throw new ValueError('Negative zero coercion (z) not allowed in string format specifier');
  if (s.sign === ' ') throw new ValueError('Space not allowed in string format specifier');
  if (s.signed) throw new ValueError('Sign not allowed in string format specifier');
  if (s.alternate) throw new ValueError('Alternate form (#) not allowed in string format specifier');
  if (s.align === '=') throw new ValueError("'=' alignment not allowed in string format specifier");
  let text = v;
  let length = lengthOf(v);
  if (s.precision !== undefined && s.precision < length) {
    text = textSlice(v, 0, s.precision);
    length = s.precision;
  }
  return pad(text, length, s, s.align === '' ? '<' : s.align);
}

export function needsNumberFormat(v: unknown): boolean {
  return isNumeric(v);
}

/** `format(number, spec)`. */
export function formatNumber(v: unknown, spec: string): string {
  const s = parse(spec, v);
  if (v instanceof Complex) return formatComplex(v, s);
  if (typeof v === 'boolean' && s.type === '') {
    // A bool with a specification is formatted as the int it is.
    return formatInt(v ? 1 : 0, { ...s, type: 'd' }, 'bool');
  }
  const n = asInt(v);
  if (n !== undefined && !'eEfFgG%'.includes(s.type === '' ? 'd' : s.type))
    return formatInt(n, s, typeName(v));
  return formatFloat(asFloat(v)!, s, v);
}

function formatComplex(v: Complex, s: Spec): string {
  if (!'eEfFgGn'.includes(s.type))
    throw new ValueError(`Unknown format code '${s.type}' for object of type 'complex'`);
  if (s.zero || s.align === '=')
    throw new ValueError('Zero padding is not allowed in complex format specifier');
  const type = s.type === '' && s.precision === undefined ? 'r' : s.type || 'g';
  const part = (n: number): string =>
    type === 'r' ? floatText(n).replace(/\.0$/, '') : digits(Math.abs(n), { ...s, type });
  const sign = (n: number): string => (n < 0 || Object.is(n, -0) ? '-' : '+');
  const imag = `${sign(v.imag)}${part(Math.abs(v.imag))}j`;
  const real = `${v.real < 0 ? '-' : s.sign === '-' ? '' : s.sign}${part(Math.abs(v.real))}`;
  const text = s.type === '' ? (v.real === 0 ? imag.replace(/^\+/, '') : `(${real}${imag})`) : real + imag;
  return pad(text, text.length, s, s.align === '' ? '>' : s.align);
}

const BASES: Record<string, [number, string]> = { b: [2, '0b'], o: [8, '0o'], x: [16, '0x'], X: [16, '0X'] };

const INT_TYPES = ['', 'b', 'c', 'd', 'n', 'o', 'x', 'X'];

function formatInt(n: PyInt, s: Spec, type: string): string {
  if (!INT_TYPES.includes(s.type))
    throw new ValueError(`Unknown format code '${s.type}' for object of type '${type}'`);
  if (s.precision !== undefined) throw new ValueError('Precision not allowed in integer format specifier');
  if (s.noNegativeZero)
    throw new ValueError('Negative zero coercion (z) not allowed in integer format specifier');
  if (s.type === 'c') {
    if (s.signed) throw new ValueError("Sign not allowed with integer format specifier 'c'");
    if (s.alternate) throw new ValueError("Alternate form (#) not allowed with integer format specifier 'c'");
    if (typeof n === 'bigint' && (n >= 2n ** 63n || n < -(2n ** 63n)))
      throw new OverflowError('Python int too large to convert to C long');
    if (n < 0 || n > 0x10ffff) throw new OverflowError('%c arg not in range(0x110000)');
    return pad(String.fromCodePoint(Number(n)), 1, s, s.align === '' ? '<' : s.align);
  }
  const negative = n < 0;
  const magnitude = typeof n === 'bigint' ? (negative ? -n : n) : Math.abs(n);
  let text: string;
  let prefix = '';
  if (s.type === '' || s.type === 'd' || s.type === 'n') {
    text = intText(magnitude);
  } else {
    const base = BASES[s.type]!;
    text = magnitude.toString(base[0]);
    if (s.type === 'X') text = text.toUpperCase();
    if (s.alternate) prefix = base[1];
  }
  const size = s.type === '' || s.type === 'd' || s.type === 'n' ? 3 : 4;
  return assemble(negative, prefix, text, '', s, size);
}

/** Sign, prefix, grouped digits and padding. */
function assemble(
  negative: boolean,
  prefix: string,
  whole: string,
  tail: string,
  s: Spec,
  size: number,
): string {
  const sign = negative ? '-' : s.sign === '-' ? '' : s.sign;
  const align = s.align === '' ? (s.zero ? '=' : '>') : s.align;
  let digitsText = whole;
  if (s.grouping !== '') {
    const room = align === '=' && s.fill === '0' ? s.width - sign.length - prefix.length - tail.length : 0;
    digitsText = group(whole, s.grouping, size, room);
  }
  const body = sign + prefix + digitsText + tail;
  if (s.width <= body.length) return body;
  if (align === '=') {
    chargeMemory(s.width * 2);
    return sign + prefix + s.fill.repeat(s.width - body.length) + digitsText + tail;
  }
  return pad(body, body.length, s, align);
}

/** Groups digits; with `room` leading zeros fill it, grouped as well. */
function group(text: string, separator: string, size: number, room: number): string {
  const join = (t: string): string => {
    let out = '';
    for (let i = 0; i < t.length; i++) {
      if (i > 0 && (t.length - i) % size === 0) out += separator;
      out += t[i];
    }
    return out;
  };
  let padded = text;
  if (room > 0) chargeMemory(room);
  while (padded.length + Math.floor((padded.length - 1) / size) < room) padded = `0${padded}`;
  return join(padded);
}

function formatFloat(n: number, s: Spec, v: unknown): string {
  const type = s.type === '' ? 'r' : s.type;
  if (!'eEfFgGn%r'.includes(type))
    throw new ValueError(`Unknown format code '${type}' for object of type '${typeName(v)}'`);
  const below = n < 0 || Object.is(n, -0);
  const scaled = type === '%' ? n * 100 : n;
  const text = Number.isFinite(n) && !Number.isFinite(scaled) ? 'inf%' : digits(Math.abs(n), s);
  const dot = text.search(/[.e%]/i);
  const negative = below && !(s.noNegativeZero && /^[0.]*(?:[eE].*|%)?$/.test(text));
  const special = !Number.isFinite(scaled);
  const whole = dot === -1 || special ? text : text.slice(0, dot);
  const tail = dot === -1 || special ? '' : text.slice(dot);
  if (special) return assemble(negative && !Number.isNaN(n), '', whole, tail, { ...s, grouping: '' }, 3);
  return assemble(negative, '', whole, tail, s, 3);
}

/** The digits of a float that is not negative. */
function digits(n: number, s: Spec): string {
  const type = s.type;
  if (!Number.isFinite(n)) {
    const word = Number.isNaN(n) ? 'nan' : 'inf';
    return (
      (type === 'F' || type === 'E' || type === 'G' ? word.toUpperCase() : word) + (type === '%' ? '%' : '')
    );
  }
  const precision = s.precision ?? 6;
  if (precision > 100_000) chargeMemory(precision);
  switch (type) {
    case 'e':
    case 'E': {
      const text = exponentText(n, precision, s.alternate);
      return type === 'E' ? text.toUpperCase() : text;
    }
    case 'f':
    case 'F':
      return fixed(n, precision) + (s.alternate && precision === 0 ? '.' : '');
    case '%':
      return `${fixed(n * 100, precision)}%`;
    case '': {
      // Like repr, or like g with at least one digit after the point.
      if (s.precision === undefined) return floatText(n);
      const text = general(n, s.precision, false);
      const repr = /[.e]/.test(text) ? text : `${text}.0`;
      // Where only the exponent form keeps the digits asked for.
      const p = s.precision === 0 ? 1 : s.precision;
      const exponent = n === 0 ? 0 : Number(exponentText(n, p - 1, false).split('e')[1]);
      return exponent >= p - 1 &&
        exponent >= 0 &&
        !text.includes('.') &&
        !text.includes('e') &&
        exponent === p - 1
        ? exponentText(n, p - 1, false)
            .replace(/\.?0+e/, 'e')
            .replace(/e/, 'e')
        : repr;
    }
    default: {
      const text = general(n, precision, s.alternate);
      return type === 'G' ? text.toUpperCase() : text;
    }
  }
}

/** Exact decimal digits of a float: its fraction is a power of two. */
function exactDecimal(n: number): { digits: bigint; scale: number } {
  const buffer = new DataView(new ArrayBuffer(8));
  buffer.setFloat64(0, n);
  const bits = buffer.getBigUint64(0);
  const exponentBits = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  const mantissa = exponentBits === 0 ? fraction : fraction | (1n << 52n);
  const exponent = (exponentBits === 0 ? 1 : exponentBits) - 1075;
  if (exponent >= 0) return { digits: mantissa << BigInt(exponent), scale: 0 };
  return { digits: mantissa * 5n ** BigInt(-exponent), scale: -exponent };
}

function roundDiv(n: bigint, d: bigint): bigint {
  const q = n / d;
  const twice = (n % d) * 2n;
  return twice > d || (twice === d && q % 2n === 1n) ? q + 1n : q;
}

/** `%.*f` with half-even rounding of the exact value. */
export function fixed(n: number, precision: number): string {
  // JavaScript rounds a tie up; only an odd multiple of 2 ** -(precision + 1) is one.
  if (precision <= 60 && n < 1e20 && Math.abs((n * 2 ** (precision + 1)) % 2) !== 1)
    return n.toFixed(precision);
  const { digits: all, scale } = exactDecimal(n);
  chargeMemory(precision + 32);
  const scaled = scale > precision ? roundDiv(all, 10n ** BigInt(scale - precision)) : all;
  let text = scaled.toString();
  const have = Math.min(scale, precision);
  if (have > 0) {
    text = text.padStart(have + 1, '0');
    text = `${text.slice(0, -have)}.${text.slice(-have)}`;
  }
  if (precision > have) text += (have === 0 ? '.' : '') + '0'.repeat(precision - have);
  return text;
}

/** `%.*e`. */
export function exponentText(n: number, precision: number, alternate: boolean): string {
  if (n === 0) return `0${precision > 0 ? `.${'0'.repeat(precision)}` : alternate ? '.' : ''}e+00`;
  const { digits: all, scale } = exactDecimal(n);
  let text = all.toString();
  let exponent = text.length - 1 - scale;
  const drop = text.length - 1 - precision;
  if (drop > 0) {
    const rounded = roundDiv(all, 10n ** BigInt(drop)).toString();
    if (rounded.length > precision + 1) exponent++;
    text = rounded.slice(0, precision + 1);
  } else {
    chargeMemory(precision);
    text += '0'.repeat(-drop);
  }
  const point = precision > 0 ? `.${text.slice(1)}` : alternate ? '.' : '';
  const e = Math.abs(exponent).toString().padStart(2, '0');
  return `${text[0]}${point}e${exponent < 0 ? '-' : '+'}${e}`;
}

/** `%.*g`. */
export function general(n: number, wanted: number, alternate: boolean): string {
  const precision = wanted === 0 ? 1 : wanted;
  const e = n === 0 ? 0 : Number(exponentText(n, precision - 1, false).split('e')[1]);
  const trim = (t: string): string => (alternate || !t.includes('.') ? t : t.replace(/\.?0+$/, ''));
  if (e < -4 || e >= precision) {
    const [m, x] = exponentText(n, precision - 1, alternate).split('e') as [string, string];
    return `${trim(m)}e${x}`;
  }
  const text = fixed(n, precision - 1 - e);
  return alternate && !text.includes('.') ? `${text}.` : trim(text);
}

/** `round(float, digits)` as a float. */
export function roundTo(n: number, ndigits: number): number | PyFloat {
  if (!Number.isFinite(n) || ndigits > 350) return float(n);
  if (ndigits < -310) return new PyFloat(n < 0 ? -0 : 0);
  if (ndigits >= 0)
    return float(Number((n < 0 || Object.is(n, -0) ? '-' : '') + fixed(Math.abs(n), ndigits)));
  const { digits: all, scale } = exactDecimal(Math.abs(n));
  const unit = 10n ** BigInt(-ndigits);
  const r = Number(roundDiv(all, unit * 10n ** BigInt(scale)) * unit);
  if (!Number.isFinite(r)) throw new OverflowError('rounded value too large to represent');
  return float(n < 0 ? -r : r);
}

/** `round(int, digits)` with negative digits: half to even. */
export function roundInt(n: PyInt, ndigits: number): PyInt {
  if (ndigits >= 0) return n;
  if (-ndigits > 5000) return 0;
  const bytes = roughBytes(n) - ndigits / 2;
  chargeMemory(bytes * 4);
  chargeSteps(Math.floor((bytes / 32) ** 1.3));
  const unit = 10n ** BigInt(-ndigits);
  const value = BigInt(n);
  const magnitude = value < 0n ? -value : value;
  const r = roundDiv(magnitude, unit) * unit;
  return int(value < 0n ? -r : r);
}
