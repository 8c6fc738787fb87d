/** Prints JavaScript for TALES expressions. Names of the source appear in it as string literals only. */
import { type CompiledExpression, compileExpression, PySyntaxError, repr } from '../../restricted/index.ts';
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
  readonly #python = new Map<string, string>();

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
    return this.printTree(tales);
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
        return `(${['""', ...tales.parts.map((part) => (typeof part === 'string' ? literal(part) : `text(${this.#value(part)})`))].join('+')})`;
      case 'python':
        return `${this.#compiled(tales.source, tales.clause)}.run(L)`;
    }
  }

  #path(paths: readonly SubPath[], last: Tales | undefined, calls: boolean): string {
    const called = (code: string) => (calls ? `called(${code},c)` : code);
    if (last === undefined && paths.length === 1) {
      const [path] = paths as [SubPath];
      const [loop, name] = path.steps;
      if (calls && path.base === 'repeat' && path.steps.length === 2 && isNamed(loop) && isNamed(name))
        return `loop(c,${literal(loop.name)},${literal(name.name)})`;
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

  #compiled(source: string, clause: Clause): string {
    const known = this.#python.get(source);
    if (known !== undefined) return known;
    const { filename, lineOf } = this.#options;
    let compiled: CompiledExpression;
    try {
      compiled = compileExpression(source, { filename, line: lineOf(clause.offset) });
    } catch (error) {
      if (!(error instanceof PySyntaxError)) throw error;
      const line = error.line - lineOf(clause.offset) + 1;
      const reason = /^"|not allowed/.test(error.msg)
        ? error.msg
        : `SyntaxError: ${error.msg} at statement: ${repr(error.text || source)}`;
      throw new TalesSyntaxError(`Python expression error:\nLine ${line}: ${reason}`, {
        text: clause.text.trim(),
        offset: clause.offset + clause.text.length - clause.text.trimStart().length,
      });
    }
    const name = this.constant(compiled);
    this.#python.set(source, name);
    return name;
  }
}

const isNamed = (step: Step | undefined): step is Step & { kind: 'name' } => step?.kind === 'name';

function constantOf(tales: Tales): string | undefined {
  if (tales.kind !== 'string' || tales.parts.some((part) => typeof part !== 'string')) return undefined;
  return tales.parts.join('');
}
