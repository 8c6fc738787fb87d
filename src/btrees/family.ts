/** A family: the four classes that share a kind of keys and a kind of values, and the operations on them. */
import { type Class, registerClass } from '../persistent/index.ts';
import type { KeyKind, ValueKind } from './kinds.ts';
import type { Leaf } from './leaf.ts';
import {
  difference,
  intersection,
  multiunion,
  union,
  type Weighted,
  weightedIntersection,
  weightedUnion,
} from './set-operations.ts';
import type { Sorted } from './sorted.ts';
import type { Tree } from './tree.ts';

/** What nodes know of their family. */
export interface Family {
  readonly name: string;
  readonly keys: KeyKind;
  readonly values: ValueKind;
  readonly leaves: { readonly Bucket: new () => Leaf; readonly Set: new () => Leaf };
}

/** What Python has as a module (`BTrees.OOBTree`): the classes of a family and its set operations. */
export interface BTreeModule<
  B extends Sorted = Sorted,
  C extends Sorted = Sorted,
  S extends Sorted = Sorted,
  T extends Sorted = Sorted,
> {
  /** `BTrees.OOBTree` … */
  readonly name: string;
  readonly BTree: new () => B;
  readonly Bucket: new () => C;
  readonly Set: new () => S;
  readonly TreeSet: new () => T;
  /** Keys that are in either operand. An operand that is null is left out. */
  union(a: unknown, b: unknown): S | null;
  /** Keys that are in both operands. An operand that is null is left out. */
  intersection(a: unknown, b: unknown): S | null;
  /** What the first operand has and the second has not; a bucket when the first has values, else a set. */
  difference(a: unknown, b: unknown): S | C | null;
  /** The union with the sums of the values, each times the weight of its operand. Where values are numbers. */
  readonly weightedUnion?: (a: unknown, b: unknown, weight1?: unknown, weight2?: unknown) => Weighted;
  /** The intersection with such sums. Where values are numbers. */
  readonly weightedIntersection?: (a: unknown, b: unknown, weight1?: unknown, weight2?: unknown) => Weighted;
  /** The union of many sets. Where keys are ints. */
  readonly multiunion?: (operands: Iterable<unknown>) => S;
}

interface Definition<B extends Sorted, C extends Sorted, S extends Sorted, T extends Sorted> {
  readonly keys: KeyKind;
  readonly values: ValueKind;
  readonly sizes: readonly [leaf: number, internal: number];
  readonly BTree: new () => B;
  readonly Bucket: new () => C;
  readonly Set: new () => S;
  readonly TreeSet: new () => T;
}

function setUpTree(
  cls: typeof Tree,
  { keys, sizes }: Pick<Definition<never, never, never, never>, 'keys' | 'sizes'>,
  mapping: boolean,
) {
  [cls.max_leaf_size, cls.max_internal_size] = sizes;
  if (!mapping) return;
  const { get, set } = keys.hot;
  Object.defineProperty(cls.prototype, 'get', { value: get });
  Object.defineProperty(cls.prototype, 'set', { value: set });
}

/** Gives the classes of a family what they have in common, and their names in databases. */
export function defineFamily<B extends Sorted, C extends Sorted, S extends Sorted, T extends Sorted>(
  prefix: string,
  definition: Definition<B, C, S, T>,
): BTreeModule<B, C, S, T> {
  const { keys, values, BTree, Bucket, Set, TreeSet } = definition;
  const family: Family = {
    name: prefix,
    keys,
    values,
    leaves: { Bucket: Bucket as unknown as new () => Leaf, Set: Set as unknown as new () => Leaf },
  };
  const classes: readonly [suffix: string, cls: new () => Sorted, mapping: boolean][] = [
    ['BTree', BTree, true],
    ['Bucket', Bucket, true],
    ['Set', Set, false],
    ['TreeSet', TreeSet, false],
  ];
  const name = `BTrees.${prefix}BTree`;
  for (const [suffix, cls, mapping] of classes) {
    const shared = { _family: family, _keyKind: keys, _valueKind: values, _mapping: mapping };
    for (const [key, value] of Object.entries(shared))
      Object.defineProperty(cls.prototype, key, { value, enumerable: false });
    if (suffix.endsWith('Set') ? suffix === 'TreeSet' : suffix === 'BTree')
      setUpTree(cls as unknown as typeof Tree, definition, mapping);
    registerClass(cls as unknown as Class, `${name}.${prefix}${suffix}`, {
      python: true,
      // The module that old records name, from the time when classes had the name of their C module.
      aliases: [`BTrees._${prefix}BTree.${prefix}${suffix}`],
    });
  }
  return {
    name,
    BTree,
    Bucket,
    Set,
    TreeSet,
    union: (a, b) => union(family, a, b) as S | null,
    intersection: (a, b) => intersection(family, a, b) as S | null,
    difference: (a, b) => difference(family, a, b) as S | C | null,
    ...(values.arithmetic === null
      ? {}
      : {
          weightedUnion: (a: unknown, b: unknown, ...weights: unknown[]) =>
            weightedUnion(family, a, b, weights),
          weightedIntersection: (a: unknown, b: unknown, ...weights: unknown[]) =>
            weightedIntersection(family, a, b, weights),
        }),
    ...(keys.integral
      ? { multiunion: (operands: Iterable<unknown>) => multiunion(family, operands) as unknown as S }
      : {}),
  };
}
