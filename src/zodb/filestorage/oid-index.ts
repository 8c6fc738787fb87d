/** Where the current record of each object is: eight bytes an object in pages of the oids that are in use. */
import type { Oid } from '../interfaces.ts';

const PAGE_BITS = 10;
const PAGE = 1 << PAGE_BITS;
/** Of a typed array and its buffer; of an entry of a Map, measured. */
const PAGE_OVERHEAD = 200;
const SPARSE_ENTRY = 73;
/** Beyond it oids are so sparse that pages would be waste. */
const PAGED = 2 ** 31;

/** Where the current record of each object is; 0: there is none. */
export interface PositionIndex {
  readonly size: number;
  readonly bytes: number;
  readonly max: Oid;
  get(oid: Oid): number;
  set(oid: Oid, position: number): void;
  delete(oid: Oid): void;
  atOrAfter(oid: Oid): Oid | undefined;
  keys(): Iterable<Oid>;
}

export class OidIndex implements PositionIndex {
  readonly #pages: (Float64Array | undefined)[] = [];
  readonly #sparse = new Map<Oid, number>();
  #size = 0;
  #max: Oid = 0;

  get size(): number {
    return this.#size;
  }

  /** Bytes of memory that it takes, about. */
  get bytes(): number {
    let pages = 0;
    for (const page of this.#pages) if (page !== undefined) pages++;
    return pages * (PAGE * 8 + PAGE_OVERHEAD) + this.#pages.length * 8 + this.#sparse.size * SPARSE_ENTRY;
  }

  /** The highest oid that was ever set. */
  get max(): Oid {
    return this.#max;
  }

  /** The position; 0 when there is no such object. */
  get(oid: Oid): number {
    if (typeof oid === 'number' && oid < PAGED)
      return this.#pages[oid >>> PAGE_BITS]?.[oid & (PAGE - 1)] ?? 0;
    return this.#sparse.get(oid) ?? 0;
  }

  set(oid: Oid, position: number): void {
    if (oid > this.#max) this.#max = oid;
    if (typeof oid === 'number' && oid < PAGED) {
      const page = (this.#pages[oid >>> PAGE_BITS] ??= new Float64Array(PAGE));
      if (page[oid & (PAGE - 1)] === 0) this.#size++;
      page[oid & (PAGE - 1)] = position;
      return;
    }
    if (!this.#sparse.has(oid)) this.#size++;
    this.#sparse.set(oid, position);
  }

  delete(oid: Oid): void {
    if (this.get(oid) === 0) return;
    this.#size--;
    if (typeof oid === 'number' && oid < PAGED) this.#pages[oid >>> PAGE_BITS]![oid & (PAGE - 1)] = 0;
    else this.#sparse.delete(oid);
  }

  /** The lowest oid that is not below one; undefined when there is none. */
  atOrAfter(oid: Oid): Oid | undefined {
    if (typeof oid === 'number' && oid < PAGED) {
      let offset = oid & (PAGE - 1);
      for (let number = oid >>> PAGE_BITS; number < this.#pages.length; number++, offset = 0) {
        const page = this.#pages[number];
        if (page === undefined) continue;
        for (let i = offset; i < PAGE; i++) if (page[i] !== 0) return number * PAGE + i;
      }
    }
    let lowest: Oid | undefined;
    for (const key of this.#sparse.keys())
      if (key >= oid && (lowest === undefined || key < lowest)) lowest = key;
    return lowest;
  }

  /** Oids in order. */
  *keys(): Generator<Oid> {
    for (const [number, page] of this.#pages.entries()) {
      if (page === undefined) continue;
      for (let i = 0; i < PAGE; i++) if (page[i] !== 0) yield number * PAGE + i;
    }
    yield* [...this.#sparse.keys()].sort((a, b) => (a < b ? -1 : 1));
  }
}
