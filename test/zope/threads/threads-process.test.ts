/** A real site in several threads, as `runwsgi` serves it: what it answers while its threads are hurt. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  mkdirSync,
} from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

// Long runs are asked for by hand; many threads start in them.
vi.setConfig({
  testTimeout:
    120_000 +
    30 * Number(process.env.ZOPE_TEST_PAIRS ?? 0) +
    20_000 * Number(process.env.ZOPE_TEST_KILLS ?? 0) +
    3000 * Number(process.env.ZOPE_TEST_SOAK ?? 0),
  hookTimeout: 60_000,
});

const root = path.resolve(import.meta.dirname, '../../..');
const bin = (name: string) => path.join(root, 'bin', `${name}.js`);
const THREADS = 3;

let home: string;
let child: ChildProcess;
let origin: string;
let said = '';

const run = (...args: string[]) => {
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: home, encoding: 'utf8' });
  expect(status, stderr).toBe(0);
};

beforeAll(async () => {
  home = mkdtempSync(path.join(os.tmpdir(), 'zope-threaded-'));
  run(bin('mkwsgiinstance'), '-d', home, '-u', 'admin:secret');
  mkdirSync(path.join(home, 'node_modules'));
  symlinkSync(root, path.join(home, 'node_modules/zope-ts'));
  for (const name of ['bank.ts', 'add-bank.ts'])
    copyFileSync(path.join(import.meta.dirname, name), path.join(home, name));
  writeFileSync(
    path.join(home, 'package.json'),
    JSON.stringify({ name: 'bank', type: 'module', private: true, siteModules: ['./bank.ts'] }),
  );
  run(bin('zconsole'), 'run', 'etc/zope.conf', 'add-bank.ts');
  // A script must be able to hang for as long as is looked for.
  appendFileSync(path.join(home, 'etc/zope.conf'), '\nscript-steps-limit 100000000000\n');
  const conf = path.join(home, 'etc/zope.conf');
  writeFileSync(conf, readFileSync(conf, 'utf8').replace('<environment>', '<environment>\n  TZ Asia/Tokyo'));
  const ini = path.join(home, 'etc/zope.ini');
  writeFileSync(
    ini,
    readFileSync(ini, 'utf8').replace(/^port = .*$/m, `port = 0\nthreads = ${THREADS}`) +
      '\n[zope-ts]\nmetrics_listen = 127.0.0.1:0\nhung_request_seconds = 3\nslow_request_seconds = 1\n',
  );
  // What goes to either comes in its order.
  child = spawn('/bin/sh', ['-c', 'exec "$0" "$@" 2>&1', process.execPath, bin('runwsgi'), ini], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (data) => (said += String(data)));
  await until(() => /Serving on/.test(said));
  origin = /Serving on (http:\S+)/.exec(said)![1]!;
  await ready();
});

afterAll(async () => {
  if (child.exitCode === null) {
    child.kill('SIGTERM');
    await new Promise((resolve) => child.once('exit', resolve));
  }
  rmSync(home, { recursive: true, force: true });
});

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) {
    if (child.exitCode !== null) throw new Error(`the server has ended:\n${said}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** All threads can take requests. */
const ready = () => until(async () => (await metric('zope_threads{state="ready"}')) === THREADS);

async function metric(name: string): Promise<number> {
  const [url] = /http:\S+\/metrics/.exec(said)!;
  const line = (await (await fetch(url)).text()).split('\n').find((text) => text.startsWith(`${name} `));
  return Number(line?.split(' ').at(-1));
}

const agents = Array.from({ length: 8 }, () => new http.Agent({ keepAlive: true, maxSockets: 1 }));

/** A request over one of some connections that are kept open. */
function get(target: string, connection = 0): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const agent = agents[connection % agents.length]!;
    const request = http.get(`${origin}/bank/${target}`, { agent }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => resolve({ status: response.statusCode!, text }));
      response.on('error', reject);
    });
    request.on('error', reject);
  });
}

/** A request of the manager, with an answer of any kind. */
async function manage(
  target: string,
  form?: Record<string, string>,
): Promise<{ status: number; text: string }> {
  const response = await fetch(`${origin}${target}`, {
    headers: { Authorization: `Basic ${Buffer.from('admin:secret').toString('base64')}` },
    redirect: 'manual',
    ...(form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }),
  });
  return { status: response.status, text: await response.text() };
}

describe('a site in several threads', () => {
  it('says first that it is ready, then that it starts (INVENTORY W-159)', () => {
    const [loaded, starts] = [
      said.indexOf('Ready to handle requests'),
      said.indexOf('Starting server in PID'),
    ];
    expect(loaded).toBeGreaterThanOrEqual(0);
    expect(starts).toBeGreaterThan(loaded);
  });

  it('has the time zone of its configuration in all threads', async () => {
    const hours = await Promise.all(agents.map((_agent, connection) => get('hour', connection)));
    expect(new Set(hours.map(({ text }) => text))).toEqual(new Set(['9']));
  });

  it('takes transactions back while its threads serve, and all of them see it', async () => {
    expect((await get('write?value=700')).text).toBe('700');
    expect((await get('write?value=800')).text).toBe('800');
    let asking = true;
    const seen: string[] = [];
    const readers = [1, 2, 3].map(async (connection) => {
      while (asking) seen.push((await get('read', connection)).text);
    });
    const database = '/Control_Panel/Database/main';
    const { text: page } = await manage(`${database}/manage_UndoForm`);
    const [, newest] = /name="transaction_info(?::\w+)?"[^>]*value="([^"]*)"/.exec(page)!;
    const undone = await manage(`${database}/manage_undo_transactions`, {
      'transaction_info:list': newest!.replaceAll('&amp;', '&'),
    });
    expect(undone.status).toBe(302);
    const answers = await Promise.all(agents.map((_agent, connection) => get('read', connection)));
    expect(answers.map(({ text }) => text)).toEqual(agents.map(() => '700'));
    asking = false;
    await Promise.all(readers);
    expect(new Set(seen)).toEqual(new Set(['700', '800']));
    // Never back again.
    expect(seen.join().replace(/^(800,?)+/, '')).not.toContain('800');
  });

  it('unloads the objects of all its threads when one is told to', async () => {
    const objects = async () => {
      const [metrics] = /http:\S+\/metrics/.exec(said)!;
      const found = (await (await fetch(metrics)).text()).matchAll(
        /^zope_cache_objects\{thread="\d+"\} (\d+)$/gm,
      );
      return Array.from(found, ([, count]) => Number(count));
    };
    await until(async () => {
      await Promise.all(agents.map((_agent, connection) => get('read', connection)));
      const counts = await objects();
      return counts.length === THREADS && !counts.includes(0);
    });
    const before = await objects();
    expect((await manage('/Control_Panel/Database/main/manage_minimize', {})).status).toBe(302);
    await until(async () => (await objects()).every((count, thread) => count < before[thread]!));
  });

  it('shows an error that one thread has logged on the page of every other', async () => {
    for (let i = 0; i < 5; i++) {
      const { status, text } = await get('fail', i);
      expect(status).toBe(500);
      const [number] = /\d{10}\.\d{7}/.exec(text)!;
      const pages = await Promise.all(Array.from({ length: 6 }, () => manage('/error_log/manage_main')));
      for (const page of pages) expect(page.text).toContain(number);
      const entry = await manage(`/error_log/getLogEntryAsText?id=${number}`);
      expect(entry.text).toContain('this bank has failed');
    }
  });

  it('answers every read over another connection with what was written last', async () => {
    const pairs = Number(process.env.ZOPE_TEST_PAIRS ?? 100);
    for (let i = 1; i <= pairs; i++) {
      const written = await get(`write?value=${i}`, i);
      expect(written).toEqual({ status: 200, text: String(i) });
      // Several at a time, so that all threads are asked.
      const answers = await Promise.all([1, 2, 3].map((other) => get('read', i + other)));
      expect(answers.map(({ text }) => text)).toEqual(Array(3).fill(String(i)));
    }
  });

  it('answers 100 clients that all read, and that all change one object, without an error', async () => {
    const moves = async () => (JSON.parse((await get('total')).text) as { moves: number }).moves;
    const before = await moves();
    const [metrics] = /http:\S+\/metrics/.exec(said)!;
    const options = ['-c', '100', '-t', process.env.ZOPE_TEST_SOAK ?? '2', '--metrics', metrics, '--json'];
    const urls = ['total', 'transfer?from=1&to=2&amount=1'].map((target) => `${origin}/bank/${target}`);
    const soak = spawn(process.execPath, [bin('zope'), 'bench', ...options, ...urls]);
    let stdout = '';
    soak.stdout.on('data', (chunk) => (stdout += String(chunk)));
    await new Promise((resolve) => soak.once('close', resolve));
    const results = JSON.parse(stdout) as {
      answers: number;
      errors: number;
      statuses: Record<string, number>;
      memory: { most: number };
    }[];
    for (const { answers, errors, statuses, memory } of results) {
      expect({ errors, statuses }).toEqual({ errors: 0, statuses: { 200: answers } });
      expect(memory.most).toBeLessThan(700 * 2 ** 20);
    }
    expect((await moves()) - before).toBe(results[1]!.answers);
  });

  it('keeps its money while threads die', async () => {
    const before = JSON.parse((await get('total')).text) as { moves: number };
    let acknowledged = 0;
    let unclear = 0;
    let working = true;
    const client = async (connection: number) => {
      let random = connection + 1;
      while (working) {
        random = (Math.imul(random, 1_103_515_245) + 12_345) & 0x7fff_ffff;
        const [from, to] = [(random >>> 8) % 20, (random >>> 16) % 20];
        const answer = await get(`transfer?from=${from}&to=${to}&amount=${random % 7}`, connection).catch(
          () => ({ status: 0 }),
        );
        if (answer.status === 200) acknowledged++;
        else unclear++;
      }
    };
    const clients = [0, 1, 2, 3].map((connection) => client(connection));
    const kills = Number(process.env.ZOPE_TEST_KILLS ?? 2);
    for (let kill = 0; kill < kills; kill++) {
      const goal = acknowledged + 30;
      await until(() => acknowledged > goal);
      expect((await get('exit', 5)).status).toBe(500);
      await ready();
    }
    working = false;
    await Promise.all(clients);
    const { balance, moves } = JSON.parse((await get('total')).text) as { balance: number; moves: number };
    expect(balance).toBe(20 * 100);
    // One that got no answer may have been committed all the same.
    expect(moves - before.moves).toBeGreaterThanOrEqual(acknowledged);
    expect(moves - before.moves).toBeLessThanOrEqual(acknowledged + unclear);
    expect(said).toMatch(/has ended in the middle of \d+ requests and is replaced/);
  });

  it('replaces a thread that hangs, tells where it was, and answers others meanwhile', async () => {
    const hung = get('loop', 6);
    const others = await Promise.all(Array.from({ length: 20 }, (_, i) => get('read', i % 4)));
    expect(others.every(({ status }) => status === 200)).toBe(true);
    expect((await hung).status).toBe(500);
    await ready();
    expect(said).toMatch(/has been working for .* on GET \/bank\/loop[^]*at loop \(.*bank\.ts/);
  });

  it('tells of scripts and templates by where they are, in stacks and in tracebacks', async () => {
    await manage('/manage_addProduct/OFSP/manage_addFolder', { id: 'shop' });
    const add = (product: string, id: string) => manage(`/shop/manage_addProduct/${product}`, { id });
    await add('PythonScripts/manage_addPythonScript', 'slow');
    await add('PageTemplates/manage_addPageTemplate', 'page');
    const script = async (body: string) =>
      expect(
        (await manage('/shop/slow/ZPythonScriptHTML_editAction', { title: '', params: '', body })).status,
      ).toBe(200);
    await script('def turn():\n  while True:\n    pass\n\nturn()\n');
    await manage('/shop/manage_addDTMLMethod', { id: 'told', file: 'It\n<dtml-var slow>' });
    const text = '<p>\n</p>\n<p tal:content="here/told"/>';
    await manage('/shop/page/pt_editAction', { title: '', text, content_type: 'text/html' });
    expect((await manage('/shop/page')).status).toBe(500);
    await ready();
    expect(said).toMatch(
      /on GET \/shop\/page[^]* at turn \(Script \(Python\) at \/shop\/slow, line [23]\)\n[^]* at .*DTML Method at \/shop\/told[^]* at .*Page Template at \/shop\/page/,
    );
    await script('def turn():\n  return 1 / 0\n\nturn()\n');
    expect((await manage('/shop/told')).status).toBe(500);
    expect(said).toMatch(
      /File "DTML Method at \/shop\/told"[^]*File "\/shop\/told", line 2, in <dtml-var slow>\nZeroDivisionError/,
    );
    expect(said).toMatch(
      /File "Script \(Python\) at \/shop\/slow", line 4, in slow\n.*File "Script \(Python\) at \/shop\/slow", line 2, in turn\n/s,
    );
    expect(said).not.toMatch(/zope-(?:script|template|dtml)-/);
  });

  it('makes no code of texts', async () => {
    expect((await get('evaluate')).text).toBe('EvalError');
  });

  it('counts conflicts, what its threads load, find in their caches and store, and their memory', async () => {
    expect(await metric('zope_requests_total{outcome="answered"}')).toBeGreaterThan(100);
    const page = await (await fetch(/http:\S+\/metrics/.exec(said)![0]!)).text();
    const total = (name: string) =>
      [...page.matchAll(new RegExp(`^${name}\\{.*\\} (\\d+)`, 'gm'))].reduce(
        (sum, [, n]) => sum + Number(n),
        0,
      );
    expect(total('zope_stores_total')).toBeGreaterThan(100);
    expect(total('zope_conflicts_total')).toBeGreaterThan(0);
    expect(total('zope_retries_total')).toBeGreaterThan(0);
    for (const name of ['loads', 'commits', 'cache_hits'])
      expect(total(`zope_${name}_total`)).toBeGreaterThan(100);
    expect(total('zope_thread_heap_bytes')).toBeGreaterThan(1_000_000);
    for (const name of ['zope_commit_seconds_total{', 'zope_queue_depth ', 'zope_requests_running '])
      expect(page).toContain(`\n${name}`);
    expect(page).toMatch(/\nzope_request_duration_seconds_bucket\{le="\+Inf"\} \d+\n/);
  });

  it('refuses a second process on its database, and says what to use', () => {
    const { status, stderr } = spawnSync(
      process.execPath,
      [bin('runwsgi'), path.join(home, 'etc/zope.ini')],
      {
        encoding: 'utf8',
      },
    );
    expect(status).toBe(1);
    expect(stderr).toMatch(/another process \(pid \d+\) has this database open.*runzeo/);
  });
});
