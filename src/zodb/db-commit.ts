import type { Transaction } from '../transaction/index.ts';
import { ConflictError, type Oid, type Storage, type Tid } from './interfaces.ts';

interface Commit {
  /** Who takes part, and what each of them stores. */
  readonly writers: Map<object, Set<Oid>>;
  voted: boolean;
  tid: Tid | null;
}

/**
 * The two phases of one storage for several parts of one transaction: connections of one database that share a transaction
 * manager, and undo beside changes. The storage is told once of each phase.
 */
export class SharedCommits {
  readonly #storage: Storage;
  readonly #commits = new Map<Transaction, Commit>();

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  begin(writer: object, transaction: Transaction): void {
    let commit = this.#commits.get(transaction);
    if (commit === undefined) {
      this.#storage.tpcBegin(transaction);
      commit = { writers: new Map(), voted: false, tid: null };
      this.#commits.set(transaction, commit);
    }
    commit.writers.set(writer, new Set());
  }

  /** Notes that a part is about to store an object. Throws a ConflictError when another part has. */
  stores(writer: object, oid: Oid, transaction: Transaction): void {
    const commit = this.#commits.get(transaction);
    if (commit === undefined) return;
    if (commit.writers.size > 1) {
      for (const [other, oids] of commit.writers) {
        if (other !== writer && oids.has(oid))
          throw new ConflictError('an object is changed twice, independently, in one transaction', { oid });
      }
    }
    commit.writers.get(writer)?.add(oid);
  }

  vote(transaction: Transaction): readonly Oid[] | undefined {
    const commit = this.#commits.get(transaction);
    if (commit?.voted === true) return undefined;
    const resolved = this.#storage.tpcVote(transaction);
    if (commit !== undefined) commit.voted = true;
    return resolved;
  }

  finish(writer: object, transaction: Transaction, callback: (tid: Tid) => void): Tid {
    const commit = this.#commits.get(transaction);
    if (commit?.tid != null) callback(commit.tid);
    else {
      const tid = this.#storage.tpcFinish(transaction, callback);
      if (commit === undefined) return tid;
      commit.tid = tid;
    }
    this.#leave(writer, transaction, commit);
    return commit.tid!;
  }

  abort(writer: object, transaction: Transaction): void {
    const commit = this.#commits.get(transaction);
    if (commit === undefined || commit.tid === null) this.#storage.tpcAbort(transaction);
    if (commit !== undefined) this.#leave(writer, transaction, commit);
  }

  #leave(writer: object, transaction: Transaction, commit: Commit): void {
    commit.writers.delete(writer);
    if (commit.writers.size === 0) this.#commits.delete(transaction);
  }
}
