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
  registerType,
  setSecurityPolicy,
  withBudget,
} from '../../src/restricted/index.ts';
import { DtmlProgram, PageTemplateProgram, tainted } from '../../src/templates/index.ts';

export interface Program {
  readonly name: string;
  readonly language: 'Python' | 'TypeScript' | 'DTML' | 'page';
  readonly body: string;
}

function runScript(compile: typeof compileFunction, body: string): unknown {
  const script = compile({ name: 'work', params: '', body, filename: 'work', globals: [] });
  if (script.errors.length > 0) throw new Error(script.errors[0]);
  return script.call([], new Dict());
}

class Response {
  setCookie(): void {}
}
registerType(Response, { methods: { setCookie: ['*args', () => null] } });

/** `again` renders the document in itself. */
function runDtml(body: string): unknown {
  const program: DtmlProgram = DtmlProgram.compile(body, { name: 'work' });
  const again = (_client: unknown, namespace: unknown): unknown => program.render({ mapping: namespace });
  const values = new Dict<string, unknown>([
    ['again', again],
    ['URL', 'http://site.example/work'],
    ['RESPONSE', new Response()],
    ['evil', tainted('<b>')],
    ['n', 5],
  ]);
  return program.render({ values });
}

function runPage(body: string): unknown {
  const program = PageTemplateProgram.compile(body, { filename: 'work' });
  return program.render({
    here: new Dict<string, unknown>([['a', new Dict<string, unknown>([['b', 1]])]]),
    template: new Dict<string, unknown>([['macros', program.macros]]),
  });
}

const RUN: Readonly<Record<Program['language'], (body: string) => unknown>> = {
  Python: (body) => runScript(compileFunction, body),
  TypeScript: (body) => runScript(compileTypeScript, body),
  DTML: runDtml,
  page: runPage,
};

/** The code of its budget, or what it gave or threw. */
function end({ language, body }: Program, limits: Partial<BudgetLimits>): string {
  try {
    return `gave ${typeof withBudget(new Budget(limits), () => RUN[language](body))}`;
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
