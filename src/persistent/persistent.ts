import { inspect } from 'node:util';
import { type Class, infoOf } from './class-info.ts';
import { HANDLER, PERSISTENT } from './handler-symbol.ts';
import { type Jar, Meta, UPTODATE } from './meta.ts';
import type { Oid } from './slot.ts';
import { Wrapper } from './wrapper.ts';

/** The attributes that the database gives a persistent object; they are never stored. */
export interface PersistentAttributes {
  /** The connection that the object was loaded from or added to; null for a new object. */
  readonly _p_jar: Jar | null;
  readonly _p_oid: Oid | null;
  /** The transaction that last changed the object. */
  readonly _p_serial: bigint;
  /** null: not loaded; false: as stored; true: changed. Set to true after a change that cannot be seen; to null to unload. */
  _p_changed: boolean | null;
  /** -1 ghost, 0 up to date, 1 changed, 2 not to be unloaded. */
  readonly _p_state: number;
  /** When the object was last changed, in seconds since 1970. */
  readonly _p_mtime: number | null;
  readonly _p_estimated_size: number;
  /** Loads the object if it is not loaded. */
  _p_activate(): void;
  /** Unloads the object unless it has been changed. */
  _p_deactivate(): void;
  /** Unloads the object; changes are lost. */
  _p_invalidate(): void;
}

// oxlint-disable-next-line typescript/no-unsafe-declaration-merging -- the traps of the proxy implement them
export interface Persistent extends PersistentAttributes {}

/**
 * The base of objects that are stored as records of their own. Subclasses are written like any class: their attributes are
 * loaded when they are first touched, and stored when they have changed.
 *
 * - Objects are loaded without running constructors; a field that a record lacks has the value that `static defaults` or
 *   the prototype gives it.
 * - `#private` members are refused (`registerClass` throws).
 * - Attributes `_v_…` are neither stored nor tracked.
 */
export class Persistent {
  static readonly [PERSISTENT] = true;

  constructor() {
    const info = infoOf(new.target);
    // oxlint-disable-next-line no-constructor-return -- the proxy is what makes the object persistent
    return new Meta(info, info.newState(), UPTODATE).object as this;
  }

  /** Ghosts are shown without being loaded. */
  [inspect.custom](depth: number, options: object): string {
    const handler = (this as { [HANDLER]?: unknown })[HANDLER];
    const meta = handler instanceof Wrapper ? handler.base : handler;
    if (!(meta instanceof Meta)) return inspect({ ...this }, options);
    const oid = meta.oid === undefined ? '' : ` oid=0x${meta.oid.toString(16)}`;
    const place = handler instanceof Wrapper ? ' wrapped' : '';
    const head = `<${meta.info.cls.name}${oid}${place}>`;
    if (meta.state === null) return `${head} (not loaded)`;
    if (depth < 0) return head;
    const fields: Record<string, unknown> = {};
    for (const name of Object.keys(meta.state)) fields[name] = meta.read(name, meta, meta.object);
    return `${head} ${inspect(fields, { ...options, depth: depth - 1 })}`;
  }
}

/** Makes an object of a class without running its constructor: not loaded, or with no attributes yet. */
export function newPersistent(cls: Class): object {
  const info = infoOf(cls);
  return new Meta(info, info.newState(), UPTODATE).object;
}
