/** Trees with 64-bit ints as keys, unsigned 64-bit ints as values. */
import type { PyInt } from '../../pickle/index.ts';
import { BTree, Bucket, BucketSet, TreeSet } from '../classes.ts';
import { type BTreeModule, defineFamily } from '../family.ts';
import { int64Keys } from '../keys-long.ts';
import { uint64Values } from '../values.ts';

export class LQBTree extends BTree<PyInt, PyInt> {}
export class LQBucket extends Bucket<PyInt, PyInt> {}
export class LQSet extends BucketSet<PyInt> {}
export class LQTreeSet extends TreeSet<PyInt> {}

/** Python's module `BTrees.LQBTree`. */
export const LQ: BTreeModule<LQBTree, LQBucket, LQSet, LQTreeSet> = defineFamily('LQ', {
  keys: int64Keys,
  values: uint64Values,
  sizes: [120, 500],
  BTree: LQBTree,
  Bucket: LQBucket,
  Set: LQSet,
  TreeSet: LQTreeSet,
});
