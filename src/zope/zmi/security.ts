/** The pages on permissions and roles (INVENTORY S-010, O-015). */
import type { Dict } from '../../pickle/index.ts';
import { OverflowError, ValueError } from '../../restricted/index.ts';
import { permissionsOf } from '../ofs/permission-names.ts';
import { fieldHash, settingOf, type RoleManager } from '../ofs/role-manager.ts';
import { type Managed, renderPage } from './page.ts';

const TAB = 'manage_access';
const managed = (object: RoleManager) => object as unknown as Managed & object;

export function accessPage(object: RoleManager, message?: string): string {
  const roles = [...object.valid_roles()];
  const mine = [...object.userdefined_roles()];
  return renderPage(
    managed(object),
    'access',
    {
      roles: roles.map((name) => ({ name, label: name })),
      mine,
      permissions: permissionsOf(object).map((name) => {
        const setting = settingOf(object, name);
        const hash = fieldHash(name);
        return {
          name,
          acquireField: `acquire_${hash}`,
          acquired: setting.acquired,
          cells: roles.map((role) => ({
            field: `permission_${hash}role_${fieldHash(role)}`,
            label: `${name}: ${role}`,
            checked: setting.roles.includes(role),
          })),
        };
      }),
    },
    { message, tab: TAB },
  );
}

export function acquiredPage(object: RoleManager): string {
  return renderPage(
    managed(object),
    'choices',
    {
      action: 'manage_acquiredPermissions',
      intro: 'Permissions for which the roles of what contains this object count as well.',
      hidden: [],
      field: 'permissions:list',
      choices: permissionsOf(object).map((name) => ({ name, checked: settingOf(object, name).acquired })),
      acquire: null,
      button: 'Save changes',
    },
    { tab: TAB },
  );
}

export function rolePage(object: RoleManager, role: string): string {
  return renderPage(
    managed(object),
    'choices',
    {
      action: 'manage_role',
      intro: `What the role ${role} may do here.`,
      hidden: [{ name: 'role_to_manage', value: role }],
      field: 'permissions:list',
      choices: object
        .permissionsOfRole(role)
        .map((item) => ({ name: item.get('name'), checked: item.get('selected') !== '' })),
      acquire: null,
      button: 'Save changes',
    },
    { tab: TAB },
  );
}

export function permissionPage(object: RoleManager, permission: string): string {
  const chosen = ([...object.rolesOfPermission(permission)] as Dict[]).map((item) => ({
    name: item.get('name'),
    checked: item.get('selected') !== '',
  }));
  return renderPage(
    managed(object),
    'choices',
    {
      action: 'manage_permission',
      intro: `The roles that have the permission ${permission} here.`,
      hidden: [{ name: 'permission_to_manage', value: permission }],
      field: 'roles:list',
      choices: chosen,
      acquire: { checked: settingOf(object, permission).acquired },
      button: 'Save changes',
    },
    { tab: TAB },
  );
}

/** Local roles of all users, or the roles of one user to change. */
export function localRolesPage(object: RoleManager, message?: string, userid?: string): string {
  let users: string[] | null;
  try {
    users = [...object.get_valid_userids()];
  } catch (error) {
    if (!(error instanceof OverflowError)) throw error;
    users = null;
  }
  const own = userid === undefined ? [] : [...object.get_local_roles_for_userid(userid)];
  return renderPage(
    managed(object),
    'local-roles',
    {
      rows: [...object.get_local_roles()].map((pair) => ({
        id: pair[0],
        roles: [...(pair[1] as Iterable<string>)].join(', '),
      })),
      users,
      userid: userid ?? '',
      editing: userid !== undefined,
      roles: [...object.valid_roles()]
        .filter((role) => role !== 'Anonymous' && role !== 'Authenticated')
        .map((name) => ({ name, checked: own.includes(name) })),
    },
    { message, tab: TAB },
  );
}

export function userReportPage(object: RoleManager, user: string): string {
  let report: Dict | null = null;
  let problem: string | undefined;
  if (user !== '') {
    try {
      report = object.manage_getUserRolesAndPermissions(user);
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      problem = error.message;
    }
  }
  const list = (name: string) => (report?.get(name) as string[] | undefined) ?? [];
  return renderPage(
    managed(object),
    'user-report',
    {
      username: user,
      found: report !== null,
      folder: report?.get('user_defined_in'),
      roles: list('roles').join(', '),
      rolesInContext: list('roles_in_context').join(', '),
      allowed: list('allowed_permissions'),
      disallowed: list('disallowed_permissions'),
    },
    { message: problem, tab: TAB },
  );
}
