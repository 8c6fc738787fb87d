/** Runs dear programs one after the other in a thread of its own, and tells how each ends. */
import { parentPort, workerData } from 'node:worker_threads';
import { Dict } from '../../src/pickle/index.ts';
import {
  Budget,
  BudgetError,
  type BudgetLimits,
  compileFunction,
  compileTypeScript,
  PyError,
  setSecurityPolicy,
  withBudget,
} from '../../src/restricted/index.ts';

export interface Program {
  readonly name: string;
  readonly language: 'Python' | 'TypeScript';
  readonly body: string;
}

/** The code of its budget, or what it gave or threw. */
function end({ language, body }: Program, limits: Partial<BudgetLimits>): string {
  const compile = language === 'Python' ? compileFunction : compileTypeScript;
  const script = compile({ name: 'work', params: '', body, filename: 'work', globals: [] });
  if (script.errors.length > 0) return script.errors[0]!;
  try {
    return `gave ${typeof withBudget(new Budget(limits), () => script.call([], new Dict()))}`;
  } catch (error) {
    if (error instanceof BudgetError) {
      const line = error.traceback.at(-1)?.line;
      return line === undefined ? `${error.code} without a line` : error.code;
    }
    if (error instanceof PyError) return `${error.name}: ${error.message}`.slice(0, 100);
    return String(error).slice(0, 100);
  }
}

// What generators give is not for everybody.
setSecurityPolicy({ validate: () => true, checkPermission: () => true });
const { programs, limits } = workerData as {
  readonly programs: readonly Program[];
  readonly limits: Partial<BudgetLimits>;
};
for (const program of programs) {
  parentPort!.postMessage({ begins: program.name });
  parentPort!.postMessage({ ends: program.name, as: end(program, limits) });
}
