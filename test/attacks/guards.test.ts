/** Each kind of place in each language: what it reads is asked of the security policy, and what it changes goes through what the host's class offers. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Dict } from '../../src/pickle/index.ts';
import {
  Budget,
  compileFunction,
  compileTypeScript,
  declareClass,
  PyError,
  registerType,
  setSecurityPolicy,
  withBudget,
} from '../../src/restricted/index.ts';
import { DtmlProgram, evaluateExpression } from '../../src/templates/index.ts';

const VIEW = { permission: 'View' };

class Asked {
  field = 'a field';
  act(): string {
    return 'acted';
  }
}
declareClass(Asked, { object: 'public', names: { field: VIEW, act: VIEW } });

/** Operators of every kind; what changes it is noted. */
class Box {
  readonly changes: string[] = [];
}
declareClass(Box, { object: 'public' });
registerType(Box, {
  operators: {
    getitem: (_self, key) => `item ${String(key)}`,
    iter: () => ['first', 'second'].values(),
    add: (_self, other) => `added ${String(other)}`,
    setattr: (self, name, value) => void self.changes.push(`${name}=${String(value)}`),
    delattr: (self, name) => void self.changes.push(`-${name}`),
    setitem: (self, key, value) => void self.changes.push(`[${String(key)}]=${String(value)}`),
    delitem: (self, key) => void self.changes.push(`-[${String(key)}]`),
    call: (_self, args) => `called with ${args.length}`,
  },
});
/** Reached as a value only with a permission. */
class Guarded {}
declareClass(Guarded, { object: VIEW });
registerType(Guarded, { operators: { call: () => 'ran', str: () => 'a guarded object' } });

interface Question {
  readonly container: unknown;
  readonly name: unknown;
}
let asked: Question[];
let answer: boolean;
let before: ReturnType<typeof setSecurityPolicy>;
beforeEach(() => {
  asked = [];
  before = setSecurityPolicy({
    validate: (_accessed, container, name) => {
      asked.push({ container, name });
      return answer;
    },
    checkPermission: () => answer,
  });
});
afterEach(() => {
  setSecurityPolicy(before);
});

const names = () => ({ asked: new Asked(), box: new Box(), held: [new Guarded()] as unknown[] });
type Names = ReturnType<typeof names>;

const RUN = {
  python: (code: string, bound: Names) => {
    const script = compileFunction({
      name: 'a',
      params: '',
      body: code,
      filename: 'a',
      globals: Object.keys(bound),
    });
    expect(script.errors).toEqual([]);
    return script.call([], undefined, bound);
  },
  typescript: (code: string, bound: Names) => {
    const script = compileTypeScript({
      name: 'a',
      params: '',
      body: code,
      filename: 'a',
      globals: Object.keys(bound),
    });
    expect(script.errors).toEqual([]);
    return script.call([], undefined, bound);
  },
  tales: (code: string, bound: Names) => {
    const [, type, text] = /^(\w+):(.*)$/s.exec(code)!;
    return evaluateExpression(type as 'path', text!, bound);
  },
  dtml: (code: string, bound: Names) =>
    DtmlProgram.compile(code, { name: 'a' }).render({
      values: new Dict<string, unknown>(Object.entries(bound)),
    }),
} as const;
type Language = keyof typeof RUN;

function run(language: Language, code: string, bound = names()): { end: unknown; bound: Names } {
  try {
    return { end: withBudget(new Budget(), () => RUN[language](code, bound)), bound };
  } catch (error) {
    if (!(error instanceof PyError)) throw error;
    return { end: error.name, bound };
  }
}

/** What is read: the code, the value where the policy agrees, and what it is asked about. */
const READS: readonly (readonly [
  place: string,
  language: Language,
  code: string,
  value: unknown,
  about: 'asked' | 'box' | 'held',
])[] = [
  ['an attribute', 'python', 'return asked.field', 'a field', 'asked'],
  ['an attribute', 'typescript', 'return asked.field', 'a field', 'asked'],
  ['an attribute', 'tales', 'path:asked/field', 'a field', 'asked'],
  ['an attribute', 'tales', 'python:asked.field', 'a field', 'asked'],
  ['an attribute', 'tales', 'js:asked.field', 'a field', 'asked'],
  ['an attribute', 'dtml', '<dtml-var "asked.field">', 'a field', 'asked'],
  ['a name', 'dtml', '<dtml-with asked><dtml-var field></dtml-with>', 'a field', 'asked'],
  ['an attribute by name', 'python', "return getattr(asked, 'field')", 'a field', 'asked'],
  ['an attribute by item', 'typescript', "return asked['field']", 'a field', 'asked'],
  ['an attribute by pattern', 'typescript', 'const { field } = asked; return field', 'a field', 'asked'],
  ['an attribute by format', 'python', "return '{0.field}'.format(asked)", 'a field', 'asked'],
  ['a method', 'python', 'return asked.act()', 'acted', 'asked'],
  ['a method', 'typescript', 'return asked.act()', 'acted', 'asked'],
  ['a method', 'tales', 'path:asked/act', 'acted', 'asked'],
  ['a method', 'tales', 'ts:asked.act()', 'acted', 'asked'],
  ['a method', 'dtml', '<dtml-var "asked.act()">', 'acted', 'asked'],
  ['a method by name', 'dtml', '<dtml-with asked><dtml-var act></dtml-with>', 'acted', 'asked'],
  ['an item', 'python', "return box['x']", 'item x', 'box'],
  ['an item', 'typescript', "return box['x']", 'item x', 'box'],
  ['an item', 'tales', "python:box['x']", 'item x', 'box'],
  ['an item', 'tales', "js:box['x']", 'item x', 'box'],
  ['an item', 'tales', 'path:box/x', 'item x', 'box'],
  ['an item', 'dtml', '<dtml-var "box[\'x\']">', 'item x', 'box'],
  ['an item of a mapping', 'dtml', '<dtml-with "box" mapping><dtml-var x></dtml-with>', 'item x', 'box'],
  ['an item by %', 'python', "return '%(x)s' % box", 'item x', 'box'],
  ['an item of a list', 'python', "return '%s' % held[0]", 'a guarded object', 'held'],
  ['an item of a list', 'typescript', 'return `${held[0]}`', 'a guarded object', 'held'],
  ['an item of a list', 'dtml', '<dtml-var "held[0]">', 'a guarded object', 'held'],
  ['a loop', 'python', 'for x in box: return x', 'first', 'box'],
  ['a loop', 'typescript', 'for (const x of box) return x', 'first', 'box'],
  ['a loop', 'dtml', '<dtml-in "box"><dtml-var sequence-item></dtml-in>', 'firstsecond', 'box'],
  ['a comprehension', 'python', "return ''.join([x for x in box])", 'firstsecond', 'box'],
  ['a comprehension', 'tales', "python:''.join([x for x in box])", 'firstsecond', 'box'],
  ['a spread', 'typescript', "return [...box].join('')", 'firstsecond', 'box'],
  ['a spread', 'tales', "js:[...box].join('')", 'firstsecond', 'box'],
  ['a list of what it gives', 'python', "return ''.join(list(box))", 'firstsecond', 'box'],
  ['unpacking', 'python', 'a, b = box\nreturn b', 'second', 'box'],
  ['destructuring', 'typescript', 'const [a, b] = box; return b', 'second', 'box'],
  ['membership', 'python', "return 'second' in box", true, 'box'],
  ['membership', 'typescript', "return 'second' in box", true, 'box'],
  ['a call of what was found', 'python', 'return held[0]()', 'ran', 'held'],
  ['a call of what was found', 'typescript', 'return held[0]()', 'ran', 'held'],
  ['a call of what was found', 'tales', 'python:held[0]()', 'ran', 'held'],
];

describe.each(READS)('%s in %s: %s', (_place, language, code, value, about) => {
  it('is asked about, and given', () => {
    answer = true;
    const { end, bound } = run(language, code);
    expect(end).toBe(value);
    expect(asked.map(({ container }) => container)).toContain(bound[about]);
  });

  it('is refused where the policy refuses', () => {
    answer = false;
    // A path shows that there is nothing.
    expect(['Unauthorized', 'NotFound']).toContain(run(language, code).end);
    expect(asked.length).toBeGreaterThan(0);
  });
});

const OPERATORS: readonly (readonly [language: Language, code: string, end: unknown])[] = [
  ['python', 'return box + 1', 'added 1'],
  ['typescript', 'return (box as any) + 1', 'added 1'],
  ['tales', 'python:box + 1', 'added 1'],
  ['tales', 'js:box + 1', 'added 1'],
  ['dtml', '<dtml-var "box + 1">', 'added 1'],
  ['python', 'return box(1, 2)', 'called with 2'],
  ['typescript', 'return (box as any)(1, 2)', 'called with 2'],
  ['dtml', '<dtml-var "box(1, 2)">', 'called with 2'],
  ...(
    [
      ['python', 'return asked + 1'],
      ['python', 'return asked < asked'],
      ['python', 'return -asked'],
      ['python', 'return asked[0]'],
      ['python', 'return len(asked)'],
      ['python', 'return asked()'],
      ['python', 'for x in asked: pass'],
      ['typescript', 'return (asked as any) - (asked as any)'],
      ['typescript', 'return (asked as any) < (asked as any)'],
      ['typescript', 'return (asked as any)()'],
      ['typescript', 'for (const x of asked as any) return x'],
      ['tales', 'python:asked + 1'],
      ['tales', 'js:asked()'],
      ['dtml', '<dtml-var "asked + 1">'],
      ['dtml', '<dtml-in asked>x</dtml-in>'],
    ] as const
  ).map(([language, code]) => [language, code, 'TypeError'] as const),
];

it.each(OPERATORS)('an operator in %s, %s, is that of the host or none', (language, code, end) => {
  answer = true;
  expect(run(language, code).end).toBe(end);
});

const WRITES: readonly (readonly [language: Language, code: string, change: string])[] = [
  ['python', 'box.a = 1', 'a=1'],
  ['python', "setattr(box, 'a', 1)", 'a=1'],
  ['python', 'box.a, x = 1, 2', 'a=1'],
  ['python', 'for box.a in [1]: pass', 'a=1'],
  ['python', 'del box.a', '-a'],
  ['python', "box['a'] = 1", '[a]=1'],
  ['python', "del box['a']", '-[a]'],
  ['typescript', 'box.a = 1', 'a=1'],
  ['typescript', '[box.a] = [1]', 'a=1'],
  ['typescript', 'delete box.a', '-a'],
  ['typescript', "box['a'] = 1", '[a]=1'],
  ['typescript', "delete box['a']", '-[a]'],
  ['tales', "python:setattr(box, 'a', 1)", 'a=1'],
  ['tales', 'js:(() => { box.a = 1 })()', 'a=1'],
  ['dtml', '<dtml-call "_.setattr(box, \'a\', 1)">', 'a=1'],
];

describe.each(WRITES)('a write in %s: %s', (language, code, change) => {
  it('goes through what the class offers', () => {
    answer = true;
    const { bound } = run(language, code);
    expect(bound.box.changes).toEqual([change]);
  });

  it('is refused by an object whose class offers none', () => {
    answer = true;
    const { end, bound } = run(language, code.replaceAll('box', 'asked'));
    expect(end).toBe('TypeError');
    expect(Object.entries(bound.asked)).toEqual([['field', 'a field']]);
  });
});
