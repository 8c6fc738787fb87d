/**
 * The quick look at an attribute of a persistent object: what the object or its class has itself, where one question settles whether
 * it may be read. Nearly every guarded access of a page is one. Everything else is left to the long way.
 */
import { metaOf } from '../../persistent/index.ts';
import { declarationGeneration } from '../declarations.ts';
import { getSecurityPolicy } from '../policy.ts';
import { BoundMethod } from '../runtime/objects.ts';
import { typeGeneration, typeOf } from '../runtime/types.ts';
import { HOST_NAMES, INSPECT_ATTRIBUTES, isHostObject, isPublic } from './declared.ts';

/** `'public'`: no question; `'ask'`: the policy decides; `'long'`: the name is no matter of this file. */
type Access = 'public' | 'ask' | 'long';

/** By prototype and name; dropped when a class is declared or gets a type. */
let known = new WeakMap<object, Map<string, Access>>();
let declarations = -1;
let types = -1;
/** Names may come from untrusted code: no more than a class could have. */
const MAX_NAMES = 1000;

/** `_`, `.`, `@`, `+`: private names, and steps of a path that are no names. */
const NO_NAME = /^[_.@+]|^$|\/|^aq_|__roles__$/;

function accessTo(object: object, prototype: object, name: string): Access {
  if (declarations !== declarationGeneration() || types !== typeGeneration()) {
    declarations = declarationGeneration();
    types = typeGeneration();
    known = new WeakMap();
  }
  let names = known.get(prototype);
  if (names === undefined) known.set(prototype, (names = new Map()));
  let access = names.get(name);
  if (access === undefined) {
    access = findAccess(object, name);
    if (names.size < MAX_NAMES) names.set(name, access);
  }
  return access;
}

function findAccess(object: object, name: string): Access {
  if (NO_NAME.test(name) || HOST_NAMES.has(name) || INSPECT_ATTRIBUTES.has(name)) return 'long';
  // What a registered type says of the name comes first.
  if (!isHostObject(object) || typeOf(object).lookup(name) !== undefined) return 'long';
  return isPublic(object, name) ? 'public' : 'ask';
}

/**
 * A text, number or method that a persistent object has itself, when it may be read now; undefined: the long way has to tell,
 * also whether there is anything, and what is thrown. The policy is asked each time, so there is no answer that could be stale.
 */
export function ownAttribute(object: unknown, name: string): unknown {
  const meta = metaOf(object);
  if (meta === undefined || meta.isBase) return undefined;
  const value = meta.readPlain(name);
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'boolean': {
      const access = accessTo(object as object, meta.info.prototype, name);
      if (access === 'public') return value;
      return access === 'ask' && getSecurityPolicy().validate(object, object, name, value)
        ? value
        : undefined;
    }
    case 'function': {
      if (meta.info.prototype[name] !== value) return undefined;
      const access = accessTo(object as object, meta.info.prototype, name);
      return access === 'public' ||
        (access === 'ask' && getSecurityPolicy().validate(object, object, name, value))
        ? new BoundMethod(object, value as never, name)
        : undefined;
    }
    default:
      return undefined;
  }
}

const ordinary = new WeakSet<object>();

/** Declares a method `restrictedTraverse` that looks for a name of the object itself as `getattr` does, before anything else. */
export function declareTraversal(method: (path: string) => unknown): void {
  ordinary.add(method);
}

/** What `restrictedTraverse(name)` of an object gives, where `ownAttribute` can tell. */
export function ownStep(object: object, name: string): unknown {
  const meta = metaOf(object);
  if (meta === undefined || meta.isBase) return undefined;
  const traverse = meta.readPlain('restrictedTraverse');
  return typeof traverse === 'function' && ordinary.has(traverse) ? ownAttribute(object, name) : undefined;
}
