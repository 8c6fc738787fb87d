import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { locksOfMount, parseMounts } from '../../../src/zodb/filestorage/mount.ts';
import { FileStorage } from '../../../src/zodb/index.ts';
import { text, write } from '../storages/storage-steps.ts';

let directory: string;
let file: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  directory = mkdtempSync(path.join(os.tmpdir(), 'zope-lock-'));
  file = path.join(directory, 'Data.fs');
});
afterEach(async () => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  for (const child of children.splice(0)) await end(child, 'SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

/** Lets the programs that lock end in some way. */
function lockingEndsWith(exit: number, words = ''): void {
  for (const name of ['flock', 'perl']) {
    const program = path.join(directory, name);
    writeFileSync(program, `#!/bin/sh\n${words === '' ? '' : `echo "${words}" >&2\n`}exit ${exit}\n`);
    chmodSync(program, 0o755);
  }
  vi.stubEnv('PATH', directory);
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await exited;
}

/** Starts a program; resolves with the first line that it says. */
async function started(command: string, ...args: string[]): Promise<{ child: ChildProcess; said: string }> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  let said = '';
  await new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes('\n')) resolve();
    });
    child.once('exit', () => resolve());
  });
  return { child, said: said.trim() };
}

const opening = (database: string) =>
  started(
    process.execPath,
    '--import',
    './scripts/register-ts.js',
    fileURLToPath(new URL('./lock-child.ts', import.meta.url)),
    database,
  );

/** Lets the time come at which open storages look after their locks. */
const look = () => vi.advanceTimersByTime(2000);

it('a database where locks do not work is refused, unless that is wanted', () => {
  // What util-linux says of ENOLCK.
  lockingEndsWith(71);
  expect(() => new FileStorage(file)).toThrow(
    /Data\.fs\.lock.* cannot be locked: .* the file system has no locks.*disk of this machine.*ZOPE_NO_LOCK/,
  );
  expect(existsSync(file)).toBe(false);
  vi.stubEnv('ZOPE_NO_LOCK', '1');
  new FileStorage(file).close();
  expect(existsSync(file)).toBe(true);
});

it('what the system says of a file system without locks is told', () => {
  // That of busybox ends with 1 in all cases.
  lockingEndsWith(1, 'flock: No locks available');
  expect(() => new FileStorage(file)).toThrow(
    /cannot be locked: flock ended with 1 \(flock: No locks available\), perl .*; it may be that the file system has no locks/,
  );
});

it('a machine without a program that locks is told which there are', () => {
  vi.stubEnv('PATH', directory);
  expect(() => new FileStorage(file)).toThrow(
    /cannot be locked: none of the programs flock, perl, python3 .*Install one of them.*ZOPE_NO_LOCK=1/,
  );
});

it('each of the programs locks, and tells of a lock that another has', () => {
  const real = process.env.PATH!.split(path.delimiter);
  for (const name of ['flock', 'perl', 'python3']) {
    const program = real.map((folder) => path.join(folder, name)).find((found) => existsSync(found));
    // One that is a script needs others.
    if (program === undefined || readFileSync(program, 'latin1').startsWith('#!')) continue;
    const only = path.join(directory, `only-${name}`);
    mkdirSync(only);
    symlinkSync(program, path.join(only, name));
    vi.stubEnv('PATH', only);
    const storage = new FileStorage(file);
    expect(() => new FileStorage(file)).toThrow(/has this database open \(it is this very process/);
    storage.close();
  }
});

it('a database that another process has is refused in other words', () => {
  lockingEndsWith(1);
  expect(() => new FileStorage(file)).toThrow(/another process has this database open.*runzeo/);
});

it('a second process is refused and told who has the database; a killed one leaves no lock behind', async () => {
  const { child, said } = await opening(file);
  expect(said).toBe('open');
  expect(() => new FileStorage(file)).toThrow(
    new RegExp(
      String.raw`Couldn't lock '${file}\.lock': another process \(pid ${child.pid}\) has.*threads in`,
    ),
  );
  // Those who only read need no lock.
  const reading = new FileStorage(file, { readOnly: true });
  reading.close();
  await end(child, 'SIGKILL');
  expect(readFileSync(`${file}.lock`, 'utf8')).toBe(` ${child.pid}\n`);
  new FileStorage(file).close();
  expect(readFileSync(`${file}.lock`, 'utf8')).toBe('');
});

it('a number in the lock file that is of no process here is said to be of another container', async () => {
  const { said } = await opening(file);
  expect(said).toBe('open');
  // As a process in a container writes it, where numbers begin anew.
  for (const pid of [process.pid, 999_999_999]) {
    writeFileSync(`${file}.lock`, ` ${pid}\n`);
    expect(() => new FileStorage(file)).toThrow(`(pid ${pid}, of another container or machine)`);
  }
});

it('a database is locked under its own name, too, when it is opened by a symbolic link', async () => {
  const storage = new FileStorage(file);
  write(storage, { 1: 'one' });
  const link = path.join(directory, 'link');
  symlinkSync(file, link);
  const { said } = await opening(link);
  expect(said).toMatch(new RegExp(String.raw`Couldn't lock '${file}\.lock': another process`));
  storage.close();
  const linked = new FileStorage(link);
  expect(text(linked.load(1).data)).toBe('one');
  expect((await opening(file)).said).toMatch(/another process/);
  linked.close();
  new FileStorage(file).close();
});

it('a lock file that is removed is made and locked anew', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const storage = new FileStorage(file);
  rmSync(`${file}.lock`);
  look();
  expect((await opening(file)).said).toMatch(new RegExp(String.raw`another process \(pid ${process.pid}\)`));
  write(storage, { 1: 'goes on' });
  storage.close();
});

it('once another process has got hold of the lock nothing is written any more, in no thread', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const storage = new FileStorage(file, { shared: 1 });
  const attached = FileStorage.attach(storage.share(2));
  write(attached, { 1: 'before' });
  rmSync(`${file}.lock`);
  expect((await opening(file)).said).toBe('open');
  look();
  for (const each of [storage, attached]) {
    expect(() => write(each, { 1: 'after' })).toThrow(/takes no more transactions: another process .*lock/);
    expect(text(each.load(1).data)).toBe('before');
  }
  expect(storage.trouble()).toMatch(/lock/);
  attached.close();
  storage.close();
});

describe('mounts', () => {
  const mountsOf = (options: string, type = 'nfs4') =>
    parseMounts(
      String.raw`22 28 0:20 / / rw,relatime - ext4 /dev/vda rw
60 22 0:50 / /srv/my\040site rw,relatime shared:4 - ${type} host:/export rw,vers=4.2,${options}
`,
    );

  it('are read as the system tells them', () => {
    expect(mountsOf('hard')).toEqual([
      { point: '/', type: 'ext4', options: ['rw', 'relatime', 'rw'] },
      { point: '/srv/my site', type: 'nfs4', options: ['rw', 'relatime', 'rw', 'vers=4.2', 'hard'] },
    ]);
  });

  it.each([
    ['nfs4', 'local_lock=none', {}],
    [
      'nfs4',
      'local_lock=flock',
      { refused: expect.stringMatching(/local_lock=flock.*other machines/) as string },
    ],
    ['nfs', 'nolock', { refused: expect.stringContaining('nolock') as string }],
    ['cifs', 'nobrl', { refused: expect.stringContaining('nobrl') as string }],
    ['cifs', 'soft', {}],
    ['9p', 'trans=virtio', { doubt: expect.stringContaining('this machine only') as string }],
    ['ext4', 'nolock', {}],
  ])('%s with %s', (type, options, expected) => {
    expect(locksOfMount(mountsOf(options, type)[1])).toEqual(expected);
  });
});

const python = process.env.ZOPE_PYTHON;
const PYTHON_OPENS = `
import sys, ZODB.FileStorage, zc.lockfile
try:
    storage = ZODB.FileStorage.FileStorage(sys.argv[1])
except zc.lockfile.LockError as error:
    print('LockError', error, flush=True)
else:
    print('open', flush=True)
    sys.stdin.read()
`;

describe.skipIf(python === undefined)('with Python (ZOPE_PYTHON)', () => {
  it("a database that a Python process has is refused, and Python's is refused here", async () => {
    const { child, said } = await started(python!, '-c', PYTHON_OPENS, file);
    expect(said).toBe('open');
    expect(() => new FileStorage(file)).toThrow(`another process (pid ${child.pid}) has this database open`);
    await end(child, 'SIGKILL');
    const storage = new FileStorage(file);
    expect((await started(python!, '-c', PYTHON_OPENS, file)).said).toMatch(/^LockError Couldn't lock/);
    storage.close();
    expect((await started(python!, '-c', PYTHON_OPENS, file)).said).toBe('open');
  });
});

it('a lock file that was put in the place of another one by a rename is noticed', () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const storage = new FileStorage(file);
  linkSync(`${file}.lock`, `${file}.kept`);
  writeFileSync(`${file}.new`, '');
  renameSync(`${file}.new`, `${file}.lock`);
  look();
  expect(readFileSync(`${file}.lock`, 'utf8')).toBe(` ${process.pid}\n`);
  storage.close();
});
