import { environOf, withEnviron } from '../gateway/environ.ts';
import type { Application } from '../gateway/types.ts';
import { quoted } from '../loader/config-parser.ts';
import { LoadError } from '../loader/errors.ts';
import type { CompositeFactory } from '../loader/factories.ts';

/** An application and where it is: under a path, and if `domain` is not null only for this `host` or `host:port`. */
export interface Mapping {
  readonly domain: string | null;
  /** Without a slash at its end; empty for all paths. */
  readonly path: string;
  readonly app: Application;
}

/** An application that hands a request to the application with the longest matching path. */
export interface UrlMap extends Application {
  /** In the order of matching. */
  readonly applications: readonly Mapping[];
  readonly notFoundApp: Application | null;
}

/** `egg:Paste#urlmap`: options are paths (`/blog`, `domain example.org port 80 /x`), values name applications. */
export const makeUrlMap: CompositeFactory = async (loader, globalConf, localConf) => {
  const notFound = localConf['not_found_app'] ?? globalConf['not_found_app'];
  const notFoundApp = notFound ? await loader.getApp(notFound, globalConf) : null;
  const mappings: Mapping[] = [];
  for (const [expression, name] of Object.entries(localConf)) {
    if (expression === 'not_found_app') continue;
    const words = parsePathExpression(expression);
    const app = await loader.getApp(name, globalConf);
    mappings.push({ ...placeOf(words, expression), app });
  }
  return createUrlMap(mappings, notFoundApp);
};

/** Of two applications for the same place the later one counts. */
export function createUrlMap(mappings: readonly Mapping[], notFoundApp: Application | null = null): UrlMap {
  const places = new Map(mappings.map((mapping) => [`${mapping.domain ?? ''} ${mapping.path}`, mapping]));
  const applications = [...places.values()].sort(compareMappings);
  const routes = applications.map(({ domain, path, app }) => ({
    domain: domain?.toLowerCase() ?? null,
    path: Buffer.from(path),
    app,
  }));
  const someDomain = routes.some((route) => route.domain !== null);

  const handle = (request: Request): Response | Promise<Response> => {
    const environ = environOf(request);
    const pathInfo = environ.pathInfo.includes('//')
      ? environ.pathInfo.replace(/\/{2,}/g, '/')
      : environ.pathInfo;
    const hosts = someDomain ? hostsOf(request, environ.scheme, environ.serverName) : undefined;
    for (const { domain, path, app } of routes) {
      if (domain !== null && !hosts!.includes(domain)) continue;
      const end = matchPrefix(pathInfo, path);
      if (end < 0) continue;
      return app(
        withEnviron(request, {
          scriptName: environ.scriptName + pathInfo.slice(0, end),
          pathInfo: pathInfo.slice(end).replace(/^%2f/i, '/'),
        }),
      );
    }
    return notFoundApp ? notFoundApp(request) : notFoundResponse();
  };
  return Object.assign(handle, { applications, notFoundApp });
}

/** Domains in order, paths without one last; within a domain longer paths first. */
function compareMappings(a: Mapping, b: Mapping): number {
  if (a.domain !== b.domain) {
    if (a.domain === null) return 1;
    if (b.domain === null) return -1;
    return a.domain < b.domain ? -1 : 1;
  }
  return b.path.length - a.path.length || (a.path < b.path ? -1 : 1);
}

/** `host` and `host:port`, as the client wrote it. */
function hostsOf(request: Request, scheme: string, serverName: string): readonly [string, string] {
  const header = (request.headers.get('host') ?? serverName).toLowerCase();
  const match = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/.exec(header);
  const host = match?.[1] ?? header;
  return [host, `${host}:${match?.[2] ?? (scheme === 'https' ? '443' : '80')}`];
}

const SLASH = 0x2f;

/**
 * Where a prefix of whole segments ends in a percent-encoded path; -1 if it is none. The path is compared as it decodes: WSGI's
 * applications see decoded paths.
 */
function matchPrefix(path: string, prefix: Uint8Array): number {
  let at = 0;
  for (const byte of prefix) {
    const [found, next] = byteAt(path, at);
    if (found !== byte) return -1;
    at = next;
  }
  return at === path.length || byteAt(path, at)[0] === SLASH ? at : -1;
}

function byteAt(path: string, at: number): [byte: number, next: number] {
  if (at >= path.length) return [-1, at];
  const code = path.charCodeAt(at);
  if (code !== 0x25) return [code, at + 1];
  const hex = path.slice(at + 1, at + 3);
  return /^[0-9a-fA-F]{2}$/.test(hex) ? [Number.parseInt(hex, 16), at + 3] : [code, at + 1];
}

interface PathWords {
  readonly domain: string | undefined;
  readonly port: string | undefined;
  readonly path: string | undefined;
}

const invalid = (expression: string, problem: string) =>
  new LoadError('option-invalid', problem, { option: expression });

/** Parses `domain example.org port 20 /x`. Throws `LoadError` with the option. */
function parsePathExpression(expression: string): PathWords {
  const words = expression.split(/\s+/).filter((word) => word !== '');
  const found: { domain?: string; port?: string; path?: string } = {};
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === 'domain' || word === 'port') {
      const value = words.shift();
      if (value === undefined) {
        const wanted = word === 'port' ? 'port number' : 'domain name';
        throw invalid(expression, `'${word}' must be followed by a ${wanted}`);
      }
      if (found[word] !== undefined) throw invalid(expression, `'${word}' given twice`);
      found[word] = value;
    } else {
      if (found.path !== undefined) {
        throw invalid(
          expression,
          `more than one path given (have ${quoted(found.path)}, got ${quoted(word)})`,
        );
      }
      found.path = word;
    }
  }
  const { domain, port, path } = found;
  if (port !== undefined && domain === undefined) {
    throw invalid(expression, 'If you give a port, you must also give a domain');
  }
  return { domain, port, path };
}

function placeOf(
  { domain, port, path }: PathWords,
  expression: string,
): { domain: string | null; path: string } {
  if (domain !== undefined) {
    return { domain: port === undefined ? domain : `${domain}:${port}`, path: normalPath(`/${path ?? ''}`) };
  }
  const url = /^https?:\/\/([^/]*)(.*)$/.exec(path ?? '');
  if (url) return { domain: url[1]!, path: normalPath(url[2]!) };
  if (path !== undefined && !path.startsWith('/')) {
    throw invalid(
      expression,
      `URL fragments must start with / (a domain is written "domain example.org /x"; you gave ${quoted(path)})`,
    );
  }
  return { domain: null, path: normalPath(path ?? '') };
}

const normalPath = (path: string) => path.replace(/\/{2,}/g, '/').replace(/\/+$/, '');

function notFoundResponse(): Response {
  return new Response(
    '<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head>' +
      '<body><h1>404 Not Found</h1><p>The resource could not be found.</p></body></html>\n',
    { status: 404, statusText: 'Not Found', headers: { 'Content-Type': 'text/html; charset=utf-8' } },
  );
}
