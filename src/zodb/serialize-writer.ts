import { Dict, GlobalRef, tuple, UnpicklableError } from '../pickle/index.ts';
import {
  type ClassInfo,
  metaOf,
  type Oid,
  PersistentMeta,
  Reference,
  Slot,
  untracked,
} from '../persistent/index.ts';
import { BROKEN_STATE } from './broken.ts';
import { InvalidObjectReferenceError, UnstorableError } from './connection-errors.ts';
import { FastWriter, type Target } from './serialize-fast-writer.ts';
import { pathOf, step, whatIs } from './serialize-path.ts';
import { writeRecord, writeState } from './serialize-pickle.ts';
import { oidBytes } from './serialize-references.ts';
import { PersistentWeakRef } from './weak-reference.ts';

/** What a writer needs of the connection that it writes for. */
export interface WriterHost {
  readonly db: {
    readonly databaseName: string;
    readonly xrefs: boolean;
    readonly databases: ReadonlyMap<string, unknown>;
  };
  readonly connections: ReadonlyMap<string, unknown>;
  /** Gives a new object an oid. */
  adopt(meta: PersistentMeta): void;
  find(oid: Oid): PersistentMeta | undefined;
  /** Whether an object was imported in a transaction that was aborted. */
  isDiscarded?(meta: PersistentMeta): boolean;
}

/** Makes records of objects. */
export class ObjectWriter {
  /** New objects that records refer to and that are still to be written. */
  readonly pending: PersistentMeta[] = [];
  readonly #host: WriterHost;
  /** One array of bytes for each oid, so that a record says it once. */
  readonly #oids = new Map<Oid, Uint8Array>();
  readonly #fast = new FastWriter((value) => this.#target(value));

  constructor(host: WriterHost) {
    this.#host = host;
  }

  /** The record of an object: two pickles, its class and its state. */
  record(meta: PersistentMeta): Uint8Array {
    if (this.#oids.size > 0) this.#oids.clear();
    const { info } = meta;
    if (!info.broken && !('__getnewargs__' in info.prototype)) {
      const own = info.getState === undefined;
      const state = own ? meta.activate() : info.getState.call(meta.object);
      // Few objects have containers that are tracked: a function for all others would cost more than the question.
      const data =
        meta.inPlace === null
          ? this.#fast.record(meta, state, own)
          : untracked(meta, () => this.#fast.record(meta, state, own));
      if (data !== undefined) return data;
    }
    const state = this.#stateOf(meta);
    return this.#explained(meta, () =>
      writeRecord(this.#description(meta), state, (value) => this.#reference(value, meta, true)),
    );
  }

  /** The state of an object for comparing it: new objects get no oids. */
  state(meta: PersistentMeta): Uint8Array {
    if (this.#oids.size > 0) this.#oids.clear();
    const state = this.#stateOf(meta);
    return this.#explained(meta, () => writeState(state, (value) => this.#reference(value, meta, false)));
  }

  #explained<T>(meta: PersistentMeta, write: () => T): T {
    try {
      return untracked(meta, write);
    } catch (error) {
      if (error instanceof UnstorableError || error instanceof InvalidObjectReferenceError) throw error;
      if (!(error instanceof UnpicklableError)) {
        throw new UnstorableError(this.#path(meta), (error as Error).message, { cause: error });
      }
      // Where a mapping or list keeps its content is nothing that its user sees.
      const way = '_p_held' in meta.info.prototype ? error.path.replace(/^data\b\.?/, '') : error.path;
      const join = way === '' || way.startsWith('[') ? '' : '.';
      throw new UnstorableError(
        `${this.#path(meta)}${join}${way}`,
        `${whatIs(error.value)} cannot be stored`,
        { cause: error },
      );
    }
  }

  #path(meta: PersistentMeta): string {
    return pathOf(meta, this.#host.find(0));
  }

  #stateOf(meta: PersistentMeta): unknown {
    const { getState, broken } = meta.info;
    if (getState !== undefined) return getState.call(meta.object);
    const state = meta.activate();
    if (broken && BROKEN_STATE in state) return state[BROKEN_STATE];
    const attributes = new Dict<string, unknown>();
    for (const name of Object.keys(state)) {
      const value = state[name];
      if (value === undefined || name.startsWith('_v_') || name.startsWith('_p_')) continue;
      if (typeof value === 'function') {
        throw new UnstorableError(`${this.#path(meta)}${step(name)}`, `${whatIs(value)} cannot be stored`);
      }
      attributes.set(name, value instanceof Slot ? value.stored() : value);
    }
    return attributes;
  }

  /** The class, with the arguments of `__getnewargs__` where it has it. */
  #description(meta: PersistentMeta): unknown {
    const cls = this.#classRef(meta);
    const newArgs = (meta.info.prototype as { __getnewargs__?(): unknown }).__getnewargs__;
    if (newArgs === undefined) return cls;
    return tuple(cls, newArgs.call(meta.object));
  }

  #classRef(meta: PersistentMeta): GlobalRef {
    const { info } = meta;
    if (info.module === undefined) {
      throw new UnstorableError(
        this.#path(meta),
        `the class ${info.cls.name} is not registered: registerClass(${info.cls.name}, 'module.${info.cls.name}')`,
      );
    }
    return classRef(info);
  }

  /** What the fast writer asks: only plain references within the database are its own. */
  #target(value: object): Target | undefined | null {
    if (value instanceof Reference)
      return value.info === null || value.database !== null ? null : (value as Target);
    if (value instanceof PersistentWeakRef) return null;
    const meta = value instanceof PersistentMeta ? value : metaOf(value);
    if (meta === undefined) return undefined;
    const { info } = meta;
    if (info.module === undefined || '__getnewargs__' in info.prototype) return null;
    if (meta.jar === null || meta.oid === undefined) {
      this.#host.adopt(meta);
      this.pending.push(meta);
    } else if ((meta.jar as unknown) !== this.#host) return null;
    else if (meta.status < 0 && this.#host.isDiscarded?.(meta) === true) return null;
    return meta as Target;
  }

  /** The persistent id of a value that is an object of its own; undefined for one that is part of the record. */
  #reference(value: object, from: PersistentMeta, adopt: boolean): unknown {
    if (value instanceof Reference) return this.#loadedReference(value);
    if (value instanceof PersistentWeakRef) return this.#weakReference(value, from, adopt);
    const meta = value instanceof PersistentMeta ? value : metaOf(value);
    if (meta === undefined) return undefined;
    if (meta.jar === null || meta.oid === undefined) {
      // For a comparison it is enough that it is another object than before.
      if (!adopt) return tuple(`new ${meta.describe()}`, this.#classRef(meta));
      this.#classRef(meta);
      this.#host.adopt(meta);
      this.pending.push(meta);
    } else if ((meta.jar as unknown) !== this.#host) return this.#foreign(meta, from);
    else if (this.#host.isDiscarded?.(meta) === true) {
      throw new InvalidObjectReferenceError(
        this.#path(from),
        `refers to ${meta.describe()}, which was imported in a transaction that was aborted: import it again`,
      );
    }
    if ('__getnewargs__' in meta.info.prototype) return this.#oid(meta.oid!);
    return tuple(this.#oid(meta.oid!), this.#classRef(meta));
  }

  #loadedReference(reference: Reference): unknown {
    const oid = this.#oid(reference.oid);
    if (reference.database !== null) {
      return reference.info === null
        ? ['n', tuple(reference.database, oid)]
        : ['m', tuple(reference.database, oid, classRef(reference.info))];
    }
    return reference.info === null ? oid : tuple(oid, classRef(reference.info));
  }

  #weakReference(value: PersistentWeakRef, from: PersistentMeta, adopt: boolean): unknown {
    const { target } = value;
    if (target instanceof PersistentMeta) {
      if (target.jar === null || target.oid === undefined) {
        if (!adopt) return tuple(`new ${target.describe()}`, this.#classRef(target));
        this.#host.adopt(target);
        this.pending.push(target);
      }
      if ((target.jar as unknown) === this.#host) return ['w', tuple(this.#oid(target.oid!))];
      const { db } = target.jar as unknown as WriterHost;
      this.#checkDatabase(target, from);
      return ['w', tuple(this.#oid(target.oid!), db.databaseName)];
    }
    const oid = this.#oid(target.oid);
    return target.database === this.#host.db.databaseName
      ? ['w', tuple(oid)]
      : ['w', tuple(oid, target.database)];
  }

  /** A reference to an object of another database that is used together with this one. */
  #foreign(meta: PersistentMeta, from: PersistentMeta): unknown {
    const database = this.#checkDatabase(meta, from);
    const oid = this.#oid(meta.oid!);
    if ('__getnewargs__' in meta.info.prototype) return ['n', tuple(database, oid)];
    return ['m', tuple(database, oid, this.#classRef(meta))];
  }

  #checkDatabase(meta: PersistentMeta, from: PersistentMeta): string {
    const other = meta.jar as unknown as WriterHost;
    const name = other.db.databaseName;
    const refuse = (why: string) =>
      new InvalidObjectReferenceError(this.#path(from), `refers to ${meta.describe()}, ${why}`);
    if (other.db === this.#host.db)
      throw refuse('which belongs to another connection: an object belongs to one connection');
    if (!this.#host.db.databases.has(name))
      throw refuse('which belongs to a database that is not used together with this one');
    if (this.#host.connections.get(name) !== other)
      throw refuse('which belongs to a connection that is not used together with this one');
    if (!this.#host.db.xrefs)
      throw refuse('which belongs to another database; the setting xrefs forbids that');
    if (meta.tid === 0n)
      throw refuse(`a new object of the database ${name}: it must be committed there first`);
    return name;
  }

  #oid(oid: Oid): Uint8Array {
    let bytes = this.#oids.get(oid);
    if (bytes === undefined) this.#oids.set(oid, (bytes = oidBytes(oid)));
    return bytes;
  }
}

function classRef(info: ClassInfo): GlobalRef {
  return GlobalRef.of(info.module!, info.name!);
}
