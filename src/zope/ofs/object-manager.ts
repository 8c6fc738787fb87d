/** Containers: objects by id, in the order in which they were put in (INVENTORY O-009, O-010). */
import { aqBase, getOwn, Persistent, registerClass, wrap } from '../../persistent/index.ts';
import { Dict, Tuple, tuple, tupleFrom } from '../../pickle/index.ts';
import { declareClass, KeyError } from '../../restricted/index.ts';
import { Permissions } from '../../access/index.ts';
import { BadRequest } from '../../publisher/index.ts';
import type { Item } from './item.ts';
import { PropertyManager } from './properties.ts';

type ObjectRecord = Dict;
type Spec = string | readonly string[] | null | undefined;

/** Throws a BadRequest for an id that a container cannot give to a new object. */
export function checkValidId(container: ObjectManager, id: unknown, allowDuplicate = false): void {
  if (typeof id !== 'string' || id === '') throw new BadRequest('Empty or invalid id specified');
  if (id === '.' || id === '..')
    throw new BadRequest(`The id "${id}" is invalid because it is not traversable.`);
  // oxlint-disable-next-line no-control-regex
  if (/[^a-zA-Z0-9\-_~,.$()# @\u0080-\uffff]/u.test(id)) {
    throw new BadRequest(`The id "${id}" contains characters illegal in URLs.`);
  }
  if (id.startsWith('_'))
    throw new BadRequest(`The id "${id}" is invalid because it begins with an underscore.`);
  if (id.startsWith('aq_')) throw new BadRequest(`The id "${id}" is invalid because it begins with "aq_".`);
  if (id.startsWith('@@') || id.startsWith('++'))
    throw new BadRequest(`The id "${id}" is invalid because it begins with "${id.slice(0, 2)}".`);
  if (id.endsWith('__'))
    throw new BadRequest(`The id "${id}" is invalid because it ends with two underscores.`);
  if (id === 'REQUEST') throw new BadRequest('REQUEST is a reserved name.');
  if (!allowDuplicate && getOwn(aqBase(container) as object, id) !== undefined) {
    const taken = container.hasObject(id) ? 'it is already in use.' : 'it is reserved.';
    throw new BadRequest(`The id "${id}" is invalid - ${taken}`);
  }
}

export class ObjectManager extends PropertyManager {
  declare _objects: readonly ObjectRecord[];

  /** Ids of the contained objects, all or those of some meta types. */
  objectIds(spec?: Spec): string[] {
    const ids: string[] = [];
    for (const item of this._objects) {
      if (matches(spec, item.get('meta_type'))) ids.push(item.get('id') as string);
    }
    return ids;
  }

  objectValues(spec?: Spec): object[] {
    return this.objectIds(spec).map((id) => this._getOb(id));
  }

  objectItems(spec?: Spec): Tuple<unknown>[] {
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
    return this._objects.length;
  }

  *[Symbol.iterator](): Generator<string> {
    yield* this.objectIds();
  }

  /** A contained object, wrapped in this container. Throws a KeyError for an id that is not there. */
  _getOb(id: string): Item {
    const value = getOwn(this, id);
    if (value === undefined || value === null || typeof value !== 'object') throw new KeyError(id);
    return wrap(value as Persistent, this) as unknown as Item;
  }

  /** Puts an object in; the current user becomes its owner. Returns the id. */
  _setObject(id: string, object: Item, options: { setOwner?: boolean } = {}): string {
    checkValidId(this, id);
    const base = aqBase(object) as Item;
    const record = Dict.from<unknown>({ id, meta_type: base.meta_type });
    const self = this as unknown as Record<string, unknown>;
    self._objects = tuple(...this._objects, record);
    self[id] = base;
    const child = this._getOb(id);
    if (options.setOwner !== false && typeof child.manage_fixupOwnershipAfterAdd === 'function') {
      child.manage_fixupOwnershipAfterAdd();
    }
    return id;
  }

  _delObject(id: string): void {
    if (!this.hasObject(id)) throw new KeyError(id);
    const self = this as unknown as Record<string, unknown>;
    self._objects = tupleFrom(this._objects.filter((item) => item.get('id') !== id));
    delete self[id];
  }

  override tpValues(): unknown[] {
    return this.objectValues().filter(
      (child) => (child as { isPrincipiaFolderish?: unknown }).isPrincipiaFolderish,
    );
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

function matches(spec: Spec, metaType: unknown): boolean {
  if (spec === undefined || spec === null) return true;
  return typeof spec === 'string' ? spec === metaType : spec.includes(metaType as string);
}

registerClass(ObjectManager, 'OFS.ObjectManager.ObjectManager', { python: true, acquires: 'implicit' });
Object.assign(ObjectManager.prototype, {
  _objects: tuple(),
  isPrincipiaFolderish: 1,
  zmi_icon: 'far fa-folder',
});

const read = { permission: Permissions.accessContentsInformation };
declareClass(ObjectManager, {
  object: read,
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
    _getOb: 'private',
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
  },
});
