/** What can be wrong with a configuration. Every error knows the file and line where that can be told. */

/** File (as a path) and line, from 1. */
export interface Place {
  readonly file: string | undefined;
  readonly line: number | undefined;
}

export const NOWHERE: Place = { file: undefined, line: undefined };

/** The root of all errors of this room: the configuration does not fit its schema. */
export class ConfigurationError extends Error {
  readonly code: string = 'CONFIGURATION';
  /** The message without the place. */
  readonly reason: string;
  file: string | undefined;
  line: number | undefined;

  constructor(reason: string, place: Place = NOWHERE, options?: ErrorOptions) {
    super(reason, options);
    this.reason = reason;
    this.file = place.file;
    this.line = place.line;
    this.#compose();
  }

  #compose(): void {
    const where = this.line === undefined ? '' : `, line ${this.line}`;
    this.message = this.file === undefined ? this.reason : `${this.file}${where}: ${this.reason}`;
  }

  /** Tells where, unless that is known better already. */
  at(place: Place): this {
    // A line of another file says nothing about this one.
    if (this.file === undefined || this.file === place.file) this.line ??= place.line;
    this.file ??= place.file;
    this.#compose();
    return this;
  }
}

/** The text is not in the language. */
export class ConfigurationSyntaxError extends ConfigurationError {
  override readonly code: string = 'CONFIGURATION_SYNTAX';
}

/** A `$` that begins no reference. */
export class SubstitutionSyntaxError extends ConfigurationError {
  override readonly code = 'SUBSTITUTION_SYNTAX';
}

/** A reference to a name that nobody defined. */
export class SubstitutionReplacementError extends ConfigurationSyntaxError {
  override readonly code = 'SUBSTITUTION_REPLACEMENT';
  readonly source: string;

  constructor(source: string, name: string) {
    super(`no replacement for '${name}'`);
    this.source = source;
  }
}

/** A value that its datatype refuses. */
export class DataConversionError extends ConfigurationError {
  override readonly code = 'DATA_CONVERSION';
  readonly value: unknown;

  constructor(reason: string, value: unknown, place: Place, options?: ErrorOptions) {
    super(reason, place, options);
    this.value = value;
  }
}

/** `%import` names a component that is not there. */
export class SchemaResourceError extends ConfigurationError {
  override readonly code = 'SCHEMA_RESOURCE';
}

/** The schema itself is wrong: a mistake of the program. */
export class SchemaError extends ConfigurationError {
  override readonly code = 'SCHEMA';
}

/** Thrown by datatypes; becomes a `DataConversionError` with value and place. */
export class ValueRefused extends Error {
  readonly code = 'VALUE_REFUSED';
}
