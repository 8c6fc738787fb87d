/**
 * Mount points: in the site's tree, what a `mount-point` of zope.conf names in another database (INVENTORY O-059, C-035, C-037).
 * They are stored as those of Products.ZODBMountPoint are.
 */
import { getLogger } from '@logtape/logtape';
import { Permissions } from '../../access/index.ts';
import { aqBase, findClass, getOwn, metaOf, registerClass, wrap } from '../../persistent/index.ts';
import { Dict } from '../../pickle/index.ts';
import { BadRequest } from '../../publisher/index.ts';
import { declareClass, ValueError } from '../../restricted/index.ts';
import type { Mount } from '../../zconfig/index.ts';
import type { Connection } from '../../zodb/index.ts';
import { mountFailurePage, mountsPage } from '../zmi/mounts.ts';
import { Application } from './application.ts';
import { Folder } from './folder.ts';
import { Item, type ManageOption } from './item.ts';
import { namesOf } from './names.ts';
import { ObjectManager } from './object-manager.ts';
import { registerProduct } from './products.ts';

const META_TYPE = 'ZODB Mount Point';
const logger = getLogger(['Zope', 'ZODBMountPoint']);

let mounts: readonly Mount[] = [];

/** Tells what the site's zope.conf mounts. */
export function setMounts(given: readonly Mount[]): void {
  mounts = given;
}

function mountAt(path: string): Mount {
  const mount = mounts.find(({ virtualPath }) => virtualPath === path);
  if (mount === undefined) throw new ValueError(`No database configured for mount point at ${path}`);
  return mount;
}

const stepsOf = (path: string): string[] => path.split('/').filter((step) => step !== '');

/** What stands in the tree for an object of another database: reading it gives that object, in the context of its place here. */
export class MountedObject extends Item {
  /** The mount point's path in zope.conf. */
  declare _path: string;
  /** Whether the object is made in the other database when it is not there. */
  declare _create_mount_points: boolean;

  constructor(path: string) {
    super();
    this._path = path;
    this.id = stepsOf(path).at(-1) ?? '';
  }

  __of__(parent: object): object {
    try {
      return this._mounted(parent);
    } catch (error) {
      logger.error(`Failed to mount database. ${this._path}: {error}`, { error });
      return wrap(new UnmountedDatabase(this, error), parent);
    }
  }

  /** The object of the other database. Throws when that cannot be reached, or does not have it and it is not to be made. */
  _mounted(parent: object): object {
    const { database, realRoot, realPath, containerClass } = mountAt(this._path);
    const jar = (metaOf(this)!.jar ?? metaOf(aqBase(parent))?.jar ?? null) as Connection | null;
    if (jar === null) throw new ValueError(`the mount point ${this._path} is in no database yet`);
    const connection = jar.getConnection(database);
    const root = connection.root() as Map<string, object>;
    const rootName = realRoot ?? 'Application';
    let object = root.get(rootName);
    if (object === undefined) {
      if (!this._create_mount_points)
        throw new ValueError(`the database ${database} has no object ${rootName} at its root`);
      root.set(rootName, (object = new Application()));
      connection.add(object);
    }
    for (const step of stepsOf(realPath)) object = this._step(object, step, connection, containerClass);
    return wrap(aqBase(object), parent);
  }

  _step(container: object, id: string, connection: Connection, className: string | null): object {
    if (container instanceof ObjectManager && container.hasObject(id)) return container._getOb(id);
    const attribute = getOwn(aqBase(container) as object, id);
    if (typeof attribute === 'object' && attribute !== null) return wrap(attribute, container);
    if (className === null || !this._create_mount_points)
      throw new ValueError(`there is no object ${id} where ${this._path} leads to`);
    const [module, name] = [
      className.slice(0, className.lastIndexOf('.')),
      className.slice(className.lastIndexOf('.') + 1),
    ];
    const cls = findClass(module, name) as (new (id: string) => Item) | undefined;
    if (cls === undefined) throw new ValueError(`container-class ${className} is not known here`);
    const made = new cls(id);
    made.id = id;
    (container as ObjectManager)._setObject(id, made, { setOwner: false });
    connection.add(made);
    return (container as ObjectManager)._getOb(id);
  }
}

/** What is seen at a mount point whose database cannot be reached; never stored. */
export class UnmountedDatabase extends Item {
  declare readonly _v_mount: MountedObject;
  declare readonly _v_error: unknown;

  constructor(mount: MountedObject, error: unknown) {
    super();
    this.id = mount.id;
    this._v_mount = mount;
    this._v_error = error;
  }

  mount_error_(): string {
    return String(this._v_error);
  }

  manage_traceback(): string {
    return mountFailurePage(this, this._v_mount._path, this.mount_error_());
  }

  override manage_main(): string {
    return this.manage_traceback();
  }
}

/** What a mount point of zope.conf has become in the site. */
export interface MountStatus {
  readonly path: string;
  readonly name: string;
  readonly exists: boolean;
  readonly status: string;
}

/** The mount points of zope.conf below the root, and whether they are in the tree. */
export function mountStatus(container: ObjectManager): MountStatus[] {
  return mounts
    .filter(({ virtualPath }) => virtualPath !== '/')
    .map(({ virtualPath: path, database: name }) => ({ path, name, ...statusOf(container, path) }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

function statusOf(container: ObjectManager, path: string): { exists: boolean; status: string } {
  let at = container.getPhysicalRoot() as object;
  for (const step of stepsOf(path)) {
    const next = at instanceof ObjectManager && at.hasObject(step) ? at._getOb(step) : null;
    if (next === null) return { exists: false, status: 'Ready to create' };
    if (next instanceof UnmountedDatabase) return { exists: true, status: next.mount_error_() };
    const point = (
      getOwn(aqBase(at) as object, '_mount_points') as Map<string, MountedObject> | undefined
    )?.get(step);
    if (point !== undefined && point._path === path) return { exists: true, status: 'Ok' };
    at = next;
  }
  return { exists: true, status: '** Something is in the way **' };
}

/**
 * Puts mount points into the tree, with folders on the way where there are none.
 *
 * @param createMountPoints Whether what is mounted is made in the other databases when it is not there.
 * @returns How many.
 */
export function addMounts(
  container: ObjectManager,
  paths: readonly string[],
  createMountPoints = true,
): number {
  for (const path of paths) {
    const { exists, status } = statusOf(container, path);
    if (exists) throw new BadRequest(`${path} cannot be mounted: ${status}`);
    let place = container.getPhysicalRoot() as ObjectManager;
    for (const step of stepsOf(path).slice(0, -1)) {
      if (!place.hasObject(step)) {
        const folder = new Folder(step);
        (metaOf(aqBase(place))!.jar as Connection).add(folder);
        place._setObject(step, folder);
      }
      place = place._getOb(step) as ObjectManager;
    }
    const point = new MountedObject(path);
    point._create_mount_points = createMountPoints;
    const connection = metaOf(aqBase(place))!.jar as Connection;
    // Now, so that nothing is in the tree when it fails.
    const mounted = point._mounted(place) as Item;
    connection.add(point);
    // The listing of the container tells the type of what is mounted; a stand-in keeps that from being told of its addition.
    const standIn = new Folder(point.id);
    standIn.meta_type = mounted.meta_type;
    place._setObject(point.id, standIn, { setOwner: false });
    place._setOb(point.id, point);
    const points = new Dict((getOwn(aqBase(place) as object, '_mount_points') as Dict | undefined) ?? []);
    points.set(point.id, point);
    (place as unknown as Record<string, unknown>)._mount_points = points;
  }
  return paths.length;
}

const screens = { permission: Permissions.viewManagementScreens };
const TRACEBACK: ManageOption = { label: 'Traceback', action: 'manage_traceback' };
registerClass(MountedObject, 'Products.ZODBMountPoint.MountedObject.MountedObject', {
  python: true,
  acquires: 'implicit',
});
Object.assign(MountedObject.prototype, {
  meta_type: META_TYPE,
  zmi_icon: 'fas fa-database',
  _isMountedObject: 1,
  _create_mount_points: true,
});
declareClass(MountedObject, { object: screens, names: { __of__: 'private' } });
registerClass(UnmountedDatabase, 'zope_ts.zope.UnmountedDatabase', { acquires: 'implicit' });
Object.assign(UnmountedDatabase.prototype, {
  meta_type: META_TYPE,
  zmi_icon: 'fas fa-database',
  _isMountedObject: 1,
  manage_options: [TRACEBACK],
});
declareClass(UnmountedDatabase, {
  object: screens,
  published: ['manage_traceback'],
  names: {
    manage_traceback: screens,
    mount_error_: screens,
  },
});

registerProduct({
  metaType: META_TYPE,
  product: 'ZODBMountPoint',
  permission: 'Add ZODB Mount Points',
  form: 'manage_addMountsForm',
  formPage: (container) => mountsPage(container, mountStatus(container)),
  constructors: [
    {
      name: 'manage_addMounts',
      signature: 'paths=(), create_mount_points=True, REQUEST=None',
      add: (container, { request }, paths?: unknown, createMountPoints: unknown = true) => {
        const count = addMounts(container, namesOf(paths), Boolean(createMountPoints));
        if (request === null) return undefined;
        const message = `Added ${count} mount points.`;
        request.response.redirect(
          `${container.absolute_url().replace(/\/$/, '')}/manage_main?manage_tabs_message=${encodeURIComponent(message)}`,
        );
        return '';
      },
    },
    {
      name: 'manage_getMountStatus',
      signature: '',
      add: (container) => mountStatus(container).map((status) => Dict.from<unknown>({ ...status })),
    },
  ],
});
