/** All directives of zeo.conf, the configuration of the storage server (INVENTORY 2.4). */
import { components } from '../components/index.ts';
import { LOGGER_ABSTRACT, LOGGER_TYPES } from '../components/logger.ts';
import { RUNNER } from '../components/runner.ts';
import { SERVER_TLS } from '../components/tls.ts';
import { key, multisection, section } from '../items.ts';
import type { SchemaDefinition } from '../schema.ts';
import { DATABASE_TYPE, STORAGE_TYPES } from './storages.ts';

export const ZEO_SCHEMA: SchemaDefinition = {
  abstract: ['zodb.storage', 'zodb.database', 'relstorage.adapter', ...LOGGER_ABSTRACT],
  // Its `<ssl>` is the server's: a client's, which `%import ZEO` would add, is another type of that name.
  components: components('ZODB', 'ZEO', 'ZConfig.components.logger', 'zdaemon'),
  types: [
    ...STORAGE_TYPES,
    DATABASE_TYPE,
    SERVER_TLS,
    ...LOGGER_TYPES,
    RUNNER,
    {
      name: 'zeo',
      about: 'the server',
      items: [
        section('ssl', 'ssl', 'encrypted connections'),
        key('address', 'socket-binding-address', 'where it listens', { required: true }),
        key('read-only', 'boolean', 'refuse all changes', { default: 'false' }),
        key('invalidation-queue-size', 'integer', 'transactions that clients can catch up with', {
          default: '100',
        }),
        key('invalidation-age', 'float', 'seconds back that the storage is searched for what clients missed'),
        key('transaction-timeout', 'integer', 'seconds that a client may hold up the others'),
        key('pid-filename', 'existing-dirpath', 'file with the process id'),
        key('client-conflict-resolution', 'boolean', 'clients merge conflicting changes', {
          default: 'false',
        }),
        key('msgpack', 'boolean', 'how messages are encoded'),
      ],
    },
  ],
  items: [
    section('zeo', 'zeo', 'the server', { required: true }),
    section('runner', 'runner', 'how the process is kept running'),
    multisection('ZODB.storage', 'storages', 'what is served', { required: true }),
    section('eventlog', 'eventlog', 'what is logged'),
  ],
};
