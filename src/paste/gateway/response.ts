/** The answer of the hot path: what a global `Response` holds, without one being made. */
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { flatten, headersFrom, isChanged, trackedHeaders, valueOf } from './flat-headers.ts';
import { inheritLazily } from './inherit-lazily.ts';

/** A part of a file as a body. */
export interface FileRegion {
  /** The file: opened and closed by the server; or an open descriptor, which stays open. */
  readonly file: string | number;
  /** Offset of the first byte; 0 unless told. */
  readonly start?: number;
  /** Offset behind the last byte; the end of the file unless told. */
  readonly end?: number;
}

export type ResponseBody =
  | string
  | Uint8Array
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array | string>
  | FileRegion
  | null;

export interface GatewayResponseInit {
  /** 200 unless told. */
  readonly status?: number;
  /** The reason phrase; the usual one of the status unless told. */
  readonly statusText?: string;
  /** Names and values in turn, in the order and case in which they are sent; a name may come again. */
  readonly headers?: readonly string[];
}

export const isFileRegion = (body: ResponseBody): body is FileRegion =>
  typeof body === 'object' && body !== null && 'file' in body;

/** Whether answers of a status never have a body (RFC 9110, 15). */
export const isBodiless = (status: number): boolean => status === 204 || status === 205 || status === 304;

/**
 * An answer. It passes for a `Response` (`instanceof` holds); the server sends its headers and body as they were given.
 *
 * ```ts
 * new GatewayResponse('not here', { status: 404, headers: ['Content-Type', 'text/plain'] });
 * ```
 */
export class GatewayResponse {
  readonly status: number;
  readonly statusText: string;
  readonly rawHeaders: readonly string[];
  readonly rawBody: ResponseBody;
  declare readonly type: 'default';
  declare readonly url: '';
  declare readonly redirected: false;
  #headers: Headers | undefined;
  #standard: Response | undefined;

  constructor(body: ResponseBody = null, init: GatewayResponseInit = NOTHING) {
    this.rawBody = body;
    this.status = init.status ?? 200;
    this.statusText = init.statusText ?? '';
    this.rawHeaders = init.headers ?? NO_HEADERS;
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  get headers(): Headers {
    return (this.#headers ??= trackedHeaders(this.rawHeaders));
  }

  /** Headers as they are sent: those given, or those of `headers` if somebody changed them. */
  flatHeaders(): readonly string[] {
    const headers = this.#headers;
    return headers !== undefined && isChanged(headers) ? flatten(headers) : this.rawHeaders;
  }

  /** A header by lower-case name, without making `headers`. */
  header(name: string): string | null {
    return this.#headers === undefined ? valueOf(this.rawHeaders, name) : this.#headers.get(name);
  }

  get body(): ReadableStream<Uint8Array> | null {
    return this.toStandard().body;
  }

  get bodyUsed(): boolean {
    return this.#standard?.bodyUsed ?? false;
  }

  text(): Promise<string> {
    return this.toStandard().text();
  }

  json(): Promise<unknown> {
    return this.toStandard().json();
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return this.toStandard().arrayBuffer();
  }

  async bytes(): Promise<Uint8Array> {
    return new Uint8Array(await this.arrayBuffer());
  }

  blob(): Promise<Blob> {
    return this.toStandard().blob();
  }

  formData(): Promise<FormData> {
    return this.toStandard().formData();
  }

  clone(): Response {
    return this.toStandard().clone();
  }

  /** What is to be sent: the body as it was given, or what is left of it once it was read through this answer's own methods. */
  get sentBody(): ResponseBody {
    return this.#standard === undefined ? this.rawBody : this.#standard.body;
  }

  /** A global `Response` of the same content, for hosts that insist on one. */
  toStandard(): Response {
    return (this.#standard ??= new Response(isBodiless(this.status) ? null : webBody(this.rawBody), {
      status: this.status,
      statusText: this.statusText,
      headers: this.#headers ?? headersFrom(this.rawHeaders),
    }));
  }

  get [Symbol.toStringTag](): string {
    return 'Response';
  }
}

const NOTHING: GatewayResponseInit = {};
const NO_HEADERS: readonly string[] = [];
inheritLazily(GatewayResponse, 'Response');
for (const [name, value] of [
  ['type', 'default'],
  ['url', ''],
  ['redirected', false],
] as const)
  Object.defineProperty(GatewayResponse.prototype, name, { value });

/** A body in a form that the global `Response` takes. */
function webBody(body: ResponseBody): ConstructorParameters<typeof Response>[0] {
  if (body === null || typeof body === 'string' || body instanceof ReadableStream) return body;
  if (body instanceof Uint8Array) return body as Uint8Array<ArrayBuffer>;
  const source = isFileRegion(body) ? fileStream(body) : Readable.from(encoded(body), { objectMode: false });
  return Readable.toWeb(source) as ReadableStream<Uint8Array>;
}

async function* encoded(parts: AsyncIterable<Uint8Array | string>): AsyncIterable<Uint8Array> {
  for await (const part of parts) yield typeof part === 'string' ? Buffer.from(part) : part;
}

const FILE_CHUNK = 262_144;

/** Reads a part of a file. */
export function fileStream({ file, start = 0, end }: FileRegion): Readable {
  if (end !== undefined && end <= start) return Readable.from([]);
  const options = { start, highWaterMark: FILE_CHUNK, ...(end === undefined ? {} : { end: end - 1 }) };
  return typeof file === 'number'
    ? createReadStream('', { ...options, fd: file, autoClose: false })
    : createReadStream(file, options);
}
