/** Classes change and go; what was stored stays. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Persistent, registerClass } from '../../src/persistent/index.ts';
import { TransactionManager } from '../../src/transaction/index.ts';
import { BrokenModifiedError, type Connection, DB, FileStorage, type Oid } from '../../src/zodb/index.ts';

/** As the site was written first. */
class ArticleBefore extends Persistent {
  title = '';
  author = 'nobody';
  keywords = 'a,b';
  self: ArticleBefore | null = null;
}
registerClass(ArticleBefore, 'test.schema.ArticleBefore');

/** The same class later: a field less, a field more with a default, a method. */
class ArticleLater extends Persistent {
  static defaults = { subtitle: 'none', readers: () => [] as string[] };
  title = '';
  declare subtitle: string;
  declare readers: string[];
  declare self: ArticleLater | null;

  get heading(): string {
    return `${this.title}: ${this.subtitle}`;
  }
}
registerClass(ArticleLater, 'test.schema.ArticleLater');

let upgrades = 0;

/** The same class with a hook that upgrades. */
class ArticleUpgraded extends Persistent {
  title = '';
  keywords: string[] = [];

  __setstate__(state: { title: string; keywords: string | string[] }): void {
    upgrades++;
    const { title, keywords } = state;
    Object.assign(this, { title, keywords: typeof keywords === 'string' ? keywords.split(',') : keywords });
  }
}
registerClass(ArticleUpgraded, 'test.schema.ArticleUpgraded');

let directory: string;
let db: DB;
let oid: Oid;

function open(options: { allowBrokenChanges?: boolean } = {}): void {
  db = new DB(new FileStorage(path.join(directory, 'Data.fs'), { fsync: false }), options);
}

function session(): Connection {
  return db.open({ transactionManager: new TransactionManager() });
}

const latin1 = (data: Uint8Array) => Buffer.from(data).toString('latin1');

/** Has all records name another class, as if the site's code had been changed. */
function rename(to: string): void {
  const { storage } = db;
  const transaction = new TransactionManager().begin();
  storage.tpcBegin(transaction);
  for (const each of (storage as FileStorage).oids()) {
    const { data, tid } = storage.load(each);
    const renamed = latin1(data).replaceAll('test.schema\nArticleBefore\n', `test.schema\n${to}\n`);
    storage.store(each, tid, Buffer.from(renamed, 'latin1'), transaction);
  }
  storage.tpcVote(transaction);
  storage.tpcFinish(transaction);
  db.close();
  open();
}

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'zodb-schema-'));
  open();
  db.transaction((connection) => {
    const article = new ArticleBefore();
    article.title = 'Title';
    article.self = article;
    connection.root().set('article', article);
    connection.add(article);
    oid = article._p_oid!;
  });
});
afterEach(() => {
  db.close();
  rmSync(directory, { recursive: true, force: true });
});

describe('a class that has changed', () => {
  it('loads old records, with defaults for what they lack, and keeps what it does not know', () => {
    rename('ArticleLater');
    const before = db.lastTransaction();
    const connection = session();
    const article = connection.root<{ article: ArticleLater }>().get('article')!;
    expect(article.heading).toBe('Title: none');
    expect(article.readers).toEqual([]);
    expect(article.self).toBe(article);
    connection.transactionManager.commit();
    expect(db.lastTransaction()).toBe(before);
    article.subtitle = 'some';
    connection.transactionManager.commit();
    const record = latin1(db.storage.load(oid).data);
    expect(record).toContain('subtitle');
    expect(record).toContain('author');
    expect(record).toContain('nobody');
  });

  it('upgrades a state when it is loaded, and stores it only when something changes', () => {
    rename('ArticleUpgraded');
    upgrades = 0;
    const before = db.lastTransaction();
    const connection = session();
    const article = connection.root<{ article: ArticleUpgraded }>().get('article')!;
    expect(upgrades).toBe(0);
    expect(article.keywords).toEqual(['a', 'b']);
    expect(upgrades).toBe(1);
    connection.transactionManager.commit();
    expect(db.lastTransaction()).toBe(before);
    article.keywords.push('c');
    connection.transactionManager.commit();
    expect(session().root<{ article: ArticleUpgraded }>().get('article')!.keywords).toEqual(['a', 'b', 'c']);
  });
});

describe('a class that was removed', () => {
  it('leaves its objects as they were, through changes beside them, packs and copies', () => {
    rename('ArticleRemoved');
    const stored = Buffer.from(db.storage.load(oid).data);
    const connection = session();
    const root = connection.root<{ article: ArticleBefore; again: ArticleBefore; other: ArticleBefore }>();
    const article = root.get('article')!;
    expect(article.title).toBe('Title');
    expect(() => (article.title = 'x')).toThrow(BrokenModifiedError);
    root.set('again', article);
    const other = new ArticleBefore();
    other.self = article;
    root.set('other', other);
    connection.transactionManager.commit();
    db.pack();
    expect(stored.equals(db.storage.load(oid).data)).toBe(true);
    expect(latin1(db.storage.load(other._p_oid!).data)).toContain('test.schema\nArticleRemoved\n');
    const copy = connection.copyObject(article);
    const copied = Buffer.from(connection.exportFile(copy)).toString('latin1');
    expect(copied).toContain('test.schema\nArticleRemoved\n');
    expect(copy.author).toBe('nobody');
    connection.transactionManager.abort();
  });

  it('has its objects written back as they came, where they may be changed', () => {
    rename('ArticleRemoved');
    db.close();
    open({ allowBrokenChanges: true });
    const stored = Buffer.from(db.storage.load(oid).data);
    const before = db.lastTransaction();
    const connection = session();
    const article = connection.root<{ article: ArticleBefore }>().get('article')!;
    article._p_changed = true;
    connection.transactionManager.commit();
    expect(db.lastTransaction()).not.toBe(before);
    expect(latin1(db.storage.load(oid).data)).toBe(latin1(stored));
  });
});
