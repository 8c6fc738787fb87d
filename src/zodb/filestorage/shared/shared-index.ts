/**
 * Where the current record of each object is, in memory that all threads share. One thread writes at a time, under the commit
 * lock; readers take no lock.
 *
 *   directory  for each 1,024 oids the number of their page (0: none yet)
 *   pages      the positions, 8 bytes each; an aligned 64-bit value is read and written whole
 *   sparse     oids of 2^31 and more: open addressing, key and position in two 64-bit words
 *
 * All of it is reserved at once and touched only as it fills. A reader may see a position before the transaction that it
 * belongs to is published; it skips such records by their transaction id.
 */
import { totalmem } from 'node:os';
import type { Oid } from '../../interfaces.ts';
import type { PositionIndex } from '../oid-index.ts';

const PAGE_BITS = 10;
const PAGE = 1 << PAGE_BITS;
const PAGED = 2 ** 31;
const DIRECTORY = PAGED / PAGE;
/** Bytes for pages: room for 64 million objects beyond those that are there. */
const PAGE_BYTES = 2 ** 29;
/** On a small machine less is reserved: whoever starts a program must be able to copy the promise of all of it. */
const SHARE_OF_MEMORY = 1 / 8;
const LEAST_BYTES = 2 ** 26;
const SPARSE_BYTES = 2 ** 26;
const FIRST_SPARSE_BITS = 10;

/** Words of the header. */
const PAGES_USED = 0;
const SIZE = 1;
/** Where the table begins times 64, plus the binary logarithm of its slots: one word, so that both change at once. */
const SPARSE_TABLE = 2;
const SPARSE_USED = 3;
const SPARSE_END = 4;
const HEADER_WORDS = 8;

/** What another thread needs to use the same index. */
export interface IndexMemory {
  readonly header: SharedArrayBuffer;
  readonly directory: SharedArrayBuffer;
  readonly pages: SharedArrayBuffer;
  readonly sparse: SharedArrayBuffer;
}

/** The memory that was reserved for the index is full. */
export class IndexFullError extends Error {
  readonly code = 'INDEX_FULL';
}

/** @param oids Up to where there are oids already. */
export function reserveIndex(oids: Oid = 0): IndexMemory {
  const room = Math.min(PAGE_BYTES, Math.max(LEAST_BYTES, totalmem() * SHARE_OF_MEMORY));
  const there = Math.min(Number(oids), PAGED) * 8;
  return {
    header: new SharedArrayBuffer(HEADER_WORDS * 8),
    directory: new SharedArrayBuffer(DIRECTORY * 4),
    pages: new SharedArrayBuffer(Math.ceil((there + room) / (PAGE * 8)) * PAGE * 8),
    sparse: new SharedArrayBuffer(SPARSE_BYTES),
  };
}

export class SharedIndex implements PositionIndex {
  readonly #header: Float64Array;
  readonly #max: BigUint64Array;
  readonly #directory: Int32Array;
  readonly #pages: Float64Array;
  readonly #keys: BigUint64Array;
  readonly #values: Float64Array;

  constructor({ header, directory, pages, sparse }: IndexMemory) {
    this.#header = new Float64Array(header);
    this.#max = new BigUint64Array(header, (HEADER_WORDS - 1) * 8, 1);
    this.#directory = new Int32Array(directory);
    this.#pages = new Float64Array(pages);
    this.#keys = new BigUint64Array(sparse);
    this.#values = new Float64Array(sparse);
  }

  get size(): number {
    return this.#header[SIZE]!;
  }

  /** Bytes of memory that are in use. */
  get bytes(): number {
    return (this.#header[PAGES_USED]! * PAGE + this.#header[SPARSE_END]!) * 8;
  }

  /** The highest oid that was ever set. */
  get max(): Oid {
    const max = this.#max[0]!;
    return max <= Number.MAX_SAFE_INTEGER ? Number(max) : max;
  }

  /** The position; 0 when there is no such object. */
  get(oid: Oid): number {
    if (typeof oid === 'number' && oid < PAGED) {
      const page = this.#directory[oid >>> PAGE_BITS]!;
      return page === 0 ? 0 : this.#pages[(page - 1) * PAGE + (oid & (PAGE - 1))]!;
    }
    const table = this.#header[SPARSE_TABLE]!;
    if (table === 0) return 0;
    const slot = this.#slot(BigInt(oid), table);
    return this.#keys[slot] === 0n ? 0 : this.#values[slot + 1]!;
  }

  set(oid: Oid, position: number): void {
    if (this.#move(oid, position)) return;
    if (oid > this.max) this.#max[0] = BigInt(oid);
    if (typeof oid === 'number' && oid < PAGED) {
      const at = this.#pageOf(oid) * PAGE + (oid & (PAGE - 1));
      if (this.#pages[at] === 0) this.#header[SIZE]!++;
      this.#pages[at] = position;
    } else this.#setSparse(BigInt(oid), position);
  }

  /** Gives an object that is there another position: most of what is set. */
  #move(oid: Oid, position: number): boolean {
    if (typeof oid !== 'number' || oid >= PAGED) return false;
    const page = this.#directory[oid >>> PAGE_BITS]!;
    const at = (page - 1) * PAGE + (oid & (PAGE - 1));
    if (page === 0 || this.#pages[at] === 0) return false;
    this.#pages[at] = position;
    return true;
  }

  /** Makes room for objects that are about to be set. Throws an IndexFullError; no object has changed its place then. */
  reserve(objects: Iterable<{ readonly oid: Oid }>): void {
    let sparse = 0;
    for (const { oid } of objects)
      if (typeof oid === 'number' && oid < PAGED) this.#pageOf(oid);
      else if (this.get(oid) === 0) sparse++;
    if (sparse > 0) this.#growFor(sparse);
  }

  delete(oid: Oid): void {
    if (this.get(oid) === 0) return;
    this.#header[SIZE]!--;
    if (typeof oid === 'number' && oid < PAGED)
      this.#pages[(this.#directory[oid >>> PAGE_BITS]! - 1) * PAGE + (oid & (PAGE - 1))] = 0;
    else {
      // The key stays, so that others behind it are still found.
      this.#values[this.#slot(BigInt(oid), this.#header[SPARSE_TABLE]!) + 1] = 0;
    }
  }

  /** The lowest oid that is not below one; undefined when there is none. */
  atOrAfter(oid: Oid): Oid | undefined {
    if (typeof oid === 'number' && oid < PAGED) {
      let offset = oid & (PAGE - 1);
      const last = Number(this.#max[0]! < BigInt(PAGED) ? this.#max[0]! : PAGED - 1) >>> PAGE_BITS;
      for (let number = oid >>> PAGE_BITS; number <= last; number++, offset = 0) {
        const page = this.#directory[number]!;
        if (page === 0) continue;
        for (let i = offset; i < PAGE; i++)
          if (this.#pages[(page - 1) * PAGE + i] !== 0) return number * PAGE + i;
      }
    }
    let lowest: bigint | undefined;
    for (const [key] of this.#sparseEntries())
      if (key >= oid && (lowest === undefined || key < lowest)) lowest = key;
    return lowest === undefined ? undefined : narrow(lowest);
  }

  /** Oids in order. */
  *keys(): Generator<Oid> {
    const max = this.max;
    const last = typeof max === 'number' && max < PAGED ? max >>> PAGE_BITS : DIRECTORY - 1;
    for (let number = 0; number <= last; number++) {
      const page = this.#directory[number]!;
      if (page === 0) continue;
      for (let i = 0; i < PAGE; i++) if (this.#pages[(page - 1) * PAGE + i] !== 0) yield number * PAGE + i;
    }
    const sparse = [...this.#sparseEntries()].map(([key]) => key);
    yield* sparse.sort((a, b) => (a < b ? -1 : 1)).map(narrow);
  }

  /** Forgets everything. Nobody may be reading. */
  clear(): void {
    this.#pages.fill(0, 0, this.#header[PAGES_USED]! * PAGE);
    this.#directory.fill(0);
    this.#keys.fill(0n, 0, this.#header[SPARSE_END]!);
    this.#header.fill(0);
  }

  /** The number of the page of an oid, from 0; made if it is not there. */
  #pageOf(oid: number): number {
    const known = this.#directory[oid >>> PAGE_BITS]!;
    if (known !== 0) return known - 1;
    const page = this.#header[PAGES_USED]!;
    if ((page + 1) * PAGE > this.#pages.length)
      throw new IndexFullError(
        `the index of objects is full with ${this.size} objects: start the server anew, which reserves more`,
      );
    this.#header[PAGES_USED] = page + 1;
    this.#directory[oid >>> PAGE_BITS] = page + 1;
    return page;
  }

  /** The slot of a key, or the free one where it belongs. Keys are stored with one added, as 0 is a free slot. */
  #slot(oid: bigint, table: number): number {
    const start = startOf(table);
    const capacity = slotsOf(table);
    const key = oid + 1n;
    let at = Number(BigInt.asUintN(52, (oid * 0x9e37_79b9_7f4a_7c15n) >> 12n)) % capacity;
    for (;;) {
      const slot = start + at * 2;
      const there = this.#keys[slot]!;
      if (there === key || there === 0n) return slot;
      at = at + 1 === capacity ? 0 : at + 1;
    }
  }

  #setSparse(oid: bigint, position: number): void {
    const header = this.#header;
    this.#growFor(1);
    const slot = this.#slot(oid, header[SPARSE_TABLE]!);
    const isNew = this.#keys[slot] === 0n;
    if (isNew || this.#values[slot + 1] === 0) header[SIZE]!++;
    if (isNew) header[SPARSE_USED]!++;
    // The position first: whoever finds the key finds it.
    this.#values[slot + 1] = position;
    if (isNew) this.#keys[slot] = oid + 1n;
  }

  /** Half of the slots stay free, also with so many keys more. */
  #growFor(more: number): void {
    const header = this.#header;
    for (;;) {
      const table = header[SPARSE_TABLE]!;
      if (table !== 0 && (header[SPARSE_USED]! + more) * 2 <= slotsOf(table)) return;
      this.#grow(table);
    }
  }

  /** Moves the table behind itself, twice as large. Readers of the old one still find what was published. */
  #grow(old: number): void {
    const header = this.#header;
    const bits = old === 0 ? FIRST_SPARSE_BITS : (old % 64) + 1;
    // A table never begins at 0, which stands for none.
    const target = Math.max(header[SPARSE_END]!, 2);
    const table = target * 64 + bits;
    const end = target + slotsOf(table) * 2;
    if (end > this.#keys.length)
      throw new IndexFullError(`the index is full of objects with oids from 2^31: ${header[SPARSE_USED]}`);
    let used = 0;
    // A thread may have ended while it did the same.
    this.#keys.fill(0n, target, end);
    for (const [key, position] of this.#sparseEntries()) {
      const to = this.#slot(key, table);
      this.#values[to + 1] = position;
      this.#keys[to] = key + 1n;
      used++;
    }
    header[SPARSE_END] = end;
    header[SPARSE_USED] = used;
    header[SPARSE_TABLE] = table;
  }

  *#sparseEntries(): Generator<[oid: bigint, position: number]> {
    const table = this.#header[SPARSE_TABLE]!;
    if (table === 0) return;
    const start = startOf(table);
    for (let slot = start; slot < start + slotsOf(table) * 2; slot += 2) {
      const key = this.#keys[slot]!;
      const position = this.#values[slot + 1]!;
      if (key !== 0n && position !== 0) yield [key - 1n, position];
    }
  }
}

const startOf = (table: number) => Math.floor(table / 64);
const slotsOf = (table: number) => 2 ** (table % 64);
const narrow = (oid: bigint): Oid => (oid <= Number.MAX_SAFE_INTEGER ? Number(oid) : oid);
