/** The text encodings of Python, by its names. */
import type { Encoding } from './encoding.ts';
import { rawUnicodeEscape, unicodeEscape } from './escapes.ts';
import { multibyteEncoding } from './multibyte.ts';
import { canonicalName } from './names.ts';
import { singleByteEncoding } from './single-byte.ts';
import { latin1, usAscii, utf8, utf8Signed, wideEncoding } from './unicode.ts';
import { utf7 } from './utf7.ts';

export type { Encoder, Decoder, Encoding } from './encoding.ts';
export { SIMPLE_ESCAPES } from './escapes.ts';

const known = new Map<string, Encoding | undefined>([
  ['utf_8', utf8],
  ['utf_8_sig', utf8Signed],
  ['ascii', usAscii],
  ['latin_1', latin1],
  ['utf_16', wideEncoding('utf-16', 2, false, [0xff, 0xfe])],
  ['utf_16_le', wideEncoding('utf-16-le', 2, false)],
  ['utf_16_be', wideEncoding('utf-16-be', 2, true)],
  ['utf_32', wideEncoding('utf-32', 4, false, [0xff, 0xfe, 0, 0])],
  ['utf_32_le', wideEncoding('utf-32-le', 4, false)],
  ['utf_32_be', wideEncoding('utf-32-be', 4, true)],
  ['utf_7', utf7],
  ['unicode_escape', unicodeEscape],
  ['raw_unicode_escape', rawUnicodeEscape],
]);
/** By the names that were asked for. */
const asked = new Map<string, Encoding | undefined>();
const MOST_ASKED = 300;

/** An encoding by any of its names; undefined: there is none, or it is one that makes no text. */
export function findEncoding(name: string): Encoding | undefined {
  if (asked.has(name)) return asked.get(name);
  const canonical = canonicalName(name);
  let found = known.get(canonical);
  if (found === undefined) {
    found = singleByteEncoding(canonical) ?? multibyteEncoding(canonical);
    if (found !== undefined) known.set(canonical, found);
  }
  if (asked.size < MOST_ASKED) asked.set(name, found);
  return found;
}

/** Python's encodings of bytes as bytes and of texts as texts, which `str.encode` and `bytes.decode` refuse. */
const NO_TEXT = /^(?:rot_13|(?:hex|base64|bz2|zlib|uu|quopri)_codec)$/;

/** Whether a name is one of an encoding that makes no text. */
export const isNoTextEncoding = (name: string): boolean => NO_TEXT.test(canonicalName(name));
