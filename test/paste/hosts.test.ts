/** Other hosts serve an application as well: each example is started and asked the same things. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { command as runCommand } from '../zope/command.ts';

const root = path.resolve(import.meta.dirname, '../..');
const folder = path.join(root, 'examples/hosts');

// What the examples import `zope-ts` from; `npm run prepare` makes it.
const linked = existsSync(path.join(root, 'node_modules/zope-ts'));

/** A file of a package that is installed with the examples. */
const find = (...files: string[]): string | undefined =>
  files.map((file) => path.join(folder, 'node_modules', file)).find((found) => existsSync(found));

const node = [process.execPath, '--import', './scripts/register-ts.js'];
const viaNode = (...packages: string[]) =>
  packages.every((name) => find(`${name}/package.json`) !== undefined) ? node : undefined;
// The commands that these packages install are made by scripts of theirs, which are not run; the programs are there without.
const arch = { x64: 'x64', arm64: 'arm64' }[process.arch as string];
const bun = find(
  `@oven/bun-${process.platform}-${process.arch === 'arm64' ? 'aarch64' : process.arch}/bin/bun`,
);
const deno = find(`@deno/${process.platform}-${arch}-glibc/deno`, `@deno/${process.platform}-${arch}/deno`);

/** How each host is started; undefined where it is not installed. They import the package by its name, from what was built. */
const HOSTS: Record<string, readonly string[] | undefined> = {
  'node-http': node,
  express: viaNode('express'),
  fastify: viaNode('fastify'),
  srvx: viaNode('srvx'),
  hono: viaNode('hono', 'srvx'),
  bun: bun === undefined ? undefined : [bun],
  deno: deno === undefined ? undefined : [deno, 'run', '-A', '--no-check', '--quiet'],
};

const absent = Object.keys(HOSTS).filter((name) => !linked || HOSTS[name] === undefined);
if (absent.length > 0)
  it.skip(
    `of hosts that are not installed (npm run prepare; npm ci --prefix examples/hosts): ${absent.join(', ')}`,
  );

const present = Object.entries(HOSTS).filter(([name]) => !absent.includes(name));

describe.each(present)('%s', (name, command) => {
  let child: ChildProcess | undefined;
  let url = '';
  let home = '';

  beforeAll(async () => {
    home = mkdtempSync(path.join(os.tmpdir(), `host-${name}-`));
    await runCommand('mkwsgiinstance', ['-d', home, '-u', 'admin:secret']);
    const [file, ...args] = command as [string, ...string[]];
    const started = spawn(file, [...args, path.join(folder, `${name}.ts`)], {
      cwd: root,
      env: {
        ...process.env,
        PORT: '0',
        NO_COLOR: '1',
        ZOPE_CONF: path.join(home, 'etc/zope.conf'),
        // Deno keeps what it compiled by a file's name and length: another build in the same place would run as the last one.
        DENO_DIR: path.join(home, 'deno'),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child = started;
    url = await new Promise<string>((resolve, reject) => {
      let output = '';
      let errors = '';
      started.stderr.on('data', (data) => {
        errors += String(data);
      });
      started.stdout.on('data', (data) => {
        output += String(data);
        const line = /^(https?:\/\/\S+?)\/?$/m.exec(output);
        if (line !== null) resolve(line[1]!);
      });
      started.once('error', reject);
      started.once('exit', (code) => reject(new Error(`${name} ended with ${code}: ${output}${errors}`)));
    });
  }, 120_000);

  afterAll(async () => {
    if (child !== undefined && child.exitCode === null) {
      const ended = new Promise((resolve) => child!.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    }
    rmSync(home, { recursive: true, force: true });
  });

  it('serves a site: its pages, its users, what they change', async () => {
    const page = await fetch(`${url}/`);
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    const login = { authorization: `Basic ${btoa('admin:secret')}` };
    const ask = (target: string, init?: RequestInit) =>
      fetch(`${url}${target}`, { redirect: 'manual', ...init });
    expect((await ask('/manage_main')).status).toBe(401);
    expect((await ask('/manage_main', { headers: login })).status).toBe(200);
    const body = new FormData();
    body.append('id', 'note');
    body.append('file', new Blob(['grüße'], { type: 'text/plain' }), 'note.txt');
    const added = await ask('/manage_addProduct/OFSP/manage_addFile', {
      method: 'POST',
      body,
      headers: login,
    });
    expect(added.status).toBeLessThan(400);
    expect(await (await ask('/note')).text()).toBe('grüße');
  });

  it('answers with status, headers and body', async () => {
    const answer = await fetch(`${url}/hello`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(await answer.text()).toBe('hello from zope-ts\n');
  });

  it('hands over the request with its body', async () => {
    const answer = await fetch(`${url}/echo?a=b%20c`, {
      method: 'POST',
      body: 'grüße'.repeat(50_000),
      headers: { 'user-agent': 'Probe/1.0', 'content-type': 'text/plain' },
    });
    expect(answer.status).toBe(201);
    expect(await answer.json()).toEqual({
      method: 'POST',
      pathInfo: '/echo',
      queryString: 'a=b%20c',
      remoteAddr: '127.0.0.1',
      agent: 'Probe/1.0',
      body: 'grüße'.repeat(50_000),
    });
  });

  it('hands over a form and JSON as they are', async () => {
    for (const [type, body] of [
      ['application/json', '{"a":1}'],
      ['application/x-www-form-urlencoded', 'a=1&b=2'],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop
      const answer = await fetch(`${url}/echo`, { method: 'PUT', body, headers: { 'content-type': type } });
      // oxlint-disable-next-line no-await-in-loop
      expect(await answer.json()).toMatchObject({ method: 'PUT', body });
    }
  });

  it('sends cookies each for themselves', async () => {
    const answer = await fetch(`${url}/cookies`);
    expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
  });

  it('streams', async () => {
    expect(await (await fetch(`${url}/stream`)).text()).toBe('one two three');
  });

  it('takes a global Response', async () => {
    expect(await (await fetch(`${url}/standard`)).json()).toEqual({ standard: true });
  });

  it('answers HEAD without a body', async () => {
    const answer = await fetch(`${url}/hello`, { method: 'HEAD' });
    expect([answer.status, await answer.text()]).toEqual([200, '']);
  });

  it('answers 404 with a page that escapes what was asked for', async () => {
    const answer = await fetch(`${url}/no%3Cb%3Esuch`);
    expect(answer.status).toBe(404);
    expect(await answer.text()).not.toContain('<b>such');
  });

  it('answers 500 for an error without telling it', async () => {
    const answer = await fetch(`${url}/broken`);
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain('secret');
  });
});
