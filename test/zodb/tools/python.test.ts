/**
 * Python's names of the tools, on random databases that Python has written: what they print, what they leave and with what they exit
 * is the same. ZODB_TOOLS_SEED sets the databases, ZODB_TOOLS how many there are.
 */
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dbCommands } from '../../../src/zodb/index.ts';

const python = process.env.ZOPE_PYTHON;
const SEED = Number(process.env.ZODB_TOOLS_SEED ?? 1);
const COUNT = Number(process.env.ZODB_TOOLS ?? 3);

const MODULES: Record<string, string> = {
  fsdump: 'ZODB.FileStorage.fsdump',
  fsoids: 'ZODB.scripts.fsoids',
  fsrecover: 'ZODB.fsrecover',
  fsrefs: 'ZODB.scripts.fsrefs',
  fstail: 'ZODB.scripts.fstail',
  fstest: 'ZODB.scripts.fstest',
  repozo: 'ZODB.scripts.repozo',
};

interface Outcome {
  readonly code: number;
  readonly stdout: Buffer;
}

function theirs(name: string, args: readonly string[]): Outcome {
  const run =
    name === 'fsdump'
      ? ['-c', 'import sys; from ZODB.FileStorage.fsdump import main; main()']
      : ['-m', MODULES[name]!];
  const { status, stdout } = spawnSync(python!, [...run, ...args], { maxBuffer: 1 << 28 });
  return { code: status!, stdout };
}

async function ours(name: string, args: readonly string[]): Promise<Outcome> {
  const parts: Buffer[] = [];
  const io = {
    stdout: { write: (part: string | Uint8Array) => void parts.push(Buffer.from(part as string)) },
    stderr: { write: () => {} },
  };
  let code: number;
  try {
    code = await dbCommands[name]!.run(args, io);
  } catch (error) {
    // What the command line shows and exits with 1 for.
    if (typeof (error as { code?: unknown }).code !== 'string') throw error;
    code = 1;
  }
  return { code, stdout: Buffer.concat(parts) };
}

async function expectSame(name: string, ...args: string[]): Promise<Outcome> {
  const wanted = theirs(name, args);
  const found = await ours(name, args);
  expect(found.stdout.toString(), [name, ...args].join(' ')).toBe(wanted.stdout.toString());
  expect(found.code, [name, ...args].join(' ')).toBe(wanted.code);
  return found;
}

describe.skipIf(python === undefined)('beside Python', () => {
  let base: string;
  const files: string[] = [];

  beforeAll(() => {
    base = mkdtempSync(path.join(tmpdir(), 'zodb-tools-python-'));
    for (let i = 0; i < COUNT; i++) {
      const file = path.join(base, `${i}.fs`);
      const { status, stderr } = spawnSync(python!, [
        path.join(import.meta.dirname, 'random_python.py'),
        file,
        String(SEED * 100 + i),
        '120',
      ]);
      if (status !== 0) throw new Error(stderr.toString());
      files.push(file);
    }
  }, 120_000);
  afterAll(() => rmSync(base, { recursive: true, force: true }));

  test(
    'fsdump, fstail, fstest, fsrefs and fsoids print the same',
    { timeout: 120_000 + COUNT * 30_000 },
    async () => {
      let dangling = 0;
      for (const file of files) {
        await expectSame('fsdump', file);
        await expectSame('fstail', file);
        await expectSame('fstail', '-n', '1000', file);
        await expectSame('fstest', file);
        await expectSame('fstest', '-v', file);
        await expectSame('fstest', '-v', '-v', file);
        dangling += (await expectSame('fsrefs', file)).stdout.length;
        // Python fails where there are references to an object without a record.
        const { stdout } = await ours('fsdump', [file]);
        const oids = [...new Set(stdout.toString().match(/(?<=oid=)[0-9a-f]{16}/g))];
        const list = `${file}.oids`;
        writeFileSync(list, oids.map((oid) => `0x${oid}\n`).join(''));
        await expectSame('fsoids', '-f', list, file);
        await expectSame('fsoids', file, '0', '0x1', '7', '0xffff');
      }
      expect(dangling).toBeGreaterThan(0);
    },
  );

  test('fstest refuses what Python refuses', { timeout: 120_000 }, async () => {
    const file = path.join(base, 'damaged.fs');
    const whole = readFileSync(files[0]!);
    for (const [at, byte] of [
      [0, 0],
      [12, 255],
      [20, 99],
      [whole.length - 1, 255],
    ] as const) {
      const bytes = Buffer.from(whole);
      bytes[at] = byte;
      writeFileSync(file, bytes);
      expect((await ours('fstest', [file])).code).toBe(theirs('fstest', [file]).code);
    }
    copyFileSync(files[0]!, file);
    truncateSync(file, whole.length - 3);
    await expectSame('fstest', file);
    await expectSame('fstest', path.join(base, 'nowhere.fs'));
  });

  test('fsrecover copies what Python copies', { timeout: 120_000 + COUNT * 20_000 }, async () => {
    for (const file of files) {
      const damaged = `${file}.damaged`;
      const bytes = readFileSync(file);
      bytes.fill(0xee, Math.floor(bytes.length / 2), Math.floor(bytes.length / 2) + 100);
      writeFileSync(damaged, bytes);
      const [a, b] = [`${file}.a`, `${file}.b`];
      expect((await ours('fsrecover', [damaged, a])).code).toBe(theirs('fsrecover', [damaged, b]).code);
      const transactions = (of: string) =>
        theirs('fsdump', [of])
          .stdout.toString()
          .replaceAll(/ offset=\d+/g, '');
      expect(transactions(a)).toBe(transactions(b));
      // Not over a file that is there.
      expect((await ours('fsrecover', [damaged, a])).code).toBe(theirs('fsrecover', [damaged, b]).code);
      expect((await ours('fsrecover', ['-f', damaged, a])).code).toBe(0);
    }
  });

  test(
    'repozo saves the same files, and each puts together what the other has saved',
    { timeout: 120_000 },
    async () => {
      const [file] = files as [string];
      const [a, b] = [path.join(base, 'ours'), path.join(base, 'theirs')];
      for (const directory of [a, b]) mkdirSync(directory);
      const contents = (directory: string) =>
        readdirSync(directory)
          .sort()
          .map((name) => {
            const bytes = readFileSync(path.join(directory, name));
            const kind = path.extname(name);
            // Its lines name the files.
            return [
              kind,
              kind === '.dat' ? bytes.toString().replaceAll(/^\S+/gm, '') : bytes.toString('hex'),
            ];
          });
      await ours('repozo', ['-B', '-r', a, '-f', file]);
      theirs('repozo', ['-B', '-r', b, '-f', file]);
      expect(contents(a)).toEqual(contents(b));
      for (const repository of [a, b]) {
        expect((await expectSame('repozo', '-V', '-r', repository)).stdout.length).toBe(0);
        await expectSame('repozo', '-R', '-r', repository);
        const [one, two] = [`${file}.one`, `${file}.two`];
        for (const options of [[], ['-w']]) {
          expect(await ours('repozo', ['-R', ...options, '-r', repository, '-o', one])).toEqual(
            theirs('repozo', ['-R', ...options, '-r', repository, '-o', two]),
          );
          for (const end of ['', '.index'])
            expect(readFileSync(`${one}${end}`).equals(readFileSync(`${two}${end}`))).toBe(true);
        }
        // What is wrong with the arguments exits with what Python exits with, or with 2.
        for (const args of [
          ['-R', '-r', repository, '-D', '1999-01-01', '-o', `${file}.none`],
          ['-B', '-r', repository, '-f', `${file}.none`],
          ['-V', '-r', path.join(repository, 'none')],
          ['-B', '-R', '-r', repository],
          ['-B', '-r', repository],
          [],
        ])
          expect((await ours('repozo', args)).code, args.join(' ')).toBe(theirs('repozo', args).code);
        expect(existsSync(`${file}.none`)).toBe(false);
      }
    },
  );
});
