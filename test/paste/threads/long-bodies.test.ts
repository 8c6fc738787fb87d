/** Bodies that threads keep in files. */
import { createHash } from 'node:crypto';
import { readdirSync, readlinkSync } from 'node:fs';
import http from 'node:http';
import { expect, it } from 'vitest';
import { get, logged, serve, until } from './served-pool.ts';

const linux = process.platform === 'linux';
const nameless = () =>
  readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return /zope-body-.*\(deleted\)$/.test(readlinkSync(`/proc/self/fd/${fd}`));
    } catch {
      return false;
    }
  }).length;

const bytes = (size: number) => Buffer.alloc(size, 'zope-ts ');
const digest = (data: Uint8Array) => createHash('sha256').update(data).digest('hex');

/** Sends a part of a body, and leaves the rest unsent. */
function begin(url: string, path: string) {
  const request = http.request(url + path, {
    agent: false,
    method: 'POST',
    headers: { 'content-length': 2_000_000 },
  });
  const answered = new Promise<number | Error>((resolve) => {
    request.on('error', resolve).on('response', (answer) => {
      answer.resume();
      resolve(answer.statusCode!);
    });
  });
  request.write(bytes(1_000_000));
  return { request, answered };
}

it('are kept in memory up to the limit of the server, and in a file beyond', async () => {
  const { url } = await serve(2);
  const keep = async (size: number) => (await get(`${url}/keep`, { method: 'POST', body: bytes(size) })).text;
  expect([await keep(10), await keep(90_000)]).toEqual(['memory 10', 'memory 90000']);
  const sizes = [100_001, 3_000_000, 200_000, 1_000_000];
  expect(await Promise.all(sizes.map(keep))).toEqual(sizes.map((size) => `file ${digest(bytes(size))}`));
  if (linux) expect(nameless()).toBe(0);
});

it.runIf(linux)('leave nothing open when the client leaves in the middle', async () => {
  const { url } = await serve(1);
  const { request, answered } = begin(url, '/keep');
  await until(() => nameless() === 1);
  request.destroy();
  expect(await answered).toBeInstanceOf(Error);
  await until(() => nameless() === 0);
  expect((await get(`${url}/thread`)).status).toBe(200);
});

it.runIf(linux)('leave nothing open when the thread dies in the middle', async () => {
  const { url, pool } = await serve(1);
  const { answered } = begin(url, '/keep');
  await until(() => nameless() === 1);
  await logged(async () => {
    expect((await get(`${url}/exit`)).status).toBe(500);
    expect(await answered).toBe(500);
  });
  await until(() => nameless() === 0);
  await until(() => pool.state.ready === 1);
  expect((await get(`${url}/keep`, { method: 'POST', body: bytes(200_000) })).text).toBe(
    `file ${digest(bytes(200_000))}`,
  );
});
