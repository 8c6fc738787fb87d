/**
 * RAM Cache Manager: results of scripts and templates, kept in memory (INVENTORY O-051). Each thread has a cache of its own; what is
 * forgotten in one is forgotten in all.
 */
import { BroadcastChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { metaOf, registerClass } from '../../persistent/index.ts';
import { Dict, tuple, tupleFrom } from '../../pickle/index.ts';
import { declareClass, str } from '../../restricted/index.ts';
import { getRequest } from '../../publisher/index.ts';
import type { Connection } from '../../zodb/index.ts';
import type { FormField } from '../zmi/form.ts';
import {
  CACHE_MANAGER_OPTIONS,
  CacheManager,
  cacheManagerDeclarations,
  number,
  settingOf,
} from './cache-manager.ts';
import type { Cache, CacheKeys } from './cacheable.ts';
import type { Item } from './item.ts';
import { namesOf } from './names.ts';
import { registerProduct } from './products.ts';

interface Entry {
  readonly value: unknown;
  /** Milliseconds. */
  readonly made: number;
  hits: number;
}

/** What is kept of one object, for one state of it. */
interface Kept {
  readonly changed: number;
  /** See `Connection.losses`. */
  readonly losses: number;
  readonly entries: Map<string, Entry>;
  hits: number;
  misses: number;
}

interface Settings {
  readonly threshold: number;
  /** Seconds. */
  readonly cleanupInterval: number;
  readonly requestVars: readonly string[];
  /** Seconds; 0 for ever. */
  readonly maxAge: number;
}

class RAMCache implements Cache {
  readonly kept = new Map<string, Kept>();
  readonly #id: string;
  #settings: Settings;
  #nextCleanup = 0;

  constructor(id: string, settings: Settings) {
    this.#id = id;
    this.#settings = settings;
  }

  configure(settings: Settings): void {
    this.#settings = settings;
  }

  get(object: Item, keys: CacheKeys | undefined): unknown {
    const kept = this.#keptOf(object);
    const entry = kept.entries.get(this.#keyOf(keys));
    if (entry === undefined || this.#isOld(entry, Date.now())) {
      kept.misses++;
      return undefined;
    }
    kept.hits++;
    entry.hits++;
    return entry.value;
  }

  set(object: Item, value: unknown, keys: CacheKeys | undefined): void {
    // What scripts can change is no value to keep for others.
    if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array)) return;
    const now = Date.now();
    if (now >= this.#nextCleanup) this.#clean(now);
    this.#keptOf(object).entries.set(this.#keyOf(keys), { value, made: now, hits: 0 });
  }

  invalidate(object: Item): string {
    const path = pathOf(object);
    this.forget(path);
    channel().postMessage([this.#id, path]);
    return 'Invalidated.';
  }

  forget(path: string): void {
    this.kept.delete(path);
  }

  #keptOf(object: Item): Kept {
    const path = pathOf(object);
    const changed = (object as { _p_mtime?: number | null })._p_mtime ?? 0;
    const losses = (metaOf(object)?.jar as Connection | null | undefined)?.losses ?? 0;
    let kept = this.kept.get(path);
    if (kept === undefined || kept.changed !== changed || kept.losses !== losses)
      this.kept.set(path, (kept = { changed, losses, entries: new Map(), hits: 0, misses: 0 }));
    return kept;
  }

  #keyOf(keys: CacheKeys | undefined): string {
    const request = getRequest();
    const wanted = this.#settings.requestVars.map((name) => {
      const value = request?.get(name);
      return value === undefined || value === null ? null : str(value);
    });
    const own = Object.entries(keys ?? {}).map(([name, value]) => [name, str(value)]);
    return JSON.stringify([wanted, own]);
  }

  #isOld(entry: Entry, now: number): boolean {
    const { maxAge } = this.#settings;
    return maxAge > 0 && now - entry.made > maxAge * 1000;
  }

  /** Drops what is old, and above the threshold what is used least. */
  #clean(now: number): void {
    this.#nextCleanup = now + this.#settings.cleanupInterval * 1000;
    const all: { readonly uses: number; readonly kept: Kept; readonly key: string }[] = [];
    for (const [path, kept] of this.kept) {
      for (const [key, entry] of kept.entries) {
        if (this.#isOld(entry, now)) kept.entries.delete(key);
        else all.push({ uses: entry.hits, kept, key });
        entry.hits >>= 1;
      }
      if (kept.entries.size === 0) this.kept.delete(path);
    }
    const surplus = all.length - this.#settings.threshold;
    if (surplus <= 0) return;
    all.sort((a, b) => a.uses - b.uses);
    for (const { kept, key } of all.slice(0, surplus)) kept.entries.delete(key);
  }
}

const pathOf = (object: Item) => object.getPhysicalPath().join('/');

const caches = new Map<string, RAMCache>();
let shared: BroadcastChannel | undefined;

/** Tells the other threads what to forget. */
function channel(): BroadcastChannel {
  if (shared === undefined) {
    shared = new BroadcastChannel('zope-ts RAM caches');
    shared.onmessage = (event) => take((event as { data: Told }).data);
    shared.unref();
  }
  return shared;
}

/** The id of a cache, and the path of what is to be forgotten there. */
type Told = readonly [string, string];

const take = ([id, path]: Told) => caches.get(id)?.forget(path);

/** Others may have told something that has not been looked at yet: their requests are answered already. */
function listen(): void {
  const port = channel() as unknown as MessagePort;
  for (;;) {
    const told = receiveMessageOnPort(port) as { message: Told } | undefined;
    if (told === undefined) break;
    take(told.message);
  }
}

export class RAMCacheManager extends CacheManager {
  declare _RAMCacheManager__cacheid: string;

  constructor(id: string) {
    super();
    this.id = id;
    this._RAMCacheManager__cacheid = `${id}_${Date.now() / 1000}`;
    this._settings = this._readSettings(() => undefined);
  }

  _cache(): RAMCache {
    const id = `${String(metaOf(this)?.oid ?? '')} ${this._RAMCacheManager__cacheid}`;
    let cache = caches.get(id);
    if (cache === undefined) {
      caches.set(id, (cache = new RAMCache(id, this._current())));
    } else cache.configure(this._current());
    listen();
    return cache;
  }

  _current(): Settings {
    return {
      threshold: number(settingOf(this, 'threshold'), 1000),
      cleanupInterval: number(settingOf(this, 'cleanup_interval'), 300),
      requestVars: namesOf(settingOf(this, 'request_vars')),
      maxAge: number(settingOf(this, 'max_age'), 3600),
    };
  }

  override _readSettings(given: (name: string) => unknown): Dict {
    return Dict.from<unknown>({
      threshold: number(given('threshold'), 1000),
      cleanup_interval: number(given('cleanup_interval'), 300),
      request_vars: tupleFrom(namesOf(given('request_vars') ?? ['AUTHENTICATED_USER'])),
      max_age: number(given('max_age'), 3600),
    });
  }

  _fields(): readonly FormField[] {
    const { threshold, cleanupInterval, requestVars, maxAge } = this._current();
    const field = (label: string, name: string, value: number): FormField => ({
      label,
      name: `settings.${name}:int:record`,
      value: String(value),
      type: 'number',
    });
    return [
      {
        label: 'Request variables that distinguish results, separated by spaces',
        name: 'settings.request_vars:tokens:record',
        value: requestVars.join(' '),
        code: true,
      },
      field('Most results', 'threshold', threshold),
      field('Seconds until a result is made again', 'max_age', maxAge),
      field('Seconds between looking for old results', 'cleanup_interval', cleanupInterval),
    ];
  }

  _report(): { readonly heads: readonly string[]; readonly rows: readonly (readonly string[])[] } {
    return {
      heads: ['Object', 'Results', 'Hits', 'Misses'],
      rows: [...this._cache().kept].map(([path, { entries, hits, misses }]) => [
        path,
        String(entries.size),
        String(hits),
        String(misses),
      ]),
    };
  }
}

const META_TYPE = 'RAM Cache Manager';
registerClass(RAMCacheManager, 'Products.StandardCacheManagers.RAMCacheManager.RAMCacheManager', {
  python: true,
  acquires: 'implicit',
});
Object.assign(RAMCacheManager.prototype, {
  meta_type: META_TYPE,
  zmi_icon: 'fas fa-bolt',
  _isCacheManager: 1,
  _settings: new Dict(),
  _RAMCacheManager__cacheid: '',
  manage_options: CACHE_MANAGER_OPTIONS,
  _properties: tuple(),
});
declareClass(RAMCacheManager, cacheManagerDeclarations);
registerProduct({
  metaType: META_TYPE,
  product: 'StandardCacheManagers',
  permission: 'Add RAM Cache Managers',
  fields: [],
  constructors: [
    {
      name: 'manage_addRAMCacheManager',
      signature: 'id, REQUEST=None',
      add: (container, _context, id: string) => {
        container._setObject(id, new RAMCacheManager(id));
      },
    },
  ],
});
