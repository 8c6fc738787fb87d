/**
 * Random programs about one feature each: what `programs.ts` mixes at random is here aimed at, with arguments at the edges.
 * A program is the body of a function and returns what it saw. One table of features, long because each is a list of forms.
 */
import type { Random } from './programs.ts';

type Make = (r: Random) => string;

const pick = <T>(r: Random, items: readonly T[]): T => r.pick(items);
const many = (r: Random, n: number, make: Make, join = ', '): string =>
  Array.from({ length: n }, () => make(r)).join(join);
const maybe = (r: Random, text: string, oneOf = 2): string => (r.below(oneOf) === 0 ? text : '');

/** Lines that put the value of each expression, or its exception, into `out`. */
function seen(...expressions: string[]): string[] {
  return expressions.flatMap((e) => [
    'try:',
    `    out.append(${e})`,
    'except Exception as e:',
    '    out.append(repr(e))',
  ]);
}

const smallInt: Make = (r) =>
  String(pick(r, [0, 1, 2, 3, 5, 7, 9, 10, 12, 31, 97, 255, 256, 1000]) * pick(r, [1, 1, -1]));
const bigInt: Make = (r) =>
  pick(r, [
    () =>
      `${maybe(r, '-')}${1 + r.below(9)}${Array.from({ length: 10 + r.below(50) }, () => r.below(10)).join('')}`,
    () => `${maybe(r, '-')}2**${r.below(140)}`,
    () => `(2**${50 + r.below(20)}${pick(r, ['+1', '-1', ''])})`,
    () => `${maybe(r, '-')}10**${r.below(40)}`,
    () => smallInt(r),
    () => `0x${r.below(2 ** 31).toString(16)}`,
  ])();
const floatText: Make = (r) =>
  pick(r, [
    () => `${maybe(r, '-')}${r.below(1000)}.${r.below(100000)}`,
    () => `${maybe(r, '-')}${r.below(10)}.${r.below(1000)}e${r.below(40) - 20}`,
    () => `${maybe(r, '-')}${r.below(100) / 8}${maybe(r, '5')}`,
    () => String(r.next() * 10 ** (r.below(30) - 12)),
    () =>
      pick(r, [
        '0.0',
        '-0.0',
        '1e300',
        '1e-300',
        '5e-324',
        '1.7976931348623157e308',
        '0.5',
        '1.5',
        '2.5',
        '1e16',
        '123456789012345680.0',
        '1e22',
        '1e21',
        '0.0001',
        '0.00001',
      ]),
    () => pick(r, ["float('inf')", "float('-inf')", "float('nan')"]),
  ])();
const numberText: Make = (r) => pick(r, [smallInt, bigInt, floatText])(r);
const chars = [
  'a',
  'b',
  'c',
  'X',
  'Y',
  ' ',
  ',',
  '-',
  '0',
  '7',
  'é',
  'ß',
  '€',
  '\\t',
  '\\n',
  '\\U0001f40d',
  'İ',
  'ſ',
  '\\xa0',
  '_',
  '.',
  'ǆ',
  'Σ',
  '\\u0301',
  '٣',
  '²',
  '"',
  "\\'",
];
const word: Make = (r) => `'${Array.from({ length: r.below(8) }, () => pick(r, chars)).join('')}'`;
const plainWord: Make = (r) =>
  `'${Array.from({ length: r.below(6) }, () => pick(r, ['a', 'b', 'c', 'ab', ' ', ',', 'x'])).join('')}'`;
const anything: Make = (r) =>
  pick<Make>(r, [
    numberText,
    word,
    () =>
      pick(r, [
        'None',
        'True',
        'False',
        '()',
        '[]',
        '{}',
        "b'ab'",
        '[1, 2]',
        "('a', 1)",
        "{'k': 1}",
        '{1}',
        '1j',
        'range(3)',
        '...',
        "ValueError('x')",
      ]),
  ])(r);
const bound: Make = (r) =>
  pick(r, ['', '', String(r.below(12) - 6), String(r.below(6)), '-1', '10**20', '-10**20', 'None']);
const step: Make = (r) =>
  pick(r, ['', ':', ':1', ':2', ':-1', ':-2', ':3', ':-3', ':None', ':10**20', ':-10**20', ':0', ':True']);
const sliceText: Make = (r) => `[${bound(r)}:${bound(r)}${step(r)}]`;

const PERCENT = 'diouxXeEfFgGcrsa%'.split('');
function percentField(r: Random, keyed: string): string {
  const flags = Array.from({ length: r.below(3) }, () => pick(r, ['-', '+', ' ', '0', '#'])).join('');
  const width = pick(r, ['', '', String(r.below(14)), '*']);
  const precision = pick(r, ['', '', `.${r.below(12)}`, '.', '.*', `.${r.below(30)}`]);
  return `%${keyed}${flags}${width}${precision}${maybe(r, pick(r, ['l', 'h', 'L']), 12)}${pick(r, PERCENT)}`;
}

const percent: Make = (r) => {
  if (r.below(4) === 0) {
    const format = Array.from({ length: 1 + r.below(3) }, () =>
      percentField(r, pick(r, ['(a)', '(b)', '(c d)', '(a(b))', ''])),
    ).join('|');
    return `'${format}' % {'a': ${anything(r)}, 'b': ${numberText(r)}, 'c d': ${word(r)}, 'a(b)': 3}`;
  }
  const n = 1 + r.below(3);
  const format = Array.from({ length: n }, () => percentField(r, '')).join(pick(r, ['|', '', ' %% ']));
  const stars = format.split('*').length - 1;
  const values = Array.from({ length: Math.max(0, n + stars + pick(r, [0, 0, 0, 0, 1, -1])) }, () =>
    pick<Make>(r, [numberText, numberText, smallInt, anything])(r),
  );
  if (values.length === 1 && r.below(2) === 0) return `'${format}' % ${values[0]!}`;
  return `'${format}' % (${values.join(', ')}${values.length === 1 ? ',' : ''})`;
};

const spec: Make = (r) =>
  [
    pick(r, ['', '', '<', '>', '^', '=', '*<', '0>', 'é^', '{{<'.slice(2), '=^']),
    pick(r, ['', '', '', '+', '-', ' ']),
    maybe(r, 'z', 14),
    maybe(r, '#', 5),
    maybe(r, '0', 5),
    pick(r, ['', '', String(r.below(25))]),
    pick(r, ['', '', '', ',', '_']),
    pick(r, ['', '', `.${r.below(20)}`]),
    pick(r, ['', '', 'd', 'f', 'F', 'e', 'E', 'g', 'G', 's', 'x', 'X', 'o', 'b', 'n', '%', 'c', 'q']),
  ].join('');

const formatted: Make = (r) =>
  pick<Make>(r, [
    () => `'{:${spec(r)}}'.format(${numberText(r)})`,
    () => `'{:${spec(r)}}'.format(${anything(r)})`,
    () => `format(${numberText(r)}, '${spec(r)}')`,
    () =>
      `'{0!${pick(r, ['r', 's', 'a', 'x', ''])}:${pick(r, ['', '>8', '^9', '.3'])}} {0}'.format(${anything(r)})`,
    () =>
      `'{${pick(r, ['0', '1', '2', 'a', '', '-1', '0.real', '0[0]', '0[a]', 'a[1]', '0.x', '0[', '0]', 'a.b.c'])}}'.format(${anything(r)}, ${anything(r)}, a=${anything(r)})`,
    () =>
      `'{}${pick(r, ['{}', '{0}', '{{}}', '{', '}', '{!r}', '{a}', '{:{}}', '{:>{}}'])}'.format(${anything(r)}, ${smallInt(r)}, a=${word(r)})`,
    () => `f'{${numberText(r)}:${spec(r).replaceAll('{', '')}}'`,
    () =>
      `f'{${anything(r).replaceAll("'", '"').replaceAll('\\"', '')}!r:>{${r.below(12)}}}'`.replaceAll(
        '\\',
        '',
      ),
    () =>
      `f'{${pick(r, ['1 + 2', 'x', 'x * 2', '[q for q in (1, 2)]', '(lambda q: q)(3)', '{1: 2}[1]', 'x if x else 0', '3 != 4', 'x == 7'])}${pick(r, ['', '=', ' = ', '!s', '=!r:>9', ':>{x}', '=:05'])}}'`,
    () =>
      `'{a}{b:{c}}'.format_map({'a': ${anything(r)}, 'b': ${smallInt(r)}, 'c': ${pick(r, ["'>5'", '7', "'x'"])}})`,
  ])(r);

const bytesText: Make = (r) =>
  pick<Make>(r, [
    () =>
      `b'${Array.from({ length: r.below(7) }, () => pick(r, ['a', 'b', 'A', ' ', ',', '0', '\\x00', '\\xff', '\\xc3\\xa9', '\\n', '\\t', "\\'", '"', '\\\\']), '').join('')}'`,
    () => "b'abcabc'",
    () => `bytes([${many(r, r.below(4), (q) => String(q.below(256)))}])`,
    () =>
      `${word(r)}.encode(${pick(r, ["'utf-8'", "'latin-1', 'replace'", "'ascii', 'ignore'", "'ascii', 'xmlcharrefreplace'", "'utf-16-le'", "'ascii', 'backslashreplace'", ''])})`,
  ])(r);

const bytesUse: Make = (r) =>
  pick<Make>(r, [
    () => `${bytesText(r)}${sliceText(r)}`,
    () => `${bytesText(r)}[${r.below(8) - 4}]`,
    () => `list(${bytesText(r)})`,
    () => `(${bytesText(r)} + ${pick(r, [bytesText, word, smallInt])(r)})`,
    () => `(${bytesText(r)} * ${r.below(4) - 1})`,
    () => `(${pick(r, [bytesText, smallInt, word])(r)} in ${bytesText(r)})`,
    () => `(${bytesText(r)} ${pick(r, ['==', '<', '>=', '!='])} ${pick(r, [bytesText, word])(r)})`,
    () =>
      `${bytesText(r)}.decode(${pick(r, ['', "'ascii'", "'latin-1'", "'utf-8', 'replace'", "'utf-8', 'ignore'", "'utf-8', 'backslashreplace'", "'utf-16'", "'ascii', 'replace'", "'nope'"])})`,
    () =>
      `${bytesText(r)}.${pick(r, ['upper', 'lower', 'title', 'swapcase', 'capitalize', 'strip', 'split', 'splitlines', 'hex', 'isalpha', 'isdigit', 'isspace', 'isupper', 'islower', 'istitle', 'isalnum', 'isascii', 'rsplit', 'lstrip', 'rstrip', 'expandtabs'])}()`,
    () =>
      `${bytesText(r)}.${pick(r, ['find', 'count', 'index', 'rfind', 'rindex', 'startswith', 'endswith', 'split', 'rsplit', 'partition', 'rpartition', 'strip', 'lstrip', 'rstrip', 'removeprefix', 'removesuffix'])}(${pick(r, ["b'a'", "b''", "b'bc'", "'a'", '97', "b','", 'None'])})`,
    () => `${bytesText(r)}.replace(${pick(r, ["b'a', b'xy'", "b'', b'-'", "b'a', b'', 1", "'a', 'b'"])})`,
    () => `${bytesText(r)}.${pick(r, ['center', 'ljust', 'rjust', 'zfill'])}(${r.below(10)})`,
    () =>
      `${pick(r, ["b','", "b''", "','"])}.join([${many(r, 1 + r.below(3), pick(r, [bytesText, bytesText, word]))}])`,
    () => `repr(${bytesText(r)})`,
    () => `str(${bytesText(r)})`,
    () =>
      `bytes(${pick(r, ['3', '[1, 300]', "'x'", "'é', 'utf-8'", '(1, 2)', 'range(3)', '-1', 'None', '[True]', "['a']"])})`,
    () => `int.from_bytes(${bytesText(r)}, ${pick(r, ["'big'", "'little'"])})`,
    () => `hash(${bytesText(r)}) == hash(${bytesText(r)})`,
    () => `bytes.fromhex(${pick(r, ["'00ff'", "'0 1'", "'zz'", "'aB cd'"])})`,
    () => `sorted([${many(r, 3, bytesText)}])`,
    () => `(b'%s|%d' % (${bytesText(r)}, ${smallInt(r)}))`,
  ])(r);

const setText: Make = (r) =>
  pick<Make>(r, [
    () => `{${many(r, 1 + r.below(4), pick(r, [smallInt, plainWord, anything]))}}`,
    () => 'set()',
    () => `set(${pick(r, [plainWord(r), `range(${r.below(6)})`, `[${many(r, 3, smallInt)}]`])})`,
    () => `frozenset([${many(r, r.below(4), pick(r, [smallInt, plainWord]))}])`,
  ])(r);
const shown = (e: string): string => `sorted(${e}, key=repr)`;
const setUse: Make = (r) =>
  pick<Make>(r, [
    () => shown(`${setText(r)} ${pick(r, ['|', '&', '-', '^'])} ${pick(r, [setText, setText, anything])(r)}`),
    () =>
      `(${setText(r)} ${pick(r, ['<', '<=', '>', '>=', '==', '!='])} ${pick(r, [setText, setText, anything])(r)})`,
    () =>
      shown(
        `${setText(r)}.${pick(r, ['union', 'intersection', 'difference', 'symmetric_difference'])}(${pick(r, [setText, plainWord, anything])(r)})`,
      ),
    () =>
      `${setText(r)}.${pick(r, ['issubset', 'issuperset', 'isdisjoint'])}(${pick(r, [setText, plainWord, anything])(r)})`,
    () => `(${anything(r)} in ${setText(r)})`,
    () => `len(${setText(r)})`,
    () =>
      shown(`{${pick(r, ['q', 'q * 2', 'q % 3', 'str(q)'])} for q in ${pick(r, [setText(r), 'range(7)'])}}`),
    () => `repr(${pick(r, ['set()', 'frozenset()', '{1}', "frozenset(['a'])", '{1, 1.0, True}', '{()}'])})`,
    () => `{frozenset([1]): ${smallInt(r)}}[frozenset([1])]`,
    () => `hash(frozenset([${many(r, 2, smallInt)}])) == hash(frozenset([1, 2]))`,
    () => `{${pick(r, ['[]', '{}', '{1}', '([],)', "{'a': []}"])}}`,
  ])(r);
const setChange: Make = (r) =>
  pick<Make>(r, [
    () => `s.add(${anything(r)})`,
    () => `s.discard(${anything(r)})`,
    () => `s.remove(${pick(r, [smallInt, plainWord, anything])(r)})`,
    () => `s.update(${pick(r, [setText, plainWord, anything])(r)})`,
    () => `s ${pick(r, ['|=', '&=', '-=', '^='])} ${pick(r, [setText, setText, anything])(r)}`,
    () =>
      `s.${pick(r, ['intersection_update', 'difference_update', 'symmetric_difference_update'])}(${setText(r)})`,
    () => 's.clear()',
    () => 's.pop()',
  ])(r);

const textUse: Make = (r) => {
  const s = word(r);
  const w = (): string => pick(r, [word, word, plainWord, anything])(r);
  return pick<Make>(r, [
    () =>
      `${s}.${pick(r, ['upper', 'lower', 'title', 'swapcase', 'capitalize', 'strip', 'split', 'splitlines', 'casefold', 'isalpha', 'isdigit', 'isspace', 'isupper', 'islower', 'istitle', 'isalnum', 'isascii', 'isidentifier', 'isprintable', 'isdecimal', 'isnumeric', 'rsplit', 'lstrip', 'rstrip', 'expandtabs'])}()`,
    () =>
      `${s}.${pick(r, ['find', 'count', 'index', 'rfind', 'rindex', 'startswith', 'endswith', 'split', 'rsplit', 'partition', 'rpartition', 'strip', 'lstrip', 'rstrip', 'removeprefix', 'removesuffix', 'join'])}(${w()})`,
    () =>
      `${s}.${pick(r, ['find', 'count', 'index', 'rfind', 'rindex', 'startswith', 'endswith'])}(${plainWord(r)}, ${bound(r) || '0'}${maybe(r, `, ${bound(r) || '3'}`)})`,
    () =>
      `${s}.${pick(r, ['split', 'rsplit'])}(${pick(r, ['None', "'a'", "' '", "','", "''"])}, ${r.below(5) - 1})`,
    () => `${s}.replace(${plainWord(r)}, ${w()}${maybe(r, `, ${r.below(4) - 1}`)})`,
    () =>
      `${s}.${pick(r, ['center', 'ljust', 'rjust'])}(${r.below(14) - 1}${maybe(r, `, ${pick(r, ["'*'", "'é'", "'ab'", "''", '1'])}`)})`,
    () => `${s}.zfill(${r.below(10)})`,
    () => `${s}.splitlines(${pick(r, ['True', 'False', 'keepends=True', '1'])})`,
    () => `${s}.expandtabs(${r.below(9) - 1})`,
    () => `${s}.translate({97: ${pick(r, ['None', "'xy'", '98', "''", '1.5'])}, 32: '_'})`,
    () =>
      `${s}.translate(str.maketrans(${pick(r, ["'ab', 'xy'", "'ab', 'x'", "{'a': 'b', 'X': None}", "'a', 'b', 'c'", "{'ab': 1}"])}))`,
    () => `${s}${sliceText(r)}`,
    () => `${s}[${r.below(12) - 6}]`,
    () => `${s} * ${r.below(4) - 1}`,
    () => `(${w()} + ${w()})`,
    () => `(${w()} in ${s})`,
    () => `(${s} ${pick(r, ['<', '<=', '==', '>', '>='])} ${word(r)})`,
    () => `repr(${s} + ${word(r)})`,
    () => `ascii(${s})`.replace('ascii', pick(r, ['repr', 'str'])),
    () =>
      `${pick(r, ["', '", "''", "'é'"])}.join(${pick(r, [`[${many(r, 3, word)}]`, `${word(r)}`, `(str(q) for q in range(${r.below(5)}))`, '[1]', `[${word(r)}, 5]`, "{'a': 1}"])})`,
    () => `sorted(${s})`,
    () => `[ord(q) for q in ${s}]`,
    () =>
      `${s}.encode(${pick(r, ['', "'ascii'", "'latin-1'", "'utf-8'", "'utf-16-be'", "'latin-1', 'ignore'", "'ascii', 'replace'"])})`,
    () => `chr(${pick(r, ['65', '0x1f40d', '-1', '0x110000', "'a'", '8364', '0xe9'])})`,
    () => `ord(${pick(r, ["'a'", "''", "'ab'", '1', "'€'", "b'a'"])})`,
    () => `max(${s}, ${word(r)})`,
    () => `len(${s})`,
    () =>
      `${s}.${pick(r, ['upper', 'find', 'strip', 'center', 'split'])}(${pick(r, ['1, 2, 3, 4, 5', 'x=1', '', '[]', 'None, None'])})`,
  ])(r);
};

const intUse: Make = (r) =>
  pick<Make>(r, [
    () =>
      `(${bigInt(r)} ${pick(r, ['+', '-', '*', '//', '%', '/', '&', '|', '^', '<', '==', '>='])} ${bigInt(r)})`,
    () => `(${bigInt(r)} ${pick(r, ['+', '-', '*', '//', '%', '/', '<', '==', '>='])} ${floatText(r)})`,
    () => `(${floatText(r)} ${pick(r, ['+', '-', '*', '//', '%', '/', '<', '==', '**'])} ${numberText(r)})`,
    () =>
      `(${bigInt(r)} ${pick(r, ['<<', '>>'])} ${pick(r, [String(r.below(100)), '-1', '2**70', 'True', '1.0'])})`,
    () => `(${smallInt(r)}) ** ${r.below(30) - 3}`,
    () => `pow(${bigInt(r)}, ${r.below(50)}, ${pick(r, [bigInt, smallInt])(r)})`,
    () => `pow(${smallInt(r)}, ${r.below(12) - 3}${maybe(r, `, ${smallInt(r)}`)})`,
    () => `divmod(${numberText(r)}, ${numberText(r)})`,
    () => `round(${numberText(r)}${maybe(r, `, ${r.below(8) - 4}`)})`,
    () => `round(${floatText(r)}, ${r.below(20) - 3})`,
    () => `${pick(r, ['int', 'float', 'bool', 'abs', 'str', 'repr', 'hex', 'oct'])}(${numberText(r)})`,
    () =>
      `int(${pick(r, ["'12'", "' 7 '", "'1_000'", "'1__0'", "'0x1f', 16", "'0b11', 0", "'z', 36", "'9', 8", "''", "'-'", "'+5'", "'1.5'", "'٣'", "b'12'", "'07'", "'07', 0", "'1', 1", "'0o17', 0", "'ff', 16", '[]', 'None', "'1e3'", '1.9, 10', "'- 1'", "'1' * 30", "'\\n3\\t'"])})`,
    () =>
      `float(${pick(r, ["'1.5'", "' 7e3 '", "'1_0.5'", "'nan'", "'-inf'", "'Infinity'", "'.5'", "'5.'", "'.'", "''", "'1e'", "'0x1'", "'1e400'", "'1e-400'", 'None', '10**400', "'٣.٥'", "b'1.5'", "'1,5'", "'123456789012345678901234567890'"])})`,
    () =>
      `(${bigInt(r)}).${pick(r, ['bit_length()', 'real', 'imag', 'numerator', 'conjugate()', 'bit_count()', "to_bytes(40, 'big', signed=True)", 'as_integer_ratio()'])}`,
    () =>
      `(${floatText(r)}).${pick(r, ['is_integer()', 'real', 'imag', 'hex()', 'as_integer_ratio()', 'conjugate()'])}`,
    () => `${pick(r, ['sum', 'max', 'min'])}([${many(r, 3, numberText)}])`,
    () => `sum([${many(r, 2, numberText)}], ${anything(r)})`,
    () => `(-(${numberText(r)}), +(${numberText(r)}), ${pick(r, ['not ', '~'])}(${numberText(r)}))`,
    () => `hash(${numberText(r)}) == hash(${numberText(r)})`,
    () => `{${bigInt(r)}: 1, ${smallInt(r)}: 2, 1: 3, True: 4, 1.0: 5}`,
    () =>
      `(${anything(r)} ${pick(r, ['+', '-', '*', '/', '//', '%', '**', '<<', '&', '|', '<', '>=', '=='])} ${anything(r)})`,
    () => `complex(${smallInt(r)}, ${floatText(r)})`,
    () => `(${smallInt(r)} + ${r.below(9)}j) ${pick(r, ['+', '-', '*', '/', '==', '<'])} (${numberText(r)})`,
  ])(r);

const sequenceUse: Make = (r) => {
  const list = (): string => `[${many(r, r.below(6), pick(r, [smallInt, plainWord, anything]))}]`;
  const sequence = (): string =>
    pick(r, [
      list(),
      `(${many(r, r.below(4), smallInt)}${maybe(r, '')},)`.replace('(,)', '()'),
      word(r),
      `range(${smallInt(r)}, ${smallInt(r)}, ${pick(r, ['1', '2', '-1', '-3'])})`,
      bytesText(r),
    ]);
  return pick<Make>(r, [
    () => `${sequence()}${sliceText(r)}`,
    () => `${sequence()}[${pick(r, [String(r.below(8) - 4), 'True', 'None', "'a'", '1.0', '2**70'])}]`,
    () => `${sequence()}.${pick(r, ['index', 'count'])}(${anything(r)})`,
    () => `list(reversed(${sequence()}))`,
    () => `list(enumerate(${sequence()}${maybe(r, `, ${smallInt(r)}`)}))`,
    () => `list(zip(${sequence()}, ${sequence()}))`,
    () => `list(map(${pick(r, ['str', 'lambda q: (q, 1)', 'repr', 'lambda q, w: q'])}, ${sequence()}))`,
    () => `list(filter(${pick(r, ['None', 'lambda q: q', 'lambda q: q == 1'])}, ${sequence()}))`,
    () => `${sequence()} + ${sequence()}`,
    () => `${sequence()} * ${pick(r, ['0', '2', '-1', 'True', "'a'", '1.5'])}`,
    () => `(${anything(r)} ${pick(r, ['in', 'not in'])} ${sequence()})`,
    () => `(${sequence()} ${pick(r, ['<', '==', '>=', '!='])} ${sequence()})`,
    () => `${pick(r, ['min', 'max', 'sum', 'any', 'all', 'len', 'list', 'tuple'])}(${sequence()})`,
    () =>
      `${pick(r, ['min', 'max'])}(${sequence()}, key=${pick(r, ['repr', 'lambda q: -q', 'str'])}${maybe(r, ', default=9')})`,
    () => `range(${smallInt(r)}, ${smallInt(r)}, ${pick(r, ['1', '2', '-1', '0', '-7'])})`,
    () =>
      `${pick(r, ['list', 'tuple', 'sum', 'len'])}(range(${smallInt(r)}, ${smallInt(r)}, ${pick(r, ['5', '2', '-1', '-7'])}))`,
    () => `range(${r.below(20)})${sliceText(r)}`,
    () => `(${smallInt(r)} in range(${smallInt(r)}, ${smallInt(r)}, ${pick(r, ['3', '-2'])}))`,
    () => `slice(${bound(r) || '1'}, ${bound(r) || '2'})`,
    () => `slice(${r.below(9) - 4}, ${r.below(9) - 4}, ${pick(r, ['1', '-1', '2'])}).indices(${r.below(7)})`,
    () => `next(iter(${sequence()})${maybe(r, ", 'none'")})`,
    () => `[*${sequence()}, *${sequence()}]`,
    () => `(*${sequence()}, 5)`,
    () => `{**{'a': 1}, **${pick(r, ["{'a': 2}", '{}', '{3: 4}', '[1]', 'None'])}}`,
  ])(r);
};

const listChange: Make = (r) => {
  const value = (): string => pick(r, [anything, smallInt])(r);
  const list = (): string => `[${many(r, r.below(5), pick(r, [smallInt, plainWord]))}]`;
  return pick<Make>(r, [
    () => `v${sliceText(r)} = ${pick(r, [list(), plainWord(r), 'range(2)', '(1, 2)', '5', "{'k': 1}", 'v'])}`,
    () => `del v${sliceText(r)}`,
    () => `v[${pick(r, [String(r.below(10) - 5), "'a'", 'True', '1.5'])}] = ${value()}`,
    () => `del v[${r.below(10) - 5}]`,
    () => `v.insert(${pick(r, [String(r.below(10) - 5), '10**20', '-10**20', "'a'"])}, ${value()})`,
    () => `v.pop(${pick(r, ['', '', String(r.below(8) - 4), "'x'"])})`,
    () => `v.remove(${value()})`,
    () => `v.extend(${pick(r, [list(), plainWord(r), 'v', '5', "{'k': 1}", 'range(2)'])})`,
    () =>
      `v.sort(${pick(r, ['', 'reverse=True', 'key=repr', 'key=lambda q: (str(q), 1)', 'key=str, reverse=True', 'lambda q: q', 'key=None', 'key=len'])})`,
    () => 'v.reverse()',
    () => `v += ${pick(r, [list(), plainWord(r), '5', '(1,)', 'v'])}`,
    () => `v *= ${pick(r, ['2', '0', '-1', "'a'", 'True'])}`,
    () => 'v.append(v[:2])',
    () => 'v = v.copy()',
    () => 'v.clear()',
    () => `v.index(${value()}, ${r.below(6) - 3}, ${r.below(6)})`,
  ])(r);
};

const key: Make = (r) =>
  pick(r, [
    "'a'",
    "'b'",
    '1',
    '2',
    '1.0',
    'True',
    'None',
    '()',
    "(1, 'a')",
    "b'a'",
    '[]',
    '2**70',
    'frozenset([1])',
    '1.5',
  ]);
const dictText: Make = (r) =>
  pick<Make>(r, [
    () => `{${Array.from({ length: r.below(4) }, () => `${key(r)}: ${anything(r)}`).join(', ')}}`,
    () => `dict(a=${anything(r)}, b=${smallInt(r)})`,
    () => `dict([(${key(r)}, ${anything(r)}), (${key(r)}, 2)])`,
    () => `{q: q * 2 for q in ${pick(r, ['range(4)', plainWord(r), '(1, 2)'])}}`,
    () => `dict(zip('abc', range(3)))`,
    () => `dict.fromkeys(${pick(r, ["'ab'", '[1, 2]', "('x',), 5"])})`,
  ])(r);
const dictUse: Make = (r) =>
  pick<Make>(r, [
    () => `${dictText(r)}[${key(r)}]`,
    () => `${dictText(r)}.get(${key(r)}${maybe(r, ", 'd'")})`,
    () => `${dictText(r)} ${pick(r, ['==', '!=', '|', '<'])} ${dictText(r)}`,
    () => `list(${dictText(r)}.${pick(r, ['items', 'keys', 'values'])}())`,
    () => `len(${dictText(r)}.${pick(r, ['items', 'keys', 'values'])}())`,
    () => `(${key(r)} in ${dictText(r)})`,
    () =>
      `sorted(${dictText(r)}.keys() ${pick(r, ['|', '&', '-', '^'])} ${pick(r, [`${dictText(r)}.keys()`, "['a', 1]", "{'a'}"])}, key=repr)`,
    () => `list(reversed(${dictText(r)}))`,
    () =>
      `sorted(${dictText(r)}.items(), key=lambda q: ${pick(r, ['repr(q[0])', 'repr(q[1])', '(repr(q[1]), repr(q))', 'q[0]'])}${maybe(r, ', reverse=True')})`,
    () => `[(q, w) for q, w in ${dictText(r)}.items() if ${pick(r, ['w', 'q', 'w != 2'])}]`,
    () => `max(${dictText(r)}, key=lambda q: repr(q))`,
    () =>
      `dict(${pick(r, ['[1]', "['ab', 'cd']", "[('a',)]", '5', "a=1, **{'a': 2}", "{'x': 1}, y=2", '[(1, 2, 3)]', 'None'])})`,
    () => `len(${dictText(r)})`,
    () => `str(${dictText(r)})`,
    () => `{**${dictText(r)}, **${dictText(r)}}`,
  ])(r);
const dictChange: Make = (r) =>
  pick<Make>(r, [
    () => `d[${key(r)}] = ${anything(r)}`,
    () => `del d[${key(r)}]`,
    () => `out.append(d.pop(${key(r)}${maybe(r, ', 0')}))`,
    () => 'out.append(d.popitem())',
    () => `out.append(d.setdefault(${key(r)}${maybe(r, ', []')}))`,
    () =>
      `d.update(${pick(r, [dictText(r), "[('z', 1)]", 'x=1', '5', "['ab']", "{'a': 0}, b=9", '[(1,)]'])})`,
    () => `d |= ${pick(r, [dictText(r), "[('z', 1)]", '5'])}`,
    () => 'd.clear()',
    () => 'd = d.copy()',
    () => `for q in d: d[${key(r)}] = 1`,
    () => `for q in list(d): del d[q]`,
  ])(r);

const exceptionNames = [
  'ValueError',
  'TypeError',
  'KeyError',
  'IndexError',
  'AttributeError',
  'RuntimeError',
  'ZeroDivisionError',
  'Exception',
  'ArithmeticError',
  'LookupError',
  'AssertionError',
  'NotImplementedError',
  'StopIteration',
  'OSError',
  'UnicodeError',
  'OverflowError',
  'NameError',
];
function exceptions(r: Random): string[] {
  const args = (): string =>
    pick(r, ['', "'message'", "'a', 2", '1', 'None', '()', "'it\\'s'", "['x']", "'two', 'words', 3", "'é'"]);
  const failing = (): string =>
    pick(r, [
      `raise ${pick(r, exceptionNames)}(${args()})`,
      `raise ${pick(r, exceptionNames)}`,
      '1 / 0',
      '1 % 0',
      '1.5 // 0',
      '[][3]',
      "{}['k']",
      "{}[(1, 'a')]",
      "int('x')",
      'undefined_name',
      'None.x',
      "'a' + 1",
      'a, b = 1, 2, 3',
      'a, b, *c = [1]',
      'len(5)',
      '5()',
      "'abc'.index('z')",
      '[].pop()',
      "assert 0, 'told'",
      'assert []',
      "raise My(1, 'x')",
      'next(iter([]))',
      "'x'.nope",
      'raise 5',
      "raise 'text'",
      'local_later',
      'x.y = 1',
      'pass',
      'out.append(7)',
    ]);
  const catching = (): string =>
    pick(r, [
      ...exceptionNames,
      '(ValueError, KeyError)',
      '(TypeError, LookupError, ArithmeticError)',
      'My',
      'Other',
    ]);
  const lines = ['class My(Exception): pass', 'class Other(My, ValueError): pass', 'x = (1, 2)'];
  const inner = [
    'try:',
    `    ${failing()}`,
    `except ${catching()} as e:`,
    `    out.append(('inner', repr(e), str(e), e.args))`,
    ...(r.below(3) === 0
      ? [pick(r, ['    raise', `    raise ${pick(r, exceptionNames)}(${args()}) from e`, `    ${failing()}`])]
      : []),
    ...(r.below(3) === 0 ? ['except Exception as e:', "    out.append(('second', repr(e)))"] : []),
    ...(r.below(3) === 0 ? ['else:', "    out.append('else')"] : []),
    ...(r.below(3) === 0 ? ['finally:', pick(r, ["    out.append('finally')", `    ${failing()}`])] : []),
  ];
  lines.push(
    'def work(n):',
    ...[...inner, `return ${pick(r, ["'end'", 'n', 'e', 'out[-1:]'])}`].map((l) => `    ${l}`),
  );
  lines.push(
    'for n in range(2):',
    '    try:',
    '        out.append(work(n))',
    `    except ${pick(r, ['Exception', 'Exception', catching()])} as e:`,
    '        out.append((repr(e), isinstance(e, LookupError)))',
  );
  if (r.below(3) === 0)
    lines.push('    finally:', pick(r, ["        out.append('outer')", '        continue', '        break']));
  if (r.below(4) === 0) lines.push(...seen('e'));
  if (r.below(5) === 0) lines.push('if 0: local_later = 1');
  return lines;
}

function scoping(r: Random): string[] {
  const lines = ['q = 100', `base = [${many(r, 3, smallInt)}]`];
  const e = (): string =>
    pick(r, [
      'q',
      'q * 2',
      '(q, w)',
      'w',
      'str(q)',
      'q + base[0]',
      '[q for q in range(2)]',
      '(lambda q: q)(5)',
      '(lambda: q)()',
      'q if q else w',
    ]);
  lines.push('w = 7');
  lines.push(
    ...seen(
      `[${e()} for q in base${maybe(r, ' if q')}${maybe(r, ' for w in range(2)')}${maybe(r, ' if w != 1')}]`,
      `{${e().replace('[q for q in range(2)]', 'q')}: ${e()} for q in ${pick(r, ['base', 'range(3)', "'ab'"])}}`,
      `list(${e()} for q in base for w in ${pick(r, ['[q]', 'range(1)', '(q, 1)'])})`,
      '(q, w)',
    ),
  );
  const fs = pick(r, [
    ['fs = [lambda: q for q in range(3)]', 'out.append([f() for f in fs])'],
    ['fs = [lambda q=q: q for q in range(3)]', 'out.append([f() for f in fs])'],
    [
      'fs = []',
      'for i in range(3):',
      '    def f(a, b=i): return (a, b, i)',
      '    fs.append(f)',
      'out.append([f(9) for f in fs])',
    ],
    [
      'def outer(n):',
      '    seen = []',
      '    def inner(k):',
      '        seen.append(k + n)',
      '        return len(seen)',
      '    return inner',
      'f = outer(3)',
      'out.append((f(1), f(2), outer(1)(1)))',
    ],
    [
      'def outer():',
      '    x = 1',
      '    def inner():',
      `        ${pick(r, ['return x', 'x = 2; return x', 'x = x + 1; return x', 'return [x for x in range(3)] + [x]'])}`,
      '    return (inner(), x)',
      ...seen('outer()'),
    ],
    ['def f(n): return n if n < 2 else f(n - 1) + f(n - 2)', `out.append(f(${r.below(12)}))`],
    ['def f():', '    if 0: y = 1', '    return y', ...seen('f()')],
    ['def f():', '    for z in range(2): pass', '    del z', '    return z', ...seen('f()')],
    ['def f():', '    return later', ...seen('f()'), 'later = 5', ...seen('f()')],
    [
      'def gen(n):',
      '    for i in range(n):',
      `        ${pick(r, ['yield i', 'x = yield i\n        out.append(x)', 'yield i; yield -i'])}`,
      `    ${pick(r, ['return 5', 'yield from [7, 8]', "yield 'end'"])}`,
      `out.append(list(gen(${r.below(4)})))`,
      `g = gen(2)`,
      ...seen('next(g)', 'next(g)', 'next(g)', "next(g, 'none')", 'sum([1 for z in g])'),
    ],
    [
      'class A:',
      '    n = 1',
      '    def m(self): return self.n',
      'class B(A):',
      `    ${pick(r, ['n = 2', 'def m(self): return (A.m(self), 5)', 'pass', 'def __init__(self, n=9): self.n = n', 'def __eq__(self, o): return True', 'def __lt__(self, o): return self.n < o.n', 'def __contains__(self, o): return o == 1'])}`,
      'b = B()',
      ...seen('b.m()', 'b.n', 'b == A()', '1 in b', 'b < A()', 'isinstance(b, A)', 'b.z', 'A.n', 'B(1, 2)'),
    ],
    [
      'total = 0',
      'for i, (a, *b) in enumerate([(1, 2, 3), "xyz", [4]]):',
      '    total += i',
      '    out.append((i, a, b))',
      'else:',
      '    out.append(total)',
    ],
    [
      'x = y = [1]',
      'x += [2]',
      'out.append((x, y, x is y))',
      'x = x + [3]',
      'out.append((x, y))',
      '(a, b), c = (1, 2), 3',
      'a, b = b, a',
      'out.append((a, b, c))',
    ],
    [
      'n = 10',
      'while (n := n - 3) > 0:',
      '    out.append(n)',
      'else:',
      "    out.append('done')",
      'out.append([y := 5, y ** 2, (z := y + 1)])',
      ...seen('z'),
      'out.append([last := t for t in range(3)])',
      ...seen('last'),
    ],
    [
      'i = 5',
      'for i in range(3):',
      '    for j in range(3):',
      `        if j == ${r.below(3)}: ${pick(r, ['break', 'continue'])}`,
      '        out.append((i, j))',
      '    else:',
      "        out.append('full')",
      `    if i == ${r.below(4)}: ${pick(r, ['break', 'continue'])}`,
      'else:',
      "    out.append('all')",
      'out.append(i)',
    ],
  ]);
  return [...lines, ...fs];
}

function calls(r: Random): string[] {
  const params = pick(r, [
    '',
    'a',
    'a, b',
    'a, b=2',
    'a=1, b=2',
    '*a',
    '**k',
    'a, *b',
    'a, **k',
    'a, *b, **k',
    'a, /',
    'a, /, b',
    'a, *, b',
    'a, *, b=3',
    'a=1, /, b=2, *, c, d=4',
    'a, b, c=3, *d, e, f=6, **g',
    '*, a',
    '*a, b',
  ]);
  const names = [...params.matchAll(/[a-gk](?![a-z])/g)].map((m) => m[0]);
  const arg = (): string =>
    pick(r, [
      smallInt(r),
      plainWord(r),
      'a=1',
      'b=2',
      'c=3',
      'e=5',
      'z=9',
      '*[1, 2]',
      "*'xy'",
      "**{'a': 1}",
      "**{'b': 2, 'q': 1}",
      '*()',
      '**{}',
      '*5',
      '**5',
      '**{1: 2}',
      'f=1',
    ]);
  const call = (): string => {
    const args = Array.from({ length: r.below(4) }, arg);
    const rank = (s: string): number =>
      s.startsWith('**') ? 3 : s.startsWith('*') ? 1 : /^[a-z]=/.test(s) ? 2 : 0;
    args.sort((x, y) => rank(x) - rank(y));
    return args
      .filter((s, i) => !/^[a-z]=/.test(s) || args.findIndex((t) => t.startsWith(s.slice(0, 2))) === i)
      .join(', ');
  };
  return [
    `def fn(${params}): return (${names.map((n) => `${n},`).join(' ')})`,
    ...seen(
      `fn(${call()})`,
      `fn(${call()})`,
      `fn(${call()})`,
      `(lambda ${params}: (${names.map((n) => `${n},`).join(' ')}))(${call()})`,
    ),
  ];
}

function unpacking(r: Random): string[] {
  const targets = pick(r, [
    'a, b',
    'a, *b',
    '*a, b',
    'a, *b, c',
    '(a, (b, c))',
    'a, (b, *c), d',
    '*a,',
    'a,',
    'a, b, c',
    '(a, b), *c',
  ]);
  const names = [...new Set(targets.match(/[a-d]/g))];
  const value = pick(r, [
    '1, 2',
    '[1, 2, 3]',
    "'abc'",
    '(1, (2, 3), 4)',
    '[[1, 2], 3]',
    'range(3)',
    '5',
    'None',
    '()',
    '{1: 2, 3: 4}',
    "['ab', 'cd']",
    '(q for q in range(2))',
    "b'ab'",
    "('x',)",
    '1, (2, 3)',
  ]);
  return [
    'try:',
    `    ${targets} = ${value}`,
    `    out.append((${names.join(', ')},))`,
    'except Exception as e:',
    '    out.append(repr(e))',
    'try:',
    `    for ${targets} in [${value}, ${value}]:`,
    `        out.append((${names.join(', ')},))`,
    'except Exception as e:',
    '    out.append(repr(e))',
    ...seen(
      `[(${names.join(', ')},) for ${targets.includes('*a,') || targets === 'a,' ? `(${targets})` : targets} in [(${value})]]`,
    ),
  ];
}

function chained(r: Random): string[] {
  const op = (): string => pick(r, ['<', '<=', '>', '>=', '==', '!=', 'in', 'not in', 'is', 'is not']);
  const operand = (): string =>
    pick(r, [
      `t(${smallInt(r)})`,
      `t(${floatText(r)})`,
      `t(${plainWord(r)})`,
      't([1, 2])',
      't(tuple([1]))',
      't(None)',
      't({1})',
      "t('abc')",
      't(1)',
      't(True)',
    ]);
  return [
    'def t(v):',
    '    out.append(v)',
    '    return v',
    ...seen(
      `(${operand()} ${op()} ${operand()} ${op()} ${operand()})`,
      `(${operand()} ${pick(r, ['and', 'or'])} ${operand()} ${pick(r, ['and', 'or'])} ${pick(r, ['', 'not '])}${operand()})`,
      `(${operand()} if ${operand()} else ${operand()})`,
      `(${operand()} ${op()} ${operand()} ${op()} ${operand()} ${op()} ${operand()})`,
    ),
  ];
}

function sorting(r: Random): string[] {
  const item = (): string =>
    pick(r, [
      `(${r.below(3)}, ${plainWord(r)})`,
      `[${r.below(4)}, ${r.below(4)}]`,
      plainWord(r),
      smallInt(r),
      floatText(r),
      'None',
      'True',
    ]);
  const kind = r.below(3);
  const items = Array.from({ length: 2 + r.below(7) }, () =>
    kind === 0
      ? `(${r.below(3)}, ${plainWord(r)})`
      : kind === 1
        ? pick(r, [smallInt, floatText, bigInt])(r)
        : item(),
  );
  const k = (): string =>
    pick(r, [
      'repr',
      'str',
      'lambda q: q[0]',
      'lambda q: -q',
      'lambda q: (q is None, q)',
      'len',
      'lambda q: 0',
      'None',
      'lambda q: q[1]',
      'lambda q: [q]',
      'lambda q: str(q).upper()',
    ]);
  return [
    `v = [${items.join(', ')}]`,
    ...seen(
      `sorted(v${maybe(r, `, key=${k()}`)}${maybe(r, `, reverse=${pick(r, ['True', 'False', '1', '0'])}`)})`,
      `sorted(v, key=${k()})`,
      `${pick(r, ['min', 'max'])}(v, key=${k()})`,
      `sorted(enumerate(v), key=lambda p: ${pick(r, ['p[1]', '(p[1], -p[0])', '-p[0]', 'repr(p[1])'])})`,
    ),
    `try:`,
    `    v.sort(${pick(r, ['', `key=${k()}`, 'reverse=True', `key=${k()}, reverse=True`])})`,
    '    out.append(v)',
    'except Exception as e:',
    '    out.append(repr(e))',
  ];
}

function modules(r: Random): string[] {
  const f = pick(r, [
    'sqrt',
    'floor',
    'ceil',
    'sin',
    'cos',
    'exp',
    'log',
    'log10',
    'log2',
    'fabs',
    'trunc',
    'isnan',
    'isinf',
    'radians',
    'degrees',
    'atan',
    'factorial',
    'isfinite',
    'frexp',
    'modf',
    'isqrt',
    'cbrt',
    'expm1',
    'log1p',
    'asin',
    'tanh',
    'exp2',
  ]);
  const g = pick(r, [
    'gcd',
    'pow',
    'fmod',
    'atan2',
    'hypot',
    'copysign',
    'ldexp',
    'comb',
    'perm',
    'lcm',
    'isclose',
    'remainder',
    'log',
    'nextafter',
    'dist',
  ]);
  const exact = [
    'floor',
    'ceil',
    'trunc',
    'factorial',
    'isqrt',
    'isnan',
    'isinf',
    'isfinite',
    'frexp',
    'modf',
    'fabs',
    'sqrt',
  ].includes(f);
  const round = (e: string): string => (exact ? e : `'%.10g' % ${e}`);
  return [
    'import math',
    'import string',
    ...seen(
      round(`math.${f}(${numberText(r)})`),
      `math.${f}(${pick(r, ["'a'", 'None', '', '1, 2, 3', '[]', '-1', '-1.5', '0', '1e400'])})`.replace(
        /^(.*)$/,
        (m) => (exact ? m : `'%.10g' % ${m}`),
      ),
      `'%.10g' % math.${g}(${numberText(r)}, ${numberText(r)})`,
      `math.gcd(${bigInt(r)}, ${bigInt(r)})`,
      `math.fsum([${many(r, 3, floatText)}])`,
      `math.${pick(r, ['pi', 'e', 'inf', 'tau', 'nope'])}`,
      `string.${pick(r, ['digits', 'ascii_letters', 'punctuation', 'hexdigits', 'whitespace', 'printable', 'nope', "capwords('a bc  d')", "capwords('a-bc-d', '-')"])}`,
      `math.${pick(r, ['prod', 'fsum', 'hypot'])}(${pick(r, ['[1, 2, 3]', '[]', '(0.1, 0.2)', "['a']", '5', '[2**70, 3]'])})`,
    ),
  ];
}

function several(r: Random, make: Make, n = 4): string[] {
  return seen(...Array.from({ length: n }, () => make(r)));
}

function changes(r: Random, start: string, name: string, change: Make, shownAs: string): string[] {
  const lines = [`${name} = ${start}`];
  for (let i = 0; i < 3; i++)
    lines.push(
      'try:',
      `    ${change(r)}`,
      'except Exception as e:',
      '    out.append(repr(e))',
      `out.append(${shownAs})`,
    );
  return lines;
}

const FEATURES: Readonly<Record<string, (r: Random) => string[]>> = {
  percent: (r) => several(r, percent),
  format: (r) => ['x = 7', ...several(r, formatted)],
  bytes: (r) => several(r, bytesUse),
  sets: (r) => several(r, setUse),
  'changed sets': (r) => changes(r, setText(r), 's', setChange, 'sorted(s, key=repr)'),
  text: (r) => several(r, textUse),
  numbers: (r) => several(r, intUse),
  sequences: (r) => several(r, sequenceUse),
  'changed lists': (r) =>
    changes(r, `[${many(r, r.below(6), pick(r, [smallInt, plainWord]))}]`, 'v', listChange, 'v'),
  dicts: (r) => several(r, dictUse),
  'changed dicts': (r) => changes(r, dictText(r), 'd', dictChange, 'd'),
  exceptions,
  scoping,
  calls,
  unpacking,
  chained,
  sorting,
  modules,
};
const KINDS = Object.values(FEATURES);

/** The body of a function about one feature. */
export function featureProgram(random: Random): string {
  return ['out = []', ...random.pick(KINDS)(random), 'return out'].join('\n');
}
