/** TALES: parses the expressions of templates (INVENTORY 6.2). */
import { CompilationFailure } from '../errors.ts';
import type { Clause } from '../tal/syntax.ts';

/** A path without alternatives: a variable and the steps from it. */
export interface SubPath {
  readonly base: string;
  readonly steps: readonly Step[];
}

/** A name; a variable that holds a name or a list of them (`?name`); a name in a namespace of functions (`space:name`). */
export type Step =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'function'; readonly space: string; readonly name: string };

export type Tales =
  | {
      readonly kind: 'path' | 'nocall' | 'exists';
      readonly paths: readonly SubPath[];
      /** The last alternative where it is of another type. */
      readonly last: Tales | undefined;
    }
  | { readonly kind: 'not' | 'structure' | 'lazy' | 'defer'; readonly of: Tales }
  | { readonly kind: 'string'; readonly parts: readonly (string | Tales)[] }
  | { readonly kind: 'python' | 'js' | 'ts'; readonly source: string; readonly clause: Clause };

/** The text is no expression. `offset` is that of the text after its type. */
export class TalesSyntaxError extends Error {
  readonly offset: number;
  readonly token: string;
  /** Where in the text something stands that no expression with the same beginning can have; undefined: that is not known. */
  readonly wrongFrom: number | undefined;

  constructor(reason: string, { text, offset }: Clause, wrongFrom?: number) {
    super(reason);
    this.offset = offset;
    this.token = text;
    this.wrongFrom = wrongFrom;
  }
}

const OUTER_TYPE = /^\s*([a-z][a-z0-9\-_]*):/;
const INNER_TYPE = /^([a-zA-Z][a-zA-Z0-9_]*):/;
const VALID_NAME = /^[a-zA-Z][a-zA-Z0-9_]*$/;
const NAMESPACE = /^([\p{L}\p{N}_]+):(.+)/su;
const TYPES = new Set(
  'path standard nocall exists not string python defer lazy structure provider js ts'.split(' '),
);
const HINTS: Readonly<Record<string, string>> = {
  load: 'templates of files are not available to pages; metal:use-macro uses those of the site',
};

/** Parses an expression as a statement has it. Unknown types are errors of the whole template. */
export function parseTales({ text, offset }: Clause): Tales {
  const match = OUTER_TYPE.exec(text);
  if (match === null) return parseTyped('path', { text, offset });
  const [prefix, type] = match as unknown as [string, string];
  if (!TYPES.has(type)) {
    const hint = HINTS[type];
    throw new CompilationFailure(
      'LookupError',
      `Unknown expression type: '${type}'.${hint === undefined ? '' : ` (${hint})`}`,
      offset,
      text.trim(),
    );
  }
  return parseTyped(type, { text: text.slice(prefix.length), offset: offset + prefix.length });
}

/** An expression inside of another. */
function parseInner(text: string, whole: Clause): Tales {
  const match = INNER_TYPE.exec(text);
  if (match === null) return parseTyped('standard', { text, offset: whole.offset });
  const [prefix, type] = match as unknown as [string, string];
  if (!TYPES.has(type)) throw new TalesSyntaxError(`Unrecognized expression type "${type}".`, whole);
  return parseTyped(type, { text: text.slice(prefix.length), offset: whole.offset });
}

/** Parses the text after `type:`. */
export function parseTyped(type: string, clause: Clause): Tales {
  switch (type) {
    case 'path':
    case 'standard':
      return parsePath('path', clause);
    case 'nocall':
    case 'exists':
      return parsePath(type, clause);
    case 'not':
    case 'structure':
    case 'defer':
    case 'lazy':
      return { kind: type, of: parseInner(clause.text.trimStart(), clause) };
    case 'string':
      return parseString(clause);
    case 'python':
      return { kind: 'python', source: clause.text.trim().replaceAll('\n', ' '), clause };
    case 'js':
    case 'ts':
      return { kind: type, source: clause.text, clause };
    default:
      throw new TalesSyntaxError(
        'There are no content providers: provider: expressions are not available',
        clause,
      );
  }
}

function parsePath(kind: 'path' | 'nocall' | 'exists', clause: Clause): Tales {
  const text = clause.text.trim() === '' ? 'nothing' : clause.text;
  const alternatives = text.split('|');
  const paths: SubPath[] = [];
  for (const [i, alternative] of alternatives.entries()) {
    const path = alternative.trimStart();
    if (INNER_TYPE.test(path))
      return { kind, paths, last: parseInner(alternatives.slice(i).join('|').trimStart(), clause) };
    paths.push(parseSubPath(path, clause));
  }
  return { kind, paths, last: undefined };
}

function parseSubPath(path: string, clause: Clause): SubPath {
  const fail = (reason: string) => new TalesSyntaxError(reason, clause);
  const steps = path
    .trim()
    .split('/')
    .map((element, i): Step => {
      if (element === '') throw fail(`Path element may not be empty in '${path}'`);
      if (element.startsWith('?')) {
        const name = element.slice(1);
        if (!VALID_NAME.test(name)) throw fail(`Invalid variable name "${name}"`);
        if (i === 0) throw fail('Dynamic name specified in first subpath element');
        return { kind: 'variable', name };
      }
      const match = NAMESPACE.exec(element);
      if (match === null) return { kind: 'name', name: element };
      const [, space, name] = match as unknown as [string, string, string];
      if (!VALID_NAME.test(space)) throw fail(`Invalid namespace name "${space}"`);
      if (i === 0) throw fail('Namespace function specified in first subpath element');
      return { kind: 'function', space, name };
    });
  const base = steps[0]!.name;
  if (!VALID_NAME.test(base)) throw fail(`Invalid variable name "${base}"`);
  return { base, steps: steps.slice(1) };
}

const INTERPOLATED =
  /\$([a-zA-Z][a-zA-Z0-9_]*)|\$\{([a-zA-Z][a-zA-Z0-9_]*(?:\/[^}|]*)*(?:\|\s*[a-zA-Z][a-zA-Z0-9_]*(?:\/[^}|]*)*)*)\}/;

function parseString(clause: Clause): Tales {
  const parts: (string | Tales)[] = [];
  for (const [i, piece] of clause.text.split('$$').entries()) {
    if (i > 0) parts.push('$');
    let rest = piece;
    for (let match = INTERPOLATED.exec(rest); match !== null; match = INTERPOLATED.exec(rest)) {
      parts.push(rest.slice(0, match.index));
      parts.push(parsePath('path', { text: match[1] ?? match[2]!, offset: clause.offset }));
      rest = rest.slice(match.index + match[0].length);
    }
    if (rest.includes('$'))
      throw new TalesSyntaxError('$ must be doubled or followed by a simple path', clause);
    parts.push(rest);
  }
  return { kind: 'string', parts: parts.filter((part) => part !== '') };
}

/** Characters that Chameleon's search for the end of `${…}` keeps out of paths. */
const BAD = /[${}]/;

/** Whether a path is none because of the characters of interpolation in its steps. */
export function hasBadCharacters(tales: Tales, text: string): boolean {
  return (
    tales.kind === 'path' &&
    BAD.test(text) &&
    tales.paths.some(({ steps }) => steps.some(({ name }) => BAD.test(name)))
  );
}
