/** What the main thread answers threads that open their databases, also those that take the place of others. */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { configure, reset } from '@logtape/logtape';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { SharedFile } from '../../../src/zodb/index.ts';
import { FileStorage } from '../../../src/zodb/index.ts';
import { StorageHost } from '../../../src/zope/threads/storage-host.ts';

let folder: string;
let host: StorageHost;
const said: string[] = [];
beforeEach(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'zope-host-'));
  host = new StorageHost();
  await configure({
    reset: true,
    sinks: { list: (record) => void said.push(record.message.join('')) },
    loggers: [
      { category: 'Zope', sinks: ['list'] },
      { category: ['logtape', 'meta'], sinks: [] },
    ],
  });
});
afterEach(async () => {
  host.close();
  said.length = 0;
  await reset();
  rmSync(folder, { recursive: true, force: true });
});

const open = (thread: number, options: object = {}): SharedFile =>
  host.answer({ kind: 'file', path: path.join(folder, 'Data.fs'), options }, thread)!;

it('gives all threads one file, and each its own settings of what is not of the open file', () => {
  expect(open(1, { quota: 1e6, packKeepOld: true }).options).toMatchObject({ quota: 1e6, packKeepOld: true });
  expect(open(2, { packKeepOld: false }).options).toMatchObject({ packKeepOld: false });
  expect(open(3, { packKeepOld: false }).options.quota).toBeUndefined();
  const storage = FileStorage.attach(open(4, { quota: 2e6 }));
  expect(storage.quota).toBe(2e6);
  storage.close();
  expect(said).toEqual([]);
});

it('says once what an open file cannot change', () => {
  open(1);
  for (const thread of [2, 3]) open(thread, { blobDir: path.join(folder, 'blobs') });
  expect(said).toEqual([
    expect.stringMatching(/Data\.fs is open: .*blob-dir has no effect .*zope instance stop/) as string,
  ]);
  open(4);
  open(5, { create: true });
  expect(said).toHaveLength(2);
  expect(said[1]).toMatch(/of create has/);
});

it('says which file new threads have no use for', () => {
  open(1);
  const last = host.lastThread;
  host.answer({ kind: 'file', path: path.join(folder, 'Other.fs'), options: {} }, 2);
  host.tellUnused(last);
  expect(said).toEqual([expect.stringMatching(/does not name .*Data\.fs any more.*stays open/) as string]);
});

it('refuses a file that two databases of a site name', () => {
  open(1);
  expect(() => open(1)).toThrow(/Data\.fs' is the file of two databases/);
  host.forget(1);
  open(1);
});

it('refuses storages that threads cannot share once several serve the site', () => {
  expect(host.answer({ kind: 'unshared', what: 'mappingstorage' }, 1)).toBeNull();
  host.refusesUnshared = true;
  expect(() => host.answer({ kind: 'unshared', what: 'demostorage' }, 2)).toThrow(
    /<demostorage> cannot be shared.*zope instance stop/,
  );
});

it('tells what keeps one of its files from being used', () => {
  open(1);
  expect(host.trouble()).toBeUndefined();
  rmSync(path.join(folder, 'Data.fs'));
  expect(host.trouble()).toBe('Data.fs cannot be read (ENOENT)');
});
