/** A file that ends anywhere in its last transactions: what was complete is there, the rest is kept beside it. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { FileStorage } from '../../../src/zodb/index.ts';
import {
  bytes,
  temporaryDirectory,
  text,
  transact,
  transactionsOf,
  write,
} from '../storages/storage-steps.ts';

const HEADER = 23;

/** A file of several kinds of transactions, and where each ends. */
function build(file: string) {
  const storage = new FileStorage(file, { fsync: false });
  const ends: number[] = [4];
  const done = () => ends.push(storage.getSize());
  write(storage, { 0: 'root', 1: 'a' }, 'first');
  done();
  const changed = write(storage, { 1: 'b', 2: 'two' }, 'second');
  done();
  write(storage, { 2: null }, 'removes');
  done();
  const last = transact(
    storage,
    (transaction) => {
      storage.store(1, changed, bytes('c'), transaction);
      storage.store(3, 0n, bytes('three'), transaction);
    },
    'third',
  );
  done();
  transact(storage, (transaction) => storage.undo(last, transaction), 'undoes');
  done();
  const states = transactionsOf(storage);
  storage.close();
  return { ends, states, index: readFileSync(`${file}.index`) };
}

for (const withIndex of [false, true]) {
  test(`cut at every byte, ${withIndex ? 'with' : 'without'} the index of the whole file`, () => {
    const file = path.join(temporaryDirectory(), 'Data.fs');
    const { ends, states, index } = build(file);
    const whole = readFileSync(file);
    for (let size = ends[2]!; size < whole.length; size++) {
      writeFileSync(file, whole.subarray(0, size));
      if (withIndex) writeFileSync(`${file}.index`, index);
      else rmSync(`${file}.index`, { force: true });
      const complete = ends.findLastIndex((end) => end <= size);
      const end = ends[complete]!;
      const storage = new FileStorage(file, { fsync: false });
      expect(transactionsOf(storage)).toEqual(states.slice(0, complete));
      expect(storage.lastTransaction()).toBe(states[complete - 1]!.tid);
      expect(storage.getSize()).toBe(end);
      const kept = `${file}.tr0`;
      // Less than a header has nothing that anybody could read.
      expect(existsSync(kept)).toBe(size - end >= HEADER);
      if (existsSync(kept)) {
        expect(readFileSync(kept).equals(whole.subarray(end, size))).toBe(true);
        rmSync(kept);
      }
      write(storage, { 7: `after ${size}` });
      storage.close();
      const again = new FileStorage(file, { readOnly: true });
      expect(text(again.load(7).data)).toBe(`after ${size}`);
      expect(transactionsOf(again)).toHaveLength(complete + 1);
      again.close();
    }
  }, 120_000);
}

test('a reader of a file that ends in the middle of a transaction reads what is complete and changes nothing', () => {
  const file = path.join(temporaryDirectory(), 'Data.fs');
  const { ends, states } = build(file);
  const whole = readFileSync(file);
  for (let size = ends[3]!; size < whole.length; size++) {
    writeFileSync(file, whole.subarray(0, size));
    const storage = new FileStorage(file, { readOnly: true });
    const complete = ends.findLastIndex((end) => end <= size);
    expect(transactionsOf(storage)).toEqual(states.slice(0, complete));
    storage.close();
    expect(readFileSync(file)).toHaveLength(size);
    expect(existsSync(`${file}.tr0`)).toBe(false);
  }
});

test('a transaction that was written and not finished is cut off', () => {
  const file = path.join(temporaryDirectory(), 'Data.fs');
  const { ends, states } = build(file);
  const whole = readFileSync(file);
  whole[ends.at(-2)! + 16] = 'c'.charCodeAt(0);
  writeFileSync(file, whole);
  const storage = new FileStorage(file);
  expect(transactionsOf(storage)).toEqual(states.slice(0, -1));
  storage.close();
});
