/** The request of the hot path: what a global `Request` gives, made when it is asked for. */
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import type { KeptBody } from './body-file.ts';
import type { Environ } from './environ.ts';
import { type BodyContext, RequestBody } from './request-body.ts';
import { ClientGoneError } from './request-errors.ts';
import { headersFrom } from './flat-headers.ts';
import { inheritLazily } from './inherit-lazily.ts';

/** A transaction of a file that the disk does not have yet. The answer that tells of it has to wait. */
export interface Hold {
  /** The number of the file in the process. */
  readonly file: number;
  readonly tid: bigint;
  /** How often the disk had lost transactions when this one was seen. */
  readonly losses: number;
}

/**
 * A request that came over a socket. It passes for a `Request` (`instanceof` holds) without one being made, and has cheaper ways to the
 * same: `header(name)`, `rawHeaders`, `readBody()`, `nodeBody`.
 */
export class GatewayRequest {
  // No private names: `withEnviron` derives requests from one another by their prototype; what is made late is kept at the root, so
  // that it is there for all of them.
  readonly _incoming: IncomingMessage;
  readonly _context: BodyContext | undefined;
  readonly _root: this;
  _headers: Headers | undefined;
  _url: string | undefined;
  _body: RequestBody | undefined;
  _abort: AbortController | undefined;
  _gone: boolean;
  /** Whether the server holds answers back that the application asks it to, and which ones it is to. */
  _holds: Hold[] | boolean;
  /** For who hands the request on: told when the client has left. An object, for a function made for each request costs more. */
  _onLeft: { left(): void } | undefined;
  readonly environ: Environ;
  readonly method: string;
  // What a server-side `Request` says of itself.
  declare readonly cache: Request['cache'];
  declare readonly credentials: Request['credentials'];
  declare readonly destination: '';
  declare readonly duplex: 'half';
  declare readonly integrity: string;
  declare readonly keepalive: boolean;
  declare readonly mode: Request['mode'];
  declare readonly redirect: Request['redirect'];
  declare readonly referrer: string;
  declare readonly referrerPolicy: '';

  constructor(incoming: IncomingMessage, environ: Environ, context?: BodyContext) {
    this._incoming = incoming;
    this._context = context;
    this._root = this;
    this._headers = undefined;
    this._url = undefined;
    this._body = undefined;
    this._abort = undefined;
    this._gone = false;
    this._holds = false;
    this._onLeft = undefined;
    this.environ = environ;
    this.method = incoming.method ?? 'GET';
  }

  /** A header by lower-case name; several of one name are joined as the protocol says. */
  header(name: string): string | undefined {
    const headers = this._headers;
    if (headers !== undefined) return headers.get(name) ?? undefined;
    // For a few headers cheaper than the object that Node makes of all; how several of one name go together it knows better.
    const { rawHeaders } = this._incoming;
    let found: string | undefined;
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const key = rawHeaders[i]!;
      if (key.length !== name.length || key.toLowerCase() !== name) continue;
      if (found !== undefined) return joined(this._incoming.headers[name]);
      found = rawHeaders[i + 1];
    }
    return found;
  }

  /** Names and values in turn, as they came. */
  get rawHeaders(): readonly string[] {
    return this._incoming.rawHeaders;
  }

  get headers(): Headers {
    return (this._headers ??= this._root._headers ??= headersFrom(withoutPseudo(this._incoming)));
  }

  get url(): string {
    return (this._url ??= urlOf(this.environ, this.header('host')));
  }

  /** The body's keeper: one for this request and all that are derived from it. */
  get _content(): RequestBody {
    return (this._root._body ??= new RequestBody(this._incoming, this._context));
  }

  get body(): ReadableStream<Uint8Array> | null {
    return this._content.stream();
  }

  get bodyUsed(): boolean {
    return this._root._body?.used ?? false;
  }

  /** The whole body, the same bytes however often it is asked for. Rejects when the client leaves before its end. */
  readBody(): Promise<Uint8Array> {
    return this._content.bytes();
  }

  /** The whole body, for which the caller has room for a part only: a long one is in a file, which is to be closed. */
  keepBody(): Promise<KeptBody> {
    return this._content.kept();
  }

  /** The body as a stream of Node. */
  get nodeBody(): Readable {
    return this._content.node();
  }

  /** Aborted with a ClientGoneError when the client leaves before it has its answer. */
  get signal(): AbortSignal {
    const root = this._root;
    if (root._abort === undefined) {
      root._abort = new AbortController();
      if (root._gone) root._abort.abort(new ClientGoneError());
    }
    return root._abort.signal;
  }

  /**
   * For applications: the answer is not to be sent, nor an error told, before the disk has these transactions. False: the server cannot
   * do that, and the application has to wait itself.
   */
  hold(what: readonly Hold[]): boolean {
    const root = this._root;
    if (root._holds === false) return false;
    if (root._holds === true) root._holds = [...what];
    else root._holds.push(...what);
    return true;
  }

  /** For servers: the client left. */
  _left(): void {
    this._root._gone = true;
    this._root._abort?.abort(new ClientGoneError());
    this._root._onLeft?.left();
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    const bytes = await this.readBody();
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
  }

  bytes(): Promise<Uint8Array> {
    return this.readBody();
  }

  async text(): Promise<string> {
    return new TextDecoder().decode(await this.readBody());
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }

  async blob(): Promise<Blob> {
    return new Blob([await this.arrayBuffer()], { type: this.header('content-type') ?? '' });
  }

  async formData(): Promise<FormData> {
    return new Response(await this.arrayBuffer(), {
      headers: { 'content-type': this.header('content-type') ?? '' },
    }).formData();
  }

  /** A global `Request` of the same content; the body can then be read from both. */
  clone(): Request {
    const body = this._content.tee();
    const hasBody = body !== null && this.method !== 'GET' && this.method !== 'HEAD';
    // `duplex` is required for streams and unknown to the types.
    const init: RequestInit & { duplex: 'half' } = {
      method: this.method,
      headers: this.headers,
      signal: this.signal,
      body: hasBody ? body : null,
      duplex: 'half',
    };
    return new Request(this.url, init);
  }

  get [Symbol.toStringTag](): string {
    return 'Request';
  }
}

inheritLazily(GatewayRequest, 'Request');
const plain: Readonly<Record<string, unknown>> = {
  cache: 'default',
  credentials: 'same-origin',
  destination: '',
  duplex: 'half',
  integrity: '',
  keepalive: false,
  mode: 'cors',
  redirect: 'follow',
  referrer: 'about:client',
  referrerPolicy: '',
};
for (const [name, value] of Object.entries(plain))
  Object.defineProperty(GatewayRequest.prototype, name, { value });

const joined = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value.join(', ') : value;

/** Raw headers without the pseudo headers of HTTP/2, which `Headers` refuses. */
function withoutPseudo({ rawHeaders }: IncomingMessage): readonly string[] {
  if (!rawHeaders[0]?.startsWith(':')) return rawHeaders;
  return rawHeaders.filter((_item, index) => !rawHeaders[index - (index % 2)]!.startsWith(':'));
}

function urlOf(environ: Environ, hostHeader: string | undefined): string {
  const { scheme, serverName, serverPort, scriptName, pathInfo, queryString } = environ;
  const path = `${scriptName}${pathInfo}${queryString === '' ? '' : `?${queryString}`}`;
  const host = hostHeader || (serverPort === '' ? serverName : `${serverName}:${serverPort}`);
  const text = `${scheme}://${host}${path}`;
  return URL.canParse(text) ? new URL(text).href : new URL(`${scheme}://invalid${path}`).href;
}
