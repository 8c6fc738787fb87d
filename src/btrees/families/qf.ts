/** Trees with unsigned 64-bit ints as keys, single-precision floats as values. */
import type { PyFloat, PyInt } from '../../pickle/index.ts';
import { BTree, Bucket, BucketSet, TreeSet } from '../classes.ts';
import { type BTreeModule, defineFamily } from '../family.ts';
import { uint64Keys } from '../keys-long.ts';
import { floatValues } from '../values.ts';

export class QFBTree extends BTree<PyInt, number | PyFloat> {}
export class QFBucket extends Bucket<PyInt, number | PyFloat> {}
export class QFSet extends BucketSet<PyInt> {}
export class QFTreeSet extends TreeSet<PyInt> {}

/** Python's module `BTrees.QFBTree`. */
export const QF: BTreeModule<QFBTree, QFBucket, QFSet, QFTreeSet> = defineFamily('QF', {
  keys: uint64Keys,
  values: floatValues,
  sizes: [120, 500],
  BTree: QFBTree,
  Bucket: QFBucket,
  Set: QFSet,
  TreeSet: QFTreeSet,
});
