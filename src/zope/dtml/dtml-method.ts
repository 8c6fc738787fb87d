/** DTML Method and DTML Document: templates as content (INVENTORY O-028, O-029). */
import { aqExplicit, aqParent, getOwn, registerClass } from '../../persistent/index.ts';
import { ByteArray, Dict, type Tuple, tuple } from '../../pickle/index.ts';
import { declareClass, getitem, htmlQuote, len, registerType, str } from '../../restricted/index.ts';
import { type Executable, getSecurityManager, Permissions } from '../../access/index.ts';
import { FileUpload, getRequest, HTTPRequest, HTTPResponse } from '../../publisher/index.ts';
import { DtmlParseError, DtmlProgram } from '../../templates/index.ts';
import { guessContentType } from '../ofs/content-type.ts';
import {
  CACHE_OPTION,
  Cacheable,
  cacheable,
  type CacheKeys,
  cacheOf,
  invalidateCache,
} from '../ofs/cacheable.ts';
import { HISTORY_OPTION, Item, ITEM_OPTIONS } from '../ofs/item.ts';
import { mixIn } from '../ofs/mix-in.ts';
import { PropertyManager } from '../ofs/properties.ts';
import { setProxyRoles, validateProxy } from '../ofs/proxy-roles.ts';
import { editPage } from '../zmi/pages.ts';
import { proxyPage } from '../zmi/proxy.ts';
import { decapitate } from './decapitate.ts';

/** What Python keeps of a template, and both classes share. */
interface DtmlState {
  raw: string;
  globals: Dict<string, unknown>;
  _vars: Dict<string, unknown>;
  encoding: string;
  __name__: string;
  _proxy_roles: readonly string[];
  _v_program: DtmlProgram | undefined;
}

type Dtml = DTMLMethod | DTMLDocument;

function initialise(template: Dtml, id: string, source: string): void {
  template.raw = source;
  template.__name__ = id;
  template.globals = new Dict();
  template._vars = new Dict();
  template.encoding = 'utf-8';
  // A source that cannot be parsed is refused when it is made, not when it is shown.
  programOf(template);
}

function programOf(template: Dtml): DtmlProgram {
  let program = template._v_program;
  if (program === undefined) {
    program = DtmlProgram.compile(sourceOf(template), { name: template.getId() });
    template._v_program = program;
  }
  return program;
}

function sourceOf(template: Dtml): string {
  const { raw } = template as { raw: unknown };
  return raw instanceof Uint8Array || raw instanceof ByteArray
    ? Buffer.from(raw as Uint8Array).toString(template.encoding === 'utf-8' ? 'utf8' : 'latin1')
    : String(raw);
}

/** Replaces the source. Throws a ParseError, and changes nothing then. */
function edit(template: Dtml, source: string): void {
  validateProxy(template);
  const program = DtmlProgram.compile(source, { name: template.getId() });
  template.raw = source;
  template._v_program = program;
  invalidateCache(template);
}

interface Arguments {
  readonly client: unknown;
  readonly mapping: unknown;
  readonly response: HTTPResponse | undefined;
  readonly values: Dict<string, unknown>;
}

/** The arguments of a call from Python: `client=None, REQUEST={}, RESPONSE=None, **values`. */
function argumentsOf(args: readonly unknown[], kwargs: Dict<string, unknown> | undefined): Arguments {
  const values = new Dict<string, unknown>(kwargs ?? []);
  const take = (at: number, name: string) => {
    const given = args[at] ?? values.get(name) ?? null;
    values.delete(name);
    return given;
  };
  const client = take(0, 'client');
  const mapping = take(1, 'REQUEST');
  const response = take(2, 'RESPONSE');
  return { client, mapping, response: response instanceof HTTPResponse ? response : undefined, values };
}

/** Renders with the given innermost clients. */
function render(template: Dtml, clients: readonly unknown[], given: Arguments): unknown {
  const { mapping, response, values, client } = given;
  values.set('document_id', template.getId());
  values.set('document_title', template.title);
  const cache = cacheOf(template);
  const keys = cache === undefined ? undefined : cacheKeys(template, given);
  let result = cache?.get(template, keys);
  if (result === undefined) {
    const manager = getSecurityManager();
    manager.addContext(template);
    try {
      result = programOf(template).render({
        clients,
        mapping,
        defaults: ownDict(template, 'globals'),
        values: new Dict([...(ownDict(template, '_vars') ?? []), ...values]),
      });
    } finally {
      manager.removeContext(template);
    }
    cache?.set(template, result, keys);
  }
  if (response === undefined || typeof result !== 'string') return result;
  if (client !== null && !response.headers.has('content-type')) {
    const own = getOwn(template, 'content_type');
    response.setHeader(
      'Content-Type',
      typeof own === 'string' && own !== '' ? own : guessContentType(template.getId(), result),
    );
  }
  return decapitate(result, response);
}

/** Values of the names that the object's cache settings say its results depend on. */
function cacheKeys(template: Dtml, { client, mapping, values }: Arguments): CacheKeys | undefined {
  const names = (getOwn(template, '_cache_namespace_keys') ?? []) as readonly string[];
  if (names.length === 0) return undefined;
  const lookup = (name: string): unknown => {
    if (values.has(name)) return values.get(name);
    if (mapping instanceof HTTPRequest) return mapping.get(name);
    if (mapping instanceof Map) return (mapping as Map<string, unknown>).get(name);
    const own = clientsOf(client).at(-1);
    return typeof own === 'object' && own !== null ? getOwn(own, name) : undefined;
  };
  return Object.fromEntries(names.map((name) => [name, lookup(name) ?? null]));
}

function ownDict(template: Dtml, name: 'globals' | '_vars'): Map<string, unknown> | undefined {
  const value = getOwn(template, name);
  return value instanceof Map && value.size > 0 ? (value as Map<string, unknown>) : undefined;
}

/** A client that is a tuple is a path of clients. */
const clientsOf = (client: unknown): unknown[] =>
  client === null ? [] : Array.isArray(client) ? [...(client as unknown[])] : [client];

function editForm(template: Dtml, message?: string): string {
  return editPage(
    template,
    {
      action: 'manage_edit',
      textField: 'data',
      uploadAction: 'manage_upload',
      text: sourceOf(template),
      upload: true,
      size: template.get_size(),
    },
    message,
  );
}

/** Changes source and title from the form or a script. A source that cannot be parsed is told on the page, and nothing changes. */
function editAction(template: Dtml, data: unknown, title: unknown, request: unknown): unknown {
  const upload = data instanceof FileUpload ? Buffer.from(data.data).toString('utf8') : undefined;
  const form = request instanceof HTTPRequest;
  try {
    edit(template, upload ?? (form ? str(data).replaceAll('\r\n', '\n') : str(data)));
  } catch (error) {
    if (!form || !(error instanceof DtmlParseError)) throw error;
    return editForm(template, error.message);
  }
  if (title !== undefined) template.title = str(title);
  return form ? editForm(template, 'Saved changes.') : null;
}

/** Takes a body as the new source. */
function put(template: Dtml, request: HTTPRequest, response: HTTPResponse): HTTPResponse {
  edit(template, Buffer.from(request.body ?? []).toString('utf8'));
  response.setStatus(204);
  response.setHeader('Accept-Ranges', 'none');
  return response;
}

/** The document of a request for it: clients from the outside in. */
function publish(template: Dtml): unknown {
  const request = getRequest();
  const client = aqParent(template);
  return template.callWith([client, request ?? null, request?.response ?? null], undefined);
}

export class DTMLMethod extends Item implements Executable, DtmlState {
  declare raw: string;
  declare globals: Dict<string, unknown>;
  declare _vars: Dict<string, unknown>;
  declare encoding: string;
  declare __name__: string;
  declare _proxy_roles: readonly string[];
  declare _v_program: DtmlProgram | undefined;

  constructor(id: string, source = '') {
    super();
    initialise(this, id, source);
  }

  override getId(): string {
    return (getOwn(this, '__name__') as string | undefined) ?? '';
  }

  read(): string {
    return sourceOf(this);
  }

  document_src(): string {
    getRequest()?.response.setHeader('Content-Type', 'text/plain; charset=utf-8');
    return sourceOf(this);
  }

  get_size(): number {
    return len(sourceOf(this));
  }

  override manage_main(message?: string): string {
    return editForm(this, message);
  }

  manage_edit(data: unknown, title: unknown, _submit?: unknown, request?: unknown): unknown {
    return editAction(this, data, title, request);
  }

  manage_upload(file: unknown = '', request?: unknown): unknown {
    return editAction(this, file, undefined, request);
  }

  PUT(request: HTTPRequest, response: HTTPResponse): HTTPResponse {
    return put(this, request, response);
  }

  PrincipiaSearchSource(): string {
    return sourceOf(this);
  }

  manage_proxyForm(): string {
    return proxyPage(this);
  }

  manage_proxy(roles?: unknown, request?: unknown): unknown {
    setProxyRoles(this, roles);
    return request instanceof HTTPRequest ? proxyPage(this, 'Saved changes.') : null;
  }

  munge(source: string): void {
    edit(this, source);
  }

  manage_haveProxy(role: string): boolean {
    return this._proxy_roles.includes(role);
  }

  manage_proxyRoles(roles: readonly string[] = []): void {
    setProxyRoles(this, roles);
  }

  /** The id, under the name that templates of Python have it. */
  name(): string {
    return this.getId();
  }

  /** Called as a method of its client. */
  callWith(args: readonly unknown[], kwargs: Dict<string, unknown> | undefined): unknown {
    const given = argumentsOf(args, kwargs);
    return render(this, clientsOf(given.client), given);
  }

  __call__(): unknown {
    return publish(this);
  }
}

export class DTMLDocument extends PropertyManager implements Executable, DtmlState {
  declare raw: string;
  declare globals: Dict<string, unknown>;
  declare _vars: Dict<string, unknown>;
  declare encoding: string;
  declare __name__: string;
  declare _proxy_roles: readonly string[];
  declare _v_program: DtmlProgram | undefined;

  constructor(id: string, source = '') {
    super();
    initialise(this, id, source);
  }

  override getId(): string {
    return (getOwn(this, '__name__') as string | undefined) ?? '';
  }

  read(): string {
    return sourceOf(this);
  }

  document_src(): string {
    getRequest()?.response.setHeader('Content-Type', 'text/plain; charset=utf-8');
    return sourceOf(this);
  }

  get_size(): number {
    return len(sourceOf(this));
  }

  override manage_main(message?: string): string {
    return editForm(this, message);
  }

  manage_edit(data: unknown, title: unknown, _submit?: unknown, request?: unknown): unknown {
    return editAction(this, data, title, request);
  }

  manage_upload(file: unknown = '', request?: unknown): unknown {
    return editAction(this, file, undefined, request);
  }

  PUT(request: HTTPRequest, response: HTTPResponse): HTTPResponse {
    return put(this, request, response);
  }

  PrincipiaSearchSource(): string {
    return sourceOf(this);
  }

  manage_proxyForm(): string {
    return proxyPage(this);
  }

  manage_proxy(roles?: unknown, request?: unknown): unknown {
    setProxyRoles(this, roles);
    return request instanceof HTTPRequest ? proxyPage(this, 'Saved changes.') : null;
  }

  munge(source: string): void {
    edit(this, source);
  }

  manage_haveProxy(role: string): boolean {
    return this._proxy_roles.includes(role);
  }

  manage_proxyRoles(roles: readonly string[] = []): void {
    setProxyRoles(this, roles);
  }

  /** The id, under the name that templates of Python have it. */
  name(): string {
    return this.getId();
  }

  /** Called as a document: its own attributes, and none that it acquires, come before those of its client. */
  callWith(args: readonly unknown[], kwargs: Dict<string, unknown> | undefined): unknown {
    const given = argumentsOf(args, kwargs);
    return render(this, [...clientsOf(given.client), aqExplicit(this)], given);
  }

  __call__(): unknown {
    return publish(this);
  }
}

const shared = {
  default_content_type: 'text/html',
  zmi_icon: 'far fa-file-alt',
  index_html: null,
  isDocTemp: 1,
  raw: '',
  encoding: 'latin-1',
  _proxy_roles: tuple(),
  _cache_namespace_keys: tuple() as Tuple<string>,
  manage_options: [
    { label: 'Edit', action: 'manage_main' },
    { label: 'View', action: '' },
    { label: 'Proxy', action: 'manage_proxyForm' },
    HISTORY_OPTION,
    ...ITEM_OPTIONS,
    CACHE_OPTION,
  ],
};
const view = { permission: Permissions.view };
const manage = { permission: Permissions.viewManagementScreens };

for (const [cls, module, name, meta_type, permission] of [
  [DTMLMethod, 'OFS.DTMLMethod', 'DTMLMethod', 'DTML Method', Permissions.changeDtmlMethods],
  [DTMLDocument, 'OFS.DTMLDocument', 'DTMLDocument', 'DTML Document', Permissions.changeDtmlDocuments],
] as const) {
  const change = { permission };
  registerClass(cls, `${module}.${name}`, { python: true, acquires: 'implicit' });
  registerType(cls as typeof DTMLMethod, {
    pyName: name,
    operators: {
      call: (self, args, kwargs) => self.callWith(args, kwargs),
      // A loop of a template may come by a document that the user may not have.
      str: (self) => htmlQuote(sourceOf(getitem([self], 0) as Dtml)).replaceAll('&#x27;', "'"),
    },
  });
  Object.assign(cls.prototype, { ...shared, meta_type });
  // Python keeps the id of a template in `__name__`.
  Object.defineProperty(cls.prototype, 'id', {
    get(this: Dtml) {
      return this.getId();
    },
    configurable: true,
  });
  mixIn(cls, Cacheable);
  declareClass(
    cls,
    cacheable({
      object: view,
      published: ['manage_main', 'manage_proxyForm'],
      changes: ['manage_edit', 'manage_upload', 'PUT'],
      postOnly: ['manage_proxy'],
      names: {
        id: 'object',
        __call__: view,
        callWith: 'private',
        read: manage,
        document_src: manage,
        get_size: view,
        name: view,
        manage_main: manage,
        manage_edit: change,
        manage_upload: change,
        PUT: change,
        PrincipiaSearchSource: manage,
        manage_proxyForm: { permission: Permissions.changeProxyRoles },
        manage_proxy: { permission: Permissions.changeProxyRoles },
        munge: 'private',
        manage_haveProxy: manage,
        manage_proxyRoles: { permission: Permissions.changeProxyRoles },
        raw: 'private',
        globals: 'private',
      },
      signatures: {
        manage_upload: "file='', REQUEST=None",
        PUT: 'REQUEST, RESPONSE',
        manage_proxy: 'roles=(), REQUEST=None',
        manage_edit: "data, title, SUBMIT='Change', REQUEST=None",
        manage_haveProxy: 'r',
        manage_proxyRoles: 'roles=()',
      },
    }),
  );
}
