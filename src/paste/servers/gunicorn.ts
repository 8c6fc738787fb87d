/** `egg:gunicorn#main` (INVENTORY W-085): gunicorn's settings by their names in a PasteDeploy file. */
import type { Settings } from '../loader/factories.ts';
import { AddressError, SettingError } from './errors.ts';
import { oneThread } from './settings.ts';
import {
  as,
  encryption,
  grace,
  noEffect,
  type ReadSettings,
  refused,
  translate,
  type Translations,
} from './translate.ts';

const DEFAULT_PORT = 8000;

/** `HOST`, `HOST:PORT`, several with commas, or `unix:PATH`. */
function bind(text: string): Settings {
  const addresses = text
    .split(',')
    .map((address) => address.trim().replace(/^tcp:\/\//, ''))
    .filter(Boolean);
  if (addresses.length === 0) throw new AddressError(text, 'bind: no address is given');
  const paths = addresses.filter((address) => address.startsWith('unix:'));
  if (addresses.some((address) => address.startsWith('fd:')))
    throw new AddressError(text, 'bind: open descriptors are not taken over');
  if (paths.length > 0) {
    if (addresses.length > 1) throw new AddressError(text, 'bind: one Unix socket, or TCP addresses');
    // Gunicorn's umask of 0 lets everybody connect.
    return { unix_socket: paths[0]!.slice('unix:'.length).replace(/^\/\//, '/'), unix_socket_perms: '777' };
  }
  return {
    listen: addresses
      .map((address) =>
        /:\d+$/.test(address) && !/^[^[]*:.*:/.test(address) ? address : `${address}:${DEFAULT_PORT}`,
      )
      .join(' '),
  };
}

/** Proxies may tell the scheme; a Unix socket's peer always. Nothing else is believed. */
function forwardedAllowIps(text: string): Settings {
  const addresses = text.split(',').map((address) => address.trim());
  return {
    trusted_proxy: ['localhost', ...addresses.filter(Boolean)].join(' '),
    trusted_proxy_headers: 'x-forwarded-proto',
  };
}

/** Seconds that an idle connection stays; 0 closes each after its answer. */
function keepalive(text: string): Settings {
  if (!/^\s*\d+\s*$/.test(text))
    throw new SettingError('keepalive', `keepalive: '${text}' is no number of seconds`);
  return Number(text) === 0 ? { keep_alive: 'false' } : { channel_timeout: text };
}

const limit =
  (option: string, name: string) =>
  (text: string): Settings => {
    if (!/^\s*\d+\s*$/.test(text)) throw new SettingError(option, `${option}: '${text}' is no number`);
    return { [name]: text };
  };

/** Values of an option that ask for what is there anyway. */
const only =
  (option: string, usual: RegExp, reason: string) =>
  (text: string): Settings => {
    if (!usual.test(text.trim())) throw new SettingError(option, `${option}: ${reason}`);
    return {};
  };

/** The limit of one header, of which gunicorn takes up to a hundred; 0 means no limit. */
function fieldSize(text: string): Settings {
  if (!/^\s*\d+\s*$/.test(text))
    throw new SettingError(
      'limit_request_field_size',
      `limit_request_field_size: '${text}' is no number of bytes`,
    );
  return { max_request_header_size: String(Math.min((Number(text) || MOST) * 100, MOST)) };
}

const MOST = 2 ** 24;

const ONE_KIND = noEffect('there is one kind of worker, a thread');
const LOGGING = noEffect('use the logging sections of the file');
const ACCESS_LOG = noEffect('use the filter egg:Paste#translogger');
const RECYCLING = noEffect('threads need no recycling');
const PROCESS = noEffect('the process stays as it was started');
const PROXY_PROTOCOL = 'the PROXY protocol is not spoken; use forwarded headers';
const OFF = /^(?:off|false|0|no|)$/i;
const HTTP2 = 'HTTP/2 is not spoken; a proxy in front of the server can';
const ASGI = 'the application is no ASGI application';
const DIRTY = 'there are no processes beside the server';
const CONTROL = 'the process is controlled by zope instance and by signals';
const HOOK = (name: string) => refused(name, 'hooks of Python cannot be called');

const tls = Object.fromEntries(
  [
    'certfile',
    'keyfile',
    'ca_certs',
    'ciphers',
    'cert_reqs',
    'ssl_version',
    'do_handshake_on_connect',
    'suppress_ragged_eofs',
  ].map((name) => [name, encryption(name)]),
);
const hooks = Object.fromEntries(
  [
    'on_starting',
    'on_reload',
    'when_ready',
    'pre_fork',
    'post_fork',
    'post_worker_init',
    'worker_int',
    'worker_abort',
    'pre_exec',
    'pre_request',
    'post_request',
    'child_exit',
    'worker_exit',
    'nworkers_changed',
    'on_exit',
    'ssl_context',
    'on_dirty_starting',
    'dirty_post_fork',
    'dirty_worker_init',
    'dirty_worker_exit',
  ].map((name) => [name, HOOK(name)]),
);

const OPTIONS: Translations = {
  bind,
  backlog: as('backlog'),
  worker_class: ONE_KIND,
  worker_connections: as('connection_limit'),
  worker_tmp_dir: ONE_KIND,
  timeout: noEffect('a request may take its time; a thread that hangs is replaced'),
  graceful_timeout: grace('graceful_timeout'),
  keepalive,
  max_requests: RECYCLING,
  max_requests_jitter: RECYCLING,
  limit_request_line: limit('limit_request_line', 'max_request_line'),
  limit_request_fields: limit('limit_request_fields', 'max_request_headers'),
  limit_request_field_size: fieldSize,
  reload: noEffect('use runwsgi --reload'),
  reload_engine: noEffect('use runwsgi --reload'),
  reload_extra_files: noEffect('use runwsgi --reload'),
  spew: PROCESS,
  check_config: PROCESS,
  print_config: PROCESS,
  preload_app: noEffect('the application is loaded once in each thread'),
  sendfile: noEffect('files stream from the descriptor'),
  reuse_port: noEffect('one process serves a database, its threads use the cores'),
  chdir: PROCESS,
  daemon: noEffect('use zope instance start'),
  raw_env: refused('raw_env', 'use the section environment of zope.conf'),
  pidfile: noEffect('zope.conf names the pid file'),
  user: noEffect('start the process as the user it should run as'),
  group: noEffect('start the process as the group it should run as'),
  umask: PROCESS,
  initgroups: PROCESS,
  tmp_upload_dir: noEffect('bodies stream to the application'),
  secure_scheme_headers: refused('secure_scheme_headers', 'X-Forwarded-Proto tells the scheme'),
  forwarded_allow_ips: forwardedAllowIps,
  forwarder_headers: noEffect('the script name is that of the file'),
  header_map: noEffect('headers with an underscore are dropped'),
  strip_header_spaces: refused('strip_header_spaces', 'requests that are not HTTP are refused'),
  permit_obsolete_folding: refused('permit_obsolete_folding', 'requests that are not HTTP are refused'),
  permit_unconventional_http_method: refused(
    'permit_unconventional_http_method',
    'the methods are those that Node knows',
  ),
  permit_unconventional_http_version: refused(
    'permit_unconventional_http_version',
    'HTTP/1.1 and HTTP/1.0 are spoken',
  ),
  casefold_http_method: refused('casefold_http_method', 'methods are written in capitals'),
  proxy_protocol: only('proxy_protocol', OFF, PROXY_PROTOCOL),
  proxy_allow_ips: noEffect(PROXY_PROTOCOL),
  proc_name: noEffect('the process keeps its name'),
  default_proc_name: noEffect('the process keeps its name'),
  accesslog: ACCESS_LOG,
  access_log_format: ACCESS_LOG,
  disable_redirect_access_to_syslog: ACCESS_LOG,
  errorlog: LOGGING,
  loglevel: LOGGING,
  capture_output: LOGGING,
  logger_class: LOGGING,
  logconfig: LOGGING,
  logconfig_dict: LOGGING,
  logconfig_json: LOGGING,
  syslog: LOGGING,
  syslog_addr: LOGGING,
  syslog_prefix: LOGGING,
  syslog_facility: LOGGING,
  enable_stdio_inheritance: LOGGING,
  statsd_host: refused('statsd_host', 'there are no statistics for statsd'),
  statsd_prefix: refused('statsd_prefix', 'there are no statistics for statsd'),
  dogstatsd_tags: refused('dogstatsd_tags', 'there are no statistics for statsd'),
  config: refused('config', 'a configuration in Python cannot be read; write its settings into the section'),
  pythonpath: refused('pythonpath', 'there is no Python path; name modules by their files'),
  paste: refused('paste', 'this file is the configuration'),
  wsgi_app: refused('wsgi_app', 'the application is that of the file'),
  enable_backlog_metric: noEffect('there are no statistics for statsd'),
  protocol: only('protocol', /^(?:http)?$/i, 'HTTP is spoken'),
  uwsgi_allow_ips: noEffect('HTTP is spoken'),
  http_protocols: only('http_protocols', /^(?:h1)?$/i, HTTP2),
  http2_cleartext: only('http2_cleartext', OFF, HTTP2),
  http2_max_concurrent_streams: noEffect(HTTP2),
  http2_initial_window_size: noEffect(HTTP2),
  http2_max_frame_size: noEffect(HTTP2),
  http2_max_header_list_size: noEffect(HTTP2),
  http_parser: noEffect("requests are read by Node's parser"),
  raw_paste_global_conf: noEffect('variables are given to runwsgi'),
  asgi_loop: noEffect(ASGI),
  asgi_lifespan: noEffect(ASGI),
  asgi_disconnect_grace_period: noEffect(ASGI),
  websocket_max_message_size: noEffect(ASGI),
  root_path: noEffect(ASGI),
  dirty_apps: refused('dirty_apps', DIRTY),
  dirty_workers: only('dirty_workers', /^0*$/, DIRTY),
  dirty_timeout: noEffect(DIRTY),
  dirty_threads: noEffect(DIRTY),
  dirty_graceful_timeout: noEffect(DIRTY),
  control_socket: noEffect(CONTROL),
  control_socket_mode: noEffect(CONTROL),
  control_socket_disable: noEffect(CONTROL),
  ...tls,
  ...hooks,
};

/** Throws a SettingError or an AddressError. */
export function gunicornSettings(given: Settings): ReadSettings {
  // Python's loader takes names without case, says `bind` as host and port, and has processes where here are threads.
  const {
    host = '',
    port = '',
    workers = '1',
    threads = '1',
    ...rest
  } = Object.fromEntries(Object.entries(given).map(([name, text]) => [name.toLowerCase(), text]));
  if (port !== '' && host === '') throw new SettingError('port', 'gunicorn: port needs host');
  const all: Settings = host === '' ? rest : { ...rest, bind: port === '' ? host : `${host}:${port}` };
  const number = count('workers', workers) * count('threads', threads);
  const read = translate(
    'gunicorn',
    all,
    { host: bind, port: bind, workers: bind, threads: bind, ...OPTIONS },
    {
      host: '127.0.0.1',
      port: String(DEFAULT_PORT),
      threads: String(number),
      ident: 'gunicorn',
      connection_limit: '1000',
      clear_untrusted_proxy_headers: 'false',
      ...forwardedAllowIps('127.0.0.1,::1'),
    },
  );
  if (number === 1) return read;
  const asked = Object.entries({ workers, threads }).filter(([, text]) => Number(text) > 1);
  return { ...read, notes: [...read.notes, ...asked.map(([name, text]) => oneThread(name, text))] };
}

function count(name: string, text: string): number {
  if (!/^\s*[1-9]\d*\s*$/.test(text))
    throw new SettingError(name, `gunicorn: ${name}: '${text}' is no number above 0`);
  return Number(text);
}
