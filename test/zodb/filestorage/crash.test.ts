/**
 * A process that commits without end is killed at random: every transaction that it has told of is there, with all its records, and
 * at most the one that it was about to tell of. ZODB_KILLS has it killed more often than the few times of a usual run.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { FileStorage } from '../../../src/zodb/index.ts';
import { BlobDirectory } from '../../../src/zodb/blobs/blob-directory.ts';
import { temporaryDirectory, text } from '../storages/storage-steps.ts';
import { linesUntilKilled } from './crash-child.ts';
import { blobContent, OBJECTS, recordsOf } from './crash-records.ts';

const KILLS = Number(process.env.ZODB_KILLS ?? 10);

/** Runs the writer until it is killed, some time after its first commit; gives the last number that it told. */
async function runAndKill(file: string, first: number): Promise<number> {
  const lines = await linesUntilKilled(new URL('./crash-writer.ts', import.meta.url), [file, String(first)], {
    said: /./,
    within: 150,
  });
  const told = lines.map(Number);
  expect(told).toEqual(told.map((_, i) => first + i));
  return told.at(-1)!;
}

/** Checks everything that transactions up to a number have left; gives the number of the last one. */
function check(file: string, told: number): number {
  const blobDir = path.join(path.dirname(file), 'blobs');
  const storage = new FileStorage(file, { blobDir });
  try {
    const numbers: number[] = [];
    for (const transaction of storage.iterator()) {
      const number = Number(text(transaction.description));
      numbers.push(number);
      const written = new Map(recordsOf(number));
      for (const { oid, tid, data } of transaction) {
        if (oid === OBJECTS)
          expect(readFileSync(storage.loadBlob(oid, tid), 'utf8')).toBe(blobContent(number));
        else expect(Buffer.compare(data!, written.get(Number(oid))!)).toBe(0);
      }
    }
    const last = numbers.at(-1)!;
    expect(last === told || last === told + 1).toBe(true);
    // Packs remove old transactions only.
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
    const current = new Map<number, Uint8Array>();
    for (let number = last; number > 0 && current.size < OBJECTS; number--)
      for (const [oid, data] of recordsOf(number)) if (!current.has(oid)) current.set(oid, data);
    for (const [oid, data] of current) expect(Buffer.compare(storage.load(oid).data, data)).toBe(0);
    // Nor has a blob been left of a transaction that was not committed. Those of an old one stay when a pack is killed that has
    // removed it.
    const lastTid = storage.lastTransaction();
    for (const { tid } of new BlobDirectory(blobDir).revisions()) expect(tid <= lastTid).toBe(true);
    expect(readdirSync(storage.temporaryDirectory())).toEqual([]);
    return last;
  } finally {
    storage.close();
  }
}

test(
  `what was committed outlives ${KILLS} killings`,
  async () => {
    const directory = temporaryDirectory();
    const file = path.join(directory, 'Data.fs');
    let last = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const told = await runAndKill(file, last + 1);
      last = check(file, told);
      if (process.env.ZODB_KILLS !== undefined) console.log(`kill ${kill + 1}: ${last} transactions`);
    }
    // A storage that is opened removes what an interrupted pack has left.
    expect(readdirSync(directory).filter((name) => /\.(?:pack|index_tmp)$/.test(name))).toEqual([]);
  },
  60_000 + KILLS * 20_000,
);
