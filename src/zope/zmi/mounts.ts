/** The pages of mount points. */
import type { MountStatus } from '../ofs/mounted-object.ts';
import type { ObjectManager } from '../ofs/object-manager.ts';
import { type Managed, renderPage, urlOf } from './page.ts';

/** The form that adds those that zope.conf names. */
export function mountsPage(container: ObjectManager, mounts: readonly MountStatus[]): string {
  return renderPage(
    container,
    'mounts',
    {
      mounts: mounts.map((mount) => ({ ...mount })),
      missing: mounts.some(({ exists }) => !exists),
      action: `${urlOf(container)}/manage_addProduct/ZODBMountPoint/manage_addMounts`,
      path: null,
      error: null,
    },
    { tab: 'manage_main' },
  );
}

export function mountFailurePage(object: Managed, path: string, error: string): string {
  return renderPage(
    object,
    'mounts',
    { mounts: [], missing: false, action: null, path, error },
    { tab: 'manage_traceback' },
  );
}
