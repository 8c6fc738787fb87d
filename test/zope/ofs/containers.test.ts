import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aqBase, aqParent, getOwn, Persistent, registerClass, wrap } from '../../../src/persistent/index.ts';
import { Tuple } from '../../../src/pickle/index.ts';
import {
  getSecurityManager,
  SecurityManager,
  type User,
  withSecurityManager,
} from '../../../src/access/index.ts';
import { contains, getattr, getitem, iterate, len, Unauthorized } from '../../../src/restricted/index.ts';
import { Length, OOBTree, OOTreeSet } from '../../../src/btrees/index.ts';
import { BTreeFolder, Folder, type Item, OrderedFolder, UserFolder } from '../../../src/zope/ofs/index.ts';
import { checkValidId } from '../../../src/zope/ofs/check-id.ts';
import { type EventKind, subscribe } from '../../../src/zope/ofs/events.ts';
import { decodeClipboard, encodeClipboard, MOVE } from '../../../src/zope/ofs/clipboard.ts';
import { TestSite } from './test-site.ts';

let site: TestSite;
beforeEach(() => {
  site = new TestSite();
});
afterEach(() => site.close());

const folder = (container: Folder, id: string) => {
  container._setObject(id, new Folder(id) as never);
  return container._getOb(id) as unknown as Folder;
};

/** Does something as a user of the site's root. */
function as<T>(name: string, work: () => T): T {
  const user = site.app.acl_users.getUserById(name, null) as User;
  return withSecurityManager(new SecurityManager(user), work);
}

describe('ids (O-010)', () => {
  it.each([
    ['', /Empty or invalid id/],
    [null, /Empty or invalid id/],
    ['a<b', /characters illegal in URLs/],
    ['a\u0007', /characters illegal in URLs/],
    ['a/b', /characters illegal in URLs/],
    ['..', /not traversable/],
    ['_a', /begins with an underscore/],
    ['aq_a', /begins with "aq_"/],
    ['a__', /ends with two underscores/],
    ['@@a', /reserved for Zope views/],
    ['++a', /reserved for Zope views/],
    ['REQUEST', /already in use/],
    ['title', /already in use/],
    ['manage_main', /already in use/],
    ['wl_lockItems', /already in use/],
    ['constructor', /already in use/],
    ['taken', /already in use/],
  ])('%j is refused', (id, why) => {
    folder(site.app, 'taken');
    expect(() => checkValidId(site.app, id)).toThrow(why);
  });

  it.each(['a', 'a b', 'ä', 'a-b.c', "a'b", 'a+b', 'a%b', 'a?b', 'a#b', 'index_html', 'acl_users2'])(
    '%j is accepted',
    (id) => expect(() => checkValidId(site.app, id)).not.toThrow(),
  );

  it('may be those of what contains the folder', () => {
    folder(site.app, 'taken');
    expect(() => checkValidId(folder(site.app, 'inner'), 'taken')).not.toThrow();
  });
});

describe('a container', () => {
  it('gives objects in its own context, whatever the way to it', () => {
    site.change((app) => folder(folder(app, 'a'), 'b'));
    const a = site.app._getOb('a') as unknown as Folder;
    const b = a._getOb('b');
    expect([...b.getPhysicalPath()]).toEqual(['', 'a', 'b']);
    expect(aqBase(aqParent(aqParent(b) as object))).toBe(aqBase(site.app));
    expect([...(a.objectValues()[0] as Item).getPhysicalPath()]).toEqual(['', 'a', 'b']);
  });

  it('tells its events in the order of Python: inside out when leaving, outside in when arriving', () => {
    site.addUser('boss', ['Manager']);
    site.change((app) => {
      folder(folder(app, 'from'), 'inner');
      folder(app, 'to');
    });
    const heard: string[] = [];
    const end = subscribe(undefined, (object, { kind }) => heard.push(`${kind} ${object.getId()}`));
    as('boss', () => {
      const clip = site.app.manage_cutObjects(['from']);
      (site.app._getOb('to') as unknown as Folder).manage_pasteObjects(clip);
    });
    end();
    expect(heard).toEqual([
      'ObjectWillBeMoved inner',
      'ObjectWillBeMoved from',
      'ObjectMoved from',
      'ObjectMoved inner',
      'ContainerModified Zope',
      'ContainerModified to',
    ]);
  });

  it('tells of copies before and after they have a place', () => {
    site.addUser('boss', ['Manager']);
    site.change((app) => folder(app, 'one'));
    const heard: EventKind[] = [];
    const end = subscribe(undefined, (_object, { kind }) => heard.push(kind));
    as('boss', () => site.app.manage_clone(site.app._getOb('one'), 'two'));
    end();
    expect(heard).toEqual([
      'ObjectCopied',
      'ObjectWillBeAdded',
      'ObjectAdded',
      'ContainerModified',
      'ObjectCloned',
    ]);
  });

  it('removes all of the chosen objects or none', () => {
    site.change((app) => folder(app, 'one'));
    expect(() => site.app.manage_delObjects(['one', 'missing'])).toThrow('missing does not exist');
    expect(site.app.hasObject('one')).toBe(true);
  });

  it('copies what it contains, and leaves out what the user may not view', () => {
    site.addUser('boss', ['Manager']);
    site.addUser('clerk', ['Clerk']);
    site.change((app) => {
      const box = folder(app, 'box');
      folder(box, 'open');
      const secret = folder(box, 'secret') as unknown as Record<string, unknown>;
      secret._View_Permission = Tuple.from(['Manager']);
      const root = app as unknown as Record<string, unknown>;
      root._Add_Folders_Permission = ['Clerk', 'Manager'];
    });
    as('clerk', () => site.app.manage_clone(site.app._getOb('box'), 'copy'));
    expect((site.app._getOb('copy') as unknown as Folder).objectIds()).toEqual(['open']);
    as('boss', () => site.app.manage_clone(site.app._getOb('box'), 'whole'));
    expect((site.app._getOb('whole') as unknown as Folder).objectIds()).toEqual(['open', 'secret']);
  });

  it('makes who adds something its owner, and gives a special user nothing', () => {
    site.addUser('boss', ['Manager']);
    as('boss', () => folder(site.app, 'mine'));
    expect(site.app._getOb('mine').getOwnerTuple()?.[1]).toBe('boss');
    expect([...site.app._getOb('mine').get_local_roles_for_userid('boss')]).toEqual(['Owner']);
    folder(site.app, 'nobodys');
    expect(site.app._getOb('nobodys').getOwnerTuple()).toBe(null);
    expect(getSecurityManager().getUser().getId()).toBe(null);
  });

  it('knows its user folder as long as it has it', () => {
    const area = folder(site.app, 'area');
    area._setObject('acl_users', new UserFolder() as unknown as Item);
    expect(getOwn(aqBase(area) as object, '__allow_groups__')).toBeDefined();
    area._delObject('acl_users');
    expect(getOwn(aqBase(area) as object, '__allow_groups__')).toBeUndefined();
  });
});

describe('the clipboard (O-011)', () => {
  it('is what Python reads and writes', () => {
    const paths = [['', 'a', 'Gärten']];
    expect(decodeClipboard(encodeClipboard({ operation: MOVE, paths }))).toEqual({ operation: MOVE, paths });
    // Of Python: _cb_encode((1, [('', 'a')]))
    expect(decodeClipboard('eF6LNtRRiI5WUtJRUEpUio2NBQAfAQPb\n')).toEqual({
      operation: 1,
      paths: [['', 'a']],
    });
  });

  it('refuses what is none, and what unfolds to more than a request may', () => {
    expect(() => decodeClipboard('nonsense')).toThrow('Clipboard Error');
    const paths = [Array.from({ length: 9000 }, () => '')];
    expect(() => decodeClipboard(encodeClipboard({ operation: MOVE, paths }))).toThrow('Clipboard Error');
  });
});

describe('an ordered folder (O-020)', () => {
  const make = () => {
    site.app._setObject('row', new OrderedFolder('row') as never);
    const row = site.app._getOb('row') as unknown as OrderedFolder;
    for (const id of ['a', 'b', 'c', 'd', 'e']) folder(row, id);
    return row;
  };

  it.each([
    ['up', (row: OrderedFolder) => row.moveObjectsUp('d', 2), ['a', 'd', 'b', 'c', 'e']],
    ['down', (row: OrderedFolder) => row.moveObjectsDown(['a', 'b'], 1), ['c', 'a', 'b', 'd', 'e']],
    ['beyond the end', (row: OrderedFolder) => row.moveObjectsDown('d', 9), ['a', 'b', 'c', 'e', 'd']],
    ['to the top', (row: OrderedFolder) => row.moveObjectsToTop(['e', 'c']), ['e', 'c', 'a', 'b', 'd']],
    ['to the bottom', (row: OrderedFolder) => row.moveObjectsToBottom(['a']), ['b', 'c', 'd', 'e', 'a']],
    ['to a place', (row: OrderedFolder) => row.moveObjectToPosition('e', 1), ['a', 'e', 'b', 'c', 'd']],
    [
      'within a part',
      (row: OrderedFolder) => row.moveObjectsByDelta('e', -1, ['a', 'c', 'e']),
      ['a', 'b', 'e', 'd', 'c'],
    ],
    ['by an attribute', (row: OrderedFolder) => row.orderObjects('getId', 1), ['e', 'd', 'c', 'b', 'a']],
  ])('moves objects %s', (_how, move, wanted) => {
    const row = make();
    move(row);
    expect(row.objectIds()).toEqual(wanted);
  });

  it('refuses an id that is not there, and moves nothing', () => {
    const row = make();
    expect(() => row.moveObjectsUp(['b', 'zz'])).toThrow('The object with the id "zz" does not exist.');
    expect(row.objectIds()).toEqual(['a', 'b', 'c', 'd', 'e']);
  });
});

describe('a BTree folder (O-064)', () => {
  const make = () => {
    site.app._setObject('heap', new BTreeFolder('heap') as never);
    return site.app._getOb('heap') as unknown as BTreeFolder;
  };

  it('lists by id and by type, and counts', () => {
    const heap = make();
    folder(heap, 'b');
    folder(heap, 'a');
    heap._setObject('c', new OrderedFolder('c') as never);
    site.commit();
    expect(heap.objectIds()).toEqual(['a', 'b', 'c']);
    expect(heap.objectIds('Folder')).toEqual(['a', 'b']);
    expect([heap.objectCount(), len(heap), contains(heap, 'a'), contains(heap, 'z')]).toEqual([
      3,
      3,
      true,
      false,
    ]);
    heap.manage_delObjects('b');
    expect([heap.objectIds('Folder'), heap.objectCount(), heap.hasObject('b')]).toEqual([['a'], 2, false]);
    expect(() => heap._checkId('a')).toThrow(/already in use/);
  });

  it('is traversed by URL', async () => {
    folder(make(), 'inner').title = 'Inside';
    site.commit();
    expect((await site.request('/heap/inner/title_or_id')).body).toBe('Inside');
  });

  it('repairs a wrong count', () => {
    const heap = make();
    folder(heap, 'a');
    heap._count.set(7);
    expect(heap.manage_cleanup()).toContain('the count was 7 instead of 1');
    expect(heap.objectCount()).toBe(1);
  });
});

class Holder extends Persistent {
  declare tree: OOBTree<string, unknown>;
}
registerClass(Holder, 'test_containers.Holder', { acquires: 'implicit' });

describe('BTrees in scripts', () => {
  it('tell their length and their keys, as in Python', () => {
    const tree = new OOBTree<string, unknown>([
      ['x', 1],
      ['y', 2],
    ]);
    expect([len(tree), contains(tree, 'x'), contains(tree, 'z'), contains(tree, 5)]).toEqual([
      2,
      true,
      false,
      false,
    ]);
    expect(len(new OOTreeSet(['a']))).toBe(1);
    expect(contains(new OOTreeSet(['a']), 'a')).toBe(true);
  });

  it('keep their values and methods for trusted code', () => {
    const tree = new OOBTree<string, unknown>([['x', 1]]);
    expect(() => getitem(tree, 'x')).toThrow(Unauthorized);
    for (const name of ['get', 'keys', 'update', 'insert'])
      expect(() => getattr(tree, name)).toThrow(Unauthorized);
    expect(() => getattr(new Length(4), 'value')).toThrow(Unauthorized);
  });

  it('are sequences where trusted code gave their keys, values or items', () => {
    const tree = new OOBTree<string, unknown>([
      ['x', 1],
      ['y', 2],
    ]);
    expect([...(iterate(tree.keys()) as Iterable<unknown>)]).toEqual(['x', 'y']);
    expect([getitem(tree.keys(), 0), getitem(tree.values(), -1), len(tree.items())]).toEqual(['x', 2, 2]);
  });

  it('are known as soon as a site is opened', () => {
    const holder = new Holder();
    holder.tree = new OOBTree([['x', 1]]);
    const root = site.connection.root() as Map<string, unknown>;
    root.set('holder', holder);
    site.commit();
    const other = site.db.open();
    const loaded = (other.root() as Map<string, unknown>).get('holder') as Holder;
    expect(loaded.tree).toBeInstanceOf(OOBTree);
    expect(wrap(loaded, site.app)).toBeDefined();
    other.close();
  });
});
