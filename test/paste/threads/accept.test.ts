/** Threads that accept connections themselves, on one socket. */
import http from 'node:http';
import { afterEach, expect, it } from 'vitest';
import { readSettings } from '../../../src/paste/servers/settings.ts';
import { bindSockets } from '../../../src/paste/servers/shared-sockets.ts';
import { Metrics } from '../../../src/paste/threads/metrics.ts';
import { ThreadPool } from '../../../src/paste/threads/pool.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const until = async (condition: () => boolean) => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
};

const get = (url: string) =>
  new Promise<{ status: number; text: string }>((resolve, reject) => {
    http
      .get(url, { agent: false }, (response) => {
        let text = '';
        response.on('data', (part) => (text += String(part)));
        response.on('end', () => resolve({ status: response.statusCode!, text }));
      })
      .on('error', reject);
  });

it('serve from one address, go on when one of them ends, and end with their requests answered', async () => {
  const settings = readSettings({ listen: '127.0.0.1:0' });
  const { sockets, urls, close } = await bindSockets(settings);
  closers.push(close);
  const ended: number[] = [];
  const pool = new ThreadPool({
    module: new URL('app.ts', import.meta.url).href,
    threads: 2,
    bodyLimit: 1e6,
    queueLimit: 10,
    name: 'test',
    execArgv: ['--import', new URL('../../../scripts/register-ts.js', import.meta.url).href],
    accept: { settings, name: 'test', sockets, measured: true, urgentPaths: [] },
    slowAfter: 0.2,
    endAfter: 0.5,
    prepare: (number) => ({
      data: { counts: new SharedArrayBuffer(8) },
      transfer: [],
      ended: () => ended.push(number),
    }),
  });
  closers.push(() => pool.close());
  await pool.start();
  const ready = (count: number) => until(() => pool.state.ready === count);
  await ready(2);
  const [url] = urls;
  const threads = new Set<string>();
  let answered = 0;
  // The system decides who accepts; a thread that is busy leaves it to the other.
  while (threads.size < 2)
    for (const { text } of await Promise.all([get(`${url}/spin/20`), get(`${url}/spin/20`)])) {
      threads.add(text);
      answered++;
    }
  await expect(get(`${url}/exit`)).rejects.toThrow();
  expect((await get(`${url}/thread`)).status).toBe(200);
  await until(() => ended.length === 1);
  await ready(2);
  // One that hangs is known by its silence.
  await expect(get(`${url}/loop`)).rejects.toThrow();
  await ready(2);
  expect(ended).toHaveLength(2);
  // Threads that were replaced have told all that they counted.
  const counted = async () => {
    const text = new Metrics().render(pool.state, await pool.stats(), pool.metrics);
    return Number(/^zope_request_duration_seconds_count (\d+)$/m.exec(text)![1]);
  };
  const before = await counted();
  // Those that ended in the middle have left what they had counted, and their last requests failed.
  expect(pool.metrics[0]!.running).toBe(0);
  expect(before).toBe(answered + 1 + 2);
  const failures = new Metrics().render(pool.state, await pool.stats(), pool.metrics);
  expect(failures).toContain('zope_requests_total{outcome="failed"} 2\n');
  for (let i = 0; i < 3; i++) await get(`${url}/thread`);
  expect(await counted()).toBe(before + 3);
  await pool.recycle();
  await until(() => ended.length === 4);
  expect(await counted()).toBe(before + 3);
  const slow = get(`${url}/sleep/200`);
  await new Promise((resolve) => setTimeout(resolve, 50));
  close();
  await pool.close(5000);
  expect((await slow).status).toBe(200);
  await expect(get(`${url}/thread`)).rejects.toThrow();
}, 120_000);
