/** The HTTP server under all servers that a configuration can name: node:http with waitress's rules. */
import { createServer, type IncomingMessage, type Server, ServerResponse, STATUS_CODES } from 'node:http';
import net, { type Socket } from 'node:net';
import { chmodSync, existsSync, lstatSync, unlinkSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { getLogger } from '@logtape/logtape';
import { environOf } from '../gateway/environ.ts';
import { HTTPException } from '../gateway/http-exception.ts';
import { ClientGoneError, GatewayRequest } from '../gateway/request.ts';
import type { Application, RunningServer } from '../gateway/types.ts';
import { sendAnswer } from './answer.ts';
import { listenError } from './errors.ts';
import { NodeEnviron } from './node-environ.ts';
import { applyProxyHeaders, hasProxyHeaders, MalformedProxyHeader } from './proxy-headers.ts';
import { type Endpoint, endpointsOf, type ServerSettings } from './settings.ts';

const DEFAULT_GRACE_MS = 30_000;

/** What one kind of server does in its own way. */
export interface ServerFlavour {
  /** Logger and name in the texts of error answers. */
  readonly name: string;
}

/** Statuses of requests that the parser refuses. */
function refusal(error: NodeJS.ErrnoException & { rawPacket?: Buffer }): [status: number, text: string] {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW': {
      const line = error.rawPacket?.indexOf('\n') ?? -1;
      return line < 0 ? [414, 'the request line is too long'] : [431, 'exceeds max_header of the server'];
    }
    case 'HPE_INVALID_TRANSFER_ENCODING':
      return [501, 'Transfer-Encoding requested is not supported.'];
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return [408, 'the request did not come in time'];
    default:
      return [400, 'the request is malformed'];
  }
}

export class HttpServer implements RunningServer {
  readonly #app: Application;
  readonly #settings: ServerSettings;
  readonly #http: Server;
  readonly #listeners: net.Server[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #waiting: Socket[] = [];
  readonly #logger;
  readonly urls: string[] = [];
  readonly closed: Promise<void>;
  #resolveClosed!: () => void;
  #closing = false;
  #running = 0;

  constructor(app: Application, settings: ServerSettings, flavour: ServerFlavour) {
    this.#app = app;
    this.#settings = settings;
    this.#logger = getLogger(flavour.name.split('.'));
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    const idle = settings.channel_timeout * 1000;
    this.#http = createServer(
      {
        maxHeaderSize: settings.max_request_header_size,
        keepAliveTimeout: idle,
        headersTimeout: idle,
        requestTimeout: 0,
        connectionsCheckingInterval: Math.max(1, settings.cleanup_interval) * 1000,
        noDelay: true,
        requireHostHeader: false,
        insecureHTTPParser: false,
      },
      (incoming, outgoing) => this.#handle(incoming, outgoing),
    );
    this.#http.timeout = idle;
    this.#http.on('checkContinue', (incoming: IncomingMessage, outgoing: ServerResponse) => {
      if (this.#refusesBody(incoming, outgoing)) return;
      outgoing.writeContinue();
      this.#handle(incoming, outgoing);
    });
    this.#http.on('checkExpectation', (incoming: IncomingMessage, outgoing: ServerResponse) => {
      this.#plain(outgoing, 417, 'the expectation cannot be met');
      incoming.resume();
    });
    this.#http.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) =>
      this.#clientError(error, socket),
    );
    // Upgrades and tunnels are not spoken; a request for one is answered as an ordinary one where possible.
    this.#http.on('connect', (_incoming: IncomingMessage, socket: Socket) =>
      this.#end(socket, 501, 'tunnels are not supported'),
    );
  }

  /** Begins to listen. Throws an AddressError that names the address. */
  async listen(): Promise<this> {
    try {
      for (const endpoint of endpointsOf(this.#settings)) await this.#listenOn(endpoint);
    } catch (error) {
      for (const listener of this.#listeners) listener.close();
      throw error;
    }
    for (const url of this.urls) this.#logger.info(`Serving on ${url}`);
    return this;
  }

  async #listenOn(endpoint: Endpoint): Promise<void> {
    const listener = net.createServer({ noDelay: true }, (socket) => this.#connected(socket));
    const name = 'path' in endpoint ? endpoint.path : `${endpoint.host}:${endpoint.port}`;
    if ('path' in endpoint) await removeStaleSocket(endpoint.path);
    await new Promise<void>((resolve, reject) => {
      listener.once('error', (error) => reject(listenError(name, error)));
      const where =
        'path' in endpoint
          ? { path: endpoint.path }
          : { host: endpoint.host, port: endpoint.port, ipv6Only: endpoint.ipv6Only };
      listener.listen({ ...where, backlog: this.#settings.backlog }, resolve);
    });
    this.#listeners.push(listener);
    const address = listener.address();
    if (typeof address === 'string' || address === null) {
      chmodSync((endpoint as { path: string }).path, (endpoint as { mode: number }).mode);
      this.urls.push(`unix:${(endpoint as { path: string }).path}`);
    } else {
      const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
      this.urls.push(`${this.#settings.url_scheme}://${host}:${address.port}`);
    }
  }

  #connected(socket: Socket): void {
    if (this.#sockets.size >= this.#settings.connection_limit) {
      socket.pause();
      socket.once('close', () => {
        const index = this.#waiting.indexOf(socket);
        if (index >= 0) this.#waiting.splice(index, 1);
      });
      this.#waiting.push(socket);
      return;
    }
    this.#serve(socket);
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      const next = this.#waiting.shift();
      if (next !== undefined) this.#serve(next);
      if (this.#closing && this.#sockets.size === 0) this.#resolveClosed();
    });
    this.#http.emit('connection', socket);
    if (socket.isPaused()) socket.resume();
  }

  #refusesBody(incoming: IncomingMessage, outgoing: ServerResponse): boolean {
    const length = incoming.headers['content-length'];
    if (length === undefined || Number(length) <= this.#settings.max_request_body_size) return false;
    outgoing.shouldKeepAlive = false;
    this.#plain(outgoing, 413, `exceeds max_body of ${this.#settings.max_request_body_size}`);
    incoming.resume();
    return true;
  }

  #handle(incoming: IncomingMessage, outgoing: ServerResponse): void {
    if (incoming.httpVersionMinor === 0 && incoming.httpVersionMajor === 1) answerInKind(outgoing);
    const hosts = incoming.httpVersionMinor === 1 ? incoming.headers.host : '';
    if (
      hosts === undefined &&
      incoming.httpVersionMajor === 1 &&
      incoming.headers['transfer-encoding'] !== undefined
    ) {
      // A message whose end depends on a header that an intermediary may read in another way needs all care.
      outgoing.shouldKeepAlive = false;
    }
    if (this.#refusesBody(incoming, outgoing)) return;
    let facts;
    if (hasProxyHeaders(incoming)) {
      try {
        facts = applyProxyHeaders(incoming, this.#settings);
      } catch (error) {
        if (!(error instanceof MalformedProxyHeader)) throw error;
        this.#logger.warn(`Malformed proxy header "${error.header}": ${error.message}`);
        this.#plain(outgoing, 400, `Header "${error.header}" malformed.`);
        return;
      }
    }
    if (incoming.headers['transfer-encoding'] !== undefined)
      limitBody(incoming, this.#settings.max_request_body_size);
    const request = new GatewayRequest(
      incoming,
      new NodeEnviron(incoming, this.#settings, facts),
    ) as unknown as Request;
    this.#running++;
    let result: Response | Promise<Response>;
    try {
      result = this.#app(request);
    } catch (error) {
      this.#failed(error, request, incoming, outgoing);
      return;
    }
    if (result instanceof Promise) {
      result.then(
        (response) => this.#answer(response, request, incoming, outgoing),
        (error: unknown) => this.#failed(error, request, incoming, outgoing),
      );
    } else this.#answer(result, request, incoming, outgoing);
  }

  #answer(response: Response, request: Request, incoming: IncomingMessage, outgoing: ServerResponse): void {
    if (this.#closing) outgoing.shouldKeepAlive = false;
    if (outgoing.destroyed) {
      this.#done();
      return;
    }
    let streaming: void | Promise<void>;
    try {
      streaming = sendAnswer(response, incoming, outgoing, this.#settings);
    } catch (error) {
      this.#failed(error, request, incoming, outgoing);
      return;
    }
    if (streaming === undefined) this.#done();
    else {
      streaming.then(
        () => this.#done(),
        (error: unknown) => {
          this.#logger.error(`Exception while serving ${environOf(request).rawTarget}`, { error });
          this.#done();
        },
      );
    }
  }

  #done(): void {
    this.#running--;
    if (this.#closing) this.#http.closeIdleConnections();
  }

  #failed(error: unknown, request: Request, incoming: IncomingMessage, outgoing: ServerResponse): void {
    this.#running--;
    if (error instanceof ClientGoneError || (outgoing.destroyed && !outgoing.headersSent)) {
      if (this.#settings.log_socket_errors)
        this.#logger.info(`Client left while serving ${environOf(request).rawTarget}`);
      outgoing.destroy();
      return;
    }
    if (error instanceof BodyTooLarge) {
      outgoing.shouldKeepAlive = false;
      this.#plain(outgoing, 413, error.message);
      return;
    }
    const number = randomBytes(6).toString('hex');
    this.#logger.error(`Exception while serving ${pathOf(request)} (error number ${number})`, { error });
    if (outgoing.headersSent) {
      outgoing.destroy();
      return;
    }
    const shown = this.#settings.expose_tracebacks
      ? error instanceof Error
        ? (error.stack ?? error.message)
        : String(error)
      : `The server encountered an unexpected internal server error (error number ${number})`;
    // What is left of the body would be taken for the next request.
    if (!incoming.complete) outgoing.shouldKeepAlive = false;
    this.#plain(outgoing, 500, shown);
  }

  /** An answer of the server itself, in waitress's form. */
  #plain(outgoing: ServerResponse, status: number, text: string): void {
    const body = `${STATUS_CODES[status]}\r\n\r\n${text}\r\n\r\n(generated by ${this.#settings.ident ?? 'server'})`;
    const headers = [
      'Content-Length',
      String(Buffer.byteLength(body)),
      'Content-Type',
      'text/plain; charset=utf-8',
    ];
    if (this.#settings.ident !== undefined) headers.push('Server', this.#settings.ident);
    outgoing.shouldKeepAlive = false;
    outgoing.writeHead(status, headers);
    outgoing.end(body);
  }

  #clientError(error: NodeJS.ErrnoException, socket: Socket): void {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      if (this.#settings.log_socket_errors && error.code !== 'HPE_INVALID_EOF_STATE')
        this.#logger.debug(`Socket error: ${error.message}`);
      socket.destroy();
      return;
    }
    this.#end(socket, ...refusal(error));
  }

  #end(socket: Socket, status: number, text: string): void {
    const body = `${STATUS_CODES[status]}\r\n\r\n${text}\r\n\r\n(generated by ${this.#settings.ident ?? 'server'})`;
    const server = this.#settings.ident === undefined ? '' : `Server: ${this.#settings.ident}\r\n`;
    socket.end(
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
        `Content-Type: text/plain; charset=utf-8\r\nDate: ${new Date().toUTCString()}\r\n${server}\r\n${body}`,
    );
  }

  /** Stops accepting, lets running requests end within the grace time, then cuts what is left. */
  async close(graceMs = DEFAULT_GRACE_MS): Promise<void> {
    if (!this.#closing) {
      this.#closing = true;
      for (const listener of this.#listeners) listener.close();
      for (const socket of this.#waiting.splice(0)) socket.destroy();
      if (this.#running === 0) this.#http.closeAllConnections();
      this.#http.closeIdleConnections();
      for (const socket of this.#sockets) if (!isBusy(socket)) socket.destroy();
      if (this.#sockets.size === 0) this.#resolveClosed();
      const timer = setTimeout(() => {
        for (const socket of this.#sockets) socket.destroy();
        if (this.#sockets.size === 0) this.#resolveClosed();
      }, graceMs);
      void this.closed.then(() => {
        clearTimeout(timer);
        this.#http.close();
      });
    }
    return this.closed;
  }
}

/** Whether a request of this socket is being answered. */
function isBusy(socket: Socket): boolean {
  const message = (socket as Socket & { _httpMessage?: ServerResponse | null })._httpMessage;
  return message !== null && message !== undefined;
}

function pathOf(request: Request): string {
  const { scriptName, pathInfo } = environOf(request);
  return scriptName + pathInfo;
}

/** A client that speaks HTTP/1.0 is answered in HTTP/1.0, as waitress does. */
function answerInKind(outgoing: ServerResponse): void {
  const own = outgoing as ServerResponse & { _storeHeader(firstLine: string, headers: unknown): void };
  const store = own._storeHeader;
  own._storeHeader = function storeHeader(firstLine, headers) {
    store.call(this, firstLine.replace('HTTP/1.1', 'HTTP/1.0'), headers);
  };
}

/** A body in chunks that grew beyond the limit. */
class BodyTooLarge extends HTTPException {
  override readonly code = 'BODY_TOO_LARGE';

  constructor(limit: number) {
    super(413, `exceeds max_body of ${limit}`);
  }
}

function limitBody(incoming: IncomingMessage, limit: number): void {
  let size = 0;
  const push = incoming.push.bind(incoming);
  incoming.push = (chunk: unknown, encoding?: BufferEncoding) => {
    if (chunk instanceof Uint8Array && (size += chunk.length) > limit) {
      incoming.destroy(new BodyTooLarge(limit));
      return false;
    }
    return push(chunk, encoding);
  };
}

/** A socket file that nobody listens on any more is left by a process that was killed. */
async function removeStaleSocket(path: string): Promise<void> {
  if (!existsSync(path)) return;
  if (!lstatSync(path).isSocket())
    throw listenError(path, Object.assign(new Error('there is a file of this name that is no socket'), {}));
  const alive = await new Promise<boolean>((resolve) => {
    const probe = net.connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
  if (alive) throw listenError(path, Object.assign(new Error(), { code: 'EADDRINUSE' }));
  unlinkSync(path);
}
