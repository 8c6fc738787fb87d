import { inspect } from 'node:util';
import { type ClassInfo, infoOf } from './class-info.ts';
import { tick } from './clock.ts';
import { HANDLER, PERSISTENT } from './handler-symbol.ts';
import { deactivate, estimatedSize, GHOST, type Jar, Meta, setChanged, timeOfTid, UPTODATE } from './meta.ts';
import type { Oid } from './slot.ts';

/** The class whose ghost is being made: its constructors do not run, and its instance is not loaded. */
let ghostOf: ClassInfo | null = null;

/**
 * The base of persistent classes that are used without a proxy (BTrees, `Length`, `PersistentMapping`): they call
 * `_p_activate()` before they read their fields and set `_p_changed = true` after changing them.
 */
export abstract class PersistentBase {
  static readonly [PERSISTENT] = true;

  readonly [HANDLER]: Meta;

  constructor() {
    let meta: Meta;
    if (ghostOf === null) {
      meta = new Meta(infoOf(new.target), {}, UPTODATE, this);
    } else {
      meta = new Meta(ghostOf, null, GHOST, this);
      ghostOf = null;
    }
    this[HANDLER] = meta;
  }

  /** Loads the object if it is not loaded. */
  _p_activate(): void {
    const meta = this[HANDLER];
    meta.used = tick();
    if (meta.status < 0) meta.activate();
  }

  /** Unloads the object unless it has been changed. */
  _p_deactivate(): void {
    deactivate(this[HANDLER]);
  }

  /** Unloads the object; changes are lost. */
  _p_invalidate(): void {
    this[HANDLER].invalidate();
  }

  get _p_changed(): boolean | null {
    const { status } = this[HANDLER];
    return status === GHOST ? null : status === 1;
  }

  set _p_changed(value: boolean | null) {
    if (value === true) this[HANDLER].touch();
    else setChanged(this[HANDLER], value);
  }

  /** -1 ghost, 0 up to date, 1 changed, 2 not to be unloaded. */
  get _p_state(): number {
    return this[HANDLER].status;
  }

  get _p_jar(): Jar | null {
    return this[HANDLER].jar;
  }

  get _p_oid(): Oid | null {
    return this[HANDLER].oid ?? null;
  }

  get _p_serial(): bigint {
    return this[HANDLER].tid;
  }

  get _p_mtime(): number | null {
    this._p_activate();
    const { tid } = this[HANDLER];
    return tid === 0n ? null : timeOfTid(tid);
  }

  get _p_estimated_size(): number {
    return estimatedSize(this[HANDLER]);
  }

  /** What is stored. */
  abstract __getstate__(): unknown;

  /** Takes what was stored; sets every field, since no constructor has run. */
  abstract __setstate__(state: unknown): void;

  /** Shown without being loaded. */
  [inspect.custom](depth: number, options: object): string {
    const meta = this[HANDLER] as Meta | undefined;
    if (meta === undefined) return '[a prototype]';
    const { oid, status, info } = meta;
    const head = `<${info.cls.name}${oid === undefined ? '' : ` oid=0x${oid.toString(16)}`}>`;
    if (status === GHOST) return `${head} (not loaded)`;
    if (depth < 0) return head;
    const content: unknown =
      this instanceof Map || Symbol.iterator in this
        ? [...(this as unknown as Iterable<unknown>)]
        : { ...this };
    return `${head} ${inspect(content, options)}`;
  }

  /** Drops the content when the object is unloaded. `__setstate__` will set every field again. */
  _p_release(): void {
    const fields = this as unknown as Record<string, unknown>;
    for (const name of Object.keys(this)) fields[name] = undefined;
  }
}

/** Makes a ghost of a `PersistentBase` class: only the constructor of the base runs. */
function newBaseGhost(info: ClassInfo): Meta {
  ghostOf = info;
  try {
    return (Reflect.construct(PersistentBase, [], info.cls) as PersistentBase)[HANDLER];
  } finally {
    ghostOf = null;
  }
}

/** Makes the record of an object that is not loaded. */
export function newGhost(info: ClassInfo): Meta {
  return info.isBase ? newBaseGhost(info) : new Meta(info, null, GHOST);
}
