/** Trees with two bytes as keys and six bytes as values: the index of a `Data.fs`. */
import { Tuple, tuple } from '../../pickle/index.ts';
import { BTree, Bucket, BucketSet, TreeSet } from '../classes.ts';
import { BTreeValueError } from '../errors.ts';
import { type BTreeModule, defineFamily } from '../family.ts';
import { sixByteValues, twoByteKeys } from '../keys-bytes.ts';

export class fsBTree extends BTree<Uint8Array, Uint8Array> {}
export class fsBucket extends Bucket<Uint8Array, Uint8Array> {
  /** All keys, then all values. */
  toBytes(): Uint8Array {
    const items = [...this.iteritems()];
    return Buffer.concat([...items.map(([key]) => key), ...items.map(([, value]) => value)]);
  }

  /** Replaces the content; keys must be in order. Throws BTreeValueError for bytes of a wrong length. */
  fromBytes(bytes: Uint8Array): this {
    const count = bytes.length / 8;
    if (!Number.isInteger(count)) throw new BTreeValueError('state string of wrong size');
    const items = new Tuple<Uint8Array>();
    for (let i = 0; i < count; i++) {
      const value = count * 2 + i * 6;
      items.push(bytes.slice(i * 2, i * 2 + 2), bytes.slice(value, value + 6));
    }
    this._p_activate();
    this.__setstate__(tuple(items));
    this._p_changed = true;
    return this;
  }
}
export class fsSet extends BucketSet<Uint8Array> {}
export class fsTreeSet extends TreeSet<Uint8Array> {}

/** Python's module `BTrees.fsBTree`. */
export const fs: BTreeModule<fsBTree, fsBucket, fsSet, fsTreeSet> = defineFamily('fs', {
  keys: twoByteKeys,
  values: sixByteValues,
  sizes: [500, 500],
  BTree: fsBTree,
  Bucket: fsBucket,
  Set: fsSet,
  TreeSet: fsTreeSet,
});
