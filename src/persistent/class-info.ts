import { Dict, registerValueClass, tuple } from '../pickle/index.ts';
import { ClassRegistrationError } from './errors.ts';
import { PERSISTENT } from './handler-symbol.ts';
import { refusePrivateFields } from './private-fields.ts';

// oxlint-disable-next-line typescript/no-explicit-any -- any class, whatever its constructor takes
export type Class<T extends object = object> = abstract new (...args: any[]) => T;

/** How instances take part in acquisition. */
export type Acquires = 'implicit' | 'explicit' | 'none';

export interface ClassOptions {
  /** The class is one of Python's: a `dict` in its records is loaded as a `Dict`, not as a plain object. Default false. */
  readonly python?: boolean;
  /** Whether names that an instance lacks are looked up in its containers. Default: as the base class, at last `'none'`. */
  readonly acquires?: Acquires;
  /** Further dotted names whose records load as this class. What was loaded under an alias is written under it again. */
  readonly aliases?: readonly string[];
  /** Of a class that is not persistent: its instances are never changed, so they need not be compared at commit. */
  readonly immutable?: boolean;
}

/** Prototypes of values that are registered as never changed. */
export const immutablePrototypes = new WeakSet<object>();

/** Values for fields that a record lacks. A function is called for every object and gives a fresh value. */
type Defaults = Readonly<Record<string, unknown>>;

/** How values of a class are put in the context of the object they are read from. */
export const WRAP_NONE = 0;
export const WRAP_IMPLICIT = 1;
export const WRAP_EXPLICIT = 2;
export const WRAP_CUSTOM = 3;

type StateConstructor = new () => Record<string, unknown>;

/** What this room knows of a class, worked out once. */
export class ClassInfo {
  readonly cls: Class;
  /** The names that records of these instances carry; undefined for a class that is not registered. */
  readonly module: string | undefined;
  readonly name: string | undefined;
  /** Whether the class stands for one that is not there: its instances keep their state as it is. */
  readonly broken: boolean;
  /** Whether instances are used without a proxy (`PersistentBase`). */
  readonly isBase: boolean;
  readonly prototype: Record<string, unknown>;
  /** The one proxy target that all instances share. */
  readonly target: object;
  /** The class's own accessors and those of its bases; null when there are none. */
  readonly accessors: Map<string, PropertyDescriptor> | null;
  /** Makes an empty state with the class's prototype; V8 sizes its instances by what is stored in them. */
  readonly State: StateConstructor;
  readonly acquires: Acquires;
  readonly wrapping: number;
  /** `static defaults` that are functions: called for each object. */
  readonly factories: readonly (readonly [string, () => unknown])[];
  readonly python: boolean;
  /** `__getstate__` and `__setstate__` of the class. */
  readonly getState: (() => unknown) | undefined;
  readonly setState: ((state: unknown) => void) | undefined;

  constructor(cls: Class, names: readonly [string, string] | undefined, broken: boolean) {
    this.cls = cls;
    this.module = names?.[0];
    this.name = names?.[1];
    this.broken = broken;
    this.prototype = cls.prototype as Record<string, unknown>;
    this.target = Object.create(this.prototype) as object;
    this.isBase = typeof this.prototype['_p_release'] === 'function';
    const accessors = new Map<string, PropertyDescriptor>();
    for (let at: object | null = this.prototype; at !== null && at !== Object.prototype; at = parentOf(at)) {
      for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
        const isAccessor = descriptor.get !== undefined || descriptor.set !== undefined;
        if (
          isAccessor &&
          !name.startsWith('_p_') &&
          !accessors.has(name) &&
          !shadowed(this.prototype, at, name)
        ) {
          accessors.set(name, descriptor);
        }
      }
    }
    this.accessors = accessors.size > 0 ? accessors : null;
    const State = function () {} as unknown as StateConstructor;
    Object.defineProperty(State, 'prototype', { value: this.prototype });
    this.State = State;
    const options = optionsOf(cls);
    this.acquires = options.acquires;
    // What class it was is not known; a Dict holds whatever there was.
    this.python = broken || options.python;
    const custom = this.prototype['__of__'];
    this.wrapping =
      typeof custom === 'function'
        ? WRAP_CUSTOM
        : this.acquires === 'implicit'
          ? WRAP_IMPLICIT
          : this.acquires === 'explicit'
            ? WRAP_EXPLICIT
            : WRAP_NONE;
    this.factories = installDefaults(cls);
    this.getState = this.prototype['__getstate__'] as (() => unknown) | undefined;
    this.setState = this.prototype['__setstate__'] as ((state: unknown) => void) | undefined;
  }

  /** An empty state with the defaults that are made for each object. */
  newState(): Record<string, unknown> {
    const state = new this.State();
    for (const [name, make] of this.factories) state[name] = make();
    return state;
  }
}

function parentOf(object: object): object | null {
  return Object.getPrototypeOf(object) as object | null;
}

/** Whether a nearer prototype has a plain value or method of the name. */
function shadowed(from: object, until: object, name: string): boolean {
  for (let at = from; at !== until; at = parentOf(at)!) if (Object.hasOwn(at, name)) return true;
  return false;
}

/**
 * `static defaults` of the class and its bases: plain values become values of the prototype, functions are returned.
 */
function installDefaults(cls: Class): [string, () => unknown][] {
  const factories = new Map<string, () => unknown>();
  const chain: Class[] = [];
  for (
    let at: Class | null = cls;
    at !== null && at !== Function.prototype;
    at = parentOf(at) as Class | null
  ) {
    chain.unshift(at);
  }
  for (const base of chain) {
    if (!Object.hasOwn(base, 'defaults')) continue;
    const defaults = (base as unknown as { defaults: Defaults }).defaults;
    for (const [name, value] of Object.entries(defaults)) {
      if (typeof value === 'function') factories.set(name, value as () => unknown);
      else {
        factories.delete(name);
        if (value !== null && typeof value === 'object' && !Object.isFrozen(value)) {
          throw new ClassRegistrationError(
            base.name,
            `${base.name}.defaults.${name}: a default that can be changed must be a function that makes it, e.g. ${name}: () => []`,
          );
        }
        if (!Object.hasOwn(base.prototype as object, name)) {
          Object.defineProperty(base.prototype, name, {
            value,
            writable: true,
            configurable: true,
            enumerable: false,
          });
        }
      }
    }
  }
  return [...factories];
}

interface Registration {
  readonly module: string;
  readonly name: string;
  readonly options: ClassOptions;
}

const infos = new WeakMap<Class, ClassInfo>();
const registrations = new WeakMap<Class, Registration>();
const byName = new Map<string, Class>();

function optionsOf(cls: Class): { acquires: Acquires; python: boolean } {
  let acquires: Acquires | undefined;
  let python: boolean | undefined;
  for (
    let at: Class | null = cls;
    at !== null && at !== Function.prototype;
    at = parentOf(at) as Class | null
  ) {
    const options = registrations.get(at)?.options;
    if (options === undefined) continue;
    acquires ??= options.acquires;
    // What a site derives from one of Python's classes is the site's own.
    if (at === cls) python = options.python;
  }
  return { acquires: acquires ?? 'none', python: python ?? false };
}

/** What is known of a class; worked out when its first instance is made. */
export function infoOf(cls: Class): ClassInfo {
  let info = infos.get(cls);
  if (info === undefined) {
    refusePrivateFields(cls);
    infos.set(cls, (info = new ClassInfo(cls, classNameOf(cls), false)));
  }
  return info;
}

const infosByName = new Map<string, ClassInfo>();

/**
 * What is known of the class that records call `module.name`. An alias has an entry of its own, so that what was loaded under
 * it is stored under it again. Undefined when no class has the name.
 */
export function infoNamed(module: string, name: string): ClassInfo | undefined {
  const dotted = `${module}.${name}`;
  let info = infosByName.get(dotted);
  if (info !== undefined) return info;
  const cls = byName.get(dotted);
  if (cls === undefined) return undefined;
  const main = infoOf(cls);
  info = main.module === module && main.name === name ? main : new ClassInfo(cls, [module, name], false);
  infosByName.set(dotted, info);
  return info;
}

/**
 * Registers the name under which instances of a class are stored. Needed before an instance is stored or loaded. Instances of
 * a class that is not persistent become part of the record of the object that holds them; their changes are found by comparing.
 *
 * @param dottedName Python's `module.Name`, e.g. `'OFS.Folder.Folder'`; what a site makes up for its own classes.
 * @throws ClassRegistrationError for a name or class that is taken, or a class whose instances have `#private` members.
 */
export function registerClass(cls: Class, dottedName: string, options: ClassOptions = {}): void {
  const [module, name] = split(dottedName, cls);
  if (infos.has(cls)) {
    throw new ClassRegistrationError(
      cls.name,
      `${cls.name} must be registered before its first instance is made`,
    );
  }
  const before = registrations.get(cls);
  if (before !== undefined) {
    throw new ClassRegistrationError(
      cls.name,
      `${cls.name} is registered as ${before.module}.${before.name}`,
    );
  }
  const names = [dottedName, ...(options.aliases ?? [])];
  for (const each of names) {
    split(each, cls);
    if (byName.has(each)) {
      throw new ClassRegistrationError(
        cls.name,
        `${each} is the name of another class (${byName.get(each)!.name})`,
      );
    }
  }
  refusePrivateFields(cls);
  for (const each of names) byName.set(each, cls);
  registrations.set(cls, { module, name, options });
  if (PERSISTENT in cls) return;
  for (const each of names) registerPlain(cls, each);
  if (options.immutable === true) immutablePrototypes.add(cls.prototype as object);
}

/** Instances of a class that is not persistent are parts of the records of the objects that hold them. */
function registerPlain(cls: Class, dottedName: string): void {
  const [module, name] = split(dottedName, cls);
  registerValueClass({
    module,
    name,
    class: cls,
    construct: () => Object.create(cls.prototype as object) as object,
    build(value, state) {
      // As the record has dicts: `Dict` or plain objects.
      if (state === null || typeof state !== 'object')
        throw new TypeError(`the state of a ${dottedName} is no dict`);
      const entries = state instanceof Map ? (state as Map<string, unknown>) : Object.entries(state);
      for (const [key, item] of entries) {
        Object.defineProperty(value, key, {
          value: item,
          writable: true,
          enumerable: true,
          configurable: true,
        });
      }
      return value;
    },
    reduce: (value) => ({
      args: tuple(),
      newObject: true,
      state: Dict.from(Object.entries(value).filter((entry) => entry[1] !== undefined)),
    }),
  });
}

function split(dottedName: string, cls: Class): [string, string] {
  const dot = dottedName.lastIndexOf('.');
  if (dot <= 0 || dot === dottedName.length - 1) {
    throw new ClassRegistrationError(
      cls.name,
      `${JSON.stringify(dottedName)}: a class is registered as 'module.Name'`,
    );
  }
  return [dottedName.slice(0, dot), dottedName.slice(dot + 1)];
}

/** The class registered under a Python module and name. */
export function findClass(module: string, name: string): Class | undefined {
  return byName.get(`${module}.${name}`);
}

/** The module and name that a class is stored under; undefined when it is not registered. */
export function classNameOf(cls: Class): readonly [module: string, name: string] | undefined {
  const registration = registrations.get(cls);
  return registration && [registration.module, registration.name];
}

/** Names of every registered class, with aliases. */
export function registeredNames(): string[] {
  return [...byName.keys()];
}
