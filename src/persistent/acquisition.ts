import { Acquired } from './acquiring.ts';
import { AcquisitionError } from './errors.ts';
import { HANDLER } from './handler-symbol.ts';
import { Meta } from './meta.ts';
import {
  type AcquireFilter,
  applyOf,
  boundHelpers,
  chainOf,
  declaredParent,
  findAttribute,
  innermost,
  type Node,
  nodeOf,
  objectOf,
  Wrapper,
} from './wrapper.ts';

export interface AcquireOptions {
  /** Decides whether a value that was found is taken, or the search goes on: `filter(original, container, name, value, extra)`. */
  readonly filter?: AcquireFilter;
  readonly extra?: unknown;
  /** What is returned when nothing is found; without it an `AcquisitionError` is thrown. */
  readonly default?: unknown;
  /** Look along the containers only, not along what the object was acquired through. Default false. */
  readonly containment?: boolean;
  /** Acquire also through an explicit acquirer, and names that begin with `_`. Default true. */
  readonly explicit?: boolean;
}

/** Whether a value is an object in the context of another. */
export function isWrapper(value: unknown): boolean {
  return (
    value !== null &&
    typeof value === 'object' &&
    (value as { [HANDLER]?: unknown })[HANDLER] instanceof Wrapper
  );
}

/** `object.__of__(parent)`: the object in the context of `parent`, when its class acquires; else the object. */
export function wrap<T>(object: T, parent: object): T {
  return applyOf(object, nodeOf(parent)) as T;
}

/** The object in whose context this one is; of an object without a wrapper its `__parent__`, or null. */
export function aqParent(object: unknown): object | null {
  if (object === null || typeof object !== 'object') return null;
  const node = nodeOf(object);
  if (node instanceof Wrapper) return node.container === null ? null : objectOf(node.container);
  const parent = declaredParent(node);
  return typeof parent === 'object' ? parent : null;
}

/** The object in the context of its own container, without what it was acquired through. */
export function aqInner<T>(object: T): T {
  const node = wrapperOf(object);
  return node === null ? object : (innermost(node).proxy as T);
}

/** The object without any context. */
export function aqBase<T>(object: T): T {
  const node = wrapperOf(object);
  return node === null ? object : (objectOf(node.base) as T);
}

/** The object without the outermost context. */
export function aqSelf<T>(object: T): T {
  const node = wrapperOf(object);
  return node === null ? object : (objectOf(node.obj) as T);
}

/** The object, its container, that one's container, and so on. With `containment` each without what it was acquired through. */
export function aqChain(object: object, containment = false): object[] {
  return chainOf(nodeOf(object), containment);
}

/** Whether `context` is the object itself, or an object in whose context it is. */
export function aqInContextOf(object: object, context: object, inner = true): boolean {
  if (context === null || typeof context !== 'object') return false;
  const node = nodeOf(context);
  const wanted = node instanceof Wrapper ? node.base : node;
  for (let at: Node | null = nodeOf(object); at !== null;) {
    if (!(at instanceof Wrapper)) {
      if (at === wanted) return true;
      const parent = declaredParent(at);
      at = parent !== null && typeof parent === 'object' ? nodeOf(parent) : null;
    } else {
      if (at.base === wanted) return true;
      at = (inner ? innermost(at) : at).container;
    }
  }
  return false;
}

/** The object in a wrapper that acquires nothing by itself, only what `aqAcquire` asks for. */
export function aqExplicit<T>(object: T): T {
  const node = wrapperOf(object);
  return node === null || !node.implicit ? object : (new Wrapper(node.obj, node.container, false).proxy as T);
}

/**
 * An attribute of the object or, where it lacks it, of the objects in whose context it is.
 *
 * @throws AcquisitionError when none has the attribute and no default is given.
 */
export function aqAcquire(object: object, name: string, options: AcquireOptions = {}): unknown {
  const { filter, extra, explicit = true, containment = false } = options;
  let node: Node = nodeOf(object);
  if (!(node instanceof Wrapper)) {
    const parent = declaredParent(node);
    if ((parent !== null && typeof parent === 'object') || filter !== undefined) {
      node = new Wrapper(node, parent === null ? null : nodeOf(parent as object), true);
    }
  }
  let value: unknown;
  if (node instanceof Wrapper) {
    const search = { filter, extra, original: node, explicit, containment };
    value = findAttribute(node, name, search, true, explicit || node.implicit);
  } else value = (object as Record<string, unknown>)[name];
  if (value !== undefined && value !== Acquired) return value;
  if ('default' in options) return options.default;
  throw new AcquisitionError(name);
}

/**
 * An attribute of the object itself or its class, never an acquired one. A persistent value comes in the object's context.
 * Undefined when there is none.
 */
export function getOwn(object: object, name: string): unknown {
  const node = nodeOf(object);
  if (!(node instanceof Wrapper)) return (object as Record<string, unknown>)[name];
  if (node.base instanceof Meta) return node.base.read(name, node, node.proxy);
  return applyOf((node.base as Record<string, unknown>)[name], node);
}

/**
 * Where an object is: itself in the context of its own container, without what it was acquired through. For walks along
 * containers, which need no object of the site for each of them.
 */
export type Place = Wrapper | Meta | object;

/** The place of an object together with what it was acquired through, for asking several questions about one object. */
export function hereOf(object: object): Place {
  return nodeOf(object);
}

/** What `aqParent` gives for the object at a place; null at the end. */
export function parentPlace(place: Place): Place | null {
  if (place instanceof Wrapper) return place.container;
  const parent = declaredParent(place);
  return parent === null || typeof parent !== 'object' ? null : nodeOf(parent);
}

export function placeOf(object: object): Place {
  const node = nodeOf(object);
  return node instanceof Wrapper ? innermost(node) : node;
}

/** The place of the container; null at the end. */
export function placeAround(place: Place): Place | null {
  if (place instanceof Wrapper) {
    const { container } = place;
    return container instanceof Wrapper ? innermost(container) : container;
  }
  const parent = declaredParent(place);
  return parent === null || typeof parent !== 'object' ? null : placeOf(parent);
}

/** What `getOwn` gives for the object at a place. */
export function ownAt(place: Place, name: string): unknown {
  const base = place instanceof Wrapper ? place.base : place;
  if (base instanceof Meta && !base.isBase) {
    const value = base.readPlain(name);
    if (value === null || typeof value !== 'object') return value;
  }
  return getOwn(objectOf(place), name);
}

/** Whether the object at a place was acquired. What it acquires in turn comes from its containers and from what it was acquired through, in Acquisition's order, and not from one chain of containers. */
export function wasAcquired(place: Place): boolean {
  return place instanceof Wrapper && place.obj instanceof Wrapper;
}

/** The object at a place. */
export function objectAt(place: Place): object {
  return objectOf(place);
}

function wrapperOf(object: unknown): Wrapper | null {
  if (object === null || typeof object !== 'object') return null;
  const handler = (object as { [HANDLER]?: unknown })[HANDLER];
  return handler instanceof Wrapper ? handler : null;
}

boundHelpers.set('aq_acquire', aqAcquire);
boundHelpers.set('aq_inContextOf', aqInContextOf);
