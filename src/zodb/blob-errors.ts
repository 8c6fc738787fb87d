import { ConnectionError } from './connection-errors.ts';

/** A blob was used in a way that its state does not allow. */
export class BlobError extends ConnectionError {
  constructor(message: string) {
    super('BLOB', message);
  }
}

/** The storage cannot do what was asked for. */
export class UnsupportedError extends ConnectionError {
  constructor(message: string) {
    super('UNSUPPORTED', message);
  }
}
