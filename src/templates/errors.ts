/** What is wrong with a template: with its text, or with an expression while it is rendered. */

/** Line from 1, column from 0. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export function placeOf(source: string, offset: number): Place {
  const before = source.slice(0, offset);
  const line = before.split('\n').length;
  return { line, column: offset - (before.lastIndexOf('\n') + 1) };
}

/** The source line with a caret below the place. */
function excerpt(source: string, { line, column }: Place): string {
  const text = source.split('\n')[line - 1] ?? '';
  const start = Math.max(0, column - 60);
  return `${text.slice(start, start + 120)}\n${' '.repeat(column - start)}^`;
}

/** A template that cannot be compiled. */
export class TemplateError extends Error {
  readonly code: string = 'TEMPLATE';
  readonly filename: string;
  readonly place: Place;

  constructor(reason: string, filename: string, source: string, offset: number, options?: ErrorOptions) {
    const place = placeOf(source, offset);
    super(
      `${filename}, line ${place.line}, column ${place.column}: ${reason}\n${excerpt(source, place)}`,
      options,
    );
    this.filename = filename;
    this.place = place;
  }
}

/** Where in which template an error came up while it was rendered; kept beside the error, which goes on as it is. */
export interface RenderPlace {
  readonly filename: string;
  readonly expression: string;
  readonly line: number;
  readonly column: number;
  readonly excerpt: string;
}

const places = new WeakMap<object, RenderPlace>();

/** Notes the innermost place of an error. */
export function notePlace(
  error: unknown,
  filename: string,
  source: string,
  offset: number,
  expression: string,
): void {
  if (typeof error !== 'object' || error === null || places.has(error)) return;
  const place = placeOf(source, offset);
  places.set(error, { filename, expression, ...place, excerpt: excerpt(source, place) });
}

/** Where an error came up in a template; undefined when it did not. */
export function renderPlaceOf(error: unknown): RenderPlace | undefined {
  return typeof error === 'object' && error !== null ? places.get(error) : undefined;
}
