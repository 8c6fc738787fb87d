/** Looks for errors in templates and scripts without running them. */
import { compileFunction, PySyntaxError } from '../restricted/index.ts';
import { ParseError } from './dtml/errors.ts';
import { DtmlProgram } from './dtml/template.ts';
import { TemplateError } from './errors.ts';
import { PageTemplateProgram } from './program.ts';

export type SourceKind = 'page template' | 'DTML' | 'script';

export interface Source {
  readonly kind: SourceKind;
  /** Path of a file, or of an object in its site. */
  readonly name: string;
  readonly text: string;
  /** The parameter list of a script. */
  readonly parameters?: string;
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
  try {
    DtmlProgram.compile(text, { name });
    return [];
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    const { problem, tag, line } = error;
    // The reference's messages about expressions are HTML.
    const plain = problem
      .replaceAll(/<\/?(?:strong|pre)>/g, '')
      .replaceAll(/\s+/g, ' ')
      .trim();
    const reason = tag === '' ? plain : `${plain}, for tag ${tag}`;
    return [{ name, line, column: undefined, rule: 'ParseError', reason, excerpt: lineOf(text, line) }];
  }
}

function checkScript({ name, text, parameters = '', lineOffset = 0 }: Source): Problem[] {
  const problem = (line: number, column: number | undefined, message: string): Problem => {
    const [, rule = 'SyntaxError', reason = message] = /^(\w*(?:Error|Warning)): ([^]*)$/.exec(message) ?? [];
    const shown = lineOf(text, line);
    const excerpt = column === undefined ? shown : `${shown}\n${' '.repeat(column)}^`;
    return { name, line: line + lineOffset, column, rule, reason, excerpt };
  };
  try {
    const { errors } = compileFunction({ name, params: parameters, body: text, filename: name });
    return errors.map((message) => {
      const [, line = '0', rest = message] = /^Line (\d+): ([^]*)$/.exec(message) ?? [];
      return problem(Number(line), undefined, rest);
    });
  } catch (error) {
    if (!(error instanceof PySyntaxError)) throw error;
    return [problem(error.line, Math.max(0, error.column), error.msg)];
  }
}

const SCRIPT_HEADER = /^## ?(?:Script \(Python\)|(?:parameters|bind|title)\b)/;

/** What a file holds by its name; undefined for what is none of this. A `.py` counts when it has the header of a script of a site. */
export function sourceOfFile(name: string, text: string): Source | undefined {
  const extension = /\.(\w+)$/.exec(name)?.[1]?.toLowerCase() ?? '';
  if (['pt', 'zpt', 'cpt'].includes(extension)) return { kind: 'page template', name, text };
  if (extension === 'dtml') return { kind: 'DTML', name, text };
  if (!['py', 'cpy', 'vpy'].includes(extension) || !SCRIPT_HEADER.test(text)) return undefined;
  const lines = text.split('\n');
  const header = lines.findIndex((line) => !line.startsWith('##'));
  const count = header < 0 ? lines.length : header;
  const parameters = /^##\s*parameters\s*=\s*(.*)$/.exec(
    lines.slice(0, count).find((line) => /^##\s*parameters\s*=/.test(line)) ?? '',
  )?.[1];
  return {
    kind: 'script',
    name,
    text: lines.slice(count).join('\n'),
    parameters: parameters ?? '',
    lineOffset: count,
  };
}
