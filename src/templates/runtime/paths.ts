/**
 * Paths: from a variable step by step to a value (INVENTORY T-016, T-017, T-035). Objects of the site are traversed by their own
 * `restrictedTraverse`; of everything else attributes come before items, and each step is asked of the security policy.
 */
import { getOwn, isPersistent } from '../../persistent/index.ts';
import { Dict } from '../../pickle/index.ts';
import {
  alive,
  BoundMethod,
  builtinValue,
  call,
  callDepth,
  getattr,
  getitem,
  isCallable,
  KeyError,
  ownStep,
  restoreCallDepth,
  str,
  trustedGetattr,
  trustedGetitem,
  trustedIterate,
  TypeError,
  Unauthorized,
  Withheld,
} from '../../restricted/index.ts';
import { isMissing, LocationError, NotFound } from '../errors.ts';
import { renderDocument } from './documents.ts';
import { loopValue, repeatEdge, RepeatItem, Repeats, repeatStep } from './repeat.ts';

/** The variables of a template while it is rendered. */
export type Variables = Map<string, unknown>;

/** What a soft step gives where there is nothing. */
export const MISSING: unique symbol = Symbol('missing');

/** A value that is computed when a path begins with its name, or when it is called. */
export class Deferred {
  readonly #compute: () => unknown;
  readonly #once: boolean;
  #value: unknown;
  #done = false;

  /** Whether there has been any: a variable that is an object of the site is not cheaply told from one. */
  static used = false;

  constructor(compute: () => unknown, once: boolean) {
    this.#compute = compute;
    this.#once = once;
    Deferred.used = true;
  }

  value(): unknown {
    if (this.#done) return this.#value;
    const value = this.#compute();
    if (this.#once) {
      this.#value = value;
      this.#done = true;
    }
    return value;
  }
}

export function variableSoft(c: Variables, name: string): unknown {
  const value = c.get(name);
  if (value === undefined) return builtinValue(name) ?? MISSING;
  return Deferred.used && value instanceof Deferred ? value.value() : value;
}

export function variable(c: Variables, name: string): unknown {
  const value = variableSoft(c, name);
  if (value === MISSING) throw new KeyError(name);
  return value;
}

/** The variable `CONTEXTS`: all others. */
export function contexts(c: Variables): Dict {
  return new Dict([...c].filter(([name]) => !name.startsWith('__')));
}

/** Names that in a dict are its methods, whatever keys it has. */
export const DICT_METHODS: ReadonlySet<string> = new Set(
  'clear copy fromkeys get items keys pop popitem setdefault update values'.split(' '),
);

interface Traversable {
  restrictedTraverse(name: string): unknown;
  unrestrictedTraverse(name: string): unknown;
}

const isTraversable = (value: unknown): value is Traversable =>
  typeof value === 'object' &&
  value !== null &&
  isPersistent(value) &&
  typeof getOwn(value, 'restrictedTraverse') === 'function';

export function stepSoft(value: unknown, name: string): unknown {
  if (value === MISSING) return MISSING;
  if (typeof value !== 'object' || value === null) return attributeOrItem(value, name);
  const own = ownStep(value, name);
  if (own !== undefined) return own;
  if (value instanceof Dict) {
    if (DICT_METHODS.has(name) || name.charCodeAt(0) === 95) return attributeOrItem(value, name);
    const item: unknown = value.get(name);
    if (item === undefined) return value.has(name) ? null : MISSING;
    return typeof item === 'object' && item !== null ? guarded(() => getitem(value, name), name) : item;
  }
  if (isTraversable(value)) return traversed(value, name);
  if (value instanceof Repeats) return value.get(name) ?? MISSING;
  if (value instanceof RepeatItem) return repeatStep(value, name);
  return attributeOrItem(value, name);
}

function traversed(object: Traversable, name: string): unknown {
  try {
    return object.restrictedTraverse(name);
  } catch (error) {
    // Python's says which object it was as well, which its text shows, but not where the object itself was asked for the name.
    if (
      error instanceof Unauthorized &&
      error.args.length === 1 &&
      typeof getOwn(object, '__bobo_traverse__') !== 'function'
    )
      throw new Unauthorized(name, new Withheld(name));
    throw error;
  }
}

/** Reads something; what the policy refuses looks as if it were not there. */
function guarded(read: () => unknown, name: string): unknown {
  try {
    return read();
  } catch (error) {
    // An `Unauthorized` with a message of its own does not come from the policy.
    if (error instanceof Unauthorized && (error.args[0] === name || typeof error.args[0] !== 'string'))
      throw new NotFound(name);
    throw error;
  }
}

function attributeOrItem(value: unknown, name: string): unknown {
  if (name === '.') return value;
  if (name.startsWith('_')) {
    if (value instanceof Map && value.has(name)) throw new NotFound(name);
    return trustedGetattr(value, name, MISSING) === MISSING ? MISSING : refused(name);
  }
  if (name === '..' || /^(?:@@|\+\+)/.test(name)) return MISSING;
  const found = guarded(() => getattr(value, name, MISSING), name);
  return found === MISSING ? guarded(() => itemOrMissing(value, name, getitem), name) : found;
}

function refused(name: string): never {
  throw new NotFound(name);
}

function itemOrMissing(
  value: unknown,
  name: string,
  read: (value: unknown, key: unknown) => unknown,
): unknown {
  try {
    return read(value, name);
  } catch (error) {
    if (error instanceof KeyError || error instanceof TypeError) return MISSING;
    throw error;
  }
}

/** One step of a path in untrusted code. */
export function stepUntrusted(value: unknown, name: string): unknown {
  const found = stepSoft(value, name);
  if (found === MISSING) throw new LocationError(value, name);
  return found;
}

export function stepTrustedSoft(value: unknown, name: string): unknown {
  if (value === MISSING) return MISSING;
  if (value instanceof Map) {
    const item: unknown = value.get(name);
    if (item !== undefined) return item;
    return trustedGetattr(value, name, MISSING);
  }
  if (value instanceof Repeats) return value.get(name) ?? MISSING;
  if (value instanceof RepeatItem) return repeatStep(value, name);
  if (isTraversable(value)) return value.unrestrictedTraverse(name);
  const found = trustedGetattr(value, name, MISSING);
  return found === MISSING ? itemOrMissing(value, name, trustedGetitem) : found;
}

export function stepTrusted(value: unknown, name: string): unknown {
  const found = stepTrustedSoft(value, name);
  if (found === MISSING) throw new LocationError(value, name);
  return found;
}

/** `?name`: a variable that holds a name, or names. */
export function stepsBy(step: (value: unknown, name: string) => unknown) {
  return (value: unknown, c: Variables, name: string): unknown => {
    const names = variable(c, name);
    if (typeof names === 'string') return step(value, names);
    let found = value;
    for (const part of trustedIterate(names))
      found = step(found, typeof part === 'string' ? part : str(part));
    return found;
  };
}

/** `space:name`: the site has no namespaces of functions. */
export function stepIn(_value: unknown, space: string, _name: string): never {
  throw new KeyError(space);
}

/** `first` or `last` with names after it: of a loop they are a path to compare by, of anything else just the next steps. */
export function stepsAtEdge(step: (value: unknown, name: string) => unknown) {
  return (value: unknown, edge: 'first' | 'last', path: readonly string[]): unknown =>
    value instanceof RepeatItem
      ? repeatEdge(value, edge, path)
      : [edge, ...path].reduce<unknown>(step, value);
}

/** `repeat/loop/name`, called. */
export function loopPath(step: (value: unknown, name: string) => unknown, called: Called) {
  return (c: Variables, loop: string, name: string): unknown =>
    loopValue(c.get('repeat'), loop, name) ?? called(step(step(variable(c, 'repeat'), loop), name), c);
}

export type Called = (value: unknown, c: Variables) => unknown;

/** What a path gives in the end: what can be called is called; documents get the variables as their namespace. */
export function called(value: unknown, c: Variables): unknown {
  if (typeof value !== 'object' && typeof value !== 'function') return value;
  if (value instanceof BoundMethod) return call(value, []);
  if (value === null || Array.isArray(value) || value instanceof Map || value instanceof Uint8Array)
    return value;
  const rendered = renderDocument(value, c);
  if (rendered !== undefined) return rendered;
  return isCallable(value) ? call(value, []) : value;
}

/** The same in untrusted code: an object of the site that a loop found is called only where a list would give it. */
export function calledUntrusted(value: unknown, c: Variables): unknown {
  if (typeof value === 'object' && value !== null && isPersistent(value)) getitem([value], 0);
  return called(value, c);
}

/** `base/name`, called, for names that are no methods of dicts: what most expressions in loops are. */
export function valueIn(step: (value: unknown, name: string) => unknown, called: Called) {
  return (c: Variables, base: string, name: string): unknown => {
    const value = c.get(base);
    if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Dict.prototype) {
      const item: unknown = (value as Dict).get(name);
      if (typeof item === 'string' || typeof item === 'number') return item;
    }
    return called(step(variable(c, base), name), c);
  };
}

function attempt(compute: () => unknown): unknown {
  const depth = callDepth();
  try {
    return compute();
  } catch (error) {
    if (!isMissing(error)) throw error;
    alive();
    restoreCallDepth(depth);
    return MISSING;
  }
}

/** Alternatives: the first that leads somewhere. What was found is called outside of the attempt, so its own errors count. */
export const firstBy =
  (called: Called) =>
  (
    tries: readonly (() => unknown)[],
    last: () => unknown,
    calls: boolean,
    lastIsPath: boolean,
    c: Variables,
  ): unknown => {
    for (const compute of tries) {
      const found = attempt(compute);
      if (found !== MISSING) return calls ? called(found, c) : found;
    }
    const found = last();
    return calls && lastIsPath ? called(found, c) : found;
  };

export function exists(tries: readonly (() => unknown)[]): number {
  return tries.some((compute) => attempt(compute) !== MISSING) ? 1 : 0;
}
