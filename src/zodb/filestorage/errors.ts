import { CorruptedError, type Oid, UndoError } from '../interfaces.ts';
import { POSError } from '../errors.ts';

/** Something that a FileStorage cannot do, or was asked for in a wrong way. */
export class FileStorageError extends POSError {
  override readonly code: string = 'FILE_STORAGE';
}

/** The file is no FileStorage, or one of another version. */
export class FileStorageFormatError extends CorruptedError {
  override readonly code: string = 'FILE_STORAGE_FORMAT';
}

/** A pack that gave up; the file is as it was. */
export class PackError extends FileStorageError {
  override readonly code: string = 'PACK';
}

/** What a pack was to remove has been used again since it began. */
export class RevivedError extends PackError {
  readonly oid: Oid;

  constructor(oid: Oid) {
    super(`the object 0x${oid.toString(16)} was to be removed when it was used again; pack once more`);
    this.oid = oid;
  }
}

/** Several objects of one transaction cannot be taken back. */
export class MultipleUndoErrors extends UndoError {
  override readonly code = 'MULTIPLE_UNDO';
  readonly errors: ReadonlyMap<Oid, UndoError>;

  constructor(errors: ReadonlyMap<Oid, UndoError>) {
    super([...errors.values()].map(({ message }) => message).join('; '));
    this.errors = errors;
  }
}
