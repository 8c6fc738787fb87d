/** Commands with their arguments, in this process. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pw_validate } from '../../src/access/index.ts';
import { didYouMean, loadZopeConf } from '../../src/zconfig/index.ts';
import { parseOptions } from '../../src/zope/cli/command-line.ts';

import { command } from './command.ts';

let here: string;

beforeEach(() => {
  here = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'zope-cli-')));
});
afterEach(() => rmSync(here, { recursive: true, force: true }));

const at = (...names: string[]) => path.join(here, ...names);

const makeSite = async (): Promise<string> => {
  await command('mkwsgiinstance', ['-d', at('inst'), '-u', 'admin:secret']);
  return at('inst/etc/zope.conf');
};

describe('zope', () => {
  it('lists its commands', async () => {
    const { exit, stdout } = await command(undefined, ['--help']);
    expect(exit).toBe(0);
    for (const name of [
      'create',
      'demo',
      'instance',
      'runwsgi',
      'mkwsgiinstance',
      'addzopeuser',
      'zconsole',
      'db',
    ])
      expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'));
  });

  it.each(['runzeo', 'zeopack'])(
    'says of %s that it is not there yet, wherever it is asked',
    async (name) => {
      const { stdout } = await command(undefined, ['--help']);
      expect(stdout).toMatch(new RegExp(`^  ${name} +not there yet: `, 'm'));
      const help = await command(name, ['--help']);
      expect(help).toMatchObject({
        exit: 0,
        stdout: expect.stringMatching(/^Usage: .*\n\nNot part of this version yet/) as string,
      });
      const args = name === 'runzeo' ? ['-a', '127.0.0.1:0', '-f', at('Data.fs')] : ['-p', '9100'];
      expect(await command(name, args)).toMatchObject({
        exit: 70,
        stderr: expect.stringMatching(/ZEO\) is not part of this version yet/) as string,
      });
    },
  );

  it('lists them and fails when none is named', async () => {
    expect(await command(undefined, [])).toMatchObject({
      exit: 2,
      stdout: expect.stringContaining('usage: zope'),
    });
  });

  it.each([
    ['instence', '"instance"'],
    ['runwsig', '"runwsgi"'],
    ['zcon', '"zconsole"'],
  ])('asks whether %s is another command', async (typed, meant) => {
    const { exit, stderr } = await command(undefined, [typed]);
    expect(exit).toBe(2);
    expect(stderr).toContain(`there is no command "${typed}"`);
    expect(stderr).toContain(`Did you mean ${meant}`);
  });

  it('guesses nothing for a word that is like no command', async () => {
    expect((await command(undefined, ['xyzzy'])).stderr).toBe('zope: there is no command "xyzzy".\n');
  });

  it('does not take names of objects for commands', async () => {
    for (const name of ['constructor', '__proto__', 'toString'])
      expect(await command(undefined, [name])).toMatchObject({ exit: 2 });
  });

  it('tells its version', async () => {
    expect(await command(undefined, ['--version'])).toMatchObject({
      exit: 0,
      stdout: expect.stringMatching(/^zope-ts \d/),
    });
  });

  it.each([
    'create',
    'demo',
    'instance',
    'runwsgi',
    'mkwsgiinstance',
    'addzopeuser',
    'zconsole',
    'db',
    'bench',
  ])('helps with %s', async (name) => {
    const { exit, stdout, stderr } = await command(undefined, ['help', name]);
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^usage: (?:zope )?${name}`, 'i'));
  });
});

describe('wrong arguments', () => {
  it.each<[string, string[], string]>([
    ['runwsgi', ['--port=80', 'x.ini'], 'no such option: --port'],
    ['runwsgi', ['-n'], 'requires an argument'],
    ['runwsgi', ['x.ini', '--quiet=yes'], '--quiet'],
    ['mkwsgiinstance', ['--dir'], 'option --dir requires an argument'],
    ['mkwsgiinstance', ['-d', 'x', '-u', 'ann'], 'name:password'],
    ['addzopeuser', ['ann'], 'user, password'],
    ['addzopeuser', ['a', 'b', 'c'], 'unrecognized arguments: c'],
    ['addzopeuser', ['a:b', 'c'], 'colon'],
    ['zconsole', ['walk', 'x.conf'], "invalid choice: 'walk'"],
    ['zconsole', ['run', 'x.conf'], 'run needs a script'],
    ['instance', [], 'a command is needed'],
    ['create', [], 'one folder'],
    ['create', ['a', 'b'], 'one folder'],
    ['bench', ['http://x', '-c', 'many'], '--clients takes a number'],
  ])('of %s %j end with exit code 2, the usage and a reason', async (name, args, reason) => {
    const { exit, stderr, stdout } = await command(name, args);
    expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' });
    expect(stderr).toMatch(/^usage: /i);
    expect(stderr).toContain(`${name}: error: `);
    expect(stderr).toContain(reason);
    expect(stderr).not.toMatch(/^ +at /m);
  });

  it('are told where an abbreviation is not unique', () => {
    const spec = { server: { type: 'string' }, 'server-name': { type: 'string' } } as const;
    expect(parseOptions(['--server=x'], spec).values).toEqual({ server: 'x' });
    expect(() => parseOptions(['--serv=x'], spec)).toThrow('--serv is not unique: --server, --server-name');
  });

  it('leave what follows the last own argument to a script', () => {
    const { positionals } = parseOptions(['run', 'x.conf', 's.ts', '--help', '-3'], {}, { stopAfter: 3 });
    expect(positionals).toEqual(['run', 'x.conf', 's.ts', '--help', '-3']);
  });
});

describe('didYouMean', () => {
  it('finds the nearest first, and at most three', () => {
    expect(didYouMean('stat', ['start', 'status', 'stop', 'state', 'stats'])).toHaveLength(3);
    expect(didYouMean('lisst', ['list', 'last'])).toEqual(['list']);
    expect(didYouMean('q', ['a-long-name'])).toEqual([]);
  });
});

describe('mkwsgiinstance', () => {
  it('gives the stock files usual modes, however the package was installed', async () => {
    await makeSite();
    expect(statSync(at('inst/etc/zope.conf')).mode & 0o777).toBe(0o644);
    expect(statSync(at('inst/var')).mode & 0o777).toBe(0o755);
  });

  it('fails for a skeleton that is a file', async () => {
    writeFileSync(at('skel'), '');
    const { exit, stderr } = await command('mkwsgiinstance', ['-d', at('i'), '-s', at('skel'), '-u', 'a:b']);
    expect({ exit, stderr }).toEqual({
      exit: 1,
      stderr: `mkwsgiinstance: error: there is no skeleton ${at('skel')}\n`,
    });
  });

  it('fails where the answers end too early', async () => {
    const { exit, stderr } = await command('mkwsgiinstance', [], { stdin: 'x\nann\n' });
    expect(exit).toBe(2);
    expect(stderr).toContain('the answers ended before all questions were answered');
  });

  it('takes ~ for the home folder', async () => {
    await command('mkwsgiinstance', ['-d', '~/site', '-u', 'a:b'], { env: { HOME: here } });
    expect(existsSync(at('site/etc/zope.ini'))).toBe(true);
  });
});

describe('zope create', () => {
  it('makes an instance that is a package with code of its own', async () => {
    const { exit, stdout } = await command('create', [at('My Shop'), '--user=ann:pw:1']);
    expect({ exit, password: stdout.includes('password') }).toEqual({ exit: 0, password: false });
    expect(JSON.parse(readFileSync(at('My Shop/package.json'), 'utf8'))).toMatchObject({
      name: 'my-shop',
      type: 'module',
      siteModules: ['./src/site.ts'],
    });
    const source = readFileSync(at('My Shop/src/site.ts'), 'utf8');
    expect(source).toContain("registerClass(Note, 'site.Note'");
    expect(
      source
        .match(/import \{(.*)\}/)![1]!
        .split(',')
        .map((name) => name.trim()),
    ).toEqual(['declareClass', 'Item', 'registerClass']);
    const [name, hash] = readFileSync(at('My Shop/inituser'), 'utf8').trim().split(/:(.*)/s);
    expect([name, pw_validate(hash!, 'pw:1')]).toEqual(['ann', true]);
    expect(loadZopeConf(at('My Shop/etc/zope.conf')).instanceHome).toBe(at('My Shop'));
  });

  it('makes up a password and shows it once', async () => {
    const { stdout } = await command('create', [at('shop')]);
    const password = /password: (\S+)/.exec(stdout)![1]!;
    expect(password.length).toBeGreaterThanOrEqual(12);
    const [name, hash] = readFileSync(at('shop/inituser'), 'utf8').trim().split(/:(.*)/s);
    expect([name, pw_validate(hash!, password)]).toEqual(['admin', true]);
  });

  it('refuses a folder with something in it, and a user without a password', async () => {
    mkdirSync(at('full'));
    writeFileSync(at('full/x'), '');
    expect(await command('create', [at('full')])).toMatchObject({
      exit: 1,
      stderr: expect.stringContaining('not empty'),
    });
    expect(await command('create', [at('new'), '--user=ann'])).toMatchObject({ exit: 2 });
    expect(existsSync(at('new'))).toBe(false);
  });
});

describe('addzopeuser', () => {
  it('changes nothing of a user that is there', async () => {
    const conf = await makeSite();
    expect(await command('addzopeuser', ['-c', conf, 'eve', 'one'])).toMatchObject({ exit: 0 });
    const { exit, stderr } = await command('addzopeuser', ['-c', conf, 'eve', 'two']);
    expect({ exit, stderr }).toEqual({
      exit: 1,
      stderr: 'There is a user eve already; nothing was changed.\n',
    });
  });

  it('is told without a stack trace of a configuration that is not there', async () => {
    const { exit, stderr } = await command('addzopeuser', ['-c', at('no.conf'), 'a', 'b']);
    expect(exit).toBe(1);
    expect(stderr).toContain(at('no.conf'));
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });
});

describe('zconsole', () => {
  it('runs a TypeScript file that exports a function, with the site and the system as its user', async () => {
    const conf = await makeSite();
    const result = at('result.json');
    writeFileSync(
      at('s.ts'),
      `import { writeFileSync } from 'node:fs';
       export default ({ app }: { app: { absolute_url(): string; objectIds(): string[] } }) =>
         writeFileSync(${JSON.stringify(result)}, JSON.stringify([app.absolute_url(), app.objectIds()]));`,
    );
    const { exit, stderr } = await command('zconsole', ['run', conf, at('s.ts')]);
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
    const [url, ids] = JSON.parse(readFileSync(result, 'utf8'));
    expect(url).toBe('http://nohost');
    expect(ids).toContain('acl_users');
  });

  const python = async (source: string) => {
    const conf = await makeSite();
    writeFileSync(at('s.py'), source);
    return command('zconsole', ['run', conf, at('s.py'), 'one']);
  };

  it('runs a Python file and prints as it goes', async () => {
    expect(
      await python(
        'import sys\nprint("a", 1, None, sep="-", end="!\\n")\nfor name in sys.argv[4:]:\n    print(name)\nsys.exit(3)\nprint("never")\n',
      ),
    ).toEqual({ exit: 3, stdout: 'a-1-None!\none\n', stderr: '' });
  });

  it('shows the lines that led to a Python exception', async () => {
    const { exit, stdout, stderr } = await python('def f(x):\n    return 1 / x\n\nprint("before")\nf(0)\n');
    expect({ exit, stdout }).toEqual({ exit: 1, stdout: 'before\n' });
    expect(stderr).toMatch(
      /^Traceback \(most recent call last\):\n {2}File ".*s\.py", line 5, in <module>\n {2}File ".*s\.py", line 2, in f\nZeroDivisionError: /,
    );
  });

  it('tells what of Python it does not run', async () => {
    const refused = await python('x = app._p_jar\n');
    expect(refused.exit).toBe(1);
    expect(refused.stderr).toContain('Line 1: "_p_jar" is an invalid attribute name');
    const broken = await python('if x\n');
    expect(broken.exit).toBe(1);
    expect(broken.stderr).toContain('s.py');
  });

  it('takes print and __name__ for the names they are, wherever code names them', async () => {
    const source = `x = {'print': 1}
if __name__ == '__main__': print("print(__name__)", 'it''s print', x['print'])  # print
def show(*values, printer=print): printer(f"{print is printer} {__name__}", *values)
show(1)
"""print
"""; show(2, printer=print)
`;
    expect(await python(source)).toEqual({
      exit: 0,
      stdout: 'print(__name__) its print 1\nTrue __main__ 1\nTrue __main__ 2\n',
      stderr: '',
    });
  });
});

describe('zope instance', () => {
  const instance = async (...args: string[]) => {
    await makeSite();
    return command('instance', ['-d', at('inst'), ...args]);
  };

  it('knows that nothing runs', async () => {
    expect(await instance('status')).toEqual({ exit: 3, stdout: 'The site does not run.\n', stderr: '' });
    expect(await instance('stop')).toMatchObject({ exit: 0, stdout: 'The site does not run.\n' });
    expect(await instance('kill', 'TERM')).toMatchObject({ exit: 1 });
    expect(await instance('wait')).toMatchObject({ exit: 0 });
  });

  it('does not take a pid file that was left behind for a running site', async () => {
    await makeSite();
    for (const text of ['', 'nonsense', '0', '-1', '999999999']) {
      writeFileSync(at('inst/var/supervisor.pid'), text);
      // oxlint-disable-next-line no-await-in-loop -- one file
      expect(await command('instance', ['-d', at('inst'), 'status'])).toMatchObject({ exit: 3 });
    }
  });

  it('asks whether another command was meant', async () => {
    const { exit, stderr } = await instance('statsu');
    expect(exit).toBe(2);
    expect(stderr).toContain('there is no command "statsu". Did you mean "status"?');
  });

  it('refuses a signal that there is not', async () => {
    await makeSite();
    writeFileSync(at('inst/var/supervisor.pid'), `${process.pid}`);
    const { exit, stderr } = await command('instance', ['-d', at('inst'), 'kill', 'TREM']);
    expect({ exit, stderr: stderr.split('\n').at(-2) }).toEqual({
      exit: 2,
      stderr: 'instance: error: there is no signal "TREM"',
    });
  });

  it('refuses a folder that is no instance', async () => {
    expect(await command('instance', ['-d', here, 'start'])).toMatchObject({
      exit: 1,
      stderr: `instance: error: ${here} is no instance: there is no etc/zope.ini\n`,
    });
  });

  it('adds users', async () => {
    expect(await instance('adduser', 'eve', 'pw')).toEqual({
      exit: 0,
      stdout: 'User eve created.\n',
      stderr: '',
    });
  });

  it('has no log to show before the first start', async () => {
    expect(await instance('logtail')).toMatchObject({
      exit: 1,
      stderr: expect.stringContaining('event.log yet'),
    });
  });
});

describe('commands of databases', () => {
  it('are found by a mistyped name', async () => {
    const { exit, stderr } = await command('db', ['inspcet']);
    expect(exit).not.toBe(0);
    expect(stderr).toContain('there is no command "inspcet". Did you mean "inspect"?');
  });
});
