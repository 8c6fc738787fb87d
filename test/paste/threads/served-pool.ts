/** Threads with the application of `app.ts` behind a server, and clients of it. */
import http from 'node:http';
import { configure, reset } from '@logtape/logtape';
import { afterEach } from 'vitest';
import { HttpServer } from '../../../src/paste/servers/http-server.ts';
import { readSettings } from '../../../src/paste/servers/settings.ts';
import type { Hold } from '../../../src/paste/gateway/request.ts';
import { ThreadPool } from '../../../src/paste/threads/pool.ts';
import type { TestData } from './app.ts';

const register = new URL('../../../scripts/register-ts.js', import.meta.url).href;

export const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Closed after the test. */
export async function serve(
  threads: number,
  options: {
    queueLimit?: number;
    slowAfter?: number;
    endAfter?: number;
    drainAfter?: number;
    drainStreamsAfter?: number;
    data?: Partial<TestData>;
    whenDurable?: (hold: Hold) => Promise<void>;
  } = {},
) {
  const counts = new SharedArrayBuffer(16);
  const ended: number[] = [];
  let mostStarting = 0;
  const pool: ThreadPool = new ThreadPool({
    module: new URL('app.ts', import.meta.url).href,
    threads,
    bodyLimit: 10_000_000,
    bodyInMemory: 100_000,
    queueLimit: options.queueLimit ?? 100,
    slowAfter: options.slowAfter ?? 0,
    endAfter: options.endAfter ?? 0,
    drainAfter: options.drainAfter ?? 60,
    drainStreamsAfter: options.drainStreamsAfter ?? 60,
    name: 'test',
    ...(options.whenDurable === undefined ? {} : { whenDurable: options.whenDurable }),
    execArgv: ['--import', register],
    prepare: (number) => {
      const { threads: all, ready } = pool.state;
      mostStarting = Math.max(mostStarting, all - ready + 1);
      return { data: { counts, ...options.data }, transfer: [], ended: () => ended.push(number) };
    },
  });
  closers.push(() => pool.close());
  await pool.start();
  await until(() => pool.state.ready === threads);
  const server = await new HttpServer({
    dispatch: pool.dispatch,
    settings: readSettings({ listen: '127.0.0.1:0', max_request_body_size: '10000000' }),
    name: 'test',
  }).listen();
  closers.push(() => server.close(0));
  return { pool, ended, counts: new Int32Array(counts), url: server.urls[0]!, mostStarting };
}

/** A request over a connection of its own. */
export function get(url: string, options: http.RequestOptions & { body?: Uint8Array } = {}) {
  return new Promise<{ status: number; headers: http.IncomingHttpHeaders; body: Buffer; text: string }>(
    (resolve, reject) => {
      const request = http.request(url, { agent: false, ...options }, (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', reject);
        response.on('end', () => {
          const body = Buffer.concat(parts);
          resolve({ status: response.statusCode!, headers: response.headers, body, text: body.toString() });
        });
      });
      request.on('error', reject);
      request.end(options.body);
    },
  );
}

/** The messages that the pool logs meanwhile. */
export async function logged(work: () => Promise<void>): Promise<string[]> {
  const messages: string[] = [];
  await configure({
    reset: true,
    sinks: { list: (record) => void messages.push(record.message.join('')) },
    loggers: [
      { category: 'test', sinks: ['list'], lowestLevel: 'debug' },
      { category: ['logtape', 'meta'], sinks: [] },
    ],
  });
  try {
    await work();
  } finally {
    await reset();
  }
  return messages;
}

export const until = async (condition: () => boolean) => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
};
