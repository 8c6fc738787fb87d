/** The pages of the management interface. They work without JavaScript. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { getSecurityManager } from '../../access/index.ts';
import { Dict } from '../../pickle/index.ts';
import { getRequest } from '../../publisher/index.ts';
import { PageTemplateFile } from '../../templates/index.ts';
import { aqChain } from '../../persistent/index.ts';
import type { Item } from '../ofs/item.ts';
import type { File } from '../ofs/file.ts';
import type { ObjectManager } from '../ofs/object-manager.ts';
import { addableTo } from './addable.ts';

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const layout = new PageTemplateFile(path('layout.zpt'));
const contents = new PageTemplateFile(path('contents.zpt'));
const edit = new PageTemplateFile(path('edit.zpt'));
const css = readFileSync(path('zmi.css'), 'utf8');

function frame(object: Item, message: string | undefined): [string, unknown][] {
  const chain = (aqChain(object) as Item[]).toReversed().filter((item) => typeof item.getId === 'function');
  const response = getRequest()?.response;
  response?.setHeader('Content-Type', 'text/html; charset=utf-8');
  // The management pages show no foreign content and may not be framed by other sites.
  response?.setHeader(
    'Content-Security-Policy',
    "default-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'",
  );
  response?.setHeader('X-Content-Type-Options', 'nosniff');
  return [
    ['layout', layout.macros.get('page')],
    ['css', css],
    ['title', `${object.title_or_id()} – Zope`],
    ['heading', object.title_or_id()],
    ['metaType', object.meta_type],
    ['rootUrl', `${chain[0]!.absolute_url().replace(/\/$/, '')}/manage_main`],
    ['url', object.absolute_url().replace(/\/$/, '')],
    ['user', getSecurityManager().getUser().getUserName()],
    ['message', message ?? null],
    [
      'crumbs',
      chain.map((item, index) =>
        Dict.from<unknown>({
          name: index === 0 ? 'root' : item.getId(),
          url: `${item.absolute_url().replace(/\/$/, '')}/manage_main`,
        }),
      ),
    ],
    [
      'tabs',
      object.manage_options.map(({ label, action }) =>
        Dict.from<unknown>({
          label,
          url: `${object.absolute_url().replace(/\/$/, '')}/${action}`,
          current: action === 'manage_main' ? 'page' : null,
        }),
      ),
    ],
  ];
}

const date = (seconds: number | null | undefined) =>
  seconds ? new Date(seconds * 1000).toISOString().slice(0, 16).replace('T', ' ') : '';

/** A size for people: `12 B`, `3.4 KiB`. */
export function sizeText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1048576 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / 1048576).toFixed(1)} MiB`;
}

export function contentsPage(folder: ObjectManager, message?: string): string {
  const rows = folder.objectIds().map((id) => {
    // An object of an unknown class is listed by its id; it has no screens.
    const child = folder._getOb(id) as Partial<Item> & { get_size?(): number };
    return Dict.from<unknown>({
      id,
      title: child.title ?? '',
      type: typeof child.meta_type === 'string' ? child.meta_type : 'unknown class',
      size: typeof child.get_size === 'function' ? sizeText(child.get_size()) : '',
      modified: date(child._p_mtime),
      url: `${folder.absolute_url()}/${encodeURIComponent(id)}/manage_main`,
    });
  });
  const addable = addableTo(folder).map((kind) =>
    Dict.from<unknown>({ ...kind, needsId: kind.upload ? null : 'required' }),
  );
  return contents.render(
    folder,
    Dict.from<unknown>([...frame(folder, message), ['rows', rows], ['addable', addable]]),
  );
}

/** A page of the management interface: a template that fills the layout's slot `main`. */
export function managePage(
  object: Item,
  template: PageTemplateFile,
  variables: readonly (readonly [string, unknown])[],
  message: string | undefined,
): string {
  return template.render(object, Dict.from<unknown>([...frame(object, message), ...variables]));
}

export interface EditFields {
  readonly action: string;
  readonly contentType?: string;
  /** Of a script. */
  readonly parameters?: string;
  readonly text: string | null;
  readonly upload: boolean;
  readonly size: number;
  readonly errors?: readonly string[];
}

export function editPage(object: Item | File, fields: EditFields, message?: string): string {
  return edit.render(
    object,
    Dict.from<unknown>([
      ...frame(object, message),
      ['objectTitle', object.title],
      ['action', fields.action],
      ['contentType', fields.contentType ?? null],
      ['parameters', fields.parameters ?? null],
      ['hasParameters', fields.parameters !== undefined],
      ['text', fields.text],
      ['editable', fields.text !== null],
      ['upload', fields.upload],
      ['errors', fields.errors === undefined || fields.errors.length === 0 ? null : [...fields.errors]],
      ['sizeText', sizeText(fields.size)],
    ]),
  );
}
