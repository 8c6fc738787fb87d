/** REQUEST: what came in, and what the publisher found out about it (INVENTORY 3.7). */
import type { Environ } from '../paste/index.ts';
import { Dict } from '../pickle/index.ts';
import { KeyError } from '../restricted/index.ts';
import { parseCookies } from './cookies.ts';
import type { HTTPResponse } from './response.ts';

/** Everything of a request that the publisher needs; hosts and tests can make one without a server. */
export interface RequestSource {
  readonly method: string;
  readonly environ: Environ;
  /** A header by lower-case name. */
  header(name: string): string | null | undefined;
  /** All headers, names in lower case. */
  headers(): Iterable<readonly [string, string]>;
}

/** RFC 3986 path quoting as Python's `urllib.parse.quote` does it. */
export function quote(text: string): string {
  if (/^[A-Za-z0-9_.\-~/]*$/.test(text)) return text;
  return encodeURIComponent(text)
    .replaceAll('%2F', '/')
    .replaceAll(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

const INDEXED = /^(URL|URLPATH|BASE|BASEPATH)(\d+)$/;
/** Environ names that answer '' when the request lacks them. */
const CGI = new Set([
  'SERVER_SOFTWARE',
  'SERVER_NAME',
  'GATEWAY_INTERFACE',
  'SERVER_PROTOCOL',
  'SERVER_PORT',
  'REQUEST_METHOD',
  'PATH_INFO',
  'PATH_TRANSLATED',
  'SCRIPT_NAME',
  'QUERY_STRING',
  'REMOTE_HOST',
  'REMOTE_ADDR',
  'AUTH_TYPE',
  'REMOTE_USER',
  'REMOTE_IDENT',
  'CONTENT_TYPE',
  'CONTENT_LENGTH',
  'SERVER_URL',
]);
const HIDDEN = new Set(['HTTP_AUTHORIZATION', 'HTTP_CGI_AUTHORIZATION']);

export class HTTPRequest {
  readonly source: RequestSource;
  readonly response: HTTPResponse;
  readonly method: string;
  /** Variables that code set, and what the publisher adds. Looked up first. */
  readonly other = new Dict<string, unknown>();
  form = new Dict<string, unknown>();
  /** Names that were traversed, and the same quoted as they stand in the URL. */
  steps: string[] = [];
  quotedSteps: string[] = [];
  /** Names not yet traversed, the next one last. */
  path: string[] = [];
  parents: object[] = [];
  published: unknown = null;
  URL: string;
  ACTUAL_URL = '';
  SERVER_URL: string;
  /** Names at the front of every URL: where the site is mounted. */
  script: string[];
  authenticatedUser: unknown = null;
  /** Bytes of the request body, once read. */
  body: Uint8Array | null = null;
  retryCount = 0;
  readonly #lazy = new Map<string, () => unknown>();
  #cookies: Dict<string, unknown> | undefined;
  #environ: Dict<string, unknown> | undefined;
  virtualRoot: string[] = [];

  constructor(source: RequestSource, response: HTTPResponse) {
    this.source = source;
    this.response = response;
    this.method = source.method;
    const { environ } = source;
    this.SERVER_URL = serverUrl(source);
    this.script = environ.scriptName.split('/').filter(Boolean);
    this.URL =
      this.script.length === 0 ? this.SERVER_URL : `${this.SERVER_URL}/${this.script.map(quote).join('/')}`;
  }

  get cookies(): Dict<string, unknown> {
    if (this.#cookies === undefined) {
      this.#cookies = new Dict();
      const header = this.source.header('cookie');
      if (header) for (const [name, value] of parseCookies(header)) this.#cookies.set(name, value);
    }
    return this.#cookies;
  }

  /** The request in CGI's names. */
  get environ(): Dict<string, unknown> {
    if (this.#environ === undefined) this.#environ = environOfSource(this.source);
    return this.#environ;
  }

  /** Header by any of its spellings: `Content-Type`, `CONTENT_TYPE`, `HTTP_CONTENT_TYPE`. */
  getHeader(name: string, fallback: unknown = null): unknown {
    const key = name
      .toLowerCase()
      .replaceAll('_', '-')
      .replace(/^http-/, '');
    return this.source.header(key) ?? fallback;
  }

  /** A variable: what code set, URLs, environment, lazy values, form, cookies, in this order; undefined when nothing has it. */
  lookup(key: string): unknown {
    const own = this.other.get(key);
    if (own !== undefined) return own;
    switch (key) {
      case 'REQUEST':
        return this;
      case 'RESPONSE':
        return this.response;
      case 'URL':
        return this.URL;
      case 'ACTUAL_URL':
        return this.ACTUAL_URL;
      case 'SERVER_URL':
        return this.SERVER_URL;
      case 'PARENTS':
        return this.parents;
      case 'PUBLISHED':
        return this.published ?? undefined;
      case 'AUTHENTICATED_USER':
        return this.authenticatedUser ?? undefined;
      case 'TraversalRequestNameStack':
        return this.path;
      case 'method':
        return this.method;
      case 'BODY':
        return this.body ?? undefined;
      default:
    }
    const indexed = INDEXED.exec(key);
    if (indexed !== null) return this.#indexedUrl(indexed[1]!, Number(indexed[2]));
    if (CGI.has(key) || key.startsWith('HTTP_'))
      return HIDDEN.has(key) ? undefined : (this.environ.get(key) ?? '');
    const lazy = this.#lazy.get(key);
    if (lazy !== undefined) {
      const value = lazy();
      this.#lazy.delete(key);
      this.other.set(key, value);
      return value;
    }
    return this.form.get(key) ?? (this.source.header('cookie') ? this.cookies.get(key) : undefined);
  }

  #indexedUrl(kind: string, n: number): string | undefined {
    const path = [...this.script.map(quote), ...this.quotedSteps];
    let count: number;
    if (kind.startsWith('URL')) count = path.length - n;
    else {
      // BASE0 is the server, BASE1 the application's root, BASE2 a step below it.
      count = n === 0 ? 0 : this.script.length + n - 1;
    }
    if (count < 0 || count > path.length || (kind.startsWith('URL') && count < this.script.length))
      return undefined;
    const text = path
      .slice(0, count)
      .map((name) => `/${name}`)
      .join('');
    return kind.endsWith('PATH') ? text : this.SERVER_URL + text;
  }

  get(key: string, fallback: unknown = null): unknown {
    return this.lookup(key) ?? fallback;
  }

  __getitem__(key: string): unknown {
    const value = this.lookup(key);
    if (value === undefined) throw new KeyError(key);
    return value;
  }

  __contains__(key: string): boolean {
    return this.lookup(key) !== undefined;
  }

  has_key(key: string): boolean {
    return this.lookup(key) !== undefined;
  }

  set(key: string, value: unknown): void {
    this.other.set(key, value);
  }

  set_lazy(key: string, make: () => unknown): void {
    this.#lazy.set(key, make);
  }

  keys(): string[] {
    const keys = new Set<string>([...(this.other.keys() as Iterable<string>), ...this.#lazy.keys()]);
    for (const key of this.environ.keys()) if (!HIDDEN.has(key)) keys.add(key);
    for (const key of this.form.keys()) keys.add(key);
    for (const key of this.cookies.keys()) keys.add(key);
    for (const key of ['URL', 'SERVER_URL', 'PARENTS', 'RESPONSE', 'PUBLISHED', 'AUTHENTICATED_USER']) {
      if (this.lookup(key) !== undefined) keys.add(key);
    }
    return [...keys];
  }

  items(): [string, unknown][] {
    return this.keys().map((key) => [key, this.get(key)]);
  }

  values(): unknown[] {
    return this.keys().map((key) => this.get(key));
  }

  getClientAddr(): string {
    return this.source.environ.remoteAddr;
  }

  setServerURL(protocol?: string | null, hostname?: string | null, port?: string | number | null): string {
    const url = new URL(this.SERVER_URL);
    const scheme = protocol ?? url.protocol.slice(0, -1);
    let host = hostname ?? url.hostname;
    const number = port === undefined || port === null ? url.port : String(port);
    if (number !== '' && number !== (scheme === 'https' ? '443' : '80')) host += `:${number}`;
    this.SERVER_URL = `${scheme}://${host}`;
    this.#resetUrls();
    return this.SERVER_URL;
  }

  /** Treats what was traversed so far as the site's root, shown under `path`. */
  setVirtualRoot(path: string | readonly string[], hard?: unknown): void {
    const names = typeof path === 'string' ? path.split('/').filter(Boolean) : [...path];
    if (hard) this.script = names;
    else this.script = [...this.script, ...names];
    this.virtualRoot = [...this.steps];
    this.steps = [];
    this.quotedSteps = [];
    this.#resetUrls();
  }

  #resetUrls(): void {
    this.URL = [this.SERVER_URL, ...this.script.map(quote), ...this.quotedSteps].join('/');
  }

  /** URL of a physical path, as the client sees the site. */
  physicalPathToURL(path: readonly string[], relative = false): string {
    const names = path.slice(1);
    const visible = this.virtualRoot.every((name, index) => names[index] === name)
      ? names.slice(this.virtualRoot.length)
      : names;
    const text = [...this.script, ...visible].map((name) => `/${quote(name)}`).join('');
    return relative ? text : this.SERVER_URL + text;
  }
}

function serverUrl({ environ, header }: RequestSource): string {
  const host = header('host');
  if (host) return `${environ.scheme}://${withoutDefaultPort(host, environ.scheme)}`;
  const standard = environ.serverPort === (environ.scheme === 'https' ? '443' : '80');
  return `${environ.scheme}://${environ.serverName}${standard ? '' : `:${environ.serverPort}`}`;
}

function withoutDefaultPort(host: string, scheme: string): string {
  const port = scheme === 'https' ? ':443' : ':80';
  return host.endsWith(port) ? host.slice(0, -port.length) : host;
}

function environOfSource(source: RequestSource): Dict<string, unknown> {
  const { environ } = source;
  const dict = new Dict<string, unknown>();
  for (const [name, value] of source.headers()) {
    const key = name.toUpperCase().replaceAll('-', '_');
    dict.set(key === 'CONTENT_TYPE' || key === 'CONTENT_LENGTH' ? key : `HTTP_${key}`, value);
  }
  dict.set('REQUEST_METHOD', source.method);
  dict.set('SCRIPT_NAME', environ.scriptName);
  dict.set('PATH_INFO', environ.pathInfo);
  dict.set('QUERY_STRING', environ.queryString);
  dict.set('SERVER_NAME', environ.serverName);
  dict.set('SERVER_PORT', String(environ.serverPort));
  dict.set('SERVER_PROTOCOL', environ.serverProtocol);
  dict.set('REMOTE_ADDR', environ.remoteAddr);
  dict.set('GATEWAY_INTERFACE', 'TypeScript CGI');
  if (environ.remoteUser) dict.set('REMOTE_USER', environ.remoteUser);
  return dict;
}
