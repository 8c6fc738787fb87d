/** What is loaded, what is not, and what is kept of it: the cache of a connection. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Persistent, PersistentMapping, registerClass } from '../../src/persistent/index.ts';
import { TransactionManager } from '../../src/transaction/index.ts';
import { type Connection, DB, MappingStorage } from '../../src/zodb/index.ts';

class Leaf extends Persistent {
  value: number;
  constructor(value: number) {
    super();
    this.value = value;
  }
}
registerClass(Leaf, 'tests.cache.Leaf');

const COUNT = 100;
let db: DB;
let connection: Connection;
let oids: number[];
const leaf = (i: number) => connection.get(oids[i]!) as Leaf;

beforeEach(() => {
  db = new DB(new MappingStorage());
  const transactionManager = new TransactionManager();
  connection = db.open({ transactionManager });
  const leaves: PersistentMapping<number, Leaf> = new PersistentMapping();
  connection.root().set('leaves', leaves);
  for (let i = 0; i < COUNT; i++) leaves.set(i, new Leaf(i));
  transactionManager.commit();
  oids = [...leaves.values()].map((each) => each._p_oid as number);
});
afterEach(() => db.close());

describe('objects that are not loaded', () => {
  it('are the same to whoever still has them', () => {
    const held = Array.from({ length: COUNT }, (_, i) => leaf(i));
    connection.cacheMinimize();
    expect(connection.cache.size).toBe(0);
    for (const [i, object] of held.entries()) expect(leaf(i)).toBe(object);
    // In every order of loading and unloading.
    for (let round = 1; round <= 5; round++) {
      for (let i = 0; i < COUNT; i += round) expect(held[i]!.value).toBe(i);
      connection.cacheMinimize();
      for (let i = 0; i < COUNT; i += 3) expect(held[i]!._p_state).toBe(-1);
      for (const [i, object] of held.entries()) expect(leaf(i)).toBe(object);
    }
  });

  it('go when nobody has them, or a few others that were unloaded beside them', () => {
    const script = fileURLToPath(new URL('cache-garbage.ts', import.meta.url));
    const loader = new URL('../../scripts/register-ts.js', import.meta.url).href;
    const out = execFileSync(process.execPath, ['--expose-gc', '--import', loader, script], {
      encoding: 'utf8',
    });
    const { unused, used, same } = JSON.parse(out) as { unused: number; used: number; same: boolean };
    expect([unused, same]).toEqual([0, true]);
    expect(used).toBeGreaterThan(0);
    expect(used).toBeLessThan(20);
  });

  it('are found once, whether they are loaded or not', () => {
    const held = [3, 4, 5].map(leaf);
    connection.cacheMinimize();
    void held[1]!.value;
    const found = [...connection.cache.objects()].filter(({ oid }) =>
      held.some((each) => each._p_oid === oid),
    );
    expect(found).toHaveLength(3);
    expect(connection.cache.detail().loaded).toBe(1);
  });

  it('are new objects again when the transaction that added them is aborted', () => {
    const added = new Leaf(1);
    connection.add(added);
    connection.transactionManager.savepoint();
    connection.cacheMinimize();
    connection.transactionManager.abort();
    expect([added._p_jar, added._p_oid, added.value]).toEqual([null, null, 1]);
    connection.add(added);
    connection.transactionManager.commit();
    expect(connection.get(added._p_oid!)).toBe(added);
  });
});
