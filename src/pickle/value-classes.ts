/** The registry of Python classes that have a class of ours; `known-classes.ts` fills it with those that Python brings along. */
import { GlobalRef } from './values/references.ts';
import { type Tuple, tuple } from './values/tuple.ts';

/** How instances of a Python class are made. Each may throw a BadValueError. */
export interface ValueClass {
  readonly ref: GlobalRef;
  /** Calling the class with arguments, and `cls.__new__(cls, *args)` where there is no `create`. */
  construct(args: Tuple): unknown;
  /** `cls.__new__` of a class that takes its arguments in `__init__`, which NEWOBJ does not call. */
  create?(): unknown;
  /** How much longer calling the class with these arguments takes than reading them once, in steps of some nanoseconds. */
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

/** Makes a Python class known by its dotted name. */
export function defineClass(
  dottedName: string,
  construct: (args: Tuple) => unknown,
  more: Omit<ValueClass, 'ref' | 'construct'> = {},
): GlobalRef {
  const dot = dottedName.lastIndexOf('.');
  const ref = GlobalRef.of(dottedName.slice(0, dot), dottedName.slice(dot + 1));
  classes.set(ref, { ref, construct, ...more });
  return ref;
}

/** Says that `cls.__new__` of a class makes an empty value, whatever the arguments are. */
export function createsEmpty(ref: GlobalRef): void {
  const known = classes.get(ref)!;
  classes.set(ref, { ...known, create: () => known.construct(tuple()) });
}

/** Says how the instances of a class of ours are written. */
export function defineWriting<T extends Constructor>(
  cls: T,
  reduce: (value: InstanceType<T>) => Reduction,
): void {
  reducers.set(cls, reduce as (value: never) => Reduction);
}
