/** Folders for very many objects, of which only those in use are loaded (INVENTORY O-064). */
import { randomInt } from 'node:crypto';
import { aqBase, getOwn, type Persistent, registerClass, wrap } from '../../persistent/index.ts';
import { Length, OIBTree, OOBTree } from '../../btrees/index.ts';
import { type Dict, tuple, type Tuple } from '../../pickle/index.ts';
import { declareClass, KeyError, registerType } from '../../restricted/index.ts';
import { Permissions } from '../../access/index.ts';
import { BadRequest, getRequest, quote } from '../../publisher/index.ts';
import { Folder } from './folder.ts';
import type { Item } from './item.ts';
import { namesOf } from './names.ts';
import type { Spec } from './object-manager.ts';

export class BTreeFolder extends Folder {
  declare _tree: OOBTree<string, Item>;
  declare _count: Length;
  /** Ids by meta type. */
  declare _mt_index: OOBTree<string, OIBTree<string>>;

  constructor(id = '', title = '') {
    super(id, title);
    this._tree = new OOBTree();
    this._count = new Length();
    this._mt_index = new OOBTree();
  }

  override objectIds(spec?: Spec): string[] {
    if (spec === undefined || spec === null) return [...this._tree.keys()];
    const ids: string[] = [];
    for (const type of namesOf(spec)) ids.push(...(this._mt_index.get(type)?.keys() ?? []));
    return ids.sort();
  }

  override objectMap(): Tuple<Dict> {
    return tuple();
  }

  override hasObject(id: string): boolean {
    return typeof id === 'string' && this._tree.has(id);
  }

  /** How many objects are in here, without counting them. */
  objectCount(): number {
    return Number(this._count.value);
  }

  override __len__(): number {
    return this.objectCount();
  }

  override get(id: string, fallback: unknown = null): unknown {
    return this.hasObject(id) ? this._getOb(id) : fallback;
  }

  override _getOb(id: string): Item {
    const object = typeof id === 'string' ? this._tree.get(id) : undefined;
    if (object === undefined) throw new KeyError(id);
    return wrap(object as unknown as Persistent, this) as unknown as Item;
  }

  override _setOb(id: string, object: Item): void {
    if (this._tree.has(id)) throw new KeyError(`There is already an item named "${id}".`);
    this._tree.set(id, object);
    this._count.change(1);
    const type = getOwn(object, 'meta_type') as string | undefined;
    if (type === undefined || type === null) return;
    let ids = this._mt_index.get(type);
    if (ids === undefined) this._mt_index.set(type, (ids = new OIBTree()));
    ids.set(id, 1);
  }

  override _delOb(id: string): void {
    const object = this._tree.get(id);
    if (object === undefined) throw new KeyError(id);
    this._tree.delete(id);
    this._count.change(-1);
    const type = getOwn(object, 'meta_type') as string | undefined;
    const ids = type === undefined ? undefined : this._mt_index.get(type);
    if (ids === undefined || !ids.delete(id)) return;
    if (ids.keys().length === 0) this._mt_index.delete(type!);
  }

  override _register(): void {}

  override _unregister(): void {}

  override _checkId(id: unknown, allowDuplicate: unknown = 0): void {
    if (!allowDuplicate && typeof id === 'string' && this.hasObject(id))
      throw new BadRequest(`The id "${id}" is invalid--it is already in use.`);
    super._checkId(id, allowDuplicate);
  }

  /** An id that is not taken. */
  generateId(prefix = 'item', suffix = '', randomCeiling = 999_999_999): string {
    for (;;) {
      const id = `${prefix}${randomInt(1, Math.max(2, Math.floor(randomCeiling)))}${suffix}`;
      if (!this.hasObject(id) && getOwn(aqBase(this) as object, id) === undefined) return id;
    }
  }

  override tpValues(): unknown[] {
    return [];
  }

  /** Goes to the first of the chosen objects. */
  manage_object_workspace(ids?: unknown): string {
    const [id] = namesOf(ids);
    if (id === undefined || !this.hasObject(id)) return this.manage_main();
    getRequest()?.response.redirect(`${this.absolute_url()}/${quote(id)}/manage_workspace`);
    return '';
  }

  /** Whether the count and the index of types are right. Repairs them and says what was wrong. */
  manage_cleanup(): string {
    const wrong: string[] = [];
    const ids = [...this._tree.keys()];
    if (this.objectCount() !== ids.length) {
      wrong.push(`the count was ${this.objectCount()} instead of ${ids.length}`);
      this._count.set(ids.length);
    }
    for (const [type, index] of this._mt_index.items())
      for (const id of index.keys().toArray())
        if (!this._tree.has(id)) {
          wrong.push(`${id} is listed as ${type} and is not there`);
          index.delete(id);
        }
    return this.manage_main(wrong.length === 0 ? 'No damage found.' : `Repaired: ${wrong.join('; ')}.`);
  }
}

registerClass(BTreeFolder, 'Products.BTreeFolder2.BTreeFolder2.BTreeFolder2', {
  python: true,
  acquires: 'implicit',
});
Object.assign(BTreeFolder.prototype, { meta_type: 'BTreeFolder2' });
registerType(BTreeFolder, {
  pyName: 'BTreeFolder2',
  operators: {
    getitem: (self, key) => self._getOb(key as string),
    contains: (self, key) => self.hasObject(key as string),
    iter: (self) => self.objectIds(),
    len: (self) => self.objectCount(),
    bool: () => true,
    // Contained objects are attributes too, as in other folders.
    getattr: (self, name) =>
      getOwn(self, name) === undefined && self.hasObject(name) ? self._getOb(name) : undefined,
  },
});

const read = { permission: Permissions.accessContentsInformation };
const screens = { permission: Permissions.viewManagementScreens };
declareClass(BTreeFolder, {
  published: ['generateId', 'hasObject', 'has_key', 'manage_object_workspace', 'objectCount', 'tpValues'],
  changes: ['manage_cleanup'],
  names: {
    objectCount: read,
    generateId: read,
    manage_object_workspace: screens,
    manage_cleanup: screens,
    _tree: 'private',
    _count: 'private',
    _mt_index: 'private',
  },
  signatures: {
    generateId: "prefix='item', suffix='', rand_ceiling=999999999",
    manage_object_workspace: 'ids=()',
  },
});
