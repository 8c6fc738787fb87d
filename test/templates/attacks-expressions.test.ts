/** Every way from every value of a page to the host, in each type of expression. None may lead anywhere. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Dict, tupleFrom } from '../../src/pickle/index.ts';
import {
  Budget,
  BudgetError,
  declareClass,
  PyError,
  registerType,
  setSecurityPolicy,
  withBudget,
} from '../../src/restricted/index.ts';
import { evaluateExpression } from '../../src/templates/index.ts';

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

class Opaque {
  secret = 'secret';
}

const names = {
  host: new Host(),
  opaque: new Opaque(),
  plain: { secret: 'secret', constructor: 'secret' },
  hostFunction: () => 'called',
  promise: Promise.resolve('secret'),
  date: new Date(0),
  pattern: /x/g,
  text: 'text',
  number: 5,
  list: [1],
  dict: new Dict<string, unknown>([['a', 1]]),
  pair: tupleFrom([1, 2]),
  bytes: new Uint8Array(3),
};
const NAMED = Object.keys(names);

let before: ReturnType<typeof setSecurityPolicy>;
beforeAll(() => {
  before = setSecurityPolicy({ validate: () => false, checkPermission: () => false });
});
afterAll(() => {
  setSecurityPolicy(before);
});

type Type = Parameters<typeof evaluateExpression>[0];

/** What an expression gives, or the name of its error. */
function answer(
  type: Type,
  expression: string,
  limits: ConstructorParameters<typeof Budget>[0] = { time: 2000 },
): unknown {
  try {
    return withBudget(new Budget(limits), () => evaluateExpression(type, expression, names));
  } catch (error) {
    if (error instanceof BudgetError) return error.code;
    if (error instanceof PyError) return error.name;
    throw error;
  }
}

const REFUSED =
  /^(?:Unauthorized|CompilerError|NotFound|NameError|LocationError|AttributeError|KeyError|TypeError|ValueError|IndexError)$/;

const FORBIDDEN = (
  '__class__ __dict__ __globals__ __proto__ __defineGetter__ _private constructor prototype caller callee arguments gi_frame ' +
  'f_globals tb_frame secret hidden x__roles__ mro stack hasOwnProperty isPrototypeOf then bind apply im_func func_code'
).split(' ');

/** The attempts that got somewhere: forms of an expression from a value by a name. */
function successes(
  type: Type,
  subject: string,
  forms: readonly ((name: string) => string)[],
  failed: (value: unknown) => boolean,
): unknown[] {
  const found: unknown[] = [];
  for (const name of FORBIDDEN)
    for (const form of forms) {
      const expression = form(name);
      const value = answer(type, expression);
      if (!failed(value)) found.push([subject, expression, value]);
    }
  return found;
}
const refused = (value: unknown) => typeof value === 'string' && REFUSED.test(value);

describe.each(NAMED)('from %s', (subject) => {
  it(`no path leads to any of ${FORBIDDEN.length} names`, () => {
    const plain = (name: string) => `${subject}/${name}`;
    expect(successes('path', subject, [plain, (name) => `${subject}/${name}/x`], refused)).toEqual([]);
    expect(successes('nocall', subject, [plain], refused)).toEqual([]);
    expect(successes('string', subject, [(name) => `$\{${plain(name)}}`], refused)).toEqual([]);
    expect(successes('exists', subject, [plain], (value) => refused(value) || value === 0)).toEqual([]);
  });

  it(`no Python expression leads to any of ${FORBIDDEN.length} names`, () => {
    const forms = [
      (name: string) => `${subject}.${name}`,
      (name: string) => `getattr(${subject}, '${name}')`,
      (name: string) => `'{0.${name}}'.format(${subject})`,
      (name: string) => `'{a.${name}}'.format_map({'a': ${subject}})`,
      (name: string) => `path('${subject}/${name}')`,
      (name: string) => `[x.${name} for x in [${subject}]]`,
    ];
    expect(successes('python', subject, forms, refused)).toEqual([]);
  });

  it(`no JavaScript expression leads to any of ${FORBIDDEN.length} names`, () => {
    const forms = [
      (name: string) => `${subject}.${name}`,
      (name: string) => `${subject}?.["${name}"]`,
      (name: string) => `(({ ${name}: x }) => x)(${subject})`,
      (name: string) => `[${subject}].map((x) => x.${name})[0]`,
    ];
    // A member that is not there is `undefined` in JavaScript.
    const failed = (value: unknown) => refused(value) || value === null;
    // An object of scripts has the method `hasOwnProperty`, which looks for items.
    const attempts = successes('js', subject, forms, failed).filter(
      (each) => subject !== 'dict' || !String((each as string[])[1]).includes('hasOwnProperty'),
    );
    expect(attempts).toEqual([]);
    expect(failed(answer('ts', `(${subject} as any).secret!`))).toBe(true);
    expect(failed(answer('ts', `(<any>${subject})["constructor" as string]`))).toBe(true);
  });
});

/** Nothing, or refused. */
const NOTHING = /^(?:null|Unauthorized|AttributeError|TypeError)$/;

const SCRIPTED: [name: string, expression: string, answer: RegExp | unknown][] = [
  ['globalThis', 'globalThis', REFUSED],
  ['process', 'process.exit()', REFUSED],
  ['require', "require('fs')", REFUSED],
  ['Function', "Function('return 1')()", REFUSED],
  ['new Function', "new Function('return 1')()", REFUSED],
  ['eval', "eval('1')", REFUSED],
  ['Reflect', 'Reflect.ownKeys(host)', REFUSED],
  ['Proxy', 'new Proxy({}, {})', REFUSED],
  ['Symbol', 'Symbol.iterator', REFUSED],
  ['WebAssembly', 'WebAssembly', REFUSED],
  ['Promise', 'Promise.resolve(1)', REFUSED],
  ['setTimeout', 'setTimeout(() => 1)', REFUSED],
  ['fetch', "fetch('http://localhost')", REFUSED],
  ['structuredClone', 'structuredClone(host)', REFUSED],
  ['queueMicrotask', 'queueMicrotask(() => 1)', REFUSED],
  ['the runtime', 'R', REFUSED],
  ['the lookup', 'L', REFUSED],
  ['the variables of the page', 'c', REFUSED],
  ['the constants of the page', 'K', REFUSED],
  ['the budget', 'S', REFUSED],
  ['arguments', 'arguments', REFUSED],
  ['arguments of a function', '(function () { return arguments; })()', REFUSED],
  ['this', 'this', REFUSED],
  ['this of a function', '(function () { return this; })()', REFUSED],
  ['new.target', '(function () { return new.target; })()', REFUSED],
  ['import()', "import('node:fs')", REFUSED],
  ['import.meta', 'import.meta', REFUSED],
  ['await', 'await promise', REFUSED],
  ['async', 'async () => 1', REFUSED],
  ['a class', 'class { static { throw 1 } }', REFUSED],
  ['a pattern', '/(a+)+$/.exec("aaaa")', REFUSED],
  ['a tagged template', 'hostFunction`x`', REFUSED],
  ['a getter', '({ get x() { return 1 } }).x', REFUSED],
  ['a prototype in a literal', '({ __proto__: host }).title', REFUSED],
  ['a quoted prototype in a literal', '({ "__proto__": host }).title', REFUSED],
  ['Object.getPrototypeOf', 'Object.getPrototypeOf(host)', REFUSED],
  ['Object.setPrototypeOf', 'Object.setPrototypeOf({}, host)', REFUSED],
  ['Object.getOwnPropertyNames', 'Object.getOwnPropertyNames(host)', REFUSED],
  ['Object.entries of the host', 'Object.entries(host)', REFUSED],
  ['Object.keys of a plain object', 'Object.keys(plain)', REFUSED],
  ['Object.assign to the host', 'Object.assign(host, { title: 1 })', REFUSED],
  ['spreading a plain object', '({ ...plain }).secret', REFUSED],
  ['spreading the host', '({ ...host }).secret', REFUSED],
  ['JSON of the host', 'JSON.stringify(host)', REFUSED],
  ['JSON of a plain object', 'JSON.stringify(plain)', REFUSED],
  ['in on the host', "'secret' in host", REFUSED],
  ['in on a plain object', "'secret' in plain", REFUSED],
  ['a computed constructor', "text['const' + 'ructor']", NOTHING],
  ['a constructor of a function', "(() => 1)['constructor']('return 1')()", REFUSED],
  ['a constructor of Math', "Math['constructor']", NOTHING],
  ['call of a function', 'hostFunction.call(null)', REFUSED],
  ['bind of a method', 'list.map.bind(list)', REFUSED],
  ['writing a member of the host', '(() => { host.title = 1; })()', REFUSED],
  ['writing a member of a plain object', '(() => { plain.secret = 1; })()', REFUSED],
  ['writing a variable of the page', 'host = 1', REFUSED],
  ['incrementing a variable of the page', 'number++', REFUSED],
  ['deleting a member of the host', '(() => { delete host.title; })()', REFUSED],
  ['throwing an object', '(() => { throw { a: 1 }; })()', REFUSED],
  ['the stack of an error', '(() => { try { null.x } catch (e) { return e.stack } })()', NOTHING],
  ['the cause of an error', '(() => { try { null.x } catch (e) { return e.cause } })()', NOTHING],
  ['catching a budget', '(() => { try { for (;;); } catch { return 1 } })()', 'BUDGET_STEPS'],
  ['escaping by a sequence', '1), (globalThis', REFUSED],
  ['escaping by a statement', '1; globalThis', REFUSED],
  ['escaping by a bracket', '1} globalThis', REFUSED],
  ['escaping by a comment', '1 /* */ ) //', REFUSED],
  ['an HTML comment', '1 <!-- globalThis', 1],
  ['escaping by a separator', '1\u2028globalThis', REFUSED],
  ['an escaped name', 'host.\\u005fprivate', REFUSED],
  ['an escaped constructor', 'host.\\u0063onstructor', REFUSED],
  ['an escaped variable', '\\u0067lobalThis', REFUSED],
  ['full-width letters', 'host.＿private', REFUSED],
  ['a private name', 'host.#x', REFUSED],
  ['a label', '(() => { a: for (;;) { continue b; } })()', REFUSED],
  ['a with statement', '(() => { with (host) { return title } })()', REFUSED],
  ['debugger', '(() => { debugger })()', REFUSED],
  ['an undeclared name', '(() => { leaked = 1 })()', REFUSED],
  ['path() to a secret', "path('host/secret')", REFUSED],
  ['path() to a private name', "path('host/_private')", REFUSED],
  ['python() to a secret', "python('host.secret')", REFUSED],
  ['a map of secrets', '[host].map((h) => h.secret)', REFUSED],
  ['a map of secrets by destructuring', '[host].map(({ secret }) => secret)', REFUSED],
  ['sorting by a secret', '[host, host].sort((a, b) => a.secret - b.secret)', REFUSED],
  ['a number of the host', 'host + 1', /TypeError/],
  ['a public attribute', 'host.title', 'public title'],
  ['a public method', 'host.method()', 'called'],
];

describe('a JavaScript expression', () => {
  it.each(SCRIPTED)('gets nowhere with %s', (_name, expression, expected) => {
    for (const type of ['js', 'ts'] as const) {
      const value = answer(type, expression, { steps: 100_000 });
      if (expected instanceof RegExp) expect(String(value)).toMatch(expected);
      else if (type === 'js' || !expression.includes('<!--')) expect(value).toBe(expected);
    }
    expect((globalThis as { leaked?: unknown }).leaked).toBeUndefined();
  });

  it.each([
    ['a loop', '(() => { for (;;); })()'],
    ['a recursion in vain', '(function f() { try { return f() } finally { f() } })()'],
    ['repetition', "'x'.repeat(1e10)"],
    ['padding', "'x'.padStart(1e10)"],
    ['doubling', "(() => { let s = 'xxxxxxxx'; for (;;) s += s; })()"],
    ['a list of a length', 'Array(1e9)'],
    ['spreading', '(() => { let a = [1]; for (;;) a = [...a, ...a]; })()'],
    ['powers', '(() => { let n = 10n; for (;;) n = n * n; })()'],
    ['a growing dict', '(() => { const o = {}; for (let i = 0; ; i++) o[i] = i; })()'],
    ['a generator without end', '[...(function* () { for (;;) yield 1; })()]'],
    [
      'nested maps',
      '(() => { const a = Array.from({ length: 1000 }); a.map(() => a.map(() => a.map(() => 1))); })()',
    ],
  ])('is stopped by the budget: %s', (_name, expression) => {
    expect(answer('js', expression, { steps: 1_000_000, memory: 16 * 2 ** 20, time: 5000 })).toMatch(
      /^BUDGET_/,
    );
    expect(answer('js', '1')).toBe(1);
  });
});
