import { describe, expect, it } from 'vitest';
import { askPython, askZope, type Difference, differences, hasPython } from './oracles.ts';
import { featureProgram } from './program-features.ts';
import { ProgramWriter, Random } from './programs.ts';

/**
 * How many programs of each kind, and from which seed; both may be set to run freely:
 * `PYTHON_FUZZ_COUNT=20000 PYTHON_FUZZ_SEED=random`. `PYTHON_FUZZ_SHOW` prints what differs.
 */
const COUNT = Number(process.env['PYTHON_FUZZ_COUNT'] ?? 700);
const SEED =
  process.env['PYTHON_FUZZ_SEED'] === 'random'
    ? Date.now() >>> 0
    : Number(process.env['PYTHON_FUZZ_SEED'] ?? 20_240_229);
const ZOPE_PYTHON = process.env['ZOPE_PYTHON'];
const BATCH = 1000;

const KINDS = {
  mixed: (random: Random) => {
    const writer = new ProgramWriter(random);
    return () => writer.program();
  },
  'about one feature': (random: Random) => () => featureProgram(random),
};

/** What Zope's guards say instead of Python, and limits that Python does not have. */
const GUARDED =
  /untrusted code|item or slice assignment|MemoryError|cannot unpack non-iterable|argument after \*|Unauthorized|guarded_|multiple values for keyword|is not a mapping|CompileError|no attribute 'items'|tuple index out of range|switch from|Value after \*|is not defined|not iterable|\bzip object|object at|generator object|function |attribute-less|pop from empty|pop index|no keyword arguments|integer or slices|integers or slices/;
/** Which member of a set is refused first depends on the order of sets, which is not Python's; attributes that are not offered are not read to show them. */
const UNGUARDED = /MemoryError|Unauthorized\(None, |Unauthorized\('\w+', /;

function compare(
  write: () => string,
  ask: (bodies: string[]) => ReturnType<typeof askPython>,
  excused: RegExp,
) {
  const found: Difference[] = [];
  for (let left = COUNT; left > 0; left -= BATCH) {
    const bodies = Array.from({ length: Math.min(left, BATCH) }, write);
    found.push(...differences(bodies, ask(bodies), excused));
  }
  if (process.env['PYTHON_FUZZ_SHOW'] !== undefined) console.log(JSON.stringify(found.slice(0, 20), null, 1));
  return found;
}

const available = hasPython();
if (!available) console.warn('differential tests of Python are skipped: there is no python3 of version 3.11');
if (ZOPE_PYTHON === undefined)
  console.warn('differential tests of guarded Python are skipped: ZOPE_PYTHON names no Python with Zope');

describe.each(Object.entries(KINDS))(`${COUNT} programs %s, from seed ${SEED},`, (_kind, writer) => {
  it.skipIf(!available)(
    'give what the Python of this machine gives',
    () => {
      expect(compare(writer(new Random(SEED)), askPython, GUARDED).slice(0, 3)).toEqual([]);
    },
    3_600_000,
  );

  it.skipIf(ZOPE_PYTHON === undefined)(
    'give what Zope gives',
    () => {
      const ask = (bodies: string[]) => askZope(ZOPE_PYTHON!, bodies);
      expect(compare(writer(new Random(SEED + 1)), ask, UNGUARDED).slice(0, 3)).toEqual([]);
    },
    3_600_000,
  );
});
