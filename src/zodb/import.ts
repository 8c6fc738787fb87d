/** Reads the export format; see `export.ts`. */
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { Reference, type Oid } from '../persistent/index.ts';
import { isBlobRecord } from './blobs/is-blob-record.ts';
import { ExportError } from './connection-errors.ts';
import { BLOB_MARKER, END, MAGIC } from './export.ts';
import { describedClass } from './serialize-class.ts';
import { readClass, readState, writeRecord } from './serialize-pickle.ts';
import { oidOf, parseReference, referenceWriter, WeakStandIn } from './serialize-references.ts';

const CHUNK = 1 << 16;

/** Takes an object of an import; `blob` writes the content of a blob to a new file. */
export type ImportStore = (oid: Oid, data: Uint8Array, blob: ((file: string) => void) | null) => void;

/** An export while it is read, from its beginning to its end. */
export abstract class ImportSource {
  position = 0;
  abstract readonly length: number;

  /** @throws ExportError when the bytes do not begin as an export does. */
  static open(export_: Uint8Array | string): ImportSource {
    const source = typeof export_ === 'string' ? new FileSource(export_) : new BytesSource(export_);
    if (source.length >= MAGIC.length && MAGIC.equals(source.take(MAGIC.length))) return source;
    source.close();
    throw new ExportError('this is no ZODB export: it does not begin with ZEXP');
  }

  protected abstract read(position: number, count: number): Buffer;
  abstract close(): void;

  /** The next bytes. What a damaged length asks for is not allocated. */
  take(count: number): Buffer {
    if (count > this.length - this.position)
      throw new ExportError(`the export is cut off at byte ${this.length}`);
    const bytes = this.read(this.position, count);
    this.position += count;
    return bytes;
  }

  takeLength(): number {
    return Number(this.take(8).readBigUInt64BE());
  }

  /** Copies bytes to a new file, a part at a time. */
  copy(count: number, file: string): void {
    const descriptor = openSync(file, 'wx');
    try {
      for (let left = count; left > 0;) {
        const part = this.take(Math.min(left, CHUNK));
        left -= part.length;
        for (let done = 0; done < part.length;) done += writeSync(descriptor, part, done);
      }
    } finally {
      closeSync(descriptor);
    }
  }
}

class BytesSource extends ImportSource {
  readonly #bytes: Buffer;

  constructor(bytes: Uint8Array) {
    super();
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get length(): number {
    return this.#bytes.length;
  }

  protected read(position: number, count: number): Buffer {
    return this.#bytes.subarray(position, position + count);
  }

  close(): void {}
}

class FileSource extends ImportSource {
  readonly length: number;
  readonly #descriptor: number;
  /** Part of the file, and where it begins. */
  #buffer: Buffer = Buffer.alloc(0);
  #start = 0;

  constructor(file: string) {
    super();
    this.#descriptor = openSync(file, 'r');
    this.length = fstatSync(this.#descriptor).size;
  }

  protected read(position: number, count: number): Buffer {
    const at = position - this.#start;
    if (at + count <= this.#buffer.length) return this.#buffer.subarray(at, at + count);
    // Not used again: what was given out is kept by others.
    const buffer = Buffer.allocUnsafeSlow(Math.max(count, Math.min(CHUNK, this.length - position)));
    for (let done = 0; done < buffer.length;) {
      const got = readSync(this.#descriptor, buffer, done, buffer.length - done, position + done);
      if (got === 0) throw new ExportError(`the export is cut off at byte ${position + done}`);
      done += got;
    }
    this.#buffer = buffer;
    this.#start = position;
    return buffer.subarray(0, count);
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

/**
 * Takes an export apart: every object gets a new oid, and references lead to the new ones. Never more than a record is in memory.
 *
 * @returns The oid of the object that was exported.
 * @throws ExportError for a part of an export.
 */
export function importRecords(source: ImportSource, newOid: () => Oid, store: ImportStore): Oid {
  const oids = new Map<Oid, Oid>();
  const translate = (oid: Oid): Oid => {
    let own = oids.get(oid);
    if (own === undefined) oids.set(oid, (own = newOid()));
    return own;
  };
  let first: Oid | undefined;
  for (;;) {
    const header = source.take(16);
    if (header.equals(END)) break;
    const oid = translate(oidOf(header.subarray(0, 8)));
    const data = source.take(Number(header.readBigUInt64BE(8)));
    first ??= oid;
    store(oid, translated(data, translate), isBlobRecord(data) ? blobOf(source) : null);
  }
  if (first === undefined) throw new ExportError('the export has no objects');
  return first;
}

function blobOf(source: ImportSource): (file: string) => void {
  const at = source.position;
  if (source.length - at < BLOB_MARKER.length || !source.take(BLOB_MARKER.length).equals(BLOB_MARKER))
    throw new ExportError(`the export lacks the content of the blob at byte ${at}`);
  const size = source.takeLength();
  if (size > source.length - source.position)
    throw new ExportError(`the export is cut off at byte ${source.length}`);
  return (file) => source.copy(size, file);
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
