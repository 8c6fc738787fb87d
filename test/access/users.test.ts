import { afterEach, expect, it } from 'vitest';
import {
  basicCredentials,
  getSecurityManager,
  InvalidCredentials,
  isEmergencyUser,
  nobody,
  rolesForPermissionOn,
  SecurityManager,
  setEmergencyUser,
  StoredUser,
  type User,
  UserFolder,
  withSecurityManager,
  ZopeSecurityPolicy,
} from '../../src/access/index.ts';
import { domainMatches } from '../../src/access/user.ts';
import { Persistent, registerClass, wrap } from '../../src/persistent/index.ts';
import { Dict, tuple } from '../../src/pickle/index.ts';
import { declareClass, setSecurityPolicy } from '../../src/restricted/index.ts';

class Place extends Persistent {
  isTopLevelPrincipiaApplicationObject = false;

  open(): string {
    return 'open';
  }
}
registerClass(Place, 'test.access.Place', { acquires: 'implicit' });
declareClass(Place, {
  default: 'deny',
  object: { permission: 'View' },
  roles: { View: ['Anonymous', 'Manager'] },
  names: { open: 'public', shut: 'private', guarded: { permission: 'Guard' } },
});

type Attributes = Record<string, unknown>;

/** Root, folder in it, document in that, and a user folder in the root and in the folder. */
function places() {
  const root = new Place() as Place & Attributes;
  root.isTopLevelPrincipiaApplicationObject = true;
  root.__allow_groups__ = new UserFolder();
  root.folder = new Place();
  root.outside = new Place();
  const folder = root.folder as Place & Attributes;
  folder.__allow_groups__ = new UserFolder();
  folder.document = new Place();
  folder.other = new Place();
  const document = folder.document as Place & Attributes;
  const users = wrap(root.__allow_groups__ as UserFolder, root);
  const inner = wrap(folder.__allow_groups__ as UserFolder, folder);
  const add = (to: UserFolder, name: string, roles: readonly string[]): User =>
    wrap(to._doAddUser(name, 'pw', roles), to);
  return { root, folder, document, users, inner, add };
}

const policy = new ZopeSecurityPolicy();
const may = (user: User, permission: string, object: unknown): boolean =>
  withSecurityManager(new SecurityManager(user), () => policy.checkPermission(permission, object));

afterEach(() => setEmergencyUser(null));

it('adds up lists of roles along the containers, and ends at a tuple (S-003, S-005)', () => {
  const { root, folder, document } = places();
  expect(rolesForPermissionOn('Guard', document)).toEqual(['Manager']);
  folder._Guard_Permission = ['Editor'];
  expect(rolesForPermissionOn('Guard', document)).toEqual(['Editor', 'Manager']);
  // What the root says replaces the default.
  root._Guard_Permission = ['Owner'];
  expect(rolesForPermissionOn('Guard', document)).toEqual(['Editor', 'Owner']);
  document._Guard_Permission = tuple('Reader');
  expect(rolesForPermissionOn('Guard', document)).toEqual(['Reader']);
  document._Guard_Permission = tuple();
  expect(rolesForPermissionOn('Guard', document)).toEqual([]);
  // A list below a tuple adds to it.
  folder._Guard_Permission = tuple('Reader');
  document._Guard_Permission = ['Editor'];
  expect(rolesForPermissionOn('Guard', document)).toEqual(['Reader', 'Editor']);
  expect(rolesForPermissionOn('View', folder)).toEqual(['Anonymous', 'Manager']);
});

it('knows a user only inside of the folder that has his user folder (S-029)', () => {
  const { root, folder, document, inner, users, add } = places();
  const local = add(inner, 'local', ['Manager']);
  const global = add(users, 'global', ['Manager']);
  expect(may(local, 'Guard', document)).toBe(true);
  expect(may(local, 'Guard', folder)).toBe(true);
  expect(may(local, 'Guard', root)).toBe(false);
  expect(may(global, 'Guard', document)).toBe(true);
  // The same object, acquired through another place, does not lead out of it.
  expect(may(local, 'Guard', wrap(root.outside as Place, folder))).toBe(false);
});

it('gives local roles below the place where they are given (S-028)', () => {
  const { root, folder, document, users, add } = places();
  const user = add(users, 'kim', []);
  folder.__ac_local_roles__ = Dict.from<unknown>({ kim: ['Manager'] });
  expect(may(user, 'Guard', document)).toBe(true);
  expect(may(user, 'Guard', root)).toBe(false);
  expect(user.getRolesInContext(document)).toContain('Manager');
  expect(user.getRolesInContext(root)).not.toContain('Manager');
});

it('counts local roles of a user only inside of the folder that has his user folder (S-028, S-029)', () => {
  const { root, document, inner, add } = places();
  const user = add(inner, 'kim', []);
  root.__ac_local_roles__ = Dict.from<unknown>({ kim: ['Manager'] });
  expect(may(user, 'Guard', document)).toBe(true);
  expect(may(user, 'Guard', root)).toBe(false);
});

it('gives everybody who has logged in the role Authenticated, and visitors not', () => {
  const { folder, document, users, add } = places();
  folder._Guard_Permission = tuple('Authenticated');
  expect(may(add(users, 'kim', []), 'Guard', document)).toBe(true);
  expect(may(nobody, 'Guard', document)).toBe(false);
});

it('lets no code do for a visitor what its owner may not (S-025, S-103)', () => {
  const { document, users, add } = places();
  const manager = add(users, 'boss', ['Manager']);
  const author = add(users, 'author', []);
  const script = { getOwner: () => author, getWrappedOwner: () => author };
  const security = new SecurityManager(manager);
  withSecurityManager(security, () => {
    expect(policy.checkPermission('Guard', document)).toBe(true);
    security.addContext(script);
    expect(policy.checkPermission('Guard', document)).toBe(false);
    expect(policy.checkPermission('View', document)).toBe(true);
    security.removeContext(script);
    expect(policy.checkPermission('Guard', document)).toBe(true);
  });
  const free = new ZopeSecurityPolicy({ ownerous: false });
  security.addContext(script);
  expect(withSecurityManager(security, () => free.checkPermission('Guard', document))).toBe(true);
});

it('counts proxy roles alone, and only where the owner is known (S-026)', () => {
  const { root, document, inner, users, add } = places();
  const visitor = nobody;
  const owner = add(users, 'owner', ['Manager']);
  const inside = add(inner, 'inside', ['Manager']);
  const run = (code: { roles: string[]; owner: User }, user: User, object: unknown, by = policy) => {
    const security = new SecurityManager(user);
    security.addContext({
      getOwner: () => code.owner,
      getWrappedOwner: () => code.owner,
      _proxy_roles: code.roles,
    });
    return withSecurityManager(security, () => by.checkPermission('Guard', object));
  };
  expect(run({ roles: ['Manager'], owner }, visitor, document)).toBe(true);
  // They can take away as well.
  expect(run({ roles: ['Reader'], owner }, owner, document)).toBe(false);
  const outside = wrap(root.outside as Place, document);
  expect(run({ roles: ['Manager'], owner: inside }, visitor, outside)).toBe(false);
  const free = new ZopeSecurityPolicy({ ownerous: false });
  expect(run({ roles: ['Manager'], owner: inside }, visitor, document, free)).toBe(true);
  expect(run({ roles: ['Manager'], owner: inside }, visitor, outside, free)).toBe(false);
});

it('denies what nothing declares, names of acquisition, and what is private (S-020, S-022)', () => {
  const { root, folder, document, users, add } = places();
  setSecurityPolicy(policy);
  withSecurityManager(new SecurityManager(add(users, 'boss', ['Manager'])), () => {
    expect(policy.validate(document, document, 'open', document.open)).toBe(true);
    expect(policy.validate(document, document, 'undeclared', 'x')).toBe(false);
    expect(policy.validate(document, document, 'shut', 'x')).toBe(false);
    expect(policy.validate(document, document, 'guarded', 'x')).toBe(true);
    for (const name of ['aq_base', 'aq_self', 'aq_acquire', 'aq_chain', 'aq_inContextOf'])
      expect(policy.validate(document, document, name, root), name).toBe(false);
    expect(policy.validate(document, document, 'aq_parent', folder)).toBe(true);
  });
});

it('gives data that nothing declares where the class allows it, and methods never', () => {
  class Open {
    readonly data = 'data';

    method(): string {
      return 'called';
    }
  }
  declareClass(Open, { object: 'public', default: 'allow' });
  const open = new Open();
  withSecurityManager(new SecurityManager(nobody), () => {
    expect(policy.validate(open, open, 'data', open.data)).toBe(true);
    expect(policy.validate(open, open, 'method', open.method)).toBe(false);
  });
});

it('ends a recursion of scripts before the stack does (S-031)', () => {
  const security = new SecurityManager(nobody);
  const script = { getOwner: () => null, getWrappedOwner: () => null };
  for (let depth = 0; depth < 100; depth++) security.addContext(script);
  expect(() => security.addContext(script)).toThrow(/Excessive recursion/);
});

it('reads basic credentials as UTF-8, with colons in the password (S-052)', () => {
  const header = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
  expect(basicCredentials(header('jürgen:a:b:ü'))).toEqual({ name: 'jürgen', password: 'a:b:ü' });
  expect(basicCredentials('Bearer x')).toBeNull();
  expect(basicCredentials(undefined)).toBeNull();
  expect(() => basicCredentials(header('nothing'))).toThrow(InvalidCredentials);
});

it('lets the emergency user in at the top only, whatever the roles, and tells who he is (S-054)', () => {
  const { users, inner, document } = places();
  setEmergencyUser({ name: 'sos', password: 'help', domains: [] });
  const ask = (folder: UserFolder, password: string) =>
    folder.validateRequest({
      roles: ['Nobody has this'],
      object: document,
      container: document,
      credentials: { name: 'sos', password },
      client: { address: '10.0.0.1' },
    });
  expect(isEmergencyUser(ask(users, 'help'))).toBe(true);
  expect(ask(inner, 'help')).toBeNull();
  expect(ask(users, 'wrong')).toBeNull();
  expect(isEmergencyUser(nobody)).toBe(false);
  expect(() => users.userFolderAddUser('sos', 'x', [])).toThrow(/already exists/);
});

it('changes and removes users by the API of the user folder (S-060)', () => {
  const { users } = places();
  users.userFolderAddUser('kim', 'one', ['Reader'], ['10.*']);
  const kim = () => users.getUser('kim') as StoredUser;
  expect(kim().authenticate('one', { address: '10.1.2.3' })).toBe(true);
  expect(kim().authenticate('one', { address: '11.1.2.3' })).toBe(false);
  users.userFolderEditUser('kim', null, ['Editor'], []);
  expect(kim().authenticate('one', { address: '11.1.2.3' })).toBe(true);
  expect([...kim().getRoles()]).toEqual(['Editor', 'Authenticated']);
  users.userFolderEditUser('kim', 'two', ['Editor'], []);
  expect(kim().authenticate('one', { address: '1.1.1.1' })).toBe(false);
  users.userFolderDelUsers(['kim']);
  expect(users.getUser('kim')).toBeNull();
  expect(() => users.userFolderEditUser('kim', null, [], [])).toThrow('kim');
  users.userFolderAddUser('pat', 'one', []);
  expect(users.getUser('pat')!._getPassword()).toMatch(/^\{SSHA\}/);
  users.encrypt_passwords = 0;
  users.userFolderEditUser('pat', 'two', []);
  expect(users.getUser('pat')!._getPassword()).toBe('two');
});

it('matches addresses from the front and host names from the end (S-058)', () => {
  const from = (address: string, host?: string) => (host === undefined ? { address } : { address, host });
  expect(domainMatches(['*'], from('1.2.3.4'))).toBe(true);
  expect(domainMatches(['10.9.8.7'], from('10.9.8.7'))).toBe(true);
  expect(domainMatches(['10.9.8.7'], from('10.9.8.70'))).toBe(false);
  expect(domainMatches(['10.9.*'], from('10.9.8.7'))).toBe(true);
  expect(domainMatches(['10.*.*.*'], from('10.9.8.7'))).toBe(false);
  expect(domainMatches(['example.org'], from('1.1.1.1', 'www.Example.org'))).toBe(true);
  expect(domainMatches(['*.example.org'], from('1.1.1.1', 'www.example.org'))).toBe(true);
  expect(domainMatches(['www.example.org'], from('1.1.1.1', 'example.org'))).toBe(false);
  expect(domainMatches(['example.org'], from('1.1.1.1'))).toBe(false);
});

it('has nobody as its user outside of a request', () => {
  expect(getSecurityManager().getUser()).toBe(nobody);
});
