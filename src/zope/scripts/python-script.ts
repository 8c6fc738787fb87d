/** Script (Python): guarded code as content (INVENTORY S-070 to S-076). */
import { getOwn, registerClass } from '../../persistent/index.ts';
import { Dict, tuple, tupleFrom } from '../../pickle/index.ts';
import {
  type CompiledFunction,
  compileFunction,
  declareClass,
  PySyntaxError,
  registerType,
  RuntimeError,
} from '../../restricted/index.ts';
import { type Executable, getSecurityManager, Permissions } from '../../access/index.ts';
import { FileUpload, type HTTPRequest, parametersOf } from '../../publisher/index.ts';
import { Item } from '../ofs/item.ts';
import { registerAddable } from '../zmi/addable.ts';
import { editPage } from '../zmi/pages.ts';
import {
  type BindingKind,
  bindNames,
  BINDINGS,
  DEFAULT_BINDINGS,
  FuncCode,
  NameAssignments,
} from './bindings.ts';

const EXAMPLE = `# Example code:

# Import a standard function, and get the HTML request and response objects.
from Products.PythonScripts.standard import html_quote
request = container.REQUEST
response = request.response

# Return a string identifying this script.
print("This is the", script.meta_type, '"%s"' % script.getId())
return printed
`;

export class PythonScript extends Item implements Executable {
  declare _params: string;
  declare _body: string;
  declare _bind_names: NameAssignments;
  declare _filepath: string;
  declare _code: Uint8Array | null;
  declare __code__: FuncCode | null;
  declare __defaults__: unknown;
  declare Python_magic: Uint8Array | null;
  declare Script_magic: number;
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
      ([kind, name]) => `##bind ${BIND_WORDS[kind as BindingKind]}=${name}\n`,
    );
    return (
      `## Script (Python) "${this.getId()}"\n${bindings.sort().join('')}` +
      `##parameters=${this._params}\n##title=${this.title}\n##\n${this._body}`
    );
  }

  document_src(): string {
    return this.read();
  }

  override manage_main(message?: string): string {
    return editPage(
      this,
      {
        action: 'ZPythonScriptHTML_editAction',
        parameters: this._params,
        text: this._body,
        upload: true,
        size: this.get_size(),
        errors: [...this.errors, ...this.warnings],
      },
      message,
    );
  }

  ZPythonScriptHTML_editAction(
    _request: HTTPRequest,
    title: string,
    params: string,
    body: string,
    file?: unknown,
  ): string {
    const upload =
      file instanceof FileUpload && file.data.length > 0
        ? Buffer.from(file.data).toString('utf8')
        : undefined;
    this.ZPythonScript_setTitle(title);
    this.ZPythonScript_edit(params, upload ?? body.replaceAll('\r\n', '\n'));
    return this.manage_main(this.errors.length > 0 ? 'Saved, but it has errors.' : 'Saved changes.');
  }

  ZPythonScript_setTitle(title: string): void {
    if (this.title !== title) this.title = title;
  }

  /** Changes parameters and source. Header lines of the source (`##parameters=…`) count as well. */
  ZPythonScript_edit(params: string, body: string): void {
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
      if (!line.startsWith('##')) break;
      const [, word, value = ''] = /^##\s*([^=]*?)\s*=\s*(.*)$/.exec(line) ?? [];
      if (word === 'parameters' && this._params !== value) {
        this._params = value;
        changed = true;
      } else if (word === 'title') this.ZPythonScript_setTitle(value);
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

  /** What Python keeps beside the source: nothing that it cannot make again when it loads the script. */
  _changed(): void {
    this._v_compiled = undefined;
    this._code = null;
    this.Python_magic = null;
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
    this.__code__ = new FuncCode(parametersOf(this._params).map(({ name }) => name));
    this.__defaults__ = null;
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
    const names = parametersOf(this._params);
    const rest = new Dict<string, unknown>();
    for (let at = given; at < args.length; at++)
      if (args[at] !== undefined) rest.set(names[at]!.name, args[at]);
    return runScript(this, args.slice(0, given), rest, null);
  }

  /** Called from DTML: parameters and the bound namespace come from there. */
  __render_with_namespace__(namespace: { get(name: string): unknown }): unknown {
    const values = new Dict<string, unknown>();
    if (this._bind_names._asgns.has('name_ns')) {
      for (const { name } of parametersOf(this._params)) {
        const value = namespace.get(name);
        if (value !== undefined) values.set(name, value);
      }
    }
    return runScript(this, [], values, namespace);
  }
}

const BIND_WORDS: Readonly<Record<BindingKind, string>> = {
  name_context: 'context',
  name_container: 'container',
  name_m_self: 'script',
  name_ns: 'namespace',
  name_subpath: 'subpath',
};

function compiledOf(script: PythonScript): CompiledFunction {
  let compiled = script._v_compiled;
  if (compiled === undefined) {
    compiled = compileFunction({
      name: script.getId(),
      params: script._params,
      body: script._body,
      filename: script._filepath || `Script (Python):${script.getPhysicalPath().join('/')}`,
      globals: [...script._bind_names._asgns.values()],
    });
    script._v_compiled = compiled;
  }
  return compiled;
}

function runScript(
  script: PythonScript,
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
    let keywords = kwargs;
    // An argument of a bound name would not reach the script.
    if (keywords !== undefined && [...keywords.keys()].some((name) => name in bound))
      keywords = new Dict([...keywords].filter(([name]) => !(name in bound)));
    return compiled.call(args, keywords, bound);
  } finally {
    manager.removeContext(script);
  }
}

registerClass(PythonScript, 'Products.PythonScripts.PythonScript.PythonScript', {
  python: true,
  acquires: 'implicit',
});
registerType(PythonScript, {
  pyName: 'PythonScript',
  operators: { call: (self, args, kwargs) => runScript(self, args, kwargs, null) },
});
Object.assign(PythonScript.prototype, {
  meta_type: 'Script (Python)',
  zmi_icon: 'fa fa-terminal',
  index_html: null,
  _proxy_roles: tuple(),
  _params: '',
  _body: '',
  _filepath: '',
  errors: tuple(),
  warnings: tuple(),
  __code__: null,
  __defaults__: null,
  Script_magic: 5,
  _bind_names: new NameAssignments(DEFAULT_BINDINGS),
  manage_options: [
    { label: 'Edit', action: 'manage_main' },
    { label: 'Test', action: '' },
  ],
});

const view = { permission: Permissions.view };
const manage = { permission: Permissions.viewManagementScreens };
const change = { permission: Permissions.changePythonScripts };
declareClass(PythonScript, {
  object: view,
  published: ['manage_main', 'document_src', 'body', 'params', 'read'],
  postOnly: ['ZPythonScriptHTML_editAction'],
  names: {
    __call__: view,
    __render_with_namespace__: 'private',
    body: manage,
    params: manage,
    read: manage,
    document_src: manage,
    get_size: manage,
    manage_main: manage,
    getBindingAssignments: manage,
    errors: manage,
    warnings: manage,
    manage_haveProxy: manage,
    manage_proxyRoles: { permission: Permissions.changeProxyRoles },
    ZPythonScriptHTML_editAction: change,
    ZPythonScript_edit: change,
    ZPythonScript_setTitle: change,
    ZBindings_edit: { permission: Permissions.changeBindings },
    write: change,
    _params: 'private',
    _body: 'private',
  },
  signatures: {
    ZPythonScript_edit: 'params, body',
    ZPythonScript_setTitle: 'title',
    ZPythonScriptHTML_editAction: "REQUEST, title, params='', text='', file=None",
    write: 'text',
    manage_haveProxy: 'r',
    manage_proxyRoles: 'roles=()',
    ZBindings_edit: 'mapping',
  },
});

registerAddable({
  label: 'Script (Python)',
  action: 'manage_addPythonScript',
  permission: Permissions.addPythonScripts,
});

/** A script as the add form makes it. */
export function newPythonScript(id: string, title = ''): PythonScript {
  const script = new PythonScript(id);
  if (title !== '') script.title = title;
  script.ZPythonScript_edit('', EXAMPLE);
  return script;
}
