import { closeSync, copyFileSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';

/** Waits until the disk has a file, or the entries of a directory. */
export function syncFile(file: string): void {
  const descriptor = openSync(file, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Moves a file, also to another file system: there it is copied under another name first, so that nobody ever finds half of
 * it under its own.
 */
export function moveFile(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    copyFileSync(from, `${to}.tmp`);
    syncFile(`${to}.tmp`);
    renameSync(`${to}.tmp`, to);
    rmSync(from, { force: true });
  }
}
