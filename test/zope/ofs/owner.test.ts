import { afterAll, expect, it } from 'vitest';
import { getOwn } from '../../../src/persistent/index.ts';
import { tuple } from '../../../src/pickle/index.ts';
import { DTMLMethod, Folder } from '../../../src/zope/ofs/index.ts';
import { TestSite } from './test-site.ts';

const site = new TestSite();
afterAll(() => site.close());

const ADMIN = () => tuple(['acl_users'], 'admin') as never;
const folder = (id: string) => site.app._getOb(id) as unknown as Folder;
site.change((app) => {
  for (const id of ['one', 'two']) {
    app._setObject(id, new Folder(id) as never);
    folder(id)._owner = ADMIN();
  }
  folder('one')._setObject('m', new DTMLMethod('m', '') as never);
  folder('two')._setObject('inner', new Folder('inner') as never);
});
const ownerOf = (object: object) => getOwn(object, '_owner');
const move = (from: Folder, to: Folder, id: string) =>
  site.change(() => to.manage_pasteObjects(from.manage_cutObjects([id])));

it('of an object goes along to another folder, and stays its own there, as in Python', () => {
  const [one, two] = [folder('one'), folder('two')];
  expect(ownerOf(one._getOb('m'))).toBeUndefined();
  move(one, two, 'm');
  expect(ownerOf(two._getOb('m'))).toEqual(ADMIN());
  site.change(() => (two._owner = tuple(['acl_users'], 'greta') as never));
  expect((two._getOb('m') as unknown as Folder).getOwnerTuple()).toEqual(ADMIN());
  site.change(() => (two._owner = ADMIN()));
});

it('is acquired again where an object comes below the same owned folder', () => {
  const two = folder('two');
  const inner = two._getOb('inner') as unknown as Folder;
  site.change(() => inner._setObject('n', new DTMLMethod('n', '') as never));
  move(inner, two, 'n');
  expect(ownerOf(two._getOb('n'))).toBeUndefined();
});
