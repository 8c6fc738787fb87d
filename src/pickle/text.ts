/** Text in pickles: UTF-8 that may have lone surrogates, as Python writes them (`surrogatepass`). */

const SHORT = 24;
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text of some bytes; undefined when they are not UTF-8. */
export function utf8Text(data: Uint8Array, start: number, end: number): string | undefined {
  if (end - start <= SHORT) {
    let text = '';
    let at = start;
    while (at < end && data[at]! < 128) text += String.fromCharCode(data[at++]!);
    if (at === end) return text;
  }
  const bytes = data.subarray(start, end);
  try {
    return strict.decode(bytes);
  } catch {
    return withSurrogates(bytes);
  }
}

/** Decodes what the strict decoder refuses: right as long as only surrogates are at fault. */
function withSurrogates(bytes: Uint8Array): string | undefined {
  let text = '';
  let from = 0;
  for (let i = 0; i + 2 < bytes.length; i++) {
    if (bytes[i] !== 0xed || bytes[i + 1]! < 0xa0 || bytes[i + 1]! > 0xbf || (bytes[i + 2]! & 0xc0) !== 0x80)
      continue;
    const before = decoded(bytes.subarray(from, i));
    if (before === undefined) return undefined;
    text += before + String.fromCharCode(0xd000 | ((bytes[i + 1]! & 0x3f) << 6) | (bytes[i + 2]! & 0x3f));
    i += 2;
    from = i + 1;
  }
  if (from === 0) return undefined;
  const rest = decoded(bytes.subarray(from));
  return rest === undefined ? undefined : text + rest;
}

function decoded(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes);
  } catch {
    return undefined;
  }
}

export function latin1Text(data: Uint8Array, start: number, end: number): string {
  if (end - start <= SHORT) {
    let text = '';
    for (let at = start; at < end; at++) text += String.fromCharCode(data[at]!);
    return text;
  }
  return Buffer.from(data.buffer, data.byteOffset + start, end - start).toString('latin1');
}

/** UTF-8 bytes of a text; lone surrogates as Python writes them. */
export function utf8Bytes(text: string): Uint8Array {
  if (!/\p{Surrogate}/u.test(text)) return Buffer.from(text, 'utf8');
  const bytes: number[] = [];
  for (const char of text) {
    const code = char.codePointAt(0)!;
    if (code >= 0xd800 && code <= 0xdfff)
      bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f));
    else bytes.push(...Buffer.from(char, 'utf8'));
  }
  return Uint8Array.from(bytes);
}
