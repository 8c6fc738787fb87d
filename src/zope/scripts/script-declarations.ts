/** Tabs and declarations that Script (Python) and Script (TypeScript) have in common. */
import { Permissions } from '../../access/index.ts';
import type { ClassDeclarations } from '../../restricted/index.ts';
import { CACHE_OPTION, cacheable } from '../ofs/cacheable.ts';
import { HISTORY_OPTION, ITEM_OPTIONS, type ManageOption } from '../ofs/item.ts';

/** The tabs of a script whose edit form is `action`. */
export const scriptOptions = (action: string): readonly ManageOption[] => [
  { label: 'Edit', action },
  { label: 'Bindings', action: 'ZBindingsHTML_editForm' },
  { label: 'Test', action: 'ZScriptHTML_tryForm' },
  { label: 'Proxy', action: 'manage_proxyForm' },
  HISTORY_OPTION,
  ...ITEM_OPTIONS,
  CACHE_OPTION,
];

/** Declarations of a class of scripts; `changePermission` is for what changes their source, `own` for what only it has. */
export function scriptDeclarations(changePermission: string, own: ClassDeclarations): ClassDeclarations {
  const manage = { permission: Permissions.viewManagementScreens };
  const view = { permission: Permissions.view };
  const change = { permission: changePermission };
  const proxy = { permission: Permissions.changeProxyRoles };
  const bindings = { permission: Permissions.changeBindings };
  return cacheable({
    object: view,
    published: [
      'manage_main',
      'document_src',
      'read',
      'PrincipiaSearchSource',
      'ZScriptHTML_tryForm',
      'ZBindingsHTML_editForm',
      'manage_proxyForm',
      ...(own.published ?? []),
    ],
    changes: ['PUT', 'write', ...(own.changes ?? [])],
    postOnly: ['manage_proxy', 'ZBindingsHTML_editAction', ...(own.postOnly ?? [])],
    names: {
      __call__: view,
      __render_with_namespace__: 'private',
      body: manage,
      params: manage,
      read: manage,
      document_src: manage,
      PrincipiaSearchSource: manage,
      get_size: manage,
      manage_main: manage,
      ZScriptHTML_tryForm: manage,
      ZBindingsHTML_editForm: manage,
      ZBindingsHTML_editAction: bindings,
      getBindingAssignments: manage,
      errors: manage,
      warnings: manage,
      manage_haveProxy: manage,
      manage_proxyForm: proxy,
      manage_proxy: proxy,
      manage_proxyRoles: proxy,
      ZBindings_edit: bindings,
      PUT: change,
      manage_historyCopy: change,
      write: change,
      edit: 'private',
      editAction: 'private',
      uploadAction: 'private',
      setTitle: 'private',
      compile: 'private',
      _setSource: 'private',
      _params: 'private',
      _body: 'private',
      ...own.names,
    },
    signatures: {
      PUT: 'REQUEST, RESPONSE',
      write: 'text',
      manage_haveProxy: 'r',
      manage_proxy: 'roles=(), REQUEST=None',
      manage_proxyRoles: 'roles=()',
      ZBindings_edit: 'mapping',
      ZBindingsHTML_editAction: 'REQUEST',
      ...own.signatures,
    },
  });
}
