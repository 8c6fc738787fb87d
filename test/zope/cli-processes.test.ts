/** Commands as processes: a created site as npm would install it, and an instance in the background. */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
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
  spawnSync(process.execPath, [program, ...args], { cwd, env, encoding: 'utf8', timeout: 120_000 });

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

it("names a source of a site's own that is no program, with its line", async () => {
  await command('mkwsgiinstance', ['-d', at('inst'), '-u', 'admin:secret']);
  writeFileSync(at('inst/broken.ts'), 'const a: number = 1;\nthis is broken\n');
  writeFileSync(at('inst/enum.ts'), '\nenum Kind { one }\n');
  writeFileSync(at('inst/imports.ts'), "import './broken.ts';\n");
  for (const [name, place] of [
    ['broken.ts', /inst\/broken\.ts, line 2: Expected ';'/],
    ['enum.ts', /inst\/enum\.ts, line 2: TypeScript enum is not supported/],
    ['imports.ts', /inst\/broken\.ts, line 2: Expected ';'/],
  ] as const) {
    writeFileSync(at('inst/package.json'), JSON.stringify({ type: 'module', siteModules: [`./${name}`] }));
    const { status, stderr } = run(path.join(BIN, 'zconsole.js'), ['run', 'etc/zope.conf', name], at('inst'));
    expect(status).toBe(1);
    expect(stderr).toMatch(place);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  }
}, 60_000);

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
  }, 120_000);
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
  }, 120_000);

  it('runs once, also when it is started twice at a time and an old one has left its number', async () => {
    await command('mkwsgiinstance', ['-d', at('inst'), '-u', 'admin:secret']);
    await withPort(at('inst'));
    const pidFile = at('inst/var/supervisor.pid');
    // No process has such a number.
    writeFileSync(pidFile, '99999999\n');
    const both = await Promise.all([instance('start'), instance('start')]);
    try {
      const served = both.filter(({ stdout }) => stdout.startsWith('The site runs, pid='));
      expect(served).toHaveLength(1);
      const pid = /\d+/.exec(served[0]!.stdout)![0];
      expect(readFileSync(pidFile, 'utf8')).toBe(`${pid}\n`);
      expect(
        both.filter(({ stdout, stderr }) => `${stdout}${stderr}`.includes(`runs already, pid=${pid}`)),
      ).toHaveLength(1);
      expect((await instance('status')).stdout).toBe(`The site runs, pid=${pid}.\n`);
      expect(readdirSync(at('inst/var')).filter((name) => name.startsWith('supervisor.pid'))).toEqual([
        'supervisor.pid',
      ]);
    } finally {
      expect(await instance('stop')).toMatchObject({ exit: 0 });
    }
  }, 120_000);

  it('goes on as it was where its configuration or its code cannot be loaded, and starts at once when it can again', async () => {
    await command('mkwsgiinstance', ['-d', at('inst'), '-u', 'admin:secret']);
    const port = await withPort(at('inst'));
    const [ini, code] = [at('inst/etc/zope.ini'), at('inst/code.ts')];
    const good = readFileSync(ini, 'utf8').replace('[server:main]', '[server:main]\nthreads = 2');
    writeFileSync(ini, good);
    writeFileSync(at('inst/package.json'), '{ "type": "module", "siteModules": ["./code.ts"] }');
    writeFileSync(code, 'export {};\n');
    const status = async () => (await fetch(`http://127.0.0.1:${port}/`)).status;
    expect(await instance('start')).toMatchObject({ exit: 0, stderr: '' });
    try {
      const process1 = readFileSync(at('inst/var/Z4.pid'), 'utf8');
      for (const [from, to, says] of [
        ['threads = 2', 'threads = two', 'section [server:main]: threads: invalid literal'],
        ['level = WARN', 'level = WARM', "option 'level': Unknown level: 'WARM'"],
        ['    translogger\n', '    transloger\n', "No section 'transloger'"],
        ['[pipeline:main]', '[zope-ts]\naccept = all\n[pipeline:main]', "option 'accept': 'all' is neither"],
      ] as const) {
        writeFileSync(ini, good.replace(from, to));
        const refused = await instance('restart');
        expect(refused).toMatchObject({ exit: 1, stdout: '' });
        expect(refused.stderr).toContain(says);
        expect(await status()).toBe(200);
      }
      // The compiler of types throws texts.
      writeFileSync(code, 'export const = 1;\n');
      for (const text of [good, `${good}\n# changed\n`]) {
        writeFileSync(ini, text);
        const broken = await instance('restart');
        expect(broken).toMatchObject({ exit: 1, stdout: '' });
        expect(broken.stderr).toMatch(
          /^instance: error: the site goes on as it was: .*code\.ts, line 1: Unexpected token/,
        );
        expect(await status()).toBe(200);
      }
      expect(readFileSync(at('inst/var/Z4.pid'), 'utf8')).toBe(process1);
      expect(readFileSync(at('inst/var/log/event.log'), 'utf8')).toContain('could not be loaded anew');
      // Now it cannot start.
      const console = () => readFileSync(at('inst/var/log/console.log'), 'utf8');
      process.kill(Number(process1), 'SIGKILL');
      while (!console().includes('ended with exit code 1; it starts again in'))
        await new Promise((resolve) => setTimeout(resolve, 20));
      const [one, other] = await Promise.all([instance('restart'), instance('restart')]);
      for (const { exit, stderr } of [one, other]) {
        expect(exit).toBe(1);
        expect(stderr).toMatch(/the site's process ended with exit code 1; .*console\.log has what it said/);
      }
      writeFileSync(code, 'export {};\n');
      expect(await instance('restart')).toMatchObject({ exit: 0, stderr: '' });
      expect(await status()).toBe(200);
    } finally {
      await instance('stop');
    }
  }, 120_000);
});
