import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Oid } from '../persistent/index.ts';

/** Records up to this size altogether stay in memory. */
const MEMORY_LIMIT = 4 * 1024 * 1024;

interface Place {
  readonly tid: bigint;
  readonly size: number;
  /** Where the record is in the file; -1: in `data`. */
  readonly position: number;
  readonly data: Uint8Array | null;
}

/** What a savepoint goes back to. */
export interface SavepointState {
  readonly places: ReadonlyMap<Oid, Place>;
  readonly end: number;
}

/**
 * Where a connection keeps what was changed in a transaction that has savepoints, until it commits: objects changed by then
 * can be unloaded again. Small amounts are in memory, larger ones in a temporary file.
 */
export class SavepointStorage {
  #places = new Map<Oid, Place>();
  #inMemory = 0;
  #file: { readonly descriptor: number; readonly directory: string } | null = null;
  #end = 0;

  store(oid: Oid, tid: bigint, data: Uint8Array): void {
    const size = data.length;
    if (this.#file === null && this.#inMemory + size <= MEMORY_LIMIT) {
      this.#inMemory += size;
      this.#places.set(oid, { tid, size, position: -1, data });
      return;
    }
    const { descriptor } = (this.#file ??= openTemporary());
    let written = 0;
    while (written < size)
      written += writeSync(descriptor, data, written, size - written, this.#end + written);
    this.#places.set(oid, { tid, size, position: this.#end, data: null });
    this.#end += size;
  }

  load(oid: Oid): { readonly data: Uint8Array; readonly tid: bigint } | undefined {
    const place = this.#places.get(oid);
    if (place === undefined) return undefined;
    if (place.data !== null) return { data: place.data, tid: place.tid };
    const data = new Uint8Array(place.size);
    let read = 0;
    while (read < place.size) {
      const count = readSync(this.#file!.descriptor, data, read, place.size - read, place.position + read);
      if (count === 0) throw new Error('the temporary file of a savepoint ends early');
      read += count;
    }
    return { data, tid: place.tid };
  }

  oids(): Oid[] {
    return [...this.#places.keys()];
  }

  mark(): SavepointState {
    return { places: new Map(this.#places), end: this.#end };
  }

  /** Goes back; gives the oids of what was stored until now. */
  reset(state: SavepointState): Oid[] {
    const oids = this.oids();
    this.#places = new Map(state.places);
    this.#end = state.end;
    return oids;
  }

  close(): void {
    if (this.#file !== null) {
      closeSync(this.#file.descriptor);
      rmSync(this.#file.directory, { recursive: true, force: true });
      this.#file = null;
    }
    this.#places.clear();
  }
}

function openTemporary(): { descriptor: number; directory: string } {
  const directory = mkdtempSync(path.join(tmpdir(), 'zodb-savepoint-'));
  return { descriptor: openSync(path.join(directory, 'records'), 'w+', 0o600), directory };
}
