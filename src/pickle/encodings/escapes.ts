/** Python's escapes as encodings: `unicode_escape` and `raw_unicode_escape`. */
import { type Encoding, FailingDecoder } from './encoding.ts';

const hexadecimal = (code: number, digits: number): string => code.toString(16).padStart(digits, '0');
const ascii = (text: string): number[] => Array.from(text, (c) => c.charCodeAt(0));

const escaped = (code: number): number[] =>
  ascii(code < 0x10000 ? `\\u${hexadecimal(code, 4)}` : `\\U${hexadecimal(code, 8)}`);

/** What stands for itself behind a backslash in Python's texts, or for a control. */
export const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  '\n': '',
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};
const DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

class EscapeDecoder extends FailingDecoder {
  readonly #raw: boolean;

  constructor(raw: boolean) {
    super();
    this.#raw = raw;
  }

  decode(bytes: Uint8Array, at: number): string | undefined {
    const first = String.fromCharCode(bytes[at]!);
    this.size = 1;
    if (first !== '\\') return first;
    if (at + 1 >= bytes.length) return this.#raw ? first : this.wrong(1, '\\ at end of string');
    const kind = String.fromCharCode(bytes[at + 1]!);
    if (this.#raw && kind === '\\') {
      this.size = 2;
      return '\\\\';
    }
    if (kind in DIGITS && !(this.#raw && kind === 'x')) return this.#numbered(bytes, at, kind);
    if (this.#raw) return first;
    this.size = 2;
    if (Object.hasOwn(SIMPLE_ESCAPES, kind)) return SIMPLE_ESCAPES[kind]!;
    if (kind === 'N') return this.#named(bytes, at);
    const octal = /^[0-7]{1,3}/.exec(Buffer.from(bytes.subarray(at + 1, at + 4)).toString('latin1'))?.[0];
    if (octal === undefined) return `\\${kind}`;
    this.size = 1 + octal.length;
    return String.fromCharCode(Number.parseInt(octal, 8));
  }

  #numbered(bytes: Uint8Array, at: number, kind: string): string | undefined {
    const count = DIGITS[kind]!;
    const text = Buffer.from(bytes.subarray(at + 2, at + 2 + count)).toString('latin1');
    const digits = /^[0-9a-fA-F]*/.exec(text)![0];
    if (digits.length < count)
      return this.wrong(2 + digits.length, `truncated \\${kind}${'X'.repeat(count)} escape`);
    const code = Number.parseInt(digits, 16);
    if (code > 0x10ffff)
      return this.wrong(2 + count, this.#raw ? '\\Uxxxxxxxx out of range' : 'illegal Unicode character');
    this.size = 2 + count;
    return String.fromCodePoint(code);
  }

  /** Names of characters are not known here. */
  #named(bytes: Uint8Array, at: number): undefined {
    const text = Buffer.from(bytes.subarray(at + 2, at + 102)).toString('latin1');
    const name = /^\{[^}]+\}/.exec(text)?.[0];
    return name === undefined
      ? this.wrong(2, 'malformed \\N character escape')
      : this.wrong(2 + name.length, 'unknown Unicode character name');
  }
}

export const unicodeEscape: Encoding = {
  name: 'unicodeescape',
  reason: '',
  encode: (code) => {
    if (code === 0x5c) return [0x5c, 0x5c];
    if (code >= 32 && code < 127) return [code];
    const short = code === 9 ? '\\t' : code === 10 ? '\\n' : code === 13 ? '\\r' : undefined;
    if (short !== undefined) return ascii(short);
    return code < 256 ? ascii(`\\x${hexadecimal(code, 2)}`) : escaped(code);
  },
  decoder: () => new EscapeDecoder(false),
};

export const rawUnicodeEscape: Encoding = {
  name: 'rawunicodeescape',
  reason: '',
  encode: (code) => (code < 256 ? [code] : escaped(code)),
  decoder: () => new EscapeDecoder(true),
};
