import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';

const root = path.join(import.meta.dirname, '../..');

it('the example of the README runs, and runs again on the file that it has made', () => {
  const readme = readFileSync(path.join(root, 'src/zodb/README.md'), 'utf8');
  const example = /```ts\n([\s\S]*?)```/.exec(readme)![1]!;
  const program = example.replaceAll(
    /'zope-ts\/(\w+)'/g,
    (_all, room: string) => `'${pathToFileURL(path.join(root, 'src', room, 'index.ts')).href}'`,
  );
  const directory = mkdtempSync(path.join(tmpdir(), 'zodb-readme-'));
  try {
    const file = path.join(directory, 'example.ts');
    writeFileSync(file, program);
    const loader = pathToFileURL(path.join(root, 'scripts/register-ts.js')).href;
    const run = () =>
      execFileSync(process.execPath, ['--no-warnings', '--import', loader, file], {
        cwd: directory,
        encoding: 'utf8',
      });
    expect(run()).toBe('Hello\n');
    expect(run()).toBe('Hello\n');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
