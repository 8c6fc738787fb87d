/**
 * What the subset refuses, with RestrictedPython's messages and in its order: names that begin with an underscore, names of
 * interpreter internals, statements without a place in untrusted code (INVENTORY T-099 to T-104).
 */
import { INSPECT_ATTRIBUTES } from '../guards/declared.ts';
import {
  type Alias,
  type Arguments,
  type Comprehension,
  type Expr,
  type FunctionDef,
  partsOf,
  type Position,
  type Stmt,
} from './ast.ts';

const ALLOWED_MAGIC = new Set('__init__ __contains__ __lt__ __le__ __eq__ __ne__ __gt__ __ge__'.split(' '));
const RESERVED = new Set(['print', 'printed', 'builtins', 'breakpoint']);
const REFUSED = new Set([
  'Nonlocal',
  'AsyncFunctionDef',
  'AsyncFor',
  'AsyncWith',
  'TryStar',
  'Match',
  'AnnAssign',
]);

/** What is wrong in a script and where: the line from 1, the column from 0. */
export interface CodeProblem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

export interface CheckResult {
  /** `Line 3: message`. */
  readonly errors: string[];
  /** The errors with their places. */
  readonly problems: CodeProblem[];
  readonly warnings: string[];
  /** Names that are read, in order of appearance. */
  readonly names: Set<string>;
}

export function checkExpression(value: Expr): CheckResult {
  const checker = new Checker();
  checker.expr(value);
  return checker;
}

/** Checks a function body as the body of a function of that name. */
export function checkFunction(fn: FunctionDef): CheckResult {
  const checker = new Checker();
  checker.functionDef(fn);
  return checker;
}

class Checker implements CheckResult {
  readonly errors: string[] = [];
  readonly problems: CodeProblem[] = [];
  readonly warnings: string[] = [];
  readonly names = new Set<string>();
  #print = false;
  #printed = false;

  #error(at: Position, message: string): void {
    this.errors.push(`Line ${at.line}: ${message}`);
    this.problems.push({ line: at.line, column: at.column, message });
  }

  #name(at: Position, name: string, magic = false): void {
    if (name.startsWith('_') && name !== '_' && !(magic && ALLOWED_MAGIC.has(name) && at.column !== 0))
      this.#error(at, `"${name}" is an invalid variable name because it starts with "_"`);
    else if (name.endsWith('__roles__'))
      this.#error(at, `"${name}" is an invalid variable name because it ends with "__roles__".`);
    else if (RESERVED.has(name)) this.#error(at, `"${name}" is a reserved name.`);
  }

  functionDef(fn: FunctionDef): void {
    this.#name(fn, fn.name, true);
    this.#argumentNames(fn, fn.args);
    const before = [this.#print, this.#printed] as const;
    this.#print = this.#printed = false;
    this.#arguments(fn.args);
    this.#body(fn.body);
    for (const decorator of fn.decorators) this.expr(decorator);
    if (fn.returns !== undefined) this.expr(fn.returns);
    if (this.#print && !this.#printed)
      this.warnings.push(`Line ${fn.line}: Prints, but never reads 'printed' variable.`);
    else if (this.#printed && !this.#print)
      this.warnings.push(`Line ${fn.line}: Doesn't print, but reads 'printed' variable.`);
    [this.#print, this.#printed] = before;
  }

  #argumentNames(at: Position, args: Arguments): void {
    for (const arg of args.posonly) this.#name(at, arg.arg);
    for (const arg of args.args) this.#name(at, arg.arg);
    if (args.vararg !== undefined) this.#name(at, args.vararg.arg);
    if (args.kwarg !== undefined) this.#name(at, args.kwarg.arg);
    for (const arg of args.kwonly) this.#name(at, arg.arg);
  }

  #arguments(args: Arguments): void {
    for (const { annotation } of [
      ...args.posonly,
      ...args.args,
      ...(args.vararg === undefined ? [] : [args.vararg]),
      ...args.kwonly,
    ])
      if (annotation !== undefined) this.expr(annotation);
    for (const value of args.kwDefaults) if (value !== undefined) this.expr(value);
    if (args.kwarg?.annotation !== undefined) this.expr(args.kwarg.annotation);
    for (const value of args.defaults) this.expr(value);
  }

  #body(body: readonly Stmt[]): void {
    for (const stmt of body) this.#stmt(stmt);
  }

  #stmt(s: Stmt): void {
    switch (s.kind) {
      case 'FunctionDef':
        return this.functionDef(s);
      case 'ClassDef':
        this.#name(s, s.name);
        for (const base of s.bases) this.expr(base);
        for (const keyword of s.keywords) this.expr(keyword.value);
        this.#body(s.body);
        for (const decorator of s.decorators) this.expr(decorator);
        if (s.keywords.some((keyword) => keyword.arg === 'metaclass'))
          this.#error(s, 'The keyword argument "metaclass" is not allowed.');
        return;
      case 'Expr':
        return this.expr(s.value);
      case 'Assign':
        for (const target of s.targets) this.expr(target);
        return this.expr(s.value);
      case 'AugAssign':
        this.expr(s.target);
        this.expr(s.value);
        if (s.target.kind === 'Attribute')
          this.#error(s, 'Augmented assignment of attributes is not allowed.');
        if (s.target.kind === 'Subscript')
          this.#error(s, 'Augmented assignment of object items and slices is not allowed.');
        return;
      case 'Delete':
        for (const target of s.targets) this.expr(target);
        return;
      case 'If':
      case 'While':
        this.expr(s.test);
        this.#body(s.body);
        return this.#body(s.orelse);
      case 'For':
        this.expr(s.target);
        this.expr(s.iter);
        this.#body(s.body);
        return this.#body(s.orelse);
      case 'Try':
        this.#body(s.body);
        for (const handler of s.handlers) {
          if (handler.type !== undefined) this.expr(handler.type);
          this.#body(handler.body);
          if (handler.name !== undefined) this.#name(handler, handler.name);
        }
        this.#body(s.orelse);
        return this.#body(s.finalbody);
      case 'With':
        for (const { context, vars } of s.items) {
          this.expr(context);
          if (vars !== undefined) this.expr(vars);
        }
        return this.#body(s.body);
      case 'Return':
        if (s.value !== undefined) this.expr(s.value);
        return;
      case 'Raise':
        if (s.exc !== undefined) this.expr(s.exc);
        if (s.cause !== undefined) this.expr(s.cause);
        return;
      case 'Assert':
        this.expr(s.test);
        if (s.msg !== undefined) this.expr(s.msg);
        return;
      case 'Import':
      case 'ImportFrom':
        return this.#imports(s, s.names);
      case 'Global':
      case 'Pass':
      case 'Break':
      case 'Continue':
        return;
      default:
        if (REFUSED.has(s.kind)) {
          if (s.kind === 'Match' || s.kind === 'AnnAssign')
            this.warnings.push(`Line ${s.line}: ${s.kind} statement is not known to RestrictedPython`);
          this.#error(s, `${s.kind} statements are not allowed.`);
          return;
        }
        throw new Error(`no check for a statement of kind ${(s as Stmt).kind}`);
    }
  }

  #imports(at: Position, names: readonly Alias[]): void {
    for (const { name, asname } of names) {
      if (name.includes('*')) this.#error(at, '"*" imports are not allowed.');
      this.#name(at, name);
      if (asname !== undefined) this.#name(at, asname);
    }
  }

  #all(list: readonly (Expr | undefined)[]): void {
    for (const e of list) if (e !== undefined) this.expr(e);
  }

  #generators(generators: readonly Comprehension[], at: Position): void {
    for (const generator of generators) {
      if (generator.async) this.#error(at, 'asynchronous comprehensions are not allowed.');
      this.expr(generator.target);
      this.expr(generator.iter);
      this.#all(generator.ifs);
    }
  }

  expr(e: Expr): void {
    switch (e.kind) {
      case 'Name':
        if (e.ctx === 'Load') {
          if (e.id === 'printed') {
            this.#printed = true;
            return;
          }
          if (e.id === 'print') {
            this.#print = true;
            return;
          }
          this.names.add(e.id);
        }
        return this.#name(e, e.id);
      case 'Attribute':
        if (e.attr.startsWith('_') && e.attr !== '_')
          this.#error(e, `"${e.attr}" is an invalid attribute name because it starts with "_".`);
        if (e.attr.endsWith('__roles__'))
          this.#error(e, `"${e.attr}" is an invalid attribute name because it ends with "__roles__".`);
        if (INSPECT_ATTRIBUTES.has(e.attr))
          this.#error(
            e,
            `"${e.attr}" is a restricted name, that is forbidden to access in RestrictedPython.`,
          );
        break;
      case 'ListComp':
      case 'SetComp':
      case 'GeneratorExp':
        if (e.elt.kind === 'Starred') this.#error(e, 'Unpacking in comprehensions is not allowed.');
        this.expr(e.elt);
        return this.#generators(e.generators, e);
      case 'DictComp':
        this.expr(e.key);
        this.expr(e.value);
        return this.#generators(e.generators, e);
      case 'Call':
        if (e.func.kind === 'Name' && e.func.id === 'exec') this.#error(e, 'Exec calls are not allowed.');
        if (e.func.kind === 'Name' && e.func.id === 'eval') this.#error(e, 'Eval calls are not allowed.');
        break;
      case 'Lambda':
        this.#argumentNames(e, e.args);
        this.#arguments(e.args);
        return this.expr(e.body);
      case 'Await':
        this.#error(e, 'Await statements are not allowed.');
        return;
      default:
    }
    this.#all(partsOf(e));
  }
}
