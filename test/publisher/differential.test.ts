import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../restricted/programs.ts';
import { zopeWithScripts } from '../templates/lib/zope-cases.ts';
import { accidentOf } from './lib/accidents.ts';
import { type BothSites, startBoth } from './lib/both-sites.ts';
import { type Difference, difference, told } from './lib/compare-answers.ts';
import { FEATURES } from './lib/request-generator.ts';

/** How many of each feature, and from which seed; both may be set to run freely, and the features that are tried. */
const COUNT = Number(process.env['HTTP_FUZZ_COUNT'] ?? 8);
const SEED = Number(process.env['HTTP_FUZZ_SEED'] ?? 20_240_229);
const CHOSEN = process.env['HTTP_FUZZ_FEATURES']?.split(',') ?? Object.keys(FEATURES);
const ZOPE_PYTHON = zopeWithScripts();
if (ZOPE_PYTHON === undefined)
  console.warn(
    'differential tests of the publisher are skipped: ZOPE_PYTHON names no Python with Zope and Products.PythonScripts',
  );

describe.skipIf(ZOPE_PYTHON === undefined)(`random requests from seed ${SEED}`, () => {
  let sites: BothSites;
  let zone: string | undefined;
  beforeAll(async () => {
    zone = process.env.TZ;
    process.env.TZ = 'UTC';
    sites = await startBoth(ZOPE_PYTHON!);
  }, 120_000);
  afterAll(async () => {
    await sites?.close();
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  });

  it(`are answered as Zope answers them, ${COUNT} of each of ${CHOSEN.length} features`, async () => {
    const found: Difference[] = [];
    let sent = 0;
    for (const feature of CHOSEN) {
      // Each feature has a sequence of its own, whichever others are tried.
      const random = new Random([...feature].reduce((seed, c) => seed * 31 + c.charCodeAt(0), SEED));
      for (let i = 0; i < COUNT; i++) {
        const before: string[] = [];
        for (const request of FEATURES[feature]!(random)) {
          // oxlint-disable-next-line no-await-in-loop -- one after the other, as they were made
          const [expected, actual] = await Promise.all([sites.python(request), sites.ours(request)]);
          sent++;
          const different = difference(feature, request, expected, actual);
          if (different === undefined) {
            before.push(`${request.target} ${request.body?.toString('latin1') ?? ''}`);
            continue;
          }
          found.push({ ...different, before });
          // What follows is asked of sites that are not the same any more.
          break;
        }
      }
    }
    const left = found.filter((each) => accidentOf(each) === undefined);
    const report = process.env['HTTP_FUZZ_REPORT'];
    if (report !== undefined)
      writeFileSync(
        report,
        JSON.stringify(
          {
            sent,
            found: found.length,
            left: left.map(told),
            accidents: found.flatMap((each) => {
              const reason = accidentOf(each);
              return reason === undefined ? [] : [[reason, told(each)]];
            }),
          },
          null,
          1,
        ),
      );
    expect(left.slice(0, 3).map(told)).toEqual([]);
  }, 3_600_000);
});
