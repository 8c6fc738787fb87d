/** What generated code gets: every operation of the language, and nothing else of the host. */
import { Dict, float, PySet, tupleFrom } from '../../pickle/index.ts';
import {
  cachedGetattr,
  cachedMethod,
  guardedDelattr,
  guardedGetattr,
  guardedSetattr,
  newCache,
  undefinedName,
} from '../guards/attributes.ts';
import { guardedDelItem, guardedItem, guardedSetItem } from '../guards/items.ts';
import { importFrom, importModule } from '../modules/registry.ts';
import { alive, chargeItems, chargeMemory, meter, refill } from '../runtime/budget.ts';
import { builtinValue } from '../runtime/builtins.ts';
import {
  call,
  call0,
  call1,
  call2,
  callHostMethod,
  guardedCall,
  callMethod,
  spreadKeywords,
} from '../runtime/call.ts';
import { type Kwargs } from '../runtime/parameters.ts';
import { makeClass } from '../runtime/classes.ts';
import { contains, eq, ge, gt, is, le, lt, ne, truth } from '../runtime/compare.ts';
import { hashable, putKey } from '../runtime/hashing.ts';
import { matches } from '../runtime/type-tests.ts';
import { NameError, TypeError, UnboundLocalError } from '../runtime/errors.ts';
import { assertFailed, caught, enter, exit, handling, leave, raise, reraise } from '../runtime/exceptions.ts';
import { checkItem, guardedIterator, isIterable, listOf, unpack } from '../runtime/iterate.ts';
import { HostCallable, type Parameters, PyFunction, PyGenerator, PyModule } from '../runtime/objects.ts';
import { add, binary, floordiv, inplace, invert, mod, mul, neg, pos, sub } from '../runtime/operators.ts';
import { format, repr, str } from '../runtime/repr.ts';
import { asciiText } from '../runtime/text.ts';
import { BuiltinMethod, type PyType, typeName, typeOf } from '../runtime/types.ts';
import { Complex, Ellipsis, Slice } from '../runtime/values.ts';
import { RUNTIME_NAMES } from './printer.ts';

/** The names of one call of a script: what the caller binds, and what `global` statements set. */
export interface Globals {
  readonly bindings: Readonly<Record<string, unknown>>;
  own: Map<string, unknown> | undefined;
}

function glob(globals: Globals, name: string): unknown {
  const own = globals.own?.get(name);
  if (own !== undefined) return own;
  const { bindings } = globals;
  if (Object.hasOwn(bindings, name) && globals.own?.has(name) !== true) {
    const value = bindings[name];
    if (value !== undefined) return value;
  }
  return builtinValue(name) ?? undefinedName(name);
}

function setGlob(globals: Globals, name: string, value: unknown): unknown {
  (globals.own ??= new Map()).set(name, value);
  return value;
}

function delGlob(globals: Globals, name: string, quiet = false): void {
  if (!quiet) glob(globals, name);
  (globals.own ??= new Map()).set(name, undefined);
}

/** A free name of an expression. */
function lookup(find: (name: string) => unknown, name: string): unknown {
  const value = find(name);
  return value === undefined ? (builtinValue(name) ?? undefinedName(name)) : value;
}

function unbound(name: string): never {
  throw new UnboundLocalError(
    `cannot access local variable '${name}' where it is not associated with a value`,
  );
}

function free(name: string, undefinedAnywhere = false): never {
  if (undefinedAnywhere) return undefinedName(name);
  throw new NameError(
    `cannot access free variable '${name}' where it is not associated with a value in enclosing scope`,
  );
}

function tuple(items: unknown[]): unknown {
  if ((meter.memory -= 16 + items.length * 8) < 0) chargeMemory(0);
  return tupleFrom(items);
}

function list(items: unknown[]): unknown[] {
  if ((meter.memory -= 16 + items.length * 8) < 0) chargeMemory(0);
  return items;
}

function memberSet(target: PySet, item: unknown): void {
  chargeMemory(40);
  target.add(hashable(item));
}

function set(items: unknown[]): PySet {
  const out = new PySet();
  for (const item of items) memberSet(out, item);
  return out;
}

/** Marks `**mapping` in the list of keys and values. */
const dictMerge: unique symbol = Symbol('**');

/** What stands behind `**` in a dict display: checked before what follows it is evaluated. */
function mapping(value: unknown): unknown {
  if (!(value instanceof Map)) throw new TypeError(`'${typeName(value)}' object is not a mapping`);
  return value;
}

function dict(parts: unknown[]): Dict {
  const out = new Dict();
  chargeMemory(32 + parts.length * 24);
  for (let i = 0; i < parts.length; i += 2) {
    if (parts[i] === dictMerge) {
      const merged = parts[i + 1] as Map<unknown, unknown>;
      chargeItems(merged.size * 4);
      for (const [key, value] of merged) out.set(key, value);
    } else putKey(out, parts[i], parts[i + 1]);
  }
  return out;
}

/** What Python calls the function that Zope puts between a call with stars and its function. */
const APPLY = 'AccessControl.ZopeGuards.guarded_apply() ';

const isMapping = (v: unknown): boolean =>
  v instanceof Map || (v !== null && typeof v === 'object' && typeOf(v).lookup('keys') !== undefined);

function keywords(parts: unknown[]): Kwargs {
  const out = new Dict<string, unknown>();
  // All are mappings before any is looked into.
  for (let i = 0; i < parts.length; i += 2) {
    if (parts[i] === dictMerge && !isMapping(parts[i + 1]))
      throw new TypeError(`${APPLY}argument after ** must be a mapping, not ${typeName(parts[i + 1])}`);
  }
  for (let i = 0; i < parts.length; i += 2) {
    if (parts[i] === dictMerge) {
      const merged = parts[i + 1];
      spreadKeywords(out, merged, APPLY);
    } else {
      if (out.has(parts[i] as string))
        throw new TypeError(`${APPLY}got multiple values for keyword argument '${String(parts[i])}'`);
      out.set(parts[i] as string, parts[i + 1]);
    }
  }
  return out;
}

/** The items of `*value`, checked. */
function spread(value: unknown, inSet: boolean): unknown[] {
  if (!isIterable(value))
    throw new TypeError(
      inSet
        ? `'${typeName(value)}' object is not iterable`
        : `Value after * must be an iterable, not ${typeName(value)}`,
    );
  const items = listOf(value);
  for (const item of items) if (typeof item === 'object' && item !== null) checkItem(items, item);
  chargeItems(items.length);
  return items;
}

function push(target: unknown[], item: unknown): void {
  if ((target.length & 63) === 0) chargeItems(64);
  target.push(item);
}

function slice(start: unknown, stop: unknown, step: unknown): Slice {
  return new Slice(start, stop, step);
}

function fstring(parts: unknown[]): string {
  const text = parts.join('');
  chargeMemory(16 + text.length);
  return text;
}

function formatted(value: unknown, conversion: string, spec: string): string {
  const v =
    conversion === ''
      ? value
      : conversion === 's'
        ? str(value)
        : conversion === 'r'
          ? repr(value)
          : asciiText(repr(value));
  return format(v, spec);
}

function makeFunction(
  name: string,
  parameters: Parameters,
  code: (...slots: unknown[]) => unknown,
  defaults: unknown[],
  keywordDefaults: [string, unknown][],
): PyFunction {
  chargeMemory(128);
  return new PyFunction(name, parameters, code, defaults, new Map(keywordDefaults));
}

function makeGenerator(name: string, generator: Generator<unknown, unknown, unknown>): PyGenerator {
  chargeMemory(256);
  return new PyGenerator(name, generator);
}

/** `yield from value`. */
function* delegate(value: unknown): Generator<unknown, unknown, unknown> {
  const it = guardedIterator(value);
  for (let item = it.next(); item !== undefined; item = it.next()) {
    if (--meter.steps < 0) refill();
    yield item;
  }
  return value instanceof PyGenerator ? value.takeResult() : null;
}

/**
 * Calls what `method` gave. A built-in method, and the bare function of a host object's method, get their object here; everything
 * else has it.
 */
function cm0(fn: unknown, self: unknown, name: string): unknown {
  if (fn instanceof BuiltinMethod && fn.raw === undefined && fn.min === 0)
    return (fn.call as (self: unknown) => unknown)(self);
  return cm(fn, self, name, []);
}

function cm1(fn: unknown, self: unknown, a: unknown, name: string): unknown {
  if (fn instanceof BuiltinMethod && fn.raw === undefined && fn.min <= 1 && fn.positional >= 1)
    return (fn.call as (self: unknown, a: unknown) => unknown)(self, a);
  return cm(fn, self, name, [a]);
}

function cm2(fn: unknown, self: unknown, a: unknown, b: unknown, name: string): unknown {
  if (fn instanceof BuiltinMethod && fn.raw === undefined && fn.min <= 2 && fn.positional >= 2)
    return (fn.call as (self: unknown, a: unknown, b: unknown) => unknown)(self, a, b);
  return cm(fn, self, name, [a, b]);
}

function cm(fn: unknown, self: unknown, name: string, args: unknown[], kwargs?: Kwargs): unknown {
  if (typeof fn === 'function' && !(self instanceof PyModule)) {
    return kwargs === undefined
      ? callHostMethod(fn as (...args: unknown[]) => unknown, self as object, name, args)
      : callMethod(fn as (...args: unknown[]) => unknown, self, args, kwargs, name);
  }
  return fn instanceof BuiltinMethod ? callMethod(fn, self, args, kwargs, fn.name) : call(fn, args, kwargs);
}

/** Collects what a function prints. */
class PrintCollector {
  readonly #parts: string[] = [];
  readonly print = new HostCallable('print', (args, kwargs) => {
    let sep = ' ';
    let end = '\n';
    for (const [key, value] of kwargs ?? []) {
      if (key === 'file') {
        if (value !== null) {
          call1(guardedGetattr(value, 'write'), args.map((arg) => str(arg)).join(sep) + end);
          return null;
        }
      } else if (key === 'sep' || key === 'end') {
        if (value !== null && typeof value !== 'string')
          throw new TypeError(`${key} must be None or a string, not ${typeName(value)}`);
        if (value !== null) {
          if (key === 'sep') sep = value;
          else end = value;
        }
      } else if (key !== 'flush') throw new TypeError(`'${key}' is an invalid keyword argument for print()`);
    }
    const text = args.map((arg) => str(arg)).join(sep) + end;
    chargeMemory(16 + text.length);
    this.#parts.push(text);
    return null;
  });

  text(): string {
    const text = this.#parts.join('');
    chargeMemory(text.length);
    return text;
  }
}

const operations: Record<string, unknown> = {
  add,
  sub,
  mul,
  mod,
  floordiv,
  binary,
  inplace,
  neg,
  pos,
  invert,
  eq,
  ne,
  lt,
  le,
  gt,
  ge,
  is,
  contains,
  truth,
  attr: cachedGetattr,
  setattr: guardedSetattr,
  delattr: guardedDelattr,
  item: guardedItem,
  setitem: guardedSetItem,
  delitem: guardedDelItem,
  iter: guardedIterator,
  unpack,
  spread,
  call: guardedCall,
  call0,
  call1,
  call2,
  method: cachedMethod,
  cm0,
  cm1,
  cm2,
  cm,
  keywords,
  putKey,
  tuple,
  list,
  set,
  dict,
  slice,
  complex: (real: number, imag: number) => new Complex(real, imag),
  float,
  dictMerge,
  fstring,
  formatted,
  makeFunction,
  makeGenerator,
  delegate,
  makeClass: (name: string, bases: unknown[], body: () => [string, unknown][]): PyType =>
    makeClass(name, bases, body()),
  unbound,
  free,
  glob,
  setGlob,
  delGlob,
  refill,
  caught,
  matches,
  raise,
  reraise,
  handling,
  leave,
  alive,
  assertFailed,
  enter,
  exit,
  importModule,
  importFrom,
  printer: () => new PrintCollector(),
  mapping,
  push,
  builtin: builtinValue,
  lookup,
  S: meter,
  items: (v: unknown[]) => v,
  Ellipsis,
  memberSet,
  newCache,
};

/** The frozen runtime of generated code. */
export const runtime: Readonly<Record<string, unknown>> = Object.freeze(
  Object.fromEntries(RUNTIME_NAMES.map((name) => [name, operations[name]])),
);
