/** Finds out whether a file that is open can be read and written, for those who decide whether a site gets requests. */
import { closeSync, fstatSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import path from 'node:path';
import { openDataFile } from './disk.ts';
import type { FileState } from './file-state.ts';
import { DATA_HEADER, readU64 } from './format.ts';
import type { StorageHealth } from './health.ts';
import { readFully } from './records.ts';

/** The disk is tried at most so often, and not sooner after a failure. */
const PROBE_MS = 5000;
/** As much as most transactions. */
const PROBE_BYTES = 65_536;
/** A pack replaces the file, and says so a moment later. */
const REPLACED_MS = 1000;

const BROKEN = 'writing to it failed, and what the disk has of it is not known';

export class TroubleFinder {
  readonly #path: string;
  readonly #state: FileState;
  readonly #health: StorageHealth;
  #probedAt: number | undefined;
  #probing = false;
  /** Since when the file under the name is another one. */
  #replacedAt: number | undefined;

  constructor(path: string, state: FileState, health: StorageHealth) {
    this.#path = path;
    this.#state = state;
    this.#health = health;
  }

  /** What is wrong; undefined when nothing is known to be. It may be told to anybody: of the file's path it has the last part. */
  find(readOnly: boolean): string | undefined {
    const name = path.basename(this.#path);
    const refusal = this.#health.refusal ?? (this.#state.isBroken ? BROKEN : undefined);
    if (refusal !== undefined) return `${name} takes no transactions: ${refusal}; restart the process`;
    try {
      const reason = this.#ofFile();
      if (reason !== undefined) return `${name} ${reason}`;
    } catch (error) {
      const { code = 'no code' } = error as NodeJS.ErrnoException;
      return `${name} cannot be read (${code})`;
    }
    if (readOnly) return undefined;
    const failure = this.#health.failureAt(this.#state.durableTid);
    if (failure === undefined) {
      this.#probedAt = undefined;
      return undefined;
    }
    void this.#probe(failure.code);
    return `${name} did not take the last transactions: ${failure.text}`;
  }

  /** What its name leads to must be what is open, and the root must be in it. */
  #ofFile(): string | undefined {
    const state = this.#state;
    state.follow();
    const descriptor = openDataFile(this.#path, true);
    try {
      const named = fstatSync(descriptor);
      const own = fstatSync(state.descriptor);
      if (named.ino !== own.ino || named.dev !== own.dev) {
        const now = performance.now();
        this.#replacedAt ??= now;
        return now - this.#replacedAt >= REPLACED_MS
          ? 'was replaced by another file while it is open, and what is committed would be lost; restart the process'
          : undefined;
      }
      this.#replacedAt = undefined;
      if (own.size < state.seenEnd) return 'is shorter than it was: it was cut by something else';
      const position = state.index.get(0);
      if (position === 0) return undefined;
      const header = Buffer.alloc(DATA_HEADER);
      if (!readFully(descriptor, header, DATA_HEADER, position)) return 'ends before its root object';
      const view = new DataView(header.buffer, header.byteOffset, header.length);
      if (readU64(view, 0) !== 0) return 'is damaged: where its root object was there is something else';
      return undefined;
    } finally {
      closeSync(descriptor);
    }
  }

  /** Where no requests come because of a failure, no transaction can show that it is over. */
  async #probe(code: string): Promise<void> {
    const now = performance.now();
    this.#probedAt ??= now;
    if (this.#probing || now - this.#probedAt < PROBE_MS) return;
    this.#probing = true;
    const name = `${this.#path}.probe`;
    try {
      const file = await open(name, 'w');
      try {
        // Only there a limit on the size shows.
        const position = code === 'EFBIG' ? this.#state.end : 0;
        await file.write(Buffer.alloc(PROBE_BYTES), 0, PROBE_BYTES, position);
        await file.sync();
      } finally {
        await file.close();
      }
      await rm(name, { force: true });
      this.#health.recovered();
    } catch {
      // It still fails, as is being told.
      await rm(name, { force: true }).catch(() => undefined);
    } finally {
      this.#probing = false;
      this.#probedAt = performance.now();
    }
  }
}
