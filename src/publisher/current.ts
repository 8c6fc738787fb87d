/** The request that is being answered, for code that is not handed it. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { HTTPRequest } from './request.ts';

let active: HTTPRequest | undefined;
const requests = new AsyncLocalStorage<HTTPRequest>();

/** The request that the running code works for; undefined outside of one. */
export function getRequest(): HTTPRequest | undefined {
  return active ?? requests.getStore();
}

export function withRequest<T>(request: HTTPRequest, run: () => T): T {
  const before = active;
  active = request;
  try {
    return run();
  } finally {
    active = before;
  }
}

/** For code that awaits: the request stays the current one in all that follows from `run`. */
export function withRequestAsync<T>(request: HTTPRequest, run: () => Promise<T>): Promise<T> {
  const before = active;
  active = undefined;
  try {
    return requests.run(request, run);
  } finally {
    active = before;
  }
}
