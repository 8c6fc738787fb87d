/** zope.conf as the product uses it. */
import path from 'node:path';
import { ConfigurationError, type Place } from '../errors.ts';
import { loadConfigFile, loadConfigText, type LoadOptions } from '../load.ts';
import { Schema } from '../schema.ts';
import { SectionValue } from '../section-value.ts';
import { notesOf } from '../without-effect.ts';
import { type MountPoint, ZOPE_SCHEMA } from './schema.ts';
import { type StorageConfig, storageOf } from './storage-config.ts';

export interface DatabaseConfig {
  readonly name: string;
  /** Where its section begins. */
  readonly place: Place;
  readonly storage: StorageConfig;
  readonly cacheSize: number;
  /** 0: no limit; null: not given. */
  readonly cacheSizeBytes: number | null;
  readonly largeRecordSize: number;
  readonly poolSize: number;
  /** Seconds; null for ever. */
  readonly poolTimeout: number | null;
  readonly historicalPoolSize: number;
  readonly historicalCacheSize: number;
  readonly historicalCacheSizeBytes: number | null;
  readonly historicalTimeout: number;
  readonly databaseName: string | null;
  readonly allowImplicitCrossReferences: boolean | null;
  readonly mountPoints: readonly MountPoint[];
  readonly containerClass: string | null;
}

/** Where a database is seen in the site. */
export interface Mount {
  readonly virtualPath: string;
  readonly database: string;
  /** Name of the object at the database's root; null for the default. */
  readonly realRoot: string | null;
  readonly realPath: string;
  /** Class of the object that is made there; null where the database's own is. */
  readonly containerClass: string | null;
}

/** A zope.conf with its defaults filled in. */
export interface ZopeConfig {
  readonly file: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly instanceHome: string;
  readonly clientHome: string;
  readonly debugMode: boolean;
  readonly debugExceptions: boolean;
  readonly datetimeFormat: 'us' | 'international';
  readonly httpRealm: string;
  readonly quoteDtmlRequestData: boolean;
  readonly zmiBookmarkableUrls: boolean;
  readonly pidFile: string;
  readonly trustedProxies: readonly string[];
  readonly maxConflictRetries: number;
  readonly skipAuthenticationChecking: boolean;
  readonly skipOwnershipChecking: boolean;
  readonly verboseSecurity: boolean;
  readonly databases: readonly DatabaseConfig[];
  readonly mounts: readonly Mount[];
  readonly encoding: string;
  readonly productConfig: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly webdavSourcePort: number;
  readonly enableMsPublicHeader: boolean;
  readonly enableXmlrpc: boolean;
  /** Limits of forms, in bytes and fields. */
  readonly formLimits: {
    readonly memory: number;
    readonly disk: number;
    readonly memfile: number;
    readonly parts: number;
  };
  /** What the scripts and templates of one request may spend. */
  readonly scriptLimits: {
    /** Turns of loops, calls, and items that built-in functions handle. */
    readonly steps: number;
    /** Bytes allocated in all. */
    readonly memory: number;
    /** Milliseconds. */
    readonly time: number;
    /** Functions of scripts that call each other. */
    readonly depth: number;
  };
  /** Directives that were given and change nothing here, with the reason. */
  readonly withoutEffect: readonly string[];
  /** All values by attribute, as the file's schema gives them. */
  readonly raw: SectionValue;
}

const schema = new Schema(ZOPE_SCHEMA);

/** Loads a zope.conf. Throws a ConfigurationError that names file, line and directive. */
export function loadZopeConf(file: string, options?: LoadOptions): ZopeConfig {
  return configOf(loadConfigFile(schema, file, options) as SectionValue, path.resolve(file));
}

export function parseZopeConf(text: string, file: string, options?: LoadOptions): ZopeConfig {
  return configOf(loadConfigText(schema, text, file, options) as SectionValue, file);
}

const FORM_LIMITS = { memory: 1_048_576, disk: 1_073_741_824, memfile: 4096, parts: 1024 };

function configOf(raw: SectionValue, file: string): ZopeConfig {
  const instanceHome = raw.get<string>('instancehome');
  const clientHome = raw.get<string | null>('clienthome') ?? inFolder(instanceHome, 'var');
  const limits = raw.get<SectionValue | null>('dos_protection');
  const sections = raw.get<SectionValue[]>('databases');
  const mounts = mountsOf(sections);
  const databases = sections.map(databaseOf);
  return {
    file,
    environment: Object.fromEntries(
      raw.get<SectionValue | null>('environment')?.get<Map<string, string>>('environ') ?? [],
    ),
    instanceHome,
    clientHome,
    debugMode: raw.get('debug_mode'),
    debugExceptions: raw.get('debug_exceptions'),
    datetimeFormat: raw.get('datetime_format'),
    httpRealm: raw.get('http_realm'),
    quoteDtmlRequestData: raw.get('automatically_quote_dtml_request_data'),
    zmiBookmarkableUrls: raw.get('zmi_bookmarkable_urls'),
    pidFile: raw.get<string | null>('pid_filename') ?? inFolder(clientHome, 'Z4.pid'),
    trustedProxies: raw.get('trusted_proxies'),
    maxConflictRetries: Number(raw.get('max_conflict_retries')),
    skipAuthenticationChecking: raw.get('skip_authentication_checking'),
    skipOwnershipChecking: raw.get('skip_ownership_checking'),
    verboseSecurity: raw.get('verbose_security'),
    databases,
    mounts,
    encoding: raw.get('default_zpublisher_encoding'),
    productConfig: Object.fromEntries(
      raw
        .get<SectionValue[]>('product_config')
        .map((section) => [section.name!, Object.fromEntries(section.get<Map<string, string>>('mapping'))]),
    ),
    webdavSourcePort: Number(raw.get('webdav_source_port')),
    enableMsPublicHeader: raw.get('enable_ms_public_header'),
    enableXmlrpc: raw.get('enable_xmlrpc'),
    scriptLimits: {
      steps: Number(raw.get('script_steps_limit')),
      memory: Number(raw.get('script_memory_limit')),
      time: Number(raw.get('script_time_limit')) * 1000,
      depth: Number(raw.get('script_recursion_limit')),
    },
    formLimits:
      limits === null
        ? FORM_LIMITS
        : {
            memory: limits.get('form_memory_limit'),
            disk: limits.get('form_disk_limit'),
            memfile: limits.get('form_memfile_limit'),
            parts: Number(limits.get('form_part_limit')),
          },
    withoutEffect: notesOf(raw),
    raw,
  };
}

/** What Python's `os.path.join` makes: the folder is left as it was written. */
const inFolder = (folder: string, name: string) => `${folder}${/^$|\/$/.test(folder) ? '' : '/'}${name}`;

function databaseOf(section: SectionValue): DatabaseConfig {
  const { name, place } = section;
  const given = (attribute: string) => (section.given.has(attribute) ? section.get<number>(attribute) : null);
  const storage = section.get<SectionValue | null>('storage');
  if (storage === null) throw new ConfigurationError(`<zodb_db ${name}> has no storage section`, place);
  return {
    name: name!,
    place,
    storage: storageOf(storage),
    cacheSize: Number(section.get('cache_size')),
    cacheSizeBytes: given('cache_size_bytes'),
    largeRecordSize: section.get('large_record_size'),
    poolSize: Number(section.get('pool_size')),
    poolTimeout: section.get('pool_timeout'),
    historicalPoolSize: Number(section.get('historical_pool_size')),
    historicalCacheSize: Number(section.get('historical_cache_size')),
    historicalCacheSizeBytes: given('historical_cache_size_bytes'),
    historicalTimeout: section.get('historical_timeout'),
    databaseName: section.get('database_name'),
    allowImplicitCrossReferences: section.get('allow_implicit_cross_references'),
    mountPoints: section.get<MountPoint[]>('mount_points'),
    containerClass: section.get<string | null>('container_class'),
  };
}

/** The class of the object at a mount point below the site's root, unless the section names one. */
const DEFAULT_CONTAINER = 'OFS.Folder.Folder';

function mountsOf(databases: readonly SectionValue[]): Mount[] {
  const mounts = new Map<string, Mount>();
  for (const section of databases) {
    const { type, place } = section;
    const name = section.name!;
    if (type !== 'zodb_db') {
      throw new ConfigurationError(
        `<${type} ${name}> cannot be mounted in a site: use <zodb_db ${name}> with a mount-point`,
        place,
      );
    }
    const containerClass = section.get<string | null>('container_class');
    for (const { virtualPath, realRoot, realPath } of section.get<MountPoint[]>('mount_points')) {
      const other = mounts.get(virtualPath)?.database;
      if (other !== undefined) {
        throw new ConfigurationError(
          `Invalid configuration: ZODB databases named "${other}" and "${name}" are both configured to use the same mount point, named "${virtualPath}"`,
          place,
        );
      }
      mounts.set(virtualPath, {
        virtualPath,
        database: name,
        realRoot,
        realPath,
        containerClass: virtualPath === '/' ? containerClass : containerClass || DEFAULT_CONTAINER,
      });
    }
  }
  return [...mounts.values()];
}
