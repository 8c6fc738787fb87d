import { InvalidSavepointRollbackError, SavepointsUnsupported } from './errors.ts';
import type { DataManager, DataManagerSavepoint } from './interfaces.ts';
import type { Transaction } from './transaction.ts';

/** A state of all data managers of a transaction, to which it can go back. */
export class Savepoint {
  #transaction: Transaction | null;
  readonly #parts: DataManagerSavepoint[];

  constructor(transaction: Transaction, optimistic: boolean, managers: readonly DataManager[]) {
    this.#transaction = transaction;
    this.#parts = managers.map((manager) => {
      if (typeof manager.savepoint === 'function') return manager.savepoint();
      if (!optimistic) throw new SavepointsUnsupported(manager);
      return {
        rollback() {
          throw new SavepointsUnsupported(manager);
        },
      };
    });
  }

  /** Whether the transaction can still go back here. */
  get valid(): boolean {
    return this.#transaction !== null;
  }

  /** Undoes what was done since. Savepoints made since become invalid; this one stays valid. */
  rollback(): void {
    const transaction = this.#transaction;
    if (transaction === null) throw new InvalidSavepointRollbackError('invalidated by a later savepoint');
    transaction._invalidateAfter(this);
    try {
      for (const part of this.#parts) part.rollback();
    } catch (error) {
      transaction._fail(error);
      throw error;
    }
  }

  /** Internal: a manager that joined later is rolled back by leaving the transaction. */
  _add(part: DataManagerSavepoint): void {
    this.#parts.push(part);
  }

  /** Internal. */
  _invalidate(): void {
    this.#transaction = null;
  }
}
