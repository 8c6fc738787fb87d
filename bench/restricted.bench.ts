import { spawnSync } from 'node:child_process';
import { Dict } from '../src/pickle/index.ts';
import {
  Budget,
  compileExpression,
  compileFunction,
  type CompiledFunction,
  declareClass,
  registerType,
  setBudgetSource,
} from '../src/restricted/index.ts';
import type { Bench, BenchRow } from './bench.ts';

class Page {
  title = 'A title';

  heading(): string {
    return this.title;
  }
}
declareClass(Page, { object: 'public', names: { title: 'public', heading: 'public' } });
registerType(Page, {});

/** The budget of the request that scripts run in. */
let request: Budget | undefined;

/** Each body runs in a script with the parameter `n` and the binding `page`; `calls` is what one run counts as. */
const PROGRAMS: [name: string, body: string, n: number, calls: number][] = [
  ['a script with one expression', 'return n + 1', 1, 1],
  ['a loop of additions, per step', 't = 0\nfor i in range(n):\n    t = t + i\nreturn t', 100_000, 100_000],
  [
    'fib(18)',
    'def fib(n):\n    if n < 2:\n        return n\n    return fib(n - 1) + fib(n - 2)\nreturn fib(18)',
    1,
    1,
  ],
  [
    'string building, per piece',
    "s = ''\nfor i in range(n):\n    s += str(i) + ','\nreturn len(s)",
    20_000,
    20_000,
  ],
  [
    'list and dict, per item',
    'd = {}\nfor i in range(n):\n    d[i] = [i]\nreturn sum([len(v) for v in d.values()])',
    20_000,
    20_000,
  ],
  [
    'formatting, per row',
    "r = []\nfor i in range(n):\n    r.append('%s: %05d %.2f' % ('row', i, 1.5))\nreturn ''.join(r)",
    5000,
    5000,
  ],
  ['attribute, per read', 't = 0\nfor i in range(n):\n    t = page.title\nreturn t', 100_000, 100_000],
  ['method, per call', 't = 0\nfor i in range(n):\n    t = page.heading()\nreturn t', 100_000, 100_000],
  [
    'method of a text, per call',
    "t = 0\nfor i in range(n):\n    t = 'abc'.upper()\nreturn t",
    100_000,
    100_000,
  ],
];

const PYTHON = String.raw`
import json, sys, time
class Page:
    def __init__(self): self.title = 'A title'
    def heading(self): return self.title
page = Page()
seconds = json.loads(sys.argv[1])
out = []
for name, body, n, calls in json.load(sys.stdin):
    scope = {'page': page}
    exec('def work(n):\n' + '\n'.join('    ' + line for line in body.split('\n')), scope)
    work = scope['work']
    repeat = max(1, 20000 // (calls if calls > 1 else 200 if 'fib' in name else 1))
    best = 1e9
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.process_time()
        for _ in range(repeat): work(n)
        best = min(best, (time.process_time() - start) / repeat)
    out.append(best * 1e9 / calls)
json.dump(out, sys.stdout)
`;

/** Nanoseconds of processor time a call: the best round, after as many as make sure that V8 has compiled what is measured. */
function nanoseconds(
  script: CompiledFunction,
  name: string,
  n: number,
  calls: number,
  seconds: number,
): number {
  const repeat = Math.max(1, Math.floor(20_000 / (calls > 1 ? calls : name.includes('fib') ? 200 : 1)));
  const bindings = { page: new Page() };
  let best = Infinity;
  for (const end = performance.now() + seconds * 1000; performance.now() < end;) {
    request = new Budget({ steps: Number.MAX_SAFE_INTEGER, memory: Number.MAX_SAFE_INTEGER });
    const start = process.cpuUsage();
    for (let i = 0; i < repeat; i++) script.call([n], undefined, bindings);
    const { user, system } = process.cpuUsage(start);
    best = Math.min(best, ((user + system) * 1000) / repeat);
  }
  return best / calls;
}

function hundredLines(): string {
  const lines: string[] = [];
  for (let i = 0; i < 20; i++)
    lines.push(
      `r${i} = []`,
      `for x in range(${i}):`,
      `    if x % 2 == 0 and x > 3:`,
      `        r${i}.append('%d-%s' % (x, str(x).upper()))`,
      `print(len(r${i}), r${i}[:2])`,
    );
  return `${lines.join('\n')}\nreturn printed`;
}

const bench: Bench = {
  about:
    'guarded Python: attributes, loops, calls, texts, compile time; against the python3 of the machine, unguarded',
  run({ quick }): BenchRow[] {
    const seconds = quick ? 0.1 : 1;
    setBudgetSource(() => request);
    const python = spawnSync('python3', ['-c', PYTHON, String(seconds)], {
      input: JSON.stringify(PROGRAMS),
      encoding: 'utf8',
    });
    const reference = python.status === 0 ? (JSON.parse(python.stdout) as number[]) : undefined;
    if (reference === undefined) console.error('no python3: no reference');
    const rows: BenchRow[] = PROGRAMS.map(([name, body, n, calls], i) => {
      const script = compileFunction({
        name: 'work',
        params: 'n',
        body,
        filename: 'work',
        globals: ['page'],
      });
      const value = nanoseconds(script, name, n, calls, seconds);
      return reference === undefined
        ? { name, value, unit: 'ns' }
        : {
            name,
            value,
            unit: 'ns',
            reference: `python3 (${reference[i]!.toPrecision(3)} ns)`,
            ratio: reference[i]! / value,
          };
    });
    const expression = compileExpression("d['a'] + 1", { filename: 'bench' });
    const d = new Dict([['a', 1]]);
    const evaluations = quick ? 20_000 : 500_000;
    const start = process.hrtime.bigint();
    for (let i = 0; i < evaluations; i++) expression.evaluate((name) => (name === 'd' ? d : undefined));
    rows.push({
      name: "the expression d['a'] + 1",
      value: Number(process.hrtime.bigint() - start) / evaluations,
      unit: 'ns',
    });
    const source = hundredLines();
    const compile = (): void => {
      compileFunction({ name: 'work', params: '', body: source, filename: 'work' });
    };
    for (let i = 0; i < 20; i++) compile();
    const compiles = quick ? 10 : 100;
    const began = process.hrtime.bigint();
    for (let i = 0; i < compiles; i++) compile();
    rows.push({
      name: 'compiling 100 lines',
      value: Number(process.hrtime.bigint() - began) / compiles / 1000,
      unit: 'µs',
    });
    return rows;
  },
};
export default bench;
