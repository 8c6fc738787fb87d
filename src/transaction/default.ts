/** The manager of the running code, without being handed it. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { type RunOptions, TransactionManager } from './manager.ts';
import type { Transaction } from './transaction.ts';

// Synchronous code runs with `active`; only what awaits pays for an async context. Outside of both there is one manager a thread.
const threadManager = new TransactionManager();
let active: TransactionManager | undefined;
const contexts = new AsyncLocalStorage<TransactionManager>();

/** The manager that the running code uses: that of its async context, or the thread's. */
export function currentManager(): TransactionManager {
  return active ?? contexts.getStore() ?? threadManager;
}

/** Runs synchronous code with `manager` as the current one. */
export function withTransactionManager<T>(manager: TransactionManager, run: () => T): T {
  const before = active;
  active = manager;
  try {
    return run();
  } finally {
    active = before;
  }
}

/** Runs code that may await with `manager` as the current one, in all that follows from it. */
export function withTransactionManagerAsync<T>(
  manager: TransactionManager,
  run: () => Promise<T>,
): Promise<T> {
  const before = active;
  active = undefined;
  try {
    return contexts.run(manager, run);
  } finally {
    active = before;
  }
}

/** The current transaction of the running code: `transaction.commit()`, `transaction.abort()`, `transaction.get()` … */
export const transaction = {
  get manager(): TransactionManager {
    return currentManager();
  },
  begin: () => currentManager().begin(),
  get: () => currentManager().get(),
  commit: () => currentManager().commit(),
  abort: () => currentManager().abort(),
  savepoint: (optimistic = false) => currentManager().savepoint(optimistic),
  doom: () => currentManager().doom(),
  isDoomed: () => currentManager().isDoomed(),
  attempts: (number = 3) => currentManager().attempts(number),
  run: <T>(work: () => T, options?: number | RunOptions) => currentManager().run(work, options),
  runAsync: <T>(work: () => Promise<T>, options?: number | RunOptions) =>
    currentManager().runAsync(work, options),
  within: <T>(work: (transaction: Transaction) => T) => currentManager().within(work),
};
