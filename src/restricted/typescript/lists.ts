/** Methods of lists and tuples (JavaScript's arrays). Callbacks run guarded; what a list holds is checked when it is read. */
import { Tuple } from '../../pickle/index.ts';
import { chargeItems, chargeMemory, chargeSteps } from '../runtime/budget.ts';
import { ValueError, TypeError } from '../runtime/errors.ts';
import { checkItem } from '../runtime/iterate.ts';
import { mayHold } from '../guards/values.ts';
import { GuardedIterator } from '../runtime/objects.ts';
import { less, same, toNumber, toText, truth } from './operators.ts';
import { tooDeep, type Method, type Methods } from './strings.ts';
import { call2, callback, checkCallback, stored } from './values.ts';

type List = unknown[];

/** An item, if the script may have it. */
export function at(list: readonly unknown[], i: number): unknown {
  const item = list[i];
  if (typeof item === 'object' && item !== null && !mayHold(list, item)) checkItem(list, item);
  return item;
}

export function changeable(list: List): List {
  if (list instanceof Tuple) throw new TypeError("'tuple' object does not support item assignment");
  return list;
}

export function append(list: List, item: unknown): void {
  if ((list.length & 63) === 0) chargeItems(64);
  list.push(stored(item));
}

/** A place in the list; negative ones count from the end. */
function place(v: unknown, length: number, fallback: number): number {
  if (v === undefined) return fallback;
  const n = Math.trunc(toNumber(v)) || 0;
  return n < 0 ? Math.max(0, length + n) : Math.min(n, length);
}

function part(list: List, from: number, to: number): List {
  const n = Math.max(0, to - from);
  chargeItems(n);
  const out: List = [];
  for (let i = from; i < to; i++) {
    if ((i & 8191) === 8191) chargeSteps(1024);
    out.push(list[i]);
  }
  return out;
}

const visit =
  (fn: (list: List, use: (i: number) => unknown) => unknown): Method =>
  (list: List, [cb]) => {
    checkCallback(cb);
    return fn(list, (i) => callback(cb, at(list, i), i, list));
  };

function reduce(list: List, args: unknown[], right: boolean): unknown {
  const [cb] = args;
  checkCallback(cb);
  const n = list.length;
  let i = right ? n - 1 : 0;
  const step = right ? -1 : 1;
  let total: unknown;
  if (args.length > 1) total = args[1];
  else {
    if (n === 0) throw new TypeError('Reduce of empty array with no initial value');
    total = at(list, i);
    i += step;
  }
  for (; right ? i >= 0 : i < list.length; i += step) {
    chargeSteps(1);
    total = callback(cb, total, at(list, i), i);
  }
  return total;
}

/** A stable merge sort: the order of what a callback says never makes it run longer. */
export function sorted(list: readonly unknown[], compare: unknown): List {
  if (compare !== undefined) checkCallback(compare);
  chargeItems(list.length * 2);
  let from: List = [];
  for (let i = 0; i < list.length; i++) from.push(at(list, i));
  const keys = compare === undefined ? new Map<unknown, string>() : undefined;
  const textOf = (v: unknown): string => {
    let text = keys!.get(v);
    if (text === undefined) keys!.set(v, (text = toText(v)));
    return text;
  };
  const after = (a: unknown, b: unknown): boolean => {
    chargeSteps(1);
    return compare === undefined ? less(textOf(b), textOf(a)) : toNumber(call2(compare, a, b)) > 0;
  };
  let to: List = [];
  for (let width = 1; width < from.length; width *= 2) {
    to = [];
    for (let start = 0; start < from.length; start += width * 2) {
      let i = start;
      const middle = Math.min(start + width, from.length);
      let j = middle;
      const end = Math.min(start + width * 2, from.length);
      while (i < middle && j < end) to.push(after(from[i], from[j]) ? from[j++] : from[i++]);
      while (i < middle) to.push(from[i++]);
      while (j < end) to.push(from[j++]);
    }
    from = to;
  }
  return from;
}

function flat(list: List, depth: number, out: List): List {
  if (depth > 100) tooDeep();
  for (let i = 0; i < list.length; i++) {
    const item = at(list, i);
    chargeSteps(1);
    if (Array.isArray(item) && depth >= 1) flat(item as List, depth - 1, out);
    else append(out, item);
  }
  return out;
}

export function joinList(list: readonly unknown[], separator: string): string {
  chargeSteps(list.length);
  chargeMemory(16 + separator.length * list.length);
  let text = '';
  for (let i = 0; i < list.length; i++) {
    const item = at(list, i);
    const piece = item === null || item === undefined ? '' : toText(item);
    chargeMemory(16 + piece.length);
    text += i === 0 ? piece : separator + piece;
  }
  return text;
}

function splice(list: List, args: unknown[]): List {
  changeable(list);
  const n = list.length;
  const from = place(args[0], n, 0);
  const count =
    args.length === 0
      ? 0
      : args.length === 1
        ? n - from
        : Math.max(0, Math.min(n - from, Math.trunc(toNumber(args[1])) || 0));
  chargeItems(n + args.length);
  const gone = part(list, from, from + count);
  for (let i = 0; i < gone.length; i++) at(gone, i);
  const rest = part(list, from + count, n);
  list.length = from;
  for (const item of args.slice(2)) list.push(stored(item));
  for (const item of rest) list.push(item);
  return gone;
}

function find(list: List, use: (i: number) => unknown, last: boolean): number {
  for (let k = 0; k < list.length; k++) {
    const i = last ? list.length - 1 - k : k;
    if (truth(use(i))) return i;
  }
  return -1;
}

function indexOf(list: List, wanted: unknown, last: boolean): number {
  chargeSteps(list.length >>> 2);
  for (let k = 0; k < list.length; k++) {
    const i = last ? list.length - 1 - k : k;
    if (same(list[i], wanted)) return i;
  }
  return -1;
}

function iterator(length: () => number, get: (i: number) => unknown): GuardedIterator {
  let i = 0;
  return new GuardedIterator(() => (i < length() ? stored(get(i++)) : undefined));
}

export const LIST: Methods = new Map<string, Method>([
  [
    'at',
    (list: List, [i]) => {
      const n = Math.trunc(toNumber(i ?? 0)) || 0;
      return at(list, n < 0 ? list.length + n : n);
    },
  ],
  [
    'concat',
    (list: List, args) => {
      const out = part(list, 0, list.length);
      for (const arg of args) {
        if (Array.isArray(arg)) {
          chargeItems(arg.length);
          for (let i = 0; i < arg.length; i++) out.push(arg[i]);
        } else append(out, arg);
      }
      return out;
    },
  ],
  [
    'entries',
    (list: List) =>
      iterator(
        () => list.length,
        (i) => [i, at(list, i)],
      ),
  ],
  [
    'every',
    visit((list, use) => {
      for (let i = 0; i < list.length; i++) if (!truth(use(i))) return false;
      return true;
    }),
  ],
  [
    'fill',
    (list: List, [value, from, to]) => {
      changeable(list);
      const [a, b] = [place(from, list.length, 0), place(to, list.length, list.length)];
      for (let i = a; i < b; i++) {
        if ((i & 1023) === 0) chargeSteps(1024);
        list[i] = stored(value);
      }
      return list;
    },
  ],
  [
    'filter',
    visit((list, use) => {
      const out: List = [];
      for (let i = 0; i < list.length; i++) if (truth(use(i))) append(out, list[i]);
      return out;
    }),
  ],
  ['find', visit((list, use) => at(list, find(list, use, false)))],
  ['findIndex', visit((list, use) => find(list, use, false))],
  ['findLast', visit((list, use) => at(list, find(list, use, true)))],
  ['findLastIndex', visit((list, use) => find(list, use, true))],
  ['flat', (list: List, [depth]) => flat(list, Math.min(depth === undefined ? 1 : toNumber(depth), 100), [])],
  [
    'flatMap',
    visit((list, use) => {
      const out: List = [];
      for (let i = 0; i < list.length; i++) {
        const made = use(i);
        if (Array.isArray(made)) for (let j = 0; j < made.length; j++) append(out, made[j]);
        else append(out, made);
      }
      return out;
    }),
  ],
  [
    'forEach',
    visit((list, use) => {
      for (let i = 0; i < list.length; i++) use(i);
      return undefined;
    }),
  ],
  ['includes', (list: List, [wanted]) => indexOf(list, wanted, false) >= 0],
  ['indexOf', (list: List, [wanted]) => indexOf(list, wanted, false)],
  ['join', (list: List, [by]) => joinList(list, by === undefined ? ',' : toText(by))],
  [
    'keys',
    (list: List) =>
      iterator(
        () => list.length,
        (i) => i,
      ),
  ],
  ['lastIndexOf', (list: List, [wanted]) => indexOf(list, wanted, true)],
  [
    'map',
    visit((list, use) => {
      const out: List = [];
      for (let i = 0; i < list.length; i++) append(out, use(i));
      return out;
    }),
  ],
  [
    'pop',
    (list: List) => {
      const item = at(list, changeable(list).length - 1);
      list.pop();
      return item;
    },
  ],
  [
    'push',
    (list: List, args) => {
      changeable(list);
      for (const item of args) append(list, item);
      return list.length;
    },
  ],
  ['reduce', (list: List, args) => reduce(list, args, false)],
  ['reduceRight', (list: List, args) => reduce(list, args, true)],
  [
    'reverse',
    (list: List) => {
      changeable(list);
      chargeSteps(list.length >>> 2);
      const all = part(list, 0, list.length).reverse();
      for (let i = 0; i < all.length; i++) list[i] = all[i];
      return list;
    },
  ],
  [
    'shift',
    (list: List) => {
      const item = at(list, 0);
      changeable(list);
      chargeSteps(list.length >>> 4);
      list.shift();
      return item;
    },
  ],
  [
    'slice',
    (list: List, [from, to]) => part(list, place(from, list.length, 0), place(to, list.length, list.length)),
  ],
  [
    'some',
    visit((list, use) => {
      for (let i = 0; i < list.length; i++) if (truth(use(i))) return true;
      return false;
    }),
  ],
  [
    'sort',
    (list: List, [compare]) => {
      const all = sorted(changeable(list), compare);
      for (let i = 0; i < all.length; i++) list[i] = all[i];
      return list;
    },
  ],
  ['splice', splice],
  ['toReversed', (list: List) => part(list, 0, list.length).reverse()],
  ['toSorted', (list: List, [compare]) => sorted(list, compare)],
  ['toString', (list: List) => toText(list)],
  [
    'unshift',
    (list: List, args) => {
      changeable(list);
      chargeItems(list.length + args.length);
      const all = [...args.map(stored), ...part(list, 0, list.length)];
      for (let i = 0; i < all.length; i++) list[i] = all[i];
      return list.length;
    },
  ],
  [
    'values',
    (list: List) =>
      iterator(
        () => list.length,
        (i) => at(list, i),
      ),
  ],
  [
    'with',
    (list: List, [i, value]) => {
      const out = part(list, 0, list.length);
      const n = Math.trunc(toNumber(i));
      const k = n < 0 ? out.length + n : n;
      if (!(k >= 0 && k < out.length)) throw new ValueError(`Invalid index : ${n}`);
      out[k] = stored(value);
      return out;
    },
  ],
]);
