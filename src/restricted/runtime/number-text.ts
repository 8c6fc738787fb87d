/** Numbers from texts, and texts of numbers, as `int()`, `float()`, `str()` and `repr()` make them. */
import { int, type PyInt } from '../../pickle/index.ts';
import { chargeMemory, chargeSteps } from './budget.ts';
import { ValueError } from './errors.ts';
import { mapPieces } from './long-text.ts';
import { bitLength } from './numbers.ts';
import { SPACE } from './text.ts';
import type { Complex } from './values.ts';

const isBlank = (c: string): boolean => SPACE.test(c) && !(c >= '\x1c' && c <= '\x1f');

/** The text of a number without the white space around it: that of `str.strip()` but for the separators U+001C to U+001F. */
export function withoutBlanks(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && isBlank(text[start]!)) start++;
  while (end > start && isBlank(text[end - 1]!)) end--;
  return text.slice(start, end);
}

const DIGIT = '[0-9](?:_?[0-9])*';
const FLOAT_TEXT = new RegExp(`^[-+]?(?:(?:${DIGIT})?\\.${DIGIT}|${DIGIT}\\.?)(?:[eE][-+]?${DIGIT})?$`);

/** `float('…')`; undefined: not a float. */
export function parseFloatText(text: string): number | undefined {
  chargeMemory(text.length * 2);
  chargeSteps(text.length >>> 3);
  const t = withoutBlanks(asciiDigits(text));
  if (t.length > MAX_DIGITS ? isLongFloat(t) : FLOAT_TEXT.test(t)) return Number(t.replaceAll('_', ''));
  const word = /^([-+]?)(?:(inf|infinity)|nan)$/i.exec(t);
  if (word === null) return undefined;
  return word[2] === undefined ? NaN : word[1] === '-' ? -Infinity : Infinity;
}

/** The pattern is not for long texts: it remembers where each of its digits was. */
function isLongFloat(text: string): boolean {
  const plain = text.replace(/^[-+]/, '');
  if (plain.includes('__') || /[^0-9](?:_)|_(?:[^0-9]|$)|^_/.test(plain)) return false;
  return Number.isFinite(Number(plain.replaceAll('_', '') || 'x')) && !/^0[xob]/i.test(plain);
}

/** Decimal digits of other scripts count as digits. */
function asciiDigits(text: string): string {
  // oxlint-disable-next-line no-control-regex
  if (/^[\x00-\x7f]*$/.test(text)) return text;
  return mapPieces(text, (piece) => piece.replace(/\p{Nd}/gu, (c) => String(digitValue(c))));
}

/** The blocks of ten decimal digits begin at their zero. */
function digitValue(c: string): number {
  const code = c.codePointAt(0)!;
  if (code < 128) return code - 48;
  let zero = code;
  while (zero > 0 && code - zero < 10 && /\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero--;
  return (code - zero) % 10;
}

const MAX_DIGITS = 4300;

/** A text this long whose digits all count has too many of them. */
const MOST_TEXT = 100_000;
const DECIMAL = /^[0-9]+$/;

const digitOf = (code: number): number => (code < 58 ? code - 48 : code - 87);

function countDigits(text: string): number {
  let n = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 48 && code <= 57) n++;
    if ((i & 4095) === 0) chargeSteps(64);
  }
  return n;
}

function tooManyDigits(value: string): ValueError {
  return new ValueError(
    `Exceeds the limit (${MAX_DIGITS} digits) for integer string conversion${value === '' ? ';' : `:${value}`} use sys.set_int_max_str_digits() to increase the limit`,
  );
}

/** `int('…', base)`; undefined: no such literal. */
export function parseIntText(source: string, base: number): PyInt | undefined {
  // More than these are refused whatever they are, before anybody looks at them all.
  if (source.length > MOST_TEXT && (base & (base - 1)) !== 0 && DECIMAL.test(source.slice(0, MOST_TEXT)))
    throw tooManyDigits(` value has ${countDigits(source)} digits;`);
  chargeMemory(source.length * 8);
  chargeSteps(source.length >>> 3);
  let text = withoutBlanks(asciiDigits(source)).toLowerCase();
  let sign = '';
  if (text.startsWith('-') || text.startsWith('+')) {
    sign = text[0]!;
    text = text.slice(1);
  }
  const prefix = /^0([xob])_?/.exec(text);
  const prefixBase = prefix === null ? 0 : { x: 16, o: 8, b: 2 }[prefix[1]!]!;
  if (prefix !== null && (base === 0 || base === prefixBase)) {
    base = prefixBase;
    text = text.slice(prefix[0].length);
  } else if (base === 0) {
    base = 10;
    if (/^0[0_]*[1-9]/.test(text)) return undefined;
  }
  if (text === '' || /[^0-9a-z_]|^_|_$|__/.test(text)) return undefined;
  const digits = text.replaceAll('_', '');
  chargeSteps(digits.length >>> 3);
  for (let i = 0; i < digits.length; i++) if (digitOf(digits.charCodeAt(i)) >= base) return undefined;
  if (digits.length > MAX_DIGITS && (base & (base - 1)) !== 0)
    throw tooManyDigits(` value has ${digits.length} digits;`);
  chargeMemory(digits.length);
  let value: PyInt;
  if (digits.length < 10) value = Number.parseInt(digits, base);
  else if (base === 10) value = int(BigInt(digits));
  else if (base === 16 || base === 8 || base === 2)
    value = int(BigInt(`0${{ 16: 'x', 8: 'o', 2: 'b' }[base]}${digits}`));
  else {
    let n = 0n;
    for (const c of digits) n = n * BigInt(base) + BigInt(Number.parseInt(c, 36));
    value = int(n);
  }
  return sign === '-' ? int(typeof value === 'number' ? 0 - value : -value) : value;
}

export function intText(n: PyInt): string {
  if (typeof n === 'number') return String(n);
  if (bitLength(n) > MAX_DIGITS * 3.33) {
    const text = bitLength(n) > MAX_DIGITS * 3.4 ? '' : n.toString().replace('-', '');
    if (text === '' || text.length > MAX_DIGITS) throw tooManyDigits('');
  }
  return n.toString();
}

/** Python's shortest `repr` of a float. */
export function floatText(n: number): string {
  if (Number.isNaN(n)) return 'nan';
  if (!Number.isFinite(n)) return n > 0 ? 'inf' : '-inf';
  if (Object.is(n, -0)) return '-0.0';
  const text = String(n);
  const e = text.indexOf('e');
  if (e === -1) {
    const abs = Math.abs(n);
    if (abs !== 0 && abs < 1e-4) return exponential(n);
    if (abs >= 1e16) return exponential(n);
    return text.includes('.') ? text : `${text}.0`;
  }
  return exponential(n);
}

function exponential(n: number): string {
  const [mantissa, exponent] = n.toExponential().split('e') as [string, string];
  const digits = exponent.slice(1).padStart(2, '0');
  return `${mantissa}e${exponent[0]}${digits}`;
}

export function complexText(c: Complex): string {
  const part = (n: number): string => floatText(n).replace(/\.0$/, '');
  const imag = part(c.imag);
  if (c.real === 0 && !Object.is(c.real, -0)) return `${imag}j`;
  return `(${part(c.real)}${imag.startsWith('-') ? '' : '+'}${imag}j)`;
}
