/**
 * Random programs over the containers of every family do the same here and in Python's C implementation: answers, errors, records
 * node for node, and what merging makes of them. Runs where `ZOPE_PYTHON` names a Python that has BTrees.
 *
 * `BTREE_PROGRAMS=5000 BTREE_SEED=7` runs more of them, or others.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { BTree } from '../../src/btrees/index.ts';
import { TransactionManager } from '../../src/transaction/index.ts';
import { DB, MappingStorage } from '../../src/zodb/index.ts';
import { type Case, expectSame } from '../conformance/suite.ts';
import suite from '../conformance/suites/btrees.ts';
import { runOperation } from '../conformance/suites/lib/btree-operations.ts';
import { classNamed, readRecord, toTagged } from '../conformance/suites/lib/btree-values.ts';

const python = process.env.ZOPE_PYTHON;
const programs = Number(process.env.BTREE_PROGRAMS ?? 200);
const seed = process.env.BTREE_SEED ?? '1';
if (python === undefined)
  console.warn('no ZOPE_PYTHON: the programs over BTrees are not compared with Python');

function records(storage: MappingStorage): unknown {
  const nodes: Record<string, unknown> = {};
  for (let oid = 1; oid < storage.size(); oid++) {
    const record = readRecord(storage.load(oid).data);
    nodes[oid.toString(16).padStart(16, '0')] = { class: record.class, state: toTagged(record.state) };
  }
  return { root: '0000000000000001', nodes };
}

/** A program over a tree in a database, which is committed, taken back and thrown out of memory in between. */
function runStored({ input, expect: wanted }: Case): void {
  const storage = new MappingStorage();
  const db = new DB(storage);
  try {
    const manager = new TransactionManager();
    const connection = db.open({ transactionManager: manager });
    const tree = new (classNamed(input.class))() as BTree<unknown, unknown>;
    connection.root().set('tree', tree);
    manager.commit();
    const results: unknown[] = [];
    for (const operation of input.ops as [string, ...unknown[]][]) {
      if (operation[0] === '#commit') manager.commit();
      else if (operation[0] === '#abort') manager.abort();
      else if (operation[0] === '#minimize') connection.cacheMinimize();
      else results.push(runOperation(tree, operation));
    }
    manager.commit();
    tree._check();
    const actual = { results, len: tree.size, final: toTagged(tree), saved: records(storage) };
    for (const [name, value] of Object.entries(actual)) expectSame(name, value, wanted[name]);
  } finally {
    db.close();
  }
}

test.skipIf(python === undefined)(
  'random programs answer, store and merge as in Python',
  { timeout: 120_000 + programs * 100 },
  async () => {
    const { stdout, stderr, status } = spawnSync(
      python!,
      [
        path.join(import.meta.dirname, 'programs_python.py'),
        seed,
        String(programs),
        path.resolve(import.meta.dirname, '../corpus/filestorage'),
      ],
      { encoding: 'utf8', maxBuffer: 1 << 30 },
    );
    expect(status, stderr).toBe(0);
    const failed: unknown[] = [];
    for (const line of stdout.trim().split('\n')) {
      const testCase = JSON.parse(line) as Case;
      try {
        if (testCase.file === 'stored') runStored(testCase);
        else await suite.run(testCase, { dir: '' });
      } catch (error) {
        failed.push([testCase.name, testCase.input, String(error)]);
      }
    }
    expect(failed.slice(0, 3)).toEqual([]);
  },
);
