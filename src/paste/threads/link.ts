/**
 * What one thread says to another: frames in a ring of shared memory, which cost next to nothing, and messages for what does not fit there.
 * Everything arrives in the order in which it was sent: a frame says how many messages came before it.
 *
 * A message is one flat array: a kind, the number of a request and what belongs to it, then the next (see `wire.ts`). It is sent when the
 * sender's turn ends. A reader that has nothing to do falls asleep, and is woken by a message (`WAKE`).
 */
import { afterOf, type Frame } from './frames.ts';
import { type Memory, MOST_FRAME_BYTES, makeRing, RingReader, RingWriter, STATE } from './ring.ts';
import { FRAME, VALUES } from './wire.ts';

/** What a reader does: it looks into the ring before it sleeps; it waits for a message. */
const AWAKE = 0;
const ASLEEP = 1;

/** Looks like no other message. */
export const WAKE = 0;

/** Both ways of one connection: of the main thread to another, and back. */
export interface Rings {
  readonly requests: SharedArrayBuffer;
  readonly answers: SharedArrayBuffer;
}

export const makeRings = (): Rings => ({ requests: makeRing(), answers: makeRing() });

interface Port {
  postMessage(message: unknown, transfer?: readonly ArrayBuffer[]): void;
}

/** What a link hands out, in order. */
export interface LinkReader {
  /** @param owned The memory is the reader's own; otherwise it is to be read before anything else is done. */
  frame(memory: Memory, at: number, owned: boolean): void;
  /** A kind of `wire.ts` and what belongs to it. */
  message(kind: number, values: readonly unknown[], at: number): void;
}

export class Link {
  readonly #port: Port;
  readonly #out: RingWriter;
  readonly #in: RingReader;
  readonly #reader: LinkReader;
  /** Messages that were sent and received. */
  #sent = 0;
  #received = 0;
  #values: unknown[] = [];
  #transfer: ArrayBuffer[] = [];
  /** A frame was sent since the reader was last looked after. */
  #unseen = false;

  constructor(port: Port, out: SharedArrayBuffer, incoming: SharedArrayBuffer, reader: LinkReader) {
    this.#port = port;
    this.#out = new RingWriter(out);
    this.#in = new RingReader(incoming);
    this.#reader = reader;
  }

  get hasMessages(): boolean {
    return this.#values.length > 0;
  }

  /** To be sent by `flush`. */
  add(...values: unknown[]): void {
    for (const value of values) this.#values.push(value);
  }

  /** Sends a frame about a request; a reader that sleeps is woken by `flush`. */
  send(frame: Frame, id: number): void {
    const { most } = frame;
    if (this.#values.length === 0 && most <= MOST_FRAME_BYTES) {
      const at = this.#out.reserve(most);
      if (at >= 0) {
        this.#out.commit(frame.write(this.#out, at, id, this.#sent));
        this.#unseen = true;
        return;
      }
    }
    const buffer = new ArrayBuffer(most);
    frame.write({ bytes: Buffer.from(buffer), words: new Int32Array(buffer) }, 0, id, 0);
    this.#values.push(FRAME, buffer);
    this.#transfer.push(buffer);
  }

  /** Sends the messages that were added, and sees to it that the reader reads. */
  flush(): void {
    if (!this.#unseen && this.#values.length === 0) return;
    this.#unseen = false;
    const { words } = this.#out;
    const before = Atomics.exchange(words, STATE, AWAKE);
    if (this.#values.length > 0) {
      this.#sent = (this.#sent + 1) | 0;
      const [values, transfer] = [this.#values, this.#transfer];
      this.#values = [];
      if (transfer.length > 0) this.#transfer = [];
      this.#port.postMessage(values, transfer);
    } else if (before === ASLEEP) this.#port.postMessage(WAKE);
  }

  /** To be called for each message of the port: reads it, and the frames that are there. */
  receive(message: unknown): void {
    Atomics.store(this.#in.words, STATE, AWAKE);
    if (message === WAKE) return;
    const values = message as unknown[];
    // Frames that were sent before.
    this.read();
    this.#received = (this.#received + 1) | 0;
    for (let at = 0; at < values.length; at += 1 + VALUES[values[at] as number]!) {
      const kind = values[at] as number;
      if (kind === FRAME) {
        const buffer = values[at + 1] as ArrayBuffer;
        this.#reader.frame({ bytes: Buffer.from(buffer), words: new Int32Array(buffer) }, 0, true);
      } else this.#reader.message(kind, values, at);
    }
  }

  /** Reads frames, at most so many; returns how many there were. */
  read(most = Infinity): number {
    let count = 0;
    while (count < most) {
      const at = this.#in.peek();
      if (at < 0 || afterOf(this.#in, at) !== this.#received) break;
      this.#reader.frame(this.#in, at, false);
      count++;
    }
    return count;
  }

  /** For `LinkReader.frame`: the frame was read. */
  release(at: number): void {
    this.#in.release(at);
  }

  /** The reader will look into the ring before it sleeps: nobody has to wake it. */
  stayAwake(): void {
    Atomics.store(this.#in.words, STATE, AWAKE);
  }

  /** From now on a message comes when there is something to read. False when there is something already. */
  sleep(): boolean {
    Atomics.store(this.#in.words, STATE, ASLEEP);
    if (this.#in.isEmpty) return true;
    Atomics.store(this.#in.words, STATE, AWAKE);
    return false;
  }
}
