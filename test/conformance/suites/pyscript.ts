import { Dict } from '../../../src/pickle/index.ts';
import { compileFunction } from '../../../src/restricted/index.ts';
import { type Case, expectSame, Mismatch, type Suite } from '../suite.ts';
import { application, check, installPolicy, removePolicy } from './lib/pycases.ts';
import { fromTagged } from './lib/pyvalues.ts';

class SimpleScript {}

function run(testCase: Case): void {
  const { input, expect } = testCase;
  const { script } = input;
  check(testCase, () => {
    const compiled = compileFunction({
      name: script.id ?? 'work',
      params: script.params ?? '',
      body: script.body,
      filename: script.id ?? 'work',
      globals: ['context', 'container', 'script', 'traverse_subpath'],
    });
    if (expect.error?.type === 'CompileError') {
      const { errors } = expect.error;
      if (!errors.some((text: string) => text.includes('SyntaxError')))
        expectSame('other errors', compiled.errors, errors);
      else if (!compiled.errors[0]?.startsWith(expect.error.message_contains))
        throw new Mismatch('another error', errors, compiled.errors);
      throw Object.assign(new Error(compiled.errors[0]), { name: 'CompileError' });
    }
    if (compiled.errors.length > 0) throw new Mismatch('errors', expect, compiled.errors);
    const args = (input.args ?? []).map((arg: unknown) => fromTagged(arg));
    const kwargs = fromTagged(input.kw ?? {}) as Dict<string, unknown>;
    return compiled.call(args, kwargs, {
      context: application,
      container: application,
      script: new SimpleScript(),
      traverse_subpath: [],
    });
  });
}

const suite: Suite = { setUp: installPolicy, tearDown: removePolicy, run };
export default suite;
