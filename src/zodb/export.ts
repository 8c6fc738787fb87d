/**
 * The export format `.zexp` (INVENTORY Z-009): `ZEXP`, then for each object oid (8 bytes), length (8 bytes), record; at last 16 bytes
 * 0xFF. The first object is the one that was exported; the others are what it refers to.
 */
import { closeSync, fsyncSync, openSync, readSync, rmSync, statSync, writeSync } from 'node:fs';
import { Reference, type Oid } from '../persistent/index.ts';
import { ExportError } from './connection-errors.ts';
import { isBlobRecord } from './blobs/is-blob-record.ts';
import { POSKeyError, type Tid } from './interfaces.ts';
import { describedClass } from './serialize-class.ts';
import { readClass, readState, writeRecord } from './serialize-pickle.ts';
import { referencesOf } from './serialize-reader.ts';
import { oidBytes, oidOf, parseReference, referenceWriter, WeakStandIn } from './serialize-references.ts';

const MAGIC = Buffer.from('ZEXP');
const END = Buffer.alloc(16, 0xff);
const BLOB_MARKER = Buffer.from('\0BLOBSTART');

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

/** Takes an object of an import, for a blob with its content. */
export type ImportStore = (oid: Oid, data: Uint8Array, blob: Uint8Array | null) => void;

/** @throws ExportError when the bytes do not begin as an export does. */
export function checkExport(file: Uint8Array): void {
  if (!MAGIC.equals(file.subarray(0, MAGIC.length)))
    throw new ExportError('this is no ZODB export: it does not begin with ZEXP');
}

/**
 * Takes an export apart: every object gets a new oid, and references lead to the new ones.
 *
 * @returns The oid of the object that was exported.
 * @throws ExportError for what is no export, or a part of one.
 */
export function importRecords(file: Uint8Array, newOid: () => Oid, store: ImportStore): Oid {
  checkExport(file);
  const buffer = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const oids = new Map<Oid, Oid>();
  const translate = (oid: Oid): Oid => {
    let own = oids.get(oid);
    if (own === undefined) oids.set(oid, (own = newOid()));
    return own;
  };
  let first: Oid | undefined;
  for (let at = 4; ;) {
    const header = buffer.subarray(at, at + 16);
    if (header.length < 16) throw new ExportError(`the export is cut off at byte ${buffer.length}`);
    if (header.equals(END)) break;
    const length = Number(header.readBigUInt64BE(8));
    const data = buffer.subarray(at + 16, at + 16 + length);
    if (data.length < length) throw new ExportError(`the export is cut off at byte ${buffer.length}`);
    at += 16 + length;
    let blob: Uint8Array | null = null;
    if (isBlobRecord(data)) {
      if (!buffer.subarray(at, at + BLOB_MARKER.length).equals(BLOB_MARKER))
        throw new ExportError(`the export lacks the content of the blob at byte ${at}`);
      at += BLOB_MARKER.length;
      if (at + 8 > buffer.length) throw new ExportError(`the export is cut off at byte ${buffer.length}`);
      const size = Number(buffer.readBigUInt64BE(at));
      at += 8;
      blob = buffer.subarray(at, at + size);
      if (blob.length < size) throw new ExportError(`the export is cut off at byte ${buffer.length}`);
      at += size;
    }
    const oid = translate(oidOf(header.subarray(0, 8)));
    first ??= oid;
    store(oid, translated(data, translate), blob);
  }
  if (first === undefined) throw new ExportError('the export has no objects');
  return first;
}

function translated(data: Uint8Array, translate: (oid: Oid) => Oid): Uint8Array {
  const references = new Map<string, Reference>();
  const state = readState(
    data,
    (pid) => {
      const { oid, description, database, weak } = parseReference(pid);
      const key = `${weak}:${database ?? ''}:${oid}`;
      let reference = references.get(key);
      if (reference === undefined) {
        // Objects of other databases are not part of the export.
        const target = database === null ? translate(oid) : oid;
        const info = description === undefined ? null : describedClass(description).info;
        reference = weak ? new WeakStandIn(target, database) : new Reference(target, info, database);
        references.set(key, reference);
      }
      return reference;
    },
    false,
  );
  return writeRecord(readClass(data), state, referenceWriter());
}
