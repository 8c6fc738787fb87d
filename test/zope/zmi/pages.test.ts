import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nobody, SecurityManager, system, withSecurityManager } from '../../../src/access/index.ts';
import { registerClass } from '../../../src/persistent/index.ts';
import { declareClass } from '../../../src/restricted/index.ts';
import {
  BTreeFolder,
  DTMLDocument,
  DTMLMethod,
  File,
  Folder,
  Image,
  type Item,
  OrderedFolder,
  PythonScript,
  TypeScriptScript,
  ZopePageTemplate,
} from '../../../src/zope/ofs/index.ts';
import { products } from '../../../src/zope/ofs/products.ts';
import { permittedTabs } from '../../../src/zope/zmi/tabs.ts';
import { lineDifference } from '../../../src/zope/zmi/difference.ts';
import { SiteErrorLog } from '../../../src/zope/errorlog/site-error-log.ts';
import { MailHost } from '../../../src/zope/mail/mail-host.ts';
import { AcceleratedHTTPCacheManager } from '../../../src/zope/ofs/http-cache.ts';
import { RAMCacheManager } from '../../../src/zope/ofs/ram-cache.ts';
import { TestSite } from '../ofs/test-site.ts';

const EVIL = '<script>alert(1)</script>"\'&';
const site = new TestSite();
const objects: string[] = ['', '/acl_users'];

beforeAll(() => {
  site.addUser('boss', ['Manager']);
  site.change((app) => {
    const add = (id: string, object: object) => {
      app._setObject(id, object as Item);
      const placed = app._getOb(id);
      placed.title = EVIL;
      objects.push(`/${id}`);
    };
    add('folder', new Folder('folder'));
    add('row', new OrderedFolder('row'));
    add('heap', new BTreeFolder('heap'));
    add('file', new File('file', '', new Uint8Array(Buffer.from(EVIL)), 'text/plain'));
    add('image', new Image('image', '', new Uint8Array([1, 2])));
    add('page', new ZopePageTemplate('page', '<p>x</p>'));
    add('method', new DTMLMethod('method', EVIL));
    add('document', new DTMLDocument('document', EVIL));
    add('code', new PythonScript('code'));
    add('ts', new TypeScriptScript('ts'));
    add('ram', new RAMCacheManager('ram'));
    add('http', new AcceleratedHTTPCacheManager('http'));
    add('error_log', new SiteErrorLog());
    add('mail', new MailHost('mail'));
    const folder = app._getOb('folder') as unknown as Folder;
    folder._setObject("in'ner", new Folder("in'ner", EVIL) as never);
  });
});
afterAll(() => site.close());

const get = (path: string) => site.request(path, { user: 'boss' });

/** The addresses of the tabs that a page shows. */
const tabsOf = (html: string) =>
  [...(/<nav class="tabs".*?<\/nav>/s.exec(html)?.[0] ?? '').matchAll(/href="([^"]*)"/g)].map(([, url]) =>
    url!.replace('http://site.example', ''),
  );

describe('every tab of every object', () => {
  it('is a page that needs no script, and shows what users wrote as text', async () => {
    const wrong: string[] = [];
    for (const object of objects) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other: they share a connection
      const first = await get(`${object}/manage_main`);
      const tabs = tabsOf(first.body).filter((url) => !url.endsWith('/'));
      expect(tabs.length, object).toBeGreaterThan(2);
      for (const url of tabs) {
        // oxlint-disable-next-line no-await-in-loop -- as above
        const { status, headers, body } = await get(url);
        if (status !== 200) wrong.push(`${status} ${url}`);
        if (headers.get('content-type') !== 'text/html;charset=utf-8') wrong.push(`type of ${url}`);
        if (/<script|javascript:|\son\w+=/i.test(body)) wrong.push(`script in ${url}`);
        if (!body.includes('Sign out')) wrong.push(`no sign-out in ${url}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('may be framed by this site only, which browsers are told', async () => {
    const browser = { 'user-agent': 'Mozilla/5.0' };
    const { headers } = await site.request('/manage_main', { user: 'boss', headers: browser });
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'self'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('leads on: manage_workspace goes to the first one that the user may see', async () => {
    expect((await get('/folder/manage_workspace')).headers.get('location')).toBe(
      'http://site.example/folder/manage_main',
    );
    expect((await site.request('/folder/manage_workspace')).status).toBe(401);
  });
});

describe('a tab that is public', () => {
  class Open extends Folder {}
  registerClass(Open, 'test.pages.Open', { acquires: 'implicit' });
  declareClass(Open, { object: 'public', names: { shown: 'public' } });
  Object.assign(Open.prototype, { manage_options: [{ label: 'Shown', action: 'shown' }] });

  it.each([
    ['nobody who is not signed in', nobody, []],
    ['whoever is signed in', system, ['Shown']],
  ])('is for %s', (_who, user, labels) => {
    const tabs = withSecurityManager(new SecurityManager(user), () => permittedTabs(new Open('open')));
    expect(tabs.map(({ label }) => label)).toEqual(labels);
  });
});

describe('the frames', () => {
  it.each([
    ['//evil.example/', false],
    ['/\\evil.example', false],
    ['/\t/evil.example/', false],
    ['/\n/evil.example/', false],
    ['http://site.example.evil.example/', false],
    ['http://site.example@evil.example/', false],
    ['javascript:alert(1)', false],
    ['http://evil.example/', false],
    ['/folder/manage_main', true],
    ['http://site.example/folder', true],
  ])('lead to %s: %s', async (target, allowed) => {
    const { body } = await get(`/manage?came_from=${encodeURIComponent(target)}`);
    expect(body.includes(`src="${target}"`)).toBe(allowed);
  });
});

describe('the listing', () => {
  it('sorts as asked', async () => {
    const ids = async (query: string) =>
      [...(await get(`/manage_main${query}`)).body.matchAll(/name="ids:list" value="([^"]*)"/g)].map(
        ([, id]) => id,
      );
    const byId = await ids('');
    expect(byId).toEqual([...byId].sort());
    expect(await ids('?skey=id&rkey=desc')).toEqual([...byId].reverse());
    expect((await ids('?skey=meta_type'))[0]).toBe('http');
    expect((await ids('?skey=nonsense')).length).toBe(byId.length);
  });

  it('has pages where there is much', async () => {
    site.change((app) => {
      const heap = app._getOb('heap') as unknown as BTreeFolder;
      for (let n = 0; n < 205; n++)
        heap._setObject(`x${String(n).padStart(3, '0')}`, new Folder('x') as never);
    });
    const first = (await get('/heap/manage_main')).body;
    expect(first).toContain('1 to 200 of 205');
    const next = /href="([^"]*b_start=200)"/.exec(first)![1]!.replaceAll('&amp;', '&');
    expect((await get(next.replace('http://site.example', ''))).body).toContain('201 to 205 of 205');
  });

  it('offers exactly what the user may add', async () => {
    const body = (await get('/folder/manage_main')).body;
    for (const { metaType, fields } of products())
      if (fields !== undefined) expect(body.includes(`<summary>${metaType}</summary>`), metaType).toBe(true);
  });

  it('reaches objects whose ids need quoting', async () => {
    const body = (await get('/folder/manage_main')).body;
    const url = /<a class="name" href="([^"]*)"/.exec(body)![1]!.replace('http://site.example', '');
    expect((await get(url)).status).toBe(302);
  });
});

describe('lineDifference', () => {
  it.each([
    ['a\nb', 'a\nb', '  '],
    ['a\nb', 'a\nc', ' -+'],
    ['', 'x', '-+'],
    ['a\nb\nc', 'a\nc\nd', ' - +'],
  ])('from %j to %j', (before, after, marks) => {
    const lines = lineDifference(before, after);
    expect(lines.map(({ mark }) => mark).join('')).toBe(marks);
    expect(
      lines
        .filter(({ mark }) => mark !== '+')
        .map(({ text }) => text)
        .join('\n'),
    ).toBe(before);
    expect(
      lines
        .filter(({ mark }) => mark !== '-')
        .map(({ text }) => text)
        .join('\n'),
    ).toBe(after);
  });

  it('compares no texts whose comparison would cost too much', () => {
    const long = 'same\n'.repeat(2000);
    const marks = lineDifference(long, long).map(({ mark }) => mark);
    expect(marks.join('')).toBe('-'.repeat(2001) + '+'.repeat(2001));
  });
});
