import type { Synchronizer } from './interfaces.ts';
import type { Transaction } from './transaction.ts';

/** Synchronizers, held weakly: one that nobody else needs any more is told nothing. */
export class SynchronizerSet {
  #refs: WeakRef<Synchronizer>[] = [];

  get size(): number {
    return this.#live().length;
  }

  add(synchronizer: Synchronizer): void {
    if (!this.#live().includes(synchronizer)) this.#refs.push(new WeakRef(synchronizer));
  }

  /** False when it was not there. */
  delete(synchronizer: Synchronizer): boolean {
    const before = this.#refs.length;
    this.#refs = this.#refs.filter((ref) => ref.deref() !== synchronizer);
    return this.#refs.length < before;
  }

  clear(): void {
    this.#refs = [];
  }

  call(event: keyof Synchronizer, transaction: Transaction): void {
    // What is told may add and remove some: this goes through those that there are now.
    const refs = this.#refs;
    const { length } = refs;
    let dead = false;
    for (let i = 0; i < length; i++) {
      const synchronizer = refs[i]!.deref();
      if (synchronizer === undefined) dead = true;
      // By their names: one place that calls by any name looks it up in tables each time.
      else if (event === 'beforeCompletion') synchronizer.beforeCompletion(transaction);
      else if (event === 'afterCompletion') synchronizer.afterCompletion(transaction);
      else synchronizer.newTransaction(transaction);
    }
    if (dead) this.#live();
  }

  #live(): Synchronizer[] {
    const live: Synchronizer[] = [];
    for (const ref of this.#refs) {
      const synchronizer = ref.deref();
      if (synchronizer !== undefined) live.push(synchronizer);
    }
    if (live.length < this.#refs.length) this.#refs = this.#refs.filter((ref) => ref.deref() !== undefined);
    return live;
  }
}
