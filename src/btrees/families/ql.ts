/** Trees with unsigned 64-bit ints as keys, 64-bit ints as values. */
import type { PyInt } from '../../pickle/index.ts';
import { BTree, Bucket, BucketSet, TreeSet } from '../classes.ts';
import { type BTreeModule, defineFamily } from '../family.ts';
import { uint64Keys } from '../keys-long.ts';
import { int64Values } from '../values.ts';

export class QLBTree extends BTree<PyInt, PyInt> {}
export class QLBucket extends Bucket<PyInt, PyInt> {}
export class QLSet extends BucketSet<PyInt> {}
export class QLTreeSet extends TreeSet<PyInt> {}

/** Python's module `BTrees.QLBTree`. */
export const QL: BTreeModule<QLBTree, QLBucket, QLSet, QLTreeSet> = defineFamily('QL', {
  keys: uint64Keys,
  values: int64Values,
  sizes: [120, 500],
  BTree: QLBTree,
  Bucket: QLBucket,
  Set: QLSet,
  TreeSet: QLTreeSet,
});
