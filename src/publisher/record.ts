/** Values of `NAME.ATTRIBUTE:record` in forms (INVENTORY P-092 to P-095). */
import { Dict, tupleFrom } from '../pickle/index.ts';
import { eq, KeyError, registerType, repr, str } from '../restricted/index.ts';

/** Named values that can be read as attributes, as items, and with the methods of a dictionary. */
export class FormRecord {
  readonly values = new Map<string, unknown>();
}

/** Names that every record has, whatever the form sent. */
export const RECORD_METHODS: ReadonlySet<string> = new Set(['get', 'keys', 'items', 'values', 'copy']);

const sorted = (record: FormRecord) => [...record.values].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));

registerType(FormRecord, {
  pyName: 'record',
  attributes: 'all',
  methods: {
    get: [
      'key, default=None',
      (self, key: string, fallback: unknown) => self.values.get(key) ?? fallback ?? null,
    ],
    keys: ['', (self) => [...self.values.keys()]],
    values: ['', (self) => [...self.values.values()]],
    items: ['', (self) => [...self.values].map(([key, value]) => tupleFrom<unknown>([key, value]))],
    copy: ['', (self) => new Dict(self.values)],
  },
  operators: {
    getattr: (self, name) => self.values.get(name),
    setattr: (self, name, value) => void self.values.set(name, value),
    getitem: (self, key) => {
      const value = self.values.get(key as string);
      if (value === undefined) throw new KeyError(key);
      return value;
    },
    contains: (self, key) => self.values.has(key as string),
    iter: (self) => self.values.keys(),
    len: (self) => self.values.size,
    str: (self) =>
      sorted(self)
        .map(([key, value]) => `${key}: ${str(value)}`)
        .join(', '),
    repr: (self) =>
      `{${sorted(self)
        .map(([key, value]) => `'${key}': ${repr(value)}`)
        .join(', ')}}`,
    eq: (self, other) =>
      other instanceof FormRecord &&
      self.values.size === other.values.size &&
      [...self.values].every(([key, value]) => other.values.has(key) && eq(value, other.values.get(key))),
  },
});
