/** Trees with unsigned 32-bit ints as keys, single-precision floats as values. */
import type { PyFloat } from '../../pickle/index.ts';
import { BTree, Bucket, BucketSet, TreeSet } from '../classes.ts';
import { type BTreeModule, defineFamily } from '../family.ts';
import { uint32Keys } from '../keys-int.ts';
import { floatValues } from '../values.ts';

export class UFBTree extends BTree<number, number | PyFloat> {}
export class UFBucket extends Bucket<number, number | PyFloat> {}
export class UFSet extends BucketSet<number> {}
export class UFTreeSet extends TreeSet<number> {}

/** Python's module `BTrees.UFBTree`. */
export const UF: BTreeModule<UFBTree, UFBucket, UFSet, UFTreeSet> = defineFamily('UF', {
  keys: uint32Keys,
  values: floatValues,
  sizes: [120, 500],
  BTree: UFBTree,
  Bucket: UFBucket,
  Set: UFSet,
  TreeSet: UFTreeSet,
});
