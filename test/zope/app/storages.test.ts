import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { BlobStorage, DemoStorage, FileStorage, isBlobStore } from '../../../src/zodb/index.ts';
import { openStorage } from '../../../src/zope/app/storages.ts';
import type { StorageConfig } from '../../../src/zconfig/index.ts';

function temporaryDirectory(): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'databases-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

const config = (type: string, name: string | null, values: Record<string, unknown>): StorageConfig => ({
  type,
  name,
  values,
  place: undefined as never,
});
const file = (directory: string, values: Record<string, unknown> = {}, name: string | null = null) =>
  config('filestorage', name, {
    path: path.join(directory, 'Data.fs'),
    quota: null,
    blob_dir: null,
    ...values,
  });

test('a <filestorage> with a blob-dir keeps blobs', () => {
  const directory = temporaryDirectory();
  const storage = openStorage(file(directory, { blob_dir: path.join(directory, 'blobs') }));
  expect(storage).toBeInstanceOf(FileStorage);
  expect(isBlobStore(storage)).toBe(true);
  storage.close();
});

test('a <demostorage> takes its changes where it is told, over its base', () => {
  const base = temporaryDirectory();
  const changes = temporaryDirectory();
  const storage = openStorage(
    config('demostorage', null, { name: null, factories: [file(base), file(changes, {}, 'changes')] }),
  ) as DemoStorage;
  expect(storage).toBeInstanceOf(DemoStorage);
  expect(storage.base.getName()).toBe(path.join(base, 'Data.fs'));
  expect(storage.changes.getName()).toBe(path.join(changes, 'Data.fs'));
  storage.close();
});

test('a <demostorage> whose changes cannot be opened leaves its base closed', () => {
  const base = temporaryDirectory();
  const factories = [file(base), file('/nowhere/at/all', { read_only: true }, 'changes')];
  expect(() => openStorage(config('demostorage', null, { name: null, factories }))).toThrow('No such file');
  new FileStorage(path.join(base, 'Data.fs')).close();
});

test('a <blobstorage> gives blobs to a storage without them', () => {
  const directory = temporaryDirectory();
  const storage = openStorage(
    config('blobstorage', null, {
      blob_dir: path.join(directory, 'blobs'),
      base: config('mappingstorage', null, {}),
    }),
  );
  expect(storage).toBeInstanceOf(BlobStorage);
  storage.close();
});
