/** One database under both: a site made here is opened by Python's Zope, changed there, and read here again. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { permissionAttribute, type User } from '../../../src/access/index.ts';
import { DateTime, type Tuple, tuple } from '../../../src/pickle/index.ts';
import { DB, FileStorage } from '../../../src/zodb/index.ts';
import {
  BTreeFolder,
  DTMLMethod,
  File,
  Folder,
  Image,
  type Item,
  OrderedFolder,
  PythonScript,
  UserFolder,
  ZopePageTemplate,
} from '../../../src/zope/ofs/index.ts';
import { TestSite } from './test-site.ts';

const python = process.env.ZOPE_PYTHON;
const script = fileURLToPath(new URL('python-side.py', import.meta.url));
const GIF = Buffer.from('R0lGODlhAgACAIAAABCAIP///ywAAAAAAgACAAACAkQBADs=', 'base64');

/** Runs a step of the other side on a copy of the database; gives what it found. */
function inPython(step: string, file: string): Record<string, unknown> {
  const { status, stdout, stderr } = spawnSync(python!, [script, step, file], {
    encoding: 'utf8',
    env: { ...process.env, TZ: 'UTC' },
    timeout: 120_000,
  });
  if (status !== 0) throw new Error(`${step} in Python failed: ${stderr}`);
  return JSON.parse(stdout.split('\n').find((line) => line.startsWith('{'))!) as Record<string, unknown>;
}

function openSite(file: string): TestSite {
  return new TestSite(new DB(new FileStorage(file)));
}

function fill(app: TestSite['app']): void {
  const add = (container: Folder, id: string, object: object) => {
    container._setObject(id, object as Item);
    return container._getOb(id) as unknown as Folder;
  };
  app.acl_users._doAddUser('greta', 'wörd', ['Gardener'], ['127.0.0.1']);
  app.__ac_roles__ = tuple('Manager', 'Anonymous', 'Owner', 'Gardener');
  const garden = add(app, 'garden', new Folder('garden', 'Gärten & mehr'));
  garden._setProperty('words', tuple('a', 'ü'), 'lines');
  garden._setProperty('count', 12, 'int');
  garden._setProperty('ratio', 2.5, 'float');
  garden._setProperty('open', true, 'boolean');
  garden._setProperty('day', new DateTime('2021/02/03 04:05:06 UTC'), 'date');
  garden._setProperty('kind', 'words', 'selection');
  garden.manage_addLocalRoles('greta', ['Owner', 'Gardener']);
  garden.manage_permission('View', ['Manager', 'Gardener'], 0);
  garden.manage_permission('Add Folders', ['Gardener'], 1);
  add(garden, 'note.txt', new File('note.txt', 'A note', new Uint8Array(Buffer.from('ein Wörd\n')), ''));
  add(garden, 'big.bin', new File('big.bin', '', new Uint8Array(200_000).fill(7), 'application/x-big'));
  add(garden, 'dot.gif', new Image('dot.gif', 'Dot', new Uint8Array(GIF)));
  const page = new ZopePageTemplate('page', '<p tal:content="context/title">x</p>');
  page.title = 'A page';
  add(garden, 'page', page);
  add(garden, 'method', new DTMLMethod('method', '<dtml-var title> <dtml-var "1+count">'));
  const code = new PythonScript('code');
  code.ZPythonScript_edit('a=2', 'return a * 21');
  add(garden, 'code', code);
  const row = add(app, 'row', new OrderedFolder('row'));
  for (const id of ['c', 'a', 'b']) add(row, id, new Folder(id));
  (row as unknown as OrderedFolder).setDefaultSorting('meta_type', 1);
  add(app, 'heap', new BTreeFolder('heap'));
  const area = add(app, 'area', new Folder('area'));
  area._setObject('acl_users', new UserFolder() as unknown as Item);
  (area._getOb('acl_users') as unknown as UserFolder)._doAddUser('kim', 'pw', ['Manager']);
}

describe.skipIf(python === undefined)(
  `with Python's Zope${python === undefined ? ' (skipped: ZOPE_PYTHON is not set)' : ''}`,
  () => {
    let folder: string;
    let file: string;
    beforeAll(() => {
      folder = mkdtempSync(path.join(os.tmpdir(), 'zope-both-'));
      file = path.join(folder, 'Data.fs');
      const site = openSite(file);
      site.change(fill);
      site.close();
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    it('reads there what was made here, and renders it', () => {
      expect(inPython('read', file)).toEqual({
        title: 'Gärten & mehr',
        properties: [
          ['title', 'string', "'Gärten & mehr'"],
          ['words', 'lines', "('a', 'ü')"],
          ['count', 'int', '12'],
          ['ratio', 'float', '2.5'],
          ['open', 'boolean', 'True'],
          ['day', 'date', "DateTime('2021/02/03 04:05:06 UTC')"],
          ['kind', 'selection', "''"],
        ],
        ids: ['note.txt', 'big.bin', 'dot.gif', 'page', 'method', 'code'],
        types: ['File', 'File', 'Image', 'Page Template', 'DTML Method', 'Script (Python)'],
        classes: ['File', 'File', 'Image', 'ZopePageTemplate', 'DTMLMethod'],
        note: ['text/plain', 10, 'ein Wörd\n'],
        big: [200_000, true, 'application/x-big'],
        tag: '<img src="garden/dot.gif" alt="" title="Dot" height="2" width="2" />',
        page: '<p>Gärten &amp; mehr</p>',
        method: 'Gärten & mehr 13',
        order: [
          ['c', 'a', 'b'],
          ['meta_type', 1],
        ],
        users: [['greta', ['Gardener'], ['127.0.0.1']]],
        password: true,
        inner: [['kim'], true],
        local: [['greta', ['Owner', 'Gardener']]],
        view: "('Manager', 'Gardener')",
        add: "['Gardener']",
        valid: ['Anonymous', 'Authenticated', 'Gardener', 'Manager', 'Owner'],
        may: [true, false],
      });
    });

    it('reads here what was changed there, and goes on', async () => {
      inPython('change', file);
      const site = openSite(file);
      const garden = site.app._getOb('garden') as unknown as Folder;
      expect(garden.title).toBe('changed');
      expect([...(garden.getProperty('words') as Tuple<string>)]).toEqual(['x', 'y']);
      expect(garden.objectIds()).toEqual([
        'note.txt',
        'dot.gif',
        'page',
        'code',
        'made',
        'copy_of_page',
        'meth',
      ]);
      expect((garden._getOb('note.txt') as unknown as File).__str__()).toBe('there');
      expect([...garden.get_local_roles()].map(([id]) => id)).toEqual(['greta', 'kim']);
      const made = garden._getOb('made');
      expect(made.getOwnerTuple()).toEqual(tuple(['acl_users'], 'greta'));
      expect((site.app._getOb('row') as unknown as OrderedFolder).objectIds()).toEqual(['b', 'c', 'a']);
      const greta = site.app.acl_users.getUserById('greta', null) as User;
      expect(greta.authenticate('neu', { address: '127.0.0.1' })).toBe(true);
      expect(greta.allowed(garden, ['Gardener'])).toBe(true);
      expect((garden as unknown as Record<string, unknown>)[permissionAttribute('View')]).toBe(undefined);
      expect((await site.request('/garden/copy_of_page')).body).toBe('<p>changed</p>');
      expect((await site.request('/garden/meth')).body).toBe('changed 13');
      expect((await site.request('/garden/code?a:int=3')).body).toBe('63');
      site.change(() => {
        garden.manage_renameObject('made', 'renamed');
        garden._setProperty('late', 'here', 'string');
      });
      site.close();
      expect(inPython('again', file)).toEqual({
        ids: ['note.txt', 'dot.gif', 'page', 'code', 'copy_of_page', 'meth', 'renamed'],
        late: 'here',
        owner: 'greta',
        repr: '<Folder at /garden/renamed>',
      });
    });
  },
);
