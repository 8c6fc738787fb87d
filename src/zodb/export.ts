/**
 * The export format `.zexp` (INVENTORY Z-009): `ZEXP`, then for each object oid (8 bytes), length (8 bytes), record; at last 16 bytes
 * 0xFF. The first object is the one that was exported; the others are what it refers to.
 */
import { closeSync, fsyncSync, openSync, readSync, rmSync, statSync, writeSync } from 'node:fs';
import type { Oid } from '../persistent/index.ts';
import { isBlobRecord } from './blobs/is-blob-record.ts';
import { POSKeyError, type Tid } from './interfaces.ts';
import { referencesOf } from './serialize-reader.ts';
import { oidBytes } from './serialize-references.ts';

export const MAGIC = Buffer.from('ZEXP');
export const END = Buffer.alloc(16, 0xff);
export const BLOB_MARKER = Buffer.from('\0BLOBSTART');

/** The records of an object and of all that it refers to, as an export. */
export function* exportRecords(
  load: (oid: Oid) => { readonly data: Uint8Array; readonly tid: Tid },
  blobFile: (oid: Oid, tid: Tid) => string,
  first: Oid,
): Generator<Uint8Array> {
  yield MAGIC;
  const waiting: Oid[] = [first];
  const seen = new Set<Oid>(waiting);
  for (let index = 0; index < waiting.length; index++) {
    const oid = waiting[index]!;
    let data: Uint8Array;
    let tid: Tid;
    try {
      ({ data, tid } = load(oid));
    } catch (error) {
      // A reference to nothing is exported as it is, unless it is the object itself.
      if (index > 0 && error instanceof POSKeyError) continue;
      throw error;
    }
    for (const next of referencesOf(data)) {
      if (seen.has(next)) continue;
      seen.add(next);
      waiting.push(next);
    }
    yield oidBytes(oid);
    yield lengthOf(data.length);
    yield data;
    if (!isBlobRecord(data)) continue;
    const file = blobFile(oid, tid);
    yield BLOB_MARKER;
    yield lengthOf(statSync(file).size);
    yield* chunksOf(file);
  }
  yield END;
}

/**
 * Writes an export to a new file, of which never more than a record is in memory.
 *
 * @returns Bytes that were written. What could not be written whole is removed.
 */
export function writeExport(file: string, parts: Iterable<Uint8Array>): number {
  const descriptor = openSync(file, 'wx');
  let written = 0;
  try {
    try {
      for (const part of parts)
        for (let done = 0; done < part.length;) {
          const count = writeSync(descriptor, part, done);
          done += count;
          written += count;
        }
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    rmSync(file, { force: true });
    throw error;
  }
  return written;
}

function lengthOf(bytes: number): Uint8Array {
  const length = Buffer.alloc(8);
  length.writeBigUInt64BE(BigInt(bytes));
  return length;
}

function* chunksOf(file: string): Generator<Uint8Array> {
  const descriptor = openSync(file, 'r');
  try {
    for (;;) {
      const chunk = Buffer.allocUnsafe(1 << 16);
      const count = readSync(descriptor, chunk);
      if (count === 0) return;
      yield chunk.subarray(0, count);
    }
  } finally {
    closeSync(descriptor);
  }
}
