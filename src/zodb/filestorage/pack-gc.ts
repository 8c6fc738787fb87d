/** What a pack keeps: the revisions that are current at its time, reachable from the root, or needed by what came later. */
import { getLogger } from '@logtape/logtape';
import { type Oid, type PackOptions, type Tid } from '../interfaces.ts';
import { DATA_HEADER, MAGIC_SIZE, type TransactionHeader } from './format.ts';
import { PackError } from './errors.ts';
import { OidIndex } from './oid-index.ts';
import { headerLength, RandomBytes, type RecordHeader, RecordReader, SequentialBytes } from './records.ts';

const logger = getLogger(['ZODB', 'FileStorage']);
const ROOT: Oid = 0;

/** Revisions to keep. Nearly all objects have one. */
export class Revisions {
  readonly #first = new OidIndex();
  readonly #others = new Map<Oid, Set<number>>();

  hasObject(oid: Oid): boolean {
    return this.#first.get(oid) !== 0;
  }

  has(oid: Oid, position: number): boolean {
    return this.#first.get(oid) === position || this.#others.get(oid)?.has(position) === true;
  }

  /** The position of the revision that was found first. */
  get(oid: Oid): number {
    return this.#first.get(oid);
  }

  add(oid: Oid, position: number): void {
    if (this.#first.get(oid) === 0) this.#first.set(oid, position);
    else if (!this.has(oid, position)) {
      const others = this.#others.get(oid) ?? new Set();
      this.#others.set(oid, others.add(position));
    }
  }
}

export interface GarbageOptions {
  readonly descriptor: number;
  readonly path: string;
  /** End of the last complete transaction. */
  readonly end: number;
  /** Transactions after this one are kept as they are. */
  readonly stop: Tid;
  readonly gc: boolean;
  readonly referencesOf: PackOptions['referencesOf'];
  /** Told how many bytes were read. */
  readonly progress: (bytes: number) => void;
}

export class GarbageCollector {
  readonly #options: GarbageOptions;
  readonly #sequential: RecordReader;
  readonly #random: RecordReader;
  /** Where each object was at the time of the pack. */
  readonly #current = new OidIndex();
  readonly kept = new Revisions();
  /** Records before the pack that later ones point at. */
  readonly pointedAt = new Set<number>();
  /** Where the first transaction after the time of the pack begins. */
  packPosition = MAGIC_SIZE;
  /** Bytes that the kept revisions take. */
  size = 0;
  #missing = 0;

  constructor(options: GarbageOptions) {
    this.#options = options;
    const { descriptor, path, end } = options;
    this.#sequential = new RecordReader(new SequentialBytes(descriptor, end), path);
    this.#random = new RecordReader(new RandomBytes(descriptor, end), path);
    if (options.gc && options.referencesOf === undefined)
      throw new PackError('garbage collection needs to be told what records refer to');
  }

  /** Whether an object was there at the time of the pack and is not kept. */
  isGarbage(oid: Oid): boolean {
    return this.#current.get(oid) !== 0 && !this.kept.hasObject(oid);
  }

  /** Works in steps. False: it has been packed to this time, or a later one, before. */
  *run(): Generator<void, boolean> {
    if (!(yield* this.#readPast())) return false;
    if (this.#options.gc) {
      if (this.#current.size > 0) {
        if (this.#current.get(ROOT) === 0)
          throw new PackError(
            'there is no root object, so that all would be garbage: pack without garbage collection',
          );
        yield* this.#trace([ROOT]);
      }
    } else {
      for (const oid of this.#current.keys()) this.#keep(oid, this.#current.get(oid));
    }
    yield* this.#readFuture();
    if (this.#missing > 0)
      logger.warn(`${this.#options.path}: ${this.#missing} references to objects that are not there`);
    return true;
  }

  #checked(position: number, header: TransactionHeader, last: Tid): void {
    const fail = (what: string) => {
      throw this.#sequential.damaged(position, what);
    };
    if (header.tid <= last) fail('the transaction is not later than the one before');
    if (!' pu'.includes(header.status)) fail(`the transaction has the status '${header.status}'`);
    const end = position + header.length;
    if (header.length < headerLength(header) || end + 8 > this.#options.end)
      fail('the transaction has a wrong length');
    if (this.#sequential.number(end) !== header.length) fail('the two lengths of the transaction differ');
  }

  #record(at: number, start: number, end: number): RecordHeader {
    const record = this.#sequential.record(at);
    if (record.transaction !== start || at + record.size > end)
      throw this.#sequential.damaged(at, 'the record does not fit its transaction');
    if (record.previous >= at || record.back >= at)
      throw this.#sequential.damaged(at, 'the record points at what is not before it');
    return record;
  }

  *#readPast(): Generator<void, boolean> {
    const { end: fileEnd, stop, progress } = this.#options;
    let position = MAGIC_SIZE;
    let last: Tid = 0n;
    let unpacked = false;
    let status = ' ';
    while (position < fileEnd) {
      const header = this.#sequential.transaction(position);
      status = header.status;
      if (header.tid > stop) break;
      this.#checked(position, header, last);
      last = header.tid;
      if (status !== 'p') unpacked = true;
      const end = position + header.length;
      if (status !== 'u') {
        for (let at = position + headerLength(header); at < end;) {
          const record = this.#record(at, position, end);
          if (record.length > 0 || record.back > 0) this.#current.set(record.oid, at);
          else this.#current.delete(record.oid);
          at += record.size;
        }
      }
      position = end + 8;
      progress(position);
      yield;
    }
    this.packPosition = position;
    return unpacked || status !== 'p';
  }

  #keep(oid: Oid, position: number): void {
    if (this.kept.has(oid, position)) return;
    this.kept.add(oid, position);
    let record = this.#random.record(position, oid);
    while (record.length === 0 && record.back !== 0) record = this.#random.record(record.back, oid);
    this.size += DATA_HEADER + (record.length || 8);
  }

  #referencesAt(position: number): Iterable<Oid> {
    const { data } = this.#random.resolveAt(position);
    return data === null ? [] : this.#referencesIn(data, position);
  }

  #referencesIn(data: Uint8Array, position: number): Iterable<Oid> {
    try {
      const references = this.#options.referencesOf!(data);
      return Array.isArray(references) ? references : [...references];
    } catch (error) {
      const { oid } = this.#random.record(position);
      throw new PackError(
        `the references of the object 0x${oid.toString(16)} cannot be read, of which a record is at ${position}: ${(error as Error).message}`,
        { cause: error },
      );
    }
  }

  /** Keeps what was current at the time of the pack and can be reached from objects. */
  *#trace(roots: Iterable<Oid>): Generator<void> {
    const todo = [...roots];
    for (let oid = todo.pop(); oid !== undefined; oid = todo.pop()) {
      if (this.kept.hasObject(oid)) continue;
      const position = this.#current.get(oid);
      if (position === 0) {
        this.#missing++;
        continue;
      }
      this.#keep(oid, position);
      for (const reference of this.#referencesAt(position))
        if (!this.kept.hasObject(reference)) todo.push(reference);
      yield;
    }
  }

  /** Keeps what later transactions need: data that they point at, and objects that they refer to. */
  *#readFuture(): Generator<void> {
    const { end: fileEnd, gc, progress } = this.#options;
    let last: Tid = 0n;
    for (let position = this.packPosition; position < fileEnd;) {
      const header = this.#sequential.transaction(position);
      this.#checked(position, header, last);
      last = header.tid;
      const end = position + header.length;
      if (header.status !== 'u') {
        for (let at = position + headerLength(header); at < end;) {
          const record = this.#record(at, position, end);
          if (record.back > 0) this.pointedAt.add(record.back);
          if (record.back > 0 && record.back < this.packPosition) {
            // Without garbage collection Python keeps no record that only says that there is nothing.
            if (!gc && this.#random.resolveAt(record.back).data === null) {
              at += record.size;
              continue;
            }
            this.#keep(record.oid, record.back);
            if (gc) yield* this.#trace(this.#known(this.#referencesAt(record.back)));
          } else if (gc && record.length > 0) {
            yield* this.#trace(this.#known(this.#referencesIn(this.#sequential.dataAt(at, record), at)));
          }
          at += record.size;
        }
      }
      position = end + 8;
      progress(position);
      yield;
    }
  }

  /** Objects that were there at the time of the pack; others were made later. */
  #known(oids: Iterable<Oid>): Oid[] {
    return [...oids].filter((oid) => this.#current.get(oid) !== 0);
  }
}
