import { describe, expect, it } from 'vitest';
import { createCascade, createPrefixFilter, createUrlMap, type Application } from '../../src/paste/index.ts';
import { environOf, withEnviron } from '../../src/paste/gateway/environ.ts';

const request = (pathInfo: string, headers: Record<string, string> = {}) =>
  withEnviron(new Request('http://site.test/', { headers: { host: 'site.test', ...headers } }), {
    scriptName: '',
    pathInfo,
    scheme: 'http',
  });

const named =
  (name: string): Application =>
  (incoming) => {
    const { scriptName, pathInfo } = environOf(incoming);
    return new Response(`${name} ${scriptName} ${pathInfo}`);
  };

const text = async (response: Response | Promise<Response>) => (await response).text();

describe('a map of URLs', () => {
  const map = createUrlMap([
    { domain: null, path: '/a b', app: named('blank') },
    { domain: null, path: '/é', app: named('letter') },
    { domain: null, path: '/x', app: named('x') },
    { domain: '[::1]:8080', path: '', app: named('six') },
    { domain: 'Shop.Test', path: '/x', app: named('shop') },
  ]);

  it.each([
    ['/a%20b/c', 'blank /a%20b /c'],
    ['/%C3%A9', 'letter /%C3%A9 '],
    ['/%c3%a9/1', 'letter /%c3%a9 /1'],
    ['/%78/y%2Fz', 'x /%78 /y%2Fz'],
    ['/x%2Fy', 'x /x /y'],
    ['//x///y', 'x /x /y'],
  ])('compares %s as it decodes and keeps the rest encoded', async (path, answer) => {
    expect(await text(map(request(path)))).toBe(answer);
  });

  it.each(['/xy', '/a', '/', '', '/%', '/x%zz'])('answers %j with 404', async (path) => {
    expect((await map(request(path))).status).toBe(404);
  });

  it('does not show the path or the other applications in its 404', async () => {
    const body = await text(map(request('/%3Cscript%3E')));
    expect(body).not.toMatch(/script|\/x|é/);
  });

  it('takes hosts without case, with ports and as IPv6 addresses', async () => {
    expect(await text(map(request('/x', { host: 'SHOP.test:81' })))).toBe('shop /x ');
    expect(await text(map(request('/x', { host: '[::1]:8080' })))).toBe('six  /x');
    expect(await text(map(request('/x', { host: '[::1]' })))).toBe('x /x ');
  });

  it('leaves the request as it was', async () => {
    const incoming = request('/x/y');
    await map(incoming);
    expect(environOf(incoming)).toMatchObject({ scriptName: '', pathInfo: '/x/y' });
  });
});

describe('a cascade', () => {
  const status = (code: number, seen: string[] = []): Application => {
    return async (incoming) => {
      seen.push(await incoming.text());
      return new Response(`from ${code}`, { status: code });
    };
  };
  const post = (body: string) => new Request('http://site.test/', { method: 'POST', body });

  it('answers with the first status that is not caught', async () => {
    const app = createCascade([status(404), status(403), status(200), status(201)], new Set([404, 403]));
    expect(await text(app(request('/')))).toBe('from 200');
  });

  it('answers with what the last one says', async () => {
    const app = createCascade([status(404), status(404)], new Set([404]));
    expect((await app(request('/'))).status).toBe(404);
  });

  it('goes on after an exception with a caught status, and only then', async () => {
    const raise = (code: number): Application => {
      return () => {
        throw Object.assign(new Error('raised'), { status: code });
      };
    };
    expect((await createCascade([raise(404), status(200)], new Set([404]))(request('/'))).status).toBe(200);
    await expect(createCascade([raise(500), status(200)], new Set([404]))(request('/'))).rejects.toThrow(
      'raised',
    );
  });

  it.each([
    ['small', 'x'.repeat(10)],
    ['large', 'y'.repeat(3_000_000)],
  ])('gives each the whole %s body', async (_name, body) => {
    const seen: string[] = [];
    const app = createCascade([status(404, seen), status(404, seen), status(200, seen)], new Set([404]));
    await app(post(body));
    expect(seen.map((text) => text === body)).toEqual([true, true, true]);
  });

  it('keeps what one application does to the facts of a request from the next', async () => {
    const meddle: Application = (incoming) => {
      environOf(incoming).remoteUser = 'mallory';
      environOf(incoming).extra.set('x', 1);
      return new Response(null, { status: 404 });
    };
    const look: Application = (incoming) =>
      Response.json([environOf(incoming).remoteUser, environOf(incoming).extra.size]);
    const incoming = withEnviron(request('/'), { remoteUser: '' });
    expect(JSON.parse(await text(createCascade([meddle, look], new Set([404]))(incoming)))).toEqual(['', 0]);
  });
});

describe('the prefix filter', () => {
  const show: Application = (incoming) => {
    const { scriptName, pathInfo, serverPort, scheme, remoteAddr } = environOf(incoming);
    const headers = Object.fromEntries(incoming.headers);
    return Response.json({ scriptName, pathInfo, serverPort, scheme, remoteAddr, headers });
  };
  const usual = { prefix: '/', forcePort: null, scheme: null, translateForwarded: true };
  const answer = async (settings: Partial<typeof usual> | { forcePort: string }, incoming: Request) =>
    JSON.parse(await text(createPrefixFilter(show, { ...usual, ...settings })(incoming))) as Record<
      string,
      unknown
    >;

  it('takes forwarded headers away when it has believed them', async () => {
    const got = await answer(
      {},
      request('/', { 'x-forwarded-host': 'a.test, b.test', 'x-forwarded-for': '10.1.1.1, ::1' }),
    );
    expect(got).toMatchObject({ remoteAddr: '10.1.1.1', headers: { host: 'a.test' } });
    expect(Object.keys(got['headers'] as object)).toEqual(['host']);
  });

  it('believes nothing when told so', async () => {
    const got = await answer(
      { translateForwarded: false },
      request('/', { 'x-forwarded-host': 'evil.test' }),
    );
    expect(got).toMatchObject({ headers: { host: 'site.test', 'x-forwarded-host': 'evil.test' } });
  });

  it.each([
    ['8443', '8443', 'site.test:8443'],
    ['', '80', 'site.test'],
  ])('forces the port %j', async (forcePort, serverPort, host) => {
    const got = await answer({ forcePort }, request('/', { host: 'site.test:9000' }));
    expect(got).toMatchObject({ serverPort, headers: { host } });
  });

  it('takes the prefix as text, not as a pattern', async () => {
    expect(await answer({ prefix: '/a.c' }, request('/abc/d'))).toMatchObject({
      scriptName: '/a.c',
      pathInfo: '/abc/d',
    });
    expect(await answer({ prefix: '/a.c/' }, request('/a.c'))).toMatchObject({ pathInfo: '/' });
  });

  it('is idle without any of them', async () => {
    const incoming = request('/x');
    expect(await answer({}, incoming)).toMatchObject({ scriptName: '', pathInfo: '/x', scheme: 'http' });
  });
});
