import { Formatter } from '../formatter.ts';
import { NOTSET } from '../levels.ts';
import { repr, TupleValue } from '../python-text.ts';
import type { LogRecord } from '../record.ts';
import { runtime } from '../runtime.ts';
import { formatException } from '../traceback.ts';

/** Where records end up. `emit` may throw: the record is reported on stderr and the server goes on. */
export abstract class Handler {
  /** Python's name of the class. */
  abstract readonly pythonClass: string;
  level = NOTSET;
  formatter: Formatter | null = null;

  protected abstract emit(record: LogRecord): void;

  /** Never throws. The record's level has been compared before. */
  handle(record: LogRecord): void {
    try {
      this.emit(record);
    } catch (error) {
      reportError(error, record);
    }
  }

  /** Whether records should tell where they were logged. */
  get needsCaller(): boolean {
    return this.formatter?.needsCaller ?? false;
  }

  format(record: LogRecord): string {
    return (this.formatter ?? usualFormatter).format(record);
  }

  /** Gives on what is held back; synchronous, so that it works while the process ends. */
  flush(): void {}

  /** Opens files anew, after another program has moved them. */
  reopen(): void {}

  close(): void {}

  /** Resolves when everything on its way has arrived or failed. */
  async settled(): Promise<void> {}

  /** What the class was given, under Python's names. */
  protected abstract describeSettings(): Record<string, unknown>;

  describe(): Record<string, unknown> {
    return {
      class: this.pythonClass,
      level: this.level,
      formatter: this.formatter?.describe() ?? null,
      ...this.describeSettings(),
    };
  }
}

const usualFormatter = new Formatter();

/** Python's note on stderr about a record that could not be written. */
export function reportError(error: unknown, record: LogRecord): void {
  let message: string;
  try {
    const args = Array.isArray(record.args) ? TupleValue.from(record.args as unknown[]) : record.args;
    message = `Message: ${repr(record.rawMessage)}\nArguments: ${repr(args)}`;
  } catch {
    message = 'Unable to print the message and arguments - possible formatting error.';
  }
  try {
    runtime.stderr.write(`--- Logging error ---\n${formatException(error)}\n${message}\n`);
  } catch {
    // stderr is where this would be told.
  }
}

/** `NullHandler`. */
export class NullHandler extends Handler {
  readonly pythonClass = 'NullHandler';

  protected override emit(): void {}

  protected override describeSettings(): Record<string, unknown> {
    return {};
  }
}
