import { describe, expect, it } from 'vitest';
import { Random } from '../restricted/programs.ts';
import { askZope, differences, told, withoutAccidents, zopeWithScripts } from './lib/zope-cases.ts';
import { DEEP_PAGE_FEATURES } from './lib/deep-pages.ts';
import { PAGE_FEATURES, pageInput, pageOf } from './lib/page-generator.ts';

/** How many of each feature, of small and of deep pages, and from which seed; all may be set to run freely. */
const COUNT = Number(process.env['PAGE_FUZZ_COUNT'] ?? 15);
const DEEP_COUNT = Number(process.env['PAGE_DEEP_FUZZ_COUNT'] ?? 12);
const SEED = Number(process.env['PAGE_FUZZ_SEED'] ?? 20_240_229);
const ZOPE_PYTHON = zopeWithScripts();
if (ZOPE_PYTHON === undefined)
  console.warn(
    'differential tests of page templates are skipped: ZOPE_PYTHON names no Python with Zope and Products.PythonScripts',
  );

const CASES = [
  [COUNT, PAGE_FEATURES, pageInput],
  [
    DEEP_COUNT,
    DEEP_PAGE_FEATURES,
    (r: Random, feature: string) => pageOf(r, DEEP_PAGE_FEATURES[feature]!(r)),
  ],
] as const;

describe.each(CASES)('%i random pages about each feature of page templates', (count, features, inputOf) => {
  const names = Object.keys(features);
  it.skipIf(ZOPE_PYTHON === undefined)(
    `give what Zope gives, for ${names.length} features from seed ${SEED}`,
    () => {
      const random = new Random(SEED);
      const inputs = names.flatMap((feature) =>
        Array.from({ length: count }, () => inputOf(random, feature)),
      );
      const found = withoutAccidents(differences('zpt', inputs, askZope(ZOPE_PYTHON!, 'zpt', inputs)), 'zpt');
      expect(found.slice(0, 3).map(told)).toEqual([]);
    },
    3_600_000,
  );
});
