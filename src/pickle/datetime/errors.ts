/** What DateTime raises. `pyName` is the name that a Python `except` clause knows. */
export class DateTimeError extends Error {
  readonly code: string = 'DATE_TIME';
  readonly pyName: string = 'DateTimeError';

  override get name(): string {
    return this.pyName;
  }
}

/** The text is no date. */
export class DateSyntaxError extends DateTimeError {
  override readonly code = 'DATE_SYNTAX';
  override readonly pyName = 'SyntaxError';
}

/** There is no such day. */
export class DateError extends DateTimeError {
  override readonly code = 'DATE';
  override readonly pyName = 'DateError';
}

/** There is no such time of day. */
export class TimeError extends DateTimeError {
  override readonly code = 'TIME';
  override readonly pyName = 'TimeError';
}
