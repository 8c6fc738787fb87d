/** Events for whoever watches the process: see `docs/servers.md`. */
import { channel } from 'node:diagnostics_channel';
import type { GatewayRequest } from '../gateway/request.ts';
import type { Application } from '../gateway/types.ts';

const requests = channel('zope-ts:request');

/** @param milliseconds From the arrival of the request to its answer. @param thread Undefined where none had it. */
export function publishRequest(
  { method, environ }: GatewayRequest,
  milliseconds: number,
  failed: boolean,
  thread: number | undefined,
): void {
  if (!requests.hasSubscribers) return;
  requests.publish({ method, target: environ.rawTarget, milliseconds, failed, thread });
}

/** An application whose requests are published by the thread that serves them itself. */
export function published(app: Application, thread: number): Application {
  return (given) => {
    if (!requests.hasSubscribers) return app(given);
    const request = given as unknown as GatewayRequest;
    const start = performance.now();
    const done = (failed: boolean) => publishRequest(request, performance.now() - start, failed, thread);
    return answered(app, given, done);
  };
}

/** What an application answers, with `done` called when it has. */
export function answered(
  app: Application,
  request: Request,
  done: (failed: boolean) => void,
): Response | Promise<Response> {
  const failed = (error: unknown): never => {
    done(true);
    throw error;
  };
  let result: Response | Promise<Response>;
  try {
    result = app(request);
  } catch (error) {
    return failed(error);
  }
  if (result instanceof Promise)
    return result.then((response) => {
      done(false);
      return response;
    }, failed);
  done(false);
  return result;
}
