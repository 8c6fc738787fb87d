/** The records of the transaction that is being committed, with the positions that they will have. */
import type { Oid, Tid } from '../interfaces.ts';
import { writeAll } from './disk.ts';
import { HeldRecords, type RecordData } from './held-records.ts';
import {
  DATA_HEADER,
  STATUS_AT,
  TID_AT,
  TRANSACTION_AT,
  TRANSACTION_HEADER,
  writeDataHeader,
  writeTransactionHeader,
  writeU64,
} from './format.ts';

export interface PendingRecord {
  readonly oid: Oid;
  /** Of a record that another storage had; otherwise it gets the transaction's. */
  readonly tid: Tid | undefined;
  /** The position of the object's record before. */
  readonly previous: number;
  /** From the beginning of the transaction. */
  readonly offset: number;
  /** Null for one that points at `back` (0: there is no data any more). */
  readonly data: RecordData | null;
  readonly back: number;
}

export interface PendingMetadata {
  readonly user: Uint8Array;
  readonly description: Uint8Array;
  readonly extension: Uint8Array;
}

const STATUS = new Uint8Array(1);

/** The place of a transaction that has none yet: behind the end of any file. */
const NOWHERE = 2 ** 52;

export class PendingTransaction {
  /** What the transaction will have when it is complete. */
  readonly status: string;
  readonly records: PendingRecord[] = [];
  readonly #metadata: PendingMetadata;
  readonly #held: HeldRecords;
  /** The last record of each object, when there are several records. */
  #latest: Map<Oid, PendingRecord> | undefined;
  readonly #head: number;
  #length: number;
  #start = NOWHERE;
  #tid: Tid = 0n;
  /** The bytes, made before the transaction has its place; undefined: they are made when they are written. */
  #prepared: Pieces | undefined;

  /** @param inMemory Bytes of records that are kept in memory; what is more waits in a file. */
  constructor(status: string, metadata: PendingMetadata, inMemory?: number) {
    this.status = status;
    this.#metadata = metadata;
    this.#held = new HeldRecords(inMemory);
    this.#head =
      TRANSACTION_HEADER + metadata.user.length + metadata.description.length + metadata.extension.length;
    this.#length = this.#head;
  }

  /** Says where in the file the transaction will be, and its id. */
  place(start: number, tid: Tid): void {
    this.#start = start;
    this.#tid = tid;
  }

  get placed(): boolean {
    return this.#start !== NOWHERE;
  }

  /** 0 as long as it has no place. */
  get tid(): Tid {
    return this.#tid;
  }

  get start(): number {
    return this.#start;
  }

  /** Up to before the repeated length. */
  get length(): number {
    return this.#length;
  }

  get end(): number {
    return this.#start + this.#length + 8;
  }

  /** What stands for the data of a record until `close`, which need not be in memory. */
  hold(data: Uint8Array): RecordData {
    return this.#held.hold(data);
  }

  add(oid: Oid, previous: number, data: RecordData | null, back = 0, tid?: Tid): void {
    const record = { oid, tid, previous, offset: this.#length, data, back };
    if (this.records.length === 1) {
      const [first] = this.records;
      this.#latest = new Map([[first!.oid, first!]]);
    }
    this.records.push(record);
    this.#latest?.set(oid, record);
    this.#length += DATA_HEADER + (data?.length ?? 8);
    this.#prepared = undefined;
  }

  /** Forgets all records. */
  clear(): void {
    this.records.length = 0;
    this.#latest = undefined;
    this.#length = this.#head;
    this.#prepared = undefined;
  }

  /** It is over. */
  close(): void {
    this.#held.close();
  }

  latest(oid: Oid): PendingRecord | undefined {
    if (this.#latest !== undefined) return this.#latest.get(oid);
    const [first] = this.records;
    return first?.oid === oid ? first : undefined;
  }

  /** Every object with its last record here. */
  objects(): Iterable<PendingRecord> {
    return this.#latest?.values() ?? this.records;
  }

  positionOf(record: PendingRecord): number {
    return this.#start + record.offset;
  }

  /** Makes the bytes, all but what depends on the place: unless there are so many that they are written in pieces. */
  prepare(): void {
    if (this.#length + 8 > AT_ONCE) return;
    this.#prepared = new Pieces(-1, 0, this.#length + 8);
    this.#put(this.#prepared);
  }

  /** Writes everything to its place, not yet marked as complete. */
  write(descriptor: number): void {
    let out = this.#prepared;
    if (out === undefined) {
      out = new Pieces(descriptor, this.#start, this.#length + 8);
      this.#put(out);
    } else {
      out.to(descriptor, this.#start);
      out.view.setBigUint64(0, this.#tid);
      for (const { tid, offset } of this.records) {
        if (tid === undefined) out.view.setBigUint64(offset + TID_AT, this.#tid);
        writeU64(out.view, this.#start, offset + TRANSACTION_AT);
      }
    }
    this.#prepared = undefined;
    out.flush();
  }

  /** Marks what was written as complete. */
  complete(descriptor: number): void {
    STATUS[0] = this.status.charCodeAt(0);
    writeAll(descriptor, STATUS, this.#start + STATUS_AT);
  }

  #put(out: Pieces): void {
    const { user, description, extension } = this.#metadata;
    writeTransactionHeader(out.view, out.room(TRANSACTION_HEADER), {
      tid: this.#tid,
      length: this.#length,
      // Whoever opens the file before the last step will cut it off.
      status: 'c',
      userLength: user.length,
      descriptionLength: description.length,
      extensionLength: extension.length,
    });
    for (const part of [user, description, extension]) if (part.length > 0) out.put(part);
    for (const { oid, tid, previous, data, back } of this.records) {
      writeDataHeader(out.view, out.room(DATA_HEADER), {
        oid,
        tid: tid ?? this.#tid,
        previous,
        transaction: this.#start,
        length: data?.length ?? 0,
      });
      if (data !== null) out.put(data);
      else writeU64(out.view, back, out.room(8));
    }
    writeU64(out.view, this.#length, out.room(8));
  }
}

/**
 * Collects what is written one after the other, so that most transactions are one call of the system. A buffer is kept for the
 * next transaction: to make one for each record would cost more than to write it.
 */
class Pieces {
  readonly #buffer: Uint8Array;
  readonly view: DataView;
  #descriptor: number;
  #position: number;
  #held = 0;

  constructor(descriptor: number, position: number, length: number) {
    this.#descriptor = descriptor;
    this.#position = position;
    if (kept.byteLength < Math.min(length, AT_ONCE)) keep(Math.min(AT_ONCE, length * 2));
    this.view = kept;
    this.#buffer = keptBytes;
  }

  /** Says where what is held, and what follows, will be written. */
  to(descriptor: number, position: number): void {
    this.#descriptor = descriptor;
    this.#position = position;
  }

  /** Where so many bytes, far fewer than a buffer, can be put. */
  room(count: number): number {
    if (this.#held + count > this.#buffer.length) this.flush();
    const at = this.#held;
    this.#held += count;
    return at;
  }

  put(bytes: RecordData): void {
    if (!(bytes instanceof Uint8Array)) {
      for (let done = 0; done < bytes.length;) {
        if (this.#held === this.#buffer.length) this.flush();
        const count = Math.min(bytes.length - done, this.#buffer.length - this.#held);
        bytes.copy(this.#buffer, this.#held, done, count);
        this.#held += count;
        done += count;
      }
      return;
    }
    if (this.#held + bytes.length > this.#buffer.length) this.flush();
    if (bytes.length > this.#buffer.length) {
      writeAll(this.#descriptor, bytes, this.#position);
      this.#position += bytes.length;
    } else {
      this.#buffer.set(bytes, this.#held);
      this.#held += bytes.length;
    }
  }

  flush(): void {
    // A full disk may take a part; what is left is tried again, and then fails with the reason.
    writeAll(this.#descriptor, this.#buffer, this.#position, this.#held);
    this.#position += this.#held;
    this.#held = 0;
  }
}

/** Bytes that are written at once, at most. */
const AT_ONCE = 1 << 20;
let kept: DataView;
let keptBytes: Uint8Array;
keep(1 << 14);

function keep(size: number): void {
  const memory = Buffer.allocUnsafeSlow(size).buffer;
  kept = new DataView(memory);
  keptBytes = new Uint8Array(memory);
}
