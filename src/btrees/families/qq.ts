/** Trees with unsigned 64-bit ints as keys, unsigned 64-bit ints as values. */
import type { PyInt } from '../../pickle/index.ts';
import { BTree, Bucket, BucketSet, TreeSet } from '../classes.ts';
import { type BTreeModule, defineFamily } from '../family.ts';
import { uint64Keys } from '../keys-long.ts';
import { uint64Values } from '../values.ts';

export class QQBTree extends BTree<PyInt, PyInt> {}
export class QQBucket extends Bucket<PyInt, PyInt> {}
export class QQSet extends BucketSet<PyInt> {}
export class QQTreeSet extends TreeSet<PyInt> {}

/** Python's module `BTrees.QQBTree`. */
export const QQ: BTreeModule<QQBTree, QQBucket, QQSet, QQTreeSet> = defineFamily('QQ', {
  keys: uint64Keys,
  values: uint64Values,
  sizes: [120, 500],
  BTree: QQBTree,
  Bucket: QQBucket,
  Set: QQSet,
  TreeSet: QQTreeSet,
});
