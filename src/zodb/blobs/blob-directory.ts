import {
  appendFileSync,
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { getLogger } from '@logtape/logtape';
import { POSError, POSKeyError } from '../errors.ts';
import type { Oid, Tid } from '../interfaces.ts';
import { BLOB_SUFFIX, blobFile, type BlobLayout, idName, LAYOUT_MARKER, layoutOf } from './layout.ts';
import { moveFile, syncFile } from './move-file.ts';
import { temporaryName } from './temporary-name.ts';

/** A revision of an object that has a blob. */
export interface BlobRevision {
  readonly oid: Oid;
  readonly tid: Tid;
}

const logger = getLogger(['ZODB', 'blob']);
const MARKER_SUFFIX = '.stored';
const OTHERS = 0o077;
const WRITE_BITS = 0o222;
const READ_BITS = 0o444;

/** A directory of blobs: a file for each revision of an object that has one. */
export class BlobDirectory {
  readonly path: string;
  readonly layout: BlobLayout;
  readonly temporary: string;

  /**
   * @param layout Default: that of the directory, bushy for a new one.
   * @throws POSError when the directory has the other layout.
   */
  constructor(directory: string, layout?: BlobLayout, readOnly = false) {
    this.path = path.resolve(directory);
    const marker = path.join(this.path, LAYOUT_MARKER);
    const found = layoutOf(this.path);
    if (layout !== undefined && layout !== found && existsSync(marker))
      throw new POSError(`the blob directory ${this.path} has the layout ${found}, not ${layout}`);
    this.layout = layout ?? found;
    this.temporary = path.join(this.path, 'tmp');
    if (readOnly) return;
    if (!existsSync(this.path)) mkdirSync(this.path, { recursive: true, mode: 0o700 });
    else if ((statSync(this.path).mode & OTHERS) !== 0)
      logger.warn(`the blob directory ${this.path} can be read by others than its owner`);
    mkdirSync(this.temporary, { recursive: true, mode: 0o700 });
    if (!existsSync(marker)) writeFileSync(marker, this.layout);
  }

  /** Where the file of a revision is or would be. */
  file({ oid, tid }: BlobRevision): string {
    return path.join(this.path, blobFile(this.layout, oid, tid));
  }

  /** The file of a revision. Throws a POSKeyError. */
  load(revision: BlobRevision): string {
    const file = this.file(revision);
    if (!existsSync(file)) throw new POSKeyError(revision.oid);
    return file;
  }

  /** A new name for a file that will be stored. */
  temporaryFile(): string {
    return path.join(this.temporary, temporaryName('', '.tmp'));
  }

  #marker(tid: Tid): string {
    return path.join(this.temporary, `${idName(tid)}${MARKER_SUFFIX}`);
  }

  /** Notes that a transaction is about to store a blob, until it is settled: so that `recover` can find what a killed process left. */
  begin({ oid, tid }: BlobRevision): void {
    appendFileSync(this.#marker(tid), `${oid}\n`);
  }

  /** The blobs of a transaction belong to the database, or were removed. */
  settle(tid: Tid): void {
    rmSync(this.#marker(tid), { force: true });
  }

  /**
   * Removes what a process that was killed has left: blobs of transactions that were never complete, and temporary files. To be called
   * only by a process that has the database to itself.
   */
  recover(isCommitted: (tid: Tid) => boolean): void {
    for (const name of readdirSync(this.temporary)) {
      const file = path.join(this.temporary, name);
      const tid = name.endsWith(MARKER_SUFFIX) ? name.slice(0, -MARKER_SUFFIX.length) : '';
      if (/^0x[0-9a-f]+$/.test(tid) && !isCommitted(BigInt(tid))) {
        for (const oid of readFileSync(file, 'utf8').split('\n'))
          // The last line may be a part of one.
          if (/^\d+$/.test(oid)) this.remove({ oid: asOid(BigInt(oid)), tid: BigInt(tid) });
        logger.info(`removed the blobs of ${tid}, which was not complete, from ${this.path}`);
      }
      rmSync(file, { recursive: true, force: true });
    }
  }

  /** Waits until the disk has the content of a file that will be stored, so that `store` is quick. */
  flush(filename: string): void {
    syncFile(filename);
  }

  /** Moves a file to its place; from there on nobody writes to it. */
  store(revision: BlobRevision, filename: string, fsync: boolean): void {
    const target = this.file(revision);
    const made = mkdirSync(path.dirname(target), { recursive: true });
    if (fsync) syncFile(filename);
    moveFile(filename, target);
    // Read by whoever may read the directory.
    const readers = statSync(path.dirname(target)).mode & READ_BITS;
    chmodSync(target, (statSync(target).mode & ~WRITE_BITS) | readers);
    if (!fsync) return;
    // The file is there when all directories on the way to it are.
    const top = made === undefined ? path.dirname(target) : path.dirname(made);
    for (let at = path.dirname(target); at.length >= top.length; at = path.dirname(at)) syncFile(at);
  }

  /** Gives a revision the blob of another one of the same object. */
  copy(from: BlobRevision, tid: Tid, fsync: boolean): void {
    const temporary = this.temporaryFile();
    this.copyTo(from, temporary);
    this.store({ oid: from.oid, tid }, temporary, fsync);
  }

  /** Makes a file with the content of a blob. */
  copyTo(from: BlobRevision, file: string): void {
    copyFileSync(this.load(from), file, constants.COPYFILE_FICLONE);
    chmodSync(file, 0o600);
  }

  /** Moves a file that somebody has made to a name in the temporary directory. */
  take(filename: string, file: string): void {
    moveFile(filename, file);
  }

  /** Removes the file of a revision, and the directories that it leaves empty. */
  remove(revision: BlobRevision): void {
    const file = this.file(revision);
    rmSync(file, { force: true });
    this.#removeEmpty(path.dirname(file));
  }

  #removeEmpty(directory: string): void {
    for (let at = directory; at.length > this.path.length; at = path.dirname(at))
      try {
        rmdirSync(at);
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code ?? '';
        if (['ENOTEMPTY', 'EEXIST'].includes(code)) return;
        // Somebody else has just removed it.
        if (code !== 'ENOENT') throw error;
      }
  }

  /**
   * Removes the files of revisions that a pack has removed. What the old database file refers to is kept in `old`: the removed files
   * are moved there, the others get a second name.
   */
  pack(removed: readonly BlobRevision[], old: string | null): void {
    if (old === null) {
      for (const revision of removed) this.remove(revision);
      return;
    }
    mkdirSync(old, { recursive: true });
    copyFileSync(path.join(this.path, LAYOUT_MARKER), path.join(old, LAYOUT_MARKER));
    for (const revision of removed) {
      const file = this.file(revision);
      if (!existsSync(file)) continue;
      const target = path.join(old, path.relative(this.path, file));
      mkdirSync(path.dirname(target), { recursive: true });
      renameSync(file, target);
      this.#removeEmpty(path.dirname(file));
    }
    for (const file of this.#files(this.path)) {
      const target = path.join(old, path.relative(this.path, file));
      mkdirSync(path.dirname(target), { recursive: true });
      linkOrCopy(file, target);
    }
  }

  *#files(directory: string): Generator<string> {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      const file = path.join(directory, entry.name);
      if (entry.isDirectory()) {
        if (file !== this.temporary) yield* this.#files(file);
      } else if (entry.name.endsWith(BLOB_SUFFIX)) yield file;
    }
  }

  /** Every revision that has a file. */
  *revisions(): Generator<BlobRevision> {
    for (const file of this.#files(this.path)) {
      const parts = path.relative(this.path, file).split(path.sep);
      const name = parts.pop()!.slice(0, -BLOB_SUFFIX.length);
      const oid = oidOf(this.layout, parts);
      if (oid !== undefined && /^0x[0-9a-f]+$/.test(name)) yield { oid, tid: BigInt(name) };
    }
  }

  /** Removes everything, as for a new database. */
  clear(): void {
    rmSync(this.path, { recursive: true, force: true });
    mkdirSync(this.temporary, { recursive: true, mode: 0o700 });
    writeFileSync(path.join(this.path, LAYOUT_MARKER), this.layout);
  }
}

function oidOf(layout: BlobLayout, parts: readonly string[]): Oid | undefined {
  const expected = layout === 'lawn' ? 1 : 8;
  if (parts.length !== expected || !parts.every((part) => /^0x[0-9a-f]+$/.test(part))) return undefined;
  const value = BigInt(layout === 'lawn' ? parts[0]! : `0x${parts.map((part) => part.slice(2)).join('')}`);
  const oid = asOid(value);
  return layout === 'lawn' && idName(oid) !== parts[0] ? undefined : oid;
}

const asOid = (value: bigint): Oid => (value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value);

function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if (!['EXDEV', 'EPERM', 'ENOTSUP', 'EMLINK'].includes((error as NodeJS.ErrnoException).code ?? ''))
      throw error;
    copyFileSync(from, to);
  }
}
