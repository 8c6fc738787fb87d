/** Other hosts serve an application as well: each example is started and asked the same things. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
const folder = path.join(root, 'examples/hosts');

/** A file of a package, installed with the examples or with the project. */
const find = (file: string): string | undefined =>
  [folder, root].map((dir) => path.join(dir, 'node_modules', file)).find((found) => existsSync(found));

const installed = (name: string): boolean => find(`${name}/package.json`) !== undefined;

const node = [process.execPath, '--import', './scripts/register-ts.js'];
const viaNode = (...packages: string[]) => (packages.every(installed) ? node : undefined);
// The command that Bun's package installs needs a script of the package to be run; the program itself does not.
const bun = find(`@oven/bun-${process.platform}-${process.arch}/bin/bun`);
const deno = find('.bin/deno');

/** How each host is started; undefined where it is not installed. */
const HOSTS: Record<string, readonly string[] | undefined> = {
  'node-http': node,
  express: viaNode('express'),
  fastify: viaNode('fastify'),
  srvx: viaNode('srvx'),
  hono: viaNode('hono', 'srvx'),
  bun: bun === undefined ? undefined : [bun],
  deno: deno === undefined ? undefined : [deno, 'run', '-A', '--no-check', '--quiet'],
};

describe.each(Object.entries(HOSTS))('%s', (name, command) => {
  let child: ChildProcess | undefined;
  let url = '';
  const present = command !== undefined;

  beforeAll(async () => {
    if (!present) return;
    const [file, ...args] = command as [string, ...string[]];
    const started = spawn(file, [...args, path.join(folder, `${name}.ts`)], {
      cwd: root,
      env: { ...process.env, PORT: '0', NO_COLOR: '1' },
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
  }, 30_000);

  afterAll(() => {
    child?.kill('SIGKILL');
  });

  it.runIf(present)('answers with status, headers and body', async () => {
    const answer = await fetch(`${url}/`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(await answer.text()).toBe('hello from zope-ts\n');
  });

  it.runIf(present)('hands over the request with its body', async () => {
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

  it.runIf(present)('hands over a form and JSON as they are', async () => {
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

  it.runIf(present)('sends cookies each for themselves', async () => {
    const answer = await fetch(`${url}/cookies`);
    expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
  });

  it.runIf(present)('streams', async () => {
    expect(await (await fetch(`${url}/stream`)).text()).toBe('one two three');
  });

  it.runIf(present)('takes a global Response', async () => {
    expect(await (await fetch(`${url}/standard`)).json()).toEqual({ standard: true });
  });

  it.runIf(present)('answers HEAD without a body', async () => {
    const answer = await fetch(`${url}/`, { method: 'HEAD' });
    expect([answer.status, await answer.text()]).toEqual([200, '']);
  });

  it.runIf(present)('answers 404 with a page that escapes what was asked for', async () => {
    const answer = await fetch(`${url}/no%3Cb%3Esuch`);
    expect(answer.status).toBe(404);
    expect(await answer.text()).toContain('/no%3Cb%3Esuch');
  });

  it.runIf(present)('answers 500 for an error without telling it', async () => {
    const answer = await fetch(`${url}/broken`);
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain('secret');
  });
});
