/** Trees with any ordered keys, any values. */
import { BTree, Bucket, BucketSet, TreeSet } from '../classes.ts';
import { type BTreeModule, defineFamily } from '../family.ts';
import { objectKeys } from '../keys-object.ts';
import { objectValues } from '../values.ts';

export class OOBTree<K = unknown, V = unknown> extends BTree<K, V> {}
export class OOBucket<K = unknown, V = unknown> extends Bucket<K, V> {}
export class OOSet<K = unknown> extends BucketSet<K> {}
export class OOTreeSet<K = unknown> extends TreeSet<K> {}

/** Python's module `BTrees.OOBTree`. */
export const OO: BTreeModule<OOBTree, OOBucket, OOSet, OOTreeSet> = defineFamily('OO', {
  keys: objectKeys,
  values: objectValues,
  sizes: [30, 250],
  BTree: OOBTree,
  Bucket: OOBucket,
  Set: OOSet,
  TreeSet: OOTreeSet,
});
