/** Settings of the default server, waitress's (INVENTORY 1.6): one table, from which values, errors and help come. */
import { SettingError } from './errors.ts';

interface Setting<T> {
  readonly parse: (text: string) => T;
  readonly default: T;
  readonly about: string;
  /** Why the setting changes nothing here. */
  readonly noEffect?: string;
}

const integer = (text: string): number => {
  if (!/^\s*[-+]?\d+\s*$/.test(text))
    throw new RangeError(`invalid literal for int() with base 10: '${text}'`);
  return Number(text);
};
const TRUE = new Set(['t', 'true', 'y', 'yes', 'on', '1']);
const FALSE = new Set(['f', 'false', 'n', 'no', 'off', '0', '']);
const boolean = (text: string): boolean => {
  const word = text.trim().toLowerCase();
  if (!TRUE.has(word) && !FALSE.has(word)) throw new RangeError(`'${text}' is neither true nor false`);
  return TRUE.has(word);
};
const string = (text: string): string => text;
const truthy = (text: string): string | undefined => (text === '' ? undefined : text);
const list = (text: string): string[] => text.split(/\s+/).filter(Boolean);
const octal = (text: string): number => {
  if (!/^\s*[0-7]+\s*$/.test(text)) throw new RangeError(`'${text}' is no octal number`);
  return Number.parseInt(text, 8);
};
const slashed = (text: string): string => (text.trim() === '' ? '' : `/${text.replaceAll(/^\/+|\/+$/g, '')}`);
const setting = <T>(
  parse: (text: string) => T,
  fallback: NoInfer<T>,
  about: string,
  noEffect?: string,
): Setting<T> => ({
  parse,
  default: fallback,
  about,
  ...(noEffect === undefined ? {} : { noEffect }),
});
const byNode = 'Node sizes its buffers itself';

export const SETTINGS = {
  host: setting(string, '0.0.0.0', 'address to listen on'),
  port: setting(integer, 8080, 'TCP port to listen on'),
  listen: setting<string[] | undefined>(
    list,
    undefined,
    'HOST:PORT pairs to listen on, instead of host and port',
  ),
  ipv4: setting(boolean, true, 'listen on IPv4 addresses of names and of *'),
  ipv6: setting(boolean, true, 'listen on IPv6 addresses of names and of *'),
  unix_socket: setting<string | undefined>(truthy, undefined, 'path of a Unix socket to listen on instead'),
  unix_socket_perms: setting(octal, 0o600, 'mode of the Unix socket, octal'),
  threads: setting(
    integer,
    4,
    'threads that run the application; where it is not given, one for each core, at most this many',
  ),
  trusted_proxy: setting<string | undefined>(
    truthy,
    undefined,
    'addresses and networks of the proxies whose forwarded headers are believed, or *',
  ),
  trusted_proxy_count: setting<number | undefined>(
    integer,
    undefined,
    'how many proxies stand in a row (1 where trusted_proxy is set)',
  ),
  trusted_proxy_headers: setting(
    (text: string) => new Set(list(text.toLowerCase())),
    new Set<string>(),
    'the forwarded headers that are believed',
  ),
  log_untrusted_proxy_headers: setting(boolean, false, 'log forwarded headers that are not believed'),
  clear_untrusted_proxy_headers: setting(boolean, true, 'take such headers out of the request'),
  url_scheme: setting(string, 'http', 'scheme of the URLs that the site makes'),
  url_prefix: setting(slashed, '', 'path under which the site is mounted'),
  ident: setting<string | undefined>(truthy, 'waitress', 'name in the Server header; empty for none'),
  server_name: setting(string, 'waitress.invalid', 'host name for requests without a Host header'),
  backlog: setting(integer, 1024, 'connections that may wait to be accepted'),
  recv_bytes: setting(integer, 8192, 'bytes read at a time', byNode),
  send_bytes: setting(integer, 1, 'bytes gathered before they are sent', byNode),
  outbuf_overflow: setting(
    integer,
    1_048_576,
    'bytes not yet sent at which a streaming answer waits for its client (there are no temporary files)',
  ),
  outbuf_high_watermark: setting(integer, 16_777_216, 'the same; the smaller of both counts'),
  inbuf_overflow: setting(
    integer,
    524_288,
    'bytes of a request body kept in memory; a longer one waits in a temporary file',
  ),
  connection_limit: setting(integer, 100, 'connections served at a time; further ones wait'),
  cleanup_interval: setting(integer, 30, 'seconds between looks for idle connections'),
  channel_timeout: setting(integer, 120, 'seconds after which an idle connection is closed'),
  log_socket_errors: setting(boolean, true, 'log clients that leave before their answer'),
  max_request_header_size: setting(integer, 262_144, 'bytes of all headers of a request'),
  max_request_body_size: setting(integer, 1_073_741_824, 'bytes of a request body'),
  expose_tracebacks: setting(boolean, false, 'show the stack trace of an error to the client'),
  asyncore_loop_timeout: setting(
    integer,
    1,
    'seconds the event loop waits',
    "Node's event loop needs no such limit",
  ),
  asyncore_use_poll: setting(
    boolean,
    false,
    'use poll() instead of select()',
    "Node's event loop uses the best of the system",
  ),
  channel_request_lookahead: setting(
    integer,
    0,
    'further requests read while one runs',
    'a client that leaves is always noticed: request.signal',
  ),
} as const;

/** What configurations of other servers can say besides. */
const FURTHER = {
  grace: setting(integer, 30, 'seconds that running requests have when the server stops'),
  keep_alive: setting(boolean, true, 'whether a connection may be used for several requests'),
  max_request_line: setting(integer, 0, 'bytes of the request line; 0 where only that of all headers counts'),
  max_request_headers: setting(integer, 0, 'number of headers of a request; 0 for any'),
} as const;

export type SettingName = keyof typeof SETTINGS;
type Tables = typeof SETTINGS & typeof FURTHER;
export type ServerSettings = { -readonly [K in keyof Tables]: ReturnType<Tables[K]['parse']> };

/** Each takes some tens of megabytes, and none more than there are cores makes a site faster. */
const MOST_THREADS = 1000;

const EXCLUSIVE: readonly (readonly [SettingName, readonly SettingName[], string])[] = [
  ['listen', ['host', 'port'], 'host or port may not be set if listen is set.'],
  ['unix_socket', ['host', 'port'], 'unix_socket may not be set if host or port is set'],
  ['unix_socket', ['listen'], 'unix_socket may not be set if listen is set'],
];
const FORWARDED = new Set([
  'forwarded',
  'x-forwarded-host',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-port',
  'x-forwarded-by',
]);

/**
 * Settings from the texts of a configuration. Throws a SettingError for one that is unknown, malformed or excluded by another.
 * `further` allows what only other servers have.
 */
export function readSettings(given: Readonly<Record<string, string>>, further = false): ServerSettings {
  const all: Readonly<Record<string, Setting<unknown>>> = { ...SETTINGS, ...FURTHER };
  const allowed = further ? all : SETTINGS;
  const settings = Object.fromEntries(
    Object.entries(all).map(([name, { default: value }]) => [name, value]),
  ) as unknown as ServerSettings;
  for (const [name, text] of Object.entries(given)) {
    if (name === 'sockets')
      throw new SettingError(name, 'sockets can only be given by a program, not by a configuration');
    if (!Object.hasOwn(allowed, name))
      throw new SettingError(name, `Unknown adjustment '${name}'`, { known: Object.keys(allowed) });
    try {
      (settings as Record<string, unknown>)[name] = all[name]!.parse(text);
    } catch (error) {
      throw new SettingError(name, `${name}: ${(error as Error).message}`, { cause: error });
    }
  }
  for (const [name, others, message] of EXCLUSIVE) {
    if (name in given && others.some((other) => other in given)) throw new SettingError(name, message);
  }
  checkProxy(settings, given);
  for (const name of [
    'threads',
    'backlog',
    'connection_limit',
    'channel_timeout',
    'cleanup_interval',
    'max_request_header_size',
    'trusted_proxy_count',
  ] as const) {
    if ((settings[name] ?? 1) < 1) throw new SettingError(name, `${name} must be above 0`);
  }
  for (const name of [
    'port',
    'outbuf_overflow',
    'outbuf_high_watermark',
    'max_request_body_size',
    'grace',
    'max_request_line',
    'max_request_headers',
  ] as const) {
    if (settings[name] < 0) throw new SettingError(name, `${name} must not be negative`);
  }
  if (settings.threads > MOST_THREADS)
    throw new SettingError('threads', `threads must be at most ${MOST_THREADS}`);
  if (settings.port > 65_535) throw new SettingError('port', 'port must be at most 65535');
  if (settings.url_scheme !== 'http' && settings.url_scheme !== 'https')
    throw new SettingError('url_scheme', `url_scheme must be http or https, not ${settings.url_scheme}`);
  if (!settings.ipv4 && !settings.ipv6)
    throw new SettingError('ipv4', 'Both ipv4 and ipv6 are disabled: there is nothing to listen on');
  return settings;
}

function checkProxy(settings: ServerSettings, given: Readonly<Record<string, string>>): void {
  const { trusted_proxy: proxy, trusted_proxy_headers: headers } = settings;
  if (proxy === undefined) {
    if ('trusted_proxy_count' in given)
      throw new SettingError(
        'trusted_proxy_count',
        'trusted_proxy_count has no meaning without setting trusted_proxy',
      );
    if (headers.size > 0)
      throw new SettingError(
        'trusted_proxy_headers',
        'trusted_proxy_headers has no meaning without setting trusted_proxy',
      );
    return;
  }
  for (const name of headers) {
    if (!FORWARDED.has(name))
      throw new SettingError('trusted_proxy_headers', `unknown trusted_proxy_headers value: ${name}`);
  }
  if (headers.has('forwarded') && headers.size > 1) {
    throw new SettingError(
      'trusted_proxy_headers',
      'The Forwarded proxy header may not be combined with other proxy headers',
    );
  }
  settings.trusted_proxy_count ??= 1;
}

/** Notes on settings that were given and change nothing. */
export function settingsWithoutEffect(given: Readonly<Record<string, string>>): string[] {
  const notes = Object.keys(given)
    .map((name) => [name, SETTINGS[name as SettingName]?.noEffect] as const)
    .filter(([, reason]) => reason !== undefined)
    .map(([name, reason]) => `${name} has no effect: ${reason}`);
  if (Number(given['threads'] ?? 1) > 1) notes.push(oneThread('threads', given['threads']!));
  return notes;
}

const ONE_THREAD = 'has no effect: the application is of one thread';

/** What is to be said of a number of threads for an application that cannot be started in several. */
export const oneThread = (option: string, text: string): string => `${option} = ${text.trim()} ${ONE_THREAD}`;

export const isAboutThreads = (note: string): boolean => note.endsWith(ONE_THREAD);
