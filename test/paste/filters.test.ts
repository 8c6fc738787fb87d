/** The filters that a pipeline can name (INVENTORY 1.1, 1.4). */
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { contentLength } from '../../src/paste/filters/content-length.ts';
import { gzip, takesGzip } from '../../src/paste/filters/gzip.ts';
import { httpExceptions } from '../../src/paste/filters/http-exceptions.ts';
import { percentQuote } from '../../src/paste/filters/percent-quote.ts';
import { transLogger } from '../../src/paste/filters/translogger.ts';
import {
  type Application,
  environOf,
  GatewayResponse,
  loggingRuntime,
  NotFound,
  pythonLogger,
  resetLogging,
  serve,
} from '../../src/paste/index.ts';
import { RawClient, request } from './servers-client.ts';

const ask = (url = 'http://site.test/', headers: Record<string, string> = {}, method = 'GET') =>
  new Request(url, { headers, method });
const takes = { 'accept-encoding': 'br, gzip;q=0.5' };
const page = 'all work and no play '.repeat(100);

describe('gzip', () => {
  const answering = (app: () => Response | Promise<Response>, settings: Record<string, string> = {}) =>
    gzip(app, {}, settings);
  const html =
    (body: ConstructorParameters<typeof GatewayResponse>[0], ...headers: string[]) =>
    () =>
      new GatewayResponse(body, { headers: ['Content-Type', 'text/html', ...headers] });
  const unpacked = async (response: Response) =>
    gunzipSync(new Uint8Array(await response.arrayBuffer())).toString();

  it('compresses for clients that take it, and tells caches', async () => {
    const response = await answering(html(page, 'Content-Length', '2100', 'ETag', '"a"', 'Vary', 'Cookie'))(
      ask(undefined, takes),
    );
    expect(Object.fromEntries(response.headers)).toEqual({
      'content-type': 'text/html',
      'content-encoding': 'gzip',
      etag: 'W/"a"',
      vary: 'Cookie, Accept-Encoding',
    });
    expect(await unpacked(response)).toBe(page);
  });

  it('leaves the body to others, and tells caches as well', async () => {
    const response = await answering(html(page, 'ETag', '"a"'))(ask());
    expect(response.headers.get('vary')).toBe('Accept-Encoding');
    expect(response.headers.get('etag')).toBe('"a"');
    expect(await response.text()).toBe(page);
  });

  it.each<[string, () => Response]>([
    ['a tiny body', html('tiny')],
    ['a body that is compressed already', html(page, 'Content-Encoding', 'br')],
    ['an image', () => new GatewayResponse(page, { headers: ['Content-Type', 'image/png'] })],
    ['a body without a type', () => new GatewayResponse(page)],
    ['a part', () => new GatewayResponse(page, { status: 206, headers: ['Content-Type', 'text/plain'] })],
    ['what must not be transformed', html(page, 'Cache-Control', 'no-transform')],
    ['no content', () => new GatewayResponse(null, { status: 204, headers: ['Content-Type', 'text/html'] })],
  ])('does not compress %s', async (_about, app) => {
    const response = await answering(app)(ask(undefined, takes));
    expect(response.headers.get('content-encoding')).not.toBe('gzip');
  });

  it('leaves the length of an answer to HEAD alone', async () => {
    const response = await answering(html(null, 'Content-Length', '2100'))(ask(undefined, takes, 'HEAD'));
    expect(response.headers.get('content-length')).toBe('2100');
    expect((response as unknown as GatewayResponse).rawBody).toBeNull();
  });

  it('compresses errors, large bodies, SVG and global Responses', async () => {
    const large = page.repeat(50);
    for (const app of [
      () => new GatewayResponse(page, { status: 404, headers: ['Content-Type', 'text/html'] }),
      html(large),
      html(Buffer.from(large)),
      () => new GatewayResponse(page, { headers: ['Content-Type', 'image/svg+xml'] }),
      async () => new Response(page, { headers: { 'content-type': 'text/plain' } }),
    ]) {
      // oxlint-disable-next-line no-await-in-loop
      const response = await answering(app)(ask(undefined, takes));
      expect(response.headers.get('content-encoding')).toBe('gzip');
      // oxlint-disable-next-line no-await-in-loop
      expect(page.repeat(50)).toContain(await unpacked(response));
    }
  });

  it('hands on each part of a stream at once', async () => {
    let release!: () => void;
    const waiting = new Promise<void>((resolve) => {
      release = resolve;
    });
    const body = async function* () {
      yield 'first';
      await waiting;
      yield 'second';
    };
    const response = await answering(html(body()))(ask(undefined, takes));
    const reader = response.body!.pipeThrough(new DecompressionStream('gzip')).getReader();
    expect(Buffer.from((await reader.read()).value!).toString()).toBe('first');
    release();
    expect(Buffer.from((await reader.read()).value!).toString()).toBe('second');
  });

  it('ends its source when the client leaves', async () => {
    let ended!: () => void;
    const end = new Promise<void>((resolve) => {
      ended = resolve;
    });
    const body = async function* () {
      try {
        for (;;) yield page;
      } finally {
        ended();
      }
    };
    const server = await serve(answering(html(body())), { listen: '127.0.0.1:0' });
    const client = new RawClient(server).send(request('/', ['Accept-Encoding: gzip']));
    client.socket.once('data', () => client.reset());
    await expect(end).resolves.toBeUndefined();
    await server.close(0);
  });

  it('fails where its source fails', async () => {
    const body = async function* () {
      yield 'first';
      throw new Error('broken');
    };
    const response = await answering(html(body()))(ask(undefined, takes));
    await expect(response.text()).rejects.toThrow('broken');
  });

  it.each([
    ['gzip', true],
    ['GZIP', true],
    ['x-gzip', true],
    ['*', true],
    ['br, *;q=0.1', true],
    ['gzip;q=0', false],
    ['gzip; q=0.000', false],
    ['*, gzip;q=0', false],
    ['gzip;q=0.001', true],
    ['gzip;q=0.5, identity', false],
    ['identity;q=0.5, gzip;q=0.8', true],
    ['identity;q=0, *', true],
    ['gzip;q=1.0;x=y, br', true],
    ['br', false],
    ['notgzip', false],
    ['', false],
    [null, false],
  ])('reads Accept-Encoding: %s', (header, expected) => {
    expect(takesGzip(header)).toBe(expected);
  });

  it('refuses options that it does not know', () => {
    expect(() => answering(html(page), { compress_level: '10' })).toThrow('compress_level is 0 to 9, not 10');
    expect(() => answering(html(page), { level: '1' })).toThrow("unexpected option 'level'");
  });
});

describe('httpexceptions', () => {
  const failing: Application = () => {
    throw new NotFound('gone');
  };

  it('answers an exception that is an answer', async () => {
    for (const app of [failing, async (request: Request) => failing(request)]) {
      // oxlint-disable-next-line no-await-in-loop
      const response = await httpExceptions(app, {}, {})(ask());
      expect(response.status).toBe(404);
      // oxlint-disable-next-line no-await-in-loop
      expect(await response.text()).toContain('gone');
    }
  });

  it('lets other exceptions through, and the application know that it is there', async () => {
    let seen: unknown;
    const filter = httpExceptions(
      (request) => {
        seen = environOf(request).extra.get('Zope2.httpexceptions');
        throw new TypeError('no answer');
      },
      {},
      {},
    );
    expect(() => filter(ask())).toThrow(TypeError);
    expect(seen).toBe(filter);
  });
});

describe('content_length', () => {
  it('is there, and has nothing to do', () => {
    const app: Application = () => new GatewayResponse('');
    expect(contentLength(app, {}, {})).toBe(app);
    expect(() => contentLength(app, {}, { limit: '1' })).toThrow("unexpected option 'limit'");
  });
});

describe('translogger', () => {
  let output = '';
  const { stderr } = loggingRuntime;
  beforeEach(async () => {
    await resetLogging();
    output = '';
    loggingRuntime.stderr = {
      name: 'stderr',
      write: (text) => {
        output += text;
      },
    };
  });
  afterEach(async () => {
    loggingRuntime.stderr = stderr;
    await resetLogging();
  });

  const hello: Application = () => new GatewayResponse('hello', { headers: ['Content-Length', '5'] });
  const line = async (settings: Record<string, string>, request = ask(), app = hello) => {
    await transLogger(app, {}, settings)(request);
    return output;
  };

  it('writes a line in the combined format to stderr', async () => {
    const request = ask('http://site.test/a%20b?c=d', {
      referer: 'http://else.test/',
      'user-agent': 'Probe/1.0',
    });
    expect(await line({}, request)).toMatch(
      /^- - - \[\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "GET \/a%20b\?c=d HTTP\/1\.1" 200 5 "http:\/\/else\.test\/" "Probe\/1\.0"\n$/,
    );
  });

  it('shows the user whom the application knows', async () => {
    const app: Application = async (request) => {
      environOf(request).remoteUser = 'ann\n"injected"';
      return hello(request);
    };
    expect(await line({ format: '%(REMOTE_USER)s' }, ask(), app)).toBe('ann\\n"injected"\n');
  });

  it.each([
    ['%(status)5s|%(status)-5s|%(REQUEST_METHOD).1s|%%', '  200|200  |G|%\n'],
    ['%(REQUEST_METHOD)r', "'GET'\n"],
    ['plain', 'plain\n'],
  ])('writes the format %s', async (format, expected) => {
    expect(await line({ format })).toBe(expected);
  });

  it.each([
    ['%(flavour)s', "the format has an unknown field 'flavour'"],
    ['%(status)d', '%(status)d: the fields are texts'],
    ['50%', 'the format has a % at index 2'],
    ['%(status', 'the format has a % at index 0'],
    ['%s', 'the format has a % at index 0'],
  ])('refuses the format %s at the start', (format, message) => {
    expect(() => transLogger(hello, {}, { format })).toThrow(message);
  });

  it('takes levels by name and number, and logs nothing below its own', async () => {
    expect(await line({ logging_level: 'DEBUG', set_logger_level: '30', logger_name: 'shop.hits' })).toBe('');
    expect(pythonLogger('shop.hits').level).toBe(30);
    expect(
      await line({ logging_level: 'WARNING', set_logger_level: 'WARNING', format: 'x', logger_name: 'b' }),
    ).toBe('x\n');
    expect(() => transLogger(hello, {}, { logging_level: 'LOUD' })).toThrow("no logging level 'LOUD'");
  });

  it('logs nothing when the application throws', async () => {
    const filter = transLogger(
      () => {
        throw new Error('no');
      },
      {},
      {},
    );
    expect(() => filter(ask())).toThrow('no');
    expect(output).toBe('');
  });

  it.each([
    ['/a/b-c_d.e~f', '/a/b-c_d.e~f'],
    ['/a b', '/a%20b'],
    ['/%2F%2f', '///'],
    ['/100%', '/100%25'],
    ["/it's(1)", '/it%27s%281%29'],
  ])('quotes the path %s as Python does', (path, expected) => {
    expect(percentQuote(path)).toBe(expected);
  });
});
