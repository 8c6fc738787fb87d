/** What a database and its connections can be told. */
import type { TransactionManager } from '../transaction/index.ts';
import type { DB } from './db.ts';
import type { Tid } from './interfaces.ts';
import { tidOfSeconds } from './timestamp.ts';

/** Settings of a database; times are in seconds. */
export interface DBOptions {
  /** Connections that are kept; more can be open, with a warning. Default 7. */
  readonly poolSize?: number;
  /** How long an idle connection is kept. Default: for ever. */
  readonly poolTimeout?: number;
  /** Most objects that stay loaded in a connection after a transaction (0: no limit). Default 400. */
  readonly cacheSize?: number;
  /**
   * Most bytes of records that stay loaded (0: no limit). Default 64 MiB: what 400 objects of ordinary size never take, so that only
   * a few hundred huge ones are unloaded sooner.
   */
  readonly cacheSizeBytes?: number;
  /** The same for connections that show an earlier state; defaults 3, 1000, 64 MiB and 300 seconds. */
  readonly historicalPoolSize?: number;
  readonly historicalCacheSize?: number;
  readonly historicalCacheSizeBytes?: number;
  readonly historicalTimeout?: number;
  /** Default 'unnamed'. */
  readonly databaseName?: string;
  /** The databases that are used together, by name; this one is added. */
  readonly databases?: Map<string, DB>;
  /** Whether objects may refer to objects of other databases. Default true. */
  readonly xrefs?: boolean;
  /** Records larger than this (bytes) are warned of. Default 16 MiB. */
  readonly largeRecordSize?: number;
  /** Whether objects whose class is missing may be changed. Default false. */
  readonly allowBrokenChanges?: boolean;
}

export interface OpenOptions {
  /** Default: the manager of the running code. */
  readonly transactionManager?: TransactionManager;
  /** Shows the database as the transaction with this id, or the last one up to this moment, left it. */
  readonly at?: Tid | Date;
  /** As `at`, without that transaction itself. */
  readonly before?: Tid | Date;
}

/**
 * The transaction before which a connection is to show the database; null: it shows the present.
 *
 * @throws TypeError for both `at` and `before`.
 */
export function beforeOf(options: OpenOptions): Tid | null {
  const { at, before } = options;
  if (at !== undefined && before !== undefined)
    throw new TypeError('a connection is opened at or before a moment, not both');
  if (at !== undefined) return tid(at) + 1n;
  return before === undefined ? null : tid(before);
}

function tid(moment: Tid | Date): Tid {
  return moment instanceof Date ? tidOfSeconds(moment.getTime() / 1000) : moment;
}
