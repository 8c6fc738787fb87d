/** What of the content types a URL reaches, beside their pages, and what HEAD says: as Python's answers. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DTMLMethod } from '../../../src/zope/dtml/dtml-method.ts';
import { File, Folder, type Item, ZopePageTemplate } from '../../../src/zope/ofs/index.ts';
import { PythonScript } from '../../../src/zope/scripts/python-script.ts';
import { TestSite } from './test-site.ts';

let site: TestSite;
beforeEach(() => {
  site = new TestSite();
  site.addUser('admin', ['Manager']);
});
afterEach(() => site.close());

const admin = { user: 'admin' };
const put = (item: unknown) => site.change((app) => app._setObject((item as Item).getId(), item as never));

function script(id: string, body: string): PythonScript {
  const made = new PythonScript(id);
  made.write(body);
  return made;
}

it('shows properties and settings to whoever may see them', async () => {
  put(new File('leaf.txt', 'A leaf', Buffer.from('green'), 'text/plain'));
  expect(await site.request('/leaf.txt/propertyIds', admin)).toMatchObject({
    status: 200,
    body: "['title', 'content_type']",
  });
  expect(await site.request('/leaf.txt/getProperty?id=title', admin)).toMatchObject({ body: 'A leaf' });
  expect((await site.request('/permission_settings')).status).toBe(401);
});

it('has no pages of the names that the root has of its own in Python', async () => {
  for (const name of ['getId', 'title_or_id', 'title_and_id'])
    // oxlint-disable-next-line no-await-in-loop
    expect((await site.request(`/${name}`, admin)).status, name).toBe(404);
});

it('has the id of a File in templates, also where they are acquired', async () => {
  put(new File('leaf.txt', '', Buffer.from('green'), 'text/plain'));
  put(new DTMLMethod('name', '<dtml-var id>'));
  expect((await site.request('/leaf.txt/name')).body).toBe('leaf.txt');
});

it('takes as a subpath only what a script or template does not have itself, in Python (S-071)', async () => {
  const tail = script('tail', '##bind subpath=traverse_subpath\nreturn traverse_subpath');
  put(tail);
  put(new ZopePageTemplate('page', '<p tal:content="request/traverse_subpath">x</p>'));
  expect((await site.request('/tail/a/b')).body).toBe("['a', 'b']");
  expect((await site.request('/page/a')).body).toContain('a');
  for (const name of ['__class__', '__dict__', 'raise_standardErrorMessage', 'manage_page_header'])
    for (const id of ['tail', 'page'])
      // oxlint-disable-next-line no-await-in-loop
      expect((await site.request(`/${id}/${name}`)).status, `${id}/${name}`).toBe(404);
});

it('writes a script with its errors, indented as the source is, and reads that again', () => {
  const broken = script('öffnen', '  return (');
  const text = broken.read();
  expect(text).toMatch(/^ {2}## Script \(Python\) "öffnen"\n {2}##bind container=container\n/);
  expect(text).toMatch(/\n {2}##\n {2}## Errors:\n {2}## {2}\S.*\n/);
  expect(broken.get_size()).toBe(text.length);
  const body = broken._body;
  broken.write(text);
  expect(broken._body).toBe(body);
  expect(() => broken.write('##wrong=1\nreturn 1')).toThrow('Unrecognized header line "##wrong=1"');
});

it('says of HEAD the type by the name or an acquired one, and of a range of no bytes that there is none', async () => {
  put(new File('words.txt', '', Buffer.from('some words'), 'text/plain'));
  put(script('sheet.xls', 'return 1'));
  put(script('plain', 'return 1'));
  const typeOf = async (path: string) =>
    (await site.request(path, { method: 'HEAD' })).headers.get('content-type');
  expect(await typeOf('/sheet.xls')).toBe('application/vnd.ms-excel');
  expect(await typeOf('/plain')).toBe('application/octet-stream');
  expect(await typeOf('/words.txt/plain')).toBe('text/plain; charset=utf-8');
  const answer = await site.request('/words.txt', { headers: { range: 'bytes=-0' } });
  expect([answer.status, answer.headers.get('content-range')]).toEqual([416, 'bytes */10']);
});

it('answers checkPermission as Python does: 1 and None for a user, True for the emergency user', async () => {
  put(
    script(
      'may',
      "from AccessControl import getSecurityManager\nm = getSecurityManager()\nreturn repr([m.checkPermission(p, context) for p in ('View', 'Manage users')])",
    ),
  );
  expect((await site.request('/may')).body).toBe('[1, None]');
  expect((await site.request('/may', admin)).body).toBe('[1, 1]');
});

it('keeps title, type and tree methods of an object from whoever may not have the object, also in messages', async () => {
  site.addUser('guest', []);
  site.change((app) => {
    app._setObject('closed', new Folder('closed') as never);
    const closed = app._getOb('closed') as unknown as Folder;
    closed.title = 'a secret plan';
    closed._setObject('shown', new DTMLMethod('shown', '<dtml-var title>') as never);
    closed.manage_permission('Access contents information', ['Manager'], 0);
  });
  expect(await site.request('/closed/shown', admin)).toMatchObject({ status: 200, body: 'a secret plan' });
  const refused = await site.request('/closed/shown', { user: 'guest' });
  expect(refused.status).toBe(401);
  expect(refused.body).not.toContain('secret');
  for (const name of ['title_or_id', 'title_and_id'])
    // oxlint-disable-next-line no-await-in-loop
    expect((await site.request(`/closed/${name}`, { user: 'guest' })).status, name).toBe(401);
});
