/** Answers that are written bit by bit: long ones wait for their client in a file. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, vi } from 'vitest';
import { Written } from '../../src/publisher/written.ts';
import { canSee, openAnswers } from './open-answers.ts';

const MB = 1_048_576;
async function read(body: ReturnType<Written['body']>): Promise<Buffer> {
  if (typeof body === 'string' || body instanceof Uint8Array) return Buffer.from(body);
  const parts: Uint8Array[] = [];
  for await (const part of body) parts.push(part);
  return Buffer.concat(parts);
}

function written(...parts: (string | Uint8Array)[]): Written {
  const result = new Written();
  for (const part of parts) result.add(part);
  return result;
}

/** Bytes that tell where they stand. */
const counted = (length: number) =>
  Buffer.from(Uint8Array.from({ length }, (_none, n) => (n * 31 + (n >> 8)) & 255));

it('keeps short answers in memory, and a single part as it is', async () => {
  const one = written('é');
  expect([one.size, one.body()]).toEqual([2, 'é']);
  expect(await read(written('a', Buffer.from('b'), 'é').body())).toEqual(Buffer.from('abé'));
});

it.each([
  ['in large parts', [counted(3 * MB), 'é', counted(700_000)]],
  ['in small parts', Array.from({ length: 3000 }, (_none, n) => `${n} `.repeat(100))],
])('gives back long answers that were written %s', async (_about, parts) => {
  const whole = Buffer.concat(parts.map((part) => Buffer.from(part as string)));
  const answer = written(...parts);
  expect(answer.size).toBe(whole.length);
  if (canSee) expect(openAnswers()).toBe(1);
  const body = answer.body();
  expect(typeof body === 'string' || body instanceof Uint8Array).toBe(false);
  expect((await read(body)).equals(whole)).toBe(true);
  if (canSee) expect(openAnswers()).toBe(0);
});

it.runIf(canSee)('closes its file when it is not sent, or not to its end', async () => {
  written(counted(2 * MB)).discard();
  expect(openAnswers()).toBe(0);
  const unread = written(counted(2 * MB)).body() as AsyncIterableIterator<Uint8Array>;
  await unread.return!();
  expect(openAnswers()).toBe(0);
  const begun = written(counted(2 * MB)).body() as AsyncIterableIterator<Uint8Array>;
  await begun.next();
  // While it is being read.
  const next = begun.next();
  await begun.return!();
  await next;
  expect(openAnswers()).toBe(0);
  expect(await begun.next()).toEqual({ done: true, value: undefined });
});

it('keeps a file that has no name, so that nothing stays when the process is killed', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'written-'));
  vi.stubEnv('TMPDIR', directory);
  try {
    const answer = written(counted(2 * MB));
    expect(readdirSync(directory)).toEqual([]);
    answer.discard();
  } finally {
    vi.unstubAllEnvs();
    rmSync(directory, { recursive: true });
  }
});

it('puts what was written before a stream', async () => {
  async function* stream() {
    yield Buffer.from('stream');
  }
  expect((await read(written('first ').before(stream()))).toString()).toBe('first stream');
  const long = counted(2 * MB);
  expect(
    (await read(written(long).before(stream()))).equals(Buffer.concat([long, Buffer.from('stream')])),
  ).toBe(true);
  let cancelled = 0;
  const web = new ReadableStream<Uint8Array>({ cancel: () => void cancelled++ });
  const chain = written(long).before(web);
  await chain.next();
  await chain.return!();
  expect(cancelled).toBe(1);
  if (canSee) expect(openAnswers()).toBe(0);
});

it('says where there is no room for a long answer, and leaves nothing of it to the answer that says so', async () => {
  vi.stubEnv('TMPDIR', '/nowhere/at-all');
  const answer = new Written();
  try {
    expect(() => answer.add(counted(2 * MB))).toThrow('ENOENT');
  } finally {
    vi.unstubAllEnvs();
  }
  expect(answer.size).toBe(0);
  answer.add('no room');
  expect(answer.body()).toBe('no room');
});
