/** Trees with 32-bit ints as keys, 32-bit ints as values. */
import { BTree, Bucket, BucketSet, TreeSet } from '../classes.ts';
import { type BTreeModule, defineFamily } from '../family.ts';
import { int32Keys } from '../keys-int.ts';
import { int32Values } from '../values.ts';

export class IIBTree extends BTree<number, number> {}
export class IIBucket extends Bucket<number, number> {}
export class IISet extends BucketSet<number> {}
export class IITreeSet extends TreeSet<number> {}

/** Python's module `BTrees.IIBTree`. */
export const II: BTreeModule<IIBTree, IIBucket, IISet, IITreeSet> = defineFamily('II', {
  keys: int32Keys,
  values: int32Values,
  sizes: [120, 500],
  BTree: IIBTree,
  Bucket: IIBucket,
  Set: IISet,
  TreeSet: IITreeSet,
});
