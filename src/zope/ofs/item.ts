/** What every content object has: an id and title, its place in the site, roles and an owner (INVENTORY O-022, O-023, S-045). */
import {
  aqBase,
  aqChain,
  aqInner,
  aqParent,
  classNameOf,
  classOf,
  getOwn,
  Persistent,
  registerClass,
} from '../../persistent/index.ts';
import { Dict, Tuple, tuple, tupleFrom } from '../../pickle/index.ts';
import { declareClass, registerType } from '../../restricted/index.ts';
import {
  EmergencyUserCannotOwn,
  getSecurityManager,
  isEmergencyUser,
  Permissions,
  type User,
} from '../../access/index.ts';
import {
  getRequest,
  type HTTPRequest,
  type HTTPResponse,
  MethodNotAllowed,
  NotFound,
  quote,
  Redirect,
} from '../../publisher/index.ts';
import { head, options } from './resource.ts';
import { restrictedTraverse, unrestrictedTraverse } from '../../publisher/index.ts';

export class Item extends Persistent {
  declare id: string;
  declare title: string;
  declare meta_type: string;
  declare zmi_icon: string;
  declare manage_options: readonly ManageOption[];

  /** The page of the object in the management interface; classes with one of their own override it. */
  manage_main(_message?: string): string {
    throw new NotFound('manage_main');
  }

  /** Leads to the first page of the management interface that the object has. */
  manage_workspace(): never {
    throw new Redirect(
      `${this.absolute_url().replace(/\/$/, '')}/${this.manage_options[0]?.action ?? 'manage_main'}`,
    );
  }

  HEAD(request: HTTPRequest, response: HTTPResponse): HTTPResponse {
    return head(this, request, response);
  }

  OPTIONS(request: HTTPRequest, response: HTTPResponse): HTTPResponse {
    return options(this, request, response);
  }

  /** Nothing can be made where something is. */
  MKCOL(): never {
    throw new MethodNotAllowed('The resource already exists.');
  }

  getId(): string {
    const own = getOwn(this, 'id') as string;
    return own === '' ? ((getOwn(this, '__name__') as string | undefined) ?? '') : own;
  }

  title_or_id(): string {
    return this.title || this.getId();
  }

  title_and_id(): string {
    return this.title ? `${this.title} (${this.getId()})` : this.getId();
  }

  this(): this {
    return this;
  }

  /** The names from the root to here; the first is empty. */
  getPhysicalPath(): Tuple<string> {
    const names = [this.getId()];
    // Templates ask for it all the time: one walk, not a tuple for each container.
    for (let at = aqParent(aqInner(this)) as Item | null; at !== null; at = aqParent(aqInner(at)) as Item) {
      const { getPhysicalPath } = at;
      if (typeof getPhysicalPath !== 'function') break;
      if (getPhysicalPath !== Item.prototype.getPhysicalPath) {
        names.push(...[...at.getPhysicalPath()].reverse());
        break;
      }
      names.push(at.getId());
    }
    return tupleFrom(names.reverse());
  }

  getPhysicalRoot(): object {
    return aqChain(aqInner(this)).at(-1) as object;
  }

  absolute_url(relative: unknown = 0): string {
    if (relative) return this.virtual_url_path();
    const request = getRequest();
    const path = this.getPhysicalPath();
    return request === undefined ? path.map(quote).join('/') : request.physicalPathToURL(path);
  }

  absolute_url_path(): string {
    const path = this.getPhysicalPath();
    return getRequest()?.physicalPathToURL(path, true) || path.map(quote).join('/') || '/';
  }

  virtual_url_path(): string {
    const path = this.getPhysicalPath();
    const names = getRequest()?.physicalPathToVirtualPath(path) ?? path;
    return names.map(quote).join('/');
  }

  tpURL(): string {
    return quote(this.getId());
  }

  tpValues(): unknown[] {
    return [];
  }

  getParentNode(): unknown {
    return aqParent(aqInner(this));
  }

  restrictedTraverse(path: string | readonly string[], ...fallback: [unknown?]): unknown {
    return restrictedTraverse(this, path, ...fallback);
  }

  unrestrictedTraverse(path: string | readonly string[], ...fallback: [unknown?]): unknown {
    return unrestrictedTraverse(this, path, ...fallback);
  }

  /** Path of the owner's user folder and his id, acquired; null when nobody owns this. */
  getOwnerTuple(): readonly [readonly string[], string] | null {
    for (const at of aqChain(aqInner(this)) as object[]) {
      const owner = getOwn(at, '_owner');
      if (owner !== undefined) return owner as [readonly string[], string] | null;
    }
    return null;
  }

  /** The user who owns this, in his user folder; null for nobody. */
  getWrappedOwner(): User | null {
    const owner = this.getOwnerTuple();
    if (!(owner instanceof Tuple) || owner.length !== 2) return null;
    const [path, id] = owner as unknown as [readonly string[], string];
    const root = this.getPhysicalRoot() as Item;
    const folder = unrestrictedTraverse(root, path, null) as { getUserById?(id: string): User | null } | null;
    return folder?.getUserById?.(id) ?? null;
  }

  getOwner(): User | null {
    return this.getWrappedOwner();
  }

  /** Roles of users on this object alone, by user id. */
  get_local_roles(): Tuple<Tuple<unknown>> {
    const roles =
      (getOwn(this, '__ac_local_roles__') as Dict<string, string[]> | null | undefined) ??
      new Dict<string, string[]>();
    return tupleFrom([...roles.keys()].sort().map((id) => tuple(id, tupleFrom(roles.get(id)!))));
  }

  get_local_roles_for_userid(userid: string): Tuple<string> {
    const roles = getOwn(this, '__ac_local_roles__') as Dict<string, string[]> | null | undefined;
    return tupleFrom(roles?.get(userid) ?? []);
  }

  manage_setLocalRoles(userid: string, roles: readonly string[]): void {
    if (roles.length === 0) throw new RangeError('One or more roles must be given!');
    const all = new Dict<string, unknown>(
      (getOwn(this, '__ac_local_roles__') as Dict<string, unknown> | null) ?? [],
    );
    all.set(userid, [...roles]);
    (this as unknown as Record<string, unknown>).__ac_local_roles__ = all;
  }

  /** Makes the current user the owner, with the role Owner, as whoever makes an object. */
  manage_fixupOwnershipAfterAdd(): void {
    const user = getSecurityManager().getUser();
    if (isEmergencyUser(user)) throw new EmergencyUserCannotOwn();
    const id = user.getId();
    if (id === null) return;
    const folder = aqParent(user) as Item | null;
    if (folder === null) return;
    (this as unknown as Record<string, unknown>)._owner = tuple([...folder.getPhysicalPath()].slice(1), id);
    this.manage_setLocalRoles(id, ['Owner']);
  }

  get REQUEST(): HTTPRequest | undefined {
    return getRequest();
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

/** A tab of the management interface. */
export interface ManageOption {
  readonly label: string;
  readonly action: string;
}

Object.assign(Item.prototype, {
  id: '',
  title: '',
  meta_type: 'simple item',
  zmi_icon: 'far fa-file',
  manage_options: [],
});
registerClass(Item, 'OFS.SimpleItem.SimpleItem', { python: true, acquires: 'implicit' });

const view = { permission: Permissions.view };
declareClass(Item, {
  default: 'allow',
  publishable: true,
  roles: {
    [Permissions.view]: ['Anonymous', 'Manager'],
    [Permissions.accessContentsInformation]: ['Anonymous', 'Manager'],
  },
  published: [
    'absolute_url',
    'absolute_url_path',
    'virtual_url_path',
    'manage_workspace',
    'HEAD',
    'OPTIONS',
    'MKCOL',
    'getId',
    'title_or_id',
    'title_and_id',
  ],
  names: {
    getId: 'public',
    HEAD: view,
    OPTIONS: 'public',
    MKCOL: 'public',
    manage_workspace: { permission: Permissions.viewManagementScreens },
    title_or_id: 'public',
    title_and_id: 'public',
    this: 'public',
    tpURL: 'public',
    tpValues: 'public',
    absolute_url: 'public',
    absolute_url_path: 'public',
    virtual_url_path: 'public',
    getPhysicalPath: 'public',
    getPhysicalRoot: 'private',
    getParentNode: { permission: Permissions.accessContentsInformation },
    restrictedTraverse: 'public',
    unrestrictedTraverse: 'private',
    getOwner: { permission: Permissions.accessContentsInformation },
    getOwnerTuple: 'private',
    getWrappedOwner: 'private',
    get_local_roles: 'public',
    get_local_roles_for_userid: 'public',
    manage_setLocalRoles: { permission: Permissions.changePermissions },
    manage_fixupOwnershipAfterAdd: 'private',
    REQUEST: 'public',
    title: view,
  },
  signatures: {
    HEAD: 'REQUEST, RESPONSE',
    OPTIONS: 'REQUEST, RESPONSE',
    absolute_url: 'relative=0',
    restrictedTraverse: 'path, default=None',
    get_local_roles_for_userid: 'userid',
    manage_setLocalRoles: 'userid, roles, REQUEST=None',
  },
});

registerType(Item, {
  operators: { repr: (self) => self.__repr__(), str: (self) => self.__str__(), bool: () => true },
});
