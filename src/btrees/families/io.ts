/** Trees with 32-bit ints as keys, any values. */
import { BTree, Bucket, BucketSet, TreeSet } from '../classes.ts';
import { type BTreeModule, defineFamily } from '../family.ts';
import { int32Keys } from '../keys-int.ts';
import { objectValues } from '../values.ts';

export class IOBTree<V = unknown> extends BTree<number, V> {}
export class IOBucket<V = unknown> extends Bucket<number, V> {}
export class IOSet extends BucketSet<number> {}
export class IOTreeSet extends TreeSet<number> {}

/** Python's module `BTrees.IOBTree`. */
export const IO: BTreeModule<IOBTree, IOBucket, IOSet, IOTreeSet> = defineFamily('IO', {
  keys: int32Keys,
  values: objectValues,
  sizes: [60, 500],
  BTree: IOBTree,
  Bucket: IOBucket,
  Set: IOSet,
  TreeSet: IOTreeSet,
});
