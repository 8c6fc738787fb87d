/** The fresh site in which the cases of `zpt`, `dtml`, `pyscript` and `pyexpr` run; their READMEs describe it. */
import {
  nobody,
  permissionAttribute,
  SecurityManager,
  type User,
  type UserFolder,
  withSecurityManager,
  ZopeSecurityPolicy,
} from '../../../../src/access/index.ts';
import {
  aqBase,
  aqParent,
  findClass,
  isPersistent,
  type Persistent,
  wrap,
} from '../../../../src/persistent/index.ts';
import { DateTime, Dict, tupleFrom } from '../../../../src/pickle/index.ts';
import { HTTPRequest, HTTPResponse, processInputs, withRequest } from '../../../../src/publisher/index.ts';
import { setSecurityPolicy } from '../../../../src/restricted/index.ts';
import { TransactionManager, withTransactionManager } from '../../../../src/transaction/index.ts';
import { DB, MappingStorage } from '../../../../src/zodb/index.ts';
import {
  Application,
  File,
  Folder,
  ObjectManager,
  type PropertyManager,
  ZopePageTemplate,
} from '../../../../src/zope/index.ts';
import { fromTagged, type ValueContext } from './pyvalues.ts';

/** The fields of a case's `input` that describe its site. */
export interface SiteInput {
  readonly root?: readonly ObjectSpec[];
  /** Path of the context, from the root; absent: the root itself. */
  readonly here?: string;
  readonly user?: { readonly name: string; readonly roles: readonly string[] };
  /** Values put into `REQUEST.form` as they are. */
  readonly form?: Readonly<Record<string, unknown>>;
  readonly query_string?: string;
}

/** `{"$obj": {…}}` */
export interface ObjectSpec {
  readonly $obj: ObjectFields;
}

interface ObjectFields {
  readonly class: string;
  readonly id: string;
  readonly title?: string;
  readonly children?: readonly ObjectSpec[];
  readonly source?: string;
  readonly content_type?: string;
  readonly params?: string;
  readonly body?: string;
  readonly data?: string;
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly permissions?: Readonly<Record<string, readonly string[]>>;
  readonly local_roles?: Readonly<Record<string, readonly string[]>>;
}

export interface TestSite {
  readonly app: Application;
  readonly here: object;
  readonly request: HTTPRequest;
  /** For `fromTagged` and `toTagged`: paths of the site. */
  readonly values: ValueContext;
  /** Creates an object in a folder, without an owner. */
  add(folder: object, spec: ObjectFields): object;
  /** The object at a path from the root. */
  at(path: string): object;
}

type Attributes = Record<string, unknown>;

function instance(module: string, name: string, ...args: unknown[]): Persistent {
  const cls = findClass(module, name) as (new (...all: unknown[]) => Persistent) | undefined;
  if (cls === undefined) throw new Error(`the class ${module}.${name} does not exist yet`);
  return new cls(...args);
}

/** The constructors of the classes that a case may name. */
const CLASSES: Record<string, (spec: ObjectFields) => Persistent> = {
  Folder: ({ id }) => new Folder(id),
  File: ({ id, data = '', content_type = '' }) => new File(id, '', Buffer.from(data), content_type),
  'Page Template': ({ id, source = '', content_type = 'text/html' }) =>
    new ZopePageTemplate(id, source, content_type),
  'DTML Method': ({ id, source = '' }) => instance('OFS.DTMLMethod', 'DTMLMethod', id, source),
  'DTML Document': ({ id, source = '' }) => instance('OFS.DTMLDocument', 'DTMLDocument', id, source),
  'Script (Python)': ({ id, params = '', body = '' }) => {
    const script = instance('Products.PythonScripts.PythonScript', 'PythonScript', id);
    (script as unknown as { ZPythonScript_edit(params: string, body: string): void }).ZPythonScript_edit(
      params,
      body,
    );
    return script;
  },
};

function propertyType(value: unknown): string {
  if (typeof value === 'boolean') return 'boolean';
  if (typeof value === 'number' || typeof value === 'bigint')
    return typeof value === 'bigint' || Number.isInteger(value) ? 'int' : 'float';
  if (Array.isArray(value)) return 'lines';
  if (value instanceof DateTime) return 'date';
  return typeof value === 'string' ? 'string' : 'float';
}

function addObject(folder: object, spec: ObjectFields): object {
  const make = CLASSES[spec.class];
  if (make === undefined) throw new Error(`a case names the class ${spec.class}`);
  const object = make(spec);
  (folder as ObjectManager)._setObject(spec.id, object as never, { setOwner: false });
  const child = (folder as ObjectManager)._getOb(spec.id) as unknown as PropertyManager & Attributes;
  if (spec.title !== undefined) child.title = spec.title;
  for (const [name, json] of Object.entries(spec.properties ?? {})) {
    const value = fromTagged(json);
    const type = propertyType(value);
    child._setProperty(name, type === 'lines' ? tupleFrom(value as unknown[]) : value, type);
  }
  for (const [permission, roles] of Object.entries(spec.permissions ?? {}))
    child[permissionAttribute(permission) as 'id'] = tupleFrom(roles) as never;
  if (spec.local_roles !== undefined) {
    const byUser = new Dict<string, string[]>();
    for (const [role, users] of Object.entries(spec.local_roles))
      for (const user of users) byUser.set(user, [...(byUser.get(user) ?? []), role]);
    child['__ac_local_roles__' as 'id'] = byUser as never;
  }
  for (const { $obj } of spec.children ?? []) addObject(child, $obj);
  return child;
}

function traverse(app: object, path: string): object {
  let object = app;
  for (const name of path.split('/')) if (name !== '') object = (object as ObjectManager)._getOb(name);
  return object;
}

function makeRequest(input: SiteInput): HTTPRequest {
  const headers = new Map([['host', 'site.example']]);
  const response = new HTTPResponse({ charset: 'utf-8', realm: 'Zope' });
  const request = new HTTPRequest(
    {
      method: 'GET',
      environ: {
        scriptName: '',
        pathInfo: '/',
        queryString: input.query_string ?? '',
        rawTarget: '/',
        serverName: 'site.example',
        serverPort: '80',
        scheme: 'http',
        remoteAddr: '127.0.0.1',
        remotePort: '40000',
        serverProtocol: 'HTTP/1.1',
        remoteUser: '',
        extra: new Map(),
      },
      header: (name) => headers.get(name) ?? null,
      headers: () => headers,
    },
    response,
  );
  if (input.query_string !== undefined) processInputs(request, []);
  for (const [name, value] of Object.entries(input.form ?? {})) request.form.set(name, fromTagged(value));
  return request;
}

/** Runs `work` in a fresh site, as its user and with its request. */
export function withSite<T>(input: SiteInput, work: (site: TestSite) => T): T {
  const transactions = new TransactionManager();
  const db = new DB(new MappingStorage());
  const before = setSecurityPolicy(new ZopeSecurityPolicy());
  try {
    return withTransactionManager(transactions, () => {
      const connection = db.open({ transactionManager: transactions });
      try {
        connection.root().set('Application', new Application());
        const app = connection.root().get('Application') as Application;
        for (const { $obj } of input.root ?? []) addObject(app, $obj);
        transactions.commit();
        const users = (app as unknown as { acl_users: UserFolder }).acl_users;
        const { user } = input;
        if (user !== undefined) users._doAddUser(user.name, 'secret', user.roles);
        const current = (
          user === undefined ? wrap(nobody as unknown as Persistent, users) : users.getUserById(user.name)
        ) as User;
        const request = makeRequest(input);
        request.parents = [app];
        request.authenticatedUser = current;
        const here = traverse(app, input.here ?? '');
        const values: ValueContext = {
          resolve: (path) => traverse(app, path),
          pathOf: (value) => pathOf(app, value),
        };
        const site: TestSite = {
          app,
          here,
          request,
          values,
          add: addObject,
          at: (path) => traverse(app, path),
        };
        return withRequest(request, () =>
          withSecurityManager(new SecurityManager(current), () => work(site)),
        );
      } finally {
        transactions.abort();
        connection.close();
      }
    });
  } finally {
    setSecurityPolicy(before);
    db.close();
  }
}

function pathOf(app: object, value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !isPersistent(value)) return undefined;
  if (aqBase(value) === aqBase(app)) return '/';
  const { getPhysicalPath } = value as { getPhysicalPath?(): readonly string[] };
  if (typeof getPhysicalPath !== 'function' || aqParent(value) === null) return undefined;
  return (value as { getPhysicalPath(): readonly string[] }).getPhysicalPath().join('/');
}
