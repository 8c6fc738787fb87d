/** What `%import ZEO` adds: `<clientstorage>` (INVENTORY C-065, C-066). */
import { key, multikey, section } from '../items.ts';
import type { SectionTypeDefinition } from '../schema.ts';
import { CLIENT_TLS } from './tls.ts';

export const ZEO_CLIENT: readonly SectionTypeDefinition[] = [
  CLIENT_TLS,
  {
    name: 'clientstorage',
    implements: 'ZODB.storage',
    about: 'a storage server',
    items: [
      section('ssl', 'ssl', 'encrypted connections'),
      multikey('server', 'socket-connection-address', 'its addresses', { required: true }),
      key('cache-size', 'byte-size', 'cache of records', { default: '20MB' }),
      key('cache-path', 'string', 'file of that cache'),
      key('blob-dir', 'string', 'folder of large binary objects'),
      key('shared-blob-dir', 'boolean', 'the server uses the same folder', { default: 'no' }),
      key('blob-cache-size', 'byte-size', 'size of that folder'),
      key('blob-cache-size-check', 'integer', 'percentage at which it is looked through'),
      key('read-only', 'boolean', 'refuse all changes', { default: 'off' }),
      key('read-only-fallback', 'boolean', 'make do with a server that only reads', { default: 'off' }),
      key('server-sync', 'boolean', 'ask the server at the begin of each transaction', { default: 'off' }),
      key('wait-timeout', 'integer', 'seconds to wait for the server', { default: '30' }),
      key('client-label', 'string', "name in the server's log"),
      key('storage', 'string', 'name of the storage', { default: '1' }),
      key('name', 'string', 'for people', { default: '' }),
    ],
  },
];
