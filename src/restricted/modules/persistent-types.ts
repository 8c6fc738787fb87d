/** Python behaviour of the mapping and the list of the database. What they give is decided by the policy, item by item. */
import { PersistentList, PersistentMapping } from '../../persistent/index.ts';
import { hashable } from '../runtime/hashing.ts';
import { KeyError } from '../runtime/errors.ts';
import { rawItem } from '../guards/items.ts';
import { repr } from '../runtime/repr.ts';
import { registerType } from '../runtime/types.ts';

registerType(PersistentMapping, {
  operators: {
    getitem: (self, key) => {
      const value = self.get(hashable(key));
      if (value === undefined) throw new KeyError(key);
      return value;
    },
    contains: (self, key) => self.has(hashable(key)),
    iter: (self) => self.keys(),
    len: (self) => self.size,
    repr: (self) => `{${Array.from(self, ([key, value]) => `${repr(key)}: ${repr(value)}`).join(', ')}}`,
  },
});

registerType(PersistentList, {
  operators: {
    getitem: (self, key) => rawItem(Array.from(self), key),
    iter: (self) => self[Symbol.iterator](),
    len: (self) => self.length,
    repr: (self) => repr(Array.from(self)),
  },
});
