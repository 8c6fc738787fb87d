/**
 * A disk that is full: transactions, blobs, undoes, packs and indexes that do not fit are refused, nothing that was there is lost, and
 * work goes on as soon as there is room. Runs where ZODB_SMALL_DISK names a directory on a disk of a megabyte or so
 * (`mount -t tmpfs -o size=1m none DIRECTORY`); a limit on the size of the file, in `failures.test.ts`, stands for it elsewhere.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { FileStorage } from '../../../src/zodb/index.ts';
import { currentTid, text, transact, transactionsOf } from '../storages/storage-steps.ts';
import { BLOB } from './crash-records.ts';

const disk = process.env.ZODB_SMALL_DISK;
const BLOB_OIDS = 100;

test.skipIf(disk === undefined)('a full disk refuses what does not fit, and keeps all that was there', () => {
  const directory = mkdtempSync(path.join(disk!, 'full-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const file = path.join(directory, 'Data.fs');
  const blobDir = path.join(directory, 'blobs');
  const ballast = path.join(directory, 'ballast');
  writeFileSync(ballast, Buffer.alloc(300_000));
  let state = 7;
  const random = (below: number) => (state = (state * 48_271) % 2_147_483_647) % below;
  const objects = new Map<number, string>();
  let transactions = 0;
  let refused = 0;
  let storage = new FileStorage(file, { blobDir });

  const check = (): void => {
    for (const [oid, content] of objects) {
      const { data, tid } = storage.load(oid);
      const found = oid < BLOB_OIDS ? text(data) : readFileSync(storage.loadBlob(oid, tid), 'utf8');
      expect(found === content).toBe(true);
    }
    expect(readdirSync(storage.temporaryDirectory())).toEqual([]);
  };
  /** Whether it fits. */
  const attempt = (work: () => void): boolean => {
    try {
      work();
      return true;
    } catch (error) {
      expect((error as { code?: string }).code).toMatch(/^(?:ENOSPC|PACK)$/);
      refused++;
      check();
      return false;
    }
  };
  const commit = (size: number): boolean => {
    const isBlob = random(3) === 0;
    const oid = random(10) + (isBlob ? BLOB_OIDS : 0);
    const content = `${size}`.padEnd(size, 'x');
    const temporary = path.join(storage.temporaryDirectory(), 'new');
    const fits = attempt(() => {
      try {
        if (isBlob) writeFileSync(temporary, content);
      } catch (error) {
        rmSync(temporary, { force: true });
        throw error;
      }
      transact(storage, (transaction) => {
        if (isBlob) storage.storeBlob(oid, currentTid(storage, oid), BLOB, temporary, transaction);
        else storage.store(oid, currentTid(storage, oid), Buffer.from(content), transaction);
      });
    });
    rmSync(temporary, { force: true });
    if (fits) {
      objects.set(oid, content);
      transactions++;
    }
    return fits;
  };

  for (let size = 30_000; size >= 1;) if (!commit(1 + random(size))) size = Math.floor(size / 2);
  expect(refused).toBeGreaterThan(10);
  attempt(() => storage.pack(Date.now() / 1000 + 1, { gc: false }));
  attempt(
    () => void transact(storage, (transaction) => storage.undo(storage.lastTransaction(), transaction)),
  );
  // The index does not fit any more; the file is closed and opened without it.
  storage.close();
  storage = new FileStorage(file, { blobDir });
  check();

  rmSync(ballast);
  expect(commit(10_000)).toBe(true);
  check();
  storage.close();
  storage = new FileStorage(file, { blobDir });
  check();
  expect(transactionsOf(storage).length).toBeGreaterThanOrEqual(transactions);
  storage.pack(Date.now() / 1000 + 1, { gc: false, keepOld: false });
  check();
  expect(commit(100)).toBe(true);
  storage.close();
});
