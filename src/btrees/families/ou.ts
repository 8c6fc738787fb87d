/** Trees with any ordered keys, unsigned 32-bit ints as values. */
import { BTree, Bucket, BucketSet, TreeSet } from '../classes.ts';
import { type BTreeModule, defineFamily } from '../family.ts';
import { objectKeys } from '../keys-object.ts';
import { uint32Values } from '../values.ts';

export class OUBTree<K = unknown> extends BTree<K, number> {}
export class OUBucket<K = unknown> extends Bucket<K, number> {}
export class OUSet<K = unknown> extends BucketSet<K> {}
export class OUTreeSet<K = unknown> extends TreeSet<K> {}

/** Python's module `BTrees.OUBTree`. */
export const OU: BTreeModule<OUBTree, OUBucket, OUSet, OUTreeSet> = defineFamily('OU', {
  keys: objectKeys,
  values: uint32Values,
  sizes: [60, 250],
  BTree: OUBTree,
  Bucket: OUBucket,
  Set: OUSet,
  TreeSet: OUTreeSet,
});
