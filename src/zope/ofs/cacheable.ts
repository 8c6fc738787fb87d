/** Content whose results a cache manager keeps, and the part that says so in the management interface (INVENTORY O-050). */
import { aqAcquire, aqBase, aqInner, aqParent, getOwn, Persistent } from '../../persistent/index.ts';
import { Dict, type Tuple, tupleFrom } from '../../pickle/index.ts';
import { Permissions } from '../../access/index.ts';
import { HTTPRequest } from '../../publisher/index.ts';
import type { ClassDeclarations } from '../../restricted/index.ts';
import { cachePage } from '../zmi/cache.ts';
import type { Item, ManageOption } from './item.ts';

/** Names of the attributes in which Python keeps these. */
const MANAGER = '_Cacheable__manager_id';
const ENABLED = '_Cacheable__enabled';
/** On a container: the ids of its cache managers. */
export const MANAGERS = '__ZCacheManager_ids__';

/** What distinguishes a result from others of the same object; each value counts by its text. */
export type CacheKeys = Readonly<Record<string, unknown>>;

/** What a cache manager does. */
export interface Cache {
  /** The result that is kept for these keys; undefined for none. */
  get(object: Item, keys: CacheKeys | undefined): unknown;
  set(object: Item, value: unknown, keys: CacheKeys | undefined): void;
  /** Forgets what is kept of an object. Returns what is told to who asked for it. */
  invalidate(object: Item): string;
}

/** An object that has a cache. */
export interface CacheManagerObject extends Item {
  readonly _isCacheManager: unknown;
  _cache(): Cache;
}

const managerIdOf = (object: object) => (getOwn(object, MANAGER) ?? null) as string | null;

function managerOf(object: object): CacheManagerObject | undefined {
  const id = managerIdOf(object);
  if (id === null) return undefined;
  const manager: unknown = aqAcquire(object, id, {
    containment: true,
    filter: (_original, container, name) =>
      ((getOwn(container as object, MANAGERS) ?? []) as readonly string[]).includes(name),
    default: undefined,
  });
  if (typeof manager !== 'object' || manager === null) return undefined;
  return getOwn(manager, '_isCacheManager') ? (manager as CacheManagerObject) : undefined;
}

/** The cache of an object that is to be cached; undefined for others. Asked in every call: it costs one attribute for those. */
export function cacheOf(object: object): Cache | undefined {
  if (managerIdOf(object) === null || getOwn(object, ENABLED) === 0) return undefined;
  return managerOf(object)?._cache();
}

/** Forgets what caches keep of an object that has changed. */
export function invalidateCache(object: object): void {
  if (managerIdOf(object) !== null)
    managerOf(object)
      ?._cache()
      .invalidate(object as Item);
}

/** Managers that an object could use, the nearest first. */
function managersFor(object: object): { readonly id: string; readonly title: string }[] {
  const found = new Map<string, string>();
  for (let at = object as object | null; at !== null; at = aqParent(aqInner(at))) {
    for (const id of (getOwn(at, MANAGERS) ?? []) as readonly string[]) {
      const manager = getOwn(at, id) as Item | undefined;
      if (manager !== undefined && !found.has(id)) found.set(id, String(manager.title ?? ''));
    }
  }
  return [...found].map(([id, title]) => ({ id, title }));
}

/** The tab of content that can be cached, where there is a cache manager for it. */
export const CACHE_OPTION: ManageOption = {
  label: 'Cache',
  action: 'ZCacheable_manage',
  shownFor: (object) => managersFor(object).length > 0,
};

/** Methods of content that can be cached: mixed into its classes. */
export class Cacheable extends Persistent {
  ZCacheable_manage(message?: string): string {
    return cachePage(
      this as unknown as Item,
      managersFor(this),
      managerIdOf(this),
      this.ZCacheable_enabled(),
      message,
    );
  }

  ZCacheable_getManager(): CacheManagerObject | null {
    return managerOf(this) ?? null;
  }

  ZCacheable_isCachingEnabled(): boolean {
    return cacheOf(this) !== undefined;
  }

  ZCacheable_invalidate(_view_name = '', request?: unknown): unknown {
    const message =
      managerOf(this)
        ?._cache()
        .invalidate(this as unknown as Item) ?? 'This object is not associated with a cache manager.';
    return request instanceof HTTPRequest ? this.ZCacheable_manage(message) : message;
  }

  ZCacheable_getManagerId(): string | null {
    return managerIdOf(this);
  }

  ZCacheable_getManagerURL(): string | null {
    return managerOf(this)?.absolute_url() ?? null;
  }

  ZCacheable_getManagerIds(): Tuple<Dict> {
    return tupleFrom(managersFor(this).map((each) => Dict.from<unknown>({ ...each })));
  }

  ZCacheable_setManagerId(manager_id: unknown, request?: unknown): unknown {
    invalidateCache(this);
    (this as unknown as Record<string, unknown>)[MANAGER] = manager_id ? String(manager_id) : null;
    return request instanceof HTTPRequest ? this.ZCacheable_manage('Cache settings changed.') : null;
  }

  ZCacheable_enabled(): boolean {
    return getOwn(this, ENABLED) !== 0;
  }

  ZCacheable_setEnabled(enabled: unknown = 0, request?: unknown): unknown {
    (this as unknown as Record<string, unknown>)[ENABLED] = enabled ? 1 : 0;
    return request instanceof HTTPRequest ? this.ZCacheable_manage('Cache settings changed.') : null;
  }
}
Object.assign(Cacheable.prototype, { _isCacheable: 1 });

const manage = { permission: Permissions.viewManagementScreens };
const change = { permission: 'Change cache settings' };
const names: ClassDeclarations['names'] = {
  ZCacheable_manage: manage,
  ZCacheable_invalidate: manage,
  ZCacheable_getManagerId: manage,
  ZCacheable_getManagerURL: manage,
  ZCacheable_getManagerIds: manage,
  ZCacheable_enabled: manage,
  ZCacheable_setManagerId: change,
  ZCacheable_setEnabled: change,
  ZCacheable_getManager: 'private',
  ZCacheable_isCachingEnabled: 'private',
};
const signatures: ClassDeclarations['signatures'] = {
  ZCacheable_invalidate: "view_name='', REQUEST=None",
  ZCacheable_setManagerId: 'manager_id, REQUEST=None',
  ZCacheable_setEnabled: 'enabled=0, REQUEST=None',
};

/** The declarations of a class that `Cacheable` is mixed into. */
export function cacheable(declarations: ClassDeclarations): ClassDeclarations {
  return {
    ...declarations,
    roles: { ...declarations.roles, [change.permission]: ['Manager'] },
    published: [
      ...(declarations.published ?? []),
      'ZCacheable_manage',
      'ZCacheable_enabled',
      'ZCacheable_getManagerId',
      'ZCacheable_getManagerIds',
      'ZCacheable_getManagerURL',
    ],
    changes: [
      ...(declarations.changes ?? []),
      'ZCacheable_invalidate',
      'ZCacheable_setManagerId',
      'ZCacheable_setEnabled',
    ],
    names: { ...names, ...declarations.names },
    signatures: { ...signatures, ...declarations.signatures },
  };
}

/** Notes in a container which cache managers it has. */
export function noteManager(container: object, manager: Item, present: boolean): void {
  const base = aqBase(container) as Record<string, unknown>;
  const ids = ((getOwn(base, MANAGERS) ?? []) as readonly string[]).filter((id) => id !== manager.getId());
  if (present) ids.push(manager.getId());
  if (ids.length > 0) base[MANAGERS] = tupleFrom(ids);
  else if (Object.hasOwn(base, MANAGERS)) delete base[MANAGERS];
}
