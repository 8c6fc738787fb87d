import { closeSync, mkdtempSync, readSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import type { Oid } from '../persistent/index.ts';
import { moveFile } from './blobs/move-file.ts';
import { openNameless } from './nameless-file.ts';

/** Records up to this size altogether stay in memory. */
const MEMORY_LIMIT = 4 * 1024 * 1024;

interface Place {
  readonly tid: bigint;
  readonly size: number;
  /** Where the record is in the file; -1: in `data`. */
  readonly position: number;
  readonly data: Uint8Array | null;
  /** The file of a blob. */
  readonly blob?: string;
}

/** What a savepoint goes back to: how much had been stored. */
export interface SavepointState {
  readonly steps: number;
  readonly end: number;
}

/**
 * Where a connection keeps what was changed in a transaction that has savepoints, until it commits: objects changed by then
 * can be unloaded again. Small amounts are in memory, larger ones in a temporary file.
 */
export class SavepointStorage {
  readonly #places = new Map<Oid, Place>();
  /** What each step took the place of: a copy of all places for each savepoint would be too much where there are thousands. */
  readonly #steps: { readonly oid: Oid; readonly before: Place | undefined }[] = [];
  #inMemory = 0;
  #file: number | null = null;
  #end = 0;
  #blobs: string | null = null;
  #blobCount = 0;

  store(oid: Oid, tid: bigint, data: Uint8Array): void {
    const size = data.length;
    if (this.#file === null && this.#inMemory + size <= MEMORY_LIMIT) {
      this.#inMemory += size;
      this.#put(oid, { tid, size, position: -1, data });
      return;
    }
    const file = (this.#file ??= openNameless());
    let written = 0;
    while (written < size) written += writeSync(file, data, written, size - written, this.#end + written);
    this.#put(oid, { tid, size, position: this.#end, data: null });
    this.#end += size;
  }

  #put(oid: Oid, place: Place): void {
    this.#steps.push({ oid, before: this.#places.get(oid) });
    this.#places.set(oid, place);
  }

  load(oid: Oid): { readonly data: Uint8Array; readonly tid: bigint } | undefined {
    const place = this.#places.get(oid);
    if (place === undefined) return undefined;
    if (place.data !== null) return { data: place.data, tid: place.tid };
    const data = new Uint8Array(place.size);
    let read = 0;
    while (read < place.size) {
      const count = readSync(this.#file!, data, read, place.size - read, place.position + read);
      if (count === 0) throw new Error('the temporary file of a savepoint ends early');
      read += count;
    }
    return { data, tid: place.tid };
  }

  /** As `store`, with the file of a blob, which is moved into a directory below `directory`. */
  storeBlob(oid: Oid, tid: bigint, data: Uint8Array, filename: string, directory: string): void {
    this.#blobs ??= mkdtempSync(path.join(directory, 'savepoints-'));
    const blob = path.join(this.#blobs, `${++this.#blobCount}.blob`);
    moveFile(filename, blob);
    this.store(oid, tid, data);
    this.#put(oid, { ...this.#places.get(oid)!, blob });
  }

  /** The file of a blob that was stored here. */
  blob(oid: Oid): string | undefined {
    return this.#places.get(oid)?.blob;
  }

  oids(): Oid[] {
    return [...this.#places.keys()];
  }

  mark(): SavepointState {
    return { steps: this.#steps.length, end: this.#end };
  }

  /** Goes back; gives the oids of what was stored until now. */
  reset(state: SavepointState): Oid[] {
    const oids = this.oids();
    while (this.#steps.length > state.steps) {
      const { oid, before } = this.#steps.pop()!;
      if (before === undefined) this.#places.delete(oid);
      else this.#places.set(oid, before);
    }
    this.#end = state.end;
    return oids;
  }

  close(): void {
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
    if (this.#blobs !== null) rmSync(this.#blobs, { recursive: true, force: true });
    this.#blobs = null;
    this.#places.clear();
    this.#steps.length = 0;
  }
}
