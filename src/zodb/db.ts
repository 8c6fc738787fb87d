import { PersistentMapping } from '../persistent/index.ts';
import { currentManager, type Transaction, TransactionManager } from '../transaction/index.ts';
import { type CacheDetail, ObjectCache } from './cache.ts';
import { Connection } from './connection.ts';
import { ConnectionStateError } from './connection-errors.ts';
import { ActivityMonitor } from './db-activity.ts';
import { HistoricalPools } from './db-historical.ts';
import { ConnectionPool } from './db-pool.ts';
import { Snapshots } from './db-snapshots.ts';
import { beforeOf, type DBOptions, type OpenOptions } from './db-options.ts';
import { UndoManager } from './db-undo.ts';
import {
  type HistoryEntry,
  type Oid,
  type PackOptions,
  POSKeyError,
  type Storage,
  type Tid,
  UndoError,
  type UndoEntry,
} from './interfaces.ts';
import { resolveConflict } from './serialize-conflict.ts';
import { referencesOf } from './serialize-reader.ts';

const CACHE_BYTES = 64 * 2 ** 20;

/**
 * A database: a storage, and the connections to it.
 *
 * Over 400 lines: many short methods, under the names of Python's ZODB, which pass on what storage, pools and caches say.
 */
export class DB {
  readonly storage: Storage;
  readonly databaseName: string;
  /** The databases that are used together, by name. */
  readonly databases: Map<string, DB>;
  readonly xrefs: boolean;
  readonly allowBrokenChanges: boolean;
  largeRecordSize: number;
  #cacheSize: number;
  #cacheSizeBytes: number;
  readonly #pool: ConnectionPool;
  readonly #historical: HistoricalPools;
  readonly #snapshots: Snapshots;
  #activity: ActivityMonitor | null = null;
  /** Of connections that are gone, or were told to begin to count anew. */
  #loadsBefore = 0;
  #storesBefore = 0;
  #commits = 0;
  #commitMilliseconds = 0;
  #closed = false;

  constructor(storage: Storage, options: DBOptions = {}) {
    this.storage = storage;
    this.databaseName = options.databaseName ?? 'unnamed';
    this.xrefs = options.xrefs ?? true;
    this.allowBrokenChanges = options.allowBrokenChanges ?? false;
    this.largeRecordSize = options.largeRecordSize ?? 1 << 24;
    this.#cacheSize = options.cacheSize ?? 400;
    this.#cacheSizeBytes = options.cacheSizeBytes ?? CACHE_BYTES;
    this.#pool = new ConnectionPool(options.poolSize ?? 7, options.poolTimeout ?? Infinity);
    this.#historical = new HistoricalPools(
      options.historicalPoolSize ?? 3,
      options.historicalTimeout ?? 300,
      options.historicalCacheSize ?? 1000,
      options.historicalCacheSizeBytes ?? CACHE_BYTES,
    );
    this.databases = options.databases ?? new Map<string, DB>();
    if (this.databases.has(this.databaseName)) {
      throw new ConnectionStateError(`there is a database ${this.databaseName} already`);
    }
    this.#snapshots = new Snapshots(storage);
    storage.setConflictResolver?.((_oid, old, committed, changed) =>
      resolveConflict(old, committed, changed),
    );
    this.databases.set(this.databaseName, this);
    if (!storage.isReadOnly()) this.#createRoot();
  }

  /** A new database gets its root mapping. */
  #createRoot(): void {
    try {
      this.storage.load(0);
    } catch (error) {
      if (!(error instanceof POSKeyError)) throw error;
      const manager = new TransactionManager();
      const transaction = manager.begin();
      transaction.description = 'initial database creation';
      const connection = this.open({ transactionManager: manager });
      connection.add(new PersistentMapping(), 0);
      manager.commit();
      connection.close();
    }
  }

  /**
   * A connection for one line of work; `connection.close()` gives it back. With `at` or `before` it shows the database as it
   * was, and cannot change anything.
   */
  open(options: OpenOptions = {}): Connection {
    this.#checkOpen();
    const before = beforeOf(options);
    if (before !== null && before > this.storage.lastTransaction() + 1n) {
      throw new RangeError('a connection cannot show the future of a database');
    }
    const transactionManager = options.transactionManager ?? currentManager();
    const pool = before === null ? this.#pool : this.#historical.of(before);
    let connection = pool.pop();
    if (connection === undefined) {
      const cache =
        before === null
          ? new ObjectCache(this.#cacheSize, this.#cacheSizeBytes)
          : new ObjectCache(this.#historical.cacheSize, this.#historical.cacheSizeBytes);
      connection = new Connection(this, this.#snapshots.open(before), cache, before, transactionManager);
      pool.push(connection);
    }
    connection.open(transactionManager);
    connection.openOthers();
    // Idle connections are trimmed, the opened one in `open`.
    this.#pool.collect();
    this.#historical.collect();
    return connection;
  }

  /** For connections: this one is closed. */
  closed(connection: Connection): void {
    if (this.#activity === null) return;
    this.#activity.closedConnection(this.takeTransferCounts(connection));
  }

  /** For connections: what one has counted goes on to count for the database, which may outlive it. */
  takeTransferCounts(connection: Connection): { readonly loads: number; readonly stores: number } {
    const counts = connection.getTransferCounts(true);
    this.#loadsBefore += counts.loads;
    this.#storesBefore += counts.stores;
    return counts;
  }

  /** For connections: this one is closed and can be opened again. */
  returned(connection: Connection): void {
    if (this.#closed) {
      connection.release();
      return;
    }
    if (connection.before === null) this.#pool.giveBack(connection);
    else this.#historical.giveBack(connection.before, connection);
    this.#historical.collect();
  }

  /** For connections: this one, which was opened through one to another database, will not be opened again. */
  forget(connection: Connection): void {
    for (const pool of this.#pools()) pool.forget(connection);
  }

  /**
   * Runs `work` with a connection in a transaction of its own, which is committed, or aborted when `work` throws. Where it gives a
   * promise, so is the result, and all that is done when it is settled.
   */
  transaction<T>(work: (connection: Connection) => T, note?: string): T {
    const transactionManager = new TransactionManager();
    const connection = this.open({ transactionManager });
    const end = (finish: () => void): void => {
      try {
        finish();
      } catch (error) {
        transactionManager.abort();
        throw error;
      } finally {
        connection.close();
      }
    };
    const commit = () => end(() => transactionManager.commit());
    const fail = (error: unknown): never => {
      end(() => transactionManager.abort());
      throw error;
    };
    let result: T;
    try {
      const transaction = transactionManager.begin();
      if (note !== undefined) transaction.note(note);
      result = work(connection);
    } catch (error) {
      return fail(error);
    }
    if (result instanceof Promise) {
      return result.then((value: unknown) => {
        commit();
        return value;
      }, fail) as T;
    }
    commit();
    return result;
  }

  /** Closes every connection and the storage. Changes that are not committed are lost. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const connection of this.#connections()) {
      if (connection.opened !== null) {
        connection.transactionManager.abort();
        connection.close();
      }
    }
    for (const pool of this.#pools()) pool.clear();
    this.databases.delete(this.databaseName);
    this.storage.close();
  }

  #checkOpen(): void {
    if (this.#closed) throw new ConnectionStateError('the database is closed');
  }

  *#pools(): Generator<ConnectionPool> {
    yield this.#pool;
    yield* this.#historical.all();
  }

  #connections(): Connection[] {
    return [...this.#pools()].flatMap((pool) => pool.all());
  }

  // What the storage does.

  lastTransaction(): Tid {
    return this.storage.lastTransaction();
  }

  /** Records in the storage. */
  objectCount(): number {
    return this.storage.size();
  }

  getName(): string {
    return this.storage.getName();
  }

  /** Bytes that the storage takes. */
  getSize(): number {
    return this.storage.getSize();
  }

  /**
   * From now on a transaction is seen as soon as it is in the file, before the disk has it, and one that is committed with `commit(true)` does not
   * wait for the disk either. Whoever opens connections must then await `Connection.durable` before telling the outside world what was
   * seen or done. False where the storage cannot do that.
   */
  showEarly(): boolean {
    return this.storage.showEarly?.() ?? false;
  }

  isReadOnly(): boolean {
    return this.storage.isReadOnly();
  }

  /** Revisions of an object, the newest first. */
  history(oid: Oid, size = 1): HistoryEntry[] {
    if (this.storage.history === undefined) throw unsupported('history');
    return this.storage.history(oid, size);
  }

  supportsUndo(): boolean {
    return this.storage.supportsUndo?.() ?? false;
  }

  /** Transactions that can be undone, the newest first; a negative `last` is a number of transactions. */
  undoLog(first = 0, last = -20, filter?: (entry: UndoEntry) => boolean): UndoEntry[] {
    if (this.storage.undoLog === undefined) throw unsupported('undo');
    return this.storage.undoLog(first, last, filter);
  }

  /**
   * Takes back transactions when the current one is committed, in the order that is given: the newest goes first.
   *
   * @throws UndoError at the commit, when later changes depend on them.
   */
  undo(tids: Tid | readonly Tid[], transaction: Transaction = currentManager().get()): void {
    if (!this.supportsUndo() || this.storage.undo === undefined)
      throw new UndoError('the storage cannot undo');
    const list = typeof tids === 'bigint' ? [tids] : [...tids];
    const { commits } = this.#snapshots;
    transaction.join(
      new UndoManager(this.storage, commits, list, (oids) => this.#snapshots.changed(oids, null)),
    );
  }

  /**
   * Removes revisions that were not current at a time, and objects that nothing refers to.
   *
   * @param time Seconds since 1970; default now.
   * @param days Days to go back from there.
   */
  pack(time = Date.now() / 1000, days = 0, options: PackOptions = {}): void {
    this.storage.pack(time - days * 86_400, { referencesOf, ...options });
  }

  // Connections and caches.

  /** Has every connection unload what has not been changed. */
  cacheMinimize(): void {
    for (const connection of this.#connections()) connection.cacheMinimize();
  }

  /** Loaded objects in all connections. */
  cacheSize(): number {
    return this.#connections().reduce((sum, connection) => sum + connection.cache.size, 0);
  }

  /** A connection has committed a transaction, which took so many milliseconds from its first phase on. */
  committed(milliseconds: number): void {
    this.#commits++;
    this.#commitMilliseconds += milliseconds;
  }

  /** What all connections have done: objects loaded and stored, transactions committed, and how long that took. */
  transferCounts(): { loads: number; stores: number; commits: number; commitSeconds: number } {
    const total = {
      loads: this.#loadsBefore,
      stores: this.#storesBefore,
      commits: this.#commits,
      commitSeconds: this.#commitMilliseconds / 1000,
    };
    for (const connection of this.#connections()) {
      const { loads, stores } = connection.getTransferCounts();
      total.loads += loads;
      total.stores += stores;
    }
    return total;
  }

  /** Loaded objects by class, most first. */
  cacheDetail(): [className: string, count: number][] {
    const counts = new Map<string, number>();
    for (const connection of this.#connections()) {
      for (const { info } of connection.cache.ring()) {
        const name = info.module === undefined ? info.cls.name : `${info.module}.${info.name}`;
        counts.set(name, (counts.get(name) ?? 0) + 1);
      }
    }
    return [...counts].sort((a, b) => b[1] - a[1]);
  }

  /** Every loaded object of every connection. */
  cacheExtremeDetail(): {
    connection: number;
    oid: Oid;
    className: string;
    size: number;
    changed: boolean;
  }[] {
    return this.#connections().flatMap((connection, index) =>
      [...connection.cache.ring()].map((meta) => ({
        connection: index,
        oid: meta.oid!,
        className: `${meta.info.module}.${meta.info.name}`,
        size: meta.size,
        changed: meta.status > 0,
      })),
    );
  }

  /** Sizes of the caches of the connections. */
  cacheDetailSize(): CacheDetail[] {
    return this.#connections().map((connection) => connection.cache.detail());
  }

  connectionDebugInfo(): { opened: number | null; info: string; before: Tid | null }[] {
    return this.#connections().map((connection) => ({
      opened: connection.opened,
      info: `${connection.getDebugInfo()} (${connection.cache.size})`,
      before: connection.before,
    }));
  }

  getActivityMonitor(): ActivityMonitor | null {
    return this.#activity;
  }

  setActivityMonitor(monitor: ActivityMonitor | null): void {
    this.#activity = monitor;
  }

  get poolSize(): number {
    return this.#pool.size;
  }

  set poolSize(size: number) {
    this.#pool.size = size;
    this.#pool.trim();
  }

  /** Seconds that an idle connection is kept. */
  get poolTimeout(): number {
    return this.#pool.timeout;
  }

  set poolTimeout(seconds: number) {
    this.#pool.timeout = seconds;
    this.#pool.trim();
  }

  get historicalPoolSize(): number {
    return this.#historical.size;
  }

  set historicalPoolSize(size: number) {
    this.#historical.size = size;
  }

  get historicalTimeout(): number {
    return this.#historical.timeout;
  }

  set historicalTimeout(seconds: number) {
    this.#historical.timeout = seconds;
  }

  get historicalCacheSize(): number {
    return this.#historical.cacheSize;
  }

  set historicalCacheSize(size: number) {
    this.#historical.cacheSize = size;
  }

  get historicalCacheSizeBytes(): number {
    return this.#historical.cacheSizeBytes;
  }

  set historicalCacheSizeBytes(size: number) {
    this.#historical.cacheSizeBytes = size;
  }

  get targetCacheSize(): number {
    return this.#cacheSize;
  }

  set targetCacheSize(size: number) {
    this.#cacheSize = size;
    for (const connection of this.#pool.all()) connection.cache.targetCount = size;
  }

  get targetCacheSizeBytes(): number {
    return this.#cacheSizeBytes;
  }

  set targetCacheSizeBytes(size: number) {
    this.#cacheSizeBytes = size;
    for (const connection of this.#pool.all()) connection.cache.targetBytes = size;
  }
}

function unsupported(what: string): Error {
  return new ConnectionStateError(`the storage does not support ${what}`);
}
