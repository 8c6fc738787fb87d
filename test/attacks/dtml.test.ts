/** DTML: every way from every value, each attempt, and what a budget stops. */
import { describe, expect, it } from 'vitest';
import { Dict } from '../../src/pickle/index.ts';
import { Budget, type BudgetError, withBudget } from '../../src/restricted/index.ts';
import { DtmlProgram } from '../../src/templates/index.ts';
import { DTML } from './dtml.ts';
import { denyAll, everyAttempt, runDtml } from './lab.ts';

denyAll();

const REFUSED =
  /^(?:Unauthorized|AttributeError|KeyError|NameError|TypeError|SyntaxError|ParseError|ValueError|ImportError)\b/;

const SUBJECTS: Record<string, string> = {
  'the namespace': '_',
  'a module of the namespace': '_.string',
  'a function of the namespace': '_.len',
  'a method of the namespace': '_.getitem',
  'a text': "'x'",
  'a number': '(1)',
  'a list': '[1]',
  'a dict': 'd',
  'a tuple': 't',
  'a lambda': '(lambda: 1)',
  'a host object': 'host',
  'a method of the host': 'host.method',
  'an undeclared object': 'opaque',
  'a plain object': 'plain',
};

const NAMES =
  '__class__ __dict__ __globals__ __proto__ _private constructor prototype gi_frame f_globals secret x__roles__ sources client_'.split(
    ' ',
  );

describe.each(Object.entries(SUBJECTS))('%s', (_name, subject) => {
  it.each(NAMES)('gives no %s', (name) => {
    expect(runDtml(`<dtml-var "${subject}.${name}">`)).toMatch(REFUSED);
    expect(runDtml(`<dtml-var "_.getattr(${subject}, '${name}')">`)).toMatch(REFUSED);
    expect(runDtml(`<dtml-var "'%s' % _.getattr(${subject}, '${name}', 'nothing')">`)).toMatch(
      /^Unauthorized|^nothing$/,
    );
    expect(runDtml(`<dtml-var "'{0.${name}}'.format(${subject})">`)).toMatch(REFUSED);
    expect(runDtml(`<dtml-var "_.hasattr(${subject}, '${name}')">`)).toBe('0');
    expect(runDtml(`<dtml-with "${subject}"><dtml-var ${name.replaceAll('__', '')}x></dtml-with>`)).toMatch(
      REFUSED,
    );
  });
});

describe('a DTML template', () => {
  everyAttempt(DTML, runDtml);
});

describe('a budget stops', () => {
  const loops: [name: string, source: string][] = [
    ['a loop over a large range', '<dtml-in "_.range(10**12)">x</dtml-in>'],
    [
      'nested loops',
      '<dtml-in "_.range(10**4)"><dtml-in "_.range(10**4)"><dtml-in "_.range(10**4)"></dtml-in></dtml-in></dtml-in>',
    ],
    [
      'loops that print',
      '<dtml-in "_.range(10**4)"><dtml-in "_.range(10**4)">xxxxxxxxxxxxxxxxxxxxxx</dtml-in></dtml-in>',
    ],
    ['a bomb in an expression', '<dtml-var "\'x\' * 10**10">'],
    ['a width', '<dtml-var "1" fmt="%1000000000d">'],
    ['a comprehension', '<dtml-var "[0 for a in _.range(10**6) for b in _.range(10**6)]">'],
    [
      'a loop in try',
      '<dtml-in "_.range(10**5)"><dtml-try><dtml-var "[0 for a in _.range(10**7)]"><dtml-except>x</dtml-try></dtml-in>',
    ],
    [
      'a loop in finally',
      '<dtml-try><dtml-var "\'x\' * 10**10"><dtml-finally><dtml-in "_.range(10**12)"></dtml-in></dtml-try>',
    ],
    ['sorting', '<dtml-in "[0] * 10**6"><dtml-in "[0] * 10**6" sort></dtml-in></dtml-in>'],
    ['reversing', '<dtml-in "[0] * 10**5"><dtml-in "[0] * 10**6" reverse size=1></dtml-in></dtml-in>'],
    [
      'a growing let',
      `<dtml-let a="'x' * 10**6">${'<dtml-let a="a + a">'.repeat(30)}${'</dtml-let>'.repeat(30)}</dtml-let>`,
    ],
    ['quoting', '<dtml-in "_.range(10**6)"><dtml-var "\'<\' * 10**5" html_quote></dtml-in>'],
  ];
  it.each(loops)('%s', (_name, source) => {
    expect(runDtml(source, { steps: 2_000_000, memory: 24 * 2 ** 20, time: 5000 })).toMatch(/^BUDGET_/);
  });

  it('a template that calls itself', () => {
    const program: DtmlProgram = DtmlProgram.compile('<dtml-var "again(None, _)">', { name: 'again' });
    const again = (_client: unknown, namespace: unknown): unknown => program.render({ mapping: namespace });
    expect(() =>
      withBudget(new Budget(), () =>
        program.render({ values: new Dict<string, unknown>([['again', again]]) }),
      ),
    ).toThrow(/recursion/);
  });

  it('with the tag and its line', () => {
    const program = DtmlProgram.compile(
      '<p>\n<dtml-let a="1">\n\n  <dtml-in "_.range(10**12)">\n x</dtml-in>\n</dtml-let>',
      { name: 'page' },
    );
    let error: unknown;
    try {
      withBudget(new Budget({ steps: 1000 }), () => program.render({}));
    } catch (caught) {
      error = caught;
    }
    expect((error as BudgetError).traceback.slice(0, 2)).toEqual([
      { filename: 'page', line: 2, function: 'dtml-let' },
      { filename: 'page', line: 4, function: 'dtml-in' },
    ]);
  });
});
