import { spawnSync } from 'node:child_process';
import { expect } from 'vitest';
import { type Case, canonical, Mismatch, type Suite } from './suite.ts';

/**
 * Runs a script of `ZOPE_PYTHON` that makes cases up and prints, a line each, what Python answers, and compares our answers as the
 * suite does.
 */
export async function compareWithPython(
  suite: Pick<Suite, 'run'>,
  script: string,
  args: readonly string[],
): Promise<void> {
  const { stdout, stderr, status } = spawnSync(process.env.ZOPE_PYTHON!, [script, ...args], {
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
