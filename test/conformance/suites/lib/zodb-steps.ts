/** Runs the step lists of `connections.json`: databases, connections and objects. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { configure, type LogRecord, reset } from '@logtape/logtape';
import {
  classNameOf,
  classOf,
  metaOf,
  type PersistentMapping,
  PersistentUseError,
} from '../../../../src/persistent/index.ts';
import { TransactionManager } from '../../../../src/transaction/index.ts';
import * as zodb from '../../../../src/zodb/index.ts';
import { fromTagged } from './btree-values.ts';
import { typeOf } from './transaction-steps.ts';
import { corpusClasses } from './zodb-model.ts';

type Json = unknown;
type Step = readonly [operation: string, ...args: Json[]];
export type StepResult = Record<string, Json>;

/** A name that no step before has given a value. */
class NoName extends Error {
  readonly pyName = 'KeyError';
}

class NoAttribute extends Error {
  readonly pyName = 'AttributeError';
}

class NoIndex extends Error {
  readonly pyName = 'IndexError';
}

const hex = (oid: zodb.Oid) => oid.toString(16).padStart(16, '0');

/** Python's names of errors that have others here, where they mean the same. */
function errorType(error: unknown, operation: string): string {
  const { pyName } = error as { pyName?: string };
  if (pyName !== undefined) return pyName;
  if (error instanceof zodb.InvalidObjectReferenceError)
    return operation === 'read_current' ? 'AssertionError' : 'InvalidObjectReference';
  if (error instanceof zodb.ConnectionStateError && operation === 'get_connection') return 'KeyError';
  if (error instanceof zodb.UndoError) return 'MultipleUndoErrors';
  if (error instanceof RangeError && operation.startsWith('open')) return 'ValueError';
  for (const cls of [
    zodb.ReadConflictError,
    zodb.ConflictError,
    zodb.POSKeyError,
    zodb.ConnectionStateError,
    zodb.ReadOnlyHistoryError,
    zodb.ExportError,
  ])
    if (error instanceof cls) return cls.name;
  if (error instanceof PersistentUseError) return 'PersistentUseError';
  return typeOf(error);
}

interface Database {
  readonly db: zodb.DB;
  readonly storage: zodb.Storage;
}

class Machine {
  readonly #dir = mkdtempSync(path.join(tmpdir(), 'zope-ts-connections-'));
  readonly #databases = new Map<string, Database>();
  readonly #groups = new Map<Json, Map<string, zodb.DB>>();
  readonly #connections = new Map<string, zodb.Connection>();
  readonly #values = new Map<string, object>();
  readonly #savepoints = new Map<string, { rollback(): void }>();
  readonly #exports = new Map<string, Uint8Array>();
  /** Every transaction in the order in which steps made them: t0, t1 … */
  readonly #tids: bigint[] = [];
  readonly log: [string, string][] = [];
  readonly #now = Date.now;
  #later = 0;

  async start(): Promise<void> {
    const levels: Record<string, string> = { fatal: 'CRITICAL', error: 'ERROR', warning: 'WARNING' };
    const sink = (record: LogRecord) => {
      const level = levels[record.level];
      if (level === undefined) return;
      this.log.push([
        level,
        record.message
          .map(String)
          .join('')
          .replace(/ at 0x[0-9a-f]+>/, ' at 0x...>'),
      ]);
    };
    await configure({
      reset: true,
      sinks: { log: sink },
      loggers: [
        { category: [], sinks: ['log'] },
        { category: ['logtape', 'meta'], sinks: [] },
      ],
    });
    Date.now = () => this.#now() + this.#later;
  }

  async stop(): Promise<void> {
    Date.now = this.#now;
    for (const { db, storage } of this.#databases.values()) {
      try {
        db.close();
      } catch {
        // A case may leave a transaction that cannot be ended; the next case has its own database.
        storage.close();
      }
    }
    await reset();
    rmSync(this.#dir, { recursive: true, force: true });
  }

  #database(name = 'main'): Database {
    const found = this.#databases.get(name);
    if (found === undefined) throw new Error(`no database ${name}`);
    return found;
  }

  #connection(name: Json): zodb.Connection {
    const found = this.#connections.get(String(name));
    if (found === undefined) throw new NoName(String(name));
    return found;
  }

  #object(name: Json): Record<string, unknown> {
    const found = this.#values.get(String(name));
    if (found === undefined) throw new NoName(String(name));
    return found as Record<string, unknown>;
  }

  #value(given: Json): unknown {
    if (typeof given === 'string' && given.startsWith('@')) return this.#object(given.slice(1));
    return fromTagged(given);
  }

  #mapping(name: Json): PersistentMapping {
    return this.#object(name) as unknown as PersistentMapping;
  }

  #noteTids(): void {
    for (const { storage } of this.#databases.values()) {
      const tid = storage.lastTransaction();
      if (tid !== 0n && !this.#tids.includes(tid)) this.#tids.push(tid);
    }
  }

  #tidName(tid: bigint): string {
    return tid === 0n ? '0' : `t${this.#tids.indexOf(tid)}`;
  }

  #tid(name: Json): bigint {
    return this.#tids[Number(String(name).slice(1))]!;
  }

  #undoEntry(index: number): bigint {
    const { storage } = this.#database();
    const entry = storage.undoLog?.(0, 100)[index];
    if (entry === undefined) throw new NoIndex(String(index));
    return entry.tid;
  }

  readonly #operations: Record<string, (...args: never[]) => unknown> = {
    db: (name = 'main', kind = 'file', options: Record<string, Json> | null = null, group?: Json) => {
      const storage = this.#makeStorage(name, kind);
      const databases = group === undefined ? undefined : this.#group(group);
      const { pool_size, pool_timeout, cache_size, database_name, xrefs } = (options ?? {}) as Record<
        string,
        never
      >;
      const settings = {
        poolSize: pool_size,
        poolTimeout: pool_timeout,
        cacheSize: cache_size,
        databaseName: database_name ?? (databases === undefined ? undefined : name),
        xrefs,
        databases,
      };
      const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
      this.#databases.set(name, { db: new zodb.DB(storage, given), storage });
    },
    open: (name: string, database?: string, explicit = false) => {
      const transactionManager = new TransactionManager({ explicit });
      if (explicit) transactionManager.begin();
      this.#connections.set(name, this.#database(database ?? undefined).db.open({ transactionManager }));
    },
    open_at: (name: string, how: 'at' | 'before', tid: string, database?: string) => {
      const transactionManager = new TransactionManager();
      const options = { transactionManager, [how]: this.#tid(tid) };
      this.#connections.set(name, this.#database(database).db.open(options));
    },
    open_before_bytes: (name: string, tid: string) => {
      const options = { transactionManager: new TransactionManager(), before: BigInt(`0x${tid}`) };
      this.#connections.set(name, this.#database().db.open(options));
    },
    close: (name: string) => this.#connection(name).close(),
    root: (name: string, connection: string) => {
      this.#values.delete(name);
      const root = this.#connection(connection).root() as unknown as PersistentMapping;
      // Python loads it here.
      void root.size;
      this.#values.set(name, root);
    },
    new: (name: string, cls = 'Note') => {
      this.#values.set(name, new corpusClasses[cls]!());
    },
    put: (mapping: string, key: string, value: Json) =>
      void this.#mapping(mapping).set(key, this.#value(value)),
    take: (name: string, mapping: string, key: string) => {
      const value = this.#mapping(mapping).get(key);
      if (value === undefined) throw new NoName(key);
      this.#values.set(name, value as object);
    },
    remove: (mapping: string, key: string) => {
      if (!this.#mapping(mapping).delete(key)) throw new NoName(key);
    },
    keys: (mapping: string) => [...this.#mapping(mapping).keys()].sort(),
    set: (name: string, attribute: string, value: Json) => {
      const object = this.#object(name);
      object[attribute] = this.#value(value);
    },
    get: (name: string, attribute: string) => {
      const object = this.#object(name);
      if (!(attribute in object)) throw new NoAttribute(attribute);
      return object[attribute];
    },
    has: (name: string, attribute: string) => attribute in this.#object(name),
    append: (name: string, attribute: string, item: Json) =>
      void (this.#object(name)[attribute] as unknown[]).push(item),
    delattr: (name: string, attribute: string) => {
      const object = this.#object(name);
      const there = Object.hasOwn(object, attribute);
      delete object[attribute];
      if (!there) throw new NoAttribute(attribute);
    },
    state: (name: string) => {
      const meta = metaOf(this.#object(name))!;
      const jar = [...this.#connections].findLast(([, connection]) => connection === (meta.jar as unknown));
      return {
        state: ['ghost', 'uptodate', 'changed', 'sticky'][meta.status + 1],
        changed: meta.status < 0 ? null : meta.status === 1,
        serial: this.#tidName(meta.tid),
        oid: meta.oid === undefined ? null : hex(meta.oid),
        jar: jar?.[0] ?? null,
      };
    },
    changed: (name: string, value: Json) => {
      this.#object(name)._p_changed = typeof value === 'number' ? value !== 0 : value;
    },
    activate: (name: string) => (this.#object(name)._p_activate as () => void)(),
    deactivate: (name: string) => (this.#object(name)._p_deactivate as () => void)(),
    invalidate: (name: string) => (this.#object(name)._p_invalidate as () => void)(),
    estimated_size: (name: string) => this.#object(name)._p_estimated_size,
    commit: (name: string) => this.#connection(name).transactionManager.commit(),
    abort: (name: string) => this.#connection(name).transactionManager.abort(),
    begin: (name: string) => void this.#connection(name).transactionManager.begin(),
    note: (name: string, text: string) => this.#connection(name).transactionManager.get().note(text),
    savepoint: (connection: string, name: string) => {
      this.#savepoints.set(name, this.#connection(connection).transactionManager.savepoint());
    },
    rollback: (name: string) => this.#savepoints.get(name)!.rollback(),
    add: (connection: string, name: string) => this.#connection(connection).add(this.#object(name)),
    by_oid: (connection: string, name: string, oid: string) => {
      this.#values.set(name, this.#connection(connection).get(Number(`0x${oid}`)));
    },
    same: (a: string, b: string) => this.#object(a) === this.#object(b),
    read_current: (connection: string, name: string) => {
      const object = this.#object(name);
      this.#connection(connection).readCurrent(object);
    },
    history: (name: string) => {
      const { jar, oid } = metaOf(this.#object(name))!;
      const entries = (jar as unknown as zodb.Connection).db.history(oid!, 100);
      return entries.map(({ tid }) => this.#tidName(tid));
    },
    old_state: (connection: string, name: string, tid: string) => {
      const state = this.#connection(connection).oldState(this.#object(name), this.#tid(tid));
      return Object.fromEntries(state instanceof Map ? state : Object.entries(state as object));
    },
    cache: (name: string) => {
      const { cache, db } = this.#connection(name);
      // Python makes a ghost for every reference in what is loaded; here that is done when it is first followed.
      // What was never stored or loaded is not in Python's cache yet.
      const objects = [...cache.objects()].filter((meta) => meta.status < 0 || cache.hasRecord(meta));
      const known = new Set(objects.map((meta) => meta.oid!));
      for (const { oid, status } of cache.ring())
        if (status === 0) for (const other of zodb.referencesOf(db.storage.load(oid!).data)) known.add(other);
      return { objects: known.size, non_ghost: cache.size, target: cache.targetCount };
    },
    minimize: (name: string) => this.#connection(name).cacheMinimize(),
    incrgc: (name: string) => this.#connection(name).cacheGC(),
    ghosts: (...names: string[]) => names.filter((name) => metaOf(this.#object(name))!.status < 0),
    forget: (name: string) => void this.#values.delete(name),
    set_pool: (what: string, value: number) => {
      const { db } = this.#database();
      if (what === 'cache') db.targetCacheSize = value;
      else if (what === 'bytes') db.targetCacheSizeBytes = value;
      else if (what === 'pool') db.poolSize = value;
      else throw new Error(`no setting ${what}`);
    },
    counts: (name: string) => {
      const { loads, stores } = this.#connection(name).getTransferCounts();
      return { load: loads, store: stores };
    },
    clear_counts: (name: string) => void this.#connection(name).getTransferCounts(true),
    reset_caches: () => zodb.resetCaches(),
    same_connection: (a: string, b: string) => this.#connection(a) === this.#connection(b),
    pool: (name?: string) => {
      const info = this.#database(name).db.connectionDebugInfo();
      return { all: info.length, available: info.filter(({ opened }) => opened === null).length };
    },
    clock: (seconds: number) => {
      this.#later += seconds * 1000;
    },
    db_info: (name?: string) => {
      const { db } = this.#database(name);
      return {
        name: db.databaseName,
        size: db.poolSize,
        cache: db.targetCacheSize,
        objects: db.objectCount(),
        databases: [...db.databases.keys()].sort(),
      };
    },
    supports_undo: () => this.#database().db.supportsUndo(),
    is_readonly: (name: string) => this.#connection(name).isReadOnly(),
    pack: () => this.#database().db.pack(),
    undo: (connection: string, index: number) => {
      const { db, transactionManager } = this.#connection(connection);
      db.undo(this.#undoEntry(index), transactionManager.get());
    },
    undo_many: (connection: string, indexes: number[]) => {
      const { db, transactionManager } = this.#connection(connection);
      db.undo(
        indexes.map((index) => this.#undoEntry(index)),
        transactionManager.get(),
      );
    },
    get_connection: (name: string, connection: string, database: string) => {
      this.#connections.set(name, this.#connection(connection).getConnection(database));
    },
    export: (connection: string, name: string) => {
      const bytes = this.#connection(connection).exportFile(this.#object(name));
      this.#exports.set(connection, bytes);
      return Buffer.from(bytes).toString('hex');
    },
    import: (connection: string, name: string) => {
      const object = this.#connection(connection).importFile(this.#exports.get(connection)!);
      this.#values.set(name, object);
    },
    import_hex: (connection: string, name: string, bytes: string) => {
      this.#values.set(name, this.#connection(connection).importFile(Buffer.from(bytes, 'hex')));
    },
  };

  #group(group: Json): Map<string, zodb.DB> {
    let databases = this.#groups.get(group);
    if (databases === undefined) this.#groups.set(group, (databases = new Map()));
    return databases;
  }

  #makeStorage(name: string, kind: string): zodb.Storage {
    // Python's storage in memory leaves conflicts alone.
    if (kind === 'mapping') return new zodb.MappingStorage(name);
    if (kind === 'file') return new zodb.FileStorage(path.join(this.#dir, `${name}.fs`));
    if (kind === 'demo') return new zodb.DemoStorage({ base: this.#database().storage });
    throw new Error(`no ${kind} storage`);
  }

  step([operation, ...args]: Step): StepResult {
    const run = this.#operations[operation];
    if (run === undefined) throw new Error(`no such step: ${operation}`);
    this.log.length = 0;
    let result: StepResult;
    try {
      result = { result: run(...(args as never[])) ?? null };
    } catch (error) {
      result = { error: errorType(error, operation), ...this.#conflict(error) };
    }
    this.#noteTids();
    if (this.log.length > 0) result.log = [...this.log];
    return result;
  }

  #conflict(error: unknown): StepResult {
    if (!(error instanceof zodb.ConflictError) || error.oid === undefined) return {};
    const { oid, serials } = error;
    const object = [...this.#values.values()].find((value) => metaOf(value)?.oid === oid);
    const name = object === undefined ? undefined : classNameOf(classOf(object));
    return {
      oid: hex(oid),
      class: error instanceof zodb.ReadConflictError || name === undefined ? null : name.join('.'),
      serials: serials?.map((tid) => this.#tidName(tid)) ?? null,
    };
  }
}

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

/** What a WeakRef was asked for lives until the turn ends. */
async function collectGarbage(): Promise<void> {
  await new Promise(setImmediate);
  gc();
}

export async function runZodbSteps(steps: readonly Step[]): Promise<StepResult[]> {
  const machine = new Machine();
  await machine.start();
  try {
    const results: StepResult[] = [];
    for (const step of steps) {
      results.push(machine.step(step));
      if (step[0] === 'forget' || step[0] === 'minimize') await collectGarbage();
    }
    return results;
  } finally {
    await machine.stop();
  }
}
