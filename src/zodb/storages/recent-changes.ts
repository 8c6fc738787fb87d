import type { Oid, Tid } from '../interfaces.ts';

/** Transactions whose changes are remembered. */
const REMEMBERED = 10_000;

interface Change {
  readonly tid: Tid;
  readonly oids: readonly Oid[];
}

/** What the last transactions changed, for connections that move on to the newest state. */
export class RecentChanges {
  #changes: Change[] = [];
  /** Before this transaction it is not known what changed. */
  #from: Tid;

  constructor(from: Tid) {
    this.#from = from;
  }

  add(tid: Tid, oids: readonly Oid[]): void {
    this.#changes.push({ tid, oids });
    if (this.#changes.length <= REMEMBERED * 2) return;
    this.#changes = this.#changes.slice(REMEMBERED);
    this.#from = this.#changes[0]!.tid;
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
