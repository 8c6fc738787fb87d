/** DTML Method and DTML Document: templates as content (INVENTORY O-028, O-029). */
import { aqExplicit, registerClass } from '../../persistent/index.ts';
import { type Dict, type Tuple, tuple } from '../../pickle/index.ts';
import {
  type ClassDeclarations,
  declareClass,
  getitem,
  htmlQuote,
  registerType,
} from '../../restricted/index.ts';
import { Permissions } from '../../access/index.ts';
import { CACHE_OPTION, Cacheable, cacheable } from '../ofs/cacheable.ts';
import { HISTORY_OPTION, ITEM_OPTIONS } from '../ofs/item.ts';
import { declarationsOfMixIn, mixIn } from '../ofs/mix-in.ts';
import { PropertyManager } from '../ofs/properties.ts';
import { argumentsOf, clientsOf, DtmlTemplate, render, sourceOf } from './dtml-template.ts';

export class DTMLMethod extends DtmlTemplate {
  /** Called as a method of its client. */
  callWith(args: readonly unknown[], kwargs: Dict<string, unknown> | undefined): unknown {
    const given = argumentsOf(args, kwargs);
    return render(this, clientsOf(given.client), given);
  }
}

/** A document has properties, which a method lacks. They are mixed in below. */
// oxlint-disable-next-line typescript/no-unsafe-declaration-merging
export interface DTMLDocument extends PropertyManager {}
// oxlint-disable-next-line typescript/no-unsafe-declaration-merging
export class DTMLDocument extends DtmlTemplate {
  /** Called as a document: its own attributes, and none that it acquires, come before those of its client. */
  callWith(args: readonly unknown[], kwargs: Dict<string, unknown> | undefined): unknown {
    const given = argumentsOf(args, kwargs);
    return render(this, [...clientsOf(given.client), aqExplicit(this)], given);
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

mixIn(DTMLDocument, PropertyManager);
const properties = declarationsOfMixIn(PropertyManager);
/** Python's class is made of the other one, so that it can be set here, too. */
const OF_METHODS = { [Permissions.changeDtmlMethods]: ['Manager'] };

for (const [cls, module, name, meta_type, permission, own] of [
  [DTMLMethod, 'OFS.DTMLMethod', 'DTMLMethod', 'DTML Method', Permissions.changeDtmlMethods, {}],
  [
    DTMLDocument,
    'OFS.DTMLDocument',
    'DTMLDocument',
    'DTML Document',
    Permissions.changeDtmlDocuments,
    { ...properties, roles: { ...properties.roles, ...OF_METHODS } },
  ],
] as [typeof DTMLMethod, string, string, string, string, ClassDeclarations][]) {
  const change = { permission };
  registerClass(cls, `${module}.${name}`, { python: true, acquires: 'implicit' });
  registerType(cls, {
    pyName: name,
    operators: {
      call: (self, args, kwargs) => self.callWith(args, kwargs),
      // A loop of a template may come by a document that the user may not have.
      str: (self) => htmlQuote(sourceOf(getitem([self], 0) as DtmlTemplate)).replaceAll('&#x27;', "'"),
    },
  });
  Object.assign(cls.prototype, { ...shared, meta_type });
  // Python keeps the id of a template in `__name__`.
  Object.defineProperty(cls.prototype, 'id', {
    get(this: DtmlTemplate) {
      return this.getId();
    },
    configurable: true,
  });
  mixIn(cls, Cacheable);
  declareClass(
    cls,
    cacheable({
      object: view,
      published: [...(own.published ?? []), 'manage_main', 'manage_proxyForm'],
      changes: [...(own.changes ?? []), 'manage_edit', 'manage_upload', 'PUT'],
      postOnly: [...(own.postOnly ?? []), 'manage_proxy'],
      roles: own.roles ?? {},
      names: {
        ...own.names,
        id: 'object',
        __call__: view,
        callWith: 'private',
        read: manage,
        document_src: manage,
        get_size: view,
        name: view,
        manage_main: manage,
        manage_edit: change,
        manage_historyCopy: change,
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
        ...own.signatures,
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
