/** Functions, methods, generators, modules and instances that scripts make or are given. */
import type { Dict } from '../../pickle/index.ts';
import { meter } from './budget.ts';
import { AttributeError, RecursionError } from './errors.ts';
import { type BuiltinMethod, bindType, functionType, objectType, PyType } from './types.ts';

/** The parameters of a function, as its code takes them: one slot each, in this order. */
export interface Parameters {
  /** Positional ones; the first `positionalOnly` cannot be given by keyword. */
  readonly names: readonly string[];
  readonly positionalOnly: number;
  /** How many of the last of `names` have a default. */
  readonly defaults: number;
  /** Name of `*args`. */
  readonly rest: string | undefined;
  readonly keywordOnly: readonly string[];
  /** Of `keywordOnly`: those that must be given. */
  readonly required: ReadonlySet<string>;
  /** Name of `**kw`. */
  readonly keywords: string | undefined;
}

/** A function or lambda of a script. */
export class PyFunction {
  readonly name: string;
  readonly parameters: Parameters;
  readonly code: (...slots: unknown[]) => unknown;
  /** Values of the last positional parameters. */
  readonly defaults: readonly unknown[];
  readonly keywordDefaults: ReadonlyMap<string, unknown>;
  /** Number of arguments when nothing but that many positional ones is possible, otherwise -1. */
  readonly plain: number;

  constructor(
    name: string,
    parameters: Parameters,
    code: (...slots: unknown[]) => unknown,
    defaults: readonly unknown[],
    keywordDefaults: ReadonlyMap<string, unknown>,
  ) {
    this.name = name;
    this.parameters = parameters;
    this.code = code;
    this.defaults = defaults;
    this.keywordDefaults = keywordDefaults;
    this.plain =
      parameters.rest === undefined &&
      parameters.keywords === undefined &&
      parameters.keywordOnly.length === 0
        ? parameters.names.length
        : -1;
  }
}

/** A method with its object. */
export class BoundMethod {
  readonly self: unknown;
  readonly fn: PyFunction | BuiltinMethod | ((...args: unknown[]) => unknown);
  readonly name: string;

  constructor(
    self: unknown,
    fn: PyFunction | BuiltinMethod | ((...args: unknown[]) => unknown),
    name: string,
  ) {
    this.self = self;
    this.fn = fn;
    this.name = name;
  }
}

/** Python's iterator protocol inside the runtime: `undefined` ends it. */
export interface PyIterator {
  next(): unknown;
}

/** An iterator that a script holds. What it gives has been checked, or needs no check. */
export class GuardedIterator implements PyIterator {
  readonly next: () => unknown;

  constructor(next: () => unknown) {
    this.next = next;
  }
}

/** A generator of a script. */
export class PyGenerator implements PyIterator {
  readonly name: string;
  readonly #generator: Generator<unknown, unknown, unknown>;
  #finished = false;
  /** The exception of the handler in which it waits. */
  #handled: Error | undefined;
  #result: unknown = null;

  constructor(name: string, generator: Generator<unknown, unknown, unknown>) {
    this.name = name;
    this.#generator = generator;
  }

  next(): unknown {
    if (this.#finished) return undefined;
    const { depth } = meter;
    if (++meter.depth > meter.maxDepth) throw new RecursionError('maximum recursion depth exceeded');
    const { handled } = meter;
    meter.handled = this.#handled ?? handled;
    const { done, value } = this.#generator.next(null);
    // The generator's own handlers restore the depth at which they began, which is not that of this call.
    meter.depth = depth;
    this.#handled = meter.handled === handled ? undefined : meter.handled;
    meter.handled = handled;
    if (done !== true) return value;
    this.#finished = true;
    this.#result = value ?? null;
    return undefined;
  }

  /** What it returned, told once: the value of `StopIteration` and of `yield from`. */
  takeResult(): unknown {
    const result = this.#result;
    this.#result = null;
    return result;
  }
}

/** A module that scripts may import, or a part of one: names that may be read. */
export class PyModule {
  readonly name: string;
  readonly names: Map<string, unknown>;
  /** Names that exist and are refused. */
  readonly denied: ReadonlySet<string>;

  constructor(name: string, names: Map<string, unknown>, denied: ReadonlySet<string> = new Set()) {
    this.name = name;
    this.names = names;
    this.denied = denied;
  }
}

/** An instance of a class that a script made; every such class has a prototype of its own below this one. */
export class PyInstance {
  readonly attributes = new Map<string, unknown>();
}

/** `dict.keys()`, `.values()` and `.items()`. */
export abstract class DictView {
  readonly dict: Map<unknown, unknown>;

  constructor(dict: Map<unknown, unknown>) {
    this.dict = dict;
  }
}
export class KeysView extends DictView {}
export class ValuesView extends DictView {}
export class ItemsView extends DictView {}

/** A callable that is no type and has no attributes: `list` and `dict` of scripts, `print`. */
export class HostCallable {
  readonly name: string;
  readonly call: (args: unknown[], kwargs: Dict<string, unknown> | undefined) => unknown;
  /** Attributes that exist in Python and are refused. */
  readonly denied: ReadonlySet<string>;

  constructor(
    name: string,
    call: (args: unknown[], kwargs: Dict<string, unknown> | undefined) => unknown,
    denied: readonly string[] = [],
  ) {
    this.name = name;
    this.call = call;
    this.denied = new Set(denied);
  }
}

const plainType = (name: string): PyType => new PyType(name, [objectType]);
bindType(functionType, PyFunction);
bindType(plainType('method'), BoundMethod);
bindType(plainType('generator'), PyGenerator);
export const iteratorType = bindType(
  new PyType('iterator', [objectType], { access: new Set(['next']) }),
  GuardedIterator,
);
bindType(plainType('module'), PyModule);
export const instanceType = bindType(plainType('object'), PyInstance);
for (const [name, cls] of [
  ['dict_keys', KeysView],
  ['dict_values', ValuesView],
  ['dict_items', ItemsView],
] as const)
  bindType(new PyType(name, [objectType], { access: 'all' }), cls);
bindType(plainType('builtin_function_or_method'), HostCallable);

/** The error for a name that an object lacks. */
export function noAttribute(type: string, name: string): AttributeError {
  return new AttributeError(`'${type}' object has no attribute '${name}'`);
}
