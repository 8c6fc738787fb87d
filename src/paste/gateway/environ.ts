/** What a `Request` does not say: the gateway's facts about it, under their names in WSGI. */
import { GatewayRequest } from './request.ts';

/**
 * All of them are plain properties: a copy made by spreading is a copy. Texts are as they came, percent-encoded and undecoded;
 * an absent one is empty.
 */
export interface Environ {
  /** The part of the path that led to this application, percent-encoded, without a slash at its end. */
  readonly scriptName: string;
  /** The rest of the path, percent-encoded; begins with a slash unless it is empty. */
  readonly pathInfo: string;
  /** What follows the question mark. */
  readonly queryString: string;
  /** The request target as it came: `/a?b`, `http://host/a`, `*`. */
  readonly rawTarget: string;
  /** Host without port: of a trusted proxy, of the Host header, or of the server's settings. */
  readonly serverName: string;
  /** Port of a trusted proxy, or of the socket; empty at a Unix socket. */
  readonly serverPort: string;
  /** `http` or `https`. */
  readonly scheme: string;
  /** Address of the client as a trusted proxy tells it, or of the peer; `localhost` at a Unix socket. */
  readonly remoteAddr: string;
  readonly remotePort: string;
  /** `HTTP/1.1` or `HTTP/1.0`. */
  readonly serverProtocol: string;
  /** The user whom the application knows; access logs show it. */
  remoteUser: string;
  /** For filters and applications to tell each other things, by names with a dot (`Zope2.httpexceptions`). */
  readonly extra: Map<string, unknown>;
}

const environs = new WeakMap<Request, Environ>();

/** The facts of a request; of one that no server here made, those that its URL tells. */
export function environOf(request: Request): Environ {
  if (request instanceof GatewayRequest) return request.environ;
  let environ = environs.get(request);
  if (environ === undefined) {
    const url = new URL(request.url);
    environ = {
      scriptName: '',
      pathInfo: url.pathname,
      queryString: url.search.slice(1),
      rawTarget: url.pathname + url.search,
      serverName: url.hostname,
      serverPort: url.port || (url.protocol === 'https:' ? '443' : '80'),
      scheme: url.protocol.slice(0, -1),
      remoteAddr: '',
      remotePort: '',
      serverProtocol: 'HTTP/1.1',
      remoteUser: '',
      extra: new Map(),
    };
    environs.set(request, environ);
  }
  return environ;
}

/** Adds what the host of a foreign request knows about it. */
export function tellFacts(request: Request, facts: Partial<Environ>): void {
  environs.set(request, { ...environOf(request), ...facts });
}

/**
 * The same request with other facts. What the application tells about the user is told to the request it came from as
 * well, unless the new one is to be `isolated`.
 */
export function withEnviron(
  request: Request,
  changes: Partial<Environ>,
  options: { isolated?: boolean } = {},
): Request {
  const environ = environOf(request);
  const changed = { ...environ, extra: new Map(environ.extra), ...changes };
  if (options.isolated !== true) {
    Object.defineProperty(changed, 'remoteUser', {
      enumerable: true,
      get: () => environ.remoteUser,
      set: (user: string) => {
        environ.remoteUser = user;
      },
    });
  }
  if (request instanceof GatewayRequest) {
    return Object.create(request, {
      environ: { value: changed },
      _url: { value: undefined, writable: true },
    }) as Request;
  }
  const copy = withGetters(request, {});
  environs.set(copy, changed);
  return copy;
}

/** The same request with other headers. */
export function withHeaders(request: Request, headers: Headers): Request {
  if (request instanceof GatewayRequest) {
    return Object.create(request, {
      _headers: { value: headers, writable: true },
      _url: { value: undefined, writable: true },
    }) as Request;
  }
  const copy = withGetters(request, { headers });
  environs.set(copy, environOf(request));
  return copy;
}

/** A global `Request` cannot be derived from by its prototype: its getters insist on their own object. */
function withGetters(request: Request, replaced: { readonly headers?: Headers }): Request {
  return new Proxy(request, {
    get(target, key) {
      if (key === 'headers' && replaced.headers !== undefined) return replaced.headers;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
