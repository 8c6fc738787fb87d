import type { Transaction } from '../transaction/index.ts';
import { ConflictError, type Oid, type Storage, type Tid } from './interfaces.ts';

interface Commit {
  readonly transaction: Transaction;
  /** Who takes part, and what each of them stores; that is noted where there are several. */
  readonly writers: { readonly writer: object; oids: Set<Oid> | undefined }[];
  /** Whether there was never more than one part. */
  alone: boolean;
  voted: boolean;
  tid: Tid | null;
}

/**
 * The two phases of one storage for several parts of one transaction: connections of one database that share a transaction
 * manager, and undo beside changes. The storage is told once of each phase.
 */
export class SharedCommits {
  readonly #storage: Storage;
  /** Few: those of the transactions that are being committed just now. */
  readonly #commits: Commit[] = [];

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  begin(writer: object, transaction: Transaction): void {
    let commit = this.#of(transaction);
    if (commit === undefined) {
      this.#storage.tpcBegin(transaction);
      commit = { transaction, writers: [], alone: true, voted: false, tid: null };
      this.#commits.push(commit);
    } else commit.alone = false;
    commit.writers.push({ writer, oids: undefined });
  }

  #of(transaction: Transaction): Commit | undefined {
    return this.#commits.find((commit) => commit.transaction === transaction);
  }

  /**
   * Notes that a part is about to store an object: all parts have begun by then. Throws a ConflictError when another part has
   * stored it.
   */
  stores(writer: object, oid: Oid, transaction: Transaction): void {
    const writers = this.#of(transaction)?.writers;
    if (writers === undefined || writers.length === 1) return;
    for (const part of writers) {
      if (part.writer === writer) (part.oids ??= new Set()).add(oid);
      else if (part.oids?.has(oid) === true)
        throw new ConflictError('an object is changed twice, independently, in one transaction', { oid });
    }
  }

  vote(transaction: Transaction): readonly Oid[] | undefined {
    const commit = this.#of(transaction);
    if (commit?.voted === true) return undefined;
    const resolved = this.#storage.tpcVote(transaction);
    if (commit !== undefined) commit.voted = true;
    return resolved;
  }

  /** Whether a part is the only one of its transaction. */
  isAlone(transaction: Transaction): boolean {
    return this.#of(transaction)?.alone === true;
  }

  finish(writer: object, transaction: Transaction, callback: (tid: Tid) => void): Tid {
    const commit = this.#of(transaction);
    if (commit?.tid != null) callback(commit.tid);
    else {
      const tid = this.#storage.tpcFinish(transaction, callback);
      if (commit === undefined) return tid;
      commit.tid = tid;
    }
    this.#leave(writer, commit);
    return commit.tid!;
  }

  abort(writer: object, transaction: Transaction): void {
    const commit = this.#of(transaction);
    if (commit === undefined || commit.tid === null) this.#storage.tpcAbort(transaction);
    if (commit !== undefined) this.#leave(writer, commit);
  }

  #leave(writer: object, commit: Commit): void {
    const { writers } = commit;
    remove(
      writers,
      writers.findIndex((part) => part.writer === writer),
    );
    if (writers.length === 0) remove(this.#commits, this.#commits.indexOf(commit));
  }
}

/** Takes one of a few out: most often the last, for which `splice` would make an array. */
function remove<T>(from: T[], at: number): void {
  if (at === from.length - 1) from.pop();
  else if (at >= 0) from.splice(at, 1);
}
