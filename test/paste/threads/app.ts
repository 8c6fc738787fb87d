/** An application for the tests of threads: what it does is in the path. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { threadId } from 'node:worker_threads';
import { environOf } from '../../../src/paste/gateway/environ.ts';
import { BodyFile } from '../../../src/paste/gateway/body-file.ts';
import { GatewayRequest } from '../../../src/paste/gateway/request.ts';
import { GatewayResponse } from '../../../src/paste/gateway/response.ts';
import type { ThreadApplication, ThreadContext } from '../../../src/paste/threads/thread.ts';

const spin = (milliseconds: number) => {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
};

type Handler = (request: GatewayRequest, argument: string) => unknown;

/** In the last of the counts: threads fail at their start. */
export const CANNOT_START = 99;

export interface TestData {
  /** Each thread writes what it did: [begun, cancelled]. */
  readonly counts: SharedArrayBuffer;
  readonly failAtStart?: boolean;
  /** Thrown at the start, whatever it is. */
  readonly throwAtStart?: unknown;
}

export async function startThread(
  { counts, failAtStart, throwAtStart }: TestData,
  { number }: ThreadContext,
): Promise<ThreadApplication> {
  if (throwAtStart !== undefined) throw throwAtStart;
  if (failAtStart) throw new Error('the application cannot be made');
  const counted = new Int32Array(counts);
  if (counted[3] === CANNOT_START) throw new Error('it cannot be made just now');
  const together: (() => void)[] = [];
  const handlers: Record<string, Handler> = {
    thread: () => String(number),
    // Until the test wakes it.
    hold: () => {
      Atomics.wait(counted, 2, 0);
      return String(number);
    },
    spin: (_request, ms) => {
      spin(Number(ms));
      return String(number);
    },
    sleep: async (_request, ms) => {
      await new Promise((resolve) => setTimeout(resolve, Number(ms)));
      return String(number);
    },
    // Until so many are there at the same time.
    together: (_request, wanted) =>
      new Promise((resolve) => {
        together.push(() => resolve(String(number)));
        if (together.length === Number(wanted)) for (const go of together.splice(0)) go();
      }),
    throw: () => {
      throw new RangeError('out of range');
    },
    held: (request, how) => {
      if (!request.hold([{ file: 3, tid: 2n ** 63n + 5n, losses: 2 }])) return 'not held';
      if (how === 'throw') throw new RangeError('held, and failed');
      if (how === 'endless') return handlers.flood!(request, '');
      return how === 'stream' ? new GatewayResponse(Readable.from(['held ', 'stream'])) : 'held';
    },
    reject: () => Promise.reject(new RangeError('rejected')),
    throwOdd: (_request, what) => {
      const odd: Record<string, () => unknown> = {
        textless: () => Object.create(null) as unknown,
        uncopied: () => Object.assign(new Error('x'), { message: () => 'x', name: Symbol('x') }),
        getter: () =>
          Object.defineProperty(new Error('x'), 'stack', {
            get: () => {
              throw new Error('y');
            },
          }),
      };
      throw odd[what]!();
    },
    // A body that somebody else reads already, one that is none, and one whose end is no promise.
    oddBody: (_request, what) => {
      if (what === 'none') return new GatewayResponse(5 as unknown as string);
      if (what === 'endless') {
        const next = async () => ({ done: false, value: Buffer.alloc(65_536) });
        return new GatewayResponse({
          [Symbol.asyncIterator]: () => ({ next, return: () => undefined as never }),
        });
      }
      const body = new ReadableStream<Uint8Array>();
      body.getReader();
      return new GatewayResponse(body);
    },
    // Answers when it has seen the beginning of its body.
    early: async (request) => {
      await new Promise((resolve) => request.nodeBody.once('data', resolve));
      return 'enough';
    },
    dieEarly: async (request) => {
      await new Promise((resolve) => request.nodeBody.once('data', resolve));
      process.exit(4);
    },
    // As `hold`, but with a word of its own.
    block: () => Atomics.wait(counted, 3, 0),
    sleepThenLoop: async (request) => {
      // After the second one the pool has been told that this waits.
      for (let i = 0; i < 2; i++) await new Promise((resolve) => setImmediate(resolve));
      return handlers.loop!(request, '');
    },
    loopLater: () => {
      // Before the thread can come to anything else.
      queueMicrotask(() => handlers.loop!(undefined as never, ''));
      return 'ok';
    },
    // A stream whose second part never comes.
    drip: () =>
      (async function* () {
        yield 'begun';
        await new Promise(() => undefined);
      })(),
    slices: () =>
      (async function* () {
        const whole = Buffer.alloc(4_000_000, 'x');
        for (let at = 0; at < whole.length; at += 50_000) yield whole.subarray(at, at + 50_000);
      })(),
    exit: () => process.exit(3),
    loop: function loop() {
      // A loop with nothing in it has no place where a debugger could stop.
      for (let i = 0; ; i++) if (i < 0) return '';
    },
    digest: async (request) =>
      createHash('sha256')
        .update(await request.readBody())
        .digest('hex'),
    keep: async (request) => {
      const body = await request.keepBody();
      if (!(body instanceof BodyFile)) return `memory ${body.length}`;
      const digest = createHash('sha256').update(body.bytes()).digest('hex');
      body.close();
      return `file ${digest}`;
    },
    echo: (request) => new GatewayResponse(request.nodeBody, { headers: ['X-Test', 'é'] }),
    bytes: (_request, size) => new Uint8Array(Number(size)).map((_, i) => i),
    text: (_request, size) => 'ü€'.repeat(Number(size)),
    web: () => new Response('web', { status: 203, headers: { 'X-A': '1' } }),
    headers: (request) => JSON.stringify(request.rawHeaders),
    environ: (request) => JSON.stringify({ ...environOf(request as unknown as Request), extra: undefined }),
    flood: (request) => {
      request.signal.addEventListener('abort', () => Atomics.add(counted, 1, 1));
      return (async function* () {
        for (let i = 0; i < 10_000; i++) yield Buffer.alloc(65_536, i);
      })();
    },
    // As fast as it is read, but other requests have their turn.
    endless: () =>
      (async function* () {
        for (;;) {
          await new Promise((resolve) => setTimeout(resolve, 1));
          yield Buffer.alloc(16_384);
        }
      })(),
    half: () =>
      (async function* () {
        yield 'begun';
        throw new Error('broken');
      })(),
    wait: (request) =>
      new Promise((resolve) => {
        request.signal.addEventListener('abort', () => {
          Atomics.add(counted, 1, 1);
          resolve('gone');
        });
      }),
    id: () => String(threadId),
  };
  let handled = 0;
  return {
    stats: () => ({ zope_test_total: handled }),
    app: (given) => {
      handled++;
      Atomics.add(counted, 0, 1);
      const request = given as unknown as GatewayRequest;
      const [, name = '', argument = ''] = request.environ.pathInfo.split('/');
      const result = handlers[name]!(request, argument);
      const answer = (value: unknown) =>
        (value instanceof Response ? value : new GatewayResponse(value as string)) as Response;
      return result instanceof Promise ? result.then(answer) : answer(result);
    },
  };
}
