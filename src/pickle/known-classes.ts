/** The classes of Python and its standard library that have a class of ours: how their pickles become values, and values pickles. */
import { BadValueError } from './errors.ts';
import { DateTime } from './datetime/date-time.ts';
import { ByteArray } from './values/bytearray.ts';
import { Counter, DefaultDict, Deque, OrderedDict, Range, Slice } from './values/collections.ts';
import { Complex } from './values/complex.ts';
import { PyDate, PyDatetime, PyTime } from './values/datetime.ts';
import { Decimal } from './values/decimal.ts';
import { Dict } from './values/dict.ts';
import { float, PyFloat } from './values/float.ts';
import { Fraction } from './values/fraction.ts';
import { isInt, type PyInt, wordsOf } from './values/int.ts';
import { Ellipsis, GlobalRef, Instance, NotImplemented, Reduce } from './values/references.ts';
import { FrozenSet, PySet } from './values/set.ts';
import { Timedelta } from './values/timedelta.ts';
import { Timezone } from './values/timezone.ts';
import { type Tuple, tuple, tupleFrom } from './values/tuple.ts';
import { UUID } from './values/uuid.ts';
import { createsEmpty, defineClass, defineWriting, reductionOf, Unfinished } from './value-classes.ts';

function bad(name: string, args: unknown): never {
  throw new BadValueError(
    `${name} does not take ${Array.isArray(args) ? `these ${args.length} arguments` : 'this state'}`,
    'PICKLE_BAD_ARGUMENTS',
  );
}

const int = (value: unknown): number => {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value !== 'number' || !Number.isInteger(value))
    throw new BadValueError('an integer is needed', 'PICKLE_BAD_ARGUMENTS');
  return value;
};
const bytesOf = (value: unknown): Uint8Array | undefined => {
  if (value instanceof Uint8Array) return value;
  // Python 2 wrote these bytes as text.
  if (typeof value === 'string' && /^[\u0000-\u00ff]*$/.test(value)) return Buffer.from(value, 'latin1');
  return undefined;
};
const listOf = (args: Tuple): unknown[] => {
  if (args.length === 0) return [];
  const [items] = args;
  if (args.length > 1) return bad('a collection', args);
  if (Array.isArray(items)) return items;
  if (items instanceof Set || items instanceof Map) return [...items.keys()];
  if (typeof items === 'string') return [...items];
  return bad('a collection', args);
};
const real = (value: unknown): number => {
  if (typeof value === 'number' || value instanceof PyFloat || typeof value === 'bigint')
    return Number(value);
  throw new BadValueError('a number is needed', 'PICKLE_BAD_ARGUMENTS');
};

/** Python's truth of a value. */
const isTrue = (value: unknown): boolean => {
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length > 0;
  if (value instanceof Map || value instanceof Set) return value.size > 0;
  return value instanceof PyFloat ? value.value !== 0 : Boolean(value);
};

const OBJECT = defineClass('builtins.object', (args) =>
  args.length === 0 ? new Instance(OBJECT, args) : bad('object', args),
);
const SET = defineClass('builtins.set', (args) => new PySet(listOf(args)), { keys: listOf });
const FROZENSET = defineClass('builtins.frozenset', (args) => new FrozenSet(listOf(args)), { keys: listOf });
const LIST = defineClass('builtins.list', (args) => [...listOf(args)]);
defineClass('builtins.tuple', (args) => tupleFrom(listOf(args)));
defineClass('builtins.int', (args) =>
  args.length === 0 ? 0 : args.length === 1 && isInt(args[0]) ? args[0] : bad('int', args),
);
defineClass('builtins.float', (args) => {
  if (args.length > 1) return bad('float', args);
  return args.length === 0 ? float(0) : float(real(args[0]));
});
defineClass('builtins.bool', (args) => (args.length > 1 ? bad('bool', args) : isTrue(args[0])));
defineClass('builtins.str', (args) =>
  args.length === 0 ? '' : args.length === 1 && typeof args[0] === 'string' ? args[0] : bad('str', args),
);
defineClass('builtins.bytes', (args) => {
  if (args.length === 0) return new Uint8Array();
  const [source] = args;
  if (args.length > 1) return bad('bytes', args);
  if (Array.isArray(source) && source.every((item) => typeof item === 'number' && item >= 0 && item < 256))
    return Uint8Array.from(source as number[]);
  return source instanceof Uint8Array ? source : bad('bytes', args);
});
defineClass('zodbpickle.binary', (args) =>
  args.length === 0 ? new Uint8Array() : (bytesOf(args[0]) ?? bad('binary', args)),
);
const BYTEARRAY = defineClass('builtins.bytearray', (args) => {
  const [source, encoding] = args;
  if (args.length === 0) return new ByteArray();
  if (source instanceof Uint8Array && args.length === 1) return new ByteArray(source);
  const isLatin1 = args.length === 2 && typeof encoding === 'string' && /^latin-?1$/i.test(encoding);
  if (typeof source === 'string' && isLatin1) return new ByteArray(Buffer.from(source, 'latin1'));
  return bad('bytearray', args);
});
defineClass('_codecs.encode', (args) => {
  const [text, encoding] = args;
  if (
    typeof text === 'string' &&
    typeof encoding === 'string' &&
    /^(?:latin-?1|iso-?8859-1)$/i.test(encoding)
  ) {
    return new Uint8Array(bytesOf(text) ?? bad('encode', args));
  }
  if (typeof text === 'string' && typeof encoding === 'string' && /^utf-?8$/i.test(encoding))
    return new Uint8Array(Buffer.from(text));
  return bad('encode', args);
});
const COMPLEX = defineClass('builtins.complex', (args) => {
  if (args.length > 2) return bad('complex', args);
  return new Complex(args.length > 0 ? real(args[0]) : 0, args.length > 1 ? real(args[1]) : 0);
});
const RANGE = defineClass('builtins.range', (args) => {
  if (!args.every(isInt)) return bad('range', args);
  const [a, b, c] = args as unknown as PyInt[];
  if (args.length === 1) return new Range(0, a!);
  if (c === 0) throw new BadValueError('range: the step must not be zero');
  return args.length === 2 || args.length === 3 ? new Range(a!, b!, c ?? 1) : bad('range', args);
});
const SLICE = defineClass('builtins.slice', (args) =>
  args.length === 3 ? new Slice(args[0], args[1], args[2]) : bad('slice', args),
);
/** CPython's limit for integers in decimal digits. */
const MOST_DIGITS = 4300;
/** Longer names of nested classes are made by hostile pickles only. */
const LONGEST_NAME = 1000;
defineClass('builtins.getattr', (args) => {
  const [owner, name] = args;
  if (args.length !== 2 || !(owner instanceof GlobalRef) || typeof name !== 'string')
    return bad('getattr', args);
  if (owner.name.length + name.length > LONGEST_NAME)
    throw new BadValueError('getattr: the name is too long');
  return GlobalRef.of(owner.module, `${owner.name}.${name}`);
});
defineWriting(PySet, (value) => ({ callable: SET, args: tuple([...value]) }));
defineWriting(Set, (value) => ({ callable: SET, args: tuple([...(value as Set<unknown>)]) }));
defineWriting(FrozenSet, (value) => ({ callable: FROZENSET, args: tuple([...value]) }));
defineWriting(ByteArray, (value) => ({
  callable: BYTEARRAY,
  args: value.length === 0 ? tuple() : tuple(new Uint8Array(value)),
}));
defineWriting(Complex, (value) => ({ callable: COMPLEX, args: tuple(float(value.real), float(value.imag)) }));
defineWriting(Range, (value) => ({ callable: RANGE, args: tuple(value.start, value.stop, value.step) }));
defineWriting(Slice, (value) => ({ callable: SLICE, args: tuple(value.start, value.stop, value.step) }));

const pairsOf = (args: Tuple): [unknown, unknown][] => {
  if (args.length === 0) return [];
  const [items] = args;
  if (args.length > 1) return bad('a mapping', args);
  if (items instanceof Map) return [...items];
  if (Array.isArray(items) && items.every((item) => Array.isArray(item) && item.length === 2))
    return items as [unknown, unknown][];
  return bad('a mapping', args);
};
const keysOf = (args: Tuple): unknown[] => pairsOf(args).map(([key]) => key);
const flat = (map: Map<unknown, unknown>): unknown[] => [...map].flat();
const DICT = defineClass('builtins.dict', (args) => new Dict(pairsOf(args)), { keys: keysOf });
const ORDERED = defineClass('collections.OrderedDict', (args) => new OrderedDict(pairsOf(args)), {
  keys: keysOf,
});
const COUNTER = defineClass('collections.Counter', (args) => new Counter(pairsOf(args)), { keys: keysOf });
const DEFAULTDICT = defineClass(
  'collections.defaultdict',
  (args) => {
    const factory = args[0] ?? null;
    const isCallable = factory === null || factory instanceof GlobalRef || typeof factory === 'function';
    // What a call or an instance of a class that is not known here may be called as well.
    if (!isCallable && !(factory instanceof Reduce || factory instanceof Instance))
      throw new BadValueError('defaultdict: the first argument must be callable', 'PICKLE_BAD_ARGUMENTS');
    return new DefaultDict(factory, pairsOf(tupleFrom(args.slice(1))));
  },
  { keys: (args) => keysOf(tupleFrom(args.slice(1))) },
);
const DEQUE = defineClass('collections.deque', (args) => {
  const limit = args[1] ?? null;
  if (args.length > 2) return bad('deque', args);
  if (limit !== null && !(typeof limit === 'number' && Number.isInteger(limit) && limit >= 0))
    return bad('deque', args);
  return new Deque(args.length === 0 ? [] : listOf(tuple(args[0])), limit);
});
for (const ref of [LIST, SET, DICT, BYTEARRAY, ORDERED, COUNTER, DEFAULTDICT, DEQUE]) createsEmpty(ref);
defineWriting(OrderedDict, (value) => ({ callable: ORDERED, args: tuple(), dictItems: flat(value) }));
defineWriting(Counter, (value) => ({
  callable: COUNTER,
  args: tuple(new Dict([...(value as Map<unknown, unknown>)])),
}));
defineWriting(DefaultDict, (value) => ({
  callable: DEFAULTDICT,
  args: value.factory === null ? tuple() : tuple(value.factory),
  dictItems: flat(value),
}));
defineWriting(Deque, (value) => ({
  callable: DEQUE,
  args: value.maxLength === null ? tuple() : tuple<unknown[]>(tuple(), value.maxLength),
  items: value.items,
}));
// A Map of JavaScript keeps its order, as this class of Python's promises to.
defineWriting(Map, (value) => ({ callable: ORDERED, args: tuple(), dictItems: flat(value) }));

const DECIMAL = defineClass(
  'decimal.Decimal',
  (args) =>
    args.length === 1 && (typeof args[0] === 'string' || isInt(args[0]))
      ? new Decimal(args[0])
      : bad('Decimal', args),
  // The time that a number in decimal digits takes grows with the square of its length.
  { cost: ([value]) => (typeof value === 'bigint' ? wordsOf(value) ** 2 / 100 : 0) },
);
defineWriting(Decimal, (value) => ({ callable: DECIMAL, args: tuple(value.text) }));
const wordsIn = (value: unknown): number => (typeof value === 'bigint' ? wordsOf(value) : 1);
const FRACTION = defineClass(
  'fractions.Fraction',
  (args) => {
    if (args.length > 2) return bad('Fraction', args);
    if (typeof args[0] === 'string') {
      const [n, d = '1'] = args[0].split('/');
      if (!/^[-+]?\d+$/.test(n!) || !/^\d+$/.test(d)) return bad('Fraction', args);
      if (n!.length > MOST_DIGITS || d.length > MOST_DIGITS)
        throw new BadValueError('Fraction: too many digits');
      return new Fraction(BigInt(n!), BigInt(d));
    }
    return args.every(isInt)
      ? new Fraction((args[0] as PyInt | undefined) ?? 0, (args[1] as PyInt | undefined) ?? 1)
      : bad('Fraction', args);
  },
  // Euclid's algorithm takes a step for each bit, and each step goes over all of both numbers.
  { cost: ([n, d = 1]) => (wordsIn(n) * wordsIn(d)) / 100 },
);
defineWriting(Fraction, (value) => ({ callable: FRACTION, args: tuple(value.numerator, value.denominator) }));

function uuidOf(state: unknown): UUID {
  const number = state instanceof Map ? (state.get('int') as unknown) : undefined;
  if (!isInt(number)) return bad('UUID', state);
  const safe = (state as Map<unknown, unknown>).get('is_safe');
  return UUID.fromInt(number, typeof safe === 'number' ? safe : undefined);
}
const UUID_REF = defineClass(
  'uuid.UUID',
  (args) => (typeof args[0] === 'string' ? new UUID(args[0]) : bad('UUID', args)),
  { create: () => new Unfinished(uuidOf) },
);
defineClass('uuid.SafeUUID', (args) =>
  args.length === 1 && isInt(args[0]) ? args[0] : bad('SafeUUID', args),
);
defineWriting(UUID, (value) => ({
  callable: UUID_REF,
  args: tuple(),
  newObject: true,
  state: Dict.from<unknown>(
    value.isSafe === undefined
      ? { int: BigInt(`0x${value.hex}`) }
      : { int: BigInt(`0x${value.hex}`), is_safe: value.isSafe },
  ),
}));

const DATE = defineClass('datetime.date', (args) => {
  const bytes = bytesOf(args[0]);
  if (args.length === 1 && bytes?.length === 4)
    return new PyDate(bytes[0]! * 256 + bytes[1]!, bytes[2]!, bytes[3]!);
  return args.length === 3 ? new PyDate(int(args[0]), int(args[1]), int(args[2])) : bad('date', args);
});
defineWriting(PyDate, ({ year, month, day }) => ({
  callable: DATE,
  args: tuple(Uint8Array.of(year >> 8, year & 255, month, day)),
}));
const micros = (bytes: Uint8Array, at: number) => (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
const tz = (value: unknown): object | null => {
  if (value === undefined || value === null) return null;
  // Zones of classes that are not known here are kept as they are.
  if (value instanceof Timezone || value instanceof Reduce || value instanceof Instance) return value;
  throw new BadValueError('tzinfo argument must be None or of a tzinfo subclass', 'PICKLE_BAD_ARGUMENTS');
};
const TIME = defineClass('datetime.time', (args) => {
  const bytes = bytesOf(args[0]);
  if (bytes?.length === 6 && args.length <= 2)
    return new PyTime(
      bytes[0]! & 127,
      bytes[1]!,
      bytes[2]!,
      micros(bytes, 3),
      tz(args[1]),
      bytes[0]! > 127 ? 1 : 0,
    );
  if (args.length > 5) return bad('time', args);
  return new PyTime(...(args.slice(0, 4).map(int) as [number, number, number, number]), tz(args[4]));
});
const DATETIME = defineClass('datetime.datetime', (args) => {
  const b = bytesOf(args[0]);
  if (b?.length === 10 && args.length <= 2) {
    return new PyDatetime(
      b[0]! * 256 + b[1]!,
      b[2]! & 127,
      b[3]!,
      b[4]!,
      b[5]!,
      b[6]!,
      micros(b, 7),
      tz(args[1]),
      b[2]! > 127 ? 1 : 0,
    );
  }
  if (args.length < 3 || args.length > 8) return bad('datetime', args);
  const [year, month, day, ...rest] = args.slice(0, 7).map(int) as [number, number, number, ...number[]];
  return new PyDatetime(year, month, day, rest[0], rest[1], rest[2], rest[3], tz(args[7]));
});
const withZone = (bytes: number[], tzinfo: object | null): Tuple =>
  tzinfo === null ? tuple(Uint8Array.from(bytes)) : tuple<unknown[]>(Uint8Array.from(bytes), tzinfo);
const three = (n: number) => [n >> 16, (n >> 8) & 255, n & 255];
// Protocol 3 does not say which of two equal local times is meant (`fold`), as Python's does not.
defineWriting(PyTime, (t) => ({
  callable: TIME,
  args: withZone([t.hour, t.minute, t.second, ...three(t.microsecond)], t.tzinfo),
}));
defineWriting(PyDatetime, (t) => ({
  callable: DATETIME,
  args: withZone(
    [t.year >> 8, t.year & 255, t.month, t.day, t.hour, t.minute, t.second, ...three(t.microsecond)],
    t.tzinfo,
  ),
}));
defineWriting(Date, (value) => reductionOf(PyDatetime.fromDate(value))!);
const TIMEDELTA = defineClass('datetime.timedelta', (args) =>
  args.length <= 3 ? new Timedelta(...(args.map(int) as [number, number, number])) : bad('timedelta', args),
);
defineWriting(Timedelta, (value) => ({
  callable: TIMEDELTA,
  args: tuple(value.days, value.seconds, value.microseconds),
}));
const TIMEZONE = defineClass('datetime.timezone', (args) => {
  const [offset, name] = args;
  if (!(offset instanceof Timedelta) || (name !== undefined && typeof name !== 'string'))
    return bad('timezone', args);
  return name === undefined && offset.totalMicroseconds() === 0
    ? Timezone.utc
    : new Timezone(offset, name as string | undefined);
});
defineWriting(Timezone, (value) => ({
  callable: TIMEZONE,
  args: value.name === undefined ? tuple(value.offset) : tuple<unknown[]>(value.offset, value.name),
}));

const DATE_TIME = defineClass('DateTime.DateTime.DateTime', (args) =>
  args.length === 0 ? new Unfinished((state) => DateTime.fromState(state)) : new DateTime(...args),
);
defineWriting(DateTime, (value) => ({
  callable: DATE_TIME,
  args: tuple(),
  newObject: true,
  state: value.__getstate__(),
}));

/** Globals that are values themselves, and no classes. */
export const CONSTANTS = new Map<GlobalRef, unknown>([
  [GlobalRef.of('builtins', 'Ellipsis'), Ellipsis],
  [GlobalRef.of('builtins', 'NotImplemented'), NotImplemented],
]);
