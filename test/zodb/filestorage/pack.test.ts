import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { disk } from '../../../src/zodb/filestorage/disk.ts';
import { FileStorage, type FileStorageOptions } from '../../../src/zodb/index.ts';
import type { Oid } from '../../../src/zodb/interfaces.ts';
import { bytes, metadata, temporaryDirectory, text, transact, write } from '../storages/storage-steps.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

const later = (): number => Date.now() / 1000 + 1;

/** Records here name the objects that they refer to: "1 2 3". */
const referencesOf = (data: Uint8Array): Oid[] =>
  text(data)
    .split(' ')
    .filter((part) => /^\d+$/.test(part))
    .map(Number);

function opened(options: FileStorageOptions = {}) {
  const file = path.join(temporaryDirectory(), 'Data.fs');
  return { file, storage: new FileStorage(file, { fsync: false, ...options }) };
}

function fill(storage: FileStorage, count: number): void {
  transact(storage, (transaction) => {
    storage.store(0, 0n, bytes(Array.from({ length: count }, (_, i) => i + 1).join(' ')), transaction);
    for (let oid = 1; oid <= count; oid++) storage.store(oid, 0n, bytes('old'), transaction);
  });
  for (let oid = 1; oid <= count; oid++) write(storage, { [oid]: `new x${oid}` });
}

test('readers and writers go on while a pack runs', async () => {
  const { storage } = opened();
  fill(storage, 3000);
  const before = storage.getSize();
  let running = true;
  const pack = storage.packOnline(later(), { referencesOf }).then(() => (running = false));
  let commits = 0;
  for (; running; commits++) {
    const oid = 1 + (commits % 3000);
    expect(text(storage.load(oid).data)).toContain('x');
    write(storage, { [oid]: `during x${commits}` });
    await new Promise((resolve) => setImmediate(resolve));
  }
  await pack;
  expect(commits).toBeGreaterThan(1);
  expect(storage.getSize()).toBeLessThan(before);
  for (let i = 0; i < Math.min(commits, 3000); i++)
    expect(text(storage.load(1 + i).data)).toMatch(/^during x/);
  // What came during the pack can be undone.
  const last = storage.undoLog(0, 1)[0]!.tid;
  transact(storage, (transaction) => storage.undo(last, transaction));
  storage.close();
  const again = new FileStorage(storage.path);
  expect(again.size()).toBe(3001);
  expect(again.getSize()).toBe(storage.getSize());
  again.close();
});

test('a pack waits for the transaction that is being committed', async () => {
  const { storage } = opened();
  fill(storage, 20);
  const transaction = metadata();
  storage.tpcBegin(transaction);
  storage.store(50, 0n, bytes('x'), transaction);
  storage.tpcVote(transaction);
  expect(() => storage.pack(later(), { referencesOf })).toThrow(expect.objectContaining({ code: 'PACK' }));
  const pack = storage.packOnline(later(), { referencesOf });
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
  storage.tpcFinish(transaction);
  await pack;
  expect(text(storage.load(50).data)).toBe('x');
  expect(storage.history(1, 5)).toHaveLength(1);
  storage.close();
});

test('two packs at a time are refused', async () => {
  const { storage } = opened();
  fill(storage, 500);
  const pack = storage.packOnline(later(), { referencesOf });
  await expect(storage.packOnline(later(), { referencesOf })).rejects.toMatchObject({ code: 'PACK' });
  await pack;
  storage.close();
});

test('an object that was garbage and is referred to again while a pack runs is not lost', () => {
  const { storage } = opened();
  transact(storage, (transaction) => {
    storage.store(0, 0n, bytes('root'), transaction);
    storage.store(1, 0n, bytes('garbage'), transaction);
    storage.store(2, 0n, bytes('garbage too'), transaction);
  });
  let packs = 0;
  const revive = (data: Uint8Array): Oid[] => {
    if (text(data) === 'root' && packs++ === 0) write(storage, { 0: 'root 1' });
    return referencesOf(data);
  };
  storage.pack(later(), { referencesOf: revive });
  expect(packs).toBe(1);
  expect(existsSync(`${storage.path}.pack`)).toBe(false);
  expect(text(storage.load(1).data)).toBe('garbage');
  expect(() => storage.load(2)).toThrow('there is no object');
  storage.close();
});

test('a pack gives up when what it removes is used again and again, and the next one works', () => {
  const { storage } = opened();
  const garbage = [1, 2, 3, 4, 5];
  transact(storage, (transaction) => {
    storage.store(0, 0n, bytes('root'), transaction);
    for (const oid of garbage) storage.store(oid, 0n, bytes('garbage'), transaction);
  });
  let used = '';
  let before = Infinity;
  let begins = false;
  const progress = (done: number) => {
    begins ||= done < before;
    before = done;
  };
  const revive = (data: Uint8Array): Oid[] => {
    if (begins) write(storage, { 0: `root${(used += ` ${garbage.shift()}`)}` });
    begins = false;
    return referencesOf(data);
  };
  expect(() => storage.pack(later(), { referencesOf: revive, progress })).toThrow(
    expect.objectContaining({ code: 'PACK', oid: 3 }),
  );
  expect(existsSync(`${storage.path}.pack`)).toBe(false);
  storage.pack(later(), { referencesOf });
  expect([1, 2, 3].map((oid) => text(storage.load(oid).data))).toEqual(['garbage', 'garbage', 'garbage']);
  expect(() => storage.load(4)).toThrow('there is no object');
  storage.close();
});

test('a pack that fails leaves everything as it was', () => {
  const { file, storage } = opened();
  fill(storage, 50);
  const whole = readFileSync(file);
  const fails = () => {
    throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
  };
  vi.spyOn(disk, 'sync').mockImplementation(fails);
  expect(() => storage.pack(later(), { referencesOf })).toThrow('ENOSPC');
  vi.restoreAllMocks();
  expect(() =>
    storage.pack(later(), {
      referencesOf: () => {
        throw new Error('unreadable');
      },
    }),
  ).toThrow('unreadable');
  expect(readFileSync(file).equals(whole)).toBe(true);
  expect(readdirSync(path.dirname(file)).filter((name) => name.endsWith('.pack'))).toEqual([]);
  write(storage, { 1: 'after' });
  storage.pack(later(), { referencesOf });
  expect(text(storage.load(1).data)).toBe('after');
  storage.close();
});

test('the file as it was is kept, unless that is not wanted', () => {
  const { file, storage } = opened();
  fill(storage, 10);
  const whole = readFileSync(file);
  storage.pack(later(), { referencesOf });
  expect(readFileSync(`${file}.old`).equals(whole)).toBe(true);
  write(storage, { 1: 'once more' });
  storage.pack(later(), { referencesOf, keepOld: false });
  expect(existsSync(`${file}.old`)).toBe(false);
  expect(statSync(file).size).toBe(storage.getSize());
  storage.close();
});

test('progress is told up to the end', () => {
  const { storage } = opened();
  fill(storage, 300);
  const told: number[] = [];
  storage.pack(later(), { referencesOf, progress: (done, total) => told.push(done / total) });
  expect(told.at(-1)).toBeGreaterThan(0.99);
  expect([...told].sort((a, b) => a - b)).toEqual(told);
  storage.close();
});

test('an iterator that has begun goes on over a pack', () => {
  const { storage } = opened();
  fill(storage, 20);
  const iterator = storage.iterator()[Symbol.iterator]();
  const first = iterator.next().value!;
  storage.pack(later(), { referencesOf });
  let count = [...first].length;
  for (let step = iterator.next(); step.done !== true; step = iterator.next())
    count += [...step.value].length;
  expect(count).toBe(41);
  expect(() => [...first]).toThrow('was packed');
  storage.close();
});

test('a pack that finds no root object removes nothing', () => {
  const { storage } = opened();
  write(storage, { 1: 'old', 2: 'old' });
  write(storage, { 1: 'new' });
  expect(() => storage.pack(later(), { referencesOf })).toThrow('pack without garbage collection');
  expect([1, 2].map((oid) => text(storage.load(oid).data))).toEqual(['new', 'old']);
  storage.pack(later(), { gc: false });
  expect([1, 2].map((oid) => text(storage.load(oid).data))).toEqual(['new', 'old']);
  storage.close();
});

test('a pack that meets a record that cannot be read names the object, and leaves the file as it was', () => {
  const { file, storage } = opened();
  write(storage, { 0: '1 2' });
  write(storage, { 1: 'sound', 2: 'unsound' });
  const before = readFileSync(file);
  const reading = function* (data: Uint8Array): Generator<Oid> {
    if (text(data) === 'unsound') throw new TypeError('no pickle');
    yield* referencesOf(data);
  };
  expect(() => storage.pack(later(), { referencesOf: reading })).toThrow(
    expect.objectContaining({
      code: 'PACK',
      message: expect.stringMatching(
        /^the references of the object 0x2 cannot be read.* no pickle$/,
      ) as string,
    }),
  );
  expect(readFileSync(file).equals(before)).toBe(true);
  expect(readdirSync(path.dirname(file)).filter((name) => name.endsWith('.pack'))).toEqual([]);
  storage.close();
});
