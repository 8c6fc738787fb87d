/** External Methods: functions of modules on the server's disk, called by name from pages, scripts and URLs (INVENTORY O-052). */
import { aqInner, aqParent, registerClass } from '../../persistent/index.ts';
import { type Dict, tuple } from '../../pickle/index.ts';
import { declareClass, registerType, RuntimeError, TypeError } from '../../restricted/index.ts';
import { Permissions } from '../../access/index.ts';
import { HTTPRequest, parametersOf } from '../../publisher/index.ts';
import { Item, ITEM_OPTIONS } from '../ofs/item.ts';
import { registerProduct } from '../ofs/products.ts';
import { formPage } from '../zmi/form.ts';
import { externalFunction, signatureOfFunction } from './extensions.ts';

export class ExternalMethod extends Item {
  declare _module: string;
  declare _function: string;

  constructor(id = '', title = '', module = '', name = '') {
    super();
    if (id !== '') this.id = id;
    if (module !== '') this.manage_edit(title, module, name);
  }

  /** Throws NotFound when there is no such module or function. */
  manage_edit(title: string, module: string, name: string, request?: unknown): unknown {
    const plain = module.replace(/\.(?:pyc?|m?ts|[mc]?js)$/, '');
    externalFunction(plain, name);
    this.title = title;
    this._module = plain;
    this._function = name;
    return request instanceof HTTPRequest ? this.manage_main('Saved changes.') : null;
  }

  module(): string {
    return this._module;
  }

  function(): string {
    return this._function;
  }

  /** The parameters that the publisher fills from a request: all but `self`, which is the object that the method is called on. */
  get __signature__(): string {
    return this._signature().replace(/^self(?:, |$)/, '');
  }

  _signature(): string {
    return signatureOfFunction(externalFunction(this._module, this._function));
  }

  /** Calls the function for the publisher, which gives what `__signature__` asks for. */
  __call__(...args: unknown[]): unknown {
    return this._run(takesSelf(this) ? [contextOf(this), ...args] : args);
  }

  _run(args: readonly unknown[]): unknown {
    const result = externalFunction(this._module, this._function)(...args);
    if (result instanceof Promise)
      throw new RuntimeError(`${this._function} of ${this._module}: an External Method cannot be async`);
    return result;
  }

  override manage_main(message?: string): string {
    const name = { label: 'Module', name: 'module', value: this._module, code: true };
    return formPage(
      this,
      {
        action: 'manage_edit',
        intro: 'Calls a function that a TypeScript or JavaScript module in the folder Extensions exports.',
        fields: [
          { label: 'Title', name: 'title', value: this.title },
          name,
          { label: 'Function', name: 'function', value: this._function, code: true },
        ],
        tab: 'manage_main',
      },
      message,
    );
  }
}

const contextOf = (method: ExternalMethod) => aqParent(aqInner(method));
const takesSelf = (method: ExternalMethod) => parametersOf(method._signature())[0]?.name === 'self';

/** Calls the function for a script, which may give `self`, or leave it out. */
function callByScript(
  method: ExternalMethod,
  args: readonly unknown[],
  kwargs: Dict<string, unknown> | undefined,
): unknown {
  const signature = method._signature();
  const parameters = parametersOf(signature);
  const required = parameters.filter((each) => each.required).length;
  const given = args.length + (kwargs?.size ?? 0);
  const filled = takesSelf(method) && given === required - 1 ? [contextOf(method), ...args] : [...args];
  const byPosition = filled.length;
  if (byPosition > parameters.length && !signature.endsWith('*args')) {
    const count = parameters.length;
    const takes = required < count ? `from ${required} to ${count}` : `${count}`;
    throw new TypeError(
      `${method._function}() takes ${takes} positional argument${takes === '1' ? '' : 's'} but ${byPosition} ` +
        `${byPosition === 1 ? 'was' : 'were'} given`,
    );
  }
  for (const [name, value] of kwargs ?? []) {
    const at = parameters.findIndex((each) => each.name === name);
    if (at < 0) throw new TypeError(`${method._function}() got an unexpected keyword argument '${name}'`);
    if (at < byPosition)
      throw new TypeError(`${method._function}() got multiple values for argument '${name}'`);
    filled[at] = value;
  }
  const missing = parameters.find((each, at) => each.required && filled[at] === undefined);
  if (missing !== undefined)
    throw new TypeError(`${method._function}() missing 1 required positional argument: '${missing.name}'`);
  return method._run(filled);
}

registerClass(ExternalMethod, 'Products.ExternalMethod.ExternalMethod.ExternalMethod', {
  python: true,
  acquires: 'explicit',
});
Object.assign(ExternalMethod.prototype, {
  meta_type: 'External Method',
  zmi_icon: 'fa fa-external-link-square-alt',
  index_html: null,
  title: '',
  _module: '',
  _function: '',
  _properties: tuple(),
  manage_options: [
    { label: 'Properties', action: 'manage_main' },
    { label: 'Test', action: '' },
    ...ITEM_OPTIONS,
  ],
});
registerType(ExternalMethod, {
  operators: {
    call: (self, args, kwargs) =>
      callByScript(self, args, kwargs as unknown as Dict<string, unknown> | undefined),
  },
});

const change = { permission: 'Change External Methods' };
declareClass(ExternalMethod, {
  object: { permission: Permissions.view },
  published: ['manage_main'],
  changes: ['manage_edit'],
  names: {
    manage_main: { permission: Permissions.viewManagementScreens },
    manage_edit: change,
    module: { permission: Permissions.viewManagementScreens },
    function: { permission: Permissions.viewManagementScreens },
    __call__: { permission: Permissions.view },
    _signature: 'private',
    _run: 'private',
  },
  signatures: { manage_edit: 'title, module, function, REQUEST=None' },
});

registerProduct({
  metaType: 'External Method',
  product: 'ExternalMethod',
  permission: 'Add External Methods',
  fields: ['external'],
  form: 'manage_addExternalMethodForm',
  constructors: [
    {
      name: 'manage_addExternalMethod',
      signature: 'id, title, module, function, REQUEST=None',
      add: (container, _context, id: string, title: string, module: string, name: string) => {
        container._setObject(id, new ExternalMethod(id, title, module, name));
      },
    },
  ],
});
