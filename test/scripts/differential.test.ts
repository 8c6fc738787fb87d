import { describe, expect, it } from 'vitest';
import { Random } from '../restricted/programs.ts';
import {
  askZope,
  differences,
  told,
  withoutAccidents,
  zopeWithScripts,
} from '../templates/lib/zope-cases.ts';
import { SCRIPT_FEATURES, scriptInput } from './lib/script-generator.ts';

/** How many of each feature, and from which seed; both may be set to run freely. */
const COUNT = Number(process.env['SCRIPT_FUZZ_COUNT'] ?? 30);
const SEED = Number(process.env['SCRIPT_FUZZ_SEED'] ?? 20_240_229);
const ZOPE_PYTHON = zopeWithScripts();
if (ZOPE_PYTHON === undefined)
  console.warn(
    'differential tests of scripts are skipped: ZOPE_PYTHON names no Python with Zope and Products.PythonScripts',
  );

describe(`${COUNT} random scripts about each of ${Object.keys(SCRIPT_FEATURES).length} features, from seed ${SEED},`, () => {
  it.skipIf(ZOPE_PYTHON === undefined)(
    'return what they return in Zope',
    () => {
      const random = new Random(SEED);
      const inputs = Object.keys(SCRIPT_FEATURES).flatMap((feature) =>
        Array.from({ length: COUNT }, () => scriptInput(random, feature)),
      );
      const answers = askZope(ZOPE_PYTHON!, 'script', inputs);
      const found = withoutAccidents(differences('script', inputs, answers), 'script');
      expect(found.slice(0, 3).map(told)).toEqual([]);
    },
    3_600_000,
  );
});
