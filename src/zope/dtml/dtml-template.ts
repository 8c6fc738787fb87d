/** What DTML Methods and DTML Documents share: source, parsed program, rendering and editing (INVENTORY O-028, O-029). */
import { aqParent, getOwn } from '../../persistent/index.ts';
import { Dict } from '../../pickle/index.ts';
import { decodeBytes, len, str, truth } from '../../restricted/index.ts';
import { type Executable, getSecurityManager } from '../../access/index.ts';
import { FileUpload, getRequest, HTTPRequest, HTTPResponse } from '../../publisher/index.ts';
import { DtmlParseError, DtmlProgram } from '../../templates/index.ts';
import { guessContentType } from '../ofs/content-type.ts';
import { type CacheKeys, cacheOf, invalidateCache } from '../ofs/cacheable.ts';
import { Item } from '../ofs/item.ts';
import { setProxyRoles, validateProxy } from '../ofs/proxy-roles.ts';
import { editPage } from '../zmi/pages.ts';
import { proxyPage } from '../zmi/proxy.ts';
import { decapitate } from './decapitate.ts';

function programOf(template: DtmlTemplate): DtmlProgram {
  const known = template._v_program;
  // Found without its context at first, it did not know where it is, which stacks are to tell.
  if (known?.path?.startsWith('/') === true) return known;
  if (known !== undefined && !pathOf(template).startsWith('/')) return known;
  return (template._v_program = compiled(template, sourceOf(template)));
}

const pathOf = (template: DtmlTemplate): string => template.getPhysicalPath().join('/');

const compiled = (template: DtmlTemplate, source: string): DtmlProgram =>
  DtmlProgram.compile(source, {
    name: template.getId(),
    object: { kind: template.meta_type, path: pathOf(template) },
  });

export function sourceOf({ raw, encoding }: DtmlTemplate): string {
  return typeof raw === 'string' ? raw : Buffer.from(raw).toString(encoding === 'utf-8' ? 'utf8' : 'latin1');
}

/** Replaces the source. Throws a ParseError, and changes nothing then. */
function edit(template: DtmlTemplate, source: string): void {
  validateProxy(template);
  const program = compiled(template, source);
  template.raw = source;
  template._v_program = program;
  invalidateCache(template);
}

export interface Arguments {
  readonly client: unknown;
  readonly mapping: unknown;
  readonly response: HTTPResponse | undefined;
  readonly values: Dict<string, unknown>;
}

/** The arguments of a call from Python: `client=None, REQUEST={}, RESPONSE=None, **values`. */
export function argumentsOf(args: readonly unknown[], kwargs: Dict<string, unknown> | undefined): Arguments {
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
export function render(template: DtmlTemplate, clients: readonly unknown[], given: Arguments): unknown {
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
function cacheKeys(template: DtmlTemplate, { client, mapping, values }: Arguments): CacheKeys | undefined {
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

function ownDict(template: DtmlTemplate, name: 'globals' | '_vars'): Map<string, unknown> | undefined {
  const value = getOwn(template, name);
  return value instanceof Map && value.size > 0 ? (value as Map<string, unknown>) : undefined;
}

/** A client that is a tuple is a path of clients. */
export const clientsOf = (client: unknown): unknown[] =>
  client === null ? [] : Array.isArray(client) ? [...(client as unknown[])] : [client];

function editForm(template: DtmlTemplate, message?: string): string {
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
function editAction(template: DtmlTemplate, data: unknown, title: unknown, request: unknown): unknown {
  const upload = data instanceof FileUpload ? decodeBytes(data.data, 'utf-8') : undefined;
  const form = request instanceof HTTPRequest;
  try {
    edit(template, upload ?? str(data));
  } catch (error) {
    if (!form || !(error instanceof DtmlParseError)) throw error;
    return editForm(template, error.message);
  }
  if (title !== undefined) template.title = str(title);
  return form ? editForm(template, 'Saved changes.') : null;
}

/** Takes a body as the new source. */
function put(template: DtmlTemplate, request: HTTPRequest, response: HTTPResponse): HTTPResponse {
  edit(template, Buffer.from(request.body ?? []).toString('utf8'));
  response.setStatus(204);
  response.setHeader('Accept-Ranges', 'none');
  return response;
}

/** The document of a request for it: clients from the outside in. */
function publish(template: DtmlTemplate): unknown {
  const request = getRequest();
  const client = aqParent(template);
  return template.callWith([client, request ?? null, request?.response ?? null], undefined);
}

/** The base of both kinds, which differ in `callWith` and in what a document has beside. */
export abstract class DtmlTemplate extends Item implements Executable {
  /** The source; bytes in databases that Python 2 wrote. */
  declare raw: string | Uint8Array;
  /** Names that the template brings along, looked up last. */
  declare globals: Dict<string, unknown>;
  /** Names that win over those of the namespace. */
  declare _vars: Dict<string, unknown>;
  declare encoding: string;
  declare __name__: string;
  declare _proxy_roles: readonly string[];
  declare _v_program: DtmlProgram | undefined;

  /** Renders; the arguments are those of a call from Python. */
  abstract callWith(args: readonly unknown[], kwargs: Dict<string, unknown> | undefined): unknown;

  /** Throws a ParseError for a source that cannot be parsed: it is refused when the template is made, not when it is shown. */
  constructor(id: string, source = '') {
    super();
    this.raw = source;
    this.__name__ = id;
    this.globals = new Dict();
    this._vars = new Dict();
    this.encoding = 'utf-8';
    programOf(this);
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
    const given = file instanceof FileUpload ? file.filename !== '' : truth(file);
    // A form without a file changes nothing.
    if (!given && request instanceof HTTPRequest) return editForm(this, 'No file specified');
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

  __call__(): unknown {
    return publish(this);
  }
}
