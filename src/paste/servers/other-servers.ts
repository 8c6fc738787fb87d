/**
 * Servers of the documentation page "Zope and WSGI" (INVENTORY 1.10) by their documented options: underneath all are the same; what
 * differs is what their configurations are called and may say.
 */
import type { Settings } from '../loader/factories.ts';
import { SettingError } from './errors.ts';
import {
  as,
  encryption,
  grace,
  noEffect,
  type ReadSettings,
  refused,
  timeout,
  translate,
  type Translations,
} from './translate.ts';

const host = as('host');
const port = as('port');
const ONE_PROCESS = 'one process serves a database, its threads use the cores';
/** These servers hand all headers on; whom to believe is for `trusted-proxy` in zope.conf and for filters. */
const OPEN = { clear_untrusted_proxy_headers: 'false' };

/** `HOST:PORT`, a port alone, or `unix:PATH`. */
function listen(text: string): Settings {
  if (text.startsWith('unix:')) return { unix_socket: text.slice('unix:'.length), unix_socket_perms: '666' };
  return { listen: /^\d+$/.test(text) ? `*:${text}` : text };
}

export function bjoernSettings(given: Settings): ReadSettings {
  return translate(
    'bjoern',
    given,
    {
      host: (text) => (text.startsWith('unix:') ? listen(text) : { host: text }),
      port,
      listen,
      reuse_port: noEffect(ONE_PROCESS),
      listen_backlog: as('backlog'),
      threads: noEffect('this server has one thread'),
    },
    // As documented: all IPv4 addresses, and any free port.
    { ...OPEN, host: '0.0.0.0', port: '0', threads: '1', ident: '', connection_limit: '10000' },
  );
}

/** Cheroot starts more threads than `numthreads` up to here; negative where there is no limit. */
function mostThreads(text: string): Settings {
  if (!Number.isInteger(Number(text))) throw new SettingError('max', `max: '${text}' is no number`);
  return {};
}

export function cherootSettings(given: Settings): ReadSettings {
  return translate(
    'cheroot',
    given,
    {
      host,
      port,
      numthreads: as('threads'),
      max: mostThreads,
      server_name: (text) => ({ server_name: text, ident: text }),
      request_queue_size: as('backlog'),
      timeout: timeout('timeout'),
      shutdown_timeout: grace('shutdown_timeout'),
      accepted_queue_size: noEffect('the backlog is the queue'),
      accepted_queue_timeout: noEffect('the backlog is the queue'),
      peercreds_enabled: noEffect('the gateway hands no such facts to applications'),
      peercreds_resolve_enabled: noEffect('the gateway hands no such facts to applications'),
      reuse_port: noEffect(ONE_PROCESS),
      max_request_header_size: as('max_request_header_size'),
      max_request_body_size: as('max_request_body_size'),
      ssl_adapter: encryption('ssl_adapter'),
      ssl_module: encryption('ssl_module'),
      ssl_certificate: encryption('ssl_certificate'),
      ssl_private_key: encryption('ssl_private_key'),
    },
    {
      ...OPEN,
      host: '0.0.0.0',
      port: '8080',
      threads: '10',
      ident: 'cheroot',
      connection_limit: '10000',
      channel_timeout: '10',
      grace: '5',
    },
  );
}

const NO_CONSOLE = 'no code of a browser is run';

const WERKZEUG: Translations = {
  host: (text) =>
    text.startsWith('unix://') ? listen(`unix:${text.slice('unix://'.length)}`) : { host: text },
  port,
  threaded: noEffect('threads = N of the default server tells how many'),
  processes: noEffect(ONE_PROCESS),
  use_reloader: noEffect('use runwsgi --reload'),
  extra_files: noEffect('use runwsgi --reload'),
  exclude_patterns: noEffect('use runwsgi --reload'),
  reloader_interval: noEffect('use runwsgi --reload'),
  reloader_type: noEffect('use runwsgi --reload'),
  use_debugger: as('expose_tracebacks'),
  use_evalex: noEffect(NO_CONSOLE),
  passthrough_errors: noEffect('errors are always logged with their stack'),
  static_files: refused('static_files', 'files are served by an application (egg:Paste#urlmap says which)'),
  request_handler: refused('request_handler', 'there is one kind of handler'),
  ssl_context: encryption('ssl_context'),
  // Of the debugger.
  evalex: noEffect(NO_CONSOLE),
  console_path: noEffect(NO_CONSOLE),
  console_init_func: noEffect(NO_CONSOLE),
  pin_security: noEffect(NO_CONSOLE),
  pin_logging: noEffect(NO_CONSOLE),
  request_key: noEffect(NO_CONSOLE),
  show_hidden_frames: noEffect('all frames are shown'),
};
const WERKZEUG_DEFAULTS = {
  ...OPEN,
  host: '0.0.0.0',
  port: '8080',
  ident: 'werkzeug',
  connection_limit: '1000',
};

export function werkzeugSettings(given: Settings): ReadSettings {
  return translate('werkzeug', hostOf(given), WERKZEUG, WERKZEUG_DEFAULTS);
}

/** Its answers to errors show what went wrong: to this machine only, unless another address is named. */
export function werkzeugDebuggerSettings(given: Settings): ReadSettings {
  return translate('werkzeug', hostOf(given), WERKZEUG, {
    ...WERKZEUG_DEFAULTS,
    host: '127.0.0.1',
    expose_tracebacks: 'true',
  });
}

/** Of both names `hostname` is the one that counts. */
function hostOf(given: Settings): Settings {
  const { hostname, ...rest } = given;
  return hostname === undefined ? given : { ...rest, host: hostname };
}

const POOL = 'the pool of threads watches over itself';

export function pasteHttpSettings(given: Settings): ReadSettings {
  return translate(
    'Paste#http',
    given,
    {
      host: (text): Settings => {
        const [, name, number] = /^(.*):(\d+)$/.exec(text) ?? [];
        return name === undefined ? { host: text } : { host: name, port: number! };
      },
      port,
      use_threadpool: noEffect('requests are always handled by the pool of threads'),
      threadpool_workers: as('threads'),
      threadpool_options: noEffect(POOL),
      threadpool_hung_thread_limit: noEffect(POOL),
      threadpool_kill_thread_limit: noEffect(POOL),
      threadpool_dying_limit: noEffect(POOL),
      threadpool_spawn_if_under: noEffect(POOL),
      threadpool_max_zombie_threads_before_die: noEffect(POOL),
      threadpool_hung_check_period: noEffect(POOL),
      threadpool_max_requests: noEffect(POOL),
      threadpool_name: noEffect(POOL),
      threadpool_logger: noEffect('use the logging sections of the file'),
      threadpool_error_email: noEffect('use a logging handler of the class handlers.SMTPHandler'),
      socket_timeout: timeout('socket_timeout'),
      request_queue_size: as('backlog'),
      server_version: as('ident'),
      protocol_version: noEffect('HTTP/1.1 is spoken, and HTTP/1.0 with clients that do'),
      start_loop: noEffect('the server starts when it is told to'),
      daemon_threads: noEffect('threads end with the process'),
      handler: refused('handler', 'there is one kind of handler'),
      ssl_pem: encryption('ssl_pem'),
      ssl_context: encryption('ssl_context'),
    },
    {
      ...OPEN,
      host: '127.0.0.1',
      port: '8080',
      threads: '10',
      ident: 'PasteWSGIServer',
      connection_limit: '1000',
    },
  );
}
