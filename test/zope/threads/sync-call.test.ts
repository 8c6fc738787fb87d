/** The main thread's side of calls that a thread waits for. */
import { once } from 'node:events';
import { MessageChannel, Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { answerCalls, call } from '../../../src/zope/threads/sync-call.ts';

async function answerTo(handle: (request: string) => unknown) {
  const { port, signal } = answerCalls(handle);
  port.postMessage({ id: 7, request: 'asked' });
  const [answer] = (await once(port, 'message')) as [unknown];
  port.close();
  return { answer, signalled: new Int32Array(signal)[0] };
}

it('tells that an answer is there also to one who does not wait yet', async () => {
  expect(await answerTo((request) => `${request}!`)).toEqual({
    answer: { id: 7, value: 'asked!' },
    signalled: 1,
  });
});

it('tells what was thrown, with its code and its file, and nothing that cannot be copied', async () => {
  const { answer, signalled } = await answerTo(async () => {
    throw Object.assign(new RangeError('no such file'), { code: 'ENOENT', path: '/x', more: () => 1 });
  });
  expect(answer).toEqual({
    id: 7,
    error: { name: 'RangeError', message: 'no such file', code: 'ENOENT', path: '/x' },
  });
  expect(signalled).toBe(1);
});

/** Answers a call with what was asked for; before it, with an answer to the call before. */
const LATE = `
const { workerData: { port, signal } } = require('node:worker_threads');
const words = new Int32Array(signal);
const tell = (answer) => {
  port.postMessage(answer);
  Atomics.store(words, 0, 1);
  Atomics.notify(words, 0);
};
port.on('message', ({ id, request }) => {
  if (request === 'nothing') return;
  tell({ id: id - 1, value: 'late' });
  if (request === 'fail') tell({ id, error: { name: 'RangeError', message: 'no' } });
  else tell({ id, value: request });
});
`;

it('is not answered with what belongs to a call that was given up', async () => {
  const { port1, port2 } = new MessageChannel();
  const signal = new SharedArrayBuffer(4);
  const worker = new Worker(LATE, { eval: true, workerData: { port: port1, signal }, transferList: [port1] });
  try {
    const line = { port: port2, signal };
    expect(() => call(line, 'nothing', 10)).toThrow('the main thread does not answer');
    expect(call(line, 'asked')).toBe('asked');
    expect(() => call(line, 'fail')).toThrow('no');
    expect(call(line, 'again')).toBe('again');
  } finally {
    port2.close();
    await worker.terminate();
  }
});
