/** UTF-7 (RFC 2152), as lenient as Python's. */
import { type Encoding, FailingDecoder } from './encoding.ts';

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const VALUES = new Int8Array(256).fill(-1);
for (let i = 0; i < 64; i++) VALUES[BASE64.charCodeAt(i)] = i;
const [PLUS, MINUS] = [0x2b, 0x2d];

/** Whether a code point is written as it is. */
const isDirect = (code: number): boolean =>
  code < 127 && (code >= 32 ? code !== PLUS && code !== 0x5c && code !== 0x7e : [9, 10, 13].includes(code));

class Utf7Decoder extends FailingDecoder {
  /** What is between `+` and the end of base64 is read at once. */
  decode(bytes: Uint8Array, at: number): string | undefined {
    const first = bytes[at]!;
    this.size = 1;
    if (first >= 128) return this.wrong(1, 'unexpected special character');
    if (first !== PLUS) return String.fromCharCode(first);
    if (bytes[at + 1] === MINUS) {
      this.size = 2;
      return '+';
    }
    let [bits, count, end] = [0, 0, at + 1];
    let text = '';
    for (; end < bytes.length && VALUES[bytes[end]!]! >= 0; end++) {
      bits = ((bits << 6) | VALUES[bytes[end]!]!) & 0x3fffff;
      count += 6;
      if (count < 16) continue;
      count -= 16;
      text += String.fromCharCode((bits >>> count) & 0xffff);
      bits &= (1 << count) - 1;
    }
    if (end === at + 1 && end < bytes.length) return this.wrong(2, 'ill-formed sequence');
    if (end === bytes.length && (count >= 6 || bits !== 0 || end === at + 1))
      return this.wrong(end - at, 'unterminated shift sequence');
    if (count >= 6) return this.wrong(end - at + 1, 'partial character in shift sequence');
    if (bits !== 0) return this.wrong(end - at + 1, 'non-zero padding bits in shift sequence');
    this.size = end - at + (bytes[end] === MINUS ? 1 : 0);
    return text;
  }
}

export const utf7: Encoding = {
  name: 'utf7',
  reason: '',
  encode: () => [],
  encoder: () => {
    let [shifted, bits, count] = [false, 0, 0];
    const rest = (): number[] => {
      const out = count > 0 ? [BASE64.charCodeAt((bits << (6 - count)) & 63)] : [];
      [shifted, bits, count] = [false, 0, 0];
      return out;
    };
    const put = (unit: number, out: number[]) => {
      bits = (bits << 16) | unit;
      for (count += 16; count >= 6; count -= 6) out.push(BASE64.charCodeAt((bits >>> (count - 6)) & 63));
      bits &= (1 << count) - 1;
    };
    return {
      encode(code) {
        if (isDirect(code)) {
          if (!shifted) return [code];
          const out = rest();
          if (VALUES[code]! >= 0 || code === MINUS) out.push(MINUS);
          return [...out, code];
        }
        if (!shifted && code === PLUS) return [PLUS, MINUS];
        const out: number[] = shifted ? [] : [PLUS];
        shifted = true;
        for (const unit of String.fromCodePoint(code).split('')) put(unit.charCodeAt(0), out);
        return out;
      },
      end: () => (shifted ? [...rest(), MINUS] : []),
    };
  },
  decoder: () => new Utf7Decoder(),
};
