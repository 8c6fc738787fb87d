/** What is wrong with the logging sections; stable, for programs. */
export type LoggingConfigErrorCode =
  | 'missing-section'
  | 'missing-option'
  | 'missing-root'
  | 'unknown-name'
  | 'unknown-level'
  | 'unknown-class'
  | 'bad-number'
  | 'bad-format'
  | 'bad-expression'
  | 'bad-arguments'
  | 'not-offered'
  | 'handler-failed';

interface Where {
  readonly file?: string | undefined;
  readonly line?: number | undefined;
  readonly section?: string | undefined;
  readonly option?: string | undefined;
}

/** The root of the errors of `setUpLogging`, but for those of the file's language itself (`LoadError`). */
export class LoggingConfigError extends Error {
  readonly code: LoggingConfigErrorCode;
  readonly problem: string;
  readonly file?: string;
  readonly line?: number;
  readonly section?: string;
  readonly option?: string;

  constructor(code: LoggingConfigErrorCode, problem: string, where: Where = {}, options?: ErrorOptions) {
    const { file, line, section, option } = where;
    const place = [
      file,
      line !== undefined && `line ${line}`,
      section !== undefined && `section [${section}]`,
      option !== undefined && `option '${option}'`,
    ].filter((part) => part !== undefined && part !== false);
    super(place.length > 0 ? `${place.join(', ')}: ${problem}` : problem, options);
    this.name = 'LoggingConfigError';
    this.code = code;
    this.problem = problem;
    if (file !== undefined) this.file = file;
    if (line !== undefined) this.line = line;
    if (section !== undefined) this.section = section;
    if (option !== undefined) this.option = option;
  }

  /** The same error at a place. */
  at(where: Where): LoggingConfigError {
    return new LoggingConfigError(this.code, this.problem, where, { cause: this.cause });
  }
}

/** An error under the name of one of Python's exceptions, as the notes about failed log calls show it. */
export function pythonError(name: string, message: string, cause?: unknown): Error {
  const error = new Error(message, cause === undefined ? undefined : { cause });
  error.name = name;
  return error;
}
