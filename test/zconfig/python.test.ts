/**
 * Random schemas and configurations give the same values, or the same errors with file and line, as in Python. Runs where `ZOPE_PYTHON`
 * names a Python that has ZConfig.
 *
 * `CONFIGURATIONS=20000 CONFIGURATION_SEED=7` runs more of them, or others.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from 'vitest';
import { type Case, canonical, Mismatch } from '../conformance/suite.ts';
import suite from '../conformance/suites/zconfig.ts';

const python = process.env.ZOPE_PYTHON;
const count = Number(process.env.CONFIGURATIONS ?? 300);
const seed = process.env.CONFIGURATION_SEED ?? '1';
if (python === undefined) console.warn('no ZOPE_PYTHON: random configurations are not compared with Python');

test.skipIf(python === undefined)(
  'random configurations are read as in Python',
  { timeout: 60_000 + count * 50 },
  async () => {
    const { stdout, stderr, status } = spawnSync(
      python!,
      [path.join(import.meta.dirname, 'configurations_python.py'), seed, String(count)],
      { encoding: 'utf8', maxBuffer: 1 << 30 },
    );
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
  },
);
