import type { DataManager, Transaction } from '../transaction/index.ts';
import type { SharedCommits } from './db-commit.ts';
import type { Oid, Storage, Tid } from './interfaces.ts';

/** Takes back earlier transactions when the transaction that it has joined is committed. */
export class UndoManager implements DataManager {
  readonly #storage: Storage;
  readonly #commits: SharedCommits;
  readonly #tids: readonly Tid[];
  readonly #changed: (oids: readonly Oid[]) => void;
  #oids: Oid[] = [];

  constructor(
    storage: Storage,
    commits: SharedCommits,
    tids: readonly Tid[],
    changed: (oids: readonly Oid[]) => void,
  ) {
    this.#storage = storage;
    this.#commits = commits;
    this.#tids = tids;
    this.#changed = changed;
  }

  abort(): void {
    this.#oids = [];
  }

  tpcBegin(transaction: Transaction): void {
    this.#oids = [];
    this.#commits.begin(this, transaction);
  }

  commit(transaction: Transaction): void {
    for (const tid of this.#tids) {
      const oids = this.#storage.undo!(tid, transaction);
      for (const oid of oids) this.#commits.stores(this, oid, transaction);
      this.#oids.push(...oids);
    }
  }

  tpcVote(transaction: Transaction): void {
    this.#oids.push(...(this.#commits.vote(transaction) ?? []));
  }

  tpcFinish(transaction: Transaction): void {
    this.#commits.finish(this, transaction, () => this.#changed(this.#oids));
  }

  tpcAbort(transaction: Transaction): void {
    this.#commits.abort(this, transaction);
  }

  /** Commits after the connections of the database, so that what they store does not pass for what was there before. */
  sortKey(): string {
    return `${this.#storage.sortKey()}:\uffff`;
  }
}
