import { describe, expect, it } from 'vitest';
import { Random } from '../restricted/programs.ts';
import {
  askZope,
  differences,
  told,
  withoutAccidents,
  zopeWithScripts,
} from '../templates/lib/zope-cases.ts';
import { DEEP_DTML_FEATURES, deepDtmlInput } from './lib/deep-dtml.ts';
import { DTML_FEATURES, dtmlInput } from './lib/dtml-generator.ts';

/** How many of each feature, of small and of deep texts, and from which seed; all may be set to run freely. */
const COUNT = Number(process.env['DTML_FUZZ_COUNT'] ?? 20);
const DEEP_COUNT = Number(process.env['DTML_DEEP_FUZZ_COUNT'] ?? 12);
const SEED = Number(process.env['DTML_FUZZ_SEED'] ?? 20_240_229);
const ZOPE_PYTHON = zopeWithScripts();
if (ZOPE_PYTHON === undefined)
  console.warn(
    'differential tests of DTML are skipped: ZOPE_PYTHON names no Python with Zope and Products.PythonScripts',
  );

const CASES = [
  [COUNT, DTML_FEATURES, dtmlInput],
  [DEEP_COUNT, DEEP_DTML_FEATURES, deepDtmlInput],
] as const;

describe.each(CASES)('%i random texts about each feature of DTML', (count, features, inputOf) => {
  const names = Object.keys(features);
  it.skipIf(ZOPE_PYTHON === undefined)(
    `give what Zope gives, for ${names.length} features from seed ${SEED}`,
    () => {
      const random = new Random(SEED);
      const inputs = names.flatMap((feature) =>
        Array.from({ length: count }, () => inputOf(random, feature)),
      );
      const found = withoutAccidents(
        differences('dtml', inputs, askZope(ZOPE_PYTHON!, 'dtml', inputs)),
        'dtml',
      );
      expect(found.slice(0, 3).map(told)).toEqual([]);
    },
    3_600_000,
  );
});
