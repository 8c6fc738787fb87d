/** Bodies that are in a file: everything is as with those in memory, and the file is closed when the request is over. */
import { readdirSync, readlinkSync } from 'node:fs';
import { expect, it } from 'vitest';
import { registerClass } from '../../src/persistent/index.ts';
import { type FileUpload, type HTTPRequest } from '../../src/publisher/index.ts';
import { declareClass } from '../../src/restricted/index.ts';
import { PythonScript } from '../../src/zope/ofs/index.ts';
import { ConflictError } from '../../src/zodb/index.ts';
import { Item, makeSite } from './site.ts';

const seen: { tries: [at: number, filename: string, data: string][]; kept?: FileUpload } = { tries: [] };

class Probe extends Item {
  /** Reads the file in each attempt, of which the first two fail. */
  flaky(file: FileUpload, REQUEST: HTTPRequest): string {
    seen.tries.push([file.tell(), file.filename, Buffer.from(file.read()).toString()]);
    seen.kept = file;
    if (REQUEST.retryCount < 2) throw new ConflictError('again');
    return 'read';
  }

  put(REQUEST: HTTPRequest): string {
    const file = REQUEST.bodyFile!;
    return `${file.size} ${file.read(3).length} ${REQUEST.body!.length} ${(REQUEST.get('BODYFILE') as FileUpload).tell()}`;
  }

  broken(): never {
    throw new Error('broken');
  }

  stream(REQUEST: HTTPRequest): Response {
    const file = REQUEST.bodyFile!;
    let part: Uint8Array;
    return new Response(
      new ReadableStream({
        pull(controller) {
          part = file.read(1000);
          if (part.length === 0) controller.close();
          else controller.enqueue(part);
        },
      }),
    );
  }
}
registerClass(Probe, 'test.bodies.Probe');
const view = 'public';
declareClass(Probe, {
  object: 'public',
  published: ['flaky', 'put', 'broken', 'stream'],
  names: { flaky: view, put: view, broken: view, stream: view },
  signatures: { flaky: 'file, REQUEST', put: 'REQUEST', stream: 'REQUEST' },
});

function lines(): PythonScript {
  const script = new PythonScript('lines');
  script.ZPythonScript_edit(
    'file, text',
    'return "%s %s %s %s" % (file.filename, [len(line) for line in file.readlines()][:3], len(text), file.tell())',
  );
  return script;
}
const LIMITS = { memory: 100_000, disk: 50_000, memfile: 100, parts: 10 };
const sites = [1000, 1_000_000].map((bodyInMemory) =>
  makeSite(
    (app) => {
      app._setObject('probe', Object.assign(new Probe(), { id: 'probe' }) as never);
      app._setObject('lines', lines() as never);
    },
    { bodyInMemory, formLimits: LIMITS },
  ),
);
const [inFile, inMemory] = sites as [(typeof sites)[0], (typeof sites)[0]];

const linux = process.platform === 'linux';
const openFiles = () =>
  readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return /zope-body-.*\(deleted\)$/.test(readlinkSync(`/proc/self/fd/${fd}`));
    } catch {
      return false;
    }
  }).length;

const form = (...parts: [head: string, data: string][]) => ({
  method: 'POST',
  headers: { 'Content-Type': 'multipart/form-data; boundary=xx' },
  body: `${parts.map(([head, data]) => `--xx\r\nContent-Disposition: form-data; ${head}\r\n\r\n${data}\r\n`).join('')}--xx--\r\n`,
});
const LONG = `${'x'.repeat(2000)}\n${'y'.repeat(3000)}\nend`;

it('gives scripts the fields and files of a form as if they were in memory', async () => {
  const sent = form(['name="file"; filename="ä.txt"', LONG], ['name="text"', 'z'.repeat(5000)]);
  expect(await inFile.get('/lines', sent)).toEqual([200, 'ä.txt [2001, 3001, 3] 5000 5005']);
  expect(await inMemory.get('/lines', sent)).toEqual(await inFile.get('/lines', sent));
  if (linux) expect(openFiles()).toBe(0);
});

it.each([
  [form(['name="text"', 'z'.repeat(60_000)]), 'Disk limit reached'],
  [
    form(...Array.from({ length: 11 }, () => ['name="t"', 'z'.repeat(500)] as [string, string])),
    'Maximum segment count exceeded',
  ],
  [
    { ...form(['name="t"', LONG]), body: `--xx\r\nContent-Disposition: form-data; name="t"\r\n\r\n${LONG}` },
    'Unexpected end of multipart stream (parser closed)',
  ],
  [
    {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: `a=${'b'.repeat(200_000)}`,
    },
    'form data processing requires too much memory',
  ],
])('says the same of a form that breaks a limit %#', async (sent, message) => {
  const answer = await inFile.get('/lines', sent);
  expect(answer).toEqual(await inMemory.get('/lines', sent));
  expect([answer[0], answer[1].includes(message)]).toEqual([400, true]);
  if (linux) expect(openFiles()).toBe(0);
});

it.each([inFile, inMemory])('gives each attempt of a request a file of its own %#', async (site) => {
  seen.tries = [];
  expect(await site.get('/probe/flaky', form(['name="file"; filename="ä"', 'q'.repeat(2000)]))).toEqual([
    200,
    'read',
  ]);
  expect(seen.tries).toEqual(Array.from({ length: 3 }, () => [0, 'ä', 'q'.repeat(2000)]));
  if (linux) expect(openFiles()).toBe(0);
});

it('closes the file when the request is over, also one that failed', async () => {
  await inFile.get('/probe/flaky', form(['name="file"; filename="a"', LONG]));
  expect(() => seen.kept!.seek(0) + seen.kept!.read(1).length).toThrow('when the request is over');
  expect((await inFile.get('/probe/broken', form(['name="file"; filename="a"', LONG])))[0]).toBe(500);
  if (linux) expect(openFiles()).toBe(0);
});

it('gives the body of a PUT as a file, and whole where it is asked for whole', async () => {
  const sent = { method: 'PUT', body: 'p'.repeat(5000), headers: { 'Content-Type': 'text/plain' } };
  expect(await inFile.get('/probe/put', sent)).toEqual([200, '5000 3 5000 3']);
  expect(await inMemory.get('/probe/put', sent)).toEqual([200, '5000 3 5000 3']);
});

it('leaves the file to a stream that answers from it', async () => {
  const sent = { method: 'POST', body: LONG, headers: { 'Content-Type': 'text/plain' } };
  expect(await inFile.get('/probe/stream', sent)).toEqual([200, LONG]);
});
