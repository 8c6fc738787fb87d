// The whole test command: every check in turn, each with its time; all run, and the exit code tells whether all passed. Tests that failed
// are told once more at the end, where who sees only the last lines finds them.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const bin = (name) => path.join(root, 'node_modules/.bin', name);
const node = (...args) => [process.execPath, args];
const reports = mkdtempSync(path.join(tmpdir(), 'zope-ts-tests-'));
const report = path.join(reports, 'tests.json');
const shown = process.env.CI ? 'default' : 'dot';
const steps = [
  ['build', node('scripts/build.js')],
  ['formatting', [bin('oxfmt'), ['--check', '.']]],
  ['lint', [bin('oxlint'), ['--quiet']]],
  ['types', [bin('tsc'), ['--noEmit']]],
  ['layers', node('scripts/check-layers.js')],
  ['unused code', [bin('knip'), []]],
  ['package', [bin('publint'), ['--strict']]],
  [
    'tests',
    [bin('vitest'), ['run', `--reporter=${shown}`, '--reporter=json', `--outputFile.json=${report}`]],
  ],
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
if (failed.includes('tests')) tellFailures();
rmSync(reports, { recursive: true });
if (failed.length > 0) {
  console.error(`failed: ${failed.join(', ')}`);
  process.exitCode = 1;
}

function tellFailures() {
  if (!existsSync(report)) return console.error('The tests ended without a report.');
  for (const file of JSON.parse(readFileSync(report, 'utf8')).testResults) {
    const name = path.relative(root, file.name);
    if (file.status === 'failed' && file.message) console.error(`\n${name}\n${firstLines(file.message)}`);
    for (const { fullName, status, failureMessages } of file.assertionResults)
      if (status === 'failed')
        console.error(`\n${name}: ${fullName}\n${firstLines(failureMessages.join('\n'))}`);
  }
}

function firstLines(text) {
  const lines = text.split('\n').filter((line) => !line.includes('/node_modules/'));
  return lines
    .slice(0, 25)
    .map((line) => `  ${line.slice(0, 300)}`)
    .join('\n');
}
