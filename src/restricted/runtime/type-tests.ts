/** `isinstance()`, `issubclass()`, and which errors an `except` clause catches. */
import { Tuple } from '../../pickle/index.ts';
import { PyError, TypeError } from './errors.ts';
import { PyType, typeOf } from './types.ts';

export function isInstance(v: unknown, type: unknown): boolean {
  if (type instanceof PyType)
    return v instanceof PyType ? type.name === 'type' : typeOf(v).isSubclassOf(type);
  if (type instanceof Tuple) {
    for (const one of type) if (isInstance(v, one)) return true;
    return false;
  }
  throw new TypeError('isinstance() arg 2 must be a type, a tuple of types, or a union');
}

export function isSubclass(v: unknown, type: unknown): boolean {
  if (!(v instanceof PyType)) throw new TypeError('issubclass() arg 1 must be a class');
  if (type instanceof PyType) return v.isSubclassOf(type);
  if (type instanceof Tuple) {
    for (const one of type) if (isSubclass(v, one)) return true;
    return false;
  }
  throw new TypeError('issubclass() arg 2 must be a class, a tuple of classes, or a union');
}

/** Whether `except types` catches `error`. */
export function matches(error: PyError, types: unknown): boolean {
  if (
    (types instanceof PyType &&
      types.cls !== undefined &&
      PyError.prototype.isPrototypeOf(types.cls.prototype as object)) ||
    (types instanceof PyType && types.cls === (PyError as never))
  )
    return typeOf(error).isSubclassOf(types as PyType);
  if (types instanceof Tuple) {
    let found = false;
    for (const one of types) found = matches(error, one) || found;
    return found;
  }
  throw new TypeError('catching classes that do not inherit from BaseException is not allowed');
}
