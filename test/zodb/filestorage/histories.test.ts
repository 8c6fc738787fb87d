/**
 * Random histories (stores, conflicts, undo, blobs, packs, openings with and without an index) leave the same bytes here and in Python,
 * and every answer on the way is the same. Runs where `ZOPE_PYTHON` names a Python that has ZODB.
 *
 * `STORAGE_HISTORIES=5000 STORAGE_SEED=7` runs more of them, or others.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { isBlobRecord } from '../../../src/zodb/blobs/is-blob-record.ts';
import { FileStorage } from '../../../src/zodb/index.ts';
import { canonical, type Case, expectSame, Mismatch } from '../../conformance/suite.ts';
import { expectResults, type Step, Writer } from '../../conformance/suites/filestorage.ts';
import { errorTag, idHex, oidOf, tidOf } from '../../conformance/suites/lib/filestorage-values.ts';

const python = process.env.ZOPE_PYTHON;
const histories = Number(process.env.STORAGE_HISTORIES ?? 100);
const seed = process.env.STORAGE_SEED ?? '1';
if (python === undefined)
  console.warn('no ZOPE_PYTHON: the histories of storages are not compared with Python');

const PAST = 0x7f7f_7f7f_7f7f_7f7fn;

class Historian extends Writer {
  readonly #open: () => FileStorage;

  constructor(open: () => FileStorage) {
    super(open());
    this.#open = open;
  }

  protected override step(step: Step): unknown {
    const { storage } = this;
    switch (step.op) {
      case 'blob': {
        const file = path.join(storage.temporaryDirectory(), 'new');
        writeFileSync(file, step.content!);
        try {
          storage.storeBlob(
            oidOf(step.oid!),
            tidOf(step.serial!),
            Buffer.from(step.data!, 'base64'),
            file,
            this.metadata,
          );
        } finally {
          rmSync(file, { force: true });
        }
        return null;
      }
      case 'pack':
        storage.pack(Number(step.time), { gc: Boolean(step.gc) });
        return null;
      case 'reopen':
        storage.close();
        if (!step.index) rmSync(`${storage.path}.index`);
        this.storage = this.use(this.#open());
        return null;
      case 'copy':
        return this.#copy();
      case 'look':
        return this.#look();
      default:
        return super.step(step);
    }
  }

  /** What Python's copyTransactionsFrom does. */
  #copy(): string {
    const { storage } = this;
    const directory = mkdtempSync(path.join(tmpdir(), 'histories-copy-'));
    const file = path.join(directory, 'Data.fs');
    const blobDir = path.join(directory, 'blobs');
    const target = new FileStorage(file, { fsync: false, ...(storage.supportsBlobs() ? { blobDir } : {}) });
    try {
      for (const transaction of storage.iterator()) {
        target.tpcBegin(transaction, transaction.tid, transaction.status);
        for (const { oid, tid, data, dataTxn } of transaction) {
          if (data !== null && storage.supportsBlobs() && isBlobRecord(data)) {
            const blob = path.join(target.temporaryDirectory(), 'new');
            copyFileSync(storage.loadBlob(oid, tid), blob);
            target.restoreBlob(oid, tid, data, blob, dataTxn, transaction);
          } else target.restore(oid, tid, data, dataTxn, transaction);
        }
        target.tpcVote(transaction);
        target.tpcFinish(transaction);
      }
      return readFileSync(file).toString('hex');
    } finally {
      target.close();
      rmSync(directory, { recursive: true, force: true });
    }
  }

  #look(): unknown {
    const { storage } = this;
    const tids = Array.from(storage.iterator(), ({ tid }) => tid);
    const oids = Array.from({ length: 14 }, (_, oid) => {
      const befores = [...tids.filter((_tid, i) => i % 2 === 0), PAST].map((tid) => {
        try {
          const found = storage.loadBefore(oid, tid);
          if (found === null) return null;
          const digest = createHash('sha1').update(found.data).digest('hex').slice(0, 8);
          return [digest, idHex(found.tid), found.end === null ? null : idHex(found.end)];
        } catch (error) {
          return errorTag(error).error;
        }
      });
      return [idHex(oid), [this.#historyOf(oid), befores]] as const;
    });
    return {
      last: idHex(storage.lastTransaction()),
      size: storage.getSize(),
      len: storage.size(),
      undo: storage.undoLog(0, -1000).map(({ tid }) => idHex(tid)),
      transactions: Array.from(storage.iterator(), (transaction) => [
        idHex(transaction.tid),
        transaction.status,
        Array.from(transaction, ({ oid, data, dataTxn }) => [
          idHex(oid),
          data === null ? null : data.length,
          dataTxn === null ? null : idHex(dataTxn),
        ]),
      ]),
      walk: this.#walk(),
      oids: Object.fromEntries(oids),
    };
  }

  #historyOf(oid: number): unknown {
    try {
      return this.storage.history(oid, 50).map(({ tid, size }) => [idHex(tid), size]);
    } catch (error) {
      expect(errorTag(error).error).toMatch(/KeyError/);
      return null;
    }
  }

  #walk(): unknown[] {
    const found: unknown[] = [];
    let next: number | bigint | undefined = undefined;
    try {
      for (;;) {
        const record = this.storage.currentRecord(next);
        if (record === undefined) throw new Error('no objects');
        found.push([idHex(record.oid), idHex(record.tid), record.data.length]);
        if (record.next === undefined) return found;
        next = record.next;
      }
    } catch {
      return [...found, 'error'];
    }
  }
}

function blobsBelow(directory: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile() || entry.name === '.layout' || entry.name === '.removed') continue;
    const name = path.relative(directory, path.join(entry.parentPath, entry.name));
    if (!name.startsWith('tmp')) found[name] = readFileSync(path.join(directory, name), 'utf8');
  }
  return found;
}

function replay({ input, expect: wanted }: Case): void {
  const directory = mkdtempSync(path.join(tmpdir(), 'histories-'));
  const file = path.join(directory, 'Data.fs');
  const blobDir = path.join(directory, 'blobs');
  try {
    const historian = new Historian(
      () => new FileStorage(file, { fsync: false, ...(input.blobs ? { blobDir } : {}) }),
    );
    const results = (input.steps as Step[]).map((step) => historian.run(step));
    historian.storage.close();
    expectResults(results, wanted.results);
    expectSame('the file', readFileSync(file).toString('hex'), wanted.hex);
    if (input.blobs) expectSame('the blobs', blobsBelow(blobDir), wanted.blobs);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

test.skipIf(python === undefined)(
  'random histories end in the same bytes as in Python',
  { timeout: 120_000 + histories * 1000 },
  () => {
    const { stdout, stderr, status } = spawnSync(
      python!,
      [path.join(import.meta.dirname, 'histories_python.py'), seed, String(histories)],
      { encoding: 'utf8', maxBuffer: 1 << 30 },
    );
    expect(status, stderr).toBe(0);
    const failed: unknown[] = [];
    for (const line of stdout.trim().split('\n')) {
      const testCase = JSON.parse(line) as Case;
      try {
        replay(testCase);
      } catch (error) {
        const differing =
          error instanceof Mismatch
            ? [error.expected, error.actual].map((side) => canonical(side).slice(0, 4000))
            : [];
        failed.push([testCase.name, String(error), ...differing]);
      }
    }
    expect(failed.slice(0, 3)).toEqual([]);
  },
);
