/**
 * Where attempts to leave the guards run: hostile code of each language meets objects of the host, and what it ends with is told as one
 * text, so that an attempt is a line of data: its name, its code, and how it must end.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Dict, PySet, tupleFrom } from '../../src/pickle/index.ts';
import {
  Budget,
  BudgetError,
  type BudgetLimits,
  compileFunction,
  compileTypeScript,
  declareClass,
  PyError,
  registerType,
  setSecurityPolicy,
  withBudget,
} from '../../src/restricted/index.ts';
import { DtmlParseError, DtmlProgram, evaluateExpression, tainted } from '../../src/templates/index.ts';

/** A text in the objects of the host that no attempt may see. */
export const SECRET = 'S3CRET';

/** An object of the host: some names are public, one is private, the rest is declared nowhere. */
class Host {
  title = 'public title';
  secret = SECRET;
  _private = SECRET;

  method(): string {
    return 'called';
  }
  hidden(): string {
    return SECRET;
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

/** A host class that nobody declared. */
class Opaque {
  secret = SECRET;
  run(): string {
    return SECRET;
  }
}

/** What a list may not give. */
class Guarded {
  title = SECRET;
}
declareClass(Guarded, { object: 'private' });
registerType(Guarded, { operators: { str: () => 'a guarded object' } });

/** A container of the host with every operator, whose items are for nobody. */
class Keeper {
  readonly items = new Map<string, unknown>([
    ['x', SECRET],
    ['o', new Guarded()],
  ]);
}
declareClass(Keeper, { object: 'public' });
registerType(Keeper, {
  operators: {
    getitem: (self, key) => self.items.get(String(key)),
    iter: (self) => self.items.values(),
    len: (self) => self.items.size,
  },
});

/** Something of the host that fails with an error of the host, which holds more than its text. */
function failing(): never {
  throw Object.assign(new RangeError('failed'), { secret: SECRET, cause: new Host() });
}

export const HOST = new Host();

/** What the code finds bound. */
export function bindings(): Record<string, unknown> {
  return {
    host: HOST,
    opaque: new Opaque(),
    plain: { secret: SECRET, constructor: SECRET },
    keeper: new Keeper(),
    hostFunction: () => 'called',
    failing,
    promise: Promise.resolve(SECRET),
    date: new Date(0),
    pattern: /x/g,
    symbol: Symbol(SECRET),
    octets: new Uint8Array(3),
    tuple2: tupleFrom([1, 2]),
    held: [new Guarded()],
    heldByDict: new Dict<string, unknown>([['x', new Guarded()]]),
    heldBySet: new PySet([new Guarded()]),
    pairs: [tupleFrom<unknown>(['k', new Guarded()])],
  };
}

/** More names for templates: those that a page or document works with. */
export const templateNames = (): Record<string, unknown> => ({
  ...bindings(),
  text: 'text',
  number: 5,
  list: [1],
  dict: new Dict<string, unknown>([['a', 1]]),
  d: new Dict([['k', 'v']]),
  t: tupleFrom([1, 2]),
  pair: tupleFrom([1, 2]),
  hosts: [new Host(), new Host()],
  evil: tainted('<script>'),
  name: 'secret',
  private_name: '_private',
  names: ['hidden', 'x'],
});

type Limits = Partial<BudgetLimits>;
const LIMITS: Limits = { time: 5000, steps: 2_000_000, memory: 64 * 2 ** 20 };

/** `CompileError: …`, the name of an exception with its message, the code of a budget, or the value itself. */
function outcome(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    if (error instanceof BudgetError) return error.code;
    if (error instanceof DtmlParseError) return `ParseError: ${error.message}`;
    if (error instanceof PyError) return `${error.name}: ${error.message}`;
    throw error;
  }
}

type Runner = (code: string, limits?: Limits) => unknown;

const script =
  (compile: typeof compileFunction): Runner =>
  (body, limits = LIMITS) =>
    outcome(() => {
      const names = bindings();
      const made = compile({
        name: 'attack',
        params: '',
        body,
        filename: 'attack',
        globals: Object.keys(names),
      });
      if (made.errors.length > 0) return `CompileError: ${made.errors[0]}`;
      return withBudget(new Budget(limits), () => made.call([], new Dict(), names));
    });

export const runPython = script(compileFunction);
export const runTypeScript = script(compileTypeScript);

/** `type:text`, without a type a path. */
export const runTales: Runner = (expression, limits = LIMITS) =>
  outcome(() => {
    const match = /^(python|path|string|exists|nocall|not|structure|js|ts|lazy|defer):([^]*)$/.exec(
      expression,
    );
    const [type, text] = match === null ? ['path', expression] : [match[1]!, match[2]!];
    return withBudget(new Budget(limits), () => evaluateExpression(type as 'path', text, templateNames()));
  });

export const runDtml: Runner = (source, limits = LIMITS) =>
  outcome(() => {
    const values = new Dict(Object.entries(templateNames()));
    return withBudget(new Budget(limits), () =>
      String(DtmlProgram.compile(source, { name: 'attack' }).render({ values })),
    );
  });

/** How an attempt must end: a pattern that the text matches, or the value. */
export type Expected = RegExp | string | number | boolean | null | readonly unknown[];
/** `advisory`: the class of chapter 4.8 of the inventory that it is one of. */
export type Attempt = readonly [name: string, code: string, ends: Expected, advisory?: string];

/** Whether something of the host's that is secret is in what came out. */
const tells = (value: unknown): boolean =>
  typeof value === 'string' ? value.includes(SECRET) : Array.isArray(value) && value.some(tells);

/** One test for each attempt: it ends as told, gives no secret away, and leaves no trace. */
export function everyAttempt(attempts: readonly Attempt[], run: Runner): void {
  it.each(attempts.map(([name, code, ends]) => [name, code, ends] as const))(
    'gets nowhere with %s',
    (_name, code, ends) => {
      const end = run(code);
      if (ends instanceof RegExp) expect(String(end)).toMatch(ends);
      else expect(end).toEqual(ends);
      expect(tells(end)).toBe(false);
      untouched();
    },
  );
}

/** That no attempt has left anything in the thread. */
export function untouched(): void {
  expect((globalThis as { attacked?: unknown }).attacked).toBeUndefined();
  expect(({} as { x?: unknown }).x).toBeUndefined();
  expect((() => {}).name).toBe('');
  expect(([] as number[]).concat([1], [2])).toEqual([1, 2]);
  expect([HOST.title, HOST.secret, Object.keys(HOST)]).toEqual([
    'public title',
    SECRET,
    ['title', 'secret', '_private'],
  ]);
}

function policy(answer: boolean): void {
  let before: ReturnType<typeof setSecurityPolicy>;
  beforeAll(() => {
    before = setSecurityPolicy({ validate: () => answer, checkPermission: () => answer });
  });
  afterAll(() => {
    setSecurityPolicy(before);
  });
}

/** The policy of the lab while its tests run: what asks it is refused. */
export const denyAll = (): void => policy(false);
export const allowAll = (): void => policy(true);
