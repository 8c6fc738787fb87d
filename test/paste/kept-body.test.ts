/** Long bodies of requests in files without a name. */
import { closeSync, fstatSync, openSync, readdirSync, readlinkSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it, vi } from 'vitest';
import {
  BodyFile,
  GatewayRequest,
  GatewayResponse,
  keepStream,
  type KeptBody,
  toNodeListener,
} from '../../src/paste/index.ts';
import { openNameless } from '../../src/paste/gateway/nameless-file.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
  vi.unstubAllEnvs();
});

const linux = process.platform === 'linux';
/** Descriptors of files that have no name any more and were made by us. */
const nameless = () =>
  readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return /zope-body-.*\(deleted\)$/.test(readlinkSync(`/proc/self/fd/${fd}`));
    } catch {
      return false;
    }
  });

const LIMITS = { bodyLimit: 5_000_000, bodyInMemory: 1000 };
/** A server that keeps bodies; what became of the last one. */
async function serve() {
  let told!: (body: KeptBody | Error) => void;
  let kept: Promise<KeptBody | Error>;
  const again = () => {
    kept = new Promise((resolve) => {
      told = resolve;
    });
  };
  again();
  const server = http.createServer(
    toNodeListener(async (request) => {
      try {
        const body = await (request as unknown as GatewayRequest).keepBody();
        told(body);
        return new GatewayResponse(body instanceof BodyFile ? 'file' : 'memory');
      } catch (error) {
        told(error as Error);
        throw error;
      }
    }, LIMITS),
  );
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  closers.push(() => void server.close().closeAllConnections());
  const { port } = server.address() as AddressInfo;
  const begin = (headers: http.OutgoingHttpHeaders = {}) =>
    http.request({ port, host: '127.0.0.1', method: 'POST', headers });
  const send = (body: Uint8Array, headers?: http.OutgoingHttpHeaders) =>
    new Promise<string>((resolve, reject) => {
      const request = begin(headers).on('error', reject);
      request.on('response', (answer) => {
        let text = `${answer.statusCode} `;
        answer.on('data', (part) => (text += String(part))).on('end', () => resolve(text));
      });
      request.end(body);
    });
  return { begin, send, kept: () => kept.finally(again) };
}

const bytes = (size: number) => Uint8Array.from({ length: size }, (_, at) => (at * 7) % 251);

it.each([
  [999, 'memory'],
  [1000, 'memory'],
  [1001, 'file'],
  [70_000, 'file'],
  [3_000_000, 'file'],
])('keeps a body of %d bytes in %s, whether its length is told or not (W-111)', async (size, where) => {
  const { send, kept } = await serve();
  for (const headers of [{}, { 'transfer-encoding': 'chunked' }]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    expect(await send(bytes(size), headers)).toBe(`200 ${where}`);
    // oxlint-disable-next-line no-await-in-loop
    const body = (await kept()) as KeptBody;
    const all = body instanceof BodyFile ? body.bytes() : body;
    expect(Buffer.compare(all, bytes(size))).toBe(0);
    if (body instanceof BodyFile) body.close();
  }
});

it('reads what is in the file at any place until it is closed', async () => {
  const { send, kept } = await serve();
  await send(bytes(5000));
  const body = (await kept()) as BodyFile;
  const part = new Uint8Array(10);
  expect([body.size, body.read(part, 4995), [...part.subarray(0, 5)]]).toEqual([
    5000,
    5,
    [...bytes(5000).subarray(4995)],
  ]);
  body.close();
  body.close();
  expect(body.closed).toBe(true);
  expect(() => body.bytes()).toThrow('cannot be read any more when the request is over');
});

it.runIf(linux)('keeps it in a file that has no name and is for this user only', () => {
  const descriptor = openNameless('zope-body-');
  try {
    expect(readlinkSync(`/proc/self/fd/${descriptor}`)).toMatch(/\(deleted\)$/);
    expect(fstatSync(descriptor).mode & 0o777).toBe(0o600);
  } finally {
    closeSync(descriptor);
  }
});

it.runIf(linux)('closes the file when the client leaves in the middle', async () => {
  const { begin, kept } = await serve();
  const request = begin({ 'content-length': 1_000_000 });
  request.on('error', () => undefined);
  await new Promise<void>((resolve) => void request.write(bytes(400_000), () => resolve()));
  await vi.waitFor(() => expect(nameless().length).toBe(1), 50_000);
  request.destroy();
  expect(await kept()).toMatchObject({ code: 'CLIENT_GONE' });
  await vi.waitFor(() => expect(nameless()).toEqual([]), 50_000);
});

it.runIf(linux)('refuses a body beyond the limit, and closes the file (W-117)', async () => {
  const { send, kept } = await serve();
  const answered = send(bytes(6_000_000), { 'transfer-encoding': 'chunked' }).catch(() => 'cut off');
  expect(await kept()).toMatchObject({ code: 'BODY_TOO_LARGE', limit: 5_000_000 });
  expect(await answered).toMatch(/^413|cut off/);
  await vi.waitFor(() => expect(nameless()).toEqual([]), 50_000);
});

it('says so where there is no room for the file', async () => {
  const { send, kept } = await serve();
  vi.stubEnv('TMPDIR', '/nowhere/at/all');
  expect(await send(bytes(200_000))).toMatch(/^500/);
  const error = (await kept()) as Error;
  expect(error).toMatchObject({ code: 'BODY_FILE', cause: { code: 'ENOENT' } });
  expect(error.message).toMatch(/^the body of a request cannot be kept in a file: ENOENT/);
});

it.runIf(linux)('says so where the disk is full, and leaves nothing open', async () => {
  const { BodyKeeper } = await import('../../src/paste/gateway/body-file.ts');
  const error = await new Promise((resolve, reject) => {
    const keeper = new BodyKeeper(
      10,
      () => undefined,
      reject,
      resolve,
      () => openSync('/dev/full', 'w'),
    );
    keeper.chunk(bytes(1000));
    keeper.end();
  });
  expect(error).toMatchObject({ code: 'BODY_FILE', cause: { code: 'ENOSPC' } });
});

it('waits for the disk with what a stream of the web gives, and hands on its failure', async () => {
  let given = 0;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (given++ < 40) controller.enqueue(bytes(100_000));
      else controller.close();
    },
  });
  const body = (await keepStream(stream, 1000)) as BodyFile;
  expect(Buffer.compare(body.bytes(), Buffer.concat(Array.from({ length: 40 }, () => bytes(100_000))))).toBe(
    0,
  );
  body.close();
  const failing = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(bytes(2000));
      controller.error(new Error('broken off'));
    },
  });
  await expect(keepStream(failing, 1000)).rejects.toThrow('broken off');
});
