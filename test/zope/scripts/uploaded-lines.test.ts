import { afterAll, expect, it } from 'vitest';
import { DTMLMethod, PythonScript, ZopePageTemplate } from '../../../src/zope/ofs/index.ts';
import { MULTIPART, multipart } from '../../publisher/lib/multipart.ts';
import { TestSite } from '../ofs/test-site.ts';

const site = new TestSite();
afterAll(() => site.close());

let made = 0;

/** What an object that is made by `make` answers to a form with a file of three lines. */
async function answered(make: (id: string) => object): Promise<string> {
  const id = `o${++made}`;
  site.change((app) => app._setObject(id, make(id) as never));
  const { status, body } = await site.request(`/${id}`, {
    body: new Uint8Array(
      multipart({ name: 'upload', filename: 'a.txt', type: 'text/plain', data: 'one\ntwo\nthree' }),
    ),
    type: MULTIPART,
  });
  return status === 200 ? body.trim() : `${status} ${body}`;
}

const script = (body: string) => (id: string) => {
  const code = new PythonScript(id);
  code.ZPythonScript_edit('upload', body);
  return code;
};

it.each([
  ['for line in upload:\n  print(line)\nreturn printed', "b'one\\n'\nb'two\\n'\nb'three'"],
  ['return repr([len(line) for line in upload])', '[4, 4, 5]'],
  ['return repr((upload.readline(), list(upload), upload.tell()))', "(b'one\\n', [b'two\\n', b'three'], 13)"],
  ['a, b, c = upload\nreturn repr((c, upload.read()))', "(b'three', b'')"],
  ['return repr((next(upload), list(upload), next(upload, 0)))', "(b'one\\n', [b'two\\n', b'three'], 0)"],
  ['lines = iter(upload)\nreturn repr((lines.next(), lines.next()))', "(b'one\\n', b'two\\n')"],
  ['return repr((upload.readlines(5), upload.readlines()))', "([b'one\\n', b'two\\n'], [b'three'])"],
  ['return repr((upload.read1(2), upload.readable(), upload.isatty()))', "(b'on', True, False)"],
  ["return repr('content-type' in upload.headers)", 'True'],
])('a script reads the lines of an uploaded file: %j', async (body, shown) => {
  expect(await answered(script(body))).toBe(shown);
});

it('page templates and DTML repeat over the lines of an uploaded file', async () => {
  const page = '<i tal:repeat="line request/upload" tal:content="python: len(line)">x</i>';
  expect((await answered((id) => new ZopePageTemplate(id, page))).replaceAll('\n', '')).toBe(
    '<i>4</i><i>4</i><i>5</i>',
  );
  const dtml = '<dtml-in upload><dtml-var "_.len(_[\'sequence-item\'])">,</dtml-in>';
  expect(await answered((id) => new DTMLMethod(id, dtml))).toBe('4,4,5,');
});

it('an iterator that is at its end says so by an exception', async () => {
  const code =
    'i = iter(upload)\nfor each in i:\n  pass\ntry:\n  i.next()\nexcept StopIteration:\n  return "at its end"';
  expect(await answered(script(code))).toBe('at its end');
});
