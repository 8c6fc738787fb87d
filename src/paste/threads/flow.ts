/** Bodies between threads: parts are sent as far as their reader has promised to take them. */
import { WINDOW } from './wire.ts';

/** Sends a body's parts as far as the other thread wants them. */
export class Outflow {
  #credit = WINDOW;
  #wake: (() => void) | undefined;
  #cancelled = false;
  /** Called once when the reader wants no more. */
  onCancel: (() => void) | undefined;

  get cancelled(): boolean {
    return this.#cancelled;
  }

  /** The reader takes so many bytes more. */
  credit(bytes: number): void {
    this.#credit += bytes;
    if (this.#credit > 0) this.#wake?.();
  }

  /** The reader wants no more. */
  cancel(): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    this.onCancel?.();
    this.#wake?.();
  }

  /** To be called for what was sent; true when the next part has to wait. */
  spend(bytes: number): boolean {
    this.#credit -= bytes;
    return this.#credit <= 0;
  }

  /** Resolves when there is room again, or the reader is gone. */
  room(): Promise<void> {
    if (this.#credit > 0 || this.#cancelled) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined;
        resolve();
      };
    });
  }
}

/** The parts of a body that another thread sends. */
export class Inflow implements AsyncIterableIterator<Uint8Array> {
  readonly #parts: Uint8Array[] = [];
  readonly #promise: (bytes: number) => void;
  readonly #cancel: () => void;
  #ended = false;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  /** @param promise Tells the sender that bytes were taken. @param cancel Tells it that no more are wanted. */
  constructor(promise: (bytes: number) => void, cancel: () => void) {
    this.#promise = promise;
    this.#cancel = cancel;
  }

  push(bytes: Uint8Array): void {
    if (this.#ended) return;
    this.#parts.push(bytes);
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  fail(error: Error): void {
    this.#failure ??= error;
    this.#wake?.();
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    for (;;) {
      const part = this.#parts.shift();
      if (part !== undefined) {
        this.#promise(part.length);
        return { done: false, value: part };
      }
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#ended) return { done: true, value: undefined };
      // oxlint-disable-next-line no-await-in-loop -- waits for the next part
      await new Promise<void>((resolve) => {
        this.#wake = () => {
          this.#wake = undefined;
          resolve();
        };
      });
    }
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (!this.#ended && this.#failure === undefined) this.#cancel();
    this.#ended = true;
    this.#parts.length = 0;
    this.#wake?.();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
