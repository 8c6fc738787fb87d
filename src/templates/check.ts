/** Looks for errors in templates and scripts without running them. */
import { compileFunction, compileTypeScript, PySyntaxError } from '../restricted/index.ts';
import { ParseError } from './dtml/errors.ts';
import { DtmlProgram } from './dtml/template.ts';
import { TemplateError } from './errors.ts';
import { PageTemplateProgram } from './program.ts';

export type SourceKind = 'page template' | 'DTML' | 'script' | 'TypeScript script';

export interface Source {
  readonly kind: SourceKind;
  /** Path of a file, or of an object in its site. */
  readonly name: string;
  readonly text: string;
  /** The parameter list of a script. */
  readonly parameters?: string;
  /** The names that a script in TypeScript finds bound, if not the usual ones. */
  readonly bound?: readonly string[];
  /** Lines before the body of a script in its file. */
  readonly lineOffset?: number;
}

/** Something that is wrong. */
export interface Problem {
  readonly name: string;
  /** From 1; 0 where the compiler tells no line. */
  readonly line: number;
  /** From 0; undefined where only the line is known. */
  readonly column: number | undefined;
  /** The rule: `LanguageError`, `ExpressionError`, `SyntaxError` … */
  readonly rule: string;
  readonly reason: string;
  /** The source line, with a caret on a line of its own where the column is known. */
  readonly excerpt: string;
}

/** The problems of one source; none when it can be compiled. */
export function checkSource(source: Source): Problem[] {
  switch (source.kind) {
    case 'page template':
      return checkPageTemplate(source);
    case 'DTML':
      return checkDtml(source);
    default:
      return checkScript(source);
  }
}

const lineOf = (text: string, line: number): string => text.split('\n')[line - 1] ?? '';

function checkPageTemplate({ name, text }: Source): Problem[] {
  const problem = ({ kind, reason, place, excerpt }: TemplateError): Problem => ({
    name,
    line: place.line,
    column: place.column,
    rule: kind,
    reason,
    excerpt,
  });
  try {
    return PageTemplateProgram.compile(text, { filename: name }).problems.map(problem);
  } catch (error) {
    if (error instanceof TemplateError) return [problem(error)];
    throw error;
  }
}

function checkDtml({ name, text }: Source): Problem[] {
  const problems: Problem[] = [];
  const add = (reason: string, tag: string, offset: number) => {
    const before = text.slice(0, offset);
    const line = before.split('\n').length;
    const column = offset - (before.lastIndexOf('\n') + 1);
    const told = tag === '' ? reason : `${reason}, for tag ${tag}`;
    const excerpt = `${lineOf(text, line)}\n${' '.repeat(column)}^`;
    problems.push({ name, line, column, rule: 'ParseError', reason: told, excerpt });
  };
  try {
    DtmlProgram.compile(text, {
      name,
      refused: (error, tag, offset) => add(error.msg, tag, offset),
    });
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    // The reference's messages about expressions are HTML.
    const plain = error.problem
      .replaceAll(/<\/?(?:strong|pre)>/g, '')
      .replaceAll(/\s+/g, ' ')
      .trim();
    add(plain, error.tag, error.offset ?? 0);
  }
  return problems;
}

function checkScript(source: Source): Problem[] {
  const { kind, name, text, parameters = '', lineOffset = 0, bound = BOUND } = source;
  const problem = (line: number, column: number, message: string): Problem => {
    const [, rule = 'SyntaxError', reason = message] = /^(\w*(?:Error|Warning)): ([^]*)$/.exec(message) ?? [];
    const shown = line === 0 ? parameters : lineOf(text, line);
    const excerpt = `${shown}\n${' '.repeat(column)}^`;
    return { name, line: line === 0 ? 0 : line + lineOffset, column, rule, reason, excerpt };
  };
  const compile = kind === 'script' ? compileFunction : compileTypeScript;
  const globals = kind === 'script' ? [] : bound;
  const compiled = (body: string) =>
    compile({ name, params: parameters, body, filename: name, globals }).problems;
  let inParameters = true;
  try {
    // Python's compiler throws for the parameter list, and for misplaced statements.
    compiled('');
    inParameters = false;
    return compiled(text).map(({ line, column, message }) => problem(line, column, message));
  } catch (error) {
    if (!(error instanceof PySyntaxError)) throw error;
    const { line, column, msg } = error;
    return [problem(inParameters ? 0 : line, Math.max(0, column), inParameters ? `parameters: ${msg}` : msg)];
  }
}

/** What a script finds bound unless its header says otherwise; a script in TypeScript may name nothing else. */
const BOUND = ['context', 'container', 'script', 'traverse_subpath', 'request', 'user'];

const HEADERS = {
  script: /^## ?(?:Script \(Python\)|(?:parameters|bind|title)\b)/,
  'TypeScript script': /^\/\/# ?(?:Script \(TypeScript\)|(?:parameters|bind|title)\b)/,
} as const;

/** What a file holds by its name; undefined for what is none of this. A `.py` or `.ts` counts when it has the header of a script of a site. */
export function sourceOfFile(name: string, text: string): Source | undefined {
  const extension = /\.(\w+)$/.exec(name)?.[1]?.toLowerCase() ?? '';
  if (['pt', 'zpt', 'cpt'].includes(extension)) return { kind: 'page template', name, text };
  if (extension === 'dtml') return { kind: 'DTML', name, text };
  const kind = ['py', 'cpy', 'vpy'].includes(extension)
    ? 'script'
    : extension === 'ts'
      ? 'TypeScript script'
      : undefined;
  return kind !== undefined && HEADERS[kind].test(text) ? scriptSource(kind, name, text) : undefined;
}

/** A script from its text with the header lines: `##parameters=a`, `//#parameters=a: number`. */
export function scriptSource(kind: keyof typeof HEADERS, name: string, text: string): Source {
  const mark = kind === 'script' ? '##' : '//#';
  const lines = text.split('\n');
  const header = lines.findIndex((line) => !line.startsWith(mark));
  const count = header < 0 ? lines.length : header;
  const values = (word: RegExp) =>
    lines.slice(0, count).flatMap((line) => {
      const [, key = '', value = ''] = /^\s*([^=]*?)\s*=\s*(.*)$/.exec(line.slice(mark.length)) ?? [];
      return word.test(key) ? [value.trim()] : [];
    });
  const bound = values(/^bind\s/);
  return {
    kind,
    name,
    text: lines.slice(count).join('\n'),
    parameters: values(/^parameters$/)[0] ?? '',
    ...(bound.length === 0 ? {} : { bound: [...bound, 'request', 'user'] }),
    lineOffset: count,
  };
}
