/** Bodies of requests that are too long for memory: in files without a name. */
import { closeSync, readSync, writev } from 'node:fs';
import { openNameless } from './nameless-file.ts';
import { BodyFileError } from './request-errors.ts';

/** As much as waitress keeps (`inbuf_overflow`). */
export const BODY_IN_MEMORY = 524_288;
/** Written at once, at least; and what may wait while it is written. */
const BATCH = 262_144;

/** Those that nobody closed. */
const forgotten = new FinalizationRegistry<number>((descriptor) => closeSync(descriptor));

/** A whole body. It is to be closed. */
export class BodyFile {
  readonly size: number;
  #descriptor: number | undefined;

  constructor(descriptor: number, size: number) {
    this.#descriptor = descriptor;
    this.size = size;
    forgotten.register(this, descriptor, this);
  }

  get closed(): boolean {
    return this.#descriptor === undefined;
  }

  /** Throws when it is closed. */
  ensureOpen(): number {
    if (this.#descriptor === undefined)
      throw new BodyFileError('the body of a request cannot be read any more when the request is over');
    return this.#descriptor;
  }

  /** Fills a buffer with what begins at a position; gives how many bytes there were. Throws when it is closed. */
  read(target: Uint8Array, position: number): number {
    const descriptor = this.ensureOpen();
    let done = 0;
    while (done < target.length) {
      const count = readSync(descriptor, target, done, target.length - done, position + done);
      if (count === 0) break;
      done += count;
    }
    return done;
  }

  bytes(): Uint8Array {
    const all = new Uint8Array(this.size);
    this.read(all, 0);
    return all;
  }

  close(): void {
    if (this.#descriptor === undefined) return;
    forgotten.unregister(this);
    closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }
}

/** What becomes of a body: its bytes, or the file that it is in. */
export type KeptBody = Uint8Array | BodyFile;

/** Takes the parts of a body. */
export class BodyKeeper {
  readonly #inMemory: number;
  readonly #resume: () => void;
  readonly #resolve: (body: KeptBody) => void;
  readonly #reject: (error: Error) => void;
  readonly #open: () => number;
  #parts: Uint8Array[] = [];
  #held = 0;
  #descriptor: number | undefined;
  #written = 0;
  #writing = false;
  #paused = false;
  #ended = false;
  #failed = false;

  /**
   * @param inMemory Bytes that stay in memory.
   * @param resume Called when there is room again.
   * @param open Opens the file; tests give one that fails.
   */
  constructor(
    inMemory: number,
    resume: () => void,
    resolve: (body: KeptBody) => void,
    reject: (error: Error) => void,
    open = () => openNameless('zope-body-'),
  ) {
    this.#open = open;
    this.#inMemory = inMemory;
    this.#resume = resume;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** False: no more until there is room again. */
  chunk(bytes: Uint8Array): boolean {
    if (this.#failed) return true;
    this.#parts.push(bytes);
    this.#held += bytes.length;
    if (this.#descriptor === undefined) {
      if (this.#held <= this.#inMemory) return true;
      try {
        this.#descriptor = this.#open();
      } catch (error) {
        this.#unkept(error);
        return true;
      }
    }
    if (this.#held < BATCH) return true;
    if (!this.#writing) {
      this.#write();
      return true;
    }
    this.#paused = true;
    return false;
  }

  end(): void {
    if (this.#failed) return;
    this.#ended = true;
    if (this.#descriptor === undefined)
      this.#resolve(this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts));
    else if (!this.#writing) this.#write();
  }

  fail(error: Error): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#parts = [];
    // What is being written needs the descriptor.
    if (!this.#writing) this.#close();
    this.#reject(error);
  }

  #unkept(error: unknown): void {
    const { message } = error as Error;
    this.fail(new BodyFileError(`the body of a request cannot be kept in a file: ${message}`, error));
  }

  #close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #write(): void {
    const parts = this.#parts;
    if (parts.length === 0) {
      this.#done();
      return;
    }
    this.#parts = [];
    this.#held = 0;
    this.#writing = true;
    this.#put(parts);
  }

  #put(parts: readonly Uint8Array[]): void {
    writev(this.#descriptor!, parts, this.#written, (error, count) => {
      if (error === null) {
        this.#written += count;
        const rest = this.#failed ? [] : restOf(parts, count);
        if (rest.length > 0) {
          this.#put(rest);
          return;
        }
      }
      this.#writing = false;
      if (this.#failed) this.#close();
      else if (error !== null) this.#unkept(error);
      else this.#wrote();
    });
  }

  #wrote(): void {
    if (this.#held >= BATCH || this.#ended) this.#write();
    if (!this.#paused) return;
    this.#paused = false;
    this.#resume();
  }

  #done(): void {
    const file = new BodyFile(this.#descriptor!, this.#written);
    this.#descriptor = undefined;
    this.#resolve(file);
  }
}

function restOf(parts: readonly Uint8Array[], written: number): Uint8Array[] {
  let left = written;
  return parts.flatMap((part) => {
    const skipped = Math.min(left, part.length);
    left -= skipped;
    return skipped === part.length ? [] : [part.subarray(skipped)];
  });
}

/** Reads a stream to its end. */
export async function keepStream(
  stream: ReadableStream<Uint8Array>,
  inMemory = BODY_IN_MEMORY,
): Promise<KeptBody> {
  let wake: (() => void) | undefined;
  const { promise, resolve, reject } = withResolvers();
  // A failure is told by what is returned.
  promise.catch(() => undefined);
  let failed = false;
  const keeper = new BodyKeeper(
    inMemory,
    () => wake?.(),
    resolve,
    (error) => {
      failed = true;
      wake?.();
      reject(error);
    },
  );
  const reader = stream.getReader();
  try {
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- a body comes in its order
      const { done, value } = await reader.read();
      if (done) break;
      if (failed) {
        void reader.cancel().catch(() => undefined);
        break;
      }
      const room = new Promise<void>((go) => {
        wake = go;
      });
      // oxlint-disable-next-line no-await-in-loop
      if (!keeper.chunk(value)) await room;
    }
    keeper.end();
  } catch (error) {
    keeper.fail(error as Error);
  }
  return promise;
}

function withResolvers(): {
  promise: Promise<KeptBody>;
  resolve: (body: KeptBody) => void;
  reject: (error: Error) => void;
} {
  let resolve!: (body: KeptBody) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<KeptBody>((good, bad) => {
    resolve = good;
    reject = bad;
  });
  return { promise, resolve, reject };
}
