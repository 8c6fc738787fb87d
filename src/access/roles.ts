/** Which roles have a permission on an object (INVENTORY S-003 to S-005). */
import { classOf, ownAt, type Place, placeAround, placeOf } from '../persistent/index.ts';
import type { Class } from '../restricted/index.ts';
import { Tuple } from '../pickle/index.ts';
import { factsOf } from './class-facts.ts';

/** Roles that may do something; `null`: anybody. */
export type Roles = readonly string[] | null;

const attributes = new Map<string, string>();

/** The attribute that holds the roles of a permission: `View management screens` → `_View_management_screens_Permission`. */
export function permissionAttribute(permission: string): string {
  let attribute = attributes.get(permission);
  if (attribute === undefined) {
    attribute = `_${permission.replaceAll(/[^A-Za-z0-9_]/g, '_')}_Permission`;
    attributes.set(permission, attribute);
  }
  return attribute;
}

const NOBODY: readonly string[] = [];
const MANAGER: readonly string[] = ['Manager'];

function defaultRoles(permission: string, object: unknown): readonly string[] {
  if (object === null || typeof object !== 'object') return MANAGER;
  return factsOf(classOf(object) as Class).rolesFor(permission) ?? MANAGER;
}

/**
 * The roles that have `permission` on `object`: along the containers of the object, a list adds to what is acquired,
 * a tuple ends the search, and above all stand the defaults that the object's class declares.
 */
export function rolesForPermissionOn(permission: string, object: unknown): Roles {
  let attribute = permissionAttribute(permission);
  let found: string[] | undefined;
  let set = false;
  let at: Place | null = object !== null && typeof object === 'object' ? placeOf(object) : null;
  while (at !== null) {
    const roles = ownAt(at, attribute);
    if (roles === null) return null;
    if (typeof roles === 'string') {
      // A permission of this object that is mapped to another one, or to none.
      if (roles === '') return NOBODY;
      attribute = roles;
    } else if (roles instanceof Tuple) {
      return found === undefined ? (roles as readonly string[]) : [...(roles as readonly string[]), ...found];
    } else if (Array.isArray(roles)) {
      found = found === undefined ? [...(roles as string[])] : [...found, ...(roles as string[])];
    }
    set = Array.isArray(roles);
    at = placeAround(at);
  }
  // What is set on the root of a site hides the defaults, which are its class's in Python.
  if (set) return found!;
  const defaults = defaultRoles(permission, object);
  return found === undefined ? defaults : [...found, ...defaults];
}
