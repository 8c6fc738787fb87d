import type { DataManager, Transaction } from '../transaction/index.ts';
import type { Oid, Storage, Tid } from './interfaces.ts';

/** Takes back earlier transactions when the transaction that it has joined is committed. */
export class UndoManager implements DataManager {
  readonly #storage: Storage;
  readonly #tids: readonly Tid[];
  readonly #changed: (oids: readonly Oid[]) => void;
  #oids: Oid[] = [];

  constructor(storage: Storage, tids: readonly Tid[], changed: (oids: readonly Oid[]) => void) {
    this.#storage = storage;
    this.#tids = tids;
    this.#changed = changed;
  }

  abort(): void {
    this.#oids = [];
  }

  tpcBegin(transaction: Transaction): void {
    this.#oids = [];
    this.#storage.tpcBegin(transaction);
  }

  commit(transaction: Transaction): void {
    for (const tid of this.#tids) this.#oids.push(...this.#storage.undo!(tid, transaction));
  }

  tpcVote(transaction: Transaction): void {
    this.#oids.push(...(this.#storage.tpcVote(transaction) ?? []));
  }

  tpcFinish(transaction: Transaction): void {
    this.#storage.tpcFinish(transaction, () => this.#changed(this.#oids));
  }

  tpcAbort(transaction: Transaction): void {
    this.#storage.tpcAbort(transaction);
  }

  sortKey(): string {
    return `${this.#storage.sortKey()}:undo`;
  }
}
