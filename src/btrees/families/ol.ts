/** Trees with any ordered keys, 64-bit ints as values. */
import type { PyInt } from '../../pickle/index.ts';
import { BTree, Bucket, BucketSet, TreeSet } from '../classes.ts';
import { type BTreeModule, defineFamily } from '../family.ts';
import { objectKeys } from '../keys-object.ts';
import { int64Values } from '../values.ts';

export class OLBTree<K = unknown> extends BTree<K, PyInt> {}
export class OLBucket<K = unknown> extends Bucket<K, PyInt> {}
export class OLSet<K = unknown> extends BucketSet<K> {}
export class OLTreeSet<K = unknown> extends TreeSet<K> {}

/** Python's module `BTrees.OLBTree`. */
export const OL: BTreeModule<OLBTree, OLBucket, OLSet, OLTreeSet> = defineFamily('OL', {
  keys: objectKeys,
  values: int64Values,
  sizes: [60, 250],
  BTree: OLBTree,
  Bucket: OLBucket,
  Set: OLSet,
  TreeSet: OLTreeSet,
});
