/** Compiles Python expressions and scripts to JavaScript functions. */
import { compileFunction as compileJavaScript } from 'node:vm';
import { guardedRun } from '../runtime/budget.ts';
import { bind } from '../runtime/call.ts';
import { type Kwargs } from '../runtime/parameters.ts';
import { builtinValue } from '../runtime/builtins.ts';
import { PySyntaxError, RefusedSyntaxError } from '../runtime/errors.ts';
import { registerUnit } from '../runtime/frames.ts';
import { type Parameters, PyFunction } from '../runtime/objects.ts';
import type { Arguments, Expr, FunctionDef, Stmt } from './ast.ts';
import { checkExpression, checkFunction, type CodeProblem } from './checks.ts';
import { parseExpression, parseModule, parseParameters } from './parser.ts';
import { type Printed, printExpression, printFunction } from './printer.ts';
import { renameNames } from './rename.ts';
import { type Globals, runtime } from './runtime.ts';

export interface ExpressionOptions {
  /** Shown in tracebacks and syntax errors. */
  readonly filename: string;
  /** Line of the file that the expression begins in; default 1. */
  readonly line?: number;
  /** Column of its first character, from 0. */
  readonly column?: number;
}

export interface CompiledExpression {
  /** Names that the expression reads and does not bind itself. */
  readonly names: readonly string[];
  /**
   * The value. `lookup` gives the value of a free name, or undefined: then built-in names count, then `NameError`. Each name is
   * looked up once, when it is first needed.
   */
  evaluate(lookup: (name: string) => unknown): unknown;
  /** The same, for a caller that is inside of `guardedRun` already: compiled templates. */
  readonly run: (lookup: (name: string) => unknown) => unknown;
}

/** Deeply nested code overflows V8's stack in the parser, the printer or V8's own compiler. */
function guardDepth<T>(filename: string, line: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof RangeError)
      throw new PySyntaxError('the code is nested too deeply', line, 0, filename);
    throw error;
  }
}

function instantiate(printed: Printed, file: string): unknown {
  const factory = compileJavaScript(printed.code, ['R', 'K'], { filename: file }) as (
    R: unknown,
    K: unknown,
  ) => unknown;
  return factory(runtime, printed.constants);
}

const isBuiltin = (name: string): boolean => builtinValue(name) !== undefined;

/**
 * Compiles one expression. Throws `PySyntaxError` for what is no Python and for what is refused (its message is then the line of
 * RestrictedPython, without the line number).
 */
export function compileExpression(source: string, options: ExpressionOptions): CompiledExpression {
  const { filename } = options;
  const line = options.line ?? 1;
  return guardDepth(filename, line, () => {
    const e: Expr = parseExpression(source, { filename, line, column: options.column ?? 0, joined: true });
    const { errors, names } = checkExpression(e);
    if (errors.length > 0) {
      const [, at, message] = /^Line (\d+): ([^]*)$/.exec(errors[0]!)!;
      throw new RefusedSyntaxError(message!, Number(at), options.column ?? 0, filename, source.trim());
    }
    const unit = registerUnit(filename, '<expression>', line - 1);
    const code = instantiate(
      printExpression(e, { filename, globals: new Set(), isBuiltin }, line),
      unit.file,
    ) as (lookup: (name: string) => unknown) => unknown;
    return new Expression(code, [...names], unit.token);
  });
}

class Expression implements CompiledExpression {
  readonly names: readonly string[];
  readonly run: (lookup: (name: string) => unknown) => unknown;
  /** Keeps the unit's entry in the table of frames. */
  readonly token: object;

  constructor(code: (lookup: (name: string) => unknown) => unknown, names: readonly string[], token: object) {
    this.run = code;
    this.names = names;
    this.token = token;
  }

  evaluate(lookup: (name: string) => unknown): unknown {
    return guardedRun(() => this.run(lookup));
  }
}

export interface FunctionSource {
  /** The function's name in tracebacks and messages: the id of the script. */
  readonly name: string;
  /** The text of the parameter list. */
  readonly params: string;
  readonly body: string;
  readonly filename: string;
  /** Names that every call binds (`context`, `container` …); scripts may assign them. */
  readonly globals?: readonly string[];
  /** Variables that are known under another name: `print`, say, which the language treats in its own way. */
  readonly renamed?: ReadonlyMap<string, string>;
}

export interface CompiledFunction {
  /** `Line 3: message`; a script with errors cannot be called. */
  readonly errors: readonly string[];
  /** The errors with their places; one of the parameter list has line 0. */
  readonly problems: readonly CodeProblem[];
  readonly warnings: readonly string[];
  /** Calls the script. `bindings` has the values of `globals` and any other names. */
  call(args: readonly unknown[], kwargs?: Kwargs, bindings?: Readonly<Record<string, unknown>>): unknown;
}

const NO_BINDINGS = Object.freeze({});

/**
 * Compiles a Script (Python). What the subset refuses is collected in `errors`; a parameter list that is no Python, and misplaced
 * statements that only Python's compiler finds, throw `PySyntaxError` as they do when a script is saved in Zope.
 */
export function compileFunction(source: FunctionSource): CompiledFunction {
  const { name, filename } = source;
  const args = guardDepth(filename, 1, (): Arguments =>
    parseParameters(source.params, { filename, line: 1, column: -1 }),
  );
  let body: Stmt[];
  try {
    body = guardDepth(filename, 1, () => parseModule(source.body, { filename, line: 1, column: 0 }));
  } catch (error) {
    if (!(error instanceof PySyntaxError)) throw error;
    const message = `Line ${error.line}: ${error.name}: ${error.msg} at statement: ${quoted(error.text)}`;
    const problem = {
      line: error.line,
      column: Math.max(0, error.column),
      message: `${error.name}: ${error.msg}`,
    };
    return new Script(name, undefined, [message], [problem], []);
  }
  if (source.renamed !== undefined) renameNames(body, source.renamed);
  const fn: FunctionDef = {
    kind: 'FunctionDef',
    name,
    args,
    body,
    decorators: [],
    returns: undefined,
    line: 1,
    column: 0,
  };
  const { errors, problems, warnings } = guardDepth(filename, 1, () => checkFunction(fn));
  if (errors.length > 0) return new Script(name, undefined, errors, problems, warnings);
  const unit = registerUnit(filename, name, 0);
  const printed = guardDepth(filename, 1, () =>
    printFunction(fn, { filename, globals: new Set(source.globals), isBuiltin }),
  );
  const make = guardDepth(filename, 1, () => instantiate(printed, unit.file)) as Make;
  return new Script(name, make, [], [], warnings, unit.token, printed.parameters);
}

function quoted(text: string | undefined): string {
  if (text === undefined || text === '') return 'None';
  return text.includes("'") && !text.includes('"')
    ? `"${text}"`
    : `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/** Makes the function for the bindings of a call: the bare code where no parameter has a default. */
type Make = (globals: Globals) => PyFunction | PyFunction['code'];

class Script implements CompiledFunction {
  readonly name: string;
  readonly errors: readonly string[];
  readonly problems: readonly CodeProblem[];
  readonly warnings: readonly string[];
  readonly #make: Make | undefined;
  /** For binding the arguments of bare code. */
  readonly #bare: PyFunction | undefined;
  /** Keeps the unit's entry in the table of frames. */
  readonly token: object | undefined;

  constructor(
    name: string,
    make: Make | undefined,
    errors: readonly string[],
    problems: readonly CodeProblem[],
    warnings: readonly string[],
    token?: object,
    parameters?: Parameters,
  ) {
    this.name = name;
    this.#bare =
      parameters === undefined ? undefined : new PyFunction(name, parameters, () => null, [], new Map());
    this.#make = make;
    this.errors = errors;
    this.problems = problems;
    this.warnings = warnings;
    this.token = token;
  }

  call(
    args: readonly unknown[],
    kwargs?: Kwargs,
    bindings: Readonly<Record<string, unknown>> = NO_BINDINGS,
  ): unknown {
    const make = this.#make;
    if (make === undefined) throw new PySyntaxError(this.errors.join('\n'), 1, 0, this.name);
    return guardedRun(() => {
      const fn = make({ bindings, own: undefined });
      if (typeof fn !== 'function') return fn.code(...bind(fn, [...args], kwargs));
      return fn(...bind(this.#bare!, args as unknown[], kwargs));
    });
  }
}
