/** Python's stable sort: only `<` is asked, in CPython's order for short lists, so that errors and lists with NaN are the same. */
import { chargeItems, chargeSteps } from './budget.ts';
import { call1 } from './call.ts';
import { lt, truth } from './compare.ts';
import { checkItem } from './iterate.ts';

/** Lists up to this length are sorted by insertion. */
const RUN = 64;

/** The items in order. The comparison may be anything, and may throw. */
export function sortItems(items: unknown[], key: unknown, reverse: unknown): unknown[] {
  const n = items.length;
  chargeItems(n * 2);
  chargeSteps(n);
  const backwards = reverse !== undefined && truth(reverse);
  const keys = key === undefined || key === null ? items : items.map((item) => keyOf(key, item, items));
  if (keys.every(isOrdered)) return sortNumbers(items, keys as number[], backwards);
  const order = Array.from(keys, (_key, i) => i);
  // Reversed before and after, equal items keep their order.
  if (backwards) order.reverse();
  const sorted = mergeSort(order, (a, b) => {
    chargeSteps(1);
    return truth(lt(keys[a], keys[b]));
  });
  if (backwards) sorted.reverse();
  return sorted.map((i) => items[i]);
}

/** Items in the order of their keys, of which only `less` is asked. */
export function sortBy<T>(
  items: readonly T[],
  keys: readonly unknown[],
  less: (a: unknown, b: unknown) => boolean,
): T[] {
  chargeItems(items.length * 2);
  chargeSteps(items.length);
  const order = Array.from(keys, (_key, i) => i);
  const sorted = mergeSort(order, (a, b) => {
    chargeSteps(1);
    return less(keys[a], keys[b]);
  });
  return sorted.map((i) => items[i]!);
}

/** The key of an item. The key function gets only items that a loop of the script would give it. */
function keyOf(key: unknown, item: unknown, items: readonly unknown[]): unknown {
  if (typeof item === 'object' && item !== null) checkItem(items, item);
  return call1(key, item);
}

const isOrdered = (key: unknown): boolean => typeof key === 'number' && !Number.isNaN(key);

function sortNumbers(items: unknown[], keys: readonly number[], backwards: boolean): unknown[] {
  chargeSteps(keys.length * 4);
  if (keys === items) {
    const sorted = (items as number[]).toSorted((a, b) => a - b);
    return backwards ? sorted.reverse() : sorted;
  }
  const order = Array.from(keys, (_key, i) => i);
  order.sort((a, b) => (backwards ? keys[b]! - keys[a]! : keys[a]! - keys[b]!) || a - b);
  return order.map((i) => items[i]);
}

type Less = (a: number, b: number) => boolean;

function mergeSort(all: number[], less: Less): number[] {
  const n = all.length;
  if (n < RUN) return insertionSort(all, 0, n, less);
  for (let at = 0; at < n; at += RUN) insertionSort(all, at, Math.min(n, at + RUN), less);
  let [from, to] = [all, Array.from<number>({ length: n })];
  for (let width = RUN; width < n; width *= 2) {
    for (let at = 0; at < n; at += 2 * width)
      merge(from, to, at, Math.min(n, at + width), Math.min(n, at + 2 * width), less);
    [from, to] = [to, from];
  }
  return from;
}

/** Two sorted neighbours, `from[start…middle]` and `from[middle…stop]`, into `to`. */
function merge(
  from: readonly number[],
  to: number[],
  start: number,
  middle: number,
  stop: number,
  less: Less,
): void {
  let [a, b] = [start, middle];
  for (let at = start; at < stop; at++) {
    if (b >= stop || (a < middle && !less(from[b]!, from[a]!))) to[at] = from[a++]!;
    else to[at] = from[b++]!;
  }
}

/** CPython's: the run that is there already, turned round if it falls, then each further item by bisection. */
function insertionSort(all: number[], start: number, stop: number, less: Less): number[] {
  let sorted = start + 1;
  if (sorted < stop) {
    const falls = less(all[sorted]!, all[start]!);
    sorted++;
    while (sorted < stop && less(all[sorted]!, all[sorted - 1]!) === falls) sorted++;
    if (falls) for (let a = start, b = sorted - 1; a < b; a++, b--) [all[a], all[b]] = [all[b]!, all[a]!];
  }
  for (let i = sorted; i < stop; i++) {
    const item = all[i]!;
    let [low, high] = [start, i];
    while (low < high) {
      const middle = low + ((high - low) >> 1);
      if (less(item, all[middle]!)) high = middle;
      else low = middle + 1;
    }
    all.copyWithin(low + 1, low, i);
    all[low] = item;
  }
  return all;
}
