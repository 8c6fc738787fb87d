/**
 * The files of a backup repository, as Python's repozo keeps them: `YYYY-MM-DD-HH-MM-SS.fs` (a whole file; `.fsz`: compressed), `.deltafs`
 * (what was appended since), beside the whole file a `.dat` with a line `FILE START END MD5` for each of them, and `.index` files.
 */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createGunzip } from 'node:zlib';
import { POSError } from '../errors.ts';

export class BackupError extends POSError {
  override readonly code: string = 'BACKUP';
}

export interface DataLine {
  readonly file: string;
  readonly start: number;
  readonly end: number;
  readonly md5: string;
}

const DATA_FILE = /^\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d\.(fs|fsz|deltafs|deltafsz)$/;
export const isFull = (file: string): boolean => /\.fsz?$/.test(file);
export const withoutExtension = (file: string): string => file.slice(0, -path.extname(file).length);

/** All data files of a repository, the oldest first. */
export function dataFiles(repository: string): string[] {
  if (!existsSync(repository)) throw new BackupError(`there is no directory ${repository}`);
  return readdirSync(repository)
    .filter((name) => DATA_FILE.test(name))
    .sort();
}

/** The files that the state at a time needs: a whole one and what was appended, as paths, the oldest first. */
export function filesFor(repository: string, when = '9'): string[] {
  const needed: string[] = [];
  for (const name of dataFiles(repository).reverse()) {
    if (withoutExtension(name) > when) continue;
    needed.unshift(path.join(repository, name));
    if (isFull(name)) return needed;
  }
  if (needed.length > 0) throw new BackupError(`${needed[0]}: the whole file before it is missing`);
  return [];
}

export const datFile = (full: string): string => `${withoutExtension(full)}.dat`;

/** What the repository says of its files. The lines name the directory that it was in; where it is now counts. */
export function readDat(full: string): DataLine[] {
  const dat = datFile(full);
  if (!existsSync(dat)) return [];
  return readFileSync(dat, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const found = /^(.*) (\d+) (\d+) ([\da-f]{32})$/.exec(line);
      if (found === null)
        throw new BackupError(`${dat}: ${JSON.stringify(line)} is no line "FILE START END MD5"`);
      const [, file, start, end, md5] = found as unknown as [string, string, string, string, string];
      return {
        file: path.join(path.dirname(full), path.basename(file)),
        start: Number(start),
        end: Number(end),
        md5,
      };
    });
}

/** The bytes of a data file, decompressed. */
export function contentOf(file: string): AsyncIterable<Buffer> {
  const stream = createReadStream(file);
  if (!file.endsWith('z')) return stream as AsyncIterable<Buffer>;
  const gunzip = createGunzip();
  stream.on('error', (error) => gunzip.destroy(error));
  return stream.pipe(gunzip) as AsyncIterable<Buffer>;
}

export interface Sum {
  readonly size: number;
  readonly md5: string;
}

/** Size and MD5 of chunks, which are passed on. */
export async function sumOf(
  chunks: AsyncIterable<Buffer>,
  passOn?: (chunk: Buffer) => void | Promise<void>,
): Promise<Sum> {
  const hash = createHash('md5');
  let size = 0;
  for await (const chunk of chunks) {
    hash.update(chunk);
    size += chunk.length;
    await passOn?.(chunk);
  }
  return { size, md5: hash.digest('hex') };
}

/** The same of a part of a file. */
export function sumOfPart(file: string, start: number, end: number): Promise<Sum> {
  if (end <= start) return Promise.resolve({ size: 0, md5: createHash('md5').digest('hex') });
  return sumOf(createReadStream(file, { start, end: end - 1 }) as AsyncIterable<Buffer>);
}

/** The same of several data files one after the other. */
export function sumOfFiles(files: readonly string[]): Promise<Sum> {
  return sumOf(
    (async function* () {
      for (const file of files) yield* contentOf(file);
    })(),
  );
}
