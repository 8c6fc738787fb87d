/** Writes to files so that nothing is left out, and waits for the disk. */
import {
  closeSync,
  existsSync,
  fstatSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  statSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { FileStorageFormatError } from './errors.ts';
import { MAGIC, MAGIC_PYTHON_2, MAGIC_SIZE } from './format.ts';

/** The calls that fail when the disk does. They are in an object so that tests can make them fail. */
export const disk = { sync: fsyncSync, syncLater: fsync, truncate: ftruncateSync };

/** Writes the first `count` bytes. */
export function writeAll(
  descriptor: number,
  bytes: Uint8Array,
  position: number,
  count = bytes.length,
): void {
  for (let done = 0; done < count;) done += writeSync(descriptor, bytes, done, count - done, position + done);
}

/** Waits until the disk has what was renamed, made or removed in the directory of a file. */
export function syncDirectory(file: string): void {
  const descriptor = openSync(path.dirname(path.resolve(file)), 'r');
  try {
    disk.sync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Opens a file of transactions.
 * @param make A new or empty file is begun. Otherwise it has to be there: others use it, and would never see what is written to another one.
 */
export function openDataFile(file: string, readOnly: boolean, make = false): number {
  const exists = existsSync(file);
  if (exists && !statSync(file).isFile()) throw new FileStorageFormatError(`${file} is no file`);
  const descriptor = openSync(file, readOnly ? 'r' : make && !exists ? 'w+' : 'r+');
  try {
    if (make && fstatSync(descriptor).size === 0) {
      writeAll(descriptor, Buffer.from(MAGIC), 0);
      disk.sync(descriptor);
      syncDirectory(file);
    } else checkMagic(descriptor, file);
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
  return descriptor;
}

function checkMagic(descriptor: number, file: string): void {
  const magic = Buffer.alloc(MAGIC_SIZE);
  readSync(descriptor, magic, 0, MAGIC_SIZE, 0);
  const text = magic.toString('latin1');
  if (text === MAGIC_PYTHON_2)
    throw new FileStorageFormatError(
      `${file} is a database of Python 2: have "zodbupdate --convert-py3" convert it on Python 2 first`,
    );
  if (text !== MAGIC)
    throw new FileStorageFormatError(`${file} is no database: it does not begin with ${MAGIC}`);
}
