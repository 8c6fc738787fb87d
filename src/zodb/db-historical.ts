import type { Connection } from './connection.ts';
import { ConnectionPool } from './db-pool.ts';
import type { Tid } from './interfaces.ts';

/** The connections that show earlier states of a database, in a pool for each state. */
export class HistoricalPools {
  readonly #pools = new Map<Tid, ConnectionPool>();
  #size: number;
  #timeout: number;
  #cacheSize: number;
  #cacheSizeBytes: number;

  /** @param timeout Seconds after which an idle connection is let go. */
  constructor(size: number, timeout: number, cacheSize: number, cacheSizeBytes: number) {
    this.#size = size;
    this.#timeout = timeout;
    this.#cacheSize = cacheSize;
    this.#cacheSizeBytes = cacheSizeBytes;
  }

  /** The pool of the state before a transaction; made when it is not there. */
  of(before: Tid): ConnectionPool {
    let pool = this.#pools.get(before);
    if (pool === undefined) this.#pools.set(before, (pool = new ConnectionPool(this.#size, this.#timeout)));
    return pool;
  }

  /** Takes a connection back that was closed and can be opened again. */
  giveBack(before: Tid, connection: Connection): void {
    this.#pools.get(before)?.giveBack(connection);
  }

  /** Lets go what has been idle for too long. */
  collect(): void {
    for (const [tid, pool] of this.#pools) {
      pool.collect();
      if (pool.all().length === 0) this.#pools.delete(tid);
    }
  }

  all(): Iterable<ConnectionPool> {
    return this.#pools.values();
  }

  get size(): number {
    return this.#size;
  }

  set size(size: number) {
    this.#size = size;
    for (const pool of this.#pools.values()) {
      pool.size = size;
      pool.trim();
    }
  }

  get timeout(): number {
    return this.#timeout;
  }

  set timeout(seconds: number) {
    this.#timeout = seconds;
    for (const pool of this.#pools.values()) {
      pool.timeout = seconds;
      pool.trim();
    }
  }

  get cacheSize(): number {
    return this.#cacheSize;
  }

  set cacheSize(size: number) {
    this.#cacheSize = size;
    for (const pool of this.#pools.values()) for (const { cache } of pool.all()) cache.targetCount = size;
  }

  get cacheSizeBytes(): number {
    return this.#cacheSizeBytes;
  }

  set cacheSizeBytes(size: number) {
    this.#cacheSizeBytes = size;
    for (const pool of this.#pools.values()) for (const { cache } of pool.all()) cache.targetBytes = size;
  }
}
