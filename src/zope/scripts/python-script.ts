/** Script (Python): guarded code as content (INVENTORY S-070 to S-076). */
import { registerClass } from '../../persistent/index.ts';
import { tuple } from '../../pickle/index.ts';
import {
  type CompiledFunction,
  compileFunction,
  declareClass,
  registerType,
} from '../../restricted/index.ts';
import { Permissions } from '../../access/index.ts';
import { type HTTPRequest, parametersOf } from '../../publisher/index.ts';
import { DEFAULT_BINDINGS, FuncCode, NameAssignments } from './bindings.ts';
import { CodeScript, runScript } from './code-script.ts';
import { scriptDeclarations, scriptOptions } from './script-declarations.ts';

const EXAMPLE = `# Example code:

# Import a standard function, and get the HTML request and response objects.
from Products.PythonScripts.standard import html_quote
request = container.REQUEST
response = request.response

# Return a string identifying this script.
print("This is the", script.meta_type, '"%s"' % script.getId())
return printed
`;

export class PythonScript extends CodeScript {
  declare _code: Uint8Array | null;
  declare __code__: FuncCode | null;
  declare __defaults__: unknown;
  declare Python_magic: Uint8Array | null;
  declare Script_magic: number;

  compile(filename: string): CompiledFunction {
    return compileFunction({
      name: this.getId(),
      params: this._params,
      body: this._body,
      filename,
      globals: [...this._bind_names._asgns.values()],
    });
  }

  get editActionName(): string {
    return 'ZPythonScriptHTML_editAction';
  }

  get uploadActionName(): string {
    return 'ZPythonScriptHTML_upload';
  }

  ZPythonScriptHTML_editForm(): string {
    return this.manage_main();
  }

  ZPythonScriptHTML_editAction(_request: HTTPRequest, title: string, params: string, body: string): string {
    return this.editAction(title, params, body);
  }

  ZPythonScriptHTML_upload(_request: HTTPRequest, file?: unknown): string {
    return this.uploadAction(file);
  }

  ZPythonScript_setTitle(title: string): void {
    this.setTitle(title);
  }

  /** Changes parameters and source. Header lines of the source (`##parameters=…`) count as well. */
  ZPythonScript_edit(params: string, body: string): void {
    this.edit(params, body);
  }

  /** What Python keeps beside the source: nothing that it cannot make again when it loads the script. */
  override _changed(): void {
    this._code = null;
    this.Python_magic = null;
    super._changed();
    this.__code__ = new FuncCode(parametersOf(this._params).map(({ name }) => name));
    this.__defaults__ = null;
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
  manage_options: scriptOptions('ZPythonScriptHTML_editForm'),
});

const change = { permission: Permissions.changePythonScripts };
declareClass(
  PythonScript,
  scriptDeclarations(change.permission, {
    published: ['ZPythonScriptHTML_editForm'],
    postOnly: ['ZPythonScriptHTML_editAction', 'ZPythonScriptHTML_upload'],
    names: {
      ZPythonScriptHTML_editForm: { permission: Permissions.viewManagementScreens },
      ZPythonScriptHTML_editAction: change,
      ZPythonScriptHTML_upload: change,
      ZPythonScript_edit: change,
      ZPythonScript_setTitle: change,
    },
    signatures: {
      ZPythonScript_edit: 'params, body',
      ZPythonScript_setTitle: 'title',
      ZPythonScriptHTML_editAction: "REQUEST, title, params='', body=''",
      ZPythonScriptHTML_upload: "REQUEST, file=''",
    },
  }),
);

/** A script as the add form makes it. */
export function newPythonScript(id: string, title = ''): PythonScript {
  const script = new PythonScript(id);
  if (title !== '') script.title = title;
  script.ZPythonScript_edit('', EXAMPLE);
  return script;
}
