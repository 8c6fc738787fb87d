/**
 * A process that stores, undoes, removes, packs and writes blobs is killed at random, often while it still recovers from the kill
 * before; between two runs the index is taken away, torn, aged or that of another file, and a torn transaction may lie at the end.
 * What was told to be done is there each time, and at most the operation that was about to be told of. ZODB_OPERATION_KILLS sets how
 * often, ZODB_OPERATION_SEED which harm is done between the kills.
 */
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { BlobDirectory } from '../../../src/zodb/blobs/blob-directory.ts';
import { FileStorage } from '../../../src/zodb/index.ts';
import { temporaryDirectory, text, write } from '../storages/storage-steps.ts';
import { linesUntilKilled, type Moment } from './crash-child.ts';
import { BLOBS, Model, OBJECTS } from './crash-model.ts';

const KILLS = Number(process.env.ZODB_OPERATION_KILLS ?? 10);
const SEED = Number(process.env.ZODB_OPERATION_SEED ?? 1);

function randomFrom(seed: number): (below: number) => number {
  let state = (seed * 7919 + 17) % 2_147_483_647;
  return (below) => (state = (state * 48_271) % 2_147_483_647) % below;
}

interface Killed {
  /** The last operation that was told to be done. */
  readonly told: number;
  /** What it was about when it was killed. */
  readonly during: 'opening' | 'packing' | 'working';
}

const MOMENTS: readonly Moment[] = [
  { said: /\d\n/, within: 150 },
  { said: /opening\n/, within: 30 },
  { said: /packing\n/, within: 15 },
];

/** Runs the child from an operation on until it is killed. */
async function runAndKill(file: string, done: number, moment: Moment): Promise<Killed> {
  const said = await linesUntilKilled(
    new URL('./crash-operations.ts', import.meta.url),
    [file, String(done)],
    moment,
  );
  const told = said.filter((line) => /^\d/.test(line)).map(Number);
  expect(told).toEqual(told.map((_, i) => done + 1 + i));
  const last = said.at(-1);
  return {
    told: told.at(-1) ?? done,
    during: last === 'opening' || last === 'packing' ? last : 'working',
  };
}

/** Compares the storage, which is not changed by that, with what must be in it; gives how many operations are done. */
function check(file: string, told: number): number {
  const blobDir = path.join(path.dirname(file), 'blobs');
  const storage = new FileStorage(file, { blobDir, readOnly: true });
  try {
    const model = Model.after(told);
    let last = 0;
    for (const transaction of storage.iterator()) {
      const number = Number(text(transaction.description));
      expect(number).toBeGreaterThan(last);
      last = number;
      // Each record is whole.
      for (const { oid, data, tid } of transaction)
        if (data !== null && Number(oid) >= OBJECTS)
          expect(existsSync(storage.loadBlob(oid, tid))).toBe(true);
    }
    if (last !== model.last) {
      model.advance();
      expect(last).toBe(model.last);
    }
    for (let oid = 0; oid < OBJECTS + BLOBS; oid++) {
      const wanted = model.state.get(oid);
      if (wanted === undefined) {
        expect(() => storage.load(oid)).toThrow(/there is no object/);
        continue;
      }
      const { data, tid } = storage.load(oid);
      const found = oid < OBJECTS ? text(data) : readFileSync(storage.loadBlob(oid, tid), 'utf8');
      expect(found === wanted, `object ${oid} after operation ${model.number}`).toBe(true);
    }
    return model.number;
  } finally {
    storage.close();
  }
}

/** A file with an index of its own. */
function otherDatabase(directory: string, name: string, transactions: number): string {
  const file = path.join(directory, name);
  const storage = new FileStorage(file, { fsync: false });
  for (let i = 0; i < transactions; i++) write(storage, { [i % 20]: 'other '.repeat(2000) });
  storage.close();
  return file;
}

test(
  `all operations outlive ${KILLS} killings, with the index and the end of the file torn in between`,
  async () => {
    const random = randomFrom(SEED);
    const directory = temporaryDirectory();
    const file = path.join(directory, 'Data.fs');
    const index = `${file}.index`;
    const small = otherDatabase(directory, 'small.fs', 2);
    const large = otherDatabase(directory, 'large.fs', 1000);
    const aged = path.join(directory, 'aged');
    const harms: (() => void)[] = [
      () => {},
      () => rmSync(index, { force: true }),
      () => existsSync(index) && truncateSync(index, random(statSync(index).size)),
      () => copyFileSync(`${small}.index`, index),
      // Of a file that is longer.
      () => copyFileSync(`${large}.index`, index),
      () => existsSync(aged) && copyFileSync(aged, index),
      () => writeFileSync(index, 'no index'),
      () => {
        writeFileSync(`${index}_tmp`, 'a part');
        writeFileSync(`${file}.pack`, 'a part');
      },
    ];
    let done = 0;
    const killed = { opening: 0, packing: 0, working: 0 };
    for (let kill = 0; kill < KILLS; kill++) {
      const { told, during } = await runAndKill(file, done, MOMENTS[kill === 0 ? 0 : random(3)]!);
      killed[during]++;
      if (!existsSync(file)) continue;
      done = check(file, told);
      if (process.env.ZODB_OPERATION_KILLS !== undefined)
        console.log(`kill ${kill + 1}, ${during}: ${done} operations; ${JSON.stringify(killed)}`);
      if (random(4) === 0 && existsSync(index)) copyFileSync(index, aged);
      harms[random(harms.length)]!();
      if (random(3) === 0) {
        // The beginning of a transaction, as a process leaves it that is killed while it writes: its length is right, its end missing.
        const torn = readFileSync(large).subarray(4, 4 + 24 + random(5000));
        torn.writeBigUInt64BE(2n ** 62n, 0);
        torn[16] = 'c'.charCodeAt(0);
        appendFileSync(file, torn);
      }
      check(file, done);
    }
    expect(killed.working).toBeLessThan(KILLS);
    // Whoever opens it at last finds all of it, and leaves nothing of what was begun.
    const blobDir = path.join(directory, 'blobs');
    const storage = new FileStorage(file, { blobDir });
    const last = storage.lastTransaction();
    for (const { tid } of new BlobDirectory(blobDir).revisions()) expect(tid <= last).toBe(true);
    expect(readdirSync(storage.temporaryDirectory())).toEqual([]);
    storage.close();
    check(file, done);
    expect(readdirSync(directory).filter((name) => /\.(?:pack|index_tmp)$/.test(name))).toEqual([]);
  },
  60_000 + KILLS * 20_000,
);
