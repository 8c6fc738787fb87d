/** The body of a request, in memory or in a file, as parsers and files of forms look into it. Bytes as text are characters up to U+00FF. */
import { BodyFile, type KeptBody } from '../paste/index.ts';

export interface ByteSource {
  readonly length: number;
  /** The bytes from `start` up to `end`, for the caller alone. */
  slice(start: number, end: number): Uint8Array;
  /** The same, not to be changed. */
  view(start: number, end: number): Uint8Array;
  text(start: number, end: number): string;
  /** Where bytes are found that end before `to`; -1: nowhere. */
  indexOf(bytes: Uint8Array, from: number, to?: number): number;
}

export const sourceOfBody = (body: KeptBody): ByteSource =>
  body instanceof BodyFile ? new FileSource(body) : new MemorySource(body);

export class MemorySource implements ByteSource {
  readonly length: number;
  readonly #bytes: Buffer;

  constructor(bytes: Uint8Array) {
    this.length = bytes.length;
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  slice(start: number, end: number): Uint8Array {
    return new Uint8Array(this.#bytes.subarray(start, end));
  }

  view(start: number, end: number): Uint8Array {
    const { buffer, byteOffset } = this.#bytes;
    return new Uint8Array(buffer, byteOffset + start, end - start);
  }

  text(start: number, end: number): string {
    return this.#bytes.toString('latin1', start, end);
  }

  indexOf(bytes: Uint8Array, from: number, to = this.length): number {
    const found = this.#bytes.indexOf(bytes, from);
    return found + bytes.length > to ? -1 : found;
  }
}

const WINDOW = 262_144;
/** As long as a text can be. */
const MOST_TEXT = 2 ** 29 - 25;

/** What is in a file is read through a window. */
export class FileSource implements ByteSource {
  readonly length: number;
  readonly #file: BodyFile;
  #window: Buffer;
  #start = 0;
  #count = 0;

  constructor(file: BodyFile, window = WINDOW) {
    this.length = file.size;
    this.#file = file;
    this.#window = Buffer.allocUnsafeSlow(window);
  }

  slice(start: number, end: number): Uint8Array {
    // What is in the window is not there any more either.
    this.#file.ensureOpen();
    const bytes = new Uint8Array(Math.max(0, Math.min(end, this.length) - start));
    if (bytes.length >= this.#window.length) this.#file.read(bytes, start);
    else if (bytes.length > 0) {
      this.#reach(start, bytes.length);
      bytes.set(this.#window.subarray(start - this.#start, start - this.#start + bytes.length));
    }
    return bytes;
  }

  view(start: number, end: number): Uint8Array {
    return this.slice(start, end);
  }

  text(start: number, end: number): string {
    if (end - start > MOST_TEXT) throw new RangeError(`a text of ${end - start} bytes is too long`);
    const bytes = this.slice(start, end);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  }

  indexOf(bytes: Uint8Array, from: number, to = this.length): number {
    const size = bytes.length;
    if (size * 2 > this.#window.length) {
      this.#window = Buffer.allocUnsafeSlow(size * 4);
      this.#count = 0;
    }
    let at = from;
    while (at + size <= to) {
      this.#reach(at, size);
      const found = this.#window.subarray(0, this.#count).indexOf(bytes, at - this.#start);
      if (found >= 0) return this.#start + found + size > to ? -1 : this.#start + found;
      // It may begin at the end of the window.
      at = this.#start + this.#count - size + 1;
    }
    return -1;
  }

  /** Moves the window, unless it has so many bytes from there on. */
  #reach(start: number, count: number): void {
    if (start >= this.#start && start + count <= this.#start + this.#count) return;
    this.#count = 0;
    this.#start = start;
    this.#count = this.#file.read(
      this.#window.subarray(0, Math.min(this.#window.length, this.length - start)),
      start,
    );
  }
}

/** A part of a source. */
export class ByteRange {
  readonly source: ByteSource;
  readonly start: number;
  readonly end: number;

  constructor(source: ByteSource, start = 0, end = source.length) {
    this.source = source;
    this.start = start;
    this.end = end;
  }

  get length(): number {
    return this.end - this.start;
  }
}
