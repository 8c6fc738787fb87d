import { expect, it } from 'vitest';
import { permissionAttribute } from '../../src/access/index.ts';
import { HTTPRequest, HTTPResponse, type RequestSource } from '../../src/publisher/index.ts';
import { tuple } from '../../src/pickle/index.ts';
import { Folder, PythonScript } from '../../src/zope/ofs/index.ts';
import { basic, makeSite } from './site.ts';

function script(id: string, body: string, params = ''): PythonScript {
  const made = new PythonScript(id);
  made.ZPythonScript_edit(params, body);
  return made;
}

const site = makeSite((app) => {
  app._setObject('closed', new Folder('closed') as never);
  const closed = app._getOb('closed') as unknown as Folder & Record<string, unknown>;
  closed[permissionAttribute('View')] = tuple('Manager');
  for (const object of [
    script('own', 'return self.getId()', 'self'),
    script('user', 'return repr(container.REQUEST["REMOTE_USER"])'),
    script('path', 'return context.absolute_url()'),
  ])
    app._setObject(object.getId(), object as never);
});

/** A request as a server of port 8080 hands it over. */
function requestOf(headers: Readonly<Record<string, string>>, trusted: readonly string[] = []): HTTPRequest {
  const source: RequestSource = {
    method: 'GET',
    environ: {
      scriptName: '',
      pathInfo: '/',
      queryString: '',
      rawTarget: '/',
      serverName: 'host.test',
      serverPort: '8080',
      scheme: 'http',
      remoteAddr: '10.0.0.1',
      remotePort: 1,
      serverProtocol: 'HTTP/1.1',
      remoteUser: '',
      extra: new Map(),
    } as never,
    header: (name) => headers[name],
    headers: () => Object.entries(headers),
  };
  return new HTTPRequest(source, new HTTPResponse(), { trustedProxies: new Set(trusted) });
}

it('says of a root without a page that it has none, whoever asks', async () => {
  const error = (await site.fetch('/').catch((thrown: unknown) => thrown)) as { getStatus(): number };
  expect(error.getStatus()).toBe(404);
  expect(String(error)).toContain('no default view (root default view was probably deleted)');
});

it('gives a parameter `self` the object, whatever the form says', async () => {
  expect(await site.get('/closed/own?self=x', { headers: basic('admin', 'secret') })).toEqual([
    200,
    'closed',
  ]);
});

it('tells code of a user that the server knows, and not of the one it has found itself', async () => {
  expect((await site.get('/user', { headers: basic('admin', 'secret') }))[1]).toBe("''");
});

it('tells who may see a folder what a HEAD does not find there, and nobody else', async () => {
  const head = { method: 'HEAD' };
  expect((await site.get('/closed/nothing', head))[0]).toBe(401);
  const found = await site.get('/closed/nothing', { ...head, headers: basic('admin', 'secret') });
  expect(found[0]).toBe(404);
  expect(await site.get('/nothing/else', head)).toEqual([404, 'The requested resource was not found.']);
  // Below what is missing, names are acquired through the place where it would be.
  expect((await site.get('/nothing/closed', head))[0]).toBe(401);
});

it('takes a name that begins with one plus sign for a name', async () => {
  const error = (await site.fetch('/+x').catch((thrown: unknown) => thrown)) as Error;
  expect(error.message).toBe('+x\nGET');
});

it.each([
  [{ host: 'site.test:' }, 'http://site.test'],
  [{ host: ' site.test ' }, 'http://site.test'],
  [{ host: 'site.test:80' }, 'http://site.test:80'],
  [{}, 'http://host.test:8080'],
])('makes URLs of the host %j (P-110)', (headers, url) => {
  expect(requestOf(headers as Record<string, string>).SERVER_URL).toBe(url);
});

it('believes a trusted proxy also where it tells nothing', () => {
  expect(requestOf({ 'x-forwarded-for': '' }, ['10.0.0.1']).getClientAddr()).toBe('');
  expect(requestOf({ 'x-forwarded-for': '1.2.3.4, 10.0.0.1' }, ['10.0.0.1']).getClientAddr()).toBe('1.2.3.4');
  expect(requestOf({ 'x-forwarded-for': '1.2.3.4' }).getClientAddr()).toBe('10.0.0.1');
});
