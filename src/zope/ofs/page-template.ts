/** Page templates as content (INVENTORY O-030). */
import { aqInner, aqParent, registerClass } from '../../persistent/index.ts';
import { Dict, tuple, tupleFrom } from '../../pickle/index.ts';
import {
  declareClass,
  decodeBytes,
  len,
  moduleItem,
  registerType,
  str,
  stripText,
  truth,
  UnicodeDecodeError,
} from '../../restricted/index.ts';
import { type Executable, getSecurityManager, Permissions } from '../../access/index.ts';
import { FileUpload, getRequest, type HTTPRequest, type HTTPResponse } from '../../publisher/index.ts';
import {
  acceptedLanguages,
  Macros,
  PageTemplateProgram,
  PTRuntimeError,
  TemplateError,
} from '../../templates/index.ts';
import { CACHE_OPTION, Cacheable, cacheable, cacheOf, invalidateCache } from './cacheable.ts';
import { guessContentType } from './content-type.ts';
import { HISTORY_OPTION, ITEM_OPTIONS, PROPERTIES_OPTION } from './item.ts';
import { mixIn } from './mix-in.ts';
import { PropertyManager } from './properties.ts';
import { validateProxy } from './proxy-roles.ts';
import { takeSubpath } from './subpath.ts';
import { editPage } from '../zmi/pages.ts';

export class ZopePageTemplate extends PropertyManager implements Executable {
  declare _text: string;
  declare content_type: string;
  declare output_encoding: string;
  declare expand: unknown;
  declare _proxy_roles: readonly string[];
  declare _v_program: PageTemplateProgram | TemplateError | undefined;

  constructor(id: string, text: string, contentType = 'text/html') {
    super();
    this.id = id;
    this.expand = 0;
    this.output_encoding = 'utf-8';
    this.pt_edit(text, contentType);
  }

  pt_edit(text: string, content_type: string): void {
    this._text = stripText(text);
    this.content_type = content_type;
    this._v_program = undefined;
    invalidateCache(this);
  }

  /** The source. */
  read(): string {
    return this._text;
  }

  /** What a search looks into. */
  PrincipiaSearchSource(): string {
    return this.read();
  }

  get_size(): number {
    return len(this._text);
  }

  /** Problems of the source, each with its place; none when it can be rendered. */
  pt_errors(): string[] {
    const program = compiled(this);
    if (program instanceof TemplateError) return [program.message];
    return program.problems.map(({ message }) => message);
  }

  /** The macros by name. Throws a PTRuntimeError for a template with errors. */
  get macros(): Macros {
    return programOf(this).macros;
  }

  /** The source, as external editors and WebDAV clients get it. */
  document_src(): string {
    getRequest()?.response.setHeader('Content-Type', 'text/plain; charset=utf-8');
    return this._text;
  }

  /** Takes a body as the new source. */
  PUT(request: HTTPRequest, response: HTTPResponse): HTTPResponse {
    const source = Buffer.from(request.body ?? []).toString('utf8');
    validateProxy(this);
    this.pt_edit(source, contentTypeOf(source, request.source.header('content-type') ?? this.content_type));
    response.setStatus(204);
    response.setHeader('Accept-Ranges', 'none');
    return response;
  }

  /** Replaces the source by a file. */
  pt_upload(_request: HTTPRequest, file: unknown = ''): string {
    if (file instanceof FileUpload ? file.filename === '' : !truth(file))
      return this.manage_main('No file specified');
    validateProxy(this);
    const name = file instanceof FileUpload ? file.filename : '';
    const data = file instanceof FileUpload ? file.data : file instanceof Uint8Array ? file : str(file);
    const type = sourceType(name, data);
    this.pt_edit(sourceOf(data, type), type);
    return this.manage_main('Saved changes');
  }

  pt_macros(): Macros {
    return this.macros;
  }

  override manage_main(message?: string): string {
    return editPage(
      this,
      {
        action: 'pt_editAction',
        tab: 'pt_editForm',
        contentType: this.content_type,
        text: this._text,
        upload: true,
        size: this.get_size(),
        errors: this.pt_errors(),
      },
      message,
    );
  }

  /** The edit page under the name that Python's has. */
  pt_editForm(): string {
    return this.manage_main();
  }

  /** Changes title and source from the edit form; an uploaded file wins over the text. */
  pt_editAction(
    _request: HTTPRequest,
    title: string,
    text: string,
    content_type: string,
    expand?: unknown,
    file?: unknown,
  ): string {
    validateProxy(this);
    this.title = title;
    const upload =
      file instanceof FileUpload && file.data.length > 0
        ? Buffer.from(file.data).toString('utf8')
        : undefined;
    this.expand = expand ?? 0;
    this.pt_edit(upload ?? text, content_type);
    return this.manage_main('Saved changes.');
  }

  /** What is left of the path is the template's own. */
  __before_publishing_traverse__(_object: object, request: HTTPRequest): void {
    const { path } = request;
    // The source under a name with the extension of its type.
    if (path.length === 1 && (path[0] === 'source.html' || path[0] === 'source.xml'))
      path[0] = 'document_src';
    takeSubpath(this, request);
  }

  /** Renders for the object in whose context the template was found. */
  __call__(...args: unknown[]): string {
    return renderTemplate(this, args, undefined);
  }
}

/** The type of a source by its beginning and by a file's name; what is neither HTML nor XML is HTML as well. */
export function sourceType(name: string, source: Uint8Array | string): string {
  const start = typeof source === 'string' ? source : Buffer.from(source.subarray(0, 5)).toString('latin1');
  if (start.startsWith('<?xml') || name.toLowerCase().endsWith('.xml')) return 'text/xml';
  const type = guessContentType(name, source);
  return type === 'text/xml' ? type : 'text/html';
}

const XML_ENCODING = /^<\?xml.*?encoding="(.*?)".*?\?>/;
const META = /<meta\s+[^>]*?http-equiv[^>]*?content-type.*?>/is;

/** The text of a source: in the encoding that it tells, else UTF-8 or, if it is none, Latin-9. */
export function sourceOf(data: Uint8Array | string, type: string): string {
  if (typeof data === 'string') return data;
  const plain = Buffer.from(data.buffer, data.byteOffset, data.length).toString('latin1');
  if (type.startsWith('text/xml')) return decodeBytes(data, XML_ENCODING.exec(plain)?.[1] ?? 'utf-8');
  const meta = type.startsWith('text/html') ? META.exec(plain)?.[0] : undefined;
  const told = /charset.*?=.*?([\w-]*)/is.exec(meta ?? '')?.[1];
  if (told) return decodeBytes(data, told);
  try {
    return decodeBytes(data, 'utf-8');
  } catch (error) {
    if (!(error instanceof UnicodeDecodeError)) throw error;
    return decodeBytes(data, 'iso-8859-15');
  }
}

/** XML says itself that it is XML. */
const contentTypeOf = (source: string, fallback: string): string =>
  source.startsWith('<?xml') ? 'text/xml' : fallback.split(';')[0]!.trim() || 'text/html';

function renderTemplate(
  template: ZopePageTemplate,
  args: readonly unknown[],
  kwargs: Dict<string, unknown> | undefined,
): string {
  const request = getRequest();
  const { response } = request ?? {};
  if (response !== undefined && !response.headers.has('content-type')) {
    response.setHeader('content-type', template.content_type);
  }
  const context = aqParent(template);
  const cache = cacheOf(template);
  const keys =
    cache === undefined
      ? undefined
      : { here: pathOf(context), args: tupleFrom(args), kwargs: new Dict(kwargs ?? []) };
  const known = cache?.get(template, keys);
  if (typeof known === 'string') return known;
  const manager = getSecurityManager();
  const options = new Dict<string, unknown>(kwargs ?? []);
  if (!options.has('args')) options.set('args', tupleFrom(args));
  manager.addContext(template);
  try {
    const text = programOf(template).render(
      {
        template,
        here: context,
        context,
        container: aqParent(aqInner(template)),
        options,
        root: template.getPhysicalRoot(),
        request: request ?? null,
        user: manager.getUser(),
        modules: MODULES,
        traverse_subpath: request?.get('traverse_subpath') ?? [],
      },
      { languages: () => acceptedLanguages(String(request?.getHeader('accept-language') ?? '')) },
    );
    cache?.set(template, text, keys);
    return text;
  } finally {
    manager.removeContext(template);
  }
}

/** Where an object is, as a part of a key. */
const pathOf = (object: unknown): string =>
  (object as { getPhysicalPath?(): readonly string[] } | null)?.getPhysicalPath?.().join('/') ?? '';

/** The compiled template; compiled when first needed, and again when the source has changed. */
function compiled(template: ZopePageTemplate): PageTemplateProgram | TemplateError {
  const cached = template._v_program;
  // Found without its context at first, it did not know where it is, which stacks are to tell.
  if (cached !== undefined && (!(cached instanceof PageTemplateProgram) || cached.filename.startsWith('/')))
    return cached;
  const filename = template.getPhysicalPath().join('/');
  if (cached !== undefined && !filename.startsWith('/')) return cached;
  let program: PageTemplateProgram | TemplateError;
  try {
    program = PageTemplateProgram.compile(template._text, { filename });
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    program = error;
  }
  template._v_program = program;
  return program;
}

/** Throws a PTRuntimeError for a template with errors. */
function programOf(template: ZopePageTemplate): PageTemplateProgram {
  const program = compiled(template);
  if (program instanceof TemplateError) throw new PTRuntimeError(template.getId(), program);
  return program;
}

/** The variable `modules`: those modules that untrusted code may import. */
class Modules {}
const MODULES = Object.freeze(new Modules());
registerType(Modules, {
  pyName: '_SecureModuleImporter',
  attributes: 'all',
  operators: { getitem: (_self, name) => moduleItem(String(name)) },
});

registerClass(ZopePageTemplate, 'Products.PageTemplates.ZopePageTemplate.ZopePageTemplate', {
  python: true,
  acquires: 'implicit',
});
registerType(ZopePageTemplate, {
  pyName: 'ZopePageTemplate',
  operators: { call: (self, args, kwargs) => renderTemplate(self, args, kwargs) },
});
Object.assign(ZopePageTemplate.prototype, {
  meta_type: 'Page Template',
  zmi_icon: 'far fa-file-code',
  content_type: 'text/html',
  output_encoding: 'utf-8',
  expand: 0,
  _text: '',
  _proxy_roles: tuple(),
  index_html: null,
  _properties: tuple(
    Dict.from({ id: 'title', type: 'string', mode: 'w' }),
    Dict.from({ id: 'content_type', type: 'string', mode: 'w' }),
    Dict.from({ id: 'output_encoding', type: 'string', mode: 'w' }),
    Dict.from({ id: 'expand', type: 'boolean', mode: 'w' }),
  ),
  manage_options: [
    { label: 'Edit', action: 'pt_editForm' },
    { label: 'View', action: '' },
    PROPERTIES_OPTION,
    HISTORY_OPTION,
    ...ITEM_OPTIONS,
    CACHE_OPTION,
  ],
});

const view = { permission: Permissions.view };
const change = { permission: Permissions.changePageTemplates };
mixIn(ZopePageTemplate, Cacheable);
declareClass(
  ZopePageTemplate,
  cacheable({
    object: view,
    // Python's class has bindings as scripts have, which can be set on it as well.
    roles: { [Permissions.changeBindings]: ['Manager'] },
    published: ['manage_main', 'pt_editForm', 'document_src', 'PrincipiaSearchSource'],
    changes: ['PUT'],
    postOnly: ['pt_editAction', 'pt_upload'],
    names: {
      __call__: view,
      __before_publishing_traverse__: 'private',
      content_type: view,
      read: { permission: Permissions.viewManagementScreens },
      document_src: { permission: Permissions.viewManagementScreens },
      PrincipiaSearchSource: { permission: Permissions.viewManagementScreens },
      PUT: change,
      manage_historyCopy: change,
      pt_upload: change,
      get_size: view,
      manage_main: { permission: Permissions.viewManagementScreens },
      pt_editForm: { permission: Permissions.viewManagementScreens },
      pt_editAction: change,
      pt_edit: change,
      pt_errors: { permission: Permissions.viewManagementScreens },
      macros: view,
      pt_macros: view,
      _text: 'private',
    },
    signatures: {
      PUT: 'REQUEST, RESPONSE',
      pt_upload: "REQUEST, file=''",
      pt_edit: 'text, content_type',
      pt_editAction: 'REQUEST, title, text, content_type, expand=0, file=None',
    },
  }),
);
