/** TALES expressions: every way from every value of a page in each type of expression, each attempt, and what a budget stops. */
import { describe, expect, it } from 'vitest';
import { denyAll, everyAttempt, runTales, templateNames } from './lab.ts';
import { TALES } from './tales.ts';

denyAll();

const NAMED = Object.keys(templateNames());
type Type = 'path' | 'nocall' | 'exists' | 'string' | 'python' | 'js' | 'ts';

/** What an expression gives, or the name of its error. */
function answer(type: Type, expression: string, limits?: Parameters<typeof runTales>[1]): unknown {
  const end = runTales(`${type}:${expression}`, limits);
  return typeof end === 'string' ? (/^([A-Z]\w+): /.exec(end)?.[1] ?? end) : end;
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
      (each) =>
        !['d', 'dict', 'heldByDict'].includes(subject) ||
        !String((each as string[])[1]).includes('hasOwnProperty'),
    );
    expect(attempts).toEqual([]);
    expect(failed(answer('ts', `(${subject} as any).secret!`))).toBe(true);
    expect(failed(answer('ts', `(<any>${subject})["constructor" as string]`))).toBe(true);
  });
});

describe('a TALES expression', () => {
  everyAttempt(TALES, runTales);
});

describe('a JavaScript expression', () => {
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
