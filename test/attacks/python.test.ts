/** Script (Python) and Python expressions: every way from every value, each attempt, and what a budget stops. */
import { describe, expect, it } from 'vitest';
import {
  Budget,
  BudgetError,
  compileExpression,
  compileFunction,
  PyError,
  withBudget,
} from '../../src/restricted/index.ts';
import { allowAll, bindings, denyAll, everyAttempt, runPython } from './lab.ts';
import { PYTHON } from './python.ts';

denyAll();

const VALUES: Record<string, string> = {
  text: "'text'",
  int: '1',
  'large int': '2**80',
  float: '1.5',
  'integral float': '1.0',
  complex: '1j',
  bool: 'True',
  none: 'None',
  list: '[1]',
  tuple: '(1,)',
  dict: "{'a': 1}",
  set: '{1}',
  bytes: "b'x'",
  range: 'range(3)',
  slice: 'slice(1)',
  ellipsis: '...',
  lambda: '(lambda: 1)',
  'built-in function': 'len',
  'list function': 'list',
  type: 'str',
  module: 'math',
  'bound method': "'x'.upper",
  generator: '(x for x in [1])',
  iterator: 'iter([1])',
  'dict view': '{}.items()',
  exception: "ValueError('x')",
  'exception class': 'ValueError',
  'host object': 'host',
  'method of a host object': 'host.method',
  'undeclared host object': 'opaque',
  'plain host object': 'plain',
  'host function': 'hostFunction',
  promise: 'promise',
  date: 'date',
};

/** JavaScript's ways to the host, and Python's. */
const NAMES = [
  'constructor',
  'prototype',
  'toString',
  'valueOf',
  'hasOwnProperty',
  'isPrototypeOf',
  'then',
  'caller',
  'callee',
  'arguments',
  'call_',
  'apply',
  'bind',
  'stack',
  'cause',
  'code',
  'call',
  'length',
  'raw',
  'mro_',
  'fn',
  'direct',
  'attributes_',
  'operators',
  'lookup',
  'construct',
  'cls',
  'dict',
  'gi_frame',
  'f_globals',
  'secret',
];

describe.each(Object.entries(VALUES))('%s', (_name, source) => {
  it.each(NAMES)('gives no %s', (name) => {
    expect(runPython(`return getattr(${source}, '${name}')`)).toMatch(/^(?:AttributeError|Unauthorized): /);
    expect(runPython(`return ${source}.${name}`)).toMatch(/^(?:AttributeError|Unauthorized|CompileError): /);
    expect(runPython(`return '{0.${name}}'.format(${source})`)).toMatch(/^(?:AttributeError|Unauthorized): /);
    expect(runPython(`return hasattr(${source}, '${name}')`)).toBe(0);
  });

  it.each([
    '__class__',
    '__proto__',
    '__dict__',
    '__globals__',
    '__subclasses__',
    '__init__',
    '__defineGetter__',
    '_private',
    'x__roles__',
  ])('refuses %s', (name) => {
    expect(runPython(`return getattr(${source}, '${name}')`)).toMatch(/^Unauthorized: /);
    expect(runPython(`return getattr(${source}, '${name}', 5)`)).toMatch(/^Unauthorized: /);
    expect(runPython(`return '{0.${name}}'.format(${source})`)).toMatch(/^Unauthorized: /);
    expect(runPython(`return '{a.${name}}'.format_map({'a': ${source}})`)).toMatch(/^Unauthorized: /);
    expect(runPython(`return ${source}.${name}`)).toMatch(/^CompileError: /);
    expect(runPython(`setattr(${source}, '${name}', 1)`)).toMatch(/^Unauthorized: /);
    expect(runPython(`delattr(${source}, '${name}')`)).toMatch(/^Unauthorized: /);
  });

  it.each(['constructor', '__proto__', 'prototype', 'toString'])('has no item %s', (name) => {
    expect(runPython(`return (${source})['${name}']`)).toMatch(/^(?:TypeError|KeyError|Unauthorized): /);
    expect(runPython(`return '{0[${name}]}'.format(${source})`)).toMatch(
      /^(?:TypeError|KeyError|Unauthorized): /,
    );
  });
});

describe('a script', () => {
  everyAttempt(PYTHON, runPython);
});

describe('a module', () => {
  it('gives each reader formats of his own', () => {
    const head = 'from Products.PythonScripts.standard import special_formats\n';
    expect(runPython(`${head}special_formats['html-quote'] = 'changed'\nreturn 1`)).toBe(1);
    expect(runPython(`${head}return special_formats['html-quote']('<')`)).toBe('&lt;');
  });
});

describe('an exception that is being handled', () => {
  // What generators give is not for everybody.
  allowAll();
  const waiting =
    "def g():\n    try:\n        raise ValueError('of this request')\n    except ValueError:\n        yield\n        raise\ng = g()\n";

  it('is that of a generator only while it runs, and nothing to the next request', () => {
    const told = 'try:\n    raise\nexcept Exception as e:\n    return str(e)';
    expect(runPython(`${waiting}for x in g: break\n${told}`)).toBe('No active exception to reraise');
    expect(runPython(`${waiting}for x in g: break\nreturn 1`)).toBe(1);
    expect(runPython(told)).toBe('No active exception to reraise');
  });

  it('is still there when the generator goes on', () => {
    expect(
      runPython(`${waiting}try:\n    for x in g: pass\nexcept ValueError as e:\n    return str(e)`),
    ).toBe('of this request');
  });
});

const EXPRESSIONS: [source: string, answer: RegExp][] = [
  ['1) + (globalThis', /SyntaxError/],
  ['1; 2', /SyntaxError/],
  ['1\n)(2', /SyntaxError/],
  ['x = 1', /SyntaxError/],
  ['host.__class__', /SyntaxError/],
  ['lambda: (yield)', /^value/],
  ['(yield 1)', /SyntaxError/],
  ['[x for x in (yield)]', /SyntaxError/],
  ['await host', /SyntaxError/],
  ['exec("1")', /SyntaxError/],
  ['L', /NameError/],
  ['R', /NameError/],
  ['host.secret', /Unauthorized/],
  ['opaque.secret', /Unauthorized/],
  ['print(1)', /NameError/],
  ['printed', /NameError/],
  ["'{0.secret}'.format(host)", /Unauthorized/],
  ['(lambda: host.secret)()', /Unauthorized/],
  ['[h.secret for h in [host]]', /Unauthorized/],
  [`${'('.repeat(3000)}1${')'.repeat(3000)}`, /SyntaxError/],
  [`${'-'.repeat(100_000)}1`, /SyntaxError/],
  [`${'not '.repeat(100_000)}1`, /SyntaxError/],
  [`${'['.repeat(100_000)}`, /SyntaxError/],
  [`1${'+1'.repeat(100_000)}`, /SyntaxError|^value/],
  [`a${'.b'.repeat(100_000)}`, /SyntaxError|NameError/],
  [`${'lambda: '.repeat(100_000)}1`, /SyntaxError/],
  [`${'1 if 1 else '.repeat(100_000)}1`, /SyntaxError/],
  [`f${"'{".repeat(50)}`, /SyntaxError/],
];

describe('an expression', () => {
  it.each(EXPRESSIONS.map(([source, answer]) => [source.slice(0, 40), source, answer] as const))(
    'gets nowhere with %s',
    (_name, source, answer) => {
      let result: string;
      try {
        const names = bindings();
        const value = compileExpression(source, { filename: 'attack' }).evaluate((name) =>
          Object.hasOwn(names, name) ? names[name] : undefined,
        );
        result = `value ${String(value)}`;
      } catch (error) {
        if (!(error instanceof PyError)) throw error;
        result = `${error.name}: ${error.message.slice(0, 200)}`;
      }
      expect(result).toMatch(answer);
    },
  );
});

describe('a budget stops', () => {
  const endless: [name: string, body: string][] = [
    ['an endless loop', 'while True: pass'],
    [
      'a loop that catches everything',
      'while True:\n    try:\n        while True: pass\n    except:\n        pass',
    ],
    ['a loop in finally', 'try:\n    while True: pass\nfinally:\n    while True: pass'],
    [
      'a return in finally',
      'def f():\n    while True:\n        try:\n            while True: pass\n        finally:\n            continue\nreturn f()',
    ],
    ['an endless for', 'for x in iter(lambda: 1, 2): pass'],
    ['an endless generator', 'def g():\n    while True: yield 1\nreturn list(g())'],
    [
      'recursion that catches its error',
      'def f():\n    try:\n        return f()\n    except:\n        return f()\nreturn f()',
    ],
    ['a comprehension', 'return [0 for a in range(10**6) for b in range(10**6)]'],
    ['a nested sum', 'return sum([sum(range(10**7)) for x in range(10**7)])'],
    ['a sort with a slow key', 'return sorted(range(10**6), key=lambda x: sum(range(1000)))'],
    ['sums of ranges', 'while True: sum(range(100000))'],
    ['membership', 'l = list(range(100000))\nwhile True: -1 in l'],
    ['equal lists', 'a = list(range(100000))\nb = list(range(100000))\nwhile True: a == b'],
  ];
  it.each(endless)('%s', (_name, body) => {
    expect(runPython(body, { steps: 500_000, time: 3000, memory: 24 * 2 ** 20 })).toMatch(/^BUDGET_/);
  });

  const bombs: [name: string, body: string][] = [
    ['repetition of text', "return 'x' * 10**10"],
    ['repetition of a list', 'return [0] * 10**9'],
    ['repetition of bytes', "return b'x' * 10**10"],
    ['doubling of text', "s = 'x'\nwhile True: s = s + s"],
    ['doubling of a list', 'l = [1]\nwhile True: l = l + l'],
    ['doubling in place', 'l = [1]\nwhile True: l += l'],
    ['extending itself', 'l = [1]\nwhile True: l.extend(l)'],
    ['growing a list', 'l = []\nwhile True: l.append([0] * 100)'],
    ['growing a dict', 'd = {}\ni = 0\nwhile True:\n    i += 1\n    d[i] = [i]'],
    ['a list of a range', 'return list(range(10**12))'],
    ['a tuple of a range', 'return tuple(range(10**12))'],
    ['a width of the percent operator', "return '%1000000000d' % 1"],
    ['a precision of the percent operator', "return '%.1000000000f' % 1"],
    ['a width by star', "return '%*d' % (10**9, 1)"],
    ['a width of format', "return '{:1000000000}'.format('x')"],
    ['a width of an f-string', "n = 10**9\nreturn f'{1:{n}}'"],
    ['ljust', "return 'x'.ljust(10**10)"],
    ['zfill', "return 'x'.zfill(10**10)"],
    ['expandtabs', "return ('\\t' * 1000).expandtabs(10**8)"],
    ['join', "return ('x' * 10**6).join(['a'] * 10**6)"],
    ['replace', "return ('x' * 10**6).replace('x', 'y' * 10**6)"],
    ['bytes of a size', 'return bytes(10**10)'],
    ['bytes.join', "return (b'x' * 10**6).join([b'a'] * 10**6)"],
    ['nested tuples', 't = ()\nwhile True: t = (t, t, t, t, t, t)'],
    ['printing', "while True: print('x' * 1000)"],
    ['slices', 'l = [0] * 10**6\nr = []\nwhile True: r.append(l[:])'],
    ['repr of shared lists', 'l = [0]\nfor i in range(60): l = [l, l]\nreturn repr(l)'],
    ['translate', "return ('x' * 10**5).translate({120: 'y' * 10**6})"],
    ['splitting', "l = []\nwhile True: l.append(('a ' * 10**5).split())"],
  ];
  it.each(bombs)('a bomb by %s', (_name, body) => {
    expect(runPython(body, { memory: 24 * 2 ** 20, steps: 5_000_000, time: 5000 })).toMatch(/^BUDGET_/);
  });

  const refused: [name: string, body: string, answer: RegExp][] = [
    ['a large power', 'return 10 ** 10**10', /^MemoryError/],
    ['a tower of powers', 'return 9 ** 9 ** 9 ** 9', /^MemoryError/],
    ['a large shift', 'return 1 << 10**10', /^MemoryError/],
    ['a shift by a large int', 'return 1 << 10**30', /^OverflowError/],
    ['the text of a large int', 'return str(10 ** 5000)', /^ValueError: Exceeds the limit/],
    ['a large int of a text', "return int('9' * 5000)", /^ValueError: Exceeds the limit/],
    ['deep recursion', 'def f(n): return f(n + 1)\nreturn f(0)', /^RecursionError/],
    ['mutual recursion', 'def f(): return g()\ndef g(): return f()\nreturn f()', /^RecursionError/],
    ['recursion in a key', 'def f(x): return sorted([1], key=f)\nreturn f(1)', /^RecursionError/],
    [
      'recursion in a comparison',
      'class A:\n    def __eq__(self, other): return self == other\nreturn A() == A()',
      /^RecursionError/,
    ],
    [
      'a list in itself, compared',
      'a = []\na.append(a)\nb = []\nb.append(b)\nreturn a == b',
      /^RecursionError/,
    ],
    ['a very deep list', 'l = []\nfor i in range(100000): l = [l]\nreturn repr(l)', /^RecursionError/],
  ];
  it.each(refused)('%s by an exception of Python', (_name, body, answer) => {
    expect(runPython(body, { time: 5000 })).toMatch(answer);
  });

  it('shows a list in itself', () => {
    expect(runPython('a = [1]\na.append(a)\nreturn repr(a)')).toBe('[1, [...]]');
  });

  it('the whole request: what follows is refused as well', () => {
    const budget = new Budget({ steps: 100_000 });
    const endless = compileFunction({ name: 'a', params: '', body: 'while True: pass', filename: 'a' });
    const harmless = compileFunction({ name: 'b', params: '', body: 'return 1', filename: 'b' });
    expect(() => withBudget(budget, () => endless.call([]))).toThrow(BudgetError);
    expect(() => withBudget(budget, () => harmless.call([]))).toThrow(BudgetError);
    expect(withBudget(new Budget(), () => harmless.call([]))).toBe(1);
  });

  it('and leaves the thread as it was', () => {
    expect(runPython('while True: pass', { steps: 1000 })).toBe('BUDGET_STEPS');
    expect(runPython('def f(n): return n and f(n - 1)\nreturn f(400)')).toBe(0);
  });
});
