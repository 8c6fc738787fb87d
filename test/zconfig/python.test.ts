/**
 * Random configurations give the same values, or the same errors with file and line, as in Python: files for random schemas, zope.conf and
 * zeo.conf. Runs where `ZOPE_PYTHON` names a Python that has Zope.
 *
 * `CONFIGURATIONS=20000 CONFIGURATION_SEED=7` runs more of them, or others.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from 'vitest';
import { type Case, canonical, Mismatch, type Suite } from '../conformance/suite.ts';
import zconfig from '../conformance/suites/zconfig.ts';
import zeoconf from '../conformance/suites/zeoconf.ts';
import zopeconf from '../conformance/suites/zopeconf.ts';

const python = process.env.ZOPE_PYTHON;
const count = process.env.CONFIGURATIONS;
const seed = process.env.CONFIGURATION_SEED ?? '1';
if (python === undefined) console.warn('no ZOPE_PYTHON: random configurations are not compared with Python');

async function compare(suite: Suite, script: string, args: readonly string[]): Promise<void> {
  const { stdout, stderr, status } = spawnSync(python!, [path.join(import.meta.dirname, script), ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  });
  expect(status, stderr).toBe(0);
  const failed: unknown[] = [];
  for (const line of stdout.trim().split('\n')) {
    const testCase = JSON.parse(line) as Case;
    try {
      await suite.run(testCase, { dir: '' });
    } catch (error) {
      failed.push(
        error instanceof Mismatch
          ? [error.message, canonical(error.expected), canonical(error.actual), testCase.input]
          : [String(error), canonical(testCase.expect), testCase.input],
      );
    }
  }
  expect(failed.slice(0, 3)).toEqual([]);
}

const timeout = 60_000 + Number(count ?? 0) * 50;

test.skipIf(python === undefined)('random configurations are read as in Python', { timeout }, () =>
  compare(zconfig, 'configurations_python.py', [seed, count ?? '300']),
);

test.skipIf(python === undefined)('random zope.conf files are read as in Python', { timeout }, () =>
  compare(zopeconf, 'zope_conf_python.py', ['zope', seed, count ?? '100']),
);

test.skipIf(python === undefined)('random zeo.conf files are read as in Python', { timeout }, () =>
  compare(zeoconf, 'zope_conf_python.py', ['zeo', seed, count ?? '100']),
);
