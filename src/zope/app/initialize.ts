/** Makes what a site must have: root, user folder, first user, welcome page (INVENTORY W-171, W-172, O-008). */
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { getLogger } from '@logtape/logtape';
import type { UserFolder } from '../../access/index.ts';
import type { Connection } from '../../zodb/index.ts';
import { Application } from '../ofs/application.ts';
import { SiteErrorLog } from '../errorlog/site-error-log.ts';
import { ZopePageTemplate } from '../ofs/page-template.ts';
import { packageFile } from '../package-files.ts';
import { readPasswordFile } from './password-file.ts';

const logger = getLogger(['Zope']);

/** The root object of the site, made if the database is fresh. Each step is a transaction of its own with a note. */
export function initializeRoot(connection: Connection, instanceHome: string): Application {
  const transactions = connection.transactionManager;
  const step = (description: string, run: () => boolean) => {
    transactions.begin();
    try {
      if (!run()) {
        transactions.abort();
        return;
      }
      transactions.get().note(description);
      transactions.commit();
    } catch (error) {
      transactions.abort();
      throw error;
    }
  };
  const root = connection.root() as Map<string, unknown>;
  const fresh = root.get('Application') === undefined;
  step('Created Zope Application', () => {
    if (!fresh) return false;
    root.set('Application', new Application());
    return true;
  });
  const app = root.get('Application') as Application;
  step('Created initial user', () => addInitialUser(app, instanceHome));
  step('Added site error_log at /error_log', () => {
    if (!fresh) return false;
    const log = new SiteErrorLog();
    app._setObject('error_log', log, { setOwner: false });
    return true;
  });
  step('Added the welcome page', () => {
    if (!fresh) return false;
    const source = readFileSync(packageFile('zope/skeleton/index_html.zpt'), 'utf8');
    app._setObject('index_html', new ZopePageTemplate('index_html', source), { setOwner: false });
    return true;
  });
  return app;
}

/** Adds the user of the file `inituser`, in place of a single user that is there; the file is removed. */
function addInitialUser(app: Application, instanceHome: string): boolean {
  const file = path.join(instanceHome, 'inituser');
  const entry = readPasswordFile(file);
  if (entry === null) return false;
  const users = (app as unknown as { acl_users?: UserFolder }).acl_users;
  if (users === undefined) {
    logger.warn(`${file} is not used: the site has no user folder at its root`);
    return false;
  }
  const names = users.getUserNames();
  if (names.length > 1) {
    logger.warn(`${file} is not used: the site has ${names.length} users`);
    return false;
  }
  users._doDelUsers(names);
  users._doAddUser(entry.name, entry.password, ['Manager'], entry.domains);
  try {
    rmSync(file);
  } catch (error) {
    logger.error(`${file} cannot be removed: ${(error as Error).message}`);
  }
  return true;
}
