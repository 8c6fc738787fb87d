/**
 * A ring of bytes in shared memory: one thread writes frames, another one reads them. Nothing is allocated for a frame, and nobody
 * waits: a writer that finds no room has to send the frame in another way.
 *
 *     word 0    bytes written since the beginning      (the writer's; modulo 2³²)
 *     word 16   bytes read                             (the reader's)
 *     word 32   whether the reader sleeps: see `link.ts`
 *     from byte CONTROL_BYTES   frames; the first word of each is its size in bytes, a multiple of 4; 0: go on at the beginning
 *
 * The words are in cache lines of their own.
 */
const WRITTEN = 0;
const READ = 16;
export const STATE = 32;
const CONTROL_BYTES = 192;

/** A power of two. */
const RING_BYTES = 262_144;
const MASK = RING_BYTES - 1;
/** Bigger frames are not for a ring: copying them is not what they cost. */
export const MOST_FRAME_BYTES = RING_BYTES / 4;

export const makeRing = (): SharedArrayBuffer => new SharedArrayBuffer(CONTROL_BYTES + RING_BYTES);

/** Bytes, and the same as words: a frame begins at a multiple of 4. */
export interface Memory {
  readonly bytes: Buffer;
  readonly words: Int32Array;
}

export class RingWriter implements Memory {
  readonly bytes: Buffer;
  readonly words: Int32Array;
  #written = 0;
  /** Bytes that are left out at the end of the ring before the frame that was reserved. */
  #skipped = 0;

  constructor(ring: SharedArrayBuffer) {
    this.bytes = Buffer.from(ring);
    this.words = new Int32Array(ring);
  }

  /** Where a frame of at most `size` bytes, a multiple of 4, can be written; -1 when there is no room. */
  reserve(size: number): number {
    const at = this.#written & MASK;
    const skipped = at + size > RING_BYTES ? RING_BYTES - at : 0;
    const used = (this.#written - Atomics.load(this.words, READ)) | 0;
    if (used + skipped + size > RING_BYTES) return -1;
    this.#skipped = skipped;
    return CONTROL_BYTES + (skipped === 0 ? at : 0);
  }

  /** Publishes the frame that was written where `reserve` said; its first word is its size. */
  commit(size: number): void {
    if (this.#skipped > 0) this.words[(CONTROL_BYTES + (this.#written & MASK)) >> 2] = 0;
    this.#written = (this.#written + this.#skipped + size) | 0;
    Atomics.store(this.words, WRITTEN, this.#written);
  }
}

export class RingReader implements Memory {
  readonly bytes: Buffer;
  readonly words: Int32Array;
  #read = 0;

  constructor(ring: SharedArrayBuffer) {
    this.bytes = Buffer.from(ring);
    this.words = new Int32Array(ring);
  }

  get isEmpty(): boolean {
    return Atomics.load(this.words, WRITTEN) === this.#read;
  }

  /** Where the next frame is; -1 when there is none. */
  peek(): number {
    if (this.isEmpty) return -1;
    let at = this.#read & MASK;
    if (this.words[(CONTROL_BYTES + at) >> 2] === 0) {
      this.#read = (this.#read + RING_BYTES - at) | 0;
      at = 0;
    }
    return CONTROL_BYTES + at;
  }

  /** Gives the room of the frame at `at` back. */
  release(at: number): void {
    this.#read = (this.#read + this.words[at >> 2]!) | 0;
    Atomics.store(this.words, READ, this.#read);
  }
}
