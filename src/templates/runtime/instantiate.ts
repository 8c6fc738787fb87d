/** Turns generated code into functions. */
import { compileFunction } from 'node:vm';
import { generatedFileName } from '../../restricted/index.ts';
import { problemOf, type ProgramPlaces, RUNTIME_NAMES, runtimeFor } from './index.ts';

let next = 1;

/** Runs the code with the runtime's names and its constants (`k0`, `k1` …), and gives what it returns. */
export function instantiate(
  code: string,
  constants: readonly unknown[],
  places: ProgramPlaces,
  trusted: boolean,
): unknown {
  const what = trusted ? places.filename : `Page Template at ${places.filename}`;
  const named = constants.map((_value, i) => `k${i}=K[${i}]`).join(',');
  const factory = compileFunction(
    `"use strict";const {${RUNTIME_NAMES.join(',')}}=R;${named === '' ? '' : `const ${named};`}${code}`,
    ['R', 'K', 'P', 'problem'],
    { filename: generatedFileName('template', next++, undefined, what) },
  ) as (R: unknown, K: unknown, P: unknown, problem: unknown) => unknown;
  return factory(runtimeFor(trusted), constants, places, problemOf(places));
}
