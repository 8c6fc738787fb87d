/** What is written to an answer bit by bit: a megabyte in memory, what is longer in a file without a name, so that slow clients of long answers cost no memory. */
import { closeSync, read, writeSync } from 'node:fs';
import { openNameless } from '../paste/index.ts';

/** As much as waitress keeps (`outbuf_overflow`). */
const IN_MEMORY = 1_048_576;
const READ_AT_ONCE = 262_144;

type Part = string | Uint8Array;

export class Written {
  /** Bytes. */
  size = 0;
  #parts: Part[] = [];
  #inMemory = 0;
  /** Descriptor of the file; undefined while everything is in memory. */
  #file: number | undefined;

  /** Adds bytes, or text as UTF-8. Throws what writing to the file throws; then nothing is left of what was added. */
  add(part: Part): void {
    const length = Buffer.byteLength(part);
    this.#parts.push(part);
    this.size += length;
    this.#inMemory += length;
    if (this.#inMemory > IN_MEMORY) this.#spill();
  }

  #spill(): void {
    try {
      this.#file ??= openNameless('zope-answer-');
      for (const part of this.#parts) {
        const bytes = bytesOf(part);
        for (let done = 0; done < bytes.length;) done += writeSync(this.#file, bytes, done);
      }
    } catch (error) {
      // An answer that says so is not to begin with half of this one.
      this.discard();
      throw error;
    }
    this.#parts = [];
    this.#inMemory = 0;
  }

  /** Everything, as a body. It is to be read to its end or returned (`discard`). */
  body(): Part | AsyncIterableIterator<Uint8Array> {
    if (this.#file === undefined)
      return this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts.map(bytesOf));
    this.#spill();
    const file = this.#file;
    this.#file = undefined;
    return new FileBody(file, this.size);
  }

  /** Everything, and then what a stream gives. */
  before(rest: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>): AsyncIterableIterator<Uint8Array> {
    const body = this.body();
    const own = typeof body === 'string' || body instanceof Uint8Array ? [bytesOf(body)] : body;
    return new Chain([own, rest as AsyncIterable<Uint8Array>]);
  }

  /** It is not sent. */
  discard(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
    this.#parts = [];
    this.#inMemory = 0;
    this.size = 0;
  }
}

const bytesOf = (part: Part): Uint8Array => (typeof part === 'string' ? Buffer.from(part) : part);

/** Reads an open file from its beginning, and closes it at the end. */
class FileBody implements AsyncIterableIterator<Uint8Array> {
  readonly #size: number;
  #file: number | undefined;
  #at = 0;
  #reading = false;
  #returned = false;

  constructor(file: number, size: number) {
    this.#file = file;
    this.#size = size;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    if (this.#file === undefined || this.#returned || this.#at === this.#size) return this.return();
    const bytes = Buffer.allocUnsafeSlow(Math.min(READ_AT_ONCE, this.#size - this.#at));
    this.#reading = true;
    let count: number;
    try {
      count = await readInto(this.#file, bytes, this.#at);
    } finally {
      this.#reading = false;
      if (this.#returned) this.#close();
    }
    this.#at += count;
    return { done: false, value: count === bytes.length ? bytes : bytes.subarray(0, count) };
  }

  return(): Promise<IteratorResult<Uint8Array>> {
    this.#returned = true;
    // What is being read needs the descriptor.
    if (!this.#reading) this.#close();
    return Promise.resolve({ done: true, value: undefined });
  }

  #close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}

/** One after the other. */
class Chain implements AsyncIterableIterator<Uint8Array> {
  readonly #iterators: (Iterator<Uint8Array> | AsyncIterator<Uint8Array>)[];

  constructor(parts: readonly (Iterable<Uint8Array> | AsyncIterable<Uint8Array>)[]) {
    this.#iterators = parts.map((part) =>
      Symbol.asyncIterator in part ? part[Symbol.asyncIterator]() : part[Symbol.iterator](),
    );
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    for (;;) {
      const [first] = this.#iterators;
      if (first === undefined) return { done: true, value: undefined };
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const result = await first.next();
      if (result.done !== true) return result;
      this.#iterators.shift();
    }
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    await Promise.all(this.#iterators.splice(0).map((each) => each.return?.()));
    return { done: true, value: undefined };
  }
}

function readInto(file: number, bytes: Buffer, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    read(file, bytes, 0, bytes.length, position, (error, count) => {
      if (error !== null) reject(error);
      else if (count === 0) reject(new Error('the file of an answer ends before the answer'));
      else resolve(count);
    });
  });
}
