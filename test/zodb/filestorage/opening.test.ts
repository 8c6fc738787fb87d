import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { FileStorage } from '../../../src/zodb/index.ts';
import { readIndexFile, writeIndexFile } from '../../../src/zodb/filestorage/index-file.ts';
import { OidIndex } from '../../../src/zodb/filestorage/oid-index.ts';
import type { Oid } from '../../../src/zodb/interfaces.ts';
import { temporaryDirectory, text, write } from '../storages/storage-steps.ts';

const newFile = () => path.join(temporaryDirectory(), 'Data.fs');
const code = (run: () => unknown) => {
  try {
    run();
  } catch (error) {
    return (error as { code?: string }).code;
  }
  return undefined;
};

test('one process has the file open for writing, others read it', () => {
  const file = newFile();
  const storage = new FileStorage(file);
  write(storage, { 1: 'a' });
  expect(code(() => new FileStorage(file))).toBe('LOCK');
  const reader = new FileStorage(file, { readOnly: true });
  expect(text(reader.load(1).data)).toBe('a');
  for (const run of [
    () => write(reader, { 1: 'b' }),
    () => reader.newOid(),
    () => reader.pack(Date.now() / 1000),
    () => reader.cleanup(),
  ])
    expect(code(run)).toBe('READ_ONLY');
  reader.close();
  storage.close();
  new FileStorage(file).close();
});

test('a reader leaves no files behind', () => {
  const file = newFile();
  expect(code(() => new FileStorage(file, { readOnly: true }))).toBe('ENOENT');
  expect(existsSync(file) || existsSync(`${file}.lock`)).toBe(false);
});

test('a state of the past is opened by its transaction', () => {
  const file = newFile();
  const storage = new FileStorage(file);
  write(storage, { 1: 'a' });
  const second = write(storage, { 1: 'b', 2: 'x' });
  storage.close();
  const past = new FileStorage(file, { readOnly: true, stop: second });
  expect(text(past.load(1).data)).toBe('a');
  expect(code(() => past.load(2))).toBe('POS_KEY');
  past.close();
  expect(code(() => new FileStorage(file, { stop: second }))).toBe('FILE_STORAGE');
});

test('what is no file of transactions is refused, and stays as it is', () => {
  const file = newFile();
  writeFileSync(file, 'something else');
  expect(code(() => new FileStorage(file))).toBe('FILE_STORAGE_FORMAT');
  expect(readFileSync(file, 'utf8')).toBe('something else');
  writeFileSync(file, 'FS21');
  expect(() => new FileStorage(file)).toThrow('Python 2');
});

test('create begins anew', () => {
  const file = newFile();
  const storage = new FileStorage(file);
  write(storage, { 1: 'a' });
  storage.close();
  const anew = new FileStorage(file, { create: true });
  expect(anew.size()).toBe(0);
  anew.close();
  expect(code(() => new FileStorage(file, { create: true, readOnly: true }))).toBe('FILE_STORAGE');
});

test('beyond its quota a storage takes nothing more', () => {
  const storage = new FileStorage(newFile(), { quota: 1000 });
  write(storage, { 1: 'x'.repeat(2000) });
  const size = storage.getSize();
  expect(code(() => write(storage, { 2: 'y' }))).toBe('QUOTA');
  expect(storage.getSize()).toBe(size);
  storage.close();
});

test('after it was closed a storage does nothing', () => {
  const storage = new FileStorage(newFile());
  write(storage, { 1: 'a' });
  storage.close();
  storage.close();
  expect(() => storage.load(1)).toThrow('closed');
  expect(() => write(storage, { 1: 'b' })).toThrow('closed');
});

test('an index is written and read as it is, of close and far oids', () => {
  const file = `${newFile()}.index`;
  const index = new OidIndex();
  const entries: [Oid, number][] = [
    [0, 4],
    [1, 281_474_976_710_655],
    [65_535, 70],
    [65_536, 80],
    [2 ** 31, 90],
    [2 ** 40 + 5, 100],
    [2n ** 60n, 110],
    [2n ** 64n - 1n, 120],
  ];
  for (let oid = 1000; oid < 3000; oid++) entries.push([oid, oid * 1000]);
  for (const [oid, position] of entries) index.set(oid, position);
  writeIndexFile(file, 12_345, index);
  const read = readIndexFile(file, (reason) => {
    throw new Error(reason);
  })!;
  expect(read.position).toBe(12_345);
  expect(read.index.size).toBe(entries.length);
  for (const [oid, position] of entries) expect(read.index.get(oid)).toBe(position);
  expect([...read.index.keys()]).toEqual([...index.keys()]);
  expect(read.index.max).toBe(2n ** 64n - 1n);
});

test('the lowest oid from one on is found, over gaps and among the far ones', () => {
  const index = new OidIndex();
  for (const oid of [3, 5000, 2 ** 31 + 7, 2n ** 60n]) index.set(oid, 1);
  expect(index.atOrAfter(0)).toBe(3);
  expect(index.atOrAfter(4)).toBe(5000);
  expect(index.atOrAfter(5001)).toBe(2 ** 31 + 7);
  expect(index.atOrAfter(2 ** 31 + 8)).toBe(2n ** 60n);
  expect(index.atOrAfter(2n ** 60n + 1n)).toBeUndefined();
  index.delete(3);
  expect(index.atOrAfter(0)).toBe(5000);
  expect(index.size).toBe(3);
});

test('cleanup removes what belongs to the storage', () => {
  const file = newFile();
  const storage = new FileStorage(file);
  write(storage, { 1: 'a' });
  storage.cleanup();
  expect(['', '.index', '.lock', '.old'].map((end) => existsSync(`${file}${end}`))).toEqual([
    false,
    false,
    false,
    false,
  ]);
});

test('a transaction that is shorter than its own header is damage where others follow it, and a torn tail at the end', () => {
  const file = newFile();
  const storage = new FileStorage(file);
  write(storage, { 1: 'a' });
  const second = storage.getSize();
  write(storage, { 1: 'b' });
  const third = storage.getSize();
  write(storage, { 1: 'c' });
  storage.close();
  const whole = readFileSync(file);
  for (const [position, damaged] of [
    [second, true],
    [third, false],
  ] as const) {
    const bytes = Buffer.from(whole);
    bytes.writeBigUInt64BE(5n, position + 8);
    // Without its end the last transaction is torn.
    const content = damaged ? bytes : bytes.subarray(0, -8);
    writeFileSync(file, content);
    rmSync(`${file}.index`, { force: true });
    if (damaged) {
      expect(() => new FileStorage(file)).toThrow(
        /is damaged at \d+: the transaction is shorter than its own header/,
      );
      expect(readFileSync(file).equals(content)).toBe(true);
    } else {
      const opened = new FileStorage(file);
      expect(text(opened.load(1).data)).toBe('b');
      opened.close();
      expect(readFileSync(file).length).toBe(third);
    }
  }
});
