/** DTML Method and DTML Document: templates as content (INVENTORY O-028, O-029). */
import { aqParent, getOwn, registerClass } from '../../persistent/index.ts';
import { ByteArray, Dict, type Tuple, tuple, tupleFrom } from '../../pickle/index.ts';
import { declareClass, registerType, str } from '../../restricted/index.ts';
import { type Executable, getSecurityManager, Permissions } from '../../access/index.ts';
import { FileUpload, getRequest, HTTPRequest, HTTPResponse } from '../../publisher/index.ts';
import { DtmlParseError, DtmlProgram } from '../../templates/index.ts';
import { guessContentType } from '../ofs/file.ts';
import { Item } from '../ofs/item.ts';
import { PropertyManager } from '../ofs/properties.ts';
import { editPage } from '../zmi/pages.ts';
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
  const program = DtmlProgram.compile(source, { name: template.getId() });
  template.raw = source;
  template._v_program = program;
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
  const manager = getSecurityManager();
  manager.addContext(template);
  let result: unknown;
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
  if (response === undefined || typeof result !== 'string') return result;
  if (client !== null && !response.headers.has('content-type')) {
    const own = getOwn(template, 'content_type');
    response.setHeader(
      'Content-Type',
      typeof own === 'string' && own !== '' ? own : guessContentType(template.getId(), Buffer.from(result)),
    );
  }
  return decapitate(result, response);
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
      action: 'manage_editAction',
      text: sourceOf(template),
      upload: true,
      size: template.get_size(),
    },
    message,
  );
}

function editAction(template: Dtml, title: string, text: string, file: unknown): string {
  const upload =
    file instanceof FileUpload && file.data.length > 0 ? Buffer.from(file.data).toString('utf8') : undefined;
  try {
    edit(template, upload ?? text.replaceAll('\r\n', '\n'));
  } catch (error) {
    if (!(error instanceof DtmlParseError)) throw error;
    return editForm(template, error.message);
  }
  template.title = title;
  return editForm(template, 'Saved changes.');
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
    return sourceOf(this);
  }

  get_size(): number {
    return Buffer.byteLength(sourceOf(this));
  }

  override manage_main(message?: string): string {
    return editForm(this, message);
  }

  manage_editAction(_request: HTTPRequest, title: string, text: string, file?: unknown): string {
    return editAction(this, title, text, file);
  }

  manage_edit(data: string, title: string): void {
    edit(this, str(data));
    this.title = title;
  }

  munge(source: string): void {
    edit(this, source);
  }

  manage_haveProxy(role: string): boolean {
    return this._proxy_roles.includes(role);
  }

  manage_proxyRoles(roles: readonly string[] = []): void {
    this._proxy_roles = tupleFrom(roles);
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
    return sourceOf(this);
  }

  get_size(): number {
    return Buffer.byteLength(sourceOf(this));
  }

  override manage_main(message?: string): string {
    return editForm(this, message);
  }

  manage_editAction(_request: HTTPRequest, title: string, text: string, file?: unknown): string {
    return editAction(this, title, text, file);
  }

  manage_edit(data: string, title: string): void {
    edit(this, str(data));
    this.title = title;
  }

  munge(source: string): void {
    edit(this, source);
  }

  manage_haveProxy(role: string): boolean {
    return this._proxy_roles.includes(role);
  }

  manage_proxyRoles(roles: readonly string[] = []): void {
    this._proxy_roles = tupleFrom(roles);
  }

  /** Called as a document: its own attributes come before those of its client. */
  callWith(args: readonly unknown[], kwargs: Dict<string, unknown> | undefined): unknown {
    const given = argumentsOf(args, kwargs);
    return render(this, [...clientsOf(given.client), this], given);
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
      str: (self) => sourceOf(self),
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
  declareClass(cls, {
    object: view,
    published: ['manage_main', 'document_src', 'read'],
    postOnly: ['manage_editAction'],
    names: {
      id: 'public',
      __call__: view,
      callWith: 'private',
      read: manage,
      document_src: manage,
      get_size: view,
      manage_main: manage,
      manage_editAction: change,
      manage_edit: change,
      munge: 'private',
      manage_haveProxy: manage,
      manage_proxyRoles: { permission: Permissions.changeProxyRoles },
      raw: 'private',
      globals: 'private',
    },
    signatures: {
      manage_editAction: "REQUEST, title, text='', file=None",
      manage_edit: "data, title, SUBMIT='Change', REQUEST=None",
      manage_haveProxy: 'r',
      manage_proxyRoles: 'roles=()',
    },
  });
}
