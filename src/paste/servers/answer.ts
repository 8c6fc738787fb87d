/** Sends what an application answered. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { flatten, GatewayResponse, type ResponseBody } from '../gateway/response.ts';

/** How a server names itself in its answers. */
export interface Identity {
  readonly ident: string | undefined;
}

/** The application's answer was shorter than it had said; the connection is closed, so that the client notices. */
class ShortBodyError extends Error {
  readonly code = 'SHORT_BODY';
}

/** Sends an answer; a promise only while a body streams. */
export function sendAnswer(
  response: Response,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { ident }: Identity,
): void | Promise<void> {
  const own = response instanceof GatewayResponse ? response : undefined;
  const { status } = response;
  const given = own === undefined ? flatten(response.headers) : own.flatHeaders();
  const headers: string[] = [];
  let length: number | undefined;
  let named = false;
  const bodiless = status === 204 || status === 304 || (status >= 100 && status < 200);
  for (let i = 0; i < given.length; i += 2) {
    const name = given[i]!;
    const value = given[i + 1]!;
    switch (name.length) {
      case 14:
        if (name.toLowerCase() === 'content-length') {
          length = Number(value);
          if (bodiless && status !== 304) continue;
        }
        break;
      case 6:
        if (name.toLowerCase() === 'server') named = true;
        break;
      case 10:
        // Whether the connection goes on is the server's business.
        if (name.toLowerCase() === 'connection') {
          if (value.toLowerCase() === 'close') outgoing.shouldKeepAlive = false;
          continue;
        }
        break;
      case 17:
        if (name.toLowerCase() === 'transfer-encoding') continue;
        break;
      default:
    }
    headers.push(name, value);
  }
  if (ident !== undefined) headers.push(named ? 'Via' : 'Server', ident);
  let body: ResponseBody = own === undefined ? response.body : own.rawBody;
  if (bodiless) body = null;
  if (body === null || typeof body === 'string' || body instanceof Uint8Array) {
    const bytes = body === null ? 0 : typeof body === 'string' ? Buffer.byteLength(body) : body.length;
    if (length === undefined && !bodiless) headers.push('Content-Length', String(bytes));
    else if (length !== undefined && length !== bytes && incoming.method !== 'HEAD' && !bodiless) {
      if (bytes > length) body = Buffer.from(body ?? '').subarray(0, length);
      else outgoing.shouldKeepAlive = false;
    }
    outgoing.writeHead(status, response.statusText || undefined, headers);
    if (body === null || incoming.method === 'HEAD') outgoing.end();
    else {
      outgoing.end(body);
      if (length !== undefined && bytes < length) outgoing.socket?.end();
    }
    return undefined;
  }
  outgoing.writeHead(status, response.statusText || undefined, headers);
  if (incoming.method === 'HEAD') {
    outgoing.end();
    return undefined;
  }
  return stream(body, outgoing, length);
}

async function stream(
  body: Exclude<ResponseBody, string | Uint8Array | null>,
  outgoing: ServerResponse,
  length: number | undefined,
): Promise<void> {
  let sent = 0;
  const source =
    body instanceof ReadableStream ? Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0]) : body;
  try {
    for await (const chunk of source as AsyncIterable<Uint8Array | string>) {
      if (outgoing.destroyed) return;
      let part: Uint8Array = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      if (length !== undefined && sent + part.length > length) part = part.subarray(0, length - sent);
      sent += part.length;
      if (part.length > 0 && !outgoing.write(part))
        await Promise.race([once(outgoing, 'drain'), once(outgoing, 'close')]);
    }
    if (length !== undefined && sent < length)
      throw new ShortBodyError(`the body ended after ${sent} of ${length} bytes`);
    outgoing.end();
  } catch (error) {
    // The status is out: all that can be done is to let the client see that the answer is not complete.
    outgoing.destroy();
    throw error;
  }
}
