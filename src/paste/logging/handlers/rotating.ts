import { existsSync, renameSync, statSync } from 'node:fs';
import type { LogRecord } from '../record.ts';
import { FileHandler, type FileSettings } from './file.ts';
import { reportError } from './handler.ts';

/** A log file that is set aside from time to time. */
export abstract class RollingFileHandler extends FileHandler {
  protected abstract isDue(record: LogRecord): boolean;

  /** Sets the file aside under its new name and clears away what is too old. */
  protected abstract setAside(): void;

  /** Starts a new file now. */
  rollOver(): void {
    this.close();
    this.setAside();
    if (!this.delay) this.open();
  }

  protected override emit(record: LogRecord): void {
    // A rollover that fails (a full disk, a folder without permission) must not lose the record.
    let reported = false;
    try {
      if (this.isDue(record) && this.isRegularFile()) this.rollOver();
    } catch (error) {
      reportError(error, record);
      reported = true;
    }
    try {
      super.emit(record);
    } catch (error) {
      // What cannot be shown fails twice.
      if (!reported) throw error;
    }
  }

  /** A missing file counts: it will be a regular one. */
  protected isRegularFile(): boolean {
    return statSync(this.filename, { throwIfNoEntry: false })?.isFile() ?? true;
  }
}

/** `handlers.RotatingFileHandler`: `log`, `log.1`, `log.2` …, by size. */
export class RotatingFileHandler extends RollingFileHandler {
  override readonly pythonClass = 'RotatingFileHandler';
  readonly #maxBytes: number;
  readonly #backupCount: number;

  constructor({
    maxBytes = 0,
    backupCount = 0,
    ...settings
  }: FileSettings & { readonly maxBytes?: number; readonly backupCount?: number }) {
    // Emptying the file at every start would lose what rotation is there to keep.
    super(maxBytes > 0 ? { ...settings, mode: 'a' } : settings);
    this.#maxBytes = maxBytes;
    this.#backupCount = backupCount;
  }

  protected override isDue(record: LogRecord): boolean {
    // Without old files a rollover would only reopen the same file.
    if (this.#maxBytes <= 0 || this.#backupCount <= 0) return false;
    return this.size() + this.encodedLength(record) >= this.#maxBytes;
  }

  protected override setAside(): void {
    if (this.#backupCount <= 0) return;
    for (let number = this.#backupCount; number > 0; number -= 1) {
      const source = number === 1 ? this.filename : `${this.filename}.${number - 1}`;
      if (existsSync(source)) renameSync(source, `${this.filename}.${number}`);
    }
  }

  protected override describeSettings(): Record<string, unknown> {
    return { ...super.describeSettings(), maxBytes: this.#maxBytes, backupCount: this.#backupCount };
  }
}
