/** What a `Request` does not say: the gateway's facts about it, under their names in WSGI. */
import { GatewayRequest } from './request.ts';

export interface Environ {
  /** The part of the path that led to this application, percent-encoded. */
  readonly scriptName: string;
  /** The rest of the path, percent-encoded. */
  readonly pathInfo: string;
  readonly queryString: string;
  /** The request target as it came. */
  readonly rawTarget: string;
  readonly serverName: string;
  readonly serverPort: string;
  readonly scheme: string;
  readonly remoteAddr: string;
  readonly remotePort: string;
  readonly serverProtocol: string;
  /** The user whom the application knows; access logs show it. */
  remoteUser: string;
  /** For filters and applications to tell each other things. */
  readonly extra: Map<string, unknown>;
}

const environs = new WeakMap<Request, Environ>();

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

/** The same request with other facts. What the application tells about the user is told to both. */
export function withEnviron(request: Request, changes: Partial<Environ>): Request {
  const environ = environOf(request);
  const changed = { ...environ, extra: new Map(environ.extra), ...changes };
  Object.defineProperty(changed, 'remoteUser', {
    enumerable: true,
    get: () => environ.remoteUser,
    set: (user: string) => {
      environ.remoteUser = user;
    },
  });
  if (request instanceof GatewayRequest) {
    return Object.create(request, {
      environ: { value: changed },
      _url: { value: undefined, writable: true },
    }) as Request;
  }
  const copy = new Proxy(request, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  environs.set(copy, changed);
  return copy;
}
