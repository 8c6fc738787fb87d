/** `sequence.sort` (zope.sequencesort): sorts objects by attributes or items. */
import { Tuple } from '../../pickle/index.ts';
import { guardedGetattr } from '../guards/attributes.ts';
import { guardedItem } from '../guards/items.ts';
import { chargeMemory, chargeSteps, chargeText } from '../runtime/budget.ts';
import { BuiltinFunction } from '../runtime/builtin-function.ts';
import { registerBuiltin } from '../runtime/builtins.ts';
import { call, isCallable } from '../runtime/call.ts';
import { gt, lt, truth } from '../runtime/compare.ts';
import { AttributeError, KeyError, PyError, PySyntaxErrorBase, Unauthorized } from '../runtime/errors.ts';
import { listOf } from '../runtime/iterate.ts';
import { PyModule } from '../runtime/objects.ts';
import { str } from '../runtime/repr.ts';

type Compare = (a: unknown, b: unknown) => number;
/** Below every other value: an object that lacks the key. */
const smallest = Symbol('smallest');

function cmp(a: unknown, b: unknown): number {
  chargeSteps(1);
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1;
  return truth(lt(a, b)) ? -1 : truth(gt(a, b)) ? 1 : 0;
}

/** By code point: the locale of the server is no part of a site. */
const nocase: Compare = (a, b) => {
  const [x, y] = [str(a), str(b)];
  chargeText((x.length + y.length) * 8);
  return cmp(x.toLowerCase(), y.toLowerCase());
};
const FUNCTIONS: Record<string, Compare> = {
  cmp,
  nocase,
  locale: cmp,
  strcoll: cmp,
  locale_nocase: nocase,
  strcoll_nocase: nocase,
};

interface Field {
  readonly key: string;
  readonly compare: Compare;
  readonly direction: number;
}

function field(options: unknown[], namespace: unknown): Field {
  if (options.length === 0 || options.length > 3)
    throw new PySyntaxErrorBase('sort option: (Key [,sorter_name [,direction]])');
  const name = options[1] === undefined ? 'cmp' : str(options[1]);
  const direction = options[2] === undefined ? 'asc' : str(options[2]).toLowerCase();
  if (direction !== 'asc' && direction !== 'desc')
    throw new PySyntaxErrorBase('sort direction must be either ASC or DESC');
  let compare = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
  if (compare === undefined) {
    const own = guardedItem(namespace, name);
    compare = (a, b) => Number(call(own, [a, b]));
  }
  return { key: str(options[0]), compare, direction: direction === 'asc' ? 1 : -1 };
}

/** The value of a key; callables are called. */
function valueOf(item: unknown, key: string, mapping: boolean): unknown {
  let value: unknown;
  try {
    value = mapping ? guardedItem(item, key) : guardedGetattr(item, key);
  } catch (error) {
    if (error instanceof AttributeError || error instanceof KeyError) return smallest;
    throw error;
  }
  if (!isCallable(value)) return value;
  try {
    return call(value, []);
  } catch (error) {
    if (error instanceof Unauthorized || !(error instanceof PyError)) throw error;
    return value;
  }
}

/** Sorts a sequence of objects, or of (key, object) pairs. */
export function sortSequence(
  sequence: unknown,
  sort: unknown,
  namespace: unknown,
  mapping: unknown,
): unknown[] {
  const fields =
    sort === undefined || sort === null
      ? []
      : listOf(sort).map((options) => field(listOf(options), namespace));
  const byItem = mapping !== undefined && truth(mapping);
  const items = listOf(sequence, true);
  const rows = items.map((item, i) => {
    chargeSteps(2 + 2 * fields.length);
    chargeMemory(128 + 16 * fields.length);
    const pair = item instanceof Tuple && item.length === 2;
    const keys =
      fields.length === 0
        ? [pair ? item[0] : item]
        : fields.map(({ key }) => valueOf(pair ? item[1] : item, key, byItem));
    return { keys, item, i };
  });
  const how = fields.length === 0 ? [{ compare: cmp, direction: 1 }] : fields;
  rows.sort((a, b) => {
    for (const [n, { compare, direction }] of how.entries()) {
      const [x, y] = [a.keys[n], b.keys[n]];
      const order = x === y ? 0 : x === smallest ? -1 : y === smallest ? 1 : compare(x, y) * direction;
      if (order !== 0) return order;
    }
    return a.i - b.i;
  });
  return rows.map(({ item }) => item);
}

const sort = new BuiltinFunction('sort', 'sequence, sort=, _=, mapping=', sortSequence);
const names: Record<string, unknown> = { sort, SortEx: sort };
for (const name of ['cmp', 'nocase'] as const)
  names[name] = new BuiltinFunction(name, 'a, b', FUNCTIONS[name]!);
registerBuiltin('sequence', new PyModule('sequence', new Map(Object.entries(names))));
