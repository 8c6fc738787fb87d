import { afterAll, expect, it } from 'vitest';
import { GlobalRef, Instance, tuple } from '../../../src/pickle/index.ts';
import { DTMLMethod } from '../../../src/zope/ofs/index.ts';
import { MultiHook } from '../../../src/zope/siteaccess/before-traverse.ts';
import { openFile, setProcessServices } from '../../../src/zope/threads/process-services.ts';
import { TestSite } from '../ofs/test-site.ts';

const site = new TestSite();
afterAll(() => site.close());

it('says once that a hook of a class that is not there is left out, and goes on without it', async () => {
  const notes: string[] = [];
  setProcessServices({
    open: openFile,
    unshared: () => {},
    note: (text) => notes.push(text),
    pidFile: () => () => {},
    timeZone: () => {},
  });
  const hook = new Instance(GlobalRef.of('Products.Gone', 'Traverser'), tuple());
  site.change((app) => {
    app._setObject('page', new DTMLMethod('page', 'shown') as never);
    (app as unknown as Record<string, unknown>).__before_publishing_traverse__ = new MultiHook(null, false, [
      hook as never,
    ]);
  });
  for (let i = 0; i < 3; i++)
    // oxlint-disable-next-line no-await-in-loop -- one request after the other
    expect(await site.request('/page')).toMatchObject({ status: 200, body: 'shown' });
  expect(notes).toEqual([
    '__before_publishing_traverse__: a hook of the unknown class Traverser is not called',
  ]);
});
