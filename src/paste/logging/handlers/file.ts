import { closeSync, fstatSync, openSync, statSync, writeSync } from 'node:fs';
import path from 'node:path';
import { type EncodeErrors, encoderOf } from '../encodings.ts';
import { pythonError } from '../errors.ts';
import type { LogRecord } from '../record.ts';
import { Handler, reportError } from './handler.ts';

export interface FileSettings {
  readonly filename: string;
  readonly mode?: string;
  readonly encoding?: string | null;
  readonly delay?: boolean;
  readonly errors?: EncodeErrors | null;
}

const MODES = new Set(['a', 'w', 'x', 'a+', 'w+', 'x+', 'at', 'wt', 'xt']);

/** Files with lines that are not written yet. */
const waiting = new Set<FileHandler>();
/** Counts turns of the event loop in which something came in bulk. */
let turn = 0;
let scheduled = false;

function writeWaiting(): void {
  scheduled = false;
  turn++;
  for (const handler of waiting) handler.flush();
}

// Whatever ends the process, short of killing it.
process.on('exit', writeWaiting);

/** Bytes of lines that wait at most. */
const MOST_WAITING = 65_536;

/**
 * `FileHandler`. Every record is handed to the operating system before the log call returns (one `write` with O_APPEND):
 * nothing is lost when the process ends or dies, and lines of several threads do not mix. Records that come in bulk (`LogRecord.bulk`: the
 * access log) are gathered where several come in one turn of the event loop: the first is written at once, the rest at the turn's end, before
 * any other record, and when the process exits.
 */
export class FileHandler extends Handler {
  readonly pythonClass: string = 'FileHandler';
  readonly filename: string;
  protected readonly delay: boolean;
  protected descriptor: number | undefined;
  readonly #mode: string;
  readonly #encoding: string | null;
  readonly #encode: (text: string) => Uint8Array;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #waitingRecord: LogRecord | undefined;
  #turn = -1;

  constructor({ filename, mode = 'a', encoding = null, delay = false, errors = null }: FileSettings) {
    super();
    if (!MODES.has(mode)) throw pythonError('ValueError', `invalid mode of a log file: '${mode}'`);
    this.filename = path.resolve(filename);
    this.#mode = mode;
    this.#encoding = encoding;
    this.#encode = encoderOf(encoding ?? 'utf-8', errors ?? 'strict');
    this.delay = delay;
    if (!delay) this.open();
  }

  protected open(flags = this.#mode.replace('t', '')): number {
    try {
      this.descriptor = openSync(this.filename, flags);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const [name, reason] =
        code === 'ENOENT'
          ? ['FileNotFoundError', 'No such file or directory']
          : code === 'EACCES'
            ? ['PermissionError', 'Permission denied']
            : code === 'EISDIR'
              ? ['IsADirectoryError', 'Is a directory']
              : ['OSError', message];
      throw pythonError(name!, `${reason}: '${this.filename}'`, error);
    }
    return this.descriptor;
  }

  protected override emit(record: LogRecord): void {
    // A delayed file is there even if its first record cannot be written.
    if (this.descriptor === undefined) this.open();
    const bytes = this.#encode(`${this.format(record)}\n`);
    if (record.bulk && this.#turn === turn) {
      this.#waiting.push(bytes);
      this.#waitingBytes += bytes.length;
      this.#waitingRecord = record;
      waiting.add(this);
      if (this.#waitingBytes >= MOST_WAITING) this.flush();
      return;
    }
    this.flush();
    this.write(bytes);
    if (!record.bulk) return;
    this.#turn = turn;
    if (!scheduled) setImmediate(writeWaiting);
    scheduled = true;
  }

  override flush(): void {
    waiting.delete(this);
    const record = this.#waitingRecord;
    if (record === undefined) return;
    const bytes = this.#waiting.length === 1 ? this.#waiting[0]! : Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#waitingRecord = undefined;
    try {
      this.write(bytes);
    } catch (error) {
      reportError(error, record);
    }
  }

  protected encodedLength(record: LogRecord): number {
    return this.format(record).length + 1;
  }

  protected write(bytes: Uint8Array): void {
    const descriptor = this.descriptor ?? this.open();
    for (let done = 0; done < bytes.length;) done += writeSync(descriptor, bytes, done);
  }

  /** Size of the open file. */
  protected size(): number {
    return fstatSync(this.descriptor ?? this.open()).size + this.#waitingBytes;
  }

  override reopen(): void {
    if (this.descriptor === undefined) return;
    this.close();
    // Not as it was first opened: 'w' would empty the file, 'x' refuse it.
    this.open('a');
  }

  override close(): void {
    this.flush();
    if (this.descriptor === undefined) return;
    closeSync(this.descriptor);
    this.descriptor = undefined;
  }

  protected override describeSettings(): Record<string, unknown> {
    return {
      baseFilename: this.filename,
      mode: this.#mode,
      encoding: this.#encoding ?? 'locale',
      delay: this.delay,
    };
  }
}

/** `handlers.WatchedFileHandler`: opens the file anew when another program has moved or removed it. */
export class WatchedFileHandler extends FileHandler {
  override readonly pythonClass = 'WatchedFileHandler';
  protected override emit(record: LogRecord): void {
    if (this.descriptor !== undefined) {
      const now = statSync(this.filename, { throwIfNoEntry: false });
      if (now === undefined || identityOf(now) !== identityOf(fstatSync(this.descriptor))) this.reopen();
    }
    super.emit(record);
  }
}

const identityOf = ({ dev, ino }: { dev: number; ino: number }) => `${dev} ${ino}`;
