import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Dict, tupleFrom } from '../../src/pickle/index.ts';
import {
  Budget,
  BudgetError,
  declareClass,
  PyError,
  registerType,
  setSecurityPolicy,
  withBudget,
} from '../../src/restricted/index.ts';
import { DtmlParseError, DtmlProgram, tainted } from '../../src/templates/index.ts';

class Host {
  title = 'public title';
  secret = 'secret';
  _private = 'secret';

  method(): string {
    return 'called';
  }
  hidden(): string {
    return 'secret';
  }
}
declareClass(Host, { object: 'public', names: { title: 'public', method: 'public', hidden: 'private' } });
registerType(Host, { pyName: 'Host' });

class Opaque {
  secret = 'secret';
}
class Guarded {
  title = 'secret';
}
declareClass(Guarded, { object: 'private' });
registerType(Guarded, {});

const values = (): Dict<string, unknown> =>
  new Dict<string, unknown>([
    ['host', new Host()],
    ['opaque', new Opaque()],
    ['plain', { secret: 'secret' }],
    ['held', [new Guarded()]],
    ['hosts', [new Host(), new Host()]],
    ['d', new Dict([['k', 'v']])],
    ['t', tupleFrom([1, 2])],
    ['evil', tainted('<script>')],
    ['name', 'secret'],
  ]);

let before: ReturnType<typeof setSecurityPolicy>;
beforeAll(() => {
  before = setSecurityPolicy({ validate: () => false, checkPermission: () => false });
});
afterAll(() => {
  setSecurityPolicy(before);
});

function render(source: string, limits: ConstructorParameters<typeof Budget>[0] = { time: 2000 }): string {
  try {
    return withBudget(new Budget(limits), () =>
      String(DtmlProgram.compile(source, { name: 'attack' }).render({ values: values() })),
    );
  } catch (error) {
    if (error instanceof BudgetError) return error.code;
    if (error instanceof DtmlParseError) return `ParseError: ${error.message}`;
    if (error instanceof PyError) return `${error.name}: ${error.message}`;
    throw error;
  }
}

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
    expect(render(`<dtml-var "${subject}.${name}">`)).toMatch(REFUSED);
    expect(render(`<dtml-var "_.getattr(${subject}, '${name}')">`)).toMatch(REFUSED);
    expect(render(`<dtml-var "'%s' % _.getattr(${subject}, '${name}', 'nothing')">`)).toMatch(
      /^Unauthorized|^nothing$/,
    );
    expect(render(`<dtml-var "'{0.${name}}'.format(${subject})">`)).toMatch(REFUSED);
    expect(render(`<dtml-var "_.hasattr(${subject}, '${name}')">`)).toBe('0');
    expect(render(`<dtml-with "${subject}"><dtml-var ${name.replaceAll('__', '')}x></dtml-with>`)).toMatch(
      REFUSED,
    );
  });
});

const CASES: [name: string, source: string, answer: RegExp | string][] = [
  ['an undeclared attribute', '<dtml-var "host.secret">', REFUSED],
  ['a private method', '<dtml-var "host.hidden()">', REFUSED],
  ['a public attribute', '<dtml-var "host.title">', 'public title'],
  ['a name of an object', '<dtml-with host><dtml-var title></dtml-with>', 'public title'],
  ['a private name of an object', '<dtml-with host><dtml-var secret></dtml-with>', REFUSED],
  ['a name with an underscore', '<dtml-with host><dtml-var _private></dtml-with>', REFUSED],
  ['a private method by name', '<dtml-with host><dtml-var hidden></dtml-with>', REFUSED],
  ['a private name in if', '<dtml-with host><dtml-if secret>yes</dtml-if></dtml-with>', REFUSED],
  [
    'a private name in let',
    '<dtml-with host><dtml-let a=secret><dtml-var a></dtml-let></dtml-with>',
    REFUSED,
  ],
  ['a private name in call', '<dtml-with host><dtml-call hidden></dtml-with>', /^Unauthorized|^$/],
  ['a private name in return', '<dtml-with host><dtml-return secret></dtml-with>', REFUSED],
  ['a private name in in', '<dtml-with host><dtml-in secret></dtml-in></dtml-with>', REFUSED],
  ['a private name as sort key', '<dtml-in hosts sort=secret>x</dtml-in>', /^Unauthorized|^xx$/],
  ['a private name by sort_expr', '<dtml-in hosts sort_expr="name">x</dtml-in>', /^Unauthorized|^xx$/],
  [
    'a statistic of a private name',
    '<dtml-in hosts><dtml-var total-secret></dtml-in>',
    /^Unauthorized|^KeyError|^0?$/,
  ],
  [
    'the first of a private name',
    '<dtml-in hosts><dtml-var first-secret></dtml-in>',
    /^Unauthorized|^KeyError|^1/,
  ],
  ['sequence-var of a private name', '<dtml-in hosts><dtml-var sequence-var-secret></dtml-in>', REFUSED],
  ['an unauthorized item', '<dtml-in held>x</dtml-in>', /^Unauthorized/],
  ['an unauthorized item, skipped', '<dtml-in held skip_unauthorized>x</dtml-in>', ''],
  ['an unauthorized item, not pushed', '<dtml-in held no_push_item>x</dtml-in>', /^Unauthorized/],
  ['an unauthorized item by expression', '<dtml-var "held[0]">', /^Unauthorized/],
  ['an unauthorized item by _.getitem', '<dtml-var "_.getitem(\'held\')[0]">', /^Unauthorized/],
  ['an unauthorized item in a comprehension', '<dtml-var "[x for x in held]">', /^Unauthorized/],
  ['an unauthorized item by map', '<dtml-var "_.map(lambda x: x, held)">', /^Unauthorized/],
  ['a plain object by with mapping', '<dtml-with plain mapping><dtml-var secret></dtml-with>', REFUSED],
  ['a host object by with mapping', '<dtml-with host mapping><dtml-var secret></dtml-with>', REFUSED],
  ['a host object by in mapping', '<dtml-in hosts mapping><dtml-var secret></dtml-in>', REFUSED],
  ['names by __getitem__', '<dtml-var "_[\'__class__\']">', REFUSED],
  ['names by the old syntax', '<!--#var expr="host.__class__"-->', REFUSED],
  ['names by an entity', '<dtml-with host>&dtml-secret;</dtml-with>', REFUSED],
  ['names by a modifier entity', '<dtml-with host>&dtml.url_quote-secret;</dtml-with>', REFUSED],
  ['names by full-width letters', '<dtml-var "host.＿＿class＿＿">', REFUSED],
  ['getattr with full-width letters', '<dtml-var "_.getattr(host, \'＿＿class＿＿\')">', REFUSED],
  ['SecurityValidate lies for nobody', '<dtml-var "_.SecurityValidate(None, None, \'x\', host)">', '0'],
  ['SecurityCheckPermission', '<dtml-var "_.SecurityCheckPermission(\'View\', host)">', /^None$|^$/],
  ['str.format of the class', '<dtml-var "_.str.format(\'{0.secret}\', host)">', REFUSED],
  ['format_map', "<dtml-var \"'{a.secret}'.format_map({'a': host})\">", REFUSED],
  ['an f-string', '<dtml-var "f\'{host.secret}\'">', REFUSED],
  ['string.Formatter', '<dtml-var "_.string.Formatter">', REFUSED],
  ['random.Random', '<dtml-var "_.random.Random">', REFUSED],
  ['random internals', '<dtml-var "_.random._os">', REFUSED],
  ['type()', '<dtml-var "type(host)">', REFUSED],
  ['_.type', '<dtml-var "_.type(host)">', REFUSED],
  ['_.eval', '<dtml-var "_.eval(\'1\')">', REFUSED],
  ['_.open', '<dtml-var "_.open(\'/etc/passwd\')">', REFUSED],
  ['_.__import__', '<dtml-var "_.__import__(\'os\')">', REFUSED],
  ['__builtins__', '<dtml-var "__builtins__">', REFUSED],
  ['_.vars', '<dtml-var "_.vars(host)">', REFUSED],
  ['_.dir', '<dtml-var "_.dir(host)">', REFUSED],
  ['globalThis', '<dtml-var "globalThis">', REFUSED],
  ['process', '<dtml-var "process.env">', REFUSED],
  ['require', '<dtml-var "require(\'fs\')">', REFUSED],
  ['constructor by name', '<dtml-var constructor>', REFUSED],
  ['toString by name', '<dtml-var toString>', REFUSED],
  ['__proto__ by name', '<dtml-var __proto__>', REFUSED],
  ['hasOwnProperty by name', '<dtml-var hasOwnProperty>', REFUSED],
  ['the stack of the namespace', '<dtml-var "_.push(host)">', REFUSED],
  ['popping the namespace', '<dtml-var "_.pop()">', REFUSED],
  ['writing into the namespace', '<dtml-call "_.values.clear()">', REFUSED],
  ['a generator frame', '<dtml-var "(x for x in [1]).gi_frame">', REFUSED],
  ['an exception class of the host', '<dtml-raise type="host">x</dtml-raise>', 'RuntimeError: x'],
  ['an exception by expression', '<dtml-raise expr="opaque">x</dtml-raise>', REFUSED],
  [
    'the traceback in except',
    '<dtml-try><dtml-var "1/0"><dtml-except><dtml-var "error_value.__traceback__"></dtml-try>',
    REFUSED,
  ],
  [
    'the stack in except',
    '<dtml-try><dtml-var "1/0"><dtml-except><dtml-var "_.getattr(error_value, \'stack\')"></dtml-try>',
    REFUSED,
  ],
  [
    'paths of the host in error_tb',
    '<dtml-try><dtml-var "1/0"><dtml-except><dtml-var error_tb></dtml-try>',
    'Traceback (most recent call last):\n  File "<string>", line 1, in <expression>\nZeroDivisionError: division by zero\n',
  ],
  ['a refused tag', '<dtml-exec "1">', /^ParseError/],
  ['code in a tag', '<dtml-var "1); globalThis.attacked = 1; (1">', /^ParseError/],
  ['statements', '<dtml-var "x = 1">', /^ParseError/],
  ['an import', '<dtml-var "import os">', /^ParseError/],
  ['code in a name', '<dtml-var a"];globalThis.attacked=1;["b>', REFUSED],
  ['a tainted value', '<dtml-var evil>', '&lt;script&gt;'],
  ['a tainted value by expression', '<dtml-var "evil">', '&lt;script&gt;'],
  ['a tainted value in a sum', '<dtml-var "evil + \'x\'">', '&lt;script&gt;x'],
  ['a tainted value in a sum, right', '<dtml-var "\'x\' + evil">', 'x&lt;script&gt;'],
  ['a tainted value, lower', '<dtml-var evil upper>', '&lt;SCRIPT&gt;'],
  ['a tainted value, repeated', '<dtml-var "evil * 2">', '&lt;script&gt;&lt;script&gt;'],
  ['a tainted value, sliced', '<dtml-var "evil[0:4]">', '&lt;scr'],
  ['a tainted value by a method', '<dtml-var "evil.upper()">', /^Unauthorized: /],
  ['a tainted value, cut', '<dtml-var evil size=4>', '&lt;scr...'],
  [
    'deep nesting',
    `${'<dtml-if x>'.repeat(20_000)}${'</dtml-if>'.repeat(20_000)}`,
    /^ParseError|^RecursionError/,
  ],
  ['a tag without end', `<dtml-var "${'('.repeat(50_000)}">`, /^ParseError/],
];

describe('a DTML template', () => {
  it.each(CASES)('gets nowhere with %s', (_name, source, answer) => {
    const result = render(source);
    if (answer instanceof RegExp) expect(result).toMatch(answer);
    else expect(result).toBe(answer);
    expect((globalThis as { attacked?: unknown }).attacked).toBeUndefined();
  });
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
    expect(render(source, { steps: 2_000_000, memory: 24 * 2 ** 20, time: 5000 })).toMatch(/^BUDGET_/);
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
