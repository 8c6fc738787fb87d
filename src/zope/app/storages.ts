/** Opens the storage that a section describes (INVENTORY 2.3). */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import {
  BeforeStorage,
  BlobStorage,
  DemoStorage,
  MappingStorage,
  type Storage,
  type Tid,
  ZlibStorage,
} from '../../zodb/index.ts';
import type { StorageConfig } from '../../zconfig/index.ts';
import { openFile, openUnshared } from '../threads/process-services.ts';

/** A database of the configuration cannot be opened. */
export class DatabaseOpenError extends Error {
  readonly code = 'DATABASE_OPEN';

  /** With a section the message begins with its file and line. */
  constructor(reason: string, section?: Pick<StorageConfig, 'type' | 'place'>, options?: ErrorOptions) {
    const { file, line } = section?.place ?? {};
    const where = file === undefined ? '' : `${file}, line ${line}: `;
    super(section === undefined ? reason : `${where}<${section.type}>: ${reason}`, options);
  }
}

const NOT_YET = 'this kind of storage is not part of this version yet';
const BERKELEY =
  'Berkeley DB storages are gone since ZODB 3.9: copy the database into a FileStorage with the program that wrote it';

/** Opens a storage. Throws a DatabaseOpenError, or what the storage throws. */
export function openStorage(section: StorageConfig): Storage {
  try {
    return open(section);
  } catch (error) {
    throw withPlace(error, section);
  }
}

function open(section: StorageConfig): Storage {
  const { type, name, values } = section;
  switch (type) {
    case 'filestorage':
      return openFileStorage(section);
    case 'mappingstorage':
    case 'temporarystorage':
      openUnshared(type);
      return new MappingStorage(text(values.name) ?? name ?? undefined);
    case 'demostorage':
      openUnshared(type);
      return openDemoStorage(section);
    case 'blobstorage':
      return around(section, (base) => new BlobStorage(base, values.blob_dir as string));
    case 'zlibstorage':
      return around(section, (base) => new ZlibStorage(base, { compress: values.compress as boolean }));
    case 'serverzlibstorage':
      throw new DatabaseOpenError('this is for storage servers; a site reads through <zlibstorage>', section);
    case 'before':
      return around(section, (base) => beforeStorage(base, section));
    case 'fullstorage':
    case 'minimalstorage':
      throw new DatabaseOpenError(BERKELEY, section);
    default:
      throw new DatabaseOpenError(NOT_YET, section);
  }
}

const text = (value: unknown) => (value === null || value === undefined ? undefined : (value as string));

function openFileStorage({ values }: StorageConfig): Storage {
  const file = values.path as string;
  if (values.read_only && !existsSync(file))
    throw new DatabaseOpenError(`No such file or directory: '${file}'`);
  const quota = values.quota as number | null;
  const blobDir = text(values.blob_dir);
  return openFile(file, {
    create: values.create === true,
    readOnly: values.read_only === true,
    packGc: values.pack_gc !== false,
    packKeepOld: values.pack_keep_old !== false,
    ...(quota === null ? {} : { quota }),
    ...(blobDir === undefined ? {} : { blobDir }),
  });
}

function openDemoStorage({ values }: StorageConfig): Storage {
  const name = text(values.name);
  const opened: Storage[] = [];
  const inner = (values.factories as readonly StorageConfig[]).map((section) => {
    try {
      const storage = openStorage(section);
      opened.push(storage);
      return [section.name === 'changes' ? 'changes' : 'base', storage] as const;
    } catch (error) {
      closeAll(opened);
      throw error;
    }
  });
  return new DemoStorage({ ...Object.fromEntries(inner), ...(name === undefined ? {} : { name }) });
}

/** A storage around the one that the section has; that is closed again when the outer one cannot be made. */
function around(section: StorageConfig, wrap: (base: Storage) => Storage): Storage {
  const inner = section.values.base as StorageConfig | null;
  if (inner === null) throw new DatabaseOpenError('a storage section is needed inside', section);
  const base = openStorage(inner);
  try {
    return wrap(base);
  } catch (error) {
    base.close();
    throw error;
  }
}

function closeAll(storages: readonly Storage[]): void {
  for (const storage of storages) storage.close();
}

/** As zc.beforestorage reads them: `now`, a time of ISO 8601 in UTC, or a file that keeps what `now` was the first time. */
function beforeStorage(base: Storage, section: StorageConfig): Storage {
  const before = text(section.values.before);
  const file = text(section.values.before_from_file);
  if (before !== undefined && file !== undefined)
    throw new DatabaseOpenError('before and before-from-file exclude each other', section);
  if (before === undefined && file === undefined)
    throw new DatabaseOpenError('before or before-from-file is needed', section);
  if (file === undefined) return new BeforeStorage(base, timeOf(before!, section));
  if (!existsSync(file)) writeFileSync(file, new Date().toISOString().replace('Z', ''));
  return new BeforeStorage(base, timeOf(readFileSync(file, 'utf8').trim(), section));
}

const ISO_TIME = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?Z?$/;

function timeOf(written: string, section: StorageConfig): Tid | Date | undefined {
  if (written.toLowerCase() === 'now') return new Date();
  const time = new Date(`${written.replace(/Z$/, '')}${written.includes('T') ? '' : 'T00:00'}Z`);
  if (!ISO_TIME.test(written) || Number.isNaN(time.getTime()))
    throw new DatabaseOpenError(`'${written}' is no time such as 2026-01-31T23:59:59`, section);
  return time;
}

const SYSTEM_ERRORS: Readonly<Record<string, string>> = {
  EACCES: 'there is no permission',
  EPERM: 'there is no permission',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  ENOENT: 'no such file or directory',
  EISDIR: 'this is a folder',
  ENOTDIR: 'a part of the path is no folder',
  EMFILE: 'too many open files',
};

/** Errors of the file system name a call, not the directive that is the reason for it. */
function withPlace(error: unknown, section: StorageConfig): unknown {
  const { code, path: file } = error as NodeJS.ErrnoException;
  const reason = SYSTEM_ERRORS[code ?? ''];
  if (reason === undefined) return error;
  return new DatabaseOpenError(`${file ?? ''} cannot be opened: ${reason}`, section, { cause: error });
}
