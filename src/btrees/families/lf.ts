/** Trees with 64-bit ints as keys, single-precision floats as values. */
import type { PyFloat, PyInt } from '../../pickle/index.ts';
import { BTree, Bucket, BucketSet, TreeSet } from '../classes.ts';
import { type BTreeModule, defineFamily } from '../family.ts';
import { int64Keys } from '../keys-long.ts';
import { floatValues } from '../values.ts';

export class LFBTree extends BTree<PyInt, number | PyFloat> {}
export class LFBucket extends Bucket<PyInt, number | PyFloat> {}
export class LFSet extends BucketSet<PyInt> {}
export class LFTreeSet extends TreeSet<PyInt> {}

/** Python's module `BTrees.LFBTree`. */
export const LF: BTreeModule<LFBTree, LFBucket, LFSet, LFTreeSet> = defineFamily('LF', {
  keys: int64Keys,
  values: floatValues,
  sizes: [120, 500],
  BTree: LFBTree,
  Bucket: LFBucket,
  Set: LFSet,
  TreeSet: LFTreeSet,
});
