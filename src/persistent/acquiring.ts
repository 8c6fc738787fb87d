import { type Acquires, WRAP_CUSTOM, WRAP_EXPLICIT, WRAP_IMPLICIT, WRAP_NONE } from './class-info.ts';

/** As the value of a class attribute: the attribute is always acquired, also by explicit acquirers. */
export const Acquired: unique symbol = Symbol('Acquired');

/**
 * The base of objects that acquire and are not persistent (e.g. what binds a request to the root of a site). They are put in
 * a context by `wrap(object, parent)`, or when read from a wrapped or persistent object.
 */
export class Acquiring {
  /** How instances acquire; a subclass overrides it. */
  static acquires: Acquires = 'implicit';
}

/** An attribute whose value is computed for the object it is read from, in that object's context. */
export class ComputedAttribute {
  readonly #compute: (context: object) => unknown;

  constructor(compute: (context: object) => unknown) {
    this.#compute = compute;
  }

  __of__(parent: object): unknown {
    return this.#compute(parent);
  }
}

/** The `__of__` of a value that is not persistent. */
function ofHook(value: object): ((parent: object) => unknown) | undefined {
  const hook = (value as { __of__?: unknown }).__of__;
  return typeof hook === 'function' ? (hook as (parent: object) => unknown) : undefined;
}

/** How a value that is not persistent is put in a context. */
export function plainWrapping(value: object): number {
  if (ofHook(value) !== undefined) return WRAP_CUSTOM;
  if (!(value instanceof Acquiring)) return WRAP_NONE;
  const { acquires } = value.constructor as typeof Acquiring;
  return acquires === 'implicit' ? WRAP_IMPLICIT : acquires === 'explicit' ? WRAP_EXPLICIT : WRAP_NONE;
}
