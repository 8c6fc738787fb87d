/**
 * Random page templates, small ones that cross a few features each; the same seed gives the same templates.
 * One table of forms, long because each feature is a list of its forms.
 */
import type { Random } from '../../restricted/programs.ts';
import type { Input } from './zope-cases.ts';

export type Make = (r: Random) => string;
/** By feature: makers of sources. */
export type PageFeatures = Readonly<Record<string, Make>>;

const OPTIONS: Readonly<Record<string, unknown>> = {
  s: 'text',
  e: '',
  h: '<b>&"\'x</b>',
  u: 'žluť €',
  w: '  two  words ',
  amp: 'a &amp; b &lt;',
  n: 7,
  z: 0,
  f: { $float: '2.5' },
  t: true,
  no: false,
  nil: null,
  l: ['a', 'b', 'c'],
  nums: [3, 1, 2, 2],
  one: ['<x>'],
  empty: [],
  tup: { $tuple: [1, 'b'] },
  pairs: [{ $tuple: ['k', 1] }, { $tuple: ['j', 2] }],
  rows: [
    { name: 'Ann', n: 1, tags: ['x', 'y'] },
    { name: 'Bob & Co', n: 2, tags: [] },
    { name: 'Cy', n: 2, tags: ['z'] },
  ],
  d: { k: 'v', class: 'dyn', title: 'T "q"', nothing: null, items: 'shadow', list: [1, 2], 'a-b': 'dash' },
  rec: { $record: { title: 'Record', n: 5, empty: '', call: { $callable: 'called' } } },
  fn: { $callable: '<fn>' },
  boom: { $raises: ['ValueError', 'bad <thing>'] },
  lost: { $raises: ['KeyError', 'lost'] },
  denied: { $raises: ['Unauthorized', 'no'] },
  gone: { $raises: ['NotFound', 'gone'] },
  html: { $html: '<i>html</i>' },
  msg: { $message: { id: 'msg_a', domain: 'boats', default: 'Default ${n} <x>', mapping: { n: 3 } } },
  plainmsg: { $message: { id: 'msg_b', domain: 'boats' } },
  date: { $date: '2024/02/29 12:30:00 UTC' },
  set: { $set: ['only'] },
  k: 'b',
};

const ROOT: Input['root'] = [
  {
    $obj: {
      class: 'Folder',
      id: 'garden',
      title: 'Kitchen <garden>',
      properties: {
        area: 240,
        soil: 'loam & clay',
        open: true,
        beds: ['north', 'south'],
        ratio: { $float: '1.5' },
      },
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
        {
          $obj: {
            class: 'Page Template',
            id: 'inner',
            source: '<u tal:content="options/x | string:none">x</u>',
          },
        },
        {
          $obj: {
            class: 'Page Template',
            id: 'lib',
            source:
              '<div metal:define-macro="box" class="box" tal:define="v v | string:libv"><h1 metal:define-slot="head">head ${v}</h1><p tal:content="v">v</p><span metal:define-slot="body" tal:omit-tag="">body</span></div>' +
              '<div metal:define-macro="ext" metal:extend-macro="template/macros/box"><b metal:fill-slot="head">ext head <i metal:define-slot="sub">sub</i></b></div>' +
              '<tal:b metal:define-macro="plain">[${v | string:-}]</tal:b>',
          },
        },
      ],
    },
  },
];

const p = <T>(r: Random, items: readonly T[]): T => r.pick(items);
const chance = (r: Random, oneOf: number): boolean => r.below(oneOf) === 0;

const NAMES = ['x', 'y', 'v', 'item', 'A', 'title'];
const OPT = Object.keys(OPTIONS).filter((name) => !['denied', 'gone'].includes(name));
const CALM = [
  's',
  'e',
  'h',
  'u',
  'w',
  'amp',
  'n',
  'z',
  'f',
  't',
  'no',
  'nil',
  'fn',
  'html',
  'k',
  'msg',
  'plainmsg',
  'date',
  'one',
  'd/k',
  'd/title',
  'rec/title',
  'rec/call',
];

const path: Make = (r) =>
  p<Make>(r, [
    () => `options/${p(r, CALM)}`,
    () => `options/${p(r, CALM)}`,
    () => `options/${p(r, OPT)}`,
    () =>
      p(r, [
        'here/title',
        'here/area',
        'here/soil',
        'here/open',
        'here/getId',
        'here/title_or_id',
        'here/shed/title',
        'here/beds',
        'here/ratio',
        'context/id',
        'here/sign',
        'here/inner',
        'here/absolute_url',
        'root/title',
        'container/id',
        'template/id',
        'template/title',
        'here/objectIds',
        'here/shed',
        'user/getUserName',
        'request/URL',
        'request/HTTP_HOST',
        'request/nope',
        'here/locked/title',
      ]),
    () =>
      p(r, [
        'nothing',
        'default',
        'options/nope',
        'options/d/nope',
        'nope',
        'here/nope',
        'options/l/1',
        'options/l/5',
        'options/rows/0/name',
        'options/rows/1/name',
        'options/d/items',
        'options/d/a-b',
        'options/d/list/0',
        'options/rec/nope',
        'options/s/upper',
        'options/l/0/upper',
        'options/d/keys',
        'options/tup/1',
        'options/n/x',
        'CONTEXTS/options/s',
        'attrs/class',
        'attrs',
        'modules/string/digits',
        'options/s/0',
        'options/date/year',
        'options/date/Date',
        'options/nil/x',
      ]),
    () => p(r, NAMES),
    () => `options/d/?${p(r, ['v', 'x', 'item'])}`,
  ])(r);

const pyAtom: Make = (r) =>
  p(r, [
    `options['${p(r, OPT)}']`,
    `options['${p(r, CALM)}']`,
    String(r.below(10)),
    `'${p(r, ['a', 'b', 'text', ''])}'`,
    'None',
    'True',
    'False',
    "options['n']",
    "options['nums']",
    "options['l']",
    p(r, NAMES),
    'here.title',
    'here.getId()',
    "u'é'",
    '[]',
    "{'a': 1}",
    "('t',)",
    "options.get('zz')",
  ]);
const py: Make = (r) =>
  p<Make>(r, [
    pyAtom,
    pyAtom,
    () =>
      `${pyAtom(r)} ${p(r, ['+', '*', '==', '!=', '<', 'in', 'and', 'or', '%', '-', 'is', 'not in'])} ${pyAtom(r)}`,
    () => `${pyAtom(r)} if ${pyAtom(r)} else ${pyAtom(r)}`,
    () =>
      `${p(r, ['len', 'str', 'repr', 'sorted', 'bool', 'list', 'int', 'float', 'max', 'sum', 'same_type', 'test'])}(${pyAtom(r)})`,
    () => `test(${pyAtom(r)}, ${pyAtom(r)}, ${pyAtom(r)})`,
    () => `path('${path(r).replaceAll("'", '')}')`,
    () => `exists('${path(r)}')`,
    () => `string('${p(r, ['a', '${options/s}', '$$x'])}')`,
    () => `nocall('${path(r)}')`,
    () => `[i for i in ${p(r, ["options['l']", "options['nums']", 'range(3)', "options['rows']"])}]`,
    () => `', '.join(${p(r, ["options['l']", "[str(i) for i in options['nums']]", "sorted(options['d'])"])})`,
    () => `'%s|%s' % (${pyAtom(r)}, ${pyAtom(r)})`,
    () => `'{} {!r}'.format(${pyAtom(r)}, ${pyAtom(r)})`,
    () => `repr(default)`,
    () =>
      p(r, [
        "'a;b'",
        "'a;;b'",
        "'<b>'",
        "'a &amp; b'",
        '1 &lt; 2',
        '1 < 2',
        "'}'",
        "{'a': {'b': 1}}['a']",
        "request.form.get('q')",
        '1/0',
        'nope',
        "options['nope']",
        'options.rec.title',
        '1 +',
        "'x' 'y'",
        'lambda: 1',
        "repeat['x'].index",
        'context.title.upper()',
        "modules['math'].pi",
        "''.join(sorted(set('abca')))",
        "structure('<b>')",
        '1 if 0',
        "options['boom']()",
      ]),
  ])(r);

const stringExpr: Make = (r) =>
  Array.from({ length: 1 + r.below(3) }, () =>
    p<Make>(r, [
      () =>
        p(r, [
          'text',
          ' a b ',
          '$$',
          '$$$$',
          'x;;y',
          '<i>',
          '&amp;',
          '&',
          '|',
          ' | ',
          '}',
          '{',
          'é',
          ': ',
          "'",
          '/',
          ';;',
          '$ ',
          '%s',
        ]),
      () => `\${${path(r)}}`,
      () => `\${${path(r)}}`,
      () => `$${p(r, NAMES)}`,
      () => `$options/${p(r, CALM)}`,
      () => p(r, ['text', 'word ']),
      () =>
        chance(r, 4)
          ? p(r, [
              '${',
              '$',
              '$1',
              '${}',
              '${options/s',
              '${ options/s }',
              '${python:1}',
              '${options/nope|options/s}',
            ])
          : 'q',
    ])(r),
  ).join('');

const expression: Make = (r) =>
  p<Make>(r, [
    path,
    path,
    path,
    (r) => `${path(r)} | ${path(r)}`,
    (r) =>
      `${path(r)}|${path(r)}${p(r, ['', ' | nothing', '|default', ' | string:else', '|python:1+1', ' | options/s'])}`,
    (r) =>
      `${p(r, ['not:', 'exists:', 'nocall:', 'not: ', 'not:not:', 'not:exists:', 'structure:', 'exists: '])}${path(r)}`,
    (r) => `string:${stringExpr(r)}`,
    (r) => `string:${stringExpr(r)}`,
    (r) => `python:${py(r)}`,
    (r) => `python: ${py(r)}`,
    (r) => `${p(r, ['not:', 'path:', 'nocall:', 'exists:', ''])}${expression(r)}`,
    (r) =>
      p(r, [
        '',
        ' ',
        'nothing',
        'default',
        'options/',
        '/',
        'a b',
        'foo:bar',
        'options//s',
        '|',
        'nothing|',
        ' options/s ',
        '\n options/s\n',
        'options/s\n| nothing',
        'load: lib',
        'nocall: options/fn',
        'lazy:options/s',
        'Options/s',
        'PYTHON:1',
        'structure options/h',
      ]),
  ])(r);

const inTal = (text: string): string => text;
/** A `;` of an expression in a statement of many parts is written twice. */
const many = (text: string, r: Random): string => (chance(r, 12) ? text : text.replaceAll(/;+/g, ';;'));

export const quote = (text: string, r: Random): string => {
  const q = text.includes('"') ? "'" : text.includes("'") ? '"' : chance(r, 5) ? "'" : '"';
  return `${q}${q === '"' ? text.replaceAll('"', '&quot;') : text.replaceAll("'", '&#39;')}${q}`;
};

const interpolation: Make = (r) =>
  p<Make>(r, [
    (r) => `\${${path(r)}}`,
    (r) => `\${${path(r)}}`,
    (r) => `\${${expression(r).replaceAll('"', '')}}`,
    (r) => `\${structure ${path(r)}}`,
    (r) => `\${structure: ${path(r)}}`,
    (r) => `\${python:${py(r)}}`,
    (r) =>
      p(r, [
        '$$',
        '$',
        '$x',
        '$${options/s}',
        '$$${options/s}',
        '\\${options/s}',
        '${',
        '${}',
        '$ {options/s}',
        '${options/s',
        '${ options/s }',
        '${x | options/s}',
        "${python:{'a': 1}['a']}",
        '${string:}}',
        '${python:"}"}',
        '$options',
        '${nothing}',
        '${default}',
        '${structure options/h}${options/h}',
        '${string:a${options/s}b}',
      ]),
  ])(r);

const text: Make = (r) =>
  p<Make>(r, [
    (r) =>
      p(r, [
        'text',
        'a & b',
        '&amp;',
        '&nbsp;',
        '&lt;',
        '&#169;',
        '&unknown;',
        '  spaced  ',
        '\n',
        '\n  ',
        'é',
        '<',
        '> ',
        ' 1 < 2 ',
        '"',
        "'",
        '',
        '',
        'x',
        '&',
        '&#x41;',
      ]),
    interpolation,
    (r) =>
      p(r, [
        '<!-- c -->',
        '<!-- ${options/s} -->',
        '<!--! gone -->',
        '<!--? ${options/s} -->',
        '<![CDATA[ a < b ]]>',
        '<![CDATA[${options/s}&]]>',
        '<?pi x ${options/s}?>',
        '<br>',
        '<br/>',
        '<br />',
        '<hr class="x">',
        '<img src="a.png" alt="">',
        '<input checked>',
        '<input disabled="disabled" value=x>',
        '<script>if (a < b && ${options/n}) { "$" }</script>',
        '<style>a > b { }</style>',
        '<textarea>\n x</textarea>',
        '<p/>',
        '<IMG SRC="x">',
        '<b>${options/h}</b>',
        '<a:b c:d="e">n</a:b>',
        '<script tal:content="options/h"/>',
        '<option selected>o</option>',
        '<?python x = 1?>',
        '<!-- <b tal:content="options/nope"/> -->',
        '<br></br>',
        '<input type="checkbox" checked="${options/t}">',
        '<script><!-- ${options/s} --></script>',
      ]),
  ])(r);

const staticAttribute: Make = (r) =>
  p<Make>(r, [
    (r) =>
      `${p(r, ['class', 'id', 'title', 'href', 'CLASS', 'data-x', 'checked', 'selected', 'disabled', 'value', 'style', 'lang', 'alt'])}=${quote(p(r, ['one', 'a b', '', 'x &amp; y', '&lt;', 'é', 'a&b', '<', "it's", '  pad ']), r)}`,
    (r) =>
      `${p(r, ['class', 'title', 'href', 'checked', 'data-x'])}=${quote(`${p(r, ['', 'a ', '/'])}${interpolation(r)}${p(r, ['', ' z', '-'])}`, r)}`,
    (r) =>
      p(r, [
        'checked',
        'disabled',
        'class=bare',
        'selected="selected"',
        'hidden',
        "title='single'",
        'class = "sp"',
        'class="a\nb"',
        'xml:lang="en"',
        'checked=""',
      ]),
  ])(r);

const attributePart: Make = (r) =>
  p<Make>(r, [
    (r) =>
      `${p(r, ['class', 'title', 'href', 'id', 'checked', 'selected', 'disabled', 'value', 'data-x', 'CLASS', 'Title', 'readonly', 'multiple', 'style', 'xml:lang'])} ${many(expression(r), r)}`,
    (r) =>
      `${p(r, ['class', 'checked', 'title'])} ${p(r, ['nothing', 'default', 'options/t', 'options/no', 'options/nil', 'options/e', 'options/z', 'options/n', 'options/h', 'structure options/h', 'options/l', 'options/nope | nothing', 'options/nope | default', 'python:True', 'python:False', 'options/html', 'options/msg', 'string:a;;b'])}`,
    (r) =>
      chance(r, 4)
        ? p(r, [
            'options/d',
            "python:{'class': 'c', 'title': None}",
            "python:{'checked': True, 'id': 'q'}",
            'nothing',
            'class',
            'default',
          ])
        : `title options/${p(r, CALM)}`,
  ])(r);

const define: Make = (r) => {
  const one = () =>
    `${p(r, ['', '', '', '', 'local ', 'global ', 'nonlocal '])}${p(r, NAMES)} ${many(expression(r), r)}`;
  return chance(r, 14)
    ? p(r, [
        'x',
        '',
        '(x, y) options/tup',
        '(x, y) options/pairs',
        'x options/s;',
        'global x',
        'x  options/s ; y x',
        '_x options/s',
        'options string:o',
        'here options/s',
        'repeat options/s',
        'x-y options/s',
        'nothing options/s',
        'default options/s',
        'x options/s; ; y x',
      ])
    : Array.from({ length: 1 + r.below(2) }, one).join(p(r, ['; ', ';', ';\n  ']));
};

const sequence: Make = (r) =>
  p<Make>(r, [
    (r) =>
      p(r, [
        'options/l',
        'options/nums',
        'options/rows',
        'options/one',
        'options/empty',
        'options/tup',
        'python:range(3)',
        'options/s',
        'options/d',
        'options/pairs',
        'here/beds',
        'options/nil',
        'options/n',
        'default',
        'nothing',
        'here/objectValues',
        'here/objectIds',
        "python:enumerate(options['l'])",
        "python:reversed(options['l'])",
        "python:options['d'].items()",
        'options/l | options/empty',
        'options/nope | nothing',
        'options/set',
        "python:(i for i in 'ab')",
        "python:zip('ab', 'cd')",
        'options/fn',
      ]),
    expression,
  ])(r);

const REPEAT = [
  'index',
  'number',
  'even',
  'odd',
  'parity',
  'start',
  'end',
  'length',
  'letter',
  'Letter',
  'roman',
  'Roman',
  'first',
  'last',
  'first/n',
  'last/name',
  'item',
  'nope',
  'next',
];
const repeatUse: Make = (r) =>
  p(r, [
    `repeat/x/${p(r, REPEAT)}`,
    `repeat/item/${p(r, REPEAT)}`,
    `python:repeat['x'].${p(
      r,
      REPEAT.filter((n) => !n.includes('/')),
    )}`,
    `python:repeat.x.index`,
    'repeat/x',
    'repeat/nope/index',
    `python:repeat['x'].${p(r, ['first', 'last', 'index', 'number', 'letter', 'Roman', 'even', 'odd'])}()`,
  ]);
const repeat: Make = (r) =>
  chance(r, 14)
    ? p(r, [
        'x',
        '',
        '(x, y) options/pairs',
        'x,y options/pairs',
        '(x,y) options/rows',
        'x  options/l ',
        'global x options/l',
        '(a, b) options/d',
        'x options/l;',
      ])
    : `${p(r, ['x', 'x', 'item'])} ${sequence(r)}`;

interface State {
  depth: number;
  names: string[];
}

const children = (r: Random, s: State): string =>
  Array.from({ length: r.below(3) + (s.depth > 2 ? 0 : 1) }, () =>
    s.depth < 3 && chance(r, 2) ? element(r, { ...s, depth: s.depth + 1 }) : text(r),
  ).join('');

const TAL: Readonly<Record<string, Make>> = {
  define,
  condition: expression,
  repeat,
  content: (r) =>
    `${p(r, ['', '', '', 'structure ', 'text '])}${chance(r, 4) ? repeatUse(r) : expression(r)}`,
  replace: (r) => `${p(r, ['', '', 'structure ', 'text '])}${chance(r, 4) ? repeatUse(r) : expression(r)}`,
  attributes: (r) =>
    Array.from({ length: 1 + r.below(2) }, () => attributePart(r)).join(p(r, ['; ', ';', ';\n'])),
  'omit-tag': (r) =>
    p(r, ['', 'options/t', 'options/no', 'nothing', 'default', 'not:options/s', expression(r)]),
  'on-error': (r) =>
    p(r, [
      'string:ERR',
      'nothing',
      'options/h',
      'structure options/h',
      'error/type',
      'error/value',
      'error/lineno',
      'python:repr(error.type)',
      'default',
      'options/nope',
      'string:${error/type}',
      'structure string:<b>',
      'text options/h',
      expression(r),
    ]),
  switch: (r) => p(r, ['options/k', 'options/n', 'options/nil', 'options/t', 'string:b', expression(r)]),
};
const TAL_NAMES = [
  'define',
  'define',
  'condition',
  'repeat',
  'repeat',
  'content',
  'content',
  'content',
  'replace',
  'attributes',
  'attributes',
  'omit-tag',
  'on-error',
];

const I18N: Make = (r) =>
  p(r, [
    'i18n:translate=""',
    'i18n:translate="msg_x"',
    'i18n:domain="boats"',
    'i18n:attributes="title"',
    'i18n:attributes="title msg_t; alt"',
    'i18n:name="part"',
    'i18n:attributes="class"',
    'i18n:context="c"',
    'i18n:ignore=""',
    'i18n:ignore-attributes="title"',
    'i18n:source="en"',
    'i18n:target="de"',
    'i18n:data="options/d"',
    'i18n:comment="x"',
    'i18n:translate=" m "',
  ]);

const element = (r: Random, s: State, forced?: readonly string[]): string => {
  const prefixed = chance(r, 6);
  const tag = prefixed
    ? p(r, ['tal:block', 'tal:x', 'tal:r', 'metal:block', 'tal:b'])
    : p(r, [
        'p',
        'b',
        'i',
        'span',
        'div',
        'a',
        'li',
        'td',
        'option',
        'input',
        'P',
        'x-y',
        'textarea',
        'h1',
        'br',
        'script',
      ]);
  const statements = new Set<string>(forced);
  for (let n = r.below(3); n > 0; n--) statements.add(p(r, TAL_NAMES));
  if (chance(r, 25)) statements.add('switch');
  const bare = tag.startsWith('tal:') && !chance(r, 3);
  const attrs = [...statements].map(
    (name) =>
      `${bare ? '' : p(r, ['tal:', 'tal:', 'tal:', 'tal:', 'tal:', 'TAL:'])}${name}=${quote(inTal(TAL[name]!(r)), r)}`,
  );
  if (!prefixed) for (let n = r.below(3); n > 0; n--) attrs.push(staticAttribute(r));
  if (chance(r, 10)) attrs.push(I18N(r));
  for (let i = attrs.length - 1; i > 0; i--) {
    const j = r.below(i + 1);
    [attrs[i], attrs[j]] = [attrs[j]!, attrs[i]!];
  }
  // HTML and XML both refuse an attribute given twice; that is asked now and then only.
  const seen = new Set<string>();
  const kept = attrs.filter((a) => {
    const name = a.split(/[\s=]/, 1)[0]!.toLowerCase();
    if (seen.has(name) && !chance(r, 20)) return false;
    seen.add(name);
    return true;
  });
  const separator = p(r, [' ', ' ', ' ', '\n  ', '  ']);
  const open = `<${tag}${kept.map((a) => separator + a).join('')}`;
  if (tag === 'input' || tag === 'br') return `${open}${p(r, ['', '/', ' /'])}>`;
  if (chance(r, 6)) return `${open}${p(r, ['/', ' /'])}>`;
  if (statements.has('switch')) {
    const cases = Array.from(
      { length: 1 + r.below(3) },
      () =>
        `<i tal:case=${quote(p(r, ['string:b', 'string:a', 'options/n', 'default', 'nothing', 'python:True', "python:['a', 'b']", 'options/k', expression(r)]), r)}>${text(r)}</i>`,
    );
    return `${open}>${cases.join(p(r, ['', ' ', '\n']))}</${tag}>`;
  }
  return `${open}>${children(r, s)}</${tag}>`;
};

const macroName = ['box', 'ext', 'plain', 'm', 'nope'];
const fill: Make = (r) =>
  `<${p(r, ['b', 'em', 'metal:x', 'tal:x'])} metal:fill-slot="${p(r, ['head', 'body', 'sub', 'other', 'head'])}"${p(r, ['', ' tal:content="v"', ' class="f"', ' tal:omit-tag=""', ' tal:attributes="class v"'])}>fill ${p(r, ['', '${v}', '${v | string:?}', '${options/s}', '<i metal:define-slot="sub">s</i>'])}</b>`.replace(
    /^<([\w:]+)([^]*)<\/b>$/,
    '<$1$2</$1>',
  );
const metal: Make = (r) => {
  const s: State = { depth: 2, names: [] };
  const use = () => {
    const expr = p(r, [
      `here/lib/macros/${p(r, macroName)}`,
      `here/lib/macros/${p(r, ['box', 'ext', 'plain'])}`,
      'template/macros/m',
      'here/inner',
      `here/lib/macros/${p(r, ['box', 'ext'])}`,
      'nothing',
      'default',
      'here/nope/macros/x | default',
      'here/lib/macros/nope | here/lib/macros/box',
      "python:here.lib.macros['box']",
      'here/lib',
      'load: lib',
    ]);
    return `<${p(r, ['div', 'i'])} metal:use-macro="${expr}"${p(r, ['', '', ' tal:define="v string:mine"', ' class="own"', ' tal:condition="options/t"', ' tal:repeat="v options/l"', ' tal:define="global v string:gl"', ' tal:omit-tag=""', ' tal:content="string:x"'])}>${p(r, ['', ' ', 'txt'])}${Array.from({ length: r.below(3) }, () => fill(r)).join(p(r, ['', '\n']))}</div>`.replace(
      /^<(div|i)([^]*)<\/div>$/,
      '<$1$2</$1>',
    );
  };
  const macro = () =>
    `<${p(r, ['p', 'tal:b'])} metal:define-macro="m"${p(r, ['', ' tal:define="v v | string:d"', ' class="m"', ' tal:repeat="q options/l"', ' tal:condition="options/t"'])}>${p(r, ['', '${v | string:-}', 'M'])}<i metal:define-slot="${p(r, ['head', 'body', 'sub'])}"${p(r, ['', ' tal:content="string:c"', ' tal:repeat="w options/nums"', ' class="sl"'])}>slot ${p(r, ['', '${w | nothing}'])}</i></p>`.replace(
      /^<(p|tal:b)([^]*)<\/p>$/,
      '<$1$2</$1>',
    );
  return Array.from({ length: 1 + r.below(3) }, () =>
    p<() => string>(r, [use, use, macro, () => text(r), () => element(r, s)])(),
  ).join(p(r, ['', '\n']));
};

const translation: Make = (r) => {
  const name = () =>
    `<b i18n:name="${p(r, ['part', 'who', 'x y'])}"${p(r, ['', ' tal:content="options/n"', ' tal:replace="options/h"', ' tal:omit-tag=""', ' tal:condition="options/t"', ' tal:repeat="x options/l"'])}>${p(r, ['p', '${options/s}'])}</b>`;
  return `<p${p(r, ['', ' i18n:domain="boats"'])} i18n:translate="${p(r, ['', 'msg', 'msg_a'])}"${p(r, ['', ' tal:content="options/s"', ' tal:content="options/msg"', ' tal:attributes="title options/h"', ' title="T" i18n:attributes="title"', ' title="T ${options/n}" i18n:attributes="title msg_t"', ' tal:omit-tag=""', ' tal:repeat="x options/l"', ' tal:content="nothing"', ' tal:content="default"'])}>${p(r, ['', '  lead  ', '\n '])}${Array.from({ length: r.below(3) }, () => p<Make>(r, [name, text, name, () => '  gap\n\n  gap '])(r)).join(p(r, [' ', '', '\n  ']))}</p>${p(r, ['', '<i tal:content="options/msg"/>', '<i title="${options/msg}"/>', '<i tal:attributes="title options/plainmsg"/>'])}`;
};

const plainPage = (r: Random, forced?: readonly string[]): string =>
  Array.from({ length: 1 + r.below(2) }, (_, i) =>
    i === 0 || chance(r, 2)
      ? element(r, { depth: chance(r, 2) ? 3 : 1, names: [] }, i === 0 ? forced : undefined)
      : text(r),
  ).join(p(r, ['', '\n']));

const one =
  (name: string): Make =>
  (r) =>
    plainPage(r, [name]);

/** Some of them, each at most once, joined. */
const several = (r: Random, most: number, items: readonly Make[], join: readonly string[]): string =>
  Array.from({ length: 1 + r.below(most) }, () => p(r, items)(r)).join(p(r, join));

const ENTITIES = [
  '&amp;',
  '&lt;',
  '&gt;',
  '&quot;',
  '&apos;',
  '&nbsp;',
  '&#65;',
  '&#x41;',
  '&copy',
  '&bogus;',
  '&',
  '& ',
  '&;',
  '&#;',
  '&eacute;',
  '&#128512;',
  '&amp;amp;',
  '&#39;',
];
const entities: Make = (r) => {
  const text = () => Array.from({ length: 1 + r.below(3) }, () => p(r, [...ENTITIES, 'x', ' '])).join('');
  return p<Make>(r, [
    () => `<p title="${text()}">${text()}</p>`,
    () => `<p title='${text()}\${options/h}${text()}'>${text()}\${options/h}${text()}</p>`,
    () => `<p tal:content="string:${text().replaceAll('"', '')}"/>`,
    () => `<p tal:attributes="title string:${text().replaceAll('"', '').replaceAll(/;/g, ';;')}"/>`,
    () => `<p tal:replace="structure string:${text()}"/>`,
    () => `<p tal:content="python:'${text().replaceAll("'", '')}'"/>`,
    () =>
      `<a href="?a=1&b=2&amp;c=${text()}" tal:attributes="href python:'?a=1&amp;b=' + '${text().replaceAll(/['"]/g, '')}'"/>`,
    () => `\${string:${text()}}`,
    () => `<textarea>${text()}</textarea><script>${text()}</script>`,
    () => `<p tal:define="x string:${text()}" tal:condition="python:'&lt;' in x">\${x}</p>`,
  ])(r);
};

const COMMENTS: readonly Make[] = [
  (r) =>
    `<!-- ${p(r, ['a', '${options/s}', '${options/nope}', '$${x}', '<b tal:content="options/s"/>', '&amp;', '- -', '', "it's", '${string:-}'])} -->`,
  (r) =>
    `<!--${p(r, ['!', '?', '! ', '? ', '[if IE]>', ''])}${p(r, ['a ${options/s}', '${options/h}', 'b'])}${p(r, ['', '<![endif]'])}-->`,
  (r) => `<![CDATA[${p(r, ['a', '${options/h}', '<b>', '&amp;', '${options/nope}', ']] >', '$${x}'])}]]>`,
  (r) =>
    `<?${p(r, ['pi', 'xml-stylesheet', 'php', 'python'])} ${p(r, ['a="b"', '${options/s}', 'x = 1', 'echo ">"', ''])}?>`,
  (r) =>
    `<script${p(r, ['', ' type="text/javascript"', ' tal:omit-tag=""'])}>${p(r, ['if (a < b && c) {}', 'var x = "${options/h}";', '<!-- ${options/s} //-->', '//<![CDATA[\n${options/s}\n//]]>', '"</p>"', '`${a}`', '$("x").y({a: ${options/n}})', '${ options/s }'])}</script>`,
  (r) => `<style>${p(r, ['a > b {}', 'p { color: ${options/s} }', '/* ${options/h} */'])}</style>`,
  (r) => p(r, ['text', '<b>x</b>', '\n', '${options/s}']),
];
const DOCTYPES = [
  '',
  '',
  '<!DOCTYPE html>',
  '<!doctype html>\n',
  '<!DOCTYPE html [<!ENTITY x "y">]>',
  '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN"\n "http://www.w3.org/TR/html4/strict.dtd">\n',
  '<?xml version="1.0" encoding="utf-8"?>',
  "<?xml version='1.0' standalone='yes' ?>\n",
  '<?xml version="1.0" encoding="iso-8859-1"?>\n',
  ' \n',
];
const comments: Make = (r) => `${p(r, DOCTYPES)}${several(r, 4, COMMENTS, ['', ' ', '\n'])}`;

const T = 'http://xml.zope.org/namespaces/tal';
const M = 'http://xml.zope.org/namespaces/metal';
const I = 'http://xml.zope.org/namespaces/i18n';
const namespaces: Make = (r) =>
  p<Make>(r, [
    () =>
      `<div xmlns:t="${T}"><p t:content="options/s" t:attributes="title options/h">x</p><t:b content="options/n"/><t:b t:replace="options/n"/></div>`,
    (r) =>
      `<div xmlns="${p(r, ['http://www.w3.org/1999/xhtml', 'urn:x', T, ''])}" xmlns:tal="${T}" xmlns:metal="${M}" xmlns:i18n="${I}" ${p(r, ['', 'lang="en"', 'xml:lang="en"', 'tal:define="x options/s"'])}><p tal:content="options/s">x</p></div>`,
    (r) =>
      `<x:div xmlns:x="urn:x" x:y="${p(r, ['1', '${options/s}'])}" tal:attributes="x:z options/s; x:y ${p(r, ['nothing', 'default', 'options/n'])}">a</x:div>`,
    (r) => `<y:div z:a="b">${p(r, ['a', '<z:b/>', '${options/s}'])}</y:div>`,
    () => `<div xmlns:tal="urn:other"><p tal:content="options/s">x</p></div>`,
    () =>
      `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 1 1"><a xlink:href="x" tal:attributes="xlink:href options/s"/><path d="M0" tal:repeat="i options/l"/></svg>`,
    () =>
      `<div><p xmlns:tal="${T}" tal:content="options/s"/><tal:b xmlns:tal="${T}" content="options/n"/></div>`,
    (r) =>
      `<${p(r, ['tal', 'metal', 'i18n'])}:${p(r, ['block', 'x-y', 'b1'])} ${p(r, ['define="x options/s"', 'tal:define="x options/s"', 'class="x"', 'condition="options/t"', 'metal:define-macro="q"', 'i18n:translate=""', 'translate=""', 'omit-tag=""', 'nope="x"'])}>\${x | string:-}</tal:block>`.replace(
        /^<([\w:-]+)([^]*)<\/tal:block>$/,
        '<$1$2</$1>',
      ),
    (r) =>
      `<p ${p(r, ['data-tal-content="options/s"', 'data-tal="x"', 'tal:nope="x"', 'metal:nope=""', 'i18n:nope=""', 'tal:content', 'tal:omit-tag', 'meta:interpolation="false"', 'xml:space="preserve"', 'tal:comment="x"', 'i18n:comment="x"'])}>\${options/n}</p>`,
  ])(r);

const loops: Make = (r) => {
  const use = (name: string) =>
    `\${repeat/${name}/${p(
      r,
      REPEAT.filter((n) => n !== 'next'),
    )}}`;
  const tag = () => p(r, ['p', 'tal:r', 'li', 'td']);
  const seq = () =>
    p(r, [
      'options/l',
      'options/nums',
      'options/rows',
      'python:range(4)',
      'options/tup',
      'options/one',
      'python:[]',
      "python:'abc'",
      'python:range(30)',
    ]);
  const [a, b] = [tag(), tag()];
  return p<Make>(r, [
    () => `<${a} tal:repeat="x ${seq()}">${use('x')},${use('x')}|</${a}>`,
    () =>
      `<${a} tal:repeat="x ${seq()}"><${b} tal:repeat="y ${seq()}">${use('x')}-${use('y')} </${b}></${a}>`,
    () =>
      `<${a} tal:repeat="x ${seq()}" tal:define="y options/s" tal:condition="${p(r, ['repeat/x/even', 'repeat/x/odd', 'x', 'repeat/x/start', 'not:repeat/x/end'])}" tal:attributes="class python:'o' if repeat['x'].odd() else 'e'">${use('x')}</${a}>`,
    () =>
      `<${a} tal:repeat="x options/rows" tal:content="${p(r, ['x/name', 'repeat/x/first/n', 'repeat/x/last/n', "python:repeat['x'].letter()", 'repeat/x/Roman', "python:repeat['x'].number()"])}">d</${a}>`,
    () => `<ul>\n  <li tal:repeat="x ${seq()}">\n    ${use('x')}\n  </li>\n</ul>`,
    () =>
      `<${a} tal:repeat="(i, v) python:enumerate(${p(r, ["options['l']", "'ab'"])})">\${i}=\${v}${use('i')}</${a}>`,
    () => `<${a} tal:repeat="x ${seq()}" tal:replace="${p(r, ['x', 'repeat/x/index', 'structure x'])}"/>\n`,
    () =>
      `<${a} tal:repeat="x ${seq()}"> <b tal:omit-tag="repeat/x/end">\${x}</b>\n</${a}>after \${x | string:gone} \${repeat/x/index | string:gone}`,
  ])(r);
};

const scopes: Make = (r) => {
  const def = () =>
    `${p(r, ['', 'local ', 'global '])}${p(r, ['x', 'y'])} ${p(r, ['string:1', 'string:2', 'x | string:0', 'y | string:9', 'options/s', 'python:[1]', 'nothing', 'default'])}`;
  const show = () => '[${x | string:-}${y | string:-}]';
  const el = (depth: number): string => {
    const t = p(r, ['p', 'tal:b', 'i']);
    const attr = t === 'tal:b' ? '' : 'tal:';
    const parts = [`${attr}define="${def()}${chance(r, 3) ? `; ${def()}` : ''}"`];
    if (chance(r, 4))
      parts.push(`${attr}condition="${p(r, ['x', 'options/t', 'options/no', 'y | nothing'])}"`);
    if (chance(r, 5)) parts.push(`${attr}repeat="${p(r, ['x', 'z'])} options/l"`);
    if (chance(r, 6)) parts.push(`${attr}omit-tag="${p(r, ['', 'x', 'nothing'])}"`);
    if (chance(r, 6)) parts.push(`${attr}on-error="string:E"`);
    return `<${t} ${parts.join(' ')}>${show()}${depth > 0 ? el(depth - 1) : ''}${show()}</${t}>`;
  };
  return `${el(r.below(3))}${show()}${chance(r, 2) ? el(1) : ''}${show()}`;
};

const cases: Make = (r) => {
  const one = () =>
    `<${p(r, ['b', 'tal:c'])} ${p(r, ['tal:case', 'tal:case', 'tal:case'])}="${p(r, ['string:b', 'string:a', 'options/n', 'default', 'nothing', 'options/k', 'python:7', 'python:True', 'options/nope', "python:['b']"])}"${p(r, ['', '', ' tal:content="string:c"', ' tal:repeat="x options/l"', ' tal:condition="options/t"', ' tal:condition="options/no"', ' tal:omit-tag=""', ' tal:define="q string:q"', ' tal:replace="string:r"'])}>${p(r, ['A', '${options/k}', '<i tal:case="default">inner</i>'])}</b>`.replace(
      /^<(b|tal:c)([^]*)<\/b>$/,
      '<$1$2</$1>',
    );
  return `<${p(r, ['div', 'tal:s'])} tal:switch="${p(r, ['options/k', 'options/n', 'options/nil', 'string:b', 'python:7', 'nothing', 'default'])}"${p(r, ['', '', ' tal:repeat="k options/l"', ' tal:define="k string:k"', ' tal:omit-tag=""'])}>${p(r, ['', 'text', '\n'])}${several(r, 4, [one], ['', ' ', '\n  '])}${p(r, ['', '\n'])}</div>`.replace(
    /^<(div|tal:s)([^]*)<\/div>$/,
    '<$1$2</$1>',
  );
};

const slots: Make = (r) => {
  const slot = (d: number): string =>
    `<${p(r, ['i', 'u'])} metal:define-slot="${p(r, ['a', 'b', 'c'])}"${p(r, ['', ' class="s"', ' tal:define="w string:w"', ' tal:condition="options/t"', ' tal:omit-tag=""'])}>s${p(r, ['', '${v | string:-}'])}${d > 0 && chance(r, 2) ? slot(d - 1) : ''}</i>`.replace(
      /^<(i|u)([^]*)<\/i>$/,
      '<$1$2</$1>',
    );
  const fills = (d: number): string =>
    Array.from({ length: r.below(3) }, () =>
      `<${p(r, ['em', 'tal:x', 'metal:x'])} metal:fill-slot="${p(r, ['a', 'b', 'c', 'head', 'body'])}"${p(r, ['', '', ' tal:repeat="q options/l"', ' tal:condition="options/no"'])}>f${p(r, ['', '${v | string:-}', '${w | string:-}', '${q | string:-}'])}${d > 0 && chance(r, 3) ? slot(0) : ''}${d > 0 && chance(r, 4) ? use(d - 1) : ''}</em>`.replace(
        /^<(em|tal:x|metal:x)([^]*)<\/em>$/,
        '<$1$2</$1>',
      ),
    ).join(p(r, ['', ' ']));
  const use = (d: number): string =>
    `<${p(r, ['div', 'metal:u'])} metal:use-macro="${p(r, ['template/macros/m', 'template/macros/n', 'here/lib/macros/box', 'here/lib/macros/ext', 'macros/m', 'template/macros/e'])}"${p(r, ['', ' tal:define="v string:own"', ' class="lost"'])}>${p(r, ['', 'lost'])}${fills(d)}</div>`.replace(
      /^<(div|metal:u)([^]*)<\/div>$/,
      '<$1$2</$1>',
    );
  const macro = (name: string): string =>
    `<${p(r, ['p', 'metal:b'])} metal:define-macro="${name}"${p(r, ['', ' tal:define="v v | string:d"', ' class="m"'])}>M${slot(1)}${p(r, ['', ' '])}${chance(r, 2) ? slot(0) : ''}${chance(r, 6) ? use(0) : ''}</p>`.replace(
      /^<(p|metal:b)([^]*)<\/p>$/,
      '<$1$2</$1>',
    );
  const extended = () =>
    `<q metal:define-macro="e" metal:${p(r, ['extend-macro', 'use-macro'])}="${p(r, ['template/macros/m', 'here/lib/macros/box'])}">${fills(1)}</q>`;
  return `${macro('m')}${chance(r, 2) ? macro('n') : ''}${chance(r, 2) ? extended() : ''}${p(r, ['', '\n'])}${use(1)}${chance(r, 3) ? use(1) : ''}`;
};

const translations: Make = (r) => {
  const name = () =>
    `<${p(r, ['b', 'tal:x', 'span'])} i18n:name="${p(r, ['one', 'two', 'three'])}"${p(r, ['', ' tal:content="options/n"', ' tal:replace="options/h"', ' tal:replace="structure options/h"', ' i18n:translate=""', ' tal:content="options/msg"', ' tal:omit-tag=""'])}>${p(r, ['n', '${options/s}', '<i>x</i>', ' '])}</b>`.replace(
      /^<(b|tal:x|span)([^]*)<\/b>$/,
      '<$1$2</$1>',
    );
  const body = () =>
    several(
      r,
      4,
      [
        () =>
          p(r, [
            'Hello',
            ' ',
            '\n   ',
            'a  b',
            '&amp;',
            '${options/n}',
            '$one',
            '${one}',
            '<br/>',
            '<b>x</b>',
            '<!-- c -->',
            'é',
            '.',
          ]),
        name,
      ],
      ['', ' ', '\n'],
    );
  const attrs = () =>
    p(r, [
      '',
      ' i18n:domain="d"',
      ' i18n:context="c"',
      ' i18n:source="en"',
      ' i18n:target="de"',
      ' i18n:ignore=""',
      ' i18n:attributes="title"',
      ' i18n:attributes="title t_id"',
      ' i18n:attributes="title; alt alt_id"',
      ' i18n:ignore-attributes="title"',
      ' tal:attributes="title options/msg"',
      ' tal:attributes="title options/h"',
      ' i18n:attributes="title" tal:attributes="title options/h"',
      ' i18n:attributes="title t" tal:attributes="title options/nil"',
    ]);
  return p<Make>(r, [
    () =>
      `<p i18n:translate="${p(r, ['', '', 'id', 'id two'])}"${attrs()}${p(r, ['', ' title="T &amp; ${options/n}"', ' title="T" alt="A"'])}>${body()}</p>`,
    () =>
      `<div i18n:domain="x"${attrs()}><p i18n:translate="">${body()}</p>${p(r, ['', '<p i18n:domain="y" i18n:translate="">in</p>', '<i tal:content="options/msg"/>', '<i tal:content="structure options/msg"/>', '${options/msg}', '${structure: options/msg}', '<i tal:replace="options/plainmsg"/>'])}</div>`,
    () =>
      `<p i18n:translate="" tal:content="${p(r, ['options/s', 'options/h', 'structure options/h', 'options/msg', 'options/nil', 'options/n', 'default', 'nothing'])}"${attrs()} title="q">${body()}</p>`,
    () => `<tal:b i18n:translate="">${body()}</tal:b><i18n:t translate="">${body()}</i18n:t>`,
    () =>
      `<p i18n:translate="">${p(r, ['', ' ', '\n', 'x'])}</p><p i18n:translate="m">${p(r, ['', ' ', 'x ${options/n}'])}</p>`,
  ])(r);
};

const handlers: Make = (r) => {
  const bad = () =>
    p(r, [
      '${options/boom}',
      '${options/nope}',
      '${python:1/0}',
      '<i tal:content="options/lost"/>',
      '<i tal:attributes="title options/boom"/>',
      '${python:int("x")}',
      '<i tal:repeat="q options/n"/>',
      '${nope}',
      '${options/gone}',
      '${options/denied}',
      'fine',
      '<i tal:condition="options/boom"/>',
      '<i tal:define="q options/boom"/>',
      '<i metal:use-macro="options/boom"/>',
      '${python:[][1]}',
      "${python:{}['k']}",
      '${python:None + 1}',
    ]);
  return `<${p(r, ['p', 'tal:e', 'div'])} tal:on-error="${p(r, ['string:E', 'structure string:<b>E</b>', 'nothing', 'default', 'options/h', 'string:${error/type}', 'python:error', 'options/boom', 'structure options/h', 'options/msg'])}"${p(r, ['', ' class="c"', ' tal:define="q string:q"', ' tal:content="options/boom"', ' tal:attributes="title options/boom"', ' tal:omit-tag=""', ' tal:repeat="x options/l"', ' tal:condition="options/t"', ' tal:replace="options/boom"'])}>a${p(r, ['', '<b>b</b>'])}${bad()}c${chance(r, 3) ? `<u tal:on-error="string:inner">${bad()}</u>` : ''}</p>${p(r, ['', '${q | string:-}'])}`.replace(
    /^<(p|tal:e|div)([^]*)<\/p>([^]*)$/,
    '<$1$2</$1>$3',
  );
};

const PYTHON = [
  '[x * 2 for x in options["nums"] if x > 1]',
  '{k: len(v) for k, v in [("a", "xx")]}',
  '{1, 1}',
  '(lambda a, b=2: a + b)(1)',
  '"%(s)s-%(n)d" % options',
  '"{s!r:>10}".format(**options)',
  'f"{options[\'n\']:05d}"',
  'f"{options[\'s\']!r}"',
  'sorted(options["d"])',
  'list(zip(options["l"], options["nums"]))',
  'max(options["nums"])',
  'sum(options["nums"])',
  'options["l"][1:]',
  'options["s"][::-1]',
  'options["rows"][0]["name"].upper()',
  '[r["name"] for r in options["rows"]]',
  '", ".join(options["l"])',
  'options["f"] * 2',
  'options["n"] / 2',
  'options["n"] // 2',
  '-7 // 2',
  '2 ** 70',
  'round(2.675, 2)',
  'repr(1e16)',
  'str(None)',
  'bool([])',
  'not options["z"]',
  'options["n"] in options["nums"]',
  'None is None',
  '1 < 2 < 3',
  '"a" if options["t"] else "b"',
  'dict(a=1)',
  'tuple([1])',
  'range(3)',
  'list(range(3))',
  'isinstance(1, int)',
  'hasattr(here, "title")',
  'getattr(here, "nope", "d")',
  'int("7") + 1',
  'float("1.5")',
  'abs(-3)',
  'divmod(7, 2)',
  'chr(65)',
  'ord("A")',
  'hex(255)',
  'options["date"].Date()',
  'options["date"] + 1',
  'options["rec"].title',
  'options["pairs"]',
  'options["tup"]',
  'b"x"',
  '"é".encode("utf-8")',
  '[a for a in [b for b in (1, 2)]]',
  'sum(x for x in (1, 2))',
  'any([0, 1])',
  'all([])',
  '"%5.2f|%-5s|" % (3.14159, "a")',
  '"{:,}".format(1234567)',
  '"{:>{w}}".format("a", w=5)',
  'options.get("zz", "none")',
  'same_type("a", "b")',
  'test(1, "y", "n")',
  'len(here.objectIds())',
  'here.shed.title',
  'here.absolute_url()',
  'request.form',
  'template.id',
  'user.getUserName()',
  'modules["string"].digits',
  'here["shed"].getId()',
  'context is here',
  'root.title',
  'here.nope',
  'options["nope"]',
  'nope',
  '1/0',
  '[][1]',
  '"a" + 1',
  'int("x")',
  'options["boom"]()',
  'here._p_oid',
  'open("x")',
  '1 +',
  'x = 1',
  'print(1)',
  'yield 1',
  '{**{"a": 1}, "b": 2}',
  '[*options["l"], 1]',
  'options["s"].title()',
  'options["s"].center(10, "*")',
  '"a,b".split(",")',
  'reversed([1, 2])',
  'list(reversed([1, 2]))',
  'enumerate("ab")',
  'list(map(str, [1]))',
  'list(filter(None, [0, 1]))',
  'complex(1, 2)',
  '1_000',
  '0xff',
  '1e3',
  '...',
  'type(1)',
  'min("b", "a")',
  'options["nums"].sort()',
  'options["l"] + ["z"]',
  '"x" * 3',
  'options["set"]',
  'frozenset([1])',
  'slice(1, 2)',
  'options["html"]',
  'path("options/s")',
  'repr(options["date"])',
  'options["u"].upper()',
  'here.title_and_id()',
  'here.getPhysicalPath()',
  "'%s' % (options['tup'],)",
  "'%s %s' % options['tup']",
];
const python: Make = (r) => {
  const text = p(r, PYTHON);
  return p<Make>(r, [
    () => `<p tal:content='python:${text.replaceAll("'", '&#39;')}'/>`,
    () => `<p tal:content='python: repr(${text.replaceAll("'", '&#39;')})'/>`,
    () => `\${python:${text}}`,
    () => `<p tal:condition='python:${text.replaceAll("'", '&#39;')}'>yes</p>`,
    () => `<p tal:attributes='title python:${text.replaceAll("'", '&#39;').replaceAll(';', ';;')}'/>`,
    () => `<p tal:repeat='q python:${text.replaceAll("'", '&#39;')}'>\${q}</p>`,
    () =>
      `<p tal:define='q python:${text.replaceAll("'", '&#39;').replaceAll(';', ';;')}'>\${python:str(q)}</p>`,
  ])(r);
};

const tags: Make = (r) => {
  const open = () =>
    p(r, [
      '<p>',
      '<p >',
      '<p\n>',
      '<br>',
      '<br/>',
      '<br />',
      '<img src=a.png>',
      '<img src="a.png"/>',
      '<input type=checkbox checked>',
      '<hr\n/>',
      '<P>',
      '<a href=x>',
      '<b/>',
      '<script/>',
      '<i class>',
      '<td nowrap=nowrap>',
      '<p class = "a" >',
      "<p a='1' b=2 c>",
      '<li>',
      '<x-y z:w="1">',
      '<tal:b>',
      '<option selected value="1">',
      '<p class="a"id="b">',
      '<p/ >',
      '<1a>',
      '<>',
      '< p>',
      '<p a="<">',
      '<p a=">">',
      '<a-b.c>',
    ]);
  const close = () =>
    p(r, [
      '</p>',
      '</p >',
      '</P>',
      '</b>',
      '</br>',
      '',
      '',
      '</i>',
      '</script>',
      '</a>',
      '</td>',
      '</ p>',
      '</tal:b>',
      '</li>',
      '</x-y>',
      '</option>',
      '</a-b.c>',
    ]);
  return Array.from(
    { length: 1 + r.below(3) },
    () => `${open()}${p(r, ['', 'x', '${options/s}', ' '])}${close()}`,
  ).join(p(r, ['', '\n']));
};

export const PAGE_FEATURES: PageFeatures = {
  define: (r) =>
    `<tal:b define=${quote(define(r), r)}>${element(r, { depth: 3, names: [] })}\${${p(r, NAMES)} | string:undef}</tal:b>\${x | string:out}`,
  condition: one('condition'),
  repeat: (r) =>
    `<${p(r, ['p', 'tal:r'])} tal:repeat=${quote(repeat(r), r)}>${p(r, ['', '\n'])}\${${repeatUse(r)}} ${chance(r, 2) ? text(r) : element(r, { depth: 3, names: [] })}${p(r, ['', '\n'])}</p>`.replace(
      /^<(p|tal:r)([^]*)<\/p>$/,
      '<$1$2</$1>',
    ),
  content: one('content'),
  replace: one('replace'),
  attributes: one('attributes'),
  'omit-tag': one('omit-tag'),
  'on-error': (r) =>
    `<p${p(r, ['', ' class="c"', ' tal:repeat="x options/l"', ' tal:define="x options/s"'])} tal:on-error=${quote(TAL['on-error']!(r), r)}>a${p(r, ['', '<b>b</b>'])}\${${expression(r).replaceAll('"', '')}}${p(r, ['', '<i tal:content="options/boom"/>', '<i tal:content="options/nope"/>', '${python:1/0}', '${python:int("x")}'])}c</p>\${x | string:out}`,
  switch: one('switch'),
  metal,
  i18n: translation,
  interpolation: (r) => `<p ${staticAttribute(r)}>${interpolation(r)}${text(r)}${interpolation(r)}</p>`,
  markup: (r) =>
    `${p(r, ['', '<!DOCTYPE html>\n', '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd">\n', '<?xml version="1.0" encoding="utf-8"?>\n', '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:tal="http://xml.zope.org/namespaces/tal">\n', '\n', '<html>', '<div>', 'text '])}${text(r)}${element(r, { depth: 2, names: [] })}${text(r)}${p(r, ['', '', '</html>', '</div>', '</p>', '<p>', '<b', '</b>'])}`,
  mixed: plainPage,
  entities,
  comments,
  namespaces,
  loops,
  scopes,
  cases,
  slots,
  translations,
  handlers,
  python,
  tags,
};
const FEATURES = Object.values(PAGE_FEATURES);

/** A case of the suite `zpt` about a feature, or about any. */
export function pageInput(r: Random, feature?: string): Input {
  return pageOf(r, (feature === undefined ? r.pick(FEATURES) : PAGE_FEATURES[feature]!)(r));
}

/** A case of the suite `zpt` with this source, as HTML or XML. */
export function pageOf(r: Random, source: string): Input {
  const xml = chance(r, 5);
  const template = xml
    ? {
        content_type: 'text/xml',
        source: chance(r, 6)
          ? source
          : `${p(r, ['', '<?xml version="1.0"?>\n'])}<r xmlns:tal="http://xml.zope.org/namespaces/tal" xmlns:metal="http://xml.zope.org/namespaces/metal" xmlns:i18n="http://xml.zope.org/namespaces/i18n">${source}</r>`,
      }
    : { content_type: 'text/html', source };
  return { root: ROOT, here: 'garden', options: OPTIONS, template };
}
