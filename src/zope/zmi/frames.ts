/** `manage`: a menu of folders beside the page of the object (INVENTORY O-001). */
import { getRequest, quote } from '../../publisher/index.ts';
import { getOwn } from '../../persistent/index.ts';
import { htmlQuote } from '../../restricted/index.ts';
import type { Item } from '../ofs/item.ts';
import type { ObjectManager } from '../ofs/object-manager.ts';
import { pageHeaders, urlOf } from './page.ts';

/** Folders that the menu shows of one container. */
const LIMIT = 200;

/** The page for the main frame: the one that the request names, if it belongs to this site, otherwise the object's own (INVENTORY P-175). */
function target(object: Item): string {
  const request = getRequest();
  const wanted = request?.form.get('came_from');
  const own = `${urlOf(object)}/manage_workspace`;
  return typeof wanted === 'string' && request !== undefined && isWithin(wanted, request.SERVER_URL)
    ? wanted
    : own;
}

/** Whether a browser that is at `site` stays there when it follows a link. It is asked as a URL, as browsers skip tabs and line ends in it. */
function isWithin(link: string, site: string): boolean {
  return URL.canParse(link, site) && new URL(link, site).origin === new URL(site).origin;
}

export function frameset(object: Item): string {
  pageHeaders('text/html; charset=utf-8');
  const root = urlOf(object.getPhysicalRoot() as Item);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${htmlQuote(object.title_or_id() || 'Zope')} – Zope</title></head>
<frameset cols="230,*">
<frame src="${htmlQuote(root)}/manage_menu" name="manage_menu" title="Folders">
<frame src="${htmlQuote(target(object))}" name="manage_main" title="Management">
<noframes><body><p><a href="${htmlQuote(urlOf(object))}/manage_workspace">Manage</a></p></body></noframes>
</frameset></html>
`;
}

/** The folders of the object and those that the request has opened, as nested lists. */
export function menuPage(object: Item): string {
  pageHeaders();
  const open = new Set(namesIn(getRequest()?.form.get('open')));
  const list = (container: Item, path: string): string => {
    const children = foldersOf(container);
    if (children.length === 0) return '';
    return `<ul>${children
      .map((child) => {
        const at = `${path}/${quote(child.getId())}`;
        const opened = open.has(at);
        const toggled = new Set(open);
        if (opened) toggled.delete(at);
        else toggled.add(at);
        const mark = foldersOf(child).length === 0 ? '' : opened ? '−' : '+';
        const link = `<a target="manage_main" href="${htmlQuote(urlOf(child))}/manage_workspace">${htmlQuote(child.getId())}</a>`;
        return `<li><a class="mark" href="?open=${encodeURIComponent([...toggled].join(' '))}">${mark}</a>${link}${opened ? list(child, at) : ''}</li>`;
      })
      .join('')}</ul>`;
  };
  const name = htmlQuote(object.getId() || 'Root');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Folders – Zope</title><style>
:root{color-scheme:light dark}body{font:15px/1.7 system-ui,sans-serif;margin:1rem}ul{list-style:none;margin:0;padding:0 0 0 1rem}
a{color:inherit}.mark{display:inline-block;width:1.2rem;text-decoration:none;color:gray}
</style></head><body><a target="manage_main" href="${htmlQuote(urlOf(object))}/manage_workspace">${name}</a>${list(object, '')}</body></html>
`;
}

const namesIn = (value: unknown) => (typeof value === 'string' ? value.split(' ').filter(Boolean) : []);

function foldersOf(container: Item): Item[] {
  if (typeof getOwn(container, 'objectIds') !== 'function') return [];
  return ((container as unknown as ObjectManager).tpValues() as Item[])
    .filter((child) => typeof child.manage_workspace === 'function')
    .slice(0, LIMIT);
}
