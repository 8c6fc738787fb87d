import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  DTMLMethod,
  File,
  Folder,
  type Item,
  PythonScript,
  ZopePageTemplate,
} from '../../../src/zope/ofs/index.ts';
import { AcceleratedHTTPCacheManager } from '../../../src/zope/ofs/http-cache.ts';
import { RAMCacheManager } from '../../../src/zope/ofs/ram-cache.ts';
import { TestSite } from './test-site.ts';

const site = new TestSite();

beforeAll(() => {
  site.addUser('boss', ['Manager']);
  site.change((app) => {
    const add = (id: string, object: object) => app._setObject(id, object as Item);
    add('ram', new RAMCacheManager('ram'));
    add('http', new AcceleratedHTTPCacheManager('http'));
    const counter = new Folder('counter');
    add('counter', counter);
    const count = new PythonScript('count');
    // What a script writes into the response shows whether it has run.
    count.ZPythonScript_edit('a=1', "context.REQUEST.RESPONSE.setHeader('X-Run', 'yes')\nreturn a");
    add('count', count);
    const other = new PythonScript('other');
    other.ZPythonScript_edit('', 'return context.getId()');
    add('other', other);
    add(
      'page',
      new ZopePageTemplate(
        'page',
        "<p tal:content=\"python:request.RESPONSE.setHeader('X-Run', 'yes')\">x</p>",
      ),
    );
    add('method', new DTMLMethod('method', "<dtml-call \"RESPONSE.setHeader('X-Run', 'yes')\">m"));
    add('file', new File('file', '', new Uint8Array(Buffer.from('text')), 'text/plain'));
  });
});
afterAll(() => site.close());

const ran = async (path: string, user?: string): Promise<boolean> => {
  const { status, headers } = await site.request(path, user === undefined ? {} : { user });
  expect(status).toBe(200);
  return headers.get('x-run') === 'yes';
};
const post = (path: string, body: string) => site.request(path, { user: 'boss', body });
const cacheIn = (object: string, manager: string) =>
  post(`/${object}/ZCacheable_setManagerId`, `manager_id=${manager}`);

it.each(['count', 'page', 'method'])(
  'keeps the results of a %s until it is told to forget them, or it changes',
  async (id) => {
    expect(await ran(`/${id}`)).toBe(true);
    await cacheIn(id, 'ram');
    expect(await ran(`/${id}`)).toBe(true);
    expect(await ran(`/${id}`)).toBe(false);
    expect((await post(`/${id}/ZCacheable_invalidate`, 'x=1')).body).toContain('Invalidated.');
    expect(await ran(`/${id}`)).toBe(true);
    expect(await ran(`/${id}`)).toBe(false);
    site.change((app) => {
      (app._getOb(id) as unknown as { title: string }).title = 'changed';
    });
    expect(await ran(`/${id}`)).toBe(true);
    await cacheIn(id, '');
    expect(await ran(`/${id}`)).toBe(true);
    expect(await ran(`/${id}`)).toBe(true);
  },
);

it('forgets what was made of a state that the disk has refused since', async () => {
  await cacheIn('page', 'ram');
  expect([await ran('/page'), await ran('/page')]).toEqual([true, false]);
  Object.assign(site.db.storage, { losses: 1 });
  try {
    expect([await ran('/page'), await ran('/page')]).toEqual([true, false]);
  } finally {
    delete (site.db.storage as { losses?: number }).losses;
  }
  await cacheIn('page', '');
});

it('keeps a result for each user, argument and context', async () => {
  await cacheIn('count', 'ram');
  for (const path of ['/count', '/count?a=2', '/counter/count']) {
    // oxlint-disable-next-line no-await-in-loop -- the order is what is tested
    expect(await ran(path), path).toBe(true);
    // oxlint-disable-next-line no-await-in-loop -- see above
    expect(await ran(path), path).toBe(false);
  }
  expect(await ran('/count', 'boss')).toBe(true);
  await cacheIn('other', 'ram');
  expect((await site.request('/other')).body).toBe((await site.request('/other')).body);
  expect((await site.request('/counter/other')).body).toBe('counter');
});

it('can be switched off for an object, and lists what it has cached', async () => {
  await cacheIn('count', 'ram');
  await ran('/count');
  expect((await site.request('/ram/manage_stats', { user: 'boss' })).body).toContain('/count');
  await post('/count/ZCacheable_setEnabled', 'enabled:int=0');
  expect(await ran('/count')).toBe(true);
  expect(await ran('/count')).toBe(true);
});

it('lets only who may change cache settings change them', async () => {
  for (const path of ['/count/ZCacheable_setManagerId', '/ram/manage_editProps']) {
    // oxlint-disable-next-line no-await-in-loop -- one connection
    expect((await site.request(path, { body: 'manager_id=ram&title=x' })).status).toBe(401);
  }
});

it('takes settings, and falls back to its own for nonsense', async () => {
  const body =
    'title=T&settings.threshold:int:record=5&settings.cleanup_interval:int:record=-60&settings.request_vars:tokens:record=a+b';
  expect((await post('/ram/manage_editProps', body)).body).toContain('Properties changed.');
  site.connection.sync();
  const { _settings: settings } = site.app._getOb('ram') as unknown as RAMCacheManager;
  expect(Object.fromEntries(settings)).toMatchObject({ threshold: 5, cleanup_interval: 300, max_age: 3600 });
});

it('lets caches in front of the site keep what anybody may see', async () => {
  await cacheIn('file', 'http');
  const { headers } = await site.request('/file');
  expect(headers.get('cache-control')).toBe('max-age=3600');
  expect(Date.parse(headers.get('expires')!) - Date.parse(headers.get('last-modified')!)).toBe(3_600_000);
  expect((await site.request('/file', { user: 'boss' })).headers.get('cache-control')).toBeNull();
});

it('tells caches to forget what has changed, once the change is stored', async () => {
  const told: string[] = [];
  let heard: () => void = () => {};
  const server = createServer((request, response) => {
    told.push(`${request.method!} ${request.url!}`);
    response.end();
    heard();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await post(
    '/http/manage_editProps',
    `title=&settings.interval:int:record=60&settings.notify_urls:tokens:record=http://127.0.0.1:${port}/`,
  );
  const next = new Promise<void>((resolve) => (heard = resolve));
  await post('/file/manage_edit', 'title=&content_type=text/plain&filedata=new');
  await next;
  expect(told).toEqual(['PURGE /file']);
  server.close();
});

it('is known to its container as long as it is there', () => {
  const ids = () => [...((site.app as unknown as Record<string, string[]>).__ZCacheManager_ids__ ?? [])];
  expect(ids()).toEqual(['ram', 'http']);
  site.change((app) => app._delObject('ram'));
  expect(ids()).toEqual(['http']);
});

it('forgets at once what another thread has forgotten', () => {
  const manager = new RAMCacheManager('shared');
  const object = { getPhysicalPath: () => ['', 'object'] } as unknown as Item;
  manager._cache().set(object, 'old', undefined);
  expect(manager._cache().get(object, undefined)).toBe('old');
  // As the other thread does, whose request is answered before this one has looked.
  const other = new BroadcastChannel('zope-ts RAM caches');
  other.postMessage([` ${manager._RAMCacheManager__cacheid}`, '/object']);
  expect(manager._cache().get(object, undefined)).toBeUndefined();
  other.close();
});
