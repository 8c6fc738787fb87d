/** Trees with 64-bit ints as keys, any values. */
import type { PyInt } from '../../pickle/index.ts';
import { BTree, Bucket, BucketSet, TreeSet } from '../classes.ts';
import { type BTreeModule, defineFamily } from '../family.ts';
import { int64Keys } from '../keys-long.ts';
import { objectValues } from '../values.ts';

export class LOBTree<V = unknown> extends BTree<PyInt, V> {}
export class LOBucket<V = unknown> extends Bucket<PyInt, V> {}
export class LOSet extends BucketSet<PyInt> {}
export class LOTreeSet extends TreeSet<PyInt> {}

/** Python's module `BTrees.LOBTree`. */
export const LO: BTreeModule<LOBTree, LOBucket, LOSet, LOTreeSet> = defineFamily('LO', {
  keys: int64Keys,
  values: objectValues,
  sizes: [60, 500],
  BTree: LOBTree,
  Bucket: LOBucket,
  Set: LOSet,
  TreeSet: LOTreeSet,
});
