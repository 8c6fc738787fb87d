/** Threads that accept connections themselves, on one socket. */
import http from 'node:http';
import { afterEach, expect, it } from 'vitest';
import { readSettings } from '../../../src/paste/servers/settings.ts';
import { bindSockets } from '../../../src/paste/servers/shared-sockets.ts';
import { Metrics } from '../../../src/paste/threads/metrics.ts';
import { type PoolOptions, ThreadPool } from '../../../src/paste/threads/pool.ts';

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

async function serve(threads: number, options: Partial<PoolOptions> = {}) {
  const settings = readSettings({ listen: '127.0.0.1:0' });
  const { sockets, urls, close } = await bindSockets(settings);
  closers.push(close);
  const ended: number[] = [];
  const counts = new SharedArrayBuffer(16);
  const pool = new ThreadPool({
    module: new URL('app.ts', import.meta.url).href,
    threads,
    bodyLimit: 1e6,
    queueLimit: 10,
    name: 'test',
    execArgv: ['--import', new URL('../../../scripts/register-ts.js', import.meta.url).href],
    accept: { settings, name: 'test', sockets, measured: true, urgentPaths: [] },
    prepare: (number) => ({ data: { counts }, transfer: [], ended: () => ended.push(number) }),
    ...options,
  });
  closers.push(() => pool.close());
  await pool.start();
  await until(() => pool.state.ready === threads);
  return { url: urls[0]!, pool, ended, counts: new Int32Array(counts), close };
}

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
    slowAfter: 0.5,
    endAfter: 2,
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

interface Download {
  /** Resolves when so many bytes more have come, or it was cut off, to whether it goes on. */
  comes(bytes: number): Promise<boolean>;
  /** Nothing more is read. */
  stop(): void;
  end(): void;
}

async function download(url: string): Promise<Download> {
  const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
    http.get(url, { agent: false }, resolve).on('error', reject);
  });
  let bytes = 0;
  let cut = false;
  response.on('data', (part: Buffer) => (bytes += part.length));
  response.on('close', () => (cut = true)).on('error', () => undefined);
  const found: Download = {
    comes: async (more) => {
      const before = bytes;
      await until(() => cut || bytes > before + more);
      return !cut;
    },
    stop: () => void response.removeAllListeners('data').pause(),
    end: () => void response.destroy(),
  };
  closers.push(found.end);
  await found.comes(0);
  return found;
}

it('that are replaced finish what they have: requests in their time, downloads as long as they move', async () => {
  const { url, pool, ended, counts } = await serve(1, { drainAfter: 0.5, drainStreamsAfter: 60 });
  const moves = await download(`${url}/endless`);
  const still = await download(`${url}/drip`);
  const slow = get(`${url}/sleep/100`);
  const waits = get(`${url}/wait`);
  waits.catch(() => undefined);
  await until(() => counts[0] === 4);
  await pool.recycle();
  expect((await get(`${url}/thread`)).text).not.toBe((await slow).text);
  await expect(waits).rejects.toThrow();
  expect(await still.comes(1)).toBe(false);
  expect(await moves.comes(1e6)).toBe(true);
  expect(ended).toEqual([]);
  expect((await get(`${url}/thread`)).status).toBe(200);
  moves.end();
  await until(() => ended.length === 1);
}, 120_000);

it('that are replaced end when a download stands still', async () => {
  const { url, pool, ended } = await serve(1, { drainAfter: 0.3, drainStreamsAfter: 60 });
  const moves = await download(`${url}/endless`);
  await pool.recycle();
  expect(await moves.comes(1e6)).toBe(true);
  moves.stop();
  await until(() => ended.length === 1);
}, 120_000);

it('that are replaced end when the time of downloads is over', async () => {
  const { url, pool, ended } = await serve(1, { drainAfter: 0.2, drainStreamsAfter: 1 });
  const moves = await download(`${url}/endless`);
  await pool.recycle();
  await until(() => ended.length === 1);
  expect(await moves.comes(1e9)).toBe(false);
}, 120_000);
