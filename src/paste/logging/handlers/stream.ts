import type { LogRecord } from '../record.ts';
import { type LogStream, runtime } from '../runtime.ts';
import { Handler } from './handler.ts';

/** `StreamHandler`: a line for every record on stdout or stderr. */
export class StreamHandler extends Handler {
  readonly pythonClass = 'StreamHandler';
  readonly #stream: LogStream;

  constructor(stream: LogStream = runtime.stderr) {
    super();
    this.#stream = stream;
  }

  protected override emit(record: LogRecord): void {
    this.#stream.write(`${this.format(record)}\n`);
  }

  protected override describeSettings(): Record<string, unknown> {
    return { stream: this.#stream.name };
  }
}
