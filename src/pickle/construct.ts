/** What REDUCE, NEWOBJ, OBJ, INST and BUILD make. Nothing is called but the classes of the registry (`value-classes.ts`). */
import { BadValueError, fault, OpcodeFault } from './errors.ts';
import { stateSetterOf, type Unfinished, type ValueClass, valueClassOf } from './value-classes.ts';
import { Dict } from './values/dict.ts';
import { wordsOf } from './values/int.ts';
import { GlobalRef, Instance, Reduce } from './values/references.ts';
import { Tuple, tuple, tupleFrom } from './values/tuple.ts';
import { isHashable } from './values/key.ts';

/**
 * What a pickle may cost beyond its own length: copies of containers that it makes values of, and the hashing of tuples. Both
 * can be asked for with few bytes by referring to the same big value again and again.
 */
export class Budget {
  #left: number;

  constructor(length: number) {
    this.#left = length * 16 + 1_000_000;
  }

  charge(count: number): void {
    this.#left -= count;
    if (this.#left < 0)
      fault('PICKLE_TOO_LARGE', 'the pickle asks for far more work than its length justifies');
  }
}

function sizeOf(value: unknown): number {
  if (typeof value === 'bigint') return wordsOf(value);
  if (value === null || typeof value !== 'object') return typeof value === 'string' ? value.length : 1;
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length;
  return value instanceof Map || value instanceof Set ? value.size : 1;
}

/** Runs the code of a value class. Where it refuses its arguments, the pickle is at fault. */
function guarded<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof OpcodeFault || !(error instanceof Error)) throw error;
    const isRefusal =
      error instanceof BadValueError ||
      (error as { pyName?: string }).pyName !== undefined ||
      error instanceof TypeError ||
      error instanceof RangeError ||
      error instanceof SyntaxError;
    if (!isRefusal) throw error;
    const code = error instanceof BadValueError ? error.code : 'PICKLE_BAD_VALUE';
    throw new OpcodeFault(code, error.message, { cause: error });
  }
}

function made(known: ValueClass, args: Tuple, budget: Budget): unknown {
  for (const arg of args) budget.charge(sizeOf(arg));
  if (known.cost !== undefined) budget.charge(known.cost(args));
  return guarded(() => {
    for (const key of known.keys?.(args) ?? []) checkHashable(key, budget);
    return known.construct(args);
  });
}

/** `cls.__new__(cls, *args)`. */
function created(known: ValueClass, args: Tuple, budget: Budget): unknown {
  return known.create === undefined ? made(known, args, budget) : known.create();
}

function knownClass(cls: unknown): ValueClass | undefined {
  return cls instanceof GlobalRef ? valueClassOf(cls) : undefined;
}

const isClass = (cls: unknown): boolean => cls instanceof GlobalRef || typeof cls === 'function';

/** How many arguments the functions of `copyreg` take that stand for NEWOBJ in old protocols. */
const HELPER_ARGUMENTS: Readonly<Record<string, (count: number) => boolean>> = {
  _reconstructor: (count) => count === 3,
  __newobj__: (count) => count > 0,
  __newobj_ex__: (count) => count === 3,
};

/** REDUCE. */
export function reduced(callable: unknown, args: unknown, budget: Budget): unknown {
  if (!(args instanceof Tuple)) return fault('PICKLE_BAD_ARGUMENTS', 'argument list must be a tuple');
  if (!isClass(callable)) return fault('PICKLE_NOT_CALLABLE', 'what is to be called cannot be called');
  if (callable instanceof GlobalRef && callable.module === 'copyreg') {
    const { name } = callable;
    const isHelper = Object.hasOwn(HELPER_ARGUMENTS, name);
    if (isHelper && !HELPER_ARGUMENTS[name]!(args.length))
      return fault('PICKLE_BAD_ARGUMENTS', `${name} does not take ${args.length} arguments`);
    if (name === '_reconstructor') return reconstructed(args, budget);
    if (name === '__newobj__') return newObject(args[0], tupleFrom(args.slice(1)), budget);
    if (name === '__newobj_ex__') return newObjectWith(args[0], args[1], args[2], budget);
  }
  const known = knownClass(callable);
  return known === undefined ? new Reduce(callable, args) : made(known, args, budget);
}

function reconstructed([cls, base, value]: Tuple, budget: Budget): unknown {
  if (!isClass(cls) || !isClass(base))
    return fault('PICKLE_BAD_ARGUMENTS', 'what is to be made an instance of is no class');
  const isPlain = base instanceof GlobalRef && base.module === 'builtins' && base.name === 'object';
  if (!isPlain) return new Instance(cls, tuple(), undefined, base, value);
  const known = knownClass(cls);
  return known === undefined ? new Instance(cls, tuple()) : created(known, tuple(), budget);
}

/** NEWOBJ. */
export function newObject(cls: unknown, args: unknown, budget: Budget): unknown {
  if (!(args instanceof Tuple)) return fault('PICKLE_BAD_NEWOBJ', 'NEWOBJ expected an arg tuple');
  if (!isClass(cls)) return fault('PICKLE_BAD_NEWOBJ', "NEWOBJ class argument isn't a type object");
  const known = knownClass(cls);
  return known === undefined ? new Instance(cls, args) : created(known, args, budget);
}

/** NEWOBJ_EX. */
export function newObjectWith(cls: unknown, args: unknown, kwargs: unknown, budget: Budget): unknown {
  if (!(kwargs instanceof Map)) return fault('PICKLE_BAD_NEWOBJ', 'NEWOBJ_EX kwargs argument must be a dict');
  if (kwargs.size === 0) return newObject(cls, args, budget);
  if (!(args instanceof Tuple)) return fault('PICKLE_BAD_NEWOBJ', 'NEWOBJ_EX args argument must be a tuple');
  if (!isClass(cls)) return fault('PICKLE_BAD_NEWOBJ', "NEWOBJ_EX class argument isn't a type object");
  if (knownClass(cls) !== undefined)
    return fault('PICKLE_BAD_VALUE', `${String(cls)} takes no named arguments`);
  for (const key of kwargs.keys())
    if (typeof key !== 'string') return fault('PICKLE_BAD_ARGUMENTS', 'keywords must be strings');
  return new Instance(cls, args, kwargs);
}

/** OBJ and INST: a call, or an instance without `__init__` where there are no arguments. */
export function instantiated(cls: unknown, args: Tuple, budget: Budget): unknown {
  if (!isClass(cls)) return fault('PICKLE_NOT_CALLABLE', 'what is to be called cannot be called');
  const known = knownClass(cls);
  if (known !== undefined) return made(known, args, budget);
  return args.length === 0 ? new Instance(cls, args) : new Reduce(cls, args);
}

/** BUILD of a value that is not `Unfinished`. */
export function setState(value: unknown, state: unknown): void {
  if (value instanceof Instance || value instanceof Reduce) {
    value.state = state;
    return;
  }
  const setter = value !== null && typeof value === 'object' ? stateSetterOf(value) : undefined;
  if (setter) {
    guarded(() => setter(value as object, state));
    return;
  }
  const [attributes, slots] =
    state instanceof Tuple && state.length === 2 ? (state as unknown[]) : [state, null];
  for (const part of [attributes, slots]) {
    if (part === null) continue;
    if (!(part instanceof Dict)) fault('PICKLE_BAD_STATE', 'state is not a dictionary');
    fault('PICKLE_NO_STATE', 'the value takes no attributes');
  }
}

/** BUILD of a value that is made of its state. */
export function finished(value: Unfinished, state: unknown): unknown {
  return guarded(() => value.finish(state));
}

const DEEPEST_KEY = 1000;

/** Whether a value can be a dict key or a member of a set: lists, dicts, sets and bytearrays cannot. */
export function checkHashable(value: unknown, budget: Budget, depth = 0): void {
  if (value instanceof Tuple) {
    if (depth > DEEPEST_KEY) fault('PICKLE_TOO_LARGE', 'a tuple is nested too deep for a dict key');
    budget.charge(value.length);
    for (const item of value)
      if ((item !== null && typeof item === 'object') || typeof item === 'bigint')
        checkHashable(item, budget, depth + 1);
    return;
  }
  if (value instanceof Uint8Array) budget.charge(value.length);
  if (typeof value === 'bigint') budget.charge(wordsOf(value));
  if (!isHashable(value)) fault('PICKLE_UNHASHABLE', 'unhashable type');
}
