/**
 * REQUEST: what came in, and what the publisher found out about it (INVENTORY 3.7).
 *
 * Over 400 lines: it is one object for pages and scripts, and the order in which it looks for a name is one rule.
 */
import type { Environ, Hold } from '../paste/index.ts';
import { Dict, type Tuple, tupleFrom } from '../pickle/index.ts';
import { Budget, htmlQuote, KeyError, repr, RuntimeError, ValueError } from '../restricted/index.ts';
import { type NameSource } from '../templates/index.ts';
import { parseCookies, unquote } from './cookies.ts';
import { ByteRange, type ByteSource } from './byte-source.ts';
import { BadRequest } from './errors.ts';
import { ReceivedFile } from './file-upload.ts';
import { taintedValue } from './tainting.ts';
import type { HTTPResponse } from './response.ts';

/** Everything of a request that the publisher needs; hosts and tests can make one without a server. */
export interface RequestSource {
  readonly method: string;
  readonly environ: Environ;
  /** A header by lower-case name. */
  header(name: string): string | null | undefined;
  /** All headers, names in lower case. */
  headers(): Iterable<readonly [string, string]>;
  /** See `GatewayRequest`. */
  hold?(what: readonly Hold[]): boolean;
}

const SAFE_PATH = /^[A-Za-z0-9_.\-~/+@]*$/;

/** Quotes a name as it stands in the URLs of a site: `+` and `@` begin names of namespaces and stay. */
export function quote(text: string): string {
  return SAFE_PATH.test(text) ? text : urlQuote(text).replaceAll('%2B', '+').replaceAll('%40', '@');
}

/** Quotes everything but letters, digits, `_.-~` and `/` (Python's `urllib.parse.quote`). */
export function urlQuote(text: string): string {
  return encodeURIComponent(text)
    .replaceAll('%2F', '/')
    .replaceAll(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

const INDEXED = /^(URL|URLPATH|BASE|BASEPATH)(\d+)$/;
/** Environ names that answer '' when the request lacks them, and that no form field can take. */
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

/** Names that the environment owns. */
export function isEnvironmentName(name: string): boolean {
  return CGI.has(name) || name.startsWith('HTTP_');
}

interface RequestOptions {
  readonly charset?: string;
  /** Addresses whose `X-Forwarded-For` tells the client. */
  readonly trustedProxies?: ReadonlySet<string>;
}

/** Objects that know their place in the site. */
interface Located {
  getPhysicalPath(): readonly string[];
}

export class HTTPRequest {
  readonly source: RequestSource;
  readonly response: HTTPResponse;
  readonly method: string;
  readonly charset: string;
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
  /** Quoted names at the front of every URL: where the site is mounted, or what virtual hosting shows. */
  script: string[];
  authenticatedUser: unknown = null;
  /** Positional arguments of what is published, where a protocol gives them. */
  args: readonly unknown[] = [];
  /** What came as the body; null for a request without one. */
  content: ByteSource | null = null;
  /** A body that is larger cannot be read as `BODY`. */
  bodyLimit = Infinity;
  retryCount = 0;
  /** Physical path of what is shown as the root; null: the root itself. */
  virtualRootPath: readonly string[] | null = null;
  /** How many of the steps lead to the user folder that knew the user. */
  authenticationDepth: number | undefined;
  readonly #trustedProxies: ReadonlySet<string> | undefined;
  /** As the server knows it; the publisher tells the log later whom it has found. */
  readonly #remoteUser: string | undefined;
  // Most requests need none of these.
  #other: Dict<string, unknown> | undefined;
  #form: Dict<string, unknown> | undefined;
  #lazy: Map<string, () => unknown> | undefined;
  #sent: Map<string, unknown> | undefined;
  #cookies: Dict<string, unknown> | undefined;
  #environ: Dict<string, unknown> | undefined;
  #postTraverse: Call[] | undefined;
  #budget: Budget | undefined;
  #body: Uint8Array | undefined;
  #bodyFile: ReceivedFile | undefined;

  /** What all scripts and templates of a request may spend together; no code of the site gets hold of it. */
  static budgetOf(request: HTTPRequest): Budget {
    return (request.#budget ??= new Budget());
  }

  constructor(source: RequestSource, response: HTTPResponse, options: RequestOptions = {}) {
    this.source = source;
    this.response = response;
    this.method = source.method;
    this.charset = options.charset ?? response.charset;
    this.#trustedProxies = options.trustedProxies;
    const { environ } = source;
    this.#remoteUser = environ.remoteUser;
    this.SERVER_URL = serverUrl(source);
    this.script = environ.scriptName === '' ? [] : environ.scriptName.split('/').filter(Boolean);
    this.URL = this.script.length === 0 ? this.SERVER_URL : `${this.SERVER_URL}/${this.script.join('/')}`;
  }

  /** Variables that code set, and what the publisher adds. Looked up first. */
  get other(): Dict<string, unknown> {
    return (this.#other ??= new Dict());
  }

  /** The whole body, in memory however long it is; not to be changed. Null for a request without one. */
  get body(): Uint8Array | null {
    const { content } = this;
    return content && (this.#body ??= content.view(0, content.length));
  }

  /** The body as a file, of which as much is in memory as is read; null for a request without one. */
  get bodyFile(): ReceivedFile | null {
    return this.content && (this.#bodyFile ??= new ReceivedFile(new ByteRange(this.content)));
  }

  get form(): Dict<string, unknown> {
    return (this.#form ??= new Dict());
  }

  set form(form: Dict<string, unknown>) {
    this.#form = form;
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
    if (this.#environ === undefined) {
      this.#environ = environOfSource(this.source);
      if (this.#remoteUser) this.#environ.set('REMOTE_USER', this.#remoteUser);
    }
    return this.#environ;
  }

  /** Header by any of its spellings: `Content-Type`, `CONTENT_TYPE`, `HTTP_CONTENT_TYPE`. */
  getHeader(name: string, fallback: unknown = null): unknown {
    const key = name
      .toLowerCase()
      .replaceAll('_', '-')
      .replace(/^http-/, '');
    if (key === 'authorization') return fallback;
    return this.source.header(key) ?? this.#environValue(name.toUpperCase().replaceAll('-', '_')) ?? fallback;
  }

  #environValue(key: string): unknown {
    if (this.#environ !== undefined) return this.#environ.get(key);
    return key === 'REMOTE_USER' ? this.#remoteUser || undefined : environValue(this.source, key);
  }

  /** A variable: what code set, URLs, environment, lazy values, form, cookies, in this order; undefined when nothing has it. */
  lookup(key: string): unknown {
    const own = this.#other?.get(key);
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
      case 'VirtualRootPhysicalPath':
        return this.virtualRootPath === null ? undefined : tupleFrom(this.virtualRootPath);
      case 'AUTHENTICATION_PATH':
        return this.authenticationDepth === undefined
          ? undefined
          : this.steps.slice(0, this.authenticationDepth).join('/');
      case 'method':
        return this.method;
      case 'BODY':
        return this.#bodyWithinLimit();
      case 'BODYFILE':
        return this.bodyFile ?? undefined;
      default:
    }
    const indexed = INDEXED.exec(key);
    if (indexed !== null) return this.#indexedUrl(indexed[1]!, Number(indexed[2]));
    if (isEnvironmentName(key)) return HIDDEN.has(key) ? '' : (this.#environValue(key) ?? '');
    const lazy = this.#lazy?.get(key);
    if (lazy !== undefined) {
      const value = lazy();
      this.#lazy!.delete(key);
      this.other.set(key, value);
      return value;
    }
    return this.#form?.get(key) ?? (this.source.header('cookie') ? this.cookies.get(key) : undefined);
  }

  #bodyWithinLimit(): Uint8Array | undefined {
    if (this.content !== null && this.content.length > this.bodyLimit)
      throw new BadRequest('data exceeds memory limit');
    return this.body ?? undefined;
  }

  #indexedUrl(kind: string, n: number): string | undefined {
    let names: string[];
    if (kind.startsWith('URL')) {
      const path = [...this.script, ...this.quotedSteps];
      if (n > path.length) return undefined;
      names = path.slice(0, path.length - n);
    } else if (n === 0) {
      // BASE0 is above the application's root, BASE1 the root, BASE2 a step below it.
      names = this.script.slice(0, -1);
    } else {
      if (n - 1 > this.quotedSteps.length) return undefined;
      names = [...this.script, ...this.quotedSteps.slice(0, n - 1)];
    }
    return [kind.endsWith('PATH') ? '' : this.SERVER_URL, ...names].join('/');
  }

  get(key: string, fallback: unknown = null): unknown {
    return this.lookup(key) ?? fallback;
  }

  /** The same names with markup marked in what the client sent, for templates that do not quote (INVENTORY P-106). */
  taintWrapper(): NameSource {
    return {
      lookup: (key) => {
        const value = this.lookup(key);
        if (value === undefined) return value;
        const sent =
          value === this.form.get(key)
            ? this.#sent?.get(key) === value
            : typeof value === 'string' && !this.other.has(key) && value === this.cookies.get(key);
        return sent ? taintedValue(value) : value;
      },
    };
  }

  /** Remembers what the client sent: what code puts into the form later is its own. */
  inputsDone(): void {
    if (this.#form === undefined) return;
    this.#sent = new Map(this.#form);
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
    // These decide where the publisher goes on.
    if (key === 'TraversalRequestNameStack' && Array.isArray(value)) this.path = value as string[];
    else if (key === 'PARENTS' && Array.isArray(value)) this.parents = value as object[];
    else if (key === 'URL') this.URL = String(value);
    else if (key === 'ACTUAL_URL') this.ACTUAL_URL = String(value);
    else this.other.set(key, value);
  }

  set_lazy(key: string, make: () => unknown): void {
    (this.#lazy ??= new Map()).set(key, make);
  }

  /** All names that have a value, sorted. */
  keys(): string[] {
    const keys = new Set<string>([...(this.other.keys() as Iterable<string>), ...(this.#lazy?.keys() ?? [])]);
    for (const key of this.environ.keys()) if (isEnvironmentName(key) && !HIDDEN.has(key)) keys.add(key);
    for (const kind of ['URL', 'BASE'])
      for (let n = 1; this.lookup(`${kind}${n}`) !== undefined; n++) keys.add(`${kind}${n}`);
    for (const key of this.form.keys()) keys.add(key);
    for (const key of this.cookies.keys()) keys.add(key);
    for (const key of OWN_NAMES) if (this.lookup(key) !== undefined) keys.add(key);
    return [...keys].sort();
  }

  items(): Tuple<unknown>[] {
    return this.keys().map((key) => tupleFrom<unknown>([key, this.get(key)]));
  }

  values(): unknown[] {
    return this.keys().map((key) => this.get(key));
  }

  /** Address of the client, as a trusted proxy tells it. */
  getClientAddr(): string {
    const { remoteAddr } = this.source.environ;
    const proxies = this.#trustedProxies;
    if (proxies === undefined || !proxies.has(remoteAddr)) return remoteAddr;
    const forwarded = this.source.header('x-forwarded-for');
    if (forwarded === undefined || forwarded === null) return remoteAddr;
    const entries = forwarded.split(',').map((entry) => entry.trim());
    return entries.findLast((entry) => !proxies.has(entry)) ?? remoteAddr;
  }

  /** Sets parts of the URLs that are made; what is null or undefined stays. Returns the start of all URLs. */
  setServerURL(protocol?: string | null, hostname?: string | null, port?: string | number | null): string {
    if (protocol == null && hostname == null && port == null) return this.SERVER_URL;
    const [, oldProtocol, oldHost, oldPort] = /^(\w+):\/\/(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(
      this.SERVER_URL,
    )!;
    const scheme = protocol ?? oldProtocol!;
    const number = port === undefined || port === null ? (oldPort ?? '') : String(port);
    const standard = number === '' || number === (scheme === 'https' ? '443' : '80');
    this.SERVER_URL = `${scheme}://${hostname ?? oldHost!}${standard ? '' : `:${number}`}`;
    this.#resetUrls();
    return this.SERVER_URL;
  }

  /** Treats what is being traversed as the site's root, shown under `path`. */
  setVirtualRoot(path: string | readonly string[], hard?: unknown): void {
    const names = typeof path === 'string' ? path.split('/') : path;
    this.script = names.filter((name) => name !== '').map(quote);
    this.quotedSteps = [];
    if (hard) this.parents.splice(0, this.parents.length - 1);
    this.virtualRootPath = [...(this.parents.at(-1) as Located).getPhysicalPath()];
    this.#resetUrls();
  }

  getVirtualRoot(): string {
    return ['', ...this.script].join('/');
  }

  #resetUrls(): void {
    this.URL = [this.SERVER_URL, ...this.script, ...this.quotedSteps].join('/');
  }

  /** The path without that of the virtual root. */
  physicalPathToVirtualPath(path: string | readonly string[]): string[] {
    const names = typeof path === 'string' ? path.split('/') : path;
    const virtual: string[] = [];
    for (let at = this.#depthOfVirtualRoot(names); at < names.length; at++) virtual.push(names[at]!);
    return virtual;
  }

  /** How many names a path begins with that are those of the virtual root. */
  #depthOfVirtualRoot(names: readonly string[]): number {
    const root = this.virtualRootPath ?? ROOT;
    let common = 0;
    while (common < root.length && names[common] === root[common]) common++;
    return common;
  }

  /** URL of a physical path, as the client sees the site; `relative` leaves out the server. */
  physicalPathToURL(path: string | readonly string[], relative: unknown = false): string {
    const names = typeof path === 'string' ? path.split('/') : path;
    let url = relative ? '' : this.SERVER_URL;
    for (const name of this.script) url += `/${name}`;
    for (let at = this.#depthOfVirtualRoot(names); at < names.length; at++) url += `/${quote(names[at]!)}`;
    return url;
  }

  /** The names of the physical path of a URL. Throws a ValueError for a URL of another site. */
  physicalPathFromURL(url: string): string[] {
    let names = url.split('/').filter(Boolean);
    if (url.includes('://')) names = names.slice(2);
    if (this.script.some((name, index) => names[index] !== name))
      throw new ValueError('Url does not match virtual hosting context');
    return [...(this.virtualRootPath ?? ROOT), ...names.slice(this.script.length).map(unquote)];
  }

  /** The first name that was traversed counts as part of where the site is mounted. */
  shiftNameToApplication(): void {
    if (this.quotedSteps.length !== 1)
      throw new ValueError('Can only shift leading traversal names to application names');
    this.script.push(this.quotedSteps.pop()!);
    this.#resetUrls();
  }

  getURL(): string {
    return this.URL;
  }

  /** Has a function called when traversal and authentication are done; its value, unless null, is published instead. */
  post_traverse(call: (...args: unknown[]) => unknown, args: readonly unknown[] = []): void {
    if (this.#postTraverse === undefined)
      throw new RuntimeError('post_traverse() may only be called during publishing traversal.');
    if (this.#postTraverse === NO_CALLS) this.#postTraverse = [];
    this.#postTraverse.push([call, args]);
  }

  beginTraversal(): void {
    this.#postTraverse = NO_CALLS;
  }

  /** Calls what was registered by `post_traverse`; undefined when nothing takes the place of what was found. */
  endTraversal(): unknown {
    const calls = this.#postTraverse ?? NO_CALLS;
    this.#postTraverse = undefined;
    if (calls.length === 0) return undefined;
    for (const [call, args] of calls) {
      const result = call(...args);
      if (result !== null && result !== undefined) return result;
    }
    return undefined;
  }

  /** Page with everything that the request holds; passwords are left out. */
  __str__(): string {
    const row = (name: string, value: string) =>
      `<tr valign="top" align="left"><th>${htmlQuote(name)}</th><td>${htmlQuote(value)}</td></tr>`;
    return this.#sections()
      .map(([title, entries]) => {
        const rows = entries.map(([name, value]) => row(name, value)).join('');
        return `<h3>${title}</h3><table>${rows}</table>`;
      })
      .join('');
  }

  /** The same as plain text. */
  text(): string {
    return this.#sections()
      .map(([title, entries]) => {
        const rows = entries.map(([name, value]) => `${name.padEnd(20)} ${value}\n`).join('');
        return `${title.toUpperCase()}\n\n${rows}`;
      })
      .join('\n');
  }

  #sections(): [string, [string, string][]][] {
    const shown = (entries: Iterable<[string, unknown]>): [string, string][] =>
      [...entries].map(([name, value]) => [
        name,
        name.toLowerCase().includes('passw') ? "'<password obscured>'" : repr(value),
      ]);
    const urls: [string, string][] = [];
    for (const kind of ['URL', 'BASE']) {
      for (let n = 0; n < 10; n++) {
        const url = this.lookup(`${kind}${n}`);
        if (url !== undefined) urls.push([`${kind}${n}`, url as string]);
      }
    }
    const environ = [...this.environ].filter(([name]) => !HIDDEN.has(name));
    return [
      ['form', shown(this.form)],
      ['cookies', shown(this.cookies)],
      ['lazy items', [...(this.#lazy?.keys() ?? [])].map((name) => [name, '<not yet computed>'])],
      ['other', [...shown(this.other), ...urls]],
      ['environ', shown(environ)],
    ];
  }
}

type Call = [(...args: unknown[]) => unknown, readonly unknown[]];
const NO_CALLS: Call[] = [];
const ROOT: readonly string[] = [''];
const OWN_NAMES = [
  'AUTHENTICATION_PATH',
  'URL',
  'ACTUAL_URL',
  'SERVER_URL',
  'PARENTS',
  'RESPONSE',
  'PUBLISHED',
  'AUTHENTICATED_USER',
  'TraversalRequestNameStack',
  'VirtualRootPhysicalPath',
  'method',
];

function serverUrl(source: RequestSource): string {
  const { environ } = source;
  const host = source.header('host');
  // As the client named it: a port that it tells stays, a default one too.
  if (host) return `${environ.scheme}://${host.trim().replace(/:$/, '')}`;
  const standard = environ.serverPort === (environ.scheme === 'https' ? '443' : '80');
  return `${environ.scheme}://${environ.serverName}${standard ? '' : `:${environ.serverPort}`}`;
}

/** The path that a request names, decoded. */
export function decodePath({ pathInfo }: Environ): string {
  if (!pathInfo.includes('%')) return pathInfo;
  try {
    return decodeURIComponent(pathInfo);
  } catch {
    return unquote(pathInfo);
  }
}

/** Variables that are no headers, in CGI's names. */
const VARIABLES: Readonly<Record<string, (source: RequestSource) => string>> = {
  REQUEST_METHOD: ({ method }) => method,
  SCRIPT_NAME: ({ environ }) => environ.scriptName,
  PATH_INFO: ({ environ }) => decodePath(environ),
  QUERY_STRING: ({ environ }) => environ.queryString,
  SERVER_NAME: ({ environ }) => environ.serverName,
  SERVER_PORT: ({ environ }) => String(environ.serverPort),
  SERVER_PROTOCOL: ({ environ }) => environ.serverProtocol,
  REMOTE_ADDR: ({ environ }) => environ.remoteAddr,
  GATEWAY_INTERFACE: () => 'TypeScript CGI',
};

/** One variable of the environment, without making all of them. */
function environValue(source: RequestSource, key: string): string | undefined {
  if (Object.hasOwn(VARIABLES, key)) return VARIABLES[key]!(source);
  const header =
    key === 'CONTENT_TYPE' || key === 'CONTENT_LENGTH' ? key : key.startsWith('HTTP_') ? key.slice(5) : '';
  return header === '' ? undefined : (source.header(header.toLowerCase().replaceAll('_', '-')) ?? undefined);
}

function environOfSource(source: RequestSource): Dict<string, unknown> {
  const dict = new Dict<string, unknown>();
  for (const [name, value] of source.headers()) {
    const key = name.toUpperCase().replaceAll('-', '_');
    dict.set(key === 'CONTENT_TYPE' || key === 'CONTENT_LENGTH' ? key : `HTTP_${key}`, value);
  }
  for (const [name, of] of Object.entries(VARIABLES)) dict.set(name, of(source));
  return dict;
}
