/** Run with --expose-gc: prints how many objects a cache knows when nobody has them, and when somebody has one of a hundred. */
import { Persistent, PersistentMapping, registerClass } from '../../src/persistent/index.ts';
import { TransactionManager } from '../../src/transaction/index.ts';
import { DB, MappingStorage, type Oid } from '../../src/zodb/index.ts';

class Leaf extends Persistent {
  value = 1;
}
registerClass(Leaf, 'tests.cache.Leaf');

const COUNT = 100;
const transactionManager = new TransactionManager();
const connection = new DB(new MappingStorage()).open({ transactionManager });

function fill(): Oid[] {
  const leaves: PersistentMapping<number, Leaf> = new PersistentMapping();
  connection.root().set('leaves', leaves);
  for (let i = 0; i < COUNT; i++) leaves.set(i, new Leaf());
  transactionManager.commit();
  return [...leaves.values()].map((leaf) => leaf._p_oid!);
}

async function known(): Promise<number> {
  connection.cacheMinimize();
  // Weak references hold what they refer to until the turn ends.
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    gc!();
  }
  return connection.cache.detail().ghosts;
}

const oids = fill();
const unused = await known();
const held = connection.get(oids[7]!) as Leaf;
for (const oid of oids) void (connection.get(oid) as Leaf).value;
const used = await known();
process.stdout.write(JSON.stringify({ unused, used, same: connection.get(oids[7]!) === held }));
