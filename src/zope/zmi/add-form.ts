/** The form that adds one object, at a URL of its own. */
import type { ObjectManager } from '../ofs/object-manager.ts';
import type { ProductType } from '../ofs/products.ts';
import { renderPage, urlOf } from './page.ts';

export function addFormPage(container: ObjectManager, type: ProductType): string {
  const fields = type.fields ?? [];
  return renderPage(
    container,
    'add',
    {
      label: type.metaType,
      action: `${urlOf(container)}/manage_addProduct/${type.product}/${type.constructors[0]!.name}`,
      upload: fields.includes('file') || fields.includes('text'),
      smtp: fields.includes('smtp'),
      external: fields.includes('external'),
      named: type.fixedId === undefined,
      needsId: fields.includes('file') ? null : 'required',
    },
    { tab: 'manage_main' },
  );
}
