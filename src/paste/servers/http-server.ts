/**
 * The HTTP server under all servers that a configuration can name: `node:http` with waitress's rules.
 *
 * Over 400 lines: what a connection may still do depends on all that happened on it, and on whether the server stops.
 */
import { chmodSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { getLogger, type Logger } from '@logtape/logtape';
import { discard } from '../gateway/body-parts.ts';
import { environOf } from '../gateway/environ.ts';
import { failurePageOf } from '../gateway/failure-page.ts';
import { GatewayRequest } from '../gateway/request.ts';
import type { BodyContext } from '../gateway/request-body.ts';
import { BodyTooLargeError, ClientGoneError, MalformedBodyError } from '../gateway/request-errors.ts';
import { GatewayResponse } from '../gateway/response.ts';
import { cut, sendResponse, type SendOptions } from '../gateway/send-response.ts';
import { errorOf } from '../gateway/thrown.ts';
import type { Application, RunningServer } from '../gateway/types.ts';
import { Channel } from './channel.ts';
import { type Endpoint, endpointsOf } from './endpoints.ts';
import { listenError } from './errors.ts';
import { heldSocket } from './held-sockets.ts';
import { answerInKind } from './http10.ts';
import { lingerAtEnd } from './linger.ts';
import { environOfIncoming } from './node-environ.ts';
import { applyProxyHeaders, type ForwardedFacts, MalformedProxyHeader, peersOf } from './proxy-headers.ts';
import { bodyRefusal, inspect, LATE, rawRefusal, Refusal, refusalOf, sendRefusal } from './refusal.ts';
import type { ServerSettings } from './settings.ts';
import { duplicateSocket, type SharedSocket } from './shared-sockets.ts';
import { removeStaleSocket } from './stale-socket.ts';
import { MOST_BEYOND, MOST_URGENT, URGENT_MS, UrgentPaths } from './urgent.ts';
import { MOST_TIMER_MS } from '../most-timer.ts';

/** How long the answer to a client that has closed its side may stand still. */
const HALF_CLOSED_MS = 30_000;
/** How long the next request of an open connection is waited for when the server stops: it may be on its way. */
const IDLE_MS = 250;
/** Requests of one connection that are taken in before their turn. */
const WAITING_REQUESTS = 16;
/** What is left of a body that nobody read is thrown away up to here; beyond, the connection ends. */
const DISCARDED_BODY_BYTES = 65_536;

export interface HttpServerOptions {
  /** What answers requests: the application itself, or what hands them to the threads that have it. */
  readonly dispatch: Application;
  readonly settings: ServerSettings;
  /** Dotted name of the logger. */
  readonly name: string;
  /** Listens on duplicates of these, instead of sockets of its own; others listen on them, too. */
  readonly sockets?: readonly SharedSocket[];
  /** Paths that are answered also where `connection_limit` is reached, as those for health. */
  readonly urgentPaths?: readonly string[];
}

/** A connection above the limit. */
interface Waiting {
  readonly socket: Socket;
  readonly serve: () => void;
  /** Takes back what was set up for its waiting. */
  readonly leave: () => void;
}

export class HttpServer implements RunningServer {
  readonly #dispatch: Application;
  readonly #settings: ServerSettings;
  readonly #logger: Logger;
  readonly #sending: SendOptions;
  readonly #bodyContext: BodyContext;
  readonly #trusts: (peer: string) => boolean;
  readonly #sockets: readonly SharedSocket[] | undefined;
  readonly #servers: Server[] = [];
  readonly #channels = new Set<Channel>();
  readonly #waiting: Waiting[] = [];
  readonly #urgentPaths: UrgentPaths;
  /** Connections that are served above the limit. */
  #urgent = 0;
  /** Connections that may not even wait, unless what they ask for is urgent. */
  readonly #beyond = new Set<Socket>();
  readonly urls: string[] = [];
  readonly closed: Promise<void>;
  #resolveClosed!: () => void;
  #closing = false;
  #deadline = Infinity;
  #timer: NodeJS.Timeout | undefined;

  constructor({ dispatch, settings, name, sockets, urgentPaths = [] }: HttpServerOptions) {
    this.#sockets = sockets;
    this.#urgentPaths = new UrgentPaths(urgentPaths);
    this.#dispatch = dispatch;
    this.#settings = settings;
    this.#logger = getLogger(name.split('.'));
    this.#sending = {
      ident: settings.ident,
      highWaterMark: Math.min(settings.outbuf_overflow, settings.outbuf_high_watermark),
      warn: (message) => this.#logger.warn(message),
    };
    this.#trusts = peersOf(settings.trusted_proxy);
    this.#bodyContext = {
      bodyLimit: settings.max_request_body_size,
      bodyInMemory: settings.inbuf_overflow,
    };
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
  }

  /** Begins to listen. Throws an AddressError that names the address. */
  async listen(): Promise<this> {
    try {
      // oxlint-disable-next-line no-await-in-loop -- the first address that fails is told
      for (const socket of this.#sockets ?? []) await this.#listenOn(socket.endpoint, socket);
      if (this.#sockets === undefined)
        // oxlint-disable-next-line no-await-in-loop
        for (const endpoint of await endpointsOf(this.#settings)) await this.#listenOn(endpoint);
    } catch (error) {
      for (const server of this.#servers) server.close();
      throw error;
    }
    if (this.#sockets === undefined) for (const url of this.urls) this.#logger.info(`Serving on ${url}`);
    return this;
  }

  async #listenOn(endpoint: Endpoint, shared?: SharedSocket): Promise<void> {
    const name = 'path' in endpoint ? endpoint.path : addressText(endpoint.host, endpoint.port);
    if ('path' in endpoint) await removeStaleSocket(endpoint.path);
    const server = this.#createServer();
    const where =
      'path' in endpoint
        ? { path: endpoint.path }
        : { host: endpoint.host, port: endpoint.port, ipv6Only: endpoint.ipv6Only };
    try {
      const held = shared === undefined ? await heldSocket(endpoint) : await duplicateSocket(shared);
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        const { backlog } = this.#settings;
        const listening = () => {
          server.off('error', reject);
          resolve();
        };
        if (held === undefined) server.listen({ ...where, backlog }, listening);
        else server.listen(held, backlog, listening);
      });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if ('host' in endpoint && endpoint.optional && (code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL'))
        return;
      throw listenError(name, error as NodeJS.ErrnoException);
    }
    // Such as too many open files; the server goes on when some are closed.
    server.on('error', (error) =>
      this.#logger.error(`Error while accepting on ${name}: ${error.message}`, { error }),
    );
    this.#servers.push(server);
    if ('path' in endpoint) {
      chmodSync(endpoint.path, endpoint.mode);
      this.urls.push(`unix:${endpoint.path}`);
    } else {
      const { address, port } = server.address() as AddressInfo;
      this.urls.push(`${this.#settings.url_scheme}://${addressText(address, port)}`);
    }
  }

  #createServer(): Server {
    const idle = this.#settings.channel_timeout * 1000;
    const server = createServer(
      {
        maxHeaderSize: this.#settings.max_request_header_size,
        // `timeout` below is the same, and need not be set anew after each answer.
        keepAliveTimeout: 0,
        headersTimeout: idle,
        // A body may take its time as long as it moves.
        requestTimeout: 0,
        connectionsCheckingInterval: this.#settings.cleanup_interval * 1000,
        noDelay: true,
        requireHostHeader: false,
        insecureHTTPParser: false,
      },
      (incoming, outgoing) => this.#handle(incoming, outgoing, this.#bodyContext),
    ) as Server & { httpAllowHalfOpen: boolean };
    server.timeout = idle;
    // The size of all headers is limited; beyond a number of them Node would drop the rest silently.
    server.maxHeadersCount = 0;
    // A client that has said all may close its side and still wait for its answer.
    server.httpAllowHalfOpen = true;
    server.on('checkContinue', (incoming: IncomingMessage, outgoing: ServerResponse) => {
      const sendContinue = () => outgoing.writeContinue();
      this.#handle(incoming, outgoing, { ...this.#bodyContext, sendContinue });
    });
    server.on('checkExpectation', (_incoming: IncomingMessage, outgoing: ServerResponse) =>
      sendRefusal(outgoing, new Refusal(417, 'the expectation cannot be met'), this.#settings.ident),
    );
    server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) =>
      this.#clientError(error, socket),
    );
    server.on('connect', (_incoming: IncomingMessage, socket: Socket) =>
      this.#refuse(Channel.of(socket), new Refusal(501, 'tunnels are not supported')),
    );
    server.on('timeout', (socket: Socket) => this.#idle(socket));
    const [serve] = server.listeners('connection') as [(this: Server, socket: Socket) => void];
    server.removeAllListeners('connection');
    server.on('connection', (socket: Socket) => this.#connected(socket, () => serve.call(server, socket)));
    return server;
  }

  /** Connections above the limit wait as if they were in the system's queue, which Node cannot leave them in. */
  #connected(socket: Socket, serve: () => void): void {
    const { connection_limit: limit, backlog, channel_timeout: timeout } = this.#settings;
    if (this.#channels.size < limit) {
      this.#serve(socket, serve);
      return;
    }
    const isBeyond = this.#waiting.length >= backlog;
    if (isBeyond && !this.#urgentPaths.any) {
      socket.destroy();
      return;
    }
    const unwatch = this.#urgentPaths.watch(socket, () => {
      if (this.#urgent >= MOST_URGENT) return;
      entry.leave();
      this.#urgent++;
      socket.once('close', () => this.#urgent--);
      this.#serve(socket, serve, true);
    });
    const leave = () => {
      unwatch();
      this.#beyond.delete(socket);
      const index = this.#waiting.indexOf(entry);
      if (index >= 0) this.#waiting.splice(index, 1);
      socket.off('error', leave).off('close', leave).off('timeout', end).off('end', end).setTimeout(0);
    };
    // Whoever ends without having said anything was waiting for nothing; it would be served for as long as an idle connection.
    const end = () => void socket.destroy();
    const entry = { socket, serve, leave };
    socket.on('error', leave).once('close', leave).on('timeout', end).on('end', end);
    if (isBeyond) {
      // What comes in a flood must not keep one that is urgent from being heard: it has said what it wants at once.
      if (this.#beyond.size >= MOST_BEYOND) {
        const oldest = this.#beyond.values().next().value!;
        this.#beyond.delete(oldest);
        oldest.destroy();
      }
      this.#beyond.add(socket);
      const timer = setTimeout(() => {
        if (this.#beyond.has(socket)) socket.destroy();
      }, URGENT_MS).unref();
      socket.once('close', () => clearTimeout(timer));
    } else {
      socket.setTimeout(timeout * 1000);
      this.#waiting.push(entry);
    }
  }

  /** @param once The connection ends with its first answer. */
  #serve(socket: Socket, serve: () => void, once = false): void {
    const channel = new Channel(socket);
    channel.once = once;
    this.#channels.add(channel);
    // Node takes its own listener away when it hands a connection out, as for a tunnel.
    socket.on('error', () => undefined);
    serve();
    socket.once('end', () => {
      channel.left();
      // A client that only closed its side still reads; one that is gone altogether cannot be told from it until something is sent.
      socket.setTimeout(Math.min(HALF_CLOSED_MS, this.#settings.channel_timeout * 1000));
    });
    socket.once('close', () => {
      channel.left();
      this.#channels.delete(channel);
      const next = this.#channels.size < this.#settings.connection_limit ? this.#waiting[0] : undefined;
      if (next !== undefined) {
        next.leave();
        this.#serve(next.socket, next.serve);
      }
      if (this.#closing && this.#channels.size === 0) this.#finish();
    });
  }

  #handle(incoming: IncomingMessage, outgoing: ServerResponse, context: BodyContext): void {
    const channel = Channel.of(incoming.socket);
    // The connection was closed while its requests were still being read.
    if (channel === undefined || channel.ending) return;
    channel.received = incoming;
    if (channel.pending.length > 0 || channel.waiting.length > 0) {
      channel.waiting.push(() => this.#begin(incoming, outgoing, context, channel));
      if (channel.waiting.length >= WAITING_REQUESTS) channel.socket.pause();
    } else this.#begin(incoming, outgoing, context, channel);
  }

  #begin(incoming: IncomingMessage, outgoing: ServerResponse, context: BodyContext, channel: Channel): void {
    if (incoming.httpVersionMinor === 0) answerInKind(outgoing);
    const checked = this.#check(incoming, channel);
    if (checked instanceof Refusal) {
      channel.outgoing = outgoing;
      channel.ending = true;
      channel.waiting.length = 0;
      if (!incoming.complete) lingerAtEnd(channel.socket, incoming);
      sendRefusal(outgoing, checked, this.#settings.ident);
      return;
    }
    const environ = environOfIncoming(incoming, channel, this.#settings, checked);
    const request = new GatewayRequest(incoming, environ, context);
    channel.begin(request, incoming, outgoing);
    if (channel.once) channel.ending = true;
    let result: Response | Promise<Response>;
    try {
      result = this.#dispatch(request as unknown as Request);
    } catch (error) {
      this.#failed(error, request, outgoing, channel);
      return;
    }
    if (result instanceof Promise) {
      result.then(
        (response) => this.#answer(response, request, outgoing, channel),
        (error: unknown) => this.#failed(error, request, outgoing, channel),
      );
    } else this.#answer(result, request, outgoing, channel);
  }

  #check(incoming: IncomingMessage, channel: Channel): Refusal | ForwardedFacts | undefined {
    const found = inspect(incoming, this.#settings.max_request_body_size);
    if (found instanceof Refusal) return found;
    const excess = this.#excess(incoming);
    if (excess !== undefined) return excess;
    if (!found) return undefined;
    try {
      return applyProxyHeaders(incoming, this.#trusts(channel.remoteAddr), this.#settings);
    } catch (error) {
      if (!(error instanceof MalformedProxyHeader)) throw error;
      this.#logger.error(`Malformed proxy header "${error.header}": ${error.message}`);
      return new Refusal(400, `Header "${error.header}" malformed.`);
    }
  }

  #excess({ method = '', url = '', rawHeaders }: IncomingMessage): Refusal | undefined {
    const { max_request_line: line, max_request_headers: headers } = this.#settings;
    if (line > 0 && method.length + url.length + ' '.length + ' HTTP/1.1\r\n'.length > line)
      return new Refusal(414, 'the request line exceeds the limit of the server');
    if (headers > 0 && rawHeaders.length / 2 > headers)
      return new Refusal(431, 'there are more headers than the server takes');
    return undefined;
  }

  #answer(response: Response, request: GatewayRequest, outgoing: ServerResponse, channel: Channel): void {
    if (outgoing.destroyed || channel.socket.destroyed) {
      this.#clientLeft(request);
      discard(response instanceof GatewayResponse ? response.sentBody : (response?.body ?? null));
      this.#done(request, outgoing, channel);
      return;
    }
    this.#beforeSending(request, outgoing, channel);
    let streaming: undefined | Promise<void>;
    try {
      streaming = sendResponse(response, request._incoming, outgoing, this.#sending);
    } catch (error) {
      this.#failed(error, request, outgoing, channel);
      return;
    }
    if (streaming === undefined) {
      this.#done(request, outgoing, channel);
      return;
    }
    streaming.then(
      () => this.#done(request, outgoing, channel),
      (error: unknown) => this.#failed(error, request, outgoing, channel),
    );
  }

  /** Decides whether the connection can go on after this answer. */
  #beforeSending(request: GatewayRequest, outgoing: ServerResponse, channel: Channel): void {
    const incoming = request._incoming;
    if (this.#closing || channel.ending || !this.#settings.keep_alive) outgoing.shouldKeepAlive = false;
    if (incoming.complete) return;
    const length = incoming.headers['content-length'];
    const open =
      length === undefined
        ? incoming.headers['transfer-encoding'] !== undefined
        : Number(length) > DISCARDED_BODY_BYTES;
    if (!open) return;
    outgoing.shouldKeepAlive = false;
    lingerAtEnd(channel.socket, incoming);
  }

  #done(request: GatewayRequest, outgoing: ServerResponse, channel: Channel): void {
    const { waiting, socket } = channel;
    // Nobody would see what is answered after the last answer of a connection.
    if (!outgoing.shouldKeepAlive || outgoing.destroyed || socket.destroyed) waiting.length = 0;
    else if (waiting.length > 0) setImmediate(() => this.#next(channel));
    channel.end(request);
    if (this.#closing) channel.whenSent(() => channel.socket.destroySoon());
  }

  #next({ waiting, socket }: Channel): void {
    if (socket.destroyed) waiting.length = 0;
    if (waiting.length === 1) socket.resume();
    waiting.shift()?.();
  }

  #failed(error: unknown, request: GatewayRequest, outgoing: ServerResponse, channel: Channel): void {
    if (error instanceof ClientGoneError || outgoing.destroyed || channel.socket.destroyed) {
      if (error instanceof ClientGoneError || request._gone) this.#clientLeft(request);
      else this.#log(error, request);
      outgoing.destroy();
    } else if (outgoing.headersSent) {
      this.#log(error, request);
      cut(outgoing);
    } else {
      this.#beforeSending(request, outgoing, channel);
      const refusal = this.#refusalOf(error, request);
      sendRefusal(outgoing, refusal, this.#settings.ident);
    }
    this.#done(request, outgoing, channel);
  }

  #refusalOf(error: unknown, request: GatewayRequest): Refusal {
    if (error instanceof BodyTooLargeError) return bodyRefusal(error.limit);
    if (error instanceof MalformedBodyError) return new Refusal(400, error.message);
    this.#log(error, request);
    if (this.#settings.expose_tracebacks)
      return new Refusal(
        500,
        error instanceof Error ? (error.stack ?? error.message) : errorOf(error).message,
      );
    const page = failurePageOf(error);
    const text = 'The server encountered an unexpected internal server error';
    if (page === undefined) return new Refusal(500, text);
    const wantsHtml = request.header('accept')?.includes('text/html') === true;
    return new Refusal(500, `${text}\r\n\r\n${page.text}`, wantsHtml ? page.html() : undefined);
  }

  #log(error: unknown, request: GatewayRequest): void {
    const { scriptName, pathInfo } = environOf(request as unknown as Request);
    this.#logger.error(`Exception while serving ${scriptName}${pathInfo}`, {
      error: errorOf(error),
    });
  }

  #clientLeft(request: GatewayRequest): void {
    if (this.#settings.log_socket_errors)
      this.#logger.info(`Client disconnected while serving ${request.environ.rawTarget}`);
  }

  /** Bytes that are no request, a connection that broke, or a request that did not come in time. */
  #clientError(error: NodeJS.ErrnoException, socket: Socket): void {
    const channel = Channel.of(socket);
    // More after a request that said it was the last; its answer is on its way.
    if (error.code === 'HPE_CLOSED_CONNECTION') return;
    const parsing = error.code?.startsWith('HPE_') === true || error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
    if (channel === undefined || !parsing || !socket.writable || error.code === 'HPE_INVALID_EOF_STATE') {
      socket.destroy();
      return;
    }
    // The parser has given up; what comes after is not looked at.
    if (channel.ending) return;
    channel.ending = true;
    if (channel.received !== channel.incoming && channel.received?.complete === false) channel.waiting.pop();
    else if (channel.incoming?.complete === false) {
      const body = channel.openBody;
      if (body === undefined) socket.destroySoon();
      else body.fail(new MalformedBodyError());
      return;
    }
    this.#refuse(channel, refusalOf(error, this.#settings.max_request_header_size));
  }

  /** Ends a connection with a refusal, behind the answers that were begun. */
  #refuse(channel: Channel | undefined, refusal: Refusal): void {
    channel?.whenSent(() => {
      const { socket } = channel;
      if (socket.writable) socket.end(rawRefusal(refusal, this.#settings.ident));
      // Long enough for the client to read why.
      const timer = setTimeout(() => socket.destroy(), 1000).unref();
      socket.once('close', () => clearTimeout(timer));
    });
  }

  /** Nothing moved on a connection for `channel_timeout`. */
  #idle(socket: Socket): void {
    const channel = Channel.of(socket);
    if (channel?.busy !== true) {
      const begun = channel?.incoming === undefined && socket.bytesRead > 0;
      if (begun && socket.writable) socket.end(rawRefusal(LATE, this.#settings.ident));
      socket.destroySoon();
      return;
    }
    const stalledUpload = channel.incoming?.complete === false && channel.incoming.readableFlowing === true;
    if (stalledUpload || socket.writableLength > 0 || socket.readableEnded) socket.destroy();
    // The application takes its time, which is its own affair.
    else socket.setTimeout(this.#settings.channel_timeout * 1000);
  }

  get graceMs(): number {
    return this.#settings.grace * 1000;
  }

  /** @param streamsMs How long after that bodies may go on that move; one that stands still for `graceMs` is cut off. */
  close(graceMs = this.graceMs, streamsMs = 0): Promise<void> {
    if (!this.#closing) {
      this.#closing = true;
      for (const server of this.#servers) {
        // Node would cut clients whose request has come and was not read yet.
        server.closeIdleConnections = () => undefined;
        server.close();
      }
      for (const socket of this.#beyond) socket.destroy();
      // They have been accepted, and what they ask for may be there already; nobody comes after them.
      while (this.#waiting.length > 0) {
        const { leave, socket, serve } = this.#waiting[0]!;
        leave();
        this.#serve(socket, serve);
      }
      setImmediate(() => setImmediate(() => this.#closeIdle(false)));
      setTimeout(() => this.#closeIdle(true), IDLE_MS).unref();
    }
    const deadline = performance.now() + graceMs;
    if (deadline < this.#deadline) {
      this.#deadline = deadline;
      clearTimeout(this.#timer);
      this.#cutAfter(graceMs, streamsMs === 0 ? 0 : deadline + streamsMs);
    }
    if (this.#channels.size === 0) this.#finish();
    return this.closed;
  }

  /** @param until When also bodies that move are cut off. */
  #cutAfter(graceMs: number, until: number): void {
    const delay = Math.min(graceMs, MOST_TIMER_MS);
    this.#timer = setTimeout(() => {
      const isOver = performance.now() >= until;
      let left = false;
      for (const channel of this.#channels)
        if (!isOver && channel.hasMoved()) left = true;
        else channel.socket.destroy();
      if (left) this.#cutAfter(Math.max(1, Math.min(graceMs, until - performance.now())), until);
    }, delay);
  }

  /** Ends connections that nothing is asked on; at first only those on which nothing more can come. */
  #closeIdle(all: boolean): void {
    for (const channel of this.#channels)
      if (!channel.busy && (all || channel.socket.readableEnded)) channel.socket.destroy();
  }

  #finish(): void {
    clearTimeout(this.#timer);
    this.#resolveClosed();
  }
}

const addressText = (host: string, port: number): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`;
