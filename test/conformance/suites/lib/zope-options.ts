/** The options of a zope.conf or zeo.conf in the notation of the recordings. */
import {
  ImportedName,
  loadConfigFile,
  loadZopeConf,
  TlsConfig,
  ZOPE_SCHEMA,
} from '../../../../src/zconfig/index.ts';
import { toJson } from './zconfig.ts';

/** Python's classes that open what a section of a type describes. */
export const FACTORIES: Readonly<Record<string, string>> = {
  zodb_db: 'ZopeDatabase',
  filestorage: 'FileStorage',
  mappingstorage: 'MappingStorage',
  demostorage: 'DemoStorage',
  blobstorage: 'BlobStorage',
  temporarystorage: 'TemporaryStorage',
  zeoclient: 'ZEOClient',
  clientstorage: 'ClientStorageConfig',
  fullstorage: 'BDBFullStorage',
  minimalstorage: 'BDBMinimalStorage',
  logfile: 'FileHandlerFactory',
  syslog: 'SyslogHandlerFactory',
  'http-logger': 'HTTPHandlerFactory',
  'win32-eventlog': 'Win32EventLogFactory',
  'email-notifier': 'SMTPHandlerFactory',
};

interface Address {
  readonly family: string;
  readonly address: unknown;
}

/** Values as the recordings of whole configurations show them; `shown` by suite `zconfig`'s notation otherwise. */
export function optionToJson(value: unknown, root: string, mask: string): unknown {
  const show = (item: unknown): unknown => optionToJson(item, root, mask);
  if (value instanceof ImportedName) return { '@object': value.name };
  if (value instanceof TlsConfig) return { '@object': 'ssl.SSLContext' };
  if (Array.isArray(value)) return value.map(show);
  if (value === null || typeof value !== 'object' || value instanceof Map) return toJson(value, root, mask);
  if ('values' in value && 'type' in value) {
    const { type, name, values } = value as { type: string; name: string | null; values: object };
    const factory = FACTORIES[type];
    return {
      '@type': type,
      '@name': name,
      ...(factory === undefined ? {} : { '@factory': factory }),
      ...(show({ ...values }) as object),
    };
  }
  if ('family' in value && 'address' in value) {
    const { family, address } = value as Address;
    return { '@family': family, '@address': show(address) };
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, show(item)]));
}

/** Options that Python's zope.conf does not have. */
const OURS = /^script_\w+_limit$/;

/** All options of a zope.conf that Python has as well: what the schema reads, and what the site makes of what is left out. */
export function zopeOptions(file: string, root: string, mask: string): Record<string, unknown> {
  const top = loadConfigFile(ZOPE_SCHEMA, file) as { values: object };
  const options = optionToJson({ ...top.values }, root, mask) as Record<string, unknown>;
  const config = loadZopeConf(file);
  const { environment, databases } = options;
  return {
    ...Object.fromEntries(Object.entries(options).filter(([name]) => !OURS.test(name))),
    environment: (environment as { environ?: unknown } | null)?.environ ?? {},
    clienthome: toJson(config.clientHome, root, mask),
    pid_filename: toJson(config.pidFile, root, mask),
    product_config: toJson(config.productConfig, root, mask),
    databases: (databases as Record<string, unknown>[]).map((database) => ({
      ...database,
      mount_points: (database.mount_points as { text: string }[]).map(({ text }) => text),
    })),
  };
}
