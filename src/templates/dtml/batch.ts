/** Which items a batch has. */

export interface Batch {
  /** First and last item, from 1. */
  readonly start: number;
  readonly end: number;
  readonly size: number;
}

/** A batch that begins at `start`, or ends at `end`; 0: not told. One that would leave `orphan` items or less takes them in. */
export function batchBounds(start: number, end: number, size: number, orphan: number, length: number): Batch {
  const has = (index: number) => index < length && index >= -length;
  let count = size;
  if (count < 1) count = start > 0 && end > 0 && end >= start ? end + 1 - start : 7;
  if (start > 0) {
    const first = has(start - 1) ? start : length;
    let last: number;
    if (end > 0) last = Math.max(end, first);
    else {
      last = first + count - 1;
      if (!has(last + orphan - 1)) last = length;
    }
    return { start: first, end: last, size: count };
  }
  if (end > 0) {
    const last = has(end - 1) ? end : length;
    const first = last + 1 - count;
    return { start: first - 1 < orphan ? 1 : first, end: last, size: count };
  }
  return { start: 1, end: has(count + orphan - 1) ? count : length, size: count };
}
