/** A site in memory, requests to it as a gateway sends them, and users with roles. */
import { HTTPException } from '../../../src/paste/index.ts';
import {
  SecurityManager,
  system,
  withSecurityManager,
  ZopeSecurityPolicy,
} from '../../../src/access/index.ts';
import { createPublisher } from '../../../src/publisher/index.ts';
import { setSecurityPolicy } from '../../../src/restricted/index.ts';
import { TransactionManager } from '../../../src/transaction/index.ts';
import { type Connection, DB, MappingStorage } from '../../../src/zodb/index.ts';
import { Application, type UserFolder } from '../../../src/zope/ofs/index.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

export interface RequestOptions {
  readonly method?: string;
  /** `name:password` */
  readonly user?: string;
  readonly body?: string | Uint8Array;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export class TestSite {
  readonly db: DB;
  readonly connection: Connection;
  readonly app: Application & { readonly acl_users: UserFolder };
  readonly #publish: (request: Request) => Response | Promise<Response>;

  constructor(db = new DB(new MappingStorage())) {
    this.db = db;
    setSecurityPolicy(new ZopeSecurityPolicy());
    this.connection = db.open({ transactionManager: new TransactionManager() });
    const root = this.connection.root() as Map<string, unknown>;
    if (root.get('Application') === undefined) root.set('Application', new Application());
    this.app = root.get('Application') as TestSite['app'];
    this.commit();
    const transactions = new TransactionManager();
    const served = db.open({ transactionManager: transactions });
    this.#publish = createPublisher({
      open: () => ({ root: served.root().get('Application') as object, transactions, close: () => {} }),
    });
  }

  /** Does something as the system, and commits. */
  change(work: (app: TestSite['app']) => void): void {
    this.connection.transactionManager.begin();
    withSecurityManager(new SecurityManager(system), () => work(this.app));
    this.commit();
  }

  commit(): void {
    this.connection.transactionManager.commit();
    this.connection.transactionManager.begin();
  }

  addUser(name: string, roles: readonly string[]): void {
    this.change((app) => app.acl_users._doAddUser(name, 'pw', roles));
  }

  async request(path: string, options: RequestOptions = {}): Promise<Answer> {
    const headers: Record<string, string> = { host: 'site.example', ...options.headers };
    if (options.user !== undefined)
      headers.authorization = `Basic ${Buffer.from(`${options.user}:pw`).toString('base64')}`;
    if (options.body !== undefined)
      headers['content-type'] = options.type ?? 'application/x-www-form-urlencoded';
    const request = new Request(`http://site.example${path}`, {
      method: options.method ?? (options.body === undefined ? 'GET' : 'POST'),
      headers,
      ...(options.body === undefined ? {} : { body: options.body as string }),
    });
    if (options.body !== undefined)
      request.headers.set('content-length', String(Buffer.byteLength(options.body)));
    try {
      const response = await this.#publish(request);
      return { status: response.status, headers: response.headers, body: await response.text() };
    } catch (error) {
      if (!(error instanceof HTTPException)) throw error;
      return { status: error.getStatus(), headers: new Headers(), body: error.message };
    }
  }

  close(): void {
    this.connection.transactionManager.abort();
    this.db.close();
  }
}
