import { rmSync } from 'node:fs';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { getLogger } from '@logtape/logtape';
import {
  CHANGED,
  claimContainers,
  GHOST,
  type Jar,
  metaOf,
  newGhost,
  type Oid,
  PersistentMeta,
  type Reference,
  releaseContainers,
  UPTODATE,
} from '../persistent/index.ts';
import type {
  DataManager,
  DataManagerSavepoint,
  Synchronizer,
  Transaction,
  TransactionManager,
} from '../transaction/index.ts';
import { Blob, type BlobHost } from './blob.ts';
import { temporaryName } from './blobs/temporary-name.ts';
import { ObjectCache } from './cache.ts';
import {
  BrokenModifiedError,
  ConnectionStateError,
  ExportError,
  InvalidObjectReferenceError,
  ReadOnlyHistoryError,
} from './connection-errors.ts';
import { rootAccess, type RootAccess } from './connection-root.ts';
import { SavepointStorage, type SavepointState } from './connection-savepoint.ts';
import type { DB } from './db.ts';
import type { ConnectionStorage } from './db-snapshots.ts';
import { exportRecords, writeExport } from './export.ts';
import { ImportSource, type ImportStore, importRecords } from './import.ts';
import {
  ConflictError,
  POSKeyError,
  ReadOnlyError,
  StorageTransactionError,
  type Tid,
  type Undurable,
} from './interfaces.ts';
import { ObjectReader } from './serialize-reader.ts';
import { ObjectWriter } from './serialize-writer.ts';

const logger = getLogger(['ZODB', 'Connection']);

let resets = 0;
let made = 0;

/** Has every connection begin with an empty cache when it is opened next, e.g. because classes were replaced. */
export function resetCaches(): void {
  resets++;
}

/** What can be fetched in advance. */
type Prefetched = Oid | object | Iterable<Oid | object>;

interface Savepointed {
  readonly records: SavepointState;
  /** How many new objects there were: later ones come behind them. */
  readonly creating: number;
}

/**
 * One view of a database: its objects as they were when the transaction began, and what the transaction changes. Used by one
 * transaction at a time; `db.open()` gives one, `close()` gives it back.
 *
 * Over 400 lines: loading, the two phases and savepoints work on the same few lists of objects.
 */
export class Connection implements Jar, DataManager, Synchronizer, BlobHost {
  readonly db: DB;
  /** The state of the database that a historical connection shows: what was committed before this. Else null. */
  readonly before: Tid | null;
  transactionManager: TransactionManager;
  /** The connections of the databases that are used together, by name. */
  connections: Map<string, Connection>;
  /** When it was opened, in milliseconds since 1970; null when it is closed. */
  opened: number | null = null;
  /** The root mapping; see `RootAccess`. */
  readonly root: RootAccess;
  cache: ObjectCache;
  readonly #storage: ConnectionStorage;
  readonly #reader: ObjectReader;
  #registered: PersistentMeta[] = [];
  /** Objects that got an oid in this transaction. */
  #creating = new Set<PersistentMeta>();
  /** Objects that the storage was given in this commit. */
  #modified: PersistentMeta[] = [];
  #joined = false;
  /** Whether the storage was told of the commit. */
  #begun = false;
  #begunAt = 0;
  #savepoints: SavepointStorage | null = null;
  /** Oids of objects that were imported in this transaction. */
  #imported = new Set<Oid>();
  /** Imported objects that the database did not get after all: nothing may refer to them. */
  #discarded: WeakSet<PersistentMeta> | null = null;
  /** An import that the next savepoint is to store. */
  #import: ((store: ImportStore) => void) | null = null;
  #readCurrent = new Map<PersistentMeta, Tid>();
  /** Writes records; not there while it does. */
  #storing: ObjectWriter | undefined;
  /** Objects that handed out what cannot be tracked, and what their records would have been then. */
  #watched = new Map<PersistentMeta, Uint8Array>();
  #closeCallbacks: (() => void)[] = [];
  #resets = resets;
  #loads = 0;
  #stores = 0;
  #debugInfo = '';
  readonly #number = ++made;

  constructor(
    db: DB,
    storage: ConnectionStorage,
    cache: ObjectCache,
    before: Tid | null,
    transactionManager: TransactionManager,
  ) {
    this.db = db;
    this.before = before;
    this.cache = cache;
    this.transactionManager = transactionManager;
    this.connections = new Map([[db.databaseName, this]]);
    this.#storage = storage;
    this.#reader = new ObjectReader(this);
    this.root = rootAccess(this);
  }

  // Objects.

  /**
   * The object with an oid, not loaded.
   *
   * @throws POSKeyError when there is no such object.
   */
  get(oid: Oid): object {
    return this.metaFor(oid).object;
  }

  /** Gives a new object its place in the database before something that is stored refers to it. It is stored at the commit. */
  add(object: object, oid?: Oid): void {
    this.#checkOpen();
    const meta = metaOf(object);
    if (meta === undefined) throw new TypeError('only persistent objects can be added to a database');
    if (meta.jar === this) return;
    if (meta.jar !== null) {
      throw new InvalidObjectReferenceError(
        meta.describe(),
        'the object belongs to another connection already',
      );
    }
    this.adopt(meta, oid);
    this.register(meta);
  }

  /** The value at a path: keys of mappings, attributes of objects, items of arrays. */
  traverse<T = unknown>(path: string | readonly string[]): T {
    const steps = typeof path === 'string' ? path.split('/').filter((step) => step !== '') : path;
    let value: unknown = this.root();
    for (const [index, step] of steps.entries()) {
      const next = child(value, step);
      if (next === undefined)
        throw new RangeError(`root/${steps.slice(0, index + 1).join('/')}: there is no such object`);
      value = next;
    }
    return value as T;
  }

  /** The record in memory of an oid. */
  metaFor(oid: Oid): PersistentMeta {
    const present = this.cache.get(oid);
    if (present !== undefined) return present;
    this.#checkOpen();
    const { data } = this.#read(oid);
    return this.#ghost(oid, this.#reader.classOf(data));
  }

  /** The record in memory of an oid, if it is there. */
  find(oid: Oid): PersistentMeta | undefined {
    return this.cache.get(oid);
  }

  /** As `metaFor`; undefined when there is no such object. */
  lookUp(oid: Oid): PersistentMeta | undefined {
    try {
      return this.metaFor(oid);
    } catch (error) {
      if (error instanceof POSKeyError) return undefined;
      throw error;
    }
  }

  /**
   * Objects, or oids of objects, that will be used soon, also in lists: a storage on another machine may get them all at once.
   * Those that are loaded are left out.
   */
  prefetch(...items: readonly Prefetched[]): void {
    const oids: Oid[] = [];
    const note = (item: Oid | object): void => {
      if (typeof item === 'object') {
        const meta = metaOf(item);
        if (meta?.jar !== this || meta.oid === undefined)
          throw new InvalidObjectReferenceError(
            meta?.describe() ?? String(item),
            'only objects of this connection, and oids, can be fetched',
          );
        if (meta.status === GHOST) oids.push(meta.oid);
      } else if ((this.cache.get(item)?.status ?? GHOST) === GHOST) oids.push(item);
    };
    for (const item of items) {
      if (typeof item === 'object' && metaOf(item) === undefined && Symbol.iterator in item)
        for (const each of item as Iterable<Oid | object>) note(each);
      else note(item);
    }
    if (oids.length > 0) this.#storage.prefetch(oids);
  }

  #ghost(oid: Oid, info: Parameters<typeof newGhost>[0]): PersistentMeta {
    const meta = newGhost(info);
    meta.oid = oid;
    meta.jar = this;
    this.cache.add(meta);
    return meta;
  }

  /** Gives an object without a place in a database an oid of this one. */
  adopt(meta: PersistentMeta, oid: Oid = this.#storage.newOid()): void {
    meta.oid = oid;
    meta.jar = this;
    meta.tid = 0n;
    this.#creating.add(meta);
    this.cache.add(meta);
  }

  // What persistent objects ask for.

  resolve(reference: Reference): PersistentMeta {
    if (reference.database !== null && reference.database !== this.db.databaseName) {
      return this.getConnection(reference.database).metaFor(reference.oid);
    }
    const present = this.cache.get(reference.oid);
    if (present !== undefined) return present;
    return reference.info === null ? this.metaFor(reference.oid) : this.#ghost(reference.oid, reference.info);
  }

  load(meta: PersistentMeta): void {
    if (this.opened === null) {
      const message = `Shouldn't load state for ${longName(meta)} when the connection is closed`;
      logger.error(message);
      throw new ConnectionStateError(message);
    }
    this.cache.makeRoom();
    try {
      const { data, tid } = this.#read(meta.oid!);
      this.#loads++;
      meta.tid = tid;
      this.#reader.fill(meta, data);
      this.cache.loaded(meta, data.length);
    } catch (error) {
      if (!(error instanceof ConflictError)) {
        logger.error(`Couldn't load state for ${longName(meta)}`, { error });
      }
      throw error;
    }
  }

  canReload(meta: PersistentMeta): boolean {
    return this.cache.hasRecord(meta);
  }

  unloaded(meta: PersistentMeta): void {
    this.#watched.delete(meta);
    this.cache.unloaded(meta);
  }

  register(meta: PersistentMeta): void {
    this.#checkOpen();
    if (meta.info.broken && !this.db.allowBrokenChanges) {
      throw new BrokenModifiedError(`${meta.info.module}.${meta.info.name}`);
    }
    this.#join();
    this.#registered.push(meta);
  }

  /**
   * Has the commit fail with a conflict when another transaction has changed the object, though this one, which changes
   * others, only reads it.
   */
  readCurrent(object: object): void {
    const meta = object instanceof PersistentMeta ? object : metaOf(object);
    if (meta?.jar !== this)
      throw new InvalidObjectReferenceError(
        meta?.describe() ?? String(object),
        'not an object of this connection',
      );
    if (this.before !== null || this.#creating.has(meta)) return;
    // Of an object that is not loaded the revision in this view counts; its state is not needed.
    const tid = meta.status === GHOST ? this.#read(meta.oid!).tid : meta.tid;
    // A transaction that changes nothing has seen one state, and needs no check: it is not joined for this.
    if (tid !== 0n) this.#readCurrent.set(meta, tid);
  }

  watch(meta: PersistentMeta): void {
    if (meta.status !== UPTODATE || this.#watched.has(meta) || this.isReadOnly()) return;
    this.#watched.set(meta, this.#writer().state(meta));
  }

  #read(oid: Oid): { readonly data: Uint8Array; readonly tid: Tid } {
    return this.#savepoints?.load(oid) ?? this.#storage.load(oid);
  }

  #checkOpen(): void {
    if (this.opened === null) {
      throw new ConnectionStateError('the connection is closed: an object of it was used after close()');
    }
  }

  /** Objects can be changed where nothing can be stored, as long as the transaction is aborted in the end. */
  #checkWritable(): void {
    if (!this.isReadOnly()) return;
    const changed = this.#registered.map((meta) => longName(meta));
    const which =
      changed.length === 0
        ? ''
        : ` (changed: ${changed.slice(0, 5).join(', ')}${changed.length > 5 ? ' …' : ''})`;
    if (this.before !== null) {
      throw new ReadOnlyHistoryError(
        `a connection that shows an earlier state of the database cannot change anything${which}`,
      );
    }
    throw new ReadOnlyError(`the storage is read-only${which}`);
  }

  #join(): void {
    if (this.#joined) return;
    this.transactionManager.get().join(this);
    this.#joined = true;
  }

  #writer(): ObjectWriter {
    return new ObjectWriter(this);
  }

  // Opening and closing, called by the database.

  /** Shows the newest state of the database from now on. */
  open(transactionManager: TransactionManager): void {
    this.transactionManager = transactionManager;
    this.opened = Date.now();
    if (this.#resets !== resets) {
      this.#resets = resets;
      this.cache = new ObjectCache(this.cache.targetCount, this.cache.targetBytes);
    }
    // Calls newTransaction when a transaction is running.
    transactionManager.registerSynch(this);
    if (!transactionManager.active && !transactionManager.explicit) this.newTransaction();
    this.cache.collect(true);
  }

  /** Opens the connections to other databases with this one: they stay together, since their objects refer to each other. */
  openOthers(): void {
    for (const connection of this.connections.values())
      if (connection !== this) connection.open(this.transactionManager);
  }

  /**
   * Gives the connection back to the database.
   *
   * @throws ConnectionStateError when the transaction has changes of it that are neither committed nor aborted.
   */
  close(): void {
    if (this.opened === null) return;
    for (const connection of this.connections.values()) {
      if (connection.#joined) {
        throw new ConnectionStateError(
          'a connection cannot be closed while a transaction has changes of it: commit or abort the transaction first',
        );
      }
    }
    for (const connection of this.connections.values()) connection.#shut();
    this.db.returned(this);
  }

  #shut(): void {
    if (this.opened === null) return;
    const callbacks = this.#closeCallbacks;
    this.#closeCallbacks = [];
    for (const callback of callbacks) {
      try {
        callback();
      } catch (error) {
        logger.error('a callback at the closing of a connection failed: {error}', { error });
      }
    }
    this.cache.collect(true);
    this.transactionManager.unregisterSynch(this);
    this.#watched.clear();
    this.#debugInfo = '';
    this.opened = null;
    this.db.closed(this);
  }

  /** The connection will not be opened again. */
  release(): void {
    for (const connection of this.connections.values()) {
      connection.opened = null;
      connection.db.takeTransferCounts(connection);
      connection.#storage.release();
      if (connection !== this) connection.db.forget(connection);
    }
  }

  /** Calls a function once when the connection is closed. */
  onCloseCallback(callback: () => void): void {
    this.#closeCallbacks.push(callback);
  }

  /** Whether nothing can be changed: the storage is read-only, or the connection shows an earlier state. */
  isReadOnly(): boolean {
    return this.before !== null || this.#storage.isReadOnly();
  }

  /** The connection to another database of the same application, in the same transaction. */
  getConnection(name: string): Connection {
    this.#checkOpen();
    const present = this.connections.get(name);
    if (present !== undefined) return present;
    const db = this.db.databases.get(name);
    if (db === undefined) {
      throw new ConnectionStateError(
        `there is no database ${name} (there are: ${[...this.db.databases.keys()].join(', ')})`,
      );
    }
    const connection = db.open({
      transactionManager: this.transactionManager,
      ...(this.before === null ? {} : { before: this.before }),
    });
    this.connections.set(name, connection);
    connection.connections = this.connections;
    return connection;
  }

  // The view.

  /**
   * What this connection, and those of other databases that were opened through it, have seen and committed before the disk had it.
   * Undefined when there is no such thing, which is always so unless `DB.showEarly` was called.
   */
  undurable(): readonly Undurable[] | undefined {
    const own = this.#storage.undurable();
    if (this.connections.size < 2) return own && [own];
    const all = new Set(this.connections.values());
    const found = [...all].flatMap((connection) => connection.#storage.undurable() ?? []);
    return found.length === 0 ? undefined : found;
  }

  /** Resolves when the disk has all of it; undefined when it has. Rejects with a SyncError when it was lost. */
  durable(): Promise<void> | undefined {
    const undurable = this.undurable();
    return undurable && whenDurable(undurable);
  }

  /**
   * How often the disk had refused what was shown early when this view was taken. What was made of a view with another number, and
   * kept, may show what has never been.
   */
  get losses(): number {
    return this.#storage.losses;
  }

  /** Aborts the transaction and shows the newest state. */
  sync(): void {
    this.transactionManager.abort();
  }

  /** A transaction begins: what other connections have committed is seen. */
  newTransaction(): void {
    if (this.opened === null) return;
    this.#moveOn();
    this.#storage.begun();
  }

  #moveOn(): void {
    // Clearing an empty one makes new tables.
    if (this.#readCurrent.size > 0) this.#readCurrent.clear();
    if (this.#watched.size > 0) this.#watched.clear();
    const changed = this.#storage.pollInvalidations();
    if (changed === null) {
      this.cache.minimize();
    } else {
      for (const oid of changed) {
        const meta = this.cache.get(oid);
        if (meta !== undefined && meta.status !== GHOST) meta.ghostify();
      }
    }
    this.cache.collect(true);
  }

  /** Before a commit or abort: values that cannot be tracked are compared with what they were. */
  beforeCompletion(): void {
    this.#compareWatched();
  }

  afterCompletion(): void {
    if (!this.transactionManager.explicit && this.opened !== null) this.#moveOn();
  }

  #compareWatched(): void {
    if (this.#watched.size === 0) return;
    for (const [meta, before] of this.#watched) {
      if (meta.status !== UPTODATE) continue;
      const now = this.#writer().state(meta);
      if (Buffer.compare(now, before) !== 0) meta.touch();
    }
  }

  // The two phases.

  readonly canEndEarly = true;

  sortKey(): string {
    return `${this.#storage.sortKey()}:${this.db.databaseName}`;
  }

  abort(_transaction: Transaction): void {
    this.#forgetChanges();
    if (this.#savepoints !== null) this.#dropSavepoints();
    this.#end();
  }

  #forgetChanges(): void {
    for (const meta of [...this.#registered, ...this.#modified])
      if (!this.#creating.has(meta)) meta.ghostify();
    this.#registered = [];
    this.#modified = [];
    this.#disown(this.#creating);
    this.#creating.clear();
  }

  /** Objects that the database does not get after all are new objects again. */
  #disown(metas: Iterable<PersistentMeta>): void {
    for (const meta of metas) {
      // Its only state may be the one that a savepoint keeps.
      if (meta.status === GHOST && meta.isExposed) meta.activate();
      this.cache.forget(meta);
      if (meta.status === CHANGED) meta.status = UPTODATE;
      meta.jar = null;
      meta.oid = undefined;
      meta.tid = 0n;
    }
  }

  #end(): void {
    this.#joined = false;
    if (this.#imported.size > 0) this.#imported.clear();
    if (this.#modified.length > 0) this.#modified = [];
    if (this.#readCurrent.size > 0) this.#readCurrent.clear();
  }

  tpcBegin(transaction: Transaction): void {
    this.#begun = true;
    this.#checkWritable();
    this.#begunAt = performance.now();
    this.#storage.tpcBegin(transaction);
  }

  commit(transaction: Transaction): void {
    this.#compareWatched();
    if (this.#savepoints !== null) {
      this.#storeInSavepoint(this.#savepoints);
      this.#commitSavepoints(transaction);
    } else {
      this.#storeRegistered((meta, data) => {
        const { oid, tid, object } = meta;
        if (isBlob(meta)) {
          const file = (object as Blob)._takeChanges();
          if (file === null) return false;
          this.#storeBlob(oid!, tid, data, file, transaction);
        } else this.#storage.store(oid!, tid, data, transaction);
        this.#modified.push(meta);
        return true;
      });
    }
    if (this.#readCurrent.size === 0) return;
    for (const [meta, tid] of this.#readCurrent) {
      if (!this.#modified.includes(meta))
        this.#storage.checkCurrentSerialInTransaction(meta.oid!, tid, transaction);
    }
  }

  /** Writes what has changed, and new objects that it refers to. */
  #storeRegistered(store: (meta: PersistentMeta, data: Uint8Array) => boolean): void {
    const writer = this.#storing ?? this.#writer();
    // What an object has called while it is written gets another one.
    this.#storing = undefined;
    if (writer.pending.length > 0) writer.pending.length = 0;
    let first: PersistentMeta | undefined;
    let others: Set<PersistentMeta> | undefined;
    const registered = this.#registered;
    for (let i = 0; i < registered.length; i++) {
      writer.pending.push(registered[i]!);
      for (let meta = writer.pending.pop(); meta !== undefined; meta = writer.pending.pop()) {
        if (meta === first || others?.has(meta) === true || meta.jar !== this) continue;
        if (meta.status !== CHANGED && !(this.#creating.has(meta) && meta.status !== GHOST)) continue;
        if (first === undefined) first = meta;
        else (others ??= new Set()).add(meta);
        claimContainers(meta);
        const data = writer.record(meta);
        if (data.length > this.db.largeRecordSize) warnOfSize(meta, data.length, this.db.largeRecordSize);
        if (store(meta, data)) this.#stores++;
        meta.status = UPTODATE;
        this.cache.loaded(meta, data.length);
      }
    }
    this.#registered = [];
    this.#storing = writer;
  }

  /** The blob has given its file away: one that the storage refuses, for a conflict, belongs to nobody else. */
  #storeBlob(oid: Oid, tid: Tid, data: Uint8Array, file: string, transaction: Transaction): void {
    try {
      this.#storage.storeBlob(oid, tid, data, file, transaction);
    } catch (error) {
      rmSync(file, { force: true });
      throw error;
    }
  }

  #storeInSavepoint(savepoints: SavepointStorage): void {
    this.#storeRegistered((meta, data) => {
      const { oid, tid, object } = meta;
      if (isBlob(meta)) {
        const file = (object as Blob)._takeChanges();
        if (file === null) return false;
        savepoints.storeBlob(oid!, tid, data, file, this.blobTemporaryDirectory());
      } else savepoints.store(oid!, tid, data);
      return true;
    });
  }

  blobFile(meta: PersistentMeta): { name: string; committed: boolean } {
    const name = this.#savepoints?.blob(meta.oid!);
    if (name !== undefined) return { name, committed: false };
    return { name: this.#storage.loadBlob(meta.oid!, meta.tid), committed: true };
  }

  blobTemporaryDirectory(): string {
    return this.#storage.temporaryDirectory();
  }

  #commitSavepoints(transaction: Transaction): void {
    const savepoints = this.#savepoints!;
    // In the order in which Python writes them.
    for (const oid of savepoints.oids().sort((a, b) => (a < b ? -1 : 1))) {
      const { data, tid } = savepoints.load(oid)!;
      const file = savepoints.blob(oid);
      if (file !== undefined) this.#storage.storeBlob(oid, tid, data, file, transaction);
      else this.#storage.store(oid, tid, data, transaction);
      const meta = this.cache.get(oid);
      if (meta !== undefined) this.#modified.push(meta);
    }
  }

  #discard(meta: PersistentMeta): void {
    (this.#discarded ??= new WeakSet()).add(meta);
  }

  isDiscarded(meta: PersistentMeta): boolean {
    return this.#discarded?.has(meta) === true;
  }

  #dropSavepoints(): void {
    const savepoints = this.#savepoints!;
    this.#savepoints = null;
    for (const oid of savepoints.oids()) {
      const meta = this.cache.get(oid);
      if (meta === undefined) continue;
      meta.ghostify();
      if (this.#imported.has(oid)) this.#discard(meta);
    }
    savepoints.close();
  }

  tpcVote(transaction: Transaction): void {
    const resolved = this.#storage.tpcVote(transaction);
    // What the storage has merged is not what is in memory.
    for (const oid of resolved ?? []) {
      const meta = this.cache.get(oid);
      meta?.ghostify();
    }
  }

  tpcFinish(transaction: Transaction): void {
    this.#begun = false;
    this.#storage.tpcFinish(transaction, (tid) => {
      for (const meta of this.#modified) {
        if (meta.status === GHOST) continue;
        meta.tid = tid;
        releaseContainers(meta);
      }
    });
    this.db.committed(performance.now() - this.#begunAt);
    if (this.#savepoints !== null) {
      // What is in memory is what was committed.
      this.#savepoints.close();
      this.#savepoints = null;
    }
    if (this.#creating.size > 0) this.#creating.clear();
    this.#end();
  }

  tpcAbort(transaction: Transaction): void {
    const begun = this.#begun;
    this.#begun = false;
    if (begun) this.#storage.tpcAbort(transaction);
    this.#forgetChanges();
    if (this.#savepoints !== null) this.#dropSavepoints();
    this.#end();
    if (!begun) throw new StorageTransactionError('the transaction was not being committed');
  }

  savepoint(): DataManagerSavepoint {
    if (this.before !== null) this.#checkWritable();
    this.#compareWatched();
    this.#savepoints ??= new SavepointStorage();
    const savepoints = this.#savepoints;
    const runImport = this.#import;
    this.#import = null;
    runImport?.((oid, data, blob) => {
      if (blob === null) savepoints.store(oid, 0n, data);
      else {
        const directory = this.blobTemporaryDirectory();
        const file = path.join(directory, temporaryName('import-', '.blob'));
        blob(file);
        savepoints.storeBlob(oid, 0n, data, file, directory);
      }
      this.#imported.add(oid);
    });
    this.#storeInSavepoint(savepoints);
    const state: Savepointed = { records: savepoints.mark(), creating: this.#creating.size };
    // Savepoints break up long transactions: a moment to use less memory.
    this.cache.collect(false);
    return { rollback: () => this.#rollback(state) };
  }

  #rollback(state: Savepointed): void {
    for (const meta of this.#registered) if (!this.#creating.has(meta)) meta.ghostify();
    this.#registered = [];
    const later = new Set([...this.#creating].slice(state.creating));
    // The only state of a new object may be one that is about to go.
    for (const meta of later) if (meta.isExposed) meta.activate();
    for (const oid of this.#savepoints!.reset(state.records)) {
      const meta = this.cache.get(oid);
      if (meta === undefined || later.has(meta)) continue;
      meta.ghostify();
      if (this.#imported.has(oid) && this.#savepoints!.load(oid) === undefined) this.#discard(meta);
    }
    this.#disown(later);
    for (const meta of later) this.#creating.delete(meta);
  }

  // Figures.

  /** Unloads every object that has not been changed. */
  cacheMinimize(): void {
    for (const { cache } of this.connections.values()) cache.minimize();
  }

  /** Unloads objects that have not been used lately until the cache has its size. */
  cacheGC(): void {
    for (const { cache } of this.connections.values()) cache.collect(true);
  }

  /** Objects loaded and stored since the last call with `clear`. */
  getTransferCounts(clear = false): { loads: number; stores: number } {
    const counts = { loads: this.#loads, stores: this.#stores };
    if (clear) this.#loads = this.#stores = 0;
    return counts;
  }

  setDebugInfo(...info: unknown[]): void {
    this.#debugInfo = info.map(String).join(' ');
  }

  getDebugInfo(): string {
    return this.#debugInfo;
  }

  /** As Python's messages show a connection. */
  toString(): string {
    return `<ZODB.Connection.Connection object at 0x${this.#number.toString(16)}>`;
  }

  // Copies.

  /**
   * An object with all that it refers to, as the bytes of a `.zexp` file, or written to a new file: then the number of bytes.
   * What is not committed is not in it.
   *
   * @throws ExportError for what is no object of this connection; an error of the file system, e.g. when there is such a file.
   */
  exportFile(object: object): Uint8Array;
  exportFile(object: object, file: string): number;
  exportFile(object: object, file?: string): Uint8Array | number {
    const meta = metaOf(object);
    if (meta?.jar !== this || meta.oid === undefined) {
      throw new ExportError(`${meta?.describe() ?? String(object)} is no object of this connection`);
    }
    const parts = this.#exportParts(meta.oid);
    return file === undefined ? Buffer.concat([...parts]) : writeExport(file, parts);
  }

  #exportParts(oid: Oid): Generator<Uint8Array> {
    const blob = (blobOid: Oid, tid: Tid) =>
      this.#savepoints?.blob(blobOid) ?? this.#storage.loadBlob(blobOid, tid);
    return exportRecords((each) => this.#read(each), blob, oid);
  }

  /**
   * Makes new objects of an export, its bytes or the path of its file, of which never more than a record is in memory.
   * They are stored at the commit.
   *
   * @returns The object that was exported.
   * @throws ExportError for what is no export, or a part of one.
   */
  importFile<T extends object = object>(file: Uint8Array | string): T {
    this.#checkOpen();
    const source = ImportSource.open(file);
    try {
      this.#join();
      let first: Oid;
      this.#import = (store) => {
        first = importRecords(source, () => this.#storage.newOid(), store);
      };
      // An import that fails on the way makes the transaction fail: a part of it may be stored.
      this.transactionManager.savepoint(true);
      return this.get(first!) as T;
    } finally {
      source.close();
    }
  }

  /** A copy of an object and of all that it refers to; the object must be committed or in a savepoint. */
  copyObject<T extends object>(object: T): T {
    return this.importFile<T>(this.exportFile(object));
  }

  /** The state of an object as a transaction left it: a new object that belongs to no database. */
  oldState(object: object, tid: Tid): unknown {
    const meta = metaOf(object);
    if (meta?.jar !== this)
      throw new InvalidObjectReferenceError(
        meta?.describe() ?? String(object),
        'not an object of this connection',
      );
    return this.#reader.state(meta, this.#storage.loadSerial(meta.oid!, tid));
  }
}

/** Asked of the class: `instanceof` would go through the traps of the object's proxy. */
const isBlob = ({ info }: PersistentMeta): boolean =>
  info.prototype === (Blob.prototype as object) || info.prototype instanceof Blob;

/** As Python's messages name objects, e.g. `OFS.Folder.Folder 0x1c`. */
function longName({ info, oid = 0 }: PersistentMeta): string {
  const hex = oid.toString(16);
  return `${info.module === undefined ? info.cls.name : `${info.module}.${info.name}`} 0x${hex.length % 2 === 1 ? '0' : ''}${hex}`;
}

function warnOfSize(meta: PersistentMeta, size: number, limit: number): void {
  logger.warn(
    'The record of {object} has {size} bytes, more than large-record-size ({limit}): perhaps it holds what should be objects of their own, or a blob',
    {
      object: meta.describe(),
      size,
      limit,
    },
  );
}

function child(value: unknown, step: string): unknown {
  if (value === null || typeof value !== 'object') return undefined;
  const get = (value as { get?: unknown }).get;
  if (
    value instanceof Map ||
    (typeof get === 'function' && typeof (value as { has?: unknown }).has === 'function')
  ) {
    return (value as Map<unknown, unknown>).get(step);
  }
  return (value as Record<string, unknown>)[step];
}

/** Resolves when the disk has what it did not have. Rejects with a SyncError when it was lost. */
export async function whenDurable(undurable: readonly Undurable[]): Promise<void> {
  await Promise.all(undurable.map(({ storage, tid, losses }) => storage.durable!(tid, losses)));
}
