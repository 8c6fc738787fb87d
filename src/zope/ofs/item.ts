/** What every content object has (INVENTORY O-022): its place, owner, roles, copies and history, and its management pages. */
import { aqBase, aqInner, aqParent, classNameOf, classOf, registerClass } from '../../persistent/index.ts';
import { Dict, type Tuple, tuple } from '../../pickle/index.ts';
import { declareClass, registerType } from '../../restricted/index.ts';
import { getSecurityManager, nobody, Permissions } from '../../access/index.ts';
import { getRequest, NotFound, Unauthorized } from '../../publisher/index.ts';
import { frameset, menuPage } from '../zmi/frames.ts';
import { permittedTabs } from '../zmi/tabs.ts';
import { Historical } from './history.ts';

/** A tab of the management interface. */
export interface ManageOption {
  readonly label: string;
  readonly action: string;
  /** Whether an object has the tab at all. */
  readonly shownFor?: (object: object) => boolean;
}

const NOTHING = tuple() as unknown as readonly never[];

export class Item extends Historical {
  declare meta_type: string;
  declare zmi_icon: string;
  declare manage_options: readonly ManageOption[];

  /** The page of the object in the management interface; classes with one of their own override it. */
  manage_main(_message?: string): string {
    throw new NotFound('manage_main');
  }

  /** Leads to the first page of the management interface that the user may see. */
  manage_workspace(): string {
    if (getSecurityManager().getUser().getUserName() === nobody.getUserName())
      throw new Unauthorized('You are not authorized to access this resource.');
    const [first] = permittedTabs(this);
    if (first === undefined) throw new Unauthorized('You are not authorized to view this object.');
    const request = getRequest();
    const url = `${String(request?.get('URL1') ?? this.absolute_url())}/${first.action}`;
    request?.response.redirect(url);
    return url;
  }

  // A simple item does not pass for the container that it is in.

  objectIds(_spec?: unknown): readonly string[] {
    return NOTHING;
  }

  objectValues(_spec?: unknown): readonly object[] {
    return NOTHING;
  }

  objectItems(_spec?: unknown): readonly Tuple<unknown>[] {
    return NOTHING;
  }

  filtered_manage_options(): Dict[] {
    return permittedTabs(this).map(({ label, action }) => Dict.from<unknown>({ label, action }));
  }

  manage(): string {
    return frameset(this);
  }

  manage_menu(): string {
    return menuPage(this);
  }

  /** Makes the browser forget the name and password. */
  manage_zmi_logout(): string {
    const response = getRequest()?.response;
    if (response === undefined) return '';
    response.setStatus(401);
    response.setHeader('WWW-Authenticate', `basic realm="${response.realm}"`);
    response.setHeader('Content-Type', 'text/html');
    return '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Logout</title></head><body><p>You have been logged out.</p></body></html>';
  }

  /** Class and path, and the path of the context where that is not the container. */
  __repr__(): string {
    const context = aqParent(this) as Item | null;
    const container = aqParent(aqInner(this));
    const elsewhere =
      context !== null &&
      aqBase(context) !== aqBase(container) &&
      typeof context.getPhysicalPath === 'function'
        ? ` used for ${context.getPhysicalPath().join('/')}`
        : '';
    return `<${pythonName(this)} at ${this.getPhysicalPath().join('/')}${elsewhere}>`;
  }

  /** Class and id: the text of an object does not depend on where it is. */
  __str__(): string {
    return `<${pythonName(this)} at ${this.getId()}>`;
  }
}

const pythonName = (object: object) => classNameOf(classOf(object))?.[1] ?? classOf(object).name;

/** Tabs that all content has; classes put their own before them. */
export const ITEM_OPTIONS: readonly ManageOption[] = [
  { label: 'Security', action: 'manage_access' },
  { label: 'Ownership', action: 'manage_owner' },
];
export const HISTORY_OPTION: ManageOption = { label: 'History', action: 'manage_change_history_page' };
export const PROPERTIES_OPTION: ManageOption = { label: 'Properties', action: 'manage_propertiesForm' };

Object.assign(Item.prototype, {
  id: '',
  title: '',
  meta_type: 'simple item',
  zmi_icon: 'far fa-file',
  manage_options: ITEM_OPTIONS,
});
registerClass(Item, 'OFS.SimpleItem.SimpleItem', { python: true, acquires: 'implicit' });

const contents = { permission: Permissions.accessContentsInformation };
const screens = { permission: Permissions.viewManagementScreens };
declareClass(Item, {
  default: 'allow',
  publishable: true,
  roles: {
    [Permissions.view]: ['Anonymous', 'Manager'],
    [Permissions.accessContentsInformation]: ['Anonymous', 'Manager'],
    [Permissions.deleteObjects]: ['Manager'],
    [Permissions.webdavAccess]: ['Authenticated', 'Manager'],
    'Manage WebDAV Locks': ['Manager'],
    'WebDAV Lock items': ['Manager'],
    'WebDAV Unlock items': ['Manager'],
  },
  published: ['manage_workspace', 'manage', 'manage_menu', 'manage_zmi_logout'],
  names: {
    manage: screens,
    manage_main: screens,
    manage_menu: screens,
    // For everybody who has logged in, which it checks itself: who may see no page gets no further.
    manage_workspace: 'public',
    manage_zmi_logout: 'public',
    filtered_manage_options: screens,
    objectIds: contents,
    objectValues: contents,
    objectItems: contents,
    meta_type: 'object',
    zmi_icon: 'object',
    manage_options: screens,
  },
  signatures: { objectIds: 'spec=None', objectValues: 'spec=None', objectItems: 'spec=None' },
});

registerType(Item, {
  operators: { repr: (self) => self.__repr__(), str: (self) => self.__str__(), bool: () => true },
});
