/** The records of the transaction that is being committed, with the positions that they will have. */
import { writevSync } from 'node:fs';
import type { Oid, Tid } from '../interfaces.ts';
import {
  DATA_HEADER,
  TRANSACTION_HEADER,
  writeDataHeader,
  writeTransactionHeader,
  writeU64,
} from './format.ts';

/** Written at once at most: a piece that the kernel takes without splitting. */
const PIECES = 512;

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
    const header = Buffer.allocUnsafe(TRANSACTION_HEADER);
    writeTransactionHeader(header, 0, {
      tid: this.tid,
      length: this.#length,
      // Whoever opens the file before the last step will cut it off.
      status: 'c',
      userLength: user.length,
      descriptionLength: description.length,
      extensionLength: extension.length,
    });
    const pieces: Uint8Array[] = [header, user, description, extension];
    for (const { oid, tid, previous, data, back } of this.records) {
      const head = Buffer.allocUnsafe(DATA_HEADER + (data === null ? 8 : 0));
      writeDataHeader(head, 0, { oid, tid, previous, transaction: this.start, length: data?.length ?? 0 });
      if (data === null) writeU64(head, back, DATA_HEADER);
      pieces.push(head);
      if (data !== null) pieces.push(data);
    }
    const repeated = Buffer.allocUnsafe(8);
    writeU64(repeated, this.#length, 0);
    pieces.push(repeated);
    writePieces(descriptor, pieces, this.start);
  }
}

function writePieces(descriptor: number, pieces: readonly Uint8Array[], start: number): void {
  let position = start;
  for (let i = 0; i < pieces.length;) {
    const batch = pieces.slice(i, i + PIECES);
    let written = writevSync(descriptor, batch, position);
    position += written;
    // A full disk may take a part; what is left is tried again, and then fails with the reason.
    while (i < pieces.length && written >= pieces[i]!.length) written -= pieces[i++]!.length;
    if (written > 0) {
      let rest = pieces[i]!.subarray(written);
      while (rest.length > 0) {
        const more = writevSync(descriptor, [rest], position);
        position += more;
        rest = rest.subarray(more);
      }
      i++;
    }
  }
}
