import { findEncoding } from '../../pickle/index.ts';
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

/** An encoder by Python's name of the encoding. Throws a `LookupError` for an unknown one. */
export function encoderOf(encoding: string, errors: EncodeErrors): Encode {
  const found = findEncoding(encoding === 'locale' ? 'utf-8' : encoding);
  if (found === undefined) throw pythonError('LookupError', `unknown encoding: ${encoding}`);
  return (text) => {
    // A mark would stand before each record; where there is none, the byte order is this one.
    const quick = found.quick?.(text);
    if (quick !== undefined) return quick;
    const encoder = found.encoder?.() ?? found;
    const bytes: number[] = [];
    for (const c of text) {
      const code = c.codePointAt(0)!;
      const encoded = encoder.encode(code);
      if (encoded !== undefined) bytes.push(...encoded);
      else
        for (const other of substitute(c, code)) bytes.push(...(encoder.encode(other.charCodeAt(0)) ?? []));
    }
    if ('end' in encoder) bytes.push(...encoder.end());
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
