/**
 * A thread that has the application: takes requests from the main thread and sends it the answers.
 *
 * Over 400 lines: the other side of `pool.ts`, for the same reason.
 */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { getLogger } from '@logtape/logtape';
import { discard, type Parts, partsOf } from '../gateway/body-parts.ts';
import { flatten } from '../gateway/flat-headers.ts';
import { GatewayRequest } from '../gateway/request.ts';
import type { BodyContext } from '../gateway/request-body.ts';
import { GatewayResponse, type ResponseBody } from '../gateway/response.ts';
import { HttpServer } from '../servers/http-server.ts';
import type { ServerSettings } from '../servers/settings.ts';
import type { SharedSocket } from '../servers/shared-sockets.ts';
import { InvalidAnswerError } from '../gateway/send-response.ts';
import type { Application } from '../gateway/types.ts';
import type { PostedRecord } from '../logging/threads.ts';
import { decodeError } from './errors.ts';
import { Outflow } from './flow.ts';
import * as frames from './frames.ts';
import { Link, type Rings } from './link.ts';
import { Metrics } from './metrics.ts';
import { published } from './request-events.ts';
import { ThreadCounts } from './thread-counts.ts';
import { BodilessIncoming, RemoteIncoming } from './remote-incoming.ts';
import { CLAIMS, COST, PULSE } from './pool-thread.ts';
import type { Memory } from './ring.ts';
import * as wire from './wire.ts';

/** What the main thread gives a thread. */
export interface ThreadData {
  /** A module with `startThread(data)`, which makes the application. */
  readonly module: string;
  readonly data: unknown;
  /** Above 0; no other thread has or had it. */
  readonly number: number;
  /** Which of the requests that were sent have been begun: see `PoolThread`. */
  readonly claims: SharedArrayBuffer;
  readonly rings: Rings;
  /** What it counts, for when it has ended: see `ThreadCounts`. */
  readonly counts: SharedArrayBuffer;
  /** Where it counts its requests, if it accepts connections itself: see `metricsMemory`. */
  readonly metrics?: SharedArrayBuffer;
  readonly bodyLimit: number;
  /** Bytes of a body that are kept in memory. */
  readonly bodyInMemory: number | undefined;
  /** Whether the main thread holds answers back: see `GatewayRequest.hold`. */
  readonly holds: boolean;
  /** See `PoolOptions`. */
  readonly drainAfter: number;
  readonly drainStreamsAfter: number;
  /** The thread accepts connections itself, on these sockets. */
  readonly accept?: {
    readonly settings: ServerSettings;
    readonly name: string;
    readonly sockets: readonly SharedSocket[];
    /** Its requests are counted. */
    readonly measured: boolean;
    /** See `HttpServerOptions`. */
    readonly urgentPaths: readonly string[];
  };
}

/** What makes the application of a thread. */
export interface ThreadModule {
  startThread(data: unknown, context: ThreadContext): Promise<ThreadApplication>;
}

export interface ThreadContext {
  /** As in `ThreadData`. */
  readonly number: number;
  /** Sends a record of the log to the main thread, before what the thread answers later: see `forwardLogging`. */
  log(record: PostedRecord): void;
  /** It is to end, and answers what was asked already. */
  readonly isEnding: boolean;
}

export interface ThreadApplication {
  readonly app: Application;
  /** What it has counted since it began, and what it holds now, by names of Prometheus (`zope_conflicts_total`). */
  stats?(): Record<string, number>;
  /** Called before the thread ends in an orderly way. */
  close?(): void | Promise<void>;
}

/** After so long the thread looks at its event loop, and at what else was sent to it, though more requests wait. */
const TURN_MS = 1;

const SLOT = CLAIMS - 1;

interface Running {
  readonly id: number;
  readonly request: GatewayRequest;
  readonly incoming: RemoteIncoming | BodilessIncoming;
  outflow: Outflow | undefined;
}

/** Records from this level on are sent at once, for what comes next may end the thread. */
const URGENT = 30;

class Thread {
  readonly #port: MessagePort;
  readonly #link: Link;
  readonly #claims: Int32Array;
  readonly #bodyContext: BodyContext;
  // At the number of each modulo the size, as in the pool.
  readonly #running: (Running | undefined)[];
  readonly #requests = new frames.RequestReader();
  readonly #answers = new frames.AnswerFrame();
  readonly #hold = new frames.HoldFrame();
  readonly #holds: boolean;
  #app!: Application;
  #siteStats: () => Record<string, number> = () => ({});
  #unsettled: Running[] = [];
  #scheduled = false;
  #handled = 0;
  #begun = 0;
  #now = 0;
  #cost: number;
  readonly #counts: ThreadCounts;
  #keeping = false;

  constructor(port: MessagePort, { claims, rings, bodyLimit, bodyInMemory, holds, counts }: ThreadData) {
    this.#counts = new ThreadCounts(counts);
    this.#port = port;
    this.#claims = new Int32Array(claims);
    this.#cost = this.#claims[COST]!;
    this.#running = Array.from({ length: CLAIMS }, () => undefined);
    this.#bodyContext = { bodyLimit, bodyInMemory };
    this.#holds = holds;
    this.#link = new Link(port, rings.answers, rings.requests, {
      frame: (memory, at, owned) => this.#begin(memory, at, owned),
      message: (kind, values, at) => this.#receive(kind, values, at),
    });
  }

  /** Begins to take requests, and says so. */
  start({ app, stats }: ThreadApplication): void {
    this.#app = app;
    if (stats !== undefined) this.#siteStats = stats;
    this.#port.on('message', (message: unknown) => {
      if (typeof message === 'string') return;
      this.#now = this.#begun = performance.now();
      this.#link.receive(message);
      this.#run();
    });
    // The names of its counts; and what was logged meanwhile comes before.
    this.#link.add(wire.STATS, this.#stats());
    this.#link.flush();
    process.on('exit', () => this.#keep());
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of Node, not a window
    this.#port.postMessage('ready');
    this.#runSoon();
  }

  readonly log = (record: PostedRecord): void => {
    this.#link.add(wire.LOG, record);
    if (record.level >= URGENT) this.#link.flush();
    else this.#runSoon();
  };

  #runSoon(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#now = this.#begun = performance.now();
      for (const running of this.#unsettled.splice(0))
        if (this.#running[running.id & SLOT] === running) this.#link.send(frames.waitingFrame, running.id);
      this.#run();
    });
  }

  /** Handles requests until there are none, or others have to have their turn. */
  #run(): void {
    const until = this.#now + TURN_MS;
    while (this.#link.read(1) > 0 && this.#now < until);
    this.#flush();
    // While others are at the answers, and before the next request is begun, which may be the last.
    this.#keep();
    this.#handled = 0;
    if (this.#unsettled.length > 0 || !this.#link.sleep()) this.#runSoon();
  }

  #keep(): void {
    this.#counts.keep(this.#siteStats());
  }

  /** A request that it accepted itself was answered. */
  readonly answered = (): void => {
    if (this.#keeping) return;
    this.#keeping = true;
    setImmediate(() => {
      this.#keeping = false;
      this.#keep();
    });
  };

  #begin(memory: Memory, at: number, owned: boolean): void {
    const id = frames.idOf(memory, at);
    const slot = id & SLOT;
    // Another thread may have been given it meanwhile, or its client has left.
    if (Atomics.compareExchange(this.#claims, slot, id, -id) !== id) {
      if (!owned) this.#link.release(at);
      // The pool gives this thread no others until it knows that it has come so far.
      this.#link.send(frames.waitingFrame, id);
      return;
    }
    const { head, body } = this.#requests.read(memory, at);
    if (!owned) this.#link.release(at);
    const incoming = this.#incoming(id, head, body);
    const request = new GatewayRequest(incoming as RemoteIncoming, head.environ, this.#bodyContext);
    request._holds = this.#holds;
    if (typeof body !== 'number') request._content.given(body);
    const running: Running = { id, request, incoming, outflow: undefined };
    this.#running[slot] = running;
    try {
      const result = this.#app(request as unknown as Request);
      if (result instanceof Promise) {
        this.#unsettled.push(running);
        result.then(
          (response) => {
            this.#answer(running, response);
            this.#runSoon();
          },
          (error: unknown) => this.#fail(running, error),
        );
      } else this.#answer(running, result);
    } catch (error) {
      this.#fail(running, error);
    }
    this.#worked();
  }

  #incoming(
    id: number,
    head: frames.RequestHead,
    body: Uint8Array | number,
  ): RemoteIncoming | BodilessIncoming {
    if (body === frames.NO_BODY) return new BodilessIncoming(head);
    if (body !== frames.BODY_FOLLOWS) return new RemoteIncoming(head, undefined);
    return new RemoteIncoming(head, { want: (bytes) => this.#tell(wire.CREDIT, id, bytes) });
  }

  /** What was answered is there for the main thread to see; it is woken when it may have to wait for more. */
  #worked(): void {
    this.#handled++;
    this.#now = performance.now();
    if (this.#now - this.#begun > TURN_MS) this.#flush();
  }

  #receive(kind: number, values: readonly unknown[], at: number): void {
    if (kind === wire.STATS) this.#tell(wire.STATS, this.#stats());
    else if (kind === wire.PING) Atomics.store(this.#claims, PULSE, values[at + 1] as number);
    else this.#more(kind, values[at + 1] as number, values[at + 2]);
  }

  #stats(): Record<string, number> {
    return { ...this.#siteStats(), zope_thread_heap_bytes: process.memoryUsage().heapUsed };
  }

  /** What comes after the head of a request. */
  #more(kind: number, id: number, value: unknown): void {
    const running = this.#running[id & SLOT];
    if (running?.id !== id) return;
    switch (kind) {
      case wire.CHUNK:
        (running.incoming as RemoteIncoming).add(value as Uint8Array);
        break;
      case wire.END:
        (running.incoming as RemoteIncoming).finish();
        break;
      case wire.FAIL:
        running.request._content.fail(decodeError(value as wire.PostedError));
        break;
      case wire.CREDIT:
        running.outflow?.credit(value as number);
        break;
      case wire.LEFT:
        running.request._left();
        break;
      case wire.CANCEL:
        running.outflow?.cancel();
        break;
      default:
        throw new Error(`a message of the unknown kind ${kind}`);
    }
  }

  #answer(running: Running, response: Response): void {
    let parts: Parts | undefined;
    try {
      const [head, body] = partsOfAnswer(response);
      this.#sendHolds(running);
      if (frames.isWhole(body)) {
        this.#link.send(this.#answers.of(head, body, false), running.id);
        this.#settle(running);
        return;
      }
      // Where this fails, nothing was answered yet.
      parts = partsOf(body);
      this.#link.send(this.#answers.of(head, null, true), running.id);
    } catch (error) {
      parts?.cancel();
      this.#fail(running, error);
      return;
    }
    running.outflow = new Outflow();
    void this.#stream(running, parts, running.outflow);
  }

  async #stream(running: Running, parts: Parts, outflow: Outflow): Promise<void> {
    const { id } = running;
    // The next part may never come, and is not waited for.
    outflow.onCancel = () => {
      parts.cancel();
      this.#tell(wire.END, id);
      this.#settle(running);
    };
    try {
      for (;;) {
        // oxlint-disable-next-line no-await-in-loop -- a body is sent in its order, as fast as it is taken
        const { done, value } = await parts.next();
        if (outflow.cancelled) return;
        if (done === true) {
          this.#tell(wire.END, id);
          break;
        }
        const bytes = typeof value === 'string' ? Buffer.from(value) : value;
        if (!(bytes instanceof Uint8Array))
          throw new InvalidAnswerError('a part of the body is neither bytes nor text');
        if (bytes.length === 0) continue;
        this.#tell(wire.CHUNK, id, wire.own(bytes));
        if (outflow.spend(bytes.length)) {
          this.#link.flush();
          // oxlint-disable-next-line no-await-in-loop
          await outflow.room();
          if (outflow.cancelled) return;
        }
      }
      this.#settle(running);
    } catch (error) {
      if (outflow.cancelled) return;
      parts.cancel();
      this.#fail(running, error);
    }
  }

  #sendHolds({ id, request }: Running): void {
    if (typeof request._holds === 'boolean') return;
    for (const hold of request._holds) this.#link.send(this.#hold.of(hold), id);
    request._holds = this.#holds;
  }

  #fail(running: Running, error: unknown): void {
    this.#sendHolds(running);
    this.#tell(wire.FAIL, running.id, wire.encodeError(error));
    this.#settle(running);
  }

  #settle({ id, incoming }: Running): void {
    this.#running[id & SLOT] = undefined;
    // Nobody reads what is left of its body.
    if (!incoming.complete) {
      this.#tell(wire.CANCEL, id);
      incoming.destroy();
    }
  }

  #tell(...values: unknown[]): void {
    this.#link.add(...values);
    this.#runSoon();
  }

  /** What it has counted in all: it ends. */
  tellLast(): void {
    this.#link.add(wire.STATS, this.#stats());
    this.#link.flush();
  }

  #flush(): void {
    if (this.#handled > 0) {
      this.#cost += (((this.#now - this.#begun) * 1000) / this.#handled - this.#cost) / 8;
      this.#claims[COST] = Math.max(1, Math.round(this.#cost));
    }
    this.#link.flush();
  }
}

function partsOfAnswer(response: Response): [head: frames.AnswerHead, body: ResponseBody] {
  if (response instanceof GatewayResponse) {
    const { status, statusText } = response;
    return [{ status, statusText, headers: response.flatHeaders() }, response.sentBody];
  }
  if (!(response instanceof Response)) {
    discard((response as { body?: ResponseBody } | null | undefined)?.body ?? null);
    throw new InvalidAnswerError('the application answered something that is no Response');
  }
  const { status, statusText, headers } = response;
  return [{ status, statusText, headers: flatten(headers) }, response.body];
}

/** @param serverClosed When the server of the thread has ended. */
async function end(
  { close }: ThreadApplication,
  serverClosed: Promise<void> | undefined,
  thread: Thread,
): Promise<void> {
  try {
    await serverClosed;
    thread.tellLast();
    await close?.();
  } catch (error) {
    getLogger(['paste', 'threads']).error('A thread could not close what it had open: {error}', { error });
  } finally {
    // What was logged is on its way in this turn.
    setImmediate(() => process.exit());
  }
}

/** As built it is CommonJS, for which the machinery of `import` need not be loaded. */
const moduleOf = async (url: string): Promise<ThreadModule> =>
  (url.endsWith('.cjs') ? createRequire(url)(fileURLToPath(url)) : await import(url)) as ThreadModule;

/** The application of a thread that accepts connections itself: nobody else counts its requests, or publishes them. */
function accepting(app: Application, { number, metrics }: ThreadData, thread: Thread): Application {
  const own = published(app, number);
  if (metrics === undefined) return own;
  const measured = new Metrics(metrics).measured(own);
  return (request) => {
    const result = measured(request);
    if (result instanceof Promise) result.then(thread.answered, thread.answered);
    else thread.answered();
    return result;
  };
}

/** Runs in a worker thread: makes the application, says so, and serves until the thread is ended. */
export async function runThread(): Promise<void> {
  const port = parentPort!;
  const data = workerData as ThreadData;
  const { startThread } = await moduleOf(data.module);
  const thread = new Thread(port, data);
  const context = { number: data.number, log: thread.log, isEnding: false };
  const application = await startThread(data.data, context);
  const server =
    data.accept === undefined
      ? undefined
      : await new HttpServer({
          ...data.accept,
          dispatch: accepting(application.app, data, thread),
        }).listen();
  port.on('message', (message: unknown) => {
    if (message !== 'close' && message !== 'drain') return;
    context.isEnding = true;
    const closed =
      message === 'close'
        ? server?.close()
        : server?.close(data.drainAfter * 1000, data.drainStreamsAfter * 1000);
    void end(application, closed, thread);
  });
  thread.start(application);
}
