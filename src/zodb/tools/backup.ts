import {
  appendFileSync,
  createReadStream,
  createWriteStream,
  existsSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { createHash } from 'node:crypto';
import { syncFile } from '../blobs/move-file.ts';
import { FileStorage } from '../filestorage/file-storage.ts';
import {
  BackupError,
  dataFiles,
  datFile,
  filesFor,
  isFull,
  readDat,
  sumOfFiles,
  sumOfPart,
  withoutExtension,
} from './backup-files.ts';
import { command, type DbCommandStreams, Progress } from './command.ts';

export interface BackupOptions {
  readonly repository: string;
  readonly file: string;
  readonly full: boolean;
  readonly quick: boolean;
  readonly gzip: boolean;
  readonly killOld: boolean;
  readonly verbose: boolean;
}

/**
 * The end of the last complete transaction.
 *
 * @param index Where to write the index of the file up to there.
 */
function endOf(file: string, index?: string): number {
  const storage = new FileStorage(file, { readOnly: true });
  try {
    if (index !== undefined) storage.saveIndexTo(index);
    return storage.getSize();
  } finally {
    storage.close();
  }
}

async function write(
  { file, repository, gzip }: BackupOptions,
  start: number,
  full: string | undefined,
  io: DbCommandStreams,
): Promise<string> {
  const now = new Date().toISOString().slice(0, 19).replaceAll(/[T:]/g, '-');
  const base = path.join(repository, now);
  const target = `${base}.${full === undefined ? 'fs' : 'deltafs'}${gzip ? 'z' : ''}`;
  if (existsSync(target)) throw new BackupError(`Cannot overwrite existing file: ${target}`);
  const end = endOf(file, `${base}.index`);
  const progress = new Progress(io, 'saved');
  const hash = createHash('md5');
  let done = start;
  const part = `${target}.part`;
  const source = createReadStream(file, { start, end: end - 1 });
  source.on('data', (chunk) => {
    hash.update(chunk);
    done += chunk.length;
    progress.show(done - start, end - start);
  });
  try {
    if (gzip) await pipeline(source, createGzip(), createWriteStream(part));
    else await pipeline(source, createWriteStream(part));
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
  progress.end();
  syncFile(part);
  renameSync(part, target);
  const dat = datFile(full ?? target);
  appendFileSync(dat, `${target} ${start} ${end} ${hash.digest('hex')}\n`);
  syncFile(dat);
  return target;
}

/** Why an incremental backup is not possible, or from where it goes on. */
async function goOnFrom(files: readonly string[], { file, quick }: BackupOptions): Promise<number | string> {
  if (files.length === 0) return 'there is no whole backup';
  const size = statSync(file).size;
  if (quick) {
    const last = readDat(files[0]!).at(-1);
    if (last === undefined) return 'the .dat file is missing';
    if (size < last.end) return 'the file has shrunk: it was packed';
    return (await sumOfPart(file, last.start, last.end)).md5 === last.md5
      ? last.end
      : 'the file is another one than before: it was packed';
  }
  const saved = await sumOfFiles(files);
  if (size < saved.size) return 'the file has shrunk: it was packed';
  return (await sumOfPart(file, 0, saved.size)).md5 === saved.md5
    ? saved.size
    : 'the file is another one than before: it was packed';
}

function deleteOld(repository: string, newest: string, told: (text: string) => void): void {
  for (const name of dataFiles(repository)) {
    if (name === newest) continue;
    const base = path.join(repository, withoutExtension(name));
    told(`removed ${name}`);
    rmSync(`${base}.dat`, { force: true });
    rmSync(`${base}.index`, { force: true });
    rmSync(path.join(repository, name));
  }
}

export async function runBackup(options: BackupOptions, io: DbCommandStreams): Promise<number> {
  const { repository, file } = options;
  const tell = (text: string) => void (options.verbose && io.stderr.write(`${text}\n`));
  if (!existsSync(file)) throw new BackupError(`there is no file ${file}`);
  dataFiles(repository);
  const files = filesFor(repository);
  const from = options.full ? 'a whole backup was asked for' : await goOnFrom(files, options);
  if (typeof from === 'number') {
    if (from >= endOf(file)) {
      tell('no changes, nothing to do');
      return 0;
    }
    tell(`saved ${await write(options, from, files[0], io)}`);
    return 0;
  }
  tell(from);
  const target = await write(options, 0, undefined, io);
  tell(`saved ${target}`);
  if (options.killOld && isFull(target)) deleteOld(repository, path.basename(target), tell);
  return 0;
}

export const backup = command({
  about: 'save a Data.fs to a repository, whole or what was added (repozo -B)',
  usage: `usage: zope db backup -r REPOSITORY [-F] [-Q] [-z] [-k] [-v] FILE

  -r, --repository DIR     where the backups are
  -F, --full               save the whole file; else only what was added since the last backup, where that can be told
  -Q, --quick              compare only with the last part of the repository, not with all of it
  -z, --gzip               compress
  -k, --kill-old-on-full   after saving the whole file remove the older backups
  -v, --verbose            tell what is done

The database may be in use.
`,
  options: {
    repository: { type: 'string', short: 'r' },
    full: { type: 'boolean', short: 'F', default: false },
    quick: { type: 'boolean', short: 'Q', default: false },
    gzip: { type: 'boolean', short: 'z', default: false },
    'kill-old-on-full': { type: 'boolean', short: 'k', default: false },
    verbose: { type: 'boolean', short: 'v', default: false },
  },
  positionals: [1, 1],
  run({ repository, full, quick, gzip, 'kill-old-on-full': killOld, verbose }, [file], io) {
    if (repository === undefined) throw new BackupError('--repository is missing');
    return runBackup({ repository, file: file!, full, quick, gzip, killOld, verbose }, io);
  },
});
