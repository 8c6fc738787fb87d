/** The form that gives objects other ids (INVENTORY O-011). */
import { BadRequest } from '../../publisher/index.ts';
import type { ObjectManager } from '../ofs/object-manager.ts';
import { renderPage } from './page.ts';

export function renamePage(container: ObjectManager, ids: readonly string[]): string {
  if (ids.length === 0) throw new BadRequest('No items specified');
  const rows = ids.map((id) => {
    if (!container.hasObject(id)) throw new BadRequest(`${id} does not exist`);
    const child = container._getOb(id) as { title?: unknown };
    return { id, title: typeof child.title === 'string' ? child.title : '' };
  });
  return renderPage(container, 'rename', { rows }, { tab: 'manage_main' });
}
