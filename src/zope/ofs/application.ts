/** The root of a site. */
import { registerClass, wrap } from '../../persistent/index.ts';
import { DateTime, Dict, type Tuple, tuple } from '../../pickle/index.ts';
import { declareClass } from '../../restricted/index.ts';
import { Permissions, permissionAttribute } from '../../access/index.ts';
import { getRequest } from '../../publisher/index.ts';
import { packageVersion } from '../package-files.ts';
import { ControlPanel } from './control-panel.ts';
import { Folder } from './folder.ts';
import { UserFolder } from './user-folder.ts';

export class Application extends Folder {
  declare __allow_groups__: UserFolder;

  constructor() {
    super();
    const users = new UserFolder();
    this.__allow_groups__ = users;
    this._objects = tuple(Dict.from<unknown>({ id: 'acl_users', meta_type: 'User Folder' }));
    (this as unknown as Record<string, unknown>).acl_users = users;
  }

  override getId(): string {
    return getRequest()?.source.environ.scriptName.slice(1) ?? this.title;
  }

  override title_or_id(): string {
    return this.title;
  }

  override title_and_id(): string {
    return this.title;
  }

  override getPhysicalPath(): Tuple<string> {
    return tuple('');
  }

  override getPhysicalRoot(): object {
    return this;
  }

  override absolute_url(relative: unknown = 0): string {
    if (relative) return '';
    return getRequest()?.physicalPathToURL(['']) ?? '/';
  }

  override absolute_url_path(): string {
    return getRequest()?.physicalPathToURL([''], true) || '/';
  }

  override virtual_url_path(): string {
    return '';
  }

  /** The pages on the process and its databases; not stored. */
  get Control_Panel(): ControlPanel {
    return wrap(new ControlPanel(), this) as unknown as ControlPanel;
  }

  /** The server's time, or a time as the server understands it. */
  ZopeTime(...args: unknown[]): DateTime {
    return new DateTime(...args);
  }

  ZopeVersion(): string {
    return packageVersion();
  }
}

registerClass(Application, 'OFS.Application.Application', { python: true, acquires: 'implicit' });
Object.assign(Application.prototype, {
  title: 'Zope',
  manage_options: [
    ...Folder.prototype.manage_options,
    { label: 'Undo', action: 'Control_Panel/Database/main/manage_UndoForm' },
    { label: 'Control Panel', action: 'Control_Panel/manage_main' },
  ],
  _reserved_names: tuple('Control_Panel'),
  isTopLevelPrincipiaApplicationObject: 1,
  __ac_roles__: tuple('Manager', 'Anonymous', 'Owner'),
  [permissionAttribute(Permissions.view)]: tuple('Manager', 'Anonymous'),
  [permissionAttribute(Permissions.accessContentsInformation)]: tuple('Manager', 'Anonymous'),
});
declareClass(Application, {
  published: ['ZopeTime', 'ZopeVersion'],
  // Python's application has its own of these, which are no pages.
  unpublished: ['getId', 'title_or_id', 'title_and_id'],
  names: {
    Control_Panel: { permission: 'Manage Zope' },
    ZopeTime: 'public',
    ZopeVersion: { permission: Permissions.viewManagementScreens },
    isTopLevelPrincipiaApplicationObject: 'private',
    __allow_groups__: 'private',
  },
});
