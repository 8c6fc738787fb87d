/** Text in pickles: UTF-8 that may have lone surrogates, as Python writes them (`surrogatepass`). */

/** Texts up to this length are looked for among those seen lately: attribute names and ids come again in every record. */
const SHORT = 40;
const SEEN = 4096;
const seen: string[] = Array.from({ length: SEEN }, () => '');
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Node's decoders, without a `Buffer` being made for every text. */
const { utf8Slice, latin1Slice } = Buffer.prototype as unknown as Record<
  'utf8Slice' | 'latin1Slice',
  (this: Uint8Array, start: number, end: number) => string
>;

/** The text of some bytes; undefined when they are not UTF-8. */
export function utf8Text(data: Uint8Array, start: number, end: number): string | undefined {
  const length = end - start;
  if (length > SHORT) return decoded(data, start, end);
  let hash = length;
  for (let i = start; i < end; i++) {
    const byte = data[i]!;
    if (byte > 127) return decoded(data, start, end);
    hash = (Math.imul(hash, 31) + byte) | 0;
  }
  const slot = hash & (SEEN - 1);
  const known = seen[slot]!;
  if (known.length === length) {
    let i = 0;
    while (i < length && known.charCodeAt(i) === data[start + i]) i++;
    if (i === length) return known;
  }
  return (seen[slot] = latin1Slice.call(data, start, end));
}

function decoded(data: Uint8Array, start: number, end: number): string | undefined {
  const text = utf8Slice.call(data, start, end);
  // The replacement character is rare in texts; most often it says that these are none.
  return text.includes('\ufffd') ? checked(data.subarray(start, end)) : text;
}

function checked(bytes: Uint8Array): string | undefined {
  return strictly(bytes) ?? withSurrogates(bytes);
}

function strictly(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes);
  } catch {
    // Not UTF-8: that is the answer.
    return undefined;
  }
}

/** Decodes what the strict decoder refuses: right as long as only surrogates are at fault. */
function withSurrogates(bytes: Uint8Array): string | undefined {
  let text = '';
  let from = 0;
  for (let i = 0; i + 2 < bytes.length; i++) {
    if (bytes[i] !== 0xed || bytes[i + 1]! < 0xa0 || bytes[i + 1]! > 0xbf || (bytes[i + 2]! & 0xc0) !== 0x80)
      continue;
    const before = strictly(bytes.subarray(from, i));
    if (before === undefined) return undefined;
    text += before + String.fromCharCode(0xd000 | ((bytes[i + 1]! & 0x3f) << 6) | (bytes[i + 2]! & 0x3f));
    i += 2;
    from = i + 1;
  }
  if (from === 0) return undefined;
  const rest = strictly(bytes.subarray(from));
  return rest === undefined ? undefined : text + rest;
}

/** One character for each byte. */
export function latin1Text(data: Uint8Array, start: number, end: number): string {
  return latin1Slice.call(data, start, end);
}

/** UTF-8 bytes of a text; lone surrogates as Python writes them. */
export function utf8Bytes(text: string): Uint8Array {
  if (!/\p{Surrogate}/u.test(text)) return Buffer.from(text, 'utf8');
  const parts: Uint8Array[] = [];
  for (const [part] of text.matchAll(/\p{Surrogate}|\P{Surrogate}+/gu)) {
    const code = part.charCodeAt(0);
    parts.push(
      part.length === 1 && code >= 0xd800 && code <= 0xdfff
        ? Uint8Array.of(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f))
        : Buffer.from(part, 'utf8'),
    );
  }
  return Buffer.concat(parts);
}
