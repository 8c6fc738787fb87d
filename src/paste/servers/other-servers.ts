/**
 * The other servers of the documentation page "Zope and WSGI", by their documented options. All are the same server
 * underneath: what differs is what their configurations are called and may say.
 */
import type { Settings } from '../loader/factories.ts';
import { AddressError, SettingError } from './errors.ts';
import { readSettings, type ServerSettings } from './settings.ts';

interface Read {
  readonly settings: ServerSettings;
  readonly notes: readonly string[];
}

/** How an option of another server is called by ours; a text says why it changes nothing. */
type Texts = Readonly<Record<string, string>>;
type Options = Readonly<Record<string, ((text: string) => Texts) | { readonly noEffect: string }>>;

function translate(server: string, given: Settings, options: Options, defaults: Settings): Read {
  const notes: string[] = [];
  const translated: Record<string, string> = { ...defaults };
  for (const [name, text] of Object.entries(given)) {
    const option = Object.hasOwn(options, name) ? options[name]! : undefined;
    if (option === undefined)
      throw new SettingError(
        name,
        `${server}: unknown option '${name}' (options: ${Object.keys(options).join(', ')})`,
      );
    if (typeof option === 'function') {
      for (const [key, value] of Object.entries(option(text))) {
        if (key === 'listen') {
          delete translated.host;
          delete translated.port;
        }
        translated[key] = value;
      }
    } else notes.push(`${name} has no effect: ${option.noEffect}`);
  }
  return { settings: readSettings(translated), notes };
}

const as = (name: string) => (text: string) => ({ [name]: text });
const noEffect = (reason: string) => ({ noEffect: reason });
const host = as('host');
const port = as('port');
const processes = noEffect('one process serves a database, its threads use the cores');
const ssl = (name: string) => (): never => {
  throw new SettingError(name, `${name}: encrypted connections are for a proxy in front of the server`);
};

function bind(text: string): Readonly<Record<string, string>> {
  const addresses = text
    .split(',')
    .map((address) => address.trim())
    .filter(Boolean);
  const paths = addresses.filter((address) => address.startsWith('unix:'));
  if (paths.length > 0) {
    if (addresses.length > 1) throw new AddressError(text, 'bind: one Unix socket, or TCP addresses');
    return { unix_socket: paths[0]!.slice('unix:'.length), unix_socket_perms: '777' };
  }
  return {
    listen: addresses.map((address) => (address.includes(':') ? address : `${address}:8000`)).join(' '),
  };
}

/** Seconds; 0 means no limit. */
const timeout = (text: string): Readonly<Record<string, string>> => ({
  channel_timeout: Number(text) > 0 ? text : '86400',
});

export function gunicornSettings(given: Settings): Read {
  // `host` and `port` of the file are gunicorn's way to say `bind`.
  return translate(
    'gunicorn',
    given,
    {
      host,
      port,
      bind,
      workers: as('threads'),
      threads: as('threads'),
      worker_class: noEffect('there is one kind of worker, a thread'),
      worker_connections: as('connection_limit'),
      backlog: as('backlog'),
      timeout,
      keepalive: timeout,
      graceful_timeout: noEffect('running requests have 30 seconds to end'),
      limit_request_line: noEffect('the request line counts to limit_request_field_size'),
      limit_request_field_size: as('max_request_header_size'),
      limit_request_fields: noEffect('the size of all headers is limited'),
      forwarded_allow_ips: (text): Texts =>
        text === ''
          ? {}
          : {
              trusted_proxy: text.split(',')[0]!.trim(),
              trusted_proxy_headers: 'x-forwarded-for x-forwarded-proto',
            },
      proc_name: noEffect('the process keeps its name'),
      preload_app: noEffect('the application is loaded once in the process'),
      max_requests: noEffect('threads need no recycling'),
      max_requests_jitter: noEffect('threads need no recycling'),
      reload: noEffect('use runwsgi --reload'),
      accesslog: noEffect('use the filter egg:Paste#translogger'),
      errorlog: noEffect('use the logging sections of this file'),
      loglevel: noEffect('use the logging sections of this file'),
      pidfile: noEffect('zope.conf names the pid file'),
      daemon: noEffect('use zope instance start'),
      user: noEffect('start the process as the user it should run as'),
      group: noEffect('start the process as the group it should run as'),
      certfile: ssl('certfile'),
      keyfile: ssl('keyfile'),
    },
    { host: '127.0.0.1', port: '8000', ident: 'gunicorn', connection_limit: '1000' },
  );
}

export function bjoernSettings(given: Settings): Read {
  return translate(
    'bjoern',
    given,
    {
      host: (text): Texts =>
        text.startsWith('unix:') ? { unix_socket: text.slice('unix:'.length) } : { host: text },
      port,
      reuse_port: noEffect('one process serves a database'),
      listen_backlog: as('backlog'),
      backlog: as('backlog'),
    },
    { host: '127.0.0.1', port: '8080', threads: '1', ident: '', connection_limit: '10000' },
  );
}

export function cherootSettings(given: Settings): Read {
  return translate(
    'cheroot',
    given,
    {
      host,
      port,
      numthreads: as('threads'),
      max: as('threads'),
      minthreads: noEffect('all threads start at once'),
      maxthreads: as('threads'),
      server_name: as('server_name'),
      request_queue_size: as('backlog'),
      timeout,
      shutdown_timeout: noEffect('running requests have 30 seconds to end'),
      accepted_queue_size: noEffect('the backlog is the queue'),
      accepted_queue_timeout: noEffect('the backlog is the queue'),
      max_request_header_size: as('max_request_header_size'),
      max_request_body_size: as('max_request_body_size'),
      ssl_adapter: ssl('ssl_adapter'),
      ssl_certificate: ssl('ssl_certificate'),
    },
    { host: '127.0.0.1', port: '8080', threads: '10', ident: 'cheroot', connection_limit: '10000' },
  );
}

export function werkzeugSettings(given: Settings): Read {
  return translate(
    'werkzeug',
    given,
    {
      host,
      port,
      hostname: host,
      threaded: noEffect('threads = N of the default server tells how many'),
      processes,
      use_reloader: noEffect('use runwsgi --reload'),
      use_debugger: (text) => ({ expose_tracebacks: text }),
      use_evalex: noEffect('no code of a browser is run'),
      passthrough_errors: noEffect('errors are always logged with their stack'),
      ssl_context: ssl('ssl_context'),
    },
    { host: '127.0.0.1', port: '8080', ident: 'werkzeug', connection_limit: '1000' },
  );
}

export function pasteHttpSettings(given: Settings): Read {
  return translate(
    'Paste#http',
    given,
    {
      host,
      port,
      use_threadpool: noEffect('requests are always handled by the pool of threads'),
      threadpool_workers: as('threads'),
      threadpool_options: noEffect('the pool has no further options'),
      socket_timeout: timeout,
      request_queue_size: as('backlog'),
      server_version: as('ident'),
      protocol_version: noEffect('HTTP/1.1 is spoken, and HTTP/1.0 with clients that do'),
      start_loop: noEffect('the server starts when it is told to'),
      daemon_threads: noEffect('threads end with the process'),
      ssl_pem: ssl('ssl_pem'),
    },
    { host: '127.0.0.1', port: '8080', threads: '10', ident: 'PasteWSGIServer', connection_limit: '1000' },
  );
}
