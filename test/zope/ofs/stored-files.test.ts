/** What files store, compared with Python's OFS. Runs where `ZOPE_PYTHON` names a Python that has Zope. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { DB, FileStorage } from '../../../src/zodb/index.ts';
import { MULTIPART, multipart } from '../../publisher/lib/multipart.ts';
import { TestSite } from './test-site.ts';

type Kind = 'File' | 'Image';
type Way = 'add' | 'upload' | 'PUT';
type Task = readonly [kind: Kind, way: Way, size: number];
interface Stored {
  readonly records: readonly (readonly [oid: number, hex: string])[];
  readonly file: number;
}

const python = process.env['ZOPE_PYTHON'];
const directory = mkdtempSync(path.join(os.tmpdir(), 'stored-files-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

let made = 0;
const contentOf = (size: number) => Buffer.from(Uint8Array.from({ length: size }, (_, at) => at % 251));

async function stored([kind, way, size]: Task): Promise<Stored> {
  const storage = new FileStorage(path.join(directory, `${++made}.fs`), { fsync: false });
  const site = new TestSite(new DB(storage));
  site.addUser('admin', ['Manager']);
  const send = async (target: string, method: string, body: Buffer, type: string) => {
    const answer = await site.request(target, { user: 'admin', method, body: new Uint8Array(body), type });
    expect(answer.status).toBeLessThan(400);
  };
  const form = (target: string, bytes: number) =>
    send(
      target,
      'POST',
      multipart(
        { name: 'id', data: 'x' },
        { name: 'file', filename: 'a.bin', type: 'application/octet-stream', data: contentOf(bytes) },
      ),
      MULTIPART,
    );
  await form(`/manage_addProduct/OFSP/manage_add${kind}`, way === 'add' ? size : 10);
  if (way === 'upload') await form('/x/manage_upload', size);
  if (way === 'PUT') await send('/x', 'PUT', contentOf(size), 'application/octet-stream');
  site.commit();
  const file = Number((site.app._getOb('x') as { _p_oid?: unknown })._p_oid);
  const last = [...storage.iterator()].at(-1)!;
  const records = [...last].map(
    ({ oid, data }) => [Number(oid), Buffer.from(data!).toString('hex')] as const,
  );
  site.close();
  return { records, file };
}

/** The records of the file and its pieces, in their order, with oids counted from that of the file, and without the time. */
function comparable({ records, file }: Stored): (readonly [oid: number, data: string])[] {
  return records
    .filter(([oid]) => oid >= file)
    .map(([oid, hex]) => {
      let data = Buffer.from(hex, 'hex').toString('latin1');
      for (let other = file; other < file + 100; other++) {
        const bytes = Buffer.alloc(8);
        bytes.writeBigUInt64BE(BigInt(other));
        data = data.replaceAll(`C\b${bytes.toString('latin1')}`, `<${other - file}>`);
      }
      data = data.replace(/X.\0\0\0ts[\d.]+/s, '<tag>');
      return [oid - file, data.length < 1000 ? data : `${data.length} ${hashOf(data)}`];
    });
}

function hashOf(text: string): number {
  let hash = 0;
  for (let at = 0; at < text.length; at++) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0;
  return hash;
}

const SIZES = [10, 65_535, 65_536, 131_072, 131_073, 196_607, 196_608, 200_000, 2_000_000];
const TASKS: Task[] = [
  ...SIZES.flatMap((size) => (['add', 'upload', 'PUT'] as const).map((way) => ['File', way, size] as const)),
  ...[10, 200_000].flatMap((size) =>
    (['add', 'upload', 'PUT'] as const).map((way) => ['Image', way, size] as const),
  ),
];

describe.skipIf(python === undefined)('a file or image', () => {
  it('is stored in the same records as by Python, however it comes and however long it is', async () => {
    const script = path.join(import.meta.dirname, 'stored_files_python.py');
    const theirs = JSON.parse(
      execFileSync(python!, [script], {
        input: JSON.stringify(TASKS),
        encoding: 'utf8',
        maxBuffer: 2 ** 28,
      }),
    ) as Stored[];
    for (const [index, task] of TASKS.entries()) {
      // oxlint-disable-next-line no-await-in-loop -- one site at a time
      expect(comparable(await stored(task)), task.join(' ')).toEqual(comparable(theirs[index]!));
    }
  }, 120_000);
});

it('is cut into pieces of 64 KiB, of which the first has what is left over', async () => {
  const { records, file } = await stored(['File', 'add', 200_000]);
  const sizes = records
    .filter(([oid]) => oid > file)
    .map(([oid, hex]) => [oid - file, Math.floor(hex.length / 2 / 1000)]);
  expect(sizes).toEqual([
    [1, 65],
    [2, 65],
    [3, 69],
  ]);
});
