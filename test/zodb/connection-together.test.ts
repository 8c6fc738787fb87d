/** Connections, databases and caches together: what one of them does must not surprise another. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { metaOf, Persistent, PersistentMapping, registerClass } from '../../src/persistent/index.ts';
import { TransactionManager } from '../../src/transaction/index.ts';
import {
  ConflictError,
  type Connection,
  ConnectionStateError,
  DB,
  FileStorage,
  MappingStorage,
  UndoError,
} from '../../src/zodb/index.ts';

class Page extends Persistent {
  title = '';
  link: Page | null = null;
}
registerClass(Page, 'test.together.Page');

const rootOf = (connection: Connection) => connection.root<Record<string, Page>>();
const isGhost = (page: Page) => metaOf(page)!.status < 0;

describe('the cache of a connection', () => {
  let db: DB;
  let connection: Connection;
  let pages: Page[];

  beforeEach(() => {
    db = new DB(new MappingStorage());
    connection = db.open({ transactionManager: new TransactionManager() });
    pages = Array.from({ length: 10 }, (_, i) => {
      const page = new Page();
      page.title = `title ${i}`;
      rootOf(connection).set(`p${i}`, page);
      return page;
    });
    connection.transactionManager.commit();
  });
  afterEach(() => db.close());

  it('unloads what was used least recently, whatever was loaded first', () => {
    connection.cacheMinimize();
    for (const index of [3, 1, 4, 0, 5, 9, 2, 6, 8, 7]) void pages[index]!.title;
    for (const index of [9, 4, 3]) void pages[index]!.title;
    db.targetCacheSize = 5;
    connection.cacheGC();
    expect(pages.map((page, index) => (isGhost(page) ? -1 : index)).filter((index) => index >= 0)).toEqual([
      3, 4, 7, 8, 9,
    ]);
    void pages[7]!.title;
    db.targetCacheSize = 2;
    connection.cacheGC();
    expect(pages.filter((page) => !isGhost(page))).toEqual([pages[3], pages[7]]);
  });

  it('keeps to a number of bytes, and never unloads what was changed', () => {
    for (const page of pages) void page.title;
    pages[0]!.title = 'changed';
    db.targetCacheSizeBytes = 1;
    connection.cacheGC();
    expect(pages.map(isGhost)).toEqual([false, ...Array<boolean>(9).fill(true)]);
    connection.transactionManager.commit();
    expect(pages.every(isGhost)).toBe(true);
    expect(connection.cache.bytes).toBe(0);
    expect(pages[0]!.title).toBe('changed');
  });

  it('keeps what could not be loaded again', () => {
    const page = new Page();
    page.title = 'new';
    connection.add(page);
    page._p_deactivate();
    expect(page.title).toBe('new');
    connection.transactionManager.commit();
    page._p_deactivate();
    expect(isGhost(page)).toBe(true);
    expect(page.title).toBe('new');
  });
});

describe('connections to databases that refer to each other', () => {
  it('stay together: what refers to the other database goes on after both were closed and opened', () => {
    const databases = new Map<string, DB>();
    const one = new DB(new MappingStorage(), { databaseName: 'one', databases });
    const two = new DB(new MappingStorage(), { databaseName: 'two', databases });
    const manager = new TransactionManager();
    const connection = one.open({ transactionManager: manager });
    const page = new Page();
    rootOf(connection.getConnection('two')).set('page', page);
    manager.commit();
    const from = new Page();
    from.link = page;
    rootOf(connection).set('from', from);
    manager.commit();
    connection.close();
    // Another line of work uses both databases meanwhile.
    const other = two.open({ transactionManager: new TransactionManager() });
    expect(other).not.toBe(page._p_jar);
    rootOf(other).get('page')!.title = 'changed elsewhere';
    other.transactionManager.commit();
    other.close();
    expect(() => connection.getConnection('two')).toThrow(ConnectionStateError);
    const again = one.open({ transactionManager: manager });
    expect(again).toBe(connection);
    expect(from.link).toBe(page);
    expect(from.link.title).toBe('changed elsewhere');
    from.link.title = 'and here';
    manager.commit();
    expect(two.transaction((each) => rootOf(each).get('page')!.title)).toBe('and here');
    again.close();
    one.close();
    two.close();
  });
});

describe('several parts of one transaction on one database', () => {
  let directory: string;
  let db: DB;
  let manager: TransactionManager;

  beforeEach(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'zodb-together-'));
    db = new DB(new FileStorage(path.join(directory, 'Data.fs'), { fsync: false }));
    manager = new TransactionManager();
  });
  afterEach(() => {
    manager.abort();
    db.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it('are one commit', () => {
    const [one, two] = [db.open({ transactionManager: manager }), db.open({ transactionManager: manager })];
    const folder = new PersistentMapping<string, Page>();
    rootOf(one).set('folder', folder as never);
    manager.commit();
    const before = db.lastTransaction();
    rootOf(one).set('a', new Page());
    (rootOf(two).get('folder') as unknown as PersistentMapping<string, Page>).set('b', new Page());
    manager.commit();
    expect(one.root()._p_serial).toBe(db.lastTransaction());
    expect((rootOf(two).get('folder') as unknown as PersistentMapping)._p_serial).toBe(db.lastTransaction());
    expect([...db.storage.iterator(before + 1n)].length).toBe(1);
    expect(folder.has('b')).toBe(true);
    expect(rootOf(two).has('a')).toBe(true);
  });

  it('conflict when they change one object independently', () => {
    const [one, two] = [db.open({ transactionManager: manager }), db.open({ transactionManager: manager })];
    rootOf(one).set('a', new Page());
    rootOf(two).set('b', new Page());
    expect(() => manager.commit()).toThrow(ConflictError);
    manager.abort();
    expect(rootOf(one).size).toBe(0);
    expect(rootOf(two).size).toBe(0);
  });

  it('may be changes and an undo, unless they are of one object', () => {
    const connection = db.open({ transactionManager: manager });
    const pages = [new Page(), new Page()];
    for (const [index, page] of pages.entries()) rootOf(connection).set(`p${index}`, page);
    manager.commit();
    pages[0]!.title = 'to be undone';
    manager.commit();
    const tid = db.lastTransaction();
    pages[1]!.title = 'changed beside';
    db.undo(tid, manager.get());
    manager.commit();
    expect(pages.map((page) => page.title)).toEqual(['', 'changed beside']);
    pages[0]!.title = 'again';
    manager.commit();
    pages[0]!.title = 'mine';
    db.undo(db.lastTransaction(), manager.get());
    expect(() => manager.commit()).toThrow(UndoError);
    manager.abort();
    expect(pages[0]!.title).toBe('again');
  });
});
