import { call, getattr } from '../../../src/restricted/index.ts';
import { renderPlacesOf, TemplateError } from '../../../src/templates/index.ts';
import type { ZopePageTemplate } from '../../../src/zope/ofs/index.ts';
import { type Case, Mismatch, type Suite } from '../suite.ts';
import { check, matches } from './lib/pycases.ts';
import { errorOf, fromTagged } from './lib/pyvalues.ts';
import { type TestSite, withSite } from './lib/site.ts';
import type { Dict } from '../../../src/pickle/index.ts';

interface Place {
  readonly line: number;
  readonly column: number;
  readonly expression: string;
}

function run(testCase: Case): void {
  withSite(testCase.input, (site) => {
    let thrown: unknown;
    const render = () => {
      try {
        return rendered(testCase, site);
      } catch (error) {
        thrown = error;
        throw error;
      }
    };
    check(testCase, render, site.values);
    if (testCase.expect.error !== undefined) checkPlace(testCase, thrown);
  });
}

/** What the template of a case gives in its site. */
export function rendered({ input }: Case, site: TestSite): unknown {
  const { template, options, args } = input;
  const folder = input.container === undefined ? site.here : site.at(input.container);
  const { id = 'page', ...rest } = template;
  site.add(folder, { ...rest, class: 'Page Template', id });
  const page = getattr(site.here, id) as ZopePageTemplate;
  const values = fromTagged(options ?? {}, site.values) as Dict<string, unknown>;
  return call(
    page,
    (args ?? []).map((value: never) => fromTagged(value, site.values)),
    values,
  );
}

/** The class of the error found when the template was compiled, and the place, which may be a little off in the recording. */
function checkPlace({ expect }: Case, thrown: unknown): void {
  const { cause, expression, line, column } = expect.error;
  const found = (thrown as Error).cause;
  if (cause !== undefined && errorOf(found).type !== cause)
    throw new Mismatch('another cause', cause, errorOf(found));
  if (line === undefined) return;
  // The reference does not name the innermost place of an error in the content of a slot.
  const places: readonly Place[] =
    found instanceof TemplateError ? [{ ...found.place, ...found }] : renderPlacesOf(thrown);
  const same = (place: Place) =>
    place.line === line &&
    Math.abs(place.column - column) <= 1 &&
    matches(place.expression.trim(), expression.trim());
  if (!places.some(same)) throw new Mismatch('another place', { expression, line, column }, places);
}

const suite: Suite = { run };
export default suite;
