/**
 * Python's types as guarded code sees them: `typeOf(value)` gives the type of any value, a built-in one, a class of a
 * script, or what `registerType` said of a class of the host. An object of a host class that nobody registered or
 * declared is opaque: it has an identity and nothing else.
 */
import { ByteArray, Dict, FrozenSet, PyFloat, PySet, Tuple } from '../../pickle/index.ts';

/** A method of a Python type: called as `call(self, ...args)`; absent optional arguments are undefined. */
interface Method {
  readonly name: string;
  /** Python parameter names in order; those past `min` are optional. */
  readonly params: readonly string[];
  readonly min: number;
  /** Infinity with `*args`. */
  readonly max: number;
  readonly call: (self: never, ...args: never[]) => unknown;
}

export interface Operators<T = never> {
  add?(self: T, other: unknown): unknown;
  radd?(self: T, other: unknown): unknown;
  sub?(self: T, other: unknown): unknown;
  rsub?(self: T, other: unknown): unknown;
  mul?(self: T, other: unknown): unknown;
  rmul?(self: T, other: unknown): unknown;
  mod?(self: T, other: unknown): unknown;
  neg?(self: T): unknown;
  /** Undefined: `KeyError` or `IndexError` is thrown by the operator itself. */
  getitem?(self: T, key: unknown): unknown;
  setitem?(self: T, key: unknown, value: unknown): void;
  delitem?(self: T, key: unknown): void;
  iter?(self: T): Iterator<unknown> | Iterable<unknown>;
  /** For objects that are iterators themselves. Undefined ends it. */
  next?(self: T): unknown;
  len?(self: T): number;
  contains?(self: T, item: unknown): boolean;
  call?(self: T, args: unknown[], kwargs: Dict<string, unknown> | undefined): unknown;
  bool?(self: T): boolean;
  str?(self: T): string;
  repr?(self: T): string;
  format?(self: T, spec: string): string;
  /** Undefined: not comparable with that value. */
  eq?(self: T, other: unknown): boolean | undefined;
  lt?(self: T, other: unknown, operator?: string): boolean | undefined;
  /** Less or equal; without it `lt` or `eq`. `operator` is what the script wrote, for messages. */
  le?(self: T, other: unknown, operator?: string): boolean | undefined;
  hash?(self: T): number;
  int?(self: T): number | bigint;
  float?(self: T): number;
  enter?(self: T): unknown;
  /** True swallows the exception. */
  exit?(self: T, error: Error | undefined): boolean;
  /** Attributes computed by name, after own ones; undefined: no such attribute. */
  getattr?(self: T, name: string): unknown;
  /** Guarded writes; without them a script cannot change the object. */
  setattr?(self: T, name: string, value: unknown): void;
  delattr?(self: T, name: string): void;
}

export type Access = 'all' | 'none' | ReadonlySet<string>;

/** A Python class. */
export class PyType {
  readonly name: string;
  readonly bases: readonly PyType[];
  readonly mro: readonly PyType[];
  /** Class attributes and methods: Method, PyFunction or any value. */
  readonly dict = new Map<string, unknown>();
  readonly operators: Operators;
  /** Names that untrusted code may read; others that exist are Unauthorized. */
  readonly access: Access;
  /** Whether instances give untrusted code the plain values that they hold. */
  readonly givesItems: boolean;
  /** Calling the type from a script: makes an instance. Undefined: cannot be called. */
  construct: ((args: unknown[], kwargs: Dict<string, unknown> | undefined) => unknown) | undefined;
  /** The host class of instances. */
  readonly cls: (abstract new (...args: never[]) => object) | undefined;
  /** Made by a class statement of a script. */
  readonly script: boolean;
  /** Names that exist in Python and that nobody may read. */
  readonly denied: ReadonlySet<string> | undefined;

  constructor(
    name: string,
    bases: readonly PyType[],
    options: {
      operators?: Operators;
      access?: Access;
      givesItems?: boolean | undefined;
      cls?: abstract new (...args: never[]) => object;
      script?: boolean;
      mro?: readonly PyType[];
      denied?: readonly string[] | undefined;
    } = {},
  ) {
    this.name = name;
    this.bases = bases;
    this.mro = options.mro ?? [this, ...(bases[0]?.mro ?? [])];
    if (options.mro !== undefined) (this.mro as PyType[]).unshift(this);
    const inherited = bases[0]?.operators;
    this.operators =
      inherited === undefined ? { ...options.operators } : { ...inherited, ...options.operators };
    this.access = options.access ?? bases[0]?.access ?? 'none';
    this.givesItems = this.access === 'all' || (options.givesItems ?? bases[0]?.givesItems ?? false);
    this.cls = options.cls;
    this.script = options.script ?? false;
    this.denied = options.denied === undefined ? bases[0]?.denied : new Set(options.denied);
  }

  /** The attribute of this class or of the nearest base that has it. */
  lookup(name: string): unknown {
    for (const type of this.mro) {
      const found = type.dict.get(name);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  isSubclassOf(other: PyType): boolean {
    return this.mro.includes(other);
  }
}

export const objectType = new PyType('object', []);
const builtin = (name: string, access: Access = 'none', base: PyType = objectType): PyType =>
  new PyType(name, [base], { access });

export const intType = builtin('int');
export const boolType = builtin('bool', 'none', intType);
export const floatType = builtin('float');
export const complexType = builtin('complex');
export const strType = builtin('str', 'all');
export const bytesType = builtin('bytes', 'all');
export const bytearrayType = builtin('bytearray', 'all');
const noneType = builtin('NoneType');
export const listType = builtin(
  'list',
  new Set('append clear copy count extend index insert pop remove reverse sort'.split(' ')),
);
export const tupleType = builtin('tuple', 'all');
export const dictType = builtin(
  'dict',
  new Set('clear copy fromkeys get items keys pop popitem setdefault update values'.split(' ')),
);
export const setType = builtin('set');
export const frozensetType = builtin('frozenset');
const typeType = builtin('type');
export const functionType = builtin('function');
export const builtinFunctionType = builtin('builtin_function_or_method');
const opaqueType = builtin('object');

/** A type is found by the prototype of its instances. */
const byPrototype = new WeakMap<object, PyType>([
  [Array.prototype, listType],
  [Tuple.prototype, tupleType],
  [Map.prototype, dictType],
  [Dict.prototype, dictType],
  [Set.prototype, setType],
  [PySet.prototype, setType],
  [FrozenSet.prototype, frozensetType],
  [PyFloat.prototype, floatType],
  [Uint8Array.prototype, bytesType],
  [Buffer.prototype, bytesType],
  [ByteArray.prototype, bytearrayType],
  [PyType.prototype, typeType],
  [Function.prototype, functionType],
]);

/** Binds a type to a host class: its instances, and those of subclasses that have no type of their own, are of it. */
export function bindType(
  type: PyType,
  cls: abstract new (...args: never[]) => object,
  fresh = false,
): PyType {
  byPrototype.set(cls.prototype as object, type);
  // A class that was just made has no subclasses that were looked up before.
  if (!fresh) {
    cache = new WeakMap();
    bindings++;
  }
  return type;
}

let bindings = 0;

/** Counts types bound to classes: caches of what a type has compare it. */
export function typeGeneration(): number {
  return bindings;
}

/** The type bound to exactly this host class. */
export function boundType(cls: abstract new (...args: never[]) => object): PyType | undefined {
  return byPrototype.get(cls.prototype as object);
}

/** Prototypes of classes without a type of their own. */
let cache = new WeakMap<object, PyType>();

export function typeOf(value: unknown): PyType {
  switch (typeof value) {
    case 'string':
      return strType;
    case 'number':
      return Number.isInteger(value) ? intType : floatType;
    case 'boolean':
      return boolType;
    case 'bigint':
      return intType;
    case 'function':
      return functionType;
    case 'object':
      return value === null ? noneType : typeOfObject(value);
    default:
      return opaqueType;
  }
}

function typeOfObject(value: object): PyType {
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype === null) return opaqueType;
  const type = byPrototype.get(prototype) ?? cache.get(prototype);
  if (type !== undefined) return type;
  return inheritedType(prototype);
}

function inheritedType(prototype: object): PyType {
  for (
    let at = Object.getPrototypeOf(prototype) as object | null;
    at !== null;
    at = Object.getPrototypeOf(at)
  ) {
    const base = byPrototype.get(at);
    if (base === undefined) continue;
    // A host's own kind of list or dict is a list or dict to Python.
    if (base.cls === undefined && !base.script) {
      cache.set(prototype, base);
      return base;
    }
    const type = new PyType(classNameOfPrototype(prototype), [base], { cls: base.cls });
    cache.set(prototype, type);
    return type;
  }
  const type = new PyType(classNameOfPrototype(prototype), [objectType]);
  cache.set(prototype, type);
  return type;
}

/** The class whose instances have this prototype; never what `constructor` of an instance says. */
export function classOfPrototype(prototype: object): (abstract new (...args: never[]) => object) | undefined {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, 'constructor');
  const cls = descriptor?.value as { prototype?: unknown } | undefined;
  return typeof cls === 'function' && cls.prototype === prototype ? (cls as never) : undefined;
}

function classNameOfPrototype(prototype: object): string {
  const name = classOfPrototype(prototype)?.name;
  return name === undefined || name === '' || prototype === Object.prototype ? 'object' : name;
}

/** Python's name of the type of a value, as error messages show it. */
export function typeName(value: unknown): string {
  return typeOf(value).name;
}

/** Types of Python whose methods take arguments by position only, but for a few. */
const BY_POSITION = new Set([strType, bytesType, bytearrayType, listType, tupleType, dictType]);
const BY_NAME = new Set('encode decode expandtabs split rsplit splitlines hex sort'.split(' '));

/** Declares methods: `{ upper: ['', fn], split: ['sep=None, maxsplit=-1', fn], format: ['*args', fn] }`. */
export function addMethods(
  type: PyType,
  methods: Record<string, readonly [params: string, call: (self: never, ...args: never[]) => unknown]>,
): void {
  for (const [name, [text, call]] of Object.entries(methods)) {
    const made = method(name, text, call);
    made.byName = BY_POSITION.has(type) && BY_NAME.has(name);
    made.keywords = made.byName || !BY_POSITION.has(type);
    type.dict.set(name, made);
  }
}

type RawCall = (self: never, args: unknown[], kwargs: Dict<string, unknown> | undefined) => unknown;

/** A method that takes any arguments. */
export function addRawMethod(type: PyType, name: string, raw: RawCall): void {
  type.dict.set(name, new BuiltinMethod(name, '*args', (self, ...args) => raw(self, args, undefined), raw));
}

export class BuiltinMethod implements Method {
  readonly name: string;
  readonly params: readonly string[];
  readonly min: number;
  readonly max: number;
  readonly call: (self: never, ...args: never[]) => unknown;
  /** How many of `params` may be given by position. */
  readonly positional: number;
  /** Whether its parameters may be given by name. */
  keywords = true;
  /** One of the few methods of Python's own types that take arguments by name: their messages differ. */
  byName = false;
  /** For a method that takes any arguments: called with them as they are. */
  readonly raw: RawCall | undefined;

  constructor(name: string, text: string, call: (self: never, ...args: never[]) => unknown, raw?: RawCall) {
    this.raw = raw;
    const all = text === '' ? [] : text.split(',').map((part) => part.trim());
    const star = all.indexOf('*');
    const parts = all.filter((part) => part !== '*');
    this.name = name;
    this.call = call;
    this.max = parts.includes('*args') ? Infinity : parts.length;
    const plain = parts.filter((part) => !part.startsWith('*'));
    this.min = plain.filter((part) => !part.includes('=')).length;
    this.positional = star === -1 ? this.max : star;
    this.params = plain.map((part) => part.split('=')[0]!);
  }
}

function method(name: string, text: string, call: (self: never, ...args: never[]) => unknown): BuiltinMethod {
  return new BuiltinMethod(name, text, call);
}

/** What `registerType` takes. Names are Python's. */
export interface TypeDescription<T extends object = never> {
  /** Python's name of the class; default: the name of the class. */
  readonly pyName?: string;
  /** Names that any script may read without a further check; `'all'`: everything that does not begin with `_`. */
  readonly attributes?: readonly string[] | 'all';
  /** Whether scripts may have the items, where those are plain values or public; of a type whose attributes are all read they may. */
  readonly givesItems?: boolean;
  /** Names that Python's class has and that are refused where the object has them not: `Unauthorized` instead of `AttributeError`. */
  readonly denied?: readonly string[];
  /** Python attribute name to what gives its value. */
  readonly getters?: Record<string, (self: T) => unknown>;
  /** `{ strftime: ['format', (self, format) => …] }`. Public. */
  readonly methods?: Record<string, readonly [params: string, call: (self: T, ...args: never[]) => unknown]>;
  readonly operators?: Operators<T>;
  /** Calling the class from a script; undefined: cannot be called. */
  construct?(args: unknown[], kwargs: Dict<string, unknown> | undefined): unknown;
}

/** An attribute computed from the object. */
export class Getter {
  readonly get: (self: never) => unknown;

  constructor(get: (self: never) => unknown) {
    this.get = get;
  }
}

/**
 * Gives the instances of a host class (and of its subclasses) Python behaviour. Security declarations of the class
 * (`declareClass`) hold for every name that is not listed here.
 */
export function registerType<T extends object>(
  cls: abstract new (...args: never[]) => T,
  description: TypeDescription<T>,
): PyType {
  const name = description.pyName ?? cls.name;
  const { attributes } = description;
  const access: Access =
    attributes === 'all'
      ? 'all'
      : new Set([
          ...(attributes ?? []),
          ...Object.keys(description.methods ?? {}),
          ...Object.keys(description.getters ?? {}),
        ]);
  const base = baseTypeOf(cls);
  const merged =
    access === 'all' || typeof base.access === 'string' ? access : new Set([...base.access, ...access]);
  const type = new PyType(name, [base], {
    operators: description.operators as Operators | undefined,
    access: merged,
    givesItems: description.givesItems,
    cls,
    denied: description.denied,
  });
  addMethods(type, (description.methods ?? {}) as never);
  for (const [key, get] of Object.entries(description.getters ?? {}))
    type.dict.set(key, new Getter(get as never));
  if (description.construct !== undefined) type.construct = description.construct;
  return bindType(type, cls);
}

function baseTypeOf(cls: abstract new (...args: never[]) => object): PyType {
  const parent = Object.getPrototypeOf(cls.prototype) as object | null;
  if (parent === null || parent === Object.prototype) return objectType;
  return byPrototype.get(parent) ?? inheritedType(parent);
}
