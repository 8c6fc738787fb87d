import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Dict, PySet, tupleFrom } from '../../src/pickle/index.ts';
import {
  Budget,
  BudgetError,
  compileTypeScript,
  declareClass,
  PyError,
  registerType,
  setSecurityPolicy,
  withBudget,
} from '../../src/restricted/index.ts';

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
  optional(a: string, b = 'b'): string {
    return a + b;
  }
}
declareClass(Host, {
  object: 'public',
  names: { title: 'public', method: 'public', optional: 'public', hidden: 'private' },
  signatures: { optional: "a, b='b'" },
});
registerType(Host, { pyName: 'Host' });

class Opaque {
  secret = 'secret';
  run(): string {
    return 'secret';
  }
}
class Guarded {}
declareClass(Guarded, { object: 'private' });
registerType(Guarded, {});

const bindings = {
  host: new Host(),
  opaque: new Opaque(),
  plain: { secret: 'secret', constructor: 'secret' },
  hostFunction: () => 'called',
  promise: Promise.resolve('secret'),
  date: new Date(0),
  pattern: /x/g,
  symbol: Symbol('secret'),
  bytes: new Uint8Array(3),
  tuple2: tupleFrom([1, 2]),
  held: [new Guarded()],
  heldByDict: new Dict<string, unknown>([['x', new Guarded()]]),
  heldBySet: new PySet([new Guarded()]),
};

let before: ReturnType<typeof setSecurityPolicy>;
beforeAll(() => {
  before = setSecurityPolicy({ validate: () => false, checkPermission: () => false });
});
afterAll(() => {
  setSecurityPolicy(before);
});

function run(body: string, limits: ConstructorParameters<typeof Budget>[0] = { time: 2000 }): unknown {
  try {
    const script = compileTypeScript({
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
  bytes: 'bytes',
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
      const answers = run(`const value = ${source}, name = '${name}';${WAYS}`);
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
    const answer = run(
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
      expect(String(run(body))).toMatch(nothing);
  });

  it.each(['constructor', '__proto__', 'prototype'])('%s is not written', (name) => {
    expect(run(`const o = {}; o.${name} = host`)).toMatch(/^CompileError/);
    expect(run(`const o = {}; o.${name} += host`)).toMatch(/^CompileError/);
    expect(run(`const o = {}; ({ a: o.${name} } = { a: 1 })`)).toMatch(/^CompileError/);
    expect(run(`const o = {}; delete o.${name}`)).toMatch(/^CompileError/);
  });
});

const C = /^CompileError/;
const CASES: [name: string, body: string, answer: RegExp | unknown][] = [
  // What is refused by name
  ['import', "import fs from 'fs'", C],
  ['import()', "return import('fs')", C],
  ['import.meta', 'return import.meta', C],
  ['export', 'export const a = 1', C],
  ['require', "return require('fs')", C],
  ['async functions', 'async function f() {}', C],
  ['async arrows', 'return (async () => 1)()', C],
  ['async methods', 'return ({ async m() {} })', C],
  ['await', 'await promise', C],
  ['for await', 'for await (const x of host) {}', C],
  ['async generators', 'async function* g() {}', C],
  ['regular expressions', 'return /(a+)+$/.test("x")', C],
  ['with', 'with (host) { title }', C],
  ['eval', "return eval('1')", C],
  ['indirect eval', "return (0, eval)('1')", C],
  ['new Function', "return new Function('return 1')()", C],
  ['Function', "return Function('return 1')()", C],
  ['GeneratorFunction', 'return (function* () {}).constructor("return 1")', C],
  ['this', 'return this', C],
  ['this in a function', 'function f() { return this } return f()', C],
  ['this in an arrow', 'return (() => this)()', C],
  ['this in a method', 'return ({ m() { return this } }).m()', C],
  ['new.target', 'function f() { return new.target } return f()', C],
  ['super', 'return ({ m() { return super.toString } })', C],
  ['classes', 'class A {}', C],
  ['class expressions', 'return class {}', C],
  ['a class that extends the host', 'class A extends Host {}', C],
  ['private names', 'return #x in host', C],
  ['static blocks', 'class A { static { eval("1") } }', C],
  ['getters', 'return { get a() { return 1 } }', C],
  ['setters', 'return { set a(v) {} }', C],
  ['tagged templates', 'return String.raw`x`', C],
  ['a tag that keeps its strings', 'return (s => s)`x`', C],
  ['arguments', 'function f() { return arguments } return f()', C],
  ['debugger', 'debugger', C],
  ['enums', 'enum E { A }', C],
  ['namespaces', 'namespace N { export const a = 1 }', C],
  ['decorators', '@host class A {}', C],
  ['parameter properties', 'class A { constructor(private a: number) {} }', C],
  ['import = require', "import fs = require('fs')", C],
  // Names of the host
  ...(
    'globalThis global process window self Function Reflect Proxy Symbol Promise WeakRef WeakMap WeakSet FinalizationRegistry SharedArrayBuffer ArrayBuffer Atomics ' +
    'WebAssembly Buffer setTimeout setInterval setImmediate queueMicrotask structuredClone fetch console performance URL RegExp Intl Uint8Array DataView escape unescape ' +
    'module exports __dirname __filename require eval crypto navigator EventTarget AbortController Iterator'
  )
    .split(' ')
    .map((name): [string, string, RegExp] => [`the global ${name}`, `return ${name}`, C]),
  // Names of the compiler
  ...'R K G S L attr invoke item caught meter runtime f_script$0 c0 $0 $1 dictMerge'
    .split(' ')
    .map((name): [string, string, RegExp] => [`the name ${name}`, `return ${name}`, C]),
  ['assigning a name of the compiler', 'attr = 1', C],
  ['assigning a global', 'Math = 1', C],
  ['assigning a binding', 'host = 1', C],
  [
    'a variable named like a helper',
    'const attr = 5, S = 1, R = 2; return host.title + attr + S + R',
    'public title512',
  ],
  ['parameters named like helpers', 'return ((truth, add, R, S, call1) => truth + add)(1, 2, 3, 4, 5)', 3],
  ['an undeclared variable', 'x = 1', C],
  ['a variable named eval', 'const eval2 = 1; const constructor = 4; return constructor', 4],
  ['a function named constructor', 'function constructor() { return 1 } return constructor()', 1],
  ['unicode escapes in a member', 'return host.\\u005f\\u005fproto__', C],
  ['unicode escapes in an identifier', "return \\u0065val('1')", C],
  ['full-width letters in a member', 'return host.ｃｏｎｓｔｒｕｃｔｏｒ', C],
  ['full-width letters as text', "return host['＿＿proto＿＿'] ?? 'nothing'", 'nothing'],
  // Prototype pollution
  ['__proto__ in a literal', 'return { __proto__: host }', C],
  ["'__proto__' in a literal", "return { '__proto__': host }", C],
  [
    'a computed __proto__ in a literal',
    "const o = { ['__proto__']: 5 }; return [Object.keys(o), o['x'] ?? 0]",
    [['__proto__'], 0],
  ],
  [
    '__proto__ from JSON',
    'const o = JSON.parse(\'{"__proto__": {"x": 1}}\'); return o.x ?? \'nothing\'',
    'nothing',
  ],
  ['Object.assign to a prototype', 'Object.assign(host, { a: 1 })', /^TypeError/],
  ['Object.assign from JSON', 'return Object.assign({}, JSON.parse(\'{"__proto__": {"x": 1}}\')).x ?? 0', 0],
  ['Object.setPrototypeOf', 'return Object.setPrototypeOf({}, host)', /^TypeError/],
  ['Object.getPrototypeOf', 'return Object.getPrototypeOf({})', /^TypeError/],
  ['Object.defineProperty', "return Object.defineProperty({}, 'a', {})", /^TypeError/],
  ['Object.getOwnPropertyDescriptors', 'return Object.getOwnPropertyDescriptors(host)', /^TypeError/],
  ['Object.create', 'return Object.create(host)', /^TypeError/],
  ['Object called', 'return Object(host)', /^TypeError/],
  ['new Object', 'return new Object(host)', /^TypeError/],
  ['Array.prototype', 'return Array.prototype', C],
  ['Array by item', "return Array['prototype'] ?? 'nothing'", 'nothing'],
  ['Array.from with a constructor', 'return Array.from.call(host, [1])', /^AttributeError/],
  ['Symbol.iterator', 'return [][Symbol.iterator]', C],
  ['a method of a method', 'return [].map.call([1], x => x)', /^AttributeError/],
  ['toString with a foreign this', "const f = 'x'.toString; return f()", 'x'],
  ['valueOf as a hook', 'return ({ valueOf() { return host.secret } }) + 1', /^TypeError|object Object/],
  ['toString as a hook', 'return `${{ toString() { return 5 } }}`', '[object Object]'],
  ['toJSON as a hook', 'return JSON.stringify({ toJSON: 1 })', '{"toJSON":1}'],
  ['then as a hook', 'return ({ then: 5 }).then', 5],
  // Objects of the host
  ['a public attribute', 'return host.title', 'public title'],
  ['a public method', 'return host.method()', 'called'],
  ['keywords', "return host.optional(keywords({ a: 'x', b: 'y' }))", 'xy'],
  ['unknown keywords', "return host.optional(keywords({ a: 'x', c: 'y' }))", /^TypeError/],
  ['an undeclared attribute', 'return host.secret', /^Unauthorized/],
  ['an undeclared attribute behind ?.', 'return host?.secret', /^Unauthorized/],
  ['an undeclared attribute by item', "return host['secret']", /^Unauthorized/],
  ['an undeclared attribute by template', 'return host[`sec${"ret"}`]', /^Unauthorized/],
  ['an undeclared attribute by destructuring', 'const { secret } = host; return secret', /^Unauthorized/],
  ['an undeclared attribute by rest', 'const { title, ...rest } = host; return rest', /^TypeError/],
  ['an undeclared attribute as a default', 'return ((a = host.secret) => a)()', /^Unauthorized/],
  ['an undeclared attribute as a parameter', 'return (({ secret }) => secret)(host)', /^Unauthorized/],
  [
    'an undeclared attribute in a loop head',
    'for (const { secret } of [host]) return secret',
    /^Unauthorized/,
  ],
  [
    'an undeclared attribute in catch',
    'try { throw new Error() } catch ({ stack }) { return stack ?? "nothing" }',
    'nothing',
  ],
  ['an undeclared attribute assigned by pattern', 'let a; ({ secret: a } = host); return a', /^Unauthorized/],
  ['a private method', 'return host.hidden()', /^Unauthorized/],
  ['a private method read', 'return host.hidden', /^Unauthorized/],
  ['a private method by item', "return host['hidden']()", /^Unauthorized/],
  ['an attribute of an undeclared object', 'return opaque.secret', /^Unauthorized/],
  ['a method of an undeclared object', 'return opaque.run()', /^Unauthorized/],
  ['a property of a plain object', "return plain.secret ?? 'nothing'", 'nothing'],
  ['a property of a plain object by item', "return plain['secret'] ?? 'nothing'", 'nothing'],
  ['entries of a plain object', 'return Object.entries(plain)', /^TypeError/],
  ['keys of a plain object', 'return Object.keys(plain)', /^TypeError/],
  ['values of a host object', 'return Object.values(host)', /^TypeError/],
  ['a spread plain object', 'return { ...plain }', /^TypeError/],
  ['a spread host object', 'return { ...host }', /^TypeError/],
  ['a spread list of a host object', 'return [...host]', /^TypeError/],
  ['for in over a host object', 'for (const k in host) return k', /^TypeError/],
  ['for in over a plain object', 'for (const k in plain) return k', /^TypeError/],
  ['for of over a host object', 'for (const k of plain) return k', /^TypeError/],
  ["'in' with a host object", "return 'secret' in host", /^TypeError/],
  ["'in' with a plain object", "return 'secret' in plain", /^TypeError/],
  ['Object.hasOwn', "return Object.hasOwn(host, 'secret')", /^TypeError/],
  ['JSON of a host object', 'return JSON.stringify(host)', /^TypeError/],
  ['JSON of a plain object', 'return JSON.stringify({ a: plain })', /^TypeError/],
  ['JSON with a replacer', 'return JSON.stringify([1], x => x)', /^TypeError/],
  ['the text of a host object', "return `${opaque}`.startsWith('<Opaque object at 0x')", true],
  ['the text of a host function', "return (hostFunction + '').includes('called')", false],
  ['writing an attribute of a host object', "host.title = 'x'", /^TypeError/],
  ['writing an item of a host object', "host['title'] = 'x'", /^TypeError/],
  ['writing an attribute of a plain object', "plain.secret = 'x'", /^TypeError/],
  ['adding to an attribute of a host object', "host.title += 'x'", /^TypeError/],
  ['counting an attribute of a host object', 'host.title++', /^TypeError/],
  ['a pattern that writes to a host object', '({ a: host.title } = { a: 1 })', /^TypeError/],
  ['deleting an attribute of a host object', 'delete host.title', /^TypeError/],
  ['deleting an item of a host object', "delete host['title']", /^TypeError/],
  ['deleting a variable', 'let a = 1; delete a', C],
  ['writing a member of Math', 'Math.floor = () => 1', /^TypeError/],
  ['writing a member of JSON', "JSON['parse'] = 1", /^TypeError/],
  ['writing a member of a function', 'const f = () => 1; f.x = 1', /^TypeError/],
  ['writing into a tuple', 'tuple2[0] = 5', /^TypeError/],
  ['pushing to a tuple', 'tuple2.push(5)', /^TypeError/],
  ['sorting a tuple', 'tuple2.sort()', /^TypeError/],
  ['writing bytes', 'bytes[0] = 5', /^TypeError/],
  ['constructing a host object', 'return new host()', /^TypeError/],
  ['constructing a host function', 'return new hostFunction()', /^TypeError/],
  ['constructing an arrow', 'return new (() => 1)()', /^TypeError/],
  ['constructing Math', 'return new Math()', /^TypeError/],
  ['instanceof a host object', 'return 1 instanceof host', /^TypeError/],
  ['a throw of a host object', 'throw host', /^TypeError/],
  ['a throw of a text', "throw 'x'", /^TypeError/],
  ['calling a host object', 'return host()', /^TypeError/],
  ['calling undefined', 'return host.nothing()', /^AttributeError/],
  ['a callback that is a host function', 'return [1].map(hostFunction)', ['called']],
  ['a callback that is none', 'return [1].map(5)', /^TypeError/],
  ['a callback by name', "return [1].map('eval')", /^TypeError/],
  ['a guarded object in a list', 'return held[0]', /^Unauthorized/],
  ['a guarded object by at()', 'return held.at(0)', /^Unauthorized/],
  ['a guarded object by find()', 'return held.find(x => true)', /^Unauthorized/],
  ['a guarded object by map()', 'return held.map(x => x)', /^Unauthorized/],
  ['a guarded object by pop()', 'return [...held.slice()].pop()', /^Unauthorized/],
  ['a guarded object by reduce()', 'return held.reduce((a, b) => b, 0)', /^Unauthorized/],
  ['a guarded object by sort()', 'return held.toSorted((a, b) => 0)', /^Unauthorized/],
  ['a guarded object by destructuring', 'const [x] = held; return x', /^Unauthorized/],
  ['a guarded object by iteration', 'for (const x of held) return x', /^Unauthorized/],
  ['a guarded object by spread', 'return [...held]', /^Unauthorized/],
  ['a guarded object by entries()', 'return held.entries().next()', /^Unauthorized/],
  ['a guarded object by flat()', 'return held.flat()', /^Unauthorized/],
  ['a guarded object by Array.from', 'return Array.from(held)', /^Unauthorized/],
  ['a guarded object by Object.values', 'return Object.values(heldByDict)', /^Unauthorized/],
  ['a guarded object by member', 'return heldByDict.x', /^Unauthorized/],
  ['a guarded object by get()', "return heldByDict.get('x')", /^Unauthorized/],
  ['a guarded object by forEach()', 'heldByDict.forEach(v => v)', /^Unauthorized/],
  ['a guarded object by spread of an object', 'return { ...heldByDict }', /^Unauthorized/],
  ['a guarded object in a set', 'for (const x of heldBySet) return x', /^Unauthorized/],
  ['a guarded object by forEach() of a set', 'heldBySet.forEach(v => v)', /^Unauthorized/],
  // Errors and stacks (CVE-2024-47532, CVE-2025-22153)
  ['the stack of an error', "try { null.x } catch (e) { return e.stack ?? 'nothing' }", 'nothing'],
  ['the cause of an error', "try { null.x } catch (e) { return e.cause ?? 'nothing' }", 'nothing'],
  [
    'the stack of an overflow',
    "const f = () => f(); try { f() } catch (e) { return [e.name, e.stack ?? 'nothing'] }",
    ['RecursionError', 'nothing'],
  ],
  ['the object of an error', "try { host.nothing() } catch (e) { return e.obj ?? 'nothing' }", 'nothing'],
  ['Error.captureStackTrace', 'return Error.captureStackTrace', /^null$|^AttributeError|^Unauthorized/],
  ['Error.prepareStackTrace', 'Error.prepareStackTrace = (a, b) => b', /^TypeError/],
  ['a frame of a generator', "return (function* () { yield 1 })()['gi_frame'] ?? 'nothing'", 'nothing'],
  ['throwing into a generator', 'const g = (function* () { yield 1 })(); return g.throw(1)', /^TypeError/],
  ['returning from a generator', 'const g = (function* () { yield 1 })(); return g.return(1)', /^TypeError/],
  // Formatting and Python's ways (CVE-2017-5524, CVE-2023-41050)
  ['str.format', "return '{0.__class__}'.format(host)", /^TypeError/],
  ['format_map', "return '{a.secret}'.format_map({ a: host })", /^TypeError/],
  ['a module with private names', 'return AccessControl.ZopeGuards', /^Unauthorized/],
  ['string.Formatter', 'return string.Formatter', C],
  ['random.Random', 'return random.Random', C],
  ['type()', 'return type(host)', C],
  ['getattr', "return getattr(host, 'secret')", C],
  ['hasattr of a secret', "return hasattr(host, 'secret')", false],
  [
    'DTML of the standard module',
    'return standard.DTML(\'<dtml-var "_.str.mro">\')',
    /^(?:AttributeError|ImportError|TypeError|Unauthorized)|nothing|^null$/,
  ],
  ['String.replace with a pattern', "return 'aXb'.replace('X', '$`')", 'a$`b'],
  ['String.match', "return 'x'.match('(a+)+$')", /^TypeError/],
  ['String.search', "return 'x'.search('(a+)+$')", /^TypeError/],
  ['String.matchAll', "return 'x'.matchAll('(a+)+$')", /^TypeError/],
  ['a host pattern in replace', "return 'x'.replace(pattern, 'y')", 'x'],
  ['a host pattern in split', "return 'axb'.split(pattern).length", 1],
  ['a host pattern called', "return pattern.test('x')", /^(?:AttributeError|Unauthorized|TypeError)/],
  ['localeCompare with options', "return 'a'.localeCompare('b', 'xx', {})", -1],
  // Code that tries to get out of its text
  ['closing the function', '}); globalThis.attacked = 1; (function () {', C],
  ['closing the function twice', '})}); globalThis.attacked = 1; ((function () {', C],
  ['a string with code', `return '"); globalThis.attacked = 1; ("'`, '"); globalThis.attacked = 1; ("'],
  [
    'a template with code',
    'return `"]); globalThis.attacked = 1; ([\\``',
    '"]); globalThis.attacked = 1; ([`',
  ],
  ['line separators', "return '\\u2028\\u2029'.length", 2],
  ['raw line separators', "return '\u2028\u2029'.length", 2],
  ['a comment with code', '// \u2028 */ globalThis.attacked = 1 /*\nreturn 1', /^CompileError|^1$/],
  ['an HTML comment', '<!-- globalThis.attacked = 1\nreturn 1', /^CompileError|^1$/],
  ['a hashbang', '#!/usr/bin/env node\nreturn 1', C],
  ['a raw mark of the printer', "return '\u00019\u0002'.length", 3],
  ['a mark of the printer', "return '\\u00019\\u0002'.length", 3],
  ['a property name with code', `return ({ '"]);attacked=1;(["': 1 })['"]);attacked=1;(["']`, 1],
  ['a label named like a helper', 'attr: for (;;) { break attr } return 1', 1],
  ['types that hide code', 'const a = <any>eval("1")', C],
  ['as that hides code', 'const a = eval as any; return a("1")', C],
  ['satisfies that hides code', 'return eval satisfies unknown', C],
  ['a type annotation with an expression', 'const a: typeof globalThis = 1 as any; return a', 1],
  ['a regular expression in a type', 'type A = "/x/"; return 1', 1],
];

describe('a script in TypeScript', () => {
  it.each(CASES)('gets nowhere with %s', (_name, body, answer) => {
    const result = run(body);
    if (answer instanceof RegExp) expect(String(result)).toMatch(answer);
    else expect(result).toEqual(answer);
    expect((globalThis as { attacked?: unknown }).attacked).toBeUndefined();
    expect(({} as { x?: unknown }).x).toBeUndefined();
    expect(bindings.host.title).toBe('public title');
  });

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
    expect(String(run(body))).toMatch(/^(?:CompileError: |\d+$|1$|TypeError|null)/);
    expect(run('return 1 as number')).toBe(1);
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
    expect(run(body, { steps: 500_000, time: 3000, memory: 24 * 2 ** 20 })).toMatch(/^BUDGET_/);
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
    expect(run(body, { memory: 24 * 2 ** 20, steps: 5_000_000, time: 5000 })).toMatch(
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
    expect(String(run(body, { time: 5000, memory: 64 * 2 ** 20 }))).toMatch(answer);
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
