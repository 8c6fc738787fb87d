/**
 * Text of bytes in the character sets of forms and answers: those of Python's `bytes.decode`, and those of several bytes a character that
 * the web has. A byte that is no text becomes a lone surrogate U+DC80–U+DCFF (Python's `surrogateescape`), so that nothing that a client
 * sends is lost.
 */
import { decodeBytes, encodeText, LookupError, UnicodeDecodeError } from '../restricted/index.ts';

/** Charsets of several bytes a character, by Python's names, with their names on the web. */
const MULTIBYTE: Readonly<Record<string, string>> = {
  big5: 'big5',
  'big5-hkscs': 'big5',
  'euc-jp': 'euc-jp',
  eucjp: 'euc-jp',
  'euc-kr': 'euc-kr',
  euckr: 'euc-kr',
  gb18030: 'gb18030',
  gb2312: 'gbk',
  gbk: 'gbk',
  cp936: 'gbk',
  'iso-2022-jp': 'iso-2022-jp',
  'shift-jis': 'shift_jis',
  shiftjis: 'shift_jis',
  sjis: 'shift_jis',
  cp932: 'shift_jis',
};

/** What is done with a charset; names that nobody knows have none. */
interface Charset {
  readonly kind: 'utf-8' | 'latin-1' | 'ascii' | 'python' | 'multibyte' | 'no text';
  /** Whether ASCII is itself. */
  readonly ascii: boolean;
  /** Of the web's charset. */
  readonly decoder?: InstanceType<typeof TextDecoder>;
}

// oxlint-disable-next-line no-control-regex
const ASCII = /^[\u0000-\u007f]*$/;
// oxlint-disable-next-line no-control-regex
const CONTROLS = /[\u0080-\u009f]/;
const ESCAPES = /[\udc80-\udcff]/;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** A text whose bytes are themselves only where ASCII is. */
const SAMPLE = 'Az09 +,-.&~';
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
    return { kind: ascii && text === '\ufffd\ufffd' ? 'ascii' : 'python', ascii };
  } catch (error) {
    if (!(error instanceof LookupError)) throw error;
    if (!error.message.startsWith('unknown')) return { kind: 'no text', ascii: false };
  }
  const label = MULTIBYTE[name.toLowerCase().replaceAll(/[_\s]+/g, '-')];
  if (label === undefined) return undefined;
  return {
    kind: 'multibyte',
    ascii: label !== 'iso-2022-jp',
    decoder: new TextDecoder(label, { fatal: true, ignoreBOM: true }),
  };
}

/** Whether Python has a codec of this name. */
export function isCharset(name: string): boolean {
  return charsetOf(name) !== undefined;
}

/**
 * The text of bytes, given as a string of characters up to U+00FF. Throws a UnicodeDecodeError, or a LookupError for what is no charset.
 */
export function decodeStrictly(binary: string, name: string): string {
  const charset = charsetOf(name);
  if (charset?.kind === 'latin-1' || (charset?.ascii && ASCII.test(binary))) return binary;
  const bytes = new Uint8Array(Buffer.from(binary, 'latin1'));
  if (charset?.decoder === undefined) return decodeBytes(bytes, name);
  let text: string | undefined;
  try {
    text = charset.decoder.decode(bytes);
  } catch {
    // Told below.
  }
  // The web's charsets let controls pass that Python refuses.
  if (text === undefined || CONTROLS.test(text)) {
    const start = binary.search(/[\u0080-\u00ff]/);
    throw new UnicodeDecodeError(name, bytes, start, start + 1, 'illegal multibyte sequence');
  }
  return text;
}

/** The same, with a lone surrogate for each byte that is no text. */
export function decodeEscaping(binary: string, name: string): string {
  try {
    return decodeStrictly(binary, name);
  } catch (error) {
    if (!(error instanceof UnicodeDecodeError)) throw error;
    const kind = charsetOf(name)?.kind;
    if (kind === 'utf-8') return escapingUtf8(Buffer.from(binary, 'latin1'));
    if (kind === 'ascii' || kind === 'multibyte') return binary.replaceAll(/[\u0080-\u00ff]/g, escape1);
    if (!charsetOf(name)!.ascii) return escapingUnits(binary, name);
    return binary.replaceAll(/[\u0080-\u00ff]/g, (c) => {
      const text = decodeBytes(Uint8Array.of(c.charCodeAt(0)), name, 'replace');
      return text === '\ufffd' ? escape1(c) : text;
    });
  }
}

const escape1 = (c: string) => String.fromCharCode(0xdc00 + c.charCodeAt(0));

/** How often what is no text is passed over where units are of several bytes. */
const MOST_ERRORS = 100;

/** UTF-16 and UTF-32: a byte below 128 that is no text has no escape. */
function escapingUnits(binary: string, name: string): string {
  let [text, rest, charset] = ['', binary, name];
  for (let errors = 0; ; errors++) {
    try {
      return text + decodeStrictly(rest, charset);
    } catch (error) {
      if (!(error instanceof UnicodeDecodeError) || errors === MOST_ERRORS) throw error;
      const [codec, , start, end] = error.args as [string, Uint8Array, number, number];
      const bad = rest.slice(start, end);
      if (/[\u0000-\u007f]/.test(bad)) throw error;
      text += decodeStrictly(rest.slice(0, start), charset) + bad.replaceAll(/./gs, escape1);
      [rest, charset] = [rest.slice(end), codec];
    }
  }
}

function escapingUtf8(bytes: Buffer): string {
  let text = '';
  for (let at = 0; at < bytes.length;) {
    const first = bytes[at]!;
    const length =
      first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
    let piece: string | undefined;
    if (length > 0 && at + length <= bytes.length) {
      try {
        piece = utf8.decode(bytes.subarray(at, at + length));
      } catch {
        piece = undefined;
      }
    }
    if (piece === undefined) {
      text += String.fromCharCode(0xdc00 + first);
      at += 1;
    } else {
      text += piece;
      at += length;
    }
  }
  return text;
}

/** The bytes of a text that `decodeEscaping` made, as a string of characters up to U+00FF. */
export function encodeEscaping(text: string, name: string): string {
  const charset = charsetOf(name);
  if (charset?.ascii && ASCII.test(text)) return text;
  if (!ESCAPES.test(text)) return encodedPiece(text, name, charset);
  let binary = '';
  let run = '';
  for (const char of text) {
    if (char.length > 1 || !ESCAPES.test(char)) {
      run += char;
      continue;
    }
    if (run !== '') binary += encodedPiece(run, name, charset);
    run = '';
    binary += String.fromCharCode(char.charCodeAt(0) - 0xdc00);
  }
  return run === '' ? binary : binary + encodedPiece(run, name, charset);
}

function encodedPiece(piece: string, name: string, charset: Charset | undefined): string {
  if (charset?.decoder === undefined) return Buffer.from(encodeText(piece, name)).toString('latin1');
  const table = reverseTable(name, charset.decoder);
  return Array.from(piece, (char) => table.get(char) ?? '?').join('');
}

const tables = new Map<string, ReadonlyMap<string, string>>();

/** Bytes of each character of a charset of the web. */
function reverseTable(name: string, decoder: InstanceType<typeof TextDecoder>): ReadonlyMap<string, string> {
  let table = tables.get(name);
  if (table === undefined) {
    const made = new Map<string, string>();
    const add = (...bytes: number[]) => {
      try {
        const text = decoder.decode(Uint8Array.from(bytes));
        if ([...text].length === 1 && !made.has(text)) made.set(text, String.fromCharCode(...bytes));
      } catch {
        // These bytes are no character.
      }
    };
    for (let first = 0; first < 256; first++) add(first);
    for (let first = 0x80; first < 256; first++)
      for (let second = 0x40; second < 256; second++) add(first, second);
    tables.set(name, made);
    table = made;
  }
  return table;
}

/** The text as bytes of a charset, `?` for what it lacks. Throws a LookupError for what is no charset. */
export function encodeReplacing(text: string, name: string): Uint8Array {
  const charset = charsetOf(name);
  if (charset?.kind === 'utf-8') return Buffer.from(text.replaceAll(/\p{Surrogate}/gu, '?'));
  if (charset?.kind === 'latin-1') return Buffer.from(text.replaceAll(/[^\u0000-\u00ff]/gu, '?'), 'latin1');
  if (charset?.kind === 'multibyte') return Buffer.from(encodedPiece(text, name, charset), 'latin1');
  return encodeText(text, name, 'replace');
}
