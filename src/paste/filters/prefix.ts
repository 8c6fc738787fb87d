import { environOf, type Environ, withEnviron, withHeaders } from '../gateway/environ.ts';
import type { Application } from '../gateway/types.ts';
import type { FilterAppFactory } from '../loader/factories.ts';
import { booleanOption, readOptions, textOption } from '../loader/options.ts';

export interface PrefixSettings {
  /** Becomes the script name, and is taken off the path where it starts with it. */
  readonly prefix: string;
  /** Empty: the usual port of the scheme. Null: the port stays. */
  readonly forcePort: string | null;
  readonly scheme: string | null;
  /** Whether X-Forwarded-* headers are believed. Only behind a proxy that sets them. */
  readonly translateForwarded: boolean;
}

/** A filter for sites behind a proxy: `egg:PasteDeploy#prefix`. */
export interface PrefixFilter extends Application, PrefixSettings {
  readonly app: Application;
}

export const makePrefixFilter: FilterAppFactory = (app, _globalConf, localConf) => {
  const options = readOptions(localConf, {
    prefix: textOption('/'),
    translate_forwarded_server: booleanOption(true),
    force_port: textOption(undefined),
    scheme: textOption(undefined),
  });
  return createPrefixFilter(app, {
    prefix: options.prefix,
    translateForwarded: options.translate_forwarded_server,
    forcePort: options.force_port ?? null,
    scheme: options.scheme ?? null,
  });
};

export function createPrefixFilter(app: Application, settings: PrefixSettings): PrefixFilter {
  const prefix = settings.prefix.replace(/\/+$/, '');
  const { forcePort, scheme, translateForwarded } = settings;
  const handle = (request: Request): Response | Promise<Response> => {
    const environ = environOf(request);
    const changes: { -readonly [Name in keyof Environ]?: Environ[Name] } = {
      scriptName: prefix,
      pathInfo:
        (environ.pathInfo.startsWith(prefix) ? environ.pathInfo.slice(prefix.length) : environ.pathInfo) ||
        '/',
    };
    let host: string | undefined;
    const taken: string[] = [];
    if (translateForwarded) {
      const take = (name: string): string | undefined => {
        const value = request.headers.get(name);
        if (value === null) return undefined;
        taken.push(name);
        return value;
      };
      // A list of proxies begins with the one that the client spoke to.
      const first = (value: string | undefined) => value?.split(',')[0];
      const server = first(take('x-forwarded-server'));
      if (server !== undefined) host = changes.serverName = server;
      host = first(take('x-forwarded-host')) ?? host;
      const client = first(take('x-forwarded-for'));
      if (client !== undefined) changes.remoteAddr = client;
      const forwarded = take('x-forwarded-scheme') ?? take('x-forwarded-proto');
      if (forwarded !== undefined) changes.scheme = forwarded;
    }
    if (forcePort !== null) {
      const name = (host ?? request.headers.get('host') ?? '').replace(/:\d*$/, '');
      const usual = (changes.scheme ?? environ.scheme) === 'http' ? '80' : '443';
      changes.serverPort = forcePort === '' ? usual : forcePort;
      host = forcePort === '' ? name : `${name}:${forcePort}`;
    }
    if (scheme !== null) changes.scheme = scheme;
    if (host === undefined && taken.length === 0) return app(withEnviron(request, changes));
    return app(withEnviron(withHost(request, host, taken), changes));
  };
  return Object.assign(handle, { prefix, forcePort, scheme, translateForwarded, app });
}

/** The same request with another host and without the headers that were believed. */
function withHost(request: Request, host: string | undefined, without: readonly string[]): Request {
  const headers = new Headers(request.headers);
  for (const name of without) headers.delete(name);
  if (host !== undefined) headers.set('host', host);
  return withHeaders(request, headers);
}
