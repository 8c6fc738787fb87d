/** What other Pythons say of the bodies of functions, and what this one says. */
import { spawnSync } from 'node:child_process';
import { Dict } from '../../src/pickle/index.ts';
import {
  Budget,
  BudgetError,
  compileFunction,
  PyError,
  repr,
  withBudget,
} from '../../src/restricted/index.ts';

/** `repr` of what a body returned, or the class and message of its exception; skipped: too deep, too long or too large. */
export type Answer = ['value', string] | ['error', string, string] | ['skip', string];

const LOOP = String.raw`
class TooLong(BaseException): pass
def alarm(*args): raise TooLong()
signal.signal(signal.SIGALRM, alarm)
out = []
for body in json.load(sys.stdin):
    try:
        signal.alarm(3)
        found = answer(body)
        out.append(found if len(found[-1]) < 2**20 else ['skip', ''])
    except (RecursionError, MemoryError, TooLong):
        out.append(['skip', ''])
    except BaseException as e:
        out.append(['error', type(e).__name__, str(e)])
    finally:
        signal.alarm(0)
json.dump(out, sys.stdout)
`;
const START = String.raw`
import json, resource, signal, sys, warnings
resource.setrlimit(resource.RLIMIT_AS, (1200 * 2**20, 1200 * 2**20))
warnings.simplefilter('ignore')
`;
const PLAIN = String.raw`
def answer(body):
    source = 'def work():\n' + '\n'.join('    ' + line for line in body.split('\n'))
    scope = {}
    exec(compile(source, 'work', 'exec'), scope)
    return ['value', repr(scope['work']())]
`;
const GUARDED = String.raw`
import logging
logging.disable(logging.CRITICAL)
from RestrictedPython import compile_restricted_function
from AccessControl import ModuleSecurityInfo
from AccessControl.ZopeGuards import get_safe_globals, guarded_getattr
for name in ('math', 'string'):
    ModuleSecurityInfo(name).setDefaultAccess('allow')
    ModuleSecurityInfo(name).declareObjectPublic()
def answer(body):
    scope = get_safe_globals()
    scope['_getattr_'] = guarded_getattr
    scope['__name__'] = 'script'
    scope['__builtins__'] = dict(scope['__builtins__'], sorted=sorted, tuple=tuple, bytes=bytes)
    result = compile_restricted_function('', body, 'work', 'work', [])
    if result.errors:
        return ['error', 'CompileError', result.errors[0]]
    exec(result.code, scope)
    return ['value', repr(scope['work']())]
`;

function ask(python: string, source: string, bodies: readonly string[]): Answer[] {
  const run = spawnSync(python, ['-c', START + source + LOOP], {
    input: JSON.stringify(bodies),
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (run.status !== 0)
    throw new Error(`${python} ended with ${run.signal ?? run.status}: ${run.error?.message ?? run.stderr}`);
  return JSON.parse(run.stdout) as Answer[];
}

export const askPython = (bodies: readonly string[]): Answer[] => ask('python3', PLAIN, bodies);

/** RestrictedPython with Zope's guards. */
export const askZope = (python: string, bodies: readonly string[]): Answer[] => ask(python, GUARDED, bodies);

export function ours(body: string): Answer {
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

/** Whether there is a python3 whose messages are those of Zope's Python. */
export function hasPython(): boolean {
  const python = spawnSync('python3', ['-c', 'import sys; print(sys.version_info[:2] == (3, 11))'], {
    encoding: 'utf8',
  });
  return python.status === 0 && python.stdout.trim() === 'True';
}

/** Addresses, and objects shown with theirs, are of one process. */
const plain = (answer: Answer): string =>
  JSON.stringify(answer)
    .replaceAll(/ at 0x[0-9a-f]+/g, '')
    .replaceAll(/(Unauthorized\(\\*'\w+\\*'), (?:<(?:[^<>]|<[^<>]*>)*>|[-\w.]+)\)/g, '$1)');

export interface Difference {
  readonly body: string;
  readonly expected: Answer;
  readonly actual: Answer;
}

/** Where the answers differ, but for programs in which `excused` is told. */
export function differences(
  bodies: readonly string[],
  answers: readonly Answer[],
  excused?: RegExp,
): Difference[] {
  const found: Difference[] = [];
  for (const [i, body] of bodies.entries()) {
    const expected = answers[i]!;
    const actual = ours(body);
    if (expected[0] === 'skip' || actual[0] === 'skip') continue;
    if (excused?.test([...expected, ...actual].join(' ')) === true) continue;
    if (plain(actual) !== plain(expected)) found.push({ body, expected, actual });
  }
  return found;
}
