/** Objects whose class is not there: they can be seen, exported, moved and deleted, and keep what they are (INVENTORY O-036). */
import { aqBase, metaOf, registerClass } from '../../persistent/index.ts';
import { AttributeError, declareClass, registerType, repr } from '../../restricted/index.ts';
import { Permissions } from '../../access/index.ts';
import { setBrokenBase } from '../../zodb/index.ts';
import { brokenPage } from '../zmi/broken.ts';
import { Item } from './item.ts';

export class BrokenItem extends Item {
  override title_or_id(): string {
    return 'This object from the unknown product is broken!';
  }

  override title_and_id(): string {
    return this.title_or_id();
  }

  /** The Python class that is missing. */
  _className(): string {
    const { module, name } = metaOf(aqBase(this))?.info ?? {};
    return `${module}.${name}`;
  }

  override manage_main(message?: string): string {
    return brokenPage(this, message);
  }

  override __str__(): string {
    const oid = Buffer.alloc(8);
    oid.writeBigUInt64BE(BigInt(this._p_oid ?? 0));
    return `<persistent broken ${this._className()} instance ${repr(new Uint8Array(oid))}>`;
  }
}

registerClass(BrokenItem, 'OFS.Uninstalled.BrokenClass', { python: true, acquires: 'explicit' });
Object.assign(BrokenItem.prototype, {
  meta_type: 'Broken Because Product is Gone',
  zmi_icon: 'fas fa-puzzle-piece',
  index_html: null,
  manage_options: [{ label: 'Broken', action: 'manage_main' }],
});
registerType(BrokenItem, {
  operators: {
    str: (self) => self.__str__(),
    repr: (self) => self.__str__(),
    getattr: (_self, name) => {
      throw new AttributeError(name);
    },
  },
});
declareClass(BrokenItem, {
  object: { permission: Permissions.view },
  // Nobody knows what its attributes are for.
  default: 'deny',
  published: ['manage_main'],
  names: { manage_main: { permission: Permissions.viewManagementScreens }, _className: 'private' },
});
setBrokenBase(BrokenItem);
