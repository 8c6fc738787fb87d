/** Trees with any ordered keys, 32-bit ints as values. */
import { BTree, Bucket, BucketSet, TreeSet } from '../classes.ts';
import { type BTreeModule, defineFamily } from '../family.ts';
import { objectKeys } from '../keys-object.ts';
import { int32Values } from '../values.ts';

export class OIBTree<K = unknown> extends BTree<K, number> {}
export class OIBucket<K = unknown> extends Bucket<K, number> {}
export class OISet<K = unknown> extends BucketSet<K> {}
export class OITreeSet<K = unknown> extends TreeSet<K> {}

/** Python's module `BTrees.OIBTree`. */
export const OI: BTreeModule<OIBTree, OIBucket, OISet, OITreeSet> = defineFamily('OI', {
  keys: objectKeys,
  values: int32Values,
  sizes: [60, 250],
  BTree: OIBTree,
  Bucket: OIBucket,
  Set: OISet,
  TreeSet: OITreeSet,
});
