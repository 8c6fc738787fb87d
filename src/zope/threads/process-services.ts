/** What a site needs of its process, which it may have for itself or share with the same site in other threads. */
import { rmSync, writeFileSync } from 'node:fs';
import { getLogger } from '@logtape/logtape';
import { FileStorage, type FileStorageOptions, type Storage } from '../../zodb/index.ts';
import { watched } from './file-troubles.ts';

interface ProcessServices {
  open(path: string, options: FileStorageOptions): Storage;
  /** A storage of this kind can be used by one thread only. */
  unshared(kind: string): void;
  /** Warns of something once, however many threads notice it. */
  note(text: string): void;
  /** Writes the file with the number of the process; what comes back removes it. */
  pidFile(path: string): () => void;
  /** The variable `TZ`, which counts only where the main thread has it. */
  timeZone(name: string): void;
}

export function writePidFile(path: string): () => void {
  try {
    writeFileSync(path, `${process.pid}`);
  } catch (error) {
    getLogger(['Zope']).warn(`the pid file ${path} cannot be written: ${(error as Error).message}`);
  }
  return () => rmSync(path, { force: true });
}

let services: ProcessServices = {
  open: (path, options) =>
    watched(new FileStorage(path, options.readOnly === true ? options : { ...options, early: true })),
  unshared: () => {},
  note: (text) => getLogger(['Zope']).warn('{text}', { text }),
  pidFile: writePidFile,
  timeZone: (name) => {
    process.env.TZ = name;
  },
};

export function setProcessServices(others: ProcessServices): void {
  services = others;
}

/** Opens a FileStorage. Throws what its constructor throws. */
export const openFile = (path: string, options: FileStorageOptions): Storage => services.open(path, options);

/** To be called for a storage that is not a file, before it is opened. */
export const openUnshared = (kind: string): void => services.unshared(kind);

/** Keeps a file with the number of the process until what comes back is called. */
export const keepPidFile = (path: string): (() => void) => services.pidFile(path);

/** Warns of something in the configuration or the site, once for all threads; to be called once in each. */
export const noteOnce = (text: string): void => services.note(text);

/** Sets the time zone of the process. A thread that has shown local times before keeps the one of that time. */
export const setTimeZone = (name: string): void => services.timeZone(name);
