import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { SiteErrorLog } from '../../../src/zope/errorlog/site-error-log.ts';
import type { Item } from '../../../src/zope/ofs/index.ts';
import { TestSite } from '../ofs/test-site.ts';

const site = new TestSite();

beforeAll(() => {
  site.change((app) => {
    app._addRole('Watcher');
    app.manage_permission('Log Site Errors', ['Watcher', 'Manager'], true);
    app.manage_permission('Log to the Event Log', ['Manager'], false);
    app._setObject('error_log', new SiteErrorLog() as unknown as Item);
  });
  site.addUser('watcher', ['Watcher']);
  site.addUser('boss', ['Manager']);
});
beforeEach(() =>
  site.change((app) => Object.assign(app._getOb('error_log'), { copy_to_zlog: false, keep_entries: 20 })),
);
afterAll(() => site.close());

const set = async (user: string, body: string) => {
  const { status } = await site.request('/error_log/setProperties', { user, body });
  site.commit();
  const { copy_to_zlog: copies, keep_entries: keep } = site.app._getOb(
    'error_log',
  ) as unknown as SiteErrorLog;
  return { status, copies, keep };
};

it('is made to write to the event log by those only who may do that', async () => {
  const body = 'keep_entries:int=5&copy_to_zlog:int=1';
  expect(await set('watcher', body)).toEqual({ status: 403, copies: false, keep: 20 });
  expect(await set('boss', body)).toEqual({ status: 302, copies: true, keep: 5 });
  // It stays so for whoever changes something else.
  expect(await set('watcher', 'keep_entries:int=6&copy_to_zlog:int=1')).toEqual({
    status: 302,
    copies: true,
    keep: 6,
  });
});
