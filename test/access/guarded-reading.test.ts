/** What may be read follows every change at once: nothing of the quick ways to an attribute is allowed to be stale. */
import { beforeEach, expect, it } from 'vitest';
import {
  type Executable,
  nobody,
  SecurityManager,
  StoredUser,
  type User,
  UserFolder,
  withSecurityManager,
  ZopeSecurityPolicy,
} from '../../src/access/index.ts';
import { Persistent, registerClass, wrap } from '../../src/persistent/index.ts';
import { Dict, tuple } from '../../src/pickle/index.ts';
import {
  call,
  declareClass,
  declareTraversal,
  getattr,
  ownStep,
  registerType,
  setSecurityPolicy,
  Unauthorized,
} from '../../src/restricted/index.ts';

class Folder extends Persistent {
  [name: string]: unknown;
  greeting(): string {
    return 'hello';
  }
  hidden(): string {
    return 'secret';
  }
  restrictedTraverse(name: string): unknown {
    return `long way to ${name}`;
  }
}
registerClass(Folder, 'test.guarded_reading.Folder', { acquires: 'implicit' });
declareClass(Folder, {
  names: {
    title: { permission: 'View' },
    id: 'public',
    greeting: 'public',
    hidden: { permission: 'Manage' },
    kinds: 'public',
    labels: 'public',
  },
  roles: { View: ['Anonymous', 'Manager'] },
});
Object.assign(Folder.prototype, { kinds: ['a'], labels: new Dict([['a', 'A']]) });
declareTraversal(Folder.prototype.restrictedTraverse);

const DENIED = 'denied';
const as = <T>(user: User, work: () => T, code?: Executable): T | typeof DENIED =>
  withSecurityManager(new SecurityManager(user), () => {
    const manager = new SecurityManager(user);
    if (code !== undefined) manager.addContext(code);
    return withSecurityManager(manager, () => {
      try {
        return work();
      } catch (error) {
        if (error instanceof Unauthorized) return DENIED;
        throw error;
      }
    });
  });

interface Site {
  root: Folder;
  folder: Folder;
  item: Folder;
  kim: User;
}

function site(): Site {
  const root = new Folder();
  root.id = 'root';
  root.folder = new Folder();
  root.other = new Folder();
  (root.folder as Folder).item = new Folder();
  const item = (root.folder as Folder).item as Folder;
  item.id = 'item';
  item.title = 'An item';
  const users = new UserFolder();
  users.userFolderAddUser('kim', 'secret', ['Editor']);
  root.acl_users = users;
  const kim = wrap(users.data.get('kim') as StoredUser, root.acl_users as object) as unknown as User;
  return { root, folder: root.folder as Folder, item, kim };
}

beforeEach(() => {
  setSecurityPolicy(new ZopeSecurityPolicy());
});

it('follows a permission that is taken away from, and given back to, an object', () => {
  const { item } = site();
  const title = () => as(nobody, () => getattr(item, 'title'));
  expect(title()).toBe('An item');
  item._View_Permission = tuple('Manager');
  expect(title()).toBe(DENIED);
  item._View_Permission = ['Anonymous'];
  expect(title()).toBe('An item');
});

it('follows a permission of a container, and a container that is another one', () => {
  const { root, folder, item } = site();
  const title = (at: object) => as(nobody, () => getattr(at, 'title'));
  expect(title(item)).toBe('An item');
  folder._View_Permission = tuple('Manager');
  expect(title(item)).toBe(DENIED);
  (root.other as Folder).item = (folder as Folder & { aq_base: Folder }).item;
  delete folder.item;
  expect(title((root.other as Folder).item as object)).toBe('An item');
  root._View_Permission = tuple('Manager');
  expect(title((root.other as Folder).item as object)).toBe(DENIED);
});

it('follows the local roles of a user along the containers, and those of his account', () => {
  const { folder, item, kim } = site();
  item._View_Permission = tuple('Owner');
  const title = () => as(kim, () => getattr(item, 'title'));
  expect(title()).toBe(DENIED);
  folder.__ac_local_roles__ = Dict.from({ kim: ['Owner'] });
  expect(title()).toBe('An item');
  folder.__ac_local_roles__ = null;
  expect(title()).toBe(DENIED);
  (kim as StoredUser).roles = tuple('Owner');
  expect(title()).toBe('An item');
});

it('follows the owner and the proxy roles of the code that runs', () => {
  const { item, kim } = site();
  item._View_Permission = tuple('Editor');
  let owner: User | null = kim;
  let roles: readonly string[] = [];
  const code: Executable = {
    getOwner: () => owner,
    getWrappedOwner: () => owner,
    get _proxy_roles() {
      return roles;
    },
  };
  const title = () => as(kim, () => getattr(item, 'title'), code);
  expect(title()).toBe('An item');
  owner = nobody;
  expect(title()).toBe(DENIED);
  owner = null;
  roles = ['Reader'];
  expect(title()).toBe(DENIED);
  roles = ['Editor'];
  expect(title()).toBe('An item');
});

it('gives a public method of the class, and never what hides it or what is not declared', () => {
  const { item } = site();
  expect(as(nobody, () => call(getattr(item, 'greeting'), []))).toBe('hello');
  expect(as(nobody, () => getattr(item, 'hidden'))).toBe(DENIED);
  item.hidden = 'an attribute in the way' as never;
  expect(as(nobody, () => getattr(item, 'hidden'))).toBe(DENIED);
  item.greeting = (() => 'of the instance') as never;
  expect(as(nobody, () => ownStep(item, 'greeting'))).toBeUndefined();
  item.undeclared = 'text';
  expect(as(nobody, () => getattr(item, 'undeclared'))).toBe(DENIED);
});

it('forgets what it knew of a name when a class is declared or gets a type', () => {
  class Late extends Persistent {
    declare word: string;
  }
  registerClass(Late, 'test.guarded_reading.Late', { acquires: 'implicit' });
  const late = new Late();
  late.word = 'stored';
  const word = () => as(nobody, () => getattr(late, 'word'));
  expect(word()).toBe(DENIED);
  declareClass(Late, { names: { word: 'public' } });
  expect(word()).toBe('stored');
  registerType(Late, { pyName: 'Late', getters: { word: () => 'of the type' } });
  expect(word()).toBe('of the type');
});

it('takes the quick step of a path only where the class traverses as usual, and never a name that is no attribute', () => {
  class Special extends Folder {
    override restrictedTraverse(name: string): unknown {
      return `special ${name}`;
    }
  }
  registerClass(Special, 'test.guarded_reading.Special', { acquires: 'implicit' });
  const special = new Special();
  special.id = 'special';
  const { item } = site();
  expect(as(nobody, () => ownStep(item, 'id'))).toBe('item');
  expect(as(nobody, () => ownStep(special, 'id'))).toBeUndefined();
  for (const name of [
    '_View_Permission',
    '..',
    '.',
    '@@view',
    '++a++b',
    'a/b',
    '',
    'aq_parent',
    'x__roles__',
  ]) {
    item[name === '' || name === 'aq_parent' ? 'spare' : name] = 'text';
    expect(
      as(nobody, () => ownStep(item, name)),
      name,
    ).toBeUndefined();
  }
  item.restrictedTraverse = 'an attribute in the way' as never;
  expect(as(nobody, () => ownStep(item, 'id'))).toBeUndefined();
});

it('gives lists and dicts that belong to the class so that nobody changes them for all objects', () => {
  const { item, root } = site();
  const kinds = as(nobody, () => getattr(item, 'kinds'));
  expect(kinds).toEqual(tuple('a'));
  const labels = as(nobody, () => getattr(item, 'labels')) as Dict;
  labels.set('b', 'B');
  expect(as(nobody, () => getattr(root, 'labels'))).toEqual(new Dict([['a', 'A']]));
  // What an object has itself is its own to change.
  item.labels = new Dict([['c', 'C']]);
  (as(nobody, () => getattr(item, 'labels')) as Dict).set('d', 'D');
  expect((item.labels as Dict).get('d')).toBe('D');
});
