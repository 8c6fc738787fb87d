/** Settings of the servers as a configuration says them (INVENTORY 1.6, 1.10). */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import {
  type Application,
  environOf,
  GatewayResponse,
  type RunningServer,
  serve,
} from '../../src/paste/index.ts';
import { gunicornSettings } from '../../src/paste/servers/gunicorn.ts';
import {
  bjoernSettings,
  cherootSettings,
  pasteHttpSettings,
  werkzeugDebuggerSettings,
  werkzeugSettings,
} from '../../src/paste/servers/other-servers.ts';
import { readSettings, SETTINGS, settingsWithoutEffect } from '../../src/paste/servers/settings.ts';
import { RawClient, request } from './servers-client.ts';

describe('the settings of the default server', () => {
  it('are all of waitress', () => {
    expect(Object.keys(SETTINGS).sort()).toEqual(
      (
        'asyncore_loop_timeout asyncore_use_poll backlog channel_request_lookahead channel_timeout cleanup_interval ' +
        'clear_untrusted_proxy_headers connection_limit expose_tracebacks host ident inbuf_overflow ipv4 ipv6 listen ' +
        'log_socket_errors log_untrusted_proxy_headers max_request_body_size max_request_header_size outbuf_high_watermark ' +
        'outbuf_overflow port recv_bytes send_bytes server_name threads trusted_proxy trusted_proxy_count ' +
        'trusted_proxy_headers unix_socket unix_socket_perms url_prefix url_scheme'
      ).split(' '),
    );
    for (const { about } of Object.values(SETTINGS)) expect(about).toMatch(/\w/);
  });

  it('are all in the documentation, with what they mean and why they have no effect', () => {
    const text = readFileSync(path.resolve(import.meta.dirname, '../../docs/servers.md'), 'utf8');
    for (const [name, setting] of Object.entries(SETTINGS)) {
      const row = text.split('\n').find((line) => line.startsWith(`| \`${name}\``));
      expect(row).toContain(setting.about);
      expect(row).toContain('noEffect' in setting ? String(setting.noEffect) : '|');
    }
  });

  it('have the documented defaults', () => {
    expect(readSettings({})).toMatchObject({
      host: '0.0.0.0',
      port: 8080,
      threads: 4,
      unix_socket_perms: 0o600,
      ident: 'waitress',
      server_name: 'waitress.invalid',
      backlog: 1024,
      connection_limit: 100,
      cleanup_interval: 30,
      channel_timeout: 120,
      max_request_header_size: 262_144,
      max_request_body_size: 1_073_741_824,
      expose_tracebacks: false,
      clear_untrusted_proxy_headers: true,
      url_scheme: 'http',
    });
  });

  it('are read from texts', () => {
    expect(
      readSettings({
        listen: '127.0.0.1:1\n[::1]:2',
        threads: ' 8 ',
        expose_tracebacks: 'Yes',
        ipv6: 'off',
        ident: '',
        url_prefix: 'shop/',
        unix_socket_perms: '660',
      }),
    ).toMatchObject({
      listen: ['127.0.0.1:1', '[::1]:2'],
      threads: 8,
      expose_tracebacks: true,
      ipv6: false,
      ident: undefined,
      url_prefix: '/shop',
      unix_socket_perms: 0o660,
    });
    expect(readSettings({ trusted_proxy: '*' }).trusted_proxy_count).toBe(1);
  });

  it.each<[Record<string, string>, string, RegExp]>([
    [{ colour: 'red' }, 'colour', /Unknown adjustment 'colour'/],
    [{ sockets: 'x' }, 'sockets', /only be given by a program/],
    [{ port: 'http' }, 'port', /port: invalid literal for int\(\) with base 10: 'http'/],
    [{ port: '70000' }, 'port', /at most 65535/],
    [{ threads: '0' }, 'threads', /above 0/],
    [{ threads: '1001' }, 'threads', /at most 1000/],
    [{ expose_tracebacks: 'maybe' }, 'expose_tracebacks', /'maybe' is neither true nor false/],
    [{ unix_socket_perms: '999' }, 'unix_socket_perms', /no octal number/],
    [{ url_scheme: 'gopher' }, 'url_scheme', /http or https, not gopher/],
    [{ host: 'a', listen: 'b:1' }, 'listen', /host or port may not be set if listen is set/],
    [{ unix_socket: '/a', port: '1' }, 'unix_socket', /may not be set if host or port is set/],
    [{ unix_socket: '/a', listen: 'b:1' }, 'unix_socket', /may not be set if listen is set/],
    [{ ipv4: 'no', ipv6: 'no' }, 'ipv4', /nothing to listen on/],
    [{ trusted_proxy_count: '2' }, 'trusted_proxy_count', /no meaning without setting trusted_proxy/],
    [
      { trusted_proxy_headers: 'forwarded' },
      'trusted_proxy_headers',
      /no meaning without setting trusted_proxy/,
    ],
    [
      { trusted_proxy: '*', trusted_proxy_headers: 'x-real-ip' },
      'trusted_proxy_headers',
      /unknown .* x-real-ip/,
    ],
    [
      { trusted_proxy: '*', trusted_proxy_headers: 'forwarded x-forwarded-for' },
      'trusted_proxy_headers',
      /may not be combined/,
    ],
    [{ trusted_proxy: '*', trusted_proxy_count: '0' }, 'trusted_proxy_count', /above 0/],
  ])('refuse %j', (given, setting, message) => {
    expect(() => readSettings(given)).toThrow(
      expect.objectContaining({ code: 'SERVER_SETTING', setting, message: expect.stringMatching(message) }),
    );
  });

  it('say which of them change nothing here, and why', () => {
    expect(settingsWithoutEffect({ threads: '4', asyncore_use_poll: 'true' })).toEqual([
      "asyncore_use_poll has no effect: Node's event loop uses the best of the system",
      'threads = 4 has no effect: the application is of one thread',
    ]);
    expect(settingsWithoutEffect({ threads: '1' })).toEqual([]);
  });
});

describe('settings of other servers', () => {
  it('gunicorn binds, and its workers are threads', () => {
    expect(gunicornSettings({}).settings).toMatchObject({
      host: '127.0.0.1',
      port: 8000,
      threads: 1,
      ident: 'gunicorn',
    });
    expect(gunicornSettings({ host: 'localhost', port: '8081' }).settings.listen).toEqual(['localhost:8081']);
    expect(gunicornSettings({ host: '127.0.0.1:1,127.0.0.1' }).settings.listen).toEqual([
      '127.0.0.1:1',
      '127.0.0.1:8000',
    ]);
    expect(gunicornSettings({ bind: '[::1]:9' }).settings.listen).toEqual(['[::1]:9']);
    expect(gunicornSettings({ bind: 'unix:/run/z.sock' }).settings).toMatchObject({
      unix_socket: '/run/z.sock',
      unix_socket_perms: 0o777,
      listen: undefined,
    });
    expect(gunicornSettings({ workers: '3', threads: '4' }).settings.threads).toBe(12);
    expect(
      gunicornSettings({ keepalive: '5', backlog: '7', worker_connections: '9' }).settings,
    ).toMatchObject({
      channel_timeout: 5,
      backlog: 7,
      connection_limit: 9,
    });
    expect(gunicornSettings({ workers: '2', threads: '4' }).notes).toEqual([
      'workers = 2 has no effect: the application is of one thread',
      'threads = 4 has no effect: the application is of one thread',
    ]);
    expect(gunicornSettings({ forwarded_allow_ips: '127.0.0.1,10.0.0.0/8' }).settings).toMatchObject({
      trusted_proxy: 'localhost 127.0.0.1 10.0.0.0/8',
      trusted_proxy_headers: new Set(['x-forwarded-proto']),
      clear_untrusted_proxy_headers: false,
    });
    expect(gunicornSettings({ keepalive: '0', graceful_timeout: '7' }).settings).toMatchObject({
      keep_alive: false,
      grace: 7,
    });
    expect(
      gunicornSettings({ limit_request_line: '4094', limit_request_fields: '100' }).settings,
    ).toMatchObject({ max_request_line: 4094, max_request_headers: 100 });
    expect(gunicornSettings({ proc_name: 'zope' }).notes).toEqual([
      'proc_name has no effect: the process keeps its name',
    ]);
  });

  it.each<[Record<string, string>, RegExp]>([
    [{ port: '80' }, /port needs host/],
    [{ workers: 'many' }, /workers: 'many' is no number/],
    [{ certfile: 'x.pem' }, /certfile: encrypted connections are for a proxy/],
    [{ on_starting: 'f' }, /on_starting: hooks of Python cannot be called/],
    [{ bind: 'unix:/a,127.0.0.1:1' }, /one Unix socket, or TCP addresses/],
    [{ bind: 'fd://3' }, /open descriptors are not taken over/],
    [{ proxy_protocol: 'true' }, /PROXY protocol is not spoken/],
    [{ keepalive: 'long' }, /keepalive: 'long' is no number of seconds/],
    [{ trusted: '1' }, /unknown option 'trusted'/],
    [{ forwarded_allow_ips: '10.0.0.0/99', bind: '127.0.0.1:0' }, /'10.0.0.0\/99' is no network/],
    [{ http_protocols: 'h2,h1' }, /HTTP\/2 is not spoken/],
    [{ dirty_apps: 'a:b' }, /no processes beside/],
    [{ colour: 'red' }, /unknown option 'colour'/],
  ])('gunicorn refuses %j', async (given, message) => {
    await expect(serve(() => new GatewayResponse(), given, 'egg:gunicorn#main')).rejects.toThrow(message);
  });

  it('gunicorn limits the request line and the number of headers, and can do without keep-alive', async () => {
    const server = await serve(
      () => new GatewayResponse('ok'),
      {
        bind: '127.0.0.1:0',
        limit_request_line: '50',
        limit_request_fields: '2',
        keepalive: '0',
      },
      'egg:gunicorn#main',
    );
    const statusOf = async (bytes: string) => {
      const client = new RawClient(server).send(bytes);
      const { status, headers } = (await client.answer())!;
      expect(headers.get('connection')).toBe('close');
      await client.ended;
      return status;
    };
    expect(await statusOf(request('/', ['A: 1']))).toBe(200);
    expect(await statusOf(request('/', ['A: 1', 'B: 1']))).toBe(431);
    expect(await statusOf(request(`/${'x'.repeat(50)}`))).toBe(414);
    await server.close(0);
  });

  it('bjoern is lean', () => {
    expect(bjoernSettings({}).settings).toMatchObject({
      host: '0.0.0.0',
      port: 0,
      threads: 1,
      ident: undefined,
    });
    expect(bjoernSettings({ listen: '127.0.0.1:80', reuse_port: 'true' }).settings.listen).toEqual([
      '127.0.0.1:80',
    ]);
    expect(bjoernSettings({ listen: 'unix:/a.sock' }).settings.unix_socket).toBe('/a.sock');
  });

  it('cheroot listens on all addresses', () => {
    expect(cherootSettings({}).settings).toMatchObject({ host: '0.0.0.0', port: 8080, threads: 10 });
    expect(cherootSettings({ numthreads: '3', max: '-1', timeout: '7' }).settings).toMatchObject({
      threads: 3,
      channel_timeout: 7,
    });
    expect(cherootSettings({ server_name: 'shop', shutdown_timeout: '9' }).settings).toMatchObject({
      server_name: 'shop',
      ident: 'shop',
      grace: 9,
    });
    expect(() => cherootSettings({ ssl_adapter: 'x' })).toThrow('encrypted connections');
  });

  it("werkzeug's debugger shows what went wrong", () => {
    expect(werkzeugSettings({ hostname: 'localhost', threaded: 'true' }).settings).toMatchObject({
      host: 'localhost',
      expose_tracebacks: false,
    });
    expect(werkzeugSettings({ host: 'a', hostname: 'b' }).settings.host).toBe('b');
    expect(werkzeugSettings({}).settings.host).toBe('0.0.0.0');
    expect(werkzeugDebuggerSettings({ evalex: 'true', pin_security: 'off' })).toMatchObject({
      settings: { host: '127.0.0.1' },
      notes: [expect.stringContaining('evalex'), expect.stringContaining('pin_security')],
    });
    expect(werkzeugSettings({ use_debugger: 'true' }).settings.expose_tracebacks).toBe(true);
    expect(werkzeugDebuggerSettings({}).settings.expose_tracebacks).toBe(true);
    expect(() => werkzeugSettings({ static_files: 'x' })).toThrow('files are served by an application');
  });

  it("Paste's server takes its pool's options", () => {
    expect(
      pasteHttpSettings({ host: '127.0.0.1:99', threadpool_workers: '5', socket_timeout: '0' }).settings,
    ).toMatchObject({
      host: '127.0.0.1',
      port: 99,
      threads: 5,
      channel_timeout: 2_000_000,
    });
    expect(pasteHttpSettings({ threadpool_max_requests: '100' }).notes).toHaveLength(1);
  });
});

/** The options that these programs document, of the newest versions. */
const DOCUMENTED: Readonly<
  Record<string, [read: (given: Record<string, string>) => unknown, names: string]>
> = {
  'gunicorn 27': [
    gunicornSettings,
    'access_log_format accesslog asgi_disconnect_grace_period asgi_lifespan asgi_loop backlog bind ' +
      'ca_certs capture_output casefold_http_method cert_reqs certfile chdir check_config child_exit ' +
      'ciphers config control_socket control_socket_disable control_socket_mode daemon default_proc_name ' +
      'dirty_apps dirty_graceful_timeout dirty_post_fork dirty_threads dirty_timeout dirty_worker_exit ' +
      'dirty_worker_init dirty_workers disable_redirect_access_to_syslog do_handshake_on_connect ' +
      'dogstatsd_tags enable_backlog_metric enable_stdio_inheritance errorlog forwarded_allow_ips ' +
      'forwarder_headers graceful_timeout group header_map host http2_cleartext http2_initial_window_size ' +
      'http2_max_concurrent_streams http2_max_frame_size http2_max_header_list_size http_parser ' +
      'http_protocols initgroups keepalive keyfile limit_request_field_size limit_request_fields ' +
      'limit_request_line logconfig logconfig_dict logconfig_json logger_class loglevel max_requests ' +
      'max_requests_jitter nworkers_changed on_dirty_starting on_exit on_reload on_starting paste ' +
      'permit_obsolete_folding permit_unconventional_http_method permit_unconventional_http_version pidfile ' +
      'port post_fork post_request post_worker_init pre_exec pre_fork pre_request preload_app print_config ' +
      'proc_name protocol proxy_allow_ips proxy_protocol pythonpath raw_env raw_paste_global_conf reload ' +
      'reload_engine reload_extra_files reuse_port root_path secure_scheme_headers sendfile spew ' +
      'ssl_context ssl_version statsd_host statsd_prefix strip_header_spaces suppress_ragged_eofs syslog ' +
      'syslog_addr syslog_facility syslog_prefix threads timeout tmp_upload_dir umask user uwsgi_allow_ips ' +
      'websocket_max_message_size when_ready worker_abort worker_class worker_connections worker_exit ' +
      'worker_int worker_tmp_dir workers wsgi_app',
  ],
  'cheroot 11': [
    cherootSettings,
    'host port numthreads server_name max request_queue_size timeout shutdown_timeout accepted_queue_size ' +
      'accepted_queue_timeout peercreds_enabled peercreds_resolve_enabled reuse_port',
  ],
  'werkzeug 3': [
    werkzeugSettings,
    'host hostname port use_reloader use_debugger use_evalex extra_files exclude_patterns ' +
      'reloader_interval reloader_type threaded processes request_handler static_files passthrough_errors ' +
      'ssl_context evalex request_key console_path console_init_func show_hidden_frames pin_security ' +
      'pin_logging',
  ],
  'Paste 3': [
    pasteHttpSettings,
    'host port handler ssl_pem ssl_context server_version protocol_version start_loop daemon_threads ' +
      'socket_timeout use_threadpool threadpool_workers threadpool_options request_queue_size ' +
      'threadpool_max_requests threadpool_hung_thread_limit threadpool_kill_thread_limit ' +
      'threadpool_dying_limit threadpool_spawn_if_under threadpool_max_zombie_threads_before_die ' +
      'threadpool_hung_check_period threadpool_logger threadpool_name threadpool_error_email',
  ],
  'bjoern 3': [bjoernSettings, 'host port listen reuse_port'],
};

describe.each(Object.entries(DOCUMENTED))('the documented options of %s', (_server, [read, names]) => {
  it.each(names.split(' '))('%s is honoured, noted or refused with a reason', (name) => {
    try {
      read({ ...(name === 'port' ? { host: '127.0.0.1' } : {}), [name]: '1' });
    } catch (error) {
      expect(error).toMatchObject({ code: 'SERVER_SETTING', setting: name });
      expect((error as Error).message).not.toContain('unknown option');
    }
  });
});

describe('headers of proxies', () => {
  const running: RunningServer[] = [];
  afterEach(() => Promise.all(running.splice(0).map((server) => server.close(0))));

  const facts: Application = (incoming) => {
    const { scheme, serverName, serverPort, remoteAddr, remotePort } = environOf(incoming);
    const { headers } = incoming;
    return new GatewayResponse(
      JSON.stringify({
        scheme,
        serverName,
        serverPort,
        remoteAddr,
        remotePort,
        url: incoming.url,
        seen: headers.get('x-forwarded-for'),
      }),
    );
  };

  async function ask(settings: Record<string, string>, headers: readonly string[]) {
    const server = await serve(facts, { host: '127.0.0.1', port: '0', ...settings });
    running.push(server);
    const client = new RawClient(server);
    const answer = (await client.send(request('/a', headers)).answer())!;
    client.destroy();
    return answer.status === 200 ? (JSON.parse(answer.body) as Record<string, unknown>) : answer;
  }

  const trusted = {
    trusted_proxy: '127.0.0.1',
    trusted_proxy_headers: 'x-forwarded-for x-forwarded-host x-forwarded-proto x-forwarded-port',
  };

  it('are taken out of requests from anybody', async () => {
    const seen = await ask({}, [
      'X-Forwarded-For: 192.0.2.1',
      'X-Forwarded-Proto: https',
      'Forwarded: for=192.0.2.9',
    ]);
    expect(seen).toMatchObject({
      remoteAddr: '127.0.0.1',
      scheme: 'http',
      seen: null,
      url: 'http://site.test/a',
    });
  });

  it('are left in where the setting says so, and believed nevertheless by nobody', async () => {
    const seen = await ask({ clear_untrusted_proxy_headers: 'false' }, ['X-Forwarded-For: 192.0.2.1']);
    expect(seen).toMatchObject({ remoteAddr: '127.0.0.1', seen: '192.0.2.1' });
  });

  it('are believed when a trusted proxy sends them, as many as there are proxies', async () => {
    const headers = [
      'X-Forwarded-For: 192.0.2.66, 192.0.2.1',
      'X-Forwarded-Host: shop.test',
      'X-Forwarded-Proto: https',
    ];
    expect(await ask(trusted, headers)).toEqual({
      scheme: 'https',
      serverName: 'shop.test',
      serverPort: '443',
      remoteAddr: '192.0.2.1',
      remotePort: expect.any(String) as string,
      url: 'https://shop.test/a',
      seen: '192.0.2.1',
    });
    expect(await ask({ ...trusted, trusted_proxy_count: '2' }, headers)).toMatchObject({
      remoteAddr: '192.0.2.66',
    });
    expect(await ask({ ...trusted, trusted_proxy: '192.0.2.7' }, headers)).toMatchObject({
      remoteAddr: '127.0.0.1',
    });
  });

  it('may be of RFC 7239', async () => {
    const settings = { trusted_proxy: '*', trusted_proxy_headers: 'forwarded' };
    const header = 'Forwarded: for="[2001:db8::1]:99";host=shop.test:8443;proto=https';
    expect(await ask(settings, [header, 'X-Forwarded-For: 192.0.2.1'])).toMatchObject({
      scheme: 'https',
      serverName: 'shop.test',
      serverPort: '8443',
      remoteAddr: '2001:db8::1',
      remotePort: '99',
      url: 'https://shop.test:8443/a',
      seen: null,
    });
  });

  it.each([
    ['X-Forwarded-Proto: ftp'],
    ['X-Forwarded-Proto: http, https'],
    ['X-Forwarded-Port: 1, 2'],
    ['X-Forwarded-For: "192.0.2.1'],
    ['X-Forwarded-Host: shop.test/path'],
  ])('are refused when they are malformed: %s', async (header) => {
    expect(await ask(trusted, [header])).toMatchObject({ status: 400 });
  });
});
