/** Python's names of the tools of `zope db` as commands of the package. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { FileStorage } from '../../src/zodb/index.ts';
import { run } from '../../src/zope/cli/main.ts';

const NAMES = ['fsdump', 'fsoids', 'fsrecover', 'fsrefs', 'fstail', 'fstest', 'repozo'];

async function command(name: string | undefined, ...args: string[]) {
  const parts = { stdout: '', stderr: '' };
  const stream = (which: 'stdout' | 'stderr') =>
    ({ write: (text: string) => ((parts[which] += text), true) }) as unknown as NodeJS.WriteStream;
  const io = { stdout: stream('stdout'), stderr: stream('stderr'), stdin: process.stdin, env: {} };
  return { exit: await run(name, args, io), ...parts };
}

test('each is a program of the package', () => {
  const { bin } = JSON.parse(readFileSync('package.json', 'utf8')) as { bin: Record<string, string> };
  for (const name of NAMES) expect(readFileSync(bin[name]!, 'utf8')).toContain(`('${name}')`);
});

test('each tells of itself, by its own name and as a command of the umbrella', async () => {
  for (const name of NAMES) {
    const own = await command(name, '--help');
    expect(own).toMatchObject({ exit: 0, stderr: '' });
    expect(own.stdout).toMatch(/^usage: /);
    expect(await command(undefined, name, '--help')).toEqual(own);
    expect(await command('db', name, '--help')).toEqual(own);
  }
});

test('a file that is damaged, or not there, exits with 1 and is named by the tool', async () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'database-tools-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const file = path.join(directory, 'Data.fs');
  new FileStorage(file).close();
  expect(await command('fstest', '-v', file)).toEqual({ exit: 0, stdout: 'no errors detected', stderr: '' });
  for (const name of ['fsdump', 'fstail', 'fstest', 'fsrefs']) {
    const { exit, stderr } = await command(name, `${file}2`);
    expect([exit, stderr]).toEqual([1, expect.stringMatching(new RegExp(`^${name}: error: .*Data\\.fs2`))]);
  }
  expect((await command('repozo', '-B')).stderr).toBe('repozo: error: --repository is required\n');
});
