/** Cut, copy, paste, rename and clone in containers (INVENTORY O-011). */
import { aqBase, aqInner, aqParent, getOwn } from '../../persistent/index.ts';
import { Dict } from '../../pickle/index.ts';
import { declareClass, getSecurityPolicy, Unauthorized } from '../../restricted/index.ts';
import { Permissions } from '../../access/index.ts';
import { BadRequest, getRequest, HTTPRequest, unrestrictedTraverse } from '../../publisher/index.ts';
import { renamePage } from '../zmi/rename.ts';
import { type Clipboard, COPY, decodeClipboard, encodeClipboard, MOVE } from './clipboard.ts';
import { CopyError } from './errors.ts';
import { notify } from './events.ts';
import type { Item } from './item.ts';
import { namesOf } from './names.ts';
import type { ObjectManager } from './object-manager.ts';
import { products } from './products.ts';
import { PropertyManager } from './properties.ts';

const COOKIE = '__cp';

export class CopyContainer extends PropertyManager {
  manage_cutObjects(ids?: unknown, request?: unknown): unknown {
    return putOnClipboard(this as unknown as ObjectManager, MOVE, ids, request);
  }

  manage_copyObjects(ids?: unknown, request?: unknown): unknown {
    return putOnClipboard(this as unknown as ObjectManager, COPY, ids, request);
  }

  /** Puts what the clipboard names in here. Answers with the listing, or with a list of old and new ids. */
  manage_pasteObjects(cb_copy_data?: unknown, request?: unknown): unknown {
    const form = request instanceof HTTPRequest ? request : undefined;
    const data = cb_copy_data ?? form?.get(COOKIE) ?? null;
    const [operation, result] = this._pasteObjects(data as string | null);
    if (form === undefined) return result;
    if (operation === MOVE) {
      form.response.setCookie(COOKIE, 'deleted', {
        path: cookiePath(form),
        expires: 'Wed, 31-Dec-97 23:59:59 GMT',
      });
      form.set(COOKIE, null);
    }
    return this.manage_main(`${result.length} object${result.length === 1 ? '' : 's'} pasted.`);
  }

  _pasteObjects(data: string | Uint8Array | null): [number, Dict[]] {
    if (data === null) throw new CopyError('No clipboard data found.');
    const { operation, paths } = decodeClipboard(data);
    const here = this as unknown as ObjectManager;
    const root = this.getPhysicalRoot();
    const objects = paths.map((path) => {
      const object = unrestrictedTraverse(root, path, null) as Item | null;
      if (object === null) throw new CopyError('Item Not Found');
      verifyPaste(here, object, operation);
      return object;
    });
    const result = objects.map((object) =>
      Dict.from<unknown>({
        id: object.getId(),
        new_id: operation === COPY ? pasteCopy(here, object) : pasteMoved(here, object),
      }),
    );
    return [operation, result];
  }

  /** An id that is free here: the wanted one, or one made of it. */
  _get_id(wanted: string): string {
    const match = /^copy([0-9]*)_of_(.*)$/s.exec(wanted);
    let n = match === null ? 0 : Number(match[1] || 1);
    const original = match === null ? wanted : match[2]!;
    const taken = (id: string) => {
      const own = getOwn(aqBase(this) as object, id);
      return (own !== undefined && own !== null) || (this as unknown as ObjectManager).hasObject(id);
    };
    for (let id = wanted; ; n++) {
      if (!taken(id)) return id;
      id = `copy${n > 0 ? n + 1 : ''}_of_${original}`;
    }
  }

  manage_renameForm(ids?: unknown): string {
    return renamePage(this as unknown as ObjectManager, namesOf(ids));
  }

  manage_renameObjects(ids?: unknown, new_ids?: unknown, request?: unknown): unknown {
    const [from, to] = [namesOf(ids), namesOf(new_ids)];
    if (from.length !== to.length) throw new BadRequest('Please rename each listed object.');
    for (const [index, id] of from.entries())
      if (id !== to[index]) this.manage_renameObject(id, to[index]!, null);
    return request instanceof HTTPRequest ? this.manage_main('Saved changes.') : null;
  }

  manage_renameObject(id: string, new_id: string, request?: unknown): unknown {
    const here = this as unknown as ObjectManager;
    checkNewId(here, new_id);
    const object = here._getOb(id);
    if (!object.cb_isMoveable()) throw new CopyError('Not Supported');
    verifyPaste(here, object, COPY);
    asked(() => object._notifyOfCopyTo(here, MOVE), 'Rename Error');
    move(object, here, id, here, new_id);
    return request instanceof HTTPRequest ? this.manage_main('Saved changes.') : null;
  }

  /** A copy of an object in this container, under a new id. */
  manage_clone(object: Item, id: string, _request?: unknown): Item {
    const here = this as unknown as ObjectManager;
    if (typeof object !== 'object' || object === null || typeof object.cb_isCopyable !== 'function')
      throw new CopyError('Not Supported');
    if (!object.cb_isCopyable()) throw new CopyError('Not Supported');
    checkNewId(here, id);
    verifyPaste(here, object, COPY);
    asked(() => object._notifyOfCopyTo(here, COPY), 'Clone Error');
    return copy(object, here, id);
  }

  cb_dataValid(): number {
    return clipboardOf(getRequest()) === null ? 0 : 1;
  }

  cb_dataItems(): Item[] {
    const root = this.getPhysicalRoot();
    return (clipboardOf(getRequest())?.paths ?? [])
      .map((path) => unrestrictedTraverse(root, path, null) as Item | null)
      .filter((object) => object !== null);
  }

  _verifyObjectPaste(object: Item, validate_src = 1): void {
    verifyPaste(this as unknown as ObjectManager, object, validate_src === 2 ? MOVE : COPY, validate_src > 0);
  }
}

function checkNewId(container: ObjectManager, id: string): void {
  try {
    container._checkId(id);
  } catch (error) {
    throw error instanceof BadRequest ? new CopyError('Invalid Id') : error;
  }
}

function clipboardOf(request: HTTPRequest | undefined): Clipboard | null {
  const data = request?.get(COOKIE) ?? null;
  if (data === null) return null;
  try {
    return decodeClipboard(data as string);
  } catch (error) {
    if (error instanceof CopyError) return null;
    throw error;
  }
}

const cookiePath = (request: HTTPRequest) => String(request.get('BASEPATH1') || '/');

function putOnClipboard(
  container: ObjectManager,
  operation: typeof COPY | typeof MOVE,
  ids: unknown,
  request: unknown,
): unknown {
  const names = namesOf(ids);
  if (names.length === 0) throw new BadRequest('No items specified');
  const paths = names.map((id) => {
    const object = container._getOb(id);
    const possible = operation === MOVE ? object.cb_isMoveable?.() : object.cb_isCopyable?.();
    if (!possible) throw new CopyError('Not Supported');
    return [...object.getPhysicalPath()];
  });
  const data = encodeClipboard({ operation, paths });
  if (!(request instanceof HTTPRequest)) return data;
  request.response.setCookie(COOKIE, data, { path: cookiePath(request) });
  request.set(COOKIE, data);
  const what = `${names.length} object${names.length === 1 ? '' : 's'}`;
  return container.manage_main(
    `${what} ${operation === MOVE ? 'cut' : 'copied'}. Paste where you want them.`,
  );
}

/** Throws unless the current user could add such an object here and may reach that one where it is. */
function verifyPaste(here: ObjectManager, object: Item, operation: number, validateSource = true): void {
  const metaType = getOwn(aqBase(object) as object, 'meta_type');
  if (metaType === undefined) throw new CopyError('Not Supported');
  const type = products().find((each) => each.metaType === metaType);
  if (type === undefined || type.allowedIn?.(here) === false) throw new CopyError('Not Supported');
  const policy = getSecurityPolicy();
  if (!policy.checkPermission(type.permission, here)) throw new CopyError('Insufficient privileges');
  if (!validateSource) return;
  const parent = aqParent(aqInner(object));
  if (!policy.validate(null, parent, undefined, object)) throw new Unauthorized(object.getId());
  if (operation === MOVE && !policy.checkPermission(Permissions.deleteObjects, parent))
    throw new Unauthorized('Delete not allowed.');
}

/** Asks the object whether it agrees; what it throws is told as `message`, unless the request is to be tried again. */
function asked(ask: () => void, message: string): void {
  try {
    ask();
  } catch (error) {
    if ((error as { transient?: unknown }).transient === true) throw error;
    throw Object.assign(new CopyError(message), { cause: error });
  }
}

function copy(object: Item, here: ObjectManager, id: string): Item {
  const made = object._getCopy(here);
  made._setId(id);
  notify({ kind: 'ObjectCopied', object: made, original: object });
  here._setObject(id, made);
  const placed = here._getOb(id);
  placed._postCopy(here, COPY);
  notify({ kind: 'ObjectCloned', object: placed });
  return placed;
}

function pasteCopy(here: ObjectManager, object: Item): string {
  if (!object.cb_isCopyable()) throw new CopyError('Not Supported');
  asked(() => object._notifyOfCopyTo(here, COPY), 'Copy Error');
  const id = here._get_id(object.getId());
  copy(object, here, id);
  return id;
}

function pasteMoved(here: ObjectManager, object: Item): string {
  if (!object.cb_isMoveable()) throw new CopyError('Not Supported');
  asked(() => object._notifyOfCopyTo(here, MOVE), 'Move Error');
  for (let at: object | null = here; at !== null; at = aqParent(aqInner(at)) as object | null)
    if (aqBase(at) === aqBase(object)) throw new CopyError('This object cannot be pasted into itself');
  const id = object.getId();
  const from = aqParent(aqInner(object)) as ObjectManager;
  const newId = aqBase(from) === aqBase(here) ? id : here._get_id(id);
  // The owner goes along.
  object.manage_changeOwnershipType(1);
  move(object, from, id, here, newId).manage_changeOwnershipType(0);
  return newId;
}

/** Takes an object from its place to another one, or gives it another id. */
function move(object: Item, from: ObjectManager, id: string, to: ObjectManager, newId: string): Item {
  const place = { oldParent: from, oldName: id, newParent: to, newName: newId };
  notify({ kind: 'ObjectWillBeMoved', object, ...place });
  from._delObject(id, { suppressEvents: true });
  const base = aqBase(object) as Item;
  base._setId(newId);
  to._setObject(newId, base, { setOwner: false, suppressEvents: true });
  const placed = to._getOb(newId);
  notify({ kind: 'ObjectMoved', object: placed, ...place });
  notify({ kind: 'ContainerModified', object: from });
  if (aqBase(from) !== aqBase(to)) notify({ kind: 'ContainerModified', object: to });
  placed._postCopy(to, MOVE);
  return placed;
}

const screens = { permission: Permissions.viewManagementScreens };
declareClass(CopyContainer, {
  published: ['manage_renameForm'],
  changes: [
    'manage_cutObjects',
    'manage_copyObjects',
    'manage_pasteObjects',
    'manage_renameObjects',
    'manage_renameObject',
    'manage_clone',
  ],
  names: {
    manage_cutObjects: { permission: Permissions.deleteObjects },
    manage_copyObjects: screens,
    manage_pasteObjects: screens,
    manage_renameForm: screens,
    manage_renameObjects: screens,
    manage_renameObject: screens,
    // Checks itself what the user may add here and see there.
    manage_clone: 'public',
    cb_dataValid: screens,
    cb_dataItems: screens,
    _pasteObjects: 'private',
    _get_id: 'private',
    _verifyObjectPaste: 'private',
  },
  signatures: {
    manage_cutObjects: 'ids=None, REQUEST=None',
    manage_copyObjects: 'ids=None, REQUEST=None, RESPONSE=None',
    manage_pasteObjects: 'cb_copy_data=None, REQUEST=None',
    manage_renameForm: 'ids=()',
    manage_renameObjects: 'ids=[], new_ids=[], REQUEST=None',
    manage_renameObject: 'id, new_id, REQUEST=None',
    manage_clone: 'ob, id, REQUEST=None',
  },
});
