/** One file, several threads: what they commit holds, whatever happens to them. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PersistentMapping } from '../../../src/persistent/index.ts';
import { Blob, DB } from '../../../src/zodb/index.ts';
import { FileStorage, type FileStorageOptions } from '../../../src/zodb/filestorage/file-storage.ts';
import { Account } from './account.ts';
import { startThread } from './threads.ts';

const ACCOUNTS = 20;
let dir: string;
beforeEach(() => (dir = mkdtempSync(path.join(tmpdir(), 'zope-threads-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const MAIN = 1;
let lastThread = MAIN;

function open(options: FileStorageOptions = {}): { db: DB; storage: FileStorage } {
  const storage = new FileStorage(path.join(dir, 'Data.fs'), { shared: MAIN, ...options });
  const db = new DB(storage);
  if (db.lastTransaction() !== 0n && db.objectCount() > 1) return { db, storage };
  db.transaction((connection) =>
    connection.root().set(
      'accounts',
      Array.from({ length: ACCOUNTS }, () => new Account()),
    ),
  );
  return { db, storage };
}

function totals(db: DB): { balance: number; moves: number } {
  return db.transaction((connection) => {
    const accounts = connection.root().get('accounts') as Account[];
    return {
      balance: accounts.reduce((sum, { balance }) => sum + balance, 0),
      moves: accounts.reduce((sum, { moves }) => sum + moves, 0),
    };
  });
}

function start(task: string, storage: FileStorage, options: object) {
  const thread = ++lastThread;
  return { thread, ...startThread(task, { file: storage.share(thread), seed: thread * 7919, ...options }) };
}

describe('threads that move money between accounts', () => {
  it('neither lose nor make any, and what was acknowledged is there', async () => {
    const { db, storage } = open();
    const done = new SharedArrayBuffer(8);
    const threads = [1, 2, 3].map(() => start('transfer', storage, { done, times: 150 }));
    await Promise.all(threads.map((thread) => thread.done));
    expect(totals(db)).toEqual({ balance: ACCOUNTS * 100, moves: 450 });
    db.close();
    // The same from the file alone, with and without its index.
    for (const withIndex of [true, false]) {
      if (!withIndex) rmSync(path.join(dir, 'Data.fs.index'));
      const again = new DB(new FileStorage(path.join(dir, 'Data.fs')));
      expect(totals(again)).toEqual({ balance: ACCOUNTS * 100, moves: 450 });
      again.close();
    }
  });

  it('may be killed at any moment', async () => {
    const { db, storage } = open({ fsync: false });
    const done = new SharedArrayBuffer(8);
    const acknowledged = new Int32Array(done);
    const kills = Number(process.env.ZOPE_TEST_KILLS ?? 8);
    const survivor = start('transfer', storage, { done, times: 1500 });
    for (let kill = 0; kill < kills; kill++) {
      const victim = start('transfer', storage, { done, times: 1e9 });
      const before = acknowledged[0]!;
      await new Promise((resolve) => victim.worker.once('message', resolve));
      while (acknowledged[0]! < before + 20) await new Promise((resolve) => setImmediate(resolve));
      void victim.worker.terminate();
      await victim.done;
      storage.forgetThread(victim.thread);
      const { balance } = totals(db);
      expect(balance).toBe(ACCOUNTS * 100);
    }
    expect(await survivor.done).toBe(0);
    const { balance, moves } = totals(db);
    expect(balance).toBe(ACCOUNTS * 100);
    // A thread may be killed between its commit and its saying so.
    expect(moves).toBeGreaterThanOrEqual(acknowledged[0]!);
    expect(moves).toBeLessThanOrEqual(acknowledged[0]! + kills);
    db.close();
    const again = new DB(new FileStorage(path.join(dir, 'Data.fs')));
    expect(totals(again)).toEqual({ balance, moves });
    again.close();
  }, 120_000);

  it('do not notice that the file is packed', async () => {
    const { db, storage } = open({ fsync: false });
    const done = new SharedArrayBuffer(8);
    const threads = [1, 2].map(() => start('transfer', storage, { done, times: 400 }));
    const packer = start('pack', storage, { done, times: 800 });
    await Promise.all([...threads, packer].map((thread) => thread.done));
    expect(totals(db)).toEqual({ balance: ACCOUNTS * 100, moves: 800 });
    expect(new Int32Array(done)[1]).toBeGreaterThan(0);
    db.close();
    const again = new DB(new FileStorage(path.join(dir, 'Data.fs')));
    expect(totals(again)).toEqual({ balance: ACCOUNTS * 100, moves: 800 });
    again.close();
  });

  it('survive the death of one that packs', async () => {
    const { db, storage } = open({ fsync: false });
    const done = new SharedArrayBuffer(8);
    const mover = start('transfer', storage, { done, times: 600 });
    for (let i = 0; i < 4; i++) {
      const packer = start('pack', storage, { done, times: 1e9 });
      await new Promise((resolve) => packer.worker.once('message', resolve));
      await new Promise((resolve) => setTimeout(resolve, 5 * i));
      void packer.worker.terminate();
      await packer.done;
      storage.forgetThread(packer.thread);
    }
    expect(await mover.done).toBe(0);
    storage.pack(Date.now() / 1000);
    expect(totals(db)).toEqual({ balance: ACCOUNTS * 100, moves: 600 });
    db.close();
  });
});

describe('a transaction of one thread', () => {
  it('is seen by the next one of another', async () => {
    const { db, storage } = open({ fsync: false });
    const told = new SharedArrayBuffer(8);
    const times = Number(process.env.ZOPE_TEST_PAIRS ?? 2000);
    const threads = ['check', 'write'].map((task) => start(task, storage, { told, times }));
    const codes = await Promise.all(threads.map((thread) => thread.done));
    expect(codes).toEqual([0, 0]);
    db.close();
  });
});

describe('a turn', () => {
  it.each([false, true])(
    'lets a thread commit that has lost, where transactions are seen before the disk has them: %s',
    async (early) => {
      const { db, storage } = open();
      if (early) db.showEarly();
      const threads = [1, 2, 3].map(() => start('increment', storage, { times: 200, early }));
      expect(await Promise.all(threads.map((thread) => thread.done))).toEqual([0, 0, 0]);
      expect(totals(db).balance).toBe(ACCOUNTS * 100 + 600);
      db.close();
    },
  );
});

describe('threads that write blobs at the same time', () => {
  it('have files of their own, and leave none', async () => {
    const temporary = path.join(dir, 'temporary');
    mkdirSync(temporary);
    const { db, storage } = open({ blobDir: path.join(dir, 'blobs') });
    const names = ['one', 'two'];
    db.transaction((connection) => {
      const root = connection.root();
      root.set('blobs', new PersistentMapping(names.map((name) => [name, new Blob(`first of ${name}`)])));
      for (const name of names) root.set(name, new PersistentMapping());
    });
    const met = new SharedArrayBuffer(4);
    vi.stubEnv('TMPDIR', temporary);
    await Promise.all(names.map((name) => start('blobs', storage, { name, met }).done));
    vi.unstubAllEnvs();
    const contents = db.transaction((connection) => {
      const root = connection.root();
      return names.map((name) => [
        (root.get('blobs') as Map<string, Blob>).get(name)!.bytes().toString(),
        (root.get(name) as Map<string, Blob>).get('made')!.bytes().toString(),
      ]);
    });
    expect(contents).toEqual(names.map((name) => [`changed by ${name}`, `made by ${name}`]));
    expect(readdirSync(temporary)).toEqual([]);
    expect(readdirSync(storage.temporaryDirectory())).toEqual([]);
    db.close();
  });
});
