/**
 * The last transactions and the objects that they changed, in memory that all threads share: what a connection asks for when it
 * moves on. One thread writes at a time, under the commit lock. A reader takes no lock: it copies, and then looks whether what
 * it copied has been written over in the meantime.
 */
import type { Oid, Tid } from '../../interfaces.ts';

const TRANSACTIONS = 2 ** 16;
const OIDS = 2 ** 20;
/** What a transaction changed is too much to remember. */
const TOO_MANY = -1;

/** Counts of what was ever written. */
const TRANSACTIONS_WRITTEN = 0;
const OIDS_WRITTEN = 1;
const HEADER_BYTES = 16;

const TIDS_AT = HEADER_BYTES;
const STARTS_AT = TIDS_AT + TRANSACTIONS * 8;
const COUNTS_AT = STARTS_AT + TRANSACTIONS * 8;
const OIDS_AT = COUNTS_AT + TRANSACTIONS * 4;

export const reserveChanges = (): SharedArrayBuffer => new SharedArrayBuffer(OIDS_AT + OIDS * 8);

export class ChangeRing {
  readonly #written: Float64Array;
  readonly #tids: BigUint64Array;
  readonly #starts: Float64Array;
  readonly #counts: Int32Array;
  readonly #oids: BigUint64Array;

  constructor(memory: SharedArrayBuffer) {
    this.#written = new Float64Array(memory, 0, 2);
    this.#tids = new BigUint64Array(memory, TIDS_AT, TRANSACTIONS);
    this.#starts = new Float64Array(memory, STARTS_AT, TRANSACTIONS);
    this.#counts = new Int32Array(memory, COUNTS_AT, TRANSACTIONS);
    this.#oids = new BigUint64Array(memory, OIDS_AT, OIDS);
  }

  /** Adds a transaction, later than all before. */
  add(tid: Tid, oids: readonly Oid[]): void {
    const number = this.#written[TRANSACTIONS_WRITTEN]!;
    const slot = number % TRANSACTIONS;
    let position = this.#written[OIDS_WRITTEN]!;
    this.#tids[slot] = tid;
    this.#starts[slot] = position;
    this.#counts[slot] = oids.length < OIDS / 2 ? oids.length : TOO_MANY;
    if (oids.length < OIDS / 2) {
      // Told before the first is overwritten, so that a reader of it notices.
      this.#written[OIDS_WRITTEN] = position + oids.length;
      for (const oid of oids) this.#oids[position++ % OIDS] = BigInt(oid);
    }
    this.#written[TRANSACTIONS_WRITTEN] = number + 1;
  }

  /** Takes the transactions after `tid` back, which nobody has seen yet. */
  takeBack(tid: Tid): void {
    let number = this.#written[TRANSACTIONS_WRITTEN]!;
    while (number > 0 && this.#tids[(number - 1) % TRANSACTIONS]! > tid) number--;
    this.#written[TRANSACTIONS_WRITTEN] = number;
  }

  /**
   * The objects that the transactions after `after` up to `upTo` changed, in their order. Null when it is not known any more.
   * @param after A transaction that was seen; `first` is the last one that was there when the ring was made.
   */
  between(after: Tid, upTo: Tid, first: Tid): Oid[] | null {
    const end = this.#written[TRANSACTIONS_WRITTEN]!;
    const oids: Oid[] = [];
    let lowestOid = Infinity;
    let number = end - 1;
    for (; number >= 0 && number > end - TRANSACTIONS; number--) {
      const slot = number % TRANSACTIONS;
      const tid = this.#tids[slot]!;
      if (tid <= after) break;
      if (tid > upTo) continue;
      const count = this.#counts[slot]!;
      if (count === TOO_MANY) return null;
      lowestOid = this.#starts[slot]!;
      for (let i = count - 1; i >= 0; i--) oids.push(narrow(this.#oids[(lowestOid + i) % OIDS]!));
    }
    const known = number >= 0 ? number > end - TRANSACTIONS : after >= first;
    if (
      !known ||
      this.#written[TRANSACTIONS_WRITTEN]! - number >= TRANSACTIONS ||
      this.#written[OIDS_WRITTEN]! - lowestOid > OIDS
    )
      return null;
    return oids.reverse();
  }
}

const narrow = (oid: bigint): Oid => (oid <= Number.MAX_SAFE_INTEGER ? Number(oid) : oid);
