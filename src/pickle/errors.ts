/** What is wrong with a pickle; stable. */
export type UnpicklingCode =
  /** The data ends inside the pickle. */
  | 'PICKLE_TRUNCATED'
  /** A line that holds an argument is empty or missing. */
  | 'PICKLE_BAD_LINE'
  /** No such opcode (or one of a protocol that is not allowed). */
  | 'PICKLE_OPCODE'
  /** A protocol that is unknown or not allowed. */
  | 'PICKLE_PROTOCOL'
  /** An opcode needs more values than there are. */
  | 'PICKLE_UNDERFLOW'
  /** An opcode needs a MARK and there is none. */
  | 'PICKLE_NO_MARK'
  /** A value is taken from before the last MARK (dialect `standard` only). */
  | 'PICKLE_MARK_CROSSED'
  /** A memo entry that was never put. */
  | 'PICKLE_NO_MEMO'
  | 'PICKLE_BAD_NUMBER'
  /** Quotes of a STRING are wrong. */
  | 'PICKLE_BAD_STRING'
  /** A backslash sequence of a STRING is wrong. */
  | 'PICKLE_BAD_ESCAPE'
  /** Bytes that are not text in the wanted encoding. */
  | 'PICKLE_ENCODING'
  /** A count that is negative. */
  | 'PICKLE_NEGATIVE_COUNT'
  /** A count or value beyond every limit. */
  | 'PICKLE_TOO_LARGE'
  /** Keys and values do not pair up. */
  | 'PICKLE_ODD_ITEMS'
  | 'PICKLE_UNHASHABLE'
  /** Items or attributes for a value that takes none. */
  | 'PICKLE_NO_CONTAINER'
  | 'PICKLE_NO_STATE'
  | 'PICKLE_BAD_STATE'
  | 'PICKLE_BAD_ARGUMENTS'
  | 'PICKLE_NOT_CALLABLE'
  | 'PICKLE_NOT_A_CLASS'
  | 'PICKLE_BAD_EXTENSION'
  /** A known class was given arguments that it does not take. */
  | 'PICKLE_BAD_VALUE'
  /** Out-of-band buffers are not supported. */
  | 'PICKLE_NO_BUFFERS';

/** Root of the errors of this room. */
export class PickleError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** A pickle cannot be read. `position` is the offset of the opcode at fault, `opcode` its value where there is one. */
export class UnpicklingError extends PickleError {
  declare readonly code: UnpicklingCode;
  readonly position: number;
  readonly opcode: number | undefined;

  constructor(
    code: UnpicklingCode,
    message: string,
    position: number,
    opcode?: number,
    options?: ErrorOptions,
  ) {
    super(code, `${message} (at byte ${position} of the pickle)`, options);
    this.position = position;
    this.opcode = opcode;
  }
}

/** What a value class throws for arguments or a state that it does not take; the reader adds the position. */
export class BadValueError extends PickleError {
  constructor(message: string) {
    super('PICKLE_BAD_VALUE', message);
  }
}

/** A value cannot be written. */
export class PicklingError extends PickleError {}

/** A value that has no counterpart in Python, and where it is: `a.items[3].callback`. */
export class UnpicklableError extends PicklingError {
  /** The way from the value that was dumped to the one at fault; empty for that value itself. */
  readonly path: string;
  readonly value: unknown;

  constructor(what: string, path: string, value: unknown) {
    super('PICKLE_UNPICKLABLE', path === '' ? `cannot store ${what}` : `cannot store ${what} at ${path}`);
    this.path = path;
    this.value = value;
  }
}
