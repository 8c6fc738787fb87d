/** Attributes, items, calls of methods and iteration of TypeScript: JavaScript's for Python's values, guarded for everything else. */
import { Dict, PyFloat } from '../../pickle/index.ts';
import {
  type AttributeCache,
  cachedGetattrOr,
  cachedMethod,
  guardedDelattr,
  guardedGetattr,
  guardedSetattr,
} from '../guards/attributes.ts';
import { guardedDelItem, guardedItem, guardedSetItem } from '../guards/items.ts';
import { chargeItems, chargeSteps } from '../runtime/budget.ts';
import { callHostMethod, callMethod, isCallable } from '../runtime/call.ts';
import { contains, operatorsOf } from '../runtime/compare.ts';
import { hashable } from '../runtime/hashing.ts';
import { PyError, TypeError, Unauthorized, ValueError } from '../runtime/errors.ts';
import { guardedIterator } from '../runtime/iterate.ts';
import { GuardedIterator, HostCallable, PyGenerator, type PyIterator, PyModule } from '../runtime/objects.ts';
import { BuiltinMethod, typeName } from '../runtime/types.ts';
import { append, at, changeable, LIST } from './lists.ts';
import { DICT, iteration, members, pairsOf, SET, setValue, valueAt } from './mappings.ts';
import { notNullish, toNumber, toText } from './operators.ts';
import { type Methods, NUMBER, STRING } from './strings.ts';
import { call, Keywords, Offered, stored } from './values.ts';

const NOTHING: unique symbol = Symbol('nothing');
/** JavaScript's ways from a value to its class. */
const NEVER: ReadonlySet<string> = new Set(['constructor', 'prototype', '__proto__']);

const GENERATOR = iteration(
  (value, done) =>
    new Dict<unknown, unknown>([
      ['value', value],
      ['done', done],
    ]),
);

/** The methods of Python's own values; undefined: an object of another kind. */
function methodsOf(o: unknown): Methods | undefined {
  if (typeof o === 'string') return STRING;
  if (typeof o === 'number' || typeof o === 'bigint') return NUMBER;
  if (typeof o !== 'object' || o === null) return undefined;
  const prototype = Object.getPrototypeOf(o) as object | null;
  if (prototype === null) return undefined;
  let methods = methodsByPrototype.get(prototype);
  if (methods === undefined) methodsByPrototype.set(prototype, (methods = methodsOfObject(o) ?? null));
  return methods ?? undefined;
}

/** By prototype, for the object may be a proxy. */
const methodsByPrototype = new WeakMap<object, Methods | null>();

function methodsOfObject(o: object): Methods | undefined {
  if (Array.isArray(o)) return LIST;
  if (o instanceof Map) return DICT;
  if (o instanceof Set) return SET;
  if (o instanceof PyFloat) return NUMBER;
  return o instanceof PyGenerator || o instanceof GuardedIterator ? GENERATOR : undefined;
}

/** A method that is read without being called. */
function bound(o: unknown, name: string, methods: Methods): unknown {
  const method = methods.get(name);
  if (method === undefined) return undefined;
  return new HostCallable(name, (args) => stored(method(o as never, args)));
}

/** `o.name` */
export function attr(o: unknown, name: string, cache: AttributeCache): unknown {
  if (typeof o === 'string') return name === 'length' ? o.length : bound(o, name, STRING);
  if (typeof o === 'object' && o !== null) {
    if (Array.isArray(o)) return name === 'length' ? o.length : bound(o, name, LIST);
    if (o instanceof Map) {
      const value = valueAt(o, name);
      if (value !== undefined) return value;
      return name === 'size' ? o.size : bound(o, name, DICT);
    }
    if (o instanceof Offered) return o.members.get(name);
    if (o instanceof Set && name === 'size') return o.size;
    if (o instanceof Uint8Array && name === 'length') return o.length;
    if (o instanceof PyError) {
      if (name === 'message') return o.message;
      if (name === 'name') return o.name;
    }
  } else notNullish(o, name);
  const methods = methodsOf(o);
  if (methods !== undefined) return bound(o, name, methods);
  const value = cachedGetattrOr(o, name, cache, NOTHING);
  return value === NOTHING ? undefined : value;
}

/** `o.name(…)` */
export function invoke(o: unknown, name: string, cache: AttributeCache, args: unknown[]): unknown {
  const methods = methodsOf(o);
  if (methods !== undefined) {
    if (o instanceof Map) {
      const own = valueAt(o, name);
      if (own !== undefined && isCallable(own)) return call(own, args);
    }
    const method = methods.get(name);
    if (method === undefined) throw new TypeError(`${name} is no method of ${described(o)}`);
    return method(o as never, args);
  }
  notNullish(o, name);
  if (o instanceof Offered) {
    const member = o.members.get(name);
    if (member === undefined) throw new TypeError(`${o.name}.${name} is not a function`);
    return call(member, args);
  }
  if ((typeof o === 'boolean' || o instanceof PyError) && name === 'toString') return toText(o);
  const fn = cachedMethod(o, name, cache);
  const last = args.at(-1);
  if (last instanceof Keywords) {
    const rest = args.slice(0, -1);
    return typeof fn === 'function' && !(o instanceof PyModule)
      ? callMethod(fn as never, o, rest, last.values, name)
      : fn instanceof BuiltinMethod
        ? callMethod(fn, o, rest, last.values, name)
        : call(fn, args);
  }
  if (typeof fn === 'function' && !(o instanceof PyModule))
    return callHostMethod(fn as (...all: unknown[]) => unknown, o as object, name, args);
  return fn instanceof BuiltinMethod ? callMethod(fn, o, args, undefined, fn.name) : call(fn, args);
}

function described(o: unknown): string {
  const name = typeName(o);
  return name === 'str' ? 'a string' : name === 'dict' ? 'an object' : `a ${name}`;
}

/** `o[key]` */
export function item(o: unknown, key: unknown): unknown {
  if (Array.isArray(o)) {
    if (typeof key === 'number') return Number.isInteger(key) ? at(o, key) : undefined;
    return elementOf(o, key, LIST, (i) => at(o, i));
  }
  if (o instanceof Map) return valueAt(o, key);
  if (typeof o === 'string') return typeof key === 'number' ? o[key] : elementOf(o, key, STRING, (i) => o[i]);
  notNullish(o, typeof key === 'string' ? key : '…');
  if (o instanceof Offered) return typeof key === 'string' ? o.members.get(key) : undefined;
  if (typeof key === 'string' && NEVER.has(key)) throw new Unauthorized(key);
  const methods = methodsOf(o);
  if (methods !== undefined) return typeof key === 'string' ? bound(o, key, methods) : undefined;
  if (o instanceof Uint8Array) return typeof key === 'number' ? o[key] : undefined;
  if (operatorsOf(o).getitem !== undefined) return guardedItem(o, key);
  if (typeof key !== 'string') throw new TypeError(`'${typeName(o)}' object is not subscriptable`);
  const value = guardedGetattr(o, key, NOTHING);
  return value === NOTHING ? undefined : value;
}

function elementOf(
  o: string | readonly unknown[],
  key: unknown,
  methods: Methods,
  get: (i: number) => unknown,
): unknown {
  if (typeof key === 'string') {
    if (key === 'length') return o.length;
    if (/^\d{1,10}$/.test(key)) return get(Number(key));
    if (NEVER.has(key)) throw new Unauthorized(key);
    return bound(o, key, methods);
  }
  const n = toNumber(key);
  return Number.isInteger(n) ? get(n) : undefined;
}

/** `o[key](…)` */
export function invokeItem(o: unknown, key: unknown, cache: AttributeCache, args: unknown[]): unknown {
  if (typeof key === 'string' && methodsOf(o)?.has(key) === true && !(o instanceof Map))
    return invoke(o, key, cache, args);
  return call(item(o, key), args);
}

/** `o.name = value` */
export function setattr(o: unknown, name: string, value: unknown): void {
  if (o instanceof Map) setValue(o, name, value);
  else if (Array.isArray(o)) setElement(o, name, value);
  else {
    writable(o, name);
    guardedSetattr(o, name, stored(value));
  }
}

function writable(o: unknown, name: string): void {
  if (o === null || o === undefined)
    throw new TypeError(`Cannot set properties of ${String(o)} (setting '${name}')`);
  if (NEVER.has(name)) throw new Unauthorized(name);
}

/** `o[key] = value` */
export function setitem(o: unknown, key: unknown, value: unknown): void {
  if (o instanceof Map) setValue(o, key, value);
  else if (Array.isArray(o)) setElement(o, key, value);
  else {
    writable(o, typeof key === 'string' ? key : '…');
    if (operatorsOf(o).setitem !== undefined || typeof key !== 'string')
      guardedSetItem(o, key, stored(value));
    else guardedSetattr(o, key, stored(value));
  }
}

function setElement(list: unknown[], key: unknown, value: unknown): void {
  changeable(list);
  if (key === 'length') {
    const n = toNumber(value);
    if (!(n >= 0 && n <= list.length)) throw new ValueError('a list can only be made shorter');
    list.length = n;
    return;
  }
  const n = typeof key === 'number' ? key : toNumber(key);
  if (!Number.isInteger(n) || n < 0 || n > list.length)
    throw new ValueError(
      `${toText(key)} is no place in a list of ${list.length} (nor the one after its end)`,
    );
  if (n === list.length) append(list, value);
  else list[n] = stored(value);
}

/** `delete o.name`, `delete o[key]` */
export function remove(o: unknown, key: unknown, attribute: boolean): boolean {
  notNullish(o, typeof key === 'string' ? key : '…');
  if (o instanceof Map) o.delete(hashable(stored(key)));
  else if (Array.isArray(o)) throw new TypeError('items of a list are removed by splice()');
  else if (typeof key === 'string' && (attribute || operatorsOf(o).delitem === undefined)) {
    writable(o, key);
    guardedDelattr(o, key);
  } else guardedDelItem(o, key);
  return true;
}

/** `key in o` */
export function has(key: unknown, o: unknown): boolean {
  if (o instanceof Map) return o.has(hashable(stored(key)));
  if (Array.isArray(o)) {
    const n = toNumber(key);
    return key === 'length' || (Number.isInteger(n) && n >= 0 && n < o.length);
  }
  if (typeof o !== 'object' || o === null)
    throw new TypeError("the right side of 'in' must be an object or a list");
  return contains(o, key);
}

/** The iterator of `for (… of v)`: a dict gives its pairs. */
export function iterate(v: unknown): PyIterator {
  if (v === null || v === undefined) throw new TypeError(`${String(v)} is not iterable`);
  if (v instanceof Map) return pairsOf(v);
  // What a generator of a script gives comes from guarded code.
  if (v instanceof PyGenerator) return v;
  return v instanceof Set ? members(v) : guardedIterator(v);
}

/** What `for (… in v)` gives. */
export function namesIn(v: unknown): PyIterator {
  if (v === null || v === undefined) return new GuardedIterator(() => undefined);
  if (v instanceof Map) return guardedIterator(v);
  if (Array.isArray(v) || typeof v === 'string') {
    let i = 0;
    return new GuardedIterator(() => (i < v.length ? String(i++) : undefined));
  }
  throw new TypeError(`the names of a ${typeName(v)} cannot be listed`);
}

/** All items, for `...v` and destructuring. */
export function spread(v: unknown): unknown[] {
  const it = iterate(v);
  const out: unknown[] = [];
  for (let x = it.next(); x !== undefined; x = it.next()) {
    chargeSteps(1);
    if ((out.length & 63) === 0) chargeItems(64);
    out.push(x);
  }
  return out;
}

/** The first `n` items for `[a, b] = v`; with `rest` all others as a list behind them. */
export function take(v: unknown, n: number, rest: boolean): unknown[] {
  const it = iterate(v);
  const out: unknown[] = [];
  for (let i = 0; i < n; i++) out.push(it.next());
  if (!rest) return out;
  const others: unknown[] = [];
  for (let x = it.next(); x !== undefined; x = it.next()) {
    chargeSteps(1);
    if ((others.length & 63) === 0) chargeItems(64);
    others.push(x);
  }
  out.push(others);
  return out;
}

/** `{ a, ...rest } = v` */
export function others(v: unknown, taken: readonly unknown[]): Dict {
  if (!(v instanceof Map)) throw new TypeError(`the rest of a ${typeName(v)} cannot be taken`);
  const out = new Dict();
  chargeItems(v.size * 4);
  for (const [key, value] of v) if (!taken.includes(key)) out.set(key, value);
  return out;
}
