/**
 * `str.encode` and `bytes.decode`: with Python's error handlers. Long texts are handled in pieces, each charged before it is made.
 */
import {
  type Decoder,
  type Encoder,
  type Encoding,
  findEncoding,
  isNoTextEncoding,
} from '../../pickle/index.ts';
import { chargeMemory, chargeSteps } from './budget.ts';
import { LookupError, TypeError, UnicodeDecodeError, UnicodeEncodeError } from './errors.ts';
import { mapPieces, pieces } from './long-text.ts';
import { textLength } from './text.ts';
import { typeName } from './types.ts';

function codecOf(name: unknown, method: 'encode' | 'decode'): Encoding {
  if (name === undefined) return utf8;
  if (typeof name !== 'string')
    throw new TypeError(`${method}() argument 'encoding' must be str, not ${typeName(name)}`);
  const found = findEncoding(name);
  if (found !== undefined) return found;
  if (isNoTextEncoding(name))
    throw new LookupError(
      `'${name}' is not a text encoding; use codecs.${method}() to handle arbitrary codecs`,
    );
  throw new LookupError(`unknown encoding: ${name}`);
}

const utf8 = findEncoding('utf-8')!;

export function encodeText(s: string, encoding?: unknown, errors?: unknown): Uint8Array {
  const codec = codecOf(encoding, 'encode');
  const parts: Uint8Array[] = codec.mark === undefined ? [] : [Uint8Array.from(codec.mark)];
  const encoder = codec.encoder?.() ?? codec;
  let before = 0;
  for (const piece of pieces(s)) {
    chargeMemory(16 + piece.length * 3);
    parts.push(codec.quick?.(piece) ?? encodePiece(codec, encoder, s, piece, before, errors));
    before += piece.length;
  }
  if ('end' in encoder) parts.push(Uint8Array.from(encoder.end()));
  return parts.length === 1 ? new Uint8Array(parts[0]!) : new Uint8Array(Buffer.concat(parts));
}

function encodePiece(
  codec: Encoding,
  encoder: Pick<Encoder, 'encode'>,
  s: string,
  piece: string,
  before: number,
  errors: unknown,
): Uint8Array {
  chargeSteps(piece.length);
  const out: number[] = [];
  for (let i = 0; i < piece.length;) {
    const code = piece.codePointAt(i)!;
    const bytes = encoder.encode(code);
    if (bytes !== undefined) for (const b of bytes) out.push(b);
    else if (errors === 'surrogateescape' && code >= 0xdc80 && code <= 0xdcff) out.push(code - 0xdc00);
    else {
      const text = substitute(errors, codec, code, s, before + i);
      chargeMemory(text.length * 2);
      for (const c of text) out.push(...(encoder.encode(c.codePointAt(0)!) ?? []));
    }
    i += code > 0xffff ? 2 : 1;
  }
  return Uint8Array.from(out);
}

const hexadecimal = (n: number, digits: number): string => n.toString(16).padStart(digits, '0');

const isSurrogate = (code: number): boolean => code >= 0xd800 && code <= 0xdfff;

function substitute(errors: unknown, codec: Encoding, code: number, s: string, unit: number): string {
  switch (errors ?? 'strict') {
    case 'ignore':
      return '';
    case 'replace':
      return '?';
    case 'xmlcharrefreplace':
      return `&#${code};`;
    case 'backslashreplace':
      return code < 256
        ? `\\x${hexadecimal(code, 2)}`
        : code < 65536
          ? `\\u${hexadecimal(code, 4)}`
          : `\\U${hexadecimal(code, 8)}`;
    case 'strict':
    case 'surrogateescape': {
      const start = textLength(s.slice(0, unit));
      let end = start;
      // Everything wrong in a row is one error.
      for (const c of s.slice(unit, unit + 10_000)) {
        if (codec.encode(c.codePointAt(0)!) !== undefined) break;
        end++;
        if (codec.single) break;
      }
      throw new UnicodeEncodeError(codec.name, s, start, end, codec.reason);
    }
    default:
      throw new LookupError(`unknown error handler name '${String(errors).slice(0, 100)}'`);
  }
}

export function decodeBytes(bytes: Uint8Array, encoding?: unknown, errors?: unknown): string {
  // Python does not even look for the codec.
  if (bytes.length === 0) return '';
  const codec = codecOf(encoding, 'decode');
  chargeMemory(16 + bytes.length * 2);
  chargeSteps(bytes.length >>> 6);
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (codec.unit !== undefined) return decodeUnits(codec, bytes, errors);
  const { table } = codec;
  if (codec.decoder !== undefined) return decodeEach(codec, codec.decoder(), bytes, errors);
  if (table === undefined) {
    const marked = codec.mark !== undefined && codec.mark.every((b, i) => bytes[i] === b) ? 3 : 0;
    return decodeUtf8(buffer.subarray(marked), errors);
  }
  if (codec.name === 'latin-1') return buffer.toString('latin1');
  let at = 0;
  return mapPieces(buffer.toString('latin1'), (piece) => {
    let out = '';
    for (let i = 0; i < piece.length; i++, at++) {
      const c = table[piece.charCodeAt(i)]!;
      out += c === '' ? replaceBytes(errors, codec.name, bytes, at, at + 1, codec.reason) : c;
    }
    return out;
  });
}

/** What a decoder reads of one place after the other. */
function decodeEach(codec: Encoding, decoder: Decoder, bytes: Uint8Array, errors: unknown): string {
  const parts: string[] = [];
  let out = '';
  for (let at = 0; at < bytes.length;) {
    if (out.length > 1023) {
      chargeSteps(256);
      parts.push(out);
      out = '';
    }
    const text = decoder.decode(bytes, at);
    if (text !== undefined) {
      out += text;
      at += decoder.size;
      continue;
    }
    const replaced = replaceBytes(errors, codec.name, bytes, at, at + decoder.size, decoder.reason);
    out += replaced;
    at += errors === 'surrogateescape' ? replaced.length : decoder.size;
  }
  parts.push(out);
  return parts.join('');
}

function decodeUtf8(buffer: Buffer, errors: unknown): string {
  const parts: string[] = [];
  let start = 0;
  for (let i = 0; i < buffer.length;) {
    // Long runs of ASCII are the rule.
    let end = i;
    while (end < buffer.length && buffer[end]! < 0x80) end++;
    chargeSteps((end - i) >>> 6);
    i = end;
    if (i >= buffer.length) break;
    const width = sequence(buffer, i);
    if (width > 0) {
      i += width;
      continue;
    }
    chargeSteps(1);
    chargeMemory(64);
    parts.push(buffer.toString('utf8', start, i));
    const bad = -width || 1;
    const first = buffer[i]!;
    const reason =
      first < 0xc2 || first > 0xf4
        ? 'invalid start byte'
        : i + bad >= buffer.length
          ? 'unexpected end of data'
          : 'invalid continuation byte';
    parts.push(replaceBytes(errors, 'utf-8', buffer, i, i + bad, reason));
    i += bad;
    start = i;
  }
  parts.push(buffer.toString('utf8', start));
  return parts.join('');
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

/** UTF-16 and UTF-32. */
function decodeUnits(codec: Encoding, bytes: Uint8Array, errors: unknown): string {
  const unit = codec.unit!;
  let big = codec.bigEndian!;
  let at = 0;
  let { name } = codec;
  if (codec.mark !== undefined) {
    const first = Buffer.from(bytes.subarray(0, unit)).toString('hex');
    const little = unit === 2 ? 'fffe' : 'fffe0000';
    big = first === (unit === 2 ? 'feff' : '0000feff');
    if (big || first === little) at = unit;
    name += big ? '-be' : '-le';
  }
  const read = (i: number): number => {
    let n = 0;
    for (let k = 0; k < unit; k++) n = n * 256 + bytes[big ? i + k : i + unit - 1 - k]!;
    return n;
  };
  const parts: string[] = [];
  let out = '';
  while (at < bytes.length) {
    if ((at & 1023) < unit) {
      chargeSteps(256);
      parts.push(out);
      out = '';
    }
    if (at + unit > bytes.length) {
      const replaced = replaceBytes(errors, name, bytes, at, bytes.length, 'truncated data');
      out += replaced;
      if (errors !== 'surrogateescape') break;
      at += replaced.length;
      continue;
    }
    let code = read(at);
    let size: number = unit;
    let reason = '';
    if (unit === 4) {
      if (code > 0x10ffff) reason = 'code point not in range(0x110000)';
      else if (isSurrogate(code)) reason = 'code point in surrogate code point range(0xd800, 0xe000)';
    } else if (code >= 0xd800 && code < 0xdc00) {
      const next = at + 4 <= bytes.length ? read(at + 2) : undefined;
      if (next === undefined) {
        reason = 'unexpected end of data';
        size = bytes.length - at;
      } else if (next >= 0xdc00 && next < 0xe000) {
        code = 0x10000 + ((code - 0xd800) << 10) + (next - 0xdc00);
        size = 4;
      } else reason = 'illegal UTF-16 surrogate';
    } else if (code >= 0xdc00 && code < 0xe000) reason = 'illegal encoding';
    if (reason === '') out += String.fromCodePoint(code);
    else {
      const replaced = replaceBytes(errors, name, bytes, at, at + size, reason);
      out += replaced;
      if (errors === 'surrogateescape') size = replaced.length;
    }
    at += size;
  }
  parts.push(out);
  return parts.join('');
}

function replaceBytes(
  errors: unknown,
  name: string,
  bytes: Uint8Array,
  start: number,
  end: number,
  reason: string,
): string {
  switch (errors ?? 'strict') {
    case 'ignore':
      return '';
    case 'replace':
      return '\ufffd';
    case 'backslashreplace':
      return Array.from(bytes.subarray(start, end), (b) => `\\x${hexadecimal(b, 2)}`).join('');
    case 'surrogateescape': {
      // The bytes below 128 are tried again by themselves.
      let escaped = '';
      for (let i = start; i < end && bytes[i]! > 127; i++) escaped += String.fromCharCode(0xdc00 + bytes[i]!);
      if (escaped !== '') return escaped;
      throw new UnicodeDecodeError(name, new Uint8Array(bytes), start, end, reason);
    }
    case 'strict':
      throw new UnicodeDecodeError(name, new Uint8Array(bytes), start, end, reason);
    case 'xmlcharrefreplace':
      throw new TypeError("don't know how to handle UnicodeDecodeError in error callback");
    default:
      throw new LookupError(`unknown error handler name '${String(errors).slice(0, 100)}'`);
  }
}
