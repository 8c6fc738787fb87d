/** `egg:Paste#gzip`: compresses answers for clients that take it. */
import { pipeline, Readable } from 'node:stream';
import { promisify } from 'node:util';
import { constants, createGzip, gzip as gzipLater, gzipSync } from 'node:zlib';
import { flatten, valueOf } from '../gateway/flat-headers.ts';
import { GatewayRequest } from '../gateway/request.ts';
import {
  fileStream,
  GatewayResponse,
  isBodiless,
  isFileRegion,
  type ResponseBody,
} from '../gateway/response.ts';
import type { Application } from '../gateway/types.ts';
import { LoadError } from '../loader/errors.ts';
import type { Settings } from '../loader/factories.ts';
import { integerOption, readOptions } from '../loader/options.ts';

/** Smaller bodies do not get smaller. */
const MIN_BYTES = 256;
/** Bigger bodies are compressed beside the event loop. */
const MAX_SYNC_BYTES = 32_768;
const COMPRESSED =
  /^(?:image\/(?!svg|bmp|x-icon|vnd\.microsoft\.icon)|video\/|audio\/(?!midi|wav)|font\/woff|application\/(?:zip|gzip|x-gzip|zstd|pdf|octet-stream|epub|java-archive|vnd\.openxmlformats|vnd\.oasis|x-7z|x-rar|x-xz|x-bzip))/i;
const inPool = promisify(gzipLater);

/** Whether an `Accept-Encoding` header takes gzip, and does not like the plain text better (RFC 9110, 12.5.3). */
export function takesGzip(header: string | null | undefined): boolean {
  if (!header) return false;
  const weights = new Map<string, number>();
  for (const part of header.toLowerCase().split(',')) {
    const [coding = '', ...parameters] = part.split(';').map((text) => text.trim());
    const weight = parameters.map((text) => WEIGHT.exec(text)?.[1]).find((text) => text !== undefined);
    weights.set(coding === 'x-gzip' ? 'gzip' : coding, weight === undefined ? 1 : Number(weight));
  }
  const gzipped = weights.get('gzip') ?? weights.get('*') ?? 0;
  return gzipped > 0 && gzipped >= (weights.get('identity') ?? 0);
}

const WEIGHT = /^q\s*=\s*([01](?:\.\d*)?)$/;

/** Options: `compress_level`, 1 (fast) to 9 (small), 6 unless told. */
export function gzip(app: Application, _globalConf: Settings, localConf: Settings): Application {
  const { compress_level: level } = readOptions(localConf, { compress_level: integerOption(6) });
  if (level < 0 || level > 9) {
    throw new LoadError('option-invalid', `compress_level is 0 to 9, not ${level}`, {
      option: 'compress_level',
    });
  }
  const answer = (request: Request, response: Response): Response | Promise<Response> => {
    const header =
      request instanceof GatewayRequest
        ? request.header('accept-encoding')
        : request.headers.get('accept-encoding');
    const content = contentOf(response);
    if (content === undefined) return response;
    if (request.method === 'HEAD' || !takesGzip(header) || isSmall(content))
      return respond(response, withVary(content.headers), content.body);
    return compress(response, content, level);
  };
  return (request) => {
    const response = app(request);
    return response instanceof Promise
      ? response.then((late) => answer(request, late))
      : answer(request, response);
  };
}

interface Content {
  readonly headers: readonly string[];
  readonly body: ResponseBody;
}

/** What of an answer can be compressed; undefined where nothing can, whatever the client takes. */
function contentOf(response: Response): Content | undefined {
  const own = response instanceof GatewayResponse ? response : undefined;
  const headers = own === undefined ? flatten(response.headers) : own.flatHeaders();
  const type = valueOf(headers, 'content-type');
  if (
    isBodiless(response.status) ||
    response.status === 206 ||
    type === null ||
    COMPRESSED.test(type) ||
    valueOf(headers, 'content-encoding') !== null ||
    /no-transform/i.test(valueOf(headers, 'cache-control') ?? '')
  )
    return undefined;
  const body = own === undefined ? response.body : own.sentBody;
  return { headers, body };
}

function isSmall({ headers, body }: Content): boolean {
  if (body === null) return true;
  if (typeof body === 'string' || body instanceof Uint8Array) return Buffer.byteLength(body) < MIN_BYTES;
  const length = valueOf(headers, 'content-length');
  return length !== null && Number(length) < MIN_BYTES;
}

/** Caches must know that the answer depends on what the client takes, also where it was not compressed. */
function withVary(headers: readonly string[]): string[] {
  const before = valueOf(headers, 'vary');
  if (before === null) return [...headers, 'Vary', 'Accept-Encoding'];
  if (/\*|\baccept-encoding\b/i.test(before)) return [...headers];
  const others = headers.filter((_item, index) => headers[index - (index % 2)]!.toLowerCase() !== 'vary');
  return [...others, 'Vary', `${before}, Accept-Encoding`];
}

function respond({ status, statusText }: Response, headers: readonly string[], body: ResponseBody): Response {
  return new GatewayResponse(body, { status, statusText, headers });
}

function compress(
  response: Response,
  { headers, body }: Content,
  level: number,
): Response | Promise<Response> {
  const kept: string[] = [];
  const all = withVary(headers);
  for (let i = 0; i < all.length; i += 2) {
    const name = all[i]!.toLowerCase();
    if (name === 'content-length' || name === 'accept-ranges' || name === 'content-md5') continue;
    // Other bytes are another representation: a strong tag would claim that they are the same.
    kept.push(all[i]!, name === 'etag' && !all[i + 1]!.startsWith('W/') ? `W/${all[i + 1]}` : all[i + 1]!);
  }
  kept.push('Content-Encoding', 'gzip');
  if (body === null || typeof body === 'string' || body instanceof Uint8Array) {
    if (body === null || Buffer.byteLength(body) <= MAX_SYNC_BYTES)
      return respond(response, kept, gzipSync(body ?? '', { level }));
    return inPool(body, { level }).then((bytes) => respond(response, kept, bytes));
  }
  // What the application hands out goes on at once: an event must not wait in the compressor for the next one.
  const packer = createGzip({ level, flush: constants.Z_SYNC_FLUSH });
  // An error of the source ends the compressor with it, and so reaches whoever reads.
  return respond(
    response,
    kept,
    pipeline(sourceOf(body), packer, () => undefined),
  );
}

function sourceOf(body: Exclude<ResponseBody, string | Uint8Array | null>): Readable {
  if (body instanceof ReadableStream) return Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0]);
  if (isFileRegion(body)) return fileStream(body);
  return body instanceof Readable ? body : Readable.from(body);
}
