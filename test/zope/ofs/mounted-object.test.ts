/** Objects of another database in the tree of a site (INVENTORY O-059, C-035, C-037, Z-047), through a served site. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { TransactionManager } from '../../../src/transaction/index.ts';
import { DB, FileStorage } from '../../../src/zodb/index.ts';
import { makeApplication, type SiteApplication } from '../../../src/zope/app/make-application.ts';

const MANAGER = { authorization: `Basic ${Buffer.from('admin:secret').toString('base64')}` };
const opened: { close(): void }[] = [];
const directories: string[] = [];

afterEach(() => {
  for (const site of opened.splice(0)) site.close();
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

function instance(mount: string): string {
  const home = mkdtempSync(path.join(tmpdir(), 'mounts-'));
  directories.push(home);
  for (const name of ['etc', 'var']) mkdirSync(path.join(home, name));
  writeFileSync(path.join(home, 'inituser'), 'admin:secret\n');
  writeFileSync(
    path.join(home, 'etc/zope.conf'),
    [
      '%define INSTANCE ' + home,
      'instancehome $INSTANCE',
      '<zodb_db main>\n  <filestorage>\n    path $INSTANCE/var/Data.fs\n  </filestorage>\n  mount-point /\n</zodb_db>',
      `<zodb_db other>\n  <filestorage>\n    path $INSTANCE/var/Other.fs\n  </filestorage>\n  mount-point ${mount}\n</zodb_db>`,
    ].join('\n'),
  );
  return home;
}

async function serve(home: string): Promise<SiteApplication> {
  const site = await makeApplication({}, path.join(home, 'etc/zope.conf'));
  opened.push(site);
  return site;
}

const close = (site: SiteApplication) => {
  site.close();
  opened.splice(opened.indexOf(site), 1);
};

async function get(
  site: SiteApplication,
  url: string,
  headers: Record<string, string> = {},
): Promise<string> {
  const answer = await site.fetch(new Request(`http://127.0.0.1${url}`, { headers }));
  const text = await answer.text();
  expect(answer.status, text.slice(0, 2000)).toBeLessThan(400);
  return text;
}

async function post(site: SiteApplication, url: string, form: Record<string, string>): Promise<number> {
  const body = new URLSearchParams(form).toString();
  const answer = await site.fetch(
    new Request(`http://127.0.0.1${url}`, {
      method: 'POST',
      headers: {
        ...MANAGER,
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': String(Buffer.byteLength(body)),
      },
      body,
    }),
  );
  await answer.text();
  return answer.status;
}

const ADD_MOUNTS = '/manage_addProduct/ZODBMountPoint/manage_addMounts';

/** Something in the root of a file. */
function inFile<T>(file: string, look: (root: Record<string, never>) => T): T {
  const db = new DB(new FileStorage(file, { readOnly: true }));
  try {
    const connection = db.open({ transactionManager: new TransactionManager() });
    return look(connection.root().get('Application') as Record<string, never>);
  } finally {
    db.close();
  }
}

describe('a mount point of zope.conf', () => {
  test('is offered in the management interface, and made by manage_addMounts', async () => {
    const home = instance('/other');
    const site = await serve(home);
    const form = await get(site, '/manage_addProduct/ZODBMountPoint/manage_addMountsForm', MANAGER);
    expect(form).toContain('Ready to create');
    expect(form).toContain('value="/other"');
    expect(await get(site, '/manage_main', MANAGER)).toContain('manage_addMountsForm');
    expect(await post(site, ADD_MOUNTS, { 'paths:list': '/other' })).toBe(302);
    expect(await get(site, '/manage_addProduct/ZODBMountPoint/manage_addMountsForm', MANAGER)).toContain(
      'Ok',
    );
    expect(await get(site, '/manage_main', MANAGER)).toContain(
      'href="http://127.0.0.1/other/manage_workspace"',
    );
  });

  test('leads to objects that are stored in the other file, and acquire from where they are seen', async () => {
    const home = instance('/other');
    let site = await serve(home);
    await post(site, ADD_MOUNTS, { 'paths:list': '/other' });
    await post(site, '/manage_addProduct/OFSP/manage_addDTMLMethod', {
      id: 'greeting',
      file: 'from the main database',
    });
    await post(site, '/other/manage_addProduct/OFSP/manage_addDTMLMethod', {
      id: 'page',
      file: '<dtml-var greeting>, <dtml-var "absolute_url()">',
    });
    const expected = 'from the main database, http://127.0.0.1/other';
    expect(await get(site, '/other/page')).toBe(expected);
    close(site);
    expect(inFile(path.join(home, 'var/Other.fs'), (app) => Object.keys(app.other!))).toContain('page');
    expect(inFile(path.join(home, 'var/Data.fs'), (app) => Object.keys(app))).not.toContain('page');
    // As Products.ZODBMountPoint stores it.
    const point = 'cProducts.ZODBMountPoint.MountedObject\nMountedObject';
    expect(readFileSync(path.join(home, 'var/Data.fs')).includes(point)).toBe(true);
    site = await serve(home);
    expect(await get(site, '/other/page')).toBe(expected);
  });

  test('may lie below folders that are not there yet, and lead to any object of the other database', async () => {
    const home = instance('/a/b/docs:~Application/deep/docs');
    const site = await serve(home);
    expect(await post(site, ADD_MOUNTS, { 'paths:list': '/a/b/docs' })).toBe(302);
    await post(site, '/a/b/docs/manage_addProduct/OFSP/manage_addDTMLMethod', { id: 'page', file: 'here' });
    expect(await get(site, '/a/b/docs/page')).toBe('here');
    close(site);
    expect(
      inFile(path.join(home, 'var/Other.fs'), (app) =>
        Object.keys((app.deep as Record<string, Record<string, unknown>>).docs!),
      ),
    ).toContain('page');
  });

  test('that is deleted leaves the other database alone', async () => {
    const home = instance('/other');
    const site = await serve(home);
    await post(site, ADD_MOUNTS, { 'paths:list': '/other' });
    await post(site, '/other/manage_addProduct/OFSP/manage_addDTMLMethod', { id: 'page', file: 'here' });
    expect(await post(site, '/manage_delObjects', { 'ids:list': 'other' })).toBeLessThan(400);
    const gone = await site.fetch(new Request('http://127.0.0.1/other/page'));
    expect(gone.status).toBe(404);
    await post(site, ADD_MOUNTS, { 'paths:list': '/other' });
    expect(await get(site, '/other/page')).toBe('here');
  });

  test('whose object is not to be made, and is not there, is refused', async () => {
    const home = instance('/other');
    const site = await serve(home);
    const form = { 'paths:list': '/other', 'create_mount_points:int': '0' };
    expect(await post(site, ADD_MOUNTS, form)).toBeGreaterThanOrEqual(400);
    expect(await get(site, '/manage_addProduct/ZODBMountPoint/manage_addMountsForm', MANAGER)).toContain(
      'Ready to create',
    );
  });

  test('that zope.conf no longer names shows why there is nothing', async () => {
    const home = instance('/other');
    let site = await serve(home);
    await post(site, ADD_MOUNTS, { 'paths:list': '/other' });
    close(site);
    const file = path.join(home, 'etc/zope.conf');
    writeFileSync(file, readFileSync(file, 'utf8').replace('mount-point /other', 'mount-point /elsewhere'));
    site = await serve(home);
    expect(await get(site, '/other/manage_traceback', MANAGER)).toContain(
      'No database configured for mount point at /other',
    );
    expect(await post(site, '/manage_delObjects', { 'ids:list': 'other' })).toBeLessThan(400);
  });
});
