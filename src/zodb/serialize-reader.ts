import {
  CHANGED,
  type ClassInfo,
  GHOST,
  metaOf,
  type Oid,
  type PersistentMeta,
  Reference,
  UPTODATE,
} from '../persistent/index.ts';
import { BROKEN_STATE } from './broken.ts';
import { CorruptRecordError } from './connection-errors.ts';
import { describedClass, scanClass } from './serialize-class.ts';
import { FastReader, UNREAD } from './serialize-fast.ts';
import { readClass, readState } from './serialize-pickle.ts';
import { parseReference } from './serialize-references.ts';
import { PersistentWeakRef, type WeakHost } from './weak-reference.ts';

type State = Record<string, unknown>;

/** What a reader needs of the connection that it reads for. */
export interface ReaderHost extends WeakHost {
  resolve(reference: Reference): PersistentMeta;
}

/** Turns records into the states of objects. */
export class ObjectReader {
  readonly #host: ReaderHost;
  readonly #fast = new FastReader();

  constructor(host: ReaderHost) {
    this.#host = host;
  }

  /** The class of a record. */
  classOf(data: Uint8Array): ClassInfo {
    return scanClass(data)?.info ?? describedClass(readClass(data)).info;
  }

  /** Gives a ghost the state of its record. */
  fill(meta: PersistentMeta, data: Uint8Array): void {
    const { info } = meta;
    // Set first: while the state is set, changes are no changes.
    meta.status = CHANGED;
    try {
      if (info.setState === undefined) meta.state = this.#attributes(meta, data);
      else {
        meta.state = info.isBase ? {} : info.newState();
        info.setState.call(meta.object, this.state(meta, data));
      }
    } catch (error) {
      meta.state = null;
      meta.status = GHOST;
      throw error;
    }
    meta.status = UPTODATE;
  }

  /** The state of a record as a value of its own: what `__setstate__` takes. */
  state(meta: PersistentMeta, data: Uint8Array): unknown {
    const { info } = meta;
    const plain = !info.python && !info.isBase;
    // Classes that keep tracked containers look references up when they are asked for them.
    const resolve = '_p_held' in info.prototype ? null : this.#resolve;
    const scanned = scanClass(data);
    if (scanned !== undefined) {
      const value = this.#fast.read(data, scanned.end, scanned.info, null, plain, resolve);
      if (value !== UNREAD) return value;
    }
    return this.#general(meta, data, plain, resolve !== null);
  }

  readonly #resolve = (oid: Oid, info: ClassInfo): object =>
    this.#host.resolve(new Reference(oid, info, null)).object;

  #attributes(meta: PersistentMeta, data: Uint8Array): State {
    const { info } = meta;
    const scanned = scanClass(data);
    if (scanned !== undefined) {
      const state = info.newState();
      if (this.#fast.read(data, scanned.end, scanned.info, state, !info.python, null) === state) return state;
    }
    // Objects instead of references: an instance of a class of the site's own may hold them where nobody looks them up.
    const value = this.#general(meta, data, !info.python, true);
    const state = info.newState();
    if (value instanceof Map && !hasOtherKeys(value)) {
      for (const [name, item] of value as Map<string, unknown>) assign(state, name, item);
    } else if (
      value !== null &&
      typeof value === 'object' &&
      Object.getPrototypeOf(value) === Object.prototype
    ) {
      for (const [name, item] of Object.entries(value)) assign(state, name, item);
    } else if (info.broken) {
      state[BROKEN_STATE] = value;
    } else if (value !== null) {
      throw new CorruptRecordError(
        `the state of ${meta.describe()} is no dict of attributes, and the class has no __setstate__`,
      );
    }
    return state;
  }

  #general(meta: PersistentMeta, data: Uint8Array, plain: boolean, resolve: boolean): unknown {
    const persistentLoad = (pid: unknown): unknown => {
      const value = this.#persistent(pid);
      return resolve && value instanceof Reference && value.info !== null && value.database === null
        ? this.#host.resolve(value).object
        : value;
    };
    try {
      return readState(data, persistentLoad, plain);
    } catch (error) {
      throw new CorruptRecordError(
        `the record of ${meta.describe()} cannot be read: ${(error as Error).message}`,
        {
          cause: error,
        },
      );
    }
  }

  /** What a persistent id stands for: a reference, or a weak one. */
  #persistent(pid: unknown): unknown {
    const found = parseReference(pid);
    if (found.weak) {
      const database = found.database ?? this.#host.db.databaseName;
      return new PersistentWeakRef({ host: this.#host, oid: found.oid, database });
    }
    return new Reference(
      found.oid,
      found.description === undefined ? null : describedClass(found.description).info,
      found.database,
    );
  }
}

function hasOtherKeys(map: Map<unknown, unknown>): boolean {
  for (const key of map.keys()) if (typeof key !== 'string') return true;
  return false;
}

function assign(state: State, name: string, given: unknown): void {
  const value = metaOf(given) ?? given;
  if (name === '__proto__') {
    Object.defineProperty(state, name, { value, writable: true, enumerable: true, configurable: true });
  } else state[name] = value;
}

/** The objects that a record refers to and that keep it company at a pack: not those of weak references. */
export function referencesOf(data: Uint8Array): Oid[] {
  const oids: Oid[] = [];
  const note = (oid: Oid): object => {
    oids.push(oid);
    return oids;
  };
  const scanned = scanClass(data);
  if (
    scanned !== undefined &&
    referenceScanner.read(data, scanned.end, scanned.info, null, false, note) !== UNREAD
  )
    return oids;
  oids.length = 0;
  readState(
    data,
    (pid) => {
      const { oid, database, weak } = parseReference(pid);
      if (!weak && database === null) oids.push(oid);
      return null;
    },
    false,
  );
  return oids;
}

const referenceScanner = new FastReader();
