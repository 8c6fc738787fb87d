/** Reading and writing attributes: unguarded for trusted code, guarded for what is edited through the web. */
import { aqAcquire, Acquired, getOwn, isPersistent, isWrapper, metaOf } from '../../persistent/index.ts';
import { Dict, Tuple, tupleFrom } from '../../pickle/index.ts';
import { declarationGeneration } from '../declarations.ts';
import { getSecurityPolicy } from '../policy.ts';
import { operatorsOf } from '../runtime/compare.ts';
import { AttributeError, NameError, PyError, TypeError, Unauthorized } from '../runtime/errors.ts';
import {
  BoundMethod,
  HostCallable,
  noAttribute,
  PyFunction,
  PyInstance,
  PyModule,
} from '../runtime/objects.ts';
import { BuiltinMethod, Getter, PyType, registerType, typeName, typeOf } from '../runtime/types.ts';
import { builtinNames } from './builtin-names.ts';
import { HOST_NAMES, INSPECT_ATTRIBUTES, isHostObject, isPublic, VALID_AQ } from './declared.ts';
import { ownAttribute } from './own-attribute.ts';
import { isPlain } from './values.ts';

/** The attribute as it is; undefined: there is none. Methods of host objects come back bound. */
function rawAttribute(o: unknown, name: string): unknown {
  if (o === null || (typeof o !== 'object' && typeof o !== 'function')) return typeAttribute(o, name);
  if (typeof o === 'function') return undefined;
  if (isOther(o)) {
    const own = typeAttribute(o, name);
    return own === undefined ? hostAttribute(o, name) : own;
  }
  if (o instanceof PyInstance) return either(o.attributes.get(name), o, name);
  if (o instanceof PyModule) {
    const found = o.names.get(name);
    return found instanceof Getter ? found.get(o as never) : found;
  }
  if (o instanceof PyType) return classAttribute(o, name);
  if (o instanceof PyError) {
    if (name === 'args') return o.args;
    return either(o.attributes?.get(name), o, name);
  }
  const own = typeAttribute(o, name);
  return own === undefined ? hostAttribute(o, name) : own;
}

/** Neither an instance of a script's class nor a module, class or exception; by prototype, for it may be a proxy. */
function isOther(o: object): boolean {
  const prototype = Object.getPrototypeOf(o) as object | null;
  if (prototype === null) return false;
  let other = others.get(prototype);
  if (other === undefined) {
    other = !(
      o instanceof PyInstance ||
      o instanceof PyModule ||
      o instanceof PyType ||
      o instanceof PyError
    );
    others.set(prototype, other);
  }
  return other;
}
const others = new WeakMap<object, boolean>();

/** An attribute of the instance hides one of the class, also when it is None. */
function either(own: unknown, o: unknown, name: string): unknown {
  return own === undefined ? typeAttribute(o, name) : own;
}

function typeAttribute(o: unknown, name: string): unknown {
  const found = typeOf(o).lookup(name);
  if (found === undefined) return undefined;
  if (found instanceof BuiltinMethod || found instanceof PyFunction) return new BoundMethod(o, found, name);
  return found instanceof Getter ? found.get(o as never) : found;
}

function classAttribute(type: PyType, name: string): unknown {
  const found = type.lookup(name);
  if (found !== undefined) return found instanceof Getter ? undefined : found;
  return name === 'mro' && type.script ? new BoundMethod(type, MRO, 'mro') : undefined;
}
const MRO = new BuiltinMethod('mro', '', (self: PyType) => [...self.mro]);

/** An attribute of an object of the host. */
function hostAttribute(o: object, name: string): unknown {
  if (HOST_NAMES.has(name) || !isHostObject(o)) return undefined;
  const value = (o as Record<string, unknown>)[name];
  if (value === undefined) return operatorsOf(o).getattr?.(o, name);
  if (Array.isArray(value) || value instanceof Map) return ofClass(o, name, value);
  return typeof value === 'function' ? new BoundMethod(o, value as never, name) : value;
}

/** A list of the class comes as a tuple and a dict of it as a copy, so that no script changes them for all objects and all users. */
function ofClass(o: object, name: string, value: unknown[] | Map<unknown, unknown>): unknown {
  const shared = (metaOf(o)?.info.prototype as Record<string, unknown> | undefined)?.[name];
  if (shared !== value || value instanceof Tuple) return value;
  return Array.isArray(value) ? tupleFrom(value) : new Dict(value);
}

/** What one place in compiled code found to be public: instances with this prototype have the name as a plain property. */
export interface AttributeCache {
  prototype: object | null;
  generation: number;
  /** The method of a text, list or dict that was found here last, and the prototype of what it was found in. */
  method: BuiltinMethod | undefined;
  owner: object | null;
}

export function newCache(): AttributeCache {
  return { prototype: null, generation: -1, method: undefined, owner: null };
}

const knows = (o: unknown, cache: AttributeCache): o is object =>
  typeof o === 'object' &&
  o !== null &&
  Object.getPrototypeOf(o) === cache.prototype &&
  cache.generation === declarationGeneration();

/**
 * A plain value or method that a host object has itself, where the cache says that the name is public; undefined: the long way. What
 * it acquires is another object's, whose class may say something else of the name.
 */
function cachedProperty(o: unknown, name: string, cache: AttributeCache): unknown {
  if (!knows(o, cache)) return undefined;
  const meta = metaOf(o);
  if (meta === undefined || meta.isBase)
    return isWrapper(o) ? undefined : (o as Record<string, unknown>)[name];
  const value = meta.readPlain(name);
  return value !== null && typeof value === 'object' ? undefined : value;
}

/** Remembers that `name` is public in instances like `o`. */
function remember(o: unknown, name: string, cache: AttributeCache): void {
  if (typeof o !== 'object' || o === null || isPlain(o) || HOST_NAMES.has(name) || !isHostObject(o)) return;
  if (typeOf(o).lookup(name) !== undefined || !isPublic(o, name)) return;
  cache.prototype = Object.getPrototypeOf(o) as object;
  cache.generation = declarationGeneration();
}

/** `o.name` in compiled code. */
export function cachedGetattr(o: unknown, name: string, cache: AttributeCache): unknown {
  const value = cachedProperty(o, name, cache);
  if (value !== undefined && (value === null || (typeof value !== 'object' && typeof value !== 'function')))
    return value;
  const found = guardedGetattr(o, name);
  if (!knows(o, cache)) remember(o, name, cache);
  return found;
}

/** The same with a value for an attribute that is not there. */
export function cachedGetattrOr(o: unknown, name: string, cache: AttributeCache, fallback: unknown): unknown {
  const value = cachedProperty(o, name, cache);
  if (value !== undefined && (value === null || (typeof value !== 'object' && typeof value !== 'function')))
    return value;
  const found = guardedGetattr(o, name, fallback);
  if (found !== fallback && !knows(o, cache)) remember(o, name, cache);
  return found;
}

/** Values whose methods are those of their type and nothing else. */
const PLAIN_OWNERS: ReadonlySet<object | null> = new Set([
  String.prototype,
  Array.prototype,
  Tuple.prototype,
  Dict.prototype,
]);

/** `o.name` of a call `o.name(…)`: a method of a host object comes back as the bare function. */
export function cachedMethod(o: unknown, name: string, cache: AttributeCache): unknown {
  const owner =
    typeof o === 'string'
      ? String.prototype
      : typeof o === 'object' && o !== null
        ? (Object.getPrototypeOf(o) as object | null)
        : null;
  if (owner !== null && owner === cache.owner) return cache.method;
  const value = cachedProperty(o, name, cache);
  if (typeof value === 'function') return value;
  const found = guardedMethod(o, name);
  if (found instanceof BuiltinMethod && PLAIN_OWNERS.has(owner)) {
    cache.method = found;
    cache.owner = owner;
  } else if (found instanceof BoundMethod && found.self === o) remember(o, name, cache);
  return found;
}

/** Stands in an error for an attribute that Python has and that is not offered here. */
export class Withheld {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}
registerType(Withheld, {
  pyName: 'attribute',
  operators: { repr: (self) => `<attribute '${self.name}'>` },
});

function missing(o: unknown, name: string): AttributeError {
  if (o instanceof PyModule) return new AttributeError(`module '${o.name}' has no attribute '${name}'`);
  if (o instanceof PyType) return new AttributeError(`type object '${o.name}' has no attribute '${name}'`);
  const type = typeName(o);
  // A method has the attributes of its function, and that one is asked last.
  return noAttribute(type === 'method' ? 'function' : type, name);
}

/** Whether an attribute exists that nobody may read: Python's own objects have more than is offered here. */
function isDenied(o: unknown, name: string): boolean {
  if (o instanceof PyModule) return o.denied.has(name);
  if (o instanceof PyType) return builtinNames('type').has(name) || builtinNames(o.name).has(name);
  if (o instanceof PyError) return builtinNames('BaseException').has(name);
  if (o instanceof HostCallable) return o.denied.has(name);
  const type = typeOf(o);
  return builtinNames(type.name).has(name) || type.denied?.has(name) === true;
}

/** Python's `getattr` in untrusted code. */
export function guardedGetattr(o: unknown, name: string, fallback?: unknown): unknown {
  if (name.charCodeAt(0) === 95 || name.endsWith('__roles__')) throw new Unauthorized(name);
  if (INSPECT_ATTRIBUTES.has(name)) throw new Unauthorized(name, new Withheld(name));
  const own = ownAttribute(o, name);
  if (own !== undefined) return own;
  const value = rawAttribute(o, name);
  if (value === undefined) {
    // What is not offered is not shown either; the error tells only that there is something.
    if (isDenied(o, name)) throw new Unauthorized(name, new Withheld(name));
    if (fallback !== undefined) return fallback;
    throw missing(o, name);
  }
  if (mayRead(o, name, value)) return value;
  // The message shows the object, never the data that is refused.
  throw new Unauthorized(name, showsOnly(o, value) ? o : value);
}

/** Whether a refusal names the object: data of content has no roles of its own, it is the object that has some. */
const showsOnly = (o: unknown, value: unknown) =>
  typeof value !== 'function' && isPlain(value) && typeof o === 'object' && o !== null && isHostObject(o);

function mayRead(o: unknown, name: string, value: unknown): boolean {
  if (o instanceof PyInstance || o instanceof PyModule) return true;
  if (o instanceof PyType) return o.script;
  if (o instanceof PyError && name !== 'args' && o.attributes?.has(name) === true) return true;
  const { access, script } = typeOf(o);
  if (access === 'all' || (access !== 'none' && access.has(name))) return true;
  if (o === null || typeof o !== 'object') return false;
  if (script) return true;
  if (!isHostObject(o) || o instanceof PyError) return false;
  if (name.startsWith('aq_') && !VALID_AQ.has(name)) return false;
  const bare = value instanceof BoundMethod ? value.fn : value;
  const simple = value instanceof BoundMethod || value === null || typeof value !== 'object';
  const at = holder(o, name, value);
  if (simple && isPublic(at, name)) return true;
  return getSecurityPolicy().validate(o, at, name, bare);
}

/**
 * The object that has what was read through `o`: for what was acquired it is another one, whose class and roles count. Which one is
 * found by the search that found the value, for an object that was acquired itself has more than one chain of containers.
 */
function holder(o: object, name: string, value: unknown): object {
  if (value !== null && typeof value === 'object' && isPersistent(value)) {
    const { aq_inner: inner } = value as { aq_inner?: { aq_parent?: object } };
    return inner?.aq_parent ?? o;
  }
  if (owns(o, name)) return o;
  let found = o;
  const filter = (_o: unknown, container: unknown): boolean => {
    found = container as object;
    return true;
  };
  aqAcquire(o, name, { filter, explicit: false, default: undefined });
  return found;
}

/** Whether an object has an attribute itself, or its class. */
function owns(o: object, name: string): boolean {
  if (!isWrapper(o)) return true;
  const meta = metaOf(o);
  const plain = meta === undefined || meta.isBase ? null : meta.readPlain(name);
  const value =
    plain !== null && (typeof plain !== 'object' || plain !== meta!.info.accessors) ? plain : getOwn(o, name);
  return value !== undefined && value !== Acquired;
}

/** Trusted `getattr`: names that begin with `_` as well, no policy. */
export function trustedGetattr(o: unknown, name: string, fallback?: unknown): unknown {
  const value = rawAttribute(o, name);
  if (value !== undefined) return value;
  if (fallback !== undefined) return fallback;
  throw missing(o, name);
}

/** A value for `value.name(…)`: a method that is called with the object, or anything callable. */
function guardedMethod(o: unknown, name: string): unknown {
  if (typeof o === 'string' || Array.isArray(o) || o instanceof Dict) {
    const type = typeOf(o);
    const found = type.dict.get(name);
    if (
      found instanceof BuiltinMethod &&
      (type.access === 'all' || (type.access as ReadonlySet<string>).has(name))
    )
      return found;
  } else if (o instanceof PyInstance) {
    if (name.charCodeAt(0) !== 95 && !o.attributes.has(name)) {
      const found = typeOf(o).lookup(name);
      if (found instanceof PyFunction) return new BoundMethod(o, found, name);
    }
  }
  return guardedGetattr(o, name);
}

/** `value.name = x` in untrusted code. */
export function guardedSetattr(o: unknown, name: string, value: unknown): void {
  checkWrittenName(name);
  if (o instanceof PyInstance) {
    o.attributes.set(name, value);
    return;
  }
  if (o instanceof PyType && o.script) {
    o.dict.set(name, value);
    return;
  }
  if (o instanceof PyError && typeOf(o).script) {
    (o.attributes ??= new Map()).set(name, value);
    return;
  }
  const own = o !== null && typeof o === 'object' ? operatorsOf(o).setattr : undefined;
  if (own !== undefined) {
    own(o, name, value);
    return;
  }
  throw notWritable(o, name);
}

function notWritable(o: unknown, name: string): PyError {
  if ((Array.isArray(o) && typeName(o) === 'list') || (o instanceof Map && typeName(o) === 'dict')) {
    return rawAttribute(o, name) === undefined
      ? noAttribute(typeName(o), name)
      : new AttributeError(`'${typeName(o)}' object attribute '${name}' is read-only`);
  }
  return new TypeError('attribute-less object (assign or del)');
}

function checkWrittenName(name: string): void {
  if (name.startsWith('_') || name.endsWith('__roles__')) throw new Unauthorized(name);
}

/** `del value.name` in untrusted code. */
export function guardedDelattr(o: unknown, name: string): void {
  checkWrittenName(name);
  if (o instanceof PyInstance) {
    if (!o.attributes.delete(name)) throw noAttribute(typeName(o), name);
    return;
  }
  if (o instanceof PyType && o.script) {
    if (!o.dict.delete(name)) throw missing(o, name);
    return;
  }
  const own = o !== null && typeof o === 'object' ? operatorsOf(o).delattr : undefined;
  if (own !== undefined) {
    own(o, name);
    return;
  }
  throw notWritable(o, name);
}

/** `hasattr` as Zope has it: what may not be read is not there. */
export function guardedHasattr(o: unknown, name: string): boolean {
  try {
    guardedGetattr(o, name);
    return true;
  } catch (error) {
    if (error instanceof AttributeError || error instanceof Unauthorized || error instanceof TypeError)
      return false;
    throw error;
  }
}

export function undefinedName(name: string): never {
  throw new NameError(`name '${name}' is not defined`);
}
