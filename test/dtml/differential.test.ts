import { describe, expect, it } from 'vitest';
import { Random } from '../restricted/programs.ts';
import {
  askZope,
  differences,
  told,
  withoutAccidents,
  zopeWithScripts,
} from '../templates/lib/zope-cases.ts';
import { DTML_FEATURES, dtmlInput } from './lib/dtml-generator.ts';

/** How many of each feature, and from which seed; both may be set to run freely. */
const COUNT = Number(process.env['DTML_FUZZ_COUNT'] ?? 20);
const SEED = Number(process.env['DTML_FUZZ_SEED'] ?? 20_240_229);
const ZOPE_PYTHON = zopeWithScripts();
if (ZOPE_PYTHON === undefined)
  console.warn(
    'differential tests of DTML are skipped: ZOPE_PYTHON names no Python with Zope and Products.PythonScripts',
  );

describe(`${COUNT} random texts about each of ${Object.keys(DTML_FEATURES).length} features of DTML, from seed ${SEED},`, () => {
  it.skipIf(ZOPE_PYTHON === undefined)(
    'give what Zope gives',
    () => {
      const random = new Random(SEED);
      const inputs = Object.keys(DTML_FEATURES).flatMap((feature) =>
        Array.from({ length: COUNT }, () => dtmlInput(random, feature)),
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
