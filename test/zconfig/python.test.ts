/**
 * Random configurations give the same values, or the same errors with file and line, as in Python: files for random schemas, zope.conf and
 * zeo.conf. Runs where `ZOPE_PYTHON` names a Python that has Zope.
 *
 * `CONFIGURATIONS=20000 CONFIGURATION_SEED=7` runs more of them, or others.
 */
import path from 'node:path';
import { test } from 'vitest';
import { compareWithPython } from '../conformance/random-cases.ts';
import zconfig from '../conformance/suites/zconfig.ts';
import zeoconf from '../conformance/suites/zeoconf.ts';
import zopeconf from '../conformance/suites/zopeconf.ts';

const skipped = process.env.ZOPE_PYTHON === undefined;
const count = process.env.CONFIGURATIONS;
const seed = process.env.CONFIGURATION_SEED ?? '1';
if (skipped) console.warn('no ZOPE_PYTHON: random configurations are not compared with Python');

const script = (name: string) => path.join(import.meta.dirname, name);
const timeout = 60_000 + Number(count ?? 0) * 50;

test.skipIf(skipped)('random configurations are read as in Python', { timeout }, () =>
  compareWithPython(zconfig, script('configurations_python.py'), [seed, count ?? '150']),
);

test.skipIf(skipped)('random zope.conf files are read as in Python', { timeout }, () =>
  compareWithPython(zopeconf, script('zope_conf_python.py'), ['zope', seed, count ?? '50']),
);

test.skipIf(skipped)('random zeo.conf files are read as in Python', { timeout }, () =>
  compareWithPython(zeoconf, script('zope_conf_python.py'), ['zeo', seed, count ?? '50']),
);
