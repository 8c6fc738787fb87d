import { describe, expect, it } from 'vitest';
import { Dict } from '../../src/pickle/index.ts';
import {
  Budget,
  BudgetError,
  compileFunction,
  compileTypeScript,
  PyError,
  withBudget,
} from '../../src/restricted/index.ts';
import { PYTHON, TYPESCRIPT } from './dear-operations.ts';

/** How a program ends: the code of its budget, or what it gave or threw. */
function end(compile: typeof compileFunction, body: string): string {
  const script = compile({ name: 'work', params: '', body, filename: 'work', globals: [] });
  if (script.errors.length > 0) return script.errors[0]!;
  try {
    // No steps are missing: time or memory have to run out.
    const budget = new Budget({ time: 40, memory: 64 * 2 ** 20, steps: Number.MAX_SAFE_INTEGER });
    return `gave ${typeof withBudget(budget, () => script.call([], new Dict()))}`;
  } catch (error) {
    if (error instanceof BudgetError) return error.code;
    if (error instanceof PyError) return `${error.name}: ${error.message}`.slice(0, 100);
    throw error;
  }
}

// Each would run for minutes or need gigabytes if its operations were not charged: the test's own time limit would end it.
// Run by hand, with ZOPE_TEST_OVERSHOOT=1: an operation that does not stop would hold the whole test command.
describe.skipIf(process.env.ZOPE_TEST_OVERSHOOT === undefined).each([
  ['Python', compileFunction, PYTHON],
  ['TypeScript', compileTypeScript, TYPESCRIPT],
] as const)('dear operations of %s stop within their limits', (_language, compile, programs) => {
  it.each(Object.entries(programs))('%s', (_name, body) => {
    expect(end(compile, body)).toMatch(/^BUDGET_(?:TIME|MEMORY)$|^MemoryError: /);
  });
});
