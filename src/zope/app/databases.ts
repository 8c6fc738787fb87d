/** Opens the databases that a zope.conf describes. */
import { DB, type DBOptions } from '../../zodb/index.ts';
import type { DatabaseConfig } from '../../zconfig/index.ts';
import { DatabaseOpenError, openStorage } from './storages.ts';

/** The settings of a database that its section gives. */
export function settingsOf(config: DatabaseConfig): DBOptions {
  return {
    databaseName: config.name,
    cacheSize: config.cacheSize,
    ...(config.cacheSizeBytes === null ? {} : { cacheSizeBytes: config.cacheSizeBytes }),
    largeRecordSize: config.largeRecordSize,
    poolSize: config.poolSize,
    ...(config.poolTimeout === null ? {} : { poolTimeout: config.poolTimeout }),
    historicalPoolSize: config.historicalPoolSize,
    historicalCacheSize: config.historicalCacheSize,
    ...(config.historicalCacheSizeBytes === null
      ? {}
      : { historicalCacheSizeBytes: config.historicalCacheSizeBytes }),
    historicalTimeout: config.historicalTimeout,
    ...(config.allowImplicitCrossReferences === null ? {} : { xrefs: config.allowImplicitCrossReferences }),
  };
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
      const storage = openStorage(config.storage);
      let db: DB;
      try {
        db = new DB(storage, { ...settingsOf(config), databases });
      } catch (error) {
        storage.close();
        throw error;
      }
      opened.push(db);
    }
  } catch (error) {
    for (const db of opened) db.close();
    throw error;
  }
  return { root: opened[0]!, all: opened };
}
