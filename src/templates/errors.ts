/** What is wrong with a template: with its text, or with an expression while it is rendered. */
import {
  AttributeError,
  Exception,
  type Frame,
  KeyError,
  LookupError,
  PyError,
  RecursionError,
  registerException,
  RuntimeError,
  TypeError,
  Unauthorized,
} from '../restricted/index.ts';

/** Line from 1, column from 0. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export function placeOf(source: string, offset: number): Place {
  let line = 1;
  let start = 0;
  for (let at = source.indexOf('\n'); at >= 0 && at < offset; at = source.indexOf('\n', at + 1)) {
    line++;
    start = at + 1;
  }
  return { line, column: offset - start };
}

/** The source line with a caret below the place. */
function excerpt(source: string, { line, column }: Place): string {
  const text = source.split('\n')[line - 1] ?? '';
  const start = Math.max(0, column - 60);
  return `${text.slice(start, start + 120)}\n${' '.repeat(column - start)}^`;
}

/** Which rule of the languages a source breaks; the names are those of the reference's exceptions. */
export type FailureKind =
  | 'ParseError'
  | 'LanguageError'
  | 'CompilationError'
  | 'TranslationError'
  | 'KeyError'
  | 'LookupError'
  | 'SyntaxError';

/** Thrown inside of the compiler; the program makes a `TemplateError` of it, which knows the file. */
export class CompilationFailure extends Error {
  readonly kind: FailureKind;
  readonly offset: number;
  /** The text at fault. */
  readonly token: string;

  constructor(kind: FailureKind, reason: string, offset: number, token: string) {
    super(reason);
    this.kind = kind;
    this.offset = offset;
    this.token = token;
  }
}

/** A template that cannot be compiled. */
export class TemplateError extends Error {
  readonly code: string = 'TEMPLATE';
  readonly kind: FailureKind | 'ExpressionError';
  readonly filename: string;
  readonly place: Place;
  /** The text at fault. */
  readonly expression: string;
  /** What is wrong, without the place. */
  readonly reason: string;
  /** The source line with a caret below the place. */
  readonly excerpt: string;

  constructor(
    kind: FailureKind | 'ExpressionError',
    reason: string,
    filename: string,
    source: string,
    offset: number,
    expression: string,
  ) {
    const place = placeOf(source, offset);
    const shown = excerpt(source, place);
    super(`${filename}, line ${place.line}, column ${place.column}: ${kind}: ${reason}\n${shown}`);
    this.excerpt = shown;
    this.name = kind;
    this.kind = kind;
    this.reason = reason;
    this.filename = filename;
    this.place = place;
    this.expression = expression;
  }
}

/** An expression that cannot be compiled. As in Chameleon only its use is an error, so a page whose other parts are right is shown. */
export class ExpressionError extends Exception {}

/** A template with errors was called. `cause` is the `TemplateError`. */
export class PTRuntimeError extends RuntimeError {
  constructor(id: string, cause: TemplateError) {
    super(`Page Template ${id} has errors: ${cause.message}`);
    this.cause = cause;
  }
}

/** A step of a path leads nowhere. Arguments: the object and the name. */
export class LocationError extends KeyError {}

/** A step of a path that untrusted code may not take. */
export class NotFound extends Exception {}

for (const cls of [ExpressionError, PTRuntimeError, LocationError, NotFound])
  registerException(cls as never, cls.name).construct = undefined;

/** Errors of a path after which the next alternative is tried. */
export function isMissing(error: unknown): boolean {
  if (error instanceof PyError)
    return (
      error instanceof AttributeError ||
      error instanceof LookupError ||
      error instanceof TypeError ||
      error instanceof NotFound ||
      error instanceof Unauthorized
    );
  const { pyType, name } = (error ?? {}) as { pyType?: unknown; name?: string };
  return pyType === 'NotFound' || pyType === 'Unauthorized' || name === 'NotFound' || name === 'Unauthorized';
}

/** Errors that no template may handle: the request has to be tried again, or its budget is spent. */
export function isFatal(error: unknown): boolean {
  const { transient, code } = (error ?? {}) as { transient?: boolean; code?: string };
  return transient === true || (typeof code === 'string' && code.startsWith('BUDGET'));
}

/** Where in which template an error came up while it was rendered; kept beside the error, which goes on as it is. */
export interface RenderPlace {
  readonly filename: string;
  readonly expression: string;
  readonly line: number;
  readonly column: number;
  readonly excerpt: string;
}

const places = new WeakMap<object, RenderPlace[]>();
/** So many places are kept of macros that call each other. */
const MAX_PLACES = 20;

/** Notes a place of an error; the innermost is noted first. */
export function notePlace(
  error: unknown,
  filename: string,
  source: string,
  offset: number,
  expression: string,
): void {
  if (typeof error !== 'object' || error === null) return;
  let noted = places.get(error);
  if (noted === undefined) places.set(error, (noted = []));
  if (noted.length >= MAX_PLACES) return;
  const place = placeOf(source, offset);
  noted.push({ filename, expression, ...place, excerpt: excerpt(source, place) });
}

/** Where an error came up in a template; undefined when it did not. */
export function renderPlaceOf(error: unknown): RenderPlace | undefined {
  return renderPlacesOf(error)[0];
}

/** The same with the places from which the template's macro was used, innermost first. */
export function renderPlacesOf(error: unknown): readonly RenderPlace[] {
  return (typeof error === 'object' && error !== null ? places.get(error) : undefined) ?? [];
}

const shownPlaces = new WeakMap<object, number>();
const TEMPLATE_FRAME = /\bzope-template-\d+-\u00A0.*:\d+:\d+\)?$/;
const SCRIPT_FRAME = /\bzope-script-\d+(?:\+\d+)?\u00A0.*:\d+:\d+\)?$/;
const RENDER_FRAME = /\bPageTemplateProgram\.render \(/;

/**
 * Puts the places of templates and scripts into the stack of an error that leaves a template, instead of the names of generated code: a
 * log then names the template and its line. Done for each template on the way.
 */
export function nameFrames(error: unknown): void {
  if (!(error instanceof Error) || typeof error.stack !== 'string') return;
  const all = renderPlacesOf(error);
  const places = all.slice(shownPlaces.get(error) ?? 0);
  shownPlaces.set(error, all.length);
  let lines = error.stack.split('\n');
  const { traceback } = error as { traceback?: unknown };
  if (Array.isArray(traceback)) {
    // The frames of scripts are found by the names that go away here.
    Object.defineProperty(error, 'traceback', { value: traceback, configurable: true });
    const frames = [...(traceback as Frame[])];
    lines = lines.map((line) => {
      const frame = SCRIPT_FRAME.test(line) ? frames.pop() : undefined;
      return frame === undefined ? line : `    at ${frame.function} (${frame.filename}:${frame.line}:1)`;
    });
  }
  const start = lines.findIndex((line) => TEMPLATE_FRAME.test(line));
  if (start >= 0) {
    const length = lines.slice(start).findIndex((line) => RENDER_FRAME.test(line));
    const end = length < 0 ? lines.length : start + length;
    const inner = lines.slice(start, end).filter((line) => !TEMPLATE_FRAME.test(line));
    const named = places.map(
      ({ filename, line, column, expression }) =>
        `    at \${${expression.replaceAll(/\s+/g, ' ')}} (${filename}:${line}:${column + 1})`,
    );
    lines.splice(start, end - start, ...named, ...inner);
  }
  error.stack = lines.join('\n');
}

/** Puts the places that DTML has noted in front of the frames of an error's stack; each once. */
export function showPlaces(error: unknown): void {
  if (!(error instanceof Error) || typeof error.stack !== 'string') return;
  const all = renderPlacesOf(error);
  const before = shownPlaces.get(error) ?? 0;
  const places = all.slice(before);
  if (places.length === 0) return;
  shownPlaces.set(error, all.length);
  // The frames of scripts are found in the stack as it is.
  const { traceback } = error as { traceback?: unknown };
  if (Array.isArray(traceback))
    Object.defineProperty(error, 'traceback', { value: traceback, configurable: true });
  const lines = error.stack.split('\n');
  const first = lines.findIndex((line) => /^ {4}at /.test(line));
  const named = places.map(
    ({ filename, line, column, expression }) =>
      `    at ${expression.replaceAll(/\s+/g, ' ')} (${filename}:${line}:${column + 1})`,
  );
  // After those of the templates that were called.
  lines.splice(first < 0 ? lines.length : first + before, 0, ...named);
  error.stack = lines.join('\n');
}

/** V8's stack is full: too many macros call each other. */
export function stackOverflow(error: unknown): unknown {
  return error instanceof RangeError && /call stack/.test(error.message)
    ? new RecursionError('maximum recursion depth exceeded')
    : error;
}
