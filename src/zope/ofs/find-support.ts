/** Search through what a container holds (INVENTORY O-012). */
import { aqBase, aqInner, aqParent, getOwn } from '../../persistent/index.ts';
import { DateTime, type Tuple, Tuple as TupleClass, tuple } from '../../pickle/index.ts';
import { permissionAttribute, Permissions } from '../../access/index.ts';
import {
  type CompiledExpression,
  compileExpression,
  declareClass,
  getattr,
  getSecurityPolicy,
  NameError,
  truth,
} from '../../restricted/index.ts';
import { findPage } from '../zmi/find.ts';
import type { Item } from './item.ts';
import { namesOf } from './names.ts';
import { ObjectManager } from './object-manager.ts';

/** What is looked for; a criterion that is not given says nothing. */
export interface FindCriteria {
  readonly ids: readonly string[];
  readonly metaTypes: readonly string[];
  /** Part of what the object says of itself to searches: the source of a template, the content of a file. */
  readonly text: string;
  /** A Python expression over the object's attributes. */
  readonly expression: string;
  /** Seconds since 1970; null: any. */
  readonly changed: number | null;
  readonly changedBefore: boolean;
  readonly permission: string;
  readonly roles: readonly string[];
  readonly recursive: boolean;
}

export class FindSupport extends ObjectManager {
  /** Pairs of path and object. Arguments as in Python. */
  ZopeFind(
    obj: ObjectManager,
    obj_ids?: unknown,
    obj_metatypes?: unknown,
    obj_searchterm?: unknown,
    obj_expr?: unknown,
    obj_mtime?: unknown,
    obj_mspec?: unknown,
    obj_permission?: unknown,
    obj_roles?: unknown,
    search_sub: unknown = 0,
  ): Tuple<unknown>[] {
    return find(
      obj,
      criteria({
        obj_ids,
        obj_metatypes,
        obj_searchterm,
        obj_expr,
        obj_mtime,
        obj_mspec,
        obj_permission,
        obj_roles,
        search_sub,
      }),
    ).map(([path, object]) => tuple<unknown[]>(path, object));
  }

  manage_findForm(): string {
    return findPage(this);
  }
}

/** Reads the fields of the form or the arguments of a script. Throws a DateSyntaxError for a date that is none. */
export function criteria(given: Readonly<Record<string, unknown>>): FindCriteria {
  const text = (name: string) => {
    const value = given[name];
    return value === undefined || value === null ? '' : String(value);
  };
  const types = namesOf(given.obj_metatypes);
  const mtime = given.obj_mtime;
  return {
    ids: namesOf(given.obj_ids),
    metaTypes: types.includes('all') ? [] : types,
    text: text('obj_searchterm'),
    expression: text('obj_expr').trim(),
    changed:
      mtime === undefined || mtime === null || mtime === ''
        ? null
        : typeof mtime === 'number'
          ? mtime
          : Number(new DateTime(mtime).timeTime()),
    changedBefore: given.obj_mspec === '<',
    permission: text('obj_permission'),
    roles: namesOf(given.obj_roles),
    recursive: truth((given.search_sub ?? 0) as never),
  };
}

/** What matches, each with its path from `container`. */
export function find(container: ObjectManager, wanted: FindCriteria): [string, Item][] {
  const expression =
    wanted.expression === ''
      ? undefined
      : compileExpression(wanted.expression, {
          filename: 'find expression',
        });
  const found: [string, Item][] = [];
  const search = (at: ObjectManager, prefix: string): void => {
    for (const id of at.objectIds()) {
      const object = at._getOb(id);
      const path = prefix === '' ? id : `${prefix}/${id}`;
      const ghost = object._p_changed === null;
      const hit = matchesAll(object, id, wanted) && (expression === undefined || holds(expression, object));
      if (hit) found.push([path, object]);
      if (wanted.recursive && getOwn(aqBase(object) as object, 'isAnObjectManager') !== undefined)
        search(object as unknown as ObjectManager, path);
      // A search through a whole site must not fill the cache.
      if (ghost && !hit) object._p_deactivate();
    }
  };
  if (getOwn(aqBase(container) as object, 'isAnObjectManager') !== undefined) search(container, '');
  return found;
}

/** Whether an expression is true of an object; names are its attributes, and what it acquires. */
function holds(expression: CompiledExpression, object: Item): boolean {
  try {
    return truth(expression.evaluate((name) => attribute(object, name)) as never);
  } catch (error) {
    // An object without such an attribute is not what is looked for.
    if (error instanceof NameError) return false;
    throw error;
  }
}

function attribute(object: Item, name: string): unknown {
  return name.startsWith('_') ? undefined : getattr(object, name, undefined);
}

function matchesAll(object: Item, id: string, wanted: FindCriteria): boolean {
  if (wanted.ids.length > 0 && !wanted.ids.includes(id)) return false;
  if (wanted.metaTypes.length > 0 && !wanted.metaTypes.includes(object.meta_type)) return false;
  if (wanted.text !== '' && !textsOf(object).some((text) => text.includes(wanted.text))) return false;
  if (wanted.changed !== null) {
    const changed = object._p_mtime;
    if (changed === null || changed === undefined) return false;
    if (wanted.changedBefore ? changed >= wanted.changed : changed <= wanted.changed) return false;
  }
  if (wanted.permission !== '' && wanted.roles.length > 0) {
    const has = rolesSet(object, wanted.permission);
    if (!wanted.roles.every((role) => has.includes(role))) return false;
  }
  return true;
}

/**
 * The texts of an object that are searched: those that the finder may have. Zope asks nobody here, so that whoever may search
 * a folder finds out the source of what it holds, a search at a time.
 */
function textsOf(object: Item): string[] {
  const policy = getSecurityPolicy();
  return ['PrincipiaSearchSource', 'SearchableText'].flatMap((name) => {
    const method = getOwn(object, name);
    return typeof method === 'function' && policy.validate(object, object, name, method)
      ? [String((method as () => unknown).call(object))]
      : [];
  });
}

/** The roles that are set for a permission along the containers. */
function rolesSet(object: Item, permission: string): string[] {
  const name = permissionAttribute(permission);
  const roles: string[] = [];
  let at: object | null = object;
  while (at !== null && typeof at === 'object') {
    const set = getOwn(at, name);
    if (set === null) return [...roles, 'Manager', 'Anonymous'];
    if (Array.isArray(set)) roles.push(...(set as string[]));
    if (set instanceof TupleClass) break;
    at = aqParent(aqInner(at)) as object | null;
  }
  return roles;
}

const screens = { permission: Permissions.viewManagementScreens };
declareClass(FindSupport, {
  published: ['ZopeFind', 'manage_findForm'],
  names: { ZopeFind: screens, manage_findForm: screens },
  signatures: {
    ZopeFind:
      'obj, obj_ids=None, obj_metatypes=None, obj_searchterm=None, obj_expr=None, obj_mtime=None, obj_mspec=None, obj_permission=None, obj_roles=None, search_sub=0, REQUEST=None, result=None, pre=""',
  },
});
