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

export function contentsPage(container: ObjectManager, message?: string): string {
  const form = getRequest()?.form;
  const ordered = Boolean(container.has_order_support);
  const fallback: Sort = ordered ? 'position' : 'id';
  const given = form?.get('skey');
  const by = ([...SORTS, 'position'] as unknown[]).includes(given) ? (given as Sort) : fallback;
  const reverse = form?.get('rkey') === 'desc';
  const from = Math.max(0, Math.trunc(Number(form?.get('b_start') ?? 0)) || 0);
  const base = urlOf(container);
  let ids = container.objectIds();
  let rows: Row[];
  const total = ids.length;
  // Sorting by what is in the objects loads all of them: large containers are sorted by id alone.
  if (by === 'position' || by === 'id' || total > 5000) {
    if (by !== 'position') ids = ids.toSorted((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1));
    if (reverse) ids.reverse();
    rows = ids.slice(from, from + BATCH).map((id) => rowOf(container, id, base));
  } else {
    const all = ids.map((id) => rowOf(container, id, base));
    all.sort((a, b) => {
      const [x, y] = [sortKey(a, by), sortKey(b, by)];
      return (x < y ? -1 : x > y ? 1 : a.id < b.id ? -1 : 1) * (reverse ? -1 : 1);
    });
    rows = all.slice(from, from + BATCH);
  }
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
      ordered: ordered && total > 1,
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
