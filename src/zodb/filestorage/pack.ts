/** Copies what a pack keeps to a new file, in steps: transactions up to the time of the pack, then whatever was added later. */
import { closeSync, openSync, readSync, rmSync, statfsSync } from 'node:fs';
import path from 'node:path';
import type { BlobRevision } from '../blobs/blob-directory.ts';
import { isBlobRecord } from '../blobs/is-blob-record.ts';
import type { Oid, PackOptions, Tid } from '../interfaces.ts';
import {
  DATA_HEADER,
  MAGIC_SIZE,
  TRANSACTION_HEADER,
  type TransactionHeader,
  writeDataHeader,
  writeTransactionHeader,
  writeU64,
} from './format.ts';
import { disk, writeAll } from './disk.ts';
import { PackError, RevivedError } from './errors.ts';
import { GarbageCollector } from './pack-gc.ts';
import { OidIndex } from './oid-index.ts';
import { headerLength, type RecordHeader, RecordReader, SequentialBytes } from './records.ts';

const CHUNK = 1024 * 1024;

/** Writes a file from its beginning; what was written can be corrected. */
class Output {
  readonly descriptor: number;
  readonly #buffer = Buffer.allocUnsafeSlow(CHUNK);
  #held = 0;
  #flushed = 0;

  constructor(file: string) {
    this.descriptor = openSync(file, 'w+');
  }

  get position(): number {
    return this.#flushed + this.#held;
  }

  /** The bytes may change afterwards. */
  write(bytes: Uint8Array): void {
    if (this.#held + bytes.length > CHUNK) this.flush();
    if (bytes.length > CHUNK) {
      writeAll(this.descriptor, bytes, this.#flushed);
      this.#flushed += bytes.length;
    } else {
      this.#buffer.set(bytes, this.#held);
      this.#held += bytes.length;
    }
  }

  flush(): void {
    if (this.#held === 0) return;
    writeAll(this.descriptor, this.#buffer.subarray(0, this.#held), this.#flushed);
    this.#flushed += this.#held;
    this.#held = 0;
  }

  /** Writes over what is there, all of it from one call of `write`. */
  correct(bytes: Buffer, position: number): void {
    if (position >= this.#flushed) this.#buffer.set(bytes, position - this.#flushed);
    else writeAll(this.descriptor, bytes, position);
  }
}

export interface PackJob {
  readonly descriptor: number;
  readonly path: string;
  /** End of the last complete transaction. */
  readonly end: number;
  readonly stop: Tid;
  readonly gc: boolean;
  readonly options: PackOptions;
  /** Whether revisions that go have to be looked at for blobs. */
  readonly blobs: boolean;
}

export interface Packed {
  readonly descriptor: number;
  readonly index: OidIndex;
  readonly end: number;
  readonly removedBlobs: readonly BlobRevision[];
}

/** The data that a record stands for; they may change with the next call. */
function dataOf(records: RecordReader, at: number, record: RecordHeader): Uint8Array | null {
  return record.length > 0
    ? records.borrow(at + DATA_HEADER, record.length)
    : records.resolve(at, record).data;
}

export class Packer {
  /** Where the new file is made. */
  readonly file: string;
  /** Up to where the old file was copied. */
  position = MAGIC_SIZE;
  readonly #job: PackJob;
  readonly #garbage: GarbageCollector;
  readonly #index = new OidIndex();
  /** New positions of records that others point at. */
  readonly #moved = new Map<number, number>();
  /** Of those that are not the first of their object in their transaction: where the first was, among those that are kept. */
  readonly #firsts = new Map<number, number>();
  readonly #removedBlobs: BlobRevision[] = [];
  /** Objects that were to go when a transaction that came during the pack referred to them. */
  readonly #revived = new Set<Oid>();
  #output: Output | undefined;

  constructor(job: PackJob) {
    this.#job = job;
    this.file = `${job.path}.pack`;
    const { descriptor, path: name, end, stop, gc, options } = job;
    this.#garbage = new GarbageCollector({
      descriptor,
      path: name,
      end,
      stop,
      gc,
      referencesOf: options.referencesOf,
      progress: (bytes) => this.#progress(bytes),
    });
  }

  /** The file is gone through twice. */
  #progress(bytes: number): void {
    this.#job.options.progress?.(bytes, this.#job.end * 2);
  }

  /** Copies up to the time of the pack. False: nothing can be removed. */
  *copyPast(): Generator<void, boolean> {
    if (!(yield* this.#garbage.run())) return false;
    this.#checkSpace();
    const output = new Output(this.file);
    this.#output = output;
    const { descriptor, end } = this.#job;
    const magic = Buffer.alloc(MAGIC_SIZE);
    readSync(descriptor, magic, 0, MAGIC_SIZE, 0);
    output.write(magic);
    const records = new RecordReader(new SequentialBytes(descriptor, end), this.#job.path);
    while (this.position < this.#garbage.packPosition) {
      const header = records.transaction(this.position);
      if (header.status === 'u') this.position += header.length + 8;
      else this.#copyKept(records, header, output);
      this.#progress(end + this.position);
      yield;
    }
    return output.position !== this.position;
  }

  /** Refuses a pack that the disk has no room for, before anything is written. */
  #checkSpace(): void {
    const needed = this.#garbage.size + this.#job.end - this.#garbage.packPosition;
    const { bavail, bsize } = statfsSync(path.dirname(path.resolve(this.#job.path)));
    if (bavail * bsize < needed)
      throw new PackError(
        `packing ${this.#job.path} needs ${needed} bytes on its disk, where ${bavail * bsize} are free`,
      );
  }

  #copyKept(records: RecordReader, header: TransactionHeader, output: Output): void {
    const start = this.position;
    const end = start + header.length;
    const target = output.position;
    let head: Buffer | undefined;
    this.#copied.clear();
    for (let at = start + headerLength(header); at < end;) {
      const record = records.record(at);
      if (this.#garbage.kept.has(record.oid, at)) {
        if (head === undefined) head = this.#writeHeader(records, start, { ...header, status: 'p' }, output);
        if (this.#garbage.pointedAt.size > 0)
          this.#noteCopy(record.oid, at, output.position, this.#garbage.pointedAt.has(at));
        this.#index.set(record.oid, output.position);
        this.#writeRecord(output, record, target, 0, dataOf(records, at, record), 0);
      } else if (this.#job.blobs) this.#noteBlob(records, at, record);
      at += record.size;
    }
    if (head !== undefined) this.#writeEnd(output, target, head);
    this.position = end + 8;
  }

  #noteBlob(records: RecordReader, at: number, record: RecordHeader): void {
    const { data } = records.resolve(at, record);
    if (data === null || !isBlobRecord(data)) return;
    const kept = this.#garbage.kept.get(record.oid);
    // An object may be twice in a transaction; its blob is there once.
    if (kept !== 0 && records.record(kept).tid === record.tid) return;
    this.#removedBlobs.push({ oid: record.oid, tid: record.tid });
  }

  #writeHeader(records: RecordReader, start: number, header: TransactionHeader, output: Output): Buffer {
    const bytes = Buffer.alloc(headerLength(header));
    writeTransactionHeader(viewOf(bytes), 0, header);
    const { user, description, extensionBytes } = records.metadata(start, header);
    let at = TRANSACTION_HEADER;
    for (const part of [user, description, extensionBytes]) {
      bytes.set(part, at);
      at += part.length;
    }
    output.write(bytes);
    return bytes;
  }

  readonly #head = Buffer.alloc(DATA_HEADER + 8);
  readonly #headView = viewOf(this.#head);

  #writeRecord(
    output: Output,
    { oid, tid }: RecordHeader,
    transaction: number,
    previous: number,
    data: Uint8Array | null,
    back: number,
  ): void {
    const length = back === 0 ? (data?.length ?? 0) : 0;
    writeDataHeader(this.#headView, 0, { oid, tid, previous, transaction, length });
    if (length > 0) {
      output.write(this.#head.subarray(0, DATA_HEADER));
      output.write(data!);
    } else {
      writeU64(this.#headView, back, DATA_HEADER);
      output.write(this.#head);
    }
  }

  /** The length, behind the transaction and in its header. */
  #writeEnd(output: Output, start: number, head: Buffer): void {
    const length = Buffer.allocUnsafe(8);
    writeU64(viewOf(length), output.position - start, 0);
    head.set(length, 8);
    output.correct(head.subarray(0, TRANSACTION_HEADER), start);
    output.write(length);
  }

  /** The objects of the transaction that is being copied: where the first record was and is, and where the last is. */
  readonly #copied = new Map<Oid, { readonly from: number; readonly to: number; last: number }>();

  #noteCopy(oid: Oid, from: number, to: number, pointedAt: boolean): void {
    if (pointedAt) this.#moved.set(from, to);
    const first = this.#copied.get(oid);
    if (first === undefined) {
      this.#copied.set(oid, { from, to, last: to });
      return;
    }
    first.last = to;
    if (!pointedAt) return;
    this.#firsts.set(from, first.from);
    this.#moved.set(first.from, first.to);
  }

  /** Copies transactions after the time of the pack as they are, up to a position. */
  *copyRest(end: number): Generator<void> {
    const output = this.#output!;
    const { descriptor, path: name } = this.#job;
    const records = new RecordReader(new SequentialBytes(descriptor, end), name);
    while (this.position < end) {
      const start = this.position;
      const header = records.transaction(start);
      const target = output.position;
      const head = this.#writeHeader(records, start, header, output);
      this.#copied.clear();
      for (let at = start + headerLength(header); at < start + header.length;) {
        const record = records.record(at);
        this.#copyLater(records, at, record, target, output);
        at += record.size;
      }
      // Only now: the records of one object in a transaction have the same record before them.
      for (const [oid, { last }] of this.#copied) this.#index.set(oid, last);
      this.#writeEnd(output, target, head);
      this.position = start + header.length + 8;
      this.#progress(Math.min(this.#job.end + this.position, this.#job.end * 2));
      yield;
    }
    output.flush();
  }

  #copyLater(
    records: RecordReader,
    at: number,
    record: RecordHeader,
    transaction: number,
    output: Output,
  ): void {
    const back = record.back === 0 ? 0 : this.#newPlace(records, record.back);
    // Where the data that it points at is gone, it gets them itself.
    const data = back === 0 ? dataOf(records, at, record) : null;
    if (at >= this.#job.end && this.#job.gc && data !== null) this.#noteRevived(data);
    const previous = this.#index.get(record.oid);
    const pointedAt = at >= this.#job.end || this.#garbage.pointedAt.has(at);
    this.#noteCopy(record.oid, at, output.position, pointedAt);
    this.#writeRecord(output, record, transaction, previous, data, back);
  }

  /**
   * Where the data is that was at a position: as in Python, in the first record that the object has in that transaction, if the data is the same;
   * otherwise, or when it is not kept, 0. (Python does not compare with a record that is a pointer itself.)
   */
  #newPlace(records: RecordReader, position: number): number {
    const first = this.#firsts.get(position);
    if (first === undefined) return this.#moved.get(position) ?? 0;
    const [one, other] = [records.resolveAt(first).data, records.resolveAt(position).data];
    const same = one === null || other === null ? one === other : Buffer.compare(one, other) === 0;
    return same ? this.#moved.get(first)! : 0;
  }

  /** What was found to be garbage may be used again by a transaction that came since. */
  #noteRevived(data: Uint8Array): void {
    for (const oid of this.#job.options.referencesOf!(data))
      if (this.#garbage.isGarbage(oid)) this.#revived.add(oid);
  }

  /** Waits until the disk has what was written so far, so that the end is quick. */
  sync(): void {
    this.#output!.flush();
    disk.sync(this.#output!.descriptor);
  }

  /** The new file is whole. Throws a RevivedError when it cannot replace the old one. */
  finish(): Packed {
    for (const oid of this.#revived) if (this.#index.get(oid) === 0) throw new RevivedError(oid);
    this.sync();
    const output = this.#output!;
    this.#output = undefined;
    return {
      descriptor: output.descriptor,
      index: this.#index,
      end: output.position,
      removedBlobs: this.#removedBlobs,
    };
  }

  /** Removes the new file, unless it was handed over. */
  close(): void {
    if (this.#output === undefined) return;
    closeSync(this.#output.descriptor);
    this.#output = undefined;
    rmSync(this.file, { force: true });
  }
}

const viewOf = (bytes: Buffer): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
