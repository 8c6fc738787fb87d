/** Sorting of `dtml-in` by attributes: `sort="key, other/nocase/desc"`. */
import { PyFloat, Tuple } from '../../pickle/index.ts';
import {
  call,
  caught,
  chargeItems,
  chargeSteps,
  chargeText,
  getattr,
  getitem,
  gt,
  hash,
  lt,
  PySyntaxError,
  registerType,
  sortBy,
  trustedGetattr,
  truth,
  TypeError,
  typeName,
} from '../../restricted/index.ts';
import type { Namespace } from './namespace.ts';
import { itemValue } from './sequence-names.ts';

/** Before everything, even itself: stands for what is not there, and cannot be read. */
class Smallest {}
registerType(Smallest, {
  pyName: '_Smallest',
  attributes: [],
  operators: { lt: () => true, eq: (self, other) => self === other },
});
const SMALLEST = new Smallest();

type Compare = (a: unknown, b: unknown) => number;

const compare: Compare = (a, b) => {
  chargeSteps(1);
  return Number(truth(gt(a, b))) - Number(truth(lt(a, b)));
};
function lower(value: unknown): unknown {
  if (typeof value !== 'string') return call(trustedGetattr(value, 'lower'), []);
  chargeText(value.length * 8);
  return value.toLowerCase();
}

/** As C's locale has it, in which Zope runs. */
const byLocale: Compare = (a, b) => {
  for (const [at, value] of [a, b].entries())
    if (typeof value !== 'string')
      throw new TypeError(`strcoll() argument ${at + 1} must be str, not ${typeName(value)}`);
  return compare(a, b);
};

interface Field {
  readonly name: string;
  readonly compare: Compare;
}

function fieldOf(text: string, namespace: Namespace): Field {
  const [name = '', how = 'cmp', order = 'asc', ...rest] = text.split('/');
  if (rest.length > 0) throw new PySyntaxError('sort option must contain no more than 2 slashes', 1, 0);
  const ascending = comparison(how, namespace);
  const direction = order.toLowerCase();
  if (direction !== 'asc' && direction !== 'desc')
    throw new PySyntaxError('sort oder must be either ASC or DESC', 1, 0);
  return { name, compare: direction === 'asc' ? ascending : (a, b) => -ascending(a, b) };
}

function comparison(how: string, namespace: Namespace): Compare {
  switch (how) {
    case 'cmp':
      return compare;
    case 'nocase':
      return (a, b) => compare(lower(a), lower(b));
    case 'locale':
    case 'strcoll':
      return byLocale;
    case 'locale_nocase':
    case 'strcoll_nocase':
      return (a, b) => byLocale(lower(a), lower(b));
    default: {
      const found = namespace.find(how) ?? namespace.get(how);
      return (a, b) => Number(call(found, [a, b]));
    }
  }
}

/** Texts, numbers, lists, tuples and None are keys as they are; other values are called for one. */
const isPlain = (value: unknown): boolean =>
  typeof value === 'string' ||
  typeof value === 'number' ||
  typeof value === 'bigint' ||
  value instanceof PyFloat ||
  (Array.isArray(value) && (value.constructor === Array || value instanceof Tuple));

/** What `item` has under a name; null: nothing. What the user may not read is not there. */
function valueOf(item: unknown, name: string, mapping: boolean): unknown {
  if (mapping && !(item instanceof Map)) return call(getattr(item, 'get'), [name]);
  try {
    if (mapping) return item instanceof Map && item.has(name) ? getitem(item, name) : null;
    return getattr(item, name, null);
  } catch (error) {
    caught(error);
    return null;
  }
}

function onlyKey(item: unknown, name: string, mapping: boolean): unknown {
  let key = valueOf(item, name, mapping);
  if (key !== null && !isPlain(key)) {
    try {
      key = call(key, []);
    } catch (error) {
      caught(error);
      return SMALLEST;
    }
  }
  return key ?? SMALLEST;
}

function oneOfKeys(item: unknown, name: string, mapping: boolean): unknown {
  let key = valueOf(item, name, mapping);
  // Python looks the value up among classes, which asks for its hash.
  hash(key);
  if (key !== null) {
    try {
      key = call(key, []);
    } catch (error) {
      caught(error);
    }
  }
  return key ?? SMALLEST;
}

/** The items in the order of `sort`; empty: by the items themselves. */
export function sorted(
  items: readonly unknown[],
  sort: string,
  mapping: boolean,
  namespace: Namespace,
): unknown[] {
  const texts = sort.split(',');
  chargeItems(texts.length * 8);
  chargeItems(items.length * (8 + texts.length));
  chargeSteps(items.length * texts.length);
  const fields = sort.includes('/') ? texts.map((text) => fieldOf(text, namespace)) : undefined;
  const names = fields === undefined ? texts : fields.map(({ name }) => name);
  const several = names.length > 1;
  const keyOf = (item: unknown): unknown => {
    if (several) return names.map((name) => oneOfKeys(itemValue(item), name, mapping));
    if (names[0] !== '') return onlyKey(itemValue(item), names[0]!, mapping);
    return item instanceof Tuple && item.length === 2 ? item[0] : item;
  };
  const keys = items.map(keyOf);
  const order = (a: unknown, b: unknown): number => {
    for (const [at, field] of fields!.entries()) {
      const found = several ? field.compare((a as unknown[])[at], (b as unknown[])[at]) : field.compare(a, b);
      if (found !== 0) return found;
    }
    return 0;
  };
  const less =
    fields === undefined
      ? (a: unknown, b: unknown) => truth(lt(a, b))
      : (a: unknown, b: unknown) => order(a, b) < 0;
  return sortBy(items, keys, less);
}
