/** Containers: objects by id, in the order in which they were put in (INVENTORY O-009, O-010). */
import { aqBase, getOwn, type Persistent, registerClass, wrap } from '../../persistent/index.ts';
import { Dict, type Tuple, tuple, tupleFrom } from '../../pickle/index.ts';
import { AttributeError, declareClass, htmlQuote, KeyError } from '../../restricted/index.ts';
import { getSecurityManager, Permissions } from '../../access/index.ts';
import { BadRequest, HTTPRequest } from '../../publisher/index.ts';
import { contentsPage } from '../zmi/contents.ts';
import { importExportPage } from '../zmi/import-export.ts';
import { checkValidId } from './check-id.ts';
import { CopyContainer } from './copy-container.ts';
import { notify } from './events.ts';
import { exportObject, importObject } from './import-export.ts';
import type { Item } from './item.ts';
import { namesOf } from './names.ts';
import { addableTo } from './products.ts';

type ObjectRecord = Dict;
export type Spec = string | readonly string[] | null | undefined;

export interface SetOptions {
  /** Whether the current user becomes the owner (default). */
  readonly setOwner?: boolean;
  readonly suppressEvents?: boolean;
}

export class ObjectManager extends CopyContainer {
  declare _objects: readonly ObjectRecord[];
  declare has_order_support: number;

  /** Ids of the contained objects, all or those of some meta types. */
  override objectIds(spec?: Spec): string[] {
    const ids: string[] = [];
    for (const item of this._objects) {
      if (matches(spec, item.get('meta_type'))) ids.push(item.get('id') as string);
    }
    return ids;
  }

  override objectValues(spec?: Spec): object[] {
    return this.objectIds(spec).map((id) => this._getOb(id));
  }

  override objectItems(spec?: Spec): Tuple<unknown>[] {
    return this.objectIds(spec).map((id) => tuple(id, this._getOb(id)));
  }

  objectMap(): Tuple<ObjectRecord> {
    return tupleFrom(this._objects.map((item) => new Dict(item)));
  }

  hasObject(id: string): boolean {
    return this._objects.some((item) => item.get('id') === id);
  }

  has_key(id: string): boolean {
    return this.hasObject(id);
  }

  __contains__(id: string): boolean {
    return this.hasObject(id);
  }

  keys(): string[] {
    return this.objectIds();
  }

  values(): object[] {
    return this.objectValues();
  }

  items(): Tuple<unknown>[] {
    return this.objectItems();
  }

  get(id: string, fallback: unknown = null): unknown {
    return this.hasObject(id) ? this._getOb(id) : fallback;
  }

  __getitem__(id: string): unknown {
    if (this.hasObject(id)) return this._getOb(id);
    throw new KeyError(id);
  }

  __len__(): number {
    return this.objectIds().length;
  }

  *[Symbol.iterator](): Generator<string> {
    yield* this.objectIds();
  }

  // Where contained objects are kept; containers that keep them elsewhere override these three.

  /** A contained object, wrapped in this container. Throws an AttributeError for an id that is not there. */
  _getOb(id: string): Item {
    const value = getOwn(aqBase(this) as object, id);
    if (value === undefined || value === null || typeof value !== 'object') throw new AttributeError(id);
    return wrap(aqBase(value) as Persistent, this) as unknown as Item;
  }

  _setOb(id: string, object: Item): void {
    (this as unknown as Record<string, unknown>)[id] = object;
  }

  _delOb(id: string): void {
    delete (this as unknown as Record<string, unknown>)[id];
  }

  /** Throws a BadRequest for an id that no new object here can have. */
  _checkId(id: unknown, allowDuplicate: unknown = 0): void {
    checkValidId(this, id, allowDuplicate);
  }

  /** Puts an object in; the current user becomes its owner. Returns the id. */
  _setObject(id: string, object: Item, options: SetOptions = {}): string {
    this._checkId(id);
    const base = aqBase(object) as Item;
    // An object that may be replaced gives way.
    if (this.hasObject(id)) this._delObject(id);
    const place = { oldParent: null, newParent: this, newName: id };
    if (!options.suppressEvents) notify({ kind: 'ObjectWillBeAdded', object, ...place });
    this._register(id, base);
    this._setOb(id, base);
    const child = this._getOb(id);
    if (options.setOwner !== false && typeof child.manage_fixupOwnershipAfterAdd === 'function') {
      child.manage_fixupOwnershipAfterAdd();
      if (getOwn(base, '__ac_local_roles__') === null) {
        const userId = getSecurityManager().getUser().getId();
        if (userId !== null) child.manage_setLocalRoles(userId, ['Owner']);
      }
    }
    if (!options.suppressEvents) {
      notify({ kind: 'ObjectAdded', object: child, ...place });
      notify({ kind: 'ContainerModified', object: this });
    }
    return id;
  }

  /** Notes id and meta type of what is put in. */
  _register(id: string, object: Item): void {
    const metaType = (getOwn(object, 'meta_type') as string | undefined) ?? null;
    this._objects = tuple(...this._objects, Dict.from<unknown>({ id, meta_type: metaType }));
  }

  _unregister(id: string): void {
    this._objects = tupleFrom(this._objects.filter((item) => item.get('id') !== id));
  }

  _delObject(id: string, options: { readonly suppressEvents?: boolean } = {}): void {
    const object = this._getOb(id);
    const place = { oldParent: this, oldName: id, newParent: null };
    if (!options.suppressEvents) notify({ kind: 'ObjectWillBeRemoved', object, ...place });
    this._unregister(id);
    this._delOb(id);
    if (!options.suppressEvents) {
      notify({ kind: 'ObjectRemoved', object, ...place });
      notify({ kind: 'ContainerModified', object: this });
    }
  }

  /** Removes objects. Throws a BadRequest, and removes none, where one is not there. */
  manage_delObjects(ids?: unknown, request?: unknown): string | null {
    const names = namesOf(ids);
    if (names.length === 0) throw new BadRequest('No items specified');
    if (names.some((id) => this._reserved_names.includes(id))) throw new BadRequest('Not Deletable');
    // What was deleted before is there again when one is missing.
    for (const id of names.toReversed()) {
      if (!this.hasObject(id)) throw new BadRequest(`${htmlQuote(id)} does not exist`);
      this._delObject(id);
    }
    return request instanceof HTTPRequest ? this.manage_main(`Deleted ${names.join(', ')}.`) : null;
  }

  override manage_main(message?: string): string {
    return contentsPage(this, message);
  }

  /** The types that can be added here: mappings with `name`, `action` and `permission`. */
  all_meta_types(_interfaces?: unknown): Dict[] {
    return addableTo(this).map((type) => addEntry(type));
  }

  filtered_meta_types(_user?: unknown): Dict[] {
    return this.all_meta_types();
  }

  /** Answers with the export of an object, or writes it where the server keeps its data. */
  manage_exportObject(
    id?: string | null,
    download?: unknown,
    response?: unknown,
    request?: unknown,
  ): unknown {
    const object = id ? this._getOb(id) : this;
    return exportObject(this, object as Item, id || this.getId(), download, response, request);
  }

  manage_importObject(file: string, request?: unknown, set_owner: unknown = 1): unknown {
    return importObject(this, file, request, Boolean(set_owner));
  }

  manage_importExportForm(): string {
    return importExportPage(this);
  }

  override tpValues(): unknown[] {
    return this.objectIds()
      .sort()
      .map((id) => this._getOb(id))
      .filter((child) => Boolean(getOwn(child, 'isPrincipiaFolderish')));
  }

  /** Objects of some meta types in this container and all around it. */
  superValues(spec: Spec): object[] {
    const found = new Map<string, object>();
    let at: object | null = this.this();
    while (at !== null && typeof (at as ObjectManager).objectIds === 'function') {
      for (const id of (at as ObjectManager).objectIds(spec))
        if (!found.has(id)) found.set(id, (at as ObjectManager)._getOb(id));
      at = (at as Item).getParentNode() as object | null;
    }
    return [...found.values()];
  }
}

function addEntry(type: ReturnType<typeof addableTo>[number]): Dict {
  return Dict.from<unknown>({
    name: type.metaType,
    action: `manage_addProduct/${type.product}/${type.constructors[0]!.name}`,
    product: type.product,
    permission: type.permission,
  });
}

export function matches(spec: Spec, metaType: unknown): boolean {
  if (spec === undefined || spec === null) return true;
  return typeof spec === 'string' ? spec === metaType : spec.includes(metaType as string);
}

registerClass(ObjectManager, 'OFS.ObjectManager.ObjectManager', { python: true, acquires: 'implicit' });
Object.assign(ObjectManager.prototype, {
  _objects: tuple(),
  isAnObjectManager: 1,
  isPrincipiaFolderish: 1,
  has_order_support: 0,
  zmi_icon: 'far fa-folder',
});

const read = { permission: Permissions.accessContentsInformation };
const transfer = { permission: 'Import/Export objects' };
declareClass(ObjectManager, {
  object: read,
  roles: { 'FTP access': ['Manager'], 'Manage Site': ['Manager'] },
  published: ['manage_main', 'manage_importExportForm', 'manage_exportObject'],
  changes: ['manage_delObjects', 'manage_importObject'],
  names: {
    objectIds: read,
    objectValues: read,
    objectItems: read,
    objectMap: read,
    hasObject: read,
    has_key: read,
    keys: read,
    values: read,
    items: read,
    get: read,
    superValues: read,
    tpValues: read,
    manage_main: { permission: Permissions.viewManagementScreens },
    all_meta_types: { permission: Permissions.viewManagementScreens },
    filtered_meta_types: { permission: Permissions.viewManagementScreens },
    manage_delObjects: { permission: Permissions.deleteObjects },
    manage_exportObject: transfer,
    manage_importObject: transfer,
    manage_importExportForm: transfer,
    isAnObjectManager: 'object',
    isPrincipiaFolderish: 'object',
    has_order_support: 'object',
    _getOb: 'private',
    _setOb: 'private',
    _delOb: 'private',
    _checkId: 'private',
    _register: 'private',
    _unregister: 'private',
    _setObject: 'private',
    _delObject: 'private',
    _objects: 'private',
  },
  signatures: {
    objectIds: 'spec=None',
    objectValues: 'spec=None',
    objectItems: 'spec=None',
    get: 'id, default=None',
    hasObject: 'id',
    has_key: 'id',
    superValues: 't',
    manage_delObjects: 'ids=[], REQUEST=None',
    manage_exportObject: "id='', download=None, RESPONSE=None, REQUEST=None",
    manage_importObject: 'file, REQUEST=None, set_owner=1',
  },
});
