/** TypeScript to a syntax tree: types are blanked out (positions stay), then the JavaScript is parsed. */
import { createRequire } from 'node:module';
import type { Expression, Node, Program } from 'acorn';
import { PySyntaxError } from '../runtime/errors.ts';

interface Stripper {
  transformSync(source: string, options: { mode: 'strip-only' }): { code: string };
}
let stripper: Stripper | undefined;

const HEAD = '(function(){\n';
const TAIL = '\n})';
const LONGEST = 500_000;

/**
 * The statements of a script's body. Throws `PySyntaxError` with the line (from 1) and column (from 0) in the source.
 * A node's `loc` is its place in the source.
 */
export function parseBody(source: string, filename: string): Program['body'] {
  const wrapped = strip(HEAD + source + TAIL, filename, 1);
  const code = wrapped.slice(HEAD.length, wrapped.length - TAIL.length);
  return parseJavaScript(code, filename).body;
}

/** The parameters of a script as an arrow function that has them: `(a, b = 1) => 0`. */
export function parseParameterList(params: string, filename: string): Node[] {
  const code = strip(`(function(\n${params}\n){})`, filename, 1);
  const inner = code.slice('(function(\n'.length, code.length - '\n){})'.length);
  const [statement, ...more] = parseJavaScript(`(\n${inner}\n)=>0`, filename, 1).body;
  if (
    more.length > 0 ||
    statement?.type !== 'ExpressionStatement' ||
    statement.expression.type !== 'ArrowFunctionExpression' ||
    statement.expression.async
  )
    throw new PySyntaxError('this is no parameter list', 1, 0, filename, params);
  return statement.expression.params;
}

/** One expression; with `types` it is TypeScript, otherwise JavaScript. Throws `PySyntaxError` as `parseBody` does. */
export function parseOneExpression(source: string, filename: string, types: boolean): Expression {
  let code = source;
  if (types) {
    const wrapped = strip(`(\n${source}\n)`, filename, 1);
    code = wrapped.slice('(\n'.length, wrapped.length - '\n)'.length);
  } else checkLength(source, filename);
  return located(filename, 0, () => {
    const expression = parser().parseExpressionAt(code, 0, OPTIONS);
    const after = parser().tokenizer(code.slice(expression.end), OPTIONS).getToken();
    if (after.type !== parser().tokTypes.eof) {
      const before = code.slice(0, expression.end + after.start).split('\n');
      throw new PySyntaxError('this is no single expression', before.length, before.at(-1)!.length, filename);
    }
    return expression;
  });
}

function checkLength(source: string, filename: string): void {
  if (source.length > LONGEST)
    throw new PySyntaxError(`the code is longer than ${LONGEST} characters`, 1, 0, filename);
}

function strip(source: string, filename: string, before: number): string {
  checkLength(source, filename);
  const require = createRequire(import.meta.url);
  stripper ??= require('amaro') as Stripper;
  try {
    return stripper.transformSync(source, { mode: 'strip-only' }).code;
  } catch (error) {
    if (typeof error !== 'string' && !(error instanceof Error && 'code' in error)) {
      // Its WebAssembly ran out of stack: this instance is of no use any more.
      stripper = undefined;
      delete require.cache[require.resolve('amaro')];
      throw new PySyntaxError('the code is nested too deeply', 1, 0, filename);
    }
    const text = typeof error === 'string' ? error : error.message;
    const message = /^\s*(?:x|×)\s*(.*)$/m.exec(text)?.[1] ?? 'this is no TypeScript';
    const { line, column } = caretOf(text) ?? { line: 1 + before, column: 0 };
    throw new PySyntaxError(message, Math.max(1, line - before), column, filename);
  }
}

let acorn: typeof import('acorn') | undefined;

/** Loaded for the first script: most sites have none, and it is as large as a tenth of this package. */
function parser(): typeof import('acorn') {
  return (acorn ??= createRequire(import.meta.url)('acorn') as typeof import('acorn'));
}

/** The place that the stripper's message shows: ` 2 | let a: = 1` with `   :        ^` below. Tabs have no sure width there. */
function caretOf(message: string): { line: number; column: number } | undefined {
  const found = /^( *(\d+) \| )(.*)\n( *: *)\^/m.exec(message);
  if (found === null) return undefined;
  const [, head, line, text, before] = found as unknown as [string, string, string, string, string];
  const column = text.includes('\t') ? 0 : Math.max(0, before.length - head.length);
  return { line: Number(line), column };
}

const OPTIONS = {
  ecmaVersion: 2024,
  sourceType: 'script',
  locations: true,
  allowReturnOutsideFunction: true,
  allowAwaitOutsideFunction: false,
} as const;

const parseJavaScript = (code: string, filename: string, before = 0): Program =>
  located(filename, before, () => parser().parse(code, OPTIONS));

/** Makes syntax errors of the parser ours; `before` lines of the code are not of the source. */
function located<T>(filename: string, before: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof PySyntaxError) throw error;
    const { loc, message } = error as { loc?: { line: number; column: number }; message: string };
    if (loc === undefined) throw error;
    throw new PySyntaxError(
      message.replace(/ \(\d+:\d+\)$/, ''),
      Math.max(1, loc.line - before),
      loc.column,
      filename,
    );
  }
}
