import type { LeafData } from './data.ts';
import type { StoredValue } from './kinds.ts';

/**
 * Puts a key that is not there in its place. Keys and values are moved in one loop: where it ends cannot be foreseen by the
 * processor, and that is paid once. Four at a time, because each turn looks first whether the arrays are what they were.
 *
 * For keys that are numbers, which leaves of other keys have their own code for: arrays of small ints alone are the quickest.
 */
export function insertNumber(leaf: LeafData, place: number, key: number, value: StoredValue): void {
  const keys = leaf.keys as number[];
  const values = leaf.mapping ? leaf.values : null;
  const count = keys.length;
  if (place === count) {
    keys.push(key);
    if (values !== null) values.push(value);
    return;
  }
  const last = count - 1;
  keys.push(keys[last]!);
  let i = last;
  if (values === null) for (; i > place; i--) keys[i] = keys[i - 1]!;
  else {
    values.push(values[last]);
    for (; i > place + 3; i -= 4) {
      const a = keys[i - 1]!;
      const b = keys[i - 2]!;
      const c = keys[i - 3]!;
      const d = keys[i - 4]!;
      const e = values[i - 1];
      const f = values[i - 2];
      const g = values[i - 3];
      const h = values[i - 4];
      keys[i] = a;
      keys[i - 1] = b;
      keys[i - 2] = c;
      keys[i - 3] = d;
      values[i] = e;
      values[i - 1] = f;
      values[i - 2] = g;
      values[i - 3] = h;
    }
    for (; i > place; i--) {
      keys[i] = keys[i - 1]!;
      values[i] = values[i - 1];
    }
    values[place] = value;
  }
  keys[place] = key;
}
