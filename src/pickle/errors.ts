/** What is wrong with a pickle; stable. */
export type UnpicklingCode =
  /** The data ends where an opcode is expected. */
  | 'PICKLE_END'
  /** The data ends inside an argument of an opcode. */
  | 'PICKLE_TRUNCATED'
  /** A line that holds an argument is empty or missing. */
  | 'PICKLE_BAD_LINE'
  /** No such opcode (or one of a protocol that is not allowed). */
  | 'PICKLE_OPCODE'
  /** A protocol that is unknown or not allowed. */
  | 'PICKLE_PROTOCOL'
  /** An opcode needs more values than there are. */
  | 'PICKLE_UNDERFLOW'
  /** The values since a MARK are wanted, and some before it are gone as well (dialect `zodb` only). */
  | 'PICKLE_MARK_GONE'
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
  /** A count or value beyond every limit, or more work than the length of the pickle justifies. */
  | 'PICKLE_TOO_LARGE'
  /** Keys and values do not pair up. */
  | 'PICKLE_ODD_ITEMS'
  | 'PICKLE_UNHASHABLE'
  /** Items for a value that takes none. */
  | 'PICKLE_NO_ITEMS'
  /** Keys for a value that takes none. */
  | 'PICKLE_NO_KEYS'
  /** A list has no such index. */
  | 'PICKLE_NO_INDEX'
  /** Attributes for a value that takes none. */
  | 'PICKLE_NO_STATE'
  /** A state that is no dict. */
  | 'PICKLE_BAD_STATE'
  /** REDUCE with arguments that are no tuple, or of types that a known class does not take. */
  | 'PICKLE_BAD_ARGUMENTS'
  /** A persistent id in a line that is not ASCII. */
  | 'PICKLE_BAD_PERSISTENT_ID'
  /** NEWOBJ or STACK_GLOBAL with operands of wrong types. */
  | 'PICKLE_BAD_NEWOBJ'
  | 'PICKLE_NOT_CALLABLE'
  /** An extension code that cannot be. */
  | 'PICKLE_BAD_EXTENSION'
  /** An extension code that is not registered. */
  | 'PICKLE_UNKNOWN_EXTENSION'
  /** A known class was given arguments whose values it does not take. */
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

/** A fault found while one opcode is carried out; the reader adds where. */
export class OpcodeFault extends Error {
  readonly code: UnpicklingCode;

  constructor(code: UnpicklingCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Throws an `OpcodeFault`. */
export function fault(code: UnpicklingCode, message: string): never {
  throw new OpcodeFault(code, message);
}

/** What a value class throws for arguments or a state that it does not take; the reader adds the position. */
export class BadValueError extends PickleError {
  declare readonly code: UnpicklingCode;

  /** @param code `PICKLE_BAD_ARGUMENTS` for what is of a wrong type. */
  constructor(message: string, code: UnpicklingCode = 'PICKLE_BAD_VALUE') {
    super(code, message);
    // What Python calls it: scripts may end in it.
    this.name = 'ValueError';
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
