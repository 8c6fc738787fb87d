import { getLogger } from '@logtape/logtape';

export type Hook = (...args: never[]) => unknown;
export type HookEntry = readonly [hook: Hook, args: readonly unknown[]];

const logger = getLogger(['txn']);

/** Calls hooks in order, those as well that hooks add meanwhile. The list is empty afterwards, whatever happens. */
export function callHooks(hooks: HookEntry[], prefix: readonly unknown[], failing: 'throw' | 'log'): void {
  try {
    for (const [hook, args] of hooks) {
      try {
        (hook as (...all: unknown[]) => unknown)(...prefix, ...args);
      } catch (error) {
        if (failing === 'throw') throw error;
        logger.error('Error in hook exec in {hook}: {error}', { hook: hook.name, error });
      }
    }
  } finally {
    hooks.length = 0;
  }
}
