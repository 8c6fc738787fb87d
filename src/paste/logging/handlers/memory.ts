import { ERROR } from '../levels.ts';
import type { LogRecord } from '../record.ts';
import { Handler } from './handler.ts';

/** `handlers.MemoryHandler`: holds records back until there are many or a bad one comes, then gives them to a target. */
export class MemoryHandler extends Handler {
  readonly pythonClass = 'MemoryHandler';
  readonly #capacity: number;
  readonly #flushLevel: number;
  readonly #flushOnClose: boolean;
  #target: Handler | null = null;
  #records: LogRecord[] = [];

  constructor({
    capacity,
    flushLevel = ERROR,
    flushOnClose = true,
  }: {
    readonly capacity: number;
    readonly flushLevel?: number;
    readonly flushOnClose?: boolean;
  }) {
    super();
    this.#capacity = capacity;
    this.#flushLevel = flushLevel;
    this.#flushOnClose = flushOnClose;
  }

  setTarget(target: Handler): void {
    this.#target = target;
  }

  protected override emit(record: LogRecord): void {
    this.#records.push(record);
    if (this.#records.length >= this.#capacity || record.level >= this.#flushLevel) this.#giveOn();
  }

  /** As in Python the target's own level does not filter. Without a target the records stay, up to the capacity. */
  #giveOn(): void {
    if (!this.#target) {
      // Python lets them pile up without end.
      this.#records = this.#capacity > 0 ? this.#records.slice(-this.#capacity) : [];
      return;
    }
    const records = this.#records;
    this.#records = [];
    for (const record of records) this.#target.handle(record);
  }

  override flush(): void {
    if (this.#flushOnClose) this.#giveOn();
  }

  override close(): void {
    this.flush();
    this.#records = [];
  }

  protected override describeSettings(): Record<string, unknown> {
    return {
      capacity: this.#capacity,
      flushLevel: this.#flushLevel,
      flushOnClose: this.#flushOnClose,
      target: this.#target?.pythonClass ?? null,
    };
  }
}
