/** Trees with any ordered keys, unsigned 64-bit ints as values. */
import type { PyInt } from '../../pickle/index.ts';
import { BTree, Bucket, BucketSet, TreeSet } from '../classes.ts';
import { type BTreeModule, defineFamily } from '../family.ts';
import { objectKeys } from '../keys-object.ts';
import { uint64Values } from '../values.ts';

export class OQBTree<K = unknown> extends BTree<K, PyInt> {}
export class OQBucket<K = unknown> extends Bucket<K, PyInt> {}
export class OQSet<K = unknown> extends BucketSet<K> {}
export class OQTreeSet<K = unknown> extends TreeSet<K> {}

/** Python's module `BTrees.OQBTree`. */
export const OQ: BTreeModule<OQBTree, OQBucket, OQSet, OQTreeSet> = defineFamily('OQ', {
  keys: objectKeys,
  values: uint64Values,
  sizes: [60, 250],
  BTree: OQBTree,
  Bucket: OQBucket,
  Set: OQSet,
  TreeSet: OQTreeSet,
});
