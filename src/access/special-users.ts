/** Users that no user folder keeps: anonymous, the system, and the emergency user (INVENTORY S-054, S-057). */
import { tupleFrom } from '../pickle/index.ts';
import { declareClass } from '../restricted/index.ts';
import { Persistent } from '../persistent/index.ts';
import { pw_validate } from './auth-encoding.ts';
import { type Roles, rolesForPermissionOn } from './roles.ts';
import {
  checkContext,
  type ClientAddress,
  domainMatches,
  isAllowed,
  rolesInContext,
  type User,
} from './user.ts';

/** A user without a password of its own. Never stored, but wrapped in a user folder like any user. */
export class SpecialUser extends Persistent implements User {
  declare readonly _v_name: string;
  declare readonly _v_roles: readonly string[];

  constructor(name: string, roles: readonly string[]) {
    super();
    this._v_name = name;
    this._v_roles = tupleFrom(roles);
  }

  getUserName(): string {
    return this._v_name;
  }

  getId(): null {
    return null;
  }

  getRoles(): readonly string[] {
    return this._v_roles;
  }

  getRolesInContext(object: unknown): string[] {
    return rolesInContext(this, object);
  }

  getDomains(): readonly string[] {
    return [];
  }

  allowed(object: unknown, roles: Roles | undefined): boolean {
    return isAllowed(this, object, roles);
  }

  has_role(roles: string | readonly string[], object?: unknown): boolean {
    return this.allowed(object ?? null, typeof roles === 'string' ? [roles] : roles);
  }

  has_permission(permission: string, object: unknown): boolean {
    return this.allowed(object, rolesForPermissionOn(permission, object));
  }

  _check_context(object: unknown): boolean {
    return checkContext(this, object);
  }

  authenticate(_password: string, _client: ClientAddress): boolean {
    return false;
  }

  __str__(): string {
    return this._v_name;
  }
}

/** A user who may do anything that is not private to everybody. */
export class UnrestrictedUser extends SpecialUser {
  declare readonly _v_password: string | undefined;
  declare readonly _v_domains: readonly string[];

  constructor(
    name: string,
    password: string | undefined,
    roles: readonly string[],
    domains: readonly string[] = [],
  ) {
    super(name, roles);
    this._v_password = password;
    this._v_domains = domains;
  }

  override allowed(_object: unknown, roles: Roles | undefined): boolean {
    return roles !== undefined;
  }

  override _check_context(_object: unknown): boolean {
    return true;
  }

  override getDomains(): readonly string[] {
    return this._v_domains;
  }

  override authenticate(password: string, client: ClientAddress): boolean {
    if (this._v_password === undefined || !pw_validate(this._v_password, password)) return false;
    return this._v_domains.length === 0 || domainMatches(this._v_domains, client);
  }
}

const names = {
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
declareClass(SpecialUser, { default: 'deny', object: 'public', names });

/** The anonymous user. */
export const nobody: User = new SpecialUser('Anonymous User', ['Anonymous']);
/** Acts while the process starts and for tasks that nobody asked for. */
export const system: User = new UnrestrictedUser('System Processes', undefined, ['manage']);
