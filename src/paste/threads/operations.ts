/** What operators ask a server beside its site: whether it lives, whether it can take requests, what it counts. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getLogger } from '@logtape/logtape';
import { listenError } from '../servers/errors.ts';
import type { GatewayRequest } from '../gateway/request.ts';
import { GatewayResponse } from '../gateway/response.ts';
import type { Application } from '../gateway/types.ts';

const logger = getLogger(['waitress', 'metrics']);

const TEXT = ['Content-Type', 'text/plain; charset=utf-8', 'Cache-Control', 'no-store'];

export interface HealthOptions {
  /** Path that answers 200 as long as the process serves; empty: none. */
  readonly healthPath: string;
  /** Path that answers 200 while requests can be handled, 503 with the reason otherwise; empty: none. */
  readonly readyPath: string;
  /** Why no requests should be sent here; anybody may read it. Undefined when they can be handled. */
  readonly unready: () => string | undefined;
}

interface HealthAnswer {
  readonly status: number;
  readonly text: string;
}

/** What a target is answered with that is a path for health; they are compared as they were sent. */
export function healthAnswer(
  target: string,
  { healthPath, readyPath, unready }: HealthOptions,
): HealthAnswer | undefined {
  // Nearly no request is one of these, and a path of a site seldom begins so.
  if (target.length === healthPath.length && target === healthPath) return { status: 200, text: 'ok\n' };
  if (target.length !== readyPath.length || target !== readyPath) return undefined;
  const reason = unready();
  return reason === undefined
    ? { status: 200, text: 'ready\n' }
    : { status: 503, text: `not ready: ${reason}\n` };
}

/** Answers the paths for health before the site sees them. */
export function withHealth(app: Application, options: HealthOptions): Application {
  return (request) => {
    const found = healthAnswer((request as unknown as GatewayRequest).environ.rawTarget, options);
    if (found === undefined) return app(request);
    return new GatewayResponse(found.text, { status: found.status, headers: TEXT }) as unknown as Response;
  };
}

/**
 * Serves metrics on an address of their own: `/metrics`; and what `health` answers, where those who look after the site need not queue with
 * its visitors. Throws an AddressError.
 */
export async function serveMetrics(
  { host, port }: { host: string; port: number },
  render: () => Promise<string>,
  health: HealthOptions,
): Promise<{ readonly url: string; close(): void }> {
  const server: Server = createServer((request, response) => {
    const found = healthAnswer(request.url ?? '', health);
    if (found !== undefined) {
      response.writeHead(found.status, TEXT).end(found.text);
      return;
    }
    if (!/^\/metrics(?:\?|$)/.test(request.url ?? '')) {
      response.writeHead(404, { 'Content-Type': 'text/plain' }).end('metrics are at /metrics\n');
      return;
    }
    render().then(
      (text) => response.writeHead(200, { 'Content-Type': 'text/plain; version=0.0.4' }).end(text),
      (error: unknown) => response.writeHead(500).end(`${String(error)}\n`),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenError(`${host}:${port}`, error)));
    server.listen({ host, port }, resolve);
  });
  // No descriptor for another connection, for example: the next one may be taken.
  server.on('error', (error) => logger.error(`the address of the metrics: ${error.message}`, { error }));
  const { address, port: actual } = server.address() as AddressInfo;
  return {
    url: `http://${address.includes(':') ? `[${address}]` : address}:${actual}/metrics`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
