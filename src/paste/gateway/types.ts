/**
 * What WSGI is to Python, the fetch handler is to TypeScript: an application answers requests, a filter makes an application of
 * an application, a server serves one.
 */

/**
 * Answers a request. What it throws, or what its promise is rejected with, travels up the pipeline, as in WSGI; a server
 * answers an error that reaches it with 500.
 *
 * ```ts
 * const hello: Application = () => new GatewayResponse('hello\n', { headers: ['Content-Type', 'text/plain'] });
 * ```
 */
export type Application = (request: Request) => Response | Promise<Response>;

/** Wraps an application. */
export type Filter = (app: Application) => Application;

/** An application that a server may start in several threads before it listens. */
export type ThreadedApplication = Application & {
  /**
   * @param count How many threads; undefined: as many as is good.
   * @param bodyLimit Bytes beyond which reading a body fails.
   * @param name Dotted name of the server's logger.
   * @param bodyInMemory Bytes of a body that are kept in memory.
   */
  startThreads(
    count: number | undefined,
    bodyLimit: number,
    name: string,
    bodyInMemory?: number,
  ): Promise<void>;
  /** Paths that a server answers also where it takes no more connections. */
  readonly urgentPaths?: readonly string[];
  /** Whether the threads are to accept connections themselves: then `serveInThreads` takes the place of the server. */
  readonly acceptInThreads?: boolean;
  /** @param settings Those of the server, which can be posted to threads. */
  serveInThreads?(count: number | undefined, settings: object, name: string): Promise<RunningServer>;
};

/** A server that listens. */
export interface RunningServer {
  /** Where: `http://127.0.0.1:8080` or `unix:/path`; one for each socket. */
  readonly urls: readonly string[];
  /**
   * Stops accepting, closes idle connections, lets running requests end within `graceMs` (30 seconds unless told), then cuts
   * what is left. Calling it again can only shorten the time.
   */
  close(graceMs?: number): Promise<void>;
  /** Milliseconds that `close` gives unless told. */
  readonly graceMs?: number;
  /** Resolves when the last connection has ended after `close`. */
  readonly closed: Promise<void>;
}

/** Serves an application; resolves when it listens. */
export type ServerRunner = (app: Application) => Promise<RunningServer>;
