/** Calls: Python's way to bind arguments to parameters, for functions of scripts, built-in methods and host functions. */
import type { Dict } from '../../pickle/index.ts';
import { type Class, declarationGeneration, signatureTextOf } from '../declarations.ts';
import { chargeMemory, chargeSteps, meter } from './budget.ts';
import { operatorsOf } from './compare.ts';
import { AttributeError, RecursionError, TypeError } from './errors.ts';
import { BoundMethod, HostCallable, PyFunction, type Parameters } from './objects.ts';
import { BuiltinFunction } from './builtin-function.ts';
import { checkItem } from './iterate.ts';
import { bindParameters, fits, type Kwargs, parseSignature } from './parameters.ts';
import { str } from './repr.ts';
import { BuiltinMethod, classOfPrototype, PyType, strType, typeName, typeOf } from './types.ts';

/** More would not fit on the stack. */
const MOST_ARGUMENTS = 20_000;

function tooDeep(): never {
  throw new RecursionError('maximum recursion depth exceeded');
}

/** Runs the code of a function with its slots filled. Errors leave the depth to the handler that catches them. */
function run(fn: PyFunction, slots: unknown[]): unknown {
  if (--meter.steps < 0) chargeSteps(0);
  if (++meter.depth > meter.maxDepth) tooDeep();
  if (slots.length > MOST_ARGUMENTS) throw new TypeError(`more than ${MOST_ARGUMENTS} arguments`);
  const result = fn.code(...slots);
  meter.depth--;
  return result;
}

export function call0(fn: unknown): unknown {
  if (fn instanceof PyFunction && fn.plain === 0) {
    if (--meter.steps < 0) chargeSteps(0);
    if (++meter.depth > meter.maxDepth) tooDeep();
    const result = fn.code();
    meter.depth--;
    return result;
  }
  return guardedCall(fn, []);
}

export function call1(fn: unknown, a: unknown): unknown {
  if (fn instanceof PyFunction && fn.plain === 1) {
    if (--meter.steps < 0) chargeSteps(0);
    if (++meter.depth > meter.maxDepth) tooDeep();
    const result = fn.code(a);
    meter.depth--;
    return result;
  }
  if (fn === strType) return str(a);
  if (fn instanceof BuiltinFunction && fn.min <= 1 && fn.max >= 1) return fn.direct(a);
  return guardedCall(fn, [a]);
}

export function call2(fn: unknown, a: unknown, b: unknown): unknown {
  if (fn instanceof PyFunction && fn.plain === 2) {
    if (--meter.steps < 0) chargeSteps(0);
    if (++meter.depth > meter.maxDepth) tooDeep();
    const result = fn.code(a, b);
    meter.depth--;
    return result;
  }
  if (fn instanceof BuiltinFunction && fn.min <= 2 && fn.max >= 2) return fn.direct(a, b);
  return guardedCall(fn, [a, b]);
}

/** Calls any value. `args` belongs to the call from here on. */
export function call(fn: unknown, args: unknown[], kwargs?: Kwargs): unknown {
  if (typeof fn === 'function') return callHost(fn as HostFunction, undefined, args, kwargs, undefined);
  if (fn instanceof PyFunction) return run(fn, bind(fn, args, kwargs));
  if (fn instanceof BoundMethod) return callMethod(fn.fn, fn.self, args, kwargs, fn.name);
  if (fn instanceof HostCallable) return fn.call(args, kwargs);
  if (fn instanceof BuiltinMethod) {
    if (args.length === 0) throw new TypeError(`unbound method ${fn.name}() needs an argument`);
    return callMethod(fn, args[0], args.slice(1), kwargs, fn.name);
  }
  if (fn instanceof PyType) {
    if (fn.construct === undefined) throw new TypeError(`cannot create '${fn.name}' instances`);
    return fn.construct(args, kwargs);
  }
  if (fn !== null && typeof fn === 'object') {
    const own = operatorsOf(fn).call;
    if (own !== undefined) return own(fn, args, kwargs);
  }
  throw new TypeError(`'${typeName(fn)}' object is not callable`);
}

/**
 * `value(…)` in untrusted code. What was read was checked, but the variables of a template may hold what was not: an object of the
 * site is called only where a list would give it.
 */
export function guardedCall(fn: unknown, args: unknown[], kwargs?: Kwargs): unknown {
  if (typeof fn === 'object' && fn !== null && operatorsOf(fn).call !== undefined) checkItem([], fn);
  return call(fn, args, kwargs);
}

/** Calls `fn` as a method of `self`. */
export function callMethod(
  fn: PyFunction | BuiltinMethod | ((...args: unknown[]) => unknown),
  self: unknown,
  args: unknown[],
  kwargs: Kwargs,
  name: string,
): unknown {
  if (fn instanceof PyFunction) return run(fn, bind(fn, [self, ...args], kwargs));
  if (fn instanceof BuiltinMethod) {
    if (fn.raw !== undefined) return fn.raw(self as never, args, kwargs);
    const slots = kwargs === undefined || kwargs.size === 0 ? args : bindNames(fn, self, args, kwargs);
    if (args.length > fn.positional) {
      if (fn.positional === 0 && fn.max > 0)
        throw new TypeError(`${fn.name}() takes no positional arguments`);
      throw wrongCount(fn, self, args.length);
    }
    if (slots.length < fn.min || slots.length > fn.max) throw wrongCount(fn, self, slots.length);
    return (fn.call as (self: unknown, ...args: unknown[]) => unknown)(self, ...slots);
  }
  return callHost(fn as HostFunction, self, args, kwargs, name);
}

function wrongCount(fn: BuiltinMethod, self: unknown, given: number): TypeError {
  const name = `${typeName(self)}.${fn.name}()`;
  if (fn.max === 0) return new TypeError(`${name} takes no arguments (${given} given)`);
  if (fn.min === fn.max && fn.max === 1)
    return new TypeError(`${name} takes exactly one argument (${given} given)`);
  if (BY_TUPLE.has(fn.name) && (given < fn.min || given > fn.max)) {
    const n = given < fn.min ? fn.min : fn.max;
    return new TypeError(
      `${fn.name}() takes at ${given < fn.min ? 'least' : 'most'} ${n} argument${n === 1 ? '' : 's'} (${given} given)`,
    );
  }
  if (fn.byName && given > fn.max)
    return new TypeError(
      `${fn.name}() takes at most ${fn.max} argument${fn.max === 1 ? '' : 's'} (${given} given)`,
    );
  const few = given < fn.min;
  const n = few ? fn.min : fn.max;
  const amount = fn.min === fn.max ? 'exactly' : few ? 'at least' : 'at most';
  return new TypeError(`${fn.name} expected ${amount} ${n} argument${n === 1 ? '' : 's'}, got ${given}`);
}

/** Methods of Python's texts that are called with a tuple: messages about keywords do not name the class. */
const BY_TUPLE = new Set('find index count rfind rindex startswith endswith'.split(' '));

function bindNames(
  fn: BuiltinMethod,
  self: unknown,
  args: unknown[],
  kwargs: Dict<string, unknown>,
): unknown[] {
  const slots = Array.from(args);
  if (!fn.keywords) {
    const owner = BY_TUPLE.has(fn.name) ? '' : `${typeName(self)}.`;
    throw new TypeError(`${owner}${fn.name}() takes no keyword arguments`);
  }
  for (const [name, value] of kwargs) {
    const at = fn.params.indexOf(name);
    if (at === -1) {
      throw new TypeError(
        fn.params.length === 0
          ? `${fn.name}() takes no keyword arguments`
          : `'${name}' is an invalid keyword argument for ${fn.name}()`,
      );
    }
    if (at < args.length)
      throw new TypeError(`argument for ${fn.name}() given by name ('${name}') and position (${at + 1})`);
    while (slots.length < at) slots.push(undefined);
    slots[at] = value;
  }
  for (let i = 0; i < fn.min; i++)
    if (slots[i] === undefined)
      throw new TypeError(`${fn.name}() missing required argument '${fn.params[i]}' (pos ${i + 1})`);
  return slots;
}

type HostFunction = ((...args: unknown[]) => unknown) & { readonly [SIGNATURE]?: Parameters };

const SIGNATURE: unique symbol = Symbol('python signature');

/** Declares the Python parameter list of a host function, so that it can be called with keywords. */
export function setSignature<T extends (...args: never[]) => unknown>(fn: T, signature: string): T {
  Object.defineProperty(fn, SIGNATURE, { value: parseSignature(signature) });
  return fn;
}

/** The declared parameters of a host function. */
export function signatureOf(fn: (...args: never[]) => unknown): Parameters | undefined {
  return (fn as unknown as HostFunction)[SIGNATURE];
}

/** What a call of host code gives to a script: JavaScript's "nothing" is Python's. */
function result(value: unknown): unknown {
  return value === undefined ? null : value;
}

interface HostInfo {
  readonly parameters: Parameters | undefined;
  /** Only positional parameters: a call without keywords needs no binding. */
  readonly plain: boolean;
}
/** What is known of methods of host classes; a method belongs to one class and name. */
const hostMethods = new WeakMap<object, HostInfo>();

/** Calls a method of a host object that is known to be allowed, without keywords. */
export function callHostMethod(
  fn: (...args: unknown[]) => unknown,
  self: object,
  name: string,
  args: unknown[],
): unknown {
  let info = hostMethods.get(fn);
  if (info === undefined) {
    const parameters = parametersOfMethod(fn as HostFunction, self, name);
    const plain =
      parameters === undefined ||
      (parameters.rest === undefined &&
        parameters.keywords === undefined &&
        parameters.keywordOnly.length === 0);
    hostMethods.set(fn, (info = { parameters, plain }));
  }
  if (info.plain) {
    const { parameters } = info;
    if (
      parameters === undefined ||
      (args.length <= parameters.names.length && args.length >= parameters.names.length - parameters.defaults)
    )
      return result(fn.apply(self, args));
  }
  return callHost(fn as HostFunction, self, args, undefined, name);
}

function parametersOfMethod(fn: HostFunction, self: object, name: string): Parameters | undefined {
  if (fn[SIGNATURE] !== undefined) return fn[SIGNATURE];
  if (generation !== declarationGeneration()) {
    declared = new WeakMap();
    generation = declarationGeneration();
  }
  const prototype = Object.getPrototypeOf(self) as object;
  let names = declared.get(prototype);
  if (names === undefined) declared.set(prototype, (names = new Map()));
  const known = names.get(name);
  if (known !== undefined) return known === NONE ? undefined : known;
  const cls = classOfPrototype(prototype);
  const text = cls === undefined ? undefined : signatureTextOf(cls as Class, name);
  const parameters = text === undefined ? undefined : parseSignature(text);
  names.set(name, parameters ?? NONE);
  return parameters;
}

/** Parameters that classes declare, by prototype and name; dropped when a class is declared. */
let declared = new WeakMap<object, Map<string, Parameters | typeof NONE>>();
let generation = -1;
const NONE: unique symbol = Symbol('none');

function callHost(
  fn: HostFunction,
  self: unknown,
  args: unknown[],
  kwargs: Kwargs,
  name: string | undefined,
): unknown {
  let parameters = fn[SIGNATURE];
  if (parameters === undefined && name !== undefined && self !== null && typeof self === 'object')
    parameters = parametersOfMethod(fn, self, name);
  const shown = name ?? fn.name;
  if (parameters === undefined) {
    if (kwargs !== undefined && kwargs.size > 0) throw new TypeError(`${shown}() takes no keyword arguments`);
    return result(fn.apply(self, args));
  }
  if (kwargs === undefined && fits(parameters, args)) return result(fn.apply(self, args));
  return result(fn.apply(self, bindParameters(shown, parameters, args, kwargs, undefined, undefined)));
}

/** The slots of a script function for these arguments. */
export function bind(fn: PyFunction, args: unknown[], kwargs: Kwargs): unknown[] {
  if (args.length === fn.plain && (kwargs === undefined || kwargs.size === 0)) return args;
  return bindParameters(fn.name, fn.parameters, args, kwargs, fn.defaults, fn.keywordDefaults);
}

/** Whether a value can be called. */
export function isCallable(v: unknown): boolean {
  if (typeof v === 'function') return true;
  if (v === null || typeof v !== 'object') return false;
  if (
    v instanceof PyFunction ||
    v instanceof BoundMethod ||
    v instanceof BuiltinMethod ||
    v instanceof HostCallable
  )
    return true;
  return v instanceof PyType || operatorsOf(v).call !== undefined;
}

/** The keywords of a call with `**mapping`. */
export function spreadKeywords(into: Dict<string, unknown>, mapping: unknown, caller = ''): void {
  if (mapping instanceof Map) {
    chargeMemory(mapping.size * 48);
    chargeSteps(mapping.size);
  }
  for (const [key, value] of keywordItems(mapping)) {
    if (typeof key !== 'string') throw new TypeError('keywords must be strings');
    if (into.has(key)) throw new TypeError(`${caller}got multiple values for keyword argument '${key}'`);
    into.set(key, value);
  }
}

function keywordItems(mapping: unknown): Iterable<readonly [unknown, unknown]> {
  if (mapping instanceof Map) return mapping as Map<unknown, unknown>;
  const items = mapping === null || typeof mapping !== 'object' ? undefined : typeOf(mapping).lookup('items');
  if (!(items instanceof BuiltinMethod))
    throw new AttributeError(`'${typeName(mapping)}' object has no attribute 'items'`);
  return call(new BoundMethod(mapping, items, 'items'), []) as Iterable<readonly [unknown, unknown]>;
}
