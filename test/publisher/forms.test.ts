import { expect, it } from 'vitest';
import { DTMLMethod, PythonScript } from '../../src/zope/ofs/index.ts';
import { makeSite } from './site.ts';

/** Shows every field; of a file its name, headers and content. */
const PROBE = `
def show(v):
    if hasattr(v, 'filename'):
        return '%r %r %r' % (v.filename, v.headers.items(), v.read())
    if hasattr(v, 'items'):
        return 'record ' + str(v)
    return repr(v)
return ' | '.join(['%s: %s' % (k, show(v)) for k, v in sorted(container.REQUEST.form.items())])
`;

function script(id: string, body: string): PythonScript {
  const made = new PythonScript(id);
  made.ZPythonScript_edit('', body);
  return made;
}

const ERROR = '<dtml-var error_type>: <dtml-var error_value>';
const site = makeSite((app) => {
  for (const object of [
    script('probe', PROBE),
    script('path', 'return container.REQUEST["PATH_INFO"]'),
    new DTMLMethod('shown', '<dtml-var x>'),
    new DTMLMethod('standard_error_message', ERROR),
  ])
    app._setObject(object.getId(), object as never);
});

const query = async (text: string) => (await site.fetch(`/probe?${text}`)).text();

const part = (...lines: string[]) => `--xx\r\n${lines.join('\r\n')}\r\n`;
const multipart = async (body: string) => {
  const answer = await site.fetch('/probe', {
    method: 'POST',
    body: Buffer.from(body, 'latin1'),
    headers: { 'Content-Type': 'multipart/form-data; boundary=xx' },
  });
  return answer.text();
};

it.each([
  ['a:ascii=%E4', "UnicodeDecodeError: ('ascii', b'\\xe4', 0, 1, 'ordinal not in range(128)')"],
  ['a:latin1=%E4', "a: '\u00e4'"],
  ['a:cp1252=%80', "a: '€'"],
  ['a:koi8-r=%C1', "a: 'а'"],
  ['a:utf-16-le=%41%00', "a: 'A'"],
  ['a:utf_16_le=1', "UnicodeDecodeError: ('utf-16-le', b'1', 0, 1, 'truncated data')"],
  ['a:gbk=%C4%E3', "a: '你'"],
  [
    'a:euc-jp=%EF%BC%91',
    "UnicodeDecodeError: ('euc_jp', b'\\xef\\xbc\\x91', 2, 3, 'incomplete multibyte sequence')",
  ],
  ['a:hex=41', "LookupError: 'hex' is not a text encoding; use codecs.decode() to handle arbitrary codecs"],
  ['a:nothing=%E4', "a: '\\udce4'"],
])('decodes a value as its name says, or says why not: %s (P-099)', async (text, answer) => {
  expect(await query(text)).toBe(answer);
});

it('tells in Python’s words of fields that are values and records at once, and loses none of them', async () => {
  expect(await query('r=1&r.a:record=2')).toBe("AttributeError: 'str' object has no attribute 'a'");
  expect(await query('r.a:records=1&r.b:record=2')).toBe(
    "AttributeError: 'list' object has no attribute 'b'",
  );
  expect(await query('r.a:record=1&r.a:records=2')).toBe('KeyError: -1');
  expect(await query('r.a:record=1&r.a:record:list=2')).toBe(
    'TypeError: can only concatenate str (not "list") to str',
  );
  expect(await query('r.get:record=1&r.a:record=2')).toBe('r: record a: 2, get: 1');
  expect(await query('r.a:record:tuple=1&r.b:record=x')).toBe("r: record a: ('1',), b: x");
});

it('counts as white space what Python counts', async () => {
  expect(await query('a:int=%C2%A07%C2%85')).toBe('a: 7');
  expect(await query('a:int=%EF%BB%BF7')).toContain('ValueError: An integer was expected');
  expect(await query('a:tokens=x%1Cy%C2%85z')).toBe("a: ['x', 'y', 'z']");
  expect(await query('a:required=%1D')).toContain('ValueError: No input for required field');
});

it('gives a button’s method the path that it made (P-089)', async () => {
  expect(await (await site.fetch('/?path:method=x')).text()).toBe('/path');
  expect(await (await site.fetch('/path?:method=')).text()).toBe('/path');
});

it('quotes bytes with markup where a page shows them as they are (P-106)', async () => {
  expect(await (await site.fetch('/shown?x:bytes=%3Cb%3E')).text()).toBe('&lt;b&gt;');
  expect(await (await site.fetch('/shown?x:bytes:list=%3Cb%3E')).text()).not.toContain('<');
});

it('reads names as browsers and older clients write them', async () => {
  const disposition = (text: string) => part(`Content-Disposition: ${text}`, '', 'v');
  const body = [
    'form-data; name="a%22b"',
    'form-data; name="c\\"d"',
    'form-data; name="e\\f"',
    'Form-Data;name="g"; size=3',
    'form-data; NAME=h',
    'form-data; name="i"; filename*=utf-8\'\'x.txt',
    'form-data',
  ].map(disposition);
  expect(await multipart(`${body.join('')}--xx--`)).toBe(
    ": 'v' | a\"b: 'v' | c\"d: 'v' | e\\f: 'v' | g: 'v' | h: 'v' | i: 'v'",
  );
});

it('gives a file its name without a path, and its headers in order', async () => {
  const file = part(
    'content-type: text/plain',
    'X-Odd:  a',
    'content-disposition: form-data; name="f"; filename="C:\\dir\\note.txt"',
    '',
    'text',
  );
  expect(await multipart(`${file}--xx--`)).toBe(
    `f: 'note.txt' [('Content-Type', 'text/plain'), ('X-Odd', 'a'), ('Content-Disposition', 'form-data; name="f"; filename="C:\\\\dir\\\\note.txt"')] b'text'`,
  );
});

it.each([
  [
    part('Content-Disposition: attachment; name="a"', '', '1'),
    'Invalid Content-Disposition segment header: Wrong type',
  ],
  [part('X-Header: 1', '', '1'), 'Missing Content-Disposition segment header'],
  [part('no header', '', '1'), 'Malformed segment header'],
  [
    part('Content-Disposition: form-data; name="a"', 'Content-Length: 5', '', '1'),
    'Segment size does not match Content-Length header',
  ],
  [
    part('Content-Disposition: form-data; name="a"', 'Content-Length: 0', '', '1'),
    'Segment Content-Length exceeded',
  ],
  [
    part(...Array.from({ length: 9 }, (_none, n) => `X-H${n}: 1`), '', '1'),
    'Maximum segment header count exceeded',
  ],
  [part(`X-H: ${'x'.repeat(5000)}`, '', '1'), 'Maximum segment header length exceeded'],
  [' --xx\r\n', 'Unexpected byte in front of first boundary'],
  ['--xx\n more', 'Invalid line break after first boundary'],
  ['--xx  \r\n', 'Unexpected byte after first boundary'],
  ['--xx\r\nContent-Disposition: form-data\n', 'Invalid line break in segment header'],
  [`${part('Content-Disposition: form-data; name="a"', '', '1')}--xx??`, 'Unexpected bytes after boundary'],
  ['', 'Unexpected end of multipart stream (parser closed)'],
])('says what is wrong with a form of parts: %j', async (body, message) => {
  const whole = body.endsWith('??') || body === '' || !body.startsWith('--xx\r\n') ? body : `${body}--xx--`;
  expect(await multipart(whole)).toBe(`BadRequest: ${message}`);
});

it('fails on a charset that nobody knows, and on a file that is to be a value', async () => {
  expect(
    await multipart(
      `${part('Content-Disposition: form-data; name="a"', 'Content-Type: text/plain; charset=nothing', '', '1')}--xx--`,
    ),
  ).toBe('LookupError: unknown encoding: nothing');
  expect(
    await multipart(`${part('Content-Disposition: form-data; name="a:json"; filename="f"', '', '1')}--xx--`),
  ).toBe('TypeError: the JSON object must be str, bytes or bytearray, not FileUpload');
  expect(
    await multipart(
      `${part('Content-Disposition: form-data; name="a:latin1"; filename="f"', '', '1')}--xx--`,
    ),
  ).toBe('AssertionError: cannot recode files');
});

const urlencoded = async (body: string) => {
  const answer = await site.fetch('/probe', {
    method: 'POST',
    body,
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  });
  return answer.text();
};

const MOST = 960_000;
it.each([
  ['converters', 'BadRequest: a field has too many converters', `a${':tuple'.repeat(MOST / 6)}=1`],
  [
    'records and attributes by default',
    'BadRequest: a form has too many defaults and tuples',
    Array.from({ length: MOST / 80 }, (_none, i) => `a.k${i}:records:default=&`).join('') +
      'a.x:records=&'.repeat(MOST / 28),
  ],
  [
    'values by default',
    'BadRequest: a form has too many defaults and tuples',
    Array.from({ length: MOST / 40 }, (_none, i) => `a:list=${i}&a:list:default=x${i}&`).join(''),
  ],
  [
    'records and tuples',
    'BadRequest: a form has too many defaults and tuples',
    Array.from({ length: MOST / 80 }, (_none, i) => `a.k${i}:tuple:records=&`).join('') +
      'a.x:records=&'.repeat(MOST / 28),
  ],
])('refuses a form that asks for more work than it has bytes: %s', async (_about, answer, form) => {
  expect(form.length).toBeLessThan(2 ** 20);
  expect(await urlencoded(form)).toBe(answer);
});

it('takes as many converters, and lists of records as long, as anybody writes', async () => {
  expect(await query(`a${':list'.repeat(32)}=1`)).toBe("a: ['1']");
  expect(await query(`a${':list'.repeat(33)}=1`)).toBe('BadRequest: a field has too many converters');
  const items = Array.from({ length: 20_000 }, (_none, i) => String(i));
  expect(await urlencoded(items.map((item) => `a.b:record:list=${item}`).join('&'))).toBe(
    `a: record b: [${items.map((item) => `'${item}'`).join(', ')}]`,
  );
});

it('adds nothing to the list of a default that a record had at first', async () => {
  const form = 'd.b:record:list:default:int=1&d.b:record:int=&d.b:record:list=2&e.b:record:list:default=3';
  expect(await query(form)).toBe("d: record b: [1, '2'] | e: record b: ['3']");
});

it('takes as many parts as are allowed, and no more', async () => {
  const parts = (count: number) =>
    `${part('Content-Disposition: form-data; name="a:list"', '', '1').repeat(count)}--xx--`;
  expect(await multipart(parts(1024))).toBe(`a: [${Array(1024).fill("'1'").join(', ')}]`);
  expect(await multipart(parts(1025))).toBe('BadRequest: Maximum segment count exceeded');
});
