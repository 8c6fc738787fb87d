import type { Tuple } from '../../pickle/index.ts';
import { applyOf, objectOf, Wrapper } from '../wrapper.ts';
import { ContainerError } from '../errors.ts';
import { HANDLER } from '../handler-symbol.ts';
import { Meta } from '../meta.ts';
import { type Context, Reference, Slot } from '../slot.ts';
import { ArrayTracker } from './array.ts';
import { trackInPlace } from './in-place.ts';
import { kindOf } from './kinds.ts';
import { ObjectTracker } from './object.ts';
import { attached } from './detached.ts';
import { Belonging, sharedError } from './tracker.ts';
import { TupleSlot } from './tuple.ts';

export type ProxyTracker = ArrayTracker | ObjectTracker;

/** The tracker of each array and plain object that is part of a persistent object. */
const trackers = new WeakMap<object, ProxyTracker>();

export function trackerOf(raw: object): ProxyTracker | undefined {
  return trackers.get(raw);
}

export function setTracker(raw: object, tracker: ProxyTracker): void {
  trackers.set(raw, tracker);
}

/** The tracker that makes an array or plain object part of the object that `belonging` names; a new one where there is none. */
export function track(raw: object, belonging: Belonging): ProxyTracker {
  // A frozen container may be part of several objects: nobody can change it, and its proxies refuse to.
  if (Object.isFrozen(raw)) return newTracker(raw, belonging);
  const existing = trackers.get(raw);
  if (existing !== undefined && existing.belonging.alive) {
    if (existing.belonging.owner === belonging.owner) return existing;
    throw sharedError(existing.belonging, belonging.owner, belonging.name);
  }
  const tracker = newTracker(raw, belonging);
  trackers.set(raw, tracker);
  return tracker;
}

function newTracker(raw: object, belonging: Belonging): ProxyTracker {
  belonging.owner.handedOut = true;
  return Array.isArray(raw)
    ? new ArrayTracker(raw, belonging)
    : new ObjectTracker(raw as Record<string, unknown>, belonging);
}

/**
 * The value of an attribute of loaded state when it is first read. Where the next reading can do without this work, its result
 * takes the place of the value.
 */
export function exposeRaw(owner: Meta, context: Context, name: string, value: object): unknown {
  const kind = kindOf(value);
  if (kind === 'leaf') return value;
  if (kind === 'contextual') return applyOf(value, context);
  const state = owner.state!;
  // A container that is an attribute of the class is no part of the object.
  if (!Object.hasOwn(state, name)) return value;
  switch (kind) {
    case 'array':
    case 'object': {
      const tracker = track(value, new Belonging(owner, name));
      state[name] = tracker;
      return tracker.proxy;
    }
    case 'tuple': {
      const slot = new TupleSlot(value as Tuple, new Belonging(owner, name));
      state[name] = slot;
      return slot.exposed;
    }
    case 'map':
    case 'set':
    case 'date':
    case 'frozenset':
      return trackInPlace(value, kind, new Belonging(owner, name));
    default:
      owner.handedOut = true;
      owner.jar?.watch(owner);
      return value;
  }
}

/** The value of an item of a container. */
export function exposeItem(value: unknown, belonging: Belonging): unknown {
  if (typeof value !== 'object' || value === null) return value;
  // Items are not put in the context of the container, as in Python: only attributes are.
  if (value instanceof Slot) return exposeSlot(value, belonging);
  const kind = kindOf(value);
  switch (kind) {
    case 'array':
    case 'object':
      return track(value, belonging).proxy;
    case 'tuple':
      return new TupleSlot(value as Tuple, belonging).exposed;
    case 'map':
    case 'set':
    case 'date':
    case 'frozenset':
      return trackInPlace(value, kind, belonging);
    case 'opaque': {
      // A proxy of this room (a container may hold one that user code put there) is no opaque value.
      if ((value as { [HANDLER]?: unknown })[HANDLER] === undefined) {
        belonging.owner.handedOut = true;
        belonging.owner.jar?.watch(belonging.owner);
      }
      return value;
    }
    default:
      return value;
  }
}

function exposeSlot(slot: Slot, belonging: Belonging): unknown {
  if (slot instanceof Meta) return slot.object;
  return slot instanceof Reference ? slot.resolve(belonging.owner).object : slot;
}

/** What the state keeps for a value that is assigned to an attribute. */
export function toSlot(owner: Meta, name: string, value: object): unknown {
  const handler = (value as { [HANDLER]?: unknown })[HANDLER];
  if (handler !== undefined) {
    const bare = fromHandler(handler, owner, name);
    if (bare instanceof Meta) return bare;
    return trackers.get(bare) ?? bare;
  }
  if (value instanceof Slot)
    throw new ContainerError('CONTAINER_UNTRACKABLE', `${owner.describe()}.${name}: not a value`);
  const kind = kindOf(value);
  if (owner.state === null) owner.activate();
  switch (kind) {
    case 'array':
    case 'object': {
      owner.adopted = true;
      const tracker = track(attached(value), new Belonging(owner, name));
      tracker.adopted = true;
      return tracker;
    }
    case 'tuple':
      owner.adopted = true;
      return new TupleSlot(value as Tuple, new Belonging(owner, name));
    case 'map':
    case 'set':
    case 'date':
    case 'frozenset':
      owner.adopted = true;
      return trackInPlace(value, kind, new Belonging(owner, name));
    default:
      return value;
  }
}

/** What a container keeps for a value that is put in it. */
export function toItem(value: unknown, belonging: Belonging): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const handler = (value as { [HANDLER]?: unknown })[HANDLER];
  if (handler !== undefined) return fromHandler(handler, belonging.owner, belonging.name);
  const kind = kindOf(value);
  switch (kind) {
    case 'array':
    case 'object': {
      const raw = attached(value);
      belonging.owner.adopted = true;
      track(raw, belonging).adopted = true;
      return raw;
    }
    case 'map':
    case 'set':
    case 'date':
    case 'frozenset':
      belonging.owner.adopted = true;
      return trackInPlace(value, kind, belonging);
    case 'tuple':
      belonging.owner.adopted = true;
      return value;
    default:
      return value;
  }
}

/** The bare value behind a proxy of this room. Throws a ContainerError for a container of another object. */
export function fromHandler(handler: unknown, owner: Meta, name: string): Meta | object {
  if (handler instanceof Meta) return handler;
  if (handler instanceof Wrapper) return handler.base instanceof Meta ? handler.base : objectOf(handler.base);
  const tracker = handler as ProxyTracker;
  tracker.belonging.check();
  if (tracker.belonging.owner !== owner) throw sharedError(tracker.belonging, owner, name);
  return tracker.raw;
}
