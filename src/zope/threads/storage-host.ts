/** The files that the threads of a process share, opened once by the main thread. */
import path from 'node:path';
import { getLogger } from '@logtape/logtape';
import type { Hold } from '../../paste/index.ts';
import { writePidFile } from './process-services.ts';
import { FileStorage, type FileStorageOptions, LockError, type SharedFile } from '../../zodb/index.ts';

const logger = getLogger(['Zope']);

/** What a thread asks for when it opens its databases. */
export type StorageRequest =
  | { readonly kind: 'file'; readonly path: string; readonly options: FileStorageOptions }
  | { readonly kind: 'unshared'; readonly what: string }
  | { readonly kind: 'pid'; readonly path: string }
  | { readonly kind: 'note'; readonly text: string }
  | { readonly kind: 'timeZone'; readonly name: string };

/** The main thread takes part in commits only to put in order what others have left. */
const MAIN_THREAD = 1_000_000_000;

/** Options that count when a file is opened, by their directives. */
const OF_OPEN_FILES = { blobDir: 'blob-dir', create: 'create' } as const;
const RESTART = 'stop the site and start it again (zope instance stop, zope instance start)';

/** The configuration asks for storages that a running site cannot change to. */
class StorageChangeError extends Error {
  readonly code = 'STORAGE_CHANGE';
}

export class StorageHost {
  readonly #files = new Map<string, FileStorage>();
  /** The files that each thread has opened. */
  readonly #opened = new Map<number, Set<string>>();
  /** What each file was opened with, and what was told of changes to that. */
  readonly #openedWith = new Map<string, FileStorageOptions>();
  readonly #told = new Map<string, string>();
  #lastThread = 0;
  readonly #notes = new Set<string>();
  readonly #pidFiles = new Map<string, () => void>();
  /** Kinds of storages that only one thread can use. */
  readonly unshared = new Set<string>();
  /** Several threads serve the site: none may open such a storage any more, as when the configuration has changed. */
  refusesUnshared = false;

  /** Answers what thread `number` asks for. */
  answer(request: StorageRequest, number: number): SharedFile | null {
    this.#lastThread = Math.max(this.#lastThread, number);
    if (request.kind === 'note') {
      if (!this.#notes.has(request.text)) logger.warn('{text}', { text: request.text });
      this.#notes.add(request.text);
      return null;
    }
    if (request.kind === 'timeZone') {
      process.env.TZ = request.name;
      return null;
    }
    if (request.kind === 'pid') {
      this.#pidFiles.set(request.path, writePidFile(request.path));
      return null;
    }
    if (request.kind === 'unshared') {
      if (this.refusesUnshared)
        throw new StorageChangeError(
          `a <${request.what}> cannot be shared by the threads that serve the site; ${RESTART}`,
        );
      this.unshared.add(request.what);
      return null;
    }
    const file = path.resolve(request.path);
    const opened = this.#opened.get(number) ?? new Set();
    if (opened.has(file))
      throw new LockError(`'${file}' is the file of two databases: each needs one of its own`);
    let storage = this.#files.get(file);
    if (storage === undefined) {
      storage = new FileStorage(request.path, { ...request.options, shared: MAIN_THREAD });
      this.#files.set(file, storage);
      this.#openedWith.set(file, request.options);
    } else this.#tellChanges(file, request.options);
    this.#opened.set(number, opened.add(file));
    const shared = storage.share(number, [...this.#files.keys()].indexOf(file));
    // What belongs to the file as it is open stays; the rest is of the thread.
    const { quota, packGc, packKeepOld } = request.options;
    const { quota: _quota, packGc: _packGc, packKeepOld: _packKeepOld, ...kept } = shared.options;
    const own = { quota, packGc, packKeepOld };
    const given = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined));
    return { ...shared, options: { ...kept, ...given } };
  }

  /** All threads up to this number were replaced: a file that none of the others has opened is not of the configuration any more. */
  tellUnused(replaced: number): void {
    const used = [...this.#opened].flatMap(([number, files]) => (number > replaced ? [...files] : []));
    for (const file of this.#files.keys())
      if (!used.includes(file))
        logger.warn(`zope.conf does not name ${file} any more, which stays open and locked; ${RESTART}`);
  }

  /** The last thread that has asked for something. */
  get lastThread(): number {
    return this.#lastThread;
  }

  /** Threads that take the place of others read the configuration anew, but the file is open. */
  #tellChanges(file: string, options: FileStorageOptions): void {
    const before = this.#openedWith.get(file)!;
    const changed = Object.entries(OF_OPEN_FILES)
      .filter(
        ([option]) =>
          before[option as keyof FileStorageOptions] !== options[option as keyof FileStorageOptions],
      )
      .map(([, directive]) => directive);
    const text = changed.join(', ');
    if (text !== '' && this.#told.get(file) !== text)
      logger.warn(
        `${file} is open: what zope.conf says now of ${text} has no effect until the process is started again; ${RESTART}`,
      );
    this.#told.set(file, text);
  }

  /** When the disk has what a thread has told of. Rejects when it was lost. */
  whenDurable({ file, tid, losses }: Hold): Promise<void> {
    const storage = [...this.#files.values()][file]!;
    storage.showEarly();
    return storage.isDurable(tid, losses) ? Promise.resolve() : storage.durable(tid, losses);
  }

  /** What keeps one of the files from being used: see `FileStorage.trouble`. */
  trouble(): string | undefined {
    for (const storage of this.#files.values()) {
      const trouble = storage.trouble();
      if (trouble !== undefined) return trouble;
    }
    return undefined;
  }

  /** A thread has ended. */
  forget(number: number): void {
    this.#opened.delete(number);
    for (const storage of this.#files.values()) storage.forgetThread(number);
  }

  /** To be called when all threads have ended. */
  close(): void {
    for (const storage of this.#files.values()) storage.close();
    this.#files.clear();
    for (const remove of this.#pidFiles.values()) remove();
  }
}
