import { ContainerError } from '../errors.ts';
import type { Meta } from '../meta.ts';
import { Slot } from '../slot.ts';
import { exposeItem, toItem } from './adopt.ts';
import { type Kind, setKind } from './kinds.ts';
import { type Belonging, sharedError } from './tracker.ts';

/** Gives a private field to an object that exists already. */
class Given {
  constructor(object: object) {
    // oxlint-disable-next-line no-constructor-return -- the way to add a private field to another object
    return object;
  }
}

class Stamp extends Given {
  #belonging: Belonging;

  constructor(object: object, belonging: Belonging) {
    super(object);
    this.#belonging = belonging;
  }

  static of(object: object): Belonging | undefined {
    return #belonging in object ? object.#belonging : undefined;
  }

  static move(object: object, belonging: Belonging): void {
    (object as Stamp).#belonging = belonging;
  }
}

type InPlaceKind = Extract<Kind, 'map' | 'set' | 'date' | 'frozenset'>;

/**
 * Makes a map, set or date part of a persistent object. It stays the object that it is, so that whoever holds it changes the
 * persistent object: a prototype with methods that note changes is put before its own.
 */
export function trackInPlace(container: object, kind: InPlaceKind, belonging: Belonging): object {
  const present = Stamp.of(container);
  if (present !== undefined) {
    if (present.alive && present.owner !== belonging.owner) {
      throw sharedError(present, belonging.owner, belonging.name);
    }
    if (!present.alive) {
      Stamp.move(container, belonging);
      (belonging.owner.inPlace ??= []).push(container);
    }
    return container;
  }
  belonging.owner.handedOut = true;
  if (kind === 'frozenset')
    return hasSlots(container as Set<unknown>)
      ? resolvedSet(container as Set<unknown>, belonging)
      : container;
  if (!Object.isExtensible(container)) {
    throw new ContainerError(
      'CONTAINER_UNTRACKABLE',
      `${belonging.describe()}: changes of a frozen ${kind} cannot be seen; assign a copy that is not frozen`,
    );
  }
  if (kind === 'map') resolveKeys(container as Map<unknown, unknown>, belonging);
  if (kind === 'set') resolveMembers(container as Set<unknown>, belonging);
  const prototype = Object.getPrototypeOf(container) as object;
  Object.setPrototypeOf(container, trackingPrototype(prototype, kind));
  new Stamp(container, belonging);
  (belonging.owner.inPlace ??= []).push(container);
  return container;
}

/**
 * Runs `work` while the maps, sets and dates of an object are without their tracking: it sees them as they are stored, which is
 * also quicker.
 */
export function untracked<T>(owner: Meta, work: () => T): T {
  const containers = owner.inPlace;
  if (containers === null) return work();
  const tracking = containers.map((container) => Object.getPrototypeOf(container) as object);
  for (const [index, container] of containers.entries()) {
    Object.setPrototypeOf(container, Object.getPrototypeOf(tracking[index]!) as object);
  }
  try {
    return work();
  } finally {
    for (const [index, container] of containers.entries()) Object.setPrototypeOf(container, tracking[index]!);
  }
}

const prototypes = new WeakMap<object, object>();

function trackingPrototype(prototype: object, kind: Exclude<InPlaceKind, 'frozenset'>): object {
  let tracking = prototypes.get(prototype);
  if (tracking === undefined) {
    tracking =
      kind === 'map'
        ? mapPrototype(prototype)
        : kind === 'set'
          ? setPrototype(prototype)
          : datePrototype(prototype);
    prototypes.set(prototype, tracking);
    setKind(tracking, kind);
  }
  return tracking;
}

function hasSlots(set: Set<unknown>): boolean {
  for (const member of set) if (member instanceof Slot) return true;
  return false;
}

/** References among keys and members become the objects themselves, which can be looked up by identity. */
function resolveKeys(map: Map<unknown, unknown>, belonging: Belonging): void {
  let found = false;
  for (const key of map.keys()) found ||= key instanceof Slot;
  if (!found) return;
  const entries = [...map];
  map.clear();
  for (const [key, value] of entries) map.set(key instanceof Slot ? exposeItem(key, belonging) : key, value);
}

function resolveMembers(set: Set<unknown>, belonging: Belonging): void {
  if (!hasSlots(set)) return;
  const members = [...set];
  set.clear();
  for (const member of members) set.add(exposeItem(member, belonging));
}

function resolvedSet(set: Set<unknown>, belonging: Belonging): object {
  const constructor = set.constructor as new (items: unknown[]) => object;
  return new constructor([...set].map((member) => exposeItem(member, belonging)));
}

type Methods = Record<string | symbol, (this: object, ...args: unknown[]) => unknown>;

function hidden(prototype: object, methods: Methods): object {
  const tracking = Object.create(prototype) as object;
  for (const name of Reflect.ownKeys(methods)) {
    Object.defineProperty(tracking, name, {
      value: methods[name as string],
      configurable: true,
      writable: true,
    });
  }
  return tracking;
}

/** Replacements for the methods of these names, as far as the class has them: each notes the change, then does its work. */
function changing(prototype: object, names: readonly string[]): Methods {
  const methods: Methods = {};
  for (const name of names) {
    const method = (prototype as Methods)[name];
    if (typeof method !== 'function') continue;
    methods[name] = function (...args) {
      Stamp.of(this)?.change();
      return method.apply(this, args);
    };
  }
  return methods;
}

function mapPrototype(prototype: object): object {
  const map = prototype as unknown as Map<unknown, unknown>;
  const entries = function* (this: Map<unknown, unknown>): Generator<[unknown, unknown]> {
    const belonging = Stamp.of(this)!;
    belonging.check();
    for (const entry of map.entries.call(this)) {
      const value = entry[1];
      if (typeof value === 'object' && value !== null) entry[1] = exposeItem(value, belonging);
      yield entry;
    }
  };
  return hidden(prototype, {
    ...changing(prototype, [
      'update',
      'setdefault',
      'popitem',
      'pop',
      'move_to_end',
      'moveToEnd',
      'subtract',
    ]),
    get(key) {
      const belonging = Stamp.of(this)!;
      belonging.check();
      const value = map.get.call(this as Map<unknown, unknown>, key);
      return typeof value === 'object' && value !== null ? exposeItem(value, belonging) : value;
    },
    has(key) {
      Stamp.of(this)!.check();
      return map.has.call(this as Map<unknown, unknown>, key);
    },
    set(key, value) {
      const belonging = Stamp.of(this)!;
      const bare = toItem(value, belonging);
      belonging.change();
      return map.set.call(this as Map<unknown, unknown>, key, bare);
    },
    delete(key) {
      const belonging = Stamp.of(this)!;
      belonging.check();
      if (!map.has.call(this as Map<unknown, unknown>, key)) return false;
      belonging.change();
      return map.delete.call(this as Map<unknown, unknown>, key);
    },
    clear() {
      Stamp.of(this)!.change();
      map.clear.call(this as Map<unknown, unknown>);
    },
    keys() {
      Stamp.of(this)!.check();
      return map.keys.call(this as Map<unknown, unknown>);
    },
    *values() {
      const belonging = Stamp.of(this)!;
      belonging.check();
      for (const value of map.values.call(this as Map<unknown, unknown>)) yield exposeItem(value, belonging);
    },
    entries: entries as Methods[string],
    [Symbol.iterator]: entries as Methods[string],
    forEach(callback, thisArg) {
      const each = callback as (value: unknown, key: unknown, map: object) => void;
      for (const [key, value] of entries.call(this as Map<unknown, unknown>))
        each.call(thisArg, value, key, this);
    },
  });
}

function setPrototype(prototype: object): object {
  const set = prototype as unknown as Set<unknown>;
  return hidden(prototype, {
    ...changing(prototype, ['update', 'discard', 'remove', 'pop']),
    has(member) {
      Stamp.of(this)!.check();
      return set.has.call(this as Set<unknown>, member);
    },
    add(member) {
      const belonging = Stamp.of(this)!;
      belonging.check();
      if (set.has.call(this as Set<unknown>, member)) return this;
      belonging.change();
      return set.add.call(this as Set<unknown>, member);
    },
    delete(member) {
      const belonging = Stamp.of(this)!;
      belonging.check();
      if (!set.has.call(this as Set<unknown>, member)) return false;
      belonging.change();
      return set.delete.call(this as Set<unknown>, member);
    },
    clear() {
      Stamp.of(this)!.change();
      set.clear.call(this as Set<unknown>);
    },
    values() {
      Stamp.of(this)!.check();
      return set.values.call(this as Set<unknown>);
    },
  });
}

function datePrototype(prototype: object): object {
  const setters = Object.getOwnPropertyNames(Date.prototype).filter((name) => name.startsWith('set'));
  return hidden(prototype, changing(prototype, setters));
}
