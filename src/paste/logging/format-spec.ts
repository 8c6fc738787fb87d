/** Python's `format(value, spec)` for the values of log records. */
import { pythonError } from './errors.ts';
import { floating, typeName } from './percent.ts';
import { FloatValue, str } from './python-text.ts';

type PythonNumber = number | bigint | boolean | FloatValue;

interface Spec {
  readonly fill: string;
  readonly align: string;
  readonly sign: string;
  readonly alternate: boolean;
  readonly width: number;
  readonly grouping: string | undefined;
  readonly precision: number | undefined;
  /** undefined: none was given. */
  readonly type: string | undefined;
}

const SPEC = /^(?:(.)?([<>=^]))?([-+ ])?(z)?(#)?(0)?(\d+)?([,_])?(?:\.(\d*))?(.)?$/su;
/** How many digits of a base stand between two separators. */
const GROUPS: Readonly<Record<string, number>> = { b: 4, o: 4, x: 4, X: 4 };

const valueError = (message: string) => pythonError('ValueError', message);

const isNumber = (value: unknown): value is PythonNumber =>
  typeof value === 'number' ||
  typeof value === 'bigint' ||
  typeof value === 'boolean' ||
  value instanceof FloatValue;

export function formatSpec(value: unknown, text: string): string {
  if (text === '') return str(value);
  const number = isNumber(value);
  if (!number && typeof value !== 'string')
    throw pythonError('TypeError', `unsupported format string passed to ${typeName(value)}.__format__`);
  const kind = !number
    ? 'string'
    : value instanceof FloatValue || (typeof value === 'number' && !Number.isInteger(value))
      ? 'float'
      : 'integer';
  const spec = parse(text, typeName(value), kind);
  if (!number) return padded(limited(value as string, spec), spec);
  return kind === 'float' ? ofFloat(value, spec) : ofInteger(value, spec);
}

function parse(text: string, type: string, kind: 'string' | 'float' | 'integer'): Spec {
  const match = SPEC.exec(text);
  if (match === null) throw valueError(`Invalid format specifier '${text}' for object of type '${type}'`);
  const [, fill, align, sign, coerced, alternate, zero, width, grouping, precision, letter] = match;
  if (precision === '') throw valueError('Format specifier missing precision');
  const types = { string: 's', float: 'eEfFgGn%', integer: 'bcdeEfFgGnoxX%' }[kind];
  if (grouping !== undefined && letter !== undefined && !'bdeEfFgGoxX%'.includes(letter))
    throw valueError(`Cannot specify '${grouping}' with '${letter}'.`);
  if (grouping === ',' && letter !== undefined && 'boxX'.includes(letter))
    throw valueError(`Cannot specify ',' with '${letter}'.`);
  if (letter !== undefined && !types.includes(letter))
    throw valueError(`Unknown format code '${letter}' for object of type '${type}'`);
  const spec = {
    // A given fill makes of the zero a digit of the width.
    fill: fill ?? (zero === undefined ? ' ' : '0'),
    align: align ?? (kind === 'string' ? '<' : zero === undefined ? '>' : '='),
    sign: sign === undefined || sign === '-' ? '' : sign,
    alternate: alternate !== undefined,
    width: Number(width ?? 0),
    grouping,
    precision: precision === undefined ? undefined : Number(precision),
    type: letter,
  };
  const coercion = (what: string) =>
    valueError(`Negative zero coercion (z) not allowed in ${what} format specifier`);
  if (kind === 'string') {
    if (sign !== undefined) throw valueError('Sign not allowed in string format specifier');
    if (coerced !== undefined) throw coercion('string');
    if (spec.alternate) throw valueError('Alternate form (#) not allowed in string format specifier');
    if (spec.align === '=') throw valueError("'=' alignment not allowed in string format specifier");
    if (grouping !== undefined) throw valueError(`Cannot specify '${grouping}' with 's'.`);
  } else if (kind === 'integer' && (letter === undefined || 'bcdnoxX'.includes(letter))) {
    if (precision !== undefined) throw valueError('Precision not allowed in integer format specifier');
    if (coerced !== undefined) throw coercion('integer');
    if (letter === 'c' && sign !== undefined)
      throw valueError("Sign not allowed with integer format specifier 'c'");
    if (letter === 'c' && spec.alternate)
      throw valueError("Alternate form (#) not allowed with integer format specifier 'c'");
  }
  return spec;
}

function limited(text: string, { precision }: Spec): string {
  return precision === undefined ? text : [...text].slice(0, precision).join('');
}

function ofInteger(value: PythonNumber, spec: Spec): string {
  const { type = 'd', sign, alternate } = spec;
  if ('eEfFgG%'.includes(type)) return ofFloat(value, spec);
  const whole = BigInt(value as number | bigint | boolean);
  if (type === 'c') {
    if (whole < 0n || whole > 0x10ffffn) throw pythonError('OverflowError', '%c arg not in range(0x110000)');
    // Not a number any more, but still to the right.
    return padded(String.fromCodePoint(Number(whole)), spec);
  }
  const radix = { b: 2, o: 8, x: 16, X: 16 }[type] ?? 10;
  const digits = (whole < 0n ? -whole : whole).toString(radix);
  return laidOut(
    (whole < 0n ? '-' : sign) + (alternate && radix !== 10 ? `0${type}` : ''),
    type === 'X' ? digits.toUpperCase() : digits,
    '',
    spec,
    GROUPS[type] ?? 3,
  );
}

function ofFloat(value: PythonNumber, spec: Spec): string {
  const { type, precision, sign, alternate } = spec;
  const number = Number(value instanceof FloatValue ? value.value : value);
  let text: string;
  if (type === '%') text = `${floating(number * 100, 'f', precision ?? 6, '', alternate)}%`;
  else if (type !== undefined)
    text = floating(number, type === 'n' ? 'g' : type, precision ?? 6, '', alternate);
  else if (precision === undefined) text = str(new FloatValue(number));
  else text = general(number, precision, alternate);
  const negative = text.startsWith('-');
  const [, digits, rest] = /^(\d*)(.*)$/s.exec(negative ? text.slice(1) : text)!;
  return laidOut(negative ? '-' : sign, digits!, rest!, spec, 3);
}

/** As `g`, but there is always a digit behind the point, which takes one of the precision. */
function general(number: number, precision: number, alternate: boolean): string {
  const significant = Math.max(precision, 1);
  const text = floating(number, 'g', significant, '', alternate);
  if (!/^-?\d+\.?$/.test(text)) return text;
  const digits = text.replace(/[-.]/g, '').length;
  if (digits <= significant - 1) return alternate ? text : `${text}.0`;
  const [mantissa, exponent] = floating(number, 'e', significant - 1, '', alternate).split('e') as [
    string,
    string,
  ];
  const short = alternate || !mantissa.includes('.') ? mantissa : mantissa.replace(/\.?0+$/, '');
  return `${short}e${exponent}`;
}

/** Sign and prefix, digits with separators, and what follows them, in the width. */
function laidOut(head: string, digits: string, rest: string, spec: Spec, group: number): string {
  const { grouping, fill, align, width } = spec;
  let shown = digits;
  if (grouping !== undefined && digits !== '') {
    const wanted = fill === '0' && align === '=' ? width - head.length - rest.length : 0;
    let count = digits.length;
    while (count + Math.floor((count - 1) / group) < wanted) count++;
    shown = digits
      .padStart(count, '0')
      .replace(group === 3 ? /\B(?=(?:.{3})+$)/g : /\B(?=(?:.{4})+$)/g, grouping);
  }
  const text = head + shown + rest;
  if (align !== '=') return padded(text, spec);
  return head + fill.repeat(Math.max(0, width - text.length)) + shown + rest;
}

function padded(text: string, { fill, align, width }: Spec): string {
  const missing = width - [...text].length;
  if (missing <= 0) return text;
  if (align === '<') return text + fill.repeat(missing);
  if (align !== '^') return fill.repeat(missing) + text;
  const half = Math.floor(missing / 2);
  return fill.repeat(half) + text + fill.repeat(missing - half);
}
