/**
 * `str.encode` and `bytes.decode`: the encodings of Unicode and the single-byte ones of the web, with Python's error handlers. Long
 * texts are handled in pieces, each charged before it is made.
 */
import { chargeMemory, chargeSteps } from './budget.ts';
import { LookupError, TypeError, UnicodeDecodeError, UnicodeEncodeError } from './errors.ts';
import { mapPieces, pieces } from './long-text.ts';
import { textLength } from './text.ts';
import { typeName } from './types.ts';

interface Codec {
  /** As errors name it. */
  readonly name: string;
  /** The bytes of a code point; undefined: it has none here. */
  readonly encode: (code: number) => readonly number[] | undefined;
  /** What is wrong with a code point that has none. */
  readonly reason: string;
  readonly mark?: readonly number[];
  /** Bytes of one unit where a text is units of that size. */
  readonly unit?: 2 | 4;
  readonly bigEndian?: boolean;
  /** The characters of the 256 bytes of a single-byte encoding; empty: no character. */
  readonly table?: readonly string[];
  /** Encodes a whole piece at once where nothing in it can fail. */
  readonly quick?: (piece: string) => Uint8Array | undefined;
}

/** A surrogate without its other half. */
const LONE = /\p{Surrogate}/u;
const isSurrogate = (code: number): boolean => code >= 0xd800 && code <= 0xdfff;
const SURROGATES = 'surrogates not allowed';

const utf8: Codec = {
  name: 'utf-8',
  encode: (code) => (isSurrogate(code) ? undefined : [...Buffer.from(String.fromCodePoint(code), 'utf8')]),
  reason: SURROGATES,
  quick: (piece) => (LONE.test(piece) ? undefined : Buffer.from(piece, 'utf8')),
};

function wideCodec(name: string, unit: 2 | 4, bigEndian: boolean, mark?: readonly number[]): Codec {
  const order = (n: number): number[] => {
    const bytes = unit === 2 ? [n & 255, n >>> 8] : [n & 255, (n >>> 8) & 255, (n >>> 16) & 255, n >>> 24];
    return bigEndian ? bytes.reverse() : bytes;
  };
  return {
    name,
    encode: (code) => {
      if (isSurrogate(code)) return undefined;
      if (unit === 4 || code < 0x10000) return order(code);
      return [...order(0xd7c0 + (code >>> 10)), ...order(0xdc00 + (code & 0x3ff))];
    },
    reason: SURROGATES,
    unit,
    bigEndian,
    ...(mark === undefined ? {} : { mark }),
  };
}

/** The first 128, or 256, code points as bytes. */
function narrowCodec(name: string, limit: 128 | 256): Codec {
  const beyond = limit === 128 ? /[^\0-\x7f]/ : /[^\0-\xff]/;
  return {
    name,
    encode: (code) => (code < limit ? [code] : undefined),
    reason: `ordinal not in range(${limit})`,
    table: Array.from({ length: 256 }, (_none, b) => (b < limit ? String.fromCharCode(b) : '')),
    quick: (piece) => (beyond.test(piece) ? undefined : Buffer.from(piece, 'latin1')),
  };
}

/** Python's name of a single-byte encoding and that of the web, whose tables differ from Python's only in unassigned bytes. */
const SINGLE: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16].map((n) => [`iso8859-${n}`, `iso-8859-${n}`]),
  ),
  ...Object.fromEntries(
    [1250, 1251, 1252, 1253, 1254, 1255, 1256, 1257, 1258].map((n) => [`cp${n}`, `windows-${n}`]),
  ),
  'koi8-r': 'koi8-r',
  'koi8-u': 'koi8-u',
  'mac-roman': 'macintosh',
  cp866: 'ibm866',
};

/** The bytes 128 to 159; a hyphen: unassigned. */
const WINDOWS_1252 = '€-‚ƒ„…†‡ˆ‰Š‹Œ-Ž--‘’“”•–—˜™š›œ-žŸ';

function singleCodec(name: string, label: string): Codec {
  const decoder = new TextDecoder(label);
  const table = Array.from({ length: 256 }, (_none, b) => {
    // Some engines read this one as latin-1.
    if (name === 'cp1252' && b >= 128 && b < 160) return WINDOWS_1252[b - 128]!.replace('-', '');
    const c = decoder.decode(Uint8Array.of(b));
    // The web maps unassigned bytes to controls, Python to nothing.
    return c === '\ufffd' ||
      (b > 127 && c.charCodeAt(0) === b && c.charCodeAt(0) < 160 && name.startsWith('cp'))
      ? ''
      : c;
  });
  const bytes = new Map(table.map((c, b) => [c.codePointAt(0), [b]] as const));
  return {
    name: 'charmap',
    encode: (code) => bytes.get(code),
    reason: 'character maps to <undefined>',
    table,
  };
}

const NAMES: Readonly<Record<string, string>> = {
  utf8: 'utf-8',
  u8: 'utf-8',
  utf: 'utf-8',
  'us-ascii': 'ascii',
  '646': 'ascii',
  latin1: 'latin-1',
  latin: 'latin-1',
  'iso-8859-1': 'latin-1',
  'iso8859-1': 'latin-1',
  '8859': 'latin-1',
  cp819: 'latin-1',
  l1: 'latin-1',
  utf16: 'utf-16',
  u16: 'utf-16',
  'utf-16le': 'utf-16-le',
  'utf-16be': 'utf-16-be',
  utf32: 'utf-32',
  u32: 'utf-32',
  'utf-32le': 'utf-32-le',
  'utf-32be': 'utf-32-be',
  macintosh: 'mac-roman',
  '866': 'cp866',
};
const known = new Map<string, Codec>([
  ['utf-8', utf8],
  ['utf-8-sig', { ...utf8, name: 'utf-8', mark: [0xef, 0xbb, 0xbf] }],
  ['ascii', narrowCodec('ascii', 128)],
  ['latin-1', narrowCodec('latin-1', 256)],
  ['utf-16', wideCodec('utf-16', 2, false, [0xff, 0xfe])],
  ['utf-16-le', wideCodec('utf-16-le', 2, false)],
  ['utf-16-be', wideCodec('utf-16-be', 2, true)],
  ['utf-32', wideCodec('utf-32', 4, false, [0xff, 0xfe, 0, 0])],
  ['utf-32-le', wideCodec('utf-32-le', 4, false)],
  ['utf-32-be', wideCodec('utf-32-be', 4, true)],
]);
/** Python's codecs that turn bytes into bytes or texts into texts. */
const NO_TEXT = /^(?:rot-?13|hex|hex-codec|base64|base-64|bz2|zip|zlib|uu|quopri|quotedprintable)$/;

function codecOf(name: unknown, method: 'encode' | 'decode'): Codec {
  if (name === undefined) return utf8;
  if (typeof name !== 'string')
    throw new TypeError(`${method}() argument 'encoding' must be str, not ${typeName(name)}`);
  const plain = name
    .slice(0, 100)
    .toLowerCase()
    .replace(/[_\s]+/g, '-');
  const canonical =
    NAMES[plain] ?? plain.replace(/^iso-8859-/, 'iso8859-').replace(/^windows-(?=125\d$)|^(?=125\d$)/, 'cp');
  const codec = known.get(canonical);
  if (codec !== undefined) return codec;
  if (Object.hasOwn(SINGLE, canonical)) {
    const made = singleCodec(canonical, SINGLE[canonical]!);
    known.set(canonical, made);
    return made;
  }
  if (NO_TEXT.test(plain))
    throw new LookupError(
      `'${name}' is not a text encoding; use codecs.${method}() to handle arbitrary codecs`,
    );
  throw new LookupError(`unknown encoding: ${name}`);
}

export function encodeText(s: string, encoding?: unknown, errors?: unknown): Uint8Array {
  const codec = codecOf(encoding, 'encode');
  const parts: Uint8Array[] = codec.mark === undefined ? [] : [Uint8Array.from(codec.mark)];
  let before = 0;
  for (const piece of pieces(s)) {
    chargeMemory(16 + piece.length * 3);
    parts.push(codec.quick?.(piece) ?? encodePiece(codec, s, piece, before, errors));
    before += piece.length;
  }
  return parts.length === 1 ? new Uint8Array(parts[0]!) : new Uint8Array(Buffer.concat(parts));
}

function encodePiece(codec: Codec, s: string, piece: string, before: number, errors: unknown): Uint8Array {
  chargeSteps(piece.length);
  const out: number[] = [];
  for (let i = 0; i < piece.length;) {
    const code = piece.codePointAt(i)!;
    const bytes = codec.encode(code);
    if (bytes !== undefined) for (const b of bytes) out.push(b);
    else {
      const text = substitute(errors, codec, code, s, before + i);
      chargeMemory(text.length * 2);
      for (const c of text) out.push(...(codec.encode(c.codePointAt(0)!) ?? []));
    }
    i += code > 0xffff ? 2 : 1;
  }
  return Uint8Array.from(out);
}

const hexadecimal = (n: number, digits: number): string => n.toString(16).padStart(digits, '0');

function substitute(errors: unknown, codec: Codec, code: number, s: string, unit: number): string {
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
    case 'strict': {
      const start = textLength(s.slice(0, unit));
      let end = start;
      // Everything wrong in a row is one error, but for single-byte tables.
      for (const c of s.slice(unit, unit + 10_000)) {
        if (codec.encode(c.codePointAt(0)!) !== undefined) break;
        end++;
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
function decodeUnits(codec: Codec, bytes: Uint8Array, errors: unknown): string {
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
      out += replaceBytes(errors, name, bytes, at, bytes.length, 'truncated data');
      break;
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
    out +=
      reason === '' ? String.fromCodePoint(code) : replaceBytes(errors, name, bytes, at, at + size, reason);
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
    case 'strict':
      throw new UnicodeDecodeError(name, new Uint8Array(bytes), start, end, reason);
    default:
      throw new LookupError(`unknown error handler name '${String(errors).slice(0, 100)}'`);
  }
}
