/**
 * FileStorage against a model: a map of revisions, with what undo and pack do to it. ZODB_MODEL_RUNS sets how many runs of steps,
 * ZODB_MODEL_SEED which.
 */
import { copyFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FileStorage } from '../../../src/zodb/index.ts';
import type { Oid, Tid } from '../../../src/zodb/interfaces.ts';
import { tidOfSeconds } from '../../../src/zodb/timestamp.ts';
import {
  bytes,
  currentTid,
  metadata,
  temporaryDirectory,
  text,
  transactionsOf,
} from '../storages/storage-steps.ts';

interface Revision {
  readonly tid: Tid;
  readonly value: string | null;
  /** For one that an undo wrote: the transaction that has its data. */
  readonly pointsAt: Tid | null;
  /** Kept by a pack for a pointer only: no later revision leads to it. */
  readonly hidden?: boolean;
}

/** What there should be. */
class Model {
  revisions = new Map<Oid, Revision[]>();
  hasPointers = false;
  transactions: { tid: Tid; status: string; records: (readonly [Oid, string | null])[] }[] = [];

  value(oid: Oid): string | null {
    return this.chain(oid).at(-1)?.value ?? null;
  }

  /** The revisions of an object that can be found. */
  chain(oid: Oid): Revision[] {
    return (this.revisions.get(oid) ?? []).filter(({ hidden }) => hidden !== true);
  }

  commit(tid: Tid, records: (readonly [Oid, string | null])[], undone?: Tid): void {
    this.transactions.push({ tid, status: ' ', records });
    for (const [oid, value] of new Map(records)) {
      const revisions = this.revisions.get(oid) ?? [];
      const before = this.chain(oid).findLast((revision) => undone !== undefined && revision.tid < undone);
      this.revisions.set(oid, [...revisions, { tid, value, pointsAt: before?.tid ?? null }]);
    }
  }

  /** The records that take a transaction back; undefined when it cannot be. */
  undo(tid: Tid): (readonly [Oid, string | null])[] | undefined {
    const transaction = this.transactions.find((item) => item.tid === tid)!;
    if (transaction.status !== ' ') return undefined;
    const records: (readonly [Oid, string | null])[] = [];
    for (const [oid, value] of transaction.records) {
      const revisions = this.chain(oid);
      const own = revisions.findIndex((revision) => revision.tid === tid);
      const isLast = own === revisions.length - 1;
      if (!isLast && (value === null || value !== this.value(oid))) return undefined;
      records.push([oid, revisions[own - 1]?.value ?? null]);
    }
    return records;
  }

  /** Whether a pack removes records. */
  removed(stop: Tid): boolean {
    const copy = new Model();
    copy.revisions = new Map(this.revisions);
    copy.transactions = [...this.transactions];
    if (copy.revisions.size === 0) return false;
    copy.pack(stop);
    const count = (model: Model) => model.transactions.reduce((sum, { records }) => sum + records.length, 0);
    return count(copy) < count(this);
  }

  pack(stop: Tid): void {
    if (!this.transactions.some(({ tid, status }) => tid <= stop && status === ' ')) return;
    const kept = new Set<string>();
    for (const [oid, revisions] of this.revisions) {
      const current = revisions.findLast(({ tid }) => tid <= stop);
      const pointedAt = new Set(revisions.map(({ tid, pointsAt }) => (tid > stop ? pointsAt : null)));
      const left = revisions
        .filter(
          (revision) =>
            revision.tid > stop ||
            // An undo that points at a record of nothing is kept, as in Python; what says so itself is not, whatever points at it.
            ((revision.value !== null || revision.pointsAt !== null) &&
              (revision === current || pointedAt.has(revision.tid))),
        )
        .map((revision, i, all) =>
          revision.tid > stop
            ? revision
            : { ...revision, pointsAt: null, hidden: all[i + 1] !== undefined && all[i + 1]!.tid <= stop },
        );
      for (const { tid } of left) kept.add(`${oid}@${tid}`);
      if (left.length === 0) this.revisions.delete(oid);
      else this.revisions.set(oid, left);
    }
    this.transactions = this.transactions.flatMap((transaction) => {
      if (transaction.tid > stop) return [transaction];
      const records = transaction.records.filter(([oid]) => kept.has(`${oid}@${transaction.tid}`));
      return records.length > 0 ? [{ ...transaction, status: 'p', records }] : [];
    });
  }
}

type Step =
  | { kind: 'commit'; values: Record<number, string | null> }
  | { kind: 'abort'; oid: number; vote: boolean }
  | { kind: 'undo'; back: number }
  | { kind: 'pack'; back: number }
  | { kind: 'reopen'; index: 'kept' | 'gone' | 'stale' };

const value = fc.oneof(
  { weight: 5, arbitrary: fc.string({ minLength: 1, maxLength: 12 }) },
  { weight: 1, arbitrary: fc.string({ minLength: 1500, maxLength: 5000 }) },
  { weight: 1, arbitrary: fc.constant(null) },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('commit' as const),
      values: fc.dictionary(fc.integer({ min: 0, max: 5 }).map(String), value, { maxKeys: 4 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('abort' as const), oid: fc.nat(5), vote: fc.boolean() }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('undo' as const), back: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pack' as const), back: fc.nat(4) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('reopen' as const),
      index: fc.constantFrom('kept' as const, 'gone' as const, 'stale' as const),
    }),
  },
);

class Run {
  readonly model = new Model();
  readonly file = path.join(temporaryDirectory(), 'Data.fs');
  storage = this.#open();
  /** A minute for each transaction, so that packs have times between them. */
  #minute = 0;

  #open() {
    return new FileStorage(this.file, { fsync: false });
  }

  #tid(): Tid {
    return tidOfSeconds(1_700_000_000 + 60 * this.#minute++);
  }

  run(action: Step): void {
    const { storage, model } = this;
    switch (action.kind) {
      case 'commit':
        return this.#commit(action.values);
      case 'abort': {
        const transaction = metadata();
        storage.tpcBegin(transaction);
        storage.store(
          action.oid,
          currentTid(storage, action.oid) || this.#lastTid(action.oid),
          bytes('lost'),
          transaction,
        );
        if (action.vote) storage.tpcVote(transaction);
        return storage.tpcAbort(transaction);
      }
      case 'undo':
        return this.#undo(action.back);
      case 'pack': {
        const time = 1_700_000_000 + 60 * (this.#minute - 1 - action.back) + 30;
        const { ino } = statSync(this.file);
        storage.pack(time, { gc: false });
        // A pack that makes nothing smaller leaves the file. The size is the same also where pointers have become data.
        if (statSync(this.file).ino !== ino) return model.pack(tidOfSeconds(time));
        return expect(model.removed(tidOfSeconds(time)) && !model.hasPointers).toBe(false);
      }
      case 'reopen': {
        const index = `${this.file}.index`;
        if (action.index === 'stale') {
          storage.close();
          copyFileSync(index, `${index}.stale`);
          this.storage = this.#open();
          this.#commit({ 1: 'after the index' });
          this.storage.close();
          copyFileSync(`${index}.stale`, index);
        } else storage.close();
        if (action.index === 'gone') rmSync(index);
        this.storage = this.#open();
      }
    }
  }

  /** Also of an object that is removed. */
  #lastTid(oid: Oid): Tid {
    return this.model.revisions.get(oid)?.at(-1)?.tid ?? 0n;
  }

  #commit(values: Record<number, string | null>): void {
    const transaction = metadata();
    const tid = this.#tid();
    this.storage.tpcBegin(transaction, tid);
    const records: [Oid, string | null][] = [];
    for (const [key, item] of Object.entries(values)) {
      const oid = Number(key);
      const previous = this.#lastTid(oid);
      if (item === null) {
        if (this.model.value(oid) === null) continue;
        this.storage.deleteObject(oid, previous, transaction);
      } else this.storage.store(oid, previous, bytes(item), transaction);
      records.push([oid, item]);
    }
    this.storage.tpcVote(transaction);
    this.storage.tpcFinish(transaction);
    this.model.commit(tid, records);
  }

  #undo(back: number): void {
    const { tid } = this.model.transactions.at(-1 - back) ?? {};
    if (tid === undefined) return;
    const expected = this.model.undo(tid);
    const transaction = metadata();
    const own = this.#tid();
    this.storage.tpcBegin(transaction, own);
    if (expected === undefined) {
      expect(() => this.storage.undo(tid, transaction)).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/UNDO/) }),
      );
      return this.storage.tpcAbort(transaction);
    }
    expect(this.storage.undo(tid, transaction)).toEqual(expected.map(([oid]) => oid));
    this.storage.tpcVote(transaction);
    this.storage.tpcFinish(transaction);
    this.model.commit(own, expected, tid);
    this.model.hasPointers = true;
  }

  check(): void {
    const { storage, model } = this;
    const shown = transactionsOf(storage).map(({ tid, status, records }) => ({ tid, status, records }));
    expect(shown).toEqual(model.transactions);
    expect(storage.size()).toBe(model.revisions.size);
    for (let oid = 0; oid <= 5; oid++) {
      const revisions = model.chain(oid);
      if (model.value(oid) === null) expect(() => storage.load(oid)).toThrow('there is no object');
      else expect(text(storage.load(oid).data)).toBe(model.value(oid));
      for (const [i, revision] of revisions.entries()) {
        const before = () => storage.loadBefore(oid, revision.tid + 1n);
        if (revision.value === null) expect(before).toThrow('there is no object');
        else
          expect(before()).toEqual({
            data: bytes(revision.value),
            tid: revision.tid,
            end: revisions[i + 1]?.tid ?? null,
          });
      }
      if (revisions.length > 0)
        expect(storage.history(oid, 1000).map(({ tid }) => tid)).toEqual(
          revisions.map(({ tid }) => tid).reverse(),
        );
    }
  }
}

test('a FileStorage is a map of revisions, whatever is done to it', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 14 }), (steps) => {
      const run = new Run();
      try {
        for (const action of steps) {
          run.run(action);
          run.check();
        }
      } finally {
        run.storage.close();
      }
    }),
    {
      numRuns: Number(process.env.ZODB_MODEL_RUNS ?? 60),
      seed: Number(process.env.ZODB_MODEL_SEED ?? 1),
    },
  );
}, 120_000);
