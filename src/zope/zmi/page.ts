/** What all pages of the management interface have in common. They are made by page templates and work without JavaScript. */
import { readFileSync } from 'node:fs';
import { getSecurityManager, Permissions } from '../../access/index.ts';
import { aqChain, aqInner } from '../../persistent/index.ts';
import { Dict } from '../../pickle/index.ts';
import { getRequest, registerResources } from '../../publisher/index.ts';
import { PageTemplateFile } from '../../templates/index.ts';
import type { ManageOption } from '../ofs/item.ts';
import { packageFile } from '../package-files.ts';
import { permittedTabs } from './tabs.ts';

const css = readFileSync(packageFile('zope/zmi/resources/zmi_base.css'), 'utf8');
registerResources('zmi', {
  folder: packageFile('zope/zmi/resources'),
  declaration: { permission: Permissions.viewManagementScreens },
});
const templates = new Map<string, PageTemplateFile>();

function template(name: string): PageTemplateFile {
  let found = templates.get(name);
  if (found === undefined)
    templates.set(name, (found = new PageTemplateFile(packageFile(`zope/zmi/${name}.zpt`))));
  return found;
}

/** What a page needs of the object that it is for. */
export interface Managed {
  readonly manage_options: readonly ManageOption[];
  readonly meta_type: string;
  readonly title: string;
  getId(): string;
  title_or_id(): string;
  absolute_url(): string;
}

/** Values of a page by name; rows are plain objects. */
export type Values = Readonly<Record<string, unknown>>;

export interface PageOptions {
  /** Said above the page. */
  readonly message?: string | undefined;
  /** The action of the tab that the page belongs to. */
  readonly tab?: string;
}

export const urlOf = (object: { absolute_url(): string }) => object.absolute_url().replace(/\/$/, '');

/** Rows and nested rows as mappings, as templates read them. */
export function mapping(values: Values): Dict<string, unknown> {
  return new Dict(Object.entries(values).map(([name, value]) => [name, exposed(value)] as const));
}

function exposed(value: unknown): unknown {
  if (value === undefined) return null;
  if (Array.isArray(value)) return value.map((item) => exposed(item));
  if (value !== null && typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype)
    return mapping(value as Values);
  return value;
}

/** The message for a page: the given one, or the one that a redirect brought along. */
function messageOf(given: string | undefined): string | null {
  if (given !== undefined && given !== null) return given;
  const sent = getRequest()?.form.get('manage_tabs_message');
  return typeof sent === 'string' && sent !== '' ? sent : null;
}

function crumbs(object: Managed & object): Values[] {
  return (aqChain(aqInner(object), true) as Partial<Managed>[])
    .toReversed()
    .filter((item) => typeof item.absolute_url === 'function' && typeof item.getId === 'function')
    .map((item, index) => ({
      name: index === 0 ? 'Root' : item.getId!(),
      url: `${urlOf(item as Managed)}/manage_workspace`,
    }));
}

/**
 * Sets the headers of a management page. Browsers also get those that keep the page from being framed and from loading foreign
 * content; programs do not need them.
 */
export function pageHeaders(type = 'text/html;charset=utf-8'): void {
  const request = getRequest();
  if (request === undefined) return;
  const { response } = request;
  response.setHeader('Content-Type', type);
  const { source } = request;
  if (!source.header('sec-fetch-dest') && !source.header('user-agent')?.startsWith('Mozilla/')) return;
  response.setHeader(
    'Content-Security-Policy',
    "default-src 'self'; style-src 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'self'; form-action 'self'",
  );
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Referrer-Policy', 'same-origin');
}

export function renderPage(
  object: Managed & object,
  name: string,
  values: Values,
  options: PageOptions = {},
): string {
  return renderTemplate(object, template(name), values, options);
}

/** The same with a template of the caller's; it fills the slot `main` of the macro in `options/layout`. */
export function renderTemplate(
  object: Managed & object,
  page: PageTemplateFile,
  values: Values,
  { message, tab }: PageOptions = {},
): string {
  pageHeaders();
  const path = crumbs(object);
  const url = urlOf(object);
  return page.render(
    object as never,
    mapping({
      layout: template('layout').macros.get('page'),
      css,
      title: `${object.title_or_id()} – Zope`,
      heading: object.getId() || object.title_or_id() || 'Root',
      objectTitle: object.title,
      metaType: object.meta_type,
      rootUrl: path[0]?.url ?? url,
      logoutUrl: `${String(path[0]?.url ?? '').replace(/\/manage_workspace$/, '')}/manage_zmi_logout`,
      url,
      user: getSecurityManager().getUser().getUserName(),
      message: messageOf(message),
      crumbs: path,
      tabs: permittedTabs(object).map(({ label, action }) => ({
        label,
        url: `${url}/${action}`,
        current: action === tab ? 'page' : null,
      })),
      ...values,
    }),
  );
}

/** `2026-11-28 12:43` in UTC; nothing for what was never stored. */
export const dateText = (seconds: number | null | undefined) =>
  seconds ? new Date(seconds * 1000).toISOString().slice(0, 16).replace('T', ' ') : '';

/** A size for people: `12 B`, `3.4 KiB`. */
export function sizeText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1048576 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / 1048576).toFixed(1)} MiB`;
}
