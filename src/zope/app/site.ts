/** A site: its configuration, its databases and its root. */
import { SecurityManager, system, type UserFolder, withSecurityManager } from '../../access/index.ts';
import { TransactionManager } from '../../transaction/index.ts';
import { loadZopeConf, type ZopeConfig } from '../../zconfig/index.ts';
import type { Connection, DB } from '../../zodb/index.ts';
import type { Application } from '../ofs/application.ts';
import '../ofs/index.ts';
import { setExportPlaces } from '../ofs/import-export.ts';
import { setMounts } from '../ofs/mounted-object.ts';
import { openDatabases } from './databases.ts';
import { applyToProcess } from './effects.ts';
import { initializeRoot } from './initialize.ts';

export interface Site {
  readonly config: ZopeConfig;
  readonly db: DB;
  readonly connection: Connection;
  readonly app: Application & { readonly acl_users: UserFolder };
  close(): void;
}

/** The databases of a site, with its root made and filled if it is new. */
export function openSiteDatabases(config: ZopeConfig): { readonly db: DB; close(): void } {
  applyToProcess(config);
  setExportPlaces(config);
  setMounts(config.mounts);
  const { root, all } = openDatabases(config.databases);
  const transactionManager = new TransactionManager();
  try {
    const connection = root.open({ transactionManager });
    withSecurityManager(new SecurityManager(system), () => initializeRoot(connection, config.instanceHome));
    connection.close();
  } catch (error) {
    for (const db of all) db.close();
    throw error;
  }
  return {
    db: root,
    close() {
      for (const db of all.toReversed()) db.close();
    },
  };
}

/** Opens a site for a command, with one connection and its root. Throws a ConfigurationError or what opening throws. */
export function openSite(file: string): Site {
  const config = loadZopeConf(file);
  const { db, close } = openSiteDatabases(config);
  const connection = db.open();
  const app = connection.root().get('Application') as Site['app'];
  return {
    config,
    db,
    connection,
    app,
    close() {
      connection.transactionManager.abort();
      connection.close();
      close();
    },
  };
}
