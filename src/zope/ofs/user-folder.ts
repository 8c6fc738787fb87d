/** The user folder as content: its place, its pages, and the forms that change users (INVENTORY O-027, S-060). */
import { aqBase, registerClass } from '../../persistent/index.ts';
import { tupleFrom } from '../../pickle/index.ts';
import { declareClass, KeyError, ValueError } from '../../restricted/index.ts';
import { is_encrypted, Permissions, UserFolder as StoredUserFolder } from '../../access/index.ts';
import { BadRequest, Forbidden, getRequest, HTTPRequest } from '../../publisher/index.ts';
import { userFolderPage, userPage, userPropertiesPage } from '../zmi/users.ts';
import { Item, ITEM_OPTIONS } from './item.ts';
import { declarationsOfMixIn, mixIn } from './mix-in.ts';
import { namesOf } from './names.ts';
import type { ObjectManager } from './object-manager.ts';

/** What the edit form sends for a password that is to stay. */
const UNCHANGED = ['password', 'pconfirm'] as const;

export class UserFolder extends StoredUserFolder {
  manage_main(message?: string): string {
    return userFolderPage(this, message);
  }

  manage_userFolderProperties(message?: string): string {
    return userPropertiesPage(this, message);
  }

  manage_setUserFolderProperties(
    encrypt_passwords: unknown = 0,
    update_passwords: unknown = 0,
    maxlistusers: unknown = 250,
    request?: unknown,
  ): unknown {
    this.encrypt_passwords = Boolean(encrypt_passwords);
    const limit = Number(maxlistusers);
    this.maxlistusers = Number.isInteger(limit) ? limit : 250;
    let changed = 0;
    if (encrypt_passwords && update_passwords) {
      for (const user of this.getUsers()) {
        const password = user._getPassword();
        if (is_encrypted(password)) continue;
        this._doAddUser(user.getId(), password, user.roles, user.domains);
        changed++;
      }
    }
    if (!(request instanceof HTTPRequest)) return changed;
    return userPropertiesPage(
      this,
      encrypt_passwords && update_passwords ? `Encrypted ${changed} password(s).` : 'Saved changes.',
    );
  }

  /** What the forms of the pages do; `submit` says which. */
  manage_users(submit?: string | null, request?: HTTPRequest | null): string {
    const field = (name: string) => (request?.get(name) ?? null) as string | null;
    const name = String(field('name') ?? '');
    switch (submit) {
      case 'Add...':
        return userPage(this, null);
      case 'Edit': {
        const user = this.getUser(name);
        if (user === null) throw new BadRequest('The specified user does not exist');
        return userPage(this, user);
      }
      case 'Add':
        this._addUser(name, field('password'), field('confirm'), field('roles'), field('domains'));
        return this.manage_main(`Added ${name}.`);
      case 'Change':
        this._changeUser(name, field('password'), field('confirm'), field('roles'), field('domains'));
        return this.manage_main('Saved changes.');
      case 'Delete': {
        refuseLinks();
        const names = namesOf(field('names'));
        if (names.length === 0) throw new BadRequest('No users specified');
        this.userFolderDelUsers(names);
        return this.manage_main(`Deleted ${names.join(', ')}.`);
      }
      default:
        return this.manage_main();
    }
  }

  _addUser(
    name: string,
    password: string | null,
    confirm: string | null,
    roles: unknown,
    domains: unknown,
  ): void {
    refuseLinks();
    if (name === '') throw new BadRequest('A username must be specified');
    const from = namesOf(domains);
    if ((!password || !confirm) && from.length === 0)
      throw new BadRequest('Password and confirmation must be specified');
    if (this.getUser(name) !== null) throw new BadRequest('A user with the specified name already exists');
    checkSame(password, confirm);
    checkDomains(from);
    this._doAddUser(name, password ?? '', namesOf(roles), from);
  }

  _changeUser(
    name: string,
    password: string | null,
    confirm: string | null,
    roles: unknown,
    domains: unknown,
  ): void {
    refuseLinks();
    const unchanged = password === UNCHANGED[0] && confirm === UNCHANGED[1];
    if (name === '') throw new BadRequest('A username must be specified');
    const from = namesOf(domains);
    if (password === '' && confirm === '' && from.length === 0)
      throw new BadRequest('Password and confirmation must be specified');
    if (this.getUser(name) === null) throw new BadRequest('Unknown user');
    if (!unchanged) checkSame(password, confirm);
    checkDomains(from);
    this.userFolderEditUser(name, unchanged ? null : password, namesOf(roles), from);
  }

  override userFolderAddUser(name: string, password: string, roles: unknown, domains: unknown): void {
    this._doAddUser(name, password, namesOf(roles), namesOf(domains));
  }

  /** Changes a user; a password of null stays. */
  override userFolderEditUser(name: string, password: string | null, roles: unknown, domains: unknown): void {
    const user = this.getUser(name);
    if (user === null) throw new ValueError('Unknown user');
    if (password !== null) {
      this._doAddUser(name, password, namesOf(roles), namesOf(domains));
      return;
    }
    user.roles = tupleFrom(namesOf(roles));
    user.domains = tupleFrom(namesOf(domains));
  }

  override userFolderDelUsers(names: unknown): void {
    const all = namesOf(names);
    for (const name of all) if (this.getUser(name) === null) throw new KeyError(name);
    this._doDelUsers(all);
  }

  setDomainAuthenticationMode(mode: unknown): void {
    this._domain_auth_mode = mode ? 1 : 0;
  }

  /** The folder that gets a user folder asks it who its users are. */
  manage_afterAdd(item: object, container: ObjectManager): void {
    if (aqBase(item) === aqBase(this))
      (container as unknown as Record<string, unknown>).__allow_groups__ = aqBase(this);
  }

  manage_beforeDelete(item: object, container: ObjectManager): void {
    if (aqBase(item) === aqBase(this)) delete (container as { __allow_groups__?: unknown }).__allow_groups__;
  }

  /** The one thing that he is for. */
  __creatable_by_emergency_user__(): boolean {
    return true;
  }

  _setId(id: string): void {
    if (id !== this.id) throw new ValueError('Cannot change the id of a UserFolder');
  }
}

function refuseLinks(): void {
  const request = getRequest();
  if (request !== undefined && request.method !== 'POST') throw new Forbidden('Request must be POST');
}

function checkSame(password: string | null, confirm: string | null): void {
  if ((password || confirm) && password !== confirm)
    throw new BadRequest('Password and confirmation do not match');
}

/** Domains are host names or addresses whose parts may be `*`. */
function checkDomains(domains: readonly string[]): void {
  for (const domain of domains)
    if (!/^[\w*-]+(?:\.[\w*-]+)*$/.test(domain)) throw new BadRequest('Illegal domain specification');
}

mixIn(UserFolder, Item);
registerClass(UserFolder, 'OFS.userfolder.UserFolder', {
  python: true,
  acquires: 'implicit',
  aliases: ['AccessControl.User.UserFolder', 'AccessControl.userfolder.UserFolder'],
});
Object.assign(UserFolder.prototype, {
  zmi_icon: 'fa fa-users',
  manage_options: [
    { label: 'Contents', action: 'manage_main' },
    { label: 'Properties', action: 'manage_userFolderProperties' },
    ...ITEM_OPTIONS,
  ],
});

const manage = { permission: Permissions.manageUsers };
const item = declarationsOfMixIn(Item);
declareClass(UserFolder, {
  ...item,
  default: 'deny',
  published: [...item.published!, 'manage_main', 'manage_userFolderProperties'],
  changes: [...item.changes!, 'manage_users'],
  postOnly: [...item.postOnly!, 'manage_setUserFolderProperties'],
  names: {
    ...item.names,
    id: 'public',
    title: 'public',
    meta_type: 'public',
    getUserNames: manage,
    getUsers: manage,
    getUser: manage,
    getUserById: manage,
    data: 'private',
    manage_main: manage,
    manage_users: manage,
    manage_userFolderProperties: manage,
    manage_setUserFolderProperties: manage,
    userFolderAddUser: manage,
    userFolderEditUser: manage,
    userFolderDelUsers: manage,
    setDomainAuthenticationMode: manage,
    manage_afterAdd: 'private',
    manage_beforeDelete: 'private',
    _addUser: 'private',
    _changeUser: 'private',
    _setId: 'private',
  },
  signatures: {
    ...item.signatures,
    getUser: 'name',
    getUserById: 'id, default=None',
    manage_users: 'submit=None, REQUEST=None, RESPONSE=None',
    manage_setUserFolderProperties: 'encrypt_passwords=0, update_passwords=0, maxlistusers=250, REQUEST=None',
    userFolderAddUser: 'name, password, roles, domains, REQUEST=None',
    userFolderEditUser: 'name, password, roles, domains, REQUEST=None',
    userFolderDelUsers: 'names, REQUEST=None',
    setDomainAuthenticationMode: 'domain_auth_mode',
  },
});
