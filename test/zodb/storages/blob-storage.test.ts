import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { BlobStorage, MappingStorage } from '../../../src/zodb/index.ts';
import { bytes, metadata, temporaryDirectory } from './storage-steps.ts';

test('a transaction that fails at its end leaves no blob behind', () => {
  const base = new MappingStorage();
  const directory = path.join(temporaryDirectory(), 'blobs');
  const storage = new BlobStorage(base, directory);
  const blobs = () =>
    readdirSync(directory, { recursive: true }).filter((name) => String(name).endsWith('.blob'));
  const store = () => {
    const file = path.join(storage.temporaryDirectory(), 'upload');
    writeFileSync(file, 'content');
    const transaction = metadata();
    // With an id of its own, so that the files are in their places before the base is asked.
    storage.tpcBegin(transaction, 16n);
    storage.storeBlob(1, 0n, bytes('record'), file, transaction);
    storage.tpcVote(transaction);
    return () => storage.tpcFinish(transaction);
  };
  base.tpcFinish = () => {
    throw new Error('the disk is full');
  };
  expect(store()).toThrow('the disk is full');
  expect(blobs()).toEqual([]);
});
