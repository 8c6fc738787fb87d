/** The methods of list, tuple, dict and its views, range and bytes. */
import { Dict, Tuple, tuple } from '../../pickle/index.ts';
import { bounds, guardedItem, rawDelItem } from '../guards/items.ts';
import { chargeItems, chargeMemory, chargeSteps } from './budget.ts';
import { call1 } from './call.ts';
import { decodeBytes } from './codecs.ts';
import { contains, eq, hashable, lt, setLike, truth } from './compare.ts';
import { KeyError, TypeError, ValueError } from './errors.ts';
import { fillDict, listOf } from './iterate.ts';
import { asInt, toIndex } from './numbers.ts';
import { type DictView, ItemsView, KeysView, ValuesView } from './objects.ts';
import { repr } from './repr.ts';
import {
  addMethods,
  addRawMethod,
  bindType,
  boundType,
  bytearrayType,
  bytesType,
  complexType,
  dictType,
  Getter,
  listType,
  objectType,
  PyType,
  strType,
  tupleType,
  typeName,
} from './types.ts';
import { Complex, Range, Slice } from './values.ts';

bindType(complexType, Complex);
export const rangeType = bindType(new PyType('range', [objectType], { access: 'all' }), Range);
export const sliceType = bindType(new PyType('slice', [objectType]), Slice);

function count(items: readonly unknown[], wanted: unknown): number {
  chargeSteps(items.length);
  let n = 0;
  for (let i = 0; i < items.length; i++) if (items[i] === wanted || truth(eq(items[i], wanted))) n++;
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
    if (items[i] === wanted || truth(eq(items[i], wanted))) return i;
  }
  throw new ValueError(kind === 'list' ? `${repr(wanted)} is not in list` : 'tuple.index(x): x not in tuple');
}

/** Python's stable sort; the comparison may be anything, and may throw. */
export function sortItems(items: unknown[], key: unknown, reverse: unknown): unknown[] {
  const n = items.length;
  chargeItems(n * 2);
  chargeSteps(n);
  const backwards = reverse !== undefined && truth(reverse);
  const decorated = items.map((item, i) => ({
    key: key === undefined || key === null ? item : call1(key, item),
    item,
    i,
  }));
  const numbers = decorated.every(({ key: k }) => typeof k === 'number');
  const compare = numbers
    ? (a: unknown, b: unknown) => (a as number) - (b as number)
    : (a: unknown, b: unknown): number => {
        chargeSteps(1);
        return truth(lt(a, b)) ? -1 : truth(lt(b, a)) ? 1 : 0;
      };
  if (numbers) chargeSteps(n * 4);
  // Reversed, equal items still keep their order.
  decorated.sort((a, b) => (backwards ? compare(b.key, a.key) : compare(a.key, b.key)) || a.i - b.i);
  return decorated.map(({ item }) => item);
}

function pop(items: unknown[], at: unknown): unknown {
  const i = at === undefined ? -1 : toIndex(at);
  // Zope's guard reads the item first, so its message is that of reading.
  if (asInt(at ?? 0) === undefined)
    throw new TypeError(`'${typeName(at)}' object cannot be interpreted as an integer`);
  const value = guardedItem(items, i);
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
      items.splice(toIndex(at), 0, item);
      return null;
    },
  ],
  pop: ['index=', pop],
  remove: [
    'value',
    (items: unknown[], wanted: unknown) => {
      for (let i = 0; i < items.length; i++) {
        chargeSteps(1);
        if (items[i] === wanted || truth(eq(items[i], wanted))) {
          items.splice(i, 1);
          return null;
        }
      }
      throw new ValueError('list.remove(x): x not in list');
    },
  ],
  reverse: ['', (items: unknown[]) => (items.reverse(), null)],
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
      // An empty dict does not even ask for the hash.
      const value = d.size === 0 ? missing : read(d, key);
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
      if (!contains(r, v)) throw new ValueError(`${repr(v)} is not in range`);
      return (Number(v) - Number(r.start)) / Number(r.step);
    },
  ],
});
for (const part of ['start', 'stop', 'step'] as const)
  rangeType.dict.set(part, new Getter((r: Range) => r[part]));

// bytes: through latin-1, where one character is one byte.

const latin = (b: Uint8Array): string => Buffer.from(b.buffer, b.byteOffset, b.length).toString('latin1');
const fromLatin = (s: string): Uint8Array => new Uint8Array(Buffer.from(s, 'latin1'));

function toLatin(v: unknown): unknown {
  if (v instanceof Uint8Array) return latin(v);
  if (v instanceof Tuple) return Tuple.from(v, toLatin as (v: unknown) => never);
  if (typeof v === 'string') throw new TypeError("a bytes-like object is required, not 'str'");
  return v;
}

function fromText(v: unknown): unknown {
  if (typeof v === 'string') return fromLatin(v);
  if (v instanceof Tuple) return tuple(...v.map((item) => fromText(item)));
  return Array.isArray(v) ? v.map((item) => fromText(item)) : v;
}

const ASCII_ONLY = new Set([
  'upper',
  'lower',
  'title',
  'capitalize',
  'swapcase',
  'isalpha',
  'isalnum',
  'isdigit',
  'isspace',
  'isupper',
  'islower',
  'istitle',
]);

/** Methods that bytes share with str. Letters beyond ASCII are no letters. */
export function installBytesMethods(): void {
  const shared =
    'capitalize center count endswith expandtabs find index isalnum isalpha isascii isdigit islower isspace istitle isupper ljust lower lstrip partition removeprefix removesuffix replace rfind rindex rjust rpartition rsplit rstrip split splitlines startswith strip swapcase title upper zfill';
  for (const type of [bytesType, bytearrayType]) {
    for (const name of shared.split(' ')) {
      const own = strType.dict.get(name) as {
        params: readonly string[];
        min: number;
        call: (...args: unknown[]) => unknown;
      };
      const text = own.params.map((param, i) => (i < own.min ? param : `${param}=`)).join(', ');
      addMethods(type, {
        [name]: [
          text,
          (b: Uint8Array, ...args: unknown[]) => {
            let s = latin(b);
            // High bytes are moved out of the way of str's idea of letters.
            if (ASCII_ONLY.has(name))
              s = s.replace(/[\x80-\xff]/g, (c) => String.fromCharCode(0xe000 + c.charCodeAt(0)));
            const result = own.call(
              s,
              ...args.map((arg) =>
                arg === undefined
                  ? arg
                  : asInt(arg) !== undefined && /find|index|count/.test(name) && arg === args[0]
                    ? String.fromCharCode(Number(arg))
                    : toLatin(arg),
              ),
            );
            const back =
              typeof result === 'string'
                ? result.replace(/[\ue080-\ue0ff]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xe000))
                : result;
            return fromText(back);
          },
        ],
      });
    }
    addMethods(type, {
      decode: [
        'encoding=, errors=',
        (b: Uint8Array, encoding: unknown, errors: unknown) => decodeBytes(b, encoding, errors),
      ],
      hex: ['sep=, bytes_per_sep=', hex],
      join: [
        'iterable',
        (b: Uint8Array, items: unknown) => {
          const parts: Uint8Array[] = [];
          let size = 0;
          for (const [i, item] of listOf(items).entries()) {
            if (!(item instanceof Uint8Array))
              throw new TypeError(
                `sequence item ${i}: expected a bytes-like object, ${typeName(item)} found`,
              );
            if (i > 0) parts.push(b);
            parts.push(item);
            size += item.length + b.length;
          }
          chargeMemory(size);
          return new Uint8Array(Buffer.concat(parts));
        },
      ],
    });
  }
}

function hex(b: Uint8Array, separator: unknown, group: unknown): string {
  chargeMemory(b.length * 3);
  const text = Buffer.from(b).toString('hex');
  if (separator === undefined) return text;
  const sep = typeof separator === 'string' ? separator : latin(separator as Uint8Array);
  const n = group === undefined ? 1 : toIndex(group);
  if (n === 0) return text;
  const size = Math.abs(n) * 2;
  const parts: string[] = [];
  if (n > 0)
    for (let end = text.length; end > 0; end -= size) parts.unshift(text.slice(Math.max(0, end - size), end));
  else for (let at = 0; at < text.length; at += size) parts.push(text.slice(at, at + size));
  return parts.join(sep);
}
