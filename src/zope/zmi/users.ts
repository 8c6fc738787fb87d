/** The pages of a user folder (INVENTORY O-027). */
import type { StoredUser } from '../../access/index.ts';
import type { UserFolder } from '../ofs/user-folder.ts';
import { type Managed, renderPage } from './page.ts';

type Roles = { valid_roles(): readonly string[] };
const managed = (folder: UserFolder) => folder as unknown as Managed & object;

export function userFolderPage(folder: UserFolder, message?: string): string {
  const names = folder.getUserNames();
  const limit = folder.maxlistusers;
  const listed = limit >= 0 && (limit === 0 || names.length <= limit);
  return renderPage(
    managed(folder),
    'users',
    {
      listed,
      count: names.length,
      rows: listed
        ? folder.getUsers().map((user) => ({
            name: user.getUserName(),
            roles: [...user.roles].join(', '),
            domains: [...user.domains].join(' '),
          }))
        : [],
    },
    { message, tab: 'manage_main' },
  );
}

/** The form for a user, or for a new one. */
export function userPage(folder: UserFolder, user: StoredUser | null): string {
  const roles = [...(folder as unknown as Roles).valid_roles()].filter(
    (role) => !['Anonymous', 'Authenticated', 'Shared'].includes(role),
  );
  return renderPage(
    managed(folder),
    'user',
    {
      name: user?.getUserName() ?? '',
      isNew: user === null,
      submit: user === null ? 'Add' : 'Change',
      password: user === null ? '' : 'password',
      confirm: user === null ? '' : 'pconfirm',
      domains: [...(user?.domains ?? [])].join(' '),
      roles: roles.map((name) => ({ name, checked: user?.roles.includes(name) ?? false })),
    },
    { tab: 'manage_main' },
  );
}

export function userPropertiesPage(folder: UserFolder, message?: string): string {
  return renderPage(
    managed(folder),
    'user-properties',
    { encrypt: Boolean(folder.encrypt_passwords), limit: String(folder.maxlistusers) },
    { message, tab: 'manage_userFolderProperties' },
  );
}
