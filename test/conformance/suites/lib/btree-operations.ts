/** The operations of the suite `btrees` on one container. */
import { BTreeItems, Sorted } from '../../../../src/btrees/index.ts';
import { tupleFrom } from '../../../../src/pickle/index.ts';
import { errorName, fromTagged, toTagged } from './btree-values.ts';

type Operation = readonly [name: string, ...args: unknown[]];
type Methods = Record<string, ((...args: unknown[]) => unknown) | undefined>;

class MissingAttribute extends Error {
  readonly pyName = 'AttributeError';
}

function call(object: object, name: string, args: readonly unknown[]): unknown {
  const method = (object as Methods)[name];
  if (typeof method !== 'function') throw new MissingAttribute(name);
  return method.apply(object, [...args]);
}

const operators: Record<string, string> = {
  '&': 'intersection',
  '|': 'union',
  '-': 'difference',
  '^': 'symmetricDifference',
};
const inPlace: Record<string, string> = {
  '&': 'intersectionUpdate',
  '|': 'update',
  '-': 'differenceUpdate',
  '^': 'symmetricDifferenceUpdate',
};

function index(sequence: unknown, at: unknown): unknown {
  if (Array.isArray(at)) {
    const [start, end, step = 1] = at as (number | null)[];
    if (step !== 1) throw Object.assign(new Error('step'), { pyName: 'RuntimeError' });
    return (sequence as BTreeItems).slice(start ?? undefined, end ?? undefined);
  }
  if (sequence instanceof BTreeItems) return sequence.__getitem__(at as number);
  const item = (sequence as unknown[]).at(at as number);
  if (item === undefined) throw Object.assign(new Error('index'), { pyName: 'IndexError' });
  return item;
}

/** What the container answers, in the suite's notation; errors are thrown. */
function answer(object: object, [name, ...given]: Operation): unknown {
  const args = given.map(fromTagged);
  const container = object as Sorted & Iterable<unknown>;
  switch (name) {
    case '#set':
      call(object, 'set', args);
      return null;
    case '#get':
      return call(object, '__getitem__', args);
    case '#del':
      call(object, '__delitem__', args);
      return null;
    case '#in':
      return container.has(args[0]);
    case '#len':
      return container.size;
    case '#bool':
      return !container._isEmpty();
    case '#iter':
      return [...(call(object, 'iterkeys', []) as Iterable<unknown>)];
    case '#index':
      return index(call(object, String(given[0]), args[1] as unknown[]), given[2]);
    case '#viewlen': {
      const view = call(object, String(given[0]), (args[1] ?? []) as unknown[]);
      return (view as { length: number }).length;
    }
    case '#kw': {
      const { min, max, excludemin, excludemax } = given[1] as Record<string, unknown>;
      return call(object, String(given[0]), [
        fromTagged(min ?? null),
        fromTagged(max ?? null),
        excludemin,
        excludemax,
      ]);
    }
    case '#op':
      return call(object, operators[String(given[0])]!, [args[1]]);
    case '#iop': {
      call(object, inPlace[String(given[0])]!, [args[1]]);
      return [true, [...(call(object, 'keys', []) as Iterable<unknown>)]];
    }
    case '#modify-while-iterating': {
      const seen: unknown[] = [];
      for (const key of call(object, 'keys', []) as Iterable<unknown>) {
        seen.push(key);
        if (seen.length === 3) call(object, '__delitem__', args);
      }
      return seen;
    }
    case 'toString':
      return call(object, 'toBytes', args);
    case 'fromString':
      return call(object, 'fromBytes', args);
    case 'update':
      return call(object, name, [pairs(object, args[0])]);
    default:
      return call(object, name, args);
  }
}

/** Lists of pairs come as tuples already; nothing else is changed. */
const pairs = (_object: object, given: unknown): unknown => (given === undefined ? tupleFrom([]) : given);

/** What an operation answers, in the suite's notation, or the error that it ends in. */
export function runOperation(object: object, operation: Operation): unknown {
  try {
    return toTagged(answer(object, operation));
  } catch (error) {
    return { error: errorName(error) };
  }
}

/** Answers of the suite without the messages of errors. */
export function withoutMessages(value: unknown): unknown {
  if (value !== null && typeof value === 'object' && 'error' in value)
    return { error: (value as { error: unknown }).error };
  return value;
}
