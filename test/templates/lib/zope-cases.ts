/** Page templates and DTML as Zope renders them, and as this package does: the same set-up for both, as the suites `zpt` and `dtml` describe it. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Budget, BudgetError, call, getattr, withBudget } from '../../../src/restricted/index.ts';
import { renderPlacesOf, TemplateError } from '../../../src/templates/index.ts';
import { render as renderDtml } from '../../conformance/suites/dtml.ts';
import { errorOf, toTagged } from '../../conformance/suites/lib/pyvalues.ts';
import { type SiteInput, type TestSite, withSite } from '../../conformance/suites/lib/site.ts';
import { rendered as renderPage } from '../../conformance/suites/zpt.ts';
import { scriptOf } from '../../conformance/suites/pyscript.ts';

/** The `input` of a case of the suite `zpt` or `dtml`. */
export type Input = SiteInput & Readonly<Record<string, unknown>>;
export type Kind = 'zpt' | 'dtml' | 'script';

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
    const work = { zpt: renderPage, dtml: renderDtml, script: callScript }[kind];
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

/** What a script returns; what is refused when it is saved is an error of its own kind. */
function callScript(testCase: never, site: TestSite): unknown {
  const script = scriptOf(testCase, site);
  if (script.errors.length > 0) throw Object.assign(new Error(script.errors[0]), { name: 'CompileError' });
  return call(getattr(site.here, 'work'), []);
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

/**
 * What cannot be the same: addresses, modules of classes and texts of functions; what is said of bad Python belongs to one Python; texts in
 * the original's report of an error of a template are quoted once more.
 */
const plain = (text: string): string =>
  text
    .replaceAll(/ at 0x[0-9a-f]+/g, '')
    // Which objects are open in a tree is told by their oids.
    .replaceAll(/AAAAAAAA[\w-]*=?/g, 'OID')
    .replaceAll(/(tree-[ec]=)[\w/-]+/g, '$1')
    .replaceAll(/(<|&lt;)(?:[A-Za-z_]\w*\.)+(\w+ object)/g, '$1$2')
    .replaceAll(/(?:<|&lt;)(locals|lambda)(?:>|&gt;)/g, '$1')
    .replaceAll(/(?:<|&lt;)(?:built-in )?function (?:(?!>|&gt;).)*(?:>|&gt;)/g, 'FUNCTION')
    .replaceAll(/(?:<|&lt;)bound method .*?(?:>>?|&gt;(?:&gt;)?)/g, 'METHOD')
    .replaceAll(/\\+(?=['"])/g, '')
    .replaceAll('\\\\n', '\\n')
    .replaceAll(/\\n\\n - String:[^]*/g, '')
    .replaceAll(/\bSyntaxError\b[^]*/g, 'SyntaxError');

/** As they stand in JSON, where a line end is two characters. */
const shown = (value: unknown): string => plain(JSON.stringify(value));

function same(input: Input, expected: Answer, actual: ReturnType<typeof ours>): boolean {
  if ('output' in expected || !('error' in expected))
    return 'output' in actual && shown(actual.output) === shown((expected as { output: unknown }).output);
  if (!('error' in actual)) return false;
  const [a, b] = [expected.error, actual.error];
  if (a.type !== b.type || a.cause !== b.cause) return false;
  // What Python says of its own code.
  if (a.cause === 'SyntaxError') return true;
  if (!shown(b.message).includes(shown(essential(a.message)).slice(1, -1))) return false;
  // Python of bad syntax is shown with its quotes cut off.
  if (/SyntaxError/.test(a.message)) return true;
  // An error of a handler is told at the place that the original was at before.
  if (sourceOf(input).includes('on-error')) return true;
  const places = actual.places ?? (b.place === undefined ? [] : [b.place]);
  return a.place === undefined || places.some((place) => samePlace(a.place!, place, sourceOf(input)));
}

/** An attribute that no object of the site has is missed by what stands above its root, of all objects. */
const essential = (message: string): string =>
  message.replace(/^'RequestContainer' object (?=has no attribute)/, '');

/**
 * A place is off in the original by a character for each `;` before it in a statement and for each reference, and what it shows is then cut off as much
 * later.
 */
function samePlace(
  [expression, line, column]: Place,
  [our, ourLine, ourColumn]: Place,
  source: string,
): boolean {
  const lines = source.split('\n');
  const offset = (line: number, column: number) =>
    lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0) + column;
  const away = offset(ourLine, ourColumn) - offset(line, column);
  const before = source.slice(0, offset(ourLine, ourColumn));
  const most = before.split(';').length;
  if (away < -most * (before.includes('&') ? 6 : 1) || away > most) return false;
  const shown = expression.trim();
  return (
    // What it shows has references, where ours has what they stand for.
    `${before}${expression}`.includes('&') ||
    our.includes(shown.slice(0, -1)) ||
    shown.includes(our.trim()) ||
    our.includes(shown.slice(Math.max(0, away), -1))
  );
}

/** Where the answers differ. */
export function differences(kind: Kind, inputs: readonly Input[], answers: readonly Answer[]): Difference[] {
  const found: Difference[] = [];
  for (const [i, input] of inputs.entries()) {
    const expected = answers[i]!;
    if ('skip' in expected) continue;
    const actual = ours(kind, input);
    if (!('skip' in actual) && !same(input, expected, actual)) found.push({ input, expected, actual });
  }
  return found;
}

/** By what the source says and by what the sides answer. */
type Accident = readonly [source: RegExp, answers: RegExp];

/** Accidents of the original that this package answers otherwise, each with the reason. */
const ACCIDENTS: Readonly<Record<Kind, readonly Accident[]>> = {
  dtml: [
    // The request as a table names what Python's server knows of it.
    [/REQUEST/, /h3/i],
    // Sets of texts have another order in every process; so have hashes of texts another number.
    [/_\.(?:set|hash)\(/, /"output"/],
    // Texts with markup that these make plain are shown as they are by Python, and quoted here: they come from outside.
    [/url_unquote|url-unquote|comma-numeric|thousands_commas/, /&lt;/],
    // What a module or a wrapper of `_` is.
    [
      /_\.(?:random|whrandom|string|math|\w*attr|enumerate|filter|zip|map)\b/,
      /module|_AttributeDelegator|NotBindable|NullIter|guarded_setattr/i,
    ],
    // The id of a document is a method there.
    [/url.*\bid\b/, /absolute_url/],
    // A function that the test gives, in small or capital letters.
    [/\bfn\b/, /built-in|BUILT-IN|Built-in/],
    // Python's tree stumbles over its own prefix, and a batch over the type of its sequence.
    [/dtml-tree.*prefix=/, /dictionary changed size/],
    [/_\.range/, /range object index out of range/],
    [/fmt=keys/, /SafeKeysView/],
    // A tag that a product adds, which the original is asked without.
    [/dtml-sendmail/, /Unexpected tag, for tag <dtml-sendmail>/],
    // An entity that the end of the text cuts off, and a name that is empty.
    [/&dtml$|sort=\S*\/|sort_expr=.*\//, /string index out of range/],
    // What is no state of a tree is an error of the packer there, or of what the state was taken for, and no state here.
    [
      /<dtml-tree/,
      /Error -\d while decompressing|'ascii' codec can't encode|list index out of range|object has no attribute '(?:reverse|append)'|'NoneType' object is not iterable/,
    ],
    // Objects of a site that sort by themselves do so by their addresses.
    [/<dtml-in objectValues/, /'<' not supported between instances of '/],
    // Objects that sort alike are compared themselves, and have addresses for ids.
    [/<dtml-tree.* sort=/, /"'<' not supported between instances of 'Record' and 'Record'"/],
    [/<dtml-tree.* id=nope/, /"output"/],
    // Widths in formats of dates.
    [/fmt=%-5s/, /17092098|%25-5s|%-5s/],
    // What is acquired through an object that the user may not have is refused here.
    [/objectItems/, /not allowed to access/],
    // What an object of the site lacks is told of otherwise.
    [/fmt=%d|_\.getitem\(|sequence-key|mapping/, /"__int__"|__add__|"__getitem__"|not subscriptable/],
    // For sorting, Python reads what the user may not: an object's title, or its `get`.
    [/mapping/, /access 'get' in this context/],
    [/sort/, /access 'locked' in this context/],
  ],
  script: [
    // What a class is called, or what its wrapper is.
    [/aq_inner|aq_parent/, /ImplicitAcquisitionWrapper/],
    [/\bcontext\b/, /"__(?:float|int|index)__"|ImplicitAcquisitionWra/],
    // Arguments of functions that Python guards by others.
    [
      /\(/,
      /guarded_\w+\(\)|expected 2 arguments, got 1|missing 1 required positional argument|missing required argument/,
    ],
    [/math\.prod\(\*/, /prod\(\)/],
    [/complex\(|bytes\(/, /complex\(\)|bytes\(\) argument/],
    [/\(b'/, /a bytes-like object is required/],
    [/del o\./, /'_Object' object has no attribute/],
    [/math\.(?:comb|perm|factorial)/, /set_int_max_str_digits/],
    [/Batch\(/, /IndexError/],
    [/getattr\(/, /attribute name must be string/],
    [/getSiteManager/, /getSiteManager/],
    [/DateTime\(/, /"DateTime\.\w+\(\) takes 1 positional argument but 2/],
    // Locks are of WebDAV.
    [/wl_isLocked/, /wl_isLocked/],
    // The last digit.
    [/math\.(?:erfc?|gamma|lgamma|cbrt|exp2|expm1|log1p)/, /"\$float"/],
    [/ZTUtils import/, /TreeMaker|encodeExpansion|SimpleTreeMaker|simple_marshal/],
    [/make_(?:query|hidden)/, /:bytes/],
    [/capwords\(b'/, /bytes/],
    [/b\[0:2\]/, /'slice'/],
  ],
  zpt: [
    // The message of the original is not filled in.
    [/i18n:name/, /Duplicate translation name: %s/],
    [/\$\{/, /%s unsupported/],
    // Other names of what the classes are called.
    [/request/, /WSGIRequest/],
    [/repeat\/\w+\/next|\.next/, /'super' object/],
    [/defer:|lazy:/, /LazyWrapper/],
    // Texts of functions have another length, and are repeated by letters.
    [/repeat=["'][\w ]+(?:nocall:)?string:/, /"output"/],
    [/\.next\b/, /bound method/],
    // Without quotes, or without a value, Python puts references between all letters of a message.
    [/tal:attributes/i, /&#0;/],
    // A tag that is none ends in an error about that error.
    [/<\/ |<\/$/, /'NoneType' object has no attribute 'groupdict'/],
    [/enumerate|reversed|zip|map|filter/, /NullIter|SafeIter/],
    // An empty page shows the page that a new one is made of.
    [/^$/, /This is Page Template/],
    // Attributes of a mapping that is none, beside others.
    [/tal:attributes/, /is not iterable/],
    // Which of two mistakes is told first.
    [
      /i18n:name/,
      /Not allowed outside of translation.*Unknown expression type|Bad attribute for namespace.*Not allowed outside of translation/,
    ],
    // A case that is a switch, too, makes Python's own compiler fail.
    [/tal:switch=[^<>]*tal:case|tal:case=[^<>]*tal:switch/, /"cause":"AssertionError"/],
    // An error in a slot is handled, in Python, by what knows no place in the macro.
    [/on-error/, /"expected":\{"error":\{"type":"KeyError","message":"(?:None|'macros')"/],
    // What a slot is filled with may name a value that another function of Python keeps.
    [/fill-slot/, /name '__cache_\d+' is not defined/],
    // All handlers in a function of Python have one variable for where the output is cut off: an outer one leaves what stands before the last inner one.
    [/on-error[^]*on-error/, /"output"/],
    [/attrs\//, /\({}, '/],
    // A variable of the machinery is missed.
    [/tal:repeat="global |repeat='global |repeat="global /, /__backup_/],
    // Python loses other attributes where one is written in capitals twice.
    [/CLASS|Title/, /"output"/],
    // There are no templates of files here, which is told first.
    [/load:/, /Unknown expression type: 'load'/],
  ],
};

/** The differences that are not by such an accident. */
export function withoutAccidents(found: readonly Difference[], kind: Kind): Difference[] {
  return found.filter(({ input, expected, actual }) => {
    const answers = JSON.stringify({ expected, actual });
    return !ACCIDENTS[kind].some(([source, answer]) => source.test(sourceOf(input)) && answer.test(answers));
  });
}

/** A difference without the site, which is the same for all. */
export const told = ({ input, expected, actual }: Difference): unknown => ({
  source: sourceOf(input),
  expected,
  actual,
});

const sourceOf = (input: Input): string =>
  (input['script'] as { body: string } | undefined)?.body ??
  ((input['template'] ?? input['dtml']) as { source: string }).source;

/** The Python of `ZOPE_PYTHON` where it has Products.PythonScripts, which lets pages and DTML have more modules and functions. */
export function zopeWithScripts(): string | undefined {
  const python = process.env['ZOPE_PYTHON'];
  if (python === undefined) return undefined;
  return spawnSync(python, ['-c', 'import Products.PythonScripts']).status === 0 ? python : undefined;
}
