import type { Class } from './class-info.ts';
import { HANDLER } from './handler-symbol.ts';
import { Meta } from './meta.ts';
import { Wrapper } from './wrapper.ts';

/** The record in memory of a persistent object, in whatever context it is; undefined for any other value. */
export function metaOf(value: unknown): Meta | undefined {
  if (value === null || typeof value !== 'object') return undefined;
  const handler = (value as { [HANDLER]?: unknown })[HANDLER];
  if (handler instanceof Meta) return handler;
  return handler instanceof Wrapper && handler.base instanceof Meta ? handler.base : undefined;
}

/** Whether a value is a persistent object, in whatever context. */
export function isPersistent(value: unknown): value is object {
  return metaOf(value) !== undefined;
}

/** The class of an object, also behind wrappers. What the object says of itself (`constructor`) is not asked. */
export function classOf(object: object): Class {
  const meta = metaOf(object);
  if (meta !== undefined) return meta.info.cls;
  const prototype = Object.getPrototypeOf(object) as object | null;
  const constructor =
    prototype === null ? undefined : Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  return typeof constructor === 'function' ? (constructor as Class) : Object;
}
