import { getLogger } from '@logtape/logtape';
import type { Connection } from './connection.ts';

const logger = getLogger(['ZODB', 'DB']);

/**
 * The connections of a database. Idle ones are kept for their caches: the one with most loaded objects is used first, and of
 * equal ones the one that was given back last. Opening never waits: more connections than `size` are made, with a warning.
 */
export class ConnectionPool {
  size: number;
  /** Seconds after which an idle connection is let go. */
  timeout: number;
  readonly #open = new Set<Connection>();
  #idle: { readonly connection: Connection; readonly since: number }[] = [];

  constructor(size: number, timeout: number) {
    this.size = size;
    this.timeout = timeout;
  }

  /** Takes the best idle connection. */
  pop(): Connection | undefined {
    const entry = this.#idle.pop();
    if (entry !== undefined) this.#open.add(entry.connection);
    return entry?.connection;
  }

  /** Takes a new connection in. */
  push(connection: Connection): void {
    this.#open.add(connection);
    const count = this.#open.size;
    if (count > this.size * 2)
      logger.fatal('DB.open() has {count} open connections with a pool_size of {size}', {
        count,
        size: this.size,
      });
    else if (count > this.size)
      logger.warn('DB.open() has {count} open connections with a pool_size of {size}', {
        count,
        size: this.size,
      });
  }

  giveBack(connection: Connection): void {
    this.#open.delete(connection);
    this.#trim(this.size - 1);
    const { size } = connection.cache;
    let at = this.#idle.length;
    while (at > 0 && this.#idle[at - 1]!.connection.cache.size > size) at--;
    this.#idle.splice(at, 0, { connection, since: Date.now() });
  }

  /** Lets idle connections go that are too many. */
  trim(): void {
    this.#trim(this.size);
  }

  #trim(target: number): void {
    const oldest = Date.now() - this.timeout * 1000;
    while (this.#idle.length > 0 && (this.#idle.length > target || this.#idle[0]!.since < oldest))
      this.#idle.shift()!.connection.release();
  }

  /** Lets idle connections go that have been idle for too long, and has the caches of the others keep their limits. */
  collect(): void {
    const oldest = Date.now() - this.timeout * 1000;
    const old: Connection[] = [];
    const kept: { readonly connection: Connection; readonly since: number }[] = [];
    for (const entry of this.#idle)
      if (entry.since < oldest) old.push(entry.connection);
      else kept.push(entry);
    this.#idle = kept;
    for (const connection of old) connection.release();
    for (const { connection } of kept) connection.cache.collect(true);
  }

  /** Takes a connection out that somebody else has released. */
  forget(connection: Connection): void {
    this.#open.delete(connection);
  }

  open(): Connection[] {
    return [...this.#open];
  }

  all(): Connection[] {
    return [...this.#open, ...this.#idle.map(({ connection }) => connection)];
  }

  /** Lets every idle connection go. */
  clear(): void {
    for (const { connection } of this.#idle) connection.release();
    this.#idle = [];
  }
}
