/** Dicts (JavaScript's objects and maps), sets and generators. */
import type { Dict } from '../../pickle/index.ts';
import { chargeItems, chargeMemory, chargeSteps } from '../runtime/budget.ts';
import { hashable, LONG_KEY } from '../runtime/hashing.ts';
import { RuntimeError, TypeError } from '../runtime/errors.ts';
import { checkItem, rawIterator } from '../runtime/iterate.ts';
import { mayHold } from '../guards/values.ts';
import { FrozenSet, type PySet } from '../../pickle/index.ts';
import { GuardedIterator, type PyGenerator } from '../runtime/objects.ts';
import type { Method, Methods } from './strings.ts';
import { callback, checkCallback, stored } from './values.ts';

type AnyMap = Map<unknown, unknown>;

/** The value of a key, if the script may have it; undefined: there is none. */
export function valueAt(map: AnyMap, key: unknown): unknown {
  const value = map.get(hashable(stored(key)));
  if (typeof value === 'object' && value !== null && !mayHold(map, value)) checkItem(map, value);
  return value;
}

export function setValue(map: AnyMap, key: unknown, value: unknown): void {
  chargeMemory(48);
  if (typeof key === 'string' && key.length > LONG_KEY) chargeMemory(key.length);
  map.set(hashable(stored(key)), stored(value));
}

export function pairsOf(map: AnyMap): GuardedIterator {
  return iterate(map, (key, value) => {
    if (typeof value === 'object' && value !== null && !mayHold(map, value)) checkItem(map, value);
    return [key, value];
  });
}

function iterate(map: AnyMap, give: (key: unknown, value: unknown) => unknown): GuardedIterator {
  const entries = map.entries();
  const { size } = map;
  return new GuardedIterator(() => {
    if (map.size !== size) throw new RuntimeError('the object changed its size during the loop');
    const { done, value } = entries.next();
    return done === true ? undefined : stored(give(value[0], value[1]));
  });
}

export function forEachPair(map: AnyMap, use: (key: unknown, value: unknown) => void): void {
  const it = pairsOf(map);
  for (let pair = it.next(); pair !== undefined; pair = it.next()) {
    chargeSteps(1);
    const [key, value] = pair as [unknown, unknown];
    use(key, value);
  }
}

export const DICT: Methods = new Map<string, Method>([
  ['clear', (map: AnyMap) => void map.clear()],
  ['delete', (map: AnyMap, [key]) => map.delete(hashable(stored(key)))],
  ['entries', (map: AnyMap) => pairsOf(map)],
  [
    'forEach',
    (map: AnyMap, [cb]) => {
      checkCallback(cb);
      forEachPair(map, (key, value) => void callback(cb, value, key, map));
    },
  ],
  [
    'get',
    (map: AnyMap, [key, fallback]) => {
      const value = valueAt(map, key);
      return value === undefined ? fallback : value;
    },
  ],
  ['has', (map: AnyMap, [key]) => map.has(hashable(stored(key)))],
  ['hasOwnProperty', (map: AnyMap, [key]) => map.has(hashable(stored(key)))],
  ['keys', (map: AnyMap) => iterate(map, (key) => key)],
  [
    'set',
    (map: AnyMap, [key, value]) => {
      setValue(map, key, value);
      return map;
    },
  ],
  [
    'values',
    (map: AnyMap) =>
      iterate(map, (_key, value) => {
        if (typeof value === 'object' && value !== null && !mayHold(map, value)) checkItem(map, value);
        return value;
      }),
  ],
  ['toString', () => '[object Object]'],
]);

function open(set: PySet): PySet {
  if (set instanceof FrozenSet) throw new TypeError('a frozenset cannot be changed');
  return set;
}

/** The members of a set, objects of the site among them checked. */
export function members(set: Set<unknown>): GuardedIterator {
  const it = rawIterator(set);
  return new GuardedIterator(() => {
    const v = it.next();
    if (typeof v === 'object' && v !== null && !mayHold(NO_ITEMS, v)) checkItem(set, v);
    return v;
  });
}
const NO_ITEMS: readonly unknown[] = [];

export const SET: Methods = new Map<string, Method>([
  [
    'add',
    (set: PySet, [v]) => {
      chargeMemory(40);
      open(set).add(hashable(stored(v)));
      return set;
    },
  ],
  ['clear', (set: PySet) => void open(set).clear()],
  ['delete', (set: PySet, [v]) => open(set).delete(hashable(stored(v)))],
  [
    'entries',
    (set: PySet) => {
      const it = members(set);
      return new GuardedIterator(() => {
        const v = it.next();
        return v === undefined ? undefined : [v, v];
      });
    },
  ],
  [
    'forEach',
    (set: PySet, [cb]) => {
      checkCallback(cb);
      const it = members(set);
      for (let v = it.next(); v !== undefined; v = it.next()) callback(cb, v, v, set);
      return undefined;
    },
  ],
  ['has', (set: PySet, [v]) => set.has(hashable(stored(v)))],
  ['keys', members],
  ['values', members],
]);

/** What `next()` of a generator gives. */
export const iteration = (make: (value: unknown, done: boolean) => Dict): Methods =>
  new Map<string, Method>([
    [
      'next',
      (it: GuardedIterator | PyGenerator) => {
        chargeItems(4);
        const value = it.next();
        return make(value === undefined ? null : value, value === undefined);
      },
    ],
  ]);
