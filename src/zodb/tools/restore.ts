import { copyFileSync, createWriteStream, existsSync, renameSync, rmSync, type WriteStream } from 'node:fs';
import { EventEmitter, once } from 'node:events';
import {
  BackupError,
  contentOf,
  type DataLine,
  filesFor,
  readDat,
  sumOf,
  withoutExtension,
} from './backup-files.ts';
import { command, type DbCommandStreams, Progress } from './command.ts';

export interface RestoreOptions {
  readonly repository: string;
  /** The file; undefined: standard output, which gets no index. */
  readonly output: string | undefined;
  readonly date: string | undefined;
  readonly verify: boolean;
  readonly verbose: boolean;
  /** Nothing is told but errors, as Python's repozo does. */
  readonly quiet?: boolean;
}

function checkDate(date: string): string {
  if (!/^\d{4}-\d\d-\d\d(-\d\d){0,3}$/.test(date))
    throw new BackupError(`${JSON.stringify(date)} is no date as YYYY-MM-DD[-HH[-MM[-SS]]]`);
  return date;
}

function compare(
  line: DataLine | undefined,
  file: string,
  sum: { size: number; md5: string | undefined },
): void {
  if (line === undefined) throw new BackupError(`${file}: the .dat file says nothing of it`);
  const size = line.end - line.start;
  if (sum.size !== size) throw new BackupError(`${file} is ${sum.size} bytes, should be ${size} bytes`);
  if (sum.md5 !== undefined && sum.md5 !== line.md5)
    throw new BackupError(`${file} has checksum ${sum.md5} instead of ${line.md5}`);
}

/** A file beside the output, which takes its place when it is complete. */
class OutputFile {
  readonly #path: string;
  readonly #part: string;
  readonly #stream: WriteStream;
  readonly #failed: Promise<never>;

  constructor(path: string) {
    this.#path = path;
    this.#part = `${path}.part`;
    this.#stream = createWriteStream(this.#part);
    this.#failed = once(this.#stream, 'error').then(([error]) => {
      throw error as Error;
    });
    this.#failed.catch(() => {});
  }

  async write(chunk: Buffer): Promise<void> {
    if (!this.#stream.write(chunk)) await Promise.race([once(this.#stream, 'drain'), this.#failed]);
  }

  async complete(index: string): Promise<void> {
    this.#stream.end();
    await Promise.race([once(this.#stream, 'finish'), this.#failed]);
    rmSync(`${this.#path}.index`, { force: true });
    renameSync(this.#part, this.#path);
    if (existsSync(index)) copyFileSync(index, `${this.#path}.index`);
  }

  remove(): void {
    this.#stream.destroy();
    rmSync(this.#part, { force: true });
  }
}

/** Prints a piece, and waits where the stream asks for it, so that a large file is not held in memory. */
async function print(stdout: DbCommandStreams['stdout'], chunk: Buffer): Promise<void> {
  if (stdout.write(chunk) === false && stdout instanceof EventEmitter) await once(stdout, 'drain');
}

/** Puts the state at a date together. */
export async function runRestore(options: RestoreOptions, io: DbCommandStreams): Promise<number> {
  const { repository, output, date } = options;
  const files = filesFor(repository, date === undefined ? undefined : checkDate(date));
  if (files.length === 0)
    throw new BackupError(
      date === undefined ? 'No files in repository' : `No files in repository before ${date}`,
    );
  const lines = options.verify ? readDat(files[0]!) : [];
  const target = output === undefined ? undefined : new OutputFile(output);
  const progress = new Progress(io, 'restored');
  let total = 0;
  try {
    for (const [index, file] of files.entries()) {
      const sum = await sumOf(contentOf(file), (chunk) =>
        target === undefined ? print(io.stdout, chunk) : target.write(chunk),
      );
      if (options.verify)
        compare(
          lines.find((line) => line.file === file),
          file,
          sum,
        );
      total += sum.size;
      if (options.verbose) io.stderr.write(`${file}: ${sum.size} bytes, md5 ${sum.md5}\n`);
      progress.show(index + 1, files.length);
    }
    progress.end();
    await target?.complete(`${withoutExtension(files.at(-1)!)}.index`);
  } catch (error) {
    target?.remove();
    throw error;
  }
  if (output !== undefined && options.quiet !== true)
    io.stdout.write(`${total} bytes restored to ${output}\n`);
  return 0;
}

/** Compares every file of the newest backup with what was noted when it was made. */
export async function runVerify(
  repository: string,
  quick: boolean,
  verbose: boolean,
  io: DbCommandStreams,
): Promise<number> {
  const files = filesFor(repository);
  if (files.length === 0) throw new BackupError('No files in repository');
  const lines = readDat(files[0]!);
  for (const file of files)
    if (!lines.some((line) => line.file === file))
      throw new BackupError(`${file}: the .dat file says nothing of it`);
  for (const line of lines) {
    if (!existsSync(line.file)) throw new BackupError(`${line.file} is missing`);
    const { size, md5 } = await sumOf(contentOf(line.file));
    compare(line, line.file, { size, md5: quick ? undefined : md5 });
    if (verbose) io.stderr.write(`${line.file}: right\n`);
  }
  if (verbose) io.stderr.write(`${lines.length} files are right\n`);
  return 0;
}

export const restore = command({
  about: 'put a Data.fs together from a repository, as it was at a time (repozo -R)',
  usage: `usage: zope db restore -r REPOSITORY [-D DATE] [-w] [-v] OUTPUT

  -r, --repository DIR   where the backups are
  -D, --date DATE        the state at this time (UTC), as YYYY-MM-DD[-HH[-MM[-SS]]]; default: the newest
  -w, --with-verify      compare with what was noted when the backups were made
  -v, --verbose          tell what is done
`,
  options: {
    repository: { type: 'string', short: 'r' },
    date: { type: 'string', short: 'D' },
    'with-verify': { type: 'boolean', short: 'w', default: false },
    verbose: { type: 'boolean', short: 'v', default: false },
  },
  positionals: [1, 1],
  run({ repository, date, 'with-verify': verify, verbose }, [output], io) {
    if (repository === undefined) throw new BackupError('--repository is missing');
    return runRestore({ repository, output: output!, date, verify, verbose }, io);
  },
});
