/**
 * Random steps on transaction managers (joins, commits, savepoints, hooks, synchronizers, attempts, failures in each phase) call the same
 * things in the same order as in Python. Runs where `ZOPE_PYTHON` names a Python that has `transaction`.
 *
 * `TRANSACTION_PROGRAMS=20000 TRANSACTION_SEED=7` runs more of them, or others.
 */
import path from 'node:path';
import { test } from 'vitest';
import { compareWithPython } from '../conformance/random-cases.ts';
import suite from '../conformance/suites/transaction.ts';

const skipped = process.env.ZOPE_PYTHON === undefined;
const count = process.env.TRANSACTION_PROGRAMS ?? '250';
if (skipped) console.warn('no ZOPE_PYTHON: random transactions are not compared with Python');

test.skipIf(skipped)(
  'random steps do what they do in Python',
  { timeout: 120_000 + Number(count) * 20 },
  () =>
    compareWithPython(suite, path.join(import.meta.dirname, 'steps_python.py'), [
      process.env.TRANSACTION_SEED ?? '1',
      count,
    ]),
);
