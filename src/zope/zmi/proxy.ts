/** The page on an executable's proxy roles. */
import type { Item } from '../ofs/item.ts';
import { renderPage } from './page.ts';

export function proxyPage(
  object: Item & { readonly _proxy_roles: readonly string[] },
  message?: string,
): string {
  const mine = [...object._proxy_roles];
  return renderPage(
    object,
    'choices',
    {
      action: 'manage_proxy',
      intro: 'With proxy roles this code has these roles, and no others, whoever calls it.',
      hidden: [{ name: 'sent', value: '1' }],
      field: 'roles:list',
      choices: [...object.valid_roles()].map((name) => ({ name, checked: mine.includes(name) })),
      acquire: null,
      button: 'Save changes',
    },
    { message, tab: 'manage_proxyForm' },
  );
}
