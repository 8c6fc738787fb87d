/**
 * Random DTML, small texts that cross a few features each; the same seed gives the same texts.
 * One table of forms, long because each feature is a list of its forms.
 */
import type { Random } from '../../restricted/programs.ts';
import type { Input } from '../../templates/lib/zope-cases.ts';

export type Make = (r: Random) => string;

const VARS: Readonly<Record<string, unknown>> = {
  s: 'some text here',
  e: '',
  h: '<b>&"\'x</b>',
  u: 'žluť €',
  nl: 'a\nb\r\nc  d',
  url: 'a b/c+d&e=é%20?',
  n: 7,
  z: 0,
  neg: -1234567,
  f: { $float: '1234.5' },
  big: { $int: '12345678901234567890' },
  t: true,
  no: false,
  nil: null,
  l: ['b', 'a', 'C', 'a'],
  nums: [3, 1, 2, 5, 4, 7, 6, 9, 8, 10, 12, 11],
  fl: [{ $float: '1.5' }, 2, { $float: '-3.25' }],
  empty: [],
  pairs: [{ $tuple: ['k2', 'v2'] }, { $tuple: ['k1', 1] }],
  rows: [
    { name: 'Ann', n: 1, g: 'x', amount: 10 },
    { name: 'bob & co', n: 2, g: 'x', amount: { $float: '2.5' } },
    { name: 'Cy', n: 2, g: 'y', amount: 4 },
    { name: 'ann', n: 10, g: 'y', amount: 0 },
  ],
  recs: [
    { $record: { name: 'R1', n: 2, title: 'One' } },
    { $record: { name: 'r0', n: 1, title: 'Two' } },
    { $record: { name: 'R9', n: 3, title: '' } },
  ],
  mixed: [{ n: 1 }, { m: 2 }, { n: null }, { n: 'x' }],
  d: { k: 'v', x: 'dx', n: 70, name: 'D' },
  rec: { $record: { title: 'Record', n: 5, x: 'rx' } },
  fn: { $callable: '<fn>' },
  fl2: { $callable: ['p', 'q'] },
  boom: { $raises: ['ValueError', 'bad <thing>'] },
  lost: { $raises: ['KeyError', 'lost'] },
  date: { $date: '2024/02/29 12:30:00 UTC' },
  markup: { $html: '<i>html</i>' },
  st: 'line one\n\n  * item\n\n  * item *two*\n',
};

const ROOT: Input['root'] = [
  {
    $obj: {
      class: 'Folder',
      id: 'mill',
      title: 'Old <mill>',
      properties: { wheels: 3, river: 'Ouse & Cam', ratio: { $float: '1.5' } },
      children: [
        {
          $obj: {
            class: 'Folder',
            id: 'loft',
            title: 'Grain loft',
            properties: { wheels: 0 },
            children: [{ $obj: { class: 'Folder', id: 'deep', title: 'Deep' } }],
          },
        },
        {
          $obj: { class: 'DTML Method', id: 'banner', source: '[<dtml-var title>:<dtml-var x missing=nox>]' },
        },
        {
          $obj: {
            class: 'DTML Document',
            id: 'note',
            title: 'A note',
            source: '{<dtml-var title>:<dtml-var id>}',
          },
        },
        { $obj: { class: 'Page Template', id: 'zpt', source: '<i tal:content="here/title"/>' } },
        { $obj: { class: 'DTML Method', id: 'ret', source: '<dtml-return "n * 2">' } },
        {
          $obj: {
            class: 'Folder',
            id: 'locked',
            title: 'Locked',
            permissions: { View: ['Manager'], 'Access contents information': ['Manager'] },
          },
        },
      ],
    },
  },
];

const p = <T>(r: Random, items: readonly T[]): T => r.pick(items);
const chance = (r: Random, oneOf: number): boolean => r.below(oneOf) === 0;
const some = (r: Random, n: number, make: Make, join = ' '): string =>
  Array.from({ length: n }, () => make(r)).join(join);

const CALM = [
  's',
  'e',
  'h',
  'u',
  'nl',
  'url',
  'n',
  'z',
  'neg',
  'f',
  'big',
  't',
  'no',
  'nil',
  'fn',
  'date',
  'l',
  'd',
  'markup',
  'title',
  'wheels',
  'river',
  'banner',
  'note',
  'x',
  'id',
  'st',
];
const name: Make = (r) =>
  p(
    r,
    chance(r, 6)
      ? [
          ...Object.keys(VARS),
          'nope',
          'loft',
          'zpt',
          'ret',
          'objectIds',
          'title_or_id',
          'absolute_url',
          'locked',
          'REQUEST',
          'sequence-item',
          'items',
          '_x',
          'URL',
        ]
      : CALM,
  );

const atom: Make = (r) =>
  p(r, [
    p(r, [
      's',
      'n',
      'z',
      'h',
      'l',
      'nums',
      'f',
      'd',
      'rec',
      'nil',
      't',
      'e',
      'rows',
      'date',
      'title',
      'fn',
      'nope',
      'big',
    ]),
    String(r.below(12)),
    "'a'",
    '_.None',
    "_['s']",
    "_['x']",
    '[]',
    "d['k']",
    'rec.title',
    "'<b>'",
    'wheels',
    "_['sequence-item']",
    "_.getitem('fn', 0)",
    "_.getitem('fn', 1)",
  ]);
const expr: Make = (r) =>
  p<Make>(r, [
    atom,
    atom,
    () => `${atom(r)} ${p(r, ['+', '*', '-', '==', '<', 'in', 'and', 'or', '%', 'is', '/'])} ${atom(r)}`,
    () =>
      `_.${p(r, ['len', 'str', 'repr', 'int', 'float', 'abs', 'min', 'max', 'hash', 'bool', 'sorted', 'reorder', 'chr', 'ord', 'test', 'hex', 'oct', 'round', 'list', 'tuple', 'sum', 'type', 'attr', 'render', 'namespace', 'has_key', 'range', 'string', 'math'])}(${atom(r)})`,
    () => `_.test(${atom(r)}, ${atom(r)}, ${atom(r)})`,
    () =>
      `_.reorder(${p(r, ['l', 'nums', "'abc'"])}, ${p(r, ["with=['a']", "['a', 'b']", 'without=[1]', '[1, 2], [2]'])})`,
    () =>
      p(r, [
        '_.string.join(l)',
        '_.string.upper(s)',
        '_.math.floor(f)',
        '_.math.pi',
        "_.has_key('s')",
        "_.has_key('nope')",
        "_.hasattr(rec, 'title')",
        "_.getattr(rec, 'n')",
        "_.getattr(rec, 'zz', 1)",
        '_.render(fn)',
        '_.render(banner)',
        'banner(_.None, _)',
        "banner(_, x='X')",
        '_.namespace(x=1)',
        '_.range(3)',
        '_.range(2, 9, 3)',
        "_['nope']",
        '[i for i in l]',
        "{'a': 1}",
        '1 +',
        's.upper()',
        's[0:4]',
        "_.DateTime('2020/01/02 UTC')",
        'date.Date()',
        "_.getitem('banner')",
        '_.pow(2, 3)',
        '_.divmod(7, 2)',
        '_.cmp(1, 2)',
        '_._x',
        "'%s-%s' % (n, s)",
        '_.whrandom',
        '_.random',
        '_.filter(None, [0, 1])',
        '_.map(None, l)',
        '_.SecurityCalledByExecutable()',
        'lambda: 1',
        '_.this',
        '_.this.title',
        'this().title',
        'loft.title',
        'PARENTS',
        'REQUEST',
        "_.ord('a')",
        '_.chr(65)',
        'n and s or e',
        'not n',
        '_.delattr',
        '_.setattr',
        '_.zip(l, nums)',
        '_.enumerate(l)',
        '_.set(l)',
        '_.isinstance(1, 2)',
      ]),
  ])(r);

const FMT = [
  'whole-dollars',
  'dollars-and-cents',
  'collection-length',
  'structured-text',
  'restructured-text',
  'sql-quote',
  'html-quote',
  'url-quote',
  'url-quote-plus',
  'url-unquote',
  'url-unquote-plus',
  'multi-line',
  'comma-numeric',
  'dollars-with-commas',
  'dollars-and-cents-with-commas',
  '%d',
  '%s',
  '%5.2f',
  '%05d',
  '%x',
  'upper',
  'Date',
  'strip',
  'nope',
  '%',
  '%%',
  '"%s!"',
  '"[%r]"',
  'aDay',
  'year',
  'Day',
  '"%Y-%m-%d"',
  'title',
  'capitalize',
  '"%.3e"',
  '%c',
  "'%s'",
  'ISO',
  'pCommon',
];
const FLAGS = [
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
];
const varAttribute: Make = (r) =>
  p<Make>(r, [
    (r) => p(r, FLAGS),
    (r) => p(r, FLAGS),
    (r) =>
      `fmt=${p(
        r,
        FMT.filter((f) => !/structured/.test(f)),
      )}`,
    (r) => `null=${p(r, ['NULL', '"no value"', '""', "''"])}`,
    (r) => `missing${p(r, ['', '=gone', '="not here"', '=""'])}`,
    (r) =>
      `size=${p(r, ['5', '10', '0', '3', '"4"', '-1', '1'])}${p(r, ['', ' etc="…"', ' etc=""', ' etc=" (more)"'])}`,
    (r) =>
      chance(r, 8)
        ? p(r, [
            'url',
            'etc=x',
            'size',
            'size=x',
            'bogus',
            'html_quote=""',
            'html_quote=no',
            'fmt',
            'upper=1',
            'lower lower',
            'null',
            'HTML_QUOTE',
            'fmt=""',
            'null=',
          ])
        : 'html_quote',
  ])(r);
const subject: Make = (r) =>
  p<Make>(r, [
    name,
    name,
    name,
    (r) => `expr="${expr(r)}"`,
    (r) => `"${expr(r)}"`,
    (r) => `name=${name(r)}`,
    (r) => `name="${name(r)}"`,
  ])(r);
const dtmlVar: Make = (r) => {
  const attributes = some(r, r.below(3), varAttribute);
  const what = subject(r);
  const inner = `var ${chance(r, 14) ? `${attributes} ${what}` : `${what} ${attributes}`}`.trim();
  return p(r, [
    `<dtml-${inner}>`,
    `<dtml-${inner}>`,
    `<dtml-${inner}>`,
    `<dtml-${inner}>`,
    `<!--#${inner}-->`,
    `<dtml-${inner} >`,
    `<dtml-${inner}/>`,
    `<!--#${inner} -->`,
    `<DTML-${inner}>`,
    `<dtml-${inner.replace(/ +/, '\n ')}>`,
  ]);
};
const entity: Make = (r) =>
  p(r, [
    `&dtml-${name(r)};`,
    `&dtml.${p(r, FLAGS).replaceAll('_', '_')}-${name(r)};`,
    `&dtml.${p(r, FLAGS)}.${p(r, FLAGS)}-${name(r)};`,
    `&dtml.-${name(r)};`,
    `&dtml.missing-${name(r)};`,
    '&dtml-;',
    '&dtml.s;',
    '&dtmls;',
    `&dtml.url-${name(r)};`,
    '&dtml-s',
    '&dtml.nope-s;',
    '&dtml-sequence-item;',
    '&amp;dtml-s;',
    `&dtml.html_quote.missing-${name(r)};`,
    '&dtml-title;',
    '&dtml.null-nil;',
  ]);

interface State {
  readonly depth: number;
  readonly loop?: boolean;
}
const SEQUENCE = [
  'sequence-item',
  'sequence-index',
  'sequence-number',
  'sequence-start',
  'sequence-end',
  'sequence-even',
  'sequence-odd',
  'sequence-key',
  'sequence-letter',
  'sequence-Letter',
  'sequence-roman',
  'sequence-Roman',
  'sequence-length',
  'sequence-query',
  'sequence-step-size',
  'first-n',
  'last-n',
  'first-g',
  'last-g',
  'first-name',
  'sequence-var-n',
  'sequence-index-var-n',
  'name',
  'n',
  'g',
  'amount',
  'sequence-start-index',
  'sequence-end-index',
  'sequence-index-is-start',
  'sequence-item-is',
  'sequence-index-letter',
  'sequence-var-name',
  'sequence-step-start',
  'sequence-step-end',
  'sequence-step-start-index',
  'sequence-step-end-index',
  'sequence-step-overlap',
  'sequence-step-orphan',
  'sequence-start-number',
  'sequence-end-number',
  'sequence-start-letter',
  'sequence-end-Roman',
  'sequence-index-even',
  'sequence-even-index',
];
const BATCH = [
  'previous-sequence',
  'next-sequence',
  ...['previous', 'next'].flatMap((w) =>
    [
      'start-index',
      'start-number',
      'end-index',
      'end-number',
      'size',
      'start-letter',
      'end-Roman',
      'start-roman',
      'end-Letter',
      'start-var-n',
      'end-var-name',
      'start-item',
      'end-item',
    ].map((x) => `${w}-sequence-${x}`),
  ),
];
const STATS = [
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
].flatMap((s) => [`${s}-n`, `${s}-amount`, `${s}-name`, `${s}-item`, `${s}-nope`]);

const loopVar: Make = (r) =>
  p<Make>(r, [
    (r) => `<dtml-var ${p(r, SEQUENCE)}${p(r, ['', '', ' missing=-', ' html_quote'])}>`,
    (r) =>
      `<dtml-var ${p(r, ['sequence-item', 'sequence-number', 'sequence-index', 'sequence-key', 'name', 'n'])}>`,
    (r) =>
      `<dtml-if ${p(r, ['sequence-start', 'sequence-end', 'sequence-even', 'sequence-odd', 'first-n', 'last-g', 'first-name', 'previous-sequence', 'next-sequence', ...BATCH])}>Y<dtml-else>N</dtml-if>`,
    (r) => `<dtml-var ${p(r, BATCH)} missing=->`,
    (r) => `<dtml-var ${p(r, STATS)}${p(r, ['', ' missing=-'])}>`,
    (r) => `<dtml-var "_['${p(r, SEQUENCE)}']">`,
    (r) => `&dtml-${p(r, SEQUENCE)};`,
  ])(r);

const body = (r: Random, s: State): string =>
  some(
    r,
    1 + r.below(2),
    (r) =>
      p<Make>(r, [
        () => p(r, ['text', ' ', '\n', 'a & b', '<b>', ',', '']),
        dtmlVar,
        dtmlVar,
        (r) => (s.loop ? loopVar(r) : entity(r)),
        (r) => (s.depth < 2 ? block(r, { ...s, depth: s.depth + 1 }) : dtmlVar(r)),
      ])(r),
    p(r, ['', '', ' ', '\n']),
  );

const condition: Make = (r) =>
  p<Make>(r, [name, name, (r) => `"${expr(r)}"`, (r) => `expr="${expr(r)}"`, (r) => `name=${name(r)}`])(r);
const tag = (r: Random, t: string, attributes: string, content: string): string => {
  const old = chance(r, 8);
  const a = attributes === '' ? '' : ` ${attributes}`;
  if (old) return `<!--#${t}${a}-->${content}<!--#${p(r, ['/', 'end'])}${t}-->`;
  return `<dtml-${t}${a}>${content}</dtml-${t}${p(r, [
    '',
    '',
    '',
    ' ',
    ` ${a
      .trim()
      .split(/\s/)[0]!
      .replaceAll(/["=].*/g, '')}`,
  ])}>`;
};

const ifTag = (r: Random, s: State): string =>
  tag(
    r,
    p(r, ['if', 'if', 'if', 'unless']),
    condition(r),
    `${body(r, s)}${chance(r, 3) ? `<dtml-elif ${condition(r)}>${body(r, s)}` : ''}${chance(r, 2) ? `<dtml-else>${body(r, s)}` : ''}`,
  );

const SEQS = [
  'l',
  'nums',
  'rows',
  'recs',
  'empty',
  'pairs',
  'fl',
  'mixed',
  's',
  'n',
  'nil',
  'd',
  'fl2',
  'nope',
  'objectValues',
  'objectIds',
  'objectItems',
  'items',
  '"l"',
  '"nums"',
  '"rows"',
  '"_.range(5)"',
  '"[]"',
  '"d.items()"',
  '"_.reorder(l)"',
  'expr="nums"',
  'name=l',
  '"_.range(n)"',
];
const inAttribute: Make = (r) =>
  p<Make>(r, [
    (r) =>
      `sort${p(r, ['', '=n', '=name', '=name/nocase', '="n/cmp/desc"', '=n,name', '="name/nocase/desc,n"', '=nope', '=amount', '="n/cmp/asc"', '="name/locale"', '=sequence-item', '="n/xx"', '=title', '=g,n'])}`,
    (r) =>
      p(r, [
        'reverse',
        'reverse',
        'mapping',
        'mapping',
        'no_push_item',
        'skip_unauthorized',
        'sort_expr="\'n\'"',
        'reverse_expr="n"',
        'reverse_expr="z"',
        'prefix=p',
        'prefix=loop',
        'sort_expr="nope"',
        'reverse_expr="no"',
      ]),
    (r) =>
      `size=${p(r, ['3', '5', 'n', '1', '20', '0', '-2', 'x', 'z'])}${p(r, ['', ' start=2', ' start=4', ' start=n', ' start=100', ' start=0', ' start=qs', ' end=6', ' start=-1'])}${p(r, ['', '', ' orphan=0', ' orphan=2', ' orphan=4', ' overlap=1', ' overlap=2 orphan=1', ' overlap=n'])}${p(r, ['', '', '', ' previous', ' next'])}`,
    (r) =>
      p(r, [
        'start=3',
        'end=4',
        'orphan=1',
        'start=2 end=5',
        'previous',
        'next',
        'end=100',
        'start=5 end=2',
        'bogus',
        'size',
        'overlap=1',
        'end=3 size=2',
        'start=n end=z',
      ]),
  ])(r);
const inTag = (r: Random, s: State): string => {
  const seq = p(r, SEQS);
  const mapping = /rows|mixed/.test(seq) && !chance(r, 6) ? 'mapping ' : '';
  const attributes = some(r, r.below(3), inAttribute);
  const prefix = /prefix=(\w+)/.exec(attributes)?.[1];
  let content = some(
    r,
    1 + r.below(3),
    chance(r, 3) ? (r) => body(r, { ...s, depth: 2, loop: true }) : loopVar,
    p(r, ['', ' ', '|']),
  );
  if (prefix !== undefined && !chance(r, 4))
    content += `<dtml-var ${prefix}_${p(r, ['item', 'index', 'number', 'start', 'end', 'key', 'roman', 'even', 'length', 'nope', 'var_n', 'Letter'])} missing=->`;
  return tag(
    r,
    'in',
    `${seq} ${mapping}${attributes}`.trim(),
    `${content}${chance(r, 4) ? `<dtml-else>EMPTY ${body(r, { ...s, depth: 2 })}` : ''}`,
  );
};

const letTag = (r: Random, s: State): string =>
  tag(
    r,
    'let',
    some(
      r,
      1 + r.below(2),
      (r) =>
        `${p(r, ['x', 'y', 's', 'n', 'a-b'])}=${p(r, [`"${expr(r)}"`, name(r), `"${expr(r)}"`, '""', "'q'"])}`,
    ),
    body(r, s) + p(r, ['', '<dtml-var x missing=->', '<dtml-var y missing=->']),
  );
const withTag = (r: Random, s: State): string =>
  tag(
    r,
    'with',
    p(r, [
      'd mapping',
      'rec',
      'loft',
      '"d" mapping',
      '"rec"',
      '"_.namespace(x=1, y=n)"',
      'd',
      'nil',
      'rec only',
      'loft only',
      'd mapping only',
      'fn',
      '"rows[0]" mapping',
      '"loft"',
      'nope',
      '"{\'x\': n}" mapping',
      'locked',
      'note',
      '"_.namespace(rec, x=2)"',
      'rec mapping',
      'l',
      'only loft',
      'REQUEST',
      '"(rec, loft)"',
    ]),
    body(r, s) +
      p(r, [
        '',
        '<dtml-var x missing=->',
        '<dtml-var title missing=->',
        '<dtml-var n missing=->',
        '<dtml-var k missing=->',
        '<dtml-var id missing=->',
      ]),
  );
const EXC = [
  'ValueError',
  'KeyError',
  'NameError',
  'AttributeError',
  'LookupError',
  'TypeError',
  'ZeroDivisionError',
  'Exception',
  'ValueError KeyError',
  'nope',
  '"n"',
  'Unauthorized',
  'BadRequest',
  'IndexError',
  'ArithmeticError',
];
const raising: Make = (r) =>
  p(r, [
    '<dtml-var boom>',
    '<dtml-var nope>',
    '<dtml-var lost>',
    '<dtml-var "1/z">',
    '<dtml-raise ValueError>msg <dtml-var n></dtml-raise>',
    '<dtml-raise type="KeyError">k</dtml-raise>',
    '<dtml-raise Mine>m</dtml-raise>',
    '<dtml-var "l[9]">',
    '<dtml-raise expr="\'ValueError\'">e</dtml-raise>',
    '<dtml-raise NotFound>nf</dtml-raise>',
    '<dtml-raise "s">x</dtml-raise>',
    'fine',
    '<dtml-raise BadRequest><dtml-var h></dtml-raise>',
    '<dtml-return s>',
    '<dtml-raise type="Redirect">u</dtml-raise>',
    '<dtml-var "s + n">',
    '<dtml-raise><dtml-var n></dtml-raise>',
    '<dtml-raise Unauthorized>no</dtml-raise>',
  ]);
const tryTag = (r: Random, s: State): string =>
  tag(
    r,
    'try',
    '',
    `a${p(r, ['', body(r, { ...s, depth: 2 })])}${raising(r)}${p(r, ['', 'z'])}${chance(r, 6) ? `<dtml-finally>F${p(r, ['', raising(r)])}` : `${some(r, 1 + r.below(2), (r) => `<dtml-except${p(r, ['', ` ${p(r, EXC)}`, ` ${p(r, EXC)}`])}>E:${p(r, ['<dtml-var error_type>', '<dtml-var error_value>', '<dtml-var error_type>-<dtml-var error_value html_quote>', '', '<dtml-var error_tb size=9>', body(r, { ...s, depth: 2 })])}`, '')}${chance(r, 4) ? '<dtml-else>ELSE' : ''}`}`,
  );

const block = (r: Random, s: State): string =>
  p<(r: Random, s: State) => string>(r, [
    ifTag,
    ifTag,
    inTag,
    inTag,
    letTag,
    withTag,
    tryTag,
    (r) =>
      p(r, [
        `<dtml-call ${condition(r)}>`,
        `<dtml-call "${expr(r)}">`,
        '<dtml-comment>c <dtml-var nope></dtml-comment>',
        '<dtml-comment><dtml-if x></dtml-comment>',
        `<dtml-return ${condition(r)}>`,
        '<dtml-call "REQUEST.set(\'q\', 1)"><dtml-var q>',
        `<dtml-raise ${p(r, EXC)}>${dtmlVar(r)}</dtml-raise>`,
      ]),
    (r, s) =>
      `<dtml-${p(r, ['if', 'in', 'let', 'with', 'try', 'nope', 'var', 'else', 'elif x', 'unless', 'raise', 'comment', 'call', 'in l size=2 start', 'if "1 +"', 'var "', 'var x="', 'in l sort=', 'let x', 'let x=', 'with', 'mime', 'sendmail', 'tree', 'var expr=', 'var name=s expr="1"', 'in "l" name=l', 'if s n', 'return', 'fin'])}>${body(r, s)}${p(r, ['', '</dtml-if>', '</dtml-in>', '</dtml-var>', '<dtml-else>', '</dtml-let>'])}`,
  ])(r, s);

const tree: Make = (r) => {
  const options = [
    '',
    ' branches=tpValues',
    ' branches_expr="objectValues()"',
    ' sort=id',
    ' reverse',
    ' nowrap=1',
    ' assume_children=1',
    ' single=1',
    ' skip_unauthorized',
    ' id=getId',
    ' urlparam=x',
    ' leaves=nope',
    ' header=nope',
    ' sort=nope',
    ' prefix=t',
    ' branches=objectValues',
    ' url=absolute_url',
    ' bogus',
  ];
  const body = () =>
    p(r, [
      '<dtml-var id>',
      '<dtml-var title_or_id>',
      '<dtml-var tree-item-url>-<dtml-var tree-level>',
      '<dtml-if tree-item-expanded>E<dtml-else>C</dtml-if><dtml-var getId>',
      '<dtml-var tree-colspan>',
      '<dtml-var tree-root-url>',
      '<dtml-var t_level missing=->',
      '&dtml-title;',
    ]);
  return `<dtml-tree${p(r, ['', ' loft', ' "this()"', ' expr="loft"', ' nope', ' mill'])}${p(r, options)}${p(r, options)}>${body()}</dtml-tree>${p(r, ['', '|<dtml-var title>'])}`;
};

const batch: Make = (r) => {
  const n = () => p(r, ['1', '2', '3', '4', '5', '7', '12', '20', '0', '-1', 'n', 'z', 'qs']);
  const attrs = ['size', 'start', 'end', 'orphan', 'overlap']
    .filter(() => chance(r, 2))
    .map((name) => `${name}=${n()}`);
  if (!attrs.some((a) => /^(size|start|end)/.test(a))) attrs.push('size=3');
  if (chance(r, 4)) attrs.push(p(r, ['previous', 'next', 'reverse', 'sort=sequence-item', 'prefix=b']));
  const show = () => `<dtml-var ${p(r, [...SEQUENCE.slice(0, 20), ...BATCH])} missing=->`;
  const loop = (which: string) =>
    `<dtml-in ${which}-batches mapping><dtml-var batch-start-index>-<dtml-var batch-end-index>-<dtml-var batch-size>${p(r, ['', '<dtml-var batch-start-number>', '<dtml-var batch-end-letter>', '<dtml-var batch-start-item>'])};</dtml-in>`;
  const body = p(r, [
    '',
    show(),
    `${show()},${show()}`,
    `<dtml-if sequence-start>${loop('previous')}</dtml-if><dtml-if sequence-end>${loop('next')}</dtml-if>`,
    '<dtml-if previous-sequence>P<dtml-var sequence-query></dtml-if><dtml-if next-sequence>N<dtml-var sequence-query></dtml-if>',
  ]);
  return `<dtml-in ${p(r, ['nums', '"_.range(23)"', 'l', '"_.range(5)"', 'rows'])} ${attrs.join(' ')}><dtml-var sequence-item>:${body} <dtml-else>none</dtml-in>`;
};

const grouping: Make = (r) => {
  const names = ['n', 'g', 'name', 'amount', 'nope', 'item'];
  const show = () =>
    `<dtml-var ${p(r, ['total', 'count', 'min', 'max', 'median', 'mean', 'variance', 'variance-n', 'standard-deviation', 'standard-deviation-n'])}-${p(r, names)}${p(r, ['', ' missing=-', ' fmt="%.3f"', ' fmt=dollars-and-cents'])}>`;
  return `<dtml-in ${p(r, ['rows mapping', 'recs', 'nums', 'fl', 'pairs', 'mixed mapping', 'l', '"d.items()"', 'rows mapping sort=g,n', 'rows mapping sort=name/nocase/desc'])}><dtml-if first-${p(r, names)}>[</dtml-if><dtml-var ${p(r, ['n', 'name', 'sequence-item', 'sequence-var-n', 'sequence-key'])} missing=?><dtml-if last-${p(r, names)}>]</dtml-if><dtml-if sequence-end>${show()},${show()}</dtml-if></dtml-in>`;
};

const formats: Make = (r) => {
  const value = () =>
    p(r, [
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
      'st',
      '"1234567.891"',
      '"_.None"',
      '"\'12345\'"',
      '"0.0"',
      '"-0.5"',
      '"[1, 2]"',
      'markup',
      '"date + 0.5"',
      '"1e20"',
    ]);
  const fmt = () =>
    p(r, [
      ...FMT.filter((f) => !/structured/.test(f)),
      '%e',
      '%g',
      '%i',
      '%o',
      '%X',
      '%5s|',
      '%-5s|',
      '%+d',
      '%.1f',
      '%r',
      '"%s %%"',
      '"%(k)s"',
      'Month',
      'aMonth',
      'pMonth',
      'Time',
      'AMPM',
      'TimeMinutes',
      'rfc822',
      'fCommon',
      'aCommonZ',
      'dayOfYear',
      'ISO8601',
      'HTML4',
      'PreciseTime',
      '%H:%M',
      '"%d.%m.%y"',
      'h_12',
      'timezone',
      'lower',
      'title',
      'swapcase',
      'keys',
      'count',
      'isdigit',
      'real',
      'absolute_url',
    ]);
  return `<dtml-var ${value()}${chance(r, 6) ? '' : ` fmt=${fmt()}`}${p(r, ['', '', ' null=N', ' size=6', ' html_quote', ' upper', ' url_quote', ' thousands_commas', ' missing=m', ' spacify', ' newline_to_br', ' size=4 etc=-', ' sql_quote', ' capitalize lower', ' url_unquote_plus'])}>`;
};

const sequences: Make = (r) =>
  `<dtml-in ${p(r, ['"_.range(30)"', '"_.range(3)"', 'l', 'pairs', '"d.items()"'])}${p(r, ['', ' prefix=q', ' reverse'])}>${Array.from({ length: 1 + r.below(3) }, () => `<dtml-var ${p(r, chance(r, 4) ? ['q_item', 'q_number', 'q_Roman', 'q_letter', 'q_even', 'q_start', 'q_index', 'q_key', 'q_length', 'q_var_n', 'q_nope'] : SEQUENCE)} missing=->`).join(',')};</dtml-in>`;

const S: State = { depth: 0 };
/** By feature: makers of sources. */
export const DTML_FEATURES: Readonly<Record<string, Make>> = {
  var: (r) => some(r, 1 + r.below(2), dtmlVar, '|'),
  entity: (r) => some(r, 1 + r.below(2), entity, '|'),
  expr: (r) => `<dtml-var "${expr(r)}">`,
  if: (r) => ifTag(r, { depth: 1 }),
  in: (r) => inTag(r, { depth: 1 }),
  let: (r) => letTag(r, { depth: 1 }),
  with: (r) => withTag(r, { depth: 1 }),
  try: (r) => tryTag(r, { depth: 1 }),
  blocks: (r) => some(r, 1 + r.below(2), (r) => block(r, S), '\n'),
  mixed: (r) => some(r, 1 + r.below(2), (r) => body(r, S), ''),
  tree,
  batch,
  grouping,
  formats,
  sequences,
  taint: (r) =>
    p(r, [
      `<dtml-var ${p(r, ['q', 'q2', 'ql'])} ${some(r, r.below(3), varAttribute)}>`,
      `&dtml${p(r, ['', '.upper', '.url_quote', '.', '.html_quote'])}-${p(r, ['q', 'q2', 'ok'])};`,
      `<dtml-in ql><dtml-var sequence-item${p(r, ['', ' upper', ' size=4', ' fmt="[%s]"'])}></dtml-in>`,
      `<dtml-var "${p(r, ['q', "q + 'x'", "'x' + q", 'q * 2', 'q.upper()', 'q[1:]', "'%s' % q", "_['q']", '[q]', '_.str(q)', '_.len(q)', "q == '<b>'", "q.replace('<', '[')", 'q.split()', '_.string.upper(q)', "{'a': q}"])}" ${some(r, r.below(2), varAttribute)}>`,
      `<dtml-let x=q><dtml-var x></dtml-let>`,
      `<dtml-if q><dtml-var q ${p(r, FLAGS)}></dtml-if>`,
    ]),
};
const FEATURES = Object.values(DTML_FEATURES);

/** A case of the suite `dtml` about a feature, or about any. */
export function dtmlInput(r: Random, feature?: string): Input {
  const make = feature === undefined ? r.pick(FEATURES) : DTML_FEATURES[feature]!;
  const source = make(r);
  const tainted = make === DTML_FEATURES['taint'];
  return {
    root: ROOT,
    here: 'mill',
    vars: VARS,
    ...(tainted
      ? { query_string: 'q=%3Cb%3Eone%20two%3C/b%3E&q2=a%26b%3Ci%3E&ok=fine&ql:list=%3Ca%3E&ql:list=b' }
      : chance(r, 3)
        ? { query_string: 'qs=3&x=rx' }
        : {}),
    dtml: { source, ...(chance(r, 6) ? { class: 'DTML Document', title: 'Doc <t>' } : {}) },
  };
}

/** A case with this source, and with more names than all cases have. */
export function dtmlOf(
  source: string,
  vars: Readonly<Record<string, unknown>>,
  query: string | undefined,
): Input {
  return {
    root: ROOT,
    here: 'mill',
    vars: { ...VARS, ...vars },
    ...(query === undefined ? {} : { query_string: query }),
    dtml: { source },
  };
}
