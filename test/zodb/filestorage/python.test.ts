/**
 * This storage and Python's take turns on one file, and see the same in it: all that the suite's dump shows. Runs where `ZOPE_PYTHON`
 * names a Python that has ZODB.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { Dict, GlobalRef, Pickler } from '../../../src/pickle/index.ts';
import { FileStorage } from '../../../src/zodb/index.ts';
import type { Oid, RawMetadata, Tid } from '../../../src/zodb/interfaces.ts';
import { dumpStorage } from '../../conformance/suites/lib/filestorage-dump.ts';
import { comparable } from '../../conformance/suites/lib/filestorage-values.ts';
import { currentTid, temporaryDirectory } from '../storages/storage-steps.ts';

const python = process.env.ZOPE_PYTHON;
const corpus = path.resolve(import.meta.dirname, '../../corpus/filestorage');
const TURNS = 8;
const STEPS = 8;
const BLOB_OID = 30;

type Step =
  | { op: 'store'; user: string; records: [number, string][] }
  | { op: 'delete'; user: string; oid: number }
  | { op: 'blob'; user: string; oid: number; data: string; content: string }
  | { op: 'undo'; user: string; back: number }
  | { op: 'pack'; user: string };

function record(cls: string, state: unknown): string {
  const pickler = new Pickler();
  const [module, name] = cls.split('/') as [string, string];
  pickler.dump(GlobalRef.of(module, name));
  pickler.clearMemo();
  pickler.dump(state);
  return Buffer.from(pickler.bytes()).toString('hex');
}

/** The same steps in every run. */
function stepsOf(turn: number): Step[] {
  let state = turn * 7919 + 17;
  const random = (below: number) => (state = (state * 48_271) % 2_147_483_647) % below;
  const steps = Array.from({ length: STEPS }, (_, i): Step => {
    const user = ` user ${turn}.${i}`;
    switch (random(8)) {
      case 0:
        return { op: 'delete', user, oid: 1 + random(8) };
      case 1:
      case 2:
        return { op: 'undo', user, back: random(3) };
      case 3:
        return {
          op: 'blob',
          user,
          oid: BLOB_OID + random(2),
          data: record('ZODB.blob/Blob', null),
          content: `blob ${turn}.${i}`,
        };
      default:
        return {
          op: 'store',
          user,
          records: Array.from({ length: 1 + random(3) }, () => [
            random(8),
            record('app/Thing', new Dict([['title', `é ${turn}.${i} ${'x'.repeat(random(900))}`]])),
          ]),
        };
    }
  });
  if (turn % 3 === 2) steps.splice(random(STEPS), 0, { op: 'pack', user: '' });
  return steps;
}

const lastTid = (storage: FileStorage, oid: Oid): Tid => {
  const tid = currentTid(storage, oid);
  if (tid !== 0n) return tid;
  try {
    return storage.history(oid, 1)[0]!.tid;
  } catch {
    return 0n;
  }
};

function take(storage: FileStorage, steps: readonly Step[]): void {
  const extension = new Pickler();
  extension.dump(new Dict([['n', 1]]));
  for (const step of steps) {
    if (step.op === 'pack') {
      storage.pack(Date.now() / 1000 + 1, { gc: false });
      continue;
    }
    const transaction: RawMetadata = {
      user: Buffer.from(step.user),
      description: Buffer.from(step.op),
      extensionBytes: extension.bytes(),
    };
    storage.tpcBegin(transaction);
    try {
      if (step.op === 'store')
        for (const [oid, data] of step.records)
          storage.store(oid, lastTid(storage, oid), Buffer.from(data, 'hex'), transaction);
      else if (step.op === 'delete') storage.deleteObject(step.oid, storage.load(step.oid).tid, transaction);
      else if (step.op === 'undo') {
        const [entry] = storage.undoLog(step.back, step.back + 1);
        if (entry === undefined) throw Object.assign(new Error('nothing to undo'), { code: 'UNDO' });
        storage.undo(entry.tid, transaction);
      } else {
        const file = path.join(storage.temporaryDirectory(), 'new');
        writeFileSync(file, step.content);
        storage.storeBlob(
          step.oid,
          lastTid(storage, step.oid),
          Buffer.from(step.data, 'hex'),
          file,
          transaction,
        );
      }
    } catch (error) {
      if (!/UNDO|POS_KEY/.test((error as { code?: string }).code ?? '')) throw error;
      storage.tpcAbort(transaction);
      continue;
    }
    storage.tpcVote(transaction);
    storage.tpcFinish(transaction);
  }
}

test.skipIf(python === undefined)(
  'this storage and that of Python take turns on a file, and see the same in it',
  () => {
    const file = path.join(temporaryDirectory(), 'Data.fs');
    const blobDir = path.join(path.dirname(file), 'blobs');
    const seen = new Set<string>();
    for (let turn = 0; turn < TURNS; turn++) {
      let storage = new FileStorage(file, { blobDir });
      take(storage, stepsOf(2 * turn));
      const ours = dumpStorage(storage, blobDir);
      storage.close();
      const ask = (steps: readonly Step[]) =>
        JSON.parse(
          execFileSync(python!, [path.join(import.meta.dirname, 'storage_python.py'), corpus, file], {
            input: JSON.stringify(steps),
            encoding: 'utf8',
            maxBuffer: 1 << 28,
            stdio: 'pipe',
          }),
        ) as Record<string, unknown>;
      expect(comparable(ask([]))).toEqual(comparable(JSON.parse(JSON.stringify(ours))));
      const theirs = ask(stepsOf(2 * turn + 1));
      storage = new FileStorage(file, { blobDir });
      const then = JSON.parse(JSON.stringify(dumpStorage(storage, blobDir)));
      storage.close();
      expect(comparable(then)).toEqual(comparable(theirs));
      for (const dump of [ours, theirs])
        for (const { tid } of dump.transactions as { tid: string }[]) seen.add(tid);
    }
    expect(seen.size).toBeGreaterThan(50);
  },
  240_000,
);
