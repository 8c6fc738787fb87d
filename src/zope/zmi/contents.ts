/** The listing of a container (INVENTORY O-009): sorted as asked, with what can be done to the objects. */
import { getRequest, quote } from '../../publisher/index.ts';
import { getOwn } from '../../persistent/index.ts';
import type { Item } from '../ofs/item.ts';
import type { ObjectManager } from '../ofs/object-manager.ts';
import { addableTo } from '../ofs/products.ts';
import { getSecurityPolicy } from '../../restricted/index.ts';
import { Permissions } from '../../access/index.ts';
import { dateText, renderPage, sizeText, urlOf } from './page.ts';

/** Objects on one page; a container may hold a million. */
const BATCH = 200;
/** The most objects that are sorted by something else than their ids. */
const SORTED_BY_CONTENT = 5000;
const SORTS = ['id', 'title', 'meta_type', 'size', 'date'] as const;
type Sort = (typeof SORTS)[number] | 'position';

interface Row {
  readonly id: string;
  readonly title: string;
  readonly type: string;
  readonly bytes: number;
  readonly size: string;
  readonly changed: number;
  readonly modified: string;
  readonly url: string;
  readonly folder: boolean;
}

function rowOf(container: ObjectManager, id: string, base: string): Row {
  // An object of an unknown class is listed by its id; it has no screens.
  const child = container._getOb(id) as Partial<Item> & {
    get_size?(): number;
  };
  const bytes = typeof getOwn(child, 'get_size') === 'function' ? child.get_size!() : -1;
  const known = typeof getOwn(child, 'manage_workspace') === 'function';
  const changed = typeof child._p_mtime === 'number' ? child._p_mtime : 0;
  return {
    id,
    title: known && typeof child.title === 'string' ? child.title : '',
    type: known && typeof child.meta_type === 'string' ? child.meta_type : 'Unknown class',
    bytes,
    size: bytes < 0 ? '' : sizeText(bytes),
    changed,
    modified: dateText(changed),
    url: `${base}/${quote(id)}/manage_workspace`,
    folder: Boolean(getOwn(child, 'isPrincipiaFolderish')),
  };
}

function sortKey(row: Row, by: Sort): string | number {
  if (by === 'size') return row.bytes;
  if (by === 'date') return row.changed;
  return (by === 'title' ? row.title : by === 'meta_type' ? row.type : row.id).toLowerCase();
}

/** How the request wants a container listed. */
interface Order {
  readonly by: Sort;
  readonly reverse: boolean;
  /** How many objects come before those of the page. */
  readonly from: number;
}

function orderOf(container: ObjectManager): Order {
  const form = getRequest()?.form;
  const fallback: Sort = container.has_order_support ? 'position' : 'id';
  const given = form?.get('skey');
  return {
    by: ([...SORTS, 'position'] as unknown[]).includes(given) ? (given as Sort) : fallback,
    reverse: form?.get('rkey') === 'desc',
    from: Math.max(0, Math.trunc(Number(form?.get('b_start') ?? 0)) || 0),
  };
}

const compare = (a: string | number, b: string | number) => (a < b ? -1 : a > b ? 1 : 0);

/** The rows of one page. */
function rowsOf(container: ObjectManager, { by, reverse, from }: Order, base: string): Row[] {
  const ids = [...container.objectIds()];
  const row = (id: string) => rowOf(container, id, base);
  // Sorting by what is in the objects loads all of them: large containers are sorted by id alone.
  if (by === 'position' || by === 'id' || ids.length > SORTED_BY_CONTENT) {
    if (by !== 'position') ids.sort((a, b) => compare(a.toLowerCase(), b.toLowerCase()));
    if (reverse) ids.reverse();
    return ids.slice(from, from + BATCH).map(row);
  }
  return ids
    .map(row)
    .sort((a, b) => (compare(sortKey(a, by), sortKey(b, by)) || compare(a.id, b.id)) * (reverse ? -1 : 1))
    .slice(from, from + BATCH);
}

export function contentsPage(container: ObjectManager, message?: string): string {
  const order = orderOf(container);
  const { by, reverse, from } = order;
  const base = urlOf(container);
  const rows = rowsOf(container, order, base);
  const total = container.__len__();
  const policy = getSecurityPolicy();
  const mayDelete = policy.checkPermission(Permissions.deleteObjects, container);
  const link = (start: number) =>
    `${base}/manage_main?skey=${by}${reverse ? '&rkey=desc' : ''}&b_start=${start}`;
  return renderPage(
    container,
    'contents',
    {
      rows,
      total,
      from: from + 1,
      to: from + rows.length,
      batched: total > rows.length,
      previous: from > 0 ? link(Math.max(0, from - BATCH)) : null,
      next: from + rows.length < total ? link(from + BATCH) : null,
      columns: [
        ['id', 'Name', ''],
        ['title', 'Title', ''],
        ['meta_type', 'Type', ''],
        ['size', 'Size', 'number'],
        ['date', 'Changed', ''],
      ].map(([key, label, cls]) => ({
        label,
        cls,
        url: `${base}/manage_main?skey=${key}${by === key && !reverse ? '&rkey=desc' : ''}`,
        sorted: by === key ? (reverse ? 'descending' : 'ascending') : null,
      })),
      ordered: Boolean(container.has_order_support) && total > 1,
      mayDelete,
      mayPaste: container.cb_dataValid(),
      addable: addableTo(container).map((type) => ({
        label: type.metaType,
        action: `${base}/manage_addProduct/${quote(type.product)}/${type.formPage === undefined ? type.constructors[0]!.name : type.form!}`,
        page: type.formPage !== undefined,
        upload: type.fields?.includes('file') ?? false,
        text: type.fields?.includes('text') ?? false,
        smtp: type.fields?.includes('smtp') ?? false,
        external: type.fields?.includes('external') ?? false,
        named: type.fixedId === undefined,
        needsId: type.fields?.includes('file') ? null : 'required',
      })),
    },
    { message, tab: 'manage_main' },
  );
}
