import { createHash, randomBytes } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import http from 'node:http';
import net from 'node:net';
import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import { HttpServer } from '../../../src/paste/servers/http-server.ts';
import { readSettings } from '../../../src/paste/servers/settings.ts';
import type { Hold } from '../../../src/paste/gateway/request.ts';
import { environOf } from '../../../src/paste/gateway/environ.ts';
import { GatewayResponse } from '../../../src/paste/gateway/response.ts';
import { Metrics } from '../../../src/paste/threads/metrics.ts';
import { serveMetrics, withHealth } from '../../../src/paste/threads/operations.ts';
import { published } from '../../../src/paste/threads/request-events.ts';
import { closers, get, logged, serve, until } from './served-pool.ts';

describe('requests that threads answer', () => {
  it('arrive whole, with their facts, and so do the answers', async () => {
    const { url } = await serve(1);
    expect((await get(`${url}/text/3`)).text).toBe('ü€ü€ü€');
    expect((await get(`${url}/bytes/300`)).body).toEqual(
      Buffer.from(Array.from({ length: 300 }, (_, i) => i % 256)),
    );
    expect((await get(`${url}/bytes/100000`)).body.length).toBe(100_000);
    const web = await get(`${url}/web`);
    expect([web.status, web.text, web.headers['x-a']]).toEqual([203, 'web', '1']);
    const { text } = await get(`${url}/headers`, { headers: { 'X-One': 'a', Host: 'h' } });
    expect(JSON.parse(text)).toEqual(expect.arrayContaining(['X-One', 'a', 'Host', 'h']));
    const environ = JSON.parse((await get(`${url}/environ/%41?q=1`)).text) as Record<string, string>;
    expect(environ).toMatchObject({
      pathInfo: '/environ/%41',
      queryString: 'q=1',
      remoteAddr: '127.0.0.1',
      serverProtocol: 'HTTP/1.1',
      serverPort: new URL(url).port,
    });
  });

  it('may have bodies of any size in both directions', async () => {
    const { url } = await serve(2);
    await Promise.all(
      [0, 1, 65_536, 65_537, 3_000_000].map(async (size) => {
        const body = randomBytes(size);
        const digest = await get(`${url}/digest`, { method: 'POST', body });
        expect(digest.text).toBe(createHash('sha256').update(body).digest('hex'));
        const echo = await get(`${url}/echo`, { method: 'POST', body });
        expect(echo.body.equals(body)).toBe(true);
        expect(echo.headers['x-test']).toBe('é');
      }),
    );
  });

  it('are refused when their body is too large', async () => {
    const { url } = await serve(1);
    const body = randomBytes(100_000);
    const chunked = await get(`${url}/digest`, {
      method: 'POST',
      body,
      headers: { 'Transfer-Encoding': 'chunked' },
    });
    expect(chunked.text).toBe(createHash('sha256').update(body).digest('hex'));
    const refused = await get(`${url}/digest`, { method: 'POST', headers: { 'Content-Length': '10000001' } });
    expect(refused.status).toBe(413);
  });

  it('get 500 for what the application throws, and the thread goes on', async () => {
    const { url, ended } = await serve(1);
    for (const path of ['throw', 'reject']) expect((await get(`${url}/${path}`)).status).toBe(500);
    await expect(get(`${url}/half`)).rejects.toThrow();
    expect((await get(`${url}/thread`)).status).toBe(200);
    expect(ended).toEqual([]);
  });

  it('get 500 for what cannot be told or read, and the thread goes on', async () => {
    const { url, ended } = await serve(1);
    for (const path of [
      'throwOdd/textless',
      'throwOdd/uncopied',
      'throwOdd/getter',
      'oddBody/none',
      'oddBody/locked',
    ])
      expect((await get(`${url}/${path}`)).status).toBe(500);
    await new Promise<void>((resolve, reject) => {
      const request = http.get(`${url}/oddBody/endless`, { agent: false }, (response) => {
        response.once('data', () => response.destroy());
        response.once('close', resolve);
      });
      request.on('error', reject);
    });
    expect((await get(`${url}/thread`)).status).toBe(200);
    expect(ended).toEqual([]);
  });

  it.each([
    ['early', 'enough', 200],
    ['dieEarly', 'where the thread ends', 500],
  ])(
    'may come before the end of a body, of which the rest is thrown away: %s, %s',
    async (path, _about, status) => {
      const { url } = await serve(1);
      const body = randomBytes(9_000_000);
      // A client that reads its answer when it has sent all.
      const answer = await new Promise<string>((resolve, reject) => {
        const socket = net.connect(Number(new URL(url).port), '127.0.0.1');
        socket.on('error', reject).pause();
        socket.write(`POST /${path} HTTP/1.1\r\nHost: h\r\nContent-Length: ${body.length}\r\n\r\n`);
        socket.write(body, () => {
          let text = '';
          socket
            .on('data', (part) => (text += part.toString()))
            .on('close', () => resolve(text))
            .resume();
        });
      });
      expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    },
  );
});

describe('answers that tell of what the disk does not have yet', () => {
  const tells = () => {
    const told: { hold: Hold; done: () => void; lost: (error: Error) => void }[] = [];
    const whenDurable = (hold: Hold) =>
      new Promise<void>((done, lost) => void told.push({ hold, done, lost }));
    return { told, whenDurable };
  };

  it('wait in the main thread, while their thread does other work, or ends', async () => {
    const { told, whenDurable } = tells();
    const { url } = await serve(1, { whenDurable });
    const answers = ['/held', '/held/stream', '/held/throw'].map(async (path) => get(url + path));
    await until(() => told.length === 3);
    expect(told[0]!.hold).toEqual({ file: 3, tid: 2n ** 63n + 5n, losses: 2 });
    expect((await get(`${url}/text/1`)).text).toBe('ü€');
    const left = await Promise.race([...answers, get(`${url}/text/2`)]);
    expect(left.text).toBe('ü€ü€');
    expect((await get(`${url}/exit`)).status).toBe(500);
    for (const { done } of told) done();
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200, 500]);
    expect((await answers[0]!).text).toBe('held');
  });

  it('become errors when it was lost, those of errors as well', async () => {
    const { told, whenDurable } = tells();
    const { url, pool } = await serve(1, { whenDurable });
    const paths = ['/held', '/held/stream', '/held/throw', '/held/endless'];
    const answers = paths.map(async (path) => get(url + path));
    await until(() => told.length === paths.length);
    for (const { lost } of told) lost(new Error('EIO'));
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(paths.map(() => 500));
    expect((await get(`${url}/text/1`)).text).toBe('ü€');
    // Nobody reads the one that has no end, and its thread is told so.
    await until(() => pool.state.running === 0);
  });

  it('are the business of the application where nobody holds them back', async () => {
    const { url } = await serve(1);
    expect((await get(`${url}/held`)).text).toBe('not held');
  });
});

describe('threads', () => {
  it('work at the same time, and one that is busy stalls nobody', async () => {
    const { url, counts } = await serve(2);
    const busy = get(`${url}/hold`);
    await until(() => counts[0] === 1);
    const quick = await Promise.all(Array.from({ length: 30 }, () => get(`${url}/thread`)));
    // Only then is the busy one let go on.
    Atomics.store(counts, 2, 1);
    Atomics.notify(counts, 2);
    expect(new Set(quick.map(({ text }) => text)).size).toBe(1);
    expect(quick[0]!.text).not.toBe((await busy).text);
  });

  it('take other requests while an asynchronous one waits', async () => {
    const { url } = await serve(1);
    const all = await Promise.all(Array.from({ length: 20 }, () => get(`${url}/together/20`)));
    expect(all.map(({ status }) => status)).toEqual(Array(20).fill(200));
  });

  it('that die are replaced; the other requests do not notice', async () => {
    const { url, ended, pool } = await serve(2);
    const others = Array.from({ length: 40 }, (_, i) => get(`${url}/spin/${i % 5}`));
    const killer = await get(`${url}/exit`);
    expect(killer.status).toBe(500);
    // Those that were in the middle of the thread's work fail with it; here none can be, for it is synchronous.
    for (const { status } of await Promise.all(others)) expect(status).toBe(200);
    expect(ended).toHaveLength(1);
    await until(() => pool.state.ready === 2);
  });

  it('can be replaced by new ones, and no request notices', async () => {
    const { url, ended, pool } = await serve(2);
    let asking = true;
    const statuses: number[] = [];
    const client = async () => {
      while (asking) statuses.push((await get(`${url}/spin/2`)).status);
    };
    const clients = [client(), client(), client()];
    const slow = get(`${url}/sleep/300`);
    await pool.recycle();
    asking = false;
    await Promise.all(clients);
    expect(await slow).toMatchObject({ status: 200 });
    expect(new Set(statuses)).toEqual(new Set([200]));
    await until(() => ended.length === 2);
    expect(pool.state).toMatchObject({ threads: 2, ready: 2 });
  });

  it('are started by no more at a time than there are cores', async () => {
    const { mostStarting, pool } = await serve(availableParallelism() + 3);
    expect(mostStarting).toBeLessThanOrEqual(availableParallelism());
    expect(pool.state.threads).toBe(availableParallelism() + 3);
  });

  it('that cannot be started say why', async () => {
    await expect(serve(2, { data: { failAtStart: true } })).rejects.toThrow('the application cannot be made');
  });

  it('are not asked for what nobody waits for any more', async () => {
    const { pool, url, counts } = await serve(1);
    const slow = get(`${url}/hold`);
    await until(() => counts[0] === 1);
    const aborted = new AbortController();
    const dropped = [1, 2, 3].map(() => get(`${url}/thread`, { signal: aborted.signal }));
    await until(() => pool.state.running + pool.state.queued === 4);
    // One that closes its side at once may only have said all that it has to say.
    const sentAt = performance.now();
    await until(() => performance.now() - sentAt > 110);
    aborted.abort();
    expect((await Promise.allSettled(dropped)).map(({ status }) => status)).toEqual(
      Array(3).fill('rejected'),
    );
    await until(() => pool.state.running + pool.state.queued === 1);
    Atomics.store(counts, 2, 1);
    Atomics.notify(counts, 2);
    await slow;
    await get(`${url}/thread`);
    expect(counts[0]).toBe(2);
  });

  it('hear that the client of what they are doing has left', async () => {
    const { url, counts } = await serve(1);
    for (const path of ['wait', 'flood']) {
      const aborted = new AbortController();
      const request = http.get(`${url}/${path}`, { agent: false, signal: aborted.signal });
      request.on('error', () => undefined);
      const begun = counts[0]!;
      await until(() => counts[0]! > begun);
      if (path === 'flood') await new Promise((resolve) => request.once('response', resolve));
      const before = counts[1]!;
      aborted.abort();
      await until(() => counts[1]! > before);
    }
    expect((await get(`${url}/thread`)).status).toBe(200);
  });

  it('that hang are told of with their stack, and ended', async () => {
    const { url, ended, pool } = await serve(1, { slowAfter: 0.2, endAfter: 0.6 });
    const messages = await logged(async () => {
      const hung = get(`${url}/loop`);
      const waiting = get(`${url}/thread`);
      expect((await hung).status).toBe(500);
      expect((await waiting).status).toBe(200);
    });
    expect(messages.join('\n')).toMatch(/working for \d+\.\d s on GET \/loop[^]*at loop \(.*app\.ts:/);
    expect(messages.join('\n')).toMatch(/is ended: it has been working/);
    expect(ended).toHaveLength(1);
    // The other request may have been answered before.
    await until(() => pool.state.ready === 1);
  });

  it('count what they do, also for those that have ended', async () => {
    const { url, pool } = await serve(2);
    const metrics = new Metrics();
    pool.onAnswer = metrics.answered;
    for (let i = 0; i < 3; i++) await get(`${url}/thread`);
    await get(`${url}/throw`);
    const text = metrics.render(pool.state, await pool.stats());
    expect(text).toContain('zope_requests_total{outcome="answered"} 3\n');
    expect(text).toContain('zope_requests_total{outcome="failed"} 1\n');
    expect(text).toContain('zope_request_duration_seconds_bucket{le="+Inf"} 4\n');
    expect(text).toMatch(/zope_thread_heap_bytes\{thread="\d+"\} \d+/);
    const total = (page: string) =>
      [...page.matchAll(/zope_test_total\{thread="\w+"\} (\d+)/g)].reduce(
        (sum, [, count]) => sum + Number(count),
        0,
      );
    expect(total(text)).toBe(4);
    await get(`${url}/exit`);
    await until(() => pool.state.ready === 2);
    expect(total(metrics.render(pool.state, await pool.stats()))).toBe(5);
  });

  it('tell whether they live and are ready', async () => {
    let reason: string | undefined;
    const health = { healthPath: '/@@health', readyPath: '/@@ready', unready: () => reason };
    const app = withHealth(() => new GatewayResponse('site') as unknown as Response, health);
    const server = await new HttpServer({
      dispatch: app,
      settings: readSettings({ listen: '127.0.0.1:0' }),
      name: 'test',
    }).listen();
    closers.push(() => server.close(0));
    const status = async (path: string) => (await get(server.urls[0]! + path)).status;
    expect(await status('/@@health')).toBe(200);
    expect(await status('/@@ready')).toBe(200);
    reason = 'the disk is full';
    expect(await get(`${server.urls[0]!}/@@ready`)).toMatchObject({
      status: 503,
      text: 'not ready: the disk is full\n',
    });
    expect((await get(`${server.urls[0]!}/@@other`)).text).toBe('site');
    const address = { host: '127.0.0.1', port: 0 };
    const metrics = await serveMetrics(address, async () => 'zope_threads 2\n', health);
    closers.push(async () => metrics.close());
    expect((await get(metrics.url)).text).toBe('zope_threads 2\n');
    expect((await get(`${metrics.url}?name=x`)).status).toBe(200);
    expect((await get(metrics.url.replace('/metrics', '/'))).status).toBe(404);
    expect(await get(metrics.url.replace('/metrics', '/@@health'))).toMatchObject({
      status: 200,
      text: 'ok\n',
    });
    expect((await get(metrics.url.replace('/metrics', '/@@ready'))).status).toBe(503);
    const { port } = new URL(metrics.url);
    const taken = { host: '127.0.0.1', port: Number(port) };
    await expect(serveMetrics(taken, async () => '', health)).rejects.toThrow(port);
  });

  it('are followed by whoever subscribes to their events', async () => {
    const events: Record<string, unknown>[] = [];
    const note = (event: unknown) => void events.push(event as Record<string, unknown>);
    for (const name of ['zope-ts:request', 'zope-ts:thread']) subscribe(name, note);
    try {
      const { url, pool } = await serve(1);
      await get(`${url}/thread?q`);
      await get(`${url}/throw`);
      await get(`${url}/exit`);
      await until(() => pool.state.ready === 1);
    } finally {
      for (const name of ['zope-ts:request', 'zope-ts:thread']) unsubscribe(name, note);
    }
    const of = (wanted: Record<string, unknown>) =>
      events.filter((event) => Object.entries(wanted).every(([name, value]) => event[name] === value));
    const [answered] = of({ target: '/thread?q' });
    expect(answered).toMatchObject({ method: 'GET', failed: false, thread: expect.any(Number) as number });
    expect(answered!.milliseconds).toBeGreaterThan(0);
    expect(of({ target: '/throw' })).toMatchObject([{ failed: true }]);
    expect(of({ target: '/exit' })).toMatchObject([{ failed: true }]);
    expect(of({ event: 'ready' })).toHaveLength(2);
    expect(of({ event: 'ended' })).toMatchObject([{ error: { code: 'THREAD_DIED' } }]);
  });

  it('publish the requests that they accept themselves', async () => {
    const events: unknown[] = [];
    const note = (event: unknown) => void events.push(event);
    const answers: Record<string, () => Response | Promise<Response>> = {
      '/now': () => new Response('now'),
      '/later': async () => new Response('later'),
      '/throw': () => {
        throw new RangeError('thrown');
      },
      '/reject': () => Promise.reject(new RangeError('rejected')),
    };
    const app = published((request) => answers[environOf(request).pathInfo]!(), 7);
    const server = await new HttpServer({
      dispatch: app,
      settings: readSettings({ listen: '127.0.0.1:0' }),
      name: 'test',
    }).listen();
    closers.push(() => server.close(0));
    await get(`${server.urls[0]!}/now`);
    subscribe('zope-ts:request', note);
    try {
      for (const target of Object.keys(answers)) await get(server.urls[0]! + target);
    } finally {
      unsubscribe('zope-ts:request', note);
    }
    const milliseconds = expect.any(Number) as number;
    expect(events).toEqual(
      Object.keys(answers).map((target, i) => ({
        method: 'GET',
        target,
        milliseconds,
        failed: i > 1,
        thread: 7,
      })),
    );
  });

  it('say how many requests wait when none of them is free, as waitress does', async () => {
    const { url, counts, pool } = await serve(1);
    const messages = await logged(async () => {
      const all = [get(`${url}/hold`)];
      await until(() => counts[0] === 1);
      for (let i = 0; i < 5; i++) all.push(get(`${url}/thread`));
      await until(() => pool.state.running + pool.state.queued === 6);
      Atomics.store(counts, 2, 1);
      Atomics.notify(counts, 2);
      await Promise.all(all);
    });
    expect(messages.join()).toMatch(/Task queue depth is \d/);
    // Not for every request.
    expect(messages.filter((message) => message.startsWith('Task queue')).length).toBeLessThan(3);
  });

  it('are given requests when they are free, also where none may wait', async () => {
    const { url, pool, counts } = await serve(1, { queueLimit: 0 });
    expect(pool.isFull).toBe(false);
    const all = [get(`${url}/hold`)];
    await until(() => counts[0] === 1);
    // One more lies ahead in the thread until it is seen that it does not come to it.
    while (!pool.isFull) {
      all.push(get(`${url}/thread`));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await get(`${url}/thread`)).status).toBe(503);
    Atomics.store(counts, 2, 1);
    Atomics.notify(counts, 2);
    expect((await all[0]!).status).toBe(200);
    await until(() => !pool.isFull);
    expect((await get(`${url}/thread`)).status).toBe(200);
  });

  it('are protected by a queue of limited length', async () => {
    const { url, counts, pool } = await serve(1, { queueLimit: 3 });
    const metrics = new Metrics();
    pool.onRefusal = metrics.refused;
    const all = [get(`${url}/spin/300`)];
    await until(() => counts[0] === 1);
    for (let i = 0; i < 10; i++) all.push(get(`${url}/thread`));
    const answers = await Promise.all(all);
    const refused = answers.filter(({ status }) => status === 503);
    expect(refused.length).toBeGreaterThanOrEqual(5);
    expect(refused[0]!.headers['retry-after']).toBe('1');
    expect(answers.filter(({ status }) => status === 200).length).toBe(11 - refused.length);
    expect(metrics.render(pool.state, await pool.stats())).toContain(
      `zope_requests_total{outcome="refused"} ${refused.length}\n`,
    );
  });
});
