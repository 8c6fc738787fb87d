/** Compiles Script (TypeScript) to guarded JavaScript. */
import { compileFunction as compileJavaScript } from 'node:vm';
import type { Pattern, Statement } from 'acorn';
import { guardedRun } from '../runtime/budget.ts';
import { type Kwargs } from '../runtime/parameters.ts';
import { PySyntaxError, RefusedSyntaxError, TypeError } from '../runtime/errors.ts';
import { lineOfUnit, registerUnit } from '../runtime/frames.ts';
import type { CodeProblem } from '../python/checks.ts';
import type {
  CompiledExpression,
  CompiledFunction,
  ExpressionOptions,
  FunctionSource,
} from '../python/compile.ts';
import { globalValue } from './globals.ts';
import { parseBody, parseOneExpression, parseParameterList } from './parse.ts';
import { printScript, printTypeScriptExpression } from './printer.ts';
import { runtime } from './runtime.ts';
import { namesOf } from './scope.ts';
import type { ScriptFunction } from './values.ts';

type Make = (bindings: Readonly<Record<string, unknown>>) => ScriptFunction;

/**
 * Compiles a script. What is no TypeScript and what is refused is collected in `errors`: `Line 3, column 5: message`; errors of the
 * parameter list begin with `Parameters:`.
 */
export function compileTypeScript(source: FunctionSource): CompiledFunction {
  const { name, filename } = source;
  const errors: string[] = [];
  let params: readonly Pattern[] = [];
  let body: readonly Statement[] = [];
  const collect = (where: string, work: () => void): void => {
    try {
      work();
    } catch (error) {
      if (error instanceof PySyntaxError)
        errors.push(`${where}Line ${error.line}, column ${error.column + 1}: ${error.msg}`);
      else if (error instanceof RangeError) errors.push(`${where}Line 1: the code is nested too deeply`);
      else throw error;
    }
  };
  collect('Parameters: ', () => {
    params = parseParameterList(source.params, filename) as Pattern[];
  });
  collect('', () => {
    body = parseBody(source.body, filename) as Statement[];
  });
  if (errors.length > 0) return new Script(name, [], undefined, errors);
  let code = '';
  collect('', () => {
    const printed = printScript(
      name,
      params,
      body,
      source.globals ?? [],
      (each) => globalValue(each) !== undefined,
    );
    errors.push(...printed.errors);
    code = printed.code;
  });
  if (errors.length > 0) return new Script(name, [], undefined, errors);
  const unit = registerUnit(filename, name, 0);
  let make: Make | undefined;
  collect('', () => {
    try {
      const factory = compileJavaScript(code, ['R'], { filename: unit.file }) as (R: unknown) => Make;
      make = factory(runtime);
    } catch (error) {
      // Early errors that only V8 finds: a name that is declared twice, a `continue` outside of a loop.
      if (!(error instanceof SyntaxError)) throw error;
      const line = lineOfUnit(error.stack ?? '', unit.file);
      throw new PySyntaxError(error.message.replaceAll(/\$\d+/g, ''), line, 0, filename);
    }
  });
  return new Script(name, params, errors.length > 0 ? undefined : make, errors, unit.token);
}

/** The place that an error begins with. */
function problemOf(error: string): CodeProblem {
  const [, parameters, line, column, message] = /^(Parameters: )?Line (\d+)(?:, column (\d+))?: ([^]*)$/.exec(
    error,
  )!;
  return parameters === undefined
    ? { line: Number(line), column: Math.max(0, Number(column ?? 1) - 1), message: message! }
    : { line: 0, column: Math.max(0, Number(column ?? 1) - 1), message: `parameters: ${message!}` };
}

class Script implements CompiledFunction {
  readonly name: string;
  readonly errors: readonly string[];
  readonly problems: readonly CodeProblem[];
  readonly warnings: readonly string[] = [];
  readonly #params: readonly Pattern[];
  readonly #make: Make | undefined;
  /** Keeps the unit's entry in the table of frames. */
  readonly token: object | undefined;

  constructor(
    name: string,
    params: readonly Pattern[],
    make: Make | undefined,
    errors: readonly string[],
    token?: object,
  ) {
    this.name = name;
    this.#params = params;
    this.#make = make;
    this.errors = errors;
    this.problems = errors.map(problemOf);
    this.token = token;
  }

  call(
    args: readonly unknown[],
    kwargs?: Kwargs,
    bindings: Readonly<Record<string, unknown>> = Object.freeze({}),
  ): unknown {
    const make = this.#make;
    if (make === undefined) throw new PySyntaxError(this.errors.join('\n'), 1, 0, this.name);
    const slots = bindParameters(this.name, this.#params, args, kwargs);
    return guardedRun(() => make(bindings).code(...slots) ?? null);
  }
}

export interface TypeScriptExpressionOptions extends ExpressionOptions {
  /** TypeScript, whose types are stripped; otherwise plain JavaScript. */
  readonly types: boolean;
}

/**
 * Compiles one expression. Names that it does not declare are looked up, then those that scripts find (`Math`, `JSON`, `keywords` …)
 * count, then it is a `NameError`. Throws `PySyntaxError` with a place in the expression for what is none, `RefusedSyntaxError` for what
 * is refused.
 */
export function compileTypeScriptExpression(
  source: string,
  { filename, line = 1, types }: TypeScriptExpressionOptions,
): CompiledExpression {
  try {
    const { code, errors, names } = printTypeScriptExpression(parseOneExpression(source, filename, types));
    const [first] = errors;
    if (first !== undefined) {
      const [, at, column, message] = /^Line (\d+), column (\d+): ([^]*)$/.exec(first)!;
      throw new RefusedSyntaxError(message!, Number(at), Number(column) - 1, filename, source.trim());
    }
    const unit = registerUnit(filename, '<expression>', line - 1);
    const factory = compileJavaScript(code, ['R'], { filename: unit.file }) as (R: unknown) => Run;
    return new TypeScriptExpression(factory(runtime), names, unit.token);
  } catch (error) {
    if (error instanceof RangeError) throw new PySyntaxError('the code is nested too deeply', 1, 0, filename);
    // Early errors that only V8 finds: a name that is declared twice in a function of the expression.
    if (error instanceof SyntaxError)
      throw new PySyntaxError(error.message.replaceAll(/\$\d+/g, ''), 1, 0, filename);
    throw error;
  }
}

type Run = CompiledExpression['run'];

class TypeScriptExpression implements CompiledExpression {
  readonly names: readonly string[];
  readonly run: Run;
  /** Keeps the unit's entry in the table of frames. */
  readonly token: object;

  constructor(run: Run, names: readonly string[], token: object) {
    this.run = run;
    this.names = names;
    this.token = token;
  }

  evaluate(lookup: (name: string) => unknown): unknown {
    return guardedRun(() => this.run(lookup));
  }
}

/**
 * Python's form of a parameter list, as the publisher reads it: `a: string, b = 1, ...rest` is `a, b=None, *rest`. Empty for what is
 * no parameter list, and for patterns, which have no name.
 */
export function typeScriptSignature(params: string): string {
  let list: readonly Pattern[];
  try {
    list = parseParameterList(params, '') as Pattern[];
  } catch (error) {
    if (error instanceof PySyntaxError) return '';
    throw error;
  }
  return list
    .filter((param) => named(param) || param.type === 'RestElement')
    .map((param) => {
      const [name = ''] = namesOf(param);
      return param.type === 'RestElement' ? `*${name}` : param.type === 'Identifier' ? name : `${name}=None`;
    })
    .join(', ');
}

/** Arguments by place and by name; JavaScript has no names of arguments, but the publisher and DTML call by them. */
function bindParameters(
  name: string,
  params: readonly Pattern[],
  args: readonly unknown[],
  kwargs: Kwargs,
): unknown[] {
  const rest = params.at(-1)?.type === 'RestElement';
  const most = params.length - (rest ? 1 : 0);
  if (args.length > most && !rest)
    throw new TypeError(
      `${name}() takes ${most} argument${most === 1 ? '' : 's'} but ${args.length} were given`,
    );
  const slots = [...args];
  for (const [key, value] of kwargs ?? []) {
    const at = params.findIndex(
      (param) => param.type !== 'RestElement' && namesOf(param).includes(key) && named(param),
    );
    if (at === -1) throw new TypeError(`${name}() got an unexpected keyword argument '${key}'`);
    if (slots[at] !== undefined) throw new TypeError(`${name}() got multiple values for argument '${key}'`);
    while (slots.length < at) slots.push(undefined);
    slots[at] = value;
  }
  for (let i = 0; i < most; i++)
    if (slots[i] === undefined && params[i]!.type !== 'AssignmentPattern' && i >= slots.length)
      throw new TypeError(`${name}() missing required argument: '${namesOf(params[i]!).join(', ')}'`);
  return slots;
}

/** A parameter that has a name: no pattern. */
function named(param: Pattern): boolean {
  return (
    param.type === 'Identifier' || (param.type === 'AssignmentPattern' && param.left.type === 'Identifier')
  );
}
