/** What Script (Python) and Script (TypeScript) share: source, parameters, bindings, proxy roles, running (INVENTORY S-070 to S-076). */
import { getOwn } from '../../persistent/index.ts';
import { Dict, tupleFrom } from '../../pickle/index.ts';
import { type CompiledFunction, PySyntaxError, RuntimeError } from '../../restricted/index.ts';
import { type Executable, getSecurityManager } from '../../access/index.ts';
import { FileUpload, type HTTPRequest, parametersOf } from '../../publisher/index.ts';
import { Item } from '../ofs/item.ts';
import { editPage } from '../zmi/pages.ts';
import { type BindingKind, bindNames, BINDINGS, DEFAULT_BINDINGS, NameAssignments } from './bindings.ts';

const BIND_WORDS: Readonly<Record<BindingKind, string>> = {
  name_context: 'context',
  name_container: 'container',
  name_m_self: 'script',
  name_ns: 'namespace',
  name_subpath: 'subpath',
};

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
    return Buffer.byteLength(this.read());
  }

  /** The source with its header: title, bindings and parameters as lines that begin with `##`. */
  read(): string {
    const bindings = [...this._bind_names._asgns].map(
      ([kind, name]) => `${this.headerMark}bind ${BIND_WORDS[kind as BindingKind]}=${name}\n`,
    );
    return (
      `${this.headerMark} ${this.meta_type} "${this.getId()}"\n${bindings.sort().join('')}` +
      `${this.headerMark}parameters=${this._params}\n${this.headerMark}title=${this.title}\n${this.headerMark}\n${this._body}`
    );
  }

  document_src(): string {
    return this.read();
  }

  override manage_main(message?: string): string {
    return editPage(
      this,
      {
        action: this.editActionName,
        parameters: this._params,
        text: this._body,
        upload: true,
        size: this.get_size(),
        errors: [...this.errors, ...this.warnings],
      },
      message,
    );
  }

  editAction(_request: HTTPRequest, title: string, params: string, body: string, file?: unknown): string {
    const upload =
      file instanceof FileUpload && file.data.length > 0
        ? Buffer.from(file.data).toString('utf8')
        : undefined;
    this.setTitle(title);
    this.edit(params, upload ?? body.replaceAll('\r\n', '\n'));
    return this.manage_main(this.errors.length > 0 ? 'Saved, but it has errors.' : 'Saved changes.');
  }

  setTitle(title: string): void {
    if (this.title !== title) this.title = title;
  }

  /** Changes parameters and source. Header lines of the source (`##parameters=…`) count as well. */
  edit(params: string, body: string): void {
    const changed = this._params !== params;
    if (changed) this._params = params;
    this.write(body, changed);
  }

  /** Takes a whole source, with or without header lines. */
  write(text: string, changedBefore = false): void {
    let changed = changedBefore;
    const names = Object.fromEntries(this._bind_names._asgns) as Partial<Record<BindingKind, string>>;
    let bindings = false;
    const lines = text.split('\n');
    let first = 0;
    for (; first < lines.length; first++) {
      const line = lines[first]!.trim();
      if (line === '') continue;
      if (!line.startsWith(this.headerMark)) break;
      const [, word, value = ''] = /^\s*([^=]*?)\s*=\s*(.*)$/.exec(line.slice(this.headerMark.length)) ?? [];
      if (word === 'parameters' && this._params !== value) {
        this._params = value;
        changed = true;
      } else if (word === 'title') this.setTitle(value);
      else if (word?.startsWith('bind ')) {
        const kind = BINDINGS.find((each) => BIND_WORDS[each] === word.slice('bind '.length).trim());
        if (kind === undefined) continue;
        names[kind] = value;
        bindings = true;
      }
    }
    if (bindings) {
      this._bind_names = new NameAssignments(names);
      changed = true;
    }
    const rest = lines.slice(first).join('\n').trimEnd();
    const body = rest === '' ? '' : `${rest}\n`;
    if (body !== this._body) {
      this._body = body;
      changed = true;
    }
    if (changed) this._changed();
  }

  ZBindings_edit(mapping: Dict<string, string>): void {
    this._bind_names = new NameAssignments(Object.fromEntries(mapping));
    this._changed();
  }

  getBindingAssignments(): NameAssignments {
    return this._bind_names;
  }

  /** Compiles again what has changed. */
  _changed(): void {
    this._v_compiled = undefined;
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
    this._proxy_roles = tupleFrom(roles);
  }

  /** What is left of the path is the script's own. */
  __before_publishing_traverse__(_object: object, request: HTTPRequest): void {
    const { path } = request;
    if (!this._bind_names._asgns.has('name_subpath')) return;
    if (path.length > 0 && getOwn(this, path.at(-1)!) !== undefined) return;
    request.set('traverse_subpath', path.splice(0).reverse());
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
  const manager = getSecurityManager();
  manager.addContext(script);
  try {
    const bound = bindNames(script, script._bind_names, namespace);
    script.bindMore(bound);
    let keywords = kwargs;
    // An argument of a bound name would not reach the script.
    if (keywords !== undefined && [...keywords.keys()].some((name) => name in bound))
      keywords = new Dict([...keywords].filter(([name]) => !(name in bound)));
    return compiled.call(args, keywords, bound);
  } finally {
    manager.removeContext(script);
  }
}
