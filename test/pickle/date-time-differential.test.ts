import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import datetime from '../conformance/suites/datetime.ts';
import { Random } from '../restricted/programs.ts';
import { type DateCase, dateCase, LOCAL_ZONES } from './lib/date-time-generator.ts';

/** How many dates in each local zone, and from which seed; both may be set to run freely. */
const COUNT = Number(process.env['DATE_FUZZ_COUNT'] ?? 100);
const SEED = Number(process.env['DATE_FUZZ_SEED'] ?? 20_240_229);
const ZOPE_PYTHON = process.env['ZOPE_PYTHON'];
if (ZOPE_PYTHON === undefined)
  console.warn('differential tests of DateTime are skipped: ZOPE_PYTHON names no Python with Zope');

const ORACLE = readFileSync(new URL('lib/date-time-cases.py', import.meta.url), 'utf8');

type Answer = { readonly output: readonly unknown[] } | { readonly error: unknown };

function askPython(zone: string, cases: readonly DateCase[]): Answer[] {
  const run = spawnSync(ZOPE_PYTHON!, ['-c', ORACLE], {
    input: JSON.stringify({ zone, cases }),
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (run.status !== 0) throw new Error(run.stderr);
  return JSON.parse(run.stdout) as Answer[];
}

/**
 * What is not the class's doing: the laws of this year and the next, of which the runtime may know less than pytz; war-time clocks
 * of New Zealand; weeks of years before 32, which Python counts from today's date.
 */
const ACCIDENT =
  /"(?:Cuba|America\/Havana)"|^Pacific\/Auckland.*19(?:4[0-5])|"00(?:0\d|1\d|2\d|3[01])-?(?:W|\d{3}\b)/;

describe(`${COUNT} random dates in each of ${LOCAL_ZONES.length} zones, from seed ${SEED},`, () => {
  it.skipIf(ZOPE_PYTHON === undefined).each(LOCAL_ZONES)(
    'are what Python makes of them in %s',
    (zone) => {
      const random = new Random(SEED + LOCAL_ZONES.indexOf(zone));
      const cases = Array.from({ length: COUNT }, () => dateCase(random));
      const answers = askPython(zone, cases);
      const found: unknown[] = [];
      for (const [i, input] of cases.entries()) {
        const expected = answers[i]!;
        if (ACCIDENT.test(`${zone} ${JSON.stringify([input, expected])}`)) continue;
        try {
          const testCase = { name: '', input: { ...input, local_zone: zone }, expect: expected };
          void datetime.run(testCase as never, {} as never);
        } catch (error) {
          found.push({ input, expected, error: (error as { actual?: unknown }).actual ?? String(error) });
        }
      }
      expect(found.slice(0, 3)).toEqual([]);
    },
    3_600_000,
  );
});
