/** Requests and answers of the gateway: what a global `Request` and `Response` do, and the facts beside them. */
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:http';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  type Application,
  environOf,
  GatewayRequest,
  GatewayResponse,
  HTTP_EXCEPTIONS,
  HTTPException,
  httpExceptionByName,
  NotFound,
  Redirect,
  type RunningServer,
  serve,
  setFailurePage,
  toFetchHandler,
  toNodeListener,
  Unauthorized,
  withEnviron,
  withHeaders,
} from '../../src/paste/index.ts';
import { partsOf } from '../../src/paste/gateway/body-parts.ts';
import { RawClient, request, turns } from './servers-client.ts';

const running: { close(): unknown }[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()));
});

async function start(app: Application, settings: Record<string, string> = {}): Promise<RunningServer> {
  const server = await serve(app, { host: '127.0.0.1', port: '0', ...settings });
  running.push({ close: () => server.close(0) });
  return server;
}

/** What `look` sees of a request that really came over a socket. */
async function see<T>(look: (incoming: Request) => T | Promise<T>, text = request('/')): Promise<T> {
  let seen: T | undefined;
  const server = await start(async (incoming) => {
    seen = await look(incoming);
    return new GatewayResponse('');
  });
  const client = new RawClient(server).send(text);
  const answer = await client.answer();
  client.destroy();
  expect(answer!.status).toBe(200);
  return seen!;
}

const own = (incoming: Request) => incoming as unknown as GatewayRequest;

describe('a request', () => {
  const posted = request(
    '/a%20b/c?d=e',
    ['X-Two: 1', 'X-Two: 2', 'Content-Type: application/json'],
    '{"a":1}',
  );

  it('passes for a global Request', async () => {
    const seen = await see(async (incoming) => {
      const { method, url, headers, body, bodyUsed, cache, mode, redirect } = incoming;
      const facts = {
        method,
        url,
        two: headers.get('x-two'),
        hasBody: body !== null,
        bodyUsed,
        cache,
        mode,
        redirect,
      };
      return {
        ...facts,
        isRequest: incoming instanceof Request,
        tag: String(incoming),
        bodyToo: await new Response(body).text(),
      };
    }, posted);
    expect(seen).toEqual({
      method: 'POST',
      url: 'http://site.test/a%20b/c?d=e',
      two: '1, 2',
      hasBody: true,
      bodyUsed: false,
      cache: 'default',
      mode: 'cors',
      redirect: 'follow',
      isRequest: true,
      tag: '[object Request]',
      bodyToo: '{"a":1}',
    });
  });

  it.each<[string, (incoming: Request) => Promise<unknown>, unknown]>([
    ['text', (incoming) => incoming.text(), '{"a":1}'],
    ['json', (incoming) => incoming.json(), { a: 1 }],
    ['arrayBuffer', async (incoming) => (await incoming.arrayBuffer()).byteLength, 7],
    ['blob', async (incoming) => (await incoming.blob()).type, 'application/json'],
    ['readBody', async (incoming) => Buffer.from(await own(incoming).readBody()).toString(), '{"a":1}'],
    [
      'nodeBody',
      async (incoming) => Buffer.concat(await own(incoming).nodeBody.toArray()).toString(),
      '{"a":1}',
    ],
    [
      'clone',
      async (incoming) => [await incoming.clone().text(), await incoming.text()],
      ['{"a":1}', '{"a":1}'],
    ],
  ])('gives its body by %s', async (_name, read, expected) => {
    expect(await see(read, request('/', ['Content-Type: application/json'], '{"a":1}'))).toEqual(expected);
  });

  it('gives a form', async () => {
    const boundary = 'xx';
    const body = `--${boundary}\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--${boundary}--\r\n`;
    const form = await see(
      (incoming) => incoming.formData(),
      request('/', [`Content-Type: multipart/form-data; boundary=${boundary}`], body),
    );
    expect([...form]).toEqual([['a', '1']]);
  });

  it('has no body where there is none', async () => {
    expect(await see(async (incoming) => [incoming.body, await incoming.text()])).toEqual([null, '']);
  });

  it('gives the same bytes to all requests that are derived from it', async () => {
    const seen = await see(
      async (incoming) => {
        const derived = withEnviron(incoming, { scriptName: '/x', pathInfo: '/y' });
        return [await derived.text(), await incoming.text(), await derived.text(), incoming.bodyUsed];
      },
      request('/', [], 'body'),
    );
    expect(seen).toEqual(['body', 'body', 'body', true]);
  });

  it('refuses to be read in two ways at a time', async () => {
    await see(
      async (incoming) => {
        const stream = own(incoming).nodeBody;
        expect(() => incoming.body).toThrow('Body is unusable');
        await expect(incoming.text()).rejects.toThrow('Body is unusable');
        stream.destroy();
      },
      request('/', [], 'body'),
    );
  });

  it('may be cancelled, and the connection goes on', async () => {
    const server = await start(async (incoming) => {
      await incoming.body?.cancel();
      return new GatewayResponse('cancelled');
    });
    const client = new RawClient(server).send(request('/', [], 'x'.repeat(10_000)) + request('/', [], 'y'));
    expect((await client.answer())!.body).toBe('cancelled');
    expect((await client.answer())!.body).toBe('cancelled');
    client.destroy();
  });

  it('has facts beside it', async () => {
    const { extra, ...facts } = await see(
      (incoming) => ({ ...environOf(incoming) }),
      request('//a/../b%2Fc?d#e'),
    );
    expect(extra).toBeInstanceOf(Map);
    expect(facts).toEqual({
      scriptName: '',
      pathInfo: '/a/../b%2Fc',
      queryString: 'd',
      rawTarget: '//a/../b%2Fc?d#e',
      serverName: 'waitress.invalid',
      serverPort: expect.stringMatching(/^\d+$/) as string,
      scheme: 'http',
      remoteAddr: '127.0.0.1',
      remotePort: expect.stringMatching(/^\d+$/) as string,
      serverProtocol: 'HTTP/1.1',
      remoteUser: '',
    });
  });

  it('can have other facts and other headers, and tells about the user where it came from', async () => {
    const seen = await see((incoming) => {
      const moved = withEnviron(incoming, { scriptName: '/shop', pathInfo: '/a', scheme: 'https' });
      const hosted = withHeaders(moved, new Headers({ host: 'shop.test' }));
      environOf(hosted).remoteUser = 'ann';
      const isolated = withEnviron(incoming, {}, { isolated: true });
      environOf(isolated).remoteUser = 'bob';
      return {
        first: incoming.url,
        moved: moved.url,
        hosted: hosted.url,
        header: own(hosted).header('host'),
        method: hosted.method,
        user: environOf(incoming).remoteUser,
        isOwn: hosted instanceof GatewayRequest,
      };
    });
    expect(seen).toEqual({
      first: 'http://site.test/',
      moved: 'https://site.test/shop/a',
      hosted: 'https://shop.test/shop/a',
      header: 'shop.test',
      method: 'GET',
      user: 'ann',
      isOwn: true,
    });
  });

  it('of another host has the facts that its URL tells', () => {
    const foreign = new Request('https://site.test:8443/a%20b?c', { headers: { host: 'x' } });
    expect(environOf(foreign)).toMatchObject({
      scriptName: '',
      pathInfo: '/a%20b',
      queryString: 'c',
      serverName: 'site.test',
      serverPort: '8443',
      scheme: 'https',
    });
    const moved = withHeaders(withEnviron(foreign, { scriptName: '/s' }), new Headers({ a: 'b' }));
    expect(environOf(moved).scriptName).toBe('/s');
    expect([moved.headers.get('a'), moved.method, moved instanceof Request]).toEqual(['b', 'GET', true]);
    environOf(moved).remoteUser = 'ann';
    expect(environOf(foreign).remoteUser).toBe('ann');
  });
});

describe('an answer', () => {
  it('passes for a global Response', async () => {
    const answer = new GatewayResponse('{"a":1}', {
      status: 201,
      headers: ['X-A', '1', 'Set-Cookie', 'a', 'Set-Cookie', 'b'],
    }) as unknown as Response;
    expect(answer).toBeInstanceOf(Response);
    expect([answer.status, answer.ok, answer.type, answer.redirected, answer.url]).toEqual([
      201,
      true,
      'default',
      false,
      '',
    ]);
    expect(answer.headers.getSetCookie()).toEqual(['a', 'b']);
    expect(await answer.clone().text()).toBe('{"a":1}');
    expect(await answer.json()).toEqual({ a: 1 });
    expect(answer.bodyUsed).toBe(true);
  });

  it('sends its headers as they were given unless somebody changed them', () => {
    const answer = new GatewayResponse('', { headers: ['X-b', '1', 'x-A', '2'] });
    expect(answer.headers.get('x-a')).toBe('2');
    expect(answer.flatHeaders()).toEqual(['X-b', '1', 'x-A', '2']);
    answer.headers.set('x-a', '3');
    expect(answer.flatHeaders()).toEqual(['x-a', '3', 'x-b', '1']);
    expect(answer.header('x-a')).toBe('3');
  });

  it('becomes a global Response for other hosts', async () => {
    const parts = async function* () {
      yield 'a';
      yield new Uint8Array([98]);
    };
    expect(await new GatewayResponse(parts()).toStandard().text()).toBe('ab');
    expect(await new GatewayResponse(new Uint8Array([99])).toStandard().text()).toBe('c');
    expect((await new GatewayResponse('x', { status: 304 }).toStandard()).body).toBeNull();
  });
});

describe('a body in parts that nobody wants any more', () => {
  it('ends at once where it is a stream of Node, also when a part of it is awaited', async () => {
    const stream = new Readable({ read: () => undefined });
    const parts = partsOf(stream);
    const next = parts.next();
    parts.cancel();
    expect(stream.destroyed).toBe(true);
    await expect(next).rejects.toThrow();
  });

  it('may have an end that fails, or is no promise', async () => {
    for (const end of [() => undefined, () => Promise.reject(new Error('no')), () => expect.fail('no')]) {
      const next = async () => ({ done: false, value: 'x' });
      const parts = partsOf({ [Symbol.asyncIterator]: () => ({ next, return: end as never }) });
      await parts.next();
      parts.cancel();
    }
    await new Promise((resolve) => setImmediate(resolve));
  });
});

describe('a part of a file', () => {
  let folder: string;
  let file: string;
  const content = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i % 251));
  beforeAll(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'files-'));
    file = path.join(folder, 'a.bin');
    writeFileSync(file, content);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const get = async (body: ConstructorParameters<typeof GatewayResponse>[0], method = 'GET') => {
    const server = await start(() => new GatewayResponse(body));
    const client = new RawClient(server).send(request('/', [], undefined, method));
    const answer = (await client.answer(method))!;
    client.destroy();
    return {
      status: answer.status,
      length: answer.headers.get('content-length'),
      body: Buffer.from(answer.body, 'latin1'),
    };
  };

  it.each([
    [undefined, undefined],
    [0, 10],
    [1000, 2000],
    [1000, 200_000],
    [299_990, undefined],
    [10, 10],
  ])('is sent from %s to %s with its length', async (start_, end) => {
    const region = {
      file,
      ...(start_ === undefined ? {} : { start: start_ }),
      ...(end === undefined ? {} : { end }),
    };
    const expected = content.subarray(start_ ?? 0, end ?? content.length);
    const answer = await get(region);
    expect(answer.length).toBe(String(expected.length));
    expect(answer.body.equals(expected)).toBe(true);
    expect(Buffer.from(await new GatewayResponse(region).arrayBuffer()).equals(expected)).toBe(true);
  });

  it('may be of an open file, which stays open', async () => {
    const fd = openSync(file, 'r');
    expect((await get({ file: fd })).body.equals(content)).toBe(true);
    expect((await get({ file: fd, end: 3 })).body.equals(content.subarray(0, 3))).toBe(true);
    closeSync(fd);
  });

  it('is not read for HEAD', async () => {
    expect(await get({ file, end: 1000 }, 'HEAD')).toMatchObject({ length: '1000', body: Buffer.alloc(0) });
  });

  it('answers 500 where there is no such file, or not so much of it', async () => {
    expect((await get({ file: path.join(folder, 'none') })).status).toBe(500);
    expect((await get({ file, start: 299_999, end: 300_010 })).status).toBe(500);
  });
});

describe('exceptions that are answers', () => {
  it('are there under all names of zExceptions', () => {
    expect(HTTP_EXCEPTIONS.size).toBe(66);
    for (const [name, status] of [
      ['HTTPFound', 302],
      ['HTTPLocked', 423],
      ['HTTPInternalServerError', 500],
      ['HTTPImATeapot', 418],
      ['HTTPNetworkAuthenticationRequired', 511],
    ] as const)
      expect(httpExceptionByName(name, 'x')!.status).toBe(status);
    expect(httpExceptionByName('constructor', 'x')).toBeUndefined();
  });

  it('escape their message and their title, not their detail', async () => {
    const text = (exception: HTTPException) => exception.toResponse().text();
    expect(await text(new NotFound('<b>&'))).toContain('&lt;b&gt;&amp;');
    expect(await text(new NotFound('', { title: '<i>', detail: '<p>d</p>' }))).toMatch(
      /<strong>&lt;i&gt;<\/strong>[\s\S]*<p>d<\/p>/,
    );
    expect(await text(new NotFound(''))).toBe('');
  });

  it('redirect to any text without opening the header', () => {
    const { headers } = new Redirect('http://x.test/ä b\r\nSet-Cookie: a');
    expect(headers).toEqual({ Location: 'http://x.test/%C3%A4%20b%0D%0ASet-Cookie:%20a' });
    expect(new Redirect('/a', 301).toResponse().status).toBe(301);
    expect(httpExceptionByName('HTTPSeeOther', '/b')!.headers).toEqual({ Location: '/b' });
  });

  it('ask for a login where a realm is set', () => {
    expect(new Unauthorized('please log in').headers).toEqual({});
    expect(new Unauthorized('please log in', { realm: 'Back "Office"' }).headers).toEqual({
      'WWW-Authenticate': 'basic realm="Back Office"',
    });
    expect(new Unauthorized('vault').message).toBe("You are not allowed to access 'vault' in this context");
    expect(new Unauthorized('vault').deniedName).toBe('vault');
  });

  it.each([204, 205, 304])('have no body with %i', async (status) => {
    const response = new HTTPException(status, 'x').toResponse();
    expect(await response.text()).toBe('');
    expect(response.headers.get('content-type')).toBeNull();
  });
});

describe('other hosts', () => {
  it('give the number of an error that the application has told of, and nothing else', async () => {
    const fails = () => {
      const error = new Error('a secret');
      setFailurePage(error, { text: 'Error number 7', html: () => '<p>7' });
      throw error;
    };
    const answer = await toFetchHandler(fails)(new Request('http://site.test/'));
    expect([answer.status, await answer.text()]).toEqual([500, 'Error number 7']);
    const server = createServer(toNodeListener(fails));
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    running.push({ close: () => server.close() });
    const seen = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    expect([seen.status, await seen.text()]).toEqual([500, 'Error number 7']);
  });

  it('can hand errors to a page of their own', async () => {
    const failing: Application = () => {
      throw new Error('no');
    };
    const handler = toFetchHandler(failing, { onError: () => new GatewayResponse('sorry', { status: 503 }) });
    const answer = await handler(new Request('http://site.test/'));
    expect([answer.status, await answer.text(), answer.constructor]).toEqual([503, 'sorry', Response]);
    const listener = toNodeListener(failing, {
      onError: (_error, _incoming, outgoing) => outgoing.writeHead(503).end('sorry'),
    });
    const server = createServer(listener);
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    running.push({ close: () => server.close() });
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    expect([response.status, await response.text()]).toEqual([503, 'sorry']);
  });

  it('limit bodies', async () => {
    const server = createServer(
      toNodeListener(async (incoming) => new GatewayResponse(await incoming.text()), { bodyLimit: 3 }),
    );
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    running.push({ close: () => server.close() });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect((await fetch(url, { method: 'POST', body: 'abcd' })).status).toBe(413);
    expect(await (await fetch(url, { method: 'POST', body: 'abc' })).text()).toBe('abc');
  });

  it('may speak HTTP/2', async () => {
    const listener = toNodeListener(async (incoming) => {
      const { pathInfo } = environOf(incoming);
      if (pathInfo === '/broken') {
        return new GatewayResponse(
          (async function* () {
            yield 'begun';
            await turns(5);
            throw new Error('broken');
          })(),
        );
      }
      const body = `${incoming.method} ${incoming.url} ${incoming.headers.get('x-a')} ${await incoming.text()}`;
      return new GatewayResponse(body, {
        status: 201,
        statusText: 'Made',
        headers: ['X-B', '1', 'Connection', 'close'],
      });
    });
    const server = http2.createServer(listener as unknown as Parameters<typeof http2.createServer>[1]);
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const session = http2.connect(`http://127.0.0.1:${port}`);
    const ask = async (method: string, target: string, body?: string) => {
      const stream = session.request(
        { ':method': method, ':path': target, 'x-a': '1' },
        { endStream: body === undefined },
      );
      if (body !== undefined) stream.end(body);
      const [headers] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders];
      return { headers, body: Buffer.concat(await stream.toArray()).toString() };
    };
    try {
      const get = await ask('GET', '/a?b');
      expect(get.headers).toMatchObject({
        ':status': 201,
        'x-b': '1',
        'content-length': String(get.body.length),
      });
      expect(get.body).toBe(`GET http://127.0.0.1:${port}/a?b 1 `);
      expect((await ask('POST', '/a', 'body')).body).toBe(`POST http://127.0.0.1:${port}/a 1 body`);
      await expect(ask('GET', '/broken')).rejects.toThrow('INTERNAL_ERROR');
    } finally {
      session.destroy();
      server.close();
    }
  });

  it('tell what they know of a request', async () => {
    const handler = toFetchHandler((incoming) => new GatewayResponse(environOf(incoming).remoteAddr));
    expect(await (await handler(new Request('http://site.test/'), { remoteAddr: '192.0.2.1' })).text()).toBe(
      '192.0.2.1',
    );
  });
});
