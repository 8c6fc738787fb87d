import type { LogRecord } from '../record.ts';
import { Handler, reportError } from './handler.ts';

// A receiver that is gone must not fill the memory.
const MOST_PENDING = 1000;

/** A handler whose records travel: the log call never waits, and a failure is reported on stderr when it is known. */
export abstract class RemoteHandler extends Handler {
  readonly #pending = new Set<Promise<void>>();

  /** Sends what was formatted; the promise settles when the receiver has it or it is lost. */
  protected abstract send(record: LogRecord): Promise<void>;

  protected override emit(record: LogRecord): void {
    if (this.#pending.size >= MOST_PENDING) {
      throw new Error(`${this.pythonClass}: ${MOST_PENDING} records are already on their way`);
    }
    const sending: Promise<void> = this.send(record)
      .catch((error: unknown) => reportError(error, record))
      .finally(() => this.#pending.delete(sending));
    this.#pending.add(sending);
  }

  override async settled(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }
}
