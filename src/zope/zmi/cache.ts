/** The page on how an object is cached. */
import type { Item } from '../ofs/item.ts';
import { renderPage } from './page.ts';

export function cachePage(
  object: Item,
  managers: readonly { readonly id: string; readonly title: string }[],
  current: string | null,
  enabled: boolean,
  message?: string,
): string {
  return renderPage(
    object,
    'cache',
    {
      managers: [{ id: '', title: '' }, ...managers].map(({ id, title }) => ({
        id,
        label: id === '' ? '(not cached)' : title === '' ? id : `${id} (${title})`,
        selected: id === (current ?? ''),
      })),
      enabled: enabled ? 'checked' : null,
      cached: current !== null,
    },
    { message, tab: 'ZCacheable_manage' },
  );
}
