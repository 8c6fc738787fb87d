/** `egg:Zope#main`: a site as one application (INVENTORY W-001 to W-004). */
import { getLogger } from '@logtape/logtape';
import {
  type Application as GatewayApplication,
  type FetchHandler,
  httpExceptions,
  setFailurePage,
  toFetchHandler,
} from '../../paste/index.ts';
import { createPublisher, type NotDurable, type SiteConnection } from '../../publisher/index.ts';
import { isTransient, TransactionManager } from '../../transaction/index.ts';
import { loadZopeConf } from '../../zconfig/index.ts';
import { type Connection, type DB, whenDurable } from '../../zodb/index.ts';
import { publisherSettings } from './effects.ts';
import { reportFailure } from './error-log.ts';
import { debugPage, numberPage } from './failure-page.ts';
import { standardErrorMessage } from './error-page.ts';
import { onShutdown } from './shutdown.ts';
import { countConflict, countDatabase } from './stats.ts';
import { keepPidFile } from '../threads/process-services.ts';
import { loadExtensions } from '../external/extensions.ts';
import { openSiteDatabases } from './site.ts';
import { loadSiteModules } from './site-modules.ts';

const logger = getLogger(['Zope']);
const ON = new Set(['true', 'on', '1']);

/** The application, and how to close what it has opened. */
export interface SiteApplication {
  (request: Request): Response | Promise<Response>;
  /** For hosts without a pipeline: exceptions are answered, and what comes back is a global `Response`. */
  readonly fetch: FetchHandler;
  close(): void;
}

/**
 * An application that serves a site. `globalConf` may switch `debug_mode` and `debug_exceptions` on; `zopeConf` is the path of
 * the configuration. Throws a ConfigurationError, or what opening the databases throws.
 */
export async function makeApplication(
  globalConf: Readonly<Record<string, string>>,
  zopeConf: string,
): Promise<SiteApplication & GatewayApplication> {
  const config = loadZopeConf(zopeConf);
  const settings = await publisherSettings(config);
  await loadSiteModules(config.instanceHome);
  await loadExtensions(config.instanceHome);
  const { db, close } = openSiteDatabases(config);
  // Answers wait for the disk instead of threads.
  for (const each of db.databases.values()) each.showEarly();
  const counted = [...db.databases.values()].map(countDatabase);
  const pool = new ConnectionPool(db);
  const debugMode = config.debugMode || ON.has(globalConf.debug_mode ?? '');
  const publish = createPublisher({
    open: () => pool.take(),
    ...settings,
    debugMode,
    debugExceptions: config.debugExceptions || ON.has(globalConf.debug_exceptions ?? ''),
    errorPage: standardErrorMessage,
    onFailure(error, request, retry) {
      if (isTransient(error)) countConflict(error, request.URL, retry);
      reportFailure(error, request, retry);
    },
    onEscape(error, request) {
      const page = debugMode ? debugPage(error, request) : numberPage(error);
      if (page !== undefined) setFailurePage(error, page);
    },
  });
  const removePidFile = keepPidFile(config.pidFile);
  let closed = false;
  const closeAll = () => {
    if (closed) return;
    closed = true;
    for (const uncount of counted) uncount();
    pool.close();
    close();
    removePidFile();
  };
  onShutdown(closeAll);
  logger.info('Ready to handle requests');
  const app = (request: Request) => publish(request);
  return Object.assign(app, { fetch: toFetchHandler(httpExceptions(app)), close: closeAll });
}

/** Connections with a transaction manager each, lent for one request at a time. */
class ConnectionPool {
  readonly #db: DB;
  readonly #free: PooledConnection[] = [];

  constructor(db: DB) {
    this.#db = db;
  }

  take(): SiteConnection {
    return this.#free.pop() ?? new PooledConnection(this.#db, (connection) => this.#free.push(connection));
  }

  close(): void {
    for (const connection of this.#free.splice(0)) connection.end();
  }
}

class PooledConnection implements SiteConnection {
  readonly transactions = new TransactionManager();
  readonly #connection: Connection;
  readonly #giveBack: (connection: PooledConnection) => void;

  constructor(db: DB, giveBack: (connection: PooledConnection) => void) {
    this.#connection = db.open({ transactionManager: this.transactions });
    this.#giveBack = giveBack;
  }

  get root(): object {
    return this.#connection.root().get('Application') as object;
  }

  undurable(): NotDurable | undefined {
    const found = this.#connection.undurable();
    return (
      found && {
        holds: found.map(({ storage, tid, losses }) => ({ file: storage.file!, tid, losses })),
        wait: () => whenDurable(found),
      }
    );
  }

  takeTurn(): void {
    // In the same order in all threads.
    for (const { storage } of this.#connection.db.databases.values()) storage.takeTurn?.();
  }

  endTurn(): void {
    for (const { storage } of this.#connection.db.databases.values()) storage.endTurn?.();
  }

  close(): void {
    this.#giveBack(this);
  }

  end(): void {
    this.#connection.close();
  }
}
