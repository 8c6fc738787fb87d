import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { Dict } from '../../src/pickle/index.ts';
import {
  Budget,
  BudgetError,
  compileFunction,
  PyError,
  repr,
  withBudget,
} from '../../src/restricted/index.ts';
import { ProgramWriter, Random } from './programs.ts';

/** How many programs, and from which seed: set both to run freely. */
const COUNT = Number(process.env['PYTHON_FUZZ_COUNT'] ?? 1500);
const SEED =
  process.env['PYTHON_FUZZ_SEED'] === 'random'
    ? Date.now() >>> 0
    : Number(process.env['PYTHON_FUZZ_SEED'] ?? 20_240_229);

const PYTHON = String.raw`
import json, resource, sys, warnings
resource.setrlimit(resource.RLIMIT_AS, (600 * 2**20, 600 * 2**20))
warnings.simplefilter('ignore')
out = []
for body in json.load(sys.stdin):
    source = 'def work():\n' + '\n'.join('    ' + line for line in body.split('\n'))
    try:
        scope = {}
        exec(compile(source, 'work', 'exec'), scope)
        out.append(['value', repr(scope['work']())])
    except RecursionError:
        out.append(['skip', ''])
    except BaseException as e:
        out.append(['error', type(e).__name__, str(e)])
json.dump(out, sys.stdout)
`;

type Answer = ['value', string] | ['error', string, string] | ['skip', string];

function ours(body: string): Answer {
  try {
    const script = compileFunction({ name: 'work', params: '', body, filename: 'work' });
    if (script.errors.length > 0) return ['error', 'CompileError', script.errors[0]!];
    return ['value', withBudget(new Budget({ time: 10_000 }), () => repr(script.call([], new Dict())))];
  } catch (error) {
    if (error instanceof BudgetError) return ['skip', error.message];
    if (error instanceof PyError)
      return error.name === 'MemoryError' ? ['skip', ''] : ['error', error.name, error.message];
    throw error;
  }
}

const python = spawnSync('python3', ['-c', 'import sys; print(sys.version_info >= (3, 11))'], {
  encoding: 'utf8',
});
const available = python.status === 0 && python.stdout.trim() === 'True';
if (!available)
  console.warn('differential tests of Python are skipped: there is no python3 of version 3.11 or later');

describe.skipIf(!available)(`${COUNT} programs of seed ${SEED}`, () => {
  it('give what the Python of this machine gives', () => {
    const writer = new ProgramWriter(new Random(SEED));
    const programs = Array.from({ length: COUNT }, () => writer.program());
    const run = spawnSync('python3', ['-c', PYTHON], {
      input: JSON.stringify(programs),
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    });
    expect(run.stderr).toBe('');
    const answers = JSON.parse(run.stdout) as Answer[];
    const differences: unknown[] = [];
    for (const [i, body] of programs.entries()) {
      const expected = answers[i]!;
      const actual = ours(body);
      if (expected[0] === 'skip' || actual[0] === 'skip' || expected[1] === 'MemoryError') continue;
      // Zope's own words for what cannot be written or iterated, and limits that Python does not have.
      const told = [...expected, ...actual].join(' ');
      if (
        /untrusted code|item or slice assignment|MemoryError|cannot unpack non-iterable|argument after \*/.test(
          told,
        )
      )
        continue;
      if (JSON.stringify(actual) !== JSON.stringify(expected)) differences.push({ body, expected, actual });
    }
    if (process.env['PYTHON_FUZZ_SHOW'] !== undefined)
      console.log(JSON.stringify(differences.slice(0, 20), null, 1));
    expect(differences.slice(0, 3)).toEqual([]);
  }, 120_000);
});
