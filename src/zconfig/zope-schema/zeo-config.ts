/** zeo.conf as the storage server uses it. */
import type { TlsConfig } from '../components/tls.ts';
import type { SocketAddress } from '../datatypes.ts';
import { ConfigurationError } from '../errors.ts';
import { loadConfigFile, type LoadOptions } from '../load.ts';
import { Schema } from '../schema.ts';
import type { SectionValue } from '../section-value.ts';
import { notesOf } from '../without-effect.ts';
import { type StorageConfig, storageOf } from './storage-config.ts';
import { ZEO_SCHEMA } from './zeo-schema.ts';

/** What a storage server runs with. Times are in seconds. */
export interface ZeoConfig {
  readonly address: SocketAddress;
  readonly readOnly: boolean;
  readonly invalidationQueueSize: number;
  readonly invalidationAge: number | null;
  readonly transactionTimeout: number | null;
  readonly pidFile: string | null;
  readonly clientConflictResolution: boolean;
  readonly msgpack: boolean;
  readonly tls: TlsConfig | null;
  /** Each with the name under which it is served, of which there are no two. */
  readonly storages: readonly (StorageConfig & { readonly name: string })[];
  readonly runner: SectionValue | null;
  readonly eventLog: SectionValue | null;
  /** Directives that were given and change nothing here, with the reason. */
  readonly withoutEffect: readonly string[];
}

const schema = new Schema(ZEO_SCHEMA);

/** Loads a zeo.conf. Throws a ConfigurationError that names file, line and directive. */
export function loadZeoConf(file: string, options?: LoadOptions): ZeoConfig {
  const top = loadConfigFile(schema, file, options) as SectionValue;
  const zeo = top.get<SectionValue>('zeo');
  const age = zeo.get<number | null>('invalidation_age');
  const timeout = zeo.get<number | bigint | null>('transaction_timeout');
  return {
    address: zeo.get('address'),
    readOnly: zeo.get('read_only'),
    invalidationQueueSize: Number(zeo.get('invalidation_queue_size')),
    invalidationAge: age,
    transactionTimeout: timeout === null ? null : Number(timeout),
    pidFile: zeo.get('pid_filename'),
    clientConflictResolution: zeo.get('client_conflict_resolution'),
    msgpack: zeo.get<boolean | null>('msgpack') ?? false,
    tls: zeo.get('ssl'),
    storages: namedStorages(top.get<SectionValue[]>('storages')),
    runner: top.get('runner'),
    eventLog: top.get('eventlog'),
    withoutEffect: notesOf(top),
  };
}

/** The one storage without a name is called 1. */
function namedStorages(sections: readonly SectionValue[]): ZeoConfig['storages'] {
  const unnamed = sections.filter(({ name }) => name === null);
  if (unnamed.length > 1)
    throw new ConfigurationError('No more than one storage may be unnamed.', unnamed[1]!.place);
  if (unnamed.length === 1 && sections.some(({ name }) => name === '1'))
    throw new ConfigurationError("Can't have an unnamed storage and a storage named 1.", unnamed[0]!.place);
  return sections.map((section) => ({ ...storageOf(section), name: section.name ?? '1' }));
}
