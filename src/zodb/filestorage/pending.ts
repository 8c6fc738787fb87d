/** The records of the transaction that is being committed, with the positions that they will have. */
import type { Oid, Tid } from '../interfaces.ts';
import { writeAll } from './disk.ts';
import {
  DATA_HEADER,
  TRANSACTION_HEADER,
  writeDataHeader,
  writeTransactionHeader,
  writeU64,
} from './format.ts';

export interface PendingRecord {
  readonly oid: Oid;
  readonly tid: Tid;
  /** The position of the object's record before. */
  readonly previous: number;
  readonly position: number;
  /** Null for one that points at `back` (0: there is no data any more). */
  readonly data: Uint8Array | null;
  readonly back: number;
}

export interface PendingMetadata {
  readonly user: Uint8Array;
  readonly description: Uint8Array;
  readonly extension: Uint8Array;
}

export class PendingTransaction {
  readonly tid: Tid;
  /** What the transaction will have when it is complete. */
  readonly status: string;
  readonly start: number;
  readonly records: PendingRecord[] = [];
  readonly #metadata: PendingMetadata;
  readonly #latest = new Map<Oid, PendingRecord>();
  #length: number;

  constructor(start: number, tid: Tid, status: string, metadata: PendingMetadata) {
    this.start = start;
    this.tid = tid;
    this.status = status;
    this.#metadata = metadata;
    this.#length =
      TRANSACTION_HEADER + metadata.user.length + metadata.description.length + metadata.extension.length;
  }

  /** Up to before the repeated length. */
  get length(): number {
    return this.#length;
  }

  /** Where the next record will be. */
  get position(): number {
    return this.start + this.#length;
  }

  get end(): number {
    return this.position + 8;
  }

  add(oid: Oid, previous: number, data: Uint8Array | null, back = 0, tid: Tid = this.tid): void {
    const record = { oid, tid, previous, position: this.position, data, back };
    this.records.push(record);
    this.#latest.set(oid, record);
    this.#length += DATA_HEADER + (data?.length ?? 8);
  }

  latest(oid: Oid): PendingRecord | undefined {
    return this.#latest.get(oid);
  }

  /** Every object with its last record here. */
  objects(): Iterable<PendingRecord> {
    return this.#latest.values();
  }

  /** Writes everything to its place, not yet marked as complete. */
  write(descriptor: number): void {
    const { user, description, extension } = this.#metadata;
    const out = new Pieces(descriptor, this.start, this.#length + 8);
    const header = out.room(TRANSACTION_HEADER);
    writeTransactionHeader(out.buffer, header, {
      tid: this.tid,
      length: this.#length,
      // Whoever opens the file before the last step will cut it off.
      status: 'c',
      userLength: user.length,
      descriptionLength: description.length,
      extensionLength: extension.length,
    });
    for (const part of [user, description, extension]) out.put(part);
    for (const { oid, tid, previous, data, back } of this.records) {
      const head = out.room(DATA_HEADER);
      writeDataHeader(out.buffer, head, {
        oid,
        tid,
        previous,
        transaction: this.start,
        length: data?.length ?? 0,
      });
      if (data !== null) out.put(data);
      else writeU64(out.buffer, back, out.room(8));
    }
    writeU64(out.buffer, this.#length, out.room(8));
    out.flush();
  }
}

/**
 * Collects what is written one after the other, so that most transactions are one call of the system. A buffer is kept for the
 * next transaction: to make one for each record would cost more than to write it.
 */
class Pieces {
  buffer: Buffer;
  readonly #descriptor: number;
  #position: number;
  #held = 0;

  constructor(descriptor: number, position: number, length: number) {
    this.#descriptor = descriptor;
    this.#position = position;
    if (shared.length < Math.min(length, AT_ONCE))
      shared = Buffer.allocUnsafeSlow(Math.min(AT_ONCE, length * 2));
    this.buffer = shared;
  }

  /** Where so many bytes, far fewer than a buffer, can be put. */
  room(count: number): number {
    if (this.#held + count > this.buffer.length) this.flush();
    const at = this.#held;
    this.#held += count;
    return at;
  }

  put(bytes: Uint8Array): void {
    if (this.#held + bytes.length > this.buffer.length) this.flush();
    if (bytes.length > this.buffer.length) {
      writeAll(this.#descriptor, bytes, this.#position);
      this.#position += bytes.length;
    } else {
      this.buffer.set(bytes, this.#held);
      this.#held += bytes.length;
    }
  }

  flush(): void {
    // A full disk may take a part; what is left is tried again, and then fails with the reason.
    writeAll(this.#descriptor, this.buffer.subarray(0, this.#held), this.#position);
    this.#position += this.#held;
    this.#held = 0;
  }
}

/** Bytes that are written at once, at most. */
const AT_ONCE = 1 << 20;
let shared = Buffer.allocUnsafeSlow(1 << 14);
