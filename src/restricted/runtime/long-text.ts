/**
 * Work on long texts that ends with the budget: V8 does such things in one go, or in pieces that take many times the text's memory.
 */
import { chargeMemory, chargeSteps } from './budget.ts';

/** UTF-16 units that are handled between two charges. */
const PIECE = 4096;

/** The pieces of a text; no surrogate pair is torn. */
export function* pieces(s: string): Generator<string> {
  for (let at = 0; at < s.length;) {
    let end = Math.min(s.length, at + PIECE);
    const last = s.charCodeAt(end - 1);
    if (last >= 0xd800 && last < 0xdc00 && end < s.length) end++;
    chargeSteps((end - at) >>> 2);
    yield s.slice(at, end);
    at = end;
  }
}

/** The text with each piece replaced: for what looks at one character at a time. What comes out is charged. */
export function mapPieces(s: string, change: (piece: string) => string): string {
  if (s.length <= PIECE) {
    const changed = change(s);
    chargeMemory(16 + changed.length);
    return changed;
  }
  const changed: string[] = [];
  for (const piece of pieces(s)) {
    const text = change(piece);
    chargeMemory(16 + text.length);
    changed.push(text);
  }
  return changed.join('');
}

/** The text with each character (code point) replaced. */
export function mapCharacters(s: string, change: (c: string) => string): string {
  return mapPieces(s, (piece) => {
    // Joined, not added up: a sum keeps its parts until somebody reads it.
    const out: string[] = [];
    for (const c of piece) out.push(change(c));
    return out.join('');
  });
}

/** Whether something holds for all characters. */
export function everyCharacter(s: string, holds: (c: string) => boolean): boolean {
  for (const piece of pieces(s)) for (const c of piece) if (!holds(c)) return false;
  return true;
}

/** A search within these products of lengths is left to V8, whose worst case is their product. */
const NATIVE = 40_000_000;
const SHORT = 64;

/** `String.prototype.indexOf`, charged. */
export function indexOf(s: string, part: string, from = 0): number {
  const { length } = s;
  if (length > 256) chargeSteps(Math.max(0, length - from) >>> 8);
  if (part.length <= SHORT || part.length * Math.max(0, length - from) <= NATIVE)
    return s.indexOf(part, from);
  return search(
    length - from,
    part.length,
    (i) => s.charCodeAt(from + i),
    (i) => part.charCodeAt(i),
    (at) => from + at,
  );
}

/** `String.prototype.lastIndexOf`, charged: the part ends at `to` at the latest. */
export function lastIndexOf(s: string, part: string, to = s.length): number {
  const length = Math.min(s.length, to);
  if (length > 256) chargeSteps(length >>> 8);
  if (part.length > length) return -1;
  if (part.length * length <= NATIVE) return s.lastIndexOf(part, length - part.length);
  const last = part.length - 1;
  return search(
    length,
    part.length,
    (i) => s.charCodeAt(length - 1 - i),
    (i) => part.charCodeAt(last - i),
    (at) => length - at - part.length,
  );
}

/** Knuth, Morris and Pratt's search: it never goes back, whatever the texts are. */
function search(
  length: number,
  partLength: number,
  unit: (i: number) => number,
  wanted: (i: number) => number,
  found: (at: number) => number,
): number {
  if (partLength > length) return -1;
  chargeMemory(partLength * 4);
  // How much of the part still matches where its unit `i` does not.
  const back = new Int32Array(partLength);
  for (let i = 1, k = 0; i < partLength; i++) {
    if ((i & (PIECE - 1)) === 0) chargeSteps(PIECE >>> 2);
    while (k > 0 && wanted(i) !== wanted(k)) k = back[k - 1]!;
    if (wanted(i) === wanted(k)) k++;
    back[i] = k;
  }
  for (let i = 0, k = 0; i < length; i++) {
    if ((i & (PIECE - 1)) === 0) chargeSteps(PIECE >>> 2);
    while (k > 0 && unit(i) !== wanted(k)) k = back[k - 1]!;
    if (unit(i) === wanted(k)) k++;
    if (k === partLength) return found(i - partLength + 1);
  }
  return -1;
}
