/** What every server does, seen from the other end of a socket (INVENTORY W-124, S-099; RFC 9112). */
import { afterEach, describe, expect, it } from 'vitest';
import { environOf } from '../../src/paste/index.ts';
import type { Application, GatewayRequest, RunningServer, ServerName } from '../../src/paste/index.ts';
import { GatewayResponse, serve } from '../../src/paste/index.ts';
import { deferred, RawClient, request, turns } from './servers-client.ts';

const SERVERS: readonly ServerName[] = [
  'egg:waitress#main',
  'egg:gunicorn#main',
  'egg:dataflake.wsgi.bjoern#main',
  'egg:dataflake.wsgi.cheroot#main',
  'egg:dataflake.wsgi.werkzeug#main',
  'egg:dataflake.wsgi.werkzeug#debugger',
  'egg:Paste#http',
];

const text = (body: string, init: ConstructorParameters<typeof GatewayResponse>[1] = {}) =>
  new GatewayResponse(body, { headers: ['Content-Type', 'text/plain'], ...init });

/** Tells how the request looked. */
const echo: Application = async (incoming) => {
  const { rawTarget, pathInfo, queryString, serverProtocol } = environOf(incoming);
  const { rawHeaders } = incoming as unknown as GatewayRequest;
  return text(
    JSON.stringify({
      method: incoming.method,
      rawTarget,
      pathInfo,
      queryString,
      serverProtocol,
      rawHeaders,
      body: await incoming.text(),
    }),
  );
};

const hello: Application = () => text('hello');

/** Requests that are not what they seem, and what they are answered with. None may reach the application. */
const REFUSED: Record<string, [status: number, bytes: string]> = {
  'a bare LF after the request line': [400, 'GET / HTTP/1.1\nHost: a\r\n\r\n'],
  'a bare LF between headers': [400, 'GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n'],
  'a bare LF at the end of the headers': [400, 'GET / HTTP/1.1\r\nHost: a\r\n\n'],
  'a bare CR in a header': [400, 'GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n'],
  'a folded header': [400, 'GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n'],
  'a folded first header': [400, 'GET / HTTP/1.1\r\n X: c\r\nHost: a\r\n\r\n'],
  'a blank before the colon': [400, 'GET / HTTP/1.1\r\nHost : a\r\n\r\n'],
  'a tab before the colon': [400, 'GET / HTTP/1.1\r\nHost: a\r\nX\t: b\r\n\r\n'],
  'a header without a colon': [400, 'GET / HTTP/1.1\r\nHost a\r\n\r\n'],
  'a header without a name': [400, 'GET / HTTP/1.1\r\nHost: a\r\n: a\r\n\r\n'],
  'a header with a name that is no token': [400, 'GET / HTTP/1.1\r\nHost: a\r\nX(y): b\r\n\r\n'],
  'a header with a name beyond ASCII': [400, 'GET / HTTP/1.1\r\nHost: a\r\nX\xe4: b\r\n\r\n'],
  'NUL in a header': [400, 'GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n'],
  'a control character in a header': [400, 'GET / HTTP/1.1\r\nHost: a\r\nX: a\x01b\r\n\r\n'],
  'two Host headers': [400, 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'],
  'a Host with a path': [400, 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n'],
  'a Host with user information': [400, 'GET / HTTP/1.1\r\nHost: a@b\r\n\r\n'],
  'a Host with a blank': [400, 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n'],
  'Content-Length before Transfer-Encoding': [
    400,
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ],
  'Transfer-Encoding before Content-Length': [
    400,
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n',
  ],
  'two equal Content-Lengths': [
    400,
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\nabcd',
  ],
  'two different Content-Lengths': [
    400,
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde',
  ],
  'a list of Content-Lengths': [400, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4, 4\r\n\r\nabcd'],
  'a Content-Length with a plus': [400, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +4\r\n\r\nabcd'],
  'a Content-Length with a minus': [400, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -4\r\n\r\nabcd'],
  'a hexadecimal Content-Length': [400, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x4\r\n\r\nabcd'],
  'an empty Content-Length': [400, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \r\n\r\nabcd'],
  'a Content-Length in two parts': [400, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4 4\r\n\r\nabcd'],
  'a Content-Length with an underscore': [
    400,
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1_0\r\n\r\nabcdefghij',
  ],
  'a Content-Length beyond 64 bits': [
    400,
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\nabcd',
  ],
  'an unknown Transfer-Encoding': [501, 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\nabcd'],
  'a second coding before chunked': [
    501,
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
  ],
  'a coding behind chunked': [
    501,
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n',
  ],
  'chunked twice': [
    501,
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ],
  'chunked and identity': [
    501,
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n',
  ],
  'the coding identity': [501, 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\nabcd'],
  'a coding that ends like chunked': [
    501,
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n',
  ],
  'chunked with a parameter': [
    501,
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n',
  ],
  'an empty Transfer-Encoding': [501, 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \r\n\r\nabcd'],
  'a vertical tab before chunked': [
    400,
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n',
  ],
  'chunks in HTTP/1.0': [400, 'POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  'bare LFs throughout': [400, 'GET / HTTP/1.1\nHost: a\n\n'],
  'a bare CR after the request line': [400, 'GET / HTTP/1.1\rHost: a\r\n\r\n'],
  'CR CR LF at the end of a line': [400, 'GET / HTTP/1.1\r\nHost: a\r\r\n\r\n'],
  'a folded Transfer-Encoding': [
    400,
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n',
  ],
  'a line that folds into nothing': [400, 'GET / HTTP/1.1\r\nHost: a\r\n \r\n\r\n'],
  'a blank before the colon of Content-Length': [
    400,
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 4\r\n\r\nabcd',
  ],
  'a vertical tab in the name Transfer-Encoding': [
    400,
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding\x0b: chunked\r\n\r\n0\r\n\r\n',
  ],
  'a vertical tab behind a Content-Length': [
    400,
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\x0b\r\n\r\nabcd',
  ],
  'a form feed behind chunked': [
    400,
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\x0c\r\n\r\n0\r\n\r\n',
  ],
  'a byte beyond ASCII before chunked': [
    501,
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \xa0chunked\r\n\r\n0\r\n\r\n',
  ],
  'a quoted coding': [501, 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n'],
  'a Content-Length with a fraction': [400, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4.0\r\n\r\nabcd'],
  'a Content-Length in quotes': [400, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: "4"\r\n\r\nabcd'],
  'an empty Content-Length beside one': [
    400,
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: \r\n\r\nabcd',
  ],
  'both lengths for GET': [
    400,
    'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ],
  'a Content-Length above every limit': [
    413,
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000000\r\n\r\n',
  ],
  'a header that is too long': [431, `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(300_000)}\r\n\r\n`],
  'headers that are too many': [
    431,
    `GET / HTTP/1.1\r\nHost: a\r\n${'X: 1234567890\r\n'.repeat(30_000)}\r\n`,
  ],
  // A request line within one packet gets 414 (servers-limits.test.ts); over several it looks like any long header.
  'a target that is longer than all headers may be': [
    431,
    `GET /${'x'.repeat(300_000)} HTTP/1.1\r\nHost: a\r\n\r\n`,
  ],
  'NUL in the target': [400, 'GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n'],
  'a bare CR in the target': [400, 'GET /a\rb HTTP/1.1\r\nHost: a\r\n\r\n'],
  'HTTP/0.9': [505, 'GET /\r\n\r\n'],
  'HTTP/0.9 with its version': [505, 'GET / HTTP/0.9\r\nHost: a\r\n\r\n'],
  'HTTP/1.10': [400, 'GET / HTTP/1.10\r\nHost: a\r\n\r\n'],
  'HTTP/01.1': [400, 'GET / HTTP/01.1\r\nHost: a\r\n\r\n'],
  'a blank behind the version': [400, 'GET / HTTP/1.1 \r\nHost: a\r\n\r\n'],
  'a blank in the target': [400, 'GET /a b HTTP/1.1\r\nHost: a\r\n\r\n'],
  'a tab in the request line': [400, 'GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n'],
  'bytes beyond ASCII in the target': [400, 'GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n'],
  'a target without a slash': [400, 'GET foo HTTP/1.1\r\nHost: a\r\n\r\n'],
  'HTTP/2 without TLS': [400, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  'HTTP/2.0 in an ordinary request': [505, 'GET / HTTP/2.0\r\nHost: a\r\n\r\n'],
  'HTTP/1.2': [400, 'GET / HTTP/1.2\r\nHost: a\r\n\r\n'],
  'http in small letters': [400, 'GET / http/1.1\r\nHost: a\r\n\r\n'],
  'a method in small letters': [400, 'get / HTTP/1.1\r\nHost: a\r\n\r\n'],
  'an unknown method': [400, 'FOO / HTTP/1.1\r\nHost: a\r\n\r\n'],
  'a TLS greeting': [400, '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
};

/** Bodies in chunks that are not what they seem. */
const BAD_CHUNKS: Record<string, string> = {
  'a bare LF behind the size': '4\nabcd\r\n0\r\n\r\n',
  'a bare LF behind the data': '4\r\nabcd\n0\r\n\r\n',
  'no line end behind the data': '4\r\nabcd0\r\n\r\n',
  'a blank behind the size': '4 \r\nabcd\r\n0\r\n\r\n',
  'a blank before the size': ' 4\r\nabcd\r\n0\r\n\r\n',
  'a size with 0x': '0x4\r\nabcd\r\n0\r\n\r\n',
  'a size with a plus': '+4\r\nabcd\r\n0\r\n\r\n',
  'a size with a minus': '-4\r\nabcd\r\n0\r\n\r\n',
  'a size beyond 64 bits': '10000000000000004\r\nabcd\r\n0\r\n\r\n',
  'an empty size': '\r\nabcd\r\n0\r\n\r\n',
  'a bare LF in an extension': '4;a=\nb\r\nabcd\r\n0\r\n\r\n',
  'a bare CR in an extension': '4;a\rb\r\nabcd\r\n0\r\n\r\n',
  'a bare LF that ends an extension': '4;\nxx\r\nabcd\r\n0\r\n\r\n',
  'Content-Length in the trailer': '4\r\nabcd\r\n0\r\nContent-Length: 5\r\n\r\n',
  'bare LFs at the end': '4\r\nabcd\r\n0\n\n',
  'a size with an underscore': '1_0\r\nabcdefghijklmnop\r\n0\r\n\r\n',
  'a vertical tab behind the size': '4\x0b\r\nabcd\r\n0\r\n\r\n',
  'a size that is no number': 'xyz\r\nabcd\r\n0\r\n\r\n',
  'NUL in an extension': '4;a=\0\r\nabcd\r\n0\r\n\r\n',
  'a folded trailer': '4\r\nabcd\r\n0\r\nX: a\r\n b\r\n\r\n',
  'Transfer-Encoding in the trailer': '4\r\nabcd\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n',
  'a trailer without a colon': '4\r\nabcd\r\n0\r\nGET / HTTP/1.1\r\n\r\n',
  'more data than the size': '3\r\nabcd\r\n0\r\n\r\n',
};

/** Options that end a silent connection after a second, where a server has one. */
const SHORT: Partial<Record<ServerName, Record<string, string>>> = {
  'egg:waitress#main': { channel_timeout: '1' },
  'egg:gunicorn#main': { keepalive: '1' },
  'egg:dataflake.wsgi.cheroot#main': { timeout: '1' },
  'egg:Paste#http': { socket_timeout: '1' },
};

describe.each(SERVERS)('%s', (name) => {
  const running: RunningServer[] = [];
  const clients: RawClient[] = [];

  async function start(app: Application, settings: Record<string, string> = {}): Promise<RunningServer> {
    const server = await serve(app, { host: '127.0.0.1', port: '0', ...settings }, name);
    running.push(server);
    return server;
  }

  function connect(server: RunningServer): RawClient {
    const client = new RawClient(server);
    clients.push(client);
    return client;
  }

  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy();
    await Promise.all(running.splice(0).map((server) => server.close(0)));
  });

  it('answers one request after the other on one connection', async () => {
    const client = connect(await start(echo));
    for (const target of ['/a', '/b?c=d', '/%C3%A9?%20']) {
      // oxlint-disable-next-line no-await-in-loop
      const answer = await client.send(request(target)).answer();
      expect(answer).toMatchObject({ status: 200, statusLine: 'HTTP/1.1 200 OK', complete: true });
      expect(JSON.parse(answer!.body)).toMatchObject({ method: 'GET', rawTarget: target });
    }
  });

  it('answers requests that came together in their order, whoever is ready first', async () => {
    const first = deferred();
    const client = connect(
      await start((incoming) => {
        const { pathInfo } = environOf(incoming);
        return pathInfo === '/1' ? first.promise.then(() => text('1')) : text(pathInfo.slice(1));
      }),
    );
    client.send(request('/1') + request('/2') + request('/3', [], 'a body') + request('/4'));
    await turns(20);
    first.resolve();
    const bodies = [];
    // oxlint-disable-next-line no-await-in-loop
    for (let i = 0; i < 4; i++) bodies.push((await client.answer())!.body);
    expect(bodies).toEqual(['1', '2', '3', '4']);
  });

  it('handles requests of one connection one after the other', async () => {
    let inside = 0;
    let most = 0;
    const seen: string[] = [];
    const server = await start(async (incoming) => {
      most = Math.max(most, ++inside);
      seen.push(await incoming.text());
      await turns(2);
      inside--;
      return text(seen.at(-1)!);
    });
    const count = 100;
    const client = connect(server);
    const bodies = Array.from({ length: count }, (_, i) => `body ${i}`);
    client.send(bodies.map((body) => request('/', [], body)).join(''));
    // oxlint-disable-next-line no-await-in-loop
    for (let i = 0; i < count; i++) expect((await client.answer())!.body).toBe(`body ${i}`);
    expect(seen).toEqual(bodies);
    expect(most).toBe(1);
  });

  it('refuses a malformed body of a request that waits for its turn', async () => {
    const first = deferred();
    const seen: string[] = [];
    const server = await start((incoming) => {
      seen.push(environOf(incoming).pathInfo);
      return first.promise.then(() => text('first'));
    });
    const client = connect(server);
    client.send(
      `${request('/1')}${request('/2', ['Transfer-Encoding: chunked'], undefined, 'POST')}4 \r\nabcd\r\n`,
    );
    await turns(20);
    first.resolve();
    expect(await client.answer()).toMatchObject({ status: 200, body: 'first' });
    expect((await client.answer())!.status).toBe(400);
    expect(await client.rest()).toBe('');
    expect(seen).toEqual(['/1']);
  });

  it('refuses tunnels, behind the answers to what came before', async () => {
    const first = deferred();
    const client = connect(await start(() => first.promise.then(() => text('first'))));
    client.send(`${request('/')}CONNECT else.test:80 HTTP/1.1\r\nHost: else.test\r\n\r\n`);
    await turns(20);
    first.resolve();
    expect(await client.answer()).toMatchObject({ status: 200, body: 'first' });
    expect((await client.answer())!.status).toBe(501);
    expect(await client.rest()).toBe('');
  });

  it('goes on when a client breaks off, whatever it was told', async () => {
    const server = await start(echo);
    for (const bytes of [
      'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n',
      '\0',
      'GET / HTTP/1.1\r\n',
      request('/'),
      request('/', [], 'x'),
    ]) {
      // oxlint-disable-next-line no-await-in-loop
      const client = await connect(server).send(bytes).connected();
      // oxlint-disable-next-line no-await-in-loop
      await turns(5);
      client.reset();
      // oxlint-disable-next-line no-await-in-loop
      await turns(5);
    }
    expect((await connect(server).send(request('/')).answer())!.status).toBe(200);
  });

  it('closes the connection when the client asks for it, and says so', async () => {
    const client = connect(await start(hello));
    const answer = await client.send(request('/', ['Connection: close']) + request('/never')).answer();
    expect(answer!.headers.get('connection')).toBe('close');
    expect(await client.rest()).toBe('');
  });

  it('decodes a body in chunks, with extensions and trailers', async () => {
    const client = connect(await start(echo));
    client.send(
      `${request('/', ['Transfer-Encoding: ChunKed'], undefined, 'POST')}4;a=b;c="d;e"\r\nabcd\r\n0000000000000003\r\nefg\r\n0\r\nX-Trailer: 1\r\n\r\n`,
    );
    expect(JSON.parse((await client.answer())!.body)).toMatchObject({ body: 'abcdefg' });
    expect((await client.send(request('/next')).answer())!.status).toBe(200);
  });

  it('sends a body of unknown length in chunks, and to HTTP/1.0 until the connection ends', async () => {
    const server = await start(() => new GatewayResponse(parts('one', 'two', 'three')));
    const client = connect(server);
    const answer = await client.send(request('/')).answer();
    expect(answer).toMatchObject({ body: 'onetwothree', complete: true });
    expect(answer!.headers.get('transfer-encoding')).toBe('chunked');
    const old = await connect(server).send('GET / HTTP/1.0\r\n\r\n').answer();
    expect(old).toMatchObject({ statusLine: 'HTTP/1.0 200 OK', body: 'onetwothree' });
    expect(old!.headers.has('transfer-encoding')).toBe(false);
  });

  it('speaks HTTP/1.0, and keeps its connections only when asked to', async () => {
    const server = await start(hello);
    const closing = connect(server);
    const answer = await closing.send('GET / HTTP/1.0\r\n\r\n').answer();
    expect(answer).toMatchObject({ statusLine: 'HTTP/1.0 200 OK', body: 'hello' });
    await closing.rest();
    const client = connect(server);
    const kept = await client.send('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n').answer();
    expect(kept!.headers.get('connection')).toBe('keep-alive');
    expect((await client.send('GET / HTTP/1.0\r\n\r\n').answer())!.body).toBe('hello');
  });

  it('takes a request without a Host header', async () => {
    const client = connect(await start(echo));
    expect((await client.send('GET / HTTP/1.1\r\n\r\n').answer())!.status).toBe(200);
  });

  it('takes the path of a target in absolute form', async () => {
    const client = connect(await start(echo));
    const answer = await client.send(request('http://site.test:80//p?q=1#f')).answer();
    expect(JSON.parse(answer!.body)).toMatchObject({
      rawTarget: 'http://site.test:80//p?q=1#f',
      pathInfo: '/p',
      queryString: 'q=1',
    });
  });

  it('takes the path of OPTIONS *', async () => {
    const client = connect(await start(echo));
    const answer = await client.send(request('*', [], undefined, 'OPTIONS')).answer();
    expect(JSON.parse(answer!.body)).toMatchObject({ method: 'OPTIONS', rawTarget: '*', pathInfo: '/*' });
  });

  it('sends 100 Continue when the application reads the body', async () => {
    const client = connect(await start(echo));
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n');
    expect((await client.answer())!.status).toBe(100);
    expect(JSON.parse((await client.send('abcd').answer())!.body)).toMatchObject({ body: 'abcd' });
    expect((await client.send(request('/')).answer())!.status).toBe(200);
  });

  it('answers at once where the application wants no body, and ends the connection', async () => {
    const client = connect(await start(hello));
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n');
    const answer = await client.answer();
    expect(answer).toMatchObject({ status: 200, body: 'hello' });
    expect(answer!.headers.get('connection')).toBe('close');
  });

  it('refuses other expectations', async () => {
    const client = connect(await start(hello));
    expect((await client.send(request('/', ['Expect: miracles'])).answer())!.status).toBe(417);
  });

  it('answers HEAD like GET without a body', async () => {
    const server = await start((incoming) => {
      const { pathInfo } = environOf(incoming);
      return pathInfo === '/stream' ? new GatewayResponse(parts('a')) : text('hello');
    });
    const client = connect(server);
    const answer = await client.send(request('/', [], undefined, 'HEAD')).answer('HEAD');
    expect(answer!.headers.get('content-length')).toBe('5');
    await client.send(request('/stream', [], undefined, 'HEAD')).answer('HEAD');
    expect((await client.send(request('/')).answer())!.body).toBe('hello');
  });

  it.each([204, 304])('sends no body with %i', async (status) => {
    const client = connect(await start(() => text('not wanted', { status })));
    const answer = await client.send(request('/')).answer();
    expect(answer!.status).toBe(status);
    expect(answer!.headers.has('content-length')).toBe(false);
    expect((await client.send(request('/')).answer())!.status).toBe(status);
  });

  it('sends headers in their order and case, and cookies each for themselves', async () => {
    const headers = ['X-b', '1', 'X-A', '2', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'x-B', '3'];
    const client = connect(await start(() => new GatewayResponse('', { headers })));
    const raw = await client.send(request('/', ['Connection: close'])).rest();
    expect(raw.match(/^(?:x-.|set-cookie): .*$/gim)!.map((line) => line.trim())).toEqual([
      'X-b: 1',
      'X-A: 2',
      'Set-Cookie: a=1',
      'Set-Cookie: b=2',
      'x-B: 3',
    ]);
  });

  it('never sends what would end a header early', async () => {
    const server = await start(() => new GatewayResponse('', { headers: ['X', 'a\r\nSet-Cookie: b'] }));
    const answer = await connect(server).send(request('/')).answer();
    expect(answer!.status).toBe(500);
    expect(answer!.headers.has('set-cookie')).toBe(false);
    const reason = await start(() => new GatewayResponse('', { statusText: 'a\r\nSet-Cookie: b' }));
    expect((await connect(reason).send(request('/')).answer())!.status).toBe(500);
  });

  it('drops headers with an underscore, which could pass for others', async () => {
    const client = connect(await start(echo));
    const answer = await client
      .send(request('/', ['X_Forwarded_For: 1', 'X-Real: 2', 'Content_Length: 7']))
      .answer();
    expect(JSON.parse(answer!.body).rawHeaders).toEqual(['Host', 'site.test', 'X-Real', '2']);
  });

  it('takes more headers than Node would, within their size', async () => {
    const client = connect(await start(echo));
    const headers = Array.from({ length: 3000 }, (_, i) => `x${i}: ${i}`);
    const answer = await client.send(request('/', headers)).answer();
    expect(JSON.parse(answer!.body).rawHeaders).toHaveLength(2 * 3001);
  });

  describe('requests that others may read in another way', () => {
    it.each(Object.entries(REFUSED))('refuses %s', async (_about, [status, bytes]) => {
      let calls = 0;
      const client = connect(
        await start(() => {
          calls++;
          return text('reached');
        }),
      );
      // What follows would be a request of its own for whoever saw the first one end earlier.
      client.send(bytes + request('/smuggled'));
      const answer = await client.answer();
      expect(answer).toMatchObject({ status, complete: true });
      expect(answer!.headers.get('connection')).toBe('close');
      expect(await client.rest()).toBe('');
      expect(calls).toBe(0);
    });

    it.each(Object.entries(BAD_CHUNKS))('refuses a body with %s', async (_about, chunks) => {
      const seen: string[] = [];
      const server = await start(async (incoming) => {
        seen.push(environOf(incoming).pathInfo);
        return text(await incoming.text());
      });
      const client = connect(server);
      client.send(
        request('/first', ['Transfer-Encoding: chunked'], undefined, 'POST') + chunks + request('/smuggled'),
      );
      expect((await client.answer())!.status).toBe(400);
      expect(await client.rest()).toBe('');
      expect(seen).toEqual(['/first']);
    });

    it('answers what came before a malformed request first', async () => {
      const first = deferred();
      const client = connect(await start(() => first.promise.then(() => text('fine'))));
      client.send(`${request('/')}GET / HTTP/1.1\r\nbad header\r\n\r\n`);
      await turns(20);
      first.resolve();
      expect(await client.answer()).toMatchObject({ status: 200, body: 'fine' });
      expect((await client.answer())!.status).toBe(400);
      expect(await client.rest()).toBe('');
    });

    it('does not put a refusal into the middle of an answer', async () => {
      const more = deferred();
      const body = async function* () {
        yield 'one';
        await more.promise;
        yield 'two';
      };
      const client = connect(await start(() => new GatewayResponse(body())));
      client.send(`${request('/')}\0\0\0\r\n\r\n`);
      await turns(20);
      more.resolve();
      expect(await client.answer()).toMatchObject({ status: 200, body: 'onetwo', complete: true });
      expect((await client.answer())!.status).toBe(400);
    });

    it('does not take the rest of a body that nobody read for a request', async () => {
      const seen: string[] = [];
      const client = connect(
        await start((incoming) => {
          seen.push(environOf(incoming).pathInfo);
          return text('ok');
        }),
      );
      client.send(request('/a', [], 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n') + request('/b'));
      await client.answer();
      await client.answer();
      expect(seen).toEqual(['/a', '/b']);
    });
  });

  const short = SHORT[name];
  it.skipIf(short === undefined)('closes connections on which nothing moves', async () => {
    const server = await start(echo, short);
    const idle = connect(server);
    await idle.send(request('/')).answer();
    const silent = await connect(server).connected();
    const headers = connect(server).send('GET / HTTP/1.1\r\nHo');
    const body = connect(server).send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc');
    expect((await headers.answer())!.status).toBe(408);
    await Promise.all([idle.ended, silent.ended, headers.ended, body.ended]);
  });

  it('serves others while clients are slow', async () => {
    const server = await start(echo);
    const slow = Array.from({ length: 20 }, (_, i) =>
      connect(server).send(
        i % 2 === 0
          ? 'GET / HTTP/1.1\r\nHost: a\r\nX: '
          : 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\nx',
      ),
    );
    await Promise.all(slow.map((client) => client.connected()));
    await turns(10);
    for (let i = 0; i < 3; i++) {
      // oxlint-disable-next-line no-await-in-loop
      expect((await connect(server).send(request('/')).answer())!.status).toBe(200);
    }
    expect((await slow[0]!.send('1\r\n\r\n').answer())!.status).toBe(200);
    expect(JSON.parse((await slow[1]!.send('y'.repeat(98)).answer())!.body)).toMatchObject({
      body: `x${'y'.repeat(98)}`,
    });
  });

  it('notices a client that is gone while its answer is made, with more requests waiting', async () => {
    const aborted: string[] = [];
    const begun = deferred();
    const gone = deferred();
    const seen: string[] = [];
    const server = await start((incoming) => {
      const { pathInfo } = environOf(incoming);
      seen.push(pathInfo);
      if (pathInfo !== '/1') return text('else');
      incoming.signal.addEventListener('abort', () => {
        aborted.push(pathInfo);
        gone.resolve();
      });
      begun.resolve();
      return new Promise<Response>(() => undefined);
    });
    const client = connect(server).send(request('/1') + request('/2') + request('/3'));
    await begun.promise;
    client.reset();
    await gone.promise;
    await turns(10);
    expect({ aborted, seen }).toEqual({ aborted: ['/1'], seen: ['/1'] });
    expect((await connect(server).send(request('/4')).answer())!.body).toBe('else');
  });

  it('answers what clients have asked before it closes, on new and on kept connections', async () => {
    const server = await start(hello);
    const kept = connect(server);
    await kept.send(request('/')).answer();
    const fresh = await connect(server).connected();
    kept.send(request('/'));
    fresh.send(request('/'));
    // Once bytes have left, they are in the server's socket.
    await Promise.all(
      [kept, fresh].map((client) => new Promise((resolve) => client.socket.write('', resolve))),
    );
    const closed = server.close(5000);
    for (const client of [kept, fresh]) {
      // oxlint-disable-next-line no-await-in-loop
      expect(await client.answer()).toMatchObject({ status: 200, body: 'hello' });
    }
    await closed;
  });

  it('takes a request that comes byte by byte', async () => {
    const client = connect(await start(echo));
    for (const byte of request('/slow', [], 'body')) {
      client.send(byte);
      // oxlint-disable-next-line no-await-in-loop
      await turns(1);
    }
    expect(JSON.parse((await client.answer())!.body)).toMatchObject({ rawTarget: '/slow', body: 'body' });
  });

  it('answers a client that has closed its side', async () => {
    const release = deferred();
    const server = await start(() => release.promise.then(() => text('still here')));
    const client = connect(server).send(request('/')).end();
    await turns(20);
    release.resolve();
    expect(await client.answer()).toMatchObject({ status: 200, body: 'still here' });
    expect(await client.rest()).toBe('');
  });

  it('answers nothing to a request that was cut in its headers', async () => {
    const client = connect(await start(hello))
      .send('GET / HTTP/1.1\r\nHo')
      .end();
    expect(await client.rest()).toBe('');
  });

  it('tells the application when a body is cut in the middle', async () => {
    const failed = deferred<unknown>();
    const server = await start(async (incoming) => {
      try {
        return text(await incoming.text());
      } catch (error) {
        failed.resolve(error);
        throw error;
      }
    });
    const client = await connect(server)
      .send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc')
      .connected();
    await turns(20);
    client.destroy();
    expect(await failed.promise).toMatchObject({ code: 'CLIENT_GONE' });
  });

  it('aborts the signal of a request whose client leaves, and of no other', async () => {
    const aborted = deferred<unknown>();
    const begun = deferred();
    let quiet: AbortSignal | undefined;
    const server = await start((incoming) => {
      const { signal } = incoming;
      if (environOf(incoming).pathInfo === '/quiet') {
        quiet = signal;
        return text('done');
      }
      signal.addEventListener('abort', () => aborted.resolve(signal.reason));
      begun.resolve();
      return new Promise<Response>(() => undefined);
    });
    const client = connect(server);
    await client.send(request('/quiet')).answer();
    client.send(request('/wait'));
    await begun.promise;
    client.destroy();
    expect(await aborted.promise).toMatchObject({ code: 'CLIENT_GONE' });
    expect(quiet!.aborted).toBe(false);
  });

  it('ends a streaming body when its client leaves', async () => {
    const ended = deferred();
    const first = deferred();
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(new Uint8Array(1000));
        first.resolve();
        return new Promise(() => undefined);
      },
      cancel: () => ended.resolve(),
    });
    const server = await start(() => new GatewayResponse(body));
    const client = connect(server).send(request('/'));
    await first.promise;
    client.reset();
    await expect(ended.promise).resolves.toBeUndefined();
  });

  it('lets a large answer wait for its client', async () => {
    const size = 65_536;
    const count = 1024;
    let made = 0;
    const body = async function* () {
      for (; made < count; made++) yield new Uint8Array(size);
    };
    const client = connect(await start(() => new GatewayResponse(body())));
    client.socket.pause();
    client.send(request('/', ['Connection: close']));
    await turns(300);
    // What the two systems keep between them is some megabytes.
    expect(made).toBeLessThan(count / 2);
    let received = 0;
    client.socket.removeAllListeners('data').on('data', (chunk) => {
      received += chunk.length;
    });
    client.socket.resume();
    await client.ended;
    expect(made).toBe(count);
    expect(received).toBeGreaterThan(size * count);
  });

  it('lets a large upload wait for its reader', async () => {
    const size = 67_108_864;
    const release = deferred();
    const server = await start(async (incoming) => {
      await release.promise;
      let bytes = 0;
      for await (const chunk of incoming.body!) bytes += chunk.length;
      return text(String(bytes));
    });
    const client = connect(server);
    client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`).send(new Uint8Array(size));
    await turns(300);
    expect(client.socket.writableLength).toBeGreaterThan(size / 2);
    release.resolve();
    expect((await client.answer())!.body).toBe(String(size));
    expect((await client.send(request('/', [], 'x')).answer())!.status).toBe(200);
  });

  it('refuses an upload while it comes so that the client reads why', async () => {
    const client = connect(
      await start(() => {
        throw new Error('not today');
      }),
    );
    client
      .send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 67108864\r\n\r\n')
      .send(new Uint8Array(67_108_864));
    expect((await client.answer())!.status).toBe(500);
  });

  it('answers 500 for an error, tells the client nothing about it, and goes on', async () => {
    let fails = true;
    const server = await start(async () => {
      if (fails) throw new Error('secret');
      return text('fine');
    });
    const client = connect(server);
    const answer = await client.send(request('/')).answer();
    expect(answer!.status).toBe(500);
    if (!name.endsWith('#debugger')) expect(answer!.body).not.toContain('secret');
    else expect(answer!.body).toContain('secret');
    fails = false;
    expect((await connect(server).send(request('/')).answer())!.body).toBe('fine');
  });

  it('answers 500 for an application that answers nothing', async () => {
    const server = await start(() => undefined as unknown as Response);
    expect((await connect(server).send(request('/')).answer())!.status).toBe(500);
  });

  it('answers 500 for a body that fails before its first part, and cuts one that fails later', async () => {
    const server = await start((incoming) => {
      const late = environOf(incoming).pathInfo === '/late';
      const body = async function* () {
        if (late) yield 'begun';
        throw new Error('broken');
      };
      return new GatewayResponse(body());
    });
    expect((await connect(server).send(request('/early')).answer())!.status).toBe(500);
    expect(await connect(server).send(request('/late')).answer()).toMatchObject({
      status: 200,
      body: 'begun',
      complete: false,
    });
  });

  it('closes the connection where a body is shorter than it was said to be, and cuts a longer one', async () => {
    const bodies: Record<string, () => ConstructorParameters<typeof GatewayResponse>[0]> = {
      '/short': () => 'abc',
      '/short-stream': () => parts('a', 'bc'),
      '/long': () => 'abcdefg',
      '/long-stream': () => parts('abc', 'def', 'g'),
    };
    const server = await start((incoming) => {
      const body = bodies[environOf(incoming).pathInfo]!();
      return new GatewayResponse(body, { headers: ['Content-Length', '5'] });
    });
    for (const target of ['/short', '/short-stream']) {
      // oxlint-disable-next-line no-await-in-loop
      expect(await connect(server).send(request(target)).answer()).toMatchObject({
        body: 'abc',
        complete: false,
      });
    }
    const client = connect(server);
    for (const target of ['/long', '/long-stream']) {
      // oxlint-disable-next-line no-await-in-loop
      expect(await client.send(request(target)).answer()).toMatchObject({ body: 'abcde', complete: true });
    }
  });

  it('takes global Responses as well, with the length of short ones', async () => {
    const server = await start((incoming) => {
      if (environOf(incoming).pathInfo !== '/json') return new Response(null, { status: 404 });
      return Response.json({ a: 1 }, { headers: { 'set-cookie': 'a=1' } });
    });
    const client = connect(server);
    const answer = await client.send(request('/json')).answer();
    expect(answer).toMatchObject({ status: 200, body: '{"a":1}' });
    expect(answer!.headers.get('content-length')).toBe('7');
    expect(await client.send(request('/else')).answer()).toMatchObject({
      statusLine: 'HTTP/1.1 404 Not Found',
      body: '',
    });
  });

  it('lets running requests end when it closes, and takes no new ones', async () => {
    const release = deferred();
    const server = await start(() => release.promise.then(() => text('last')));
    const idle = await connect(server).connected();
    const busy = connect(server).send(request('/'));
    await turns(30);
    const closed = server.close(10_000);
    await idle.ended;
    const late = connect(server);
    await late.ended;
    release.resolve();
    const answer = await busy.answer();
    expect(answer).toMatchObject({ status: 200, body: 'last' });
    expect(answer!.headers.get('connection')).toBe('close');
    await closed;
    await server.closed;
  });

  it('cuts what has not ended within the grace time', async () => {
    const server = await start(() => new Promise<Response>(() => undefined));
    const client = connect(server).send(request('/'));
    await turns(30);
    await server.close(20);
    expect(await client.rest()).toBe('');
  });

  it('refuses an option that it does not know, and names it', async () => {
    await expect(start(hello, { flavour: 'vanilla' })).rejects.toMatchObject({
      code: 'SERVER_SETTING',
      setting: 'flavour',
      message: expect.stringContaining('flavour'),
    });
  });

  it('says in one line which address is in use', async () => {
    const { port } = new URL((await start(hello)).urls[0]!);
    await expect(start(hello, { port })).rejects.toMatchObject({
      code: 'SERVER_ADDRESS',
      message: `cannot listen on 127.0.0.1:${port}: the address is already in use`,
    });
  });

  it('says in one line which address this machine does not have', async () => {
    await expect(start(hello, { host: '192.0.2.1' })).rejects.toMatchObject({
      code: 'SERVER_ADDRESS',
      message: expect.stringMatching(/^cannot listen on 192\.0\.2\.1:0: .*no such address$/),
    });
  });
});

async function* parts(...texts: string[]): AsyncGenerator<string> {
  yield* texts;
}
