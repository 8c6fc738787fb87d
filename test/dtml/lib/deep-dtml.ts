/**
 * Random DTML that nests and combines what small texts only cross: batches with all their names, sorts by several keys, trees in states that
 * requests left, exceptions in all their blocks, all attributes of variables, and what is no DTML; the same seed gives the same texts.
 * One table of forms, long because each feature is a list of its forms.
 */
import { deflateSync } from 'node:zlib';
import type { Random } from '../../restricted/programs.ts';
import type { Input } from '../../templates/lib/zope-cases.ts';
import { dtmlOf, type Make } from './dtml-generator.ts';

const p = <T>(r: Random, items: readonly T[]): T => r.pick(items);
const chance = (r: Random, oneOf: number): boolean => r.below(oneOf) === 0;
const times = (r: Random, most: number, make: Make, join = ''): string =>
  Array.from({ length: 1 + r.below(most) }, () => make(r)).join(join);
const some = (r: Random, most: number, make: Make, join = ' '): string =>
  r.below(most + 1) === 0 ? '' : times(r, most, make, join);

const leaf = (id: string, more: Readonly<Record<string, unknown>> = {}) => ({
  $record: { tpId: id, tpURL: `u-${id}`, id, title: `T <${id}>`, size: id.length, ...more },
});
const branch = (id: string, items: readonly unknown[], more: Readonly<Record<string, unknown>> = {}) =>
  leaf(id, { tpValues: { $callable: items }, others: { $callable: [...items].reverse() }, ...more });

const VARS: Readonly<Record<string, unknown>> = {
  wood: branch('wood', [
    branch('oak', [
      leaf('acorn'),
      branch('twig', [leaf('leaf'), branch('bud', [branch('scale', [leaf('wax')])])]),
    ]),
    branch('elm', []),
    leaf('fern', { tpURL: { $callable: 'called' } }),
    branch('ash', [leaf('key'), leaf('ace')], { id: 'a<b' }),
    leaf('7', { tpId: 7 }),
  ]),
  people: [
    { name: 'ann', age: 30, town: 'York', pay: { $float: '10.5' } },
    { name: 'Bob', age: 4, town: 'Ely', pay: 7 },
    { name: 'bob', age: 30, town: 'york', pay: 0 },
    { name: 'Cy', age: 4, town: 'Ely', pay: -3 },
    { name: 'Ann', age: 100, town: '', pay: { $float: '10.5' } },
  ],
  things: [
    { $record: { name: 'b', age: 2, town: 'X', call: { $callable: 3 } } },
    { $record: { name: 'A', age: 2, town: 'x', call: { $callable: 1 } } },
    { $record: { name: 'a', age: 1, town: 'X', call: { $callable: 2 } } },
  ],
  holes: [{ name: 'x', age: 1 }, { age: null, name: 'y' }, { name: 'z' }, { name: null, age: 3 }],
  words: ['pear', 'Apple', 'fig', 'apple', 'Fig', 'žito'],
  table: [{ $tuple: ['k2', { name: 'v', age: 1 }] }, { $tuple: ['k1', { name: 'u', age: 2 }] }],
  pairs2: [{ $tuple: ['b', 2] }, { $tuple: ['a', 9] }, { $tuple: ['c', 1] }],
  ints: [5, 3, 8, 1, 9, 2, 7, 4, 6],
  wide: [{ $int: '12345678901234567890' }, { $float: '0.1' }, -5, 0],
  lone: ['only'],
  none: [],
  key: 'age',
  three: 3,
  texts: 'a b',
  page: '<dtml-var x>',
  cmpf: { $callable: 1 },
};

const SEQUENCES = [
  'people mapping',
  'people mapping',
  'people mapping',
  'people mapping',
  'ints',
  'ints',
  'words',
  'words',
  '"_.range(23)"',
  'things',
  'things',
  'holes mapping',
  'words',
  'ints',
  'pairs2',
  'lone',
  'none',
  'table',
  '"people" mapping',
  'nums',
  'rows mapping',
  'recs',
  'wide',
  '"_.range(12)"',
  'd',
  's',
  'objectValues',
];
const fields = ['name', 'age', 'town', 'pay', 'nope', 'item', 'call', 'n'];
const ITEM = [
  'item',
  'index',
  'number',
  'start',
  'end',
  'even',
  'odd',
  'key',
  'letter',
  'Letter',
  'roman',
  'Roman',
  'length',
  'query',
  'step-size',
  'step-start',
  'step-end',
  'step-overlap',
  'step-orphan',
  'step-start-index',
  'step-end-index',
  'var-name',
  'var-age',
  'index-var-age',
  'start-index',
  'end-index',
  'index-is-end',
  'number-is',
  'nope',
  '',
  'mapping',
  'count',
  'total',
].map((name) => `sequence-${name}`);
const STATISTICS = [
  'total',
  'count',
  'min',
  'max',
  'median',
  'mean',
  'variance',
  'variance-n',
  'standard-deviation',
  'standard-deviation-n',
];
const AROUND = ['previous', 'next'].flatMap((side) => [
  `${side}-sequence`,
  ...[
    'size',
    'start-index',
    'start-number',
    'start-letter',
    'start-Letter',
    'start-roman',
    'start-Roman',
    'start-item',
    'start-var-name',
    'start-var-nope',
    'end-index',
    'end-number',
    'end-letter',
    'end-Roman',
    'end-item',
    'end-var-age',
    'nope',
  ].map((part) => `${side}-sequence-${part}`),
]);
const within: Make = (r) =>
  p<Make>(r, [
    (r) => `<dtml-var ${p(r, ITEM)} missing=->`,
    (r) => `<dtml-var ${p(r, ITEM)} missing=->`,
    (r) => `<dtml-var ${p(r, AROUND)} missing=->`,
    (r) => `<dtml-var ${p(r, AROUND)} missing=->`,
    (r) => `<dtml-var ${p(r, AROUND)} missing=->`,
    (r) =>
      `<dtml-var ${p(r, STATISTICS)}-${p(r, fields)}${p(r, ['', ' missing=-', ' fmt="%.2f" missing=-', ' null=N missing=-'])}>`,
    (r) => `<dtml-if ${p(r, ['first', 'last'])}-${p(r, fields)}>F<dtml-else>f</dtml-if>`,
    (r) =>
      `<dtml-if ${p(r, [...AROUND, 'sequence-start', 'sequence-end', 'sequence-odd', 'sequence-even'])}>Y<dtml-else>N</dtml-if>`,
    (r) => `<dtml-var "_['${p(r, [...ITEM, ...AROUND])}']">`,
    (r) => `<dtml-var "_.has_key('${p(r, [...ITEM, ...AROUND])}')">`,
    (r) => `<dtml-var ${p(r, fields)} missing=?>`,
    () => '<dtml-var sequence-item>',
    (r) =>
      `<dtml-if sequence-${p(r, ['start', 'end'])}><dtml-in ${p(r, ['previous', 'next'])}-batches mapping>(<dtml-var batch-${p(r, ['start-index', 'end-index', 'size', 'start-number', 'end-number', 'start-letter', 'end-Roman', 'start-item', 'end-item', 'start-var-name', 'end-var-nope', 'nope'])} missing=->)</dtml-in></dtml-if>`,
  ])(r);
const number: Make = (r) =>
  p(
    r,
    chance(r, 6)
      ? ['nope', 's', 'nil', 'f', '"3"', 'qs', '100', '""']
      : ['1', '2', '3', '4', '5', '7', '9', '0', '-1', 'three', 'n', 'z'],
  );
const limits: Make = (r) =>
  ['size', 'start', 'end', 'orphan', 'overlap']
    .filter(() => chance(r, 2))
    .map((name) => `${name}=${number(r)}`)
    .concat(chance(r, 4) ? [p(r, ['previous', 'next', 'previous=1', 'next next'])] : [])
    .join(' ');
const order: Make = (r) =>
  p<Make>(r, [
    (r) =>
      `sort=${times(r, 3, (r) => p(r, fields) + p(r, ['', '', '', '/cmp', '/cmp', '/cmp/desc', '/cmp/desc', '/cmp/asc', '/nocase', '/nocase/desc', '/locale', '/strcoll_nocase', '/nope', '/cmpf', '/cmp/nope', '//desc', '/', '/nocase/asc/desc', '/desc', '/sortbyage/desc']), ',')}`,
    (r) =>
      `sort_expr="${p(r, ["'age'", "'name/nocase/desc'", 'key', "key + ',name'", "'town,age/cmp/desc'", 'nope', '_.None', "''", '3', "['age']", "_.test(three, 'name', 'age')", '1 +'])}"`,
    (r) =>
      p(r, [
        'sort',
        'sort=""',
        'sort="age, name"',
        'sort=sequence-item',
        'sort=sequence-key',
        'reverse',
        'reverse_expr="three"',
        'reverse_expr="0"',
        'reverse_expr="nope"',
        'reverse=1',
        'sort="name/nocase,age/cmp/desc"',
      ]),
  ])(r);
const loop = (r: Random, attributes: string, depth: number): string => {
  const other = p(r, [
    '',
    '',
    '',
    '',
    '',
    '',
    '',
    '',
    ' prefix=w',
    ' no_push_item',
    ' skip_unauthorized',
    ' bogus',
    ' prefix="1x"',
    ' mapping',
  ]);
  const inner = depth > 0 && chance(r, 3) ? loop(r, some(r, 1, order), depth - 1) : '';
  const prefixed =
    other === ' prefix=w'
      ? `<dtml-var w_${p(r, ['item', 'index', 'number', 'key', 'start', 'even', 'length', 'Roman', 'var_name', 'nope', 'step_size', 'query'])} missing=!>`
      : '';
  return `<dtml-in ${p(r, SEQUENCES)} ${attributes}${other}>${times(r, 3, within, p(r, ['', ',', ' ']))}${prefixed}${inner};${chance(r, 5) ? '<dtml-else>none' : ''}</dtml-in>`;
};

const state = (value: unknown): string =>
  encodeURIComponent(
    deflateSync(JSON.stringify(value)).toString('base64').replaceAll('=', '').replaceAll('+', '-'),
  );
const NODES = ['wood', 'oak', 'elm', 'fern', 'ash', 'twig', 'bud', 'scale', 'acorn', 'lost', 7];
const openNodes = (r: Random, depth: number, nodes: readonly unknown[]): unknown[] =>
  Array.from({ length: r.below(3) }, () =>
    depth > 0 && !chance(r, 3) ? [p(r, nodes), openNodes(r, depth - 1, nodes)] : [p(r, nodes)],
  );
const PATHS: readonly unknown[] = [
  ['wood', 'oak'],
  ['wood', 'oak', 'twig'],
  ['wood', 'oak', 'twig', 'bud'],
  ['wood', 'oak', 'twig', 'bud', 'scale'],
  ['wood', 'ash'],
  ['wood'],
  [],
  ['oak'],
  ['wood', 'lost'],
  ['wood', 'elm'],
  ['wood', 'fern'],
  ['wood', 7],
  ['wood', 'oak', 'acorn'],
  'wood',
  [['wood']],
  {},
  7,
  null,
];
const TREE_STATES: readonly unknown[] = [
  [['wood', []]],
  [['wood', [['oak', []]]]],
  [
    [
      'wood',
      [
        ['oak', [['twig', []]]],
        ['ash', []],
      ],
    ],
  ],
  [['wood', [['oak'], ['ash']]]],
  [['wood']],
  [],
  [['other', []]],
  [['wood', [['oak', [['twig', [['bud', [['scale', []]]]]]]]]]],
  [
    [
      'wood',
      [
        ['lost', []],
        ['elm', []],
      ],
    ],
  ],
];
/** What is open, and what to open or close. `parents`: only what has something below it. */
const treeQuery = (r: Random, parents: boolean): string => {
  const fits = (value: unknown): boolean => !parents || !/elm|fern|acorn|lost|7/.test(JSON.stringify(value));
  const paths = PATHS.slice(0, chance(r, 6) ? PATHS.length : 13).filter(fits);
  const parts: string[] = [];
  if (!chance(r, 4)) {
    const states = chance(r, 3)
      ? [[['wood', openNodes(r, 3, NODES.filter(fits))]]]
      : TREE_STATES.filter(fits);
    parts.push(`tree-s=${chance(r, 12) ? p(r, ['', 'junk', 'eJw', '%ff']) : state(p(r, states))}`);
  }
  if (chance(r, 2)) parts.push(`tree-e=${chance(r, 15) ? 'junk' : state(p(r, paths))}`);
  if (chance(r, 3)) parts.push(`tree-c=${state(p(r, paths))}`);
  if (chance(r, 8))
    parts.push(p(r, ['expand_all=1', 'collapse_all=1', 'expand_all=', 'expand_all=1&collapse_all=1']));
  return parts.join('&');
};
const tree: Make = (r) => {
  const options = (): string =>
    p(r, [
      '',
      '',
      '',
      ' sort=id',
      ' sort=size',
      ' sort=title reverse',
      ' reverse',
      ' nowrap',
      ' nowrap=1',
      ' single',
      ' single=1',
      ' assume_children',
      ' assume_children=1',
      ' branches=others',
      ' branches=nope',
      ' branches_expr="tpValues()"',
      ' branches_expr="others()"',
      ' branches_expr="_.None"',
      ' id=title',
      ' id=id',
      ' id=nope',
      ' url=nope',
      ' url=id',
      ' urlparam="a=1&b=2"',
      ' urlparam=x',
      ' leaves=banner',
      ' header=banner',
      ' footer=banner',
      ' expand=banner',
      ' leaves=nope',
      ' prefix=t',
      ' prefix="t-"',
      ' skip_unauthorized',
      ' expand=nope',
      ' branches=others branches_expr="[]"',
      ' sort=nope',
    ]);
  const body = (): string =>
    p(r, [
      '<dtml-var id>',
      '&dtml-title;',
      '<dtml-var tree-item-url>@<dtml-var tree-level>',
      '<dtml-if tree-item-expanded>E<dtml-else>C</dtml-if>',
      '<dtml-var tree-colspan>/<dtml-var tree-root-url>',
      '<dtml-var t_level missing=->:<dtml-var t_item_url missing=->:<dtml-var t_item_expanded missing=->:<dtml-var t_root_url missing=->',
      '<dtml-var tree-state>',
      '<dtml-var "_.len(_[\'tree-state\'])">',
      '<dtml-var tpURL>',
      '',
      '<dtml-var size>',
      '<dtml-var title missing>',
    ]);
  return `<dtml-tree ${p(r, ['wood', 'wood', 'wood', '"wood"', 'expr="wood"', 'name=wood'])}${options()}${options()}>${body()}${body()}</dtml-tree>${p(r, ['', '|<dtml-var tree-level missing=gone>', '|<dtml-var id missing=noid>'])}`;
};

const EXCEPTIONS = [
  'ValueError',
  'KeyError',
  'NameError',
  'AttributeError',
  'LookupError',
  'TypeError',
  'ZeroDivisionError',
  'ArithmeticError',
  'Exception',
  'StandardError',
  'IndexError',
  'OverflowError',
  'UnicodeError',
  'RuntimeError',
  'BadRequest',
  'NotFound',
  'Unauthorized',
  'Forbidden',
  'Redirect',
  'Nope',
  'nope',
];
const raised: Make = (r) =>
  p<Make>(r, [
    () => '<dtml-var "1/0">',
    () => '<dtml-var "{}[\'k\']">',
    () => '<dtml-var "[][1]">',
    () => '<dtml-var nope>',
    () => '<dtml-var boom>',
    () => '<dtml-var "_.int(\'q\')">',
    () => '<dtml-var "1 + \'a\'">',
    () => '<dtml-var "nope.x">',
    () => '<dtml-var "wood.nope">',
    () => '<dtml-var "_.None.x">',
    (r) => `<dtml-raise ${p(r, EXCEPTIONS)}>R<dtml-var n></dtml-raise>`,
    (r) => `<dtml-raise type="${p(r, EXCEPTIONS)}"><b>m</b> </dtml-raise>`,
    (r) =>
      `<dtml-raise expr="${p(r, ["'ValueError'", "'No such'", 'nope', 's', '_.None', '1', "'Key' + 'Error'", "''"])}">x</dtml-raise>`,
    (r) =>
      `<dtml-raise ${p(r, ['"s"', 'type=', 'ValueError KeyError', 'type=ValueError expr="s"', '', 'type="a b"'])}>y</dtml-raise>`,
    () => '<dtml-raise ValueError><dtml-var nope></dtml-raise>',
    () => '<dtml-raise IndexError></dtml-raise>',
    () => 'fine',
    () => 'fine <dtml-var x missing=nox>',
    (r) => `<dtml-return "${p(r, ['n', 's', '[1]', '_.None', '1/0', "''"])}">`,
    (r) => `<dtml-return ${p(r, ['n', 's', 'nope', 'wood', 'fn', 'banner'])}>`,
  ])(r);
const tried = (r: Random, depth: number): string => {
  const inner = (): string => (depth > 0 && chance(r, 3) ? tried(r, depth - 1) : raised(r));
  const handler: Make = (r) =>
    `<dtml-except${p(r, ['', ` ${p(r, EXCEPTIONS)}`, ` ${p(r, EXCEPTIONS)} ${p(r, EXCEPTIONS)}`, ` ${p(r, EXCEPTIONS)}`, '  ', ' ValueError, KeyError', ' "ValueError"'])}>h:${p(r, ['<dtml-var error_type>', '<dtml-var error_value>', '<dtml-var error_type>/<dtml-var error_value>', '<dtml-var "_.str(error_value)">', '', '<dtml-var error_tb missing=notb size=20>', '<dtml-raise ValueError>again</dtml-raise>', '&dtml-error_value;', '<dtml-raise><dtml-var error_value></dtml-raise>', inner()])}`;
  const around = p<Make>(r, [
    (r) =>
      `${times(r, 3, handler)}${p(r, ['', '', '<dtml-else>else', `<dtml-else>${raised(r)}`, '<dtml-else>a<dtml-else>b'])}`,
    (r) => `${times(r, 2, handler)}`,
    (r) => `<dtml-finally>fin${p(r, ['', '<dtml-var n>', raised(r)])}`,
    (r) =>
      p(r, [
        '',
        '<dtml-else>e',
        '<dtml-except><dtml-finally>f',
        '<dtml-finally>f<dtml-except>e',
        '<dtml-else>e<dtml-except>x',
        '<dtml-finally>a<dtml-finally>b',
        '<dtml-except>a<dtml-except ValueError>b',
        '<dtml-except>a<dtml-except>b',
        '<dtml-except ValueError>a<dtml-except>b<dtml-except KeyError>c',
        '<dtml-finally>f<dtml-else>e',
        '<dtml-except>e<dtml-else>e<dtml-finally>f',
      ]),
  ])(r);
  return `<dtml-try>t${inner()}z${around}</dtml-try>${p(r, ['', '|<dtml-var error_type missing=->', 'after'])}`;
};

const VALUES = [
  'n',
  'z',
  'neg',
  'f',
  'big',
  's',
  'h',
  'u',
  'nl',
  'url',
  'l',
  'd',
  'date',
  'nil',
  'e',
  't',
  'no',
  'markup',
  'nope',
  'fn',
  'boom',
  'texts',
  'wide',
  'wood',
  '"1234567.891"',
  '"_.None"',
  '"\'12345\'"',
  '"-0.5"',
  '"1e20"',
  '"\'a_b-c d\'"',
  '"[]"',
  '"_.nope"',
  '"nil"',
  '"e"',
  '"\'x\' * 30"',
  '"\'one two three four\'"',
  '"1000"',
  '"-1000.5"',
  '"999999.999"',
  '"\'<\'"',
  "\"'a\\'b'\"",
  '"{}"',
  '"0.005"',
  '"_.range(3)"',
  '"\' pad \'"',
  '"\'&lt;b&gt;\'"',
  "\"'abc' + _.chr(13) + _.chr(10) + 'x'\"",
];
const FORMATS = [
  'whole-dollars',
  'dollars-and-cents',
  'collection-length',
  'dollars-with-commas',
  'dollars-and-cents-with-commas',
  'comma-numeric',
  'sql-quote',
  'html-quote',
  'url-quote',
  'url-quote-plus',
  'url-unquote',
  'url-unquote-plus',
  'multi-line',
  '%d',
  '%s',
  '%5.2f',
  '"%05d"',
  '"%+.1e"',
  '"%r"',
  '"%5s|"',
  '"%-5s|"',
  '"%%"',
  '"%"',
  'upper',
  'lower',
  'strip',
  'title',
  'nope',
  '""',
  '"%s %s"',
  '"%(k)s"',
  'Date',
  '"%Y"',
  'count',
  '"a"',
  'split',
  '_x',
  'pop',
  'copy',
  '"%c"',
  '"%x"',
  '%o',
  '%i',
  '%u',
  '"%*d"',
  '"%.3s"',
  '"%ld"',
  '"% d"',
  '"%#x"',
];
const QUOTES = [
  'lower',
  'upper',
  'capitalize',
  'spacify',
  'thousands_commas',
  'html_quote',
  'url_quote',
  'url_quote_plus',
  'url_unquote',
  'url_unquote_plus',
  'sql_quote',
  'newline_to_br',
  'url',
];
const decoration: Make = (r) =>
  p<Make>(r, [
    (r) => p(r, QUOTES),
    (r) => p(r, QUOTES),
    (r) => `fmt=${p(r, FORMATS)}`,
    (r) => `null=${p(r, ['N', '"no value"', '""', '"<b>"'])}`,
    (r) => p(r, ['missing', 'missing=gone', 'missing=""', 'missing="<i>"']),
    (r) =>
      `size=${p(r, ['1', '4', '5', '10', '0', '-2', '"12"', '3', '100', 'x', '2.5', 'n'])}${p(r, ['', ' etc="…"', ' etc=""', ' etc=more', ' etc'])}`,
  ])(r);
const variables: Make = (r) => `<dtml-var ${p(r, VALUES)} ${some(r, 4, decoration)}>`;

const entities: Make = (r) =>
  times(
    r,
    3,
    (r) =>
      p<Make>(r, [
        (r) =>
          `&dtml${some(r, 3, (r) => `.${p(r, [...QUOTES, 'missing', 'null', 'size', 'fmt', 'bogus', 'etc', ''])}`, '')}-${p(r, [...VALUES.filter((v) => !v.startsWith('"')), 'sequence-item', 'a-b', 'a.b', 'title', '"n"', 'n x', '', 'n-', 'id', 'texts;', 'three'])};`,
        (r) =>
          p(r, [
            '&dtml',
            '&dtml-',
            '&dtml;',
            '&dtml.;',
            '&dtml-n',
            '&DTML-n;',
            '&dtml-N;',
            '&dtml.upper;',
            '& dtml-n;',
            '&dtml-n ;',
            '&dtml- n;',
            '&amp;dtml-n;',
            '&&dtml-n;',
            '&dtml.upper-s;&dtml.lower-s;',
            '&dtml..upper-s;',
            '&dtml.upper.-s;',
            '&dtml--n;',
            '&dtmlx-n;',
            '&dtml-n;;',
            '&dtml.html_quote=1-h;',
          ]),
      ])(r),
    p(r, ['', ' ', '|']),
  );

const content: Make = (r) =>
  p(r, [
    't',
    '<dtml-var n>',
    '<dtml-var x missing=nox>',
    '<dtml-var title>',
    '<dtml-var name missing=noname>',
    '&dtml-h;',
    '<dtml-var "_.has_key(\'x\')">',
    '',
    '\n',
    '<dtml-var id missing>',
    '<dtml-var "x">',
    '<dtml-var y missing=noy>',
  ]);
const SCOPES: readonly Make[] = [
  (r) =>
    `let ${times(r, 3, (r) => `${p(r, ['x', 'y', 'n', 'title', 'a-b'])}=${p(r, ['"1"', '"n + 1"', '"x"', 'n', 's', '"y"', '"_[\'x\']"', '"nope"', 'nope', 'boom', '"[x, 1]"', 'fn', 'banner', '"fn"', '"\'<b>\'"', '""', "'q'", '"_.namespace(q=1)"'])}`, p(r, [' ', '\n', '  ']))}`,
  (r) =>
    `with ${p(r, ['"_.namespace(x=1, title=\'nt\')"', '"people[0]" mapping', 'd mapping', 'rec', 'wood', 'loft', '"things[0]"', "\"{'x': 'mx'}\" mapping", '"loft.deep"', 'REQUEST', '"_.namespace(people[0])"', '"(rec, wood)"', '"[rec]"', 'nil', '"n"', 's', 'fn', 'nope', 'locked', '"_[\'d\']" mapping', 'note', 'banner'])}${p(r, ['', '', ' only', ' mapping', ' mapping only', ' bogus'])}`,
  (r) => `in ${p(r, ['words', 'people mapping', 'things', 'lone', 'none'])}`,
  (r) =>
    `if ${p(r, ['n', 'z', 'x', 'nope', '"n > 3"', '"x"', 'fn', 'none', '"not n"', 'expr="z"', 'name=s'])}`,
  (r) => `unless ${p(r, ['n', 'z', 'x', 'nope', '"n > 3"', 'e'])}`,
];
const scopes = (r: Random, depth: number): string => {
  const head = p(r, SCOPES)(r);
  const name = head.split(' ', 1)[0]!;
  const inner = (): string =>
    `${content(r)}${depth > 0 && !chance(r, 3) ? scopes(r, depth - 1) : ''}${content(r)}`;
  return `<dtml-${head}>${inner()}${name === 'if' ? p(r, ['', `<dtml-elif ${p(r, ['x', '"n"', 'z', 'nope'])}>${inner()}`, `<dtml-else>${inner()}`]) : name === 'in' ? p(r, ['', `<dtml-else>${inner()}`]) : ''}</dtml-${name}>`;
};

const TAGS = [
  'if x',
  'if "n"',
  'unless x',
  'in l',
  'let x="1"',
  'with d mapping',
  'try',
  'except',
  'except KeyError',
  'finally',
  'else',
  'else x',
  'elif x',
  'elif',
  'comment',
  'raise X',
  'call n',
  'return n',
  'var n',
  'tree wood',
  'nope',
  'if',
  'in',
  'let',
  'with',
  'raise',
  'var',
  'call',
  'return',
  'unless',
  'endif',
  '/if',
  'if x y',
  'if expr="x" name=y',
  'if x="y"',
  'in l bogus',
  'in l size',
  'in l sort=n sort_expr="n"',
  'in l reverse reverse_expr="n"',
  'in l start=x size=3 previous next',
  'var n fmt',
  'var n n',
  'var "n" "n"',
  'var name=n n',
  'var expr="n" s',
  'var expr="n',
  "var 'n'",
  'var n=1',
  'var n size=',
  'var n =',
  'var n "',
  'var n bogus=1',
  'var "n +"',
  'var "n)"',
  'var "(n"',
  'var ""',
  'var " "',
  'var "for x"',
  'var "x=1"',
  'var "a b"',
  'var "1 2"',
  'let x',
  'let x=',
  'let "x"',
  'let x="n" x',
  'let =n',
  'let x=n y',
  'let x="n +"',
  'with',
  'with d bogus',
  'with d only=1',
  'call "n +"',
  'call',
  'return "n" s',
  'raise X Y',
  'raise type=X expr="n"',
  'sqlvar n',
  'mime',
  'tree wood bogus',
  'tree wood prefix="a b"',
  'in l prefix="1"',
  'in l prefix=a.b',
  'try x',
  'comment x',
  'VAR n',
  'If x',
  'var\tn',
  'var\nn',
  '',
  ' var n',
  '-var n',
];
const NAMES = [
  'if',
  'unless',
  'in',
  'let',
  'with',
  'try',
  'comment',
  'raise',
  'tree',
  'var',
  'nope',
  'else',
  'IF',
  'if x',
  'if y',
  'in l',
  ' if',
  'if ',
];
const syntax: Make = (r) =>
  times(
    r,
    4,
    (r) =>
      p<Make>(r, [
        (r) => `<dtml-${p(r, TAGS)}>`,
        (r) => `<dtml-${p(r, TAGS)}>`,
        (r) => `</dtml-${p(r, NAMES)}>`,
        (r) => `</dtml-${p(r, NAMES)}>`,
        (r) => `<!--#${p(r, TAGS)}${p(r, ['-->', ' -->', '->', '>', ''])}`,
        (r) => `<!--#${p(r, ['/', 'end', 'end ', '/ '])}${p(r, NAMES)}-->`,
        (r) =>
          `<dtml-${p(r, ['if x', 'unless x', 'in l', 'let x="1"', 'with d mapping', 'comment'])}>a<dtml-${p(r, TAGS)}>b</dtml-${p(r, NAMES)}>`,
        () => 'text\n',
        (r) =>
          p(r, [
            '<dtml-',
            '<dtml->',
            '<dtml',
            '</dtml->',
            '</dtml-',
            '<!--#',
            '<!--# -->',
            '<!-- -->',
            '<dtml-var n/>',
            '<dtml-var n />',
            '<dtml-var "a>b">',
            '<dtml-var "n > 3">',
            '<dtml-var "\'>\'">',
            '<dtml-var n',
            '<dtml-var n\n>',
            '< dtml-var n>',
            '<dtml-if x>\n\n<dtml-var',
            '%(n)s',
            '&dtml-n;',
          ]),
      ])(r),
    p(r, ['', '\n', ' ']),
  );
/** Blocks that are well, with one place that is not. */
const closed = (r: Random, depth: number): string => {
  const head = p(r, [
    'if x',
    'if n',
    'unless x',
    'in words',
    'let x="1"',
    'with d mapping',
    'comment',
    'try',
    'raise KeyError',
    'in people mapping',
  ]);
  const name = head.split(' ', 1)[0]!;
  const inner =
    depth > 0
      ? times(r, 2, (r) => closed(r, depth - 1), '\n')
      : p(r, [
          'a',
          `<dtml-${p(r, TAGS)}>`,
          '<dtml-var n>',
          '<dtml-else>',
          '<dtml-else x>',
          '<dtml-elif n>',
          '<dtml-except>',
          '',
          `</dtml-${p(r, NAMES)}>`,
        ]);
  return p(r, [
    `<dtml-${head}>${inner}${name === 'try' ? '<dtml-except>E' : ''}</dtml-${name}>`,
    `<dtml-${head}>${inner}${name === 'try' ? '<dtml-finally>F' : ''}</dtml-${name}>`,
    `<!--#${head}-->${inner}${name === 'try' ? '<!--#except-->E' : ''}<!--#/${name}-->`,
    `<dtml-${head}>${inner}${name === 'if' || name === 'in' ? '<dtml-else>L' : ''}${name === 'try' ? '<dtml-except KeyError>E' : ''}</dtml-${name}${p(r, ['', ` ${head.split(' ')[1] ?? ''}`])}>`,
  ]);
};

export interface DeepDtml {
  readonly source: string;
  readonly query?: string;
}
/** By feature: makers of sources, and of the queries that go with them. */
export const DEEP_DTML_FEATURES: Readonly<Record<string, (r: Random) => DeepDtml>> = {
  batches: (r) => ({ source: loop(r, limits(r), 0) }),
  orders: (r) => ({ source: loop(r, `${times(r, 2, order, ' ')}${chance(r, 4) ? ` ${limits(r)}` : ''}`, 0) }),
  loops: (r) => ({ source: loop(r, some(r, 1, order), 2) }),
  trees: (r) => {
    const source = tree(r);
    // An open node with nothing below it closes others in Python, where children are assumed.
    const query = treeQuery(r, source.includes('assume_children'));
    // An error of a branches' expression leaves Python's names in disorder.
    return {
      source,
      query: source.includes('="tpValues()"') ? query.replaceAll('expand_all', 'collapse_all') : query,
    };
  },
  exceptions: (r) => ({ source: tried(r, 2) }),
  variables: (r) => ({ source: times(r, 2, variables, '|') }),
  entities: (r) => ({ source: entities(r) }),
  scopes: (r) => ({ source: scopes(r, 3) }),
  syntax: (r) => ({ source: syntax(r) }),
  blocks: (r) => ({ source: closed(r, 2) }),
};

/** A case of the suite `dtml` about one of these features. */
export function deepDtmlInput(r: Random, feature: string): Input {
  const { source, query } = DEEP_DTML_FEATURES[feature]!(r);
  return dtmlOf(source, VARS, query ?? (chance(r, 3) ? 'qs=3&x=rx' : undefined));
}
