/** Trees with 64-bit ints as keys, 64-bit ints as values. */
import type { PyInt } from '../../pickle/index.ts';
import { BTree, Bucket, BucketSet, TreeSet } from '../classes.ts';
import { type BTreeModule, defineFamily } from '../family.ts';
import { int64Keys } from '../keys-long.ts';
import { int64Values } from '../values.ts';

export class LLBTree extends BTree<PyInt, PyInt> {}
export class LLBucket extends Bucket<PyInt, PyInt> {}
export class LLSet extends BucketSet<PyInt> {}
export class LLTreeSet extends TreeSet<PyInt> {}

/** Python's module `BTrees.LLBTree`. */
export const LL: BTreeModule<LLBTree, LLBucket, LLSet, LLTreeSet> = defineFamily('LL', {
  keys: int64Keys,
  values: int64Values,
  sizes: [120, 500],
  BTree: LLBTree,
  Bucket: LLBucket,
  Set: LLSet,
  TreeSet: LLTreeSet,
});
