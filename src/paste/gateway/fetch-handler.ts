/** An application as the fetch handler of another host (Bun, Deno, srvx, Hono, a service worker). */
import { getLogger } from '@logtape/logtape';
import { type Environ, tellFacts } from './environ.ts';
import { failurePageOf } from './failure-page.ts';
import { HTTPException } from './http-exception.ts';
import { GatewayResponse } from './response.ts';
import type { Application } from './types.ts';

const logger = getLogger(['gateway']);

export interface FetchHandlerOptions {
  /** Makes the answer to an exception that left the application; without it the exception is logged and answered with 500. */
  onError?(error: unknown, request: Request): Response | Promise<Response>;
}

/** `facts` are what the host knows and a `Request` does not say, above all `remoteAddr`. */
export type FetchHandler = (request: Request, facts?: Partial<Environ>) => Promise<Response>;

/**
 * Serves an application where global `Request`s come in and global `Response`s must go out.
 *
 * ```ts
 * const handler = toFetchHandler(app);
 * Deno.serve((request, info) => handler(request, { remoteAddr: info.remoteAddr.hostname }));
 * ```
 */
export function toFetchHandler(app: Application, options: FetchHandlerOptions = {}): FetchHandler {
  const standard = (response: Response): Response =>
    response instanceof GatewayResponse ? response.toStandard() : response;
  return async (request, facts) => {
    if (facts !== undefined) tellFacts(request, facts);
    try {
      return standard(await app(request));
    } catch (error) {
      if (options.onError !== undefined) return standard(await options.onError(error, request));
      // A body that was too large or malformed is the client's mistake, which nobody else answered.
      if (error instanceof HTTPException && error.code !== 'HTTP') return standard(error.toResponse());
      logger.error(`Exception while serving ${new URL(request.url).pathname}`, { error });
      return new Response(failurePageOf(error)?.text ?? 'Internal Server Error', {
        status: 500,
        headers: { 'content-type': 'text/plain; charset=utf-8' },
      });
    }
  };
}
