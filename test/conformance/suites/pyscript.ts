import { Dict } from '../../../src/pickle/index.ts';
import { call, getattr, PySyntaxError } from '../../../src/restricted/index.ts';
import type { PythonScript } from '../../../src/zope/ofs/index.ts';
import { type Case, expectSame, Mismatch, type Suite } from '../suite.ts';
import { check } from './lib/pycases.ts';
import { fromTagged } from './lib/pyvalues.ts';
import { type TestSite, withSite } from './lib/site.ts';

function run(testCase: Case): void {
  const { input } = testCase;
  withSite(input, (site) => check(testCase, () => runScript(testCase, site), site.values));
}

/** The script of a case, in its site. */
export function scriptOf({ input }: Case, site: TestSite): PythonScript {
  const folder = input.container === undefined ? site.here : site.at(input.container);
  const spec = { params: '', id: 'work', ...input.script, class: 'Script (Python)' };
  return site.add(folder, spec) as PythonScript;
}

function runScript(testCase: Case, site: TestSite): unknown {
  const { input, expect } = testCase;
  const script = scriptOf(testCase, site);
  const id = input.script.id ?? 'work';
  if (expect.error?.type === 'CompileError') {
    const { errors } = expect.error;
    if (!errors.some((text: string) => text.includes('SyntaxError')))
      expectSame('other errors', [...script.errors], errors);
    else if (!script.errors[0]?.startsWith(expect.error.message_contains))
      throw new Mismatch('another error', errors, script.errors);
    throw Object.assign(new Error(script.errors[0]), { name: 'CompileError' });
  }
  if (script.errors[0]?.startsWith('Line 1: SyntaxError'))
    throw new PySyntaxError(script.errors[0], 1, 0, id);
  const args = (input.args ?? []).map((arg: unknown) => fromTagged(arg, site.values));
  const kwargs = fromTagged(input.kw ?? {}, site.values) as Dict<string, unknown>;
  return call(getattr(site.here, id), args, kwargs);
}

const suite: Suite = { run };
export default suite;
