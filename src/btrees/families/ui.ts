/** Trees with unsigned 32-bit ints as keys, 32-bit ints as values. */
import { BTree, Bucket, BucketSet, TreeSet } from '../classes.ts';
import { type BTreeModule, defineFamily } from '../family.ts';
import { uint32Keys } from '../keys-int.ts';
import { int32Values } from '../values.ts';

export class UIBTree extends BTree<number, number> {}
export class UIBucket extends Bucket<number, number> {}
export class UISet extends BucketSet<number> {}
export class UITreeSet extends TreeSet<number> {}

/** Python's module `BTrees.UIBTree`. */
export const UI: BTreeModule<UIBTree, UIBucket, UISet, UITreeSet> = defineFamily('UI', {
  keys: uint32Keys,
  values: int32Values,
  sizes: [120, 500],
  BTree: UIBTree,
  Bucket: UIBucket,
  Set: UISet,
  TreeSet: UITreeSet,
});
