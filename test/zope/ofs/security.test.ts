import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findClass, Persistent, registeredNames } from '../../../src/persistent/index.ts';
import {
  type Class,
  declarationsOf,
  isPostOnly,
  isPublishable,
  isPublishedName,
  namedDeclarationOf,
  objectDeclarationOf,
} from '../../../src/restricted/index.ts';
import { BTreeFolder, Folder, Image, OrderedFolder, UserFolder } from '../../../src/zope/ofs/index.ts';
import { products } from '../../../src/zope/ofs/products.ts';
import { type RequestOptions, TestSite } from './test-site.ts';

/** All registered classes whose instances a URL can lead to. */
function publishableClasses(): [string, Class][] {
  const found: [string, Class][] = [];
  for (const dotted of registeredNames()) {
    const dot = dotted.lastIndexOf('.');
    const cls = findClass(dotted.slice(0, dot), dotted.slice(dot + 1)) as Class | undefined;
    if (cls !== undefined && isPublishable(cls)) found.push([dotted, cls]);
  }
  return found;
}

/** All methods of a class and its bases. */
function methodsOf(cls: Class): string[] {
  const names = new Set<string>();
  for (
    let at = cls.prototype as object;
    at !== null && at !== Persistent.prototype && at !== Object.prototype;
    at = Object.getPrototypeOf(at)
  )
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at)))
      if (typeof value === 'function' && name !== 'constructor') names.add(name);
  return [...names];
}

const publishedOf = (cls: Class) => methodsOf(cls).filter((name) => isPublishedName(cls, name));

/** Management methods that are public, with the reason. */
const PUBLIC: Readonly<Record<string, string>> = {
  manage_workspace: 'asks for a login itself, and leads to what the user may see',
  manage_zmi_logout: 'anybody may sign out',
  manage_clone: 'asks for the rights on what is copied and where it goes',
};

/** Whether a class keeps to itself what a class that it extends publishes. */
function isTakenBack(cls: Class, name: string): boolean {
  for (let at = cls; typeof at === 'function'; at = Object.getPrototypeOf(at) as Class) {
    const guard = namedDeclarationOf(at, name);
    if (guard !== undefined && guard !== 'private') return true;
  }
  return false;
}

describe('what a URL may call', () => {
  const classes = publishableClasses();

  it('finds the content types', () => {
    const names = classes.map(([name]) => name);
    expect(names).toEqual(
      expect.arrayContaining([
        'OFS.Folder.Folder',
        'OFS.Image.File',
        'OFS.userfolder.UserFolder',
        'Products.BTreeFolder2.BTreeFolder2.BTreeFolder2',
        'App.ApplicationManager.AltDatabaseManager',
      ]),
    );
  });

  it('is declared by name, with a permission or as public', () => {
    const bare: string[] = [];
    for (const [dotted, cls] of classes)
      for (const name of publishedOf(cls)) {
        const guard = namedDeclarationOf(cls, name);
        if (guard === undefined || (guard === 'private' && !isTakenBack(cls, name)))
          bare.push(`${dotted}.${name}`);
      }
    expect(bare).toEqual([]);
  });

  it('names methods that are there', () => {
    const missing: string[] = [];
    for (const [dotted, cls] of classes) {
      const methods = new Set(methodsOf(cls));
      for (const { published, postOnly, changes } of declarationsOf(cls))
        for (const name of [...(published ?? []), ...(postOnly ?? []), ...(changes ?? [])])
          if (!methods.has(name)) missing.push(`${dotted}.${name}`);
    }
    expect(missing).toEqual([]);
  });

  it('needs a permission where it manages something', () => {
    const open: string[] = [];
    for (const [dotted, cls] of classes)
      for (const name of publishedOf(cls))
        if (name.startsWith('manage') && namedDeclarationOf(cls, name) === 'public' && !(name in PUBLIC))
          open.push(`${dotted}.${name}`);
    expect(open).toEqual([]);
  });

  it('never is a name that begins with an underscore', () => {
    const names = classes.flatMap(([, cls]) => publishedOf(cls));
    expect(names.filter((name) => name.startsWith('_'))).toEqual([]);
  });

  it('has objects that say who may have them', () => {
    expect(
      classes.filter(([, cls]) => objectDeclarationOf(cls) === undefined).map(([dotted]) => dotted),
    ).toEqual(['OFS.SimpleItem.SimpleItem']);
  });

  it('adds objects with a permission of the product', () => {
    for (const type of products()) expect(type.permission, type.metaType).toMatch(/^(?:Add|Change) /);
  });
});

describe('a visitor without a login', () => {
  const site = new TestSite();
  const objects: Record<string, Class> = {};

  beforeAll(() => {
    site.addUser('boss', ['Manager']);
    site.addUser('guest', []);
    site.change((app) => {
      app._setObject('folder', new Folder('folder') as never);
      app._setObject('row', new OrderedFolder('row') as never);
      app._setObject('heap', new BTreeFolder('heap') as never);
      app._setObject('pic', new Image('pic', '', new Uint8Array([1])) as never);
      objects['/folder'] = Folder;
      objects['/row'] = OrderedFolder;
      objects['/heap'] = BTreeFolder;
      objects['/pic'] = Image;
      objects['/acl_users'] = UserFolder;
    });
  });
  afterAll(() => site.close());

  it('gets 401 from every management method, and by GET 404 from those that are for POST only', async () => {
    const wrong: string[] = [];
    for (const [path, cls] of Object.entries(objects)) {
      for (const name of publishedOf(cls)) {
        if (!name.startsWith('manage') || (name in PUBLIC && name !== 'manage_workspace')) continue;
        for (const options of [{}, { body: 'x=1' }]) {
          // oxlint-disable-next-line no-await-in-loop -- one after the other: they share a connection
          const { status } = await site.request(`${path}/${name}`, options);
          const hidden = options.body === undefined && isPostOnly(cls, name);
          if (status !== (hidden ? 404 : 401))
            wrong.push(`${status} ${options.body === undefined ? 'GET' : 'POST'} ${path}/${name}`);
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it('gets 401 from every constructor and from the control panel', async () => {
    const paths = products().flatMap(({ product, constructors }) =>
      constructors.map(({ name }) => `/folder/manage_addProduct/${product}/${name}`),
    );
    paths.push('/Control_Panel/manage_main', '/Control_Panel/Database/main/manage_pack');
    for (const path of paths) {
      // oxlint-disable-next-line no-await-in-loop -- as above
      expect((await site.request(path, { body: 'id=x' })).status, path).toBe(401);
    }
  });

  it('and one with a login but no rights as well', async () => {
    const body = 'id=x&title=y';
    expect((await site.request('/folder/manage_addFolder', { user: 'guest', body })).status).toBe(401);
    expect((await site.request('/folder/manage_access', { user: 'guest' })).status).toBe(401);
    expect((await site.request('/folder/manage_addFolder', { user: 'boss', body })).status).toBe(200);
  });

  it('cannot reach what is not published, whatever it is called', async () => {
    for (const name of [
      '_setObject',
      '_delObject',
      'changeOwnership',
      'getOwnerTuple',
      'update_data',
      'data',
    ])
      // oxlint-disable-next-line no-await-in-loop -- as above
      expect((await site.request(`/pic/${name}`, { user: 'boss' })).status, name).toBe(404);
  });
});

describe('a page of another site', () => {
  const site = new TestSite();
  beforeAll(() => {
    site.addUser('boss', ['Manager']);
    site.change((app) => app._setObject('victim', new Folder('victim') as never));
  });
  afterAll(() => site.close());
  const mozilla = { 'user-agent': 'Mozilla/5.0' };
  const body = 'ids:list=victim';

  it.each([
    ['a form', { body, headers: { ...mozilla, 'sec-fetch-site': 'cross-site' } }],
    ['a form of an old browser', { body, headers: { ...mozilla, origin: 'http://evil.example' } }],
    ['a sandboxed form', { body, headers: { ...mozilla, origin: 'null' } }],
    ['a neighbour’s form', { body, headers: { ...mozilla, 'sec-fetch-site': 'same-site' } }],
    ['an image', { headers: { ...mozilla, 'sec-fetch-site': 'cross-site' } }],
    ['a link in a mail', { headers: { ...mozilla, 'sec-fetch-site': 'none' } }],
    ['a link over plain HTTP', { headers: { ...mozilla, referer: 'http://evil.example/' } }],
    ['a link that hides its page', { headers: mozilla }],
  ])('cannot delete by %s', async (_what, options) => {
    const { status } = await site.request(`/manage_delObjects?${body}`, { user: 'boss', ...options });
    expect(status).toBe(403);
    expect((await site.request('/victim/title_or_id')).status).toBe(200);
  });

  it('but the site’s own form and link, and a program, can', async () => {
    const ways: RequestOptions[] = [
      { body, headers: { ...mozilla, 'sec-fetch-site': 'same-origin' } },
      { headers: { ...mozilla, 'sec-fetch-site': 'same-origin' } },
      { headers: { ...mozilla, referer: 'http://site.example/manage_main' } },
      {},
    ];
    for (const options of ways) {
      const query = options.body === undefined ? `?${body}` : '';
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const answer = await site.request(`/manage_delObjects${query}`, { user: 'boss', ...options });
      expect(answer.status).toBe(200);
      site.connection.sync();
      site.change((app) => app._setObject('victim', new Folder('victim') as never));
    }
  });
});
