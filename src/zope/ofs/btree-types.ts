/**
 * What scripts and templates see of BTrees. As in Python, anybody may ask for the length and for a key of a tree that he has been
 * given; its values and its methods are for trusted code. What a tree's `keys()`, `values()` or `items()` gave is a sequence.
 */
import { BTree, BTreeItems, Bucket, BucketSet, Length, TreeSet } from '../../btrees/index.ts';
import { classNameOf } from '../../persistent/index.ts';
import { declareClass, IndexError, KeyError, registerType, TypeError } from '../../restricted/index.ts';

interface Mapping {
  get(key: unknown): unknown;
  has(key: unknown): boolean;
  keys(): Iterable<unknown>;
}

/** Sizes and truth without loading more than is needed. */
const sizeOf = (self: object) => {
  const keys = (self as Mapping).keys();
  return Array.isArray(keys) ? keys.length : (keys as BTreeItems).length;
};
const isFilled = (self: object) => {
  for (const _key of (self as Mapping).keys()) return true;
  return false;
};
/** What cannot be compared with the keys is no key. */
const has = (self: object, key: unknown) => {
  try {
    return (self as Mapping).has(key);
  } catch (error) {
    if ((error as { code?: string }).code === 'BTREE_TYPE') return false;
    throw error;
  }
};
const name = (self: object) => classNameOf(self.constructor as never)?.[1] ?? self.constructor.name;

const shared = {
  contains: has,
  iter: (self: object) => (self as Mapping).keys()[Symbol.iterator](),
  len: sizeOf,
  bool: isFilled,
  repr: (self: object) => `<BTrees.${name(self)} object>`,
};
const mapping = {
  ...shared,
  getitem: (self: object, key: unknown) => {
    const value = (self as Mapping).get(key);
    if (value === undefined) throw new KeyError(key);
    return value;
  },
};

registerType(BTree as never, { operators: mapping as never });
registerType(Bucket as never, { operators: mapping as never });
registerType(TreeSet as never, { operators: shared as never });
registerType(BucketSet as never, { operators: shared as never });
registerType(Length, {
  pyName: 'Length',
  operators: { call: (self) => self.value, bool: () => true },
});
declareClass(Length, { default: 'deny', object: 'public' });

registerType(BTreeItems, {
  pyName: 'OOBTreeItems',
  operators: {
    getitem: (self, key) => {
      if (typeof key !== 'number') throw new TypeError('indices must be integers');
      const item = self.at(key);
      if (item === undefined) throw new IndexError(key);
      return item;
    },
    iter: (self) => self[Symbol.iterator](),
    len: (self) => self.length,
    bool: (self) => !self.isEmpty,
    contains: (self, item) => {
      for (const each of self) if (each === item) return true;
      return false;
    },
  },
});
declareClass(BTreeItems, { default: 'allow', object: 'public' });
