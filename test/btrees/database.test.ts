import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { check, Length, LOBTree, OOBTree, OOTreeSet } from '../../src/btrees/index.ts';
import { metaOf, Persistent, PersistentMapping, registerClass } from '../../src/persistent/index.ts';
import { TransactionManager } from '../../src/transaction/index.ts';
import { ConflictError, type Connection, DB, MappingStorage } from '../../src/zodb/index.ts';

class Item extends Persistent {
  title = '';
}
registerClass(Item, 'btrees.test.Item');

let db: DB;
let a: Connection;
let b: Connection;
const managers = { a: new TransactionManager(), b: new TransactionManager() };

// The root of a connection, typed loosely for tests.
const root = (connection: Connection) => connection.root() as unknown as Map<string, never>;
const keyOf = (i: number) => `k${String(i).padStart(4, '0')}`;
const loaded = (node: object) => metaOf(node)!.status >= 0;

function fill(count: number): OOBTree<string, unknown> {
  const tree = new OOBTree<string, unknown>();
  for (let i = 0; i < count; i++) tree.set(keyOf(i), i);
  root(a).set('tree', tree as never);
  managers.a.commit();
  return tree;
}

beforeEach(() => {
  managers.a = new TransactionManager();
  managers.b = new TransactionManager();
  db = new DB(new MappingStorage('merging', { resolveConflicts: true }));
  a = db.open({ transactionManager: managers.a }) as never;
  b = db.open({ transactionManager: managers.b });
});

afterEach(() => {
  managers.a.abort();
  managers.b.abort();
  db.close();
});

describe('a tree in a database', () => {
  it('comes back with the same keys and values, node by node', () => {
    fill(1000);
    managers.b.begin();
    const tree = root(b).get('tree') as unknown as OOBTree<string, number>;
    check(tree);
    expect(tree.size).toBe(1000);
    expect([...tree.keys(keyOf(500), keyOf(502))]).toEqual([keyOf(500), keyOf(501), keyOf(502)]);
    expect(tree.get(keyOf(777))).toBe(777);
  });

  it('loads only the nodes on the way to a key', () => {
    fill(5000);
    managers.b.begin();
    const tree = root(b).get('tree') as unknown as OOBTree<string, number>;
    const before = b.getTransferCounts().loads;
    expect(tree.get(keyOf(4321))).toBe(4321);
    expect(b.getTransferCounts().loads - before).toBeLessThanOrEqual(4);
  });

  it('loads only the leaves that an iteration comes to', () => {
    fill(5000);
    managers.b.begin();
    const tree = root(b).get('tree') as unknown as OOBTree<string, number>;
    tree.has(keyOf(0));
    const before = b.getTransferCounts().loads;
    const seen: string[] = [];
    for (const key of tree.keys()) {
      seen.push(key);
      if (seen.length === 20) break;
    }
    expect(b.getTransferCounts().loads - before).toBeLessThanOrEqual(2);
  });

  it('keeps a single leaf in its own record, and splits it into records of their own', () => {
    const tree = fill(30);
    expect(db.objectCount()).toBe(2);
    tree.set(keyOf(30), 30);
    managers.a.commit();
    expect(db.objectCount()).toBe(4);
    managers.b.begin();
    check(root(b).get('tree') as unknown as OOBTree);
  });

  it('is changed with the leaf that is in its record', () => {
    const tree = fill(3);
    a.cacheMinimize();
    tree.set('new', 1);
    managers.a.commit();
    tree.delete(keyOf(0));
    managers.a.commit();
    managers.b.begin();
    expect([...(root(b).get('tree') as unknown as OOBTree<string, unknown>).keys()]).toEqual([
      keyOf(1),
      keyOf(2),
      'new',
    ]);
  });

  it('can be unloaded at any moment', () => {
    const tree = fill(500);
    for (let i = 0; i < 500; i += 7) {
      a.cacheMinimize();
      tree.set(keyOf(i), 'changed');
      managers.a.commit();
      a.cacheMinimize();
      tree.delete(keyOf(i + 1));
      managers.a.commit();
    }
    a.cacheMinimize();
    check(tree);
    managers.b.begin();
    const other = root(b).get('tree') as unknown as OOBTree<string, unknown>;
    check(other);
    expect([...other.items()]).toEqual([...tree.items()]);
  });

  it('goes back when the transaction is aborted', () => {
    const tree = fill(100);
    for (let i = 0; i < 100; i += 2) tree.delete(keyOf(i));
    for (let i = 100; i < 300; i++) tree.set(keyOf(i), i);
    managers.a.abort();
    check(tree);
    expect(tree.size).toBe(100);
    tree.set('more', 1);
    managers.a.commit();
    expect(tree.size).toBe(101);
  });

  it('goes back to a savepoint', () => {
    const tree = fill(40);
    for (let i = 40; i < 90; i++) tree.set(keyOf(i), i);
    const savepoint = managers.a.savepoint();
    for (let i = 90; i < 200; i++) tree.set(keyOf(i), i);
    tree.delete(keyOf(3));
    savepoint.rollback();
    check(tree);
    expect(tree.size).toBe(90);
    tree.set('z', 1);
    managers.a.commit();
    managers.b.begin();
    const other = root(b).get('tree') as unknown as OOBTree<string, unknown>;
    check(other);
    expect(other.size).toBe(91);
  });

  it('holds persistent objects, which are loaded when they are used', () => {
    const tree = fill(0);
    for (let i = 0; i < 70; i++) {
      const item = new Item();
      item.title = `item ${i}`;
      tree.set(keyOf(i), item);
    }
    managers.a.commit();
    managers.b.begin();
    const other = root(b).get('tree') as unknown as OOBTree<string, Item>;
    const item = other.get(keyOf(33))!;
    expect(loaded(item)).toBe(false);
    expect(item.title).toBe('item 33');
    expect(other.get(keyOf(33))).toBe(item);
    // A split moves references that nobody has looked up.
    for (let i = 0; i < 70; i++) other.set(`${keyOf(i)}x`, item);
    managers.b.commit();
    managers.a.begin();
    check(tree);
    expect((tree.get(keyOf(69)) as Item).title).toBe('item 69');
  });

  it('looks up references of a leaf that is in the record of the tree', () => {
    const tree = new LOBTree<Item>();
    for (let i = 0; i < 3; i++) tree.set(i, new Item());
    root(a).set('small', tree as never);
    managers.a.commit();
    managers.b.begin();
    const other = root(b).get('small') as unknown as LOBTree<Item>;
    other.get(1)!.title = 'changed';
    for (let i = 3; i < 100; i++) other.set(i, new Item());
    managers.b.commit();
    managers.a.begin();
    expect(tree.get(1)!.title).toBe('changed');
    check(tree);
  });

  it('notices that a list that it handed out was changed in place', () => {
    const tree = fill(0);
    tree.set('list', [1]);
    managers.a.commit();
    (tree.get('list') as number[]).push(2);
    managers.a.commit();
    managers.b.begin();
    expect((root(b).get('tree') as unknown as OOBTree<string, unknown>).get('list')).toEqual([1, 2]);
  });

  it('stores an object, not the context that it was reached in', () => {
    const tree = fill(0);
    const item = new Item();
    tree.set('item', item);
    expect(tree.get('item')).toBe(item);
  });

  it('is a value in mappings and trees like every persistent object', () => {
    const inner = new OOTreeSet<string>(['x', 'y']);
    const outer = new OOBTree<string, OOTreeSet<string>>([['inner', inner]]);
    root(a).set('outer', new PersistentMapping([['tree', outer]]) as never);
    managers.a.commit();
    managers.b.begin();
    const other = (root(b).get('outer') as unknown as Map<string, OOBTree<string, OOTreeSet<string>>>).get(
      'tree',
    )!;
    expect([...other.get('inner')!]).toEqual(['x', 'y']);
  });
});

describe('two transactions', () => {
  const both = (count: number) => {
    const mine = fill(count);
    managers.b.begin();
    return [mine, root(b).get('tree') as unknown as OOBTree<string, unknown>] as const;
  };

  it('may insert different keys in one leaf', () => {
    const [mine, theirs] = both(50);
    mine.set('k0003a', 'mine');
    theirs.set('k0005a', 'theirs');
    managers.a.commit();
    managers.b.commit();
    managers.a.begin();
    check(mine);
    expect([mine.get('k0003a'), mine.get('k0005a'), mine.size]).toEqual(['mine', 'theirs', 52]);
  });

  it('conflict when they set the same key', () => {
    const [mine, theirs] = both(50);
    mine.set('k0003', 'mine');
    theirs.set('k0003', 'theirs');
    managers.a.commit();
    expect(() => managers.b.commit()).toThrow(ConflictError);
  });

  it('conflict when one relies on a node that the other one has split', () => {
    const [mine, theirs] = both(50);
    for (let i = 0; i < 40; i++) mine.set(`k0003${i}`, i);
    theirs.set('k0040x', 1);
    managers.a.commit();
    expect(() => managers.b.commit()).toThrow(ConflictError);
  });

  it('add up what they change of a Length', () => {
    const length = new Length(10);
    root(a).set('length', length as never);
    managers.a.commit();
    managers.b.begin();
    const other = root(b).get('length') as unknown as Length;
    length.change(5);
    other.change(-2);
    managers.a.commit();
    managers.b.commit();
    managers.a.begin();
    expect(length.value).toBe(13);
  });
});
