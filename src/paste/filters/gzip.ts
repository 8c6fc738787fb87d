/** `egg:Paste#gzip`: compresses answers for clients that take it. */
import { pipeline, Readable } from 'node:stream';
import { createGzip, gzipSync } from 'node:zlib';
import { GatewayRequest } from '../gateway/request.ts';
import { flatten, GatewayResponse, type ResponseBody } from '../gateway/response.ts';
import type { Application } from '../gateway/types.ts';
import type { Settings } from '../loader/factories.ts';
import { integerOption, readOptions } from '../loader/options.ts';

/** Smaller bodies do not get smaller. */
const MIN_BYTES = 256;
const COMPRESSED =
  /^(?:image\/(?!svg)|video\/|audio\/|font\/woff|application\/(?:zip|gzip|x-gzip|pdf|octet-stream|x-7z|x-rar|x-bzip))/i;

/** Whether an `Accept-Encoding` header takes gzip. */
function takesGzip(header: string | null | undefined): boolean {
  if (!header) return false;
  for (const part of header.split(',')) {
    const [name, ...parameters] = part.trim().toLowerCase().split(';');
    if (name !== 'gzip' && name !== '*') continue;
    const quality = parameters
      .map((parameter) => /^\s*q\s*=\s*([\d.]+)/.exec(parameter)?.[1])
      .find((value) => value !== undefined);
    return quality === undefined || Number(quality) > 0;
  }
  return false;
}

export function gzip(app: Application, _globalConf: Settings, localConf: Settings): Application {
  const { compress_level: level } = readOptions(localConf, { compress_level: integerOption(6) });
  const compressed = (request: Request, response: Response): Response => {
    const header =
      request instanceof GatewayRequest
        ? request.header('accept-encoding')
        : request.headers.get('accept-encoding');
    return takesGzip(header) ? compress(response, request.method, level) : vary(response);
  };
  return (request) => {
    const response = app(request);
    return response instanceof Promise
      ? response.then((answer) => compressed(request, answer))
      : compressed(request, response);
  };
}

const rawHeaders = (response: Response) =>
  response instanceof GatewayResponse ? response.flatHeaders() : flatten(response.headers);
const rawBody = (response: Response): ResponseBody =>
  response instanceof GatewayResponse ? response.rawBody : response.body;
const value = (headers: readonly string[], name: string) => {
  for (let i = 0; i < headers.length; i += 2) if (headers[i]!.toLowerCase() === name) return headers[i + 1];
  return undefined;
};

function compressible(response: Response, headers: readonly string[]): boolean {
  const type = value(headers, 'content-type');
  return (
    response.status === 200 &&
    type !== undefined &&
    !COMPRESSED.test(type) &&
    value(headers, 'content-encoding') === undefined &&
    !/no-transform/i.test(value(headers, 'cache-control') ?? '')
  );
}

/** Caches must know that the answer depends on what the client takes, also where it was not compressed. */
function withVary(headers: readonly string[]): string[] {
  const before = value(headers, 'vary');
  if (before === undefined) return [...headers, 'Vary', 'Accept-Encoding'];
  if (/\*|accept-encoding/i.test(before)) return [...headers];
  return headers.map((item, index) =>
    index % 2 === 1 && headers[index - 1]!.toLowerCase() === 'vary' ? `${item}, Accept-Encoding` : item,
  );
}

function vary(response: Response): Response {
  const headers = rawHeaders(response);
  if (!compressible(response, headers)) return response;
  return new GatewayResponse(rawBody(response), {
    status: response.status,
    statusText: response.statusText,
    headers: withVary(headers),
  });
}

function compress(response: Response, method: string, level: number): Response {
  const headers = rawHeaders(response);
  const body = rawBody(response);
  const whole = typeof body === 'string' || body instanceof Uint8Array;
  if (
    !compressible(response, headers) ||
    body === null ||
    method === 'HEAD' ||
    (whole && Buffer.byteLength(body) < MIN_BYTES)
  )
    return vary(response);
  const kept: string[] = [];
  const all = withVary(headers);
  for (let i = 0; i < all.length; i += 2) {
    const name = all[i]!.toLowerCase();
    if (name === 'content-length' || name === 'accept-ranges') continue;
    // Other bytes are another representation: a strong tag would claim that they are the same.
    kept.push(all[i]!, name === 'etag' && !all[i + 1]!.startsWith('W/') ? `W/${all[i + 1]}` : all[i + 1]!);
  }
  kept.push('Content-Encoding', 'gzip');
  const init = { status: response.status, statusText: response.statusText, headers: kept };
  if (whole) return new GatewayResponse(gzipSync(body, { level }), init);
  const source =
    body instanceof ReadableStream
      ? Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0])
      : Readable.from(body as AsyncIterable<Uint8Array>);
  // An error of the source ends the compressor with it, and so reaches whoever reads.
  const packed = pipeline(source, createGzip({ level }), () => undefined);
  return new GatewayResponse(packed as unknown as AsyncIterable<Uint8Array>, init);
}
