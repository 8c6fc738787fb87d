/** The tabs of an object that the current user may see (INVENTORY O-003). */
import { classOf } from '../../persistent/index.ts';
import {
  type Class,
  getSecurityPolicy,
  namedDeclarationOf,
  objectDeclarationOf,
} from '../../restricted/index.ts';
import { getSecurityManager, nobody } from '../../access/index.ts';
import type { ManageOption } from '../ofs/item.ts';

interface Tabbed {
  readonly manage_options: readonly ManageOption[];
}

export function permittedTabs(object: Tabbed & object): ManageOption[] {
  const cls = classOf(object) as Class;
  return object.manage_options.filter(({ action, shownFor }) => {
    if (shownFor !== undefined && !shownFor(object)) return false;
    const name = action.split('/')[0]!;
    const declared = name === '' ? undefined : namedDeclarationOf(cls, name);
    const guard = name === '' || declared === 'object' ? objectDeclarationOf(cls) : declared;
    if (guard === undefined || guard === 'private' || guard === 'object') return false;
    if (guard === 'public') return getSecurityManager().getUser().getUserName() !== nobody.getUserName();
    return getSecurityPolicy().checkPermission(guard.permission, object);
  });
}
