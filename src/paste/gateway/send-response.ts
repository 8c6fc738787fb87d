/**
 * Sends what an application answered over a `ServerResponse` of Node.
 *
 * Over 400 lines: a body can be sent in several ways, and lengths and errors are the same matter in all of them.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerResponse } from 'node:http2';
import { discard, type Parts, partsOf, withAhead } from './body-parts.ts';
import { flatten } from './flat-headers.ts';
import { reasonOf } from './http-exception.ts';
import {
  type FileRegion,
  fileStream,
  GatewayResponse,
  isBodiless,
  isFileRegion,
  type ResponseBody,
} from './response.ts';

export interface SendOptions {
  /** The server's name in its answers; undefined for none. */
  readonly ident: string | undefined;
  /** Unsent bytes at which a body waits for its client. */
  readonly highWaterMark: number;
  /** Told what is wrong with an answer that is sent nevertheless. */
  warn(message: string): void;
}

/** An answer that cannot be sent: the application's mistake. */
export class InvalidAnswerError extends Error {
  readonly code = 'ANSWER_INVALID';
}

/** Bigger files are streamed; smaller ones are read at once, which is cheaper than the way there. */
const WHOLE_FILE_BYTES = 65_536;

/**
 * Sends an answer. Returns a promise only while a body streams; it is rejected when the body fails, after the connection was cut so that
 * the client sees that the answer is not complete. Throws an InvalidAnswerError, or what opening a file throws, before anything was sent.
 */
export function sendResponse(
  response: Response,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  options: SendOptions,
): undefined | Promise<void> {
  if (response instanceof GatewayResponse) {
    const body = response.sentBody;
    const head = headOf(
      response.status,
      response.statusText,
      response.flatHeaders(),
      incoming,
      outgoing,
      options,
    );
    return send(body, head);
  }
  if (!(response instanceof Response)) {
    discard((response as { body?: ResponseBody } | null | undefined)?.body ?? null);
    throw new InvalidAnswerError(`the application answered ${kindOf(response)} instead of a Response`);
  }
  const head = headOf(
    response.status,
    response.statusText,
    flatten(response.headers),
    incoming,
    outgoing,
    options,
  );
  const { body } = response;
  if (body === null || head.bodiless || head.length !== undefined || incoming.method === 'HEAD')
    return send(body, head);
  return sendUnmeasured(partsOf(body), head);
}

/** Everything about an answer but its body. */
interface Head {
  readonly status: number;
  readonly reason: string;
  readonly headers: string[];
  /** The Content-Length that the application states. */
  readonly length: number | undefined;
  readonly bodiless: boolean;
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly options: SendOptions;
}

function headOf(
  status: number,
  statusText: string,
  given: readonly string[],
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  options: SendOptions,
): Head {
  if (!(status >= 200 && status <= 999)) throw new InvalidAnswerError(`${status} is no status of an answer`);
  const bodiless = isBodiless(status);
  const headers: string[] = [];
  let length: number | undefined;
  let named = false;
  for (let i = 0; i < given.length; i += 2) {
    const name = given[i]!;
    const value = given[i + 1]!;
    switch (name.length) {
      case 6:
        if (name.toLowerCase() === 'server') named = true;
        break;
      case 10:
        // Whether the connection goes on is the server's business.
        if (name.toLowerCase() === 'connection') {
          if (value.toLowerCase() === 'close') outgoing.shouldKeepAlive = false;
          continue;
        }
        if (name.toLowerCase() === 'keep-alive') continue;
        break;
      case 14:
        if (name.toLowerCase() === 'content-length') {
          const bytes = DIGITS.test(value) ? Number(value) : Number.NaN;
          if (!Number.isSafeInteger(bytes) || (length !== undefined && length !== bytes))
            throw new InvalidAnswerError(
              `the application answered the Content-Length ${JSON.stringify(value)}`,
            );
          const again = length !== undefined;
          length = bytes;
          if (again || bodiless) continue;
        }
        break;
      case 17:
        if (name.toLowerCase() === 'transfer-encoding') continue;
        break;
      default:
    }
    headers.push(name, value);
  }
  if (named) headers.push('Via', options.ident ?? 'gateway');
  else if (options.ident !== undefined) headers.push('Server', options.ident);
  return {
    status,
    reason: statusText || reasonOf(status),
    headers,
    length,
    bodiless,
    incoming,
    outgoing,
    options,
  };
}

const DIGITS = /^\d+$/;

function writeHead({ status, reason, headers, incoming, outgoing }: Head): void {
  if (incoming.httpVersionMajor < 2) {
    outgoing.writeHead(status, reason, headers);
    return;
  }
  // HTTP/2 has no reason phrases, and Node takes no list there.
  for (let i = 0; i < headers.length; i += 2) outgoing.appendHeader(headers[i]!, headers[i + 1]!);
  outgoing.writeHead(status);
}

function send(body: ResponseBody, head: Head): undefined | Promise<void> {
  const { bodiless, status, headers, length, incoming, outgoing } = head;
  if (bodiless || (body === null && incoming.method === 'HEAD')) {
    discard(body);
    if (status === 205) headers.push('Content-Length', '0');
    writeHead(head);
    outgoing.end();
    return undefined;
  }
  if (body === null || typeof body === 'string' || body instanceof Uint8Array) {
    sendWhole(body ?? '', head);
    return undefined;
  }
  if (isFileRegion(body)) return sendFile(body, head);
  if (incoming.method === 'HEAD') {
    discard(body);
    writeHead(head);
    outgoing.end();
    return undefined;
  }
  return begin(partsOf(body), head, length);
}

/** Waits a moment for the first part, so that a body that fails at once can still be answered as an error. */
async function begin(parts: Parts, head: Head, length: number | undefined): Promise<void> {
  const { outgoing } = head;
  const first = parts.next();
  await Promise.race([first, nextTurn()]);
  try {
    if (!outgoing.destroyed) writeHead(head);
  } catch (error) {
    parts.cancel();
    throw error;
  }
  return stream(withAhead([first], parts), head, length);
}

function sendWhole(body: string | Uint8Array, head: Head): void {
  const { headers, length, incoming, outgoing, options } = head;
  const bytes = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  if (length === undefined) headers.push('Content-Length', String(bytes));
  if (incoming.method === 'HEAD') {
    writeHead(head);
    outgoing.end();
    return;
  }
  if (length === undefined || length === bytes) {
    writeHead(head);
    endWith(outgoing, body, headers);
  } else if (bytes > length) {
    options.warn(excess(length));
    writeHead(head);
    outgoing.end(Buffer.from(body as string).subarray(0, length));
  } else {
    options.warn(`application returned too few bytes (${bytes}) for specified Content-Length (${length})`);
    outgoing.shouldKeepAlive = false;
    writeHead(head);
    outgoing.write(body);
    cut(outgoing);
  }
}

const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');

type WithSend = { _send?(text: string, encoding: BufferEncoding): boolean };

/** Bigger ones are cheaper to write from where they are. */
const JOINED_BYTES = 16_384;

/**
 * `end` with a body would write head, body and an empty text as a list of buffers, which costs a tenth of a short answer; here they are one
 * text. Node writes it in the encoding of the body, so that a head that is not ASCII goes with bytes only.
 */
function endWith(
  outgoing: ServerResponse & WithSend,
  body: string | Uint8Array,
  headers: readonly string[],
): void {
  const bytes = typeof body === 'string' && !isAscii(headers) ? Buffer.from(body) : body;
  if (outgoing._send === undefined || (typeof bytes !== 'string' && bytes.length > JOINED_BYTES)) {
    outgoing.end(bytes);
    return;
  }
  if (typeof bytes === 'string') outgoing._send(bytes, 'utf8');
  else outgoing._send(latin1(bytes), 'latin1');
  outgoing.end();
}

// oxlint-disable-next-line no-control-regex
const BEYOND_ASCII = /[^\u0000-\u007f]/;
const isAscii = (headers: readonly string[]) => !headers.some((text) => BEYOND_ASCII.test(text));

const excess = (length: number) =>
  `application-written content exceeded the number of bytes specified by Content-Length header (${length})`;

function sendFile(region: FileRegion, head: Head): undefined | Promise<void> {
  const { headers, length, incoming, outgoing } = head;
  const fd = typeof region.file === 'string' ? openSync(region.file, 'r') : region.file;
  let mine = typeof region.file === 'string';
  const close = () => {
    if (mine) closeSync(fd);
    mine = false;
  };
  try {
    const start = region.start ?? 0;
    const end = Math.max(start, region.end ?? fstatSync(fd).size);
    const size = end - start;
    if (size <= WHOLE_FILE_BYTES && incoming.method !== 'HEAD') {
      const bytes = Buffer.allocUnsafe(size);
      readWhole(fd, bytes, start);
      close();
      sendWhole(bytes, head);
      return undefined;
    }
    if (length === undefined) headers.push('Content-Length', String(size));
    writeHead(head);
    if (incoming.method === 'HEAD') {
      close();
      outgoing.end();
      return undefined;
    }
    return stream(partsOf(fileStream({ file: fd, start, end })), head, length ?? size).finally(close);
  } catch (error) {
    close();
    throw error;
  }
}

function readWhole(fd: number, into: Buffer, start: number): void {
  let at = 0;
  while (at < into.length) {
    const count = readSync(fd, into, at, into.length - at, start + at);
    if (count === 0)
      throw new InvalidAnswerError(`the file has ${start + at} bytes, ${start + into.length} are to be sent`);
    at += count;
  }
}

/** A body of unknown size that comes in one piece is sent with its size; most answers of others are such. */
async function sendUnmeasured(parts: Parts, head: Head): Promise<void> {
  const { outgoing } = head;
  const onClose = () => parts.cancel();
  outgoing.once('close', onClose);
  let second: Promise<IteratorResult<Uint8Array | string, unknown>> | undefined;
  let whole = false;
  const first = await parts.next();
  if (first.done !== true) {
    second = parts.next();
    // Its error is seen by the one who takes it up below.
    second.catch(() => undefined);
    const soon = await Promise.race([second, nextTurn()]);
    whole = soon?.done === true;
  }
  outgoing.off('close', onClose);
  if (outgoing.destroyed) {
    parts.cancel();
    return undefined;
  }
  if (first.done === true || whole) {
    sendWhole(first.done === true ? '' : first.value, head);
    return undefined;
  }
  try {
    writeHead(head);
  } catch (error) {
    parts.cancel();
    throw error;
  }
  return stream(withAhead([Promise.resolve(first), second!], parts), head, undefined);
}

const nextTurn = () => new Promise<undefined>((resolve) => void setImmediate(() => resolve(undefined)));

async function stream(parts: Parts, { outgoing, options }: Head, length: number | undefined): Promise<void> {
  let sent = 0;
  let warned = false;
  let wake: (() => void) | undefined;
  const onDrain = () => wake?.();
  const onClose = () => {
    if (!outgoing.writableFinished) parts.cancel();
    wake?.();
  };
  outgoing.on('drain', onDrain).once('close', onClose);
  if (outgoing.destroyed) onClose();
  try {
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- a body is sent in its order, as fast as its client takes it
      const { done, value } = await parts.next();
      if (outgoing.destroyed) {
        parts.cancel();
        return;
      }
      if (done === true) break;
      let part = typeof value === 'string' ? Buffer.from(value) : value;
      if (!(part instanceof Uint8Array))
        throw new InvalidAnswerError(`a part of the body is ${kindOf(part)}, not bytes or text`);
      if (length !== undefined && sent + part.length > length) {
        part = part.subarray(0, length - sent);
        if (!warned) options.warn(excess(length));
        warned = true;
      }
      sent += part.length;
      if (part.length > 0 && !outgoing.write(part) && outgoing.writableLength > options.highWaterMark) {
        // oxlint-disable-next-line no-await-in-loop
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        wake = undefined;
        if (outgoing.destroyed) return;
      }
    }
    if (length !== undefined && sent < length) {
      options.warn(`application returned too few bytes (${sent}) for specified Content-Length (${length})`);
      cut(outgoing);
    } else outgoing.end();
  } catch (error) {
    parts.cancel();
    cut(outgoing);
    throw error;
  } finally {
    outgoing.off('drain', onDrain).off('close', onClose);
  }
}

/** HTTP/2's code (RFC 9113, 7). */
const INTERNAL_ERROR = 2;

/** Closes the connection behind what was written: all that can be done to tell the client that its answer is not complete. */
export function cut(outgoing: ServerResponse): void {
  const { socket } = outgoing;
  const { stream: ofHttp2 } = outgoing as unknown as Partial<Http2ServerResponse>;
  if (ofHttp2 !== undefined) ofHttp2.close(INTERNAL_ERROR);
  else if (socket === null) outgoing.destroy();
  // What was written in this turn is still in the answer's own buffers.
  else process.nextTick(() => socket.destroySoon());
}

const kindOf = (value: unknown): string =>
  value === null || typeof value !== 'object'
    ? String(value)
    : `an object (${Object.prototype.toString.call(value)})`;
