/** Transactions that are longer than what is kept in memory of them. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { FileStorage } from '../../../src/zodb/index.ts';
import { bytesOf, HeldRecords } from '../../../src/zodb/filestorage/held-records.ts';
import { metadata, temporaryDirectory, transact, write } from '../storages/storage-steps.ts';

const content = (oid: number, size: number) =>
  Uint8Array.from({ length: size }, (_, at) => (at * 31 + oid) & 255);
/** Small ones, ones that fill a buffer, and larger ones. */
const SIZES = [
  1, 500, 3000, 262_144, 262_145, 10, 300_000, 65_536, 65_536, 65_536, 65_536, 65_537, 1_200_000, 7,
];

const linux = process.platform === 'linux';
const temporary = () =>
  readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return /zodb-.*\(deleted\)$/.test(readlinkSync(`/proc/self/fd/${fd}`));
    } catch {
      return false;
    }
  }).length;

it('gives back what it was given, in any order', () => {
  const held = new HeldRecords(2000);
  const all = SIZES.map((size, oid) => held.hold(content(oid, size)));
  expect(all.slice(0, 2).every((data) => data instanceof Uint8Array)).toBe(true);
  expect(all[2]).not.toBeInstanceOf(Uint8Array);
  for (const oid of [...all.keys(), ...[...all.keys()].reverse()])
    expect(Buffer.compare(bytesOf(all[oid]!), content(oid, SIZES[oid]!))).toBe(0);
  const more = held.hold(content(99, 100));
  expect([...bytesOf(more)]).toEqual([...content(99, 100)]);
  held.close();
});

/** Opens a storage that keeps `inMemory` bytes of a transaction. */
const opened = (inMemory: number, options = {}) => {
  const file = path.join(temporaryDirectory(), 'Data.fs');
  return { file, storage: new FileStorage(file, { fsync: false, recordsInMemory: inMemory, ...options }) };
};

it.each([{}, { shared: 1 }])('writes the same file as with everything in memory: %j', (options) => {
  const written = [0, Infinity].map((inMemory) => {
    const { file, storage } = opened(inMemory, options);
    transact(
      storage,
      (transaction) => {
        for (const [oid, size] of SIZES.entries()) storage.store(oid, 0n, content(oid, size), transaction);
        // An object may come twice.
        storage.store(3, 0n, content(50, 70_000), transaction);
      },
      'many',
      123_456_789n,
    );
    for (const [oid, size] of SIZES.entries()) {
      const expected = oid === 3 ? content(50, 70_000) : content(oid, size);
      expect(Buffer.compare(storage.load(oid).data, expected)).toBe(0);
    }
    if (linux) expect(temporary()).toBe(0);
    storage.close();
    return readFileSync(file);
  });
  expect(Buffer.compare(written[0]!, written[1]!)).toBe(0);
});

it('merges changes that are in the file, and undoes them', () => {
  const { storage } = opened(0);
  storage.setConflictResolver((_oid, _old, _committed, data) => Uint8Array.from([...data, 33]));
  const first = write(storage, { 1: 'one', 2: 'two' });
  write(storage, { 1: 'changed' });
  const tid = transact(storage, (transaction) => storage.store(1, first, content(1, 5000), transaction));
  expect([...storage.load(1).data]).toEqual([...content(1, 5000), 33]);
  transact(storage, (transaction) => void storage.undo(tid, transaction));
  expect(Buffer.from(storage.load(1).data).toString()).toBe('changed');
  storage.close();
});

it.runIf(linux)('leaves nothing open of a transaction that is aborted', () => {
  const { storage } = opened(1000);
  const transaction = metadata('no');
  storage.tpcBegin(transaction);
  storage.store(1, 0n, content(1, 500_000), transaction);
  expect(temporary()).toBe(1);
  storage.tpcAbort(transaction);
  expect(temporary()).toBe(0);
  storage.close();
});
