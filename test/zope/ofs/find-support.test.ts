import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  permissionAttribute,
  SecurityManager,
  type User,
  withSecurityManager,
} from '../../../src/access/index.ts';
import { tuple } from '../../../src/pickle/index.ts';
import { DTMLMethod } from '../../../src/zope/dtml/dtml-method.ts';
import { File, Folder, ZopePageTemplate } from '../../../src/zope/ofs/index.ts';
import { PythonScript } from '../../../src/zope/scripts/python-script.ts';
import { TestSite } from './test-site.ts';

const site = new TestSite();
const VIEW_SCREENS = permissionAttribute('View management screens');

beforeAll(() => {
  site.addUser('boss', ['Manager']);
  site.addUser('helper', ['Helper']);
  site.change((app) => {
    const add = (container: Folder, item: { id: string }) => container._setObject(item.id, item as never);
    add(app, new Folder('docs'));
    const docs = app._getOb('docs') as unknown as Folder;
    docs.title = 'Papers';
    add(docs, new ZopePageTemplate('page', '<p>needle</p>'));
    add(docs, new DTMLMethod('method', 'a needle'));
    const script = new PythonScript('script');
    script.edit('needle=1', 'return needle');
    add(docs, script as never);
    add(docs, new File('words', '', Buffer.from('needle'), 'text/plain'));
    add(docs, new File('picture', '', Buffer.from('needle'), 'image/png'));
    add(docs, new Folder('inner'));
    add(docs._getOb('inner') as unknown as Folder, new ZopePageTemplate('deep', 'needle'));
    // Helpers may search, and see one source less than managers.
    Object.assign(docs, { [VIEW_SCREENS]: ['Manager', 'Helper'] });
    Object.assign(docs._getOb('page'), { [VIEW_SCREENS]: tuple('Manager') });
  });
});
afterAll(() => site.close());

/** The paths that a user finds in `docs`. */
function found(
  user: string,
  criteria: { text?: string; expression?: string; ids?: string; types?: string; sub?: 1 },
) {
  const finder = site.app.acl_users.getUserById(user, null) as User;
  return withSecurityManager(new SecurityManager(finder), () => {
    const docs = site.app._getOb('docs') as unknown as Folder;
    const { ids, types, text, expression, sub } = criteria;
    return docs
      .ZopeFind(docs, ids, types, text, expression, undefined, undefined, undefined, undefined, sub)
      .map(([path]) => path);
  });
}

describe('ZopeFind (O-012)', () => {
  it('looks into sources and texts, in what the folder holds and, if asked, below', () => {
    const here = ['page', 'method', 'script', 'words'];
    expect(found('boss', { text: 'needle' })).toEqual(here);
    expect(found('boss', { text: 'needle', sub: 1 })).toEqual([...here, 'inner/deep']);
    expect(found('boss', { text: 'pin', sub: 1 })).toEqual([]);
  });

  it('takes ids, meta types and expressions, which all must hold', () => {
    expect(found('boss', { ids: 'deep', sub: 1 })).toEqual(['inner/deep']);
    expect(found('boss', { types: 'File' })).toEqual(['words', 'picture']);
    expect(found('boss', { types: 'File', expression: "content_type == 'image/png'" })).toEqual(['picture']);
    expect(found('boss', { types: 'Folder', text: 'needle' })).toEqual([]);
  });

  it('does not tell what stands in a source that the finder may not see', () => {
    expect(found('helper', { text: 'needle' })).toEqual(['method', 'script', 'words']);
    expect(found('helper', { ids: 'page' })).toEqual(['page']);
  });
});

it('gives a source for searches to those who may see sources, and that of DTML to no URL', async () => {
  const status = async (path: string, user?: string) =>
    (await site.request(`/docs/${path}/PrincipiaSearchSource`, user === undefined ? {} : { user })).status;
  expect([await status('page'), await status('script'), await status('words')]).toEqual([401, 401, 200]);
  expect([await status('page', 'boss'), await status('script', 'boss')]).toEqual([200, 200]);
  expect([await status('method'), await status('method', 'boss')]).toEqual([404, 404]);
});
