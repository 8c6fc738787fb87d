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
  /** Ids and oids as halves, the lower first: reading 64 bits as one value would make a bigint of each. */
  readonly #tids: Uint32Array;
  readonly #starts: Float64Array;
  readonly #counts: Int32Array;
  readonly #oids: Uint32Array;

  constructor(memory: SharedArrayBuffer) {
    this.#written = new Float64Array(memory, 0, 2);
    this.#tids = new Uint32Array(memory, TIDS_AT, TRANSACTIONS * 2);
    this.#starts = new Float64Array(memory, STARTS_AT, TRANSACTIONS);
    this.#counts = new Int32Array(memory, COUNTS_AT, TRANSACTIONS);
    this.#oids = new Uint32Array(memory, OIDS_AT, OIDS * 2);
  }

  /** Adds a transaction, later than all before. */
  add(tid: Tid, oids: readonly Oid[]): void {
    const number = this.#written[TRANSACTIONS_WRITTEN]!;
    const slot = number % TRANSACTIONS;
    let position = this.#written[OIDS_WRITTEN]!;
    this.#tids[slot * 2] = lowOf(tid);
    this.#tids[slot * 2 + 1] = highOf(tid);
    this.#starts[slot] = position;
    this.#counts[slot] = oids.length < OIDS / 2 ? oids.length : TOO_MANY;
    if (oids.length < OIDS / 2) {
      // Told before the first is overwritten, so that a reader of it notices.
      this.#written[OIDS_WRITTEN] = position + oids.length;
      for (const oid of oids) {
        const at = (position++ % OIDS) * 2;
        if (typeof oid === 'number') {
          this.#oids[at] = oid;
          this.#oids[at + 1] = oid / HALF;
        } else {
          this.#oids[at] = lowOf(oid);
          this.#oids[at + 1] = highOf(oid);
        }
      }
    }
    this.#written[TRANSACTIONS_WRITTEN] = number + 1;
  }

  /** Below 0: the transaction in a slot came before the one with an id, above 0: after it. */
  #compare(slot: number, high: number, low: number): number {
    return this.#tids[slot * 2 + 1]! - high || this.#tids[slot * 2]! - low;
  }

  /** Takes the transactions after `tid` back, which nobody has seen yet. */
  takeBack(tid: Tid): void {
    let number = this.#written[TRANSACTIONS_WRITTEN]!;
    const [high, low] = [highOf(tid), lowOf(tid)];
    while (number > 0 && this.#compare((number - 1) % TRANSACTIONS, high, low) > 0) number--;
    this.#written[TRANSACTIONS_WRITTEN] = number;
  }

  /**
   * The objects that the transactions after `after` up to `upTo` changed, in their order. Null when it is not known any more.
   * @param after A transaction that was seen; `first` is the last one that was there when the ring was made.
   * @param but A transaction that is left out.
   */
  between(after: Tid, upTo: Tid, first: Tid, but?: Tid): Oid[] | null {
    const [afterHigh, afterLow] = [highOf(after), lowOf(after)];
    const [upToHigh, upToLow] = [highOf(upTo), lowOf(upTo)];
    const [butHigh, butLow] = but === undefined ? [-1, 0] : [highOf(but), lowOf(but)];
    const end = this.#written[TRANSACTIONS_WRITTEN]!;
    const oids: Oid[] = [];
    let lowestOid = Infinity;
    let number = end - 1;
    for (; number >= 0 && number > end - TRANSACTIONS; number--) {
      const slot = number % TRANSACTIONS;
      if (this.#compare(slot, afterHigh, afterLow) <= 0) break;
      if (this.#compare(slot, upToHigh, upToLow) > 0) continue;
      const count = this.#counts[slot]!;
      if (count === TOO_MANY) return null;
      lowestOid = this.#starts[slot]!;
      if (this.#compare(slot, butHigh, butLow) === 0) continue;
      for (let i = count - 1; i >= 0; i--) {
        const at = ((lowestOid + i) % OIDS) * 2;
        oids.push(oidOf(this.#oids[at + 1]!, this.#oids[at]!));
      }
    }
    const known = number >= 0 ? number > end - TRANSACTIONS : after >= first;
    if (
      !known ||
      this.#written[TRANSACTIONS_WRITTEN]! - number >= TRANSACTIONS ||
      this.#written[OIDS_WRITTEN]! - lowestOid > OIDS
    )
      return null;
    return oids.length > 1 ? oids.reverse() : oids;
  }
}

const HALF = 2 ** 32;
/** An id is taken apart in memory: shifting it would make another one, for each half. */
const whole = new BigUint64Array(1);
const halves = new Uint32Array(whole.buffer);
const LOW = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 0 : 1;

function highOf(id: bigint): number {
  whole[0] = id;
  return halves[1 - LOW]!;
}

function lowOf(id: bigint): number {
  whole[0] = id;
  return halves[LOW]!;
}

const oidOf = (high: number, low: number): Oid =>
  high < 2 ** 21 ? high * HALF + low : (BigInt(high) << 32n) | BigInt(low);
