/**
 * Which items a batch has. The numbers are what tags and content say, and so any values: floats and what is no number behave as in Python, where
 * they may be compared and added but are no places in a sequence.
 */
import { binary, caught, gt, lt, truth } from '../../restricted/index.ts';

export interface Batch {
  /** First and last item, from 1. */
  readonly start: unknown;
  readonly end: unknown;
  readonly size: unknown;
}

const small = (value: unknown): value is number => typeof value === 'number' && Number.isInteger(value);
export const plus = (a: unknown, b: unknown): unknown => (small(a) && small(b) ? a + b : binary('+', a, b));
export const minus = (a: unknown, b: unknown): unknown => (small(a) && small(b) ? a - b : binary('-', a, b));
export const less = (a: unknown, b: unknown): boolean => (small(a) && small(b) ? a < b : truth(lt(a, b)));
export const more = (a: unknown, b: unknown): boolean => (small(a) && small(b) ? a > b : truth(gt(a, b)));

/** Whether a sequence has an item at a place, from 0, or from its end when it is negative. */
export function hasItem(place: unknown, length: number): boolean {
  const index = typeof place === 'boolean' ? Number(place) : place;
  return small(index) && index < length && index >= -length;
}

/**
 * A batch that begins at `start`, or ends at `end`; 0: not told. One that would leave `orphan` items or less takes them in.
 * Throws Python's TypeError for what cannot be compared with numbers or added to them.
 */
export function batchBounds(
  start: unknown,
  end: unknown,
  size: unknown,
  orphan: unknown,
  length: number,
): Batch {
  let count = size;
  if (less(count, 1))
    count = more(start, 0) && more(end, 0) && !less(end, start) ? minus(plus(end, 1), start) : 7;
  /** The last item of a batch that begins at one. */
  const lastFrom = (first: unknown): unknown => {
    const last = minus(plus(first, count), 1);
    return hasItemBefore(() => plus(last, orphan), length) ? last : length;
  };
  if (more(start, 0)) {
    const first = hasItem(minus(start, 1), length) ? start : length;
    if (!more(end, 0)) return { start: first, end: lastFrom(first), size: count };
    return { start: first, end: less(end, first) ? first : end, size: count };
  }
  if (more(end, 0)) {
    const last = hasItem(minus(end, 1), length) ? end : length;
    const first = minus(plus(last, 1), count);
    return { start: less(minus(first, 1), orphan) ? 1 : first, end: last, size: count };
  }
  return { start: 1, end: lastFrom(1), size: count };
}

/** Whether there is an item before a place that is worked out; what cannot be worked out is no place. */
function hasItemBefore(place: () => unknown, length: number): boolean {
  try {
    return hasItem(minus(place(), 1), length);
  } catch (error) {
    caught(error);
    return false;
  }
}
