/** Who is responsible for an object, and for what code does on his behalf (INVENTORY S-045 to S-049). */
import { aqBase, aqChain, aqInner, aqParent, getOwn } from '../../persistent/index.ts';
import { Dict, Tuple, tuple } from '../../pickle/index.ts';
import {
  EmergencyUserCannotOwn,
  getSecurityManager,
  isEmergencyUser,
  nobody,
  Permissions,
  type User,
} from '../../access/index.ts';
import { getRequest, Unauthorized, unrestrictedTraverse } from '../../publisher/index.ts';
import { declareClass, getSecurityPolicy } from '../../restricted/index.ts';
import { ownerPage } from '../zmi/owner.ts';
import type { Item } from './item.ts';
import { Traversable } from './traversable.ts';

/** Path of a user folder below the root, and the id of a user in it. */
export type OwnerTuple = readonly [readonly string[], string];

/** What is kept of a user as owner; null for users of no folder. */
export function ownerInfo(user: User): OwnerTuple | null {
  const id = user.getId();
  const folder = aqParent(aqInner(user)) as { getPhysicalPath?(): readonly string[] } | null;
  if (id === null || folder === null || typeof folder.getPhysicalPath !== 'function') return null;
  return tuple([...folder.getPhysicalPath()].slice(1), id) as unknown as OwnerTuple;
}

/** What the own owner of an object was acquired as first, for as long as both are in memory. */
const origins = new WeakMap<OwnerTuple, OwnerTuple>();
const originOf = (owner: OwnerTuple): OwnerTuple => origins.get(owner) ?? owner;

const copyOf = ([path, id]: OwnerTuple) => tuple([...path], id) as unknown as OwnerTuple;

const same = (a: OwnerTuple | null, b: OwnerTuple | null) =>
  a instanceof Tuple &&
  b instanceof Tuple &&
  a[1] === b[1] &&
  (a[0] as string[]).join('/') === (b[0] as string[]).join('/');

export class Owned extends Traversable {
  declare _owner: OwnerTuple | null;

  /** Path of the owner's user folder and his id, acquired from the containers; null when nobody owns this. */
  getOwnerTuple(): OwnerTuple | null {
    for (const at of aqChain(aqInner(this), true) as object[]) {
      const owner = getOwn(at, '_owner');
      if (owner !== undefined) return owner as OwnerTuple | null;
    }
    return null;
  }

  owner_info(): Dict | null {
    const owner = this.getOwnerTuple();
    if (!(owner instanceof Tuple)) return null;
    return Dict.from<unknown>({
      path: (owner[0] as string[]).join('/'),
      id: owner[1],
      explicit: getOwn(this, '_owner') !== undefined,
      userCanChangeOwnershipType: getSecurityPolicy().checkPermission(Permissions.takeOwnership, this)
        ? 1
        : 0,
    });
  }

  /** The user who owns this, in his user folder; nobody's user when he is gone, null when there is no owner. */
  getWrappedOwner(): User | null {
    const owner = this.getOwnerTuple();
    if (!(owner instanceof Tuple) || owner.length !== 2) return null;
    const [path, id] = owner as unknown as OwnerTuple;
    const folder = unrestrictedTraverse(this.getPhysicalRoot(), path, null) as {
      getUserById?(id: string, fallback: unknown): User | null;
    } | null;
    return folder?.getUserById?.(id, null) ?? nobody;
  }

  getOwner(): User | null {
    return this.getWrappedOwner();
  }

  userCanTakeOwnership(): number {
    const info = ownerInfo(getSecurityManager().getUser());
    if (info === null || same(this.getOwnerTuple(), info)) return 0;
    return getSecurityPolicy().checkPermission(Permissions.takeOwnership, this) ? 1 : 0;
  }

  /** Gives the object to a user, with `recursive` all that it contains; a user of no folder changes nothing. */
  changeOwnership(user: User, recursive: unknown = 0): void {
    const info = ownerInfo(user);
    if (info === null) return;
    if (!recursive && same(this.getOwnerTuple(), info)) return;
    if (recursive) for (const child of contained(this)) child.changeOwnership(user, 1);
    this._owner = info;
  }

  manage_takeOwnership(recursive: unknown = 0): string {
    const request = getRequest();
    const referer = String(request?.get('HTTP_REFERER') ?? '').replace(/[?#].*$/s, '');
    const manager = getSecurityManager();
    if (referer !== `${String(request?.get('URL1'))}/manage_owner` || manager.calledByExecutable())
      throw new Unauthorized('manage_takeOwnership was called from an invalid context');
    this.changeOwnership(manager.getUser(), recursive);
    request?.response.redirect(request.get('HTTP_REFERER'));
    return '';
  }

  /**
   * Keeps an owner of the object's own, or with 0 leaves it to the containers again, where it still is the one that was acquired from there:
   * what came from elsewhere keeps its owner when they get another one, also if that is the same user now.
   */
  manage_changeOwnershipType(explicit: unknown = 1, response?: unknown): void {
    const own = getOwn(this, '_owner') as OwnerTuple | null | undefined;
    if (explicit) {
      if (own !== undefined && own !== null) return;
      const owner = this.getOwnerTuple();
      if (owner instanceof Tuple) {
        // A copy: a record's lists are its own.
        this._owner = copyOf(owner as unknown as OwnerTuple);
        origins.set(getOwn(this, '_owner') as OwnerTuple, originOf(owner));
      }
    } else {
      if (own === undefined || own === null) return;
      const parent = aqParent(this) as Owned | null;
      const around = typeof parent?.getOwnerTuple === 'function' ? parent.getOwnerTuple() : null;
      if (around !== null && originOf(own) === originOf(around)) delete (this as { _owner?: unknown })._owner;
    }
    const request = getRequest();
    if (response !== undefined && response !== null && request !== undefined)
      request.response.redirect(request.get('HTTP_REFERER'));
  }

  _deleteOwnershipAfterAdd(): void {
    if (getOwn(aqBase(this) as object, '_owner') !== undefined) delete (this as { _owner?: unknown })._owner;
    for (const child of contained(this)) child._deleteOwnershipAfterAdd?.();
  }

  /** Makes the current user the owner of what has just been put in its place; what it contains belongs to it. */
  manage_fixupOwnershipAfterAdd(): void {
    const user = getSecurityManager().getUser();
    if (isEmergencyUser(user) && !this.__creatable_by_emergency_user__()) throw new EmergencyUserCannotOwn();
    this.changeOwnership(user);
    for (const child of contained(this)) child._deleteOwnershipAfterAdd?.();
  }

  /** Whether the emergency user may make it all the same: nobody owns it then. */
  __creatable_by_emergency_user__(): boolean {
    return false;
  }

  manage_owner(): string {
    return ownerPage(this as unknown as Item);
  }
}

function contained(object: object): Item[] {
  return getOwn(object, 'isAnObjectManager') !== undefined
    ? ((object as { objectValues(): object[] }).objectValues() as Item[]).filter(
        (child) => typeof getOwn(child, 'changeOwnership') === 'function',
      )
    : [];
}

const take = { permission: Permissions.takeOwnership };
declareClass(Owned, {
  roles: { [Permissions.takeOwnership]: ['Owner'] },
  published: ['manage_owner', 'owner_info'],
  postOnly: ['manage_takeOwnership', 'manage_changeOwnershipType'],
  names: {
    manage_owner: { permission: Permissions.viewManagementScreens },
    owner_info: { permission: Permissions.viewManagementScreens },
    userCanTakeOwnership: { permission: Permissions.viewManagementScreens },
    getOwner: 'private',
    getOwnerTuple: 'private',
    getWrappedOwner: 'private',
    changeOwnership: 'private',
    manage_takeOwnership: take,
    manage_changeOwnershipType: take,
    manage_fixupOwnershipAfterAdd: 'private',
    _deleteOwnershipAfterAdd: 'private',
    __creatable_by_emergency_user__: 'private',
  },
  signatures: {
    manage_takeOwnership: 'recursive=0',
    manage_changeOwnershipType: 'explicit=1, RESPONSE=None, REQUEST=None',
  },
});
