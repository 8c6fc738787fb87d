/** Objects that can be copied, moved and renamed (INVENTORY O-011). */
import { getLogger } from '@logtape/logtape';
import { aqBase, aqInner, aqParent, getOwn } from '../../persistent/index.ts';
import { tupleFrom } from '../../pickle/index.ts';
import { declareClass, getSecurityPolicy } from '../../restricted/index.ts';
import { Permissions } from '../../access/index.ts';
import type { Connection } from '../../zodb/index.ts';
import { CopyError } from './errors.ts';
import type { Item } from './item.ts';
import type { ObjectManager } from './object-manager.ts';
import { RoleManager } from './role-manager.ts';

const logger = getLogger(['OFS']);

/** The database connection of an object; undefined before it is stored. */
export function connectionOf(object: object): Connection | undefined {
  return ((object as { _p_jar?: unknown })._p_jar ?? undefined) as Connection | undefined;
}

export class CopySource extends RoleManager {
  /** Whether the object may be copied (0) or moved (1) at all; classes that refuse override it. */
  _canCopy(_operation = 0): unknown {
    return 1;
  }

  /** Called before the object is copied or moved to a container; throws to refuse. */
  _notifyOfCopyTo(_container: object, _operation = 0): void {}

  /** Called on the copy, or on what was moved, in its new place. */
  _postCopy(_container: object, _operation = 0): void {}

  /** Some classes keep their id under another name. */
  _setId(id: string): void {
    const self = this as unknown as Record<string, unknown>;
    self[getOwn(aqBase(this) as object, '__name__') === undefined ? 'id' : '__name__'] = id;
  }

  /** A copy with all that it contains, less what the current user may not view; it has no place yet. */
  _getCopy(container: ObjectManager): Item {
    const connection = connectionOf(this) ?? connectionOf(container);
    connection?.transactionManager.savepoint(true);
    const own = connectionOf(this);
    if (own === undefined)
      throw new CopyError(`Object "${this.getId()}" needs to be in the database to be copied`);
    if (connectionOf(container) === undefined)
      throw new CopyError(`Container "${container.getId()}" needs to be in the database`);
    const copy = connectionOf(container)!.importFile<Item>(own.exportFile(aqBase(this) as object));
    if (getSecurityPolicy().checkPermission(Permissions.view, this)) this._cleanupCopy(copy, container);
    return copy;
  }

  _cleanupCopy(copy: object, container: ObjectManager): void {
    if (getOwn(aqBase(this) as object, 'isAnObjectManager') === undefined) return;
    const from = this as unknown as ObjectManager;
    const to = copy as ObjectManager;
    for (const id of from.objectIds()) {
      const child = from._getOb(id);
      if (getSecurityPolicy().checkPermission(Permissions.view, child)) {
        child._cleanupCopy?.(aqBase(to._getOb(id)) as object, container);
        continue;
      }
      logger.warn('While copying {from} to {to}, left {left} out: the user may not view the original.', {
        from: from.getPhysicalPath().join('/'),
        to: container.getPhysicalPath().join('/'),
        left: child.getPhysicalPath().join('/'),
      });
      to._delOb(id);
      to._objects = tupleFrom(to._objects.filter((record) => record.get('id') !== id));
    }
  }

  cb_isCopyable(): number {
    return this._canCopy(0) && this.cb_userHasCopyOrMovePermission() ? 1 : 0;
  }

  cb_isMoveable(): number {
    if (!this._canCopy(1) || connectionOf(this) === undefined) return 0;
    const parent = aqParent(aqInner(this)) as { _reserved_names?: readonly string[] } | null;
    if (parent?._reserved_names?.includes(this.getId())) return 0;
    return this.cb_userHasCopyOrMovePermission() ? 1 : 0;
  }

  cb_userHasCopyOrMovePermission(): number | null {
    return getSecurityPolicy().checkPermission(Permissions.copyOrMove, this) ? 1 : null;
  }
}

declareClass(CopySource, {
  roles: { [Permissions.copyOrMove]: ['Anonymous', 'Manager'] },
  names: {
    _canCopy: 'private',
    _notifyOfCopyTo: 'private',
    _postCopy: 'private',
    _setId: 'private',
    _getCopy: 'private',
    _cleanupCopy: 'private',
    cb_isCopyable: { permission: Permissions.viewManagementScreens },
    cb_isMoveable: { permission: Permissions.viewManagementScreens },
    cb_userHasCopyOrMovePermission: { permission: Permissions.viewManagementScreens },
  },
});
