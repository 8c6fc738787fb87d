/** The Range header (INVENTORY P-158; RFC 9110 section 14). */

/** Start and exclusive end; a negative start counts from the end, and `Infinity` stands for it. */
export type ByteRange = readonly [start: number, end: number];

/** The ranges of a header; undefined when it is not understood, and is then ignored. */
export function parseRanges(header: string): ByteRange[] | undefined {
  const match = /^bytes\s*=\s*(.*)$/.exec(header.trim());
  if (match === null) return undefined;
  const ranges: ByteRange[] = [];
  for (const part of match[1]!.split(',')) {
    if (part.trim() === '') continue;
    const bounds = /^\s*(\d*)\s*-\s*(\d*)\s*$/.exec(part);
    if (bounds === null || (bounds[1] === '' && bounds[2] === '')) return undefined;
    const [first, last] = [bounds[1]!, bounds[2]!];
    // The last 0 bytes are none, which cannot be satisfied.
    if (first === '')
      ranges.push([Number(last) === 0 ? Number.POSITIVE_INFINITY : -Number(last), Number.POSITIVE_INFINITY]);
    else if (last === '') ranges.push([Number(first), Number.POSITIVE_INFINITY]);
    else if (Number(first) > Number(last)) return undefined;
    else ranges.push([Number(first), Number(last) + 1]);
  }
  return ranges.length === 0 ? undefined : ranges;
}

/** Ranges of a body of `size` bytes, those beyond its end left out. */
export function expandRanges(ranges: readonly ByteRange[], size: number): ByteRange[] {
  const expanded: ByteRange[] = [];
  for (const [first, last] of ranges) {
    const start = first < 0 ? Math.max(0, size + first) : first;
    const end = Math.min(last, size);
    if (start < end) expanded.push([start, end]);
  }
  return expanded;
}
