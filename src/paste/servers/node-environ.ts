import type { IncomingMessage } from 'node:http';
import type { Environ } from '../gateway/environ.ts';
import type { ForwardedFacts } from './proxy-headers.ts';
import type { ServerSettings } from './settings.ts';

/** The facts of a request that came over a socket, each worked out when it is asked for. */
export class NodeEnviron implements Environ {
  readonly #incoming: IncomingMessage;
  readonly #settings: ServerSettings;
  readonly #facts: ForwardedFacts | undefined;
  readonly scriptName: string;
  readonly pathInfo: string;
  readonly queryString: string;
  readonly rawTarget: string;
  readonly scheme: string;
  remoteUser = '';
  #extra: Map<string, unknown> | undefined;

  constructor(incoming: IncomingMessage, settings: ServerSettings, facts: ForwardedFacts | undefined) {
    this.#incoming = incoming;
    this.#settings = settings;
    this.#facts = facts;
    const target = incoming.url ?? '/';
    this.rawTarget = target;
    const path = target.charCodeAt(0) === 0x2f ? target : originForm(target);
    const query = path.indexOf('?');
    let pathInfo = query < 0 ? path : path.slice(0, query);
    this.queryString = query < 0 ? '' : path.slice(query + 1);
    // A fragment has no place in a request target.
    const hash = this.queryString.indexOf('#');
    if (hash >= 0) this.queryString = this.queryString.slice(0, hash);
    // Two slashes in front would make the path look like another host in the URLs that are built from it.
    if (pathInfo.startsWith('//')) pathInfo = pathInfo.replace(/^\/+/, '/');
    const prefix = settings.url_prefix;
    if (prefix !== '' && (pathInfo === prefix || pathInfo.startsWith(`${prefix}/`)))
      pathInfo = pathInfo.slice(prefix.length) || '/';
    this.scriptName = prefix;
    this.pathInfo = pathInfo;
    this.scheme = facts?.scheme ?? settings.url_scheme;
  }

  get serverName(): string {
    return this.#facts?.serverName ?? this.#hostPart()[0] ?? this.#settings.server_name;
  }

  get serverPort(): string {
    const local = this.#incoming.socket.localPort;
    return this.#facts?.serverPort ?? (local === undefined ? '' : String(local));
  }

  #hostPart(): [string | undefined] {
    const { host } = this.#incoming.headers;
    return [host === undefined || host === '' ? undefined : host.replace(/:\d+$/, '')];
  }

  get remoteAddr(): string {
    return (
      this.#facts?.remoteAddr ?? this.#incoming.socket.remoteAddress?.replace(/^::ffff:/, '') ?? 'localhost'
    );
  }

  get remotePort(): string {
    return this.#facts?.remotePort ?? String(this.#incoming.socket.remotePort ?? '');
  }

  get serverProtocol(): string {
    return `HTTP/${this.#incoming.httpVersion}`;
  }

  get extra(): Map<string, unknown> {
    return (this.#extra ??= new Map());
  }
}

/** The path of an absolute request target; `*` and other forms are taken as a path. */
function originForm(target: string): string {
  const match = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*([^#]*)/i.exec(target);
  const path = match === null ? `/${target}` : match[1]!;
  return path.startsWith('/') ? path : `/${path}`;
}
