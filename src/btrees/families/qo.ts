/** Trees with unsigned 64-bit ints as keys, any values. */
import type { PyInt } from '../../pickle/index.ts';
import { BTree, Bucket, BucketSet, TreeSet } from '../classes.ts';
import { type BTreeModule, defineFamily } from '../family.ts';
import { uint64Keys } from '../keys-long.ts';
import { objectValues } from '../values.ts';

export class QOBTree<V = unknown> extends BTree<PyInt, V> {}
export class QOBucket<V = unknown> extends Bucket<PyInt, V> {}
export class QOSet extends BucketSet<PyInt> {}
export class QOTreeSet extends TreeSet<PyInt> {}

/** Python's module `BTrees.QOBTree`. */
export const QO: BTreeModule<QOBTree, QOBucket, QOSet, QOTreeSet> = defineFamily('QO', {
  keys: uint64Keys,
  values: objectValues,
  sizes: [60, 500],
  BTree: QOBTree,
  Bucket: QOBucket,
  Set: QOSet,
  TreeSet: QOTreeSet,
});
