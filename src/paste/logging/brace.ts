/** Python's `str.format` with named fields, as far as formats of log lines use it. */
import { pythonError } from './errors.ts';
import { asciiOnly, floating, typeName } from './percent.ts';
import { FloatValue, repr, str } from './python-text.ts';

interface Replacement {
  readonly field: string;
  readonly conversion: string | undefined;
  /** Parsed itself, for a width or precision from a field: `{message:>{width}}`. */
  readonly spec: BraceFormat;
}

export type BraceFormat = readonly (string | Replacement)[];

/** Parses a format once. Throws `ValueError`s with Python's words. */
export function parseBraces(format: string): BraceFormat {
  const parts: (string | Replacement)[] = [];
  let literal = '';
  for (let at = 0; at < format.length; at += 1) {
    const c = format[at]!;
    if ((c === '{' || c === '}') && format[at + 1] === c) {
      literal += c;
      at += 1;
    } else if (c === '}') {
      throw pythonError('ValueError', "Single '}' encountered in format string");
    } else if (c === '{') {
      if (literal !== '') parts.push(literal);
      literal = '';
      let depth = 1;
      const start = at + 1;
      if (start >= format.length) throw pythonError('ValueError', "Single '{' encountered in format string");
      for (at = start; at < format.length; at += 1) {
        if (format[at] === '{') depth += 1;
        else if (format[at] === '}') depth -= 1;
        if (depth === 0) break;
      }
      if (depth > 0) throw pythonError('ValueError', "expected '}' before end of string");
      parts.push(parseReplacement(format.slice(start, at)));
    } else {
      literal += c;
    }
  }
  if (literal !== '') parts.push(literal);
  return parts;
}

function parseReplacement(text: string): Replacement {
  const match = /^((?:[^[\]:!]|\[[^\]]*\])*)(?:!([^:]*))?(?::(.*))?$/s.exec(text);
  if (!match) throw pythonError('ValueError', `expected ':' after conversion specifier`);
  return { field: match[1]!, conversion: match[2], spec: parseBraces(match[3] ?? '') };
}

/** What `logging.Formatter` refuses in a format of style `{`. */
export function validateBraces(format: string): void {
  let fields = 0;
  try {
    for (const part of parseBraces(format)) {
      if (typeof part === 'string') continue;
      if (part.field !== '') {
        if (!/^(\d+|\w+)(\.\w+|\[[^\]]+\])*$/.test(part.field)) {
          throw pythonError('ValueError', `invalid field name/expression: ${repr(part.field)}`);
        }
        fields += 1;
      }
      if (part.conversion && !'rsa'.includes(part.conversion)) {
        throw pythonError('ValueError', `invalid conversion: ${repr(part.conversion)}`);
      }
      const spec = part.spec
        .map((piece) => (typeof piece === 'string' ? piece : `{${piece.field}}`))
        .join('');
      const pattern = /^(.?[<>=^])?[+ -]?#?0?(\d+|\{\w+\})?[,_]?(\.(\d+|\{\w+\}))?[bcdefgnosx%]?$/i;
      if (spec !== '' && !pattern.test(spec)) throw pythonError('ValueError', `bad specifier: ${repr(spec)}`);
    }
  } catch (error) {
    throw pythonError('ValueError', `invalid format: ${(error as Error).message}`, error);
  }
  if (fields === 0) throw pythonError('ValueError', 'invalid format: no fields');
}

/** Formats with named values: `lookup` throws where there is none. */
export function formatBraces(format: BraceFormat, lookup: (key: string) => unknown): string {
  let text = '';
  for (const part of format) {
    if (typeof part === 'string') {
      text += part;
      continue;
    }
    const [name, ...path] = part.field.split(/[.[]/);
    let value = lookup(name!);
    for (const step of path) value = member(value, step.replace(/\]$/, ''));
    if (part.conversion === 'r') value = repr(value);
    else if (part.conversion === 's') value = str(value);
    else if (part.conversion === 'a') value = asciiOnly(repr(value));
    text += formatSpec(value, formatBraces(part.spec, lookup));
  }
  return text;
}

function member(value: unknown, name: string): unknown {
  if (typeof value === 'object' && value !== null && Object.hasOwn(value, name)) {
    return (value as Record<string, unknown>)[name];
  }
  throw pythonError('AttributeError', `${repr(typeName(value))} object has no attribute ${repr(name)}`);
}

const SPEC = /^(?:(.)?([<>=^]))?([-+ ])?(#)?(0)?(\d+)?([,_])?(?:\.(\d+))?([a-zA-Z%])?$/su;

function formatSpec(value: unknown, spec: string): string {
  if (spec === '') return str(value);
  const match = SPEC.exec(spec);
  if (!match) throw pythonError('ValueError', `Invalid format specifier '${spec}'`);
  const [, fill, align, sign = '-', alternate, zero, width, grouping, precision, type] = match;
  const isNumber =
    typeof value === 'number' ||
    typeof value === 'bigint' ||
    value instanceof FloatValue ||
    typeof value === 'boolean';
  let text: string;
  if (isNumber && type !== 's') {
    text = formatNumber(value, {
      sign: sign === '-' ? '' : sign,
      alternate: !!alternate,
      precision,
      type,
      grouping,
    });
  } else {
    if (type !== undefined && type !== 's') {
      throw pythonError(
        'ValueError',
        `Unknown format code '${type}' for object of type '${typeName(value)}'`,
      );
    }
    text = str(value);
    if (precision !== undefined) text = [...text].slice(0, Number(precision)).join('');
  }
  const missing = Number(width ?? 0) - [...text].length;
  if (missing <= 0) return text;
  const padding = (fill ?? (zero ? '0' : ' ')).repeat(missing);
  switch (align ?? (isNumber ? (zero ? '=' : '>') : '<')) {
    case '<':
      return text + padding;
    case '>':
      return padding + text;
    case '=': {
      const head = /^[-+ ]?(?:0[xXobB])?/.exec(text)![0];
      return head + padding + text.slice(head.length);
    }
    default: {
      const half = Math.floor(missing / 2);
      const one = fill ?? (zero ? '0' : ' ');
      return one.repeat(half) + text + one.repeat(missing - half);
    }
  }
}

function formatNumber(
  value: number | bigint | boolean | FloatValue,
  options: {
    sign: string;
    alternate: boolean;
    precision: string | undefined;
    type: string | undefined;
    grouping: string | undefined;
  },
): string {
  const { sign, alternate, type, grouping } = options;
  const isFloat = value instanceof FloatValue || (typeof value === 'number' && !Number.isInteger(value));
  const number = value instanceof FloatValue ? value.value : value;
  const precision = options.precision === undefined ? undefined : Number(options.precision);
  let text: string;
  if (type !== undefined && 'bcdoxXn'.includes(type) && !(type === 'n' && isFloat)) {
    if (isFloat) throw pythonError('ValueError', `Unknown format code '${type}' for object of type 'float'`);
    const whole = BigInt(number);
    if (type === 'c') return String.fromCodePoint(Number(whole));
    const radix = type === 'b' ? 2 : type === 'o' ? 8 : type === 'x' || type === 'X' ? 16 : 10;
    const digits = (whole < 0n ? -whole : whole).toString(radix);
    const prefix = alternate && radix !== 10 ? `0${type}` : '';
    text = (whole < 0n ? '-' : sign) + prefix + (type === 'X' ? digits.toUpperCase() : digits);
  } else if (type === '%') {
    text = `${floating(Number(number) * 100, 'f', precision ?? 6, sign, alternate)}%`;
  } else if (type !== undefined) {
    text = floating(Number(number), type === 'n' ? 'g' : type, precision ?? 6, sign, alternate);
  } else if (isFloat && precision !== undefined) {
    text = floating(Number(number), 'g', precision, sign, alternate);
  } else {
    const shown = str(isFloat ? new FloatValue(Number(number)) : number);
    text = shown.startsWith('-') ? shown : sign + shown;
  }
  if (grouping === undefined) return text;
  return text.replace(/\d+/, (digits) => digits.replace(/\B(?=(\d{3})+$)/g, grouping));
}
