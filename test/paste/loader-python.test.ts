/**
 * Random PasteDeploy files make the same objects, with the same settings, or the same errors, as in Python. Runs where `ZOPE_PYTHON` names a
 * Python that has PasteDeploy and Paste.
 *
 * `PASTE_FILES=20000 PASTE_SEED=7` runs more of them, or others.
 */
import path from 'node:path';
import { test } from 'vitest';
import { compareWithPython } from '../conformance/random-cases.ts';
import suite from '../conformance/suites/paste.ts';

const skipped = process.env.ZOPE_PYTHON === undefined;
const count = process.env.PASTE_FILES ?? '150';
if (skipped) console.warn('no ZOPE_PYTHON: random PasteDeploy files are not compared with Python');

test.skipIf(skipped)(
  'random PasteDeploy files are read as in Python',
  { timeout: 120_000 + Number(count) * 20 },
  () =>
    compareWithPython(suite, path.join(import.meta.dirname, 'loader_python.py'), [
      process.env.PASTE_SEED ?? '1',
      count,
    ]),
);
