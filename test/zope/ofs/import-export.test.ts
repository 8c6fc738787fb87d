import { mkdirSync, mkdtempSync, openSync, closeSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { Folder, type Item } from '../../../src/zope/ofs/index.ts';
import { setExportPlaces } from '../../../src/zope/ofs/import-export.ts';
import { TestSite } from './test-site.ts';

const site = new TestSite();
const home = mkdtempSync(path.join(os.tmpdir(), 'zope-export-'));
afterAll(() => {
  site.close();
  rmSync(home, { recursive: true });
});

it('an export takes the place of another one as a whole, for who reads that still', async () => {
  setExportPlaces({ instanceHome: home, clientHome: home });
  site.addUser('boss', ['Manager']);
  site.change((app) => app._setObject('folder', new Folder('folder') as unknown as Item));
  const exported = async () => {
    const { status } = await site.request('/manage_exportObject', { user: 'boss', body: 'id=folder' });
    expect(status).toBe(200);
    return readFileSync(path.join(home, 'folder.zexp'));
  };
  const before = await exported();
  const descriptor = openSync(path.join(home, 'folder.zexp'), 'r');
  site.change((app) => {
    (app as unknown as { folder: Folder }).folder.title = 'changed';
  });
  const after = await exported();
  expect(after.equals(before)).toBe(false);
  expect(readFileSync(descriptor).equals(before)).toBe(true);
  closeSync(descriptor);
  expect(readdirSync(home)).toEqual(['folder.zexp']);
});

it('an export that cannot be written leaves nothing', async () => {
  mkdirSync(path.join(home, 'taken.zexp'));
  site.change((app) => app._setObject('taken', new Folder('taken') as unknown as Item));
  await expect(site.request('/manage_exportObject', { user: 'boss', body: 'id=taken' })).rejects.toThrow(
    'EISDIR',
  );
  expect(readdirSync(home).sort()).toEqual(['folder.zexp', 'taken.zexp']);
});
