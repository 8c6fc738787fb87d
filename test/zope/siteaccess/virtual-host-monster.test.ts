import { afterAll, beforeAll, expect, it } from 'vitest';
import { DTMLMethod } from '../../../src/zope/ofs/index.ts';
import { NameCaller, registerBeforeTraverse } from '../../../src/zope/siteaccess/before-traverse.ts';
import { VirtualHostMonster } from '../../../src/zope/siteaccess/virtual-host-monster.ts';
import { TestSite } from '../ofs/test-site.ts';

const site = new TestSite();
const BEHIND_PROXY = '/VirtualHostBase/https/shop.example:443/VirtualHostRoot/where';

beforeAll(() =>
  site.change((app) => {
    app._setObject('where', new DTMLMethod('where', '<dtml-var absolute_url>') as never);
    app._setObject('count', new DTMLMethod('count', '') as never);
    registerBeforeTraverse(app, new NameCaller('count'), 'another rule');
  }),
);
afterAll(() => site.close());

it('shows the site as the proxy in front of it says for as long as it is there, and leaves other rules', async () => {
  expect((await site.request(BEHIND_PROXY)).status).toBe(404);
  site.change((app) => app._setObject('virtual_hosting', new VirtualHostMonster() as never));
  expect(await site.request(BEHIND_PROXY)).toMatchObject({ status: 200, body: 'https://shop.example' });
  site.change((app) => app._delObject('virtual_hosting'));
  expect((await site.request(BEHIND_PROXY)).status).toBe(404);
  const { __before_traverse__: rules } = site.app as unknown as {
    __before_traverse__: Map<[number, string], unknown>;
  };
  expect([...rules.keys()].map(([, handle]) => handle)).toEqual(['another rule']);
});

it('is there once in a container', () => {
  site.change((app) => app._setObject('virtual_hosting', new VirtualHostMonster() as never));
  expect(() =>
    site.change((app) =>
      app._setObject('second', Object.assign(new VirtualHostMonster(), { id: 'second' }) as never),
    ),
  ).toThrow('This container already has a Virtual Host Monster');
});
