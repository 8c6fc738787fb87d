/** The main thread's side of calls that a thread waits for. */
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { answerCalls } from '../../../src/zope/threads/sync-call.ts';

async function answerTo(handle: (request: string) => unknown) {
  const { port, signal } = answerCalls(handle);
  port.postMessage('asked');
  const [answer] = (await once(port, 'message')) as [unknown];
  port.close();
  return { answer, signalled: new Int32Array(signal)[0] };
}

it('tells that an answer is there also to one who does not wait yet', async () => {
  expect(await answerTo((request) => `${request}!`)).toEqual({ answer: { value: 'asked!' }, signalled: 1 });
});

it('tells what was thrown, with its code and its file, and nothing that cannot be copied', async () => {
  const { answer, signalled } = await answerTo(async () => {
    throw Object.assign(new RangeError('no such file'), { code: 'ENOENT', path: '/x', more: () => 1 });
  });
  expect(answer).toEqual({
    error: { name: 'RangeError', message: 'no such file', code: 'ENOENT', path: '/x' },
  });
  expect(signalled).toBe(1);
});
