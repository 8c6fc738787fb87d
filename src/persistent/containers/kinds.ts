import { FrozenSet, KEY, PyFloat, Tuple } from '../../pickle/index.ts';
import { Acquiring } from '../acquiring.ts';
import { immutablePrototypes } from '../class-info.ts';

/** How the changes of a value can be seen. */
export type Kind =
  /** Cannot be changed. */
  | 'leaf'
  /** Behind a proxy. */
  | 'array'
  | 'object'
  /** Fixed itself, but its items may be changed. */
  | 'tuple'
  | 'frozenset'
  /** By methods of a prototype that is put before its own. */
  | 'map'
  | 'set'
  | 'date'
  /** Only by comparing. */
  | 'opaque'
  /** Gives another value in the context of the object it is read from. */
  | 'contextual';

const kinds = new Map<object | null, Kind>([
  [null, 'object'],
  [Object.prototype, 'object'],
  [Array.prototype, 'array'],
  [PyFloat.prototype, 'leaf'],
]);

/** The kind of a value that is not a proxy of this room. */
export function kindOf(value: object): Kind {
  const prototype = Object.getPrototypeOf(value) as object | null;
  let kind = kinds.get(prototype);
  if (kind === undefined) kinds.set(prototype, (kind = findKind(prototype!)));
  return kind;
}

function findKind(prototype: object): Kind {
  const is = (cls: { readonly prototype: object }) =>
    prototype === cls.prototype || cls.prototype.isPrototypeOf(prototype);
  if (is(Tuple)) return 'tuple';
  if (is(FrozenSet)) return 'frozenset';
  if (is(Map)) return 'map';
  if (is(Set)) return 'set';
  if (is(Date)) return 'date';
  if (is(Acquiring) || typeof (prototype as { __of__?: unknown }).__of__ === 'function') return 'contextual';
  // What Python can use as a key cannot be changed.
  return KEY in prototype || immutablePrototypes.has(prototype) ? 'leaf' : 'opaque';
}

/** Declares the prototype that tracks a kind of containers in place. */
export function setKind(prototype: object, kind: Kind): void {
  kinds.set(prototype, kind);
}
