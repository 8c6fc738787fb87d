/** The pages of the virtual host monster. */
import type { VirtualHostMonster } from '../siteaccess/virtual-host-monster.ts';
import { renderPage } from './page.ts';

export function virtualHostsPage(
  monster: VirtualHostMonster,
  tab: 'manage_main' | 'manage_edit',
  message?: string,
): string {
  return renderPage(
    monster,
    'virtual-hosts',
    { editing: tab === 'manage_edit', text: [...monster.lines].join('\n') },
    { message, tab },
  );
}
