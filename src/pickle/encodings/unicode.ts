/** The encodings of all code points, and of the first ones of them. */
import { type Encoding, isSurrogate } from './encoding.ts';

/** A surrogate without its other half. */
const LONE = /\p{Surrogate}/u;
const SURROGATES = 'surrogates not allowed';

export const utf8: Encoding = {
  name: 'utf-8',
  encode: (code) => (isSurrogate(code) ? undefined : [...Buffer.from(String.fromCodePoint(code), 'utf8')]),
  reason: SURROGATES,
  quick: (piece) => (LONE.test(piece) ? undefined : Buffer.from(piece, 'utf8')),
};

export const utf8Signed: Encoding = { ...utf8, mark: [0xef, 0xbb, 0xbf] };

export function wideEncoding(
  name: string,
  unit: 2 | 4,
  bigEndian: boolean,
  mark?: readonly number[],
): Encoding {
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
function narrowEncoding(name: string, limit: 128 | 256): Encoding {
  const beyond = limit === 128 ? /[^\0-\x7f]/ : /[^\0-\xff]/;
  return {
    name,
    encode: (code) => (code < limit ? [code] : undefined),
    reason: `ordinal not in range(${limit})`,
    table: Array.from({ length: 256 }, (_none, b) => (b < limit ? String.fromCharCode(b) : '')),
    quick: (piece) => (beyond.test(piece) ? undefined : Buffer.from(piece, 'latin1')),
  };
}

export const usAscii = narrowEncoding('ascii', 128);
export const latin1 = narrowEncoding('latin-1', 256);
