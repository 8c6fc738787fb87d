/** `egg:PasteDeploy#prefix`: a site behind a proxy, as the application sees its requests. */
import { afterEach, describe, expect, it } from 'vitest';
import { createPrefixFilter, type PrefixSettings } from '../../src/paste/filters/prefix.ts';
import {
  environOf,
  GatewayRequest,
  GatewayResponse,
  type RunningServer,
  serve,
} from '../../src/paste/index.ts';

const settings: PrefixSettings = { prefix: '/', forcePort: null, scheme: null, translateForwarded: true };

/** What an application may ask a request for. */
function report(request: Request): Record<string, unknown> {
  const { scriptName, pathInfo, remoteAddr, scheme, serverPort } = environOf(request);
  return {
    host: request.headers.get('host'),
    fastHost: request instanceof GatewayRequest ? request.header('host') : undefined,
    forwarded: request.headers.get('x-forwarded-host'),
    fastForwarded:
      request instanceof GatewayRequest ? (request.header('x-forwarded-host') ?? null) : undefined,
    url: request.url,
    scriptName,
    pathInfo,
    remoteAddr,
    scheme,
    serverPort,
  };
}

let server: RunningServer | undefined;

afterEach(async () => {
  await server?.close(0);
  server = undefined;
});

async function throughServer(
  changes: Partial<PrefixSettings>,
  path: string,
  headers: Record<string, string>,
  init: RequestInit = {},
): Promise<Record<string, unknown>> {
  const app = createPrefixFilter(
    async (request) =>
      new GatewayResponse(JSON.stringify({ ...report(request), body: await request.text() }), {
        headers: ['Content-Type', 'application/json'],
      }),
    { ...settings, ...changes },
  );
  server = await serve(app, { host: '127.0.0.1', port: '0', clear_untrusted_proxy_headers: 'false' });
  const response = await fetch(new URL(path, server.urls[0]), { ...init, headers });
  return (await response.json()) as Record<string, unknown>;
}

describe('the prefix filter', () => {
  it('shows the forwarded host by every way to read a header', async () => {
    const seen = await throughServer({}, '/a', { 'X-Forwarded-Host': 'shop.test, inner.test' });
    expect(seen).toMatchObject({
      host: 'shop.test',
      fastHost: 'shop.test',
      forwarded: null,
      fastForwarded: null,
      url: 'http://shop.test/a',
    });
  });

  it('moves the prefix from the path to the script name', async () => {
    const seen = await throughServer({ prefix: '/site/' }, '/site/page', { 'X-Forwarded-Host': 'shop.test' });
    expect(seen).toMatchObject({ scriptName: '/site', pathInfo: '/page', url: 'http://shop.test/site/page' });
  });

  it('takes client and scheme from the proxy', async () => {
    const seen = await throughServer({}, '/', {
      'X-Forwarded-For': '192.0.2.7, 10.0.0.1',
      'X-Forwarded-Proto': 'https',
      'X-Forwarded-Host': 'shop.test',
    });
    expect(seen).toMatchObject({ remoteAddr: '192.0.2.7', scheme: 'https', url: 'https://shop.test/' });
  });

  it('believes nothing when told not to', async () => {
    const seen = await throughServer({ translateForwarded: false }, '/', { 'X-Forwarded-Host': 'evil.test' });
    expect(seen.fastHost).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(seen).toMatchObject({ forwarded: 'evil.test', remoteAddr: '127.0.0.1' });
  });

  it('forces a port onto the host', async () => {
    const seen = await throughServer({ forcePort: '8443', scheme: 'https' }, '/', {
      'X-Forwarded-Host': 'shop.test',
    });
    expect(seen).toMatchObject({
      fastHost: 'shop.test:8443',
      serverPort: '8443',
      url: 'https://shop.test:8443/',
    });
  });

  it('leaves the body readable', async () => {
    const seen = await throughServer(
      {},
      '/',
      { 'X-Forwarded-Host': 'shop.test' },
      { method: 'POST', body: 'tea' },
    );
    expect(seen.body).toBe('tea');
  });

  it('treats a request of another host in the same way', () => {
    let seen: Record<string, unknown> = {};
    const app = createPrefixFilter((request) => {
      seen = report(request);
      return new GatewayResponse('');
    }, settings);
    void app(new Request('http://inner.test/a', { headers: { 'x-forwarded-host': 'shop.test' } }));
    expect(seen).toMatchObject({ host: 'shop.test', forwarded: null, pathInfo: '/a' });
  });
});
