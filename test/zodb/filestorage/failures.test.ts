/** A disk that fails: nothing is lost, and the storage goes on or says that it does not. */
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { disk } from '../../../src/zodb/filestorage/disk.ts';
import { FileStorage } from '../../../src/zodb/index.ts';
import {
  bytes,
  metadata,
  temporaryDirectory,
  text,
  transactionsOf,
  write,
} from '../storages/storage-steps.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

function opened() {
  const file = path.join(temporaryDirectory(), 'Data.fs');
  const storage = new FileStorage(file);
  write(storage, { 1: 'kept' });
  return { file, storage };
}

const failing = () => {
  throw Object.assign(new Error('EIO: i/o error'), { code: 'EIO' });
};

test('a transaction that cannot be synced is not there, and the next one is', () => {
  const { file, storage } = opened();
  const { size } = statSync(file);
  vi.spyOn(disk, 'sync').mockImplementationOnce(failing);
  expect(() => write(storage, { 1: 'lost', 2: 'lost' })).toThrow('EIO');
  expect(text(storage.load(1).data)).toBe('kept');
  expect(() => storage.load(2)).toThrow('there is no object');
  expect(statSync(file).size).toBe(size);
  write(storage, { 2: 'next' });
  storage.close();
  const again = new FileStorage(file);
  expect(transactionsOf(again).map(({ records }) => records)).toEqual([[[1, 'kept']], [[2, 'next']]]);
  again.close();
});

test('a transaction that can neither be synced nor taken back ends all writing, and reading goes on', () => {
  const { storage } = opened();
  vi.spyOn(disk, 'sync').mockImplementation(failing);
  vi.spyOn(disk, 'truncate').mockImplementation(failing);
  expect(() => write(storage, { 1: 'lost' })).toThrow('EIO');
  vi.restoreAllMocks();
  expect(() => write(storage, { 1: 'more' })).toThrow(
    expect.objectContaining({ code: 'FILE_STORAGE', cause: expect.objectContaining({ code: 'EIO' }) }),
  );
  expect(text(storage.load(1).data)).toBe('kept');
  storage.close();
});

test('what an aborted transaction leaves behind is cut off before the next one is written', () => {
  const { file, storage } = opened();
  const transaction = metadata();
  storage.tpcBegin(transaction);
  storage.store(2, 0n, bytes('long '.repeat(1000)), transaction);
  storage.tpcVote(transaction);
  const truncate = vi.spyOn(disk, 'truncate').mockImplementation(failing);
  storage.tpcAbort(transaction);
  expect(() => write(storage, { 3: 'short' })).toThrow('EIO');
  truncate.mockRestore();
  write(storage, { 3: 'short' });
  storage.close();
  const again = new FileStorage(file);
  expect(transactionsOf(again)).toHaveLength(2);
  expect(text(again.load(3).data)).toBe('short');
  again.close();
});

test('an index that cannot be written is no reason to stop', () => {
  const { file, storage } = opened();
  vi.spyOn(disk, 'sync').mockImplementation(failing);
  storage.close();
  vi.restoreAllMocks();
  const again = new FileStorage(file);
  expect(text(again.load(1).data)).toBe('kept');
  again.close();
});

test('a file that cannot grow any more refuses a transaction and takes a smaller one', () => {
  const file = path.join(temporaryDirectory(), 'Data.fs');
  const script = `
    import { FileStorage } from ${JSON.stringify(path.resolve('src/zodb/index.ts'))};
    const storage = new FileStorage(${JSON.stringify(file)});
    const commit = (oid, size) => {
      const transaction = { user: new Uint8Array(), description: new Uint8Array(), extensionBytes: new Uint8Array() };
      storage.tpcBegin(transaction);
      storage.store(oid, 0n, new Uint8Array(size).fill(65), transaction);
      try {
        storage.tpcVote(transaction);
      } catch (error) {
        storage.tpcAbort(transaction);
        return error.code;
      }
      storage.tpcFinish(transaction);
      return 'ok';
    };
    const results = [commit(1, 40000), commit(2, 40000), commit(3, 1000), storage.load(1).data.length, commit(4, 40000), commit(5, 100)];
    storage.close();
    console.log(JSON.stringify(results));
  `;
  const output = execFileSync(
    'sh',
    [
      '-c',
      'ulimit -f 100; exec "$0" "$@"',
      process.execPath,
      '--import',
      './scripts/register-ts.js',
      '--input-type=module',
      '-e',
      script,
    ],
    { encoding: 'utf8' },
  );
  const [first, second, third, size, fourth, fifth] = JSON.parse(output) as unknown[];
  // The unit of the limit is 512 or 1024 bytes.
  expect(first).toBe('ok');
  expect(['ok', 'EFBIG']).toContain(second);
  expect([third, size, fifth]).toEqual(['ok', 40_000, 'ok']);
  expect(fourth).toBe('EFBIG');
  const storage = new FileStorage(file);
  const expected = second === 'ok' ? [1, 2, 3, 5] : [1, 3, 5];
  expect(transactionsOf(storage).map(({ records }) => records[0]![0])).toEqual(expected);
  storage.close();
});

test('a damage in the middle of a file is told with its position, and nothing is cut off', () => {
  const { file, storage } = opened();
  write(storage, { 2: 'more' });
  write(storage, { 3: 'and more' });
  storage.close();
  const data = readFileSync(file);
  // The transaction's own position in its record.
  const damaged = Buffer.from(data);
  damaged[4 + 23 + 31] ^= 0xff;
  const target = `${file}2`;
  appendFileSync(target, damaged);
  expect(() => new FileStorage(target)).toThrow(/Data\.fs2 is damaged at 27/);
  expect(readFileSync(target).equals(damaged)).toBe(true);
});

test('blobs and temporary files that a killed process has left are removed, and no others', () => {
  const directory = temporaryDirectory();
  const inside = path.join(directory, 'site');
  mkdirSync(inside);
  const open = (where: string) =>
    new FileStorage(path.join(where, 'Data.fs'), { blobDir: path.join(where, 'blobs'), fsync: false });
  const storage = open(inside);
  const blob = (name: string) => {
    const file = path.join(storage.temporaryDirectory(), name);
    writeFileSync(file, name);
    return file;
  };
  /** What the disk has if the process is killed now. */
  const killed = (name: string): string => {
    const copy = path.join(directory, name);
    cpSync(inside, copy, { recursive: true });
    return copy;
  };
  const transaction = metadata();
  storage.tpcBegin(transaction);
  storage.storeBlob(1, 0n, bytes('one'), blob('one'), transaction);
  blob('left');
  const stored = killed('stored');
  storage.tpcVote(transaction);
  const voted = killed('voted');
  let finishing = '';
  const tid = storage.tpcFinish(transaction, () => void (finishing = killed('finishing')));
  for (const where of [stored, voted]) {
    const copy = open(where);
    expect(copy.size()).toBe(0);
    expect(() => copy.loadBlob(1, tid)).toThrow('there is no object');
    expect(readdirSync(path.join(where, 'blobs')).sort()).toEqual(['.layout', 'tmp']);
    expect(readdirSync(copy.temporaryDirectory())).toEqual([]);
    copy.close();
  }
  const copy = open(finishing);
  expect(readFileSync(copy.loadBlob(1, tid), 'utf8')).toBe('one');
  expect(readdirSync(copy.temporaryDirectory())).toEqual([]);
  copy.close();
  storage.close();
  const again = open(inside);
  expect(readFileSync(again.loadBlob(1, tid), 'utf8')).toBe('one');
  again.close();
});
