/** The arguments of the opcodes of protocol 0, which are texts on a line of their own. */
import { fault } from './errors.ts';
import { float } from './values/float.ts';
import { int } from './values/int.ts';

/** CPython's limit for decimal texts: the time to convert longer ones grows with the square. */
const MOST_DIGITS = 4300;
const LITERAL =
  /^\s*([-+]?)(?:(\d+(?:_\d+)*)|0x_?([\da-f]+(?:_[\da-f]+)*)|0o_?([0-7]+(?:_[0-7]+)*)|0b_?([01]+(?:_[01]+)*))\s*$/i;

const noInteger = (text: string): never => fault('PICKLE_BAD_NUMBER', `'${text.slice(0, 50)}' is no integer`);

/** The argument of INT: C's `strtol` with octal numbers, else a literal of Python. 0 or 1 in two letters is a boolean. */
export function intArgument(text: string): number | bigint | boolean {
  if (/^[-+\s0][01]$/.test(text) && text !== '-1') return text.endsWith('1');
  if (/^-?[1-9]\d{0,14}$/.test(text) || text === '0') return Number(text);
  const octal = /^\s*([-+]?)0([0-7]+)$/.exec(text);
  if (octal === null) return literalArgument(text);
  const value = BigInt(`0o${octal[2]!}`);
  return value < 2n ** 63n ? int(octal[1] === '-' ? -value : value) : noInteger(text);
}

/** The argument of LONG without its `L`: a literal of Python. */
export function literalArgument(text: string): number | bigint {
  const parts = LITERAL.exec(text);
  if (parts === null) return noInteger(text);
  const [, sign, decimal, hex, octal, binary] = parts;
  let value: bigint;
  if (decimal !== undefined) {
    const digits = decimal.replaceAll('_', '');
    if (digits.length > MOST_DIGITS)
      return fault('PICKLE_BAD_NUMBER', `the integer has more than ${MOST_DIGITS} digits`);
    if (digits.length > 1 && digits.startsWith('0') && !/^0+$/.test(digits)) return noInteger(text);
    value = BigInt(digits);
  } else if (hex !== undefined) value = BigInt(`0x${hex.replaceAll('_', '')}`);
  else if (octal !== undefined) value = BigInt(`0o${octal.replaceAll('_', '')}`);
  else value = BigInt(`0b${binary!.replaceAll('_', '')}`);
  return int(sign === '-' ? -value : value);
}

/** The argument of GET and PUT. */
export function indexArgument(text: string): number {
  if (!/^\s*[-+]?\d+(?:_\d+)*\s*$/.test(text)) return noInteger(text) as never;
  const index = Number(text.replaceAll('_', ''));
  return Number.isSafeInteger(index) ? index : fault('PICKLE_TOO_LARGE', 'a memo index beyond every limit');
}

/** The argument of FLOAT. */
export function floatArgument(text: string): unknown {
  const special = /^([-+]?)(?:(inf(?:inity)?)|nan)$/i.exec(text);
  if (special !== null) {
    if (special[2] === undefined) return Number.NaN;
    return special[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  }
  if (!/^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i.test(text))
    return fault('PICKLE_BAD_NUMBER', `could not convert string to float: '${text.slice(0, 50)}'`);
  const value = Number(text);
  if (!Number.isFinite(value)) return fault('PICKLE_TOO_LARGE', 'the number is too large for a float');
  return float(value);
}

const SIMPLE: Readonly<Record<string, number>> = {
  '\\': 92,
  "'": 39,
  '"': 34,
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
};

/** The argument of STRING: bytes as characters, in quotes and with Python's escapes. */
export function quotedArgument(text: string): Uint8Array {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) <= 32) end--;
  const quote = text[0];
  if (end < 2 || (quote !== "'" && quote !== '"') || text[end - 1] !== quote)
    return fault('PICKLE_BAD_STRING', 'the STRING opcode argument must be quoted');
  const body = text.slice(1, end - 1);
  if (!body.includes('\\')) return Uint8Array.from(Buffer.from(body, 'latin1'));
  return unescaped(body);
}

function unescaped(body: string): Uint8Array {
  const bytes: number[] = [];
  for (let i = 0; i < body.length; i++) {
    if (body[i] !== '\\') {
      bytes.push(body.charCodeAt(i));
      continue;
    }
    const next = body[++i];
    if (next === undefined) return fault('PICKLE_BAD_ESCAPE', 'Trailing \\ in string');
    const simple = SIMPLE[next];
    if (simple !== undefined) bytes.push(simple);
    else if (next === 'x') {
      const hex = body.slice(i + 1, i + 3);
      if (!/^[\da-f]{2}$/i.test(hex)) return fault('PICKLE_BAD_ESCAPE', 'invalid \\x escape');
      bytes.push(Number.parseInt(hex, 16));
      i += 2;
    } else if (next >= '0' && next <= '7') {
      const octal = /^[0-7]{1,3}/.exec(body.slice(i, i + 3))![0];
      bytes.push(Number.parseInt(octal, 8) & 255);
      i += octal.length - 1;
    } else bytes.push(92, next.charCodeAt(0));
  }
  return Uint8Array.from(bytes);
}

/** The argument of UNICODE: Latin-1 with `\\u` and `\\U` escapes, each after an even number of backslashes. */
export function rawUnicodeArgument(text: string): string {
  if (!text.includes('\\')) return text;
  let result = '';
  let from = 0;
  for (let at = text.indexOf('\\'); at >= 0; at = text.indexOf('\\', at)) {
    const kind = text[at + 1];
    if (kind !== 'u' && kind !== 'U') {
      // A backslash before another one, or before anything else, stands for itself; so does what follows it.
      at += 2;
      continue;
    }
    const width = kind === 'u' ? 4 : 8;
    const digits = text.slice(at + 2, at + 2 + width);
    const code =
      /^[\da-f]+$/i.test(digits) && digits.length === width ? Number.parseInt(digits, 16) : Infinity;
    if (code > 0x10ffff) return fault('PICKLE_ENCODING', `truncated or impossible \\${kind} escape`);
    result += text.slice(from, at);
    result += code > 0xffff ? String.fromCodePoint(code) : String.fromCharCode(code);
    at += 2 + width;
    from = at;
  }
  return result + text.slice(from);
}
