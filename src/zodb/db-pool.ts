import { getLogger } from '@logtape/logtape';
import type { Connection } from './connection.ts';

const logger = getLogger(['ZODB', 'DB']);

/**
 * The connections of a database. Idle ones are kept for their caches; the one that was given back last is used first. Opening
 * never waits: more connections than `size` are made, with a warning.
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

  /** Takes the idle connection that was used last. */
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
    this.#idle.push({ connection, since: Date.now() });
    this.trim();
  }

  /** Lets idle connections go that are too many or have been idle for too long. */
  trim(): void {
    const oldest = Date.now() - this.timeout * 1000;
    this.#idle = this.#idle.filter(({ connection, since }, index) => {
      const keep = since >= oldest && this.#idle.length - index <= this.size;
      if (!keep) connection.release();
      return keep;
    });
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
