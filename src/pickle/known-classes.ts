/** Python classes that have a class of ours: how their pickles are made into values and values into pickles. */
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

/** How instances of a Python class are made. Each may throw a BadValueError. */
export interface ValueClass {
  readonly ref: GlobalRef;
  /** Calling the class with arguments, and `cls.__new__(cls, *args)` where there is no `create`. */
  construct(args: Tuple): unknown;
  /** `cls.__new__` of a class that takes its arguments in `__init__`, which NEWOBJ does not call. */
  create?(): unknown;
  /** What calling the class with these arguments takes beyond reading them once, in steps of some nanoseconds. */
  cost?(args: Tuple): number;
  /** The keys or members that calling the class with these arguments hashes. */
  keys?(args: Tuple): readonly unknown[];
}

/** A value between `__new__` and its state (BUILD), of a class whose values are made of their state. */
export class Unfinished {
  readonly finish: (state: unknown) => unknown;
  /** Where in the memo it is. */
  readonly places: number[] = [];

  constructor(finish: (state: unknown) => unknown) {
    this.finish = finish;
  }
}

/** What a value is written as: REDUCE of a callable (or NEWOBJ of a class), then its items and state. */
export interface Reduction {
  readonly callable: GlobalRef;
  readonly args: Tuple;
  /** NEWOBJ instead of REDUCE. */
  readonly newObject?: boolean;
  readonly state?: unknown;
  readonly items?: readonly unknown[];
  /** Keys and values in turn. */
  readonly dictItems?: readonly unknown[];
}

type Constructor = abstract new (...args: never[]) => object;

const classes = new Map<GlobalRef, ValueClass>();
/** BUILD for instances of registered classes, by their prototypes; null for a class whose instances take no state. */
const setters = new Map<object, ((value: object, state: unknown) => void) | null>();
const reducers = new Map<unknown, (value: never) => Reduction>();

export const valueClassOf = (ref: GlobalRef): ValueClass | undefined => classes.get(ref);

/** How an instance of a registered class gets its state; undefined for what is none. */
export const stateSetterOf = (value: object): ((value: object, state: unknown) => void) | null | undefined =>
  setters.get(Object.getPrototypeOf(value) as object);

/** How a value is written; undefined for one of no known class. */
export function reductionOf(value: object): Reduction | undefined {
  for (let at: object | null = Object.getPrototypeOf(value); at !== null; at = Object.getPrototypeOf(at)) {
    const reduce = reducers.get((at as { constructor?: unknown }).constructor);
    if (reduce !== undefined) return (reduce as (value: object) => Reduction)(value);
  }
  return undefined;
}

/** Makes a class of values known under a Python name; its instances are part of the records of what holds them. */
export function registerValueClass<T extends object>(definition: {
  module: string;
  name: string;
  class: abstract new (...args: never[]) => T;
  construct(args: Tuple): T;
  /** BUILD: gives a value that `construct` has made its state. Without it a state is refused. */
  build?(value: T, state: unknown): void;
  reduce(value: T): { args: Tuple; state?: unknown; newObject?: boolean };
}): void {
  const ref = GlobalRef.of(definition.module, definition.name);
  const { construct, build, reduce } = definition;
  classes.set(ref, { ref, construct });
  setters.set(
    definition.class.prototype as object,
    (build as ((value: object, state: unknown) => void) | undefined) ?? null,
  );
  reducers.set(definition.class, ((value: T) => ({ callable: ref, newObject: true, ...reduce(value) })) as (
    value: never,
  ) => Reduction);
}

function bad(name: string, args: unknown): never {
  throw new BadValueError(
    `${name} does not take ${Array.isArray(args) ? `these ${args.length} arguments` : 'this state'}`,
    'PICKLE_BAD_ARGUMENTS',
  );
}

const known = (
  name: string,
  construct: (args: Tuple) => unknown,
  keys?: (args: Tuple) => readonly unknown[],
): GlobalRef => {
  const dot = name.lastIndexOf('.');
  const ref = GlobalRef.of(name.slice(0, dot), name.slice(dot + 1));
  classes.set(ref, { ref, construct, ...(keys === undefined ? {} : { keys }) });
  return ref;
};
/** `cls.__new__` of classes that begin empty, whatever the arguments. */
const createdEmpty = (ref: GlobalRef): void => {
  const known = classes.get(ref)!;
  classes.set(ref, { ...known, create: () => known.construct(tuple()) });
};
const written = <T extends Constructor>(cls: T, reduce: (value: InstanceType<T>) => Reduction) =>
  reducers.set(cls, reduce as (value: never) => Reduction);

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

const OBJECT = known('builtins.object', (args) =>
  args.length === 0 ? new Instance(OBJECT, args) : bad('object', args),
);
const SET = known('builtins.set', (args) => new PySet(listOf(args)), listOf);
const FROZENSET = known('builtins.frozenset', (args) => new FrozenSet(listOf(args)), listOf);
const LIST = known('builtins.list', (args) => [...listOf(args)]);
known('builtins.tuple', (args) => tupleFrom(listOf(args)));
known('builtins.int', (args) =>
  args.length === 0 ? 0 : args.length === 1 && isInt(args[0]) ? args[0] : bad('int', args),
);
known('builtins.float', (args) => {
  if (args.length > 1) return bad('float', args);
  return args.length === 0 ? float(0) : float(real(args[0]));
});
known('builtins.bool', (args) => (args.length > 1 ? bad('bool', args) : isTrue(args[0])));
known('builtins.str', (args) =>
  args.length === 0 ? '' : args.length === 1 && typeof args[0] === 'string' ? args[0] : bad('str', args),
);
known('builtins.bytes', (args) => {
  if (args.length === 0) return new Uint8Array();
  const [source] = args;
  if (args.length > 1) return bad('bytes', args);
  if (Array.isArray(source) && source.every((item) => typeof item === 'number' && item >= 0 && item < 256))
    return Uint8Array.from(source as number[]);
  return source instanceof Uint8Array ? source : bad('bytes', args);
});
known('zodbpickle.binary', (args) =>
  args.length === 0 ? new Uint8Array() : (bytesOf(args[0]) ?? bad('binary', args)),
);
const BYTEARRAY = known('builtins.bytearray', (args) => {
  const [source, encoding] = args;
  if (args.length === 0) return new ByteArray();
  if (source instanceof Uint8Array && args.length === 1) return new ByteArray(source);
  const isLatin1 = args.length === 2 && typeof encoding === 'string' && /^latin-?1$/i.test(encoding);
  if (typeof source === 'string' && isLatin1) return new ByteArray(Buffer.from(source, 'latin1'));
  return bad('bytearray', args);
});
known('_codecs.encode', (args) => {
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
const COMPLEX = known('builtins.complex', (args) => {
  if (args.length > 2) return bad('complex', args);
  return new Complex(args.length > 0 ? real(args[0]) : 0, args.length > 1 ? real(args[1]) : 0);
});
const RANGE = known('builtins.range', (args) => {
  if (!args.every(isInt)) return bad('range', args);
  const [a, b, c] = args as unknown as PyInt[];
  if (args.length === 1) return new Range(0, a!);
  if (c === 0) throw new BadValueError('range: the step must not be zero');
  return args.length === 2 || args.length === 3 ? new Range(a!, b!, c ?? 1) : bad('range', args);
});
const SLICE = known('builtins.slice', (args) =>
  args.length === 3 ? new Slice(args[0], args[1], args[2]) : bad('slice', args),
);
/** CPython's limit for integers in decimal digits. */
const MOST_DIGITS = 4300;
/** Longer names of nested classes are made by hostile pickles only. */
const LONGEST_NAME = 1000;
known('builtins.getattr', (args) => {
  const [owner, name] = args;
  if (args.length !== 2 || !(owner instanceof GlobalRef) || typeof name !== 'string')
    return bad('getattr', args);
  if (owner.name.length + name.length > LONGEST_NAME)
    throw new BadValueError('getattr: the name is too long');
  return GlobalRef.of(owner.module, `${owner.name}.${name}`);
});
written(PySet, (value) => ({ callable: SET, args: tuple([...value]) }));
written(Set, (value) => ({ callable: SET, args: tuple([...(value as Set<unknown>)]) }));
written(FrozenSet, (value) => ({ callable: FROZENSET, args: tuple([...value]) }));
written(ByteArray, (value) => ({
  callable: BYTEARRAY,
  args: value.length === 0 ? tuple() : tuple(new Uint8Array(value)),
}));
written(Complex, (value) => ({ callable: COMPLEX, args: tuple(float(value.real), float(value.imag)) }));
written(Range, (value) => ({ callable: RANGE, args: tuple(value.start, value.stop, value.step) }));
written(Slice, (value) => ({ callable: SLICE, args: tuple(value.start, value.stop, value.step) }));

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
const DICT = known('builtins.dict', (args) => new Dict(pairsOf(args)), keysOf);
const ORDERED = known('collections.OrderedDict', (args) => new OrderedDict(pairsOf(args)), keysOf);
const COUNTER = known('collections.Counter', (args) => new Counter(pairsOf(args)), keysOf);
const DEFAULTDICT = known(
  'collections.defaultdict',
  (args) => {
    const factory = args[0] ?? null;
    const isCallable = factory === null || factory instanceof GlobalRef || typeof factory === 'function';
    // What a call or an instance of a class that is not known here may be called as well.
    if (!isCallable && !(factory instanceof Reduce || factory instanceof Instance))
      throw new BadValueError('defaultdict: the first argument must be callable', 'PICKLE_BAD_ARGUMENTS');
    return new DefaultDict(factory, pairsOf(tupleFrom(args.slice(1))));
  },
  (args) => keysOf(tupleFrom(args.slice(1))),
);
const DEQUE = known('collections.deque', (args) => {
  const limit = args[1] ?? null;
  if (args.length > 2) return bad('deque', args);
  if (limit !== null && !(typeof limit === 'number' && Number.isInteger(limit) && limit >= 0))
    return bad('deque', args);
  return new Deque(args.length === 0 ? [] : listOf(tuple(args[0])), limit);
});
for (const ref of [LIST, SET, DICT, BYTEARRAY, ORDERED, COUNTER, DEFAULTDICT, DEQUE]) createdEmpty(ref);
written(OrderedDict, (value) => ({ callable: ORDERED, args: tuple(), dictItems: flat(value) }));
written(Counter, (value) => ({
  callable: COUNTER,
  args: tuple(new Dict([...(value as Map<unknown, unknown>)])),
}));
written(DefaultDict, (value) => ({
  callable: DEFAULTDICT,
  args: value.factory === null ? tuple() : tuple(value.factory),
  dictItems: flat(value),
}));
written(Deque, (value) => ({
  callable: DEQUE,
  args: value.maxLength === null ? tuple() : tuple<unknown[]>(tuple(), value.maxLength),
  items: value.items,
}));
// A Map of JavaScript keeps its order, as this class of Python's promises to.
reducers.set(Map, ((value: Map<unknown, unknown>) => ({
  callable: ORDERED,
  args: tuple(),
  dictItems: flat(value),
})) as (value: never) => Reduction);

const DECIMAL = known('decimal.Decimal', (args) =>
  args.length === 1 && (typeof args[0] === 'string' || isInt(args[0]))
    ? new Decimal(args[0])
    : bad('Decimal', args),
);
classes.set(DECIMAL, {
  ...classes.get(DECIMAL)!,
  // To write a number in decimal digits takes longer and longer, as the square of its length.
  cost: ([value]) => (typeof value === 'bigint' ? wordsOf(value) ** 2 / 100 : 0),
});
written(Decimal, (value) => ({ callable: DECIMAL, args: tuple(value.text) }));
const wordsIn = (value: unknown): number => (typeof value === 'bigint' ? wordsOf(value) : 1);
const FRACTION = known('fractions.Fraction', (args) => {
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
});
classes.set(FRACTION, {
  ...classes.get(FRACTION)!,
  // Euclid's algorithm takes a step for each bit, and each step goes over all of both numbers.
  cost: ([n, d = 1]) => (wordsIn(n) * wordsIn(d)) / 100,
});
written(Fraction, (value) => ({ callable: FRACTION, args: tuple(value.numerator, value.denominator) }));

function uuidOf(state: unknown): UUID {
  const number = state instanceof Map ? (state.get('int') as unknown) : undefined;
  if (!isInt(number)) return bad('UUID', state);
  const safe = (state as Map<unknown, unknown>).get('is_safe');
  return UUID.fromInt(number, typeof safe === 'number' ? safe : undefined);
}
const UUID_REF = known('uuid.UUID', (args) =>
  typeof args[0] === 'string' ? new UUID(args[0]) : bad('UUID', args),
);
classes.set(UUID_REF, { ...classes.get(UUID_REF)!, create: () => new Unfinished(uuidOf) });
known('uuid.SafeUUID', (args) => (args.length === 1 && isInt(args[0]) ? args[0] : bad('SafeUUID', args)));
written(UUID, (value) => ({
  callable: UUID_REF,
  args: tuple(),
  newObject: true,
  state: Dict.from<unknown>(
    value.isSafe === undefined
      ? { int: BigInt(`0x${value.hex}`) }
      : { int: BigInt(`0x${value.hex}`), is_safe: value.isSafe },
  ),
}));

const DATE = known('datetime.date', (args) => {
  const bytes = bytesOf(args[0]);
  if (args.length === 1 && bytes?.length === 4)
    return new PyDate(bytes[0]! * 256 + bytes[1]!, bytes[2]!, bytes[3]!);
  return args.length === 3 ? new PyDate(int(args[0]), int(args[1]), int(args[2])) : bad('date', args);
});
written(PyDate, ({ year, month, day }) => ({
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
const TIME = known('datetime.time', (args) => {
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
const DATETIME = known('datetime.datetime', (args) => {
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
written(PyTime, (t) => ({
  callable: TIME,
  args: withZone([t.hour, t.minute, t.second, ...three(t.microsecond)], t.tzinfo),
}));
written(PyDatetime, (t) => ({
  callable: DATETIME,
  args: withZone(
    [t.year >> 8, t.year & 255, t.month, t.day, t.hour, t.minute, t.second, ...three(t.microsecond)],
    t.tzinfo,
  ),
}));
reducers.set(Date, ((value: Date) => reductionOf(PyDatetime.fromDate(value))!) as (
  value: never,
) => Reduction);
const TIMEDELTA = known('datetime.timedelta', (args) =>
  args.length <= 3 ? new Timedelta(...(args.map(int) as [number, number, number])) : bad('timedelta', args),
);
written(Timedelta, (value) => ({
  callable: TIMEDELTA,
  args: tuple(value.days, value.seconds, value.microseconds),
}));
const TIMEZONE = known('datetime.timezone', (args) => {
  const [offset, name] = args;
  if (!(offset instanceof Timedelta) || (name !== undefined && typeof name !== 'string'))
    return bad('timezone', args);
  return name === undefined && offset.totalMicroseconds() === 0
    ? Timezone.utc
    : new Timezone(offset, name as string | undefined);
});
written(Timezone, (value) => ({
  callable: TIMEZONE,
  args: value.name === undefined ? tuple(value.offset) : tuple<unknown[]>(value.offset, value.name),
}));

const DATE_TIME = known('DateTime.DateTime.DateTime', (args) =>
  args.length === 0 ? new Unfinished((state) => DateTime.fromState(state)) : new DateTime(...args),
);
written(DateTime, (value) => ({
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
