/** The application of an .ini, in as many threads as its server asks for. */
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { MessageChannel } from 'node:worker_threads';
import { getLogger } from '@logtape/logtape';
import {
  type Application,
  bindSockets,
  type HealthOptions,
  loadApp,
  Metrics,
  type PoolOptions,
  published,
  receiveLogging,
  type RunningServer,
  serveMetrics,
  type ServerSettings,
  type ThreadedApplication,
  ThreadPool,
  withHealth,
} from '../../paste/index.ts';
import { closeIntrinsics, forbidCodeFromText } from '../../restricted/index.ts';
import { siteStats } from '../app/stats.ts';
import { fromSource, moduleUrl, packageRoot } from '../package-files.ts';
import { addressOf, type OperationSettings, settingsWithoutEffect } from './operation-settings.ts';
import { fileTrouble } from './file-troubles.ts';
import { OwnRequests } from './own-requests.ts';
import type { StorageHost, StorageRequest } from './storage-host.ts';
import { answerCalls } from './sync-call.ts';
import type { SiteThreadData } from './thread-main.ts';

const logger = getLogger(['Zope']);
const MOST_THREADS = 4;
const GRACE_MS = 30_000;
/** The number of the only thread of a site, where operators are told of it. */
const MAIN_NUMBER = 1;
type Accept = NonNullable<PoolOptions['accept']>;
type BodyLimits = Pick<PoolOptions, 'bodyLimit' | 'bodyInMemory'>;
const UNLIMITED: BodyLimits = { bodyLimit: Infinity };
/** What a server asks for that does not say how many threads it wants. */
export const DEFAULT_THREADS = Math.min(MOST_THREADS, availableParallelism());

export interface SiteOptions {
  readonly configUri: string;
  readonly appName: string | undefined;
  readonly relativeTo: string;
  readonly globalConf: Readonly<Record<string, string>>;
  readonly settings: OperationSettings;
  /** Called when the application is loaded, before the server listens. */
  readonly onLoaded?: () => void;
}

const MODULE = moduleUrl('zope/threads/thread-main');
/** Older Node has to be told how to read the sources. */
const SOURCE_OPTIONS = {
  execArgv: ['--import', pathToFileURL(path.join(packageRoot, 'scripts/register-ts.js')).href],
};

export class ThreadedSite {
  readonly #options: SiteOptions;
  readonly #metrics = new Metrics();
  /** Loaded while the first thread starts, which takes as long. */
  #loadedHost: Promise<StorageHost> | undefined;
  #host: StorageHost | undefined;
  #pool: ThreadPool | undefined;
  #started: Promise<void> | undefined;
  #app: Application | undefined;
  #ending = false;
  #metricsPage: { close(): void } | undefined;
  #ownRequests: OwnRequests | undefined;
  readonly #health: HealthOptions;
  /** Why the site takes no requests, as it was last told to the log. */
  #said: string | undefined;
  /** For servers; those that do not call `startThreads` get the default number. */
  readonly app: ThreadedApplication;

  constructor(options: SiteOptions) {
    this.#options = options;
    const { health_path: healthPath, ready_path: readyPath } = options.settings;
    this.#health = { healthPath, readyPath, unready: () => this.#unready() };
    const app = withHealth(
      (request) =>
        this.#app === undefined ? this.start(undefined).then(() => this.#app!(request)) : this.#app(request),
      this.#health,
    );
    this.app = Object.assign(app, {
      startThreads: (count: number | undefined, bodyLimit: number, name: string, bodyInMemory?: number) =>
        this.start(count, { bodyLimit, bodyInMemory }, name),
      urgentPaths: [healthPath, readyPath],
      acceptInThreads: options.settings.accept === 'threads',
      serveInThreads: (count: number | undefined, settings: object, name: string) =>
        this.#serveInThreads(count ?? DEFAULT_THREADS, settings as ServerSettings, name),
    });
  }

  #unready(): string | undefined {
    const reason = this.#reason();
    if (reason !== this.#said) {
      if (reason === undefined) logger.info('The site can take requests again');
      else if (!this.#ending) logger.warn(`The site can take no requests: ${reason}`);
      this.#said = reason;
    }
    return reason;
  }

  #reason(): string | undefined {
    if (this.#ending) return 'the server is stopping';
    if (this.readyThreads === 0) return 'no thread is ready';
    if (this.#pool?.isFull === true) return 'too many requests wait';
    return this.#host === undefined ? fileTrouble() : this.#host.trouble();
  }

  /** The server is to stop: running requests end, and no others are to be sent here. */
  end(): void {
    this.#ending = true;
  }

  /** Whether the site's code runs in this thread. */
  get inMainThread(): boolean {
    return this.#pool === undefined;
  }

  /** Where the site's code runs in this thread: what is to be watched from another one, if it is. */
  get ownRequests(): OwnRequests | undefined {
    return this.#ownRequests;
  }

  /** How many threads can take requests now; the others start after the first one. */
  get readyThreads(): number {
    return this.#pool?.state.ready ?? (this.#app === undefined ? 0 : 1);
  }

  /** Loads the application, once. Throws what loading it throws. */
  start(count: number | undefined, limits: BodyLimits = UNLIMITED, name = 'zope'): Promise<void> {
    return (this.#started ??= this.#start(count ?? DEFAULT_THREADS, limits, name));
  }

  async #start(count: number, limits: BodyLimits, name: string, accept?: Accept): Promise<void> {
    const { settings } = this.#options;
    for (const note of settingsWithoutEffect(settings, count)) logger.warn(note);
    if (settings.metrics_listen !== '') {
      const address = addressOf(settings.metrics_listen);
      const page = await serveMetrics(address, () => this.#renderMetrics(), this.#health).catch(
        (error: object) => {
          throw Object.assign(error, { section: 'zope-ts', setting: 'metrics_listen' });
        },
      );
      this.#metricsPage = page;
      logger.info(`Metrics are at ${page.url}`);
    }
    if (count > 1) await this.#startPool(count, limits, name, accept);
    else await this.#loadHere(name);
    this.#options.onLoaded?.();
  }

  async #loadHere(name: string): Promise<void> {
    const { configUri, relativeTo, globalConf, appName, settings } = this.#options;
    if (settings.slow_request_seconds > 0)
      this.#ownRequests = new OwnRequests(settings.slow_request_seconds, name);
    const app = await loadApp(configUri, { relativeTo, globalConf, name: appName });
    // After what a site's own code needs at its start; threads have a flag of the engine for it.
    if (!settings.code_from_text) {
      forbidCodeFromText();
      closeIntrinsics();
    }
    const told = published(this.#ownRequests?.watched(app) ?? app, MAIN_NUMBER);
    this.#app = settings.metrics_listen === '' ? told : this.#metrics.measured(told);
  }

  /** Threads listen themselves on sockets that are bound here. */
  async #serveInThreads(count: number, settings: ServerSettings, name: string): Promise<RunningServer> {
    const { sockets, urls, close } = await bindSockets(settings);
    const logger = getLogger(name.split('.'));
    try {
      const measured = this.#options.settings.metrics_listen !== '';
      const urgentPaths = this.app.urgentPaths!;
      const accept = { settings, name, sockets, measured, urgentPaths };
      this.#started = this.#start(count, { bodyLimit: settings.max_request_body_size }, name, accept);
      await this.#started;
    } catch (error) {
      close();
      throw error;
    }
    for (const url of urls) logger.info(`Serving on ${url}`);
    let ended!: () => void;
    const closed = new Promise<void>((resolve) => (ended = resolve));
    return {
      urls,
      closed,
      close: async (graceMs = GRACE_MS) => {
        close();
        await this.#pool?.close(graceMs);
        ended();
      },
    };
  }

  async #startPool(count: number, limits: BodyLimits, name: string, accept?: Accept): Promise<void> {
    const { settings } = this.#options;
    // Read when a thread begins; what is compiled of scripts and templates is not made by `eval`.
    setFlagsFromString(
      settings.code_from_text
        ? '--no-disallow-code-generation-from-strings'
        : '--disallow-code-generation-from-strings',
    );
    const pool = new ThreadPool({
      module: MODULE.href,
      threads: count,
      ...limits,
      ...(accept === undefined ? {} : { accept }),
      queueLimit: settings.queue_limit,
      whenDurable: (hold) => this.#host!.whenDurable(hold),
      slowAfter: settings.slow_request_seconds,
      endAfter: settings.hung_request_seconds,
      drainAfter: settings.drain_seconds,
      drainStreamsAfter: settings.drain_streams_seconds,
      name,
      ...(fromSource ? SOURCE_OPTIONS : {}),
      prepare: (number) => this.#prepare(number),
      // What a thread needs from only one thread is known when the first one has loaded the application.
      limit: () => {
        const unshared = this.#host?.unshared ?? new Set();
        if (unshared.size === 0) {
          if (this.#host !== undefined) this.#host.refusesUnshared = true;
          return count;
        }
        const kinds = [...unshared].map((kind) => `<${kind}>`).join(', ');
        logger.warn(`One thread serves the site: ${kinds} cannot be shared by several`);
        return 1;
      },
    });
    pool.onAnswer = this.#metrics.answered;
    pool.onRefusal = this.#metrics.refused;
    this.#pool = pool;
    const started = pool.start();
    await Promise.all([started, this.#storageHost()]);
    this.#app = pool.dispatch;
  }

  #storageHost(): Promise<StorageHost> {
    this.#loadedHost ??= import('./storage-host.ts').then(
      (module) => (this.#host = new module.StorageHost()),
    );
    return this.#loadedHost;
  }

  #prepare(number: number) {
    const { configUri, appName, relativeTo, globalConf, settings } = this.#options;
    const { port1, port2 } = new MessageChannel();
    receiveLogging(port1);
    const line = answerCalls((request: StorageRequest) =>
      this.#storageHost().then((host) => host.answer(request, number)),
    );
    const data: SiteThreadData = {
      configUri,
      appName,
      relativeTo,
      globalConf,
      settings,
      logPort: port2,
      line,
    };
    return {
      data,
      transfer: [port2, line.port],
      ended: () => this.#host?.forget(number),
    };
  }

  async #renderMetrics(): Promise<string> {
    const pool = this.#pool;
    if (pool !== undefined) return this.#metrics.render(pool.state, await pool.stats(), pool.metrics);
    const state = {
      threads: 1,
      ready: this.#reason() === undefined ? 1 : 0,
      queued: 0,
      running: this.#metrics.running,
    };
    const stats = { ...siteStats(), zope_thread_heap_bytes: process.memoryUsage().heapUsed };
    return this.#metrics.render(state, new Map([[MAIN_NUMBER, stats]]));
  }

  /**
   * Loads the application anew, in new threads that take the place of the old ones. False when there is one thread, which cannot be
   * replaced. Throws what loading the application throws; the site goes on as it was then.
   */
  async recycle(): Promise<boolean> {
    if (this.#pool === undefined) return false;
    const last = this.#host?.lastThread ?? 0;
    try {
      await this.#pool.recycle();
      this.#host?.tellUnused(last);
    } catch (error) {
      logger.error('The site could not be loaded anew and goes on as it was', { error });
      throw error;
    }
    logger.info('All threads were replaced');
    return true;
  }

  /** Ends the threads and closes what they had open. */
  async close(): Promise<void> {
    this.#metricsPage?.close();
    this.#ownRequests?.close();
    await this.#pool?.close();
    this.#host?.close();
  }
}
