import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { BlobDirectory } from '../../../src/zodb/index.ts';
import { temporaryDirectory } from '../storages/storage-steps.ts';

const newDirectory = () => path.join(temporaryDirectory(), 'blobs');

function put(blobs: BlobDirectory, oid: number, tid: bigint, content: string): void {
  const file = blobs.temporaryFile();
  writeFileSync(file, content);
  blobs.store({ oid, tid }, file, true);
}

test('files lie where Python looks for them (INVENTORY Z-065)', () => {
  const bushy = new BlobDirectory(newDirectory());
  expect(path.relative(bushy.path, bushy.file({ oid: 0x1234, tid: 0x3f47f9595555555n }))).toBe(
    '0x00/0x00/0x00/0x00/0x00/0x00/0x12/0x34/0x03f47f9595555555.blob',
  );
  const lawn = new BlobDirectory(newDirectory(), 'lawn');
  expect(path.relative(lawn.path, lawn.file({ oid: 0x234, tid: 0x1n }))).toBe('0x0234/0x01.blob');
  expect([bushy, lawn].map(({ path: at }) => readFileSync(path.join(at, '.layout'), 'utf8').trim())).toEqual([
    'bushy',
    'lawn',
  ]);
});

test('a directory keeps its layout', () => {
  const directory = newDirectory();
  new BlobDirectory(directory, 'lawn');
  expect(new BlobDirectory(directory).layout).toBe('lawn');
  expect(() => new BlobDirectory(directory, 'bushy')).toThrow('has the layout lawn');
  // One that is in use and names none is old.
  const old = newDirectory();
  mkdirSync(path.join(old, '0x01'), { recursive: true });
  expect(new BlobDirectory(old).layout).toBe('lawn');
});

test('revisions are found, and removed with the directories that become empty', () => {
  for (const layout of ['bushy', 'lawn'] as const) {
    const blobs = new BlobDirectory(newDirectory(), layout);
    put(blobs, 1, 16n, 'a');
    put(blobs, 1, 17n, 'b');
    put(blobs, 0x1_0000_0001, 18n, 'c');
    expect([...blobs.revisions()].sort((a, b) => (a.tid < b.tid ? -1 : 1))).toEqual([
      { oid: 1, tid: 16n },
      { oid: 1, tid: 17n },
      { oid: 0x1_0000_0001, tid: 18n },
    ]);
    blobs.remove({ oid: 1, tid: 16n });
    blobs.remove({ oid: 1, tid: 17n });
    expect([...blobs.revisions()]).toEqual([{ oid: 0x1_0000_0001, tid: 18n }]);
    expect(existsSync(path.dirname(blobs.file({ oid: 1, tid: 16n })))).toBe(false);
    expect(existsSync(blobs.temporary)).toBe(true);
    expect(() => blobs.load({ oid: 1, tid: 16n })).toThrow('there is no object');
  }
});

test('directories that somebody else has removed meanwhile are no obstacle', () => {
  const blobs = new BlobDirectory(newDirectory());
  put(blobs, 1, 16n, 'a');
  const parent = path.dirname(path.dirname(blobs.file({ oid: 1, tid: 16n })));
  rmSync(path.dirname(blobs.file({ oid: 1, tid: 16n })), { recursive: true });
  blobs.remove({ oid: 1, tid: 16n });
  expect(existsSync(parent)).toBe(false);
});

test('a pack keeps the removed files beside the directory, if that is wanted', () => {
  const blobs = new BlobDirectory(newDirectory());
  put(blobs, 1, 16n, 'old');
  put(blobs, 1, 17n, 'new');
  blobs.pack([{ oid: 1, tid: 16n }], `${blobs.path}.old`);
  const old = new BlobDirectory(`${blobs.path}.old`, undefined, true);
  expect(readFileSync(old.load({ oid: 1, tid: 16n }), 'utf8')).toBe('old');
  expect(readFileSync(old.load({ oid: 1, tid: 17n }), 'utf8')).toBe('new');
  expect(() => blobs.load({ oid: 1, tid: 16n })).toThrow('there is no object');
});

test('what a killed process left goes at the next start, and what its transactions committed stays', () => {
  const blobs = new BlobDirectory(newDirectory());
  const left = blobs.temporaryFile();
  writeFileSync(left, 'half');
  for (const [oid, tid] of [
    [1, 16n],
    [2, 17n],
  ] as const) {
    blobs.begin({ oid, tid });
    put(blobs, oid, tid, `blob ${oid}`);
  }
  blobs.recover((tid) => tid === 16n);
  expect([...blobs.revisions()]).toEqual([{ oid: 1, tid: 16n }]);
  expect(readFileSync(blobs.load({ oid: 1, tid: 16n }), 'utf8')).toBe('blob 1');
  expect(existsSync(left)).toBe(false);
});

test('a copy is a file of its own', () => {
  const blobs = new BlobDirectory(newDirectory());
  put(blobs, 1, 16n, 'content');
  blobs.copy({ oid: 1, tid: 16n }, 20n, true);
  const copy = blobs.load({ oid: 1, tid: 20n });
  expect(statSync(copy).ino).not.toBe(statSync(blobs.load({ oid: 1, tid: 16n })).ino);
  expect(statSync(copy).mode & 0o222).toBe(0);
  chmodSync(copy, 0o600);
  writeFileSync(copy, 'changed');
  expect(readFileSync(blobs.load({ oid: 1, tid: 16n }), 'utf8')).toBe('content');
});

test('a new directory is for its owner only (INVENTORY Z-068)', () => {
  const blobs = new BlobDirectory(newDirectory());
  expect(statSync(blobs.path).mode & 0o077).toBe(0);
});
