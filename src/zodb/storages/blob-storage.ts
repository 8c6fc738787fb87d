/** Gives blobs to a storage that has none. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BlobDirectory, type BlobRevision } from '../blobs/blob-directory.ts';
import { isBlobRecord } from '../blobs/is-blob-record.ts';
import type { BlobLayout } from '../blobs/layout.ts';
import {
  type BlobStore,
  type Oid,
  type PackOptions,
  POSKeyError,
  type Storage,
  type StorageTransaction,
  type Tid,
} from '../interfaces.ts';
import { StorageWrapper } from './storage-wrapper.ts';

export interface BlobStorageOptions {
  readonly layout?: BlobLayout;
  /** Whether a blob is on the disk before its transaction is (default). */
  readonly fsync?: boolean;
}

export class BlobStorage extends StorageWrapper implements BlobStore {
  readonly #blobs: BlobDirectory;
  readonly #temporary: boolean;
  readonly #fsync: boolean;
  #tid: Tid | undefined;
  /** Files of the transaction that is being committed, before it is known under which id. */
  #staged: { readonly oid: Oid; readonly file: string; readonly tid: Tid | null }[] = [];

  /** @param directory Null: a temporary one, which is removed when the storage is closed. */
  constructor(storage: Storage, directory: string | null, options: BlobStorageOptions = {}) {
    super(storage);
    this.#temporary = directory === null;
    this.#fsync = (options.fsync ?? true) && directory !== null;
    this.#blobs = new BlobDirectory(
      directory ?? mkdtempSync(path.join(tmpdir(), 'blobs-')),
      options.layout,
      storage.isReadOnly(),
    );
    const { undo, packOnline } = this;
    if (packOnline !== undefined)
      this.packOnline = async (time, packOptions) => {
        await packOnline(time, packOptions);
        this.#removePacked();
      };
    if (undo !== undefined)
      this.undo = (tid, transaction) => {
        const oids = undo(tid, transaction);
        this.#stageUndone(oids, tid);
        return oids;
      };
  }

  /** What an undo takes back has the blob that the object had before. */
  #stageUndone(oids: readonly Oid[], tid: Tid): void {
    for (const oid of oids) {
      const before = this.base.loadBefore(oid, tid);
      if (before === null || !isBlobRecord(before.data)) continue;
      const file = this.#blobs.temporaryFile();
      this.#blobs.copyTo({ oid, tid: before.tid }, file);
      this.#staged.push({ oid, file, tid: null });
    }
  }

  override tpcBegin(transaction: StorageTransaction, tid?: Tid, status?: string): void {
    super.tpcBegin(transaction, tid, status);
    this.#tid = tid;
  }

  storeBlob(
    oid: Oid,
    previous: Tid,
    data: Uint8Array,
    filename: string,
    transaction: StorageTransaction,
  ): void {
    this.base.store(oid, previous, data, transaction);
    this.#stage(oid, filename, null);
  }

  restoreBlob(
    oid: Oid,
    tid: Tid,
    data: Uint8Array | null,
    filename: string,
    previousTid: Tid | null,
    transaction: StorageTransaction,
  ): void {
    this.restore!(oid, tid, data, previousTid, transaction);
    this.#stage(oid, filename, tid);
  }

  /** From here on nobody but the storage has the file. */
  #stage(oid: Oid, filename: string, tid: Tid | null): void {
    const file = this.#blobs.temporaryFile();
    this.#blobs.take(filename, file);
    this.#staged.push({ oid, file, tid });
  }

  override tpcFinish(transaction: StorageTransaction, callback?: (tid: Tid) => void): Tid {
    const staged = this.#staged;
    const stored: BlobRevision[] = [];
    const place = (tid: Tid) => {
      for (const { oid, file, tid: own } of staged) {
        const revision = { oid, tid: own ?? tid };
        this.#blobs.store(revision, file, this.#fsync);
        stored.push(revision);
      }
    };
    // The files come first where their names are known, so that no transaction lacks its blob.
    const known = this.#tid;
    if (known !== undefined) place(known);
    try {
      const tid = super.tpcFinish(transaction, (id) => {
        if (known === undefined) place(id);
        callback?.(id);
      });
      this.#staged = [];
      return tid;
    } catch (error) {
      for (const revision of stored) this.#blobs.remove(revision);
      throw error;
    } finally {
      this.#discard();
    }
  }

  override tpcAbort(transaction: StorageTransaction): void {
    super.tpcAbort(transaction);
    this.#discard();
  }

  #discard(): void {
    for (const { file } of this.#staged) rmSync(file, { force: true });
    this.#staged = [];
  }

  loadBlob(oid: Oid, tid: Tid): string {
    return this.#blobs.load({ oid, tid });
  }

  temporaryDirectory(): string {
    return this.#blobs.temporary;
  }

  override pack(time: number, options?: PackOptions): void {
    super.pack(time, options);
    this.#removePacked();
  }

  /** Removes the files of revisions that are not there any more. */
  #removePacked(): void {
    const gone: BlobRevision[] = [];
    for (const revision of this.#blobs.revisions()) {
      try {
        this.base.loadSerial(revision.oid, revision.tid);
      } catch (error) {
        if (!(error instanceof POSKeyError)) throw error;
        gone.push(revision);
      }
    }
    this.#blobs.pack(gone, null);
  }

  override close(): void {
    super.close();
    this.#discard();
    if (this.#temporary) rmSync(this.#blobs.path, { recursive: true, force: true });
  }
}
