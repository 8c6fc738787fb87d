/** Opens the databases that a zope.conf describes. */
import { existsSync } from 'node:fs';
import { BlobStorage, DB, DemoStorage, FileStorage, MappingStorage, type Storage } from '../../zodb/index.ts';
import type { DatabaseConfig, StorageConfig } from '../../zconfig/index.ts';

/** A database of the configuration cannot be opened. */
export class DatabaseOpenError extends Error {
  readonly code = 'DATABASE_OPEN';
}

/** Opens a storage. Throws a DatabaseOpenError for a kind that is not there yet. */
export function openStorage({ type, name, values }: StorageConfig): Storage {
  switch (type) {
    case 'filestorage': {
      const path = values.path as string;
      if (values.read_only && !existsSync(path))
        throw new DatabaseOpenError(`No such file or directory: '${path}'`);
      const quota = values.quota as number | null;
      return new FileStorage(path, {
        create: values.create === true,
        readOnly: values.read_only === true,
        packGc: values.pack_gc !== false,
        packKeepOld: values.pack_keep_old !== false,
        ...(quota === null ? {} : { quota }),
        ...(typeof values.blob_dir === 'string' ? { blobDir: values.blob_dir } : {}),
      });
    }
    case 'blobstorage':
      return openBlobStorage(values.base as StorageConfig, values.blob_dir as string);
    case 'demostorage':
      return openDemoStorage(
        name,
        values.factories as readonly StorageConfig[],
        values.name as string | null,
      );
    case 'mappingstorage':
    case 'temporarystorage':
      return new MappingStorage((values.name as string | undefined) ?? name ?? undefined);
    default:
      throw new DatabaseOpenError(
        `<${type}> is not part of this version yet: use <filestorage>, <mappingstorage>, <demostorage> or <blobstorage>`,
      );
  }
}

function openBlobStorage(config: StorageConfig, directory: string): BlobStorage {
  const base = openStorage(config);
  try {
    return new BlobStorage(base, directory);
  } catch (error) {
    base.close();
    throw error;
  }
}

/** Of the storages in the section the one that is called `changes` takes the changes, the other is the base. */
function openDemoStorage(
  section: string | null,
  factories: readonly StorageConfig[],
  name: string | null,
): DemoStorage {
  const opened: Storage[] = [];
  const open = (config: StorageConfig | undefined) => {
    const storage = config && openStorage(config);
    if (storage !== undefined) opened.push(storage);
    return storage;
  };
  try {
    const base = open(factories.find((factory) => factory.name !== 'changes'));
    const changes = open(factories.find((factory) => factory.name === 'changes'));
    const title = name ?? section;
    return new DemoStorage({
      ...(title === null ? {} : { name: title }),
      ...(base === undefined ? {} : { base }),
      ...(changes === undefined ? {} : { changes }),
    });
  } catch (error) {
    for (const storage of opened) storage.close();
    throw error;
  }
}

/** Opens all databases; on an error those that are open are closed again. The one that is mounted at `/` comes first. */
export function openDatabases(configs: readonly DatabaseConfig[]): {
  readonly root: DB;
  readonly all: readonly DB[];
} {
  const main = configs.find(({ mountPoints }) => mountPoints.some(({ virtualPath }) => virtualPath === '/'));
  if (main === undefined)
    throw new DatabaseOpenError('No root database configured: no <zodb_db> section has the mount-point /');
  const databases = new Map<string, DB>();
  const opened: DB[] = [];
  try {
    for (const config of [main, ...configs.filter((other) => other !== main)]) {
      if (config.storage === null) throw new DatabaseOpenError(`<zodb_db ${config.name}> has no storage`);
      const db = new DB(openStorage(config.storage), {
        databaseName: config.name,
        databases,
        cacheSize: config.cacheSize,
        cacheSizeBytes: config.cacheSizeBytes,
        largeRecordSize: config.largeRecordSize,
        poolSize: config.poolSize,
        ...(config.poolTimeout === null ? {} : { poolTimeout: config.poolTimeout }),
        historicalPoolSize: config.historicalPoolSize,
        historicalCacheSize: config.historicalCacheSize,
        historicalCacheSizeBytes: config.historicalCacheSizeBytes,
        historicalTimeout: config.historicalTimeout,
        ...(config.allowImplicitCrossReferences === null
          ? {}
          : { xrefs: config.allowImplicitCrossReferences }),
      });
      opened.push(db);
    }
  } catch (error) {
    for (const db of opened) db.close();
    throw error;
  }
  return { root: opened[0]!, all: opened };
}
