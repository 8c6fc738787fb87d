/** Script (TypeScript): every way from every value, each attempt, and what a budget stops. */
import { describe, expect, it } from 'vitest';
import { Budget, type BudgetError, compileTypeScript, withBudget } from '../../src/restricted/index.ts';
import { denyAll, everyAttempt, runTypeScript } from './lab.ts';
import { TYPESCRIPT } from './typescript.ts';

denyAll();

const VALUES: Record<string, string> = {
  string: "'text'",
  number: '1',
  float: '(1.5)',
  'integral float': 'float(1)',
  bigint: '(2n ** 80n)',
  boolean: 'true',
  list: '[1]',
  tuple: 'tuple([1])',
  object: '({ a: 1 })',
  set: 'new Set([1])',
  'arrow function': '(() => 1)',
  function: '(function () { return 1 })',
  generator: '(function* () { yield 1 })()',
  iterator: '[1].values()',
  'bound method': "'x'.trim",
  'method of a list': '[].map',
  Math: 'Math',
  'function of Math': 'Math.floor',
  Object: 'Object',
  JSON: 'JSON',
  Array: 'Array',
  error: "new Error('x')",
  'error class': 'Error',
  module: 'standard',
  bytes: 'octets',
  'host object': 'host',
  'method of a host object': 'host.method',
  'undeclared host object': 'opaque',
  'plain host object': 'plain',
  'host function': 'hostFunction',
  promise: 'promise',
  date: 'date',
  'regular expression of the host': 'pattern',
  symbol: 'symbol',
};

const NAMES = (
  'constructor __proto__ prototype caller callee arguments apply bind stack __defineGetter__ __lookupGetter__ ' +
  'isPrototypeOf propertyIsEnumerable then code fn call_ members make holds direct denied attributes operators secret _private ' +
  '__class__ gi_frame f_globals exec source global_ valueOf_ x__roles__'
).split(' ');

/** Ways to a member; each ends with nothing or with an error. */
const WAYS = `
const ways = [
  () => value[name],
  () => value?.[name],
  () => { const { [name]: x } = value; return x },
  () => (({ [name]: x }) => x)(value),
  () => value[name](),
  () => value?.[name]?.(),
  () => value[name].call(null),
];
return ways.map(way => {
  try { return way() === undefined ? 'nothing' : 'something' } catch (e) { return e.name }
})`;

describe.each(Object.entries(VALUES))('%s', (_name, source) => {
  it('gives none of the forbidden names', () => {
    for (const name of NAMES) {
      const answers = runTypeScript(`const value = ${source}, name = '${name}';${WAYS}`);
      expect([name, answers]).toEqual([name, expect.any(Array)]);
      for (const answer of answers as string[])
        expect([name, answer]).toEqual([
          name,
          expect.stringMatching(/^(?:nothing|AttributeError|Unauthorized|TypeError|KeyError)$/),
        ]);
    }
  });

  it.each(['constructor', '__proto__', 'prototype'])('takes no %s', (name) => {
    const kept = /^(?:Unauthorized|TypeError|ValueError): |^kept$/;
    const answer = runTypeScript(
      `const v = ${source}; v['${name}'] = 1; return v['${name}'] === 1 && v instanceof Map ? 'kept' : 'written'`,
    );
    expect(String(answer)).toMatch(kept);
  });
});

describe('a member that is written out', () => {
  it.each(NAMES)('%s is refused or not there', (name) => {
    const nothing = /^(?:null|(?:AttributeError|Unauthorized|TypeError|CompileError): .*)$/s;
    for (const body of [
      `return 'x'.${name}`,
      `return host?.${name}`,
      `const { ${name}: x } = opaque; return x`,
      `return (({ ${name} }) => 1)(plain) && null`,
      `return (() => 1).${name}()`,
    ])
      expect(String(runTypeScript(body))).toMatch(nothing);
  });

  it.each(['constructor', '__proto__', 'prototype'])('%s is not written', (name) => {
    expect(runTypeScript(`const o = {}; o.${name} = host`)).toMatch(/^CompileError/);
    expect(runTypeScript(`const o = {}; o.${name} += host`)).toMatch(/^CompileError/);
    expect(runTypeScript(`const o = {}; ({ a: o.${name} } = { a: 1 })`)).toMatch(/^CompileError/);
    expect(runTypeScript(`const o = {}; delete o.${name}`)).toMatch(/^CompileError/);
  });
});

describe('a script in TypeScript', () => {
  everyAttempt(TYPESCRIPT, runTypeScript);
});

describe('the compiler', () => {
  it.each([
    ['parentheses', `return ${'('.repeat(20_000)}1${')'.repeat(20_000)}`],
    ['negations', `return ${'!'.repeat(50_000)}1`],
    ['sums', `return 1${'+1'.repeat(50_000)}`],
    ['members', `return host${'.a'.repeat(50_000)}`],
    ['brackets', '['.repeat(50_000)],
    ['conditions', `return ${'1?1:'.repeat(50_000)}1`],
    ['arrows', `return ${'()=>'.repeat(50_000)}1`],
    ['types', `let a: ${'A<'.repeat(20_000)}1${'>'.repeat(20_000)}`],
    ['templates', 'return ' + '`${'.repeat(5000)],
    ['calls', `return host${'()'.repeat(50_000)}`],
    ['blocks', '{'.repeat(50_000)],
  ])('cannot exhaust the compiler by %s', (_name, body) => {
    expect(String(runTypeScript(body))).toMatch(/^(?:CompileError: |\d+$|1$|TypeError|null)/);
    expect(runTypeScript('return 1 as number')).toBe(1);
  });
});

describe('a budget stops', () => {
  const endless: [name: string, body: string][] = [
    ['while', 'while (true) {}'],
    ['while with an empty statement', 'while (true);'],
    ['do', 'do {} while (true)'],
    ['for', 'for (;;);'],
    ['for of', 'for (const x of (function* () { for (;;) yield 1 })()) {}'],
    ['a list that grows in its loop', 'const a = [1]; for (const x of a) a.push(x)'],
    ['catch', 'for (;;) { try { for (;;); } catch { } }'],
    ['finally', 'try { for (;;); } finally { for (;;); }'],
    ['a return in finally', 'const f = () => { for (;;) { try { for (;;); } finally { continue } } }; f()'],
    ['a labelled continue in finally', 'a: for (;;) { try { for (;;); } finally { continue a } }'],
    ['a return of finally', 'const f = () => { try { for (;;); } finally { return 1 } }; for (;;) f()'],
    [
      'recursion that catches',
      'const f = (): any => { try { return f() } catch { return f() } }; return f()',
    ],
    ['callbacks', 'const a = Array(1000).fill(0); a.forEach(() => a.forEach(() => a.forEach(() => 1)))'],
    [
      'a sort that compares slowly',
      'Array(10000).fill(0).sort(() => { for (let i = 0; i < 1e6; i++); return 0 })',
    ],
    ['a sort that lies', 'for (;;) [1, 2, 3].sort(() => 1)'],
    ['replace with a callback', "const s = 'x'.repeat(1e5); for (;;) s.replaceAll('x', () => 'y')"],
    ['spread of an endless generator', 'return [...(function* () { for (;;) yield 1 })()]'],
    ['destructuring of an endless generator', 'const [a, ...b] = (function* () { for (;;) yield 1 })()'],
    ['yield*', 'const g = function* (): any { for (;;) yield* [1] }; for (const x of g()) {}'],
    ['search in lists', 'const a = Array(1e5).fill(0); for (;;) a.includes(1)'],
    ['search in texts', "const s = 'a'.repeat(1e5); for (;;) s.includes('b')"],
    ['switch', 'for (;;) switch (1) { case 1: continue }'],
    ['labelled loops', 'a: for (;;) for (;;) continue a'],
    ['a getter-like default', 'const f = (a = f()): any => a; for (;;) try { f() } catch {}'],
    ['JSON', "const a = Array(1e4).fill('x'); for (;;) JSON.parse(JSON.stringify(a))"],
  ];
  it.each(endless)('%s', (_name, body) => {
    expect(runTypeScript(body, { steps: 500_000, time: 3000, memory: 24 * 2 ** 20 })).toMatch(/^BUDGET_/);
  });

  const bombs: [name: string, body: string][] = [
    ['repeat', "return 'x'.repeat(1e9)"],
    ['padStart', "return 'x'.padStart(1e9)"],
    ['padEnd', "return 'x'.padEnd(5e8, 'ab')"],
    ['doubling of a text', "let s = 'x'; for (;;) s += s"],
    ['doubling by a template', "let s = 'x'; for (;;) s = `${s}${s}`"],
    ['doubling by concat', "let s = 'x'; for (;;) s = s.concat(s)"],
    ['doubling of a list', 'let a = [1]; for (;;) a = [...a, ...a]'],
    ['doubling by concat of lists', 'let a = [1]; for (;;) a = a.concat(a)'],
    ['doubling by push', 'const a = [1]; for (;;) a.push(...a)'],
    ['doubling by splice', 'const a = [1]; for (;;) a.splice(0, 0, ...a)'],
    ['flatMap', 'let a = [1]; for (;;) a = a.flatMap(x => [x, x])'],
    ['flat', 'let a = [1]; for (;;) a = [a, a, a].flat()'],
    ['Array(n)', 'return Array(1e9)'],
    ['new Array(n)', 'return new Array(4e9)'],
    ['Array.from length', 'return Array.from({ length: 1e9 })'],
    ['join', "return Array(1e6).fill('a').join('x'.repeat(1e5))"],
    ['replaceAll', "return 'x'.repeat(1e5).replaceAll('x', 'y'.repeat(1e5))"],
    ['replaceAll of nothing', "return 'x'.repeat(1e6).replaceAll('', 'y'.repeat(1e5))"],
    ['split', "const s = 'x'.repeat(1e6); const a = []; for (;;) a.push(s.split(''))"],
    ['growing an object', 'const o = {}; for (let i = 0; ; i++) o[i] = [i]'],
    ['growing a Map', 'const m = new Map(); for (let i = 0; ; i++) m.set(i, i)'],
    ['growing a Set', 'const s = new Set(); for (let i = 0; ; i++) s.add(i)'],
    ['objects in objects', 'let o = {}; for (;;) o = { a: o, b: o, c: { ...o } }'],
    [
      'JSON of shared lists',
      'let a = [0]; for (let i = 0; i < 60; i++) a = [a, a]; return JSON.stringify(a)',
    ],
    ['texts of shared lists', "let a = [0]; for (let i = 0; i < 40; i++) a = [a, a]; return '' + a"],
    [
      'JSON with a wide indent',
      'let a = []; for (let i = 0; i < 100; i++) a = [a, a.length]; for (;;) JSON.stringify(a, null, 10)',
    ],
    ['encodeURIComponent', "return encodeURIComponent('ä'.repeat(1e7))"],
    ['closures', 'const a = []; for (;;) a.push(() => a)'],
    [
      'String.fromCodePoint',
      'const a = Array(1e6).fill(65); for (;;) String.fromCodePoint(...a.slice(0, 1000)).repeat(1000)',
    ],
    ['normalize', "return '\\ufdfa'.repeat(1e6).normalize('NFKD')"],
    ['keys', 'const a = Array(1e5).fill(1); const r = []; for (;;) r.push(Object.keys(a))'],
  ];
  it.each(bombs)('a bomb by %s', (_name, body) => {
    expect(runTypeScript(body, { memory: 24 * 2 ** 20, steps: 5_000_000, time: 5000 })).toMatch(
      /^BUDGET_|^ValueError: Invalid array length/,
    );
  });

  const refused: [name: string, body: string, answer: RegExp][] = [
    ['deep recursion', 'const f = (n: number): any => f(n + 1); return f(0)', /^RecursionError/],
    [
      'mutual recursion',
      'function f() { return g() } function g() { return f() } return f()',
      /^RecursionError/,
    ],
    ['recursion by a callback', 'const f = (): any => [1].map(f); return f()', /^RecursionError/],
    ['recursion by sort', 'const f = (): any => [1, 2].sort(f); return f()', /^RecursionError/],
    [
      'recursion by a generator',
      'function* g(): any { yield* g() } return [...g()]',
      /^RecursionError|^BUDGET/,
    ],
    ['a list in itself, as JSON', 'const a = []; a.push(a); return JSON.stringify(a)', /^RecursionError/],
    ['a list in itself, as text', "const a = []; a.push(a); return '' + a", /^TypeError/],
    ['a large power', 'return (2n ** 80n) ** 10000000', /^MemoryError|^BUDGET/],
    ['the text of a large int', "return '' + (10n ** 5000n)", /^ValueError: Exceeds the limit/],
    ['a sparse list', 'const a = []; a[1e9] = 1', /^ValueError/],
    ['a longer list', 'const a = []; a.length = 1e9', /^ValueError/],
    ['deep JSON', "return JSON.parse('['.repeat(1e5) + ']'.repeat(1e5))", /^RecursionError|^BUDGET/],
    [
      'many arguments',
      'const a = Array(200000).fill(0); return ((...b) => b.length)(...a)',
      /^TypeError: more than/,
    ],
  ];
  it.each(refused)('%s by an error', (_name, body, answer) => {
    expect(String(runTypeScript(body, { time: 5000, memory: 64 * 2 ** 20 }))).toMatch(answer);
  });

  it('with the line of the script', () => {
    const script = compileTypeScript({
      name: 'work',
      params: '',
      body: 'const a = 1;\n\nwhile (a) {\n  a;\n}',
      filename: 'work.ts',
    });
    let error: unknown;
    try {
      withBudget(new Budget({ steps: 1000 }), () => script.call([]));
    } catch (caught) {
      error = caught;
    }
    expect(error).toMatchObject({ code: 'BUDGET_STEPS' });
    expect((error as BudgetError).traceback).toEqual([{ filename: 'work.ts', line: 3, function: 'work' }]);
  });
});
