/** What generated code of TypeScript gets: every operation of the language, and nothing else of the host. */
import { Dict, float, int } from '../../pickle/index.ts';
import { newCache } from '../guards/attributes.ts';
import { alive, chargeItems, chargeMemory, meter, refill } from '../runtime/budget.ts';
import { call as callAny } from '../runtime/call.ts';
import { isInstance } from '../runtime/type-tests.ts';
import { putKey } from '../runtime/hashing.ts';
import { NameError, PyError, TypeError } from '../runtime/errors.ts';
import { caught, handling, leave, raise } from '../runtime/exceptions.ts';
import { PyGenerator } from '../runtime/objects.ts';
import { PyType, typeName } from '../runtime/types.ts';
import {
  attr,
  has,
  invoke,
  invokeItem,
  item,
  iterate,
  namesIn,
  others,
  remove,
  setattr,
  setitem,
  spread,
  take,
} from './access.ts';
import { globalValue } from './globals.ts';
import { forEachPair } from './mappings.ts';
import {
  add,
  bits,
  div,
  exact,
  greater,
  greaterEqual,
  invert,
  less,
  lessEqual,
  loose,
  mul,
  negate,
  plus,
  power,
  rem,
  same,
  sub,
  toText,
  truth,
  typeOfValue,
} from './operators.ts';
import { RUNTIME_NAMES } from './printer.ts';
import { call, call0, call1, call2, makeFunction, Offered, stored } from './values.ts';

function list(items: unknown[]): unknown[] {
  chargeItems(items.length);
  for (let i = 0; i < items.length; i++) if (items[i] === undefined) items[i] = null;
  return items;
}

/** Marks `...object` in the list of keys and values. */
const dictMerge: unique symbol = Symbol('...');

function dict(parts: unknown[]): Dict {
  const out = new Dict();
  chargeMemory(32 + parts.length * 24);
  for (let i = 0; i < parts.length; i += 2) {
    if (parts[i] !== dictMerge) putKey(out, stored(parts[i]), stored(parts[i + 1]));
    else {
      const source = parts[i + 1];
      if (source === null || source === undefined) continue;
      if (!(source instanceof Map))
        throw new TypeError(`a ${typeName(source)} cannot be spread in an object`);
      chargeItems(source.size * 4);
      forEachPair(source, (key, value) => void out.set(key, value));
    }
  }
  return out;
}

function template(parts: unknown[]): string {
  let text = '';
  for (const part of parts) {
    const piece = toText(part);
    chargeMemory(16 + piece.length);
    text += piece;
  }
  return text;
}

/** `new X(…)` */
function construct(cls: unknown, args: unknown[]): unknown {
  if (cls instanceof PyType) return callAny(cls, args);
  if (cls instanceof Offered && cls.make !== undefined) return cls.make(args);
  throw new TypeError(`${cls instanceof Offered ? cls.name : typeName(stored(cls))} is not a constructor`);
}

/** `value instanceof cls` */
function instance(value: unknown, cls: unknown): boolean {
  if (cls instanceof PyType) return isInstance(value, cls);
  if (cls instanceof Offered && cls.holds !== undefined) return cls.holds(value);
  throw new TypeError("the right side of 'instanceof' must be a class");
}

function makeGenerator(name: string, generator: Generator<unknown, unknown, unknown>): PyGenerator {
  chargeMemory(256);
  return new PyGenerator(name, generator);
}

/** `yield* value` */
function* delegate(value: unknown): Generator<unknown, unknown, unknown> {
  const it = iterate(value);
  for (let item = it.next(); item !== undefined; item = it.next()) {
    if (--meter.steps < 0) refill();
    yield item;
  }
  return null;
}

/** What `throw value` throws. */
function thrown(value: unknown): unknown {
  if (!(value instanceof PyError) && !(value instanceof PyType))
    return new TypeError(`only errors can be thrown, not a ${typeName(stored(value))}`);
  return raise(value);
}

/** What the caller bound to a name. */
function binding(bindings: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(bindings, name) ? (bindings[name] ?? null) : null;
}

/** The value of a name that an expression does not declare: the caller's, or what every script finds. */
function free(lookup: (name: string) => unknown, name: string): unknown {
  const value = lookup(name);
  if (value !== undefined) return value;
  const known = globalValue(name);
  if (known !== undefined) return known;
  throw new NameError(`name '${name}' is not defined`);
}

const operations: Record<string, unknown> = {
  add,
  sub,
  mul,
  div,
  rem,
  power,
  exact,
  bits,
  negate,
  plus,
  invert,
  same,
  loose,
  less,
  lessEqual,
  greater,
  greaterEqual,
  truth,
  typeOfValue,
  attr,
  item,
  invoke,
  invokeItem,
  setattr,
  setitem,
  remove,
  has,
  iterate,
  namesIn,
  spread,
  take,
  others,
  call,
  call0,
  call1,
  call2,
  construct,
  instance,
  makeFunction,
  makeGenerator,
  delegate,
  list,
  dict,
  dictMerge,
  template,
  caught,
  handling,
  leave,
  alive,
  raise: thrown,
  refill,
  newCache,
  builtin: globalValue,
  float,
  int,
  S: meter,
  nullish: stored,
  binding,
  free,
};

/** The frozen runtime of generated code. */
export const runtime: Readonly<Record<string, unknown>> = Object.freeze(
  Object.fromEntries(
    RUNTIME_NAMES.map((name) => {
      if (operations[name] === undefined) throw new Error(`the runtime lacks ${name}`);
      return [name, operations[name]];
    }),
  ),
);
