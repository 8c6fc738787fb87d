import { Dict } from '../../../src/pickle/index.ts';
import { call, getattr } from '../../../src/restricted/index.ts';
import { DtmlProgram } from '../../../src/templates/index.ts';
import type { Case, Suite } from '../suite.ts';
import { check } from './lib/pycases.ts';
import { fromTagged } from './lib/pyvalues.ts';
import { type TestSite, withSite } from './lib/site.ts';

function run(testCase: Case): void {
  withSite(testCase.input, (site) => check(testCase, () => render(testCase, site), site.values));
}

/** What the DTML of a case gives in its site. */
export function render({ input }: Case, site: TestSite): unknown {
  const { source, class: cls = 'DTML Method', id = 'page', ...rest } = input.dtml;
  const values = fromTagged(input.vars ?? {}, site.values) as Dict<string, unknown>;
  if (cls === 'SQL') {
    values.set('sql_delimiter', '\u0000');
    values.set('sql_quote__', (text: string) => `'${text.replaceAll("'", "''")}'`);
    return DtmlProgram.compile(source, { name: '<string>', sql: true }).render({
      mapping: new Dict(),
      values,
    });
  }
  const withRequest = input.request || input.form !== undefined || input.query_string !== undefined;
  const mapping = withRequest ? site.request : fromTagged(input.mapping ?? {}, site.values);
  site.add(site.here, { ...rest, class: cls, id, source });
  return call(getattr(site.here, id), [site.here, mapping], values);
}

const suite: Suite = { run };
export default suite;
