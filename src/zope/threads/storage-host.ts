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
  | { readonly kind: 'note'; readonly text: string };

/** The main thread takes part in commits only to put in order what others have left. */
const MAIN_THREAD = 1_000_000_000;

export class StorageHost {
  readonly #files = new Map<string, FileStorage>();
  /** The files that each thread has opened. */
  readonly #opened = new Map<number, Set<string>>();
  readonly #notes = new Set<string>();
  readonly #pidFiles = new Map<string, () => void>();
  /** Kinds of storages that only one thread can use. */
  readonly unshared = new Set<string>();

  /** Answers what thread `number` asks for. */
  answer(request: StorageRequest, number: number): SharedFile | null {
    if (request.kind === 'note') {
      if (!this.#notes.has(request.text)) logger.warn('{text}', { text: request.text });
      this.#notes.add(request.text);
      return null;
    }
    if (request.kind === 'pid') {
      this.#pidFiles.set(request.path, writePidFile(request.path));
      return null;
    }
    if (request.kind === 'unshared') {
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
    }
    this.#opened.set(number, opened.add(file));
    return storage.share(number, [...this.#files.keys()].indexOf(file));
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
