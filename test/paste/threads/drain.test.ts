/** What becomes of the requests of threads that are replaced. */
import http from 'node:http';
import { afterEach, expect, it, vi } from 'vitest';
import { get, logged, serve, until } from './served-pool.ts';

vi.setConfig({ testTimeout: 60_000 });

interface Download {
  readonly response: http.IncomingMessage;
  /** It was cut off. */
  cut: boolean;
  bytes: number;
  /** Whether it still comes, as fast as it is read. */
  comes(): Promise<boolean>;
  end(): void;
}

const downloads: Download[] = [];
afterEach(() => {
  for (const download of downloads.splice(0)) download.end();
});

/** Begins to read an answer, some bytes all the time. */
async function download(url: string): Promise<Download> {
  const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
    http.get(url, { agent: false }, resolve).on('error', reject);
  });
  const found: Download = {
    response,
    cut: false,
    bytes: 0,
    comes: async () => {
      const before = found.bytes;
      await until(() => found.cut || found.bytes > before + 10_000_000);
      return !found.cut;
    },
    end: () => response.destroy(),
  };
  response.on('data', (part: Buffer) => {
    found.bytes += part.length;
    response.pause();
    // About 13 megabytes a second.
    setTimeout(() => response.resume(), 5);
  });
  response.on('close', () => (found.cut = true)).on('error', () => undefined);
  await until(() => found.bytes > 0);
  downloads.push(found);
  return found;
}

it('a download that moves keeps its thread beyond the time of other requests, and holds up nobody', async () => {
  const { url, pool, ended } = await serve(1, { drainAfter: 2 });
  const moves = await download(`${url}/flood`);
  const still = await download(`${url}/drip`);
  const messages = await logged(async () => {
    const waits = get(`${url}/wait`).catch((error: Error) => ({ status: 0, text: error.message }));
    await until(() => pool.state.running === 3);
    await pool.recycle();
    expect((await get(`${url}/thread`)).status).toBe(200);
    expect(ended).toEqual([]);
    expect((await waits).status).toBe(500);
    await until(() => still.cut);
    expect(await moves.comes()).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 2500));
    expect(await moves.comes()).toBe(true);
    expect(ended).toEqual([]);
  });
  expect(messages.filter((text) => text.includes('took too long'))).toHaveLength(1);
  expect(messages.join('\n')).toMatch(/took too long for GET \/drip, GET \/wait, which is cut off/);
  moves.end();
  await until(() => ended.length === 1);
});

it('a thread that works on one request is ended with all that it has', async () => {
  const { url, pool, ended, counts } = await serve(1, { drainAfter: 0.5 });
  const moves = await download(`${url}/flood`);
  const loops = get(`${url}/loop`);
  await until(() => counts[0] === 2);
  await pool.recycle();
  expect((await loops).status).toBe(500);
  await until(() => moves.cut && ended.length === 1);
});

it('a download is cut when its own time is over, too', async () => {
  const { url, pool, ended } = await serve(1, { drainAfter: 0.2, drainStreamsAfter: 2 });
  const moves = await download(`${url}/flood`);
  await pool.recycle();
  await until(() => moves.cut && ended.length === 1);
});

it('an upload that moves is waited for, too', async () => {
  const { url, pool, ended } = await serve(1, { drainAfter: 1.5 });
  const answered = new Promise<number>((resolve, reject) => {
    const headers = { 'Content-Length': 1_000_000 };
    const request = http.request(`${url}/digest`, { agent: false, method: 'POST', headers }, (response) => {
      response.resume();
      resolve(response.statusCode!);
    });
    request.on('error', reject);
    let left = 1_000_000;
    const send = () => {
      request.write(Buffer.alloc(50_000));
      left -= 50_000;
      if (left === 0) request.end();
      else setTimeout(send, 100);
    };
    send();
  });
  await until(() => pool.state.running === 1);
  await pool.recycle();
  expect(await answered).toBe(200);
  await until(() => ended.length === 1);
});
