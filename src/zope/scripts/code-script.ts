/** What Script (Python) and Script (TypeScript) share: source, parameters, bindings, proxy roles, running (INVENTORY S-070 to S-076). */
import { aqParent } from '../../persistent/index.ts';
import { Dict, tupleFrom } from '../../pickle/index.ts';
import { type CompiledFunction, len, PySyntaxError, RuntimeError } from '../../restricted/index.ts';
import { type Executable, getSecurityManager } from '../../access/index.ts';
import {
  BadRequest,
  FileUpload,
  getRequest,
  HTTPRequest,
  type HTTPResponse,
  parametersOf,
} from '../../publisher/index.ts';
import { Cacheable, type CacheKeys, cacheOf, invalidateCache } from '../ofs/cacheable.ts';
import { Item } from '../ofs/item.ts';
import { mixIn } from '../ofs/mix-in.ts';
import { setProxyRoles, validateProxy } from '../ofs/proxy-roles.ts';
import { takeSubpath } from '../ofs/subpath.ts';
import { formPage } from '../zmi/form.ts';
import { editPage } from '../zmi/pages.ts';
import { proxyPage } from '../zmi/proxy.ts';
import { bindNames, BINDINGS, DEFAULT_BINDINGS, NameAssignments } from './bindings.ts';
import { BIND_WORDS, parseSource, sourceWithHeader } from './source-header.ts';

export abstract class CodeScript extends Item implements Executable {
  declare _params: string;
  declare _body: string;
  declare _bind_names: NameAssignments;
  declare _filepath: string;
  declare errors: readonly string[];
  declare warnings: readonly string[];
  declare _proxy_roles: readonly string[];
  declare _v_compiled: CompiledFunction | undefined;

  constructor(id: string) {
    super();
    this.id = id;
    this._bind_names = new NameAssignments(DEFAULT_BINDINGS);
    this._params = '';
    this._body = '';
    this._filepath = '';
    this._changed();
  }

  /** The name of the method that the upload form calls. */
  abstract get uploadActionName(): string;

  /** Compiles the source; throws a `PySyntaxError` or collects errors. */
  abstract compile(filename: string): CompiledFunction;

  /** The name of the method that the edit form calls. */
  abstract get editActionName(): string;

  /** Adds names of the language to those that the bindings give. */
  bindMore(_bound: Record<string, unknown>): void {}

  /** The comment sign that begins header lines. */
  get headerMark(): string {
    return '##';
  }

  /** The source without the header lines. */
  body(): string {
    return this._body;
  }

  params(): string {
    return this._params;
  }

  get_size(): number {
    return len(this.read());
  }

  /** The source with its header: title, bindings and parameters as comment lines. */
  read(): string {
    return sourceWithHeader(
      {
        heading: `${this.meta_type} "${this.getId()}"`,
        names: this._bind_names._asgns,
        params: this._params,
        title: this.title,
        errors: this.errors,
        warnings: this.warnings,
      },
      this._body,
      this.headerMark,
    );
  }

  /** What a search looks into. */
  PrincipiaSearchSource(): string {
    return `${this._params}\n${this._body}`;
  }

  document_src(): string {
    getRequest()?.response.setHeader('Content-Type', 'text/plain; charset=utf-8');
    return this.read();
  }

  override manage_main(message?: string): string {
    return editPage(
      this,
      {
        action: this.editActionName,
        textField: 'body',
        uploadAction: this.uploadActionName,
        tab: this.manage_options[0]!.action,
        parameters: this._params,
        text: this._body,
        upload: true,
        size: this.get_size(),
        errors: [...this.errors, ...this.warnings],
      },
      message,
    );
  }

  editAction(title: string, params: string, body: string): string {
    this.setTitle(title);
    this.edit(params, body.replaceAll('\r\n', '\n'));
    return this._saved();
  }

  /** Replaces the source by a file, which may begin with header lines. */
  uploadAction(file: unknown): string {
    const bytes = file instanceof FileUpload ? file.data : file;
    const source = bytes instanceof Uint8Array ? Buffer.from(bytes).toString('utf8') : String(bytes ?? '');
    if (source === '') throw new BadRequest('No file was given');
    validateProxy(this);
    this.write(source.replaceAll('\r\n', '\n'));
    return this._saved();
  }

  /** Takes a body as the new source. */
  PUT(request: HTTPRequest, response: HTTPResponse): HTTPResponse {
    validateProxy(this);
    this.write(Buffer.from(request.body ?? []).toString('utf8'));
    response.setStatus(204);
    response.setHeader('Accept-Ranges', 'none');
    return response;
  }

  _saved(): string {
    return this.manage_main(this.errors.length > 0 ? 'Saved, but it has errors.' : 'Saved changes.');
  }

  /** A form for the parameters; what is sent calls the script. */
  ZScriptHTML_tryForm(): string {
    const names = parametersOf(this.__signature__).map(({ name }) => name);
    return formPage(this, {
      action: '',
      method: 'get',
      intro:
        names.length === 0
          ? 'This script takes no parameters.'
          : 'Values of the parameters. They are text: a number needs a name such as “count:int” in a form of the site.',
      fields: names.map((name) => ({ label: name, name, value: '', code: true })),
      button: 'Run',
      tab: 'ZScriptHTML_tryForm',
    });
  }

  ZBindingsHTML_editForm(message?: string): string {
    return formPage(
      this,
      {
        action: 'ZBindingsHTML_editAction',
        intro: 'Names under which the script finds what it works with; an empty one is not bound.',
        fields: BINDINGS.map((kind) => ({
          label: BIND_WORDS[kind],
          name: kind,
          value: this._bind_names._asgns.get(kind) ?? '',
          code: true,
        })),
        tab: 'ZBindingsHTML_editForm',
      },
      message,
    );
  }

  ZBindingsHTML_editAction(request: HTTPRequest): string {
    this.ZBindings_edit(
      new Dict(BINDINGS.map((kind) => [kind, String(request.form.get(kind) ?? '')] as const)),
    );
    return this.ZBindingsHTML_editForm('Bindings changed.');
  }

  setTitle(title: string): void {
    if (this.title !== title) this.title = title;
  }

  /** Changes parameters and source. Header lines of the source (`##parameters=…`) count as well. */
  edit(params: string, body: string): void {
    validateProxy(this);
    this._setSource(body, params);
  }

  /** Takes a whole source, with or without header lines; what they do not mention stays. */
  write(text: string): void {
    this._setSource(text, this._params);
  }

  _setSource(text: string, params: string): void {
    const source = parseSource(text, this.headerMark);
    if (source.title !== undefined) this.setTitle(source.title);
    let changed = false;
    const newParams = source.params ?? params;
    if (newParams !== this._params) {
      this._params = newParams;
      changed = true;
    }
    const names = this._bind_names._asgns;
    if (BINDINGS.some((kind) => (source.names[kind] ?? names.get(kind) ?? '') !== (names.get(kind) ?? ''))) {
      this._bind_names = new NameAssignments({ ...Object.fromEntries(names), ...source.names });
      changed = true;
    }
    if (source.body !== this._body) {
      this._body = source.body;
      changed = true;
    }
    if (changed) this._changed();
  }

  ZBindings_edit(mapping: Dict<string, string>): void {
    validateProxy(this);
    this._bind_names = new NameAssignments(Object.fromEntries(mapping));
    this._changed();
  }

  getBindingAssignments(): NameAssignments {
    return this._bind_names;
  }

  /** Compiles again what has changed. */
  _changed(): void {
    this._v_compiled = undefined;
    invalidateCache(this);
    let errors: readonly string[] = [];
    let warnings: readonly string[] = [];
    try {
      ({ errors, warnings } = compiledOf(this));
    } catch (error) {
      if (!(error instanceof PySyntaxError)) throw error;
      errors = [`Line ${error.line}: ${error.name}: ${error.msg}`];
    }
    this.errors = tupleFrom(errors);
    this.warnings = tupleFrom(warnings);
    // What runs is compiled where the script is reached, so that tracebacks have its whole path.
    this._v_compiled = undefined;
  }

  get __signature__(): string {
    return this._params;
  }

  manage_haveProxy(role: string): boolean {
    return this._proxy_roles.includes(role);
  }

  manage_proxyRoles(roles: readonly string[] = []): void {
    setProxyRoles(this, roles);
  }

  manage_proxyForm(): string {
    return proxyPage(this);
  }

  manage_proxy(roles?: unknown, request?: unknown): unknown {
    setProxyRoles(this, roles);
    return request instanceof HTTPRequest ? proxyPage(this, 'Saved changes.') : null;
  }

  /** Where a name is bound to the rest of the path, traversal ends here and leaves the rest to the script. */
  __before_publishing_traverse__(_object: object, request: HTTPRequest): void {
    if (this._bind_names._asgns.has('name_subpath')) takeSubpath(this, request);
  }

  __call__(...args: unknown[]): unknown {
    const given = args.findIndex((value) => value === undefined);
    if (given < 0) return runScript(this, args, undefined, null);
    // Parameters that the request lacks in the middle are left to their defaults.
    const names = parametersOf(this.__signature__);
    const rest = new Dict<string, unknown>();
    for (let at = given; at < args.length; at++)
      if (args[at] !== undefined) rest.set(names[at]!.name, args[at]);
    return runScript(this, args.slice(0, given), rest, null);
  }

  /** Called from DTML: parameters and the bound namespace come from there. */
  __render_with_namespace__(namespace: { get(name: string): unknown }): unknown {
    const values = new Dict<string, unknown>();
    if (this._bind_names._asgns.has('name_ns')) {
      for (const { name } of parametersOf(this.__signature__)) {
        const value = namespace.get(name);
        if (value !== undefined) values.set(name, value);
      }
    }
    return runScript(this, [], values, namespace);
  }
}

function compiledOf(script: CodeScript): CompiledFunction {
  let compiled = script._v_compiled;
  if (compiled === undefined) {
    compiled = script.compile(
      script._filepath || `${script.meta_type}:${script.getPhysicalPath().join('/')}`,
    );
    script._v_compiled = compiled;
  }
  return compiled;
}

export function runScript(
  script: CodeScript,
  args: readonly unknown[],
  kwargs: Dict<string, unknown> | undefined,
  namespace: unknown,
): unknown {
  const compiled = compiledOf(script);
  if (compiled.errors.length > 0) throw new RuntimeError(`${script.meta_type} ${script.getId()} has errors.`);
  const cache = cacheOf(script);
  const keys = cache === undefined ? undefined : cacheKeys(script, args, kwargs);
  const known = cache?.get(script, keys);
  if (known !== undefined) return known;
  const manager = getSecurityManager();
  manager.addContext(script);
  try {
    const bound = bindNames(script, script._bind_names, namespace);
    script.bindMore(bound);
    let keywords = kwargs;
    // An argument of a bound name would not reach the script.
    if (keywords !== undefined && [...keywords.keys()].some((name) => name in bound))
      keywords = new Dict([...keywords].filter(([name]) => !(name in bound)));
    const result = compiled.call(args, keywords, bound);
    cache?.set(script, result, keys);
    return result;
  } finally {
    manager.removeContext(script);
  }
}

/** What a result depends on: the arguments, where the script was reached, and the rest of the path. */
function cacheKeys(
  script: CodeScript,
  args: readonly unknown[],
  kwargs: Dict<string, unknown> | undefined,
): CacheKeys {
  const names = script._bind_names._asgns;
  const context = aqParent(script) as { getPhysicalPath?(): readonly string[] } | null;
  return {
    args: tupleFrom(args),
    kwargs: new Dict(kwargs ?? []),
    context: names.has('name_context') ? context?.getPhysicalPath?.().join('/') : null,
    subpath: names.has('name_subpath') ? (getRequest()?.other.get('traverse_subpath') ?? []) : null,
  };
}

mixIn(CodeScript, Cacheable);
