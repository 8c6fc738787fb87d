import { type Tuple, tupleFrom } from '../../pickle/index.ts';
import { HANDLER } from '../handler-symbol.ts';
import { Meta } from '../meta.ts';
import { objectOf, Wrapper } from '../wrapper.ts';
import { fromHandler, setTracker, track, trackerOf } from './adopt.ts';
import { ArrayTracker } from './array.ts';
import { detach } from './detached.ts';
import { trackInPlace } from './in-place.ts';
import { kindOf } from './kinds.ts';
import { ObjectTracker } from './object.ts';
import { Belonging } from './tracker.ts';
import { TupleSlot } from './tuple.ts';

/** A `PersistentBase` that keeps tracked containers names them. */
interface Holding {
  _p_held?(): Iterable<unknown>;
}

function held(meta: Meta): (readonly [string, unknown])[] {
  if (meta.isBase)
    return [...((meta.object as Holding)._p_held?.() ?? [])].map((value) => ['data', value] as const);
  return Object.entries(meta.state!);
}

/**
 * Before an object is written: everything in the containers that user code gave it becomes part of it.
 *
 * @throws ContainerError for a container that is also part of another object.
 */
export function claimContainers(meta: Meta): void {
  if (!meta.adopted || meta.state === null) return;
  const seen = new Set<object>();
  for (const [name, slot] of held(meta)) {
    if (slot === null || typeof slot !== 'object' || name.startsWith('_v_')) continue;
    if (slot instanceof Meta || (slot instanceof ArrayTracker && slot.isSimple)) continue;
    const belonging = new Belonging(meta, name);
    claim(
      slot instanceof ArrayTracker || slot instanceof ObjectTracker || slot instanceof TupleSlot
        ? slot.raw
        : slot,
      belonging,
      seen,
    );
  }
}

function claim(value: unknown, belonging: Belonging, seen: Set<object>): void {
  if (value === null || typeof value !== 'object' || seen.has(value)) return;
  if ((value as { [HANDLER]?: unknown })[HANDLER] !== undefined) return;
  seen.add(value);
  const kind = kindOf(value);
  if (kind === 'array' || kind === 'object') track(value, belonging);
  if (kind === 'map' || kind === 'set' || kind === 'date') trackInPlace(value, kind, belonging);
  bareItems(value, kind, belonging);
  for (const item of itemsOf(value, kind)) claim(item, belonging, seen);
}

/** User code may have put proxies that it read from the object into a container of its own: the data behind them takes their place. */
function bareItems(container: object, kind: string, belonging: Belonging): void {
  if (kind === 'map') {
    for (const [key, item] of Map.prototype.entries.call(container)) {
      const kept = bare(item, belonging);
      if (kept !== item) Map.prototype.set.call(container, key, kept);
    }
  } else if (kind === 'array' && !Object.isFrozen(container)) {
    const items = container as unknown[];
    for (let i = 0; i < items.length; i++) {
      const item = items[i];
      if (typeof item === 'object' && item !== null) items[i] = bare(item, belonging);
    }
  } else if (kind === 'object' && !Object.isFrozen(container)) {
    const fields = container as Record<string, unknown>;
    for (const key of Object.keys(container)) {
      const kept = bare(fields[key], belonging);
      if (kept !== fields[key]) fields[key] = kept;
    }
  }
}

function bare(value: unknown, belonging: Belonging): unknown {
  if (value === null || typeof value !== 'object') return value;
  const handler = (value as { [HANDLER]?: unknown })[HANDLER];
  if (handler instanceof ArrayTracker || handler instanceof ObjectTracker)
    return fromHandler(handler, belonging.owner, belonging.name);
  if (handler !== undefined || kindOf(value) !== 'tuple') return value;
  const items = (value as unknown[]).map((item) => bare(item, belonging));
  return items.every((item, index) => item === (value as unknown[])[index]) ? value : tupleFrom(items);
}

function itemsOf(value: object, kind: string): Iterable<unknown> {
  if (kind === 'array' || kind === 'tuple') return value as unknown[];
  if (kind === 'object') return Object.values(value);
  if (kind === 'map') return Map.prototype.values.call(value);
  return [];
}

/**
 * After an object is committed: arrays and plain objects that user code made are replaced by copies, and what user code may
 * still hold is frozen, since a change of it could not be seen.
 */
export function releaseContainers(meta: Meta): void {
  if (!meta.adopted || meta.state === null) return;
  meta.adopted = false;
  const copies = new Map<object, object>();
  for (const [name, slot] of held(meta)) {
    if (slot === null || typeof slot !== 'object' || name.startsWith('_v_')) continue;
    if (slot instanceof Meta) continue;
    if (slot instanceof ArrayTracker && slot.adopted && slot.isSimple) {
      // The most frequent case, without what the others need: the copy is tracked when somebody reads it.
      meta.state[name] = [...slot.raw];
      detach(slot.raw);
    } else if (slot instanceof ArrayTracker || slot instanceof ObjectTracker)
      release(slot.raw, slot.adopted, copies);
    else if (slot instanceof TupleSlot) slot.raw = release(slot.raw, false, copies) as Tuple;
    else release(slot, false, copies);
  }
}

function release(value: unknown, foreign: boolean, copies: Map<object, object>): unknown {
  if (value === null || typeof value !== 'object') return value;
  const handler = (value as { [HANDLER]?: unknown })[HANDLER];
  if (handler instanceof Wrapper) return handler.base instanceof Meta ? handler.base : objectOf(handler.base);
  if (handler instanceof Meta) return handler;
  const done = copies.get(value);
  if (done !== undefined) return done;
  const kind = kindOf(value);
  if (kind === 'tuple') {
    copies.set(value, value);
    const items = (value as unknown[]).map((item) => release(item, foreign, copies));
    if (items.every((item, index) => item === (value as unknown[])[index])) return value;
    const copy = tupleFrom(items);
    copies.set(value, copy);
    return copy;
  }
  if (kind === 'map') {
    copies.set(value, value);
    for (const [key, item] of Map.prototype.entries.call(value)) {
      const kept = release(item, true, copies);
      // The keys of a dict are normalised already, so the native method is the right one.
      if (kept !== item) Map.prototype.set.call(value, key, kept);
    }
    return value;
  }
  if (kind !== 'array' && kind !== 'object') return value;
  const tracker = trackerOf(value);
  const copied = (foreign || tracker?.adopted === true) && !Object.isFrozen(value);
  const target: object = copied
    ? Array.isArray(value)
      ? [...(value as unknown[])]
      : Object.assign(Object.create(Object.getPrototypeOf(value) as object | null) as object, value)
    : value;
  copies.set(value, target);
  const fields = target as Record<string, unknown>;
  for (const key of Object.keys(target)) {
    const item = fields[key];
    if (typeof item !== 'object' || item === null) continue;
    const kept = release(item, copied, copies);
    if (kept !== item) fields[key] = kept;
  }
  if (copied) {
    if (tracker !== undefined) {
      tracker.raw = target as unknown[] & Record<string, unknown>;
      tracker.adopted = false;
      setTracker(target, tracker);
    }
    detach(value);
  }
  return target;
}
