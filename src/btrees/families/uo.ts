/** Trees with unsigned 32-bit ints as keys, any values. */
import { BTree, Bucket, BucketSet, TreeSet } from '../classes.ts';
import { type BTreeModule, defineFamily } from '../family.ts';
import { uint32Keys } from '../keys-int.ts';
import { objectValues } from '../values.ts';

export class UOBTree<V = unknown> extends BTree<number, V> {}
export class UOBucket<V = unknown> extends Bucket<number, V> {}
export class UOSet extends BucketSet<number> {}
export class UOTreeSet extends TreeSet<number> {}

/** Python's module `BTrees.UOBTree`. */
export const UO: BTreeModule<UOBTree, UOBucket, UOSet, UOTreeSet> = defineFamily('UO', {
  keys: uint32Keys,
  values: objectValues,
  sizes: [60, 500],
  BTree: UOBTree,
  Bucket: UOBucket,
  Set: UOSet,
  TreeSet: UOTreeSet,
});
