/** Gives a run of the tests a temporary directory of its own, and tells what they leave there. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export function setup(): () => void {
  const directory = mkdtempSync(path.join(tmpdir(), 'zope-tests-'));
  const before = process.env.TMPDIR;
  process.env.TMPDIR = directory;
  return () => {
    const left = readdirSync(directory);
    rmSync(directory, { recursive: true, force: true });
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    if (left.length > 0) console.warn(`left behind by tests in the temporary directory: ${left.join(' ')}`);
  };
}
