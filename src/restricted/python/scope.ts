/** Which names are variables of which function: Python's rule that an assignment anywhere makes a name local. */
import { PySyntaxError } from '../runtime/errors.ts';
import { type Arguments, type Comprehension, type Expr, partsOf, type Stmt } from './ast.ts';

export type ScopeKind = 'module' | 'function' | 'class' | 'comprehension';

export class Scope {
  readonly kind: ScopeKind;
  readonly parent: Scope | undefined;
  /** Python name to the name in generated code. */
  readonly variables = new Map<string, string>();
  /** Declared by a `global` statement. */
  readonly globals = new Set<string>();
  /** Variables that need no test for being set where they are read now. */
  readonly definite = new Set<string>();
  /** Variables that are deleted somewhere. */
  readonly fragile = new Set<string>();
  generator = false;
  /** Temporary variables of generated code. */
  temporaries = 0;
  usesPrint = false;

  constructor(kind: ScopeKind, parent: Scope | undefined) {
    this.kind = kind;
    this.parent = parent;
  }
}

/** Collects what a body binds in the scope that it runs in. */
export class Binder {
  readonly bound = new Set<string>();
  readonly globals = new Set<string>();
  readonly fragile = new Set<string>();
  generator = false;
  /** Whether `print` or `printed` is used, also in classes, lambdas and comprehensions. */
  print = false;

  parameters(args: Arguments): void {
    for (const arg of [...args.posonly, ...args.args, ...args.kwonly]) this.bound.add(arg.arg);
    if (args.vararg !== undefined) this.bound.add(args.vararg.arg);
    if (args.kwarg !== undefined) this.bound.add(args.kwarg.arg);
  }

  body(body: readonly Stmt[]): void {
    for (const stmt of body) this.stmt(stmt);
  }

  stmt(s: Stmt): void {
    switch (s.kind) {
      case 'FunctionDef':
      case 'ClassDef':
        this.bound.add(s.name);
        for (const decorator of s.decorators) this.expr(decorator);
        if (s.kind === 'ClassDef') {
          for (const base of s.bases) this.expr(base);
          for (const keyword of s.keywords) this.expr(keyword.value);
          this.#printsIn((inner) => {
            inner.body(s.body);
          });
        } else this.#defaults(s.args);
        return;
      case 'Assign':
        for (const target of s.targets) this.expr(target);
        return this.expr(s.value);
      case 'AugAssign':
        this.expr(s.target);
        return this.expr(s.value);
      case 'Delete':
        for (const target of s.targets) this.expr(target);
        return;
      case 'If':
      case 'While':
        this.expr(s.test);
        this.body(s.body);
        return this.body(s.orelse);
      case 'For':
        this.expr(s.target);
        this.expr(s.iter);
        this.body(s.body);
        return this.body(s.orelse);
      case 'Try':
        this.body(s.body);
        for (const { type, name, body } of s.handlers) {
          if (type !== undefined) this.expr(type);
          if (name !== undefined) {
            this.bound.add(name);
            this.fragile.add(name);
          }
          this.body(body);
        }
        this.body(s.orelse);
        return this.body(s.finalbody);
      case 'With':
        for (const { context, vars } of s.items) {
          this.expr(context);
          if (vars !== undefined) this.expr(vars);
        }
        return this.body(s.body);
      case 'Import':
        for (const { name, asname } of s.names) this.bound.add(asname ?? name.split('.')[0]!);
        return;
      case 'ImportFrom':
        for (const { name, asname } of s.names) this.bound.add(asname ?? name);
        return;
      case 'Global':
        for (const name of s.names) {
          if (this.bound.has(name))
            throw new PySyntaxError(
              `name '${name}' is assigned to before global declaration`,
              s.line,
              s.column,
            );
          this.globals.add(name);
        }
        return;
      case 'Expr':
        return this.expr(s.value);
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
      default:
    }
  }

  #defaults(args: Arguments): void {
    for (const value of [...args.defaults, ...args.kwDefaults]) if (value !== undefined) this.expr(value);
  }

  #all(list: readonly (Expr | undefined)[]): void {
    for (const e of list) if (e !== undefined) this.expr(e);
  }

  /** Of a comprehension, assignment expressions bind outside, and so does what its first iterable binds. */
  #comprehension(generators: readonly Comprehension[], values: readonly Expr[]): void {
    const inner = new Binder();
    inner.#all(values);
    for (const [n, generator] of generators.entries()) {
      if (n === 0) this.expr(generator.iter);
      else inner.expr(generator.iter);
      inner.#all(generator.ifs);
    }
    for (const name of inner.bound) this.bound.add(name);
    if (inner.print) this.print = true;
  }

  #printsIn(visit: (inner: Binder) => void): void {
    const inner = new Binder();
    visit(inner);
    if (inner.print) this.print = true;
  }

  expr(e: Expr): void {
    switch (e.kind) {
      case 'Name':
        if (e.id === 'print' || e.id === 'printed') this.print = true;
        if (e.ctx !== 'Load') this.bound.add(e.id);
        if (e.ctx === 'Del') this.fragile.add(e.id);
        return;
      case 'ListComp':
      case 'SetComp':
      case 'GeneratorExp':
        return this.#comprehension(e.generators, [e.elt]);
      case 'DictComp':
        return this.#comprehension(e.generators, [e.key, e.value]);
      case 'Lambda':
        this.#printsIn((inner) => {
          inner.expr(e.body);
        });
        return this.#defaults(e.args);
      case 'NamedExpr':
        this.bound.add(e.target.id);
        return this.expr(e.value);
      case 'Yield':
      case 'YieldFrom':
        this.generator = true;
        break;
      default:
    }
    this.#all(partsOf(e));
  }
}
