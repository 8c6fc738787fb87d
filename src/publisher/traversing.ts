/** Paths inside of the site, for templates, scripts and trusted code (INVENTORY 3.4). */
import { viewOf } from './views.ts';
import { aqBase, aqChain, aqInner, aqParent, getOwn } from '../persistent/index.ts';
import {
  AttributeError,
  getattr,
  getSecurityPolicy,
  KeyError,
  Unauthorized as GuardUnauthorized,
} from '../restricted/index.ts';
import { isTransient as isTransientError } from '../transaction/index.ts';
import { NotFound, Unauthorized } from './errors.ts';

const NOTHING: unique symbol = Symbol('nothing');

interface Container {
  __bobo_traverse__?(request: unknown, name: string): unknown;
  __getitem__?(name: string): unknown;
}

function rootOf(object: object): object {
  return aqChain(aqInner(object)).at(-1) as object;
}

function step(object: object, name: string, restricted: boolean): unknown {
  if (name === '..') {
    const parent = aqParent(object);
    if (parent === null || parent === undefined) throw new NotFound(name);
    if (restricted && !getSecurityPolicy().validate(object, object, name, parent))
      throw new Unauthorized(name);
    return parent;
  }
  if (name.startsWith('_')) throw new NotFound(name);
  if (typeof object !== 'object' || object === null) throw new NotFound(name);
  if (name.startsWith('@@') || name.startsWith('++')) return viewObject(object, name, restricted);
  const read = (): unknown =>
    restricted ? permitted(object, name, NOTHING) : (object as Record<string, unknown>)[name];
  const container = object as Container;
  let missing: unknown;
  if (getOwn(aqBase(object) as object, name) !== undefined) {
    // What the host gives to every object is no attribute.
    const own = read();
    if (own !== NOTHING) return own;
  }
  if (typeof getOwn(object, '__getitem__') === 'function') {
    const item = itemOf(container, name, (error) => (missing = error));
    if (item !== undefined) {
      if (restricted && !getSecurityPolicy().validate(object, object, undefined, item))
        throw new Unauthorized(name);
      return item;
    }
  }
  const value = read();
  if (value !== undefined && value !== NOTHING) return value;
  // What the container said itself is told.
  throw (
    missing ?? (typeof getOwn(object, '__getitem__') === 'function' ? new KeyError(name) : new NotFound(name))
  );
}

function viewObject(object: object, name: string, restricted: boolean): object {
  const view = viewOf(name)?.create(object);
  if (view === undefined) throw new AttributeError(name);
  if (restricted && !getSecurityPolicy().validate(object, view, undefined, view))
    throw new Unauthorized(name);
  return view;
}

/** An attribute that the user may have; a refusal names it and nothing else. */
function permitted(object: object, name: string, fallback: unknown): unknown {
  try {
    return getattr(object, name, fallback);
  } catch (error) {
    throw error instanceof GuardUnauthorized ? new GuardUnauthorized(name) : error;
  }
}

function itemOf(container: Container, name: string, onMissing: (error: unknown) => void): unknown {
  try {
    return container.__getitem__!(name);
  } catch (error) {
    if ((error as { name?: string }).name === 'KeyError') {
      onMissing(error);
      return undefined;
    }
    throw error;
  }
}

function walk(
  start: object,
  path: string | readonly string[],
  restricted: boolean,
  fallback: [unknown?],
): unknown {
  const names = typeof path === 'string' ? path.split('/') : [...path];
  let object: unknown = start;
  try {
    if (names.length > 1 && names[0] === '') {
      names.shift();
      object = rootOf(start);
      if (restricted && !getSecurityPolicy().validate(null, object, undefined, object))
        throw new Unauthorized('/');
    }
    for (const name of names) if (name !== '') object = step(object as object, name, restricted);
    return object;
  } catch (error) {
    if (fallback[0] === undefined || isTransientError(error)) throw error;
    return fallback[0];
  }
}

/**
 * The object at a path (`a/b`, a list of names, absolute with a leading `/`), each step checked for the current user.
 * Throws NotFound or Unauthorized unless a fallback is given.
 */
export function restrictedTraverse(
  start: object,
  path: string | readonly string[],
  ...fallback: [unknown?]
): unknown {
  return walk(start, path, true, fallback);
}

/** The same without checks, for trusted code. */
export function unrestrictedTraverse(
  start: object,
  path: string | readonly string[],
  ...fallback: [unknown?]
): unknown {
  return walk(start, path, false, fallback);
}
