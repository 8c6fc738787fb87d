/** The kinds of values: any object (O), ints of 32 and 64 bits (I, U, L, Q), floats of single precision (F). */
import { float, isFloat, PyFloat } from '../pickle/index.ts';
import { aqBase, isWrapper } from '../persistent/index.ts';
import { BTreeOverflowError, BTreeTypeError } from './errors.ts';
import { compareNumbers, int32Keys, uint32Keys } from './keys-int.ts';
import { int64, int64Keys, uint64Keys } from './keys-long.ts';
import type { Arithmetic, KeyKind, StoredValue, ValueKind } from './kinds.ts';
import { compareKeys } from './ordering.ts';

export const objectValues: ValueKind = {
  convert(value) {
    if (typeof value !== 'object' || value === null) {
      if (value === undefined)
        throw new BTreeTypeError('undefined cannot be a value: delete the key, or store null');
      return value;
    }
    // What is stored is the object, not the context that it was reached in.
    return isWrapper(value) ? aqBase(value) : value;
  },
  expose: (value) => value,
  converts: false,
  compare: compareKeys,
  none: () => [],
  same: () => false,
  normalize: (value) => value,
  arithmetic: null,
};

function intValues(kind: KeyKind, none: () => StoredValue[], arithmetic: Arithmetic): ValueKind {
  return {
    convert: kind.convert,
    expose: (value) => value,
    converts: false,
    compare: compareNumbers,
    none,
    same: (a, b) => a === b,
    normalize(value, min) {
      if (!((min as number) > 0)) return value;
      if (typeof value === 'number' && typeof min === 'number') return Math.trunc(value / min);
      return arithmetic.plus(BigInt(value as number | bigint) / BigInt(min as number | bigint), 0);
    },
    arithmetic,
  };
}

/** An argument that C takes as an int; whether it must be in range differs. */
function weightOf(value: unknown): number | bigint {
  if (typeof value === 'boolean') return Number(value);
  if (typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value))) return value;
  throw new BTreeTypeError(
    `a weight must be an int, not ${value instanceof PyFloat || isFloat(value) ? 'a float' : String(value)}`,
  );
}

export const int32Values: ValueKind = intValues(int32Keys, () => [], {
  one: 1,
  weight(value) {
    const weight = weightOf(value);
    if (typeof weight === 'bigint' || (weight | 0) !== weight)
      throw new BTreeOverflowError(`a weight of 32 bits cannot be ${weight}`);
    return weight;
  },
  times: (value, weight) => Math.imul(value as number, weight as number),
  plus: (a, b) => ((a as number) + (b as number)) | 0,
});

export const uint32Values: ValueKind = intValues(uint32Keys, () => [], {
  one: 1,
  weight: (value) => Number(BigInt.asUintN(32, BigInt(weightOf(value)))),
  times: (value, weight) => Math.imul(value as number, weight as number) >>> 0,
  plus: (a, b) => ((a as number) + (b as number)) >>> 0,
});

function longArithmetic(wrap: (value: bigint) => bigint, weight: (value: bigint) => bigint): Arithmetic {
  const done = (value: bigint): number | bigint => {
    const wrapped = wrap(value);
    return int64(wrapped, wrapped, wrapped)!;
  };
  const exact = (value: unknown) => BigInt(value as number | bigint);
  return {
    one: 1,
    weight: (value) => done(weight(BigInt(weightOf(value)))),
    times(a, b) {
      const product = typeof a === 'number' && typeof b === 'number' ? a * b : Infinity;
      // Above 0 as well, where it means that a product of unsigned numbers need not be wrapped.
      if (product >= 0 && product <= Number.MAX_SAFE_INTEGER) return product + 0;
      return done(exact(a) * exact(b));
    },
    plus(a, b) {
      const sum = typeof a === 'number' && typeof b === 'number' ? a + b : Infinity;
      if (sum >= 0 && sum <= Number.MAX_SAFE_INTEGER) return sum;
      return done(exact(a) + exact(b));
    },
  };
}

export const int64Values: ValueKind = intValues(
  int64Keys,
  () => [],
  longArithmetic(
    (value) => BigInt.asIntN(64, value),
    (value) => {
      if (BigInt.asIntN(64, value) !== value)
        throw new BTreeOverflowError(`a weight of 64 bits cannot be ${value}`);
      return value;
    },
  ),
);

export const uint64Values: ValueKind = intValues(
  uint64Keys,
  () => [],
  longArithmetic(
    (value) => BigInt.asUintN(64, value),
    (value) => BigInt.asUintN(64, value),
  ),
);

function single(value: unknown): number {
  if (typeof value === 'number') return Math.fround(value);
  if (value instanceof PyFloat) return Math.fround(value.value);
  if (typeof value === 'boolean') return Number(value);
  if (typeof value === 'bigint') {
    if (BigInt.asIntN(64, value) !== value)
      throw new BTreeOverflowError(`${value} is too large for a float value`);
    return Math.fround(Number(value));
  }
  throw new BTreeTypeError(`expected float or int value: ${String(value)}`);
}

/** Kept as bare numbers; handed out as what Python's floats are here. */
export const floatValues: ValueKind = {
  convert: single,
  expose: (value) => float(value as number),
  converts: true,
  compare: compareNumbers,
  none: () => [],
  same: (a, b) => a === b,
  normalize: (value, min) => ((min as number) > 0 ? Math.fround((value as number) / (min as number)) : value),
  arithmetic: {
    one: 1,
    weight(value) {
      if (typeof value === 'string' || value === null || value === undefined)
        throw new BTreeTypeError(`a weight must be a number, not ${String(value)}`);
      return single(value);
    },
    times: (value, weight) => Math.fround((value as number) * (weight as number)),
    plus: (a, b) => Math.fround((a as number) + (b as number)),
  },
};
