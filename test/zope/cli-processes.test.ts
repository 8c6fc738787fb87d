/** Commands as processes: a created site as npm would install it, and an instance in the background. */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BIN, buildIfOld, freePorts } from '../conformance/suites/lib/commands.ts';
import { command } from './command.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
let here: string;
const at = (...names: string[]) => path.join(here, ...names);

beforeAll(buildIfOld, 60_000);
beforeEach(() => {
  here = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'zope-processes-')));
});
afterEach(() => rmSync(here, { recursive: true, force: true }));

const env = { ...process.env, NODE_OPTIONS: '' };
const run = (program: string, args: readonly string[], cwd: string) =>
  spawnSync(process.execPath, [program, ...args], { cwd, env, encoding: 'utf8', timeout: 60_000 });

/** Lets an instance listen on a port of its own. */
async function withPort(home: string): Promise<number> {
  const [port] = await freePorts(1);
  const ini = path.join(home, 'etc/zope.ini');
  writeFileSync(ini, readFileSync(ini, 'utf8').replace('port = 8080', `port = ${port}`));
  return port!;
}

/** Puts this package where `npm install` puts it, with what it depends on. */
function install(home: string): string {
  const target = path.join(home, 'node_modules/zope-ts');
  const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
    files: string[];
    dependencies: Record<string, string>;
  };
  mkdirSync(target, { recursive: true });
  for (const name of ['package.json', ...manifest.files])
    cpSync(path.join(root, name), path.join(target, name), { recursive: true });
  for (const name of Object.keys(manifest.dependencies)) {
    const link = path.join(home, 'node_modules', name);
    mkdirSync(path.dirname(link), { recursive: true });
    symlinkSync(path.join(root, 'node_modules', name), link);
  }
  return path.join(target, 'bin');
}

describe('a site made by zope create', () => {
  it('runs its own TypeScript from an installed package: its console adds a note, its server publishes it', async () => {
    expect(await command('create', [at('shop'), '--user=ann:secret'])).toMatchObject({ exit: 0 });
    const port = await withPort(at('shop'));
    const bin = install(at('shop'));
    const checked = run(
      path.join(root, 'node_modules/typescript/bin/tsc'),
      ['--typeRoots', path.join(root, 'node_modules/@types')],
      at('shop'),
    );
    expect(checked.stdout).toBe('');
    const note = run(
      path.join(bin, 'zconsole.js'),
      ['run', 'etc/zope.conf', 'src/add-note.ts', 'hello', 'Hello', 'From a note'],
      at('shop'),
    );
    expect(note).toMatchObject({ status: 0, stdout: 'The note is at /hello\n', stderr: '' });
    const instance = (...args: string[]) => run(path.join(bin, 'zope.js'), ['instance', ...args], at('shop'));
    expect(instance('start')).toMatchObject({ status: 0, stderr: '' });
    try {
      const answer = await fetch(`http://127.0.0.1:${port}/hello`);
      expect([answer.status, await answer.text()]).toEqual([200, 'Hello\n\nFrom a note\n']);
      expect((await fetch(`http://127.0.0.1:${port}/hello/text`)).status).not.toBe(200);
    } finally {
      expect(instance('stop').stdout).toBe('The site was stopped.\n');
    }
    // Another copy of the package does not know the classes.
    const other = run(path.join(BIN, 'runwsgi.js'), ['etc/zope.ini'], at('shop'));
    expect(other.status).toBe(1);
    expect(other.stderr).toContain(`the site has zope-ts in ${at('shop/node_modules/zope-ts')}`);
  }, 60_000);
});

describe('zope instance', () => {
  const instance = (...args: string[]) => command('instance', ['-d', at('inst'), ...args]);

  it('starts when the site serves, restarts it, and stops it', async () => {
    await command('mkwsgiinstance', ['-d', at('inst'), '-u', 'admin:secret']);
    const port = await withPort(at('inst'));
    const url = `http://127.0.0.1:${port}/`;
    const started = await instance('start');
    expect(started).toMatchObject({ exit: 0, stderr: '' });
    const pid = /^The site runs, pid=(\d+)\.\n$/.exec(started.stdout)![1];
    try {
      expect((await fetch(url)).status).toBe(200);
      expect(await instance('status')).toMatchObject({ exit: 0, stdout: `The site runs, pid=${pid}.\n` });
      expect((await instance('start')).stdout).toBe(`The site runs already, pid=${pid}.\n`);
      // Its threads are replaced; another [server:main] needs another process. Nobody is refused meanwhile.
      const ini = at('inst/etc/zope.ini');
      const changes = [
        () => undefined,
        () => writeFileSync(ini, `${readFileSync(ini, 'utf8')}\n# changed\n`),
      ];
      for (const change of changes) {
        change();
        let asking = true;
        const statuses: number[] = [];
        const client = async () => {
          while (asking) statuses.push((await fetch(url, { headers: { connection: 'close' } })).status);
        };
        const clients = [client(), client(), client()];
        const restarted = await instance('restart');
        asking = false;
        await Promise.all(clients);
        expect(restarted).toMatchObject({ exit: 0, stdout: `The site was restarted, pid=${pid}.\n` });
        expect(statuses.length).toBeGreaterThanOrEqual(clients.length);
        expect(new Set(statuses)).toEqual(new Set([200]));
      }
      // As when memory runs out, which ends the whole process.
      const site = Number(readFileSync(at('inst/var/Z4.pid'), 'utf8'));
      process.kill(site, 'SIGKILL');
      const again = async () => {
        try {
          return (
            (await fetch(url)).status === 200 && Number(readFileSync(at('inst/var/Z4.pid'), 'utf8')) !== site
          );
        } catch {
          return false;
        }
      };
      while (!(await again())) await new Promise((resolve) => setTimeout(resolve, 20));
      writeFileSync(
        at('inst/etc/zope.conf'),
        `debug-moed on\n${readFileSync(at('inst/etc/zope.conf'), 'utf8')}`,
      );
      const refused = await instance('restart');
      expect(refused).toMatchObject({ exit: 1, stdout: '' });
      expect(refused.stderr).toContain("'debug-moed' is not a known key name (did you mean debug-mode?)");
      // A configuration that cannot be started does not stop what runs.
      expect((await fetch(url)).status).toBe(200);
    } finally {
      expect(await instance('stop')).toMatchObject({ exit: 0, stdout: 'The site was stopped.\n' });
    }
    expect((await instance('status')).exit).toBe(3);
    expect(existsSync(at('inst/var/supervisor.pid'))).toBe(false);
    const failed = await instance('start');
    expect(failed).toMatchObject({ exit: 1, stdout: '' });
    expect(failed.stderr).toMatch(
      /^instance: error: the site did not start:\nrunwsgi: error: .*zope\.conf, line 1: 'debug-moed'/,
    );
  }, 60_000);
});
