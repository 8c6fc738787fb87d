/** Records that wait for their transaction to be written: a few megabytes in memory, what is more in a file without a name. */
import { closeSync, readSync } from 'node:fs';
import { openNameless } from '../nameless-file.ts';
import { writeAll } from './disk.ts';

/** Bytes that stay in memory. */
const IN_MEMORY = 4 * 1024 * 1024;
const WINDOW = 262_144;

export type RecordData = Uint8Array | HeldData;

/** The data of a record in the file. */
export class HeldData {
  readonly length: number;
  readonly #file: HeldFile;
  readonly #position: number;

  constructor(file: HeldFile, position: number, length: number) {
    this.#file = file;
    this.#position = position;
    this.length = length;
  }

  /** Copies bytes from `start` on into a buffer. */
  copy(target: Uint8Array, at: number, start: number, count: number): void {
    this.#file.read(target, at, this.#position + start, count);
  }
}

export function bytesOf(data: RecordData): Uint8Array {
  if (data instanceof Uint8Array) return data;
  const bytes = new Uint8Array(data.length);
  data.copy(bytes, 0, 0, data.length);
  return bytes;
}

export class HeldRecords {
  readonly #inMemory: number;
  #size = 0;
  #file: HeldFile | undefined;

  constructor(inMemory = IN_MEMORY) {
    this.#inMemory = inMemory;
  }

  /** The data, or where they are until `close`. Throws what writing to the file throws. */
  hold(data: Uint8Array): RecordData {
    this.#size += data.length;
    if (this.#size <= this.#inMemory) return data;
    const file = (this.#file ??= new HeldFile());
    return new HeldData(file, file.add(data), data.length);
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }
}

/** Written and read one after the other, many records at once. */
class HeldFile {
  readonly #descriptor = openNameless();
  readonly #window = Buffer.allocUnsafeSlow(WINDOW);
  /** Where in the file the window begins, and what is in it. */
  #start = 0;
  #count = 0;
  /** The window has what is not in the file yet. */
  #dirty = false;
  #end = 0;

  /** Gives the position. */
  add(data: Uint8Array): number {
    const position = this.#end;
    if (!this.#dirty || this.#count + data.length > WINDOW) {
      this.#flush();
      this.#start = position;
      this.#count = 0;
    }
    if (data.length > WINDOW) writeAll(this.#descriptor, data, position);
    else {
      this.#window.set(data, this.#count);
      this.#count += data.length;
      this.#dirty = true;
    }
    this.#end += data.length;
    return position;
  }

  #flush(): void {
    if (!this.#dirty) return;
    writeAll(this.#descriptor, this.#window, this.#start, this.#count);
    this.#dirty = false;
  }

  read(target: Uint8Array, at: number, position: number, count: number): void {
    for (let done = 0; done < count;) {
      const from = position + done - this.#start;
      if (from < 0 || from >= this.#count) {
        this.#load(position + done);
        continue;
      }
      const until = Math.min(this.#count, from + count - done);
      target.set(this.#window.subarray(from, until), at + done);
      done += until - from;
    }
  }

  #load(position: number): void {
    this.#flush();
    this.#start = position;
    this.#count = readSync(this.#descriptor, this.#window, 0, WINDOW, position);
    if (this.#count === 0) throw new Error('the temporary file of a transaction ends early');
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}
