import {
  closeSync,
  createReadStream,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { Readable } from 'node:stream';
import { BlobError } from './blob-errors.ts';

/** How a blob is opened: to read, to write anew, to append, to read and write, to read what is committed. */
export type BlobMode = 'r' | 'w' | 'a' | 'r+' | 'c';

const FLAGS: Record<BlobMode, string> = { r: 'r', c: 'r', w: 'w+', a: 'a+', 'r+': 'r+' };

/** The content of a blob as a file with a position. It must be closed, or used with `using`. */
export class BlobFile implements Disposable {
  readonly name: string;
  readonly mode: BlobMode;
  #descriptor: number | null;
  #position = 0;
  readonly #onClose: (file: BlobFile) => void;

  constructor(name: string, mode: BlobMode, onClose: (file: BlobFile) => void) {
    this.name = name;
    this.mode = mode;
    this.#descriptor = openSync(name, FLAGS[mode]);
    this.#onClose = onClose;
    if (mode === 'a') this.#position = this.size;
  }

  get closed(): boolean {
    return this.#descriptor === null;
  }

  #open(): number {
    if (this.#descriptor === null) throw new BlobError('the file of the blob is closed');
    return this.#descriptor;
  }

  /** Bytes in the file. */
  get size(): number {
    return fstatSync(this.#open()).size;
  }

  tell(): number {
    return this.#position;
  }

  seek(position: number): void {
    if (!Number.isSafeInteger(position) || position < 0)
      throw new RangeError('a position in a file is a whole number, at least 0');
    this.#position = position;
  }

  /** The next bytes, up to `length` of them (default: all that are left). */
  read(length?: number): Buffer {
    const descriptor = this.#open();
    const left = Math.max(0, this.size - this.#position);
    const buffer = Buffer.allocUnsafe(length === undefined ? left : Math.min(length, left));
    let done = 0;
    while (done < buffer.length) {
      const count = readSync(descriptor, buffer, done, buffer.length - done, this.#position + done);
      if (count === 0) break;
      done += count;
    }
    this.#position += done;
    return buffer.subarray(0, done);
  }

  /** Writes at the position (at the end in mode `a`); gives the number of bytes. */
  write(data: Uint8Array | string): number {
    const descriptor = this.#open();
    if (this.mode === 'r' || this.mode === 'c') throw new BlobError('the blob is open for reading');
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    if (this.mode === 'a') this.#position = this.size;
    let done = 0;
    while (done < bytes.length)
      done += writeSync(descriptor, bytes, done, bytes.length - done, this.#position + done);
    this.#position += done;
    return done;
  }

  truncate(size = this.#position): void {
    if (this.mode === 'r' || this.mode === 'c') throw new BlobError('the blob is open for reading');
    ftruncateSync(this.#open(), size);
  }

  /** What is in the file from the position on, as a stream of its own: it goes on when this file is closed. */
  stream(): ReadableStream<Uint8Array> {
    return Readable.toWeb(
      createReadStream(this.name, { start: this.#position }),
    ) as ReadableStream<Uint8Array>;
  }

  close(): void {
    if (this.#descriptor === null) return;
    const descriptor = this.#descriptor;
    this.#descriptor = null;
    closeSync(descriptor);
    this.#onClose(this);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
