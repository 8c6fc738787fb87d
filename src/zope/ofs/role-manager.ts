/**
 * Roles and permissions of an object, and the pages that change them (INVENTORY S-002, S-003, S-010, S-011, O-015).
 *
 * Over 400 lines: they are one mix-in of Zope's, with all its names.
 */
import { createHash } from 'node:crypto';
import { aqChain, aqInner, getOwn } from '../../persistent/index.ts';
import { Dict, Tuple, tuple, tupleFrom } from '../../pickle/index.ts';
import {
  permissionAttribute,
  Permissions,
  rolesForPermissionOn,
  type UserFolder,
} from '../../access/index.ts';
import { BadRequest, Forbidden, getRequest, HTTPRequest, Unauthorized } from '../../publisher/index.ts';
import { declareClass, getSecurityPolicy, OverflowError, ValueError } from '../../restricted/index.ts';
import { pageHeaders } from '../zmi/page.ts';
import {
  accessPage,
  acquiredPage,
  localRolesPage,
  permissionPage,
  rolePage,
  userReportPage,
} from '../zmi/security.ts';
import { namesOf } from './names.ts';
import { Owned } from './owner.ts';
import { allPermissions, permissionsOf } from './permission-names.ts';

/** What the forms call a permission or role: names may have any characters, fields not. */
export function fieldHash(name: string): string {
  return createHash('sha256').update(name).digest('base64url').slice(0, 16);
}

type LocalRoles = Dict<string, readonly string[]>;

export class RoleManager extends Owned {
  declare __ac_roles__: readonly string[];
  declare __ac_local_roles__: LocalRoles | null;

  /** The permissions that can be set here, as pairs of name and an empty tuple. */
  ac_inherited_permissions(_all: unknown = 0): Tuple<unknown> {
    return tupleFrom(permissionsOf(this).map((name) => tuple(name, tuple())));
  }

  /** All permissions that there are, whether they mean something here or not. */
  possible_permissions(): string[] {
    return allPermissions();
  }

  /** The roles that exist here: of this object and all around it. */
  valid_roles(): Tuple<string> {
    const found = new Set<string>();
    for (const at of placesOf(this))
      for (const role of (getOwn(at, '__ac_roles__') as readonly string[] | undefined) ?? []) found.add(role);
    return tupleFrom([...found].sort());
  }

  validate_roles(roles: readonly string[]): boolean {
    const valid = this.valid_roles();
    return roles.every((role) => valid.includes(role));
  }

  userdefined_roles(): Tuple<string> {
    const own = (Object.getPrototypeOf(this) as { __ac_roles__?: readonly string[] }).__ac_roles__ ?? [];
    return tupleFrom((this.__ac_roles__ ?? []).filter((role) => !own.includes(role)));
  }

  permission_settings(permission?: string | null): Dict[] {
    const valid = this.valid_roles();
    return permissionsOf(this)
      .filter((name) => !permission || name === permission)
      .map((name) => {
        const { roles, acquired } = settingOf(this, name);
        return Dict.from<unknown>({
          name,
          hashed_name: fieldHash(name),
          acquire: acquired ? 'CHECKED' : '',
          roles: tupleFrom(
            valid.map((role) =>
              Dict.from<unknown>({
                name: `permission_${fieldHash(name)}role_${fieldHash(role)}`,
                checked: roles.includes(role) ? 'CHECKED' : '',
              }),
            ),
          ),
        });
      });
  }

  permissionsOfRole(role: string): Dict[] {
    return permissionsOf(this).map((name) =>
      Dict.from<unknown>({ name, selected: rolesHere(this, name).includes(role) ? 'SELECTED' : '' }),
    );
  }

  rolesOfPermission(permission: string): Tuple<unknown> {
    checkPermissionName(this, permission);
    const roles = rolesHere(this, permission);
    return tupleFrom(
      [...this.valid_roles()].map((name) =>
        Dict.from<unknown>({ name, selected: roles.includes(name) ? 'SELECTED' : '' }),
      ),
    );
  }

  acquiredRolesAreUsedBy(permission: string): string {
    checkPermissionName(this, permission);
    return settingOf(this, permission).acquired ? 'CHECKED' : '';
  }

  manage_role(role_to_manage: string, permissions?: unknown, request?: unknown): unknown {
    const wanted = namesOf(permissions);
    for (const name of permissionsOf(this)) {
      const { roles, acquired } = settingOf(this, name, defaultRoles(this, name));
      const has = roles.includes(role_to_manage);
      if (has === wanted.includes(name)) continue;
      const changed = has ? roles.filter((role) => role !== role_to_manage) : [...roles, role_to_manage];
      setRoles(this, name, changed, acquired);
    }
    return answered(this, request);
  }

  manage_acquiredPermissions(permissions?: unknown, request?: unknown): unknown {
    const wanted = namesOf(permissions);
    for (const name of permissionsOf(this))
      setRoles(this, name, settingOf(this, name, defaultRoles(this, name)).roles, wanted.includes(name));
    return answered(this, request);
  }

  manage_permission(
    permission_to_manage: string,
    roles?: unknown,
    acquire: unknown = 0,
    request?: unknown,
  ): unknown {
    checkPermissionName(this, permission_to_manage);
    setRoles(this, permission_to_manage, namesOf(roles), Boolean(acquire));
    return answered(this, request);
  }

  manage_changePermissions(request: HTTPRequest): unknown {
    const valid = this.valid_roles();
    for (const name of permissionsOf(this)) {
      const hash = fieldHash(name);
      const roles = valid.filter((role) => request.form.has(`permission_${hash}role_${fieldHash(role)}`));
      setRoles(this, name, roles, request.form.has(`acquire_${hash}`));
    }
    return answered(this, request);
  }

  manage_defined_roles(submit?: string | null, request?: HTTPRequest): unknown {
    if (submit === 'Add Role') this._addRole(String(request?.get('role', '') ?? '').trim());
    else if (submit === 'Delete Role') this._delRoles(namesOf(request?.get('roles')));
    return accessPage(this);
  }

  _addRole(role: string): void {
    refuseLinks();
    if (role === '') throw new BadRequest('You must specify a role name');
    const roles = this.__ac_roles__ ?? tuple();
    if (roles.includes(role)) throw new BadRequest('The given role is already defined');
    this.__ac_roles__ = tuple(...roles, role);
  }

  _delRoles(names: readonly string[]): void {
    refuseLinks();
    if (names.length === 0) throw new BadRequest('You must specify a role name');
    this.__ac_roles__ = tupleFrom((this.__ac_roles__ ?? []).filter((role) => !names.includes(role)));
  }

  // Local roles: further roles of a user on one object and what it contains.

  has_local_roles(): number {
    return localRolesOf(this)?.size ?? 0;
  }

  get_local_roles(): Tuple<Tuple<unknown>> {
    const roles = localRolesOf(this) ?? new Dict<string, string[]>();
    return tupleFrom([...roles.keys()].sort().map((id) => tuple(id, tupleFrom([...roles.get(id)!]))));
  }

  get_local_roles_for_userid(userid: string): Tuple<string> {
    return tupleFrom([...(localRolesOf(this)?.get(userid) ?? [])]);
  }

  users_with_local_role(role: string): Tuple<string> {
    return tupleFrom(
      [...(localRolesOf(this) ?? [])]
        .filter(([, roles]) => roles.includes(role))
        .map(([id]) => id)
        .sort(),
    );
  }

  /** Names of all users known here. Throws an OverflowError where a user folder has more than it lists. */
  get_valid_userids(): Tuple<string> {
    const found = new Set<string>();
    for (const at of placesOf(this)) {
      const folder = getOwn(at, '__allow_groups__') as UserFolder | undefined;
      if (folder !== undefined && folder !== null && typeof folder.getUserNames === 'function') {
        const limit = folder.maxlistusers;
        const names = folder.getUserNames();
        if (limit < 0 || (limit > 0 && names.length > limit)) throw new OverflowError('too many users');
        for (const name of names) found.add(name);
      }
    }
    return tupleFrom([...found].sort());
  }

  manage_addLocalRoles(userid: string, roles: unknown, request?: unknown): unknown {
    const added = namesOf(roles);
    if (added.length === 0) throw new ValueError('One or more roles must be given!');
    const before = localRolesOf(this)?.get(userid) ?? [];
    this._setRolesOf(userid, [...new Set([...before, ...added])]);
    return answeredLocal(this, request);
  }

  manage_setLocalRoles(userid: string, roles?: unknown, request?: unknown): unknown {
    const given = namesOf(roles);
    if (given.length === 0) return this.manage_delLocalRoles([userid], request);
    this._setRolesOf(userid, given);
    return answeredLocal(this, request);
  }

  manage_delLocalRoles(userids: unknown, request?: unknown): unknown {
    const all = copyOf(localRolesOf(this));
    for (const id of namesOf(userids)) all.delete(id);
    this.__ac_local_roles__ = all;
    return answeredLocal(this, request);
  }

  _setRolesOf(userid: string, roles: string[]): void {
    const all = copyOf(localRolesOf(this));
    all.set(userid, roles);
    this.__ac_local_roles__ = all;
  }

  /** What a user may do here, and where he is defined. */
  manage_getUserRolesAndPermissions(user_id: string): Dict {
    for (const at of placesOf(this)) {
      const folder = getOwn(at, 'acl_users') as
        | (UserFolder & { absolute_url?(relative: unknown): string })
        | undefined;
      const user = folder?.getUserById(user_id, null) as
        | {
            getRoles(): readonly string[];
            getRolesInContext(object: unknown): string[];
            has_permission(permission: string, object: unknown): boolean;
          }
        | null
        | undefined;
      if (user !== null && user !== undefined) {
        const [allowed, disallowed]: [string[], string[]] = [[], []];
        for (const name of permissionsOf(this))
          (user.has_permission(name, this) ? allowed : disallowed).push(name);
        return Dict.from<unknown>({
          user_defined_in: `/${folder!.absolute_url?.(1) ?? ''}`,
          roles: [...user.getRoles()].sort(),
          roles_in_context: user.getRolesInContext(this).sort(),
          allowed_permissions: allowed,
          disallowed_permissions: disallowed,
        });
      }
    }
    throw new ValueError(`User ${user_id} could not be found`);
  }

  manage_access(): string {
    return accessPage(this);
  }

  manage_roleForm(role_to_manage: string): string {
    return rolePage(this, role_to_manage);
  }

  manage_permissionForm(permission_to_manage: string): string {
    checkPermissionName(this, permission_to_manage);
    return permissionPage(this, permission_to_manage);
  }

  manage_acquiredForm(): string {
    return acquiredPage(this);
  }

  manage_listLocalRoles(): string {
    return localRolesPage(this);
  }

  manage_editLocalRoles(userid: string): string {
    return localRolesPage(this, undefined, userid);
  }

  manage_reportUserPermissions(): string {
    return userReportPage(this, String(getRequest()?.form.get('username') ?? ''));
  }
}

/** The object and what contains it, outwards. */
const placesOf = (object: object) => aqChain(aqInner(object), true) as object[];

/** The page after a change. Who has locked himself out of the object is told so, and nothing is changed. */
function answered(object: RoleManager, request: unknown): unknown {
  if (!(request instanceof HTTPRequest)) return null;
  requireStill(object, Permissions.changePermissions);
  pageHeaders();
  requireStill(object, Permissions.view);
  return accessPage(object, 'Your changes have been saved.');
}

function requireStill(object: RoleManager, permission: string): void {
  if (!getSecurityPolicy().checkPermission(permission, object))
    throw new Unauthorized(`This would take the permission ${permission} from you.`);
}

function answeredLocal(object: RoleManager, request: unknown): unknown {
  return request instanceof HTTPRequest ? localRolesPage(object, 'Your changes have been saved.') : null;
}

/** The form that this comes from is sent by POST: a link could be followed unawares. */
function refuseLinks(): void {
  const request = getRequest();
  if (request !== undefined && request.method !== 'POST') throw new Forbidden('Request must be POST');
}

const localRolesOf = (object: object) =>
  getOwn(object, '__ac_local_roles__') as LocalRoles | null | undefined;

/** A copy whose lists are new: what a record has is its own. */
function copyOf(roles: LocalRoles | null | undefined): LocalRoles {
  return new Dict([...(roles ?? [])].map(([id, names]) => [id, [...names]] as const));
}

interface Setting {
  readonly roles: readonly string[];
  readonly acquired: boolean;
}

/** What is set on the object itself; `otherwise` where nothing is. */
export function settingOf(object: object, permission: string, otherwise: readonly string[] = []): Setting {
  const value = getOwn(object, permissionAttribute(permission));
  if (value === null) return { roles: ['Anonymous'], acquired: false };
  if (value instanceof Tuple) return { roles: value as string[], acquired: false };
  if (Array.isArray(value)) return { roles: value as string[], acquired: true };
  // The root of a site has nothing to acquire: there the defaults hold, and what is set replaces them.
  if (getOwn(object, 'isTopLevelPrincipiaApplicationObject') !== undefined)
    return { roles: rolesForPermissionOn(permission, object) ?? ['Anonymous'], acquired: false };
  return { roles: otherwise, acquired: true };
}

function defaultRoles(object: object, permission: string): readonly string[] {
  const value = getOwn(object, permissionAttribute(permission));
  return value === undefined ? ['Manager'] : [];
}

/** The roles on the object itself, with the class's defaults where nothing is set. */
function rolesHere(object: object, permission: string): readonly string[] {
  return settingOf(object, permission, defaultRoles(object, permission)).roles;
}

function setRoles(object: object, permission: string, roles: readonly string[], acquired: boolean): void {
  const attribute = permissionAttribute(permission);
  const self = object as Record<string, unknown>;
  const before = getOwn(object, attribute);
  if (acquired && roles.length === 0) {
    if (before !== undefined) delete self[attribute];
    return;
  }
  const value = acquired ? [...roles] : tupleFrom([...roles]);
  const unchanged =
    Array.isArray(before) &&
    before instanceof Tuple === !acquired &&
    before.length === roles.length &&
    roles.every((role, index) => before[index] === role);
  if (!unchanged) self[attribute] = value;
}

function checkPermissionName(object: object, name: string): void {
  if (!permissionsOf(object).includes(name))
    throw new ValueError(`The permission <em>${name.replaceAll('<', '&lt;')}</em> is invalid.`);
}

Object.assign(RoleManager.prototype, {
  __ac_roles__: tuple('Manager', 'Owner', 'Anonymous', 'Authenticated'),
  __ac_local_roles__: null,
});

const change = { permission: Permissions.changePermissions };
const read = { permission: Permissions.accessContentsInformation };
declareClass(RoleManager, {
  published: [
    'acquiredRolesAreUsedBy',
    'manage_access',
    'manage_getUserRolesAndPermissions',
    'permission_settings',
    'permissionsOfRole',
    'rolesOfPermission',
    'userdefined_roles',
    'valid_roles',
    'validate_roles',
    'manage_roleForm',
    'manage_permissionForm',
    'manage_acquiredForm',
    'manage_listLocalRoles',
    'manage_editLocalRoles',
    'manage_reportUserPermissions',
  ],
  changes: ['manage_defined_roles'],
  postOnly: [
    'manage_role',
    'manage_acquiredPermissions',
    'manage_permission',
    'manage_changePermissions',
    'manage_addLocalRoles',
    'manage_setLocalRoles',
    'manage_delLocalRoles',
  ],
  names: {
    ac_inherited_permissions: 'private',
    possible_permissions: read,
    valid_roles: read,
    validate_roles: read,
    userdefined_roles: change,
    permission_settings: change,
    permissionsOfRole: change,
    rolesOfPermission: change,
    acquiredRolesAreUsedBy: change,
    manage_role: change,
    manage_acquiredPermissions: change,
    manage_permission: change,
    manage_changePermissions: change,
    manage_defined_roles: change,
    has_local_roles: 'object',
    get_local_roles: 'object',
    get_local_roles_for_userid: 'object',
    users_with_local_role: 'object',
    get_valid_userids: change,
    manage_addLocalRoles: change,
    manage_setLocalRoles: change,
    manage_delLocalRoles: change,
    manage_getUserRolesAndPermissions: change,
    manage_access: change,
    manage_roleForm: change,
    manage_permissionForm: change,
    manage_acquiredForm: change,
    manage_listLocalRoles: change,
    manage_editLocalRoles: change,
    manage_reportUserPermissions: change,
    _addRole: 'private',
    _delRoles: 'private',
    _setRolesOf: 'private',
  },
  signatures: {
    validate_roles: 'roles',
    permission_settings: 'permission=None',
    permissionsOfRole: 'role',
    rolesOfPermission: 'permission',
    acquiredRolesAreUsedBy: 'permission',
    manage_role: 'role_to_manage, permissions=[], REQUEST=None',
    manage_acquiredPermissions: 'permissions=[], REQUEST=None',
    manage_permission: 'permission_to_manage, roles=[], acquire=0, REQUEST=None',
    manage_changePermissions: 'REQUEST',
    manage_defined_roles: 'submit=None, REQUEST=None',
    get_local_roles_for_userid: 'userid',
    users_with_local_role: 'role',
    manage_addLocalRoles: 'userid, roles, REQUEST=None',
    manage_setLocalRoles: 'userid, roles=[], REQUEST=None',
    manage_delLocalRoles: 'userids, REQUEST=None',
    manage_getUserRolesAndPermissions: 'user_id',
    manage_roleForm: 'role_to_manage',
    manage_permissionForm: 'permission_to_manage',
    manage_editLocalRoles: 'userid',
  },
});
