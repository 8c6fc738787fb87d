/**
 * Python's view of a string: code points, where JavaScript has UTF-16 units. A string without surrogates is handled as it
 * is; V8 answers that question for one-byte strings without looking at them.
 */
const SURROGATE = /[\ud800-\udfff]/;

let lastWide = '';
let lastPoints: readonly string[] = [];

/** Whether code points and UTF-16 units differ. */
export function isWide(s: string): boolean {
  return s === lastWide ? s !== '' : SURROGATE.test(s);
}

/** The code points of a wide string, remembered for loops over one string. */
export function points(s: string): readonly string[] {
  if (s !== lastWide) {
    lastPoints = Array.from(s);
    lastWide = s;
  }
  return lastPoints;
}

export function textLength(s: string): number {
  return isWide(s) ? points(s).length : s.length;
}

/** The character at `i` (not negative); undefined beyond the end. */
export function textAt(s: string, i: number): string | undefined {
  return isWide(s) ? points(s)[i] : i < s.length ? s[i] : undefined;
}

/** Characters `start` to `stop`, both within the length. */
export function textSlice(s: string, start: number, stop: number): string {
  return isWide(s) ? points(s).slice(start, stop).join('') : s.slice(start, stop);
}

/** UTF-16 offset to code point offset. */
export function pointOffset(s: string, unit: number): number {
  return unit <= 0 || !isWide(s) ? unit : textLength(s.slice(0, unit));
}

/** Code point offset to UTF-16 offset. */
export function unitOffset(s: string, point: number): number {
  return isWide(s) ? textSlice(s, 0, point).length : point;
}

/** Digits with a comma before every three from the right. */
export function groupThousands(digits: string): string {
  const parts: string[] = [];
  for (let end = digits.length; end > 0; end -= 3) parts.push(digits.slice(Math.max(0, end - 3), end));
  return parts.reverse().join(',');
}

/** -1, 0, 1 by code points. */
export function compareText(a: string, b: string): -1 | 0 | 1 {
  if (a === b) return 0;
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    // A surrogate stands for a code point beyond all that are one unit.
    const wideX = x >= 0xd800 && x <= 0xdfff;
    const wideY = y >= 0xd800 && y <= 0xdfff;
    if (wideX !== wideY) return wideX ? 1 : -1;
    return x < y ? -1 : 1;
  }
  return a.length < b.length ? -1 : 1;
}

/** Not printable in Python's sense: shown as an escape by `repr`. The space is printable. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Zs}]/u;
// oxlint-disable-next-line no-control-regex
const PLAIN = /^[\x20-\x26\x28-\x5b\x5d-\x7e]*$/;

export function isPrintable(c: string): boolean {
  return c === ' ' || !UNPRINTABLE.test(c);
}

/** Python's `repr` of a str. */
export function textRepr(s: string): string {
  if (PLAIN.test(s)) return `'${s}'`;
  const quote = s.includes("'") && !s.includes('"') ? '"' : "'";
  let out = quote;
  for (const c of s) {
    if (c === quote || c === '\\') out += `\\${c}`;
    else if (c === '\n') out += '\\n';
    else if (c === '\r') out += '\\r';
    else if (c === '\t') out += '\\t';
    else if (isPrintable(c)) out += c;
    else out += escapeOf(c.codePointAt(0)!);
  }
  return out + quote;
}

function escapeOf(code: number): string {
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`;
  if (code < 0x10000) return `\\u${code.toString(16).padStart(4, '0')}`;
  return `\\U${code.toString(16).padStart(8, '0')}`;
}

/** Python's `ascii()` of a str that `repr` made. */
export function asciiText(repr: string): string {
  let out = '';
  for (const c of repr) {
    const code = c.codePointAt(0)!;
    out += code < 128 ? c : escapeOf(code);
  }
  return out;
}

export function bytesRepr(bytes: Uint8Array): string {
  const quote = bytes.includes(39) && !bytes.includes(34) ? '"' : "'";
  let out = `b${quote}`;
  for (const b of bytes) {
    if (b === quote.charCodeAt(0) || b === 92) out += `\\${String.fromCharCode(b)}`;
    else if (b === 10) out += '\\n';
    else if (b === 13) out += '\\r';
    else if (b === 9) out += '\\t';
    else if (b < 32 || b > 126) out += `\\x${b.toString(16).padStart(2, '0')}`;
    else out += String.fromCharCode(b);
  }
  return out + quote;
}

/** White space of `str.split()` and `str.strip()`. */
// oxlint-disable-next-line no-control-regex
export const SPACE = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;
