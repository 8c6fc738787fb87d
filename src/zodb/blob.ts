import { closeSync, copyFileSync, existsSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { metaOf, PersistentBase, type PersistentMeta, registerClass } from '../persistent/index.ts';
import { BlobError } from './blob-errors.ts';
import { BlobFile, type BlobMode } from './blob-file.ts';
import { moveFile } from './blobs/move-file.ts';
import { temporaryName } from './blobs/temporary-name.ts';

/** What a blob needs of its connection. */
export interface BlobHost {
  /** The file of a blob as this connection sees it; `committed` is false for one that only a savepoint has. */
  blobFile(meta: PersistentMeta): { readonly name: string; readonly committed: boolean };
  /** Where files are made that may be stored. */
  blobTemporaryDirectory(): string;
}

const MODES = new Set<string>(['r', 'w', 'a', 'r+', 'c']);

/** Files of blobs that are in no database yet, among the system's temporary files. */
const unstored = new Set<string>();
let removedAtExit = false;

/** In a directory of its own it would leave that behind: the end of a thread is not told to what runs in it. */
function unstoredFile(): string {
  if (!removedAtExit)
    process.once('exit', () => {
      for (const name of unstored) rmSync(name, { force: true });
    });
  removedAtExit = true;
  const name = path.join(tmpdir(), temporaryName('zodb-', '.blob'));
  unstored.add(name);
  return name;
}

const abandoned = new FinalizationRegistry<{ name: string | null }>((file) => {
  if (file.name === null) return;
  rmSync(file.name, { force: true });
  unstored.delete(file.name);
});

/**
 * Bytes in a file of their own beside the database: for what is too large to be in a record. Stored with the transaction, as
 * any other object; seen by others when it is committed.
 */
export class Blob extends PersistentBase {
  /** The file with changes; shared with what removes it when the blob is forgotten. */
  private changes: { name: string | null } | undefined;
  private readers: Set<BlobFile> | undefined;
  private writers: Set<BlobFile> | undefined;

  /** @param data What is in it at first. */
  constructor(data?: Uint8Array | string) {
    super();
    if (new.target !== Blob) throw new TypeError('Blobs do not support subclassing.');
    this.changes = this.readers = this.writers = undefined;
    if (data !== undefined) writeFileSync(this.createFile(), data);
  }

  /**
   * Opens the content. A blob may have many readers or many writers at a time, not both.
   *
   * @param mode `r` read; `w` write anew; `a` append; `r+` read and write; `c` read what is committed.
   * @throws BlobError when it is open for the other, and in mode `c` when there are changes.
   */
  open(mode: BlobMode = 'r'): BlobFile {
    if (!MODES.has(mode)) throw new RangeError(`invalid mode ${JSON.stringify(mode)}`);
    if (mode === 'c') return new BlobFile(this.committed(), 'c', () => {});
    this._p_activate();
    if ((this.writers?.size ?? 0) > 0) throw new BlobError('Already opened for writing.');
    if (mode === 'r') {
      const name = this.changes?.name ?? this.storedFile()?.name ?? this.createFile();
      const readers = (this.readers ??= new Set());
      const file = new BlobFile(name, 'r', (closed) => readers.delete(closed));
      readers.add(file);
      return file;
    }
    if ((this.readers?.size ?? 0) > 0) throw new BlobError('Already opened for reading.');
    const fresh = this.changes?.name == null;
    const stored = fresh && mode !== 'w' ? this.storedFile() : undefined;
    const name = this.changes?.name ?? this.createFile();
    if (stored !== undefined) copyFileSync(stored.name, name);
    const writers = (this.writers ??= new Set());
    const file = new BlobFile(name, mode, (closed) => writers.delete(closed));
    writers.add(file);
    this._p_changed = true;
    return file;
  }

  /** The whole content. */
  bytes(): Buffer {
    const file = this.open('r');
    try {
      return file.read();
    } finally {
      file.close();
    }
  }

  /** The path of the committed file, which must not be changed. Throws when there are changes, or nothing is committed. */
  committed(): string {
    this._p_activate();
    const stored = this.changes?.name == null ? this.storedFile() : undefined;
    if (stored?.committed !== true) throw new BlobError('Uncommitted changes');
    return stored.name;
  }

  /** Makes a file the content: it is moved, or copied where it is on another file system, and is then gone. */
  consumeFile(filename: string): void {
    this._p_activate();
    if ((this.writers?.size ?? 0) > 0) throw new BlobError('Already opened for writing.');
    if ((this.readers?.size ?? 0) > 0) throw new BlobError('Already opened for reading.');
    if (!existsSync(filename)) throw new BlobError(`there is no file ${filename}`);
    const name = this.changes?.name ?? this.createFile();
    moveFile(filename, name);
    this._p_changed = true;
  }

  /** Whether a file of it is open. */
  opened(): boolean {
    return (this.readers?.size ?? 0) + (this.writers?.size ?? 0) > 0;
  }

  /** For connections: the file to be stored, which is theirs from now on; null when nothing was changed. */
  _takeChanges(): string | null {
    if (this.opened()) throw new BlobError("Can't commit with opened blobs.");
    let name = this.changes?.name ?? null;
    if (name === null && this.storedFile() === undefined) name = this.createFile();
    this.forgetChanges();
    return name;
  }

  private storedFile(): { readonly name: string; readonly committed: boolean } | undefined {
    const meta = metaOf(this)!;
    if (meta.jar === null || meta.size === 0) return undefined;
    return (meta.jar as unknown as BlobHost).blobFile(meta);
  }

  private createFile(): string {
    const host = this._p_jar as unknown as BlobHost | null;
    const name =
      host === null ? unstoredFile() : path.join(host.blobTemporaryDirectory(), temporaryName('', '.blob'));
    closeSync(openSync(name, 'wx', 0o600));
    this.changes = { name };
    abandoned.register(this, this.changes, this.changes);
    return name;
  }

  private forgetChanges(): void {
    if (this.changes === undefined) return;
    abandoned.unregister(this.changes);
    if (this.changes.name !== null) unstored.delete(this.changes.name);
    this.changes = undefined;
  }

  /** A blob's record only says that it is one. */
  override __getstate__(): null {
    return null;
  }

  override __setstate__(): void {
    // The content is in its file.
  }

  override _p_release(): void {
    // Readers go on with what they have open; what was written is given up.
    for (const file of this.writers ?? []) file.close();
    const name = this.changes?.name ?? null;
    this.forgetChanges();
    if (name !== null) rmSync(name, { force: true });
  }
}
registerClass(Blob, 'ZODB.blob.Blob', { python: true });
