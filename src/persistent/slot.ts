import type { ClassInfo } from './class-info.ts';
import type { Meta } from './meta.ts';
import type { Wrapper } from './wrapper.ts';

/** An object identifier: a number up to 2^53−1, a bigint beyond. */
export type Oid = number | bigint;

/** What an attribute is read through: the object itself or one of its wrappers. */
export type Context = Meta | Wrapper;

/**
 * What the state of a persistent object holds in place of a value that must not be handed out as it is.
 * State never holds proxies, so that writing a record sees plain data.
 */
export abstract class Slot {
  /** The value that user code sees; `context` is the object or wrapper that it is read through. */
  abstract expose(owner: Meta, context: Context, name: string): unknown;

  /** The value that is written to the record. */
  abstract stored(): unknown;
}

/** A `_v_` value: neither stored nor tracked. */
export class VolatileSlot extends Slot {
  readonly value: unknown;

  constructor(value: unknown) {
    super();
    this.value = value;
  }

  expose(): unknown {
    return this.value;
  }

  stored(): unknown {
    return this.value;
  }
}

/**
 * A reference to another record, as it was loaded: the object itself is made when the reference is first followed, so that
 * loading an object costs little for what it refers to, and objects that nobody uses need no place in the cache.
 */
export class Reference extends Slot {
  readonly oid: Oid;
  /** The class; null when the record itself must be asked. */
  readonly info: ClassInfo | null;
  /** The name of the database, when it is another one. */
  readonly database: string | null;

  constructor(oid: Oid, info: ClassInfo | null, database: string | null) {
    super();
    this.oid = oid;
    this.info = info;
    this.database = database;
  }

  resolve(owner: Meta): Meta {
    return owner.jar!.resolve(this);
  }

  override expose(owner: Meta, context: Context, name: string): unknown {
    const meta = this.resolve(owner);
    owner.state![name] = meta;
    return meta.expose(owner, context, name);
  }

  override stored(): unknown {
    return this;
  }
}
