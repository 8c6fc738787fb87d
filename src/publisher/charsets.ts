/**
 * Text of bytes in the character sets of forms and answers: those of Python's `bytes.decode`. A byte that is no text becomes a lone
 * surrogate U+DC80–U+DCFF (Python's `surrogateescape`), so that nothing that a client sends is lost.
 */
import { decodeBytes, encodeText, LookupError, UnicodeDecodeError } from '../restricted/index.ts';

/** What is done with a charset; names that nobody knows have none. */
interface Charset {
  readonly kind: 'utf-8' | 'latin-1' | 'other' | 'no text';
  /** Whether ASCII is itself. */
  readonly ascii: boolean;
}

// oxlint-disable-next-line no-control-regex
const ASCII = /^[\u0000-\u007f]*$/;
/** A text whose bytes are themselves only where ASCII is: neither escapes nor shifts. */
const SAMPLE = 'Az09 +,-.&~\\n\u001b(B';
const charsets = new Map<string, Charset | undefined>();

function charsetOf(name: string): Charset | undefined {
  if (charsets.has(name)) return charsets.get(name);
  const made = makeCharset(name);
  if (charsets.size < 200) charsets.set(name, made);
  return made;
}

function makeCharset(name: string): Charset | undefined {
  const bytes = new Uint8Array(Buffer.from(SAMPLE));
  try {
    let ascii = false;
    try {
      ascii = decodeBytes(bytes, name) === SAMPLE && encodeText('a', name).length === 1;
    } catch (error) {
      if (!(error instanceof UnicodeDecodeError)) throw error;
    }
    const high = Uint8Array.of(0xc3, 0xa4);
    const text = decodeBytes(high, name, 'replace');
    if (ascii && text === 'ä') return { kind: 'utf-8', ascii };
    if (ascii && text === '\u00c3\u00a4' && decodeBytes(Uint8Array.of(0x80), name, 'replace') === '\u0080')
      return { kind: 'latin-1', ascii };
    return { kind: 'other', ascii };
  } catch (error) {
    if (!(error instanceof LookupError)) throw error;
    return error.message.startsWith('unknown') ? undefined : { kind: 'no text', ascii: false };
  }
}

/** Whether Python has a codec of this name. */
export function isCharset(name: string): boolean {
  return charsetOf(name) !== undefined;
}

/**
 * The text of bytes, given as a string of characters up to U+00FF. Throws a UnicodeDecodeError, or a LookupError for what is no charset.
 */
export const decodeStrictly = (binary: string, name: string): string => decoded(binary, name, 'strict');

/** The same, with a lone surrogate for each byte that is no text. */
export const decodeEscaping = (binary: string, name: string): string =>
  decoded(binary, name, 'surrogateescape');

function decoded(binary: string, name: string, errors: string): string {
  const charset = charsetOf(name);
  if (charset?.kind === 'latin-1' || (charset?.ascii && ASCII.test(binary))) return binary;
  return decodeBytes(new Uint8Array(Buffer.from(binary, 'latin1')), name, errors);
}

/** The bytes of a text that `decodeEscaping` made, as a string of characters up to U+00FF. */
export function encodeEscaping(text: string, name: string): string {
  if (charsetOf(name)?.ascii && ASCII.test(text)) return text;
  return Buffer.from(encodeText(text, name, 'surrogateescape')).toString('latin1');
}

/** The text as bytes of a charset, `?` for what it lacks. Throws a LookupError for what is no charset. */
export function encodeReplacing(text: string, name: string): Uint8Array {
  const charset = charsetOf(name);
  if (charset?.kind === 'utf-8') return Buffer.from(text.replaceAll(/\p{Surrogate}/gu, '?'));
  if (charset?.kind === 'latin-1') return Buffer.from(text.replaceAll(/[^\u0000-\u00ff]/gu, '?'), 'latin1');
  return encodeText(text, name, 'replace');
}
