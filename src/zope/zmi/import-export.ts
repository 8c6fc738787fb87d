/** The page on exports and imports of objects (INVENTORY O-024). */
import type { ObjectManager } from '../ofs/object-manager.ts';
import { importable } from '../ofs/import-export.ts';
import { renderPage } from './page.ts';

export function importExportPage(container: ObjectManager): string {
  return renderPage(
    container,
    'import-export',
    { ids: container.objectIds().slice(0, 1000), files: importable() },
    { tab: 'manage_importExportForm' },
  );
}
