/** `str.encode` and `bytes.decode`: the encodings of the web, with Python's error handlers. */
import { chargeMemory } from './budget.ts';
import { LookupError, TypeError, UnicodeDecodeError, UnicodeEncodeError } from './errors.ts';
import { typeName } from './types.ts';

type Codec = 'utf-8' | 'ascii' | 'latin-1' | 'utf-16-le' | 'utf-16-be' | 'utf-16';

function codecOf(name: unknown, argument: string): Codec {
  if (name === undefined) return 'utf-8';
  if (typeof name !== 'string')
    throw new TypeError(`${argument} argument 'encoding' must be str, not ${typeName(name)}`);
  switch (name.toLowerCase().replace(/[_\s]/g, '-')) {
    case 'utf-8':
    case 'utf8':
    case 'u8':
      return 'utf-8';
    case 'ascii':
    case 'us-ascii':
    case '646':
      return 'ascii';
    case 'latin-1':
    case 'latin1':
    case 'iso-8859-1':
    case 'iso8859-1':
    case 'l1':
      return 'latin-1';
    case 'utf-16':
    case 'utf16':
      return 'utf-16';
    case 'utf-16-le':
    case 'utf-16le':
      return 'utf-16-le';
    case 'utf-16-be':
    case 'utf-16be':
      return 'utf-16-be';
    default:
      throw new LookupError(`unknown encoding: ${name}`);
  }
}

/** A surrogate without its other half. */
const LONE = /\p{Surrogate}/u;

export function encodeText(s: string, encoding?: unknown, errors?: unknown): Uint8Array {
  const codec = codecOf(encoding, 'encode()');
  chargeMemory(16 + s.length * 3);
  const out: number[] = [];
  if (codec === 'utf-8' && !LONE.test(s)) return new Uint8Array(Buffer.from(s, 'utf8'));
  if (codec.startsWith('utf-16')) {
    const le = Buffer.from(s, 'utf16le');
    if (codec === 'utf-16-be') le.swap16();
    return new Uint8Array(codec === 'utf-16' ? Buffer.concat([Buffer.from([0xff, 0xfe]), le]) : le);
  }
  const limit = codec === 'ascii' ? 128 : codec === 'latin-1' ? 256 : 0x110000;
  let at = 0;
  for (const c of s) {
    const code = c.codePointAt(0)!;
    const lone = code >= 0xd800 && code <= 0xdfff;
    if (code < limit && !(codec === 'utf-8' && lone)) {
      if (codec === 'utf-8') out.push(...Buffer.from(c, 'utf8'));
      else out.push(code);
    } else out.push(...Buffer.from(substitute(errors, codec, s, at, c), 'latin1'));
    at++;
  }
  return new Uint8Array(out);
}

function substitute(errors: unknown, codec: Codec, s: string, at: number, c: string): string {
  const code = c.codePointAt(0)!;
  switch (errors ?? 'strict') {
    case 'ignore':
      return '';
    case 'replace':
      return '?';
    case 'xmlcharrefreplace':
      return `&#${code};`;
    case 'backslashreplace':
      return code < 256
        ? `\\x${code.toString(16).padStart(2, '0')}`
        : code < 65536
          ? `\\u${code.toString(16).padStart(4, '0')}`
          : `\\U${code.toString(16).padStart(8, '0')}`;
    case 'strict': {
      const reason =
        codec === 'utf-8'
          ? 'surrogates not allowed'
          : `ordinal not in range(${codec === 'ascii' ? 128 : 256})`;
      throw new UnicodeEncodeError(codec, s, at, at + 1, reason);
    }
    default:
      throw new LookupError(`unknown error handler name '${String(errors)}'`);
  }
}

export function decodeBytes(bytes: Uint8Array, encoding?: unknown, errors?: unknown): string {
  const codec = codecOf(encoding, 'decode()');
  chargeMemory(16 + bytes.length * 2);
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (codec === 'latin-1') return buffer.toString('latin1');
  if (codec.startsWith('utf-16')) {
    const copy = Buffer.from(buffer.subarray(0, buffer.length & ~1));
    if (codec === 'utf-16-be' || (codec === 'utf-16' && copy[0] === 0xfe && copy[1] === 0xff)) copy.swap16();
    const text = copy.toString('utf16le');
    return codec === 'utf-16' && text.startsWith('\ufeff') ? text.slice(1) : text;
  }
  let out = '';
  let start = 0;
  for (let i = 0; i < bytes.length;) {
    const width = codec === 'ascii' ? (bytes[i]! < 128 ? 1 : 0) : sequence(bytes, i);
    if (width > 0) {
      i += width;
      continue;
    }
    out += buffer.toString('utf8', start, i);
    const bad = codec === 'ascii' ? 1 : -width || 1;
    out += replaceBytes(errors, codec, bytes, i, i + bad);
    i += bad;
    start = i;
  }
  return out + buffer.toString('utf8', start);
}

/** Length of the UTF-8 sequence at `i`; not positive: minus the number of bytes that are wrong. */
function sequence(bytes: Uint8Array, i: number): number {
  const a = bytes[i]!;
  if (a < 0x80) return 1;
  const length = a >= 0xc2 && a <= 0xdf ? 2 : a >= 0xe0 && a <= 0xef ? 3 : a >= 0xf0 && a <= 0xf4 ? 4 : 0;
  if (length === 0) return -1;
  for (let n = 1; n < length; n++) {
    const b = bytes[i + n];
    const low = n === 1 ? (a === 0xe0 ? 0xa0 : a === 0xf0 ? 0x90 : 0x80) : 0x80;
    const high = n === 1 ? (a === 0xed ? 0x9f : a === 0xf4 ? 0x8f : 0xbf) : 0xbf;
    if (b === undefined || b < low || b > high) return -n;
  }
  return length;
}

function replaceBytes(errors: unknown, codec: Codec, bytes: Uint8Array, start: number, end: number): string {
  switch (errors ?? 'strict') {
    case 'ignore':
      return '';
    case 'replace':
      return '\ufffd';
    case 'backslashreplace':
      return Array.from(bytes.subarray(start, end), (b) => `\\x${b.toString(16).padStart(2, '0')}`).join('');
    case 'strict': {
      const reason =
        codec === 'ascii'
          ? 'ordinal not in range(128)'
          : bytes[start]! < 0xc2 || bytes[start]! > 0xf4
            ? 'invalid start byte'
            : end >= bytes.length
              ? 'unexpected end of data'
              : 'invalid continuation byte';
      throw new UnicodeDecodeError(codec, bytes, start, end, reason);
    }
    default:
      throw new LookupError(`unknown error handler name '${String(errors)}'`);
  }
}
