/** Which values need no permission: Python's own, held by Python's own containers. */
import { type Class, objectDeclarationOf } from '../declarations.ts';
import { PyError } from '../runtime/errors.ts';
import {
  BoundMethod,
  DictView,
  GuardedIterator,
  HostCallable,
  PyFunction,
  PyGenerator,
  PyInstance,
  PyModule,
} from '../runtime/objects.ts';
import { BuiltinMethod, classOfPrototype, Getter, PyType, typeOf } from '../runtime/types.ts';
import { Complex, Range, Slice } from '../runtime/values.ts';
import { PyFloat } from '../../pickle/index.ts';

/** What of an object is declared, by the prototype of its class: `undefined` in the map is "nothing". */
const objectAccess = new WeakMap<object, 'open' | 'ask'>();

/** Whether a list, dict or tuple may give this value without asking the policy. */
function needsPolicy(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype === null) return false;
  let access = objectAccess.get(prototype);
  if (access === undefined) {
    const cls = classOfPrototype(prototype);
    const declaration = cls === undefined ? undefined : objectDeclarationOf(cls as Class);
    const open =
      declaration === undefined || declaration === 'public' || Array.isArray(value) || value instanceof Map;
    access = open ? 'open' : 'ask';
    objectAccess.set(prototype, access);
  }
  return access === 'ask';
}

/** Python's own values: what a generator or a set may not even give, for want of a declaration. */
export function isPlain(value: unknown): boolean {
  if (value === null || typeof value !== 'object') return true;
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype === null) return false;
  let plain = plainness.get(prototype);
  if (plain === undefined) plainness.set(prototype, (plain = isPlainObject(value)));
  return plain;
}

/** Answers by prototype, instead of several `instanceof` for each value: each of those costs a trap where the value is a proxy. */
const plainness = new WeakMap<object, boolean>();

function isPlainObject(value: object): boolean {
  return (
    Array.isArray(value) ||
    value instanceof Map ||
    value instanceof Set ||
    value instanceof PyFloat ||
    value instanceof Uint8Array ||
    value instanceof Complex ||
    value instanceof Range ||
    value instanceof Slice ||
    isScriptObject(value)
  );
}

/** Objects that scripts make; what they reach is guarded when it is used. */
function isScriptObject(value: object): boolean {
  return (
    value instanceof PyInstance ||
    value instanceof PyFunction ||
    value instanceof BoundMethod ||
    value instanceof PyGenerator ||
    value instanceof GuardedIterator ||
    value instanceof DictView ||
    value instanceof PyType ||
    value instanceof PyModule ||
    value instanceof HostCallable ||
    value instanceof BuiltinMethod ||
    value instanceof Getter ||
    value instanceof PyError
  );
}

const texts = new WeakSet<object>();

/** Instances of a class are texts in Python: they give their characters as texts do. */
export function declareText(cls: { readonly prototype: object }): void {
  texts.add(cls.prototype);
}

const isText = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && texts.has(Object.getPrototypeOf(value) as object);

/** Whether `container` may give `item` without asking the policy. */
export function mayHold(container: unknown, item: unknown): boolean {
  if (typeof item === 'string' && isText(container)) return true;
  if (isOpenContainer(container)) return item === null || typeof item !== 'object' || !needsPolicy(item);
  return typeOf(container).givesItems && (isPublicObject(item) || isPlain(item));
}

const publicObjects = new WeakMap<object, boolean>();

/** Whether the class declares its instances public. */
function isPublicObject(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype === null) return false;
  let found = publicObjects.get(prototype);
  if (found === undefined) {
    const cls = classOfPrototype(prototype);
    found = cls !== undefined && objectDeclarationOf(cls as Class) === 'public';
    publicObjects.set(prototype, found);
  }
  return found;
}

/** Containers that give all of Python's own values. */
export function isOpenContainer(v: unknown): boolean {
  if (typeof v !== 'object' || v === null) return typeof v === 'string';
  if (Array.isArray(v) || v instanceof Map || v instanceof DictView || v instanceof Range) return true;
  return v instanceof GuardedIterator || v instanceof Uint8Array || v instanceof PyInstance;
}
