import { expect, it } from 'vitest';
import { RecentChanges } from '../../../src/zodb/storages/recent-changes.ts';

it('tells what changed after a transaction, without what one of them changed', () => {
  const changes = new RecentChanges(5n);
  for (const tid of [6n, 7n, 9n]) changes.add(tid, [Number(tid), 1]);
  expect(changes.since(5n)).toEqual([6, 1, 7, 1, 9, 1]);
  expect(changes.since(7n)).toEqual([9, 1]);
  expect(changes.since(8n)).toEqual([9, 1]);
  expect(changes.since(9n)).toEqual([]);
  expect(changes.since(6n, 7n)).toEqual([9, 1]);
});

it('says when it does not know', () => {
  expect(new RecentChanges(5n).since(4n)).toBeNull();
});

it('remembers ten thousand transactions at least, and not all', () => {
  const changes = new RecentChanges(0n);
  for (let tid = 1; tid <= 20_001; tid++) changes.add(BigInt(tid), [tid]);
  expect(changes.since(10_001n)).toHaveLength(10_000);
  expect(changes.since(10_002n)).toEqual(Array.from({ length: 9999 }, (_none, i) => 10_003 + i));
  expect([changes.since(10_000n), changes.since(0n)]).toEqual([null, null]);
});

it('remembers a million objects at least, and not all, however few transactions there were', () => {
  const changes = new RecentChanges(0n);
  const many = Array.from({ length: 2 ** 18 }, (_none, oid) => oid);
  for (let tid = 1n; tid <= 9n; tid++) changes.add(tid, many);
  expect(changes.since(5n)).toHaveLength(2 ** 20);
  expect([changes.since(4n), changes.since(1n)]).toEqual([null, null]);
  // One that is too much for itself is seen by those that have seen it.
  changes.add(
    10n,
    Array.from({ length: 2 ** 21 }, (_none, oid) => oid),
  );
  expect([changes.since(9n), changes.since(10n)]).toEqual([null, []]);
  changes.add(11n, [1]);
  expect(changes.since(10n)).toEqual([1]);
});
