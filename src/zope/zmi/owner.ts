/** The page that shows who owns an object (INVENTORY O-016). */
import type { Item } from '../ofs/item.ts';
import { renderPage } from './page.ts';

export function ownerPage(object: Item, message?: string): string {
  const info = object.owner_info();
  return renderPage(
    object,
    'owner',
    {
      owned: info !== null,
      owner: info?.get('id'),
      folder: info?.get('path'),
      explicit: Boolean(info?.get('explicit')),
      canTake: Boolean(object.userCanTakeOwnership()),
      canChange: Boolean(info?.get('userCanChangeOwnershipType')),
    },
    { message, tab: 'manage_owner' },
  );
}
