/** Sorted trees, buckets and sets, in families by the kind of their keys and values: Python's BTrees. */
export { check, display } from './check.ts';
export {
  BTreeAttributeError,
  BTreeConflictError,
  BTreeDamagedError,
  BTreeError,
  BTreeIndexError,
  BTreeKeyError,
  BTreeOverflowError,
  BTreeTypeError,
  BTreeValueError,
} from './errors.ts';
export { BTree, Bucket, BucketSet, TreeSet } from './classes.ts';
export { type BTreeFamily, btreeModules, family32, family64 } from './families.ts';
export type { BTreeModule } from './family.ts';
export { BTreeItems } from './items.ts';
export { Length } from './length.ts';
export type { Entries } from './mapping.ts';
export { compareKeys } from './ordering.ts';
export type { Weighted } from './set-operations.ts';
export { Sorted } from './sorted.ts';
export { fs, fsBTree, fsBucket, fsSet, fsTreeSet } from './families/fs.ts';
export { IF, IFBTree, IFBucket, IFSet, IFTreeSet } from './families/if.ts';
export { II, IIBTree, IIBucket, IISet, IITreeSet } from './families/ii.ts';
export { IO, IOBTree, IOBucket, IOSet, IOTreeSet } from './families/io.ts';
export { IU, IUBTree, IUBucket, IUSet, IUTreeSet } from './families/iu.ts';
export { LF, LFBTree, LFBucket, LFSet, LFTreeSet } from './families/lf.ts';
export { LL, LLBTree, LLBucket, LLSet, LLTreeSet } from './families/ll.ts';
export { LO, LOBTree, LOBucket, LOSet, LOTreeSet } from './families/lo.ts';
export { LQ, LQBTree, LQBucket, LQSet, LQTreeSet } from './families/lq.ts';
export { OI, OIBTree, OIBucket, OISet, OITreeSet } from './families/oi.ts';
export { OL, OLBTree, OLBucket, OLSet, OLTreeSet } from './families/ol.ts';
export { OO, OOBTree, OOBucket, OOSet, OOTreeSet } from './families/oo.ts';
export { OQ, OQBTree, OQBucket, OQSet, OQTreeSet } from './families/oq.ts';
export { OU, OUBTree, OUBucket, OUSet, OUTreeSet } from './families/ou.ts';
export { QF, QFBTree, QFBucket, QFSet, QFTreeSet } from './families/qf.ts';
export { QL, QLBTree, QLBucket, QLSet, QLTreeSet } from './families/ql.ts';
export { QO, QOBTree, QOBucket, QOSet, QOTreeSet } from './families/qo.ts';
export { QQ, QQBTree, QQBucket, QQSet, QQTreeSet } from './families/qq.ts';
export { UF, UFBTree, UFBucket, UFSet, UFTreeSet } from './families/uf.ts';
export { UI, UIBTree, UIBucket, UISet, UITreeSet } from './families/ui.ts';
export { UO, UOBTree, UOBucket, UOSet, UOTreeSet } from './families/uo.ts';
export { UU, UUBTree, UUBucket, UUSet, UUTreeSet } from './families/uu.ts';
