/** Trees with unsigned 32-bit ints as keys, unsigned 32-bit ints as values. */
import { BTree, Bucket, BucketSet, TreeSet } from '../classes.ts';
import { type BTreeModule, defineFamily } from '../family.ts';
import { uint32Keys } from '../keys-int.ts';
import { uint32Values } from '../values.ts';

export class UUBTree extends BTree<number, number> {}
export class UUBucket extends Bucket<number, number> {}
export class UUSet extends BucketSet<number> {}
export class UUTreeSet extends TreeSet<number> {}

/** Python's module `BTrees.UUBTree`. */
export const UU: BTreeModule<UUBTree, UUBucket, UUSet, UUTreeSet> = defineFamily('UU', {
  keys: uint32Keys,
  values: uint32Values,
  sizes: [120, 500],
  BTree: UUBTree,
  Bucket: UUBucket,
  Set: UUSet,
  TreeSet: UUTreeSet,
});
