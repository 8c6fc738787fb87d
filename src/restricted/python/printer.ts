/**
 * Prints JavaScript for a checked syntax tree. A node of a kind that is not known here cannot be printed. No name of the
 * source appears in the output except as a string: variables are `name$3`, everything else comes from the runtime that the code
 * is given. Line breaks are set so that line N of the output is line N of the source: V8's stacks need no source map.
 *
 * One file: every construct prints its parts with every other.
 */
import type { PyInt } from '../../pickle/index.ts';
import { PySyntaxError } from '../runtime/errors.ts';
import type { NestedTargets } from '../runtime/iterate.ts';
import type { Parameters } from '../runtime/objects.ts';
import type { Arguments, Comprehension, Expr, FunctionDef, Lambda, Position, Stmt } from './ast.ts';
import { Binder, Scope } from './scope.ts';

/** Stands for "not before this line" until the output is put together. */
const mark = (at: Position): string => `\u0001${at.line}\u0002`;

const BINARY: Record<string, string> = { '+': 'add', '-': 'sub', '*': 'mul', '%': 'mod', '//': 'floordiv' };
const COMPARE: Record<string, string> = {
  '==': 'eq',
  '!=': 'ne',
  '<': 'lt',
  '<=': 'le',
  '>': 'gt',
  '>=': 'ge',
};

export interface Printed {
  /** The body of a function of `R` (the runtime) and `K` (constants) that returns the compiled function. */
  readonly code: string;
  readonly constants: unknown[];
  /** Of a script. */
  readonly parameters?: Parameters;
}

export interface PrinterOptions {
  readonly filename: string;
  /** Names that the caller binds; they hide built-in ones. */
  readonly globals: ReadonlySet<string>;
  /** Whether a name is a built-in one that may be taken when the code is compiled. */
  isBuiltin(name: string): boolean;
}

/** The names of the runtime that generated code uses; the runtime must have all of them. */
export const RUNTIME_NAMES =
  `add sub mul mod floordiv binary inplace neg pos invert eq ne lt le gt ge is contains truth
 attr setattr delattr item setitem delitem iter unpack spread call call0 call1 call2 method cm0 cm1 cm2 cm keywords putKey
 tuple list set dict slice complex float dictMerge fstring formatted makeFunction makeGenerator delegate makeClass unbound free glob setGlob
 delGlob refill caught matches raise reraise handling leave alive assertFailed enter exit importModule importFrom printer
 mapping push builtin lookup S items Ellipsis memberSet newCache`
    .split(/\s+/)
    .filter((name) => name !== '');

/** Prints an expression: `(L) => value`, where `L` looks up free names. */
export function printExpression(e: Expr, options: PrinterOptions, line: number): Printed {
  const printer = new Printer(options, true);
  const scope = new Scope('module', undefined);
  bindNamed(scope, e, printer);
  const value = printer.value(e, scope);
  const names = printer.cachedNames();
  const code = `return function f_expression$0(L){let ${['$', ...names].join(',')};${printer.temporaries(scope)}return (${value})}`;
  return { code: finish(printer.header() + code, line), constants: printer.constants };
}

/** Assignment expressions bind in the expression itself. */
function bindNamed(scope: Scope, e: Expr, printer: Printer): void {
  const binder = new Binder();
  binder.expr(e);
  for (const name of binder.bound) printer.declare(scope, name);
}

/** Prints a script: `(G, ...slots) => value`, where `G` holds the bindings of the call. */
export function printFunction(fn: FunctionDef, options: PrinterOptions): Printed {
  const printer = new Printer(options, false);
  const scope = new Scope('module', undefined);
  for (const name of options.globals) scope.globals.add(name);
  const made = printer.functionValue(fn, scope, options.globals);
  const code = `return function f_script$0(G){return ${made}}`;
  return {
    code: finish(printer.header() + code, 1),
    constants: printer.constants,
    parameters: parametersOf(fn.args),
  };
}

/** Replaces marks by as many line breaks as are missing. */
function finish(text: string, first: number): string {
  let line = first;
  // oxlint-disable-next-line no-control-regex
  return text.replace(/\u0001(\d+)\u0002/g, (_mark, wanted: string) => {
    const missing = Number(wanted) - line;
    if (missing <= 0) return '';
    line = Number(wanted);
    return '\n'.repeat(missing);
  });
}

class Printer {
  readonly constants: unknown[] = [];
  readonly #options: PrinterOptions;
  readonly #expression: boolean;
  readonly #builtins = new Map<string, string>();
  readonly #cached = new Map<string, string>();
  #next = 1;
  #caches = 0;
  /** Names of the enclosing functions and classes, for messages. */
  #path: string[] = [];
  /** Nesting of blocks in the function that is printed. */
  #depth = 0;
  #loops: { brk: string; cont: string }[] = [];

  constructor(options: PrinterOptions, expression: boolean) {
    this.#options = options;
    this.#expression = expression;
  }

  header(): string {
    const builtins = [...this.#builtins].map(([name, id]) => `${id}=builtin(${JSON.stringify(name)})`);
    const caches = Array.from({ length: this.#caches }, (_none, i) => `c${i}=newCache()`);
    return `"use strict";const {${RUNTIME_NAMES.join(',')}}=R;${caches.length === 0 ? '' : `const ${caches.join(',')};`}${builtins.length === 0 ? '' : `const ${builtins.join(',')};`}`;
  }

  cachedNames(): string[] {
    return [...this.#cached.values()];
  }

  #id(name: string): string {
    return `${name.replace(/[^A-Za-z0-9_]/g, '_')}$${this.#next++}`;
  }

  declare(scope: Scope, name: string): string {
    let id = scope.variables.get(name);
    if (id === undefined) scope.variables.set(name, (id = this.#id(name)));
    return id;
  }

  #constant(value: unknown): string {
    this.constants.push(value);
    return `K[${this.constants.length - 1}]`;
  }

  /** A cache of one place in the code for what it found allowed. */
  #cache(): string {
    return `c${this.#caches++}`;
  }

  #temp(scope: Scope): string {
    const owner = scope;
    return `$${owner.temporaries++}`;
  }

  temporaries(scope: Scope): string {
    const names = [...scope.variables.values()];
    for (let i = 0; i < scope.temporaries; i++) names.push(`$${i}`);
    return names.length === 0 ? '' : `let ${names.join(',')};`;
  }

  // Names

  /** The scope whose variable a name is; undefined: a global. */
  #resolve(name: string, scope: Scope): Scope | undefined {
    for (let at: Scope | undefined = scope, first = true; at !== undefined; at = at.parent, first = false) {
      if (at.globals.has(name)) return undefined;
      if (at.variables.has(name) && (first || at.kind !== 'class' || this.#sees(scope, at))) return at;
    }
    return undefined;
  }

  /** A class's variables are seen by its own body only: not by methods and comprehensions in it. */
  #sees(from: Scope, cls: Scope): boolean {
    return from === cls;
  }

  #load(name: string, scope: Scope): string {
    const owner = this.#resolve(name, scope);
    if (owner === undefined) return this.#global(name);
    const id = owner.variables.get(name)!;
    if (owner.definite.has(name)) return id;
    if (owner.kind === 'class') {
      const outer = owner.parent === undefined ? this.#global(name) : this.#load(name, owner.parent);
      return `(${id}!==undefined?${id}:${outer})`;
    }
    const near = this.#functionOf(scope) === this.#functionOf(owner);
    return `(${id}===undefined?${near ? 'unbound' : 'free'}(${JSON.stringify(name)}):${id})`;
  }

  #functionOf(scope: Scope): Scope {
    let at = scope;
    while (at.kind === 'comprehension' && at.parent !== undefined) at = at.parent;
    return at;
  }

  #global(name: string): string {
    if (this.#expression) {
      let id = this.#cached.get(name);
      if (id === undefined) this.#cached.set(name, (id = this.#id(name)));
      return `(${id}===undefined?(${id}=lookup(L,${JSON.stringify(name)})):${id})`;
    }
    if (this.#options.isBuiltin(name) && !this.#options.globals.has(name) && !this.#globalNames.has(name)) {
      let id = this.#builtins.get(name);
      if (id === undefined) this.#builtins.set(name, (id = `b_${this.#id(name)}`));
      return id;
    }
    return `glob(G,${JSON.stringify(name)})`;
  }

  /** Names that some `global` statement of the script declares. */
  readonly #globalNames = new Set<string>();

  #store(name: string, value: string, scope: Scope): string {
    const owner = this.#storeOwner(name, scope);
    if (owner === undefined) return `setGlob(G,${JSON.stringify(name)},${value})`;
    const code = `${owner.variables.get(name)!}=${value}`;
    return code;
  }

  #storeOwner(name: string, scope: Scope): Scope | undefined {
    if (scope.globals.has(name)) return undefined;
    return scope.variables.has(name) ? scope : this.#resolve(name, scope);
  }

  #assigned(name: string, scope: Scope): void {
    if (
      this.#depth === 0 &&
      scope.kind === 'function' &&
      scope.variables.has(name) &&
      !scope.fragile.has(name)
    )
      scope.definite.add(name);
  }

  // Expressions

  value(e: Expr, scope: Scope): string {
    switch (e.kind) {
      case 'Constant':
        return this.#constantValue(e.value);
      case 'Name':
        return this.#name(e.id, e, scope);
      case 'Attribute':
        return `${mark(e)}attr(${this.value(e.value, scope)},${JSON.stringify(e.attr)},${this.#cache()})`;
      case 'Subscript':
        return `item(${this.value(e.value, scope)},${this.value(e.slice, scope)})`;
      case 'Slice':
        return `slice(${[e.lower, e.upper, e.step].map((part) => (part === undefined ? 'null' : this.value(part, scope))).join(',')})`;
      case 'Tuple':
        return this.#display('tuple', e.elts, scope);
      case 'List':
        return this.#display('list', e.elts, scope);
      case 'Set':
        return `set(${this.#display('items', e.elts, scope)})`;
      case 'Dict':
        return this.#dict(e.keys, e.values, scope);
      case 'ListComp':
      case 'SetComp':
      case 'DictComp':
      case 'GeneratorExp':
        return this.#comprehension(e, scope);
      case 'Call':
        return this.#call(e, scope);
      case 'BinOp':
        return this.#binary(e.op, this.value(e.left, scope), this.value(e.right, scope), e);
      case 'UnaryOp':
        return this.#unary(e.op, e.operand, scope);
      case 'BoolOp':
        return this.#boolean(e.op, e.values, scope);
      case 'Compare':
        return this.#compare(e, scope);
      case 'IfExp':
        return `(${this.#test(e.test, scope)}?${this.value(e.body, scope)}:${this.value(e.orelse, scope)})`;
      case 'Lambda':
        return this.#lambda(e, scope);
      case 'NamedExpr':
        return this.#named(e.target.id, this.value(e.value, scope), scope);
      case 'JoinedStr':
        return `fstring([${e.values.map((part) => this.#formatted(part, scope)).join(',')}])`;
      case 'FormattedValue':
        return this.#formatted(e, scope);
      case 'Yield':
        this.#yieldable(scope, e);
        return `(yield (${e.value === undefined ? 'null' : this.value(e.value, scope)}))`;
      case 'YieldFrom':
        this.#yieldable(scope, e);
        return `(yield* delegate(${this.value(e.value, scope)}))`;
      default:
        throw new Error(`an expression of kind ${e.kind} cannot be printed`);
    }
  }

  #yieldable(scope: Scope, at: Position): void {
    if (scope.kind === 'comprehension') this.#fail("'yield' inside list comprehension", at);
    if (scope.kind !== 'function') this.#fail("'yield' outside function", at);
  }

  #fail(message: string, at: Position): never {
    throw new PySyntaxError(message, at.line, at.column, this.#options.filename);
  }

  #name(name: string, at: Position, scope: Scope): string {
    if (name === 'print' || name === 'printed') {
      const owner = this.#printOwner(scope);
      if (owner === undefined) return `free("_print",true)`;
      return name === 'print' ? 'P.print' : 'P.text()';
    }
    void at;
    return this.#load(name, scope);
  }

  #printOwner(scope: Scope): Scope | undefined {
    for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
      if (at.kind === 'function' && at.usesPrint) return at;
    }
    return undefined;
  }

  #constantValue(c: Extract<Expr, { kind: 'Constant' }>['value']): string {
    switch (c.type) {
      case 'int':
        return intLiteral(c.value);
      case 'float':
        return Number.isInteger(c.value) || !Number.isFinite(c.value)
          ? `float(${c.value === Infinity ? '1/0' : c.value})`
          : `${c.value}`;
      case 'imaginary':
        return `complex(0,${c.value})`;
      case 'str':
        return text(c.value);
      case 'bytes':
        return this.#constant(c.value);
      default:
        return { None: 'null', True: 'true', False: 'false', Ellipsis: 'Ellipsis' }[c.value];
    }
  }

  /** `tuple([a,b])`; with starred items: `tuple(spread([…], …))`. */
  #display(fn: string, elts: readonly Expr[], scope: Scope): string {
    const arrays = this.#array(elts, scope, fn === 'set');
    return `${fn}(${arrays})`;
  }

  #array(elts: readonly Expr[], scope: Scope, inSet = false): string {
    if (!elts.some((e) => e.kind === 'Starred'))
      return `[${elts.map((e) => this.value(e, scope)).join(',')}]`;
    const parts = elts.map((e) =>
      e.kind === 'Starred' ? `...spread(${this.value(e.value, scope)},${inSet})` : this.value(e, scope),
    );
    return `[${parts.join(',')}]`;
  }

  #dict(keys: readonly (Expr | undefined)[], values: readonly Expr[], scope: Scope): string {
    const parts = keys.map((key, i) =>
      key === undefined
        ? `dictMerge,mapping(${this.value(values[i]!, scope)})`
        : `${this.value(key, scope)},${this.value(values[i]!, scope)}`,
    );
    return `dict([${parts.join(',')}])`;
  }

  #binary(op: string, left: string, right: string, at: Position): string {
    const direct = BINARY[op];
    return direct === undefined
      ? `${mark(at)}binary("${op}",${left},${right})`
      : `${mark(at)}${direct}(${left},${right})`;
  }

  #unary(op: string, operand: Expr, scope: Scope): string {
    if (op === 'not') return `!${this.#test(operand, scope)}`;
    if (
      op === '-' &&
      operand.kind === 'Constant' &&
      operand.value.type === 'int' &&
      operand.value.value !== 0
    )
      return `(-${intLiteral(operand.value.value)})`;
    return `${{ '-': 'neg', '+': 'pos', '~': 'invert' }[op]!}(${this.value(operand, scope)})`;
  }

  #boolean(op: 'and' | 'or', values: readonly Expr[], scope: Scope): string {
    let code = this.value(values.at(-1)!, scope);
    for (let i = values.length - 2; i >= 0; i--) {
      const t = this.#temp(scope);
      const value = this.value(values[i]!, scope);
      code = op === 'and' ? `(truth(${t}=${value})?${code}:${t})` : `(truth(${t}=${value})?${t}:${code})`;
    }
    return code;
  }

  /** JavaScript's true or false for an expression. */
  #test(e: Expr, scope: Scope): string {
    if (e.kind === 'BoolOp')
      return `(${e.values.map((value) => this.#test(value, scope)).join(e.op === 'and' ? '&&' : '||')})`;
    if (e.kind === 'UnaryOp' && e.op === 'not') return `!${this.#test(e.operand, scope)}`;
    return `truth(${this.value(e, scope)})`;
  }

  #compare(e: Extract<Expr, { kind: 'Compare' }>, scope: Scope): string {
    const one = (op: string, a: string, b: string): string => {
      if (op === 'is') return `is(${a},${b})`;
      if (op === 'is not') return `!is(${a},${b})`;
      if (op === 'in') return `contains(${b},${a})`;
      if (op === 'not in') return `!contains(${b},${a})`;
      return `${COMPARE[op]!}(${a},${b})`;
    };
    // `contains` takes its operands the other way round, and they must be evaluated from left to right.
    const ordered = (op: string, a: string, b: string): string => {
      if (op !== 'in' && op !== 'not in') return one(op, a, b);
      const t = this.#temp(scope);
      return `(${t}=${a},${one(op, t, b)})`;
    };
    const { ops, comparators } = e;
    if (ops.length === 1)
      return ordered(ops[0]!, this.value(e.left, scope), this.value(comparators[0]!, scope));
    const temps = comparators.map(() => this.#temp(scope));
    let code = '';
    for (let i = ops.length - 1; i >= 0; i--) {
      const left = i === 0 ? this.value(e.left, scope) : temps[i - 1]!;
      const last = i === ops.length - 1;
      const right = this.value(comparators[i]!, scope);
      const compared = ordered(ops[i]!, left, last ? right : `(${temps[i]}=${right})`);
      if (last) code = compared;
      else {
        const result = this.#temp(scope);
        code = `(truth(${result}=${compared})?${code}:${result})`;
      }
    }
    return code;
  }

  #formatted(e: Expr, scope: Scope): string {
    if (e.kind !== 'FormattedValue') return this.value(e, scope);
    const spec = e.spec === undefined ? '""' : this.value(e.spec, scope);
    return `formatted(${this.value(e.value, scope)},"${e.conversion}",${spec})`;
  }

  #named(name: string, value: string, scope: Scope): string {
    const owner = this.#functionOf(scope);
    if (scope.kind === 'comprehension' && owner.kind === 'class')
      throw new PySyntaxError(
        'assignment expression within a comprehension cannot be used in a class body',
        1,
        0,
      );
    const t = this.#temp(scope);
    return `(${t}=${value},${this.#store(name, t, owner)},${t})`;
  }

  // Calls

  #call(e: Extract<Expr, { kind: 'Call' }>, scope: Scope): string {
    const plain = e.keywords.length === 0 && !e.args.some((arg) => arg.kind === 'Starred');
    if (e.func.kind === 'Attribute') {
      const o = this.#temp(scope);
      const m = this.#temp(scope);
      const object = this.value(e.func.value, scope);
      const head = `(${o}=${object},${mark(e.func)}${m}=method(${o},${JSON.stringify(e.func.attr)},${this.#cache()}),`;
      if (plain && e.args.length <= 2) {
        const args = e.args.map((arg) => `,${this.value(arg, scope)}`).join('');
        return `${head}cm${e.args.length}(${m},${o}${args},${JSON.stringify(e.func.attr)}))`;
      }
      return `${head}cm(${m},${o},${JSON.stringify(e.func.attr)},${this.#callArguments(e, scope)}))`;
    }
    const fn = this.value(e.func, scope);
    if (plain && e.args.length <= 2)
      return `${mark(e)}call${e.args.length}(${[fn, ...e.args.map((arg) => this.value(arg, scope))].join(',')})`;
    return `${mark(e)}call(${fn},${this.#callArguments(e, scope)})`;
  }

  #callArguments(e: Extract<Expr, { kind: 'Call' }>, scope: Scope): string {
    const args = this.#array(e.args, scope);
    if (e.keywords.length === 0) return args;
    const parts = e.keywords.map(({ arg, value }) =>
      arg === undefined
        ? `dictMerge,${this.value(value, scope)}`
        : `${JSON.stringify(arg)},${this.value(value, scope)}`,
    );
    return `${args},keywords([${parts.join(',')}])`;
  }

  // Functions

  #lambda(e: Lambda, scope: Scope): string {
    const body: Stmt[] = [{ kind: 'Return', value: e.body, line: e.line, column: e.column }];
    return this.#makeFunction('<lambda>', e.args, body, scope, e);
  }

  /** `bare`: the code itself where it has no defaults. */
  #makeFunction(
    name: string,
    args: Arguments,
    body: readonly Stmt[],
    scope: Scope,
    at: Position,
    bare = false,
  ): string {
    const inner = this.#functionScope(args, body, scope);
    const parameters = this.#constant(parametersOf(args));
    const defaults = args.defaults.map((value) => this.value(value, scope));
    const keyword = args.kwonly.flatMap((arg, i) => {
      const value = args.kwDefaults[i];
      return value === undefined ? [] : [`[${JSON.stringify(arg.arg)},${this.value(value, scope)}]`];
    });
    const qualified = [...this.#path, name].join('.');
    this.#path.push(name, '<locals>');
    const code = this.#code(name, args, body, inner, at);
    this.#path.splice(-2);
    if (bare && defaults.length === 0 && keyword.length === 0) return code;
    return `makeFunction(${JSON.stringify(qualified)},${parameters},${mark(at)}${code},[${defaults.join(',')}],[${keyword.join(',')}])`;
  }

  #functionScope(args: Arguments, body: readonly Stmt[], parent: Scope): Scope {
    const scope = new Scope('function', parent);
    const binder = new Binder();
    binder.parameters(args);
    for (const name of binder.bound) scope.definite.add(name);
    binder.body(body);
    for (const name of binder.globals) {
      scope.globals.add(name);
      this.#globalNames.add(name);
    }
    for (const name of binder.fragile) {
      scope.fragile.add(name);
      scope.definite.delete(name);
    }
    for (const name of binder.bound) if (!binder.globals.has(name)) this.declare(scope, name);
    scope.generator = binder.generator;
    scope.usesPrint = binder.print;
    return scope;
  }

  #code(name: string, args: Arguments, body: readonly Stmt[], scope: Scope, at: Position): string {
    const depth = this.#depth;
    const loops = this.#loops;
    this.#depth = 0;
    this.#loops = [];
    const own = new Set<string>();
    const slots = slotNames(args).map((slot) => {
      own.add(slot);
      return scope.variables.get(slot)!;
    });
    const statements = this.#body(body, scope);
    const locals = [...scope.variables].filter(([variable]) => !own.has(variable)).map(([, id]) => id);
    for (let i = 0; i < scope.temporaries; i++) locals.push(`$${i}`);
    const head =
      (locals.length === 0 ? '' : `let ${locals.join(',')};`) + (scope.usesPrint ? 'const P=printer();' : '');
    this.#depth = depth;
    this.#loops = loops;
    const id = `f_${name.replace(/[^A-Za-z0-9_]/g, '_')}$${this.#next++}`;
    void at;
    if (scope.generator)
      return `function(${slots.join(',')}){return makeGenerator(${JSON.stringify(name)},(function*${id}(){${head}${statements}})())}`;
    return `function ${id}(${slots.join(',')}){${head}${statements}return null}`;
  }

  /** The whole script as a function value; `globals` are not its variables, whatever it assigns. */
  functionValue(fn: FunctionDef, scope: Scope, globals: ReadonlySet<string>): string {
    for (const name of globals) this.#globalNames.add(name);
    collectGlobals(fn.body, this.#globalNames);
    const declared: Stmt = { kind: 'Global', names: [...globals], line: fn.line, column: 0 };
    const parameters = new Set(slotNames(fn.args));
    for (const name of globals)
      if (parameters.has(name)) this.#fail(`name '${name}' is parameter and global`, fn);
    return this.#makeFunction(
      fn.name,
      fn.args,
      globals.size === 0 ? fn.body : [declared, ...fn.body],
      scope,
      { line: 1, column: 0 },
      true,
    );
  }

  // Comprehensions

  #comprehension(e: Extract<Expr, { generators: Comprehension[] }>, scope: Scope): string {
    const inner = new Scope('comprehension', scope);
    for (const { target } of e.generators) {
      const binder = new Binder();
      binder.expr(target);
      for (const name of binder.bound) {
        this.declare(inner, name);
        inner.definite.add(name);
      }
    }
    const first = this.value(e.generators[0]!.iter, scope);
    let body: string;
    if (e.kind === 'DictComp') body = `putKey(r,${this.value(e.key, inner)},${this.value(e.value, inner)});`;
    else {
      const elt = this.value(e.elt, inner);
      body =
        e.kind === 'GeneratorExp'
          ? `yield (${elt});`
          : e.kind === 'SetComp'
            ? `memberSet(r,${elt});`
            : `push(r,${elt});`;
    }
    for (let i = e.generators.length - 1; i >= 0; i--) {
      const { target, iter, ifs } = e.generators[i]!;
      for (const condition of [...ifs].reverse()) body = `if(${this.#test(condition, inner)}){${body}}`;
      const it = this.#id('i');
      const x = this.#id('x');
      const source = i === 0 ? 'first' : `iter(${this.value(iter, inner)})`;
      body = `const ${it}=${source};for(;;){if(--S.steps<0)refill();const ${x}=${it}.next();if(${x}===undefined)break;${this.#assign(target, x, inner)}${body}}`;
    }
    const locals = this.temporaries(inner);
    const source = `${mark(e)}iter(${first})`;
    if (e.kind === 'GeneratorExp')
      return `makeGenerator("<genexpr>",(function*f_genexpr$${this.#next++}(first){${locals}${body}})(${source}))`;
    const start = e.kind === 'ListComp' ? 'list([])' : e.kind === 'SetComp' ? 'set([])' : 'dict([])';
    return `((first)=>{${locals}const r=${start};${body}return r})(${source})`;
  }

  // Targets

  /** Statements that assign the value of JavaScript variable (or expression) `value`. */
  #assign(target: Expr, value: string, scope: Scope): string {
    switch (target.kind) {
      case 'Name': {
        const code = `${this.#store(target.id, value, scope)};`;
        this.#assigned(target.id, scope);
        return code;
      }
      case 'Attribute':
        return `setattr(${this.value(target.value, scope)},${mark(target)}${JSON.stringify(target.attr)},${value});`;
      case 'Subscript':
        return `setitem(${this.value(target.value, scope)},${this.value(target.slice, scope)},${value});`;
      case 'Tuple':
      case 'List': {
        const star = target.elts.findIndex((e) => e.kind === 'Starred');
        const u = this.#id('u');
        const parts = target.elts.map((e, i) =>
          this.#assign(e.kind === 'Starred' ? e.value : e, `${u}[${i}]`, scope),
        );
        const nested = nestedTargets(target);
        const more = nested.length === 0 ? '' : `,${JSON.stringify(nested)}`;
        return `{const ${u}=unpack(${value},${target.elts.length},${star}${more});${parts.join('')}}`;
      }
      default:
        throw new Error(`an expression of kind ${target.kind} is no target`);
    }
  }

  // Statements

  #body(body: readonly Stmt[], scope: Scope): string {
    return body.map((stmt) => `${mark(stmt)}${this.#stmt(stmt, scope)}`).join('');
  }

  #block(body: readonly Stmt[], scope: Scope): string {
    this.#depth++;
    const code = this.#body(body, scope);
    this.#depth--;
    return code;
  }

  #stmt(s: Stmt, scope: Scope): string {
    switch (s.kind) {
      case 'Expr':
        return `${this.value(s.value, scope)};`;
      case 'Assign':
        return this.#assignment(s.targets, s.value, scope);
      case 'AugAssign': {
        if (s.target.kind !== 'Name')
          throw new Error('augmented assignment to anything but a name cannot be printed');
        const { id } = s.target;
        const read = this.#load(id, scope);
        const code = `${this.#store(id, `inplace("${s.op}",${read},${this.value(s.value, scope)})`, scope)};`;
        return code;
      }
      case 'Delete':
        return s.targets.map((target) => this.#delete(target, scope)).join('');
      case 'If':
        return `if(${this.#test(s.test, scope)}){${this.#block(s.body, scope)}}${s.orelse.length === 0 ? '' : `else{${this.#block(s.orelse, scope)}}`}`;
      case 'While':
        return this.#loop('', `if(!${this.#test(s.test, scope)})break;`, s.body, s.orelse, scope, '');
      case 'For':
        return this.#for(s, scope);
      case 'Pass':
        return ';';
      case 'Break':
      case 'Continue': {
        const loop = this.#loops.at(-1);
        if (loop === undefined)
          return this.#fail(
            s.kind === 'Break' ? "'break' outside loop" : "'continue' not properly in loop",
            s,
          );
        return s.kind === 'Break' ? `break ${loop.brk};` : `continue ${loop.cont};`;
      }
      case 'Return':
        if (scope.kind !== 'function') return this.#fail("'return' outside function", s);
        return `return (${s.value === undefined ? 'null' : this.value(s.value, scope)});`;
      case 'Raise':
        if (s.exc === undefined) return 'throw reraise();';
        return `throw raise(${this.value(s.exc, scope)}${s.cause === undefined ? '' : `,${this.value(s.cause, scope)}`});`;
      case 'Assert':
        return `if(!${this.#test(s.test, scope)})throw assertFailed(${s.msg === undefined ? '' : this.value(s.msg, scope)});`;
      case 'Try':
        return this.#try(s, scope);
      case 'With':
        return this.#with(s.items, s.body, scope);
      case 'Import':
        return s.names
          .map(({ name, asname }) => {
            const bound = asname ?? name.split('.')[0]!;
            const code = `${this.#store(bound, `importModule(${JSON.stringify(name)},${asname !== undefined})`, scope)};`;
            this.#assigned(bound, scope);
            return code;
          })
          .join('');
      case 'ImportFrom':
        return this.#importFrom(s, scope);
      case 'Global':
        return ';';
      case 'FunctionDef': {
        const made = this.#makeFunction(s.name, s.args, s.body, scope, s);
        const code = `${this.#store(s.name, this.#decorate(made, s.decorators, scope), scope)};`;
        this.#assigned(s.name, scope);
        return code;
      }
      case 'ClassDef':
        return this.#class(s, scope);
      default:
        throw new Error(`a statement of kind ${s.kind} cannot be printed`);
    }
  }

  #assignment(targets: readonly Expr[], value: Expr, scope: Scope): string {
    const [first] = targets;
    if (targets.length === 1 && first!.kind === 'Name') {
      const code = `${this.#store(first!.id, this.value(value, scope), scope)};`;
      this.#assigned(first!.id, scope);
      return code;
    }
    const v = this.#id('v');
    return `{const ${v}=${this.value(value, scope)};${targets.map((target) => this.#assign(target, v, scope)).join('')}}`;
  }

  #decorate(made: string, decorators: readonly Expr[], scope: Scope): string {
    let code = made;
    for (const decorator of [...decorators].reverse())
      code = `call1(${this.value(decorator, scope)},${code})`;
    return code;
  }

  #delete(target: Expr, scope: Scope): string {
    switch (target.kind) {
      case 'Name': {
        const owner = this.#storeOwner(target.id, scope);
        if (owner === undefined) return `delGlob(G,${JSON.stringify(target.id)});`;
        const id = owner.variables.get(target.id)!;
        return `if(${id}===undefined)unbound(${JSON.stringify(target.id)});${id}=undefined;`;
      }
      case 'Attribute':
        return `delattr(${this.value(target.value, scope)},${JSON.stringify(target.attr)});`;
      case 'Subscript':
        return `delitem(${this.value(target.value, scope)},${this.value(target.slice, scope)});`;
      case 'Tuple':
      case 'List':
        return target.elts.map((e) => this.#delete(e, scope)).join('');
      default:
        throw new Error(`an expression of kind ${target.kind} cannot be deleted`);
    }
  }

  #for(s: Extract<Stmt, { kind: 'For' }>, scope: Scope): string {
    const it = this.#id('i');
    const x = this.#id('x');
    const setup = `const ${it}=iter(${this.value(s.iter, scope)});`;
    const names = new Binder();
    names.expr(s.target);
    const fresh = [...names.bound].filter(
      (name) =>
        scope.kind === 'function' &&
        scope.variables.has(name) &&
        !scope.fragile.has(name) &&
        !scope.definite.has(name),
    );
    this.#depth++;
    const bind = this.#assign(s.target, x, scope);
    this.#depth--;
    for (const name of fresh) scope.definite.add(name);
    const code = this.#loop(
      setup,
      `const ${x}=${it}.next();if(${x}===undefined)break;${bind}`,
      s.body,
      s.orelse,
      scope,
      '',
      fresh,
    );
    return code;
  }

  /** The body is printed while the loop's variables are known to be set; the `else` part is not. */
  #loop(
    setup: string,
    head: string,
    body: readonly Stmt[],
    orelse: readonly Stmt[],
    scope: Scope,
    tail: string,
    fresh: readonly string[] = [],
  ): string {
    const brk = this.#id('B');
    const cont = this.#id('C');
    this.#loops.push({ brk, cont });
    const inside = this.#block(body, scope);
    this.#loops.pop();
    for (const name of fresh) scope.definite.delete(name);
    const rest = orelse.length === 0 ? '' : this.#block(orelse, scope);
    return `${brk}:{${setup}${cont}:for(;;){if(--S.steps<0)refill();${head}${inside}}${rest}${tail}}`;
  }

  #try(s: Extract<Stmt, { kind: 'Try' }>, scope: Scope): string {
    const d = this.#id('d');
    let code: string;
    if (s.handlers.length === 0) code = this.#block(s.body, scope);
    else {
      const e = this.#id('e');
      const x = this.#id('x');
      const done = this.#id('ok');
      const p = this.#id('p');
      const body = this.#block(s.body, scope);
      let handlers = '';
      for (const { type, name, body: handler, line, column } of s.handlers) {
        const test = type === undefined ? 'true' : `matches(${x},${this.value(type, scope)})`;
        const bind = name === undefined ? '' : `${this.#store(name, x, scope)};`;
        const inside = this.#block(handler, scope);
        const unbind = name === undefined ? '' : this.#unset(name, scope);
        handlers += `${mark({ line, column })}if(${test}){const ${p}=handling(${x});try{${bind}${inside}}finally{leave(${p});${unbind}}}else `;
      }
      const orelse = s.orelse.length === 0 ? '' : `if(${done}){${this.#block(s.orelse, scope)}}`;
      code =
        `${orelse === '' ? '' : `let ${done}=false;`}const ${d}=S.depth;` +
        `try{${body}${orelse === '' ? '' : `${done}=true;`}}catch(${e}){S.depth=${d};const ${x}=caught(${e});${handlers}throw ${e};}${orelse}`;
    }
    if (s.finalbody.length === 0) return `{${code}}`;
    const before = this.#id('d');
    const final = this.#block(s.finalbody, scope);
    return `{const ${before}=S.depth;try{${code}}finally{alive();S.depth=${before};${final}}}`;
  }

  #unset(name: string, scope: Scope): string {
    const owner = this.#storeOwner(name, scope);
    return owner === undefined
      ? `delGlob(G,${JSON.stringify(name)},true);`
      : `${owner.variables.get(name)!}=undefined;`;
  }

  #with(
    items: readonly { context: Expr; vars: Expr | undefined }[],
    body: readonly Stmt[],
    scope: Scope,
  ): string {
    const [item, ...rest] = items;
    if (item === undefined) return this.#block(body, scope);
    const m = this.#id('m');
    const v = this.#id('v');
    const e = this.#id('e');
    const ok = this.#id('ok');
    this.#depth++;
    const bind = item.vars === undefined ? '' : this.#assign(item.vars, v, scope);
    const inside = this.#with(rest, body, scope);
    this.#depth--;
    const d = this.#id('d');
    return (
      `{const ${m}=${this.value(item.context, scope)};const ${v}=enter(${m});let ${ok}=true;const ${d}=S.depth;` +
      `try{${bind}${inside}}catch(${e}){S.depth=${d};${ok}=false;if(!exit(${m},caught(${e})))throw ${e};}finally{alive();if(${ok})exit(${m});}}`
    );
  }

  #importFrom(s: Extract<Stmt, { kind: 'ImportFrom' }>, scope: Scope): string {
    if (s.module === '__future__' && s.level === 0)
      this.#fail('from __future__ imports must occur at the beginning of the file', s);
    const m = this.#id('m');
    const names = s.names.map(({ name }) => name);
    const parts = s.names.map(({ name, asname }, i) => {
      const code = `${this.#store(asname ?? name, `${m}[${i}]`, scope)};`;
      return code;
    });
    return `{const ${m}=importFrom(${JSON.stringify(s.module ?? '')},${JSON.stringify(names)},${s.level});${parts.join('')}}`;
  }

  #class(s: Extract<Stmt, { kind: 'ClassDef' }>, scope: Scope): string {
    const inner = new Scope('class', scope);
    const binder = new Binder();
    binder.body(s.body);
    for (const name of binder.globals) {
      inner.globals.add(name);
      this.#globalNames.add(name);
    }
    for (const name of binder.bound) if (!binder.globals.has(name)) this.declare(inner, name);
    const depth = this.#depth;
    const loops = this.#loops;
    this.#depth = 1;
    this.#loops = [];
    const bases = this.#array(s.bases, scope);
    this.#path.push(s.name);
    const body = this.#body(s.body, inner);
    this.#path.pop();
    this.#depth = depth;
    this.#loops = loops;
    const members = [...inner.variables].map(([name, id]) => `[${JSON.stringify(name)},${id}]`);
    const made = `makeClass(${JSON.stringify(s.name)},${bases},()=>{${this.temporaries(inner)}${body}return [${members.join(',')}]})`;
    if (s.keywords.length > 0) this.#fail('keyword arguments of a class are not supported', s);
    const code = `${this.#store(s.name, this.#decorate(made, s.decorators, scope), scope)};`;
    this.#assigned(s.name, scope);
    return code;
  }
}

/** Parameter names in the order of the slots. */
function slotNames(args: Arguments): string[] {
  const names = [...args.posonly, ...args.args].map((arg) => arg.arg);
  if (args.vararg !== undefined) names.push(args.vararg.arg);
  names.push(...args.kwonly.map((arg) => arg.arg));
  if (args.kwarg !== undefined) names.push(args.kwarg.arg);
  return names;
}

function parametersOf(args: Arguments): Parameters {
  return {
    names: [...args.posonly, ...args.args].map((arg) => arg.arg),
    positionalOnly: args.posonly.length,
    defaults: args.defaults.length,
    rest: args.vararg?.arg,
    keywordOnly: args.kwonly.map((arg) => arg.arg),
    required: new Set(
      args.kwonly.filter((_arg, i) => args.kwDefaults[i] === undefined).map((arg) => arg.arg),
    ),
    keywords: args.kwarg?.arg,
  };
}

function intLiteral(n: PyInt): string {
  return typeof n === 'bigint' ? `${n}n` : String(n);
}

/** A string literal; line separators are escaped, for they would move the lines. */
function text(s: string): string {
  return JSON.stringify(s).replace(/[\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16)}`);
}

/** All `global` declarations of a body, at any depth. */
function collectGlobals(body: readonly Stmt[], into: Set<string>): void {
  for (const s of body) {
    if (s.kind === 'Global') for (const name of s.names) into.add(name);
    for (const part of ['body', 'orelse', 'finalbody'] as const) {
      const inner = (s as unknown as Record<string, unknown>)[part];
      if (Array.isArray(inner)) collectGlobals(inner as Stmt[], into);
    }
    if (s.kind === 'Try') for (const handler of s.handlers) collectGlobals(handler.body, into);
  }
}

/** The lists of targets in a list of targets. */
function nestedTargets({ elts }: { readonly elts: readonly Expr[] }): NestedTargets[] {
  const star = elts.findIndex((e) => e.kind === 'Starred');
  return elts.flatMap((e, i): NestedTargets[] =>
    e.kind === 'Tuple' || e.kind === 'List'
      ? [
          [
            star !== -1 && i > star ? i - elts.length : i,
            e.elts.length,
            e.elts.findIndex((each) => each.kind === 'Starred'),
            nestedTargets(e),
          ],
        ]
      : [],
  );
}
