/** Accelerated HTTP Cache Manager: lets caches between here and the browser keep answers (INVENTORY O-052). */
import { getLogger } from '@logtape/logtape';
import { registerClass } from '../../persistent/index.ts';
import { Dict, tuple, tupleFrom } from '../../pickle/index.ts';
import { declareClass } from '../../restricted/index.ts';
import { nobody, getSecurityManager } from '../../access/index.ts';
import { getRequest } from '../../publisher/index.ts';
import { transaction } from '../../transaction/index.ts';
import type { FormField } from '../zmi/form.ts';
import {
  CACHE_MANAGER_OPTIONS,
  CacheManager,
  cacheManagerDeclarations,
  number,
  settingOf,
} from './cache-manager.ts';
import type { Cache } from './cacheable.ts';
import type { Item } from './item.ts';
import { namesOf } from './names.ts';
import { registerProduct } from './products.ts';

const logger = getLogger(['Zope', 'AcceleratedHTTPCacheManager']);
/** Paths that the statistics name. */
const MOST_PATHS = 1000;

interface Hits {
  anonymous: number;
  authenticated: number;
}

class HTTPCache implements Cache {
  readonly hits: Map<string, Hits>;
  readonly #manager: AcceleratedHTTPCacheManager;

  constructor(manager: AcceleratedHTTPCacheManager, hits: Map<string, Hits>) {
    this.#manager = manager;
    this.hits = hits;
  }

  get(): undefined {
    return undefined;
  }

  set(object: Item): void {
    const request = getRequest();
    if (request === undefined) return;
    const anonymous = getSecurityManager().getUser().getUserName() === nobody.getUserName();
    this.#count(object.getPhysicalPath().join('/'), anonymous);
    const { anonymousOnly, interval } = this.#manager._current();
    if (!anonymous && anonymousOnly) return;
    if (interval <= 0) return;
    const now = Math.floor(Date.now() / 1000) * 1000;
    const { response } = request;
    response.setHeader('Last-Modified', new Date(now).toUTCString());
    response.setHeader('Cache-Control', `max-age=${interval}`);
    response.setHeader('Expires', new Date(now + interval * 1000).toUTCString());
  }

  /** Tells the caches in front of the site to forget an object, once its change is stored. */
  invalidate(object: Item): string {
    const { notifyUrls } = this.#manager._current();
    if (notifyUrls.length === 0) return 'No caches are told.';
    const path = object.absolute_url_path();
    transaction.get().addAfterCommitHook((committed: unknown) => {
      if (committed) for (const url of notifyUrls) purge(url, path);
    });
    return `${notifyUrls.length} cache(s) are told to forget ${path}.`;
  }

  #count(path: string, anonymous: boolean): void {
    let hits = this.hits.get(path);
    if (hits === undefined) {
      if (this.hits.size >= MOST_PATHS) return;
      this.hits.set(path, (hits = { anonymous: 0, authenticated: 0 }));
    }
    if (anonymous) hits.anonymous++;
    else hits.authenticated++;
  }
}

function purge(base: string, path: string): void {
  const url = `${base.replace(/\/+$/, '')}${path}`;
  fetch(url, { method: 'PURGE', signal: AbortSignal.timeout(5000) }).then(
    async (answer) => {
      await answer.body?.cancel();
      if (answer.status >= 400) logger.warn(`PURGE ${url} was answered with ${answer.status}`);
    },
    (error: unknown) => logger.warn(`PURGE ${url} failed: ${(error as Error).message}`),
  );
}

const counted = new Map<string, Map<string, Hits>>();

export class AcceleratedHTTPCacheManager extends CacheManager {
  declare _AcceleratedHTTPCacheManager__cacheid: string;

  constructor(id: string) {
    super();
    this.id = id;
    this._AcceleratedHTTPCacheManager__cacheid = `${id}_${Date.now() / 1000}`;
    this._settings = this._readSettings(() => undefined);
  }

  _cache(): HTTPCache {
    const id = this._AcceleratedHTTPCacheManager__cacheid;
    let hits = counted.get(id);
    if (hits === undefined) counted.set(id, (hits = new Map()));
    return new HTTPCache(this, hits);
  }

  _current(): { anonymousOnly: boolean; interval: number; notifyUrls: readonly string[] } {
    return {
      anonymousOnly: Boolean(settingOf(this, 'anonymous_only') ?? 1),
      interval: number(settingOf(this, 'interval'), 3600),
      notifyUrls: namesOf(settingOf(this, 'notify_urls')),
    };
  }

  override _readSettings(given: (name: string) => unknown): Dict {
    return Dict.from<unknown>({
      anonymous_only:
        given('anonymous_only') === undefined && given('interval') === undefined
          ? 1
          : given('anonymous_only')
            ? 1
            : 0,
      interval: number(given('interval'), 3600),
      notify_urls: tupleFrom(namesOf(given('notify_urls'))),
    });
  }

  _fields(): readonly FormField[] {
    const { anonymousOnly, interval, notifyUrls } = this._current();
    return [
      {
        label: 'Seconds for which an answer may be kept',
        name: 'settings.interval:int:record',
        value: String(interval),
        type: 'number',
      },
      {
        label: 'Only answers to visitors who have not logged in',
        name: 'settings.anonymous_only:int:record',
        value: anonymousOnly,
      },
      {
        label: 'URLs of caches that are told of changes (PURGE), separated by spaces',
        name: 'settings.notify_urls:tokens:record',
        value: notifyUrls.join(' '),
        code: true,
      },
    ];
  }

  _report(): { readonly heads: readonly string[]; readonly rows: readonly (readonly string[])[] } {
    return {
      heads: ['Object', 'For anybody', 'For users'],
      rows: [...this._cache().hits].map(([path, { anonymous, authenticated }]) => [
        path,
        String(anonymous),
        String(authenticated),
      ]),
    };
  }
}

const META_TYPE = 'Accelerated HTTP Cache Manager';
registerClass(
  AcceleratedHTTPCacheManager,
  'Products.StandardCacheManagers.AcceleratedHTTPCacheManager.AcceleratedHTTPCacheManager',
  { python: true, acquires: 'implicit' },
);
Object.assign(AcceleratedHTTPCacheManager.prototype, {
  meta_type: META_TYPE,
  zmi_icon: 'fas fa-forward',
  _isCacheManager: 1,
  _settings: new Dict(),
  _AcceleratedHTTPCacheManager__cacheid: '',
  manage_options: CACHE_MANAGER_OPTIONS,
  _properties: tuple(),
});
declareClass(AcceleratedHTTPCacheManager, cacheManagerDeclarations);
registerProduct({
  metaType: META_TYPE,
  product: 'StandardCacheManagers',
  permission: 'Add Accelerated HTTP Cache Managers',
  fields: [],
  constructors: [
    {
      name: 'manage_addAcceleratedHTTPCacheManager',
      signature: 'id, REQUEST=None',
      add: (container, _context, id: string) => {
        container._setObject(id, new AcceleratedHTTPCacheManager(id));
      },
    },
  ],
});
