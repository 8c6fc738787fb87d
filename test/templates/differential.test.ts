import { describe, expect, it } from 'vitest';
import { Random } from '../restricted/programs.ts';
import { askZope, differences, told, withoutAccidents, zopeWithScripts } from './lib/zope-cases.ts';
import { PAGE_FEATURES, pageInput } from './lib/page-generator.ts';

/** How many of each feature, and from which seed; both may be set to run freely. */
const COUNT = Number(process.env['PAGE_FUZZ_COUNT'] ?? 15);
const SEED = Number(process.env['PAGE_FUZZ_SEED'] ?? 20_240_229);
const ZOPE_PYTHON = zopeWithScripts();
if (ZOPE_PYTHON === undefined)
  console.warn(
    'differential tests of page templates are skipped: ZOPE_PYTHON names no Python with Zope and Products.PythonScripts',
  );

describe(`${COUNT} random pages about each of ${Object.keys(PAGE_FEATURES).length} features of page templates, from seed ${SEED},`, () => {
  it.skipIf(ZOPE_PYTHON === undefined)(
    'give what Zope gives',
    () => {
      const random = new Random(SEED);
      const inputs = Object.keys(PAGE_FEATURES).flatMap((feature) =>
        Array.from({ length: COUNT }, () => pageInput(random, feature)),
      );
      const found = withoutAccidents(differences('zpt', inputs, askZope(ZOPE_PYTHON!, 'zpt', inputs)), 'zpt');
      expect(found.slice(0, 3).map(told)).toEqual([]);
    },
    3_600_000,
  );
});
