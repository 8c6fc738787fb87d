/** Prints JavaScript for TALES expressions. Names of the source appear in it as string literals only. */
import {
  type CompiledExpression,
  compileExpression,
  compileTypeScriptExpression,
  PySyntaxError,
  repr,
} from '../../restricted/index.ts';
import { DICT_METHODS } from '../runtime/paths.ts';
import type { Clause } from '../tal/syntax.ts';
import {
  hasBadCharacters,
  parseTales,
  type Step,
  type SubPath,
  type Tales,
  TalesSyntaxError,
} from './parse.ts';

/** An expression, printed. */
export interface Printed {
  /** A JavaScript expression of `c` (variables) and `L` (their lookup for Python). */
  readonly code: string;
  /** The value, where it is always the same text. */
  readonly constant: string | undefined;
}

/** A problem of an expression that is reported when it is used. */
export interface ExpressionProblem {
  readonly reason: string;
  readonly offset: number;
  readonly token: string;
}

export interface PrinterOptions {
  readonly filename: string;
  /** The line of an offset in the source. */
  lineOf(offset: number): number;
}

/** Text as a JavaScript literal. */
export const literal = (text: string): string => JSON.stringify(text);

export class TalesPrinter {
  /** Values that the code refers to as `k0`, `k1` … */
  readonly constants: unknown[] = [];
  readonly problems: ExpressionProblem[] = [];
  readonly #options: PrinterOptions;
  readonly #compiled = new Map<string, string>();

  constructor(options: PrinterOptions) {
    this.#options = options;
  }

  constant(value: unknown): string {
    this.constants.push(value);
    return `k${this.constants.length - 1}`;
  }

  /** Throws `TalesSyntaxError` for what is no expression. */
  print(clause: Clause): Printed {
    const tales = parseTales(clause);
    if (hasBadCharacters(tales, clause.text)) throw new TalesSyntaxError('${} unsupported', clause);
    try {
      return this.printTree(tales);
    } catch (error) {
      if (!(error instanceof TalesSyntaxError) || error.wrongFrom === undefined) throw error;
      const { message, offset, token } = error;
      const before = tales.kind === 'python' ? clause.text.length - tales.clause.text.length : undefined;
      const wrongFrom = before === undefined ? undefined : before + error.wrongFrom;
      throw new TalesSyntaxError(message, { text: token, offset }, wrongFrom);
    }
  }

  printTree(tales: Tales): Printed {
    const constant = constantOf(tales);
    return { code: constant === undefined ? this.#value(tales) : literal(constant), constant };
  }

  /** The same; what is no expression is thrown when the code runs. */
  printLate(clause: Clause): Printed {
    try {
      return this.print(clause);
    } catch (error) {
      if (!(error instanceof TalesSyntaxError)) throw error;
      return { code: this.problem(error), constant: undefined };
    }
  }

  /** Code that throws the problem. */
  problem({ message, offset, token }: TalesSyntaxError): string {
    const problem: ExpressionProblem = { reason: message, offset, token };
    this.problems.push(problem);
    return `problem(${this.constant(problem)})`;
  }

  #value(tales: Tales): string {
    switch (tales.kind) {
      case 'path':
      case 'nocall':
        return this.#path(tales.paths, tales.last, tales.kind === 'path');
      case 'exists': {
        const all = tales.paths.map((path) => `()=>${this.#subPath(path, true)}`);
        if (tales.last !== undefined) all.push(`()=>${this.#value(tales.last)}`);
        return `exists([${all.join(',')}])`;
      }
      case 'not':
        return `not(${this.#value(tales.of)})`;
      case 'structure':
        return `structure(${this.#value(tales.of)})`;
      case 'lazy':
      case 'defer':
        return `deferred(()=>${this.#value(tales.of)},${tales.kind === 'lazy'})`;
      case 'string':
        return `sized(${['""', ...tales.parts.map((part) => (typeof part === 'string' ? literal(part) : `text(${this.#value(part)})`))].join('+')})`;
      case 'python':
      case 'js':
      case 'ts':
        return `${this.#code(tales.kind, tales.source, tales.clause)}.run(L)`;
    }
  }

  #path(paths: readonly SubPath[], last: Tales | undefined, calls: boolean): string {
    const called = (code: string) => (calls ? `called(${code},c)` : code);
    if (last === undefined && paths.length === 1) {
      const [path] = paths as [SubPath];
      const [loop, name] = path.steps;
      if (calls && path.base === 'repeat' && path.steps.length === 2 && isNamed(loop) && isNamed(name))
        return `loop(c,${literal(loop.name)},${literal(name.name)})`;
      if (calls && path.base !== 'CONTEXTS' && path.steps.length === 1 && isNamed(loop) && isKey(loop.name))
        return `valueIn(c,${literal(path.base)},${literal(loop.name)})`;
      return called(this.#subPath(path, false));
    }
    if (paths.length === 0) return this.#value(last!);
    const tries = last === undefined ? paths.slice(0, -1) : paths;
    const list = tries.map((path) => `()=>${this.#subPath(path, true)}`).join(',');
    const final = last === undefined ? this.#subPath(paths.at(-1)!, false) : this.#value(last);
    return `first([${list}],()=>${final},${calls},${last === undefined},c)`;
  }

  /** With `soft` the value of what is not there is `MISSING` instead of an error. */
  #subPath({ base, steps }: SubPath, soft: boolean): string {
    const s = soft ? 'Soft' : '';
    let code = base === 'CONTEXTS' ? 'contexts(c)' : `variable${s}(c,${literal(base)})`;
    for (const [i, step] of steps.entries()) {
      const rest = steps.slice(i + 1);
      if (/^(?:first|last)$/.test(step.name) && rest.length > 0 && rest.every(({ kind }) => kind === 'name'))
        return `stepEdge${s}(${code},${literal(step.name)},${JSON.stringify(rest.map(({ name }) => name))})`;
      const name = literal(step.name);
      if (step.kind === 'function') code = `stepIn(${code},${literal(step.space)},${name})`;
      else if (step.kind === 'variable') code = `stepBy${s}(${code},c,${name})`;
      else code = `step${s}(${code},${name})`;
    }
    return code;
  }

  /** The constant that holds the compiled expression. */
  #code(kind: Code, source: string, clause: Clause): string {
    const key = `${kind}:${source}`;
    const known = this.#compiled.get(key);
    if (known !== undefined) return known;
    const { filename, lineOf } = this.#options;
    const options = { filename, line: lineOf(clause.offset) };
    let compiled: CompiledExpression;
    try {
      compiled =
        kind === 'python'
          ? compileExpression(source, options)
          : compileTypeScriptExpression(source, { ...options, types: kind === 'ts' });
    } catch (error) {
      if (!(error instanceof PySyntaxError)) throw error;
      if (kind !== 'python') throw scriptProblem(error, kind, clause);
      const { reason, place } = pythonProblem(error, error.line - options.line + 1, source, clause);
      const blanks = clause.text.length - clause.text.trimStart().length;
      throw new TalesSyntaxError(
        reason,
        place,
        UNMATCHED.test(error.msg) ? blanks + error.column : undefined,
      );
    }
    const name = this.constant(compiled);
    this.#compiled.set(key, name);
    return name;
  }
}

type Code = 'python' | 'js' | 'ts';

/** Errors about a bracket that what stands before it rules out. */
const UNMATCHED = /^unmatched '}'|^closing parenthesis '}'/;

const trimmed = ({ text, offset }: Clause): Clause => ({
  text: text.trim(),
  offset: offset + text.length - text.trimStart().length,
});

function pythonProblem(
  { msg, text }: PySyntaxError,
  line: number,
  source: string,
  clause: Clause,
): { reason: string; place: Clause } {
  const reason = /^"|not allowed/.test(msg)
    ? msg
    : `SyntaxError: ${msg} at statement: ${repr(text || source)}`;
  return { reason: `Python expression error:\nLine ${line}: ${reason}`, place: trimmed(clause) };
}

/** Its place is that inside of the expression. */
function scriptProblem({ msg, line, column }: PySyntaxError, kind: Code, clause: Clause): TalesSyntaxError {
  const language = kind === 'js' ? 'JavaScript' : 'TypeScript';
  const { text, offset } = clause;
  const before = text
    .split('\n')
    .slice(0, line - 1)
    .reduce((length, each) => length + each.length + 1, 0);
  const at = Math.min(before + column, Math.max(0, text.trimEnd().length - 1));
  return new TalesSyntaxError(`${language} expression error: ${msg}`, {
    text: text.trim(),
    offset: offset + at,
  });
}

/** Whether a dict gives what it has under this name: names of its methods and private ones are looked at first. */
const isKey = (name: string) => !DICT_METHODS.has(name) && !name.startsWith('_');

const isNamed = (step: Step | undefined): step is Step & { kind: 'name' } => step?.kind === 'name';

function constantOf(tales: Tales): string | undefined {
  if (tales.kind !== 'string' || tales.parts.some((part) => typeof part !== 'string')) return undefined;
  return tales.parts.join('');
}
