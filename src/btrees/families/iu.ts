/** Trees with 32-bit ints as keys, unsigned 32-bit ints as values. */
import { BTree, Bucket, BucketSet, TreeSet } from '../classes.ts';
import { type BTreeModule, defineFamily } from '../family.ts';
import { int32Keys } from '../keys-int.ts';
import { uint32Values } from '../values.ts';

export class IUBTree extends BTree<number, number> {}
export class IUBucket extends Bucket<number, number> {}
export class IUSet extends BucketSet<number> {}
export class IUTreeSet extends TreeSet<number> {}

/** Python's module `BTrees.IUBTree`. */
export const IU: BTreeModule<IUBTree, IUBucket, IUSet, IUTreeSet> = defineFamily('IU', {
  keys: int32Keys,
  values: uint32Values,
  sizes: [120, 500],
  BTree: IUBTree,
  Bucket: IUBucket,
  Set: IUSet,
  TreeSet: IUTreeSet,
});
