import { afterEach, describe, expect, it } from 'vitest';
import { Dict, OrderedDict, PyFloat, Tuple, tuple } from '../../src/pickle/index.ts';
import {
  Budget,
  BudgetError,
  call,
  compileExpression,
  compileFunction,
  declareClass,
  getattr,
  getSecurityPolicy,
  iterate,
  KeyError,
  LookupError,
  PyError,
  PySyntaxError,
  registerException,
  registerForeignError,
  registerModule,
  registerType,
  repr,
  setSecurityPolicy,
  setSignature,
  str,
  trustedGetattr,
  withBudget,
} from '../../src/restricted/index.ts';
import { TransientError } from '../../src/transaction/index.ts';

const initial = getSecurityPolicy();
afterEach(() => {
  setSecurityPolicy(initial);
});

const evaluate = (source: string, names: Record<string, unknown> = {}): unknown =>
  compileExpression(source, { filename: 'test' }).evaluate((name) => names[name]);

function script(
  body: string,
  names: Record<string, unknown> = {},
  params = '',
  args: unknown[] = [],
): unknown {
  return compileFunction({
    name: 'work',
    params,
    body,
    filename: 'folder/work',
    globals: Object.keys(names),
  }).call(args, undefined, names);
}

function thrown(run: () => unknown): PyError {
  try {
    run();
  } catch (error) {
    if (error instanceof PyError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('an expression', () => {
  it('names what it reads and does not bind', () => {
    expect(compileExpression('[x + a for x in b] + [len(c)]', { filename: 't' }).names).toEqual([
      'x',
      'a',
      'b',
      'len',
      'c',
    ]);
  });

  it('looks a name up once, and only when it is needed', () => {
    const asked: string[] = [];
    const e = compileExpression('a or [b for x in (1, 2, 3)]', { filename: 't' });
    const names: Record<string, unknown> = { a: 0, b: 5 };
    const lookup = (name: string): unknown => {
      asked.push(name);
      return names[name];
    };
    expect(e.evaluate(lookup)).toEqual([5, 5, 5]);
    expect(asked).toEqual(['a', 'b']);
    names['a'] = 1;
    asked.length = 0;
    expect(e.evaluate(lookup)).toBe(1);
    expect(asked).toEqual(['a']);
  });

  it('takes None for a value, not for a missing name', () => {
    expect(evaluate('nothing', { nothing: null })).toBeNull();
    expect(() => evaluate('missing')).toThrow("name 'missing' is not defined");
  });

  it('may stand on several lines', () => {
    expect(evaluate('1 +\n  2')).toBe(3);
  });

  it('tells line and column of a mistake in its file', () => {
    const error = thrown(() =>
      compileExpression('a +\n b..c', { filename: 'page.pt', line: 7, column: 10 }),
    ) as PySyntaxError;
    expect(error).toBeInstanceOf(PySyntaxError);
    expect([error.filename, error.line, error.column, error.msg]).toEqual([
      'page.pt',
      8,
      3,
      'invalid syntax',
    ]);
  });

  it('keeps Python values apart: ints, floats, bools, tuples', () => {
    expect(evaluate('[4 / 2, 7 // 2, 2 ** 64, True, (1,)]')).toEqual([
      new PyFloat(2),
      3,
      18446744073709551616n,
      true,
      tuple(1),
    ]);
    expect(evaluate('(1, 2)')).toBeInstanceOf(Tuple);
  });
});

describe('a script', () => {
  it('has a traceback with the lines of its source', () => {
    const error = thrown(() => script('def f(x):\n    y = x\n\n    return (1 +\n        y.nothing)\n\nf(5)'));
    expect(error.message).toBe("'int' object has no attribute 'nothing'");
    expect(error.traceback).toEqual([
      { filename: 'folder/work', line: 7, function: 'work' },
      { filename: 'folder/work', line: 5, function: 'f' },
    ]);
  });

  it('has a traceback where its budget ran out', () => {
    const endless = compileFunction({
      name: 'work',
      params: '',
      body: 'x = 1\nwhile True:\n    x = x + 1',
      filename: 'folder/work',
    });
    try {
      withBudget(new Budget({ steps: 50_000 }), () => endless.call([]));
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(BudgetError);
      expect((error as BudgetError).traceback).toEqual([
        { filename: 'folder/work', line: 2, function: 'work' },
      ]);
    }
  });

  it('warns of prints that nobody reads', () => {
    const { warnings } = compileFunction({ name: 'work', params: '', body: "print('x')", filename: 'work' });
    expect(warnings).toEqual(["Line 1: Prints, but never reads 'printed' variable."]);
  });

  it('may assign the names that its caller binds', () => {
    expect(script('context = context + 1\nreturn context', { context: 1 })).toBe(2);
  });

  it('does not remember what the last call assigned', () => {
    const compiled = compileFunction({
      name: 'work',
      params: '',
      body: 'global q\nq = q + 1\nreturn q',
      filename: 'work',
    });
    expect([compiled.call([], undefined, { q: 1 }), compiled.call([], undefined, { q: 1 })]).toEqual([2, 2]);
  });

  it('refuses to run with errors', () => {
    const { errors } = compileFunction({
      name: 'work',
      params: '',
      body: 'x = 1\nreturn a.__class__ + _b',
      filename: 'work',
    });
    expect(errors).toEqual([
      'Line 2: "__class__" is an invalid attribute name because it starts with "_".',
      'Line 2: "_b" is an invalid variable name because it starts with "_"',
    ]);
  });

  it('throws where only the parameter list is no Python', () => {
    expect(() =>
      compileFunction({ name: 'work', params: 'a b', body: 'return 1', filename: 'work' }),
    ).toThrow(PySyntaxError);
  });
});

describe('exceptions', () => {
  class Gone extends LookupError {}
  registerException(Gone, 'NotFound');
  class Foreign extends Error {}
  registerForeignError(Foreign, 'ForeignError');

  it('of upper rooms are caught by their base class', () => {
    const raise = (): never => {
      throw new Gone('it is gone');
    };
    expect(
      script('try:\n    f()\nexcept LookupError as e:\n    return [str(e), repr(e)]', { f: raise }),
    ).toEqual(['it is gone', "NotFound('it is gone')"]);
  });

  it('of rooms that know no Python get a name, and go on as themselves', () => {
    const raise = (): never => {
      throw new Foreign('broken');
    };
    expect(script('try:\n    f()\nexcept Exception as e:\n    return repr(e)', { f: raise })).toBe(
      "ForeignError('broken')",
    );
    expect(() => script('try:\n    f()\nexcept Exception:\n    raise', { f: raise })).toThrow(Foreign);
  });

  it('that a transaction retries for pass every handler', () => {
    const conflict = new TransientError('conflict');
    const raise = (): never => {
      throw conflict;
    };
    expect(() => script('try:\n    f()\nexcept:\n    return 1', { f: raise })).toThrow(conflict);
  });

  it('have the messages of Python', () => {
    expect(new KeyError('k').message).toBe("'k'");
    expect(thrown(() => evaluate('{}[1, 2]')).message).toBe('(1, 2)');
  });
});

describe('a class of the host', () => {
  class Folder {
    items = new Map([['a', 1]]);
    title = 'Title';
    secret = 1;

    add(id: string, title = '', extra: unknown[] = [], options?: Dict): string {
      return [id, title, extra.length, options?.size ?? 0].join('|');
    }
  }
  declareClass(Folder, {
    object: { permission: 'View' },
    names: { title: 'public', add: { permission: 'Add' } },
    signatures: { add: "id, title='', *extra, **options" },
  });
  registerType(Folder, {
    pyName: 'PyFolder',
    methods: {
      describe: ["prefix='x'", (self: Folder, prefix?: string) => `${prefix ?? 'x'}:${self.title}`],
    },
    getters: { size: (self) => self.items.size },
    operators: {
      getitem: (self, key) => self.items.get(key as string),
      iter: (self) => self.items.keys(),
      len: (self) => self.items.size,
      contains: (self, key) => self.items.has(key as string),
      call: (_self, args, kwargs) => [args.length, kwargs?.size ?? 0],
      str: () => 'a folder',
      eq: (_self, other) => other === 'folder',
    },
  });
  const folder = new Folder();
  const allow = (decide: (name: unknown) => boolean): void => {
    setSecurityPolicy({
      validate: (_accessed, _container, name) => decide(name),
      checkPermission: () => false,
    });
  };

  it('behaves as its type says', () => {
    allow(() => true);
    expect(
      evaluate(
        "[f['a'], list(f), len(f), 'a' in f, f(1, x=2), str(f), f == 'folder', bool(f), f.size, f.describe(prefix='p')]",
        { f: folder },
      ),
    ).toEqual([1, ['a'], 1, true, [1, 1], 'a folder', true, true, 1, 'p:Title']);
    expect(() => evaluate("f['b']", { f: folder })).toThrow("'b'");
    expect(() => evaluate('f.nothing', { f: folder })).toThrow(
      "'PyFolder' object has no attribute 'nothing'",
    );
  });

  it('asks the policy for what is not public', () => {
    const asked: unknown[] = [];
    allow((name) => {
      asked.push(name);
      return name === 'add';
    });
    expect(evaluate('[f.title, f.add("i"), f.size]', { f: folder })).toEqual(['Title', 'i||0|0', 1]);
    expect(asked).toEqual(['add']);
    expect(() => evaluate('f.secret', { f: folder })).toThrow(
      "You are not allowed to access 'secret' in this context",
    );
    expect(trustedGetattr(folder, 'secret')).toBe(1);
  });

  it('asks the policy for a guarded object in a list, each time', () => {
    let allowed = true;
    allow(() => allowed);
    const e = compileExpression('[x.title for x in l]', { filename: 't' });
    const lookup = (name: string): unknown => (name === 'l' ? [folder] : undefined);
    expect(e.evaluate(lookup)).toEqual(['Title']);
    allowed = false;
    expect(() => e.evaluate(lookup)).toThrow('You are not allowed to access');
  });

  it('binds keywords by the declared signature', () => {
    allow(() => true);
    expect(evaluate("f.add(title='t', id='i')", { f: folder })).toBe('i|t|0|0');
    expect(evaluate("f.add('i', 't', 1, 2, z=3)", { f: folder })).toBe('i|t|2|1');
    expect(() => evaluate('f.add()', { f: folder })).toThrow(
      "add() missing 1 required positional argument: 'id'",
    );
  });

  it('of a host function as well', () => {
    const fn = setSignature((a: unknown, b: unknown = 2) => [a, b], 'a, b=2');
    expect(evaluate('[f(1), f(b=3, a=4)]', { f: fn })).toEqual([
      [1, 2],
      [4, 3],
    ]);
    expect(() => evaluate('f(c=1)', { f: fn })).toThrow("got an unexpected keyword argument 'c'");
  });
});

describe("the host's own kinds of containers", () => {
  class TrackedList extends Array {}
  class TrackedDict extends Dict {}

  it('are lists and dicts to a script', () => {
    const names = { l: TrackedList.of(1, 2), d: new TrackedDict([['a', 1]]), o: new OrderedDict([['b', 2]]) };
    expect(
      evaluate("[l + [3], l[0], d['a'], d.get('a'), o.get('b'), d | o == {'a': 1, 'b': 2}]", names),
    ).toEqual([[1, 2, 3], 1, 1, 1, 2, true]);
    expect(() => evaluate('l.nothing', names)).toThrow("'list' object has no attribute 'nothing'");
    expect(() => evaluate('o.nothing', names)).toThrow("'OrderedDict' object has no attribute 'nothing'");
  });
});

describe('modules', () => {
  registerModule('test.tools', { answer: 42 }, { denied: ['hidden'] });

  it('are found by their dotted names', () => {
    expect(script('import test.tools\nreturn test.tools.answer')).toBe(42);
    expect(script('from test.tools import answer as a\nreturn a')).toBe(42);
    expect(script('import test.tools as t\nreturn t.answer')).toBe(42);
  });

  it('tell refused names from missing ones', () => {
    expect(() => script('from test.tools import hidden')).toThrow(
      "You are not allowed to access 'hidden' in this context",
    );
    expect(() => script('from test.tools import nothing')).toThrow("cannot import name 'nothing'");
  });
});

describe('the attribute protocol for upper rooms', () => {
  it('reads, calls and iterates any value', () => {
    expect(call(getattr('abc', 'upper'), [])).toBe('ABC');
    expect([...iterate(new Dict([['a', 1]]))]).toEqual(['a']);
    expect([str(1.5), str(new PyFloat(2)), repr('x'), repr([null, true])]).toEqual([
      '1.5',
      '2.0',
      "'x'",
      '[None, True]',
    ]);
    expect(getattr('abc', 'nothing', 5)).toBe(5);
  });
});

describe('what random programs found', () => {
  it.each([
    [
      'the rest of rsplit keeps its first blanks',
      "return ['  a b '.rsplit(None, 1), 'a,b,c'.rsplit(',', 1)]",
      [
        ['  a', 'b'],
        ['a,b', 'c'],
      ],
    ],
    [
      '** of no mapping fails before what follows',
      "try:\n    return {**'x', 1: nothing}\nexcept TypeError as e:\n    return str(e)",
      "'str' object is not a mapping",
    ],
    [
      'divmod by zero of floats',
      'try:\n    return divmod(1.5, 0)\nexcept ZeroDivisionError as e:\n    return str(e)',
      'float divmod()',
    ],
    [
      'a slice takes an iterable',
      'l = [1, 2]\ntry:\n    l[0:1] = 5\nexcept TypeError as e:\n    return str(e)',
      'can only assign an iterable',
    ],
    [
      'an extended slice takes an iterable',
      'l = [1, 2]\ntry:\n    l[::2] = 5\nexcept TypeError as e:\n    return str(e)',
      'must assign iterable to extended slice',
    ],
    [
      'complex numbers of long texts end',
      "try:\n    return complex(' ' * 100000 + 'x')\nexcept ValueError as e:\n    return str(e)",
      'complex() arg is a malformed string',
    ],
    [
      'short ways of % round as Python does',
      "return '%.2f %.0f %05.1f %s %d' % (2.675, 2.5, 3.25, 'x', 7)",
      '2.67 2 003.2 x 7',
    ],
    [
      'white space around a number is Python\u2019s: no byte order mark, and no separator of records',
      "out = [int('\\x0b7\\x85'), float('\\u20031.5')]\nfor f in (int, float, complex):\n    for text in ('\\ufeff1', '\\x1e1'):\n        try:\n            out.append(f(text))\n        except ValueError:\n            pass\nreturn out",
      [7, 1.5],
    ],
    [
      'string.capwords parts words as str.split does',
      "import string\nreturn string.capwords('\\x1eone\\x85 two\\ufeffthree ')",
      'One Two\ufeffthree',
    ],
  ])('%s', (_name, body, answer) => {
    expect(script(body)).toEqual(answer);
  });
});
