import type { Oid, Tid } from '../interfaces.ts';

/** Transactions whose changes are remembered, and objects in them; at times twice as many. */
const TRANSACTIONS = 10_000;
const OIDS = 2 ** 20;

interface Change {
  readonly tid: Tid;
  readonly oids: readonly Oid[];
}

/** What the last transactions changed, for connections that move on to the newest state. */
export class RecentChanges {
  #changes: Change[] = [];
  #oids = 0;
  /** Before this transaction it is not known what changed. */
  #from: Tid;

  constructor(from: Tid) {
    this.#from = from;
  }

  add(tid: Tid, oids: readonly Oid[]): void {
    this.#changes.push({ tid, oids });
    this.#oids += oids.length;
    if (this.#changes.length > TRANSACTIONS * 2 || this.#oids > OIDS * 2) this.#forget();
  }

  /** Keeps the newest. */
  #forget(): void {
    const changes = this.#changes;
    let first = changes.length;
    let oids = 0;
    while (first > 0 && changes.length - first < TRANSACTIONS) {
      oids += changes[first - 1]!.oids.length;
      if (oids > OIDS) break;
      first--;
    }
    this.#changes = changes.slice(first);
    this.#oids = this.#changes.reduce((sum, change) => sum + change.oids.length, 0);
    this.#from = changes[first - 1]!.tid;
  }

  /** Objects that were changed after a transaction, by others than `but`, in order; null when that is not known. */
  since(tid: Tid, but?: Tid): Oid[] | null {
    if (tid < this.#from) return null;
    let first = this.#changes.length;
    while (first > 0 && this.#changes[first - 1]!.tid > tid) first--;
    const oids: Oid[] = [];
    for (; first < this.#changes.length; first++) {
      const change = this.#changes[first]!;
      if (change.tid !== but) for (const oid of change.oids) oids.push(oid);
    }
    return oids;
  }
}
