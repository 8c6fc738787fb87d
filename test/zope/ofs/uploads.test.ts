import { afterAll, expect, it } from 'vitest';
import {
  DTMLMethod,
  type File,
  Folder,
  type Image,
  OrderedFolder,
  type ZopePageTemplate,
} from '../../../src/zope/ofs/index.ts';
import { MULTIPART, multipart } from '../../publisher/lib/multipart.ts';
import { TestSite } from './test-site.ts';

const GIF = Buffer.from('R0lGODlhAgACAIAAABCAIP///ywAAAAAAgACAAACAkQBADs=', 'base64');
const site = new TestSite();
site.addUser('admin', ['Manager']);
site.change((app) => {
  app._setObject('shed', new Folder('shed') as never);
  app._setObject('row', new OrderedFolder('row') as never);
  app._setObject('method', new DTMLMethod('method', 'as it was') as never);
});
afterAll(() => site.close());

const shed = () => {
  site.commit();
  return site.app._getOb('shed') as unknown as Folder;
};

/** Sends a form with a file; where the answer leads. */
async function send(
  path: string,
  fields: Readonly<Record<string, string>>,
  file: { readonly name: string; readonly type?: string; readonly data: Buffer; readonly field?: string },
): Promise<string | null> {
  const parts = Object.entries(fields).map(([name, data]) => ({ name, data }));
  const { field: name = 'file', name: filename, ...rest } = file;
  const answer = await site.request(path, {
    user: 'admin',
    body: new Uint8Array(multipart(...parts, { name, filename, ...rest })),
    type: MULTIPART,
  });
  expect(answer.status).toBeLessThan(400);
  return answer.headers.get('location');
}

it.each([
  [{ name: 'x.css', type: 'application/octet-stream' }, 'application/octet-stream'],
  [{ name: 'x.css', type: 'text/odd' }, 'text/odd'],
  [{ name: 'x.css' }, 'text/css'],
  [{ name: 'x.unknown' }, 'application/octet-stream'],
  [{ name: '' }, 'text/x-unknown-content-type'],
])('gives an added file the type that the client tells, or that of its name: %j', async (file, type) => {
  const id = `f${site.app.objectIds().length}${shed().objectIds().length}`;
  await send('/shed/manage_addProduct/OFSP/manage_addFile', { id }, { ...file, data: Buffer.from('text') });
  const made = shed()._getOb(id) as unknown as File;
  expect([made.content_type, made.get_size()]).toEqual([type, file.name === '' ? 0 : 4]);
});

it('changes nothing where no file was chosen', async () => {
  await send('/shed/manage_addFile', { id: 'kept' }, { name: 'a.txt', data: Buffer.from('kept') });
  await send('/shed/kept/manage_upload', {}, { name: '', data: Buffer.alloc(0) });
  expect((shed()._getOb('kept') as unknown as File).__str__()).toBe('kept');
  await send('/method/manage_upload', {}, { name: '', data: Buffer.from('other') });
  site.commit();
  expect((site.app._getOb('method') as unknown as DTMLMethod).raw).toBe('as it was');
});

it('keeps the size of an image whose new content tells none', async () => {
  await send('/shed/manage_addImage', { id: 'dot' }, { name: 'dot.gif', data: GIF });
  await send('/shed/dot/manage_upload', {}, { name: 'x.gif', data: Buffer.from('no image') });
  const image = shed()._getOb('dot') as unknown as Image;
  expect([image.width, image.height, image.content_type]).toEqual([2, 2, 'image/gif']);
});

it.each([
  ['a.html', Buffer.from('grün'), 'grün', 'text/html'],
  ['a.html', Buffer.from('gr\xfcn', 'latin1'), 'grün', 'text/html'],
  [
    'a.txt',
    Buffer.from('<?xml version="1.0" encoding="iso-8859-1"?><a>\xfc</a>', 'latin1'),
    '<?xml version="1.0" encoding="iso-8859-1"?><a>ü</a>',
    'text/xml',
  ],
  ['a.xml', Buffer.from('<a/>'), '<a/>', 'text/xml'],
  [
    'a.html',
    Buffer.from('<meta http-equiv="content-type" content="text/html; charset=koi8-r">\xc1', 'latin1'),
    '<meta http-equiv="content-type" content="text/html; charset=koi8-r">а',
    'text/html',
  ],
  ['a.html', Buffer.from('a\r\nb'), 'a\r\nb', 'text/html'],
])('reads a template from %j in the encoding that it tells (O-030)', async (name, data, text, type) => {
  const id = `t${shed().objectIds().length}`;
  await send('/shed/manage_addProduct/PageTemplates/manage_addPageTemplate', { id }, { name, data });
  const made = shed()._getOb(id) as unknown as ZopePageTemplate;
  expect([made._text, made.content_type]).toEqual([text, type]);
});

it('refuses bytes that are no text as a source, rather than to lose them', async () => {
  await expect(send('/method/manage_upload', {}, { name: 'x', data: Buffer.from([0xff]) })).rejects.toThrow(
    "'utf-8' codec can't decode byte 0xff",
  );
});

it('leads from the button “Add and Edit” to what was made', async () => {
  const add = async (path: string, fields: string) =>
    (await site.request(path, { user: 'admin', body: `${fields}&submit=Add+and+Edit` })).headers.get(
      'location',
    );
  const product = '/shed/manage_addProduct';
  expect(await add(`${product}/OFSP/addDTMLMethod`, 'id=m+1')).toBe(
    'http://site.example/shed/m%201/manage_main',
  );
  expect(await add(`${product}/PythonScripts/manage_addPythonScript`, 'id=s')).toBe(
    'http://site.example/shed/s/manage_main',
  );
  expect(await add(`${product}/PageTemplates/manage_addPageTemplate`, 'id=p')).toBe(
    'http://site.example/shed/p/pt_editForm',
  );
  expect(await add('/shed/manage_addDTMLDocument', 'id=d')).toBe('http://site.example/shed/d/manage_main');
});

it('tells of the last of several names that are missing, and deletes none of the others', async () => {
  site.change((app) => app._setObject('there', new Folder('there') as never));
  const answer = await site.request('/manage_delObjects', {
    user: 'admin',
    body: 'ids:list=gone&ids:list=there&ids:list=lost',
  });
  expect([answer.status, answer.body]).toEqual([400, 'lost does not exist']);
  site.commit();
  expect(site.app.hasObject('there')).toBe(true);
});

it('renames in an ordered folder only what has a place there', () => {
  const row = site.app._getOb('row') as unknown as OrderedFolder;
  expect(() => row.manage_renameObject('none', 'new')).toThrow(
    'The object with the id "none" does not exist.',
  );
});

it('takes and sends a file that is longer than what an answer keeps in memory, whole and in ranges', async () => {
  const data = Buffer.from(Array.from({ length: 400_000 }, (_none, n) => `${n};`).join(''));
  expect(data.length).toBeGreaterThan(2 ** 21);
  await send('/shed/manage_addProduct/OFSP/manage_addFile', { id: 'long' }, { name: 'long.txt', data });
  // What came with the request is not kept.
  const given = Buffer.from(data);
  site.change(() => (shed()._getOb('long') as unknown as File).update_data(given));
  given.fill(0);
  const whole = await site.request('/shed/long');
  expect([whole.status, whole.headers.get('content-length')]).toEqual([200, String(data.length)]);
  expect(whole.body === data.toString()).toBe(true);
  const [start, end] = [500_000, 2_500_000];
  const range = (text: string) => site.request('/shed/long', { headers: { range: `bytes=${text}` } });
  const part = await range(`${start}-${end - 1}`);
  expect([part.status, part.headers.get('content-range')]).toEqual([
    206,
    `bytes ${start}-${end - 1}/${data.length}`,
  ]);
  expect(part.body === data.toString('latin1', start, end)).toBe(true);
  const parts = await range(`0-1499999,1000000-2499999`);
  expect(parts.headers.get('content-length')).toBe(String(parts.body.length));
  expect(parts.body).toContain(data.toString('latin1', 1_000_000, 2_500_000));
  const head = await site.request('/shed/long', { method: 'HEAD' });
  expect([head.headers.get('content-length'), head.body]).toEqual([String(data.length), '']);
});
