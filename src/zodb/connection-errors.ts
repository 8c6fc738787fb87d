/** The root of the errors of databases and connections; `code` is stable. */
export class ConnectionError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** A connection is closed, or cannot be closed in its state. */
export class ConnectionStateError extends ConnectionError {
  constructor(message: string) {
    super('CONNECTION_STATE', message);
  }
}

/** A historical connection, which shows the database as it was, was asked to change something. */
export class ReadOnlyHistoryError extends ConnectionError {
  constructor(message = 'a connection that shows an earlier state of the database cannot change anything') {
    super('READ_ONLY_HISTORY', message);
  }
}

/** An object was given to a second connection or database. */
export class InvalidObjectReferenceError extends ConnectionError {
  /** Where the reference is, e.g. `Folder 0x1c.items[3]`. */
  readonly path: string;

  constructor(path: string, message: string) {
    super('INVALID_OBJECT_REFERENCE', `${path}: ${message}`);
    this.path = path;
  }
}

/** A value that cannot be stored. */
export class UnstorableError extends ConnectionError {
  /** Where the value is, e.g. `root.a.items[3].callback`. */
  readonly path: string;

  constructor(path: string, message: string, options?: ErrorOptions) {
    super('UNSTORABLE', `${path}: ${message}`, options);
    this.path = path;
  }
}

/** A record that cannot be turned into an object. */
export class CorruptRecordError extends ConnectionError {
  constructor(message: string, options?: ErrorOptions) {
    super('CORRUPT_RECORD', message, options);
  }
}

/** An object whose class is missing was changed. */
export class BrokenModifiedError extends ConnectionError {
  readonly className: string;

  constructor(className: string) {
    super('BROKEN_MODIFIED', `an object of the class ${className}, which is not there, cannot be changed`);
    this.className = className;
  }
}

/** A file that is no export, or cannot be one. */
export class ExportError extends ConnectionError {
  constructor(message: string) {
    super('EXPORT', message);
  }
}
