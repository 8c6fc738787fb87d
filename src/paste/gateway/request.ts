/** The request of the hot path: what a global `Request` gives, made when asked for. */
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { Environ } from './environ.ts';

export class GatewayRequest {
  // No private names: `withEnviron` derives requests from one another by their prototype.
  readonly _incoming: IncomingMessage;
  readonly environ: Environ;
  readonly method: string;
  _headers: Headers | undefined;
  _url: string | undefined;
  _standard: Request | undefined;
  _abort: AbortController | undefined;
  _body: Promise<Uint8Array> | undefined;

  constructor(incoming: IncomingMessage, environ: Environ) {
    this._incoming = incoming;
    this.environ = environ;
    this.method = incoming.method ?? 'GET';
  }

  /** A header by lower-case name; several of one name are joined as the protocol says. */
  header(name: string): string | undefined {
    const value = this._incoming.headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  }

  /** Names and values in turn, as they came. */
  get rawHeaders(): readonly string[] {
    return this._incoming.rawHeaders;
  }

  get headers(): Headers {
    if (this._headers === undefined) {
      const headers = new Headers();
      const { rawHeaders } = this._incoming;
      for (let i = 0; i < rawHeaders.length; i += 2) headers.append(rawHeaders[i]!, rawHeaders[i + 1]!);
      this._headers = headers;
    }
    return this._headers;
  }

  get url(): string {
    if (this._url === undefined) {
      const { scheme, serverName, serverPort, scriptName, pathInfo, queryString } = this.environ;
      const host = this.header('host') || `${serverName}:${serverPort}`;
      this._url = new URL(
        `${scheme}://${host}${scriptName}${pathInfo}${queryString === '' ? '' : `?${queryString}`}`,
      ).href;
    }
    return this._url;
  }

  get body(): ReadableStream<Uint8Array> | null {
    return this._real().body;
  }

  get bodyUsed(): boolean {
    return this._standard?.bodyUsed ?? this._body !== undefined;
  }

  /** Aborted when the client leaves before it has its answer. */
  get signal(): AbortSignal {
    if (this._abort === undefined) {
      const abort = new AbortController();
      this._abort = abort;
      this._incoming.socket.once('close', () => abort.abort(new ClientGoneError()));
    }
    return this._abort.signal;
  }

  /** The whole body; rejects when the client leaves before its end. */
  readBody(): Promise<Uint8Array> {
    return (this._body ??= collect(this._incoming));
  }

  _real(): Request {
    if (this._standard === undefined) {
      const bodiless = this.method === 'GET' || this.method === 'HEAD';
      const source = this._body === undefined ? Readable.toWeb(this._incoming) : undefined;
      this._standard = new Request(this.url, {
        method: this.method,
        headers: this.headers,
        signal: this.signal,
        ...(bodiless || source === undefined ? {} : { body: source as ReadableStream, duplex: 'half' }),
      } as RequestInit);
    }
    return this._standard;
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

  clone(): Request {
    return this._real().clone();
  }

  get [Symbol.toStringTag](): string {
    return 'Request';
  }
}

Object.setPrototypeOf(GatewayRequest.prototype, Request.prototype);

/** The client closed its connection. */
export class ClientGoneError extends Error {
  readonly code = 'CLIENT_GONE';

  constructor() {
    super('the client has left');
  }
}

function collect(stream: IncomingMessage): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    stream.on('error', reject);
    stream.on('close', () => {
      if (!stream.complete) reject(new ClientGoneError());
    });
  });
}
