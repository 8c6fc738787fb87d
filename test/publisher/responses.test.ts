import { expect, it } from 'vitest';
import { gunzipSync } from 'node:zlib';
import { DTMLMethod, Folder, PythonScript } from '../../src/zope/ofs/index.ts';
import { HTTPResponse } from '../../src/publisher/index.ts';
import { quoteLocation } from '../../src/publisher/location.ts';
import { makeSite } from './site.ts';

function script(id: string, body: string, params = ''): PythonScript {
  const made = new PythonScript(id);
  made.ZPythonScript_edit(params, body);
  return made;
}

const SCRIPTS: Readonly<Record<string, string>> = {
  item: 'container.REQUEST.RESPONSE["X-Test"] = "1"',
  bare: 'return b"<X at 0x1234abcd>"',
  latin: 'container.REQUEST.RESPONSE.setHeader("X-Test", "ä".encode("latin-1"))',
  length: 'container.REQUEST.RESPONSE.setHeader("Content-Length", "text")\nreturn "five!"',
  unknown:
    'container.REQUEST.RESPONSE.setHeader("Content-Type", "text/html; charset=nothing")\nraise KeyError("k")',
  cookie:
    'container.REQUEST.RESPONSE.setCookie("c", b"\\xe4 b")\ncontainer.REQUEST.RESPONSE.expireCookie("d", quoted=0)',
  locked: 'container.REQUEST.RESPONSE.setBody("<X at 0x1234abcd>", lock=1)',
  status: 'container.REQUEST.RESPONSE.setStatus(ValueError)\nreturn container.REQUEST.RESPONSE.getStatus()',
  failing: 'raise ValueError("<b>", "x")',
};

const site = makeSite((app) => {
  const paged = new Folder('paged') as Folder & Record<string, unknown>;
  app._setObject('paged', paged as never);
  const add = (object: { getId(): string }) =>
    (app._getOb('paged') as unknown as Folder)._setObject(object.getId(), object as never);
  for (const [id, body] of Object.entries(SCRIPTS)) add(script(id, body));
  add(
    new DTMLMethod(
      'standard_error_message',
      '<dtml-var error_type>|<dtml-var "RESPONSE.getStatus()">|<dtml-if error_message>markup</dtml-if>',
    ),
  );
  const mild = new Folder('mild');
  app._setObject('mild', mild as never);
  const inner = app._getOb('mild') as unknown as Folder;
  inner._setObject('fail', script('fail', 'return 1 / 0') as never);
  inner._setObject(
    'standard_error_message',
    script(
      'standard_error_message',
      'container.REQUEST.RESPONSE.setStatus(418)\nreturn "tea"',
      '**kw',
    ) as never,
  );
});

const page = async (name: string) => {
  const answer = await site.fetch(`/paged/${name}`);
  return [answer.status, await answer.text()];
};

it.each([
  [200, 200],
  ['404', 404],
  ['not found', 404],
  ['Request-URI Too Long', 414],
  ['KeyError', 503],
  [299, 500],
  ['nonsense', 500],
  [null, 500],
  [true, 500],
])('takes %j as the status %i (P-126)', (given, status) => {
  const response = new HTTPResponse();
  response.setStatus(given);
  expect(response.getStatus()).toBe(status);
});

it('takes the class of an exception as a status', async () => {
  expect(await page('status')).toEqual([500, '500']);
});

it.each([
  ['/', '/'],
  ['/a b?x=ä#f g', '/a%20b?x=%C3%A4#f%20g'],
  ['/a%20b c?d e', '/a%20b c?d%20e'],
  ['HTTP://Other.test/', 'http://Other.test/'],
  ['/x?', '/x'],
  ['/x#', '/x'],
  ['/x;', '/x'],
  ['/x;a b', '/x;a%20b'],
  ['/[x]#a#b', '/%5Bx%5D#a%23b'],
  ['http://[::1]/', 'http://[::1]/'],
  ['http:x', 'http:///x'],
  ['///x', '/x'],
  [' \t/x\r\ny', '/xy'],
  ['mailto:a@b', 'mailto:a@b'],
])('leads from %j to %j (P-131)', (given, location) => {
  expect(quoteLocation(given)).toBe(location);
});

it('refuses targets that are no text or no address', () => {
  expect(() => quoteLocation(1)).toThrow("'int' object has no attribute 'decode'");
  expect(() => quoteLocation(null)).toThrow('a bytes-like object is required');
  expect(() => quoteLocation('http://[::1/')).toThrow('Invalid IPv6 URL');
  expect(() => quoteLocation('http://a\u2100b/')).toThrow('under NFKC normalization');
});

it('lets scripts set headers by methods only', async () => {
  expect((await page('item'))[1]).toContain('TypeError|500');
});

it('sends bytes as the header that they are, and the length that a body has', async () => {
  expect((await site.fetch('/paged/latin')).headers.get('x-test')).toBe('ä');
  expect((await site.fetch('/paged/length')).headers.get('content-length')).toBe('5');
});

it('says of bytes too that nothing is there where they are the name of an object', async () => {
  expect((await page('bare'))[0]).toBe(404);
  expect(await page('locked')).toEqual([404, 'NotFound|404|']);
});

it('lets an error page see what the status is, and set it', async () => {
  expect(await page('failing')).toEqual([500, 'ValueError|500|markup']);
  const answer = await site.fetch('/mild/fail');
  expect([answer.status, await answer.text()]).toEqual([418, 'tea']);
});

it('lets an exception up whose page cannot be sent in the charset that was set', async () => {
  await expect(site.fetch('/paged/unknown')).rejects.toThrow("'k'");
});

it('quotes the bytes of cookies, and knows parameters by Python’s names only (P-132)', async () => {
  const cookies = (await site.fetch('/paged/cookie')).headers.getSetCookie();
  expect(cookies[0]).toBe('c=%E4%20b');
  expect(cookies[1]).toMatch(/^d=deleted; Max-Age=0/);
  const response = new HTTPResponse();
  for (const name of ['http-only', 'same-site', 'nothing'])
    expect(() => response.setCookie('a', 'b', { [name]: 1 })).toThrow(name);
  for (const domain of ['', 'a..b'])
    expect(() => response.setCookie('a', 'b', { domain })).toThrow('label empty or too long');
  response.setCookie('a', 'b', {
    'max-age': 1,
    httponly: 1,
    SameSite: 'lax',
    domain: Buffer.from('.zope.test'),
  });
  expect(response.headerList().join()).toMatch(/Max-Age=1; HttpOnly; SameSite=Lax; Domain=zope\.test/);
});

it('puts a base into pages, and into nothing else', () => {
  const html = '<html><head></head></html>';
  const plain = new HTTPResponse();
  plain.setBase('http://x');
  expect(plain.setBody(html).text).toBe(html);
  const typed = new HTTPResponse();
  typed.setBase('http://x');
  typed.setHeader('Content-Type', 'text/html');
  expect(typed.setBody(html).text).toContain('<base href="http://x/" />');
});

it('gives bytes a title as it does texts, and compresses as Python says it does', () => {
  const response = new HTTPResponse();
  response.enableHTTPCompression('', { force: true });
  response.setBody(Buffer.from('x'.repeat(500)), 'T');
  const packed = Buffer.from(response.bytes());
  expect([packed[8], packed[9]]).toEqual([2, 255]);
  expect(gunzipSync(packed).toString()).toContain('<title>T</title>');
});

it('sends a file name beyond ASCII whatever else is set before it', () => {
  const response = new HTTPResponse();
  response.setHeader('Content-Length', '1');
  response.addHeader('Content-Disposition', 'attachment; filename="ä"');
  response.setHeader('X-Test', 'ä');
  expect(response.headerList()).toEqual([
    'Content-Disposition',
    'attachment; filename="ä"',
    'Content-Length',
    '1',
    'X-Test',
    'ä',
  ]);
});

it('puts a base into a page of bytes too', () => {
  const response = new HTTPResponse();
  response.setBase('/ü');
  response.setHeader('Content-Type', 'text/html; charset=latin-1');
  const page = Buffer.from('<html><head></head>\xe4', 'latin1');
  expect(Buffer.from(response.setBody(page).bytes()).toString('latin1')).toBe(
    '<html><head>\n<base href="/ü/" />\n</head>\xe4',
  );
});

it('takes a parameter of a cookie away that is set to nothing', () => {
  const response = new HTTPResponse();
  response.setCookie('a', 'b', { path: '/x', comment: 'c' });
  response.setCookie('a', 'b', { Path: null, comment: null });
  expect(response.headerList()).toEqual(['Set-Cookie', 'a=b']);
});
