/** An application as a listener of `node:http`: for hosts other than the servers here (Express, Fastify, a server of one's own). */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { getLogger } from '@logtape/logtape';
import { discard } from './body-parts.ts';
import type { Environ } from './environ.ts';
import { failurePageOf } from './failure-page.ts';
import { HTTPException } from './http-exception.ts';
import { GatewayRequest } from './request.ts';
import { sendResponse, type SendOptions } from './send-response.ts';
import { splitTarget } from './target.ts';
import type { Application } from './types.ts';

const logger = getLogger(['gateway']);

export interface NodeListenerOptions {
  /** Bytes of a request body beyond which reading it fails; 1 GiB unless told. */
  readonly bodyLimit?: number;
  /** Bytes of a request body that are kept in memory; a longer one waits in a temporary file. 512 KiB unless told. */
  readonly bodyInMemory?: number;
  /**
   * Told of an exception that left the application. Without it the exception is logged and answered with 500; a host with an error
   * page of its own hands it on (`onError: next` in Express).
   */
  onError?(error: unknown, incoming: IncomingMessage, outgoing: ServerResponse): void;
}

export type NodeListener = (incoming: IncomingMessage, outgoing: ServerResponse) => void;

const sending: SendOptions = {
  ident: undefined,
  highWaterMark: 1_048_576,
  warn: (message) => logger.warn(message),
};

/**
 * Serves an application where `node:http` is spoken.
 *
 * ```ts
 * http.createServer(toNodeListener(app)).listen(8080);
 * ```
 */
export function toNodeListener(app: Application, options: NodeListenerOptions = {}): NodeListener {
  const context = { bodyLimit: options.bodyLimit ?? 1_073_741_824, bodyInMemory: options.bodyInMemory };
  return (incoming, outgoing) => {
    const request = new GatewayRequest(incoming, environOfHost(incoming), context);
    outgoing.once('close', () => {
      if (!outgoing.writableFinished) request._left();
    });
    const failed = (error: unknown): void => {
      if (options.onError !== undefined && !outgoing.headersSent) options.onError(error, incoming, outgoing);
      else answerError(error, incoming, outgoing);
    };
    const answer = (response: Response): void => {
      if (outgoing.destroyed) {
        if (response instanceof Response) discard(response.body);
        return;
      }
      try {
        sendResponse(response, incoming, outgoing, sending)?.catch(failed);
      } catch (error) {
        failed(error);
      }
    };
    try {
      const result = app(request as unknown as Request);
      if (result instanceof Promise) result.then(answer, failed);
      else answer(result);
    } catch (error) {
      failed(error);
    }
  };
}

function answerError(error: unknown, incoming: IncomingMessage, outgoing: ServerResponse): void {
  if (outgoing.destroyed) return;
  if (outgoing.headersSent) {
    logger.error(`Exception while serving ${incoming.url}`, { error });
    outgoing.destroy();
    return;
  }
  // A body that was too large or malformed is the client's mistake, which nobody else answered.
  if (error instanceof HTTPException && error.code !== 'HTTP') {
    outgoing.shouldKeepAlive = false;
    void sendResponse(error.toResponse(), incoming, outgoing, sending);
    return;
  }
  logger.error(`Exception while serving ${incoming.url}`, { error });
  const text = failurePageOf(error)?.text ?? 'Internal Server Error';
  outgoing.statusMessage = '';
  outgoing.writeHead(500, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
  });
  outgoing.end(text);
}

function environOfHost(incoming: IncomingMessage): Environ {
  // A host that mounts applications under a path (Express) keeps the whole target here.
  const mounted = incoming as IncomingMessage & { readonly originalUrl?: string; readonly baseUrl?: string };
  const { socket } = incoming;
  const target = splitTarget(incoming.url ?? '/');
  const host = incoming.headers.host ?? (incoming.headers[':authority'] as string | undefined) ?? '';
  return {
    scriptName: mounted.baseUrl ?? '',
    pathInfo: target.path,
    queryString: target.query,
    rawTarget: mounted.originalUrl ?? incoming.url ?? '/',
    serverName: host.replace(/:\d*$/, '') || 'localhost',
    serverPort: socket.localPort === undefined ? '' : String(socket.localPort),
    scheme: (socket as TLSSocket).encrypted === true ? 'https' : 'http',
    remoteAddr: socket.remoteAddress?.replace(/^::ffff:/, '') ?? 'localhost',
    remotePort: socket.remotePort === undefined ? '' : String(socket.remotePort),
    serverProtocol: `HTTP/${incoming.httpVersion}`,
    remoteUser: '',
    extra: new Map(),
  };
}
