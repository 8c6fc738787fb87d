/** A site in memory for tests of the publisher: requests go in as objects, no socket is opened. */
import { SecurityManager, system, withSecurityManager } from '../../src/access/index.ts';
import { createPublisher, type PublisherOptions, type SiteConnection } from '../../src/publisher/index.ts';
import { TransactionManager } from '../../src/transaction/index.ts';
import { DB, MappingStorage } from '../../src/zodb/index.ts';
import { standardErrorMessage } from '../../src/zope/app/error-page.ts';
import '../../src/zope/app/site.ts';
import { Application, Folder, Item } from '../../src/zope/index.ts';
import { ZopeSecurityPolicy } from '../../src/access/index.ts';
import { setSecurityPolicy } from '../../src/restricted/index.ts';

export interface TestSite {
  readonly db: DB;
  /** How many connections are lent out. */
  readonly lent: () => number;
  publish(request: Request): Response | Promise<Response>;
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** Status and text of an answer; the error's message where it went up the pipeline. */
  get(path: string, init?: RequestInit): Promise<readonly [status: number, text: string]>;
}

export const basic = (name: string, password: string) => ({
  Authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`,
});

/** Makes a site that `fill` has filled, with the manager `admin` (password `secret`) and the user `plain`. */
export function makeSite(
  fill: (app: Application & Record<string, unknown>) => void,
  options: Partial<PublisherOptions> = {},
): TestSite {
  setSecurityPolicy(new ZopeSecurityPolicy());
  const db = new DB(new MappingStorage());
  const transactionManager = new TransactionManager();
  const connection = db.open({ transactionManager });
  withSecurityManager(new SecurityManager(system), () => {
    const app = new Application() as Application & Record<string, unknown>;
    connection.root().set('Application', app);
    transactionManager.commit();
    app.__allow_groups__._doAddUser('admin', 'secret', ['Manager']);
    app.__allow_groups__._doAddUser('plain', 'plain', []);
    fill(app);
  });
  transactionManager.commit();
  connection.close();
  let lent = 0;
  const open = (): SiteConnection => {
    const transactions = new TransactionManager();
    const own = db.open({ transactionManager: transactions });
    lent++;
    return {
      root: own.root().get('Application') as object,
      transactions,
      close: () => {
        lent--;
        own.close();
      },
    };
  };
  const publish = createPublisher({ open, errorPage: standardErrorMessage, ...options });
  const fetch = async (path: string, init?: RequestInit) =>
    publish(new Request(`http://site.test${path}`, init));
  return {
    db,
    lent: () => lent,
    publish,
    fetch,
    async get(path, init) {
      try {
        const response = await fetch(path, init);
        return [response.status, await response.text()];
      } catch (error) {
        const { getStatus } = error as { getStatus?(): number };
        return [getStatus?.call(error) ?? 500, (error as Error).message];
      }
    },
  };
}

export { Application, Folder, Item };
