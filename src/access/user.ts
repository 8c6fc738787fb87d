/** Users: the base of all kinds, and the one that a user folder keeps (INVENTORY S-028, S-029, S-057 to S-061). */
import {
  aqInContextOf,
  aqParent,
  objectAt,
  ownAt,
  Persistent,
  type Place,
  placeAround,
  placeOf,
  registerClass,
} from '../persistent/index.ts';
import { tupleFrom } from '../pickle/index.ts';
import { declareClass } from '../restricted/index.ts';
import { is_encrypted, pw_validate } from './auth-encoding.ts';
import { type Roles, rolesForPermissionOn } from './roles.ts';

/** Where a login comes from, for users that may only log in from some places. */
export interface ClientAddress {
  readonly address: string;
  readonly host?: string;
}

/** What every kind of user answers. */
export interface User {
  getUserName(): string;
  /** The id under which local roles and ownership are kept; null for special users. */
  getId(): string | null;
  getRoles(): readonly string[];
  getRolesInContext(object: unknown): string[];
  getDomains(): readonly string[];
  /** Whether one of `roles` (null: public) is the user's on `object`, locally or by his folder. */
  allowed(object: unknown, roles: Roles | undefined): boolean;
  has_role(roles: string | readonly string[], object?: unknown): boolean;
  has_permission(permission: string, object: unknown): boolean;
  _check_context(object: unknown): boolean;
  authenticate(password: string, client: ClientAddress): boolean;
}

/** Local roles of a user at one place, not acquired. */
function localRoles(place: Place, userId: string | null): readonly string[] {
  if (userId === null) return NONE;
  let roles = ownAt(place, '__ac_local_roles__');
  if (typeof roles === 'function') roles = roles.call(objectAt(place));
  if (roles instanceof Map) return (roles.get(userId) as readonly string[] | undefined) ?? NONE;
  return NONE;
}
const NONE: readonly string[] = [];

/** A user is known only inside of the folder that holds his user folder. */
function checkContext(user: object, object: unknown): boolean {
  const folder = aqParent(aqParent(user));
  if (folder === null || folder === undefined) return true;
  if (object === null || object === undefined || typeof object !== 'object') return true;
  return aqInContextOf(object, folder);
}

/** Whether a user has one of `roles` on an object: by himself or locally, and within his folder (see `User.allowed`). */
function isAllowed(user: User, object: unknown, roles: Roles | undefined): boolean {
  if (roles === null || roles === undefined) return roles === null;
  if (roles.includes('Anonymous')) return true;
  if (
    roles.includes('Authenticated') &&
    user.getUserName() !== 'Anonymous User' &&
    user._check_context(object)
  )
    return true;
  const own = user.getRoles();
  if (roles.some((role) => own.includes(role))) return user._check_context(object);
  const id = user.getId();
  if (id === null || object === null || typeof object !== 'object') return false;
  for (let at: Place | null = placeOf(object); at !== null; at = placeAround(at)) {
    const local = localRoles(at, id);
    if (local.length > 0 && roles.some((role) => local.includes(role))) return user._check_context(object);
  }
  return false;
}

/** Global roles and the local ones along the containers of an object. */
function rolesInContext(user: User, object: unknown): string[] {
  const roles = new Set(user.getRoles());
  if (object !== null && typeof object === 'object') {
    const id = user.getId();
    for (let at: Place | null = placeOf(object); at !== null; at = placeAround(at))
      for (const role of localRoles(at, id)) roles.add(role);
  }
  return [...roles];
}

/** What scripts may ask users of any kind. */
export const USER_NAMES = {
  getUserName: 'public',
  getId: 'public',
  getRoles: 'public',
  getRolesInContext: 'public',
  getDomains: 'public',
  has_role: 'public',
  has_permission: 'public',
  allowed: 'public',
  authenticate: 'private',
} as const;

/** What all kinds of users have in common. */
export abstract class BasicUser extends Persistent implements User {
  abstract getUserName(): string;
  abstract getId(): string | null;
  abstract getRoles(): readonly string[];
  abstract getDomains(): readonly string[];
  abstract authenticate(password: string, client: ClientAddress): boolean;

  getRolesInContext(object: unknown): string[] {
    return rolesInContext(this, object);
  }

  allowed(object: unknown, roles: Roles | undefined): boolean {
    return isAllowed(this, object, roles);
  }

  has_role(roles: string | readonly string[], object?: unknown): boolean {
    const own = object === undefined || object === null ? this.getRoles() : this.getRolesInContext(object);
    return (typeof roles === 'string' ? [roles] : roles).some((role) => own.includes(role));
  }

  has_permission(permission: string, object: unknown): boolean {
    return this.allowed(object, rolesForPermissionOn(permission, object));
  }

  _check_context(object: unknown): boolean {
    return checkContext(this, object);
  }

  __str__(): string {
    return this.getUserName();
  }
}

/** A user that is kept in a user folder. */
export class StoredUser extends BasicUser {
  declare name: string;
  /** The encoded password, under Python's name for it: bytes, or a text in old databases. */
  declare __: Uint8Array | string;
  declare roles: readonly string[];
  declare domains: readonly string[];

  constructor(name: string, password: string, roles: readonly string[], domains: readonly string[]) {
    super();
    this.name = name;
    this._setPassword(password);
    this.roles = tupleFrom(roles);
    this.domains = tupleFrom(domains);
  }

  _setPassword(stored: string): void {
    this.__ = is_encrypted(stored) ? new Uint8Array(Buffer.from(stored)) : stored;
  }

  getUserName(): string {
    return this.name;
  }

  getId(): string {
    return this.name;
  }

  _getPassword(): string {
    const password = this.__;
    return typeof password === 'string' ? password : Buffer.from(password).toString('latin1');
  }

  getRoles(): readonly string[] {
    const { roles } = this;
    if (this.name === 'Anonymous User') return roles;
    return tupleFrom([...roles, 'Authenticated']);
  }

  getDomains(): readonly string[] {
    return this.domains;
  }

  authenticate(password: string, client: ClientAddress): boolean {
    if (!pw_validate(this._getPassword(), password)) return false;
    return this.domains.length === 0 || domainMatches(this.domains, client);
  }
}

const ADDRESS_PATTERN = /^(?:(?:\d{1,3}\.){1,3}\*|(?:\d{1,3}\.){3}\d{1,3})$/;
const HOST_PATTERN = /^(?:[_0-9a-z-]*\.|\*\.)*[0-9a-z-]+$/i;

/**
 * Whether one of the patterns fits where a request comes from: the beginning of an address (`10.*`, `192.168.1.7`), the end of a host
 * name (`example.org`, `*.example.org`), or `*` for every place. A pattern that is neither fits nothing.
 */
export function domainMatches(patterns: readonly string[], client: ClientAddress): boolean {
  if (patterns.length === 1 && patterns[0] === '*') return true;
  const address = client.address.split('.');
  const host = client.host?.toLowerCase().split('.');
  const same = (parts: readonly string[], given: readonly string[], offset: number) =>
    offset >= 0 && parts.every((part, index) => part === '*' || part === given[offset + index]);
  return patterns.some((pattern) => {
    const parts = pattern.toLowerCase().split('.');
    if (ADDRESS_PATTERN.test(pattern)) return same(parts, address, 0);
    return host !== undefined && HOST_PATTERN.test(pattern) && same(parts, host, host.length - parts.length);
  });
}

registerClass(StoredUser, 'AccessControl.users.User', {
  python: true,
  acquires: 'implicit',
  aliases: ['AccessControl.User.User'],
});
declareClass(StoredUser, {
  default: 'deny',
  object: 'public',
  names: {
    ...USER_NAMES,
    name: 'private',
    __: 'private',
    roles: 'private',
    domains: 'private',
    _getPassword: 'private',
    _setPassword: 'private',
  },
});
