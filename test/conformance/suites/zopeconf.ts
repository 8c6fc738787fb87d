/** Whole zope.conf files: what they say, what they do to the process, and the databases that they open. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { openDatabases, settingsOf } from '../../../src/zope/app/databases.ts';
import { applyToProcess, publisherSettings } from '../../../src/zope/app/effects.ts';
import { ConfigurationError, loadZopeConf, type ZopeConfig } from '../../../src/zconfig/index.ts';
import { isBlobStore, type Storage } from '../../../src/zodb/index.ts';
import { type Case, expectSame, Mismatch, type Suite } from '../suite.ts';
import { checkConfigError, toJson } from './lib/zconfig.ts';
import { zopeOptions } from './lib/zope-options.ts';

const MASK = '${INSTANCE}';

interface Input {
  readonly config: string;
  readonly dirs?: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string | null>>;
  readonly apply?: boolean;
  readonly open?: boolean;
}

interface ExpectedError {
  readonly type: string;
  readonly message: string;
  readonly essential?: readonly string[];
}

interface Expectation {
  readonly options?: unknown;
  readonly mounts?: unknown;
  readonly effects?: unknown;
  readonly databases?: { readonly error?: ExpectedError };
  readonly error?: ExpectedError;
  readonly quirk?: string;
}

function makeInstance(instance: string, input: Input): string {
  const write = (name: string, text: string) => {
    const file = path.join(instance, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text.replaceAll('@INSTANCE@', instance));
    return file;
  };
  for (const folder of input.dirs ?? []) mkdirSync(path.join(instance, folder), { recursive: true });
  for (const [name, text] of Object.entries(input.files ?? {})) write(name, text);
  return write('etc/zope.conf', input.config);
}

function mountsOf({ mounts }: ZopeConfig): unknown[] {
  return mounts.map(({ virtualPath, database, realRoot, realPath, containerClass }) => ({
    virtual_path: virtualPath,
    database,
    real_root: realRoot,
    real_path: realPath,
    container_class: containerClass,
  }));
}

/** Variables that every site has, whatever it is told. */
const EVERY_SITE = new Set(['INSTANCE_HOME', 'CLIENT_HOME']);

const OF_SITES = ['DATETIME_FORMAT', 'ZOPE_DTML_REQUEST_AUTOQUOTE'];

async function effectsOf(config: ZopeConfig): Promise<unknown> {
  // A site that another suite has served in this process has set them as well.
  for (const name of OF_SITES) delete process.env[name];
  const before = { ...process.env };
  applyToProcess(config);
  const set = Object.entries(process.env).filter(
    ([name, value]) => before[name] !== value && !EVERY_SITE.has(name),
  );
  const { formLimits, trustedProxies, maxConflictRetries, charset } = await publisherSettings(config);
  return {
    environment: Object.fromEntries(set),
    form_memory_limit: formLimits.memory,
    form_disk_limit: formLimits.disk,
    form_memfile_limit: formLimits.memfile,
    form_part_limit: formLimits.parts,
    trusted_proxies: [...trustedProxies],
    retry_max_count: maxConflictRetries,
    charset,
  };
}

interface AnyStorage extends Storage {
  getName(): string;
  readonly base?: AnyStorage;
  readonly changes?: AnyStorage;
  readonly quota?: number | null;
}

function storageToJson(storage: AnyStorage): Record<string, unknown> {
  const kind = storage.constructor.name;
  const { base, changes, quota } = storage;
  const blobDir = isBlobStore(storage) ? path.dirname(storage.temporaryDirectory()) : null;
  return {
    class: kind,
    ...(kind === 'BlobStorage' ? { blob_dir: `${blobDir}/` } : { name: storage.getName() }),
    ...(kind === 'FileStorage' ? { read_only: storage.isReadOnly(), quota, blob_dir: blobDir } : {}),
    ...(base === undefined ? {} : { base: storageToJson(base) }),
    ...(changes === undefined ? {} : { changes: storageToJson(changes) }),
  };
}

function databasesOf({ databases }: ZopeConfig): unknown {
  const settings = new Map(databases.map((config) => [config.name, settingsOf(config)]));
  const { all } = openDatabases(databases);
  try {
    return Object.fromEntries(
      all.map((db) => [
        db.databaseName,
        {
          database_name: db.databaseName,
          storage: storageToJson(db.storage as AnyStorage),
          cache_size: db.targetCacheSize,
          pool_size: settings.get(db.databaseName)!.poolSize,
          historical_pool_size: settings.get(db.databaseName)!.historicalPoolSize,
          implicit_cross_references: db.xrefs,
          large_record_size: db.largeRecordSize,
          // There is one class of connections.
          connection_class: 'Connection',
        },
      ]),
    );
  } finally {
    for (const db of all) db.close();
  }
}

/** A clear error that names the line where the directive stands is better than Python's accident. */
function checkBetterError(error: ConfigurationError): void {
  if (error.file === undefined || error.line === undefined)
    throw new Mismatch('the error', 'one that names file and line', error.message);
}

async function check(file: string, instance: string, input: Input, expect: Expectation): Promise<void> {
  let config: ZopeConfig;
  try {
    config = loadZopeConf(file);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    if (expect.quirk !== undefined) checkBetterError(error);
    else if (expect.error === undefined) throw error;
    else checkConfigError(error, expect.error, instance);
    return;
  }
  if (expect.error !== undefined)
    throw new Mismatch('no error', expect.error, zopeOptions(file, instance, MASK));
  expectSame('the options', zopeOptions(file, instance, MASK), expect.options);
  expectSame('the mounts', toJson(mountsOf(config), instance, MASK), expect.mounts);
  if (input.apply) expectSame('the effects', toJson(await effectsOf(config), instance, MASK), expect.effects);
  if (!input.open) return;
  const wanted = expect.databases!;
  let databases: unknown;
  try {
    databases = databasesOf(config);
  } catch (error) {
    if (wanted.error === undefined) throw error;
    const { message } = error as Error;
    for (const part of wanted.error.essential ?? [])
      if (!message.includes(part)) throw new Mismatch('the error', wanted.error, message);
    return;
  }
  expectSame('the databases', toJson(databases, instance, MASK), wanted);
}

const suite: Suite = {
  async run({ input, expect }: Case) {
    const here = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'zopeconf-')));
    const instance = path.join(here, 'inst');
    const before = { ...process.env };
    const folder = process.cwd();
    try {
      const file = makeInstance(instance, input as Input);
      process.chdir(here);
      for (const [name, value] of Object.entries((input as Input).env ?? {})) {
        if (value === null) delete process.env[name];
        else process.env[name] = value;
      }
      await check(file, instance, input as Input, expect as Expectation);
    } finally {
      process.chdir(folder);
      process.env = before;
      rmSync(here, { recursive: true });
    }
  },
};

export default suite;
