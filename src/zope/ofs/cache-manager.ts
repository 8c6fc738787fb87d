/** What RAM Cache Manager and Accelerated HTTP Cache Manager share: settings, their page, being known to the container. */
import { aqBase, getOwn } from '../../persistent/index.ts';
import { Dict } from '../../pickle/index.ts';
import { type ClassDeclarations, getattr } from '../../restricted/index.ts';
import { Permissions } from '../../access/index.ts';
import { HTTPRequest } from '../../publisher/index.ts';
import { type FormField, formPage } from '../zmi/form.ts';
import type { Cache, CacheManagerObject } from './cacheable.ts';
import { noteManager } from './cacheable.ts';
import { Item, ITEM_OPTIONS, type ManageOption } from './item.ts';
import type { ObjectManager } from './object-manager.ts';

export abstract class CacheManager extends Item implements CacheManagerObject {
  declare readonly _isCacheManager: unknown;
  declare _settings: Dict;

  /** The cache of this thread. */
  abstract _cache(): Cache;

  /** The settings as they are in use, whatever a record says of them. */
  abstract _readSettings(given: (name: string) => unknown): Dict;

  abstract _fields(): readonly FormField[];

  /** Rows of the page of statistics. */
  abstract _report(): { readonly heads: readonly string[]; readonly rows: readonly (readonly string[])[] };

  getSettings(): Dict {
    return new Dict(this._settings);
  }

  override manage_main(message?: string): string {
    return formPage(
      this,
      {
        action: 'manage_editProps',
        fields: [{ label: 'Title', name: 'title', value: this.title }, ...this._fields()],
        tab: 'manage_main',
      },
      message,
    );
  }

  manage_stats(): string {
    const { heads, rows } = this._report();
    return formPage(this, {
      action: 'manage_stats',
      method: 'get',
      intro: rows.length === 0 ? 'Nothing is cached.' : 'What this process has cached.',
      fields: [],
      button: 'Show again',
      tab: 'manage_stats',
      heads,
      rows,
    });
  }

  manage_editProps(title: string, settings?: unknown, request?: unknown): unknown {
    const given = (name: string): unknown => {
      if (settings instanceof Map) return (settings as Map<string, unknown>).get(name);
      return settings === null || settings === undefined ? undefined : getattr(settings, name, null);
    };
    const read = this._readSettings((name) => given(name) ?? undefined);
    this.title = title;
    this._settings = read;
    return request instanceof HTTPRequest ? this.manage_main('Properties changed.') : null;
  }

  manage_afterAdd(item: object, container: ObjectManager): void {
    if (aqBase(item) === aqBase(this)) noteManager(container, this, true);
  }

  manage_beforeDelete(item: object, container: ObjectManager): void {
    if (aqBase(item) === aqBase(this)) noteManager(container, this, false);
  }
}

export const CACHE_MANAGER_OPTIONS: readonly ManageOption[] = [
  { label: 'Properties', action: 'manage_main' },
  { label: 'Statistics', action: 'manage_stats' },
  ...ITEM_OPTIONS,
];

export const number = (value: unknown, fallback: number): number => {
  const read = Number(value ?? fallback);
  return Number.isFinite(read) && read >= 0 ? read : fallback;
};

/** A setting of a manager, as Python may have stored it. */
export const settingOf = (manager: CacheManager, name: string): unknown =>
  (getOwn(manager, '_settings') as Map<string, unknown> | undefined)?.get(name);

const manage = { permission: Permissions.viewManagementScreens };
export const cacheManagerDeclarations: ClassDeclarations = {
  object: { permission: Permissions.view },
  roles: { 'Change cache managers': ['Manager'] },
  published: ['getSettings', 'manage_main', 'manage_stats'],
  changes: ['manage_editProps'],
  names: {
    getSettings: manage,
    manage_main: manage,
    manage_stats: manage,
    manage_editProps: { permission: 'Change cache managers' },
    manage_afterAdd: 'private',
    manage_beforeDelete: 'private',
    _settings: 'private',
  },
  signatures: { manage_editProps: 'title, settings=None, REQUEST=None' },
};
