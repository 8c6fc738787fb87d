import path from 'node:path';
import { expect, test } from 'vitest';
import { BeforeStorage, DB, DemoStorage, FileStorage, MappingStorage } from '../../../src/zodb/index.ts';
import { TransactionManager } from '../../../src/transaction/index.ts';
import {
  bytes,
  currentTid,
  temporaryDirectory,
  text,
  transact,
  transactionsOf,
  write,
} from './storage-steps.ts';

test('the base stays as it is', () => {
  const base = new MappingStorage();
  const tid = write(base, { 1: 'base', 2: 'both' });
  const demo = new DemoStorage({ base });
  expect(text(demo.load(1).data)).toBe('base');
  const changed = write(demo, { 2: 'changed', 3: 'new' });
  expect(changed).toBeGreaterThan(tid);
  expect([1, 2, 3].map((oid) => text(demo.load(oid).data))).toEqual(['base', 'changed', 'new']);
  expect(text(base.load(2).data)).toBe('both');
  expect(() => base.load(3)).toThrow('there is no object');
  expect(demo.loadBefore(2, changed)).toMatchObject({ tid, end: changed });
  expect(demo.history(2, 5).map((entry) => entry.tid)).toEqual([changed, tid]);
  expect(transactionsOf(demo)).toHaveLength(2);
  expect(demo.lastTransaction()).toBe(changed);
});

test('storages are pushed one over the other, and popped', () => {
  const demo = new DemoStorage();
  write(demo, { 1: 'one' });
  const over = demo.push();
  write(over, { 1: 'two' });
  const third = over.push();
  write(third, { 1: 'three' });
  expect(text(third.load(1).data)).toBe('three');
  expect(third.pop()).toBe(over);
  expect(text(over.load(1).data)).toBe('two');
  expect(over.pop()).toBe(demo);
  expect(text(demo.load(1).data)).toBe('one');
  write(demo, { 1: 'four' });
});

test('new oids are far above those of the base and differ from storage to storage', () => {
  const base = new MappingStorage();
  write(base, { 5: 'x' });
  const oids = [new DemoStorage({ base }), new DemoStorage({ base })].map((demo) => demo.newOid());
  expect(Math.min(...oids.map(Number))).toBeGreaterThan(2 ** 40);
  expect(oids[0]).not.toBe(oids[1]);
});

test('a change of an object of the base is undone, and can be made again', () => {
  const base = new MappingStorage();
  write(base, { 1: 'base' });
  const demo = new DemoStorage({
    base,
    changes: new FileStorage(path.join(temporaryDirectory(), 'Data.fs')),
  });
  const changed = write(demo, { 1: 'changed' });
  transact(demo, (transaction) => demo.undo!(changed, transaction));
  expect(text(demo.load(1).data)).toBe('base');
  write(demo, { 1: 'again' });
  expect(text(demo.load(1).data)).toBe('again');
  demo.close();
});

test('a change of what the base has another revision of is a conflict', () => {
  const base = new MappingStorage();
  const one = write(base, { 1: 'one' });
  write(base, { 1: 'two' });
  const demo = new DemoStorage({ base });
  expect(() => transact(demo, (transaction) => demo.store(1, one, bytes('x'), transaction))).toThrow(
    expect.objectContaining({ code: 'CONFLICT' }),
  );
  expect(() => write(demo, { 1: null })).toThrow('cannot be removed');
  expect(() => demo.pack(Date.now() / 1000, { gc: true })).toThrow('cannot be collected');
});

test('a read-only file and a view of its past can be the base of a database', () => {
  const file = path.join(temporaryDirectory(), 'Data.fs');
  const writable = new DB(new FileStorage(file));
  const manager = new TransactionManager();
  const root = writable.open({ transactionManager: manager }).root<{ title: string }>();
  root.set('title', 'before');
  manager.commit();
  const before = writable.lastTransaction();
  root.set('title', 'after');
  manager.commit();
  writable.close();

  const base = new BeforeStorage(new FileStorage(file, { readOnly: true }), before + 1n);
  const db = new DB(new DemoStorage({ base }));
  const demo = db.open({ transactionManager: manager }).root<{ title: string }>();
  expect(demo.get('title')).toBe('before');
  demo.set('title', 'elsewhere');
  manager.commit();
  expect(currentTid(base, 0)).toBe(before);
  db.close();
});
