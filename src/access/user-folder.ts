/** The stock user folder, `acl_users` (INVENTORY S-050 to S-062, P-045). */
import {
  aqBase,
  aqParent,
  ownAt,
  Persistent,
  PersistentMapping,
  placeOf,
  registerClass,
  wrap,
} from '../persistent/index.ts';
import { declareClass, getSecurityPolicy, KeyError, ValueError } from '../restricted/index.ts';
import { tupleFrom } from '../pickle/index.ts';
import { is_encrypted, pw_encrypt } from './auth-encoding.ts';
import { Permissions } from './permissions.ts';
import type { Roles } from './roles.ts';
import { type ClientAddress, StoredUser, type User } from './user.ts';
import { nobody, UnrestrictedUser } from './special-users.ts';
import { SecurityManager, withSecurityManager } from './security-manager.ts';
import { ZopeSecurityPolicy } from './policy.ts';

/** The login that a request brings. */
export interface Credentials {
  readonly name: string;
  readonly password: string;
}

/** What is being published, for which a user folder is asked whether one of its users may have it. */
export interface PublishedAccess {
  readonly roles: Roles | undefined;
  /** The published object, or the object whose method is published. */
  readonly object: unknown;
  readonly container: unknown;
  readonly credentials: Credentials | null;
  readonly client: ClientAddress;
}

/** Thrown for an `Authorization` header that cannot be read; answered with 400. */
export class InvalidCredentials extends Error {
  readonly code = 'INVALID_CREDENTIALS';

  constructor() {
    super('Invalid authentication token');
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Name and password of a basic `Authorization` header; null for none or another scheme. */
export function basicCredentials(header: string | null | undefined): Credentials | null {
  if (!header || !/^basic /i.test(header)) return null;
  let text: string;
  try {
    text = utf8.decode(Buffer.from(header.split(' ').at(-1)!, 'base64'));
  } catch {
    throw new InvalidCredentials();
  }
  const colon = text.indexOf(':');
  if (colon < 0) throw new InvalidCredentials();
  return { name: text.slice(0, colon), password: text.slice(colon + 1) };
}

let emergencyUser: UnrestrictedUser | null = null;

/** Sets the user of the instance's `access` file, who may do everything but own nothing. */
export function setEmergencyUser(
  user: { name: string; password: string; domains: readonly string[] } | null,
): void {
  emergencyUser =
    user === null ? null : new UnrestrictedUser(user.name, user.password, ['manage'], user.domains);
}

/** Whether a user, in whatever context, is the emergency user. */
export function isEmergencyUser(user: unknown): boolean {
  return emergencyUser !== null && aqBase(user) === emergencyUser;
}

/** The emergency user made something that would be his. */
export class EmergencyUserCannotOwn extends Error {
  readonly code = 'EMERGENCY_USER_CANNOT_OWN';

  constructor() {
    super('Objects cannot be owned by the emergency user');
  }
}

const ordinary = new ZopeSecurityPolicy();

/** The policy that is in force; it says whether logins count at all. */
function policyInForce(): ZopeSecurityPolicy {
  const policy = getSecurityPolicy();
  return policy instanceof ZopeSecurityPolicy ? policy : ordinary;
}

/** Users by name, as Python's `BasicUserFolder` stores them. Passwords are encoded unless `encrypt_passwords` is off. */
export class UserFolder extends Persistent {
  declare id: string;
  declare title: string;
  declare encrypt_passwords: unknown;
  declare maxlistusers: number;
  declare _domain_auth_mode: unknown;
  declare data: PersistentMapping<string, StoredUser>;

  constructor() {
    super();
    this.data = new PersistentMapping();
  }

  getId(): string {
    return this.id;
  }

  getUserNames(): string[] {
    return [...this.data.keys()].sort();
  }

  getUsers(): StoredUser[] {
    return this.getUserNames().map((name) => this.data.get(name)!);
  }

  getUser(name: string): StoredUser | null {
    return this.data.get(name) ?? null;
  }

  getUserById(id: string, fallback: unknown = null): unknown {
    const user = this.getUser(id);
    return user === null ? fallback : wrap(user, this);
  }

  hasUsers(): boolean {
    return this.data.size > 0;
  }

  /** Adds a user or replaces the one of that name; a clear-text password is encoded. */
  _doAddUser(
    name: string,
    password: string,
    roles: readonly string[],
    domains: readonly string[] = [],
  ): StoredUser {
    const user = new StoredUser(name, this._stored(password), roles, domains);
    this.data.set(name, user);
    return user;
  }

  /** Changes a user; what is null stays. Throws a KeyError for a user who is not there. */
  _doChangeUser(
    name: string,
    password: string | null,
    roles: readonly string[] | null,
    domains: readonly string[] | null,
  ): void {
    const user = this.data.get(name);
    if (user === undefined) throw new KeyError(name);
    if (password !== null) user._setPassword(this._stored(password));
    if (roles !== null) user.roles = tupleFrom(roles);
    if (domains !== null) user.domains = tupleFrom(domains);
  }

  _stored(password: string): string {
    return this.encrypt_passwords && !is_encrypted(password) ? pw_encrypt(password) : password;
  }

  /** For code of a site: adds a user. Throws a ValueError for a name that is taken or reserved. */
  userFolderAddUser(
    name: string,
    password: string,
    roles: readonly string[],
    domains: readonly string[] = [],
  ): void {
    if (name === '') throw new ValueError('A username must be specified');
    if (this.data.has(name) || emergencyUser?.getUserName() === name || name === nobody.getUserName())
      throw new ValueError(`A user with the specified name already exists: ${name}`);
    this._doAddUser(name, password, roles, domains);
  }

  userFolderEditUser(
    name: string,
    password: string | null,
    roles: readonly string[],
    domains: readonly string[] = [],
  ): void {
    this._doChangeUser(name, password, roles, domains);
  }

  userFolderDelUsers(names: readonly string[]): void {
    this._doDelUsers(names);
  }

  _doDelUsers(names: readonly string[]): void {
    for (const name of names) this.data.delete(name);
  }

  _isTop(): boolean {
    const parent = aqBase(aqParent(this)) as { isTopLevelPrincipiaApplicationObject?: unknown } | null;
    return Boolean(parent?.isTopLevelPrincipiaApplicationObject);
  }

  /**
   * The user for whom the request may go on, wrapped in this folder; null when this folder knows none, so that the
   * next one outside is asked.
   */
  validateRequest(access: PublishedAccess): User | null {
    const { credentials } = access;
    const top = this._isTop();
    if (credentials !== null && emergencyUser !== null && credentials.name === emergencyUser.getUserName()) {
      if (emergencyUser.authenticate(credentials.password, access.client)) {
        return top ? (wrap(emergencyUser, this) as unknown as User) : null;
      }
    } else if (credentials !== null) {
      const user = this.getUser(credentials.name);
      if (user !== null && user.authenticate(credentials.password, access.client)) {
        const wrapped = wrap(user, this) as unknown as User;
        if (authorizes(wrapped, access)) return wrapped;
      }
    } else if (this._domain_auth_mode) {
      for (const user of this.getUsers()) {
        if (user.getDomains().length === 0 || !user.authenticate('', access.client)) continue;
        const wrapped = wrap(user, this) as unknown as User;
        if (authorizes(wrapped, access)) return wrapped;
      }
    }
    if (!top) return null;
    const anonymous = wrap(nobody as unknown as Persistent, this) as unknown as User;
    return authorizes(anonymous, access) ? anonymous : null;
  }
}

function authorizes(user: User, access: PublishedAccess): boolean {
  if (access.roles === undefined) return false;
  const { roles, object, container } = access;
  if (roles === null || roles.includes('Anonymous')) return true;
  return withSecurityManager(new SecurityManager(user), () =>
    policyInForce().allows(roles, object, container),
  );
}

// What databases hold are user folders with management pages, which are the content types' own.
registerClass(UserFolder, 'AccessControl.userfolder.BasicUserFolder', { python: true, acquires: 'implicit' });
Object.assign(UserFolder.prototype, {
  id: 'acl_users',
  title: 'User Folder',
  meta_type: 'User Folder',
  encrypt_passwords: 1,
  maxlistusers: 250,
  _domain_auth_mode: 0,
});
declareClass(UserFolder, {
  default: 'deny',
  // For whoever may see what its folder holds.
  object: 'object',
  publishable: true,
  names: {
    id: 'public',
    title: 'public',
    meta_type: 'public',
    getId: 'public',
    getUserNames: { permission: Permissions.manageUsers },
    getUsers: { permission: Permissions.manageUsers },
    getUser: { permission: Permissions.manageUsers },
    getUserById: { permission: Permissions.manageUsers },
    hasUsers: { permission: Permissions.manageUsers },
    userFolderAddUser: { permission: Permissions.manageUsers },
    userFolderEditUser: { permission: Permissions.manageUsers },
    userFolderDelUsers: { permission: Permissions.manageUsers },
    data: 'private',
  },
  signatures: {
    getUser: 'name',
    getUserById: 'id, default=None',
    userFolderAddUser: 'name, password, roles, domains=()',
    userFolderEditUser: 'name, password, roles, domains=()',
    userFolderDelUsers: 'names',
  },
});

/** The user folder of a container, if it has one of its own. */
export function userFolderOf(container: unknown): UserFolder | undefined {
  if (container === null || typeof container !== 'object') return undefined;
  const folder = ownAt(placeOf(container), '__allow_groups__');
  return folder !== null && typeof folder === 'object'
    ? (wrap(folder as Persistent, container) as UserFolder)
    : undefined;
}
