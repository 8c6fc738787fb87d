import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  aqBase,
  aqParent,
  Persistent,
  PersistentMapping,
  registerClass,
} from '../../src/persistent/index.ts';
import { TransactionManager } from '../../src/transaction/index.ts';
import {
  ActivityMonitor,
  type Connection,
  ConnectionStateError,
  DB,
  ExportError,
  InvalidObjectReferenceError,
  MappingStorage,
  MountPoint,
  resetCaches,
} from '../../src/zodb/index.ts';
import { POSKeyError, UndoError } from '../../src/zodb/interfaces.ts';
import { TestStorage } from './connection-storage.ts';

class Doc extends Persistent {
  title = '';
  // oxlint-disable-next-line typescript/no-explicit-any -- each test puts something else there
  declare link: any;
}
registerClass(Doc, 'test.db.Doc', { acquires: 'implicit' });

let storage: TestStorage;
let db: DB;
let manager: TransactionManager;
let connection: Connection;

beforeEach(() => {
  storage = new TestStorage();
  db = new DB(storage, { databaseName: 'main' });
  manager = new TransactionManager();
  connection = db.open({ transactionManager: manager });
});
afterEach(() => db.close());

describe('a database', () => {
  it('makes a root mapping when it is new, and only then', () => {
    expect(connection.root()).toBeInstanceOf(PersistentMapping);
    expect(storage.log.length).toBe(1);
    const again = new DB(storage);
    expect(storage.log.length).toBe(1);
    again.close();
  });

  it('gives the connection that has most objects loaded, and of equal ones the one closed last', () => {
    connection.root().set('a', new Doc());
    manager.commit();
    connection.close();
    const second = db.open({ transactionManager: manager });
    expect(second).toBe(connection);
    const third = db.open({ transactionManager: new TransactionManager() });
    expect(third).not.toBe(second);
    second.close();
    third.close();
    expect(db.open({ transactionManager: manager })).toBe(second);
    const other = db.open({ transactionManager: new TransactionManager() });
    expect(other).toBe(third);
    for (const each of [second, other]) {
      each.cacheMinimize();
      each.close();
    }
    expect(db.open({ transactionManager: manager })).toBe(third);
  });

  it('shows a reopened connection what was committed meanwhile', () => {
    connection.root().set('a', new Doc());
    manager.commit();
    const doc = connection.root().get('a') as Doc;
    connection.close();
    db.transaction((other) => ((other.root().get('a') as Doc).title = 'new'), 'from elsewhere');
    db.open({ transactionManager: manager });
    expect(doc.title).toBe('new');
  });

  it('lets connections go that the pool has no place for', () => {
    db.poolSize = 1;
    const others = Array.from({ length: 3 }, () => db.open({ transactionManager: new TransactionManager() }));
    for (const other of others) other.close();
    expect(db.connectionDebugInfo().length).toBe(2);
  });

  it('aborts what db.transaction does when it throws', () => {
    expect(() =>
      db.transaction((other) => {
        other.root().set('x', 1);
        throw new Error('no');
      }),
    ).toThrow('no');
    manager.begin();
    expect(connection.root().has('x')).toBe(false);
    expect(db.transaction((other) => other.root().size)).toBe(0);
  });

  it('takes transactions back, the newest first', () => {
    const doc = new Doc();
    connection.root().set('doc', doc);
    manager.commit();
    doc.title = 'one';
    manager.commit();
    const first = db.lastTransaction();
    doc.title = 'two';
    manager.commit();
    const second = db.lastTransaction();
    db.undo(first, manager.get());
    expect(() => manager.commit()).toThrow(UndoError);
    manager.abort();
    db.undo([second, first], manager.get());
    manager.commit();
    expect(doc.title).toBe('');
  });

  it('counts what connections do', () => {
    const monitor = new ActivityMonitor();
    db.setActivityMonitor(monitor);
    connection.root().set('a', new Doc());
    manager.commit();
    connection.close();
    const all = monitor.getActivityAnalysis(1, Date.now() + 1)[0]!;
    expect([all.loads, all.stores, all.connections]).toEqual([0, 3, 1]);
    expect(db.transferCounts()).toMatchObject({ loads: 0, stores: 3 });
  });

  it('goes on to count what connections did that it has let go', () => {
    connection.root().set('a', new Doc());
    manager.commit();
    const before = db.transferCounts();
    expect(before.stores).toBe(3);
    db.poolSize = 1;
    const others = [new TransactionManager(), new TransactionManager()].map((transactionManager) =>
      db.open({ transactionManager }),
    );
    for (const other of others) expect(other.root().get('a')).toBeInstanceOf(Doc);
    const { loads } = db.transferCounts();
    expect(loads).toBeGreaterThan(before.loads);
    for (const each of [...others, connection]) each.close();
    expect(db.transferCounts()).toMatchObject({ loads, stores: 3 });
  });

  it('tells what is in its caches', () => {
    connection.root().set('a', new Doc());
    manager.commit();
    expect(Object.fromEntries(db.cacheDetail())).toEqual({
      'test.db.Doc': 1,
      'persistent.mapping.PersistentMapping': 1,
    });
    expect(db.cacheSize()).toBe(2);
    db.cacheMinimize();
    expect(db.cacheSize()).toBe(0);
  });

  it('bounds caches by count and by bytes unless that is not wanted', () => {
    const bounds = ({ targetCacheSize, targetCacheSizeBytes }: DB) => [targetCacheSize, targetCacheSizeBytes];
    expect(bounds(db)).toEqual([400, 64 * 2 ** 20]);
    const unbounded = new DB(new TestStorage(), { cacheSize: 0, cacheSizeBytes: 0 });
    expect(bounds(unbounded)).toEqual([0, 0]);
    unbounded.close();
  });

  it('begins with empty caches after resetCaches', () => {
    connection.root().set('a', new Doc());
    manager.commit();
    const doc = connection.root().get('a');
    connection.close();
    resetCaches();
    db.open({ transactionManager: manager });
    expect(connection.root().get('a') === doc).toBe(false);
    expect((connection.root().get('a') as Doc).title).toBe('');
  });

  it('gives the state that an object had after an earlier transaction', () => {
    const doc = new Doc();
    doc.title = 'one';
    connection.root().set('a', doc);
    manager.commit();
    const first = doc._p_serial;
    doc.title = 'two';
    manager.commit();
    expect(connection.oldState(doc, first)).toEqual({ title: 'one' });
  });

  it('cannot be used after it was closed', () => {
    const doc = new Doc();
    connection.root().set('a', doc);
    manager.commit();
    doc._p_deactivate();
    db.close();
    expect(() => db.open()).toThrow(ConnectionStateError);
    expect(() => doc.title).toThrow(ConnectionStateError);
  });
});

describe('databases that are used together', () => {
  let other: DB;

  beforeEach(() => {
    other = new DB(new TestStorage(), { databaseName: 'other', databases: db.databases });
  });
  afterEach(() => other.close());

  it('have connections in one transaction, and references between them', () => {
    const there = connection.getConnection('other');
    expect(there.getConnection('main')).toBe(connection);
    const doc = new Doc();
    doc.title = 'there';
    there.root().set('doc', doc);
    connection.root().set('link', new Doc());
    (connection.root().get('link') as Doc).link = doc;
    expect(() => manager.commit()).toThrow(/must be committed there first/);
    manager.abort();
    there.root().set('doc', doc);
    manager.commit();
    const link = new Doc();
    link.link = doc;
    connection.root().set('link', link);
    manager.commit();
    const second = db.open({ transactionManager: new TransactionManager() });
    const seen = (second.root().get('link') as Doc).link as Doc;
    expect(seen.title).toBe('there');
    expect(seen._p_jar).toBe(second.getConnection('other'));
    expect(() => connection.getConnection('nothing')).toThrow(/there is no database nothing/);
  });

  it('may be mounted in one another', () => {
    const there = connection.getConnection('other');
    const doc = new Doc();
    doc.title = 'mounted';
    there.root().set('doc', doc);
    const folder = new Doc();
    connection.root().set('folder', folder);
    folder.link = new MountPoint('other', 'doc');
    manager.commit();
    expect(folder.link.title).toBe('mounted');
    expect(aqParent(folder.link)).toBe(folder);
  });

  it('refuse references when xrefs is off, and to databases that are not used together', () => {
    const alone = new DB(new TestStorage());
    const stranger = alone.open({ transactionManager: manager });
    const doc = new Doc();
    stranger.root().set('doc', doc);
    manager.commit();
    connection.root().set('doc', doc);
    expect(() => manager.commit()).toThrow(InvalidObjectReferenceError);
    manager.abort();
    alone.close();
  });
});

describe('fetching in advance', () => {
  it('tells the storage what is not loaded yet, of objects, oids and lists', () => {
    const docs = ['a', 'b', 'c', 'd'].map((title) => Object.assign(new Doc(), { title }));
    for (const doc of docs) connection.root().set(doc.title, doc);
    manager.commit();
    const [a, b, c, d] = docs as [Doc, Doc, Doc, Doc];
    connection.cacheMinimize();
    void c.title;
    // A storage that has everything at hand need not be told.
    connection.prefetch(a);
    const told: unknown[] = [];
    Object.assign(storage, { prefetch: (...args: unknown[]) => told.push(args) });
    connection.prefetch(a, b._p_oid!, [c, d]);
    connection.prefetch(c);
    expect(told).toEqual([[[a, b, d].map((doc) => doc._p_oid), db.lastTransaction() + 1n]]);
    expect(() => connection.prefetch(new Doc())).toThrow(InvalidObjectReferenceError);
  });
});

describe('an export', () => {
  it('may be written to a new file, without being in memory as a whole', () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'zodb-export-'));
    try {
      const doc = new Doc();
      doc.link = new Doc();
      connection.root().set('doc', doc);
      manager.commit();
      const file = path.join(directory, 'doc.zexp');
      const written = connection.exportFile(doc, file);
      expect(readFileSync(file).equals(connection.exportFile(doc))).toBe(true);
      expect(written).toBe(readFileSync(file).length);
      expect(() => connection.exportFile(doc, file)).toThrow('EEXIST');
      // What cannot be finished leaves nothing.
      const load = vi.spyOn(storage, 'load').mockImplementation(() => {
        throw new Error('unreadable');
      });
      const other = path.join(directory, 'other.zexp');
      expect(() => connection.exportFile(doc, other)).toThrow('unreadable');
      load.mockRestore();
      expect(existsSync(other)).toBe(false);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });

  it('copies an object with all that it refers to, under new oids', () => {
    const doc = new Doc();
    doc.title = 'original';
    doc.link = new Doc();
    doc.link.title = 'child';
    doc.link.link = doc;
    connection.root().set('doc', doc);
    manager.commit();
    const file = connection.exportFile(doc);
    const copy = connection.importFile<Doc>(file);
    connection.root().set('copy', copy);
    expect(copy === doc).toBe(false);
    expect(aqBase(copy.link.link) === copy).toBe(true);
    expect(copy.title).toBe('original');
    copy.title = 'copy';
    manager.commit();
    expect(doc.title).toBe('original');
    const second = db.open({ transactionManager: new TransactionManager() });
    expect((second.root().get('copy') as Doc).title).toBe('copy');
    expect((second.root().get('copy') as Doc).link.title).toBe('child');
    const third = connection.copyObject(doc);
    expect(third.link.title).toBe('child');
    manager.abort();
    // The copy is not there any more, and nothing can be made to refer to it.
    expect(() => third.title).toThrow(POSKeyError);
    connection.root().set('third', third);
    expect(() => manager.commit()).toThrow(/import it again/);
    manager.abort();
  });

  it('is refused when it is damaged', () => {
    connection.root().set('doc', new Doc());
    manager.commit();
    const file = connection.exportFile(connection.root().get('doc') as Doc);
    expect(() => connection.importFile(file.subarray(1))).toThrow(ExportError);
    expect(() => connection.importFile(file.subarray(0, 30))).toThrow(/cut off/);
    expect(() => connection.importFile(file.subarray(0, -1))).toThrow(/cut off/);
  });
});

describe('a transaction of asynchronous work', () => {
  it('is committed when the work is done, and aborted when it fails', async () => {
    const db = new DB(new MappingStorage());
    const result = db.transaction(async (connection) => {
      await Promise.resolve();
      connection.root().set('a', 1);
      return 'done';
    }, 'later');
    expect(db.transaction((connection) => connection.root().has('a'))).toBe(false);
    expect(await result).toBe('done');
    expect(db.transaction((connection) => connection.root().get('a'))).toBe(1);
    const failing = db.transaction(async (connection) => {
      connection.root().set('a', 2);
      await Promise.resolve();
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    const conflicting = db.transaction(async (connection) => {
      connection.root().set('a', 3);
      await Promise.resolve();
    });
    db.transaction((connection) => connection.root().set('a', 4));
    await expect(conflicting).rejects.toThrow(expect.objectContaining({ code: 'CONFLICT' }));
    expect(db.transaction((connection) => connection.root().get('a'))).toBe(4);
    expect(db.connectionDebugInfo().every(({ opened }) => opened === null)).toBe(true);
    db.close();
  });
});

it('an error names the way from the root although the root was unloaded', () => {
  class Holder extends Persistent {
    any: unknown = null;
  }
  registerClass(Holder, 'test.db.Holder');
  const db = new DB(new MappingStorage());
  const manager = new TransactionManager();
  const connection = db.open({ transactionManager: manager });
  connection.root().set('a', new Holder());
  manager.commit();
  const holder = connection.root<{ a: Holder }>().get('a')!;
  connection.cacheMinimize();
  holder.any = { items: [0, { callback: () => 1 }] };
  expect(() => manager.commit()).toThrow(/^root\.a\.any\.items\[1\]\.callback: a function/);
  manager.abort();
  db.close();
});
