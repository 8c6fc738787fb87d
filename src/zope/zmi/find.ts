/** The page that searches a container (INVENTORY O-012). */
import { getRequest } from '../../publisher/index.ts';
import { DateSyntaxError } from '../../pickle/index.ts';
import { PyError } from '../../restricted/index.ts';
import { criteria, find, type FindSupport } from '../ofs/find-support.ts';
import { permissionsOf } from '../ofs/permission-names.ts';
import { products } from '../ofs/products.ts';
import { dateText, renderPage, urlOf, type Values } from './page.ts';

const LIMIT = 500;

export function findPage(container: FindSupport): string {
  const form = getRequest()?.form ?? new Map<string, unknown>();
  const fields = Object.fromEntries(form as Map<string, unknown>);
  const searched = fields.btn_submit === 'Find' || fields.searchtype !== undefined;
  let rows: Values[] = [];
  let message: string | undefined;
  if (searched) {
    try {
      rows = find(container, criteria(fields)).map(([path, object]) => ({
        path,
        type: object.meta_type ?? '',
        title: typeof object.title === 'string' ? object.title : '',
        changed: dateText(object._p_mtime),
        url: `${urlOf(object)}/manage_workspace`,
      }));
    } catch (error) {
      // A wrong date or expression is the user's to mend.
      if (!(error instanceof PyError) && !(error instanceof DateSyntaxError)) throw error;
      message = `Cannot search: ${(error as Error).message}`;
    }
  }
  const text = (name: string) => {
    const value = fields[name];
    return Array.isArray(value) ? value.join(' ') : String(value ?? '');
  };
  return renderPage(
    container,
    'find',
    {
      searched,
      rows: rows.slice(0, LIMIT),
      count: `${rows.length} object${rows.length === 1 ? '' : 's'} found${rows.length > LIMIT ? `; the first ${LIMIT}` : ''}`,
      types: ['all', ...new Set(products().map(({ metaType }) => metaType))],
      permissions: permissionsOf(container),
      roles: [...container.valid_roles()],
      ids: text('obj_ids'),
      searchTerm: text('obj_searchterm'),
      expression: text('obj_expr'),
      mtime: text('obj_mtime'),
    },
    { message, tab: 'manage_findForm' },
  );
}
