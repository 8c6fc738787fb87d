/** How files of databases are opened: by a thread for itself, or by the main thread for all threads. */
import { FileStorage, type FileStorageOptions, type Storage } from '../../zodb/index.ts';

interface Opener {
  open(path: string, options: FileStorageOptions): Storage;
  /** A storage of this kind can be used by one thread only. */
  unshared(kind: string): void;
}

let opener: Opener = {
  open: (path, options) => new FileStorage(path, options),
  unshared: () => {},
};

export function setStorageOpener(other: Opener): void {
  opener = other;
}

/** Opens a FileStorage. Throws what its constructor throws. */
export const openFile = (path: string, options: FileStorageOptions): Storage => opener.open(path, options);

/** To be called for a storage that is not a file, before it is opened. */
export const openUnshared = (kind: string): void => opener.unshared(kind);
