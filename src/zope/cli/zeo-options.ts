/** The command line of `runzeo`, and what it and its configuration file ask for (INVENTORY 2.4). */
import {
  DATATYPES,
  loadZeoConf,
  SectionValue,
  type SocketAddress,
  type ZeoConfig,
} from '../../zconfig/index.ts';
import { parseOptions, usageError } from './command-line.ts';

const OPTIONS = {
  configure: { type: 'string', short: 'C', multiple: true },
  address: { type: 'string', short: 'a', multiple: true },
  filename: { type: 'string', short: 'f', multiple: true },
  timeout: { type: 'string', short: 't', multiple: true },
  'pid-file': { type: 'string', multiple: true },
  option: { type: 'string', short: 'X', multiple: true },
  'print-config': { type: 'boolean' },
} as const;

interface ZeoOptions {
  readonly help: boolean;
  readonly printConfig: boolean;
  /** Null when only help is asked for. */
  readonly config: ZeoConfig | null;
}

/**
 * Options of the command line win over those of the file. Throws a CommandError for wrong ones, and a ConfigurationError for
 * a wrong file.
 */
export function zeoOptions(args: readonly string[], env: NodeJS.ProcessEnv): ZeoOptions {
  const { values, positionals } = parseOptions(args, OPTIONS);
  const printConfig = values['print-config'] ?? false;
  if (values.help) return { help: true, printConfig, config: null };
  if (positionals.length > 0) throw usageError('positional arguments are not supported');
  const file = single('-C', values.configure);
  const timeout = single('-t', values.timeout);
  const pidFile = single('--pid-file', values['pid-file']);
  const given = {
    address: convert('-a', values.address?.at(-1), DATATYPES['socket-binding-address']),
    transactionTimeout: convert('-t', timeout, DATATYPES.float),
    pidFile,
    storages: values.filename?.map(fileStorage),
  };
  const overrides = values.option ?? [];
  if (file === undefined && overrides.length > 0)
    throw usageError('configuration overrides (-X) cannot be used without a configuration file');
  const config = file === undefined ? withoutFile(given) : loadZeoConf(file, { overrides });
  const told = Object.entries(given).filter(([, value]) => value !== undefined);
  const msgpack = config.msgpack || Boolean(env.ZEO_MSGPACK);
  return { help: false, printConfig, config: { ...config, ...Object.fromEntries(told), msgpack } };
}

/** An option that may be repeated only to say the same. */
function single(option: string, values: readonly string[] | undefined): string | undefined {
  const [first, ...more] = values ?? [];
  if (more.some((value) => value !== first)) throw usageError(`conflicting command line option '${option}'`);
  return first;
}

function convert<T>(option: string, text: string | undefined, datatype: (text: string) => T): T | undefined {
  if (text === undefined) return undefined;
  try {
    return datatype(text);
  } catch (error) {
    throw usageError(`invalid value for ${option} '${text}': ${(error as Error).message}`);
  }
}

type Storages = ZeoConfig['storages'];

/** `-f FILE`, the n-th of them: as a section that gives nothing but the path. */
function fileStorage(path: string, index: number): Storages[number] {
  const values = {
    path,
    blob_dir: null,
    create: null,
    read_only: null,
    quota: null,
    packer: null,
    pack_gc: true,
    pack_keep_old: true,
  };
  return {
    type: 'filestorage',
    name: String(index + 1),
    values,
    place: { file: undefined, line: undefined },
  };
}

function withoutFile(given: {
  readonly address: SocketAddress | undefined;
  readonly storages: Storages | undefined;
}): ZeoConfig {
  if (given.address === undefined) throw usageError('no server address specified; use -a or -C');
  if (given.storages === undefined) throw usageError('no storages specified; use -f or -C');
  return {
    address: given.address,
    readOnly: false,
    invalidationQueueSize: 100,
    invalidationAge: null,
    transactionTimeout: null,
    pidFile: null,
    clientConflictResolution: false,
    msgpack: false,
    tls: null,
    storages: given.storages,
    runner: null,
    eventLog: null,
    withoutEffect: [],
  };
}

/** The options as JSON, under the names of their directives. Of certificates only that there are some. */
export function zeoConfigToJson(config: ZeoConfig): unknown {
  return {
    family: config.address.family,
    address: config.address.address,
    read_only: config.readOnly,
    invalidation_queue_size: config.invalidationQueueSize,
    invalidation_age: config.invalidationAge,
    transaction_timeout: config.transactionTimeout,
    pid_file: config.pidFile,
    client_conflict_resolution: config.clientConflictResolution,
    msgpack: config.msgpack,
    ssl: config.tls !== null,
    storages: config.storages.map(plain),
    runner: plain(config.runner),
    eventlog: plain(config.eventLog),
  };
}

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) return plain(Object.fromEntries(value));
  if (typeof value === 'bigint') return String(value);
  if (value === null || typeof value !== 'object') return value;
  if (value instanceof SectionValue || ('values' in value && 'type' in value)) {
    const { type, name, values } = value as SectionValue;
    return { type, name, values: plain({ ...values }) };
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}
