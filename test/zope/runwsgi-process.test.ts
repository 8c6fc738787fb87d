/** Whole processes: signals, log files, restarts (INVENTORY 1.3, 1.5, W-082, W-083, W-164). */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

// Whole processes start here, on a machine that may have much else to do.
vi.setConfig({ testTimeout: 90_000 });

const root = path.resolve(import.meta.dirname, '../..');
const bin = (name: string) => path.join(root, 'bin', `${name}.js`);

let here: string;
const children: Running[] = [];
beforeEach(() => {
  here = mkdtempSync(path.join(os.tmpdir(), 'runwsgi-'));
});
afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.kill()));
  rmSync(here, { recursive: true, force: true });
});

/** A process with all that it has said. */
class Running {
  readonly child: ChildProcess;
  readonly exited: Promise<number | NodeJS.Signals>;
  #said = '';
  #wake: (() => void)[] = [];
  #over = false;

  constructor(args: readonly string[]) {
    this.child = spawn(process.execPath, args, { cwd: here, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout!, this.child.stderr!])
      stream.on('data', (data) => {
        this.#said += String(data);
        for (const wake of this.#wake.splice(0)) wake();
      });
    this.exited = new Promise((resolve) => {
      this.child.once('exit', (code, signal) => {
        this.#over = true;
        for (const wake of this.#wake.splice(0)) wake();
        resolve(signal ?? code!);
      });
    });
    children.push(this);
  }

  get said(): string {
    return this.#said;
  }

  /** Waits for what it says. */
  async says(pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.#said.slice(from));
      if (match !== null) return match;
      if (this.#over) throw new Error(`ended without saying ${pattern}:\n${this.#said}`);
      // oxlint-disable-next-line no-await-in-loop
      await new Promise<void>((resolve) => void this.#wake.push(resolve));
    }
  }

  async url(from = 0): Promise<string> {
    return (await this.says(/Serving on (http:\S+)/, from))[1]!;
  }

  signal(signal: NodeJS.Signals): this {
    this.child.kill(signal);
    return this;
  }

  async kill(): Promise<void> {
    if (!this.#over) this.child.kill('SIGKILL');
    await this.exited;
  }
}

const at = (...names: string[]) => path.join(here, ...names);
const read = (name: string) => readFileSync(at(name), 'utf8');

/** A site with code of its own and the stock logging. */
function makeSite(): string {
  writeFileSync(
    at('site.ts'),
    `import { existsSync } from 'node:fs';
import { getLogger } from '${path.join(root, 'node_modules/@logtape/logtape/dist/mod.js')}';
let release = () => {};
function spin(file: string) {
  while (!existsSync(file));
}
export const main = () => async (request: Request): Promise<Response> => {
  const { pathname } = new URL(request.url);
  getLogger(['site']).info('asked for ' + pathname);
  if (pathname === '/slow') await new Promise<void>((resolve) => { release = resolve; console.log('waiting'); });
  if (pathname === '/stuck') await new Promise<void>(() => console.log('stuck'));
  if (pathname === '/spin') spin('released');
  if (pathname === '/loop') {
    console.log('looping');
    for (;;);
  }
  return new Response('one');
};
process.on('SIGWINCH', () => release());
`,
  );
  writeFileSync(
    at('site.ini'),
    `[app:site]
use = npm:./site.ts
[filter:translogger]
use = egg:Paste#translogger
setup_console_handler = False
[pipeline:main]
pipeline = translogger site
[server:main]
use = egg:waitress#main
listen = 127.0.0.1:0
# The application listens for signals, which only the main thread gets.
threads = 1
[loggers]
keys = root, wsgi
[logger_root]
level = INFO
handlers = console, eventlog
[logger_wsgi]
level = WARN
handlers = accesslog
qualname = wsgi
propagate = 0
[handlers]
keys = console, eventlog, accesslog
[handler_console]
class = StreamHandler
args = (sys.stderr,)
[handler_eventlog]
class = FileHandler
args = ('%(here)s/event.log', 'a')
[handler_accesslog]
class = FileHandler
args = ('%(here)s/access.log', 'a')
formatter = message
[formatters]
keys = message
[formatter_message]
format = %(message)s
`,
  );
  return at('site.ini');
}

const start = (...args: string[]) => new Running([bin('runwsgi'), ...args, makeSite()]);
const get = async (url: string) => (await fetch(url)).text();
/** On a connection of its own. */
const getAlone = (url: string) =>
  new Promise<string>((resolve, reject) => {
    http
      .get(url, { agent: false }, (answer) => {
        let body = '';
        answer.on('data', (data) => (body += String(data))).on('end', () => resolve(body));
      })
      .on('error', reject);
  });

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (signal) => {
  it('lets running requests end, takes no new ones, writes all log lines and exits with 0', async () => {
    const site = start();
    const url = await site.url();
    for (let i = 0; i < 50; i++) await get(`${url}/${i}`);
    const slow = getAlone(`${url}/slow`);
    await site.says(/waiting/);
    site.signal(signal);
    // It is closing once nobody can connect any more.
    const { port } = new URL(url);
    for (let open = true; open;) {
      open = await new Promise<boolean>((resolve) => {
        const socket = net.connect(Number(port), '127.0.0.1', () => resolve(true));
        socket.on('error', () => resolve(false)).on('connect', () => socket.destroy());
      });
    }
    site.signal('SIGWINCH');
    expect(await slow).toBe('one');
    expect(await site.exited).toBe(0);
    const lines = read('access.log').trimEnd().split('\n');
    expect(lines).toHaveLength(51);
    expect(lines.at(-1)).toMatch(/"GET \/slow HTTP\/1\.1" 200 /);
  });

  it('a second time does not wait for anything', async () => {
    const site = start();
    const url = await site.url();
    void fetch(`${url}/stuck`).catch(() => undefined);
    await site.says(/stuck/);
    site.signal(signal);
    const again = setInterval(() => site.signal(signal), 50);
    expect([128 + 2, 128 + 15]).toContain(await site.exited);
    clearInterval(again);
  });
});

describe('a site whose code does not return to the only thread', () => {
  const loop = async (site: Running) => {
    void getAlone(`${await site.url()}/loop`).catch(() => undefined);
    await site.says(/looping/);
  };

  it('ends at the second Ctrl-C, and says where it was', async () => {
    const site = start();
    await loop(site);
    site.signal('SIGINT');
    const again = setInterval(() => site.signal('SIGINT'), 50);
    expect(await site.exited).toBe(128 + 2);
    clearInterval(again);
    await site.says(/ended in code that did not return:\n {4}at file:\S+site\.ts/);
  });

  it('is told of with the place where it is, also while it does not return', async () => {
    const ini = makeSite();
    writeFileSync(ini, `${readFileSync(ini, 'utf8')}[zope-ts]\nslow_request_seconds = 0.3\n`);
    const site = new Running([bin('runwsgi'), ini]);
    const url = await site.url();
    const slow = getAlone(`${url}/slow`);
    await site.says(/waiting/);
    await site.says(/The main thread has been waiting for \d+\.\d s for what GET \/slow needs/);
    const spinning = getAlone(`${url}/spin?a`);
    await site.says(
      /runwsgi: the main thread has not returned for \d+ s on GET \/spin\?a\n(?: {4}at .*\n)* {4}at spin \(file:\S+site\.ts:\d+:\d+\)\n/,
    );
    writeFileSync(at('released'), '');
    expect(await spinning).toBe('one');
    await site.says(
      /The main thread has been working for \d+\.\d s on GET \/spin\?a\n(?: {4}at .*\n)* {4}at spin \(file:/,
    );
    site.signal('SIGWINCH');
    expect(await slow).toBe('one');
    expect(await site.signal('SIGTERM').exited).toBe(0);
    expect(read('event.log')).toMatch(/has been working for/);
  });

  it('ends at SIGTERM, at the latest when the grace time is over', async () => {
    const ini = makeSite();
    const gunicorn = 'use = egg:gunicorn#main\nbind = 127.0.0.1:0\ngraceful_timeout = 1';
    writeFileSync(
      ini,
      readFileSync(ini, 'utf8').replace('use = egg:waitress#main\nlisten = 127.0.0.1:0', gunicorn),
    );
    const site = new Running([bin('runwsgi'), ini]);
    await loop(site);
    const again = setInterval(() => site.signal('SIGTERM'), 50);
    expect(await site.exited).toBe(128 + 15);
    clearInterval(again);
  });
});

it('opens its log files anew on SIGUSR2 and SIGHUP', async () => {
  const site = start();
  const url = await site.url();
  let number = 0;
  for (const signal of ['SIGUSR2', 'SIGHUP'] as const) {
    await get(`${url}/before-${signal}`);
    for (const name of ['event.log', 'access.log']) renameSync(at(name), at(`${name}.${++number}`));
    site.signal(signal);
    for (let tries = 0; !(existsSync(at('access.log')) && existsSync(at('event.log'))); tries++) {
      if (tries > 1000) throw new Error('not opened');
      await get(`${url}/between`);
    }
    await get(`${url}/after-${signal}`);
    expect(read('event.log')).toContain(`asked for /after-${signal}`);
    expect(read('access.log')).toContain(`/after-${signal} `);
    expect(read('access.log')).not.toContain(`/before-${signal} `);
    expect(read(`access.log.${number}`)).toContain(`/before-${signal} `);
  }
});

it('opens no debugger for a signal, by which others could run code in it', async () => {
  const site = start();
  const url = await site.url();
  site.signal('SIGUSR1');
  for (let tries = 0; !read('event.log').includes('SIGUSR1 does nothing here'); tries++) {
    if (tries > 1000) throw new Error('not told');
    await get(`${url}/between`);
  }
  expect(site.said).not.toMatch(/Debugger listening/);
  expect(await site.signal('SIGTERM').exited).toBe(0);
});

it('closes the databases of a stock instance, so that the next start finds them whole and free', async () => {
  const make = new Running([bin('mkwsgiinstance'), '-d', at('inst'), '-u', 'admin:secret']);
  expect(await make.exited).toBe(0);
  const ini = at('inst/etc/zope.ini');
  writeFileSync(ini, readFileSync(ini, 'utf8').replace(/^port = .*$/m, 'port = 0'));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const site = new Running([bin('runwsgi'), ini]);
    const url = await site.url();
    expect((await fetch(url)).status).toBe(200);
    expect(await site.signal(signal).exited).toBe(0);
    expect(site.said).not.toMatch(/error|traceback/i);
  }
  expect(existsSync(at('inst/var/Data.fs.index'))).toBe(true);
  expect(read('inst/var/log/Z4.log').trimEnd().split('\n')).toHaveLength(2);
});

describe('runwsgi --reload', () => {
  it('starts again when a source changes, and no client is refused meanwhile', async () => {
    const site = start('--reload');
    const url = await site.url();
    const bodies = new Set<string>();
    let asking = true;
    const client = (async () => {
      while (asking) bodies.add(await getAlone(url));
    })();
    const from = site.said.length;
    writeFileSync(at('site.ts'), read('site.ts').replace("'one'", "'two'"));
    await site.says(/site\.ts changed, starting again[^]*Serving on/, from);
    while (!bodies.has('two')) await getAlone(url);
    // The same port, though any free one was asked for.
    expect(await site.url(site.said.indexOf('starting again'))).toBe(url);
    const ini = site.said.length;
    writeFileSync(at('site.ini'), `${read('site.ini')}# changed\n`);
    await site.says(/site\.ini changed, starting again[^]*Serving on/, ini);
    expect(await getAlone(url)).toBe('two');
    asking = false;
    await client;
    expect([...bodies].sort()).toEqual(['one', 'two']);
    expect(await site.signal('SIGINT').exited).toBe(0);
  });

  it('loads a site with several threads anew, drops no request, and goes on with what was there where that cannot be', async () => {
    const ini = makeSite();
    writeFileSync(ini, read('site.ini').replace('threads = 1', 'threads = 2'));
    const site = new Running([bin('runwsgi'), '--reload', ini]);
    const url = await site.url();
    const seen = new Set<string>();
    let asking = true;
    // Over connections that are kept open, and over new ones.
    const ask = (...ways: ((url: string) => Promise<string>)[]) =>
      Promise.all(
        ways.map(async (way) => {
          while (asking) seen.add(await way(url));
        }),
      );
    let clients = ask(get, getAlone, get);
    const write = async (from: string, to: string, name: string, says: RegExp) => {
      const at0 = site.said.length;
      writeFileSync(at(name), read(name).replace(from, to));
      await site.says(says, at0);
    };
    await write(
      "'one'",
      "'two'",
      'site.ts',
      /site\.ts changed, loading the site anew[^]*The site was loaded anew/,
    );
    expect(await get(url)).toBe('two');
    await write("'two'", "= 'three'", 'site.ts', /The site goes on as it was: .*site\.ts/);
    expect(await get(url)).toBe('two');
    await write("= 'three'", "'four'", 'site.ts', /The site was loaded anew/);
    expect(await get(url)).toBe('four');
    asking = false;
    await clients;
    asking = true;
    // Another process: a connection that is idle then is closed.
    clients = ask(getAlone, getAlone);
    await write(
      'threads = 2',
      'threads = 2x',
      'site.ini',
      /The site goes on as it was: .*section \[server:main\]: threads/,
    );
    await write('threads = 2x', 'threads = 3', 'site.ini', /site\.ini changed, starting again[^]*Serving on/);
    expect(await get(url)).toBe('four');
    asking = false;
    await clients;
    expect([...seen].sort()).toEqual(['four', 'one', 'two']);
    expect(await site.signal('SIGINT').exited).toBe(0);
  });

  it('waits for a change where the site does not start, and says why', async () => {
    const ini = makeSite();
    writeFileSync(at('site.ts'), 'export const main = = 1;\n');
    const site = new Running([bin('runwsgi'), '--reload', ini]);
    await site.says(/site\.ts[^]*The site ended with exit code 1; it starts again when a file changes\./);
    makeSite();
    expect(await getAlone(await site.url())).toBe('one');
    await site.signal('SIGTERM').exited;
  });

  it('says when the port is in use', async () => {
    const other = net.createServer();
    await new Promise<void>((resolve) => void other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as net.AddressInfo;
    const ini = makeSite();
    writeFileSync(ini, read('site.ini').replace('127.0.0.1:0', `127.0.0.1:${port}`));
    const site = new Running([bin('runwsgi'), '--reload', ini]);
    const said = new RegExp(
      `cannot listen on 127.0.0.1:${port}: the address is already in use\n[^]*starts again when`,
    );
    expect((await site.says(said)).index).toBeGreaterThanOrEqual(0);
    other.close();
    await site.signal('SIGTERM').exited;
  });

  it('ends a site that loops when it is told twice', async () => {
    const site = start('--reload');
    void fetch(`${await site.url()}/loop`).catch(() => undefined);
    await site.says(/looping/);
    site.signal('SIGINT').signal('SIGTERM');
    // It hears nothing but SIGKILL.
    expect(await site.exited).toBe(128 + 9);
  });

  it('does not leave its site behind when it is killed', async () => {
    const site = start('--reload');
    const url = await site.url();
    await site.signal('SIGKILL').exited;
    let gone = false;
    for (let tries = 0; !gone && tries < 10_000; tries++)
      gone = await getAlone(url).then(
        () => false,
        () => true,
      );
    expect(gone).toBe(true);
  });
});

it('serves the example of factories of one’s own, in TypeScript, by npm: names', async () => {
  const ini = at('site.ini');
  const example = path.join(root, 'examples/paste-factories/site.ini');
  writeFileSync(
    ini,
    `[pipeline:main]\npipeline = config:${example}#stamp config:${example}#greeter\n` +
      '[server:main]\nuse = egg:waitress#main\nlisten = 127.0.0.1:0\n' +
      '[loggers]\nkeys = root\n[logger_root]\nlevel = INFO\nhandlers = console\n' +
      '[handlers]\nkeys = console\n[handler_console]\nclass = StreamHandler\nargs = (sys.stderr,)\n[formatters]\nkeys =\n',
  );
  const site = new Running([bin('runwsgi'), ini, 'site_title=The Other Shop']);
  const answer = await fetch(`${await site.url()}/x`);
  expect(answer.headers.get('x-stamp')).toBe('checked');
  expect(await answer.text()).toMatch(/^Welcome from The .*Shop: \/x$/);
});
