/**
 * Text of bytes in the character sets of forms. A byte that is no text becomes a lone surrogate U+DC80–U+DCFF
 * (Python's `surrogateescape`), so that nothing that a client sends is lost.
 */

const LATIN1 = new Set(['latin-1', 'latin1', 'iso-8859-1', 'iso8859-1', 'l1', 'iso-ir-100', 'cp819']);
// oxlint-disable-next-line no-control-regex
const ASCII = /^[\u0000-\u007f]*$/;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const decoders = new Map<string, InstanceType<typeof TextDecoder> | null>();

function normalise(name: string): string {
  const key = name.toLowerCase().replaceAll('_', '-');
  if (key === 'utf8' || key === 'u8') return 'utf-8';
  if (/^utf-16-[bl]e$/.test(key)) return key.replace('-16-', '-16');
  // The labels of the Encoding Standard mean windows-1252 by latin1 and ascii.
  return LATIN1.has(key) ? 'latin-1' : key;
}

function decoderOf(key: string): InstanceType<typeof TextDecoder> | null {
  let decoder = decoders.get(key);
  if (decoder === undefined) {
    try {
      decoder = new TextDecoder(key, { fatal: true, ignoreBOM: true });
    } catch {
      decoder = null;
    }
    if (decoders.size < 100) decoders.set(key, decoder);
  }
  return decoder;
}

/** Whether a charset of this name is known. */
export function isCharset(name: string): boolean {
  const key = normalise(name);
  return key === 'latin-1' || decoderOf(key) !== null;
}

/** Bytes that are no text in the charset. */
export class UndecodableError extends Error {
  readonly code = 'UNDECODABLE';
  readonly charset: string;
  readonly bytes: Uint8Array;

  constructor(charset: string, bytes: Uint8Array) {
    super(`the bytes are no text in ${charset}`);
    this.charset = charset;
    this.bytes = bytes;
  }
}

/** The text of bytes, given as a string of characters up to U+00FF. Throws an UndecodableError. */
export function decodeStrictly(binary: string, charset: string): string {
  const key = normalise(charset);
  if (key === 'latin-1') return binary;
  if (ASCII.test(binary) && !key.startsWith('utf-16')) return binary;
  const bytes = Buffer.from(binary, 'latin1');
  const decoder = key === 'utf-8' ? utf8 : decoderOf(key);
  if (decoder === null) throw new UndecodableError(charset, bytes);
  try {
    return decoder.decode(bytes);
  } catch {
    throw new UndecodableError(charset, bytes);
  }
}

/** The same, with a lone surrogate for each byte that is no text. */
export function decodeEscaping(binary: string, charset: string): string {
  try {
    return decodeStrictly(binary, charset);
  } catch (error) {
    if (!(error instanceof UndecodableError)) throw error;
  }
  return normalise(charset) === 'utf-8' ? escapingUtf8(Buffer.from(binary, 'latin1')) : escaped(binary);
}

function escaped(binary: string): string {
  return binary.replaceAll(/[\u0080-\u00ff]/g, (c) => String.fromCharCode(0xdc00 + c.charCodeAt(0)));
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
export function encodeEscaping(text: string, charset: string): string {
  const key = normalise(charset);
  if (ASCII.test(text) && !key.startsWith('utf-16')) return text;
  if (key === 'latin-1') return text.replaceAll(/[\udc80-\udcff]/g, unescape1);
  if (key === 'utf-8') {
    let binary = '';
    for (const char of text) {
      const code = char.codePointAt(0)!;
      binary +=
        code >= 0xdc80 && code <= 0xdcff
          ? String.fromCharCode(code - 0xdc00)
          : Buffer.from(char).toString('latin1');
    }
    return binary;
  }
  const table = reverseTable(key);
  let binary = '';
  for (const char of text)
    binary += table.get(char) ?? (/[\udc80-\udcff]/.test(char) ? unescape1(char) : '?');
  return binary;
}

const unescape1 = (char: string) => String.fromCharCode(char.charCodeAt(0) - 0xdc00);

const tables = new Map<string, ReadonlyMap<string, string>>();

/** Byte of each character of a single-byte charset. */
function reverseTable(key: string): ReadonlyMap<string, string> {
  let table = tables.get(key);
  if (table === undefined) {
    const made = new Map<string, string>();
    const decoder = decoderOf(key);
    for (let byte = 0; byte < 256 && decoder !== null; byte++) {
      try {
        const char = decoder.decode(Uint8Array.of(byte));
        if (char !== '') made.set(char, String.fromCharCode(byte));
      } catch {
        // A byte without a character, or the first of several.
      }
    }
    tables.set(key, made);
    table = made;
  }
  return table;
}

/** The text as bytes of a charset, `?` for what it lacks; undefined for an unknown charset. */
export function encodeReplacing(text: string, charset: string): Uint8Array | undefined {
  const key = normalise(charset);
  if (key === 'utf-8') return Buffer.from(text.replaceAll(/\p{Surrogate}/gu, '?'));
  if (key === 'latin-1') return Buffer.from(text.replaceAll(/[^\u0000-\u00ff]/gu, '?'), 'latin1');
  if (key === 'ascii' || key === 'us-ascii')
    return Buffer.from(text.replaceAll(/[^\u0000-\u007f]/gu, '?'), 'latin1');
  if (key === 'utf-16le') return Buffer.from(text, 'utf16le');
  if (key === 'utf-16be') return Buffer.from(text, 'utf16le').swap16();
  return decoderOf(key) === null ? undefined : Buffer.from(encodeEscaping(text, key), 'latin1');
}
