/** What an open storage tells of a disk that refuses, and of a file that is not what it was. */
import {
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
  copyFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { disk } from '../../../src/zodb/filestorage/disk.ts';
import { FileStorage, type FileStorageOptions } from '../../../src/zodb/index.ts';
import { bytes, metadata, temporaryDirectory, write } from '../storages/storage-steps.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

function opened(options: FileStorageOptions = {}) {
  const file = path.join(temporaryDirectory(), 'Data.fs');
  const storage = new FileStorage(file, options);
  write(storage, { 0: 'root', 1: 'kept' });
  return { file, storage };
}

const failing = (code: string) => () => {
  throw Object.assign(new Error(`${code}: it fails`), { code });
};

test.each([
  ['ENOSPC', 'the disk is full'],
  ['EDQUOT', "the user's share of the disk is full"],
  ['EROFS', 'the file system has become read-only'],
  ['EFBIG', 'the file has reached the largest size that is allowed'],
  ['EIO', 'the disk fails'],
  ['EXDEV', 'the disk did not take what was written'],
])('%s is told until a later transaction is on the disk', (code, text) => {
  const { storage } = opened();
  expect(storage.trouble()).toBeUndefined();
  vi.spyOn(disk, 'sync').mockImplementationOnce(failing(code));
  expect(() => write(storage, { 1: 'lost' })).toThrow(code);
  expect(storage.trouble()).toBe(`Data.fs did not take the last transactions: ${text}`);
  write(storage, { 1: 'next' });
  expect(storage.trouble()).toBeUndefined();
  storage.close();
  expect(storage.trouble()).toBeUndefined();
});

test('what the disk refused of a transaction that was shown before is told, too', async () => {
  const { storage } = opened({ early: true });
  storage.showEarly();
  const transaction = Object.assign(metadata(), { endsEarly: true });
  storage.tpcBegin(transaction);
  storage.store(2, 0n, bytes('lost'), transaction);
  storage.tpcVote(transaction);
  const tid = storage.tpcFinish(transaction);
  vi.spyOn(disk, 'sync').mockImplementation(failing('ENOSPC'));
  vi.spyOn(disk, 'syncLater').mockImplementation(((_descriptor: number, done: (error: Error) => void) =>
    done(Object.assign(new Error('full'), { code: 'ENOSPC' }))) as never);
  await expect(storage.durable(tid, storage.losses)).rejects.toMatchObject({ code: 'SYNC' });
  expect(storage.trouble()).toMatch(/disk is full/);
  vi.restoreAllMocks();
  write(storage, { 1: 'next' });
  expect(storage.trouble()).toBeUndefined();
  storage.close();
});

test('all threads tell of what one has met', () => {
  const { storage } = opened({ shared: 1 });
  const attached = FileStorage.attach(storage.share(2));
  vi.spyOn(disk, 'sync').mockImplementationOnce(failing('ENOSPC'));
  expect(() => write(attached, { 1: 'lost' })).toThrow();
  expect(storage.trouble()).toMatch(/disk is full/);
  write(storage, { 1: 'next' });
  expect(attached.trouble()).toBeUndefined();
  attached.close();
  storage.close();
});

test('where no transaction comes after a failure, the disk is tried from time to time', async () => {
  const { file, storage } = opened();
  vi.spyOn(disk, 'sync').mockImplementationOnce(failing('ENOSPC'));
  expect(() => write(storage, { 1: 'lost' })).toThrow('ENOSPC');
  vi.useFakeTimers({ toFake: ['performance'] });
  const isFull = () => storage.trouble() !== undefined;
  expect(isFull()).toBe(true);
  vi.advanceTimersByTime(4900);
  expect(isFull()).toBe(true);
  vi.advanceTimersByTime(200);
  // It is tried beside those who ask.
  expect(isFull()).toBe(true);
  await vi.waitUntil(() => !isFull(), { timeout: 50_000 });
  expect(existsSync(`${file}.probe`)).toBe(false);
  storage.close();
});

test('a transaction that may be on the disk or not ends all writing, which is told until the process ends', () => {
  const { storage } = opened();
  vi.spyOn(disk, 'sync').mockImplementation(failing('EIO'));
  vi.spyOn(disk, 'truncate').mockImplementation(failing('EIO'));
  expect(() => write(storage, { 1: 'lost' })).toThrow('EIO');
  vi.restoreAllMocks();
  expect(storage.trouble()).toMatch(/takes no transactions: writing to it failed.*restart the process/);
  storage.close();
});

test('a file that is removed, cut or damaged at its root is told; a packed one is as good', () => {
  const { file, storage } = opened({ packGc: false });
  storage.pack(Date.now() / 1000);
  expect(storage.trouble()).toBeUndefined();
  const content = readFileSync(file);
  truncateSync(file, content.length - 1);
  expect(storage.trouble()).toMatch(/is shorter than it was/);
  writeFileSync(file, Buffer.from(content).fill(1, 4), { flag: 'r+' });
  expect(storage.trouble()).toMatch(/is damaged/);
  writeFileSync(file, 'text', { flag: 'r+' });
  expect(storage.trouble()).toMatch(/cannot be read/);
  writeFileSync(file, content, { flag: 'r+' });
  expect(storage.trouble()).toBeUndefined();
  renameSync(file, `${file}.away`);
  expect(storage.trouble()).toBe('Data.fs cannot be read (ENOENT)');
  renameSync(`${file}.away`, file);
  expect(storage.trouble()).toBeUndefined();
  storage.close();
});

test('another file in the place of the one that is open is told a moment later', () => {
  const { file, storage } = opened();
  copyFileSync(file, `${file}.copy`);
  rmSync(file);
  renameSync(`${file}.copy`, file);
  vi.useFakeTimers({ toFake: ['performance'] });
  // As when a pack has just put it there.
  expect(storage.trouble()).toBeUndefined();
  vi.advanceTimersByTime(1000);
  expect(storage.trouble()).toMatch(/was replaced by another file/);
  storage.close();
});
