import { WRAP_CUSTOM, WRAP_EXPLICIT, WRAP_IMPLICIT, WRAP_NONE } from './class-info.ts';
import { PersistentUseError } from './errors.ts';
import { HANDLER } from './handler-symbol.ts';
import { isSpecial, Meta, readSpecial, writeSpecial } from './meta.ts';
import type { Context } from './slot.ts';
import { Acquired, plainWrapping } from './acquiring.ts';

/** What a wrapper wraps, or what it is in: a persistent object, another wrapper, or any other object. */
export type Node = Meta | Wrapper | object;

/** Decides whether an attribute that was found is taken, in `aqAcquire`. */
export type AcquireFilter = (
  original: unknown,
  container: unknown,
  name: string,
  value: unknown,
  extra: unknown,
) => boolean;

export interface Search {
  readonly filter?: AcquireFilter;
  readonly extra?: unknown;
  readonly original: unknown;
  readonly explicit: boolean;
  readonly containment: boolean;
}

/** Names that JavaScript itself asks every object for: an object of that name in a container must not answer. */
const probed = new Set(['then', 'toJSON', 'constructor']);

/** @param first The code of the first letter, which nearly always tells. */
function isProbed(name: string, first: number): boolean {
  return (first === 116 || first === 99) && probed.has(name);
}

/**
 * An object in the context of a container: a second small handler over the same record. `obj` may be a wrapper itself:
 * an object that was acquired is in its own container first, and then in what it was acquired through.
 *
 * Over 400 lines: the search for an attribute and the making of wrappers call each other.
 */
export class Wrapper implements ProxyHandler<object> {
  readonly obj: Node;
  /** `obj` when it is a record and no wrapper: what every step of a search asks for. */
  readonly meta: Meta | null;
  #container: Node | null;
  /** The container when it is a wrapper. */
  up: Wrapper | null;
  readonly implicit: boolean;
  /** The object at the bottom of the wrappers. */
  readonly base: Meta | object;
  lastChild: Wrapper | null = null;
  #proxy: object | null = null;

  /** An own property, and the last one, as that of `Meta`. */
  readonly get = getTrap;

  constructor(obj: Node, container: Node | null, implicit: boolean) {
    this.obj = obj;
    this.meta = obj instanceof Meta ? obj : null;
    this.#container = container;
    this.up = container instanceof Wrapper ? container : null;
    this.implicit = implicit;
    this.base = obj instanceof Wrapper ? obj.base : obj;
  }

  isProxy(object: object): boolean {
    return this.#proxy === object;
  }

  get container(): Node | null {
    return this.#container;
  }

  set container(container: Node | null) {
    this.#container = container;
    this.up = container instanceof Wrapper ? container : null;
  }

  get proxy(): object {
    return (this.#proxy ??= new Proxy(
      this.base instanceof Meta ? this.base.info.target : targetOf(this.base),
      this,
    ));
  }

  set(_target: object, name: string | symbol, value: unknown, receiver: object): boolean {
    if (receiver !== this.#proxy) {
      return Reflect.defineProperty(receiver, name, {
        value,
        writable: true,
        enumerable: true,
        configurable: true,
      });
    }
    if (name === '__parent__' || name === 'aq_parent') {
      this.container = value === null || value === undefined ? null : nodeOf(value as object);
      this.lastChild = null;
      return true;
    }
    const { base } = this;
    if (base instanceof Meta && typeof name === 'string') {
      return isSpecial(name) ? writeSpecial(base, name, value) : base.write(name, value, receiver);
    }
    return Reflect.set(base instanceof Meta ? base.object : base, name, unwrapped(value));
  }

  has(_target: object, name: string | symbol): boolean {
    return name in objectOf(this.base);
  }

  deleteProperty(_target: object, name: string | symbol): boolean {
    if (name === '__parent__' || name === 'aq_parent') {
      this.container = null;
      return true;
    }
    return Reflect.deleteProperty(objectOf(this.base), name);
  }

  ownKeys(): (string | symbol)[] {
    return Reflect.ownKeys(objectOf(this.base));
  }

  getOwnPropertyDescriptor(_target: object, name: string | symbol): PropertyDescriptor | undefined {
    const { base } = this;
    if (!(base instanceof Meta)) {
      const descriptor = Reflect.getOwnPropertyDescriptor(base, name);
      return descriptor && { ...descriptor, configurable: true };
    }
    const state = base.activate();
    if (!Object.hasOwn(state, name)) return undefined;
    const value =
      typeof name === 'symbol' ? state[name as unknown as string] : base.read(name, this, this.proxy);
    return { value, writable: true, enumerable: true, configurable: true };
  }

  defineProperty(_target: object, name: string | symbol, descriptor: PropertyDescriptor): boolean {
    return Reflect.defineProperty(objectOf(this.base), name, descriptor);
  }

  setPrototypeOf(target: object, prototype: object | null): boolean {
    if (prototype === Object.getPrototypeOf(target)) return true;
    throw new PersistentUseError('the class of a wrapped object cannot be changed');
  }

  preventExtensions(): boolean {
    throw new PersistentUseError('a wrapped object cannot be frozen or sealed');
  }
}

function getTrap(this: Wrapper, _target: object, name: string | symbol, receiver: object): unknown {
  if (typeof name === 'symbol') {
    if (name === HANDLER) return this.isProxy(receiver) ? this : undefined;
    const { base } = this;
    return base instanceof Meta
      ? Reflect.get(base.state ?? base.info.prototype, name, receiver)
      : Reflect.get(base, name, receiver);
  }
  const { meta } = this;
  const first = name.charCodeAt(0);
  if (first === 95) {
    if (isSpecial(name)) return readBaseSpecial(this, name);
    if (meta !== null && name !== '__parent__') {
      // Names that begin with an underscore are acquired only when asked for.
      const value = meta.read(name, this, receiver);
      return value === Acquired ? acquire(this, name, { ...plainSearch(this), explicit: true }) : value;
    }
  } else if (meta !== null && !(first === 97 && name.charCodeAt(1) === 113)) {
    const value = meta.read(name, this, receiver);
    if (value !== undefined && value !== Acquired) return value;
    if (value === undefined && (!this.implicit || isProbed(name, first))) return undefined;
    return acquireSimply(this, name);
  }
  return findAttribute(this, name, plainSearch(this), true, this.implicit);
}

const targets = new WeakMap<object, object>();

/** The proxy target of wrappers of objects that are not persistent: one for each prototype. */
function targetOf(object: object): object {
  const prototype = Object.getPrototypeOf(object) as object | null;
  if (prototype === null) return Object.create(null) as object;
  let target = targets.get(prototype);
  if (target === undefined) targets.set(prototype, (target = Object.create(prototype) as object));
  return target;
}

/** The handler of a proxy of this room, if `value` is one and belongs to a persistent object or a wrapper. */
export function nodeOf(value: object): Node {
  const handler = (value as { [HANDLER]?: unknown })[HANDLER];
  return handler instanceof Meta || handler instanceof Wrapper ? handler : value;
}

/** What user code sees of a node. */
export function objectOf(node: Node): object {
  if (node instanceof Meta) return node.object;
  if (node instanceof Wrapper) return node.proxy;
  return node;
}

/** A value without wrappers. */
function unwrapped(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  const handler = (value as { [HANDLER]?: unknown })[HANDLER];
  return handler instanceof Wrapper ? objectOf(handler.base) : value;
}

/** Whether `container` would be the same place for a value as the one that `wrapper` has. */
function remembered(wrapper: Wrapper | null, obj: Node, container: Node): wrapper is Wrapper {
  return wrapper !== null && wrapper.obj === obj && wrapper.container === container;
}

/** A persistent object as it is seen when read through `context`: wrapped when its class acquires. */
export function inContext(meta: Meta, context: Context): unknown {
  if (meta.info.wrapping === WRAP_CUSTOM) return callOf(meta.object, context);
  const last = context.lastChild;
  if (remembered(last, meta, context)) return last.proxy;
  const wrapper = new Wrapper(meta, context, meta.info.wrapping === WRAP_IMPLICIT);
  context.lastChild = wrapper;
  return wrapper.proxy;
}

function callOf(value: object, context: Node): unknown {
  return (value as { __of__(parent: object): unknown }).__of__(objectOf(context));
}

/**
 * `value.__of__(container)`: a value that acquires, in the context of `container`; any other value as it is.
 */
export function applyOf(value: unknown, container: Node): unknown {
  if (value === null || typeof value !== 'object') return value;
  const node = nodeOf(value);
  if (node instanceof Wrapper) return rewrap(node, container).proxy;
  if (node instanceof Meta) {
    const { wrapping } = node.info;
    if (wrapping === WRAP_NONE) return value;
    if (wrapping === WRAP_CUSTOM) return callOf(value, container);
    if (container instanceof Meta || container instanceof Wrapper) return inContext(node, container);
    return new Wrapper(node, container, wrapping === WRAP_IMPLICIT).proxy;
  }
  const wrapping = plainWrapping(value);
  if (wrapping === WRAP_CUSTOM) return callOf(value, container);
  if (wrapping === WRAP_IMPLICIT || wrapping === WRAP_EXPLICIT) {
    return new Wrapper(value, container, wrapping === WRAP_IMPLICIT).proxy;
  }
  return value;
}

/** `wrapper.__of__(container)`. A level that says the same as the one below it is left out. */
function rewrap(node: Wrapper, container: Node): Wrapper {
  const { base } = node;
  const implicit =
    base instanceof Meta ? base.info.wrapping === WRAP_IMPLICIT : plainWrapping(base) === WRAP_IMPLICIT;
  let obj: Node = node;
  if (container instanceof Wrapper) {
    while (obj instanceof Wrapper && obj.container === container.obj) obj = obj.obj;
  }
  const last = container instanceof Meta || container instanceof Wrapper ? container.lastChild : null;
  if (remembered(last, obj, container)) return last;
  const wrapper = new Wrapper(obj, container, implicit);
  if (container instanceof Meta || container instanceof Wrapper) container.lastChild = wrapper;
  return wrapper;
}

function plainSearch(wrapper: Wrapper): Search {
  return { original: wrapper, explicit: false, containment: false };
}

function readBaseSpecial(wrapper: Wrapper, name: string): unknown {
  const { base } = wrapper;
  return base instanceof Meta ? readSpecial(base, name) : (base as Record<string, unknown>)[name];
}

/** An attribute of an object as it is, seen through `context`. */
function ownAttribute(obj: Meta | object, name: string, context: Context | object): unknown {
  if (obj instanceof Meta) {
    if (isSpecial(name)) return readSpecial(obj, name);
    return obj.read(name, context as Context, objectOf(context));
  }
  const value: unknown = Reflect.get(obj, name, obj);
  return context === obj ? value : applyOf(value, context);
}

/**
 * Acquisition without a filter along containers that are wrappers of plain objects: what nearly every look-up is. Falls
 * back to the general search as soon as something else comes up.
 */
function acquireSimply(wrapper: Wrapper, name: string): unknown {
  let below: Wrapper = wrapper;
  let depth = 0;
  for (;;) {
    const { up } = below;
    if (up === null || up.meta === null || below.meta === null || up.container === below.meta) break;
    const value = up.meta.readPlain(name);
    if (value !== undefined) {
      if (typeof value === 'object' && value !== null) {
        const seen = up.meta.read(name, up, up.proxy);
        if (typeof seen === 'object' && seen !== null) return throughLevels(seen, wrapper, depth);
        if (seen === undefined) break;
        return seen;
      }
      if (value === Acquired) break;
      return typeof value === 'function' ? value.bind(up.proxy) : value;
    }
    below = up;
    depth++;
  }
  const { container } = below;
  if (container instanceof Meta && below.meta !== null && !container.hasParent) {
    // The end of the chain, which is in no context itself.
    const value = container.readPlain(name);
    if (typeof value === 'object' && value !== null) {
      const seen = container.read(name, container, container.object);
      return typeof seen === 'object' && seen !== null ? throughLevels(seen, wrapper, depth) : seen;
    }
    if (value === Acquired) return undefined;
    return typeof value === 'function' ? value.bind(container.object) : value;
  }
  // `below` and everything before it lack the name: the general search goes on from there.
  const value = acquire(below, name, plainSearch(wrapper));
  return value === null || typeof value !== 'object' ? value : throughOuter(value, wrapper, depth);
}

/** An acquired value in the context of each object it was acquired through, from the outermost in. */
function throughLevels(value: object, wrapper: Wrapper, depth: number): unknown {
  const node = nodeOf(value);
  if (!(node instanceof Wrapper) && !isAcquirer(node)) return value;
  return throughOuter(value, wrapper, depth + 1);
}

function throughOuter(value: unknown, wrapper: Wrapper, levels: number): unknown {
  if (levels === 0) return value;
  const inner = levels === 1 ? value : throughOuter(value, wrapper.container as Wrapper, levels - 1);
  return applyOf(inner, wrapper);
}

function isAcquirer(node: Node): boolean {
  return node instanceof Meta ? node.info.wrapping !== WRAP_NONE : plainWrapping(node) !== WRAP_NONE;
}

/** The `aq_` attributes; undefined for another name. */
function findSpecial(wrapper: Wrapper, name: string): (() => unknown) | undefined {
  switch (name) {
    case 'aq_base':
      return () => objectOf(wrapper.base);
    case 'aq_parent':
    case '__parent__':
      return () => (wrapper.container === null ? null : objectOf(wrapper.container));
    case 'aq_self':
      return () => objectOf(wrapper.obj);
    case 'aq_explicit':
      return () =>
        wrapper.implicit ? new Wrapper(wrapper.obj, wrapper.container, false).proxy : wrapper.proxy;
    case 'aq_inner':
      return () => innermost(wrapper).proxy;
    case 'aq_chain':
      return () => chainOf(wrapper, false);
    case 'aq_acquire':
    case 'aq_inContextOf': {
      const method = boundHelpers.get(name)!;
      return () => method.bind(undefined, wrapper.proxy);
    }
    default:
      return undefined;
  }
}

/** Filled by `acquisition.ts`, whose functions the attributes of the same names call. */
// oxlint-disable-next-line typescript/no-explicit-any -- functions with different parameters behind one table
export const boundHelpers = new Map<string, (object: any, ...rest: any[]) => unknown>();

export function innermost(wrapper: Wrapper): Wrapper {
  let at = wrapper;
  while (at.obj instanceof Wrapper) at = at.obj;
  return at;
}

/** The `__parent__` that an object that is not wrapped says it has. */
export function declaredParent(node: Meta | object): unknown {
  const parent =
    node instanceof Meta ? node.read('__parent__', node, node.object) : Reflect.get(node, '__parent__');
  return parent ?? null;
}

export function chainOf(start: Node, containment: boolean): object[] {
  const chain: object[] = [];
  let at: Node | null = start;
  while (at !== null) {
    if (at instanceof Wrapper) {
      if (containment) at = innermost(at);
      chain.push((at as Wrapper).proxy);
      at = (at as Wrapper).container;
    } else {
      chain.push(objectOf(at));
      const parent = declaredParent(at);
      at = parent === null || typeof parent !== 'object' ? null : nodeOf(parent);
    }
  }
  return chain;
}

function filtered(wrapper: Node, name: string, value: unknown, search: Search): boolean {
  const { filter, original } = search;
  if (filter === undefined) return true;
  const seen = original instanceof Wrapper ? original.proxy : original;
  return filter(seen, objectOf(wrapper), name, value, search.extra);
}

/**
 * Looks for an attribute in a wrapped object and then along its containers. Undefined when there is none.
 * The order of the search is Acquisition's own; its "algebra" of containment and context follows from it.
 */
export function findAttribute(
  start: Wrapper,
  name: string,
  search: Search,
  searchSelf: boolean,
  searchParent: boolean,
): unknown {
  if (name === '__parent__' || (name.charCodeAt(0) === 97 && name.startsWith('aq_'))) {
    const special = findSpecial(start, name);
    if (special !== undefined) {
      const value = special();
      return filtered(start, name, value, search) ? value : undefined;
    }
  }
  let wrapper = start;
  if (search.containment) wrapper = innermost(start);
  if (searchSelf) {
    const { obj } = wrapper;
    if (obj instanceof Wrapper) {
      const value = findAttribute(obj, name, search, true, search.explicit || obj.implicit);
      if (value !== undefined) return typeof value === 'function' ? value : applyOf(value, wrapper);
    } else {
      const { container } = wrapper;
      if (container instanceof Wrapper && container.container === wrapper) {
        throw new PersistentUseError(`${name}: two objects are each other's container`);
      }
      const value = ownAttribute(obj, name, wrapper);
      if (value === Acquired) return acquire(wrapper, name, { ...search, explicit: true });
      if (value !== undefined && filtered(wrapper, name, value, search)) return value;
    }
  }
  if (
    searchParent &&
    (search.explicit || (name.charCodeAt(0) !== 95 && !isProbed(name, name.charCodeAt(0))))
  ) {
    return acquire(wrapper, name, search);
  }
  return undefined;
}

/** Looks for an attribute in the container of a wrapped object, and on from there. */
function acquire(wrapper: Wrapper, name: string, search: Search): unknown {
  let { container } = wrapper;
  if (container === null) return undefined;
  let searchSelf = true;
  let searchParent = true;
  let rules = search;
  const wasWrapped = container instanceof Wrapper;
  if (container instanceof Wrapper) {
    if (wrapper.obj instanceof Wrapper) {
      if (wrapper.obj.container === container.container) searchParent = false;
      else if (wrapper.obj.container === container.obj) searchSelf = false;
    }
    if (container.container === wrapper.obj) {
      searchParent = false;
      if (!rules.containment) rules = { ...rules, containment: true };
    }
  } else {
    const parent = declaredParent(container);
    if (parent !== null && typeof parent === 'object') {
      const parentNode = nodeOf(parent);
      if (parentNode === wrapper.obj || (parentNode instanceof Wrapper && parentNode.obj === wrapper.obj)) {
        searchParent = false;
      }
      // The wrapper that remembers the parent's last context must not be taken for a cycle of containers.
      const place =
        parentNode === wrapper ? new Wrapper(wrapper.obj, wrapper.container, wrapper.implicit) : parentNode;
      container = new Wrapper(container, place, true);
    }
  }
  if (container instanceof Wrapper) {
    const value = findAttribute(container, name, rules, searchSelf, searchParent);
    if (typeof value === 'function') return bindTo(value, container);
    return wasWrapped ? applyOf(value, wrapper) : value;
  }
  const value = ownAttribute(container, name, container);
  if (value === undefined || value === Acquired || !filtered(container, name, value, search))
    return undefined;
  if (typeof value === 'function') return bindTo(value, container);
  return applyOf(value, wrapper);
}

const bound = new WeakSet<object>();

/** A method that was acquired runs on the object it was found in, not on the one it was asked of. */
function bindTo(method: object, container: Node): unknown {
  if (bound.has(method)) return method;
  const result = Function.prototype.bind.call(method as () => unknown, objectOf(container)) as object;
  bound.add(result);
  return result;
}
