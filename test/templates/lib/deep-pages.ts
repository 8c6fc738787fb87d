/**
 * Random page templates that nest what small ones only cross: macros in slots of macros, scopes through repeats and macros, errors in both,
 * loops in loops; the same seed gives the same templates. One table of forms, long because each feature is a list of its forms.
 */
import type { Random } from '../../restricted/programs.ts';
import { type Make, type PageFeatures, quote } from './page-generator.ts';

const p = <T>(r: Random, items: readonly T[]): T => r.pick(items);
const chance = (r: Random, oneOf: number): boolean => r.below(oneOf) === 0;
const times = (r: Random, most: number, make: Make, join = ''): string =>
  Array.from({ length: 1 + r.below(most) }, () => make(r)).join(join);

/** An element with some of these attributes in any order; what the language forbids together is seldom left together. */
function element(r: Random, tag: string, attributes: readonly string[], content: string): string {
  const bare = /^(?:tal|metal|i18n):/.test(tag);
  const replaced = attributes.some((a) => a.startsWith('tal:replace'));
  const left = attributes.filter(
    (a) =>
      a !== '' &&
      (!(
        (bare && /^(?:tal:attributes|i18n:attributes|class|title)\b/.test(a)) ||
        (replaced && a.startsWith('tal:content'))
      ) ||
        chance(r, 20)),
  );
  const shuffled: string[] = [];
  while (left.length > 0) shuffled.push(...left.splice(r.below(left.length), 1));
  const open = `<${[tag, ...shuffled].join(p(r, [' ', ' ', '\n   ']))}`;
  return content === '' && chance(r, 2) ? `${open}/>` : `${open}>${content}</${tag}>`;
}
const maybe = (r: Random, oneOf: number, make: Make): string => (chance(r, oneOf) ? make(r) : '');
const attribute = (r: Random, name: string, value: string): string => `${name}=${quote(value, r)}`;

const VARIABLES = ['x', 'y', 'v', 'i'];
const show: Make = (r) =>
  p<Make>(r, [
    (r) => `[\${${p(r, VARIABLES)} | string:-}]`,
    () => '(${x|nothing},${v|nothing})',
    () => '<u tal:content="v | default">-</u>',
    () => '${repeat/i/number | string:0}',
  ])(r);
const simple: Make = (r) =>
  p(r, [
    'string:1',
    'string:two',
    'options/n',
    'options/h',
    'x | string:0',
    'v | nothing',
    'python:[1, 2]',
    'nothing',
    'default',
    'structure options/h',
    'options/l',
    'i | x | string:none',
    'python:(1, 2)',
  ]);
const definition: Make = (r) =>
  times(r, 2, (r) => `${p(r, ['', '', 'local ', 'global '])}${p(r, VARIABLES)} ${simple(r)}`, '; ');
const LOOPS = [
  'i options/l',
  'i python:range(2)',
  "i python:'ab'",
  'i options/empty',
  'v options/rows',
  'i options/d',
  'x options/nums',
  '(i, v) options/pairs',
];
const TAL: Readonly<Record<string, Make>> = {
  define: definition,
  condition: (r) =>
    p(r, ['options/t', 'options/no', 'x | nothing', 'not:v | nothing', 'exists:i', 'python:1']),
  repeat: (r) => p(r, LOOPS),
  content: (r) => `${p(r, ['', '', 'structure '])}${simple(r).replace('structure ', '')}`,
  replace: (r) => `${p(r, ['', '', 'structure '])}${simple(r).replace('structure ', '')}`,
  attributes: (r) =>
    `class ${simple(r).replace('structure ', '')}${p(r, ['', '; title x | default', '; id repeat/i/index | nothing'])}`,
  'omit-tag': (r) => p(r, ['', 'options/t', 'options/no', 'x | nothing', 'repeat/i/odd | nothing']),
  'on-error': (r) => p(r, ['string:E', 'error/type', 'string:${error/type}: ${error/value}', 'nothing', 'x']),
};
const tal = (r: Random, most: number, names = Object.keys(TAL)): string[] => {
  const left = [...names];
  return Array.from({ length: r.below(most + 1) }, () => {
    const [name] = left.splice(r.below(left.length), 1);
    return name === undefined ? '' : attribute(r, `tal:${name}`, TAL[name]!(r));
  });
};

const SLOTS = ['a', 'b', 'c'];
const MACROS = ['m', 'n', 'o'];
const tag: Make = (r) => p(r, ['p', 'div', 'b', 'tal:t', 'metal:m', 'i']);
const plain: Make = (r) => p(r, ['p', 'div', 'b', 'i']);

const slot = (r: Random, depth: number, macros: readonly string[]): string =>
  element(
    r,
    tag(r),
    [`metal:define-slot="${p(r, SLOTS)}"`, ...tal(r, chance(r, 2) ? 2 : 0)],
    `s${show(r)}${depth > 0 ? maybe(r, 2, (r) => slot(r, depth - 1, macros)) : ''}${depth > 1 ? maybe(r, 4, (r) => use(r, depth - 2, macros)) : ''}`,
  );
const fill = (r: Random, depth: number, macros: readonly string[]): string =>
  element(
    r,
    tag(r),
    [`metal:fill-slot="${p(r, SLOTS)}"`, ...tal(r, chance(r, 3) ? 2 : 0)],
    `f${show(r)}${depth > 0 ? maybe(r, 2, (r) => use(r, depth - 1, macros)) : ''}${maybe(r, 3, (r) => slot(r, 0, macros))}`,
  );
/** Only macros that come later use others, so that none comes to itself. */
const macroPath = (r: Random, macros: readonly string[]): string =>
  p(r, [
    ...macros.flatMap((name) => [`template/macros/${name}`, `template/macros/${name}`]),
    'here/lib/macros/box',
    'here/lib/macros/ext',
    'here/lib/macros/plain',
    ...macros.flatMap((name) => [
      `here/nope/macros/${name} | template/macros/${name}`,
      `python:template.macros['${name}']`,
    ]),
    ...(macros.length === MACROS.length ? ['template/macros/?macro'] : []),
  ]);
const use = (r: Random, depth: number, macros: readonly string[], inside = false): string =>
  element(
    r,
    tag(r),
    [
      attribute(r, 'metal:use-macro', macroPath(r, macros)),
      ...tal(r, chance(r, 2) ? 2 : 0, ['define', 'repeat', 'condition', 'on-error']),
      maybe(r, inside ? 4 : 60, () => `metal:fill-slot="${p(r, SLOTS)}"`),
    ],
    `${p(r, ['', 'lost', ' '])}${r.below(3) === 0 ? '' : times(r, 3, (r) => (chance(r, 4) && depth > 0 ? use(r, depth - 1, macros, true) : fill(r, depth, macros)), p(r, ['', ' ']))}`,
  );
const macro = (r: Random, name: string, depth: number): string => {
  const extended = chance(r, 4);
  const macros = MACROS.slice(MACROS.indexOf(name) + 1);
  const other = p(r, [...macros.map((each) => `template/macros/${each}`), 'here/lib/macros/box']);
  const inner = element(
    r,
    tag(r),
    [
      `metal:define-macro="${name}"`,
      ...tal(r, chance(r, 2) ? 2 : 0),
      extended ? attribute(r, `metal:${p(r, ['extend-macro', 'use-macro'])}`, other) : '',
    ],
    `${name}${show(r)}${times(r, 3, (r) => (extended || chance(r, 80) ? fill(r, 0, macros) : slot(r, depth, macros)), p(r, ['', '\n']))}${maybe(r, 4, (r) => use(r, 0, macros))}`,
  );
  return chance(r, 3) ? element(r, plain(r), tal(r, 2, ['define', 'repeat', 'condition']), inner) : inner;
};
const macros: Make = (r) =>
  `<tal:x define="macro string:${p(r, MACROS)}">${macro(r, 'o', 0)}${macro(r, 'n', 1)}${macro(r, 'm', 2)}\n${times(r, 2, (r) => use(r, 2, MACROS), '\n')}</tal:x>${show(r)}`;

/** Macros that end, with slots three deep, each filled by a use of the next. */
const slots: Make = (r) => {
  const box = (name: string, inner: string): string =>
    element(
      r,
      'div',
      [`metal:define-macro="${name}"`, maybe(r, 3, (r) => attribute(r, 'tal:define', definition(r)))],
      inner,
    );
  const open = (name: string, inner = ''): string =>
    element(
      r,
      plain(r),
      [
        `metal:define-slot="${name}"`,
        maybe(r, 4, () => `class="${name}"`),
        maybe(r, 4, (r) => attribute(r, 'tal:repeat', p(r, LOOPS))),
      ],
      `${name}${show(r)}${inner}`,
    );
  const full = (name: string, inner: string): string =>
    element(r, tag(r), [`metal:fill-slot="${name}"`, ...tal(r, chance(r, 2) ? 1 : 0)], inner);
  const call = (name: string, inner: string): string =>
    element(
      r,
      tag(r),
      [
        attribute(r, 'metal:use-macro', `template/macros/${name}`),
        maybe(r, 3, (r) => attribute(r, 'tal:define', definition(r))),
        maybe(r, 5, (r) => attribute(r, 'tal:repeat', p(r, LOOPS))),
      ],
      inner,
    );
  const first = box(
    'm',
    `<m>${open('a')}${p(r, ['', open('a')])}${element(r, 'q', [attribute(r, 'tal:repeat', p(r, LOOPS))], open('b'))}</m>`,
  );
  const extended = element(
    r,
    'div',
    [
      `metal:define-macro="n"`,
      attribute(r, `metal:${p(r, ['extend-macro', 'extend-macro', 'use-macro'])}`, 'template/macros/m'),
    ],
    `${full('a', `n:${open('c')}${show(r)}${p(r, ['', open('a')])}`)}${maybe(r, 2, () => full('b', `nb${open('b')}`))}`,
  );
  const third = element(
    r,
    'div',
    [
      `metal:define-macro="o"`,
      attribute(r, `metal:${p(r, ['extend-macro', 'use-macro'])}`, 'template/macros/n'),
    ],
    `${full(p(r, ['a', 'c']), `o${show(r)}${open(p(r, SLOTS))}`)}`,
  );
  const nested = call(
    p(r, MACROS),
    full(
      p(r, SLOTS),
      `1${show(r)}${call(p(r, MACROS), full(p(r, SLOTS), `2${show(r)}${call('m', full(p(r, SLOTS), `3${show(r)}`))}`))}`,
    ),
  );
  return `<tal:x condition="options/no">${first}${extended}${third}</tal:x>${nested}${show(r)}${call(
    p(r, MACROS),
    times(r, 3, (r) => full(p(r, SLOTS), `z${show(r)}`)),
  )}`;
};

/** Statements of both kinds on one element, in any order. */
const together: Make = (r) => {
  const statement = p<Make>(r, [
    () => 'metal:define-macro="m"',
    () => 'metal:define-slot="a"',
    (r) => attribute(r, 'metal:use-macro', 'here/lib/macros/box'),
    () => 'metal:fill-slot="head"',
  ])(r);
  const one = element(
    r,
    tag(r),
    [
      statement,
      ...tal(r, 4),
      maybe(r, 3, () => 'class="c"'),
      maybe(r, 3, () => 'title="t ${options/h}"'),
      maybe(r, 6, () => 'i18n:translate=""'),
    ],
    `a${show(r)}${statement.includes('use-macro') ? fillOf(r) : ''}`,
  );
  if (statement.includes('fill-slot'))
    return element(r, 'div', ['metal:use-macro="here/lib/macros/box"'], one);
  if (statement.includes('define-slot'))
    return `${element(r, 'div', ['metal:define-macro="m"'], one)}<p metal:use-macro="template/macros/m">${maybe(r, 2, () => '<b metal:fill-slot="a">filled ${x | nothing}</b>')}</p>`;
  return statement.includes('define-macro') ? `${one}<p metal:use-macro="template/macros/m"/>` : one;
};
const fillOf: Make = (r) => element(r, tag(r), ['metal:fill-slot="head"', ...tal(r, 3)], `h${show(r)}`);

/** Definitions of all kinds through repeats, macros and slots. */
const scopes: Make = (r) => {
  const block = (depth: number): string => {
    const inner = (): string => `${show(r)}${depth > 0 ? times(r, 2, () => block(depth - 1)) : ''}${show(r)}`;
    return p<Make>(r, [
      (r) => element(r, tag(r), [attribute(r, 'tal:define', definition(r))], inner()),
      (r) =>
        element(
          r,
          plain(r),
          [attribute(r, 'tal:repeat', p(r, LOOPS)), attribute(r, 'tal:define', definition(r))],
          inner(),
        ),
      (r) =>
        element(
          r,
          plain(r),
          [attribute(r, 'tal:repeat', p(r, LOOPS))],
          `${element(r, 'tal:g', [attribute(r, 'define', `global ${p(r, VARIABLES)} ${simple(r)}`)], '')}${inner()}`,
        ),
      (r) =>
        `<div metal:use-macro="template/macros/m">${element(r, tag(r), ['metal:fill-slot="a"', maybe(r, 2, (r) => attribute(r, 'tal:define', definition(r)))], inner())}</div>`,
      (r) => `<div metal:use-macro="template/macros/m"/>${show(r)}`,
      (r) =>
        element(
          r,
          plain(r),
          [attribute(r, 'tal:on-error', 'string:E${x | nothing}'), attribute(r, 'tal:define', definition(r))],
          `${inner()}${p(r, ['', '${options/boom}', '${options/nope}'])}`,
        ),
      (r) =>
        element(
          r,
          plain(r),
          [
            attribute(r, 'tal:switch', p(r, ['string:1', 'x | nothing'])),
            attribute(r, 'tal:define', definition(r)),
          ],
          `<b tal:case="${p(r, ['string:1', 'default', 'x | nothing'])}"${maybe(r, 2, (r) => ` tal:define="${definition(r)}"`)}>${inner()}</b>`,
        ),
    ])(r);
  };
  return `<tal:m condition="options/no"><div metal:define-macro="m"${maybe(r, 2, (r) => ` ${attribute(r, 'tal:define', definition(r))}`)}>${show(r)}<i metal:define-slot="a">${show(r)}</i>${maybe(r, 2, (r) => `<tal:g define="global ${p(r, VARIABLES)} string:g"/>`)}${show(r)}</div></tal:m>${times(r, 2, () => block(2))}${show(r)}`;
};

const BAD = [
  '${options/boom}',
  '${options/nope}',
  '${python:1/0}',
  '${options/lost}',
  '${nope}',
  "${python:{}['k']}",
  '${python:[][3]}',
  '${here/nope}',
  '${here/locked}',
  "${python:int('x')}",
  '<i tal:attributes="title options/boom"/>',
  '<i tal:repeat="j options/n"/>',
  '<i metal:use-macro="here/nope"/>',
  '<i metal:use-macro="template/macros/nope"/>',
  '<tal:x define="q options/boom"/>',
  'fine',
  '<br/>',
  '${options/s/nope}',
  "${python:'a' + 1}",
  '${python:None.x}',
  '${string:${options/nope}}',
];
const errors: Make = (r) => {
  const handled = (depth: number): string => {
    const handler = attribute(
      r,
      'tal:on-error',
      p(r, [
        'string:E',
        'error/type',
        'error/value',
        'python:error.type.__name__',
        'string:${error/type}|${error/value}',
        'structure string:<b>${error/value}</b>',
        'python:str(error.value)',
        'python:repr(error.value)',
        'error/lineno',
        'error/offset',
        'error/traceback | string:none',
        'nothing',
        'default',
        'options/boom',
        'string:${i | nothing} ${repeat/i/index | nothing} ${q | string:noq}',
        "python:isinstance(error.value, Exception) and 'exc'",
        'structure error/value',
        'python:error.value.args[0]',
        "python:test(error.type, 'y', 'n')",
      ]),
    );
    const inner = `a${p(r, ['', '${i | nothing}'])}${depth > 0 && !chance(r, 3) ? wrap(depth - 1) : p(r, BAD)}z`;
    return element(
      r,
      tag(r),
      [
        handler,
        ...tal(r, 2, ['define', 'repeat', 'condition', 'attributes', 'omit-tag']),
        maybe(r, 3, () => 'class="c"'),
        maybe(r, 8, () => 'tal:content="options/boom"'),
      ],
      inner,
    );
  };
  const wrap = (depth: number): string =>
    p<Make>(r, [
      () => handled(depth),
      (r) => element(r, plain(r), [attribute(r, 'tal:repeat', p(r, LOOPS))], `<u>${handled(depth)}</u>`),
      (r) =>
        element(
          r,
          plain(r),
          [attribute(r, 'tal:repeat', 'i options/l')],
          `<u>${handled(depth)}</u><tal:b condition="python:i == 'b'">${p(r, BAD)}</tal:b>`,
        ),
      () =>
        `<div metal:use-macro="here/lib/macros/box"><b metal:fill-slot="head">${handled(depth)}</b></div>`,
      (r) =>
        `<div metal:use-macro="here/lib/macros/box" tal:on-error="string:OUT ${p(r, ['', '${error/type}'])}"><b metal:fill-slot="body">${p(r, BAD)}</b></div>`,
      () =>
        `<tal:c condition="options/no"><p metal:define-macro="m"><i metal:define-slot="a" tal:on-error="string:IN \${error/type}">${p(r, BAD)}</i></p></tal:c><p metal:use-macro="template/macros/m">${p(r, ['', `<b metal:fill-slot="a">${p(r, BAD)}</b>`])}</p>`,
    ])(r);
  return `${wrap(2)}${show(r)}`;
};

const SEQUENCES = [
  'options/l',
  'options/nums',
  'options/rows',
  'options/d',
  'options/s',
  'options/u',
  'options/tup',
  'options/pairs',
  'options/one',
  'options/empty',
  'options/set',
  'options/nil',
  "python:iter(options['l'])",
  "python:options['d'].items()",
  "python:sorted(options['d'])",
  "python:sorted(options['d'].items())",
  "python:options['d'].values()",
  "python:[c for c in 'xyz']",
  "python:(c for c in 'xyz')",
  'python:range(28)',
  'python:range(3, 0, -1)',
  "python:{'k': 1}",
  "python:b'ab'",
  'here/objectIds',
  'here/objectItems',
  'here/beds',
  'string:xy',
  'options/nope | options/l',
  'options/e',
  'options/fn',
  'options/z',
  'python:[[1, 2], [3]]',
  "python:[('a', [1, 2]), ('b', [])]",
  "python:options['rows'][0]['tags']",
  "python:set('q')",
  "python:'a b'.split()",
];
const PARTS = [
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
];
const loops: Make = (r) => {
  const part = (name: string): string =>
    p<Make>(r, [
      (r) => `\${repeat/${name}/${p(r, PARTS)}}`,
      (r) =>
        `\${repeat/${name}/${p(r, ['first', 'last'])}/${p(r, ['name', 'n', 'nope', 'tags', '0'])} | string:!}`,
      (r) => `\${python:repeat['${name}'].${p(r, PARTS)}${p(r, ['', '()'])}}`,
      (r) =>
        `\${python:repeat['${name}'].${p(r, ['first', 'last'])}(${p(r, ["'name'", "'n'", '0', 'None', "name='n'"])})}`,
      (r) => `\${python:repeat.${name}.${p(r, PARTS)}}`,
      () => `\${structure: ${name}}`,
      () => `\${${name}/name | ${name}/0 | ${name}}`,
      (r) =>
        `<b tal:condition="repeat/${name}/${p(r, ['start', 'end', 'odd', 'even', 'first/n', 'last/n', 'first', 'last'])}">Y</b>`,
      (r) =>
        `<b tal:omit-tag="${p(r, ['', 'not:'])}repeat/${name}/${p(r, ['start', 'end', 'even'])}" tal:attributes="class repeat/${name}/parity">o</b>`,
    ])(r);
  const loop = (names: readonly string[]): string => {
    const [name, ...rest] = names as [string, ...string[]];
    const sequence =
      chance(r, 5) && rest.length === 0 ? p(r, ['x/tags', 'x/1', 'x', 'python:x[1]', 'y']) : p(r, SEQUENCES);
    return element(
      r,
      tag(r).replace('metal:m', 'tal:r'),
      [
        attribute(
          r,
          'tal:repeat',
          `${name} ${chance(r, 4) && !/[:|]/.test(sequence) ? 'nocall:' : ''}${sequence}`,
        ),
        maybe(r, 9, () => `tal:condition="not:${name} | nothing"`),
        maybe(r, 6, (r) => `tal:define="q ${p(r, ['x | nothing', 'repeat/x/index | nothing'])}"`),
      ],
      `${p(r, ['', '\n  ', ' '])}${part(name)}${rest.length > 0 ? loop(rest) : part(p(r, ['x', name]))}${p(r, ['', '\n', ','])}`,
    );
  };
  return `${loop(p(r, [['x'], ['x', 'y'], ['x', 'y'], ['x', 'x'], ['x', 'y', 'z']]))}${p(r, ['', '${x | string:gone}', '${repeat/x/index | string:gone}', '${exists:repeat/x}'])}`;
};

/** Names in translations in translations, with what is inserted in text and attributes. */
const translations: Make = (r) => {
  const words: Make = (r) =>
    p(r, [
      'Hello',
      ' to ',
      '\n  ',
      '${options/n}',
      '${options/h}',
      '$one',
      '${structure options/h}',
      '&lt;',
      '<br/>',
      '.',
      '<!-- c -->',
      '${options/msg}',
      '$${x}',
      '',
    ]);
  const named = (depth: number): string =>
    element(
      r,
      p(r, ['b', 'span', 'tal:n', 'i18n:n']),
      [
        chance(r, 9) ? '' : `i18n:name="${p(r, ['one', 'two', 'three', 'n_4'])}"`,
        maybe(r, 3, () => `i18n:translate="${p(r, ['', 'm_in'])}"`),
        ...tal(r, chance(r, 2) ? 1 : 0, [
          'content',
          'replace',
          'omit-tag',
          'condition',
          'repeat',
          'attributes',
        ]),
        maybe(r, 6, () => 'i18n:domain="inner"'),
        maybe(r, 5, () => 'title="T ${options/n}"'),
        maybe(r, 8, () => 'i18n:attributes="title"'),
      ],
      `${words(r)}${depth > 0 ? maybe(r, 2, () => named(depth - 1)) : ''}`,
    );
  return element(
    r,
    p(r, ['p', 'div', 'tal:t', 'i18n:t']),
    [
      maybe(r, 2, () => 'i18n:domain="boats"'),
      `i18n:translate="${p(r, ['', '', 'msg_x'])}"`,
      maybe(r, 4, () =>
        p(r, ['i18n:target="string:de"', 'i18n:target="options/s"', 'i18n:source="en"', 'i18n:context="c"']),
      ),
      maybe(r, 3, (r) =>
        attribute(r, 'title', p(r, ['T', 'T ${options/h}', '&lt; T', '', '${options/msg}'])),
      ),
      maybe(
        r,
        3,
        (r) => `i18n:attributes="${p(r, ['title', 'title t_id', 'alt', 'title t_id; alt', 'title;'])}"`,
      ),
      ...tal(r, chance(r, 3) ? 1 : 0, ['content', 'define', 'repeat', 'omit-tag', 'attributes']),
    ],
    times(r, 4, (r) => (chance(r, 2) ? named(1) : words(r)), p(r, ['', ' ', '\n'])),
  );
};

const switches: Make = (r) => {
  const value: Make = (r) =>
    p(r, [
      'options/k',
      'string:b',
      'options/n',
      'python:7',
      'nothing',
      'default',
      'options/t',
      'python:True',
      'python:1',
      'i | nothing',
      'x | nothing',
      "python:'b'",
      'structure options/h',
      'options/nope | default',
      'options/empty',
      'options/l',
    ]);
  const cases = (depth: number): string =>
    times(
      r,
      3,
      (r) =>
        element(
          r,
          tag(r).replace('metal:m', 'tal:c'),
          [
            attribute(r, 'tal:case', value(r)),
            ...tal(r, chance(r, 3) ? 1 : 0),
            maybe(r, 60, (r) => attribute(r, 'tal:switch', value(r))),
          ],
          `c${show(r)}${depth > 0 ? maybe(r, 3, () => switched(depth - 1)) : ''}`,
        ),
      p(r, ['', ' ', 'text', '<br/>']),
    );
  const switched = (depth: number): string =>
    element(
      r,
      tag(r).replace('metal:m', 'tal:s'),
      [
        attribute(r, 'tal:switch', value(r)),
        ...tal(r, chance(r, 3) ? 1 : 0, ['define', 'repeat', 'condition', 'omit-tag']),
      ],
      chance(r, 4) ? element(r, 'u', tal(r, 1, ['repeat', 'define']), cases(depth)) : cases(depth),
    );
  return switched(1);
};

/** `nothing`, `default` and `structure` in each statement. */
const specials: Make = (r) => {
  const value: Make = (r) =>
    p(r, [
      'nothing',
      'default',
      'structure options/h',
      'structure default',
      'structure nothing',
      'text options/h',
      'options/nope | default',
      'options/nope | nothing',
      'options/nil',
      'options/e',
      'structure: options/h',
      'python:default',
      'python:None',
      'options/nope | structure options/h',
      'structure options/nope | options/h',
      'not:nothing',
      'not:default',
      'exists:nothing',
      'exists:default',
      'string:${nothing}${default}',
      'd',
      'nocall:default',
      'python:[default]',
      'structure',
      'text',
      'options/html',
      'structure options/html',
      'options/msg',
      'python:(default, None)[0]',
      'python:default or 1',
      'd | nothing',
    ]);
  return element(
    r,
    tag(r).replace('metal:m', 'tal:x'),
    [
      ...[
        'condition',
        'repeat',
        'content',
        'replace',
        'omit-tag',
        'on-error',
        'attributes',
        'switch',
        'define',
        'case',
      ]
        .filter((name) => chance(r, name === 'case' ? 20 : 4))
        .map((name) =>
          attribute(
            r,
            `tal:${name}`,
            name === 'attributes'
              ? `${p(r, ['class', 'title', 'checked'])} ${value(r)}${p(r, ['', `; id ${value(r)}`])}`
              : name === 'define'
                ? `d ${value(r)}`
                : name === 'repeat'
                  ? `i ${value(r)}`
                  : value(r),
          ),
        ),
      maybe(r, 2, () =>
        p(r, [
          'class="c"',
          'title="t"',
          'class=""',
          'checked',
          'title="${default}"',
          'title="${nothing}"',
          'title="a${nothing}"',
          'class="${options/nope | default}"',
          'checked="${default}"',
        ]),
      ),
    ],
    `body${p(r, ['', '${default}', '${nothing}', '${structure nothing}', '${d | nothing}', '<b tal:replace="default">x</b>', '<b tal:content="d | nothing">y</b>', '<i tal:attributes="title d | nothing" title="z"/>'])}`,
  );
};

const quoting: Make = (r) => {
  const piece: Make = (r) =>
    p(r, [
      'a',
      ' ',
      '&quot;',
      '&amp;',
      '&',
      '&lt;',
      '<',
      '>',
      "'",
      '&#39;',
      '&apos;',
      '&nbsp;',
      '&#10;',
      '\n',
      '\t',
      '=',
      ';',
      ';;',
      '/',
      '$',
      '$$',
      '${options/h}',
      '${options/amp}',
      '${structure options/h}',
      '${options/nil}',
      '&eacute;',
      'é',
      '{',
      '}',
      '${options/nope | nothing}',
      '`',
      '&bogus;',
      "${python:'&quot;'}",
      '${string:;}',
      '&amp;lt;',
    ]);
  const value = (): string => times(r, 4, piece);
  const one = (): string => {
    const text = value();
    const name = p(r, [
      'title',
      'alt',
      'data-x',
      'href',
      'onclick',
      'value',
      'x:y',
      'checked',
      'disabled',
      '@click',
      ':bind',
      'v-on:x',
      'a.b',
      '_z',
      'Title',
      'required',
    ]);
    return p<Make>(r, [
      () => `${name}="${text.replaceAll('"', '')}"`,
      () => `${name}='${text.replaceAll("'", '')}'`,
      () => `${name}=${text.replaceAll(/[\s"'<>=`/]|\$\{[^}]*\}/g, '') || 'q'}`,
      () => `${name} = "${text.replaceAll('"', '')}"`,
      () => name,
    ])(r);
  };
  const dynamic = (): string => {
    const inner = `${p(r, ['title', 'alt', 'data-x', 'value', 'checked', 'href', 'x:y', 'onclick'])} ${p(r, ['string:', "python:'", 'options/h', 'options/amp', 'options/html', 'structure options/h', 'options/nil', 'options/t', 'options/no', 'options/u', 'options/msg', 'options/l', 'options/f', 'options/e', 'options/date', 'options/fn'])}`;
    const text = p(r, [
      'a;;b',
      '&amp;',
      '&lt;b&gt;',
      '&quot;',
      'x',
      '&amp;amp;',
      '&#39;',
      '&nbsp;',
      ' ',
      '<',
      '&',
      '$$',
      '${options/h}',
      '&eacute;',
    ]);
    return `tal:attributes="${inner.endsWith(':') ? inner + text : inner.endsWith("'") ? `${inner}${text.replace('&#39;', '').replace(/\$.*/, '')}'` : inner}${p(r, ['', '; id string:i', ';class default', ' ;'])}"`;
  };
  return element(
    r,
    p(r, ['p', 'a', 'input', 'option', 'x:el', 'tal:b']).replace('input', 'button'),
    [
      ...new Map(
        Array.from({ length: 1 + r.below(2) }, () => one()).map((a) => [
          a.split(/[\s=]/, 1)[0]!.toLowerCase(),
          a,
        ]),
      ).values(),
      maybe(r, 2, () => dynamic()),
    ],
    p(r, ['', 't', '${options/h}', '&amp;']),
  );
};

const EXPRESSIONS = [
  "python:{'a': {'b': '}'}}['a']['b']",
  "python:{'a': 1}",
  "python:'{}'.format(options['n'])",
  "python:'${' + 'x'",
  "python:'%s}' % 1",
  'python:f"{options[\'n\']}"',
  "python:[{'k': v} for v in options['l']][0]['k']",
  'string:a${options/s}b}',
  'string:${options/s}{}',
  'string:{${options/n}}',
  "string:${python:{'a': 1}['a']}",
  'string:${string:in ${options/s}}',
  "python:path('options/s') + '}'",
  'string:$options',
  'string:$$options/s $${options/s} $$$options/s',
  "options/nope | python:{'q': '|'}['q']",
  'options/nope | string:a|b',
  "options/nope | python:'a' or 'b'",
  'options/nope | python:1 | options/s',
  'options/nope | not:options/s',
  'options/nope | exists:options/nope',
  'not:exists:options/nope',
  'not:options/nope | string:x',
  'exists:options/nope | options/s',
  'nocall:options/fn',
  'nocall:options/nope | nocall:options/s',
  'options/nope | nocall:options/fn',
  'nocall:here/sign | string:x',
  'exists:nocall:options/s',
  'not:nocall:options/e',
  'not:python:0',
  'not: not: options/s',
  'not:string:',
  'string:',
  'string: ',
  'string:;',
  'string:|',
  "python:exists('options/nope') or 'x'",
  "python:nocall('options/fn')()",
  "python:not exists('options/s')",
  'path:options/s',
  'path:options/nope | path:options/s',
  'path: options/s | nothing',
  'exists:path:options/s',
  'options/?k',
  'options/?k/upper',
  'options/?k | string:no',
  'options/?k1 | options/?k',
  'options/?sub/?key',
  'options/?sub/k',
  'options/d/?key/upper',
  'here/?child/title',
  'here/?child/?prop',
  '?k',
  '?k/upper',
  'options/?nope',
  'options/?',
  'options/d/?n',
  'here/shed/?prop | nothing',
  'options/l/?idx',
  'options/rows/?idx/name',
  'exists:options/?k',
  'string:${options/?k}',
  'nocall:options/?f',
  'options/?f',
  'request/?k | nothing',
  'options/?path',
  'here/?path/title',
  '/garden/title',
  '/garden/?child/title',
  '/nope',
  '/',
  'options/s | ',
  '| options/s',
  'options/s/',
  'options//s',
  'root/garden/shed/getId',
  'here/shed/../title',
  'here/./title',
  'here/aq_parent/id',
  'here/shed/aq_inner',
  'options/_x',
  'options/d/_x | string:priv',
  'here/__class__',
  'here/shed/_p_oid',
  'options/rec/title',
  'options/rec/nope | nothing',
  'options/rec/call',
  'options/d/keys',
  'options/d/get',
  'options/s/strip',
  'options/l/append',
  'options/n/real',
  'options/msg/mapping',
  'options/date/year',
  'options/boom | string:caught',
  'options/lost | string:caught',
  'python:1/0 | string:caught',
  'python:nope | string:caught',
  "python:options['nope'] | string:caught",
  'python:[][1] | string:caught',
  'python:None.x | string:caught',
  'python:here.nope | string:caught',
  "python:int('q') | string:caught",
  'string:${options/nope} | string:caught',
  'string:${options/nope | nothing} x',
  'exists:options/boom',
  'exists:options/lost',
  'not:options/boom',
  'exists:here/locked',
  'here/locked/title | string:locked',
  'exists:here/locked/title',
  'structure:options/h',
  'structure: string:<b>${options/h}</b>',
  'structure options/h | nothing',
];
const expressions: Make = (r) => {
  const source = p(r, EXPRESSIONS);
  const both = chance(r, 5) ? `${source} | ${p(r, EXPRESSIONS)}` : source;
  const prefixed = chance(r, 6)
    ? `${p(r, ['not:', 'exists:', 'nocall:', 'structure:', 'string:', 'path:', ' '])}${both}`
    : both;
  const escaped = prefixed.replaceAll(';', ';;');
  return `<tal:d define="k string:s; k1 string:nope; sub string:d; key string:k; child string:shed; prop string:title; idx string:1; f string:fn; n python:1; path string:d/k">${p<Make>(
    r,
    [
      (r) => `<p tal:content=${quote(prefixed, r)}/>`,
      () => `\${${prefixed}}`,
      (r) => `<p title=${quote(`a\${${prefixed}}b`, r)}/>`,
      () => `<b>{\${${prefixed}}}</b>`,
      (r) => `<p tal:attributes=${quote(`title ${escaped}; id string:x`, r)}/>`,
      (r) => `<p tal:define=${quote(`q ${escaped}`, r)} tal:content="q"/>`,
      (r) => `<p tal:condition=${quote(prefixed, r)}>yes</p>`,
      (r) => `<p tal:repeat=${quote(`q ${prefixed}`, r)}>\${q}</p>`,
      (r) => `<p tal:replace=${quote(`structure ${prefixed}`, r)}/>`,
      (r) => `<p tal:omit-tag=${quote(prefixed, r)}>t</p>`,
      () => `$\${${prefixed}}|\${${prefixed}}`,
      () => `<script>var a = {b: "\${${prefixed.replaceAll(/[<>]/g, '')}}"};</script>`,
    ],
  )(r)}</tal:d>`;
};

const U = {
  tal: 'http://xml.zope.org/namespaces/tal',
  metal: 'http://xml.zope.org/namespaces/metal',
  i18n: 'http://xml.zope.org/namespaces/i18n',
};
const namespaces: Make = (r) => {
  const prefix = p(r, ['t', 'tal', 'T', 'x']);
  const declared = (name: keyof typeof U, as: string): string => `xmlns:${as}="${U[name]}"`;
  const node = (depth: number): string =>
    element(
      r,
      p(r, ['p', 'q:b', 'svg', `${prefix}:b`, 'tal:b', 'r:r', 'metal:z']),
      [
        maybe(r, 4, (r) =>
          p(r, [
            declared('tal', prefix),
            'xmlns="urn:d"',
            'xmlns=""',
            'xmlns:q="urn:q"',
            declared('metal', 'm'),
            declared('i18n', 'i'),
            `xmlns="${U.tal}"`,
            'xmlns:tal="urn:no"',
            `xmlns:u="${'${options/s}'}"`,
          ]),
        ),
        maybe(r, 2, (r) =>
          p(r, [
            `${prefix}:content="options/h"`,
            'tal:content="options/n"',
            `${prefix}:omit-tag=""`,
            `${prefix}:repeat="i options/l"`,
            `${prefix}:attributes="q:a options/s; xml:lang options/k"`,
            'tal:attributes="q:a options/h"',
            'content="options/s"',
            'm:define-macro="mm"',
            'i:translate=""',
            `${prefix}:define="x string:X"`,
            'tal:define="x string:Y"',
          ]),
        ),
        maybe(r, 3, (r) =>
          p(r, [
            'q:a="1"',
            'xml:space="preserve"',
            'xml:lang="en"',
            'xml:id="${options/n}"',
            'a:b="c"',
            'xlink:href="#"',
          ]),
        ),
      ],
      `${p(r, ['', 't', '${options/h}', '<![CDATA[ ${options/s} <b> ]]>', '<![CDATA[]]>', '<!-- ${options/n} -->', '<!--! x -->', '<!--? ${options/n} -->', '<?pi ${options/s}?>', '<?x?>', '${x | nothing}', '&lt;', '&#65;', '&foo;'])}${depth > 0 ? times(r, 2, () => node(depth - 1)) : ''}`,
    );
  return `${p(r, ['', '', '<?xml version="1.0"?>', '<?xml version="1.0" encoding="utf-8" ?>\n', '<!DOCTYPE r SYSTEM "x.dtd">\n', '<!DOCTYPE r [<!ENTITY e "v">]>\n'])}${element(
    r,
    'r',
    [
      declared('tal', prefix),
      maybe(r, 2, () => 'xmlns="urn:root"'),
      maybe(r, 2, () => 'xmlns:q="urn:q"'),
      maybe(r, 3, () => declared('metal', 'm')),
      maybe(r, 3, () => declared('i18n', 'i')),
    ],
    times(r, 2, () => node(1)),
  )}`;
};

export const DEEP_PAGE_FEATURES: PageFeatures = {
  macros,
  slots,
  together,
  scopes,
  errors,
  loops,
  translations,
  switches,
  specials,
  quoting,
  expressions,
  namespaces,
};
