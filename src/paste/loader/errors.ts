/** What went wrong while an `.ini` was read or an object was loaded from it; stable, for programs. */
export type LoadErrorCode =
  | 'ini-missing-section-header'
  | 'ini-duplicate-section'
  | 'ini-duplicate-option'
  | 'ini-syntax'
  | 'ini-encoding'
  | 'ini-interpolation-missing'
  | 'ini-interpolation-syntax'
  | 'ini-interpolation-depth'
  | 'file-not-found'
  | 'file-unreadable'
  | 'uri-no-scheme'
  | 'uri-unknown-scheme'
  | 'uri-relative'
  | 'uri-malformed'
  | 'section-missing'
  | 'section-ambiguous'
  | 'section-circle'
  | 'section-no-loader'
  | 'section-several-loaders'
  | 'option-missing'
  | 'option-unexpected'
  | 'option-invalid'
  | 'global-missing'
  | 'distribution-missing'
  | 'entry-point-missing'
  | 'entry-point-ambiguous'
  | 'module-missing'
  | 'module-broken'
  | 'attribute-missing'
  | 'factory-not-callable'
  | 'factory-result';

/** Where an error was found. A `line` counts from 1. */
export interface Place {
  readonly file?: string | undefined;
  readonly line?: number | undefined;
  readonly section?: string | undefined;
  readonly option?: string | undefined;
}

/**
 * The root of all errors of the loader. Factories throw it as well (through `readOptions`) without a place: the loader
 * adds the file, the section and the line of the option.
 */
export class LoadError extends Error {
  readonly code: LoadErrorCode;
  /** The problem without its place. */
  readonly problem: string;
  readonly file?: string;
  readonly line?: number;
  readonly section?: string;
  readonly option?: string;
  /** For `ini-syntax`: every line that is no option, `[line number, text]`. */
  readonly errors?: readonly (readonly [number, string])[];

  constructor(
    code: LoadErrorCode,
    problem: string,
    place: Place & { errors?: readonly (readonly [number, string])[] } = {},
    options?: ErrorOptions,
  ) {
    super(placePrefix(place, problem) + problem, options);
    this.name = 'LoadError';
    this.code = code;
    this.problem = problem;
    if (place.file !== undefined) this.file = place.file;
    if (place.line !== undefined) this.line = place.line;
    if (place.section !== undefined) this.section = place.section;
    if (place.option !== undefined) this.option = place.option;
    if (place.errors !== undefined) this.errors = place.errors;
  }

  /** The same error with what `place` knows and this error does not. */
  at(place: Place): LoadError {
    const known = { file: this.file, line: this.line, section: this.section, option: this.option };
    const merged = {
      ...place,
      ...Object.fromEntries(Object.entries(known).filter(([, v]) => v !== undefined)),
    };
    const error = new LoadError(
      this.code,
      this.problem,
      this.errors ? { ...merged, errors: this.errors } : merged,
      { cause: this.cause },
    );
    if (this.stack !== undefined) error.stack = this.stack.replace(this.message, () => error.message);
    return error;
  }
}

/** `file, line 3, section [app:main], option 'x': `, leaving out what the problem itself already says. */
function placePrefix({ file, line, section, option }: Place, problem: string): string {
  const parts: string[] = [];
  if (file !== undefined && !problem.includes(file)) parts.push(file);
  if (line !== undefined && !new RegExp(`\\bline +${line}\\b`).test(problem)) parts.push(`line ${line}`);
  if (section !== undefined && !problem.includes(section)) parts.push(`section [${section}]`);
  if (option !== undefined && !problem.includes(`'${option}'`)) parts.push(`option '${option}'`);
  return parts.length === 0 ? '' : `${parts.join(', ')}: `;
}
