import { afterAll, beforeAll, expect, it } from 'vitest';
import { Folder, PythonScript } from '../../../src/zope/ofs/index.ts';
import { TestSite } from '../ofs/test-site.ts';

const site = new TestSite();

beforeAll(() => {
  site.addUser('visitor', []);
  site.change((app) => {
    app._setObject('shut', new Folder('shut') as never);
    const shut = app._getOb('shut') as unknown as Folder;
    shut.manage_permission('View', ['Manager'], false);
    shut.manage_permission('Access contents information', ['Manager'], false);
    const script = (id: string, body: string) => {
      const made = new PythonScript(id);
      made.write(body);
      app._setObject(id, made as never);
    };
    script('unused', 'return "runs"');
    script('asked', 'return context.title_or_id()');
    script('shown', 'return str(context)');
    script('named', 'return context.getId() or "root"');
    script('calls', 'return container.named(context="mine")');
    script('listed', 'return [each for each in context]');
  });
});
afterAll(() => site.close());

it('lets a script run where the user may not have its context, as long as the script does not use it', async () => {
  expect(await site.request('/shut/unused', { user: 'visitor' })).toMatchObject({
    status: 200,
    body: 'runs',
  });
  for (const id of ['asked', 'shown', 'listed'])
    // oxlint-disable-next-line no-await-in-loop -- one after the other: they share a connection
    expect((await site.request(`/shut/${id}`, { user: 'visitor' })).status, id).toBe(401);
  expect((await site.request('/asked', { user: 'visitor' })).status).toBe(200);
});

it('binds its names whatever a caller gives under them', async () => {
  expect(await site.request('/calls')).toMatchObject({ status: 200, body: 'root' });
});
