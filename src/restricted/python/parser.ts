/**
 * Recursive-descent parser for Python 3.11. It reads the whole language as far as statements go, also those that the subset
 * refuses, so that they are refused by name. One file: the grammar's rules call each other in circles.
 */
import { PySyntaxError } from '../runtime/errors.ts';
import { parseIntText } from '../runtime/number-text.ts';
import type {
  Alias,
  Arg,
  Arguments,
  Comprehension,
  Context,
  Expr,
  Handler,
  JoinedStr,
  Keyword,
  Name,
  Position,
  Stmt,
} from './ast.ts';
import { bytesOf, type FPart, LiteralError, splitFString, unescapeText } from './strings.ts';
import { IndentedError, type SourceInfo, type Token, tokenize, type TokenType } from './tokens.ts';

const KEYWORDS = new Set(
  `False None True and as assert async await break class continue def del elif else except finally for from global if import
  in is lambda nonlocal not or pass raise return try while with yield`.split(/\s+/),
);
const AUGMENTED = new Set(['+=', '-=', '*=', '/=', '//=', '%=', '**=', '>>=', '<<=', '&=', '^=', '|=', '@=']);
const BINARY: Record<string, number> = {
  '|': 1,
  '^': 2,
  '&': 3,
  '<<': 4,
  '>>': 4,
  '+': 5,
  '-': 5,
  '*': 6,
  '/': 6,
  '//': 6,
  '%': 6,
  '@': 6,
};
/** Nested expressions and blocks; V8's stack allows more, so the message comes from here. */
const MAX_DEPTH = 180;

/** Parses a module or a function body. */
export function parseModule(source: string, info: SourceInfo): Stmt[] {
  return new Parser(source, info).module();
}

/** Parses one expression; line breaks are blanks to it. */
export function parseExpression(source: string, info: SourceInfo): Expr {
  return new Parser(source, { ...info, joined: true }).expressionInput();
}

/** Parses the text of a parameter list. */
export function parseParameters(text: string, info: SourceInfo): Arguments {
  return new Parser(`(${text}\n)`, info).parameterInput();
}

class Parser {
  readonly #tokens: Token[];
  readonly #info: SourceInfo;
  readonly #lines: string[];
  #at = 0;
  #depth = 0;

  constructor(source: string, info: SourceInfo) {
    this.#info = info;
    this.#lines = source.split(/\r\n?|\n/);
    this.#tokens = tokenize(source, info);
  }

  get #token(): Token {
    return this.#tokens[this.#at]!;
  }

  /** The type of the current token, without TypeScript's memory of an earlier one. */
  #type(): TokenType {
    return this.#tokens[this.#at]!.type;
  }

  #fail(message = 'invalid syntax', at: Position = this.#token, indentation = false): never {
    const text = this.#lines[at.line - this.#info.line]?.trim();
    throw new (indentation ? IndentedError : PySyntaxError)(
      message,
      at.line,
      at.column,
      this.#info.filename,
      text,
    );
  }

  #is(text: string): boolean {
    const { type, text: own } = this.#token;
    return own === text && (type === 'op' || type === 'name');
  }

  #take(text: string): boolean {
    if (!this.#is(text)) return false;
    this.#at++;
    return true;
  }

  #expect(text: string): Token {
    const token = this.#token;
    if (!this.#take(text))
      this.#fail(text === ':' && token.type === 'newline' ? "expected ':'" : 'invalid syntax');
    return token;
  }

  #identifier(): string {
    const { type, text } = this.#token;
    if (type !== 'name' || KEYWORDS.has(text)) this.#fail();
    this.#at++;
    return text;
  }

  #deeper<T>(parse: () => T): T {
    if (++this.#depth > MAX_DEPTH) this.#fail('too many nested parentheses');
    const result = parse();
    this.#depth--;
    return result;
  }

  module(): Stmt[] {
    const body: Stmt[] = [];
    while (this.#type() !== 'end') {
      if (this.#type() === 'indent') this.#fail('unexpected indent', this.#token, true);
      if (this.#type() === 'newline') {
        this.#at++;
        continue;
      }
      this.#statement(body);
    }
    return body;
  }

  expressionInput(): Expr {
    const value = this.#expressionList();
    if (this.#type() === 'newline') this.#at++;
    if (this.#type() !== 'end') this.#fail();
    return value;
  }

  parameterInput(): Arguments {
    this.#expect('(');
    const args = this.#parameters(')', true);
    this.#expect(')');
    if (this.#type() === 'newline') this.#at++;
    if (this.#type() !== 'end') this.#fail();
    return args;
  }

  // Statements

  #statement(into: Stmt[]): void {
    const compound = this.#compound();
    if (compound !== undefined) {
      into.push(compound);
      return;
    }
    for (;;) {
      into.push(this.#simple());
      if (this.#take(';')) {
        if (this.#type() !== 'newline') continue;
      }
      if (this.#type() !== 'newline') this.#fail(this.#printHint(into.at(-1)!));
      this.#at++;
      return;
    }
  }

  /** Python 2's statements deserve a better message. */
  #printHint(last: Stmt): string {
    if (
      last.kind === 'Expr' &&
      last.value.kind === 'Name' &&
      (last.value.id === 'print' || last.value.id === 'exec')
    )
      return `Missing parentheses in call to '${last.value.id}'. Did you mean ${last.value.id}(...)?`;
    return 'invalid syntax';
  }

  #compound(): Stmt | undefined {
    const token = this.#token;
    if (token.type === 'op') return token.text === '@' ? this.#decorated() : undefined;
    if (token.type !== 'name') return undefined;
    switch (token.text) {
      case 'if':
        return this.#if();
      case 'while':
        return this.#while();
      case 'for':
        return this.#for();
      case 'try':
        return this.#try();
      case 'with':
        return this.#with();
      case 'def':
        return this.#def([]);
      case 'class':
        return this.#class([]);
      case 'async':
        return this.#async();
      case 'match':
        return this.#isMatch() ? this.#match() : undefined;
      default:
        return undefined;
    }
  }

  #at_(): Position {
    const { line, column } = this.#token;
    return { line, column };
  }

  #block(what: string, line: number): Stmt[] {
    this.#expect(':');
    const body: Stmt[] = [];
    if (this.#type() !== 'newline') {
      if (this.#compoundAhead()) this.#fail();
      this.#statement(body);
      return body;
    }
    this.#at++;
    if (this.#type() !== 'indent')
      this.#fail(`expected an indented block after ${what} on line ${line}`, this.#token, true);
    this.#at++;
    return this.#deeper(() => {
      while (this.#type() !== 'dedent' && this.#type() !== 'end') {
        if (this.#type() === 'indent') this.#fail('unexpected indent', this.#token, true);
        this.#statement(body);
      }
      if (this.#type() === 'dedent') this.#at++;
      return body;
    });
  }

  #compoundAhead(): boolean {
    return this.#type() === 'name' && /^(?:if|while|for|try|with|def|class|async)$/.test(this.#token.text);
  }

  #if(word = 'if'): Stmt {
    const at = this.#at_();
    this.#at++;
    const test = this.#named();
    const body = this.#block(`'${word}' statement`, at.line);
    let orelse: Stmt[] = [];
    const next = this.#at_();
    if (this.#is('elif')) orelse = [this.#if('elif')];
    else if (this.#take('else')) orelse = this.#block("'else' statement", next.line);
    return { kind: 'If', test, body, orelse, ...at };
  }

  #else(): Stmt[] {
    const { line } = this.#token;
    return this.#take('else') ? this.#block("'else' statement", line) : [];
  }

  #while(): Stmt {
    const at = this.#at_();
    this.#at++;
    const test = this.#named();
    const body = this.#block("'while' statement", at.line);
    return { kind: 'While', test, body, orelse: this.#else(), ...at };
  }

  #for(): Stmt {
    const at = this.#at_();
    this.#at++;
    const target = this.#target(this.#targetList(), 'Store');
    this.#expect('in');
    const iter = this.#starList();
    const body = this.#block("'for' statement", at.line);
    return { kind: 'For', target, iter, body, orelse: this.#else(), ...at };
  }

  #try(): Stmt {
    const at = this.#at_();
    this.#at++;
    const body = this.#block("'try' statement", at.line);
    const handlers: Handler[] = [];
    let star = false;
    while (this.#is('except')) {
      const here = this.#at_();
      this.#at++;
      if (this.#take('*')) star = true;
      const type = this.#is(':') ? undefined : this.#expressionList();
      if (type?.kind === 'Tuple' && this.#tokens[this.#at - 1]?.text !== ')')
        this.#fail('multiple exception types must be parenthesized', type);
      const name = type !== undefined && this.#take('as') ? this.#identifier() : undefined;
      handlers.push({ type, name, body: this.#block("'except' statement", here.line), ...here });
    }
    const bare = handlers.findIndex((handler) => handler.type === undefined);
    const orelse = handlers.length > 0 ? this.#else() : [];
    const { line } = this.#token;
    const finalbody = this.#take('finally') ? this.#block("'finally' statement", line) : [];
    if (handlers.length === 0 && finalbody.length === 0) this.#fail("expected 'except' or 'finally' block");
    if (star) return { kind: 'TryStar', ...at };
    if (bare !== -1 && bare < handlers.length - 1)
      this.#fail("default 'except:' must be last", handlers[bare]);
    return { kind: 'Try', body, handlers, orelse, finalbody, ...at };
  }

  #with(): Stmt {
    const at = this.#at_();
    this.#at++;
    const items: { context: Expr; vars: Expr | undefined }[] = [];
    const grouped = this.#is('(') && this.#groupedWith();
    if (grouped) this.#at++;
    do {
      if (grouped && this.#is(')')) break;
      const context = this.#expression();
      const vars = this.#take('as') ? this.#target(this.#star(), 'Store') : undefined;
      items.push({ context, vars });
    } while (this.#take(','));
    if (grouped) this.#expect(')');
    return { kind: 'With', items, body: this.#block("'with' statement", at.line), ...at };
  }

  /** `with (a as b, c as d):` — parentheses around the items, not around one expression. */
  #groupedWith(): boolean {
    let depth = 0;
    let as = false;
    for (let i = this.#at; i < this.#tokens.length; i++) {
      const { type, text } = this.#tokens[i]!;
      if (type === 'newline' || type === 'end') return false;
      if (type === 'name' && text === 'as' && depth === 1) as = true;
      if (type !== 'op') continue;
      if ('([{'.includes(text)) depth++;
      else if (')]}'.includes(text) && --depth === 0) return as && this.#tokens[i + 1]?.text === ':';
    }
    return false;
  }

  #decorated(): Stmt {
    const decorators: Expr[] = [];
    while (this.#take('@')) {
      decorators.push(this.#named());
      if (this.#type() !== 'newline') this.#fail();
      this.#at++;
    }
    if (this.#is('def')) return this.#def(decorators);
    if (this.#is('class')) return this.#class(decorators);
    if (this.#is('async')) return this.#async();
    return this.#fail();
  }

  #def(decorators: Expr[]): Stmt {
    const at = this.#at_();
    this.#at++;
    const name = this.#identifier();
    this.#expect('(');
    const args = this.#parameters(')', true);
    this.#expect(')');
    const returns = this.#take('->') ? this.#expressionList() : undefined;
    const body = this.#block('function definition', at.line);
    return { kind: 'FunctionDef', name, args, body, decorators, returns, ...at };
  }

  #class(decorators: Expr[]): Stmt {
    const at = this.#at_();
    this.#at++;
    const name = this.#identifier();
    const { args: bases, keywords } = this.#take('(') ? this.#arguments() : { args: [], keywords: [] };
    const body = this.#block('class definition', at.line);
    return { kind: 'ClassDef', name, bases, keywords, body, decorators, ...at };
  }

  #async(): Stmt {
    const at = this.#at_();
    this.#at++;
    if (this.#is('def')) {
      this.#def([]);
      return { kind: 'AsyncFunctionDef', ...at };
    }
    if (this.#is('for')) {
      this.#for();
      return { kind: 'AsyncFor', ...at };
    }
    if (this.#is('with')) {
      this.#with();
      return { kind: 'AsyncWith', ...at };
    }
    return this.#fail();
  }

  /** `match` is a name like any other unless a block of cases follows. */
  #isMatch(): boolean {
    for (let i = this.#at; ; i++) {
      const { type } = this.#tokens[i]!;
      if (type === 'end') return false;
      if (type === 'newline')
        return (
          i > this.#at + 1 &&
          this.#tokens[i - 1]!.text === ':' &&
          this.#tokens[i + 1]?.type === 'indent' &&
          this.#tokens[i + 2]?.text === 'case'
        );
    }
  }

  #match(): Stmt {
    const at = this.#at_();
    while (this.#type() !== 'newline') this.#at++;
    this.#at++;
    for (let depth = 0; ;) {
      const { type } = this.#token;
      if (type === 'end') break;
      this.#at++;
      if (type === 'indent') depth++;
      if (type === 'dedent' && --depth === 0) break;
    }
    return { kind: 'Match', ...at };
  }

  #simple(): Stmt {
    const at = this.#at_();
    const { type, text } = this.#token;
    if (type === 'name') {
      switch (text) {
        case 'pass':
          this.#at++;
          return { kind: 'Pass', ...at };
        case 'break':
          this.#at++;
          return { kind: 'Break', ...at };
        case 'continue':
          this.#at++;
          return { kind: 'Continue', ...at };
        case 'return':
          this.#at++;
          return { kind: 'Return', value: this.#ends() ? undefined : this.#starList(), ...at };
        case 'raise':
          return this.#raise(at);
        case 'global':
        case 'nonlocal': {
          this.#at++;
          const names = [this.#identifier()];
          while (this.#take(',')) names.push(this.#identifier());
          return text === 'global' ? { kind: 'Global', names, ...at } : { kind: 'Nonlocal', ...at };
        }
        case 'del': {
          this.#at++;
          const list = this.#targetList();
          const targets = list.kind === 'Tuple' && !this.#wasBracketed(list) ? list.elts : [list];
          for (const target of targets) this.#target(target, 'Del');
          return { kind: 'Delete', targets, ...at };
        }
        case 'assert': {
          this.#at++;
          const test = this.#expression();
          return { kind: 'Assert', test, msg: this.#take(',') ? this.#expression() : undefined, ...at };
        }
        case 'import':
          return this.#import(at);
        case 'from':
          return this.#from(at);
        default:
      }
    }
    return this.#expressionStatement(at);
  }

  #ends(): boolean {
    return this.#type() === 'newline' || this.#is(';') || this.#type() === 'end';
  }

  #raise(at: Position): Stmt {
    this.#at++;
    if (this.#ends()) return { kind: 'Raise', exc: undefined, cause: undefined, ...at };
    const exc = this.#expression();
    return { kind: 'Raise', exc, cause: this.#take('from') ? this.#expression() : undefined, ...at };
  }

  #dotted(): string {
    let name = this.#identifier();
    while (this.#take('.')) name += `.${this.#identifier()}`;
    return name;
  }

  #import(at: Position): Stmt {
    this.#at++;
    const names: Alias[] = [];
    do {
      const here = this.#at_();
      const name = this.#dotted();
      names.push({ name, asname: this.#take('as') ? this.#identifier() : undefined, ...here });
    } while (this.#take(','));
    return { kind: 'Import', names, ...at };
  }

  #from(at: Position): Stmt {
    this.#at++;
    let level = 0;
    while (this.#is('.') || this.#is('...')) {
      level += this.#token.text.length;
      this.#at++;
    }
    const module = level > 0 && this.#is('import') ? undefined : this.#dotted();
    this.#expect('import');
    const names: Alias[] = [];
    if (this.#is('*')) {
      names.push({ name: '*', asname: undefined, ...this.#at_() });
      this.#at++;
    } else {
      const grouped = this.#take('(');
      do {
        if (grouped && this.#is(')')) break;
        const here = this.#at_();
        const name = this.#identifier();
        names.push({ name, asname: this.#take('as') ? this.#identifier() : undefined, ...here });
      } while (this.#take(','));
      if (grouped) this.#expect(')');
      else if (this.#tokens[this.#at - 1]!.text === ',')
        this.#fail('trailing comma not allowed without surrounding parentheses');
    }
    return { kind: 'ImportFrom', module, names, level, ...at };
  }

  #expressionStatement(at: Position): Stmt {
    const first = this.#starList();
    if (this.#type() === 'op') {
      const { text } = this.#token;
      if (text === '=') {
        const targets: Expr[] = [];
        let value = first;
        while (this.#take('=')) {
          targets.push(this.#target(value, 'Store'));
          value = this.#is('yield') ? this.#yield() : this.#starList();
        }
        return { kind: 'Assign', targets, value, ...at };
      }
      if (AUGMENTED.has(text)) {
        if (first.kind !== 'Name' && first.kind !== 'Attribute' && first.kind !== 'Subscript')
          this.#fail(`'${describe(first)}' is an illegal expression for augmented assignment`, first);
        this.#at++;
        const value = this.#is('yield') ? this.#yield() : this.#starList();
        return {
          kind: 'AugAssign',
          target: this.#target(first, 'Store'),
          op: text.slice(0, -1),
          value,
          ...at,
        };
      }
      if (text === ':') {
        if (first.kind === 'Name' || first.kind === 'Attribute' || first.kind === 'Subscript') {
          this.#at++;
          this.#expression();
          if (this.#take('=')) this.#starList();
          return { kind: 'AnnAssign', ...at };
        }
      }
    }
    return { kind: 'Expr', value: first, ...at };
  }

  // Targets

  #bracketed = new WeakSet<object>();

  #wasBracketed(e: Expr): boolean {
    return this.#bracketed.has(e);
  }

  /** Targets of `for` and `del`: no comparison, so that `in` stays free. */
  #targetList(): Expr {
    const at = this.#at_();
    const first = this.#starOperand();
    if (!this.#is(',')) return first;
    const elts = [first];
    while (this.#take(',')) {
      if (this.#is('in') || this.#is('=') || this.#ends()) break;
      elts.push(this.#starOperand());
    }
    return { kind: 'Tuple', elts, ctx: 'Load', ...at };
  }

  #starOperand(): Expr {
    const at = this.#at_();
    return this.#take('*') ? { kind: 'Starred', value: this.#binary(1), ...at } : this.#binary(1);
  }

  /** Turns an expression into a target, or says why it cannot be one. */
  #target(e: Expr, ctx: Context): Expr {
    switch (e.kind) {
      case 'Name':
      case 'Attribute':
      case 'Subscript':
        e.ctx = ctx;
        return e;
      case 'Tuple':
      case 'List': {
        e.ctx = ctx;
        let stars = 0;
        for (const one of e.elts) {
          this.#target(one, ctx);
          if (one.kind === 'Starred' && ++stars > 1)
            this.#fail('multiple starred expressions in assignment', one);
        }
        return e;
      }
      case 'Starred':
        if (ctx === 'Del') this.#fail('cannot delete starred', e);
        this.#target(e.value, ctx);
        return e;
      default: {
        const verb = ctx === 'Del' ? 'delete' : 'assign to';
        const hint =
          ctx === 'Store' && this.#tokens[this.#at - 1]?.text === '=' && e.kind !== 'Constant' ? '' : '';
        const here =
          ctx === 'Store' && !['Lambda', 'GeneratorExp', 'Yield', 'YieldFrom', 'NamedExpr'].includes(e.kind)
            ? " here. Maybe you meant '==' instead of '='?"
            : '';
        return this.#fail(
          `cannot ${verb} ${describe(e)}${hint}${e.kind === 'Constant' && e.value.type === 'word' ? '' : here}`,
          e,
        );
      }
    }
  }

  // Expressions

  /** `a, *b, c`: a tuple where there is a comma. */
  #starList(): Expr {
    if (this.#is('yield')) return this.#yield();
    const at = this.#at_();
    const first = this.#star();
    if (!this.#is(',')) {
      if (first.kind === 'Starred' && !this.#is('=')) this.#fail("can't use starred expression here", first);
      return first;
    }
    const elts = [first];
    while (this.#take(',')) {
      if (!this.#startsExpression()) break;
      elts.push(this.#star());
    }
    return { kind: 'Tuple', elts, ctx: 'Load', ...at };
  }

  #expressionList(): Expr {
    return this.#starList();
  }

  #star(): Expr {
    const at = this.#at_();
    return this.#take('*') ? { kind: 'Starred', value: this.#binary(1), ...at } : this.#named();
  }

  #startsExpression(): boolean {
    const { type, text } = this.#token;
    if (type === 'number' || type === 'string') return true;
    if (type === 'op') return ['(', '[', '{', '-', '+', '~', '*', '...'].includes(text);
    return (
      type === 'name' &&
      (!KEYWORDS.has(text) || ['None', 'True', 'False', 'not', 'lambda', 'await', 'yield'].includes(text))
    );
  }

  /** An expression, or an assignment expression. */
  #named(): Expr {
    const value = this.#expression();
    if (!this.#is(':=')) return value;
    if (value.kind !== 'Name') this.#fail(`cannot use assignment expressions with ${describe(value)}`, value);
    this.#at++;
    const { line, column } = value;
    const target: Name = { ...value, ctx: 'Store' };
    return { kind: 'NamedExpr', target, value: this.#expression(), line, column };
  }

  #yield(): Expr {
    const at = this.#at_();
    this.#expect('yield');
    if (this.#take('from')) return { kind: 'YieldFrom', value: this.#expression(), ...at };
    const empty = this.#ends() || this.#is(')') || this.#is(']') || this.#is('}') || this.#is('=');
    return { kind: 'Yield', value: empty ? undefined : this.#starList(), ...at };
  }

  #expression(): Expr {
    return this.#deeper(() => {
      const at = this.#at_();
      if (this.#is('lambda')) return this.#lambda(at);
      const body = this.#or();
      if (!this.#is('if')) return body;
      this.#at++;
      const test = this.#or();
      if (!this.#is('else')) this.#fail("expected 'else' after 'if' expression", body);
      this.#at++;
      return { kind: 'IfExp', test, body, orelse: this.#expression(), ...at };
    });
  }

  #lambda(at: Position): Expr {
    this.#at++;
    const args = this.#parameters(':', false);
    this.#expect(':');
    return { kind: 'Lambda', args, body: this.#expression(), ...at };
  }

  #or(): Expr {
    return this.#boolean('or', () => this.#boolean('and', () => this.#not()));
  }

  #boolean(op: 'and' | 'or', operand: () => Expr): Expr {
    const at = this.#at_();
    const first = operand();
    if (!this.#is(op)) return first;
    const values = [first];
    while (this.#take(op)) values.push(operand());
    return { kind: 'BoolOp', op, values, ...at };
  }

  #not(): Expr {
    const at = this.#at_();
    if (!this.#take('not')) return this.#comparison();
    return this.#deeper(() => ({ kind: 'UnaryOp', op: 'not', operand: this.#not(), ...at }));
  }

  #comparison(): Expr {
    const at = this.#at_();
    const left = this.#binary(1);
    const ops: string[] = [];
    const comparators: Expr[] = [];
    for (let op = this.#comparator(); op !== undefined; op = this.#comparator()) {
      ops.push(op);
      comparators.push(this.#binary(1));
    }
    return ops.length === 0 ? left : { kind: 'Compare', left, ops, comparators, ...at };
  }

  #comparator(): string | undefined {
    const { type, text } = this.#token;
    if (type === 'op') {
      if (!['<', '>', '<=', '>=', '==', '!='].includes(text)) return undefined;
      this.#at++;
      return text;
    }
    if (type !== 'name') return undefined;
    if (text === 'in') {
      this.#at++;
      return 'in';
    }
    if (text === 'not' && this.#tokens[this.#at + 1]?.text === 'in') {
      this.#at += 2;
      return 'not in';
    }
    if (text !== 'is') return undefined;
    this.#at++;
    return this.#take('not') ? 'is not' : 'is';
  }

  #binary(level: number): Expr {
    const at = this.#at_();
    let left = this.#unary();
    for (;;) {
      const { type, text } = this.#token;
      const priority = type === 'op' ? BINARY[text] : undefined;
      if (priority === undefined || priority < level) return left;
      this.#at++;
      const right = this.#binary(priority + 1);
      left = { kind: 'BinOp', op: text, left, right, ...at };
    }
  }

  #unary(): Expr {
    const at = this.#at_();
    const { type, text } = this.#token;
    if (type === 'op' && (text === '-' || text === '+' || text === '~')) {
      this.#at++;
      return this.#deeper(() => ({ kind: 'UnaryOp', op: text, operand: this.#unary(), ...at }));
    }
    return this.#power();
  }

  #power(): Expr {
    const at = this.#at_();
    const base = this.#take('await')
      ? { kind: 'Await' as const, value: this.#primary(), ...at }
      : this.#primary();
    if (!this.#take('**')) return base;
    return this.#deeper(() => ({ kind: 'BinOp', op: '**', left: base, right: this.#unary(), ...at }));
  }

  #primary(): Expr {
    const at = this.#at_();
    let value = this.#atom();
    for (;;) {
      if (this.#take('.')) value = { kind: 'Attribute', value, attr: this.#identifier(), ctx: 'Load', ...at };
      else if (this.#take('('))
        value = { kind: 'Call', func: value, ...this.#deeper(() => this.#arguments()), ...at };
      else if (this.#take('[')) {
        const object = value;
        value = this.#deeper(() => ({
          kind: 'Subscript',
          value: object,
          slice: this.#slices(),
          ctx: 'Load',
          ...at,
        }));
        this.#expect(']');
      } else return value;
    }
  }

  #slices(): Expr {
    const at = this.#at_();
    const first = this.#slice();
    if (!this.#is(',')) {
      if (first.kind === 'Starred') return { kind: 'Tuple', elts: [first], ctx: 'Load', ...at };
      return first;
    }
    const elts = [first];
    while (this.#take(',')) {
      if (this.#is(']')) break;
      elts.push(this.#slice());
    }
    return { kind: 'Tuple', elts, ctx: 'Load', ...at };
  }

  #slice(): Expr {
    const at = this.#at_();
    const lower = this.#is(':') ? undefined : this.#star();
    if (!this.#is(':')) return lower!;
    this.#at++;
    const stop = (): boolean => this.#is(':') || this.#is(']') || this.#is(',');
    const upper = stop() ? undefined : this.#expression();
    const step = this.#take(':') && !stop() ? this.#expression() : undefined;
    return { kind: 'Slice', lower, upper, step, ...at };
  }

  #arguments(): { args: Expr[]; keywords: Keyword[] } {
    const args: Expr[] = [];
    const keywords: Keyword[] = [];
    const seen = new Set<string>();
    while (!this.#is(')')) {
      const at = this.#at_();
      if (this.#take('**')) keywords.push({ arg: undefined, value: this.#expression(), ...at });
      else if (this.#take('*')) {
        if (keywords.some((keyword) => keyword.arg === undefined))
          this.#fail('iterable argument unpacking follows keyword argument unpacking', at);
        args.push({ kind: 'Starred', value: this.#expression(), ...at });
      } else if (
        this.#type() === 'name' &&
        this.#tokens[this.#at + 1]?.text === '=' &&
        this.#tokens[this.#at + 1]?.type === 'op'
      ) {
        if (KEYWORDS.has(this.#token.text)) {
          const { text } = this.#token;
          this.#fail(
            ['True', 'False', 'None'].includes(text) ? `cannot assign to ${text}` : 'invalid syntax',
          );
        }
        const arg = this.#identifier();
        this.#at++;
        if (seen.has(arg)) this.#fail(`keyword argument repeated: ${arg}`, at);
        seen.add(arg);
        keywords.push({ arg, value: this.#expression(), ...at });
      } else {
        const value = this.#named();
        if (this.#is('for') || this.#is('async')) {
          const generator = this.#generator(value, at);
          if (
            args.length > 0 ||
            keywords.length > 0 ||
            (this.#is(',') && this.#tokens[this.#at + 1]?.text !== ')')
          )
            this.#fail('Generator expression must be parenthesized', at);
          args.push(generator);
        } else {
          if (keywords.length > 0)
            this.#fail(
              keywords.some((keyword) => keyword.arg === undefined)
                ? 'positional argument follows keyword argument unpacking'
                : 'positional argument follows keyword argument',
              at,
            );
          if (this.#is('=')) this.#fail(`expression cannot contain assignment, perhaps you meant "=="?`, at);
          args.push(value);
        }
      }
      if (!this.#take(',')) break;
    }
    if (!this.#is(')'))
      this.#fail(this.#startsExpression() ? 'invalid syntax. Perhaps you forgot a comma?' : 'invalid syntax');
    this.#at++;
    return { args, keywords };
  }

  #generator(elt: Expr, at: Position): Expr {
    return { kind: 'GeneratorExp', elt, generators: this.#comprehensions(), ...at };
  }

  #comprehensions(): Comprehension[] {
    const generators: Comprehension[] = [];
    for (;;) {
      const async = this.#take('async');
      if (!async && !this.#is('for')) break;
      this.#expect('for');
      const target = this.#target(this.#targetList(), 'Store');
      this.#expect('in');
      const iter = this.#or_();
      const ifs: Expr[] = [];
      while (this.#take('if')) ifs.push(this.#condition());
      generators.push({ target, iter, ifs, async });
    }
    return generators;
  }

  /** The iterable of a comprehension: a disjunction, or a lambda never. */
  #or_(): Expr {
    return this.#deeper(() => this.#or());
  }

  #condition(): Expr {
    const value = this.#deeper(() => this.#or());
    if (!this.#is(':=') || value.kind !== 'Name') return value;
    this.#at++;
    const { line, column } = value;
    return { kind: 'NamedExpr', target: { ...value, ctx: 'Store' }, value: this.#or_(), line, column };
  }

  #atom(): Expr {
    const at = this.#at_();
    const { type, text } = this.#token;
    switch (type) {
      case 'name':
        if (text === 'None' || text === 'True' || text === 'False') {
          this.#at++;
          return { kind: 'Constant', value: { type: 'word', value: text }, ...at };
        }
        return { kind: 'Name', id: this.#identifier(), ctx: 'Load', ...at };
      case 'number':
        this.#at++;
        return this.#number(text, at);
      case 'string':
        return this.#strings(at);
      case 'op':
        if (text === '(') return this.#deeper(() => this.#parenthesized(at));
        if (text === '[') return this.#deeper(() => this.#listDisplay(at));
        if (text === '{') return this.#deeper(() => this.#braces(at));
        if (text === '...') {
          this.#at++;
          return { kind: 'Constant', value: { type: 'word', value: 'Ellipsis' }, ...at };
        }
        return this.#fail();
      default:
        return this.#fail();
    }
  }

  #number(text: string, at: Position): Expr {
    if (/[jJ]$/.test(text))
      return {
        kind: 'Constant',
        value: { type: 'imaginary', value: Number(text.slice(0, -1).replaceAll('_', '')) },
        ...at,
      };
    if (/^0[xXoObB]/.test(text) || /^[0-9_]+$/.test(text)) {
      try {
        const value = parseIntText(text, /^0[xXoObB]/.test(text) ? 0 : 10);
        return { kind: 'Constant', value: { type: 'int', value: value! }, ...at };
      } catch {
        return this.#fail('Exceeds the limit (4300 digits) for integer string conversion', at);
      }
    }
    return { kind: 'Constant', value: { type: 'float', value: Number(text.replaceAll('_', '')) }, ...at };
  }

  /** Adjacent literals are one. */
  #strings(at: Position): Expr {
    const parts: Expr[] = [];
    let bytes: Uint8Array | undefined;
    let text = '';
    let formatted = false;
    let plain = false;
    const flush = (): void => {
      if (text !== '') parts.push({ kind: 'Constant', value: { type: 'str', value: text }, ...at });
      text = '';
    };
    while (this.#type() === 'string') {
      const token = this.#token;
      this.#at++;
      const [, prefix, quote] = /^([a-zA-Z]*)('''|"""|'|")/.exec(token.text) as unknown as [
        string,
        string,
        string,
      ];
      const body = token.text.slice(prefix.length + quote.length, -quote.length);
      const raw = /r/i.test(prefix);
      try {
        if (/b/i.test(prefix)) {
          bytes = new Uint8Array(Buffer.concat([bytes ?? new Uint8Array(), bytesOf(body, raw)]));
          continue;
        }
        plain = true;
        if (!/f/i.test(prefix)) {
          text += raw ? body : unescapeText(body);
          continue;
        }
        formatted = true;
        for (const part of splitFString(body, raw)) {
          if ('text' in part) text += part.text;
          else {
            flush();
            parts.push(this.#formatted(part, token));
          }
        }
      } catch (error) {
        if (error instanceof LiteralError) this.#fail(error.message, token);
        throw error;
      }
    }
    if (bytes !== undefined) {
      if (plain) this.#fail('cannot mix bytes and nonbytes literals', at);
      return { kind: 'Constant', value: { type: 'bytes', value: bytes }, ...at };
    }
    if (!formatted) return { kind: 'Constant', value: { type: 'str', value: text }, ...at };
    flush();
    return { kind: 'JoinedStr', values: parts, ...at };
  }

  #formatted(part: Exclude<FPart, { text: string }>, token: Token): Expr {
    const line = token.line + part.lines;
    const at = { line, column: token.column };
    const info = { filename: this.#info.filename, line, column: token.column };
    const value = this.#deeper(() => new Parser(part.source, { ...info, joined: true }).expressionInput());
    const spec = part.spec === undefined ? undefined : this.#spec(part.spec, token);
    return { kind: 'FormattedValue', value, conversion: part.conversion, spec, ...at };
  }

  #spec(parts: FPart[], token: Token): JoinedStr {
    const at = { line: token.line, column: token.column };
    const values = parts.map((part): Expr =>
      'text' in part
        ? { kind: 'Constant', value: { type: 'str', value: part.text }, ...at }
        : this.#formatted(part, token),
    );
    return { kind: 'JoinedStr', values, ...at };
  }

  #parenthesized(at: Position): Expr {
    this.#at++;
    if (this.#take(')')) return { kind: 'Tuple', elts: [], ctx: 'Load', ...at };
    if (this.#is('yield')) {
      const value = this.#yield();
      this.#expect(')');
      return value;
    }
    const first = this.#star();
    if (this.#is('for') || this.#is('async')) {
      const generator = this.#generator(first, at);
      this.#expect(')');
      return generator;
    }
    if (!this.#is(',')) {
      if (first.kind === 'Starred') this.#fail('cannot use starred expression here', first);
      this.#close(')');
      return first;
    }
    const elts = [first];
    while (this.#take(',')) {
      if (this.#is(')')) break;
      elts.push(this.#star());
    }
    this.#close(')');
    const value: Expr = { kind: 'Tuple', elts, ctx: 'Load', ...at };
    this.#bracketed.add(value);
    return value;
  }

  #close(bracket: string): void {
    if (!this.#take(bracket))
      this.#fail(this.#startsExpression() ? 'invalid syntax. Perhaps you forgot a comma?' : 'invalid syntax');
  }

  #listDisplay(at: Position): Expr {
    this.#at++;
    const elts: Expr[] = [];
    if (!this.#is(']')) {
      elts.push(this.#star());
      if (this.#is('for') || this.#is('async')) {
        const generators = this.#comprehensions();
        this.#expect(']');
        return { kind: 'ListComp', elt: elts[0]!, generators, ...at };
      }
      while (this.#take(',')) {
        if (this.#is(']')) break;
        elts.push(this.#star());
      }
    }
    this.#close(']');
    const value: Expr = { kind: 'List', elts, ctx: 'Load', ...at };
    this.#bracketed.add(value);
    return value;
  }

  #braces(at: Position): Expr {
    this.#at++;
    if (this.#take('}')) return { kind: 'Dict', keys: [], values: [], ...at };
    if (this.#is('**')) return this.#dict(at, undefined);
    const first = this.#star();
    if (this.#is(':') && first.kind !== 'Starred') return this.#dict(at, first);
    if (this.#is('for') || this.#is('async')) {
      const generators = this.#comprehensions();
      this.#expect('}');
      return { kind: 'SetComp', elt: first, generators, ...at };
    }
    const elts = [first];
    while (this.#take(',')) {
      if (this.#is('}')) break;
      elts.push(this.#star());
    }
    this.#close('}');
    return { kind: 'Set', elts, ...at };
  }

  #dict(at: Position, first: Expr | undefined): Expr {
    const keys: (Expr | undefined)[] = [];
    const values: Expr[] = [];
    let key = first;
    for (;;) {
      if (key === undefined && this.#take('**')) {
        keys.push(undefined);
        values.push(this.#binary(1));
      } else {
        key ??= this.#expression();
        if (!this.#is(':')) this.#fail("':' expected after dictionary key");
        this.#at++;
        const value = this.#expression();
        if (keys.length === 0 && (this.#is('for') || this.#is('async'))) {
          const generators = this.#comprehensions();
          this.#expect('}');
          return { kind: 'DictComp', key, value, generators, ...at };
        }
        keys.push(key);
        values.push(value);
      }
      key = undefined;
      if (!this.#take(',') || this.#is('}')) break;
    }
    this.#close('}');
    return { kind: 'Dict', keys, values, ...at };
  }

  // Parameters

  #parameters(end: string, annotated: boolean): Arguments {
    const posonly: Arg[] = [];
    let args: Arg[] = [];
    const defaults: Expr[] = [];
    const kwonly: Arg[] = [];
    const kwDefaults: (Expr | undefined)[] = [];
    let vararg: Arg | undefined;
    let kwarg: Arg | undefined;
    let star = false;
    const seen = new Set<string>();
    const name = (): Arg => {
      const at = this.#at_();
      const arg = this.#identifier();
      if (seen.has(arg)) this.#fail(`duplicate argument '${arg}' in function definition`, at);
      seen.add(arg);
      return { arg, annotation: annotated && this.#take(':') ? this.#star() : undefined, ...at };
    };
    while (!this.#is(end)) {
      if (kwarg !== undefined) this.#fail('arguments cannot follow var-keyword argument');
      if (this.#take('**')) kwarg = name();
      else if (this.#take('*')) {
        if (star) this.#fail('* argument may appear only once');
        star = true;
        if (!this.#is(',')) vararg = name();
        else if (this.#tokens[this.#at + 1]?.text === end || this.#tokens[this.#at + 1]?.text === '**')
          this.#fail('named arguments must follow bare *');
      } else if (this.#is('/')) {
        if (args.length === 0) this.#fail('at least one argument must precede /');
        if (posonly.length > 0 || star) this.#fail('/ may appear only once');
        this.#at++;
        posonly.push(...args);
        args = [];
      } else {
        const arg = name();
        const value = this.#take('=') ? this.#expression() : undefined;
        if (star) {
          kwonly.push(arg);
          kwDefaults.push(value);
        } else {
          args.push(arg);
          if (value !== undefined) defaults.push(value);
          else if (defaults.length > 0) this.#fail('non-default argument follows default argument', arg);
        }
      }
      if (!this.#take(',')) break;
    }
    return { posonly, args, defaults, vararg, kwonly, kwDefaults, kwarg };
  }
}

/** Python's words for an expression that is no target. */
function describe(e: Expr): string {
  switch (e.kind) {
    case 'Constant':
      return e.value.type === 'word'
        ? e.value.value === 'Ellipsis'
          ? 'ellipsis'
          : e.value.value
        : 'literal';
    case 'Call':
      return 'function call';
    case 'BinOp':
    case 'UnaryOp':
    case 'BoolOp':
      return 'expression';
    case 'Compare':
      return 'comparison';
    case 'IfExp':
      return 'conditional expression';
    case 'Lambda':
      return 'lambda';
    case 'Dict':
      return 'dict literal';
    case 'Set':
      return 'set display';
    case 'ListComp':
      return 'list comprehension';
    case 'SetComp':
      return 'set comprehension';
    case 'DictComp':
      return 'dict comprehension';
    case 'GeneratorExp':
      return 'generator expression';
    case 'JoinedStr':
      return 'f-string expression';
    case 'Yield':
    case 'YieldFrom':
      return 'yield expression';
    case 'Await':
      return 'await expression';
    case 'NamedExpr':
      return 'named expression';
    case 'Tuple':
      return 'tuple';
    case 'List':
      return 'list';
    case 'Attribute':
      return 'attribute';
    case 'Subscript':
      return 'subscript';
    case 'Starred':
      return 'starred';
    default:
      return 'expression';
  }
}
