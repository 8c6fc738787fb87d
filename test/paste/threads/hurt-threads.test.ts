/** What threads do when their clients leave, their code hangs, or others have no time for them. */
import http from 'node:http';
import net from 'node:net';
import { describe, expect, it } from 'vitest';
import { CANNOT_START } from './app.ts';
import { own } from '../../../src/paste/threads/wire.ts';
import { get, logged, serve, until } from './served-pool.ts';

/** Sends a request and closes its own side at once; resolves to what is answered. */
const halfClosed = (url: string, text: string) =>
  new Promise<string>((resolve, reject) => {
    const socket = net.connect({ port: Number(new URL(url).port), host: '127.0.0.1', allowHalfOpen: true });
    let answer = '';
    socket.on('data', (data) => (answer += data.toString('latin1')));
    socket.on('end', () => {
      socket.end();
      resolve(answer);
    });
    socket.on('error', reject);
    socket.end(text);
  });

const release = (counts: Int32Array, word: number) => {
  Atomics.store(counts, word, 1);
  Atomics.notify(counts, word);
};

describe('clients that leave', () => {
  it('in the middle of an answer leave no request behind, also where its next part never comes', async () => {
    const { url, pool } = await serve(1);
    const leave = (path: string) =>
      new Promise<void>((resolve, reject) => {
        const request = http.get(url + path, { agent: false }, (response) => {
          // So that the server learns of it without sending anything.
          response.once('data', () => request.socket!.resetAndDestroy());
          response.once('close', resolve);
          response.on('error', () => undefined);
        });
        request.on('error', reject);
      });
    for (const path of ['/drip', '/flood', '/drip', '/flood']) await leave(path);
    await until(() => pool.state.running === 0);
    expect((await get(`${url}/thread`)).status).toBe(200);
  });

  it('may close their own side as soon as they have asked, and get their answers whole', async () => {
    const { url, counts, pool } = await serve(1);
    const slow = get(`${url}/hold`);
    await until(() => counts[0] === 1);
    const short = halfClosed(url, 'GET /thread HTTP/1.1\r\nHost: h\r\n\r\n');
    await until(() => pool.state.running + pool.state.queued === 2);
    release(counts, 2);
    await slow;
    expect(await short).toMatch(/^HTTP\/1.1 200 OK[^]*\r\n\r\n\d+$/);
    const long = await halfClosed(url, 'GET /slices HTTP/1.0\r\n\r\n');
    expect(long.length).toBeGreaterThan(4_000_000);
    const body = 'b'.repeat(2_000_000);
    const head = `POST /digest HTTP/1.0\r\nContent-Length: ${body.length}\r\n\r\n`;
    expect(await halfClosed(url, head + body)).toMatch(/\r\n\r\n[\da-f]{64}$/);
  });
});

it('parts of larger bytes travel without the rest, and what is shared is copied', () => {
  const whole = Buffer.alloc(1000, 'x');
  expect(own(whole.subarray(10, 20))).toEqual(new Uint8Array(10).fill(120));
  expect(own(whole.subarray(10, 20)).buffer.byteLength).toBe(10);
  const exact = new Uint8Array(5);
  expect(own(exact)).toBe(exact);
  expect(own(new Uint8Array(new SharedArrayBuffer(5))).buffer).toBeInstanceOf(ArrayBuffer);
});

it('a request whose answer is being sent takes as long as its client, and is not told of as slow', async () => {
  const messages = await logged(async () => {
    const { url } = await serve(1, { slowAfter: 0.15, endAfter: 0.3 });
    const answer = await new Promise<http.IncomingMessage>((resolve, reject) => {
      http.get(`${url}/drip`, { agent: false }, resolve).on('error', reject);
    });
    answer.on('error', () => undefined).resume();
    const begun = performance.now();
    await until(() => performance.now() - begun > 600);
    expect(answer.destroyed).toBe(false);
    expect((await get(`${url}/thread`)).status).toBe(200);
    answer.destroy();
  });
  // That its client has left at last may be told.
  expect(messages.filter((message) => / \d\.\d s /.test(message))).toEqual([]);
});

describe('threads', () => {
  it('give back what they do not come to, also where the others always have something to do', async () => {
    const { url, counts, pool } = await serve(2);
    const holding = [get(`${url}/hold`)];
    await until(() => counts[0] === 1);
    holding.push(get(`${url}/block`));
    await until(() => counts[0] === 2);
    const stranded = Array.from({ length: 2 }, () => get(`${url}/thread`));
    await until(() => pool.state.running + pool.state.queued === 4);
    let answered = 0;
    for (const one of stranded) void one.then(() => answered++);
    release(counts, 3);
    // There is always one that waits behind another.
    const client = async () => {
      while (answered < stranded.length) await get(`${url}/spin/3`);
    };
    await Promise.all(Array.from({ length: 8 }, client));
    expect(pool.state.running).toBeGreaterThan(0);
    release(counts, 2);
    await Promise.all(holding);
  });

  it('that hang after they have waited, or with nothing to do, are told of and ended', async () => {
    const { url, ended, pool } = await serve(1, { slowAfter: 0.2, endAfter: 0.6 });
    const messages = await logged(async () => {
      expect((await get(`${url}/sleepThenLoop`)).status).toBe(500);
      await until(() => pool.state.ready === 1);
      expect((await get(`${url}/loopLater`)).status).toBe(200);
      // Waits for a thread that lives.
      expect((await get(`${url}/thread`)).status).toBe(200);
    });
    const all = messages.join('\n');
    expect(all).toMatch(/it does not respond for \d+\.\d s and has GET \/sleepThenLoop \n {4}at .*loop \(/);
    expect(all).toMatch(/is ended: it does not respond for \d+\.\d s and has GET \/sleepThenLoop/);
    expect(ended).toHaveLength(2);
  });

  it('that wait for one that hangs are spared when it is ended', async () => {
    const { url, counts, ended } = await serve(2, { endAfter: 0.4 });
    const loops = get(`${url}/loop`);
    await until(() => counts[0] === 1);
    // As for a lock that the first one has.
    const waits = get(`${url}/hold`);
    await until(() => ended.length > 0);
    release(counts, 2);
    expect((await loops).status).toBe(500);
    expect((await waits).status).toBe(200);
    expect(ended).toHaveLength(1);
  });

  it('that wait long for something are told of, and go on', async () => {
    const { url, ended } = await serve(1, { slowAfter: 0.1, endAfter: 1.5 });
    const messages = await logged(async () => {
      expect((await get(`${url}/sleep/2500`)).status).toBe(200);
    });
    expect(
      messages.filter((text) => /has been waiting for \d\.\d s for what GET \/sleep\/2500 needs/.test(text)),
    ).toHaveLength(1);
    expect(ended).toEqual([]);
  });

  it('are told of once where one ends while they are asked what they have counted', async () => {
    const { url, counts, pool } = await serve(1, { endAfter: 0.2 });
    const total = async () =>
      [...(await pool.stats()).values()].reduce((sum, stats) => sum + (stats.zope_test_total ?? 0), 0);
    await get(`${url}/thread`);
    expect(await total()).toBe(1);
    const hung = get(`${url}/loop`);
    await until(() => counts[0] === 2);
    expect(await total()).toBe(1);
    expect((await hung).status).toBe(500);
  });

  it('tell what they have counted before they are replaced', async () => {
    const { url, pool, ended } = await serve(1);
    for (let i = 0; i < 3; i++) await get(`${url}/thread`);
    await pool.recycle();
    await until(() => ended.length === 1);
    expect((await pool.stats()).get(0)).toMatchObject({ zope_test_total: 3 });
  });

  it('leave what they have counted when they are ended in the middle of something', async () => {
    const { url, pool, counts } = await serve(1, { endAfter: 0.2 });
    for (let i = 0; i < 3; i++) await get(`${url}/thread`);
    const hung = get(`${url}/loop`);
    await until(() => counts[0] === 4);
    expect((await hung).status).toBe(500);
    expect((await pool.stats()).get(0)).toMatchObject({ zope_test_total: 3 });
  });

  it('are started again and again when none can be', async () => {
    const { url, counts, pool, ended } = await serve(1);
    Atomics.store(counts, 3, CANNOT_START);
    // One that dies early is not replaced at once.
    const readyAt = performance.now();
    await until(() => performance.now() - readyAt > 1000);
    const messages = await logged(async () => {
      expect((await get(`${url}/exit`)).status).toBe(500);
      const waiting = get(`${url}/thread`);
      await until(() => ended.length === 3);
      expect(pool.state).toMatchObject({ ready: 0, queued: 1 });
      Atomics.store(counts, 3, 0);
      expect((await waiting).status).toBe(200);
    });
    expect(messages.filter((text) => text.startsWith('A thread cannot be started'))).toHaveLength(2);
  });

  it('that cannot be started by a text say it', async () => {
    await expect(serve(1, { data: { throwAtStart: 'a text' } })).rejects.toMatchObject({ message: 'a text' });
  });
});
