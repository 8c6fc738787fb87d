/**
 * Random logging sections, and what is logged through them, give the same loggers, lines and errors as in Python. Runs where
 * `ZOPE_PYTHON` names a Python that has Zope.
 *
 * `LOGGING_FILES=20000 LOGGING_SEED=7` runs more of them, or others.
 */
import path from 'node:path';
import { test } from 'vitest';
import { compareWithPython } from '../conformance/random-cases.ts';
import suite from '../conformance/suites/pylogging.ts';

const skipped = process.env.ZOPE_PYTHON === undefined;
const count = process.env.LOGGING_FILES ?? '120';
if (skipped) console.warn('no ZOPE_PYTHON: random logging sections are not compared with Python');

test.skipIf(skipped)(
  'random logging sections log as in Python',
  { timeout: 120_000 + Number(count) * 20 },
  () =>
    compareWithPython(suite, path.join(import.meta.dirname, 'logging_python.py'), [
      process.env.LOGGING_SEED ?? '1',
      count,
    ]),
);
