import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Dict, tuple } from '../../src/pickle/index.ts';
import {
  ContainerError,
  Persistent,
  PersistentBase,
  PersistentMapping,
  registerClass,
} from '../../src/persistent/index.ts';
import { TransactionManager } from '../../src/transaction/index.ts';
import {
  BrokenModifiedError,
  type Connection,
  ConnectionStateError,
  DB,
  InvalidObjectReferenceError,
  PersistentWeakRef,
  ReadOnlyHistoryError,
  UnstorableError,
} from '../../src/zodb/index.ts';
import { ConflictError, POSKeyError, ReadConflictError, ReadOnlyError } from '../../src/zodb/interfaces.ts';
import { TestStorage } from './connection-storage.ts';

class Page extends Persistent {
  title = '';
  tags: string[] = [];
  data: Record<string, unknown> = {};
  // oxlint-disable-next-line typescript/no-explicit-any -- each test puts something else there
  declare any: any;
}
registerClass(Page, 'test.zodb.Page');

class Point {
  x: number;
  y: number;
  page?: Page;

  constructor(x: number, y: number) {
    this.x = x;
    this.y = y;
  }

  length(): number {
    return Math.hypot(this.x, this.y);
  }
}
registerClass(Point, 'test.zodb.Point');

/** A counter that merges changes. */
class Tally extends PersistentBase {
  value = 0;

  add(by: number): void {
    this._p_activate();
    this.value += by;
    this._p_changed = true;
  }

  override __getstate__(): unknown {
    return this.value;
  }

  override __setstate__(state: unknown): void {
    this.value = state as number;
  }

  _p_resolveConflict(old: number, committed: number, current: number): number {
    return committed + current - old;
  }
}
registerClass(Tally, 'test.zodb.Tally');

class PythonPage extends Page {}
registerClass(PythonPage, 'test.zodb.PythonPage', { python: true });
class OwnPage extends PythonPage {}
registerClass(OwnPage, 'test.zodb.OwnPage');

let storage: TestStorage;
let db: DB;

interface Session {
  readonly connection: Connection;
  readonly manager: TransactionManager;
  // oxlint-disable-next-line typescript/no-explicit-any -- as above
  readonly root: PersistentMapping<string, any>;
  commit(): void;
  abort(): void;
}

function session(options: Parameters<DB['open']>[0] = {}): Session {
  const manager = new TransactionManager();
  const connection = db.open({ transactionManager: manager, ...options });
  return {
    connection,
    manager,
    root: connection.root() as unknown as PersistentMapping<string, never>,
    commit: () => manager.commit(),
    abort: () => manager.abort(),
  };
}

beforeEach(() => {
  storage = new TestStorage();
  db = new DB(storage);
});
afterEach(() => db.close());

/** What a connection with an empty cache sees. */
function fresh(): Session {
  const other = session();
  other.connection.cacheMinimize();
  return other;
}

describe('a connection', () => {
  it('stores what is reachable from the root and loads it again', () => {
    const one = session();
    const page = new Page();
    page.title = 'Hello';
    page.tags = ['a', 'b'];
    page.data = { n: 1, nested: { list: [1, 2, { x: null }] }, f: 1.5 };
    page.any = new Page();
    page.any.any = page;
    page.any.title = 'child';
    one.root.set('page', page);
    one.commit();
    const two = session();
    const copy = two.root.get('page') as Page;
    expect(copy._p_state).toBe(-1);
    expect(copy).toBeInstanceOf(Page);
    expect(copy).not.toBe(page);
    expect(copy.title).toBe('Hello');
    expect(copy.tags).toEqual(['a', 'b']);
    expect(copy.data).toEqual({ n: 1, nested: { list: [1, 2, { x: null }] }, f: 1.5 });
    expect(copy.any.any).toBe(copy);
    expect(two.connection.traverse('page/any/title')).toBe('child');
    expect(two.connection.traverse<number>('page/data/nested/list/1')).toBe(2);
    expect(() => two.connection.traverse('page/nothing/at/all')).toThrow('root/page/nothing');
    expect(two.connection.root.page).toBe(copy);
    expect(two.connection.get(copy._p_oid!)).toBe(copy);
  });

  it('loads the dicts of Python’s classes as such, and those of classes that a site derives from them as plain objects', () => {
    const one = session();
    for (const [name, page] of [
      ['python', new PythonPage()],
      ['own', new OwnPage()],
    ] as const) {
      page.any = { a: 1 };
      one.root.set(name, page);
    }
    one.commit();
    one.connection.cacheMinimize();
    expect((one.root.get('python') as Page).any).toBeInstanceOf(Dict);
    expect((one.root.get('own') as Page).any).toEqual({ a: 1 });
  });

  it('stores changes in place of containers, and only objects that have changed', () => {
    const one = session();
    one.root.set('page', new Page());
    one.root.set('other', new Page());
    one.commit();
    const { page } = { page: one.root.get('page') as Page };
    const before = storage.log.length;
    page.tags.push('x');
    page.data['deep'] = { list: [] as number[] };
    (page.data['deep'] as { list: number[] }).list.push(7);
    one.commit();
    expect(storage.log.length).toBe(before + 1);
    expect(storage.log.at(-1)!.oids).toEqual([page._p_oid]);
    const copy = fresh().root.get('page') as Page;
    expect(copy.tags).toEqual(['x']);
    expect(copy.data).toEqual({ deep: { list: [7] } });
    one.commit();
    expect(storage.log.length).toBe(before + 1);
  });

  it('takes changes back when the transaction is aborted', () => {
    const one = session();
    one.root.set('page', new Page());
    one.commit();
    const page = one.root.get('page') as Page;
    const { tags } = page;
    page.title = 'changed';
    tags.push('x');
    const added = new Page();
    one.root.set('added', added);
    one.connection.add(added);
    one.abort();
    expect(page.title).toBe('');
    expect(page.tags).toEqual([]);
    expect(() => tags.push('y')).toThrow(ContainerError);
    expect(one.root.has('added')).toBe(false);
    expect(added._p_jar).toBe(null);
    expect(added._p_oid).toBe(null);
    one.root.set('added', added);
    one.commit();
    expect(fresh().root.get('added')).toBeInstanceOf(Page);
  });

  it('sees a snapshot, which moves on at the end of its transaction', () => {
    const one = session();
    one.root.set('page', new Page());
    one.commit();
    const two = session();
    const seen = two.root.get('page') as Page;
    (one.root.get('page') as Page).title = 'new';
    one.commit();
    expect(seen.title).toBe('');
    two.connection.cacheMinimize();
    expect(seen.title).toBe('');
    two.abort();
    expect(seen.title).toBe('new');
  });

  it('does not load what was committed after its transaction began', () => {
    const one = session();
    one.root.set('page', new Page());
    one.commit();
    const two = session();
    const page = one.root.get('page') as Page;
    page.any = new Page();
    one.commit();
    expect(() => (two.connection.get(page.any._p_oid) as Page).title).toThrow(POSKeyError);
  });

  it('throws a ConflictError for a change of what another transaction has changed', () => {
    const one = session();
    one.root.set('page', new Page());
    one.commit();
    const two = session();
    (two.root.get('page') as Page).title = 'two';
    (one.root.get('page') as Page).title = 'one';
    one.commit();
    expect(() => two.commit()).toThrow(ConflictError);
    two.abort();
    expect((two.root.get('page') as Page).title).toBe('one');
    (two.root.get('page') as Page).title = 'two';
    two.commit();
    expect(storage.log.length).toBe(4);
  });

  it('throws a ConflictError when the disk has lost what the transaction saw, whatever it changes', () => {
    const one = session();
    one.root.set('page', new Page());
    one.commit();
    expect((one.root.get('page') as Page).title).toBe('');
    one.root.set('other', new Page());
    Object.assign(storage, { losses: 1 });
    expect(() => one.commit()).toThrow(ConflictError);
    one.abort();
    one.root.set('other', new Page());
    one.commit();
    expect(fresh().root.has('other')).toBe(true);
  });

  it('merges changes of a class that can', () => {
    const one = session();
    one.root.set('tally', new Tally());
    one.commit();
    const two = session();
    (two.root.get('tally') as Tally).add(5);
    (one.root.get('tally') as Tally).add(3);
    one.commit();
    two.commit();
    const tally = two.root.get('tally') as Tally;
    tally._p_activate();
    expect(tally.value).toBe(8);
  });

  it('asks for a conflict where an object was only read, with readCurrent', () => {
    const one = session();
    one.root.set('a', new Page());
    one.root.set('b', new Page());
    one.commit();
    const two = session();
    two.connection.readCurrent(two.root.get('a'));
    (two.root.get('b') as Page).title = 'decided by a';
    (one.root.get('a') as Page).title = 'changed';
    one.commit();
    expect(() => two.commit()).toThrow(ReadConflictError);
    two.abort();
  });

  it('merges changes of an object that was read with readCurrent and then changed', () => {
    const one = session();
    one.root.set('tally', new Tally());
    one.commit();
    const two = session();
    two.connection.readCurrent(two.root.get('tally'));
    (two.root.get('tally') as Tally).add(5);
    (one.root.get('tally') as Tally).add(3);
    one.commit();
    two.commit();
    const tally = two.root.get('tally') as Tally;
    tally._p_activate();
    expect(tally.value).toBe(8);
  });

  it('is as before when the commit fails', () => {
    const one = session();
    const page = new Page();
    one.root.set('page', page);
    one.commit();
    for (const step of ['store', 'vote'] as const) {
      storage.failAt = step;
      page.title = 'lost';
      const child = new Page();
      page.any = child;
      expect(() => one.commit()).toThrow();
      storage.failAt = null;
      one.abort();
      expect(page.title).toBe('');
      expect(page.any).toBe(undefined);
      expect(child._p_oid).toBe(null);
      expect(child.title).toBe('');
    }
    page.title = 'kept';
    one.commit();
    expect((fresh().root.get('page') as Page).title).toBe('kept');
  });

  it('notices changes of typed arrays, which it compares', () => {
    const one = session();
    const page = new Page();
    page.any = new Uint8Array([1, 2]);
    one.root.set('page', page);
    one.commit();
    const two = session();
    const copy = two.root.get('page') as Page;
    expect(copy.any[0]).toBe(1);
    const before = storage.log.length;
    two.commit();
    expect(storage.log.length).toBe(before);
    copy.any[0] = 9;
    two.commit();
    expect(storage.log.length).toBe(before + 1);
    expect((fresh().root.get('page') as Page).any[0]).toBe(9);
    two.connection.sync();
    copy.any[1] = 8;
    two.abort();
    expect([...copy.any]).toEqual([9, 2]);
  });

  it('stores instances of registered plain classes in the record of their holder, and notices their changes', () => {
    const one = session();
    const page = new Page();
    page.any = new Point(1, 2);
    page.data = { points: [new Point(3, 4)] };
    page.any.page = page;
    one.root.set('page', page);
    one.commit();
    const two = session();
    const copy = two.root.get('page') as Page;
    expect(copy.any).toBeInstanceOf(Point);
    expect(copy.any.length()).toBe(Math.sqrt(5));
    expect(copy.any.page === copy).toBe(true);
    const before = storage.log.length;
    (copy.data['points'] as Point[])[0]!.x = 9;
    two.commit();
    expect(storage.log.length).toBe(before + 1);
    expect((fresh().root.get('page') as Page).data['points']).toEqual([Object.assign(new Point(9, 4))]);
  });

  it('keeps weak references', () => {
    const one = session();
    const page = new Page();
    one.root.set('page', page);
    one.root.set('weak', tuple(new PersistentWeakRef(page)));
    one.commit();
    const two = session();
    const [weak] = two.root.get('weak') as [PersistentWeakRef];
    expect(weak.get()).toBe(two.root.get('page'));
  });
});

describe('a savepoint', () => {
  it('goes back to what was then, as often as needed', () => {
    const one = session();
    const page = new Page();
    one.root.set('page', page);
    page.title = 'first';
    const first = one.manager.savepoint();
    page.title = 'second';
    page.any = new Page();
    const child = page.any as Page;
    const second = one.manager.savepoint();
    one.connection.cacheMinimize();
    expect(page.title).toBe('second');
    expect(page.any).toBe(child);
    page.title = 'third';
    second.rollback();
    expect(page.title).toBe('second');
    first.rollback();
    expect(page.title).toBe('first');
    expect(page.any).toBe(undefined);
    page.tags.push('x');
    first.rollback();
    expect(page.tags).toEqual([]);
    one.commit();
    const copy = fresh().root.get('page') as Page;
    expect(copy.title).toBe('first');
    expect(storage.log.length).toBe(2);
  });

  it('is forgotten by an abort', () => {
    const one = session();
    const page = new Page();
    one.root.set('page', page);
    one.commit();
    page.title = 'x';
    one.manager.savepoint();
    const added = new Page();
    added.title = 'added';
    page.any = added;
    one.manager.savepoint();
    one.connection.cacheMinimize();
    one.abort();
    expect(page.title).toBe('');
    expect(added._p_jar).toBe(null);
    expect(added.title).toBe('added');
  });

  it('keeps large amounts in a file', () => {
    const one = session();
    for (let i = 0; i < 6; i++) {
      const page = new Page();
      page.title = String(i).repeat(1 << 20);
      one.root.set(`p${i}`, page);
    }
    one.manager.savepoint();
    one.connection.cacheMinimize();
    expect((one.root.get('p5') as Page).title.length).toBe(1 << 20);
    one.commit();
    expect((fresh().root.get('p5') as Page).title[0]).toBe('5');
  });
});

describe('a wrong use', () => {
  it('of a value that cannot be stored is told with the way to it', () => {
    const one = session();
    const page = new Page();
    one.root.set('a', page);
    page.data = { items: [1, 2, 3, { callback: () => 1 }] };
    expect(() => one.commit()).toThrow('root.a.data.items[3].callback: a function cannot be stored');
    one.abort();
    one.root.set('a', page);
    page.data = {};
    page.any = () => 1;
    expect(() => one.commit()).toThrow(UnstorableError);
    one.abort();
    class Unregistered extends Persistent {}
    page.any = new Unregistered();
    one.root.set('a', page);
    expect(() => one.commit()).toThrow(/registerClass\(Unregistered/);
    one.abort();
  });

  it('of an object in two connections is refused', () => {
    const one = session();
    const two = session();
    const page = new Page();
    one.root.set('page', page);
    one.connection.add(page);
    expect(() => two.connection.add(page)).toThrow(InvalidObjectReferenceError);
    two.root.set('page', page);
    expect(() => two.commit()).toThrow(/belongs to one connection/);
    two.abort();
    one.abort();
  });

  it('of a closed connection is refused', () => {
    const one = session();
    one.root.set('page', new Page());
    one.commit();
    const page = one.root.get('page') as Page;
    page._p_deactivate();
    page._p_activate();
    page.title = 'x';
    expect(() => one.connection.close()).toThrow(ConnectionStateError);
    one.abort();
    one.connection.close();
    expect(() => page.title).toThrow(
      /Shouldn't load state for test.zodb.Page 0x01 when the connection is closed/,
    );
    expect(() => one.connection.get(1234)).toThrow(ConnectionStateError);
    expect(() => one.connection.root()).not.toThrow();
  });

  it('of a read-only or historical connection is refused at the commit, which names what was changed', () => {
    const one = session();
    const page = new Page();
    one.root.set('page', page);
    one.commit();
    const tid = page._p_serial;
    page.title = 'later';
    one.commit();
    const past = session({ at: tid });
    expect((past.root.get('page') as Page).title).toBe('');
    expect(past.connection.isReadOnly()).toBe(true);
    (past.root.get('page') as Page).title = 'x';
    expect(() => past.commit()).toThrow(ReadOnlyHistoryError);
    past.abort();
    (past.root.get('page') as Page).title = 'x';
    expect(() => past.manager.savepoint()).toThrow(/changed: test\.zodb\.Page 0x01/);
    past.abort();
    expect((past.root.get('page') as Page).title).toBe('');
    const earlier = session({ before: tid });
    expect(earlier.root.has('page')).toBe(false);
    expect(() => session({ before: tid + 100n })).toThrow(RangeError);
    storage.readOnly = true;
    page.title = 'y';
    expect(() => one.commit()).toThrow(ReadOnlyError);
    one.abort();
    expect(page.title).toBe('later');
  });
});

describe('an object whose class is missing', () => {
  it('can be read, is not changed, and keeps its state', () => {
    const one = session();
    const page = new Page();
    page.title = 'T';
    page.any = new Page();
    one.root.set('page', page);
    one.commit();
    const revision = storage.revisions.get(page._p_oid!)!;
    const text = Buffer.from(revision[0]!.data!).toString('latin1');
    const replaced = Buffer.from(text.replaceAll('test.zodb\nPage', 'test.gone\nPage'), 'latin1');
    revision[0] = { tid: revision[0]!.tid, data: replaced };
    const other = new DB(storage, { databaseName: 'again' });
    const connection = other.open({ transactionManager: new TransactionManager() });
    const broken = connection.get(page._p_oid!) as Page;
    expect(broken.title).toBe('T');
    expect(broken.any).toBeInstanceOf(Persistent);
    expect(() => (broken.title = 'x')).toThrow(BrokenModifiedError);
    expect(broken.title).toBe('T');
  });
});

describe('the cache', () => {
  it('unloads what was used least recently when a transaction ends', () => {
    db.targetCacheSize = 10;
    const one = session();
    for (let i = 0; i < 50; i++) one.root.set(`p${i}`, new Page());
    one.commit();
    expect(one.connection.cache.size).toBeLessThanOrEqual(10);
    const kept = one.root.get('p1') as Page;
    kept._p_activate();
    for (let i = 2; i < 12; i++) (one.root.get(`p${i}`) as Page)._p_activate();
    one.abort();
    for (let i = 12; i < 20; i++) (one.root.get(`p${i}`) as Page)._p_activate();
    expect(one.root.get('p1')).toBe(kept);
    one.abort();
    expect(one.connection.cache.size).toBeLessThanOrEqual(10);
    expect((one.root.get('p19') as Page)._p_state).toBe(0);
    expect((one.root.get('p2') as Page)._p_state).toBe(-1);
  });

  it('does not let a walk over everything fill the memory', () => {
    db.targetCacheSize = 10;
    const one = session();
    for (let i = 0; i < 200; i++) one.root.set(`p${i}`, new Page());
    one.commit();
    let most = 0;
    for (const page of one.root.values()) {
      expect((page as Page).title).toBe('');
      most = Math.max(most, one.connection.cache.size);
    }
    expect(most).toBeLessThanOrEqual(22);
  });

  it('keeps objects whose containers are in use until the transaction ends', () => {
    db.targetCacheSize = 10;
    const one = session();
    for (let i = 0; i < 100; i++) one.root.set(`p${i}`, new Page());
    one.commit();
    const lists = Array.from({ length: 100 }, (_, i) => (one.root.get(`p${i}`) as Page).tags);
    for (const list of lists) list.push('x');
    one.abort();
    const read = Array.from({ length: 100 }, (_, i) => (one.root.get(`p${i}`) as Page).tags);
    for (const list of read) expect(list.length).toBe(0);
    one.abort();
    expect(one.connection.cache.size).toBeLessThanOrEqual(10);
  });

  it('keeps objects without a proxy until the transaction ends: they do not expect to vanish in the middle of a method', () => {
    db.targetCacheSize = 10;
    const one = session();
    one.root.set('tally', new Tally());
    for (let i = 0; i < 50; i++) one.root.set(`p${i}`, new Page());
    one.commit();
    one.connection.cacheMinimize();
    const tally = one.root.get('tally') as Tally;
    tally._p_activate();
    for (let i = 0; i < 50; i++) (one.root.get(`p${i}`) as Page)._p_activate();
    expect(one.connection.cache.size).toBeLessThan(30);
    expect(tally._p_state).toBe(0);
    for (let i = 0; i < 50; i++) (one.root.get(`p${i}`) as Page)._p_activate();
    one.abort();
    expect(tally._p_state).toBe(-1);
  });

  it('is bounded by bytes too', () => {
    db.targetCacheSizeBytes = 20_000;
    const one = session();
    for (let i = 0; i < 20; i++) {
      const page = new Page();
      page.title = 'x'.repeat(5000);
      one.root.set(`p${i}`, page);
    }
    one.commit();
    expect(one.connection.cache.bytes).toBeLessThanOrEqual(20_000);
  });

  it('keeps the identity of an object that is held while it is unloaded', async () => {
    const one = session();
    one.root.set('page', new Page());
    one.commit();
    const page = one.root.get('page') as Page;
    one.connection.cacheMinimize();
    await new Promise((resolve) => setImmediate(resolve));
    one.connection.cacheMinimize();
    expect(one.root.get('page')).toBe(page);
    expect(one.connection.get(page._p_oid!)).toBe(page);
  });

  it('never unloads what has been changed', () => {
    db.targetCacheSize = 1;
    const one = session();
    for (let i = 0; i < 10; i++) one.root.set(`p${i}`, new Page());
    one.commit();
    for (let i = 0; i < 10; i++) (one.root.get(`p${i}`) as Page).title = String(i);
    one.connection.cacheMinimize();
    one.connection.cacheGC();
    one.commit();
    const other = fresh();
    for (let i = 0; i < 10; i++) expect((other.root.get(`p${i}`) as Page).title).toBe(String(i));
  });
});
