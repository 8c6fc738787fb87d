/** Sorting of `dtml-in` by attributes: `sort="key, other/nocase/desc"`. */
import { Tuple } from '../../pickle/index.ts';
import {
  call,
  getattr,
  isCallable,
  lt,
  PyError,
  PySyntaxError,
  trustedGetitem,
} from '../../restricted/index.ts';
import type { Namespace } from './namespace.ts';
import { itemValue } from './sequence-names.ts';

/** Sorts before everything. */
const SMALLEST = Symbol('smallest');

type Compare = (a: unknown, b: unknown) => number;

const compare: Compare = (a, b) => {
  if (a === SMALLEST || b === SMALLEST) return a === b ? 0 : a === SMALLEST ? -1 : 1;
  return lt(a, b) ? -1 : lt(b, a) ? 1 : 0;
};
const lower = (value: unknown) => (typeof value === 'string' ? value.toLowerCase() : value);
const noCase: Compare = (a, b) => compare(lower(a), lower(b));
// Made when it is needed: that takes as long as a whole request.
let collator: Intl.Collator | undefined;
const byLocale: Compare = (a, b) =>
  typeof a === 'string' && typeof b === 'string'
    ? (collator ??= new Intl.Collator('und')).compare(a, b)
    : compare(a, b);

interface Field {
  readonly name: string;
  readonly compare: Compare;
}

function fieldOf(text: string, namespace: Namespace): Field {
  const [name = '', how = 'cmp', order = 'asc', ...rest] = text.split('/');
  if (rest.length > 0) throw new PySyntaxError('sort option must contain no more than 2 slashes', 1, 0);
  const direction = order.toLowerCase();
  if (direction !== 'asc' && direction !== 'desc')
    throw new PySyntaxError('sort oder must be either ASC or DESC', 1, 0);
  const ascending = comparison(how, namespace);
  return { name, compare: direction === 'asc' ? ascending : (a, b) => -ascending(a, b) };
}

function comparison(how: string, namespace: Namespace): Compare {
  switch (how) {
    case 'cmp':
      return compare;
    case 'nocase':
      return noCase;
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

function keyOf(item: unknown, name: string, mapping: boolean): unknown {
  let key: unknown;
  try {
    key = mapping ? (item instanceof Map ? item.get(name) : trustedGetitem(item, name)) : getattr(item, name);
    if (typeof key === 'object' && key !== null && isCallable(key)) key = call(key, []);
    else if (typeof key === 'function') key = call(key, []);
  } catch (error) {
    if (!(error instanceof PyError)) throw error;
    // What the user may not read, and what is not there, sorts first.
    return SMALLEST;
  }
  return key === null || key === undefined ? SMALLEST : key;
}

/** The items in the order of `sort`; empty: by the items themselves. */
export function sorted(
  items: readonly unknown[],
  sort: string,
  mapping: boolean,
  namespace: Namespace,
): unknown[] {
  const fields = sort.split(',').map((text) => fieldOf(text.trim(), namespace));
  const keyed = items.map((item) => ({
    item,
    keys:
      fields.length === 1 && fields[0]!.name === ''
        ? [item instanceof Tuple && item.length === 2 ? item[0] : item]
        : fields.map(({ name }) => keyOf(itemValue(item), name, mapping)),
  }));
  keyed.sort((a, b) => {
    for (const [at, field] of fields.entries()) {
      const order = field.compare(a.keys[at], b.keys[at]);
      if (order !== 0) return order;
    }
    return 0;
  });
  return keyed.map(({ item }) => item);
}
