/** A thread that has the application: takes requests from the main thread and sends it the answers. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { getLogger } from '@logtape/logtape';
import { partsOf, discard, type StreamBody } from '../gateway/body-parts.ts';
import { flatten } from '../gateway/flat-headers.ts';
import { GatewayRequest } from '../gateway/request.ts';
import type { BodyContext } from '../gateway/request-body.ts';
import { GatewayResponse, isFileRegion, type ResponseBody } from '../gateway/response.ts';
import { HttpServer } from '../servers/http-server.ts';
import type { ServerSettings } from '../servers/settings.ts';
import type { SharedSocket } from '../servers/shared-sockets.ts';
import { InvalidAnswerError } from '../gateway/send-response.ts';
import type { Application } from '../gateway/types.ts';
import type { PostedRecord } from '../logging/threads.ts';
import { decodeError } from './errors.ts';
import { Outflow } from './flow.ts';
import { BodilessIncoming, RemoteIncoming } from './remote-incoming.ts';
import * as wire from './wire.ts';

/** What the main thread gives a thread. */
export interface ThreadData {
  /** A module with `startThread(data)`, which makes the application. */
  readonly module: string;
  readonly data: unknown;
  /** Above 0; no other thread has or had it. */
  readonly number: number;
  /** Which of the requests that were sent have been begun: see `Thread` in pool.ts. */
  readonly claims: SharedArrayBuffer;
  readonly bodyLimit: number;
  /** The thread accepts connections itself, on these sockets. */
  readonly accept?: {
    readonly settings: ServerSettings;
    readonly name: string;
    readonly sockets: readonly SharedSocket[];
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
}

export interface ThreadApplication {
  readonly app: Application;
  /** What it has counted since it began, and what it holds now, by names of Prometheus (`zope_conflicts_total`). */
  stats?(): Record<string, number>;
  /** Called before the thread ends in an orderly way. */
  close?(): void | Promise<void>;
}

/** Answers are sent at the latest after so long, though more requests wait. */
const HOLD_MS = 1;

interface Running {
  readonly request: GatewayRequest;
  readonly incoming: RemoteIncoming | BodilessIncoming;
  outflow: Outflow | undefined;
  settled: boolean;
}

/** Records from this level on are sent at once, for what comes next may end the thread. */
const URGENT = 30;

/** Sends messages to the main thread, those of one turn together. */
class Outbox {
  readonly #port: MessagePort;
  #values: unknown[] = [];
  #transfer: ArrayBuffer[] = [];
  #scheduled = false;
  /** Called before the messages of a turn are sent. */
  beforeSending: (() => void) | undefined;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  get isEmpty(): boolean {
    return this.#values.length === 0;
  }

  add(...values: unknown[]): void {
    for (const value of values) this.#values.push(value);
    this.sendSoon();
  }

  /** What is not copied with the next messages but moved. */
  move(buffer: ArrayBuffer): void {
    this.#transfer.push(buffer);
  }

  sendSoon(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.beforeSending?.();
      if (this.#values.length > 0) this.send();
    });
  }

  send(): void {
    const values = this.#values;
    this.#values = [];
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of Node, not a window
    this.#port.postMessage(values, this.#transfer);
    if (this.#transfer.length > 0) this.#transfer = [];
  }

  readonly log = (record: PostedRecord): void => {
    this.add(wire.LOG, record);
    if (record.level >= URGENT) this.send();
  };
}

class Thread {
  readonly #outbox: Outbox;
  readonly #app: Application;
  readonly #stats: () => Record<string, number>;
  readonly #claims: Int32Array;
  readonly #bodyContext: BodyContext;
  readonly #running = new Map<number, Running>();
  #handled = 0;
  #begun = 0;
  #unsettled: number[] = [];

  constructor(
    port: MessagePort,
    outbox: Outbox,
    { app, stats }: ThreadApplication,
    { claims, bodyLimit }: ThreadData,
  ) {
    this.#outbox = outbox;
    this.#app = app;
    this.#stats = () => ({ ...stats?.(), zope_thread_heap_bytes: process.memoryUsage().heapUsed });
    this.#claims = new Int32Array(claims);
    this.#bodyContext = { bodyLimit };
    outbox.beforeSending = () => {
      for (const id of this.#unsettled.splice(0))
        if (this.#running.get(id)?.settled === false) outbox.add(wire.WAITING, id);
      this.#noteWork();
    };
    port.on('message', (message: unknown) => {
      if (Array.isArray(message)) this.#receive(message);
    });
  }

  #receive(message: unknown[]): void {
    this.#begun = performance.now();
    for (let at = 0; at < message.length;) {
      const kind = message[at] as number;
      const id = message[at + 1] as number;
      if (kind === wire.REQUEST)
        this.#begin(id, message[at + 2] as string, message[at + 3] as Uint8Array | number);
      else if (kind === wire.STATS) this.#post(wire.STATS, this.#stats());
      else this.#more(kind, id, message[at + 2]);
      at += 1 + wire.VALUES[kind]!;
    }
    if (!this.#outbox.isEmpty) this.#flush();
  }

  #begin(id: number, head: string, body: Uint8Array | number): void {
    const slot = id % this.#claims.length;
    // Another thread may have been given it meanwhile, or its client has left.
    if (Atomics.compareExchange(this.#claims, slot, id, -id) !== id) return;
    const decoded = wire.decodeRequest(head);
    const incoming = this.#incoming(id, decoded, body);
    const request = new GatewayRequest(incoming as RemoteIncoming, decoded.environ, this.#bodyContext);
    if (typeof body !== 'number') request._content.given(body);
    const running: Running = { request, incoming, outflow: undefined, settled: false };
    this.#running.set(id, running);
    let result: Response | Promise<Response>;
    try {
      result = this.#app(request as unknown as Request);
    } catch (error) {
      this.#fail(id, running, error);
      this.#worked();
      return;
    }
    if (result instanceof Promise) {
      this.#unsettled.push(id);
      result.then(
        (response) => this.#answer(id, running, response),
        (error: unknown) => this.#fail(id, running, error),
      );
      this.#outbox.sendSoon();
    } else this.#answer(id, running, result);
    this.#worked();
  }

  #incoming(
    id: number,
    head: wire.RequestHead,
    body: Uint8Array | number,
  ): RemoteIncoming | BodilessIncoming {
    if (body === wire.NO_BODY) return new BodilessIncoming(head);
    if (body !== wire.BODY_FOLLOWS) return new RemoteIncoming(head, undefined);
    return new RemoteIncoming(head, { want: (bytes) => this.#post(wire.CREDIT, id, bytes) });
  }

  #worked(): void {
    this.#handled++;
    if (!this.#outbox.isEmpty && performance.now() - this.#begun > HOLD_MS) this.#flush();
  }

  /** What comes after the head of a request. */
  #more(kind: number, id: number, value: unknown): void {
    const running = this.#running.get(id);
    if (running === undefined) return;
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
      case wire.CANCEL:
        running.request._left();
        running.request._content.fail(decodeError({ code: 'CLIENT_GONE' } as wire.PostedError));
        running.outflow?.cancel();
        break;
      default:
        throw new Error(`a message of the unknown kind ${kind}`);
    }
  }

  #answer(id: number, running: Running, response: Response): void {
    try {
      const [head, body] = partsOfAnswer(response);
      if (body === null || typeof body === 'string' || isFileRegion(body))
        this.#post(wire.ANSWER, id, head, body);
      else if (body instanceof Uint8Array) this.#postBytes(id, head, body);
      else {
        this.#post(wire.ANSWER, id, head, wire.BODY_FOLLOWS);
        running.outflow = new Outflow();
        void this.#stream(id, running, body);
        return;
      }
      this.#settle(id, running);
    } catch (error) {
      this.#fail(id, running, error);
    }
  }

  /** Bytes are copied: whoever made them may keep them. */
  #postBytes(id: number, head: string, body: Uint8Array): void {
    if (body.length < wire.SMALL_BODY) {
      const { buffer, byteOffset, byteLength } = body;
      this.#post(wire.ANSWER_BYTES, id, head, Buffer.from(buffer, byteOffset, byteLength).toString('latin1'));
    } else {
      const bytes = new Uint8Array(body);
      this.#outbox.move(bytes.buffer);
      this.#post(wire.ANSWER, id, head, bytes);
    }
  }

  async #stream(id: number, running: Running, body: StreamBody): Promise<void> {
    const parts = partsOf(body);
    const outflow = running.outflow!;
    try {
      for (;;) {
        // oxlint-disable-next-line no-await-in-loop -- a body is sent in its order, as fast as it is taken
        const { done, value } = await parts.next();
        if (outflow.cancelled) {
          parts.cancel();
          break;
        }
        if (done === true) {
          this.#post(wire.END, id);
          break;
        }
        const bytes = typeof value === 'string' ? Buffer.from(value) : value;
        if (!(bytes instanceof Uint8Array))
          throw new InvalidAnswerError('a part of the body is neither bytes nor text');
        if (bytes.length === 0) continue;
        this.#post(wire.CHUNK, id, bytes);
        if (outflow.spend(bytes.length)) {
          this.#flush();
          // oxlint-disable-next-line no-await-in-loop
          await outflow.room();
          if (outflow.cancelled) {
            parts.cancel();
            break;
          }
        }
      }
      this.#settle(id, running);
    } catch (error) {
      parts.cancel();
      this.#fail(id, running, error);
    }
  }

  #fail(id: number, running: Running, error: unknown): void {
    this.#post(wire.FAIL, id, wire.encodeError(error));
    this.#settle(id, running);
  }

  #settle(id: number, running: Running): void {
    running.settled = true;
    this.#running.delete(id);
    // Nobody reads what is left of its body.
    if (!running.incoming.complete) {
      this.#post(wire.CANCEL, id);
      running.incoming.destroy();
    }
  }

  #post(...values: unknown[]): void {
    this.#outbox.add(...values);
  }

  #noteWork(): void {
    const now = performance.now();
    if (this.#handled > 0 && !this.#outbox.isEmpty)
      this.#outbox.add(wire.WORK, this.#handled, Math.round((now - this.#begun) * 1000));
    this.#handled = 0;
    this.#begun = now;
  }

  #flush(): void {
    this.#noteWork();
    this.#outbox.send();
  }
}

function partsOfAnswer(response: Response): [head: string, body: ResponseBody] {
  if (response instanceof GatewayResponse) {
    const body: ResponseBody = response.sentBody;
    return [
      wire.encodeAnswer({
        status: response.status,
        statusText: response.statusText,
        headers: response.flatHeaders(),
      }),
      body,
    ];
  }
  if (!(response instanceof Response)) {
    discard((response as { body?: ResponseBody } | null | undefined)?.body ?? null);
    throw new InvalidAnswerError('the application answered something that is no Response');
  }
  const { status, statusText, headers } = response;
  return [wire.encodeAnswer({ status, statusText, headers: flatten(headers) }), response.body];
}

async function end({ close }: ThreadApplication, server: HttpServer | undefined): Promise<void> {
  try {
    await server?.close();
    await close?.();
  } catch (error) {
    getLogger(['paste', 'threads']).error('A thread could not close what it had open: {error}', { error });
  } finally {
    // What was logged is on its way in this turn.
    setImmediate(() => process.exit());
  }
}

/** Runs in a worker thread: makes the application, says so, and serves until the thread is ended. */
export async function runThread(): Promise<void> {
  const port = parentPort!;
  const data = workerData as ThreadData;
  const { startThread } = (await import(data.module)) as ThreadModule;
  const outbox = new Outbox(port);
  const application = await startThread(data.data, { number: data.number, log: outbox.log });
  const server =
    data.accept === undefined
      ? undefined
      : await new HttpServer({ ...data.accept, dispatch: application.app }).listen();
  port.on('message', (message: unknown) => {
    if (message === 'close') void end(application, server);
  });
  // oxlint-disable-next-line no-new -- it lives as long as the port
  new Thread(port, outbox, application, data);
  port.postMessage('ready');
}
