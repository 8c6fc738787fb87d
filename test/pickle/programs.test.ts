/**
 * Random pickles, sound and unsound: each ends in a value or in an `UnpicklingError`, and where `ZOPE_PYTHON` names a Python with
 * zodbpickle in the same value, the same end and the same bytes as there. PICKLE_PROGRAMS sets how many, PICKLE_SEED which ones.
 */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from 'vitest';
import { GlobalRef, Pickler, UnpicklableError, Unpickler, UnpicklingError } from '../../src/pickle/index.ts';
import { traceOf } from '../conformance/suites/lib/pickle-trace.ts';
import { normalized, Tagger } from '../conformance/suites/lib/pickle-values.ts';
import { mutated, Program, Random } from './pickle-programs.ts';

const python = process.env.ZOPE_PYTHON;
const COUNT = Number(process.env.PICKLE_PROGRAMS ?? 3000);
const SEED = Number(process.env.PICKLE_SEED ?? 1);
const LIMIT = 60_000 + COUNT * 20;

type Reader = 'standard' | 'zodb';
interface Sample {
  readonly reader: Reader;
  readonly pickle: Buffer;
}

const extensions = new Map(
  Object.entries({ ExtOne: 0x42, ExtTwo: 0x1234, ExtFour: 0xabcdef }).map(([name, code]) => [
    code,
    GlobalRef.of('corpusmodel', name),
  ]),
);
const codes = new Map([...extensions].map(([code, ref]) => [ref, code]));

const unpickler = ({ reader, pickle }: Sample): Unpickler =>
  new Unpickler(pickle, { dialect: reader, extension: (code) => extensions.get(code) });

function written(value: unknown): Uint8Array {
  const pickler = new Pickler({ extension: (ref) => codes.get(ref) });
  pickler.dump(value);
  return pickler.finish();
}

function* samples(count: number, seed: number): Generator<Sample> {
  const random = new Random(seed);
  for (let i = 0; i < count; i++) {
    const program = new Program(random).bytes();
    const pickle = random.chance(30) ? mutated(program, random) : program;
    yield { reader: 'standard', pickle };
    yield { reader: 'zodb', pickle };
  }
}

const shown = ({ reader, pickle }: Sample): string => `${reader} ${pickle.toString('hex')}`;

/** What reading gives; what is thrown must be an `UnpicklingError`. */
function outcome(sample: Sample): { value: unknown; end: number } | { error: UnpicklingError } {
  const reader = unpickler(sample);
  try {
    return { value: reader.load(), end: reader.position };
  } catch (error) {
    expect(error, shown(sample)).toBeInstanceOf(UnpicklingError);
    return { error: error as UnpicklingError };
  }
}

test(
  'every pickle ends in a value or an error, wherever it is cut off, and no class of it is called',
  () => {
    const seen = { value: 0, error: 0 };
    let length = 0;
    for (const sample of samples(COUNT / 10, SEED + 1)) {
      for (let cut = 0; cut <= sample.pickle.length; cut++) {
        const found = outcome({ ...sample, pickle: sample.pickle.subarray(0, cut) });
        length += cut;
        if ('error' in found) {
          seen.error++;
          continue;
        }
        seen.value++;
        let again: Uint8Array;
        try {
          again = written(found.value);
        } catch (error) {
          // A class whose name has no counterpart in a line, a keyword argument.
          expect(error, shown(sample)).toBeInstanceOf(UnpicklableError);
          continue;
        }
        // Nothing is unfolded.
        expect(again.length, shown(sample)).toBeLessThan(1000 + sample.pickle.length * 10);
      }
    }
    expect(seen.value).toBeGreaterThan(COUNT / 20);
    expect(seen.error).toBeGreaterThan(COUNT);
    expect(length).toBeGreaterThan(0);
  },
  LIMIT,
);

interface Answer {
  readonly skip?: string;
  readonly error?: string;
  readonly message?: string;
  readonly value?: unknown;
  readonly end?: number;
  readonly written?: string;
}

function pythonAnswers(cases: readonly Sample[]): Answer[] {
  const directory = import.meta.dirname;
  const output = execFileSync(
    python!,
    [path.join(directory, 'programs_python.py'), path.join(directory, '../corpus/filestorage')],
    {
      input: cases.map(shown).join('\n'),
      encoding: 'utf8',
      maxBuffer: 1 << 30,
      stdio: ['pipe', 'pipe', 'ignore'],
    },
  );
  return output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Answer);
}

/** What may be refused here and is not in Python: arguments that no pickler writes, and lines with a NUL, behind which C does not look. */
function mayRefuse({ code }: UnpicklingError, { pickle }: Sample): boolean {
  if (code === 'PICKLE_BAD_ARGUMENTS' || code === 'PICKLE_BAD_VALUE') return true;
  return code === 'PICKLE_BAD_NUMBER' && pickle.includes(0);
}

/** Names with a NUL are fine here; quotes behind one are not looked at by zodbpickle. */
const mayAccept = ({ message = '' }: Answer): boolean => /null character|insecure string/.test(message);

/** What is different from Python, if anything. */
function difference(sample: Sample, answer: Answer): string | undefined {
  const found = outcome(sample);
  // Python's reader of files loses its place after a frame that ends within an opcode; its reader of bytes does not.
  if (answer.skip !== undefined || sample.pickle.includes(0x95)) return undefined;
  if ('error' in found) {
    if (answer.error !== undefined || mayRefuse(found.error, sample)) return undefined;
    return `is refused: ${found.error.message}; wanted ${JSON.stringify(answer.value)}`;
  }
  if (answer.error !== undefined)
    return mayAccept(answer) ? undefined : `is not refused: ${answer.error}: ${answer.message}`;
  const [ours, wanted] = [new Tagger().run(found.value), answer.value].map((json) =>
    JSON.stringify(normalized(json)),
  ) as [string, string];
  // Each NaN of Python is a member of its own.
  if (ours !== wanted && wanted.includes('{"$float":"nan"}')) return undefined;
  if (ours !== wanted) return `has another value:\n${ours}\nwanted\n${wanted}`;
  if (found.end !== answer.end) return `ends at ${found.end} instead of ${answer.end}`;
  if (answer.written === undefined) return undefined;
  const bytes = written(found.value);
  if (Buffer.from(bytes).toString('hex') === answer.written) return undefined;
  const traces = [bytes, Buffer.from(answer.written, 'hex')].map(traceOf);
  // Sets have no order.
  if (/"\$(?:frozen)?set"/.test(wanted)) for (const trace of traces) trace.sort();
  return traces[0]!.join('\n') === traces[1]!.join('\n')
    ? undefined
    : `is written as ${Buffer.from(bytes).toString('hex')} instead of ${answer.written}`;
}

test.skipIf(python === undefined)(
  `${COUNT} random pickles are read and written as Python does it`,
  () => {
    const counts = { value: 0, error: 0, written: 0 };
    for (let done = 0; done < COUNT; done += 2000) {
      const cases = [...samples(Math.min(2000, COUNT - done), SEED * 1000 + done / 2000)];
      const answers = pythonAnswers(cases);
      expect(answers.length).toBe(cases.length);
      for (const [i, answer] of answers.entries()) {
        const sample = cases[i]!;
        const wrong = difference(sample, answer);
        if (wrong !== undefined) expect.fail(`${shown(sample)}\n${wrong}`);
        if (answer.value !== undefined) counts.value++;
        if (answer.error !== undefined) counts.error++;
        if (answer.written !== undefined) counts.written++;
      }
    }
    for (const count of Object.values(counts)) expect(count).toBeGreaterThan(COUNT / 4);
  },
  LIMIT,
);
