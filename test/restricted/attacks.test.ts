import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Dict } from '../../src/pickle/index.ts';
import {
  Budget,
  BudgetError,
  compileExpression,
  compileFunction,
  declareClass,
  PyError,
  registerType,
  setSecurityPolicy,
  withBudget,
} from '../../src/restricted/index.ts';

/** An object of the host with things that must stay out of reach. */
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

/** A host class that nobody declared. */
class Opaque {
  secret = 'secret';
  run(): string {
    return 'secret';
  }
}

const bindings = {
  host: new Host(),
  opaque: new Opaque(),
  plain: { secret: 'secret', constructor: 'secret' },
  hostFunction: () => 'called',
  promise: Promise.resolve('secret'),
  date: new Date(0),
  symbol: Symbol('secret'),
};

let before: ReturnType<typeof setSecurityPolicy>;
beforeAll(() => {
  before = setSecurityPolicy({ validate: () => false, checkPermission: () => false });
});
afterAll(() => {
  setSecurityPolicy(before);
});

/** What a script of untrusted code ends with: `CompileError`, the name of a Python exception, or its value. */
function run(body: string, limits: ConstructorParameters<typeof Budget>[0] = { time: 2000 }): unknown {
  try {
    const script = compileFunction({
      name: 'attack',
      params: '',
      body,
      filename: 'attack',
      globals: Object.keys(bindings),
    });
    if (script.errors.length > 0) return `CompileError: ${script.errors[0]}`;
    return withBudget(new Budget(limits), () => script.call([], new Dict(), bindings));
  } catch (error) {
    if (error instanceof BudgetError) return error.code;
    if (error instanceof PyError) return `${error.name}: ${error.message}`;
    throw error;
  }
}

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
    expect(run(`return getattr(${source}, '${name}')`)).toMatch(/^(?:AttributeError|Unauthorized): /);
    expect(run(`return ${source}.${name}`)).toMatch(/^(?:AttributeError|Unauthorized|CompileError): /);
    expect(run(`return '{0.${name}}'.format(${source})`)).toMatch(/^(?:AttributeError|Unauthorized): /);
    expect(run(`return hasattr(${source}, '${name}')`)).toBe(0);
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
    expect(run(`return getattr(${source}, '${name}')`)).toMatch(/^Unauthorized: /);
    expect(run(`return getattr(${source}, '${name}', 5)`)).toMatch(/^Unauthorized: /);
    expect(run(`return '{0.${name}}'.format(${source})`)).toMatch(/^Unauthorized: /);
    expect(run(`return '{a.${name}}'.format_map({'a': ${source}})`)).toMatch(/^Unauthorized: /);
    expect(run(`return ${source}.${name}`)).toMatch(/^CompileError: /);
    expect(run(`setattr(${source}, '${name}', 1)`)).toMatch(/^Unauthorized: /);
    expect(run(`delattr(${source}, '${name}')`)).toMatch(/^Unauthorized: /);
  });

  it.each(['constructor', '__proto__', 'prototype', 'toString'])('has no item %s', (name) => {
    expect(run(`return (${source})['${name}']`)).toMatch(/^(?:TypeError|KeyError|Unauthorized): /);
    expect(run(`return '{0[${name}]}'.format(${source})`)).toMatch(/^(?:TypeError|KeyError|Unauthorized): /);
  });
});

const CASES: [name: string, body: string, answer: RegExp | unknown][] = [
  // Names
  ['full-width letters', 'return host.＿＿class＿＿', /^CompileError/],
  ['a full-width underscore in a variable', '＿x = 1', /^CompileError/],
  ['full-width letters for getattr', "return getattr(host, '＿＿class＿＿')", /^Unauthorized/],
  ['compatibility letters of a refused name', 'return "".ﬁnd.__class__', /^CompileError/],
  ['a ligature that is an ordinary name', "return 'abc'.ﬁnd('b')", 1],
  ['a name of the runtime', 'return R', /^NameError/],
  ['the constants of the compiler', 'return K', /^NameError/],
  ['the bindings', 'return G', /^NameError/],
  ['the budget', 'return S', /^NameError/],
  ['globalThis', 'return globalThis', /^NameError/],
  ['process', 'return process', /^NameError/],
  ['require', "return require('fs')", /^NameError/],
  ['Function', "return Function('return 1')()", /^NameError/],
  ['eval', "return eval('1')", /^CompileError/],
  ['exec', "exec('1')", /^CompileError/],
  ['eval by another name', "e = eval\nreturn e('1')", /^NameError/],
  ['this', 'return this', /^NameError/],
  ['undefined', 'return undefined', /^NameError/],
  ['arguments', 'return arguments', /^NameError/],
  ['a variable named like a helper', 'attr = 5\nreturn host.title + str(attr)', 'public title5'],
  [
    'parameters named like helpers',
    'def f(truth, add, R, K, S, call1): return truth + add\nreturn f(1, 2, 3, 4, 5, 6)',
    3,
  ],
  ['a variable named like a temporary', 't = [1]\nt1 = 2\nreturn len(t) + t1', 3],
  ['reserved words of JavaScript as names', 'var = 1\nfunction = 2\nnew = 3\nreturn var + function + new', 6],
  ['a variable named constructor', 'constructor = 4\nreturn constructor', 4],
  ['a variable named hasOwnProperty', 'hasOwnProperty = 1\ntoString = 2\nreturn toString', 2],
  ['an undefined name of Object.prototype', 'return toString', /^NameError/],
  ['__builtins__', 'return __builtins__', /^CompileError/],
  ['__import__', "return __import__('os')", /^CompileError/],
  ['a global with an underscore', 'global _x\n_x = 1', /^CompileError/],
  ['an underscore in a lambda', 'return (lambda _x: 1)(2)', /^CompileError/],
  ['an underscore in a comprehension', 'return [_x for _x in [1]]', /^CompileError/],
  ['an underscore in an assignment expression', 'return (_x := 1)', /^CompileError/],
  ['an underscore in an import', 'import math as _m', /^CompileError/],
  ['an underscore in a with statement', 'with host as _h: pass', /^CompileError/],
  ['an underscore in a keyword argument', 'return dict(_x=1)', { size: 1 }],
  ['a decorator', '@host.__class__\ndef f(): pass', /^CompileError/],
  ['a default value', 'def f(a=host.__class__): pass', /^CompileError/],
  ['an annotation', 'def f(a: host.__class__): pass', /^CompileError/],
  ['an f-string', "return f'{host.__class__}'", /^CompileError/],
  ['a format specification in an f-string', "return f'{1:{host.__class__}}'", /^CompileError/],
  ['a nested f-string', 'return f\'{f"{host.__class__}"}\'', /^CompileError/],
  ['a class attribute with roles', 'class A:\n    x__roles__ = None', /^CompileError/],
  ['a metaclass', 'class A(metaclass=host): pass', /^CompileError/],
  ['__new__ of a class', 'class A:\n    def __new__(cls): return 1', /^CompileError/],
  ['__getattr__ of a class', 'class A:\n    def __getattr__(self, n): return 1', /^CompileError/],
  ['__enter__ of a class', 'class A:\n    def __enter__(self): return 1', /^CompileError/],
  // Statements
  ['nonlocal', 'def f():\n    x = 1\n    def g():\n        nonlocal x', /^CompileError/],
  ['async functions', 'async def f(): pass', /^CompileError/],
  ['await', 'return await promise', /^CompileError/],
  ['async comprehensions', 'return [x async for x in host]', /^CompileError/],
  ['except*', 'try:\n    pass\nexcept* ValueError:\n    pass', /^CompileError/],
  ['match', 'match host:\n    case 1: pass', /^CompileError/],
  ['annotated assignment', 'x: int = 1', /^CompileError/],
  ['star imports', 'from math import *', /^CompileError/],
  ['augmented assignment to an attribute', 'host.title += 1', /^CompileError/],
  ['augmented assignment to an item', 'd = {}\nd[1] += 1', /^CompileError/],
  // Objects of the host
  ['a public attribute', 'return host.title', 'public title'],
  ['a public method', 'return host.method()', 'called'],
  ['an undeclared attribute', 'return host.secret', /^Unauthorized/],
  ['a private method', 'return host.hidden()', /^Unauthorized/],
  ['an attribute of an undeclared object', 'return opaque.secret', /^Unauthorized/],
  ['a method of an undeclared object', 'return opaque.run()', /^Unauthorized/],
  ['a property of a plain object', 'return plain.secret', /^(?:AttributeError|Unauthorized)/],
  ['an item of a plain object', "return plain['secret']", /^TypeError/],
  ['iterating a plain object', 'return list(plain)', /^TypeError/],
  ['spreading a plain object', 'return {**plain}', /^TypeError/],
  ['a plain object as keywords', 'return dict(**plain)', /^TypeError/],
  ['a plain object as a format mapping', "return '%(secret)s' % plain", /^TypeError/],
  ['membership in a plain object', "return 'secret' in plain", /^TypeError/],
  ['membership in a host object', "return 'secret' in host", /^TypeError/],
  ['the text of a host object', "return str(opaque).startswith('<Opaque object at 0x')", true],
  ['the text of a host function', "return 'secret' in repr(hostFunction)", false],
  ['the text of a promise', "return str(promise).startswith('<')", true],
  ['calling a host object', 'return host()', /^TypeError/],
  ['instantiating through a host object', 'return opaque.new()', /^AttributeError/],
  ['writing an attribute of a host object', 'host.title = 1', /^TypeError/],
  ['writing an attribute of a host function', 'hostFunction.x = 1', /^TypeError/],
  ['writing an item of a host object', "host['title'] = 1", /^TypeError/],
  ['deleting an attribute of a host object', 'del host.title', /^TypeError/],
  ['sorting by a secret', 'return sorted([host], key=lambda h: h.secret)', /^Unauthorized/],
  ['sequence.sort by a secret', "return sequence.sort([host, host], (('secret',),))", /^Unauthorized/],
  ['map over a secret', 'return map(lambda h: h.secret, [host])', /^Unauthorized/],
  ['a host object as a context manager', 'with host as h: pass', /^TypeError/],
  ['a host object as an exception', 'raise host', /^TypeError/],
  ['a host object in except', 'try:\n    1/0\nexcept host:\n    pass', /^TypeError/],
  ['a symbol', 'return str(symbol)', 'None'],
  ['a coerced host object', 'return host + 1', /^TypeError/],
  ['a host object as an index', 'return [1][host]', /^TypeError/],
  ['a host object as a length', "return 'x' * host", /^TypeError/],
  ['a date as a number', 'return date + 1', /^TypeError/],
  ['a host object in join', "return ''.join([host])", /^TypeError/],
  ['a host object for the percent operator', "return '%d' % host", /^TypeError/],
  ['a host object as format width', "return '%*d' % (host, 1)", /^TypeError/],
  // Dictionaries and keywords
  [
    'a dict with the key __proto__',
    "d = {'__proto__': 1}\nreturn [d['__proto__'], {}.get('__proto__'), len(d)]",
    [1, null, 1],
  ],
  ['a dict with the key constructor', "return {'constructor': 1}.get('constructor')", 1],
  ['an empty dict has no constructor', "return {}['constructor']", /^KeyError/],
  [
    'keywords named __proto__',
    "def f(**k): return len(k)\nreturn f(**{'__proto__': 1, 'constructor': 2})",
    2,
  ],
  ['keywords named like host methods', "return dict(**{'toString': 1})['toString']", 1],
  [
    'an instance attribute named constructor',
    'class A: pass\na = A()\na.constructor = 5\nreturn [a.constructor, hasattr(A(), "constructor")]',
    [5, 0],
  ],
  [
    'an instance attribute named prototype',
    'class A: pass\na = A()\nsetattr(a, "prototype", 5)\nreturn a.prototype',
    5,
  ],
  ['a class named Object', 'class Object: pass\nreturn getattr(Object(), "constructor", 1)', 1],
  ['a host value that hides in a dict', "d = {'x': opaque}\nreturn d['x'].secret", /^Unauthorized/],
  // Imports
  ['os', 'import os', /^Unauthorized/],
  ['a built-in module of Node', 'import fs', /^Unauthorized/],
  ['node:fs', 'from node import fs', /^Unauthorized/],
  ['sys', 'import sys', /^Unauthorized/],
  ['a module of the runtime', 'import RestrictedPython', /^Unauthorized/],
  ['string.Formatter', 'import string\nreturn string.Formatter', /^Unauthorized/],
  ['string.Template', 'from string import Template', /^Unauthorized/],
  ['random internals', 'import random\nreturn random._os', /^CompileError/],
  ['random internals by getattr', "import random\nreturn getattr(random, '_os')", /^Unauthorized/],
  ['writing into a module', 'import math\nmath.pi = 3', /^TypeError/],
  ['deleting from a module', 'import math\ndel math.pi', /^TypeError/],
  ['a relative import', 'from .. import x', /^Unauthorized/],
  ['private names of AccessControl', 'from AccessControl import ZopeGuards', /^Unauthorized/],
  ['an unlisted name', 'from math import constructor', /^ImportError/],
  [
    'getSecurityManager of the standard module',
    'from Products.PythonScripts.standard import getSecurityManager',
    /^Unauthorized/,
  ],
  // Formatting (CVE-2017-5524, CVE-2023-41050)
  ['str.format by reference', "f = '{0.__class__}'.format\nreturn f(1)", /^Unauthorized/],
  ['str.format of the class', "return str.format('{0.secret}', host)", /^Unauthorized/],
  ['str.format_map of the class', "return str.format_map('{a.secret}', {'a': host})", /^Unauthorized/],
  ['format of an undeclared attribute', "return '{0.secret}'.format(host)", /^Unauthorized/],
  ['format in a map', "return list(map('{0.secret}'.format, [host]))", /^Unauthorized/],
  ['format through apply', "return apply('{0.secret}'.format, [host])", /^Unauthorized/],
  ['format in a nested field', "return '{0:{1.secret}}'.format('x', host)", /^Unauthorized/],
  ['format_map with a host mapping', "return '{secret}'.format_map(plain)", /^TypeError/],
  ['format of bytes', "return b'{0.__class__}'.format(1)", /^AttributeError/],
  ['reduce over format', "return reduce(lambda a, b: '{0.secret}'.format(b), [host, host])", /^Unauthorized/],
  ['percent formatting takes no attributes', "return '%(a.secret)s' % {'a': host}", /^KeyError/],
  // Exceptions and frames (CVE-2023-37271, CVE-2024-47532)
  ['a traceback', 'try:\n    1/0\nexcept Exception as e:\n    return e.__traceback__', /^CompileError/],
  [
    'the stack of an error',
    "try:\n    1/0\nexcept Exception as e:\n    return getattr(e, 'stack')",
    /^AttributeError/,
  ],
  [
    'the object of an AttributeError',
    "try:\n    host.nothing\nexcept AttributeError as e:\n    return getattr(e, 'obj')",
    /^AttributeError/,
  ],
  ['the name of a frame', "return getattr((x for x in [1]), 'gi_frame')", /^Unauthorized/],
  ['gi_code', 'return (x for x in [1]).gi_code', /^CompileError/],
  ['with_traceback', "return ValueError('x').with_traceback", /^Unauthorized/],
  ['sending into a generator', 'g = (x for x in [1])\nreturn g.send(None)', /^Unauthorized/],
  ['throwing into a generator', 'g = (x for x in [1])\nreturn g.throw(ValueError)', /^Unauthorized/],
  [
    'an error of the host keeps its object',
    "try:\n    'x'.encode('no such codec')\nexcept Exception as e:\n    return str(e)",
    'unknown encoding: no such codec',
  ],
  ['an unknown attribute of type', 'return str.mro', /^Unauthorized/],
  ['subclasses', "return getattr(str, 'subclasses')", /^AttributeError/],
  ['a type of everything', 'return type(host)', /^NameError/],
  ['a base class that is no class', 'class A(host): pass', /^TypeError/],
  ['a base class of the host', 'class A(str): pass', /^TypeError/],
  ['a base class that is a function', 'class A(len): pass', /^TypeError/],
  ['dir', 'return dir(host)', /^NameError/],
  ['vars', 'return vars(host)', /^NameError/],
  ['open', "return open('/etc/passwd')", /^NameError/],
  ['compile', "return compile('1', 'x', 'eval')", /^NameError/],
  ['input', 'return input()', /^NameError/],
  ['super', 'return super()', /^NameError/],
  ['object', 'return object()', /^NameError/],
  ['property', 'return property()', /^NameError/],
  ['memoryview', "return memoryview(b'x')", /^NameError/],
  ['breakpoint', 'breakpoint()', /^CompileError/],
  ['printing to a host object', "print('x', file=host)\nreturn printed", /^AttributeError/],
  ['assigning printed', "printed = 'x'", /^CompileError/],
  ['id is no address', 'return id(host) > 10**9', false],
  // Code that tries to get out of its text
  [
    'a string with a quote and code',
    `return '"); globalThis.attacked = 1; ("'`,
    '"); globalThis.attacked = 1; ("',
  ],
  ['a string with a line separator', "return len('\\u2028\\u2029')", 2],
  ['a comment with code', '# */ globalThis.attacked = 1 /*\nreturn 1', 1],
  ['a template literal', "return '${globalThis}'", '${globalThis}'],
  ['a backtick', 'return `1`', /^CompileError: Line 1: SyntaxError/],
  ['an attribute with a quote', 'return getattr(host, \'"] + 1 + ["\')', /^AttributeError/],
  ['a keyword with a quote', "return dict(**{'a\"b': 1})['a\"b']", 1],
  ['a null byte', "return len('\\0')", 1],
  ['a null byte in the source', 'return \0 1', /^CompileError: Line 1: SyntaxError/],
  ['a mark of the printer in a string', "return len('\\x01' + '9' + '\\x02')", 3],
  ['a raw mark of the printer', "return len('\u00019\u0002')", 3],
];

describe('a script', () => {
  it.each(CASES)('gets nowhere with %s', (_name, body, answer) => {
    const result = run(body);
    if (answer instanceof RegExp) expect(result).toMatch(answer);
    else if (result instanceof Dict) expect({ size: result.size }).toEqual(answer);
    else expect(result).toEqual(answer);
    expect((globalThis as { attacked?: unknown }).attacked).toBeUndefined();
    expect(bindings.host.title).toBe('public title');
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
        const names = bindings as Record<string, unknown>;
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
    expect(run(body, { steps: 500_000, time: 3000, memory: 24 * 2 ** 20 })).toMatch(/^BUDGET_/);
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
    expect(run(body, { memory: 24 * 2 ** 20, steps: 5_000_000, time: 5000 })).toMatch(/^BUDGET_/);
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
    expect(run(body, { time: 5000 })).toMatch(answer);
  });

  it('shows a list in itself', () => {
    expect(run('a = [1]\na.append(a)\nreturn repr(a)')).toBe('[1, [...]]');
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
    expect(run('while True: pass', { steps: 1000 })).toBe('BUDGET_STEPS');
    expect(run('def f(n): return n and f(n - 1)\nreturn f(400)')).toBe(0);
  });
});
