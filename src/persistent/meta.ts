import { inspect } from 'node:util';
import { type ClassInfo, WRAP_NONE } from './class-info.ts';
import { tick } from './clock.ts';
import { PersistentUseError } from './errors.ts';
import { HANDLER } from './handler-symbol.ts';
import { type Context, type Oid, type Reference, Slot, VolatileSlot } from './slot.ts';
import { exposeRaw, toSlot } from './containers/adopt.ts';
import { inContext, type Wrapper } from './wrapper.ts';

/** `_p_state` of an object: not loaded, as stored, changed in this transaction, not to be unloaded. */
export const GHOST = -1;
export const UPTODATE = 0;
export const CHANGED = 1;
export const STICKY = 2;

/** What a persistent object needs of its database connection. */
export interface Jar {
  /** Fills a ghost's state with `fill`; throws when there is no record of the object. */
  load(object: Meta): void;
  /** Called at the first change of an object in a transaction; throws to refuse the change. */
  register(object: Meta): void;
  /** Asks for a conflict when another transaction changes the object, though this one only reads it. */
  readCurrent(object: Meta): void;
  /** An object has become a ghost. */
  unloaded(object: Meta): void;
  /** The object that a reference leads to. */
  resolve(reference: Reference): Meta;
  /** An object has handed out a value whose changes cannot be seen: it is to be compared at the end. */
  watch(object: Meta): void;
  /** Whether the object can be loaded again, which a new one that was never stored cannot. */
  canReload?(object: Meta): boolean;
}

type State = Record<string, unknown>;

/**
 * The record of one persistent object in memory, and at the same time the handler of the proxy through which it is
 * used: one allocation, and the traps have all they need on `this`.
 *
 * Over 400 lines: the traps are here for that reason.
 */
export class Meta extends Slot implements ProxyHandler<object> {
  /**
   * The attributes, with the class's prototype; null for a ghost. A `PersistentBase` keeps its attributes itself: here is
   * an empty object, another one after each loading, by which what was handed out before is known to be stale.
   */
  state: State | null;
  readonly info: ClassInfo;
  jar: Jar | null = null;
  oid: Oid | undefined = undefined;
  tid: bigint = 0n;
  status: number;
  /** The moment of the last use, as `tick` counts, and the moment by which the object has its place in the cache's ring. */
  used = 0;
  placed = 0;
  /** Whether a container or other changeable part of the state is in the hands of user code. */
  handedOut = false;
  /** Whether a container that user code made, and may still hold, was put in the state since the last commit. */
  adopted = false;
  /** Maps, sets and dates of the state that are tracked in place. */
  inPlace: object[] | null = null;
  /** Size of the record in bytes. */
  size = 0;
  /** What user code sees: the proxy, made when first needed, or the `PersistentBase`. */
  #object: object | null;
  /** Whether this is the record of a `PersistentBase`, which is used without a proxy. */
  readonly isBase: boolean;
  /** Neighbours in the cache's ring. */
  ringBefore: Meta | null = null;
  ringAfter: Meta | null = null;
  /** The wrapper last made for a value read through this object. */
  lastChild: Wrapper | null = null;

  /**
   * The traps that most uses of a proxy call. Own properties, and the last ones: the engine looks a trap up anew for each use,
   * and looks at the own properties of the handler first, from the last to the first.
   */
  readonly set = setTrap;
  readonly get = getTrap;

  constructor(info: ClassInfo, state: State | null, status: number, object: object | null = null) {
    super();
    this.info = info;
    this.state = state;
    this.status = status;
    this.#object = object;
    this.isBase = object !== null;
  }

  /** The object that user code sees. */
  get object(): object {
    return (this.#object ??= new Proxy(this.info.target, this));
  }

  /** Whether user code may hold the object. */
  get isExposed(): boolean {
    return this.#object !== null;
  }

  isObject(object: object): boolean {
    return this.#object === object;
  }

  /** The state, loaded when this is a ghost. */
  activate(): State {
    if (this.status === GHOST) {
      if (this.jar !== null) this.jar.load(this);
      // An object without a database that was told to unload keeps what nobody could give it again.
      else if (this.state === null)
        throw new PersistentUseError(`${this.info.cls.name}: the object was discarded before it was loaded`);
    }
    return this.state!;
  }

  /** Makes the object a ghost; what has changed is lost. */
  ghostify(): void {
    if (this.jar === null || this.oid === undefined) return;
    this.status = GHOST;
    this.handedOut = false;
    this.lastChild = null;
    this.state = null;
    this.adopted = false;
    this.inPlace = null;
    if (this.isBase) (this.#object as { _p_release(): void })._p_release();
    this.jar.unloaded(this);
  }

  /** Notes a change: the first of a transaction registers the object with its connection. A new object only has a state. */
  touch(): void {
    this.used = tick();
    if (this.status === CHANGED || this.jar === null) return;
    if (this.status === GHOST) this.activate();
    if (this.oid !== undefined) this.jar.register(this);
    this.status = CHANGED;
  }

  override expose(owner: Meta, context: Context, name: string): unknown {
    if (this.info.wrapping === WRAP_NONE) return this.object;
    // An object's parent and name are no parts of it.
    if (context === owner && name.charCodeAt(0) === 95 && (name === '__parent__' || name === '__name__')) {
      return this.object;
    }
    return inContext(this, context);
  }

  override stored(): unknown {
    return this;
  }

  [inspect.custom](): string {
    return `<record of ${this.describe()}>`;
  }

  /** How the object is named in errors. */
  describe(): string {
    return this.oid === undefined ? this.info.cls.name : `${this.info.cls.name} 0x${this.oid.toString(16)}`;
  }

  /** Reads an attribute as it is seen through `context`; undefined when neither the object nor its class has it. */
  read(name: string, context: Context, receiver: object): unknown {
    const state = this.state ?? this.activate();
    this.used = tick();
    const { accessors } = this.info;
    if (accessors !== null) {
      const accessor = accessors.get(name);
      if (accessor !== undefined) return accessor.get?.call(receiver);
    }
    const value = state[name];
    if (typeof value !== 'object' || value === null) return value;
    return value instanceof Slot ? value.expose(this, context, name) : exposeRaw(this, context, name, value);
  }

  /**
   * The quick first look of a search: undefined when there is no such attribute, an object when it must be read by `read` in
   * the right context, and else the value.
   */
  readPlain(name: string): unknown {
    const state = this.state ?? this.activate();
    this.used = tick();
    const { accessors } = this.info;
    return accessors !== null && accessors.has(name) ? accessors : state[name];
  }

  /** Whether the object says itself where it is. A name in the code is looked up quicker than one in a variable. */
  get hasParent(): boolean {
    const state = this.state ?? this.activate();
    const { accessors } = this.info;
    return state['__parent__'] !== undefined || (accessors !== null && accessors.has('__parent__'));
  }

  write(name: string, value: unknown, receiver: object): boolean {
    const state = this.state ?? this.activate();
    const { accessors } = this.info;
    if (accessors !== null) {
      const accessor = accessors.get(name);
      if (accessor !== undefined) {
        if (accessor.set === undefined) return false;
        accessor.set.call(receiver, value);
        return true;
      }
    }
    return this.put(state, name, value);
  }

  private put(state: State, name: string, value: unknown): boolean {
    if (name.charCodeAt(0) === 95 && (name.startsWith('_v_') || isSpecial(name))) {
      this.used = tick();
      const bare = value !== null && typeof value === 'object' ? toVolatile(value) : value;
      state[name] = bare;
      return true;
    }
    const slot = value !== null && typeof value === 'object' ? toSlot(this, name, value) : value;
    if (this.status !== CHANGED) this.touch();
    else this.used = tick();
    if (name.charCodeAt(0) === 95 && name === '__proto__') {
      Object.defineProperty(state, name, {
        value: slot,
        writable: true,
        enumerable: true,
        configurable: true,
      });
    } else state[name] = slot;
    return true;
  }

  // The traps.

  has(_target: object, name: string | symbol): boolean {
    if (typeof name === 'string' && isSpecial(name))
      return name in specials || name in (this.state ?? this.info.prototype);
    this.used = tick();
    return name in (this.state ?? this.activate());
  }

  deleteProperty(_target: object, name: string | symbol): boolean {
    const state = this.state ?? this.activate();
    if (typeof name === 'symbol') return delete state[name as unknown as string];
    if (isSpecial(name)) {
      if (!(name in specials)) return delete state[name];
      if (name !== '_p_changed')
        throw new PersistentUseError(`${name} of ${this.describe()} cannot be deleted`);
      this.invalidate();
      return true;
    }
    if (!Object.hasOwn(state, name)) {
      // Python notes the change before it finds that there is nothing to delete.
      if (this.info.python && !name.startsWith('_v_')) this.touch();
      return true;
    }
    if (!name.startsWith('_v_')) this.touch();
    return delete state[name];
  }

  ownKeys(): (string | symbol)[] {
    this.used = tick();
    return Reflect.ownKeys(this.state ?? this.activate());
  }

  getOwnPropertyDescriptor(_target: object, name: string | symbol): PropertyDescriptor | undefined {
    const state = this.state ?? this.activate();
    this.used = tick();
    if (!Object.hasOwn(state, name)) return undefined;
    const value =
      typeof name === 'symbol' ? state[name as unknown as string] : this.read(name, this, this.object);
    return { value, writable: true, enumerable: true, configurable: true };
  }

  defineProperty(_target: object, name: string | symbol, descriptor: PropertyDescriptor): boolean {
    if (descriptor.get !== undefined || descriptor.set !== undefined) {
      throw new PersistentUseError(
        `${String(name)} of ${this.describe()}: an attribute of a persistent object is a value; put accessors on the class`,
      );
    }
    const state = this.state ?? this.activate();
    if (typeof name === 'symbol') return Reflect.set(state, name, descriptor.value);
    if (isSpecial(name)) return writeSpecial(this, name, descriptor.value);
    return this.put(state, name, descriptor.value);
  }

  setPrototypeOf(_target: object, prototype: object | null): boolean {
    if (prototype === this.info.prototype) return true;
    throw new PersistentUseError(`the class of ${this.describe()} cannot be changed`);
  }

  preventExtensions(): boolean {
    throw new PersistentUseError(
      `${this.describe()} cannot be frozen or sealed: it is loaded and unloaded as needed`,
    );
  }

  /** Unloads the object; changes are lost. One that has no database only counts as unloaded. */
  invalidate(): void {
    if (this.jar === null) this.status = GHOST;
    else this.ghostify();
  }
}

function getTrap(this: Meta, _target: object, name: string | symbol, receiver: object): unknown {
  if (typeof name === 'symbol') {
    if (name === HANDLER) return this.isObject(receiver) ? this : undefined;
    return Reflect.get(this.state ?? this.info.prototype, name, receiver);
  }
  if (isSpecial(name)) return readSpecial(this, name);
  // The body of `read`, repeated because a call less is a fifth of the cost.
  const state = this.state ?? this.activate();
  this.used = tick();
  const { accessors } = this.info;
  if (accessors !== null) {
    const accessor = accessors.get(name);
    if (accessor !== undefined) return accessor.get?.call(receiver);
  }
  const value = state[name];
  if (typeof value !== 'object' || value === null) return value;
  return value instanceof Slot ? value.expose(this, this, name) : exposeRaw(this, this, name, value);
}

function setTrap(
  this: Meta,
  _target: object,
  name: string | symbol,
  value: unknown,
  receiver: object,
): boolean {
  if (!this.isObject(receiver)) return setOnHeir(receiver, name, value);
  if (typeof name === 'symbol') return Reflect.set(this.activate(), name, value);
  if (name.charCodeAt(0) === 95) {
    if (isSpecial(name)) return writeSpecial(this, name, value);
  } else if (
    (this.status === CHANGED || (this.jar === null && this.state !== null)) &&
    this.info.accessors === null &&
    (typeof value !== 'object' || value === null)
  ) {
    // What most assignments are, without the calls of `write`.
    this.used = tick();
    this.state![name] = value;
    return true;
  }
  return this.write(name, value, receiver);
}

/** What `_v_` keeps: a wrapper is stored as its object, everything else as it is. */
function toVolatile(value: object): unknown {
  const handler = (value as { [HANDLER]?: { stored?(): unknown; base?: unknown } })[HANDLER];
  if (handler !== undefined && handler.base instanceof Meta) return new VolatileSlot(handler.base.object);
  return new VolatileSlot(value);
}

/** An assignment to an object that merely inherits from a proxy makes an own property of it. */
function setOnHeir(receiver: object, name: string | symbol, value: unknown): boolean {
  return Reflect.defineProperty(receiver, name, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}

export function isSpecial(name: string): boolean {
  return name.charCodeAt(0) === 95 && name.charCodeAt(1) === 112 && name.charCodeAt(2) === 95;
}

type Special = { get(meta: Meta): unknown; set?(meta: Meta, value: unknown): void };

function typeError(meta: Meta, name: string, expected: string): never {
  throw new PersistentUseError(`${name} of ${meta.describe()} must be ${expected}`);
}

/** Python's TimeStamp counts from 1901 first and rounds there; the last bits of what it gives are those of this detour. */
const SINCE_1901 = -Date.UTC(1901, 0, 1) / 1000;

// Pages ask for the same object's again and again, and big integers are slow.
let timed = 0n;
let time = secondsOfTid(0n);

/** `_p_mtime`: seconds since 1970 of a tid (whole minutes since 1900 in the upper half, parts of one in the lower). */
export function timeOfTid(tid: bigint): number {
  if (tid !== timed) {
    time = secondsOfTid(tid);
    timed = tid;
  }
  return time;
}

function secondsOfTid(tid: bigint): number {
  const minutes = Number(tid >> 32n);
  const minute = minutes % 60;
  const hour = Math.floor(minutes / 60) % 24;
  const days = Math.floor(minutes / 1440);
  const day = (days % 31) + 1;
  const month = Math.floor(days / 31) % 12;
  const year = Math.floor(days / 372) + 1900;
  const whole = Date.UTC(year, month, day, hour, minute) / 1000 + SINCE_1901;
  return whole + (Number(tid & 0xffffffffn) * 60) / 4294967296 - SINCE_1901;
}

const bound = <A extends unknown[], R>(method: (meta: Meta, ...args: A) => R) => ({
  get:
    (meta: Meta) =>
    (...args: A) =>
      method(meta, ...args),
});

/** The `_p_` attributes, as in Python. */
const specials: Record<string, Special> = Object.assign(Object.create(null) as Record<string, Special>, {
  _p_jar: {
    get: (meta) => meta.jar,
    set(meta, value) {
      if (meta.jar !== null && value !== meta.jar)
        typeError(meta, '_p_jar', 'left alone: the object belongs to a database');
      meta.jar = value as Jar | null;
    },
  },
  _p_oid: {
    get: (meta) => meta.oid ?? null,
    set(meta, value) {
      if (meta.jar !== null && meta.oid !== undefined)
        typeError(meta, '_p_oid', 'left alone: the object belongs to a database');
      if (value === null || value === undefined) meta.oid = undefined;
      else if (typeof value === 'number' || typeof value === 'bigint') meta.oid = value;
      else typeError(meta, '_p_oid', 'a number or bigint');
    },
  },
  _p_serial: {
    get: (meta) => meta.tid,
    set(meta, value) {
      meta.tid = typeof value === 'bigint' ? value : typeError(meta, '_p_serial', 'a bigint');
    },
  },
  _p_changed: {
    get: (meta) => (meta.status === GHOST ? null : meta.status === CHANGED),
    set: setChanged,
  },
  _p_state: { get: (meta) => meta.status },
  _p_mtime: {
    get(meta) {
      if (meta.jar !== null && meta.status === GHOST) meta.activate();
      return meta.tid === 0n ? null : timeOfTid(meta.tid);
    },
  },
  _p_estimated_size: {
    get: estimatedSize,
    set(meta, value) {
      meta.size =
        typeof value === 'number' && value >= 0
          ? value
          : typeError(meta, '_p_estimated_size', 'a number, at least 0');
    },
  },
  _p_activate: bound((meta) => void meta.activate()),
  _p_deactivate: bound(deactivate),
  _p_invalidate: bound((meta) => meta.invalidate()),
  _p_getattr: bound((meta, name: string) => {
    if (typeof name === 'string' && (isSpecial(name) || name in meta.info.prototype)) return true;
    meta.activate();
    return false;
  }),
} satisfies Record<string, Special>);

/** As Python keeps it: in 24 bits that count pieces of 64 bytes. */
export function estimatedSize({ size }: Meta): number {
  return Math.min(Math.ceil(size / 64), 0xff_ffff) * 64;
}

export function setChanged(meta: Meta, value: unknown): void {
  if (value === null) deactivate(meta);
  else if (value) meta.touch();
  else if (meta.status > UPTODATE) meta.status = UPTODATE;
}

export function deactivate(meta: Meta): void {
  if (meta.status === UPTODATE && meta.jar?.canReload?.(meta) !== false) meta.ghostify();
}

export function readSpecial(meta: Meta, name: string): unknown {
  const special = specials[name];
  if (special !== undefined) return special.get(meta);
  const value = (meta.state ?? (meta.info.prototype as State))[name];
  return value instanceof Slot ? value.stored() : value;
}

export function writeSpecial(meta: Meta, name: string, value: unknown): boolean {
  const special = specials[name];
  if (special === undefined) return meta.write(name, value, meta.object);
  if (special.set === undefined) throw new PersistentUseError(`${name} of ${meta.describe()} cannot be set`);
  special.set(meta, value);
  return true;
}
