/** Script (TypeScript): guarded TypeScript as content, with the bindings and guards of Script (Python). */
import { registerClass } from '../../persistent/index.ts';
import { tuple } from '../../pickle/index.ts';
import {
  type CompiledFunction,
  compileTypeScript,
  declareClass,
  registerType,
  typeScriptSignature,
} from '../../restricted/index.ts';
import { Permissions } from '../../access/index.ts';
import { getRequest, type HTTPRequest } from '../../publisher/index.ts';
import { DEFAULT_BINDINGS, NameAssignments } from './bindings.ts';
import { CodeScript, runScript } from './code-script.ts';
import { scriptDeclarations, scriptOptions } from './script-declarations.ts';

const EXAMPLE = `// Example code:

// The names context, container, script, traverse_subpath, request and user are bound.
const greeting: string = \`This is the \${script.meta_type} "\${script.getId()}"\`;
return greeting;
`;

export class TypeScriptScript extends CodeScript {
  /** Python's form of the parameter list, for the publisher. */
  declare _signature: string;

  compile(filename: string): CompiledFunction {
    return compileTypeScript({
      name: this.getId(),
      params: this._params,
      body: this._body,
      filename,
      globals: [...this._bind_names._asgns.values(), ...MORE],
    });
  }

  override bindMore(bound: Record<string, unknown>): void {
    const request = getRequest();
    bound.request ??= request ?? null;
    bound.user ??= request?.authenticatedUser ?? null;
  }

  get editActionName(): string {
    return 'manage_editAction';
  }

  override get headerMark(): string {
    return '//#';
  }

  get uploadActionName(): string {
    return 'manage_upload';
  }

  manage_editAction(_request: HTTPRequest, title: string, params: string, body: string): string {
    return this.editAction(title, params, body);
  }

  manage_upload(_request: HTTPRequest, file?: unknown): string {
    return this.uploadAction(file);
  }

  manage_edit(params: string, body: string): void {
    this.edit(params, body);
  }

  override _changed(): void {
    super._changed();
    this._signature = typeScriptSignature(this._params);
  }

  override get __signature__(): string {
    return this._signature;
  }
}

/** Bound besides the names of Script (Python). */
const MORE = ['request', 'user'];

registerClass(TypeScriptScript, 'zope_ts.scripts.TypeScriptScript', { python: true, acquires: 'implicit' });
registerType(TypeScriptScript, {
  pyName: 'TypeScriptScript',
  operators: { call: (self, args, kwargs) => runScript(self, args, kwargs, null) },
});
Object.assign(TypeScriptScript.prototype, {
  meta_type: 'Script (TypeScript)',
  zmi_icon: 'fa fa-terminal',
  index_html: null,
  _proxy_roles: tuple(),
  _params: '',
  _body: '',
  _filepath: '',
  _signature: '',
  errors: tuple(),
  warnings: tuple(),
  _bind_names: new NameAssignments(DEFAULT_BINDINGS),
  manage_options: scriptOptions('manage_main'),
});

const change = { permission: Permissions.changeTypeScripts };
declareClass(
  TypeScriptScript,
  scriptDeclarations(change.permission, {
    postOnly: ['manage_editAction', 'manage_upload'],
    names: { manage_editAction: change, manage_upload: change, manage_edit: change, _signature: 'private' },
    signatures: {
      manage_edit: 'params, body',
      manage_editAction: "REQUEST, title, params='', body=''",
      manage_upload: "REQUEST, file=''",
    },
  }),
);

/** A script as the add form makes it. */
export function newTypeScript(id: string, title = ''): TypeScriptScript {
  const script = new TypeScriptScript(id);
  if (title !== '') script.title = title;
  script.manage_edit('', EXAMPLE);
  return script;
}
