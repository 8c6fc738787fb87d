// The whole test command: every check in turn, each with its time; all run, and the exit code tells whether all passed.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const bin = (name) => path.join(root, 'node_modules/.bin', name);
const node = (...args) => [process.execPath, args];
const steps = [
  ['build', node('scripts/build.js')],
  ['formatting', [bin('oxfmt'), ['--check', '.']]],
  ['lint', [bin('oxlint'), ['--quiet']]],
  ['types', [bin('tsc'), ['--noEmit']]],
  ['layers', node('scripts/check-layers.js')],
  ['unused code', [bin('knip'), []]],
  ['package', [bin('publint'), ['--strict']]],
  ['tests', [bin('vitest'), ['run']]],
  ['conformance', ['npm', ['run', '-s', 'conformance']]],
];
const failed = [];
for (const [name, [command, args]] of steps) {
  const start = performance.now();
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${status === 0 ? 'ok' : 'FAILED'}: ${name} (${seconds} s)`);
  if (status !== 0) failed.push(name);
}
if (failed.length > 0) {
  console.error(`failed: ${failed.join(', ')}`);
  process.exitCode = 1;
}
