/** Python's `format % values` for text. */
import { pythonError } from './errors.ts';
import { FloatValue, repr, str, TupleValue } from './python-text.ts';

/** One conversion, `%(key)-10.3s`. */
interface Conversion {
  readonly key: string | undefined;
  readonly left: boolean;
  readonly zero: boolean;
  readonly sign: '' | '+' | ' ';
  readonly alternate: boolean;
  readonly width: number | '*' | undefined;
  readonly precision: number | '*' | undefined;
  readonly letter: string;
  /** Thrown when it is to be shown: what stands before it may fail first. */
  readonly problem?: Error;
}

/** An error stands for a conversion without an end. */
export type PercentFormat = readonly (string | Conversion | Error)[];

const SPEC = /([-+ #0]*)(\*|\d+)?(?:\.(\*|\d*))?[hlL]?([\s\S])?/y;

export function parsePercent(format: string): PercentFormat {
  const parts: (string | Conversion | Error)[] = [];
  const endWith = (reason: string) => [
    ...parts,
    ...(literal === '' ? [] : [literal]),
    pythonError('ValueError', reason),
  ];
  let literal = '';
  for (let at = 0; at < format.length;) {
    const percent = format.indexOf('%', at);
    if (percent < 0) {
      literal += format.slice(at);
      break;
    }
    literal += format.slice(at, percent);
    at = percent + 1;
    let key: string | undefined;
    if (format[at] === '(') {
      const start = at + 1;
      let depth = 1;
      for (at += 1; depth > 0; at += 1) {
        if (at >= format.length) return endWith('incomplete format key');
        if (format[at] === '(') depth += 1;
        else if (format[at] === ')') depth -= 1;
      }
      key = format.slice(start, at - 1);
    }
    SPEC.lastIndex = at;
    const [all, flags, width, precision, letter] = SPEC.exec(format)!;
    if (letter === undefined) return endWith('incomplete format');
    at += all.length;
    if (letter === '%' && all.length === 1 && key === undefined) {
      literal += '%';
      continue;
    }
    let problem: Error | undefined;
    if (!'diouxXeEfFgGcrsa'.includes(letter)) {
      const code = letter.codePointAt(0)!.toString(16);
      problem = pythonError(
        'ValueError',
        `unsupported format character '${letter}' (0x${code}) at index ${at - 1}`,
      );
    }
    if (literal !== '') parts.push(literal);
    literal = '';
    parts.push({
      key,
      left: flags!.includes('-'),
      zero: flags!.includes('0'),
      sign: flags!.includes('+') ? '+' : flags!.includes(' ') ? ' ' : '',
      alternate: flags!.includes('#'),
      width: width === '*' ? '*' : width === undefined ? undefined : Number(width),
      precision: precision === '*' ? '*' : precision === undefined ? undefined : Number(precision),
      letter,
      ...(problem && { problem }),
    });
  }
  if (literal !== '') parts.push(literal);
  return parts;
}

/** Formats with named values: `lookup` throws where there is none. */
export function formatNamed(format: PercentFormat, lookup: (key: string) => unknown): string {
  let text = '';
  for (const part of format) {
    if (typeof part === 'string') text += part;
    else if (part instanceof Error) throw part;
    else if (part.key === undefined) throw pythonError('TypeError', 'not enough arguments for format string');
    else text += convert(part, lookup(part.key), part.width, part.precision);
  }
  return text;
}

/** `message % args`: a list of arguments, or one mapping for `%(key)s`. */
export function formatMessage(
  message: string,
  args: readonly unknown[] | Readonly<Record<string, unknown>>,
): string {
  const format = parsePercent(message);
  const list = Array.isArray(args) ? (args as readonly unknown[]) : undefined;
  let used = 0;
  const next = () => {
    if (!list) throw pythonError('TypeError', 'not enough arguments for format string');
    if (used >= list.length) throw pythonError('TypeError', 'not enough arguments for format string');
    return list[used++];
  };
  const star = (value: number | '*' | undefined) => {
    if (value !== '*') return value;
    const given = next();
    if (typeof given !== 'number' || !Number.isInteger(given)) throw pythonError('TypeError', '* wants int');
    return given;
  };
  let text = '';
  for (const part of format) {
    if (typeof part === 'string') {
      text += part;
      continue;
    }
    if (part instanceof Error) throw part;
    if (part.key !== undefined && list) throw pythonError('TypeError', 'format requires a mapping');
    const width = star(part.width);
    const precision = star(part.precision);
    if (part.key === undefined) {
      // A mapping is one argument too: `'%s' % {...}`.
      const value = list ? next() : used++ === 0 ? args : next();
      text += convert(part, value, width, precision);
    } else {
      const mapping = args as Readonly<Record<string, unknown>>;
      if (!Object.hasOwn(mapping, part.key)) throw pythonError('KeyError', repr(part.key));
      text += convert(part, mapping[part.key], width, precision);
    }
  }
  if (list && used < list.length) {
    throw pythonError('TypeError', 'not all arguments converted during string formatting');
  }
  return text;
}

function convert(
  { left, zero, sign, alternate, letter, problem }: Conversion,
  value: unknown,
  width: number | '*' | undefined,
  precision: number | '*' | undefined,
): string {
  if (problem !== undefined) throw problem;
  const digits = typeof precision === 'number' ? precision : undefined;
  let text: string;
  let numeric = true;
  switch (letter) {
    case 's':
    case 'r':
    case 'a':
      text = letter === 's' ? str(value) : repr(value);
      if (letter === 'a') text = asciiOnly(text);
      if (digits !== undefined) text = [...text].slice(0, digits).join('');
      numeric = false;
      break;
    case 'c':
      text = character(value);
      numeric = false;
      break;
    case 'd':
    case 'i':
    case 'u':
      text = signed(integerOf(value, letter), sign, digits, (n) => n.toString());
      break;
    case 'x':
    case 'X':
    case 'o': {
      const radix = letter === 'o' ? 8 : 16;
      const prefix = alternate ? `0${letter}` : '';
      text = signed(integerOf(value, letter), sign, digits, (n) => n.toString(radix), prefix);
      if (letter === 'X') text = text.toUpperCase();
      break;
    }
    default:
      text = floating(floatOf(value), letter, digits ?? 6, sign, alternate);
  }
  if (typeof width !== 'number') return text;
  const size = Math.abs(width);
  const length = [...text].length;
  if (length >= size) return text;
  if (left || width < 0) return text + ' '.repeat(size - length);
  if (!zero || !numeric || /inf|nan/i.test(text)) return ' '.repeat(size - length) + text;
  const head = /^[-+ ]?(?:0[xXo])?/.exec(text)![0];
  return head + '0'.repeat(size - length) + text.slice(head.length);
}

function integerOf(value: unknown, letter: string): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'boolean') return value ? 1n : 0n;
  const isFloat = value instanceof FloatValue;
  const number = isFloat ? value.value : value;
  if (typeof number === 'number' && ('diu'.includes(letter) || (Number.isInteger(number) && !isFloat))) {
    if (Number.isNaN(number)) throw pythonError('ValueError', 'cannot convert float NaN to integer');
    if (!Number.isFinite(number))
      throw pythonError('OverflowError', 'cannot convert float infinity to integer');
    return BigInt(Math.trunc(number));
  }
  const wanted = 'diu'.includes(letter) ? 'a real number' : 'an integer';
  throw pythonError('TypeError', `%${letter} format: ${wanted} is required, not ${typeName(value)}`);
}

function floatOf(value: unknown): number {
  if (typeof value === 'number') return value;
  if (value instanceof FloatValue) return value.value;
  if (typeof value === 'bigint' || typeof value === 'boolean') return Number(value);
  throw pythonError('TypeError', `must be real number, not ${typeName(value)}`);
}

export function typeName(value: unknown): string {
  if (value === null || value === undefined) return 'NoneType';
  if (typeof value === 'string') return 'str';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'bigint') return 'int';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float';
  if (value instanceof FloatValue) return 'float';
  if (value instanceof TupleValue) return 'tuple';
  if (Array.isArray(value)) return 'list';
  return typeof value === 'object' &&
    (value instanceof Map || Object.getPrototypeOf(value) === Object.prototype)
    ? 'dict'
    : ((value as object).constructor?.name ?? 'object');
}

function signed(
  value: bigint,
  sign: string,
  digits: number | undefined,
  show: (magnitude: bigint) => string,
  prefix = '',
): string {
  const magnitude = value < 0n ? -value : value;
  return (value < 0n ? '-' : sign) + prefix + show(magnitude).padStart(digits ?? 0, '0');
}

/** `e`, `f`, `g` and `%` as C's printf gives them. */
export function floating(
  value: number,
  letter: string,
  precision: number,
  sign: string,
  alternate: boolean,
): string {
  const head = value < 0 || Object.is(value, -0) ? '-' : sign;
  const magnitude = Math.abs(value);
  let text: string;
  if (!Number.isFinite(magnitude)) {
    text = Number.isNaN(value) ? 'nan' : 'inf';
  } else if (letter === 'f' || letter === 'F') {
    text = fixed(magnitude, precision);
    text = withPoint(text, alternate);
  } else if (letter === 'e' || letter === 'E') {
    text = withPoint(exponential(magnitude, precision), alternate);
  } else {
    const significant = precision === 0 ? 1 : precision;
    const exponent = magnitude === 0 ? 0 : Number(exponential(magnitude, significant - 1).split('e')[1]);
    text =
      exponent < -4 || exponent >= significant
        ? exponential(magnitude, significant - 1)
        : fixed(magnitude, significant - 1 - exponent);
    text = withPoint(text, alternate);
    if (!alternate && text.includes('.'))
      text = text.replace(/(\.\d*?)0+(?=e|$)/, '$1').replace(/\.(?=e|$)/, '');
  }
  return head + (letter === letter.toUpperCase() ? text.toUpperCase() : text);
}

/** The alternate form has a point whatever follows. */
const withPoint = (text: string, alternate: boolean) =>
  alternate && !text.includes('.') ? text.replace(/^\d+/, '$&.') : text;

function fixed(value: number, precision: number): string {
  if (value < 1e21 && precision <= 70) {
    // A tie goes to the even digit, where toFixed takes the larger.
    const [digits, tail] = splitAt(value.toFixed(precision + 30), -30);
    if (!/^50*$/.test(tail)) return value.toFixed(precision);
    const down = digits.replace(/\.$/, '');
    return '02468'.includes(down.at(-1)!) ? down : value.toFixed(precision);
  }
  const whole = value < 1e21 ? value.toFixed(100) : BigInt(value).toString();
  const [integer, fraction = ''] = whole.split('.') as [string, string?];
  return precision === 0 ? integer : `${integer}.${fraction.padEnd(precision, '0')}`;
}

const splitAt = (text: string, at: number): [string, string] => [text.slice(0, at), text.slice(at)];

function exponential(value: number, precision: number): string {
  const places = Math.min(precision, 100);
  const [digits, exponent] = roundedExponential(value, places).split('e') as [string, string];
  return `${digits}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`;
}

/** A tie goes to the even digit, where toExponential takes the larger. */
function roundedExponential(value: number, precision: number): string {
  const rounded = value.toExponential(precision);
  if (precision > 70 || !/[13579]e/.test(rounded)) return rounded;
  const [exact, power] = value.toExponential(precision + 30).split('e') as [string, string];
  const [kept, tail] = splitAt(exact, -30);
  if (!/^50*$/.test(tail)) return rounded;
  return `${kept.replace(/\.$/, '')}e${power}`;
}

function character(value: unknown): string {
  if (typeof value === 'string' && [...value].length === 1) return value;
  if (typeof value === 'boolean') return character(Number(value));
  if (typeof value === 'number' && Number.isInteger(value)) {
    if (value < 0 || value > 0x10ffff) throw pythonError('OverflowError', '%c arg not in range(0x110000)');
    return String.fromCodePoint(value);
  }
  throw pythonError('TypeError', '%c requires int or char');
}

export const asciiOnly = (text: string): string =>
  text.replace(/[^\0-\x7f]/gu, (c) => {
    const code = c.codePointAt(0)!;
    const hex = code.toString(16);
    return code < 256
      ? `\\x${hex.padStart(2, '0')}`
      : code < 65536
        ? `\\u${hex.padStart(4, '0')}`
        : `\\U${hex.padStart(8, '0')}`;
  });
