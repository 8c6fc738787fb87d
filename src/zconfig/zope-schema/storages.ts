/** Database and storage sections: of zope.conf and zeo.conf (INVENTORY 2.2, 2.3). */
import { importable, type ImportedName } from '../imported-name.ts';
import { key, multikey, multisection, section } from '../items.ts';
import type { SectionTypeDefinition } from '../schema.ts';

const PYTHON_CLASS_FACTORIES = new Set([
  'ZODB.broken.find_global',
  'ZODB.DB.DEFAULT_CLASS_FACTORY',
  'Zope2.App.ClassFactory.ClassFactory',
]);

export const STORAGE_TYPES: readonly SectionTypeDefinition[] = [
  {
    name: 'filestorage',
    implements: 'ZODB.storage',
    about: 'one file, Data.fs',
    items: [
      key('path', 'existing-dirpath', 'the file', { required: true }),
      key('blob-dir', 'existing-dirpath', 'folder of large binary objects'),
      key('create', 'boolean', 'begin with an empty file'),
      key('read-only', 'boolean', 'refuse all changes'),
      key('quota', 'byte-size', 'largest size of the file'),
      key('packer', 'string', 'a packing function', {
        noEffect: (value) =>
          value === 'ZODB.FileStorage.FileStorage.packer' ? undefined : 'there is one packer',
      }),
      key('pack-gc', 'boolean', 'a pack removes what nothing refers to', { default: 'true' }),
      key('pack-keep-old', 'boolean', 'a pack keeps the old file as Data.fs.old', { default: 'true' }),
    ],
  },
  {
    name: 'mappingstorage',
    implements: 'ZODB.storage',
    about: 'in memory',
    items: [key('name', 'string', 'for people', { default: 'Mapping Storage' })],
  },
  {
    name: 'fullstorage',
    implements: 'ZODB.storage',
    about: 'obsolete: Berkeley DB',
    items: [
      key('envdir', 'string', 'folder', { required: true }),
      key('interval', 'time-interval', 'checkpoint interval', { default: '2m' }),
      key('kbyte', 'integer', 'checkpoint size', { default: '0' }),
      key('min', 'integer', 'checkpoint minutes', { default: '0' }),
      key('logdir', 'string', 'folder of logs'),
      key('cachesize', 'byte-size', 'cache', { default: '128MB' }),
      key('frequency', 'time-interval', 'autopack interval', { default: '0' }),
      key('packtime', 'time-interval', 'autopack age', { default: '4h' }),
      key('gcpack', 'integer', 'autopack collections', { default: '0' }),
      key('read-only', 'boolean', 'refuse all changes', { default: 'off' }),
    ],
  },
  {
    name: 'minimalstorage',
    implements: 'ZODB.storage',
    extends: 'fullstorage',
    about: 'obsolete: Berkeley DB',
  },
  {
    name: 'zeoclient',
    implements: 'ZODB.storage',
    about: 'a storage server',
    items: [
      multikey('server', 'socket-connection-address', 'its addresses', { required: true }),
      key('blob-dir', 'string', 'folder of large binary objects'),
      key('shared-blob-dir', 'boolean', 'the server uses the same folder', { default: 'no' }),
      key('blob-cache-size', 'byte-size', 'size of that folder'),
      key('blob-cache-size-check', 'integer', 'percentage at which it is looked through'),
      key('storage', 'string', 'name of the storage', { default: '1' }),
      key('cache-size', 'byte-size', 'cache of records', { default: '20MB' }),
      key('name', 'string', 'for people', { default: '' }),
      key('client', 'string', 'name of a persistent cache file'),
      key('var', 'string', 'folder of that file'),
      key('min-disconnect-poll', 'integer', 'seconds between tries to connect', { default: '5' }),
      key('max-disconnect-poll', 'integer', 'longest such time', { default: '300' }),
      key('wait', 'boolean', 'wait for the server at start', { default: 'on' }),
      key('read-only', 'boolean', 'refuse all changes', { default: 'off' }),
      key('read-only-fallback', 'boolean', 'make do with a server that only reads', { default: 'off' }),
      key('username', 'string', 'obsolete'),
      key('password', 'string', 'obsolete'),
      key('realm', 'string', 'obsolete'),
      key('drop-cache-rather-verify', 'boolean', 'obsolete', { default: 'off' }),
      key('client-label', 'string', "name in the server's log"),
    ],
  },
  {
    name: 'demostorage',
    implements: 'ZODB.storage',
    about: 'changes over a base that stays as it is',
    items: [
      key('name', 'string', 'for people'),
      multisection('ZODB.storage', 'factories', 'base and changes'),
    ],
  },
  {
    name: 'blobstorage',
    implements: 'ZODB.storage',
    about: 'large binary objects for a storage without them',
    items: [
      key('blob-dir', 'string', 'folder of large binary objects', { required: true }),
      section('ZODB.storage', 'base', 'the storage'),
    ],
  },
];

export const TEMPORARY_STORAGE: SectionTypeDefinition = {
  name: 'temporarystorage',
  implements: 'ZODB.storage',
  about: 'in memory, for sessions',
  items: [key('name', 'string', 'for people', { default: 'Temporary Storage' })],
};

export const DATABASE_TYPE: SectionTypeDefinition = {
  name: 'zodb',
  implements: 'ZODB.database',
  about: 'a database',
  items: [
    section('ZODB.storage', 'storage', 'where it is kept'),
    key('cache-size', 'integer', 'objects in the cache of a connection', { default: '5000' }),
    key(
      'cache-size-bytes',
      'byte-size',
      'bytes of records in that cache: 64MB unless given, 0 for no limit',
      { default: '0' },
    ),
    key('large-record-size', 'byte-size', 'records larger than this are warned of', { default: '16MB' }),
    key('pool-size', 'integer', 'connections that are expected to be open', { default: '7' }),
    key('pool-timeout', 'time-interval', 'after which an idle connection is closed'),
    key('historical-pool-size', 'integer', 'connections to the past', { default: '3' }),
    key('historical-cache-size', 'integer', 'objects in their caches', { default: '1000' }),
    key(
      'historical-cache-size-bytes',
      'byte-size',
      'bytes of records in their caches: 64MB unless given, 0 for no limit',
      { default: '0' },
    ),
    key('historical-timeout', 'time-interval', 'after which they are closed', { default: '5m' }),
    key('database-name', 'string', 'name in the multi-database', {
      noEffect: 'the databases of a site have the names of their sections',
    }),
    key('allow-implicit-cross-references', 'boolean', 'objects may refer to other databases'),
    key('class-factory', importable, 'what finds classes by their names', {
      noEffect: (value) =>
        PYTHON_CLASS_FACTORIES.has((value as ImportedName).name)
          ? undefined
          : 'classes are found by the names that their modules register',
    }),
  ],
};
