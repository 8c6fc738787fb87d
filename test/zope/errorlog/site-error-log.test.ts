import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { EntryList, type LoggedError } from '../../../src/zope/errorlog/entries.ts';
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

it('keeps as many errors as it is told, the newest, and each under its number', () => {
  const entries = new EntryList(undefined);
  const error = (id: string, time: number): LoggedError => ({
    type: 'TypeError',
    value: id,
    time,
    id,
    tb_text: '',
    tb_html: '',
    username: null,
    userid: null,
    url: null,
    req_html: null,
  });
  const ids = () => entries.all.map(({ id }) => id);
  for (const [id, time] of [
    ['a', 1],
    ['c', 3],
    ['c', 3],
    ['b', 2],
  ] as const)
    entries.add(error(id, time), 3);
  expect(ids()).toEqual(['a', 'b', 'c']);
  entries.add(error('d', 4), 2);
  expect(ids()).toEqual(['c', 'd']);
  entries.forget('c');
  expect(ids()).toEqual(['d']);
  expect(entries.find('c')).toBeUndefined();
});
