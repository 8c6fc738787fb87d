import { Dict } from '../../../src/pickle/index.ts';
import { compileExpression, moduleItem, PySyntaxError, registerType } from '../../../src/restricted/index.ts';
import type { Case, Suite } from '../suite.ts';
import { application, check, installPolicy, removePolicy } from './lib/pycases.ts';
import { fromTagged } from './lib/pyvalues.ts';

class Modules {}
registerType(Modules, {
  attributes: 'all',
  operators: { getitem: (_self, name) => moduleItem(name as string) },
});

class Default {}

function run(testCase: Case): void {
  const { input } = testCase;
  check(testCase, () => {
    let compiled;
    try {
      compiled = compileExpression(input.expr.trim(), { filename: 'expression' });
    } catch (error) {
      if (!(error instanceof PySyntaxError)) throw error;
      // The engine's compiler reports what is refused and what is no Python alike.
      const text =
        error.msg.includes('"') || error.msg.includes('not allowed')
          ? error.msg
          : `SyntaxError: ${error.msg}`;
      throw Object.assign(new Error(text), { name: 'CompilerError' });
    }
    const vars = Object.fromEntries(
      Object.entries(input.vars ?? {}).map(([key, value]) => [key, fromTagged(value)]),
    );
    const names: Record<string, unknown> = {
      here: application,
      context: application,
      container: application,
      root: application,
      options: fromTagged(input.options ?? {}),
      modules: new Modules(),
      nothing: null,
      default: new Default(),
      repeat: new Dict(),
      ...vars,
    };
    return compiled.evaluate((name) => (Object.hasOwn(names, name) ? names[name] : undefined));
  });
}

const suite: Suite = { setUp: installPolicy, tearDown: removePolicy, run };
export default suite;
