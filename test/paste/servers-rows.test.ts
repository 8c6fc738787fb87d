/** Every setting of the default server row by row: what it does, or what is said about it (INVENTORY 1.6, W-090 to W-122). */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import {
  BodyFile,
  environOf,
  type GatewayRequest,
  GatewayResponse,
  type RunningServer,
  serve,
} from '../../src/paste/index.ts';
import { endpointsOf } from '../../src/paste/servers/endpoints.ts';
import { readSettings, SETTINGS, settingsWithoutEffect } from '../../src/paste/servers/settings.ts';
import { deferred, RawClient, request, turns } from './servers-client.ts';

type Given = Readonly<Record<string, string>>;
const running: RunningServer[] = [];
const clients: RawClient[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const client of clients.splice(0)) client.destroy();
  await Promise.all(running.splice(0).map((server) => server.close(0)));
});

async function start(given: Given, app = facts): Promise<RunningServer> {
  const server = await serve(app, { listen: '127.0.0.1:0', ...given });
  running.push(server);
  return server;
}

/** Tells where a body is kept. */
async function kept(incoming: Request): Promise<Response> {
  const body = await (incoming as unknown as GatewayRequest).keepBody();
  if (!(body instanceof BodyFile)) return new GatewayResponse('"memory"');
  body.close();
  return new GatewayResponse('"file"');
}

/** Tells what the application sees. */
const facts = (incoming: Request): Response | Promise<Response> => {
  if (environOf(incoming).pathInfo === '/keep') return kept(incoming);
  const { extra: _extra, ...environ } = environOf(incoming);
  const forwarded = incoming.headers.get('x-forwarded-for');
  return new GatewayResponse(JSON.stringify({ ...environ, url: incoming.url, forwarded }));
};

async function ask(given: Given, bytes: string): Promise<{ status: number; server?: string; seen: unknown }> {
  const client = new RawClient(await start(given));
  clients.push(client);
  const { status, body, headers } = (await client.send(bytes).answer())!;
  return { status, server: headers.get('server')!, seen: status === 200 ? JSON.parse(body) : body };
}
const get = (target: string, ...headers: string[]) => request(target, headers);
const hosts = async (given: Given) =>
  (await endpointsOf(readSettings(given))).map((end) => 'host' in end && end.host);
const trusted = { trusted_proxy: '127.0.0.1', trusted_proxy_headers: 'x-forwarded-for' };

/** Rows that have their effect. */
const EFFECTS: Readonly<Record<string, () => Promise<void>>> = {
  'W-090 host': async () => {
    running.push(await serve(facts, { host: '127.0.0.1', port: '0' }));
    expect(running[0]!.urls[0]).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  },
  'W-091 port': async () =>
    expect(await endpointsOf(readSettings({ host: '127.0.0.1', port: '99' }))).toMatchObject([{ port: 99 }]),
  'W-092 listen, with services and IPv6': async () =>
    expect(await endpointsOf(readSettings({ listen: '127.0.0.1:http [::1]:99' }))).toMatchObject([
      { host: '127.0.0.1', port: 80 },
      { host: '::1', port: 99 },
    ]),
  'W-093 ipv4': async () => expect(await hosts({ listen: '*:1', ipv4: 'false' })).toEqual(['::']),
  'W-093 ipv6': async () => expect(await hosts({ listen: '*:1', ipv6: 'false' })).toEqual(['0.0.0.0']),
  'W-094 unix_socket, unix_socket_perms': async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'rows-'));
    const file = path.join(folder, 's');
    running.push(await serve(facts, { unix_socket: file, unix_socket_perms: '640' }));
    expect(statSync(file).mode & 0o777).toBe(0o640);
    rmSync(folder, { recursive: true });
  },
  'W-097 trusted_proxy': async () => {
    const header = 'X-Forwarded-For: 192.0.2.1';
    expect((await ask(trusted, get('/', header))).seen).toMatchObject({ remoteAddr: '192.0.2.1' });
    expect(
      (await ask({ ...trusted, trusted_proxy: '10.0.0.0/8 127.0.0.0/8' }, get('/', header))).seen,
    ).toMatchObject({
      remoteAddr: '192.0.2.1',
    });
    expect((await ask({ ...trusted, trusted_proxy: '192.0.2.9' }, get('/', header))).seen).toMatchObject({
      remoteAddr: '127.0.0.1',
    });
  },
  'W-098 trusted_proxy_count': async () =>
    expect(
      (await ask({ ...trusted, trusted_proxy_count: '2' }, get('/', 'X-Forwarded-For: 192.0.2.1, 192.0.2.2')))
        .seen,
    ).toMatchObject({ remoteAddr: '192.0.2.1' }),
  'W-099 trusted_proxy_headers': async () =>
    expect(
      (
        await ask(
          { ...trusted, trusted_proxy_headers: 'x-forwarded-proto' },
          get('/', 'X-Forwarded-Proto: https'),
        )
      ).seen,
    ).toMatchObject({ scheme: 'https', remoteAddr: '127.0.0.1' }),
  'W-101 clear_untrusted_proxy_headers': async () => {
    const bytes = get('/', 'X-Forwarded-For: 192.0.2.1');
    expect((await ask({}, bytes)).seen).toMatchObject({ forwarded: null });
    expect((await ask({ clear_untrusted_proxy_headers: 'no' }, bytes)).seen).toMatchObject({
      forwarded: '192.0.2.1',
    });
  },
  'W-102 url_scheme': async () =>
    expect((await ask({ url_scheme: 'https' }, get('/a'))).seen).toMatchObject({
      scheme: 'https',
      url: 'https://site.test/a',
    }),
  'W-103 url_prefix': async () => {
    expect((await ask({ url_prefix: '/shop/' }, get('/shop/a'))).seen).toMatchObject({
      scriptName: '/shop',
      pathInfo: '/a',
    });
    expect((await ask({ url_prefix: 'shop' }, get('/shop'))).seen).toMatchObject({
      scriptName: '/shop',
      pathInfo: '',
    });
    expect((await ask({ url_prefix: 'shop' }, get('/shopping'))).seen).toMatchObject({
      pathInfo: '/shopping',
    });
  },
  'W-104 ident': async () => {
    expect((await ask({}, get('/'))).server).toBe('waitress');
    expect((await ask({ ident: 'Shop/1' }, get('/'))).server).toBe('Shop/1');
    expect((await ask({ ident: '' }, get('/'))).server).toBeUndefined();
  },
  'W-105 server_name': async () => {
    expect((await ask({}, 'GET / HTTP/1.0\r\n\r\n')).seen).toMatchObject({ serverName: 'waitress.invalid' });
    expect((await ask({ server_name: 'shop' }, 'GET / HTTP/1.0\r\n\r\n')).seen).toMatchObject({
      serverName: 'shop',
    });
  },
  'W-106 backlog': async () => {
    const listen = vi.spyOn(net.Server.prototype, 'listen');
    await start({ backlog: '17' });
    expect(listen.mock.calls[0]![0]).toMatchObject({ backlog: 17 });
  },
  'W-109 outbuf_overflow': () => waitsAt({ outbuf_overflow: '1' }),
  'W-110 outbuf_high_watermark': () => waitsAt({ outbuf_high_watermark: '1' }),
  'W-112 connection_limit': async () => {
    const server = await start({ connection_limit: '1' });
    const [first, second] = [new RawClient(server), new RawClient(server)];
    clients.push(first, second);
    await first.send(get('/')).answer();
    const answer = second.send(get('/')).answer();
    await turns(20);
    first.destroy();
    expect((await answer)!.status).toBe(200);
  },
  'W-111 inbuf_overflow': async () => {
    const bytes = request('/keep', [], 'abcd');
    expect((await ask({ inbuf_overflow: '4' }, bytes)).seen).toBe('memory');
    expect((await ask({ inbuf_overflow: '3' }, bytes)).seen).toBe('file');
  },
  'W-113 cleanup_interval, W-114 channel_timeout': async () => {
    const client = new RawClient(await start({ cleanup_interval: '1', channel_timeout: '1' }));
    clients.push(client);
    await client.send(get('/')).answer();
    await client.ended;
  },
  'W-116 max_request_header_size': async () => {
    const bytes = get('/', `X: ${'x'.repeat(1000)}`);
    expect((await ask({ max_request_header_size: '900' }, bytes)).status).toBe(431);
    expect((await ask({ max_request_header_size: '1200' }, bytes)).status).toBe(200);
  },
  'W-117 max_request_body_size': async () => {
    expect((await ask({ max_request_body_size: '3' }, request('/', [], 'abcd'))).status).toBe(413);
    expect((await ask({ max_request_body_size: '4' }, request('/', [], 'abcd'))).status).toBe(200);
  },
  'W-118 expose_tracebacks': async () => {
    for (const [expose_tracebacks, shown] of [
      ['on', true],
      ['off', false],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop
      const server = await start({ expose_tracebacks }, () => {
        throw new Error('a detail');
      });
      const client = new RawClient(server);
      clients.push(client);
      // oxlint-disable-next-line no-await-in-loop
      expect((await client.send(get('/')).answer())!.body.includes('a detail')).toBe(shown);
    }
  },
  'W-121 channel_request_lookahead (a client that leaves is noticed without it)': async () => {
    const left = deferred();
    const begun = deferred();
    const server = await start({}, (incoming: Request) => {
      incoming.signal.addEventListener('abort', () => left.resolve());
      begun.resolve();
      return new Promise(() => undefined) as unknown as Response;
    });
    const client = new RawClient(server).send(get('/'));
    await begun.promise;
    client.destroy();
    await left.promise;
  },
};

/** A streaming answer waits for its client once so much is unsent. */
async function waitsAt(given: Given): Promise<void> {
  let made = 0;
  const body = async function* () {
    for (; made < 1000; made++) yield new Uint8Array(65_536);
  };
  const client = new RawClient(await start(given, () => new GatewayResponse(body())));
  clients.push(client);
  client.socket.pause();
  client.send(get('/'));
  await turns(200);
  expect(made).toBeLessThan(200);
}

it.each(Object.entries(EFFECTS))('%s', (_row, check) => check());

it.each([
  ['W-096', 'threads', '4'],
  ['W-107', 'recv_bytes', '4096'],
  ['W-108', 'send_bytes', '18000'],
  ['W-119', 'asyncore_loop_timeout', '2'],
  ['W-120', 'asyncore_use_poll', 'true'],
  ['W-121', 'channel_request_lookahead', '1'],
])('%s %s says at start that it changes nothing, and why', (_row, name, text) => {
  expect(settingsWithoutEffect({ [name]: text })).toEqual([
    expect.stringMatching(new RegExp(`^${name}.* no effect.*: .{10}`)),
  ]);
});

it('W-095 sockets and W-122 unknown settings are refused', async () => {
  await expect(serve(facts, { sockets: '3' })).rejects.toMatchObject({ setting: 'sockets' });
  await expect(serve(facts, { thread: '3' })).rejects.toMatchObject({
    setting: 'thread',
    message: "Unknown adjustment 'thread'",
  });
});

it('has a row here or a test among the reports for every setting', () => {
  const named = new Set([
    ...Object.keys(EFFECTS).flatMap((row) => row.match(/[a-z][a-z_0-9]+/g)!),
    ...Object.keys(SETTINGS).filter((name) => settingsWithoutEffect({ [name]: '7' }).length > 0),
    // W-100 and W-115 are logged: servers-limits.test.ts.
    'log_untrusted_proxy_headers',
    'log_socket_errors',
  ]);
  expect(Object.keys(SETTINGS).filter((name) => !named.has(name))).toEqual([]);
});
