import { BLANK } from '../../pickle/index.ts';
import { chargeMemory, chargeSteps } from './budget.ts';
import { mapCharacters, pieces } from './long-text.ts';

/**
 * Python's view of a string: code points, where JavaScript has UTF-16 units. A string without surrogates is handled as it
 * is; V8 answers that question for one-byte strings without looking at them.
 */
const SURROGATE = /[\ud800-\udfff]/;

/** Texts from this length on are charged for being looked through. */
const LONG = 1024;
/** Code points between two marks of an index. */
const STRIDE = 64;

/** Where the code points of a wide string are: a mark for every 64th. Remembered for loops over one string. */
interface WideIndex {
  readonly text: string;
  readonly length: number;
  readonly marks: Uint32Array;
}
const NONE: WideIndex = { text: '', length: 0, marks: new Uint32Array(0) };
let last = NONE;
let lastPoints: { readonly text: string; readonly points: readonly string[] } = { text: '', points: [] };

/** Whether code points and UTF-16 units differ. */
export function isWide(s: string): boolean {
  if (s.length >= LONG) chargeSteps(s.length >>> 8);
  return s === last.text ? s !== '' : SURROGATE.test(s);
}

/** The code points of a wide string, for those who want all of them. */
export function points(s: string): readonly string[] {
  if (s !== lastPoints.text) {
    const all: string[] = [];
    for (const piece of pieces(s)) {
      chargeMemory(piece.length * 16);
      for (const c of piece) all.push(c);
    }
    lastPoints = { text: s, points: all };
  }
  return lastPoints.points;
}

const nextUnit = (s: string, unit: number): number => {
  const code = s.charCodeAt(unit);
  const pair = code >= 0xd800 && code < 0xdc00 && (s.charCodeAt(unit + 1) & 0xfc00) === 0xdc00;
  return unit + (pair ? 2 : 1);
};

function indexOfPoints(s: string): WideIndex {
  if (s === last.text) return last;
  chargeMemory(s.length >>> 4);
  const marks = new Uint32Array((s.length >>> 6) + 1);
  let length = 0;
  for (let unit = 0; unit < s.length; unit = nextUnit(s, unit)) {
    if (length % STRIDE === 0) {
      marks[length / STRIDE] = unit;
      chargeSteps(STRIDE >>> 3);
    }
    length++;
  }
  return (last = { text: s, length, marks });
}

/** The unit at which a code point begins, within the length or at the end. */
function unitAt(index: WideIndex, point: number): number {
  const { text, length, marks } = index;
  if (point >= length) return text.length;
  let unit = marks[Math.floor(point / STRIDE)]!;
  for (let left = point % STRIDE; left > 0; left--) unit = nextUnit(text, unit);
  return unit;
}

export function textLength(s: string): number {
  return isWide(s) ? indexOfPoints(s).length : s.length;
}

/** The character at `i` (not negative); undefined beyond the end. */
export function textAt(s: string, i: number): string | undefined {
  if (!isWide(s)) return i < s.length ? s[i] : undefined;
  const index = indexOfPoints(s);
  if (i >= index.length) return undefined;
  const unit = unitAt(index, i);
  return s.slice(unit, nextUnit(s, unit));
}

/** Characters `start` to `stop`, both within the length. */
export function textSlice(s: string, start: number, stop: number): string {
  if (!isWide(s)) return s.slice(start, stop);
  const index = indexOfPoints(s);
  return s.slice(unitAt(index, start), unitAt(index, stop));
}

/** UTF-16 offset to code point offset. */
export function pointOffset(s: string, unit: number): number {
  if (unit <= 0 || !isWide(s)) return unit;
  const { marks, length } = indexOfPoints(s);
  let [low, high] = [0, Math.floor((length - 1) / STRIDE)];
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (marks[middle]! <= unit) low = middle;
    else high = middle - 1;
  }
  let point = low * STRIDE;
  for (let at = marks[low]!; at < unit; at = nextUnit(s, at)) point++;
  return point;
}

/** Code point offset to UTF-16 offset. */
export function unitOffset(s: string, point: number): number {
  return isWide(s) ? unitAt(indexOfPoints(s), point) : point;
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
  if (s.length >= LONG) chargeSteps(s.length >>> 6);
  if (PLAIN.test(s)) {
    chargeMemory(16 + s.length);
    return `'${s}'`;
  }
  const quote = s.includes("'") && !s.includes('"') ? '"' : "'";
  const shown = (c: string): string => {
    if (c === quote || c === '\\') return `\\${c}`;
    if (c === '\n') return '\\n';
    if (c === '\r') return '\\r';
    if (c === '\t') return '\\t';
    return isPrintable(c) ? c : escapeOf(c.codePointAt(0)!);
  };
  return quote + mapCharacters(s, shown) + quote;
}

function escapeOf(code: number): string {
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`;
  if (code < 0x10000) return `\\u${code.toString(16).padStart(4, '0')}`;
  return `\\U${code.toString(16).padStart(8, '0')}`;
}

/** Python's `ascii()` of a str that `repr` made. */
export function asciiText(repr: string): string {
  return mapCharacters(repr, (c) => {
    const code = c.codePointAt(0)!;
    return code < 128 ? c : escapeOf(code);
  });
}

export function bytesRepr(bytes: Uint8Array): string {
  const quote = bytes.includes(39) && !bytes.includes(34) ? '"' : "'";
  const latin1 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  const shown = (c: string): string => {
    const b = c.charCodeAt(0);
    if (c === quote || b === 92) return `\\${c}`;
    if (b === 10) return '\\n';
    if (b === 13) return '\\r';
    if (b === 9) return '\\t';
    return b < 32 || b > 126 ? `\\x${b.toString(16).padStart(2, '0')}` : c;
  };
  return `b${quote}${mapCharacters(latin1, shown)}${quote}`;
}

/** White space of `str.split()` and `str.strip()`: other characters than those of JavaScript's `\s` and `trim()`. */
export const SPACE = new RegExp(BLANK);
const LEADING = new RegExp(`^${BLANK}+`);

/** `str.strip()`. Unlike `trim()` it keeps U+FEFF, and takes away the separators U+001C to U+001F and U+0085. */
export function stripText(s: string): string {
  let end = s.length;
  while (end > 0 && SPACE.test(s[end - 1]!)) end--;
  return s.slice(0, end).replace(LEADING, '');
}
