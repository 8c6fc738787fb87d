/** The methods of list, tuple, dict and its views, and range. */
import { Dict, Tuple, tuple } from '../../pickle/index.ts';
import { bounds, guardedItem, rawDelItem } from '../guards/items.ts';
import { chargeItems, chargeMemory, chargeSteps } from './budget.ts';
import { contains, isOrEquals, setLike } from './compare.ts';
import { hashable } from './hashing.ts';
import { KeyError, TypeError, ValueError } from './errors.ts';
import { fillDict, listOf } from './iterate.ts';
import { asInt, sizeIndex, toIndex } from './numbers.ts';
import { sortItems } from './sort.ts';
import { type DictView, ItemsView, KeysView, ValuesView } from './objects.ts';
import { repr } from './repr.ts';
import {
  addMethods,
  addRawMethod,
  bindType,
  boundType,
  complexType,
  dictType,
  Getter,
  listType,
  objectType,
  PyType,
  tupleType,
} from './types.ts';
import { Complex, Ellipsis, Range, Slice } from './values.ts';

bindType(complexType, Complex);
bindType(new PyType('ellipsis', [objectType]), (Ellipsis as { constructor: new () => object }).constructor);
export const rangeType = bindType(new PyType('range', [objectType], { access: 'all' }), Range);
export const sliceType = bindType(new PyType('slice', [objectType]), Slice);

function count(items: readonly unknown[], wanted: unknown): number {
  chargeSteps(items.length);
  let n = 0;
  for (let i = 0; i < items.length; i++) if (isOrEquals(items[i], wanted)) n++;
  return n;
}

function index(
  items: readonly unknown[],
  wanted: unknown,
  start: unknown,
  stop: unknown,
  kind: string,
): number {
  const b = bounds(new Slice(start ?? 0, stop ?? items.length), items.length);
  for (let i = b.start; i < Math.min(b.stop, items.length); i++) {
    chargeSteps(1);
    if (isOrEquals(items[i], wanted)) return i;
  }
  throw new ValueError(kind === 'list' ? `${repr(wanted)} is not in list` : 'tuple.index(x): x not in tuple');
}

function pop(items: unknown[], at: unknown): unknown {
  // Zope's guard reads the item first, so its messages are those of reading.
  const value = guardedItem(items, at ?? -1);
  const i = at === undefined ? -1 : toIndex(at);
  chargeSteps(items.length >>> 5);
  items.splice(i < 0 ? i + items.length : i, 1);
  return value;
}

addMethods(listType, {
  append: [
    'object',
    (items: unknown[], item: unknown) => {
      if ((items.length & 63) === 0) chargeItems(64);
      items.push(item);
      return null;
    },
  ],
  clear: ['', (items: unknown[]) => ((items.length = 0), null)],
  copy: ['', (items: unknown[]) => listOf(items)],
  count: ['value', count],
  extend: [
    'iterable',
    (items: unknown[], more: unknown) => {
      const list = listOf(more);
      chargeItems(list.length);
      for (const item of list) items.push(item);
      return null;
    },
  ],
  index: [
    'value, start=, stop=',
    (items: unknown[], v: unknown, a: unknown, b: unknown) => index(items, v, a, b, 'list'),
  ],
  insert: [
    'index, object',
    (items: unknown[], at: unknown, item: unknown) => {
      chargeSteps(items.length >>> 5);
      chargeMemory(8);
      items.splice(sizeIndex(at), 0, item);
      return null;
    },
  ],
  pop: ['index=', pop],
  remove: [
    'value',
    (items: unknown[], wanted: unknown) => {
      for (let i = 0; i < items.length; i++) {
        chargeSteps(1);
        if (isOrEquals(items[i], wanted)) {
          items.splice(i, 1);
          return null;
        }
      }
      throw new ValueError('list.remove(x): x not in list');
    },
  ],
  reverse: ['', (items: unknown[]) => (chargeSteps(items.length >>> 5), items.reverse(), null)],
  sort: [
    '*, key=, reverse=',
    (items: unknown[], key: unknown, reverse: unknown) => {
      const sorted = sortItems(items, key, reverse);
      items.length = 0;
      for (const item of sorted) items.push(item);
      return null;
    },
  ],
});

addMethods(tupleType, {
  count: ['value', count],
  index: [
    'value, start=, stop=',
    (items: Tuple, v: unknown, a: unknown, b: unknown) => index(items, v, a, b, 'tuple'),
  ],
});

const missing = Symbol('missing');

function read(dict: Map<unknown, unknown>, key: unknown): unknown {
  hashable(key);
  return dict.has(key) ? guardedItem(dict, key) : missing;
}

function update(dict: Dict, source: unknown): null {
  if (source !== undefined) {
    chargeItems(source instanceof Map ? source.size * 3 : 0);
    fillDict(dict, source, hashable);
  }
  return null;
}

addMethods(dictType, {
  clear: ['', (d: Dict) => (d.clear(), null)],
  copy: [
    '',
    (d: Dict) => {
      chargeItems(d.size * 3);
      return new Dict(d);
    },
  ],
  fromkeys: [
    'iterable, value=',
    (_d: Dict, keys: unknown, value: unknown) => {
      const out = new Dict();
      for (const key of listOf(keys)) {
        chargeMemory(48);
        out.set(hashable(key), value ?? null);
      }
      return out;
    },
  ],
  get: [
    'key, default=',
    (d: Dict, key: unknown, fallback: unknown) => {
      const value = read(d, key);
      return value === missing ? (fallback ?? null) : value;
    },
  ],
  items: ['', (d: Dict) => new ItemsView(d)],
  keys: ['', (d: Dict) => new KeysView(d)],
  pop: [
    'key, default=',
    (d: Dict, key: unknown, fallback: unknown) => {
      // Zope's guard looks the key up first: it must be hashable, also for an empty dict.
      const value = read(d, key);
      if (value === missing) {
        if (fallback !== undefined) return fallback;
        throw new KeyError(key);
      }
      rawDelItem(d, key);
      return value;
    },
  ],
  popitem: [
    '',
    (d: Dict) => {
      if (d.size === 0) throw new KeyError('popitem(): dictionary is empty');
      chargeSteps(d.size >>> 3);
      let last: [unknown, unknown] | undefined;
      for (const entry of d) last = entry;
      d.delete(last![0]);
      return tuple(...last!);
    },
  ],
  setdefault: [
    'key, default=',
    (d: Dict, key: unknown, fallback: unknown) => {
      const value = read(d, key);
      if (value !== missing) return value;
      chargeMemory(48);
      d.set(key, fallback ?? null);
      return fallback ?? null;
    },
  ],
  values: ['', (d: Dict) => new ValuesView(d)],
});
// `dict.update` takes a mapping or pairs, and keywords.
addRawMethod(dictType, 'update', (d: Dict, args, kwargs) => {
  if (args.length > 1) throw new TypeError(`update expected at most 1 argument, got ${args.length}`);
  update(d, args[0]);
  if (kwargs !== undefined) update(d, kwargs);
  return null;
});

for (const view of [KeysView, ItemsView])
  addMethods(boundType(view)!, {
    isdisjoint: [
      'other',
      (v: DictView, other: unknown) => {
        const items = setLike(v)!;
        for (const item of listOf(other)) if (items.has(item)) return false;
        return true;
      },
    ],
  });
addMethods(rangeType, {
  count: ['value', (r: Range, v: unknown) => (contains(r, v) ? 1 : 0)],
  index: [
    'value',
    (r: Range, v: unknown) => {
      if (asInt(v) === undefined) {
        if (!contains(r, v)) throw new ValueError('sequence.index(x): x not in sequence');
      } else if (!contains(r, v)) throw new ValueError(`${repr(v)} is not in range`);
      return (Number(v) - Number(r.start)) / Number(r.step);
    },
  ],
});
for (const part of ['start', 'stop', 'step'] as const)
  rangeType.dict.set(part, new Getter((r: Range) => r[part]));
