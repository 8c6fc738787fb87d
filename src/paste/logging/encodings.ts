import { pythonError } from './errors.ts';
import { quoted } from '../loader/config-parser.ts';
import { asciiOnly } from './percent.ts';

export type EncodeErrors =
  | 'strict'
  | 'ignore'
  | 'replace'
  | 'backslashreplace'
  | 'xmlcharrefreplace'
  | 'namereplace';
type Encode = (text: string) => Uint8Array;

const ALIASES: Readonly<Record<string, string>> = {
  utf8: 'utf-8',
  'utf-8-sig': 'utf-8',
  u8: 'utf-8',
  latin1: 'latin-1',
  'iso-8859-1': 'latin-1',
  iso8859: 'latin-1',
  l1: 'latin-1',
  'us-ascii': 'ascii',
  646: 'ascii',
  locale: 'utf-8',
};

/** An encoder by Python's name of the encoding. Throws a `LookupError` for an unknown one. */
export function encoderOf(encoding: string, errors: EncodeErrors): Encode {
  const given = encoding.toLowerCase().replaceAll('_', '-');
  const name = ALIASES[given] ?? given;
  if (name === 'utf-8') return (text) => Buffer.from(text, 'utf8');
  if (name === 'utf-16-le' || name === 'utf-16le') return (text) => Buffer.from(text, 'utf16le');
  if (name === 'latin-1') return singleByte(encoding, (code) => (code < 256 ? code : undefined), errors);
  if (name === 'ascii') return singleByte(encoding, (code) => (code < 128 ? code : undefined), errors);
  const table = tableOf(name.replace(/^cp(125\d)$/, 'windows-$1').replace(/^iso8859-/, 'iso-8859-'));
  if (!table) throw pythonError('LookupError', `unknown encoding: ${encoding}`);
  return singleByte(encoding, (code) => table.get(code), errors);
}

// Bytes 0x80 to 0x9f; Node 20 decodes windows-1252 as if it were latin-1.
const CP1252 = '€\0‚ƒ„…†‡ˆ‰Š‹Œ\0Ž\0\0‘’“”•–—˜™š›œ\0žŸ';

/** The inverse of what `TextDecoder` makes of each single byte. */
function tableOf(label: string): ReadonlyMap<number, number> | undefined {
  if (!/^(?:windows-|iso-8859-|koi8-|ibm866|macintosh)/.test(label)) return undefined;
  let decoder: { decode(bytes: Uint8Array): string };
  try {
    decoder = new TextDecoder(label);
  } catch {
    return undefined;
  }
  const table = new Map<number, number>();
  for (let byte = 0; byte < 256; byte += 1) {
    const code = decoder.decode(Uint8Array.of(byte)).codePointAt(0);
    if (code !== undefined && code !== 0xfffd) table.set(code, byte);
  }
  if (label === 'windows-1252') {
    for (let byte = 0x80; byte < 0xa0; byte += 1) {
      table.delete(byte);
      if (CP1252[byte - 0x80] !== '\0') table.set(CP1252.charCodeAt(byte - 0x80), byte);
    }
  }
  return table;
}

function singleByte(
  encoding: string,
  byteOf: (code: number) => number | undefined,
  errors: EncodeErrors,
): Encode {
  return (text) => {
    const bytes: number[] = [];
    for (const c of text) {
      const code = c.codePointAt(0)!;
      const byte = byteOf(code);
      if (byte !== undefined) bytes.push(byte);
      else for (const b of Buffer.from(substitute(c, code), 'latin1')) bytes.push(b);
    }
    return Uint8Array.from(bytes);
  };

  function substitute(c: string, code: number): string {
    switch (errors) {
      case 'ignore':
        return '';
      case 'replace':
        return '?';
      case 'backslashreplace':
      case 'namereplace':
        return asciiOnly(c);
      case 'xmlcharrefreplace':
        return `&#${code};`;
      case 'strict':
        throw pythonError(
          'UnicodeEncodeError',
          `${quoted(encoding)} codec can't encode character ${quoted(asciiOnly(c))}`,
        );
    }
  }
}
