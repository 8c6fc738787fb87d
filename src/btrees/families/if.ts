/** Trees with 32-bit ints as keys, single-precision floats as values. */
import type { PyFloat } from '../../pickle/index.ts';
import { BTree, Bucket, BucketSet, TreeSet } from '../classes.ts';
import { type BTreeModule, defineFamily } from '../family.ts';
import { int32Keys } from '../keys-int.ts';
import { floatValues } from '../values.ts';

export class IFBTree extends BTree<number, number | PyFloat> {}
export class IFBucket extends Bucket<number, number | PyFloat> {}
export class IFSet extends BucketSet<number> {}
export class IFTreeSet extends TreeSet<number> {}

/** Python's module `BTrees.IFBTree`. */
export const IF: BTreeModule<IFBTree, IFBucket, IFSet, IFTreeSet> = defineFamily('IF', {
  keys: int32Keys,
  values: floatValues,
  sizes: [120, 500],
  BTree: IFBTree,
  Bucket: IFBucket,
  Set: IFSet,
  TreeSet: IFTreeSet,
});
