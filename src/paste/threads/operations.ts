/** What operators ask a server beside its site: whether it lives, whether it can take requests, what it counts. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { listenError } from '../servers/errors.ts';
import type { GatewayRequest } from '../gateway/request.ts';
import { GatewayResponse } from '../gateway/response.ts';
import type { Application } from '../gateway/types.ts';

const TEXT = ['Content-Type', 'text/plain; charset=utf-8', 'Cache-Control', 'no-store'];

export interface HealthOptions {
  /** Path that answers 200 as long as the process serves; empty: none. */
  readonly healthPath: string;
  /** Path that answers 200 while requests can be handled, 503 otherwise; empty: none. */
  readonly readyPath: string;
  readonly isReady: () => boolean;
}

/** Answers the paths for health before the site sees them; they are compared as they were sent. */
export function withHealth(app: Application, { healthPath, readyPath, isReady }: HealthOptions): Application {
  return (request) => {
    const { rawTarget } = (request as unknown as GatewayRequest).environ;
    // Nearly no request is one of these, and a path of a site seldom begins so.
    if (rawTarget.length === healthPath.length && rawTarget === healthPath) return answer(200, 'ok\n');
    if (rawTarget.length === readyPath.length && rawTarget === readyPath)
      return isReady() ? answer(200, 'ready\n') : answer(503, 'not ready\n');
    return app(request);
  };
}

const answer = (status: number, text: string) =>
  new GatewayResponse(text, { status, headers: TEXT }) as unknown as Response;

/** Serves metrics on an address of their own: `/metrics`. Throws an AddressError. */
export async function serveMetrics(
  { host, port }: { host: string; port: number },
  render: () => Promise<string>,
): Promise<{ readonly url: string; close(): void }> {
  const server: Server = createServer((request, response) => {
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
  const { address, port: actual } = server.address() as AddressInfo;
  return {
    url: `http://${address.includes(':') ? `[${address}]` : address}:${actual}/metrics`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
