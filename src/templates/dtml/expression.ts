/** Expressions of DTML tags: names are looked up in the namespace, which is `_` as well. */
import {
  type CompiledExpression,
  compileExpression,
  PySyntaxError,
  RefusedSyntaxError,
} from '../../restricted/index.ts';
import { ExpressionSyntaxError, ParseError } from './errors.ts';
import type { Namespace } from './namespace.ts';

export type Expression = (namespace: Namespace) => unknown;

let refusals: PySyntaxError[] | undefined;

/** What was refused since the last time, while somebody collects it. */
export function takeRefusals(): readonly PySyntaxError[] {
  return refusals?.splice(0) ?? [];
}

/** Runs `work`, in which refused expressions can be taken. */
export function collectingRefusals<T>(work: () => T): T {
  const before = refusals;
  refusals = [];
  try {
    return work();
  } finally {
    refusals = before;
  }
}

/**
 * Compiles an expression. Throws a ParseError for what is no Python, which is named SyntaxError unless the notation is `short` (`"…"` without `expr=`).
 * Python that is refused fails only when it is evaluated, because code that never runs may stand there.
 */
export function compileDtmlExpression(source: string, short = false): Expression {
  let compiled: CompiledExpression;
  try {
    compiled = compileExpression(source.trim().replaceAll('\n', ' '), { filename: '<string>' });
  } catch (error) {
    if (!(error instanceof PySyntaxError)) throw error;
    if (error instanceof RefusedSyntaxError) {
      const refusal = error;
      refusals?.push(refusal);
      return () => {
        throw new PySyntaxError(`Line ${refusal.line}: ${refusal.msg}`, refusal.line, 0, '<string>');
      };
    }
    if (!short) throw new ExpressionSyntaxError(`${error.msg} (<string>, line ${error.line})`, '');
    throw new ParseError(
      `<strong>Expression (Python) Syntax error</strong>:\n<pre>\n${error.msg}\n</pre>\n`,
      '',
    );
  }
  return (namespace) =>
    compiled.evaluate((name) => (name === '_' || name === '_vars' ? namespace : namespace.find(name)));
}
