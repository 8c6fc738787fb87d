/** Requests of the gateway, and of other hosts, as the publisher reads them. */
import { type Environ, environOf, GatewayRequest, type Hold } from '../paste/index.ts';
import type { RequestSource } from './request.ts';

export const sourceOf = (request: Request): RequestSource =>
  request instanceof GatewayRequest ? new GatewaySource(request) : new StandardSource(request);

class GatewaySource implements RequestSource {
  readonly method: string;
  readonly environ: Environ;
  readonly #request: GatewayRequest;

  constructor(request: GatewayRequest) {
    this.method = request.method;
    this.environ = request.environ;
    this.#request = request;
  }

  header(name: string): string | undefined {
    return this.#request.header(name);
  }

  headers(): Iterable<readonly [string, string]> {
    return this.#request.headers.entries();
  }

  hold(what: readonly Hold[]): boolean {
    return this.#request.hold(what);
  }
}

class StandardSource implements RequestSource {
  readonly method: string;
  readonly environ: Environ;
  readonly #request: Request;

  constructor(request: Request) {
    this.method = request.method;
    this.environ = environOf(request);
    this.#request = request;
  }

  header(name: string): string | null {
    return this.#request.headers.get(name);
  }

  headers(): Iterable<readonly [string, string]> {
    return this.#request.headers.entries();
  }
}
