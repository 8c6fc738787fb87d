/** Storages around others that `%import zc.zlibstorage` and `%import zc.beforestorage` add (INVENTORY C-068). */
import { key, section } from '../items.ts';
import type { SectionTypeDefinition } from '../schema.ts';

const base = section('ZODB.storage', 'base', 'the storage inside', { required: true });

export const ZLIB_STORAGE: readonly SectionTypeDefinition[] = [
  {
    name: 'zlibstorage',
    implements: 'ZODB.storage',
    about: 'compressed records',
    items: [base, key('compress', 'boolean', 'compress what is written', { default: 'true' })],
  },
  {
    name: 'serverzlibstorage',
    implements: 'ZODB.storage',
    about: 'compressed records, for a storage server',
    items: [base, key('compress', 'boolean', 'compress what is written', { default: 'true' })],
  },
];

export const BEFORE_STORAGE: readonly SectionTypeDefinition[] = [
  {
    name: 'before',
    implements: 'ZODB.storage',
    about: 'a storage as it was at a time',
    items: [
      base,
      key('before', 'string', 'now, or a time'),
      key('before-from-file', 'string', 'file that keeps the time'),
    ],
  },
];
