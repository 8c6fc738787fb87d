/** Unions, intersections and differences of trees, buckets and sets of one family, and of other iterables. */
import { BTreeError, BTreeTypeError } from './errors.ts';
import type { LeafData } from './data.ts';
import type { Family } from './family.ts';
import type { Arithmetic, StoredKey, StoredValue } from './kinds.ts';
import type { Leaf } from './leaf.ts';
import { compareKeys } from './ordering.ts';
import { RangeIterator } from './range.ts';
import { ALL, Sorted } from './sorted.ts';

/** An operand while it is walked along, in the order of its keys. */
class Operand {
  readonly hasValues: boolean;
  readonly #keys: Iterator<StoredKey> | null;
  readonly #places: RangeIterator<readonly [LeafData, number]> | null;
  atEnd = false;
  key: StoredKey = undefined;
  value: StoredValue = undefined;

  constructor(family: Family, given: unknown, useValues: boolean) {
    this.#keys = null;
    this.#places = null;
    this.hasValues = false;
    if (given instanceof Sorted && given._family === family) {
      this.hasValues = useValues && given._mapping;
      this.#places = new RangeIterator(given._range(ALL), (leaf, place) => [leaf, place] as const);
    } else this.#keys = otherKeys(family, given, useValues)[Symbol.iterator]();
  }

  advance(): void {
    const { done, value } = (this.#places ?? this.#keys!).next();
    if (done === true) {
      this.atEnd = true;
    } else if (this.#places !== null) {
      const [leaf, place] = value as readonly [LeafData, number];
      this.key = leaf.keys[place];
      if (this.hasValues) this.value = leaf.values[place];
    } else this.key = value;
  }
}

/** The stored keys of an operand of another kind: one key, or anything to iterate over. */
function otherKeys(family: Family, given: unknown, useValues: boolean): Iterable<StoredKey> {
  const { keys } = family;
  if (keys.distinct) {
    const single = keys.lookUp(given);
    if (single !== undefined) return [single];
  }
  if (useValues) throw new BTreeTypeError('set operation: invalid argument, cannot iterate');
  const found = [...keysIn(given)];
  // In a tree None comes first; what has it cannot be sorted.
  if (found.length > 1 && found.includes(null))
    throw new BTreeTypeError("'<' not supported between instances of 'NoneType' and other types");
  try {
    return found.map((key) => keys.convert(key)).sort((a, b) => keys.compare(a, b));
  } catch (error) {
    if (!(error instanceof BTreeError)) throw error;
    return oneByOne(family, found);
  }
}

/** A key that does not fit matters only if the walk comes to it. */
function* oneByOne({ keys }: Family, found: unknown[]): Iterable<StoredKey> {
  for (const key of found.sort(compareKeys)) yield keys.convert(key);
}

/** The keys of a container or another mapping, or what else there is to iterate over. Throws BTreeTypeError. */
export function keysIn(given: unknown): Iterable<unknown> {
  if (given instanceof Sorted)
    return given._mapping
      ? (given as unknown as Map<unknown, unknown>).keys()
      : (given as unknown as Iterable<unknown>);
  if (given instanceof Map) return given.keys();
  if (typeof given === 'string') return given;
  if (given !== null && typeof given === 'object' && Symbol.iterator in given)
    return given as Iterable<unknown>;
  throw new BTreeTypeError(`a ${given === null ? 'NoneType' : typeof given} is not iterable`);
}

interface Plan {
  readonly family: Family;
  readonly useValues: readonly [boolean, boolean];
  readonly weights: readonly [StoredValue, StoredValue];
  /** Whether the result has the keys of the first operand only, of both, of the second only. */
  readonly keep: readonly [boolean, boolean, boolean];
}

function operate(given1: unknown, given2: unknown, plan: Plan): Leaf {
  const { family } = plan;
  const { arithmetic } = family.values;
  let a = new Operand(family, given1, plan.useValues[0]);
  let b = new Operand(family, given2, plan.useValues[1]);
  let [onlyA, both, onlyB] = plan.keep;
  let [weightA, weightB] = plan.weights;
  const withValues = a.hasValues || b.hasValues;
  if (withValues) {
    if (arithmetic === null && both && a.hasValues && b.hasValues) throw invalid();
    if (!a.hasValues) {
      [a, b] = [b, a];
      [onlyA, onlyB] = [onlyB, onlyA];
      [weightA, weightB] = [weightB, weightA];
    }
    if (arithmetic === null && !b.hasValues && onlyB) throw invalid();
    a.value = b.value = arithmetic?.one;
  }
  const result = new family.leaves[withValues ? 'Bucket' : 'Set']();
  const { _keys: keys, _values: values } = result;
  const weighted = (value: StoredValue, weight: StoredValue) =>
    arithmetic === null ? value : arithmetic.times(value, weight);
  const take = (side: Operand, weight: StoredValue, wanted: boolean) => {
    if (wanted) {
      keys.push(side.key);
      if (withValues) values.push(weighted(side.value, weight));
    }
    side.advance();
  };
  a.advance();
  b.advance();
  while (!a.atEnd && !b.atEnd) {
    const order = family.keys.compare(a.key, b.key);
    if (order < 0) take(a, weightA, onlyA);
    else if (order > 0) take(b, weightB, onlyB);
    else {
      if (both) {
        keys.push(a.key);
        if (withValues) values.push(together(arithmetic, a.value, weightA, b.value, weightB));
      }
      a.advance();
      b.advance();
    }
  }
  while (onlyA && !a.atEnd) take(a, weightA, true);
  while (onlyB && !b.atEnd) take(b, weightB, true);
  return result;
}

function together(
  arithmetic: Arithmetic | null,
  a: StoredValue,
  weightA: StoredValue,
  b: StoredValue,
  weightB: StoredValue,
): StoredValue {
  return arithmetic === null
    ? a
    : arithmetic.plus(arithmetic.times(a, weightA), arithmetic.times(b, weightB));
}

const invalid = () => new BTreeTypeError('invalid set operation: the values cannot be combined');

const NO_VALUES = [false, false] as const;

/** Keys that are in either operand: a set. None stands for an operand that is left out. */
export function union(family: Family, a: unknown, b: unknown): unknown {
  if (isNone(a)) return b;
  if (isNone(b)) return a;
  return operate(a, b, { family, useValues: NO_VALUES, weights: [1, 1], keep: [true, true, true] });
}

/** Keys that are in both operands: a set. */
export function intersection(family: Family, a: unknown, b: unknown): unknown {
  if (isNone(a)) return b;
  if (isNone(b)) return a;
  return operate(a, b, { family, useValues: NO_VALUES, weights: [1, 1], keep: [false, true, false] });
}

/** Keys of the first operand that are not in the second, with the values of the first if it has some. */
export function difference(family: Family, a: unknown, b: unknown): unknown {
  if (isNone(a) || isNone(b)) return a;
  return operate(a, b, {
    family,
    useValues: [true, false],
    weights: [family.values.arithmetic?.one, family.values.arithmetic?.one],
    keep: [true, false, false],
  });
}

/** What a weighted operation gives: the weight of the result, and the result. */
export type Weighted = readonly [weight: unknown, result: unknown];

export function weightedUnion(family: Family, a: unknown, b: unknown, weights: readonly unknown[]): Weighted {
  return weightedOperation(family, a, b, weights, [true, true, true], false);
}

export function weightedIntersection(
  family: Family,
  a: unknown,
  b: unknown,
  weights: readonly unknown[],
): Weighted {
  return weightedOperation(family, a, b, weights, [false, true, false], true);
}

function weightedOperation(
  family: Family,
  a: unknown,
  b: unknown,
  given: readonly unknown[],
  keep: readonly [boolean, boolean, boolean],
  addWeights: boolean,
): Weighted {
  const { values } = family;
  const arithmetic = values.arithmetic!;
  const [w1, w2] = [0, 1].map((i) => (given[i] === undefined ? arithmetic.one : arithmetic.weight(given[i])));
  if (isNone(a)) return [values.expose(isNone(b) ? 0 : w2), b];
  if (isNone(b)) return [values.expose(w1), a];
  const result = operate(a, b, { family, useValues: [true, true], weights: [w1, w2], keep });
  const weight = addWeights && !result._mapping ? arithmetic.plus(w1, w2) : arithmetic.one;
  return [values.expose(weight), result];
}

/** Keys that are in any of many operands: a set. Quicker than union after union. */
export function multiunion(family: Family, operands: Iterable<unknown>): Leaf {
  const all: StoredKey[] = [];
  for (const given of operands) {
    const operand = new Operand(family, given, false);
    for (operand.advance(); !operand.atEnd; operand.advance()) all.push(operand.key);
  }
  const result = new family.leaves.Set();
  if (all.every((key) => typeof key === 'number')) {
    let last: number | undefined;
    for (const key of Float64Array.from(all as number[]).sort())
      if (key !== last) result._keys.push((last = key));
  } else {
    all.sort(family.keys.compare);
    for (const key of all)
      if (result._keys.length === 0 || key !== result._keys[result._keys.length - 1]) result._keys.push(key);
  }
  return result;
}

const isNone = (value: unknown): value is null | undefined => value === null || value === undefined;
