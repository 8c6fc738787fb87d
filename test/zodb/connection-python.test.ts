/** Objects to Python's ZODB and back. Runs where `ZOPE_PYTHON` names a Python that has ZODB. */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { Decimal, Dict, float, PySet, Tuple } from '../../src/pickle/index.ts';
import { Persistent, PersistentList, PersistentMapping, registerClass } from '../../src/persistent/index.ts';
import { TransactionManager } from '../../src/transaction/index.ts';
import { type Connection, DB, PersistentWeakRef } from '../../src/zodb/index.ts';
import { TestStorage } from './connection-storage.ts';

class Page extends Persistent {
  // oxlint-disable-next-line typescript/no-explicit-any -- attributes as Python wrote them
  [name: string]: any;
}
registerClass(Page, 'interop.Page', { python: true });

const python = process.env['ZOPE_PYTHON'];
type Records = Record<string, string>;

function ask<T>(task: unknown): T {
  const output = execFileSync(python!, [path.join(import.meta.dirname, 'connection_python.py')], {
    input: JSON.stringify(task),
    encoding: 'utf8',
  });
  return JSON.parse(output) as T;
}

function open(records: Records): {
  storage: TestStorage;
  connection: Connection;
  manager: TransactionManager;
} {
  const storage = new TestStorage();
  for (const [oid, data] of Object.entries(records)) {
    storage.revisions.set(Number(oid), [{ tid: 0n, data: Buffer.from(data, 'base64') }]);
  }
  for (let i = 0; i < 100; i++) storage.newOid();
  const manager = new TransactionManager();
  return { storage, manager, connection: new DB(storage).open({ transactionManager: manager }) };
}

const dump = (storage: TestStorage): Records =>
  Object.fromEntries(
    [...storage.revisions].map(([oid, revisions]) => [
      String(oid),
      Buffer.from(revisions.at(-1)!.data!).toString('base64'),
    ]),
  );

describe.skipIf(python === undefined)('a database of Python', () => {
  it('is read, changed, and read by Python again', () => {
    const { storage, connection, manager } = open(ask<Records>(null));
    const root = connection.root() as unknown as PersistentMapping<string, unknown>;
    const page = root.get('page') as Page;
    expect(page).toBeInstanceOf(Page);
    expect(page['title']).toBe('Hällo');
    expect(page['items']).toBeInstanceOf(Tuple);
    expect(page['items'].map((item: Dict) => item.get('id'))).toEqual(['a', 'b']);
    expect(page['items'][0].get('n')).toEqual(float(1));
    expect(page['mixed'].get(5)).toBe(null);
    expect(page['mixed'].get('x')[2]).toBeInstanceOf(Tuple);
    expect(page['amount']).toBeInstanceOf(Decimal);
    expect(page['tags']).toBeInstanceOf(PySet);
    expect([...page['tags']].sort()).toEqual(['a', 'b']);
    expect(page['big']).toBe(2n ** 70n);
    expect(page['me']).toBe(page);
    expect(page['child'].parents[1]).toBe(page);
    expect(page['weak']).toBeInstanceOf(PersistentWeakRef);
    expect(page['weak'].get()).toBe(page['child']);
    expect((root.get('mapping') as PersistentMapping).get('k')).toBe(page);
    expect((root.get('list') as PersistentList).at(1)).toBe(page);
    expect(root.get('lone')).toBe('\ud800');
    expect(storage.log.length).toBe(0);

    page['changed'] = 'by TypeScript';
    page['items'][0].set('n', 7);
    (root.get('list') as PersistentList<unknown>).items[0] = 'first';
    (root.get('mapping') as PersistentMapping).set('new', new Page());
    root.set('again', page);
    manager.commit();

    const answer = ask<{ seen: Record<string, unknown>; records: Records }>(dump(storage));
    expect(answer.seen).toEqual({
      classes: [
        'builtins.str',
        'interop.Page',
        'persistent.list.PersistentList',
        'persistent.mapping.PersistentMapping',
      ],
      title: 'Hällo',
      items: ['tuple', ['dict', 'dict'], [7, 2]],
      mixed: "{'x': [1, 2, (3, 'y')], 5: None, ('t', 1): b'bytes', True: 1.5}",
      when: '2020-01-02T03:04:05+00:00',
      amount: '1.50',
      tags: ['a', 'b'],
      frozen: 'frozenset({1})',
      big: '1180591620717411303424',
      me: true,
      child: 'child',
      parents: [true, true],
      weak: true,
      mapping: true,
      list: ['first', true],
      changed: 'by TypeScript',
    });

    const back = open(answer.records);
    const again = back.connection.root() as unknown as PersistentMapping<string, Page>;
    expect(again.get('page')!['again']).toBe('by Python');
    expect(again.get('page')!['items'].map((item: Dict) => item.get('id'))).toEqual(['a', 'b', 'c']);
  });

  it('keeps every byte of a record that is written without a change', () => {
    const records = ask<Records>(null);
    const { storage, connection, manager } = open(records);
    for (const oid of Object.keys(records)) {
      const object = connection.get(Number(oid)) as Persistent;
      object._p_activate();
      object._p_changed = true;
    }
    manager.commit();
    expect(dump(storage)).toEqual(records);
  });
});
