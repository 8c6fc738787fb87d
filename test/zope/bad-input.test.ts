/** What a user may do wrong: one clear message without a stack trace, an exit code, and nothing lost. */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import { once } from 'node:events';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FileStorage } from '../../src/zodb/index.ts';
import { makeApplication } from '../../src/zope/app/make-application.ts';
import { openSite } from '../../src/zope/app/site.ts';
import { command } from './command.ts';

let here: string;
const at = (...names: string[]) => path.join(here, ...names);
const inst = (...names: string[]) => at('inst', ...names);
const edit = (file: string, change: (text: string) => string) =>
  writeFileSync(file, change(readFileSync(file, 'utf8')));
const replace = (file: string, from: string, to: string) =>
  edit(file, (text) => {
    expect(text).toContain(from);
    return text.replace(from, to);
  });

/** What is in the folder when a test begins: making it anew would take most of the time. */
let kept: string;
beforeAll(async () => {
  here = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'zope-bad-')));
  kept = `${here}-kept`;
  expect(await command('mkwsgiinstance', ['-d', inst(), '-u', 'admin:secret'])).toMatchObject({ exit: 0 });
  // Logging has tests of its own, and is set for the whole process.
  edit(inst('etc/zope.ini'), (text) => text.slice(0, text.indexOf('[loggers]')));
  // What threads say of the same mistakes has a test of its own; to start one costs more than all the rest of a test.
  replace(inst('etc/zope.ini'), 'port = 8080', 'port = 8080\nthreads = 1');
  renameSync(here, kept);
});
beforeEach(() => cpSync(kept, here, { recursive: true }));
afterEach(() => rmSync(here, { recursive: true, force: true }));
afterAll(() => rmSync(kept, { recursive: true, force: true }));

/** The one line that a command says. */
async function refusal(name: string, args: readonly string[]): Promise<{ exit: number; message: string }> {
  const { exit, stderr } = await command(name, args);
  expect(stderr).not.toMatch(/^\s+at .*:\d+/m);
  const lines = stderr.trimEnd().split('\n');
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(new RegExp(`^${name}: error: `));
  return { exit, message: lines[0]!.slice(`${name}: error: `.length) };
}
const runwsgi = (...args: string[]) => refusal('runwsgi', args.length > 0 ? args : [inst('etc/zope.ini')]);

describe('the .ini file', () => {
  it.each<[string, (ini: string) => void, string]>([
    ['is not there', (ini) => rmSync(ini), 'there is no file @INI@'],
    ['is a folder', (ini) => (rmSync(ini), mkdirSync(ini)), "Is a directory: '@INI@'"],
    ['is no .ini', (ini) => writeFileSync(ini, 'x y\n'), '@INI@, line 1: File contains no section headers'],
    [
      'has no server',
      (ini) => replace(ini, '[server:main]', '[server:other]'),
      "No section 'main' (prefixed by 'server') found in config @INI@",
    ],
    [
      'has no application',
      (ini) => replace(ini, '[pipeline:main]', '[pipeline:other]'),
      "No section 'main' (prefixed by 'app'",
    ],
    [
      'uses a variable that nobody defines',
      (ini) => replace(ini, 'port = 8080', 'port = %(http_port)s'),
      "contains an interpolation key 'http_port' which is not a valid option name",
    ],
    [
      'has a setting that the server does not know',
      (ini) => replace(ini, 'port = 8080', 'port = 0\nthredas = 4'),
      "@INI@, line 9, section [server:main]: Unknown adjustment 'thredas'; did you mean 'threads'?",
    ],
    [
      'has an option that another server does not know',
      (ini) => replace(ini, 'egg:waitress#main', 'egg:gunicorn#main\nworker = 3'),
      "@INI@, line 7, section [server:main]: gunicorn: unknown option 'worker'; did you mean 'workers'",
    ],
    [
      'has an option of another server with a wrong value',
      (ini) => {
        replace(ini, 'egg:waitress#main', 'egg:dataflake.wsgi.cheroot#main\nnumthreads = many');
        replace(ini, 'threads = 1\n', '');
      },
      "@INI@, line 7, section [server:main]: cheroot: numthreads: invalid literal for int() with base 10: 'many'",
    ],
    [
      'has a port that is none',
      (ini) => replace(ini, 'port = 8080', 'port = http'),
      '@INI@, line 8, section [server:main]: ',
    ],
    [
      'names a server that is not there',
      (ini) => replace(ini, 'egg:waitress#main', 'egg:apache#main'),
      'apache',
    ],
    [
      'names a zope.conf that is not there',
      (ini) => replace(ini, '%(here)s/zope.conf', '%(here)s/none.conf'),
      'none.conf: No such file or directory',
    ],
    [
      'has no zope.conf',
      (ini) => replace(ini, 'zope_conf = %(here)s/zope.conf', ''),
      'needs the option zope_conf',
    ],
    [
      'gives the application an option that it does not have',
      (ini) => replace(ini, 'zope_conf =', 'debug = on\nzope_conf ='),
      "egg:Zope#main takes no option 'debug'",
    ],
  ])('that %s is refused', async (_what, spoil, reason) => {
    const ini = inst('etc/zope.ini');
    spoil(ini);
    const { exit, message } = await runwsgi();
    expect(exit).toBe(1);
    expect(message).toContain(reason.replaceAll('@INI@', ini));
  });

  it('has to be told a variable as name=value', async () => {
    expect(await runwsgi(inst('etc/zope.ini'), 'port')).toEqual({
      exit: 1,
      message: 'Variable assignment \'port\' invalid (no "=")',
    });
  });
});

describe('the zope.conf', () => {
  it.each<[string, string, string, string]>([
    [
      'a directive that there is not',
      '%define INSTANCE',
      'debug-moed on\n%define INSTANCE',
      'did you mean debug-mode?',
    ],
    [
      'a value of the wrong kind',
      '%define INSTANCE',
      'debug-mode maybe\n%define INSTANCE',
      "not a valid boolean value: 'maybe'",
    ],
    [
      'a name that nobody defines',
      '%define INSTANCE',
      'http-realm $REALM\n%define INSTANCE',
      "no replacement for 'REALM'",
    ],
    ['no root database', 'mount-point /', 'mount-point /x', 'No root database configured'],
    ['a section that is not closed', '</dos_protection>', '', 'unclosed sections not allowed'],
    [
      'a folder of the database that is not there',
      'var/Data.fs',
      'none/Data.fs',
      'none/Data.fs does not exist',
    ],
    [
      'a storage that is not part of this version',
      'filestorage>',
      'zeoclient>',
      "'path' is not a known key name",
    ],
  ])('with %s is refused with file and reason', async (_what, from, to, reason) => {
    const conf = inst('etc/zope.conf');
    edit(conf, (text) => text.replaceAll(from, to));
    const { exit, message } = await runwsgi();
    expect(exit).toBe(1);
    expect(message).toContain(reason);
    if (!reason.startsWith('No root')) expect(message).toContain(conf);
    expect(await refusal('zconsole', ['debug', conf])).toMatchObject({ exit: 1 });
  });

  it('with a storage server is refused with the line of its section', async () => {
    const conf = inst('etc/zope.conf');
    edit(conf, (text) =>
      text.replace(/ *<filestorage>[^]*<\/filestorage>/, '<zeoclient>\nserver 8100\n</zeoclient>'),
    );
    const line = readFileSync(conf, 'utf8').split('\n').indexOf('<zeoclient>') + 1;
    const { exit, message } = await runwsgi();
    expect(exit).toBe(1);
    expect(message).toMatch(new RegExp(`^${conf}, line ${line}: <zeoclient>: .* not part of this version`));
  });
});

describe('threads', () => {
  it('say the same of what is wrong', async () => {
    const [ini, conf] = [inst('etc/zope.ini'), inst('etc/zope.conf')];
    const spoiled: [reason: string, spoil: () => void][] = [
      ["egg:Zope#main takes no option 'debug'", () => replace(ini, 'zope_conf =', 'debug = on\nzope_conf =')],
      ['did you mean debug-mode?', () => edit(conf, (text) => `debug-moed on\n${text}`)],
      [inst('var/Data.fs'), () => writeFileSync(inst('var/Data.fs'), 'My diary\n')],
    ];
    for (const [reason, spoil] of spoiled) {
      rmSync(here, { recursive: true });
      cpSync(kept, here, { recursive: true });
      spoil();
      const alone = await runwsgi();
      replace(ini, 'threads = 1', 'threads = 2');
      expect(await runwsgi()).toEqual(alone);
      expect(alone.message).toContain(reason);
    }
  });
});

describe('the database', () => {
  const data = () => inst('var/Data.fs');

  it('that is no Data.fs is refused and left alone', async () => {
    writeFileSync(data(), 'My diary\n');
    const { exit, message } = await runwsgi();
    expect({ exit, message }).toMatchObject({ exit: 1, message: expect.stringContaining(data()) });
    expect(readFileSync(data(), 'utf8')).toBe('My diary\n');
  });

  it('that is a folder is refused', async () => {
    mkdirSync(data());
    expect(await runwsgi()).toMatchObject({ exit: 1, message: expect.stringContaining(data()) });
  });

  it.runIf(process.platform === 'linux' && existsSync('/sys/kernel'))(
    'in a folder where nobody may write is refused with the line of its section',
    async () => {
      replace(inst('etc/zope.conf'), '$INSTANCE/var/Data.fs', '/sys/kernel/Data.fs');
      const { exit, message } = await runwsgi();
      expect(exit).toBe(1);
      expect(message).toMatch(
        /etc\/zope\.conf, line \d+: <filestorage>: .*Data\.fs.*: there is no permission$/,
      );
    },
  );

  it('that another process has open is refused, by every command, and names that process', async () => {
    const other = new FileStorage(data());
    try {
      const conf = inst('etc/zope.conf');
      for (const [name, args] of [
        ['runwsgi', [inst('etc/zope.ini')]],
        ['addzopeuser', ['-c', conf, 'ann', 'pw']],
        ['zconsole', ['debug', conf]],
      ] as const) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        const { exit, message } = await refusal(name, args);
        expect(exit).toBe(1);
        expect(message).toContain(`another process (pid ${process.pid}) has this database open`);
      }
    } finally {
      other.close();
    }
    expect(await command('addzopeuser', ['-c', inst('etc/zope.conf'), 'ann', 'pw'])).toMatchObject({
      exit: 0,
    });
  });

  it('with a corrupt index is opened, and the index made anew', async () => {
    openSite(inst('etc/zope.conf')).close();
    const size = statSync(data()).size;
    writeFileSync(`${data()}.index`, 'garbage');
    expect(await command('addzopeuser', ['-c', inst('etc/zope.conf'), 'ann', 'pw'])).toMatchObject({
      exit: 0,
    });
    expect(statSync(data()).size).toBeGreaterThan(size);
    expect(readFileSync(`${data()}.index`, 'latin1')).not.toBe('garbage');
    const site = openSite(inst('etc/zope.conf'));
    expect(site.app.acl_users.getUserNames()).toContain('ann');
    site.close();
  });
});

describe('the port', () => {
  it('that is in use is refused', async () => {
    const server = net.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    try {
      replace(inst('etc/zope.ini'), 'port = 8080', `port = ${port}`);
      expect(await runwsgi()).toEqual({
        exit: 1,
        message: `${inst('etc/zope.ini')}, line 8, section [server:main]: cannot listen on 127.0.0.1:${port}: the address is already in use`,
      });
    } finally {
      server.close();
    }
    // All that was opened is closed again.
    expect(existsSync(inst('var/Z4.pid'))).toBe(false);
    new FileStorage(inst('var/Data.fs')).close();
  });
});

describe('files with users', () => {
  it.each(['inituser', 'access'])('%s without a password is refused', async (name) => {
    writeFileSync(inst(name), 'ann\n');
    const { exit, message } = await runwsgi();
    expect({ exit, message }).toEqual({
      exit: 1,
      message: `${inst(name)}: the first line must be NAME:PASSWORD`,
    });
  });
});

describe("a site's own modules", () => {
  it.each([
    ['{', 'package.json: '],
    ['null', 'package.json: it must hold a JSON object'],
    ['[1]', 'package.json: it must hold a JSON object'],
    ['"text"', 'package.json: it must hold a JSON object'],
    ['{ "siteModules": "./src/site.ts" }', 'siteModules must be a list of paths'],
    ['{ "siteModules": ["./src/none.ts"] }', 'siteModules names ./src/none.ts, and there is no '],
    ['{ "siteModules": ["./bad.js"] }', 'is "npm install" still to be run?'],
  ])('named by %j are refused', async (manifest, reason) => {
    writeFileSync(inst('package.json'), manifest);
    writeFileSync(inst('bad.js'), "import 'no-such-package-is-installed';\n");
    const { exit, message } = await refusal('zconsole', ['debug', inst('etc/zope.conf')]);
    expect(exit).toBe(1);
    expect(message).toContain(inst());
    expect(message).toContain(reason);
  });
});

describe('a wrong password', () => {
  it('is asked for again', async () => {
    const site = await makeApplication({}, inst('etc/zope.conf'));
    const ask = async (user: string) => {
      const authorization = `Basic ${Buffer.from(user).toString('base64')}`;
      const { status, headers } = await site.fetch(
        new Request('http://localhost/manage_main', { headers: { authorization } }),
      );
      return [status, headers.get('www-authenticate')];
    };
    try {
      expect(await ask('admin:secret')).toEqual([200, null]);
      expect(await ask('admin:wrong')).toEqual([401, 'basic realm="Zope", charset="UTF-8"']);
      expect(await ask('nobody:secret')).toEqual([401, 'basic realm="Zope", charset="UTF-8"']);
    } finally {
      site.close();
    }
  });
});

const python = process.env['ZOPE_PYTHON'];

describe.skipIf(python === undefined)('the lock of a Data.fs and Python (ZOPE_PYTHON)', () => {
  const lockIn = (body: string) =>
    spawnSync(python!, ['-c', `import sys, zc.lockfile\n${body}`, inst('var/Data.fs.lock')], {
      encoding: 'utf8',
    });

  it('keeps Python out while we have it', () => {
    const storage = new FileStorage(inst('var/Data.fs'));
    const { stderr, status } = lockIn('zc.lockfile.LockFile(sys.argv[1])');
    storage.close();
    expect({ status, locked: stderr.includes('zc.lockfile.LockError') }).toEqual({ status: 1, locked: true });
    expect(lockIn('zc.lockfile.LockFile(sys.argv[1]).close()').status).toBe(0);
  });

  it('keeps us out while Python has it', () => {
    const script = `lock = zc.lockfile.LockFile(sys.argv[1], content_template='{pid}')
import subprocess
sys.exit(subprocess.run([sys.argv[2], '-e', sys.argv[3], sys.argv[1]]).returncode)`;
    const ours = `const { spawnSync } = require('node:child_process'); const fd = require('node:fs').openSync(process.argv[1], 'a+');
      process.exit(spawnSync('flock', ['-x', '-n', '3'], { stdio: ['ignore', 'ignore', 'ignore', fd] }).status === 0 ? 0 : 9)`;
    const { status } = spawnSync(
      python!,
      ['-c', `import sys, zc.lockfile\n${script}`, inst('var/Data.fs.lock'), process.execPath, ours],
      { encoding: 'utf8' },
    );
    expect(status).toBe(9);
  });
});

describe('a folder for a new instance', () => {
  it.skipIf(!existsSync('/proc/self'))('that nobody can make is refused', async () => {
    expect(await command('mkwsgiinstance', ['-d', '/proc/zope/site', '-u', 'a:b'])).toMatchObject({
      exit: 1,
      stderr: expect.stringMatching(/error: the folder \/proc\/zope cannot be made: /) as string,
    });
  });

  it('that is a file is refused', async () => {
    const file = path.join(inst(), 'etc', 'zope.conf');
    expect(await command('mkwsgiinstance', ['-d', file, '-u', 'a:b'])).toMatchObject({
      exit: 1,
      stderr: `mkwsgiinstance: error: ${file} is no folder\n`,
    });
  });
});
