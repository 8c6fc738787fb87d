/**
 * Random Scripts (Python) about what they may import and are given; the same seed gives the same scripts.
 * One table of forms, long because each module is a list of its forms.
 */
import type { Random } from '../../restricted/programs.ts';
import type { Input } from '../../templates/lib/zope-cases.ts';

type Make = (r: Random) => string;
const p = <T>(r: Random, items: readonly T[]): T => r.pick(items);
const chance = (r: Random, oneOf: number): boolean => r.below(oneOf) === 0;
const some = (r: Random, most: number, make: Make): string =>
  Array.from({ length: r.below(most + 1) }, () => make(r)).join(', ');

const TEXTS = [
  "''",
  "'a'",
  "'abc def'",
  "'<b>&\"\\'x</b>'",
  "'žluť €'",
  "'1234567.891'",
  "'1234'",
  "'a b+c%20d&e=é?/'",
  "'x\\ny\\r\\n z'",
  "'A_b_C'",
  "'%41%zz%C3%A9+'",
  "'  pad  '",
  "'$1,000'",
  "'-1234567'",
  "'Title Case words'",
  "b'bytes'",
  "'it\\'s \\x00 \\x1a'",
  "'1 < 2 > 0'",
  "'\\u20ac100'",
];
const NUMBERS = [
  '0',
  '1',
  '-1',
  '7',
  '1234567',
  '-1234.5',
  '0.5',
  '2.5',
  '1e20',
  '1e-7',
  '12345678901234567890',
  'True',
  '3.14159',
  '-0.0',
  '99.995',
  '1000000.0',
];
const OTHERS = [
  'None',
  '[]',
  '[1, 2]',
  "{'a': 1}",
  '(1, 2)',
  "('x',)",
  'DateTime("2024/02/29 12:30:15 UTC")',
  'context',
  'False',
  "{'k': [1, 'b'], 'd': 2.5}",
];
const text: Make = (r) => p(r, TEXTS);
const number: Make = (r) => p(r, NUMBERS);
const value: Make = (r) => p(r, [text, number, (r: Random) => p(r, OTHERS)])(r);

const standard: Make = (r) =>
  `from Products.PythonScripts.standard import *\n`.replace('*', STANDARD.join(', ')) +
  `return ${p<Make>(r, [
    (r) =>
      `${p(
        r,
        STANDARD.filter((n) => !['Object', 'special_formats', 'urlencode'].includes(n)),
      )}(${value(r)})`,
    (r) => `${p(r, ['whole_dollars', 'dollars_and_cents', 'thousands_commas'])}(${number(r)})`,
    (r) =>
      `special_formats['${p(r, ['whole-dollars', 'dollars-and-cents', 'collection-length', 'sql-quote', 'html-quote', 'url-quote', 'url-quote-plus', 'multi-line', 'comma-numeric', 'dollars-with-commas', 'dollars-and-cents-with-commas', 'nope'])}'](${value(r)})`,
    (r) =>
      `urlencode(${p(r, ["{'a': 1, 'b': 'x y&z'}", "[('q', 'ü'), ('r', None)]", "{'l': [1, 2]}", "{'l': ['a', 'b']}, 1", "{'l': ('a b', 'é')}, True", '{}', '[]', "'a=b'", "[('a',)]", "{'t': True, 'f': 1.5}", 'None', '5'])})`,
    (r) => `${p(r, ['url_quote', 'url_quote_plus'])}(${text(r)})`,
    (r) => `html_quote(${text(r)}, ${value(r)})`,
    (r) => `${p(r, STANDARD.slice(0, 6))}(${some(r, 3, value)})`,
  ])(r)}`;
const STANDARD = [
  'whole_dollars',
  'dollars_and_cents',
  'html_quote',
  'url_quote',
  'url_quote_plus',
  'url_unquote',
  'url_unquote_plus',
  'sql_quote',
  'newline_to_br',
  'thousands_commas',
  'urlencode',
  'special_formats',
  'Object',
];

const objects: Make = (r) => {
  const change = () =>
    p(r, [
      'o.c = 3',
      "o['d'] = 4",
      'o.a = o.a + 1',
      "del o['a']",
      'del o.b',
      'o.l = [1]',
      'o.l.append(2)',
      "o['_x'] = 1",
      'o._y = 1',
      "o.update({'z': 1})",
      "o['a b'] = 5",
      'o.keys = 1',
      'pass',
      'o.clear()',
      "o.setdefault('q', 7)",
    ]);
  const show = () =>
    p(r, [
      'sorted(o.keys())',
      'o.a',
      "o['a']",
      "o['nope']",
      'o.nope',
      "'a' in o",
      'len(o)',
      "o.get('zz', 1)",
      'sorted(o.items())',
      'sorted(o)',
      'o.values()',
      'bool(o)',
      "hasattr(o, 'a')",
      "getattr(o, 'zz', 9)",
      'o == o',
      'same_type(o, {})',
      "o.has_key('a')",
      'o.copy().a',
      "'%(a)s' % o",
      'o',
    ]);
  return `from Products.PythonScripts.standard import Object\no = Object(a=1, b='x')\n${change()}\n${change()}\nreturn [${show()}, ${show()}]`;
};

const batches: Make = (r) => {
  const sequence = p(r, [
    'list(range(10))',
    'list(range(23))',
    '[]',
    '[1]',
    "['a', 'b', 'c', 'd', 'e']",
    "tuple('abcdefg')",
    "'abcdefgh'",
    'range(7)',
    '[1, 2, 3]',
  ]);
  const named = ['size', 'start', 'end', 'orphan', 'overlap']
    .filter(() => chance(r, 2))
    .map((n) => `${n}=${p(r, ['0', '1', '2', '3', '4', '5', '7', '20', '-1'])}`);
  const size = named.some((n) => n.startsWith('size')) ? '' : `, ${p(r, ['3', '4', '5', '1', '10'])}`;
  const args = `${size}${named.length > 0 ? `, ${named.join(', ')}` : ''}`;
  const show = () =>
    p(r, [
      'list(b)',
      'len(b)',
      'b.start',
      'b.end',
      'b.first',
      'b.last',
      'b.length',
      'b.sequence_length',
      'b.size',
      'b.orphan',
      'b.overlap',
      'b[0]',
      'b[1]',
      'b[-1]',
      'b[99]',
      'b.next and b.next.start',
      'b.previous and b.previous.end',
      'b.next and list(b.next)',
      'b.previous and list(b.previous)',
      'b.next and b.next.next and b.next.next.first',
      'bool(b)',
      '[x for x in b]',
      'b.nope',
      'b[0:2]',
      '1 in b',
      'b.next and b.next.length',
      'b.previous is None',
      'b.next and b.next.previous and b.next.previous.start',
    ]);
  return `from ZTUtils import Batch\nb = Batch(${sequence}${args})\nreturn [${show()}, ${show()}, ${show()}]`;
};

const queries: Make = (r) => {
  const v = () =>
    p(r, [
      '1',
      "'a b'",
      "'é&<>'",
      '2.5',
      'True',
      'None',
      '[1, 2]',
      "['a', 'b c']",
      '(1,)',
      "{'x': 1}",
      "{'x': [1, 2], 'y': 'z'}",
      "DateTime('2024/02/29 12:30:00 UTC')",
      '[]',
      "''",
      '12345678901234567890',
      "[{'a': 1}]",
      "b'x'",
      "'x\\ny'",
      'False',
      '[True]',
      "[DateTime('2024/01/01 UTC')]",
    ]);
  const args = () =>
    p(r, [
      `a=${v()}`,
      `a=${v()}, b=${v()}`,
      `{'q': ${v()}}`,
      `{'q': ${v()}}, a=${v()}`,
      `[('x', ${v()}), ('y', ${v()})]`,
      '',
      `{'q': 1}, {'q': ${v()}}`,
      `'raw'`,
    ]);
  return p<Make>(r, [
    () => `from ZTUtils import make_query\nreturn make_query(${args()})`,
    () => `from ZTUtils import make_hidden_input\nreturn make_hidden_input(${args()})`,
    () => `from ZTUtils import make_query\nreturn make_query(a=${v()})`,
    () => `from ZTUtils import make_hidden_input\nreturn make_hidden_input(a=${v()})`,
    () =>
      `from ZTUtils import url_query\nreturn url_query(context.REQUEST, ${p(r, ["omit='a'", "omit=('a', 'b')", "'http://x/y'", "req_name='URL'", "omit='n'"])})`,
    () =>
      `from ZTUtils import ${p(r, ['Iterator', 'LazyFilter', 'TreeSkipMixin', 'SimpleTreeMaker', 'a2b', 'b2a', 'encodeExpansion', 'complex_marshal', 'simple_marshal', 'Batch, make_query', 'nope', 'TreeMaker'])}\nreturn 1`,
  ])(r);
};

const sorting: Make = (r) => {
  const items = p(r, [
    "['b', 'a', 'C', 'B']",
    '[3, 1, 2, 10]',
    "[{'n': 2, 'm': 'x'}, {'n': 1, 'm': 'Y'}, {'n': 2, 'm': 'a'}]",
    "[('k2', 1), ('k1', 2)]",
    "[{'n': None}, {'n': 1}, {'m': 2}]",
    '[1, "a"]',
    '[]',
    '[None, 1, None]',
    "[{'n': 1}, {'n': 1}]",
    'context.objectValues()',
    "[('b', {'n': 1}), ('a', {'n': 0})]",
  ]);
  const key = () => p(r, ["'n'", "'m'", "'id'", "'title'", "'nope'", "'getId'", "''"]);
  const one = () =>
    `(${key()}${p(r, [',', ", 'cmp'", ", 'nocase'", ", 'cmp', 'desc'", ", 'nocase', 'desc'", ", 'locale'", ", 'strcoll_nocase', 'asc'", ", 'xx'", ", 'cmp', 'up'", ", 'cmp', 'asc', 'x'"])})`;
  const sort = p(r, [
    '',
    '',
    `, (${one()},)`,
    `, (${one()}, ${one()})`,
    `, sort=(${one()},)`,
    ', ()',
    `, [${one()}]`,
  ]);
  return `from DocumentTemplate import sequence\nreturn [x if same_type(x, '') or same_type(x, 1) or same_type(x, {}) or same_type(x, ()) or x is None else x.getId() for x in sequence.sort(${items}${sort}${p(r, ['', ', mapping=1', ', mapping=1'])})]`;
};

const stringModule: Make = (r) =>
  `import string\nreturn ${p<Make>(r, [
    (r) =>
      `string.${p(r, ['digits', 'ascii_letters', 'ascii_lowercase', 'ascii_uppercase', 'hexdigits', 'octdigits', 'punctuation', 'whitespace', 'printable', 'letters', 'lowercase', 'nope'])}`,
    (r) => `string.capwords(${text(r)}${p(r, ['', ", '_'", ', None', ", ' '"])})`,
    (r) =>
      `string.${p(r, ['Template', 'Formatter', 'join', 'upper', 'split', 'replace', 'maketrans', 'atoi', 'zfill'])}(${some(r, 2, value)})`,
  ])(r)}`;

const mathModule: Make = (r) => {
  const n = () =>
    p(r, [
      '0',
      '1',
      '-1',
      '2',
      '0.5',
      '-0.5',
      '10',
      '1e300',
      '100',
      '3.7',
      '-3.7',
      'True',
      '12345678901234567890',
      '1e-5',
      '7',
      "'x'",
      'None',
      'math.pi',
      'math.inf',
      'math.nan',
      '171',
      '1000',
    ]);
  const one = p(r, [
    'floor',
    'ceil',
    'trunc',
    'sqrt',
    'exp',
    'log',
    'log2',
    'log10',
    'log1p',
    'expm1',
    'sin',
    'cos',
    'tan',
    'asin',
    'acos',
    'atan',
    'sinh',
    'cosh',
    'tanh',
    'asinh',
    'acosh',
    'atanh',
    'fabs',
    'factorial',
    'degrees',
    'radians',
    'isnan',
    'isinf',
    'isfinite',
    'gamma',
    'lgamma',
    'erf',
    'erfc',
    'frexp',
    'modf',
    'isqrt',
    'ulp',
    'cbrt',
    'exp2',
  ]);
  return `import math\nreturn ${p(r, [`math.${one}(${n()})`, `math.${one}(${n()})`, `math.${p(r, ['pow', 'atan2', 'fmod', 'hypot', 'copysign', 'ldexp', 'remainder', 'gcd', 'lcm', 'comb', 'perm', 'log', 'isclose', 'nextafter', 'dist'])}(${n()}, ${n()})`, `math.${p(r, ['fsum', 'prod', 'gcd', 'hypot'])}(${p(r, ['[1, 2, 3]', '[0.1] * 10', '[]', '*[12, 18]', '(1.5, 2)', "['a']"])})`, 'math.pi', 'math.e', 'math.tau', 'math.inf', 'math.nope'])}`;
};

const dates: Make = (r) => {
  const date = p(r, [
    "DateTime('2024/02/29 12:30:15 UTC')",
    "DateTime('1999-12-31T23:59:59.5Z')",
    'DateTime(2020, 1, 2)',
    "DateTime('Mar 9, 1997 1:45pm US/Eastern')",
    'DateTime(0)',
    "DateTime('2024-07-01T10:00:00+02:00')",
    "DateTime('1/2/2003', datefmt='international')",
  ]);
  return `d = ${date}\nreturn ${p<Make>(r, [
    (r) =>
      `d.${p(r, ['year', 'month', 'day', 'Date', 'Time', 'ISO', 'ISO8601', 'HTML4', 'rfc822', 'fCommon', 'aCommonZ', 'pCommon', 'Month', 'aMonth', 'Day', 'dow', 'dayOfYear', 'week', 'timezone', 'tzoffset', 'millis', 'timeTime', 'parts', 'earliestTime', 'latestTime', 'h_12', 'ampm', 'second', 'isLeapYear', 'JulianDay', 'toZone', 'nope', 'strftime'])}(${p(r, ['', '', '', "'UTC'", "'%Y-%m-%d'"])})`,
    (r) =>
      `d ${p(r, ['+', '-', '<', '>', '==', '!=', '<=', '>='])} ${p(r, ['1', '0.5', "DateTime('2024/02/29 UTC')", 'None', "'x'", '1e9', '-1', '[]'])}`,
    (r) =>
      `${p(r, ['str', 'repr', 'int', 'float', 'bool', 'hash', 'len', 'sorted'])}(${p(r, ['d', '[d, d + 1]'])})`,
    (r) =>
      `'${p(r, ['%s', '%r', '%d', '{}', '{:%d.%m.%Y}', '{!r}', '{:x}'])}'${p(r, [' % d', '.format(d)', ' % (d,)'])}`,
    () => 'max([d + 1, d, d - 1])',
    () => "{d: 1}[DateTime('2024/02/29 12:30:15 UTC')]",
    () => '(d + 1 - d, 1 + d)',
    () => "d.strftime('%A %d %B %Y %H:%M:%S %p %j %U %w %y %%')",
  ])(r)}`;
};

const printing: Make = (r) => {
  const one = () =>
    p(r, [
      `print(${some(r, 3, value)})`,
      `print(${value(r)}, ${value(r)}, sep='${p(r, ['-', '', '\\\\n'])}')`,
      `print(${value(r)}, end='${p(r, ['', '!', '\\\\n'])}')`,
      'print()',
      `print('%s' % (${value(r)},))`,
    ]).replaceAll('\\\\n', '\\n');
  const lines = Array.from({ length: 1 + r.below(3) }, one);
  return p(r, [
    `${lines.join('\n')}\nreturn printed`,
    `${lines.join('\n')}\nreturn printed + 'x'`,
    `for i in range(2):\n    ${lines.join('\n    ')}\nreturn [printed, len(printed)]`,
    `${lines.join('\n')}\nreturn 1`,
    `def f():\n    ${lines[0]}\n    return printed\nreturn [f(), ${p(r, ['1', 'printed'])}]`,
  ]);
};

const site: Make = (r) =>
  `return ${p(r, ['context.title', 'context.title_or_id()', 'context.getId()', 'script.getId()', 'container.getId()', 'traverse_subpath', 'context.objectIds()', "context.objectIds('Folder')", '[o.getId() for o in context.objectValues()]', 'context.absolute_url()', 'context.shed.title', "context['shed'].getId()", 'context.nope', "context['nope']", 'context.locked', 'context.locked.title', "context.getProperty('area')", 'context.area + 1', 'context.beds', 'context.propertyIds()', 'context.propertyItems()', 'context.hasProperty("area")', "context.restrictedTraverse('shed').getId()", "context.restrictedTraverse('locked')", "context.restrictedTraverse('nope', 'd')", 'context.getPhysicalPath()', 'container.sign()', 'context.inner()', 'context.sign(context, x=1)', 'context.REQUEST.URL', "context.REQUEST.get('q', 'none')", 'context.aq_parent.getId()', 'context.aq_inner', 'script.title', 'context.bobobase_modification_time() is None', 'context.manage_main', 'context._p_oid', "getattr(context, 'title')", "hasattr(context, 'zz')", 'context.meta_type', 'context == context', 'context.shed in context.objectValues()', 'len(context.objectValues())', 'context.tag', 'context.title.upper()', "setattr(context, 'title', 'x')", 'context.getSiteManager', 'user', 'same_type(context.title, "")', 'context.virtual_url_path()', 'context.getParentNode().getId()', 'context.isPrincipiaFolderish', 'context.objectMap()', 'context.absolute_url_path()', "context.superValues('Folder')", 'context.tpValues()', 'context.valid_roles()', 'context.wl_isLocked()', 'context.title_and_id()', 'test(1, 2, 3)', 'test(0, 2)', "reorder([('a', 1), ('b', 2)], with_=['a'])", 'same_type(1, 2, 3)', 'string.digits', 'math.pi', '_getattr_', 'sequence', 'random', 'whrandom', 'DateTime', 'reorder(["a", "b"], ["b"], [])'])}`;

const language: Make = (r) => {
  const e = () =>
    p(r, [
      `'${p(r, ['{}', '{!r}', '{:>8}', '{:<8}|', '{:^9}', '{:08.3f}', '{:+d}', '{:,}', '{:x}', '{:#o}', '{:e}', '{:.3}', '{:%}', '{:c}', '{0[0]}', '{a}', '{:s}', '{:_}', '{:g}', '{:n}'])}'.format(${value(r)})`,
      `'${p(r, ['%s', '%r', '%d', '%5.2f', '%-8s|', '%x', '%o', '%e', '%g', '%c', '%05d', '%+d', '%%', '%i', '%.3s', '%a'])}' % (${value(r)},)`,
      `f'{${p(r, ['1.5', '"a"', '1234567', 'None', '[1]'])}${p(r, ['', '!r', ':>6', ':,', ':.1f', '!s:5'])}}'`,
      `${text(r)}.${p(r, ['split()', "split('a')", 'splitlines()', 'title()', 'center(12)', 'zfill(9)', "partition(' ')", 'capitalize()', 'swapcase()', "count('a')", "find('b')", "index('zz')", 'isdigit()', 'encode()', "translate({97: 'X'})", "join(['1', '2'])", "replace('a', 'bb', 1)", 'expandtabs(3)', "startswith(('a', 'b'))", 'isalnum()', "rsplit(' ', 1)", "strip('a ')", 'format(1)', 'casefold()', 'nope()'])}`,
      `sorted(${p(r, ['[3, 1, 2]', "['b', 'A', 'c']", '[(1, "b"), (1, "a")]', '[1, "a"]', "'hello'", '{2: 1, 1: 2}'])}${p(r, ['', ', reverse=True', ', key=lambda x: -x', ', key=str', ', key=len'])})`,
      `list(${p(r, ['set([3, 1, 2, 1])', 'frozenset([2, 1])', "{'b': 1, 'a': 2}", 'range(5, 0, -2)', "zip('ab', [1, 2])", "enumerate('ab')", 'reversed([1, 2])', 'map(str, [1, 2])', "filter(None, [0, 1, '', 'a'])"])})`,
      `${p(r, ['set([1, 2])', '{1, 2, 3}', 'set()', 'set([5, 3, 40, 8, 33])', 'set(range(9))'])}${p(r, ['', ' | set([2, 9])', ' & {2}', ' - {1}', ' ^ {1, 7}'])}`,
      `${number(r)} ${p(r, ['+', '-', '*', '/', '//', '%', '**', '<', '=='])} ${p(r, ['1', '2', '0', '3', '-2', '0.5', "'a'", '10'])}`,
      `[${number(r)}, ${number(r)}][${p(r, ['0', '-1', '5', '::-1', '0:1', "'x'"])}]`,
      `{${p(r, ["'a'", '1', 'None', '(1, 2)', '[1]'])}: ${value(r)}}`,
      `${p(r, ['int', 'float', 'str', 'repr', 'bool', 'len', 'abs', 'round', 'hex', 'oct', 'chr', 'ord', 'list', 'tuple', 'dict', 'min', 'max', 'sum', 'any', 'all', 'sorted', 'hash', 'divmod', 'pow', 'callable', 'complex', 'isinstance', 'type', 'id', 'iter', 'next', 'bytes', 'range', 'slice', 'zip', 'super', 'vars', 'dir', 'open', 'eval', 'input', 'globals', 'hasattr', 'getattr', 'bin', 'ascii', 'format', 'memoryview'])}(${some(r, 2, value)})`,
    ]);
  return p(r, [
    `return ${e()}`,
    `return [${e()}, ${e()}]`,
    `x = ${e()}\nreturn repr(x)`,
    `try:\n    x = ${e()}\nexcept (ValueError, TypeError) as e:\n    x = str(e)\nreturn x`,
    `a, *b = ${e()}\nreturn (a, b)`,
    `for x in ${e()}:\n    pass\nreturn x`,
    `x = ${e()}\nx += ${e()}\nreturn x`,
  ]);
};

/** By feature: makers of bodies. */
export const SCRIPT_FEATURES: Readonly<Record<string, Make>> = {
  standard,
  objects,
  batches,
  queries,
  sorting,
  stringModule,
  mathModule,
  dates,
  printing,
  site,
  language,
};

const ROOT: Input['root'] = [
  {
    $obj: {
      class: 'Folder',
      id: 'garden',
      title: 'Kitchen <garden>',
      properties: { area: 240, soil: 'loam & clay', beds: ['north', 'south'] },
      children: [
        { $obj: { class: 'Folder', id: 'shed', title: 'Tool shed' } },
        {
          $obj: {
            class: 'Folder',
            id: 'locked',
            title: 'Locked',
            permissions: { View: ['Manager'], 'Access contents information': ['Manager'] },
          },
        },
        { $obj: { class: 'DTML Method', id: 'sign', source: 'Sign of <dtml-var title>' } },
        { $obj: { class: 'Page Template', id: 'inner', source: '<u tal:content="here/title">x</u>' } },
      ],
    },
  },
];

/** A case of the suite `pyscript` about a feature. */
export function scriptInput(r: Random, feature: string): Input {
  return {
    root: ROOT,
    here: 'garden',
    query_string: 'a=1&b=x%20y&n:int=3',
    script: { body: SCRIPT_FEATURES[feature]!(r) },
  } as Input;
}
