/** Page templates and DTML as Zope renders them, and as this package does: the same set-up for both, as the suites `zpt` and `dtml` describe it. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Budget, BudgetError, withBudget } from '../../../src/restricted/index.ts';
import { renderPlacesOf, TemplateError } from '../../../src/templates/index.ts';
import { render as renderDtml } from '../../conformance/suites/dtml.ts';
import { errorOf, toTagged } from '../../conformance/suites/lib/pyvalues.ts';
import { type SiteInput, withSite } from '../../conformance/suites/lib/site.ts';
import { rendered as renderPage } from '../../conformance/suites/zpt.ts';

/** The `input` of a case of the suite `zpt` or `dtml`. */
export type Input = SiteInput & Readonly<Record<string, unknown>>;
export type Kind = 'zpt' | 'dtml';

type Place = readonly [expression: string, line: number, column: number];
interface Failure {
  readonly type: string;
  readonly message: string;
  readonly cause?: string;
  readonly place?: Place;
}
export type Answer = { readonly output: unknown } | { readonly error: Failure } | { readonly skip: string };

const ORACLE = new URL('zope-cases.py', import.meta.url);
const CHUNK = 400;

/** What Zope answers to each, asked in processes of some hundreds. Throws when a process fails. */
export function askZope(python: string, kind: Kind, inputs: readonly Input[]): Answer[] {
  const answers: Answer[] = [];
  for (let from = 0; from < inputs.length; from += CHUNK) {
    const chunk = inputs.slice(from, from + CHUNK).map((input) => [kind, input]);
    const run = spawnSync(python, ['-c', readFileSync(ORACLE, 'utf8')], {
      input: JSON.stringify(chunk),
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    });
    if (run.status !== 0)
      throw new Error(`${python} ended with status ${run.status}, signal ${run.signal}: ${run.stderr}`);
    answers.push(...(JSON.parse(run.stdout) as Answer[]));
  }
  return answers;
}

/** What this package answers. Throws what is an error of the package and not of the template. */
export function ours(kind: Kind, input: Input): Answer & { readonly places?: readonly Place[] } {
  try {
    const work = kind === 'zpt' ? renderPage : renderDtml;
    const testCase = { name: '', input, expect: {} } as never;
    return withBudget(new Budget({ time: 10_000 }), () =>
      withSite(input, (site) => ({ output: toTagged(work(testCase, site), site.values) })),
    );
  } catch (error) {
    if (error instanceof BudgetError) return { skip: error.message };
    const found = (error as Error).cause;
    const { type, message } = errorOf(error);
    if (found instanceof TemplateError)
      return {
        error: {
          type,
          message: found.message,
          cause: errorOf(found).type,
          place: placeOf({ ...found.place, ...found }),
        },
      };
    return {
      error: { type, message },
      places: renderPlacesOf(error).map(placeOf),
    };
  }
}

const placeOf = (place: {
  readonly expression?: string;
  readonly line: number;
  readonly column: number;
}): Place => [place.expression ?? '', place.line, place.column];

export interface Difference {
  readonly input: Input;
  readonly expected: Answer;
  readonly actual: Answer;
}

/** Addresses are of one process; the order of sets is none; what is said of bad Python belongs to one Python. */
const plain = (text: string): string =>
  text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&#39;', "'")
    .replaceAll('&#x27;', "'")
    .replaceAll('&amp;', '&')
    .replaceAll('RepeatDictWrapper', 'RepeatDict')
    .replaceAll(/ at 0x[0-9a-f]+/g, '')
    .replaceAll(/\\+(?=['"])/g, '')
    .replaceAll(/\n\n - String:[^]*/g, '')
    .replaceAll(/\{'s': ['"].*?'k': 'b'\}/g, 'OPTIONS')
    .replaceAll(/(\bbound method |<function |<)(?:[\w<>]+\.)+/g, '$1')
    .replaceAll(/\bSyntaxError\b[^]*/g, 'SyntaxError');

function same(expected: Answer, actual: ReturnType<typeof ours>): boolean {
  if ('output' in expected || !('error' in expected))
    return (
      'output' in actual &&
      plain(JSON.stringify(actual.output)) === plain(JSON.stringify((expected as { output: unknown }).output))
    );
  if (!('error' in actual)) return false;
  const [a, b] = [expected.error, actual.error];
  if (a.type !== b.type || a.cause !== b.cause) return false;
  if (!plain(a.message).includes(plain(b.message)) && !plain(b.message).includes(plain(a.message)))
    return false;
  const places = actual.places ?? (b.place === undefined ? [] : [b.place]);
  return a.place === undefined || places.some((place) => samePlace(a.place!, place));
}

/** A place may be a little off in the original. */
const samePlace = ([expression, line, column]: Place, [our, ourLine, ourColumn]: Place): boolean =>
  line === ourLine &&
  Math.abs(column - ourColumn) <= 1 &&
  (our.includes(expression.trim().slice(0, -1)) || expression.includes(our.trim()));

/** Where the answers differ. */
export function differences(kind: Kind, inputs: readonly Input[], answers: readonly Answer[]): Difference[] {
  const found: Difference[] = [];
  for (const [i, input] of inputs.entries()) {
    const expected = answers[i]!;
    if ('skip' in expected) continue;
    const actual = ours(kind, input);
    if (!('skip' in actual) && !same(expected, actual)) found.push({ input, expected, actual });
  }
  return found;
}

/**
 * Accidents of the original that this package answers better, by what either side says: an expression without a syntax in `dtml-let`
 * ends in an error about that error, a sort key without a value in one about its stand-in, and so on.
 */
const ACCIDENTS: Readonly<Record<Kind, RegExp>> = {
  dtml: /cannot unpack non-iterable SyntaxError|_Smallest|RequestContainer|__index__|takes \d positional|object is not callable|object at|hash\(|_\.DateTime|REQUEST|<module|<function|error_tb|access '(?:split|upper|replace|locked)'|BUILT-IN FUNCTION|Built-in|Function|no attribute '(?:get|absolute_url)'|fmt=(?:%05d|capitalize)|_\.set|(?:variance|deviation)/,
  zpt: /ImportableMarker|NoneType|&#|&amp;|WSGIRequest|__backup|%s unsupported|cannot assign|translation name|options\/d\/\?|nonlocal|LanguageError|\\n[a-z]|\$options\/|function |object at|<\?python|i18n:data|load:|<function|bound method/,
};

/** The differences that are not by such an accident. */
export function withoutAccidents(found: readonly Difference[], kind: Kind): Difference[] {
  return found.filter(
    (difference) =>
      !ACCIDENTS[kind].test(JSON.stringify({ ...difference, input: sourceOf(difference.input) })),
  );
}

const sourceOf = (input: Input): unknown =>
  ((input['template'] ?? input['dtml']) as { source: string }).source;

/** The Python of `ZOPE_PYTHON` where it has Products.PythonScripts, which lets pages and DTML have more modules and functions. */
export function zopeWithScripts(): string | undefined {
  const python = process.env['ZOPE_PYTHON'];
  if (python === undefined) return undefined;
  return spawnSync(python, ['-c', 'import Products.PythonScripts']).status === 0 ? python : undefined;
}
