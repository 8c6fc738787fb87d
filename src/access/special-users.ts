/** Users that no user folder keeps: anonymous, the system, and the emergency user (INVENTORY S-054, S-057). */
import { tupleFrom } from '../pickle/index.ts';
import { declareClass } from '../restricted/index.ts';
import { pw_validate } from './auth-encoding.ts';
import type { Roles } from './roles.ts';
import { BasicUser, type ClientAddress, domainMatches, type User, USER_NAMES } from './user.ts';

/** A user without a password of its own. Never stored, but wrapped in a user folder like any user. */
export class SpecialUser extends BasicUser {
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

  getDomains(): readonly string[] {
    return [];
  }

  authenticate(_password: string, _client: ClientAddress): boolean {
    return false;
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

  override getRoles(): readonly string[] {
    return tupleFrom([...this._v_roles, 'Authenticated']);
  }

  override has_role(_roles: string | readonly string[], _object?: unknown): boolean {
    return true;
  }

  override has_permission(_permission: string, _object: unknown): boolean {
    return true;
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

declareClass(SpecialUser, { default: 'deny', object: 'public', names: USER_NAMES });

/** The anonymous user. */
export const nobody: User = new SpecialUser('Anonymous User', ['Anonymous']);
/** Acts while the process starts and for tasks that nobody asked for. */
export const system: User = new UnrestrictedUser('System Processes', undefined, ['manage']);
