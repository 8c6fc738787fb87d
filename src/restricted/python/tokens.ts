/** The lexical structure of Python: tokens with positions, indentation, continuation. */
import { PySyntaxError, registerException } from '../runtime/errors.ts';

export type TokenType = 'name' | 'number' | 'string' | 'op' | 'newline' | 'indent' | 'dedent' | 'end';

export interface Token {
  readonly type: TokenType;
  /** Normalised for names; prefix, quotes and all for strings. */
  readonly text: string;
  readonly line: number;
  readonly column: number;
}

const OPERATORS = [
  '**=',
  '//=',
  '>>=',
  '<<=',
  '...',
  '->',
  ':=',
  '==',
  '!=',
  '<=',
  '>=',
  '**',
  '//',
  '<<',
  '>>',
  '+=',
  '-=',
  '*=',
  '/=',
  '%=',
  '&=',
  '|=',
  '^=',
  '@=',
  '(',
  ')',
  '[',
  ']',
  '{',
  '}',
  ',',
  ':',
  '.',
  ';',
  '@',
  '=',
  '+',
  '-',
  '*',
  '/',
  '%',
  '&',
  '|',
  '^',
  '~',
  '<',
  '>',
];
const BY_FIRST = new Map<string, string[]>();
for (const op of OPERATORS) BY_FIRST.set(op[0]!, [...(BY_FIRST.get(op[0]!) ?? []), op]);

const NAME = /[\p{XID_Start}_]\p{XID_Continue}*/uy;
const NUMBER =
  /0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|(?:[0-9](?:_?[0-9])*)?\.[0-9](?:_?[0-9])*(?:[eE][-+]?[0-9](?:_?[0-9])*)?[jJ]?|[0-9](?:_?[0-9])*\.?(?:[eE][-+]?[0-9](?:_?[0-9])*)?[jJ]?/y;
const STRING_START = /(?:[rR][bBfF]?|[bBfF][rR]?|[uU])?('''|"""|'|")/y;
const MAX_INDENT = 100;
/** Python's own limit for brackets in brackets. */
const MAX_NESTING = 200;
const CLOSING: Record<string, string> = { ')': '(', ']': '[', '}': '{' };

export interface SourceInfo {
  readonly filename: string;
  /** Line of the first line of the source. */
  readonly line: number;
  readonly column: number;
  /** Line breaks are blanks, as inside brackets. */
  readonly joined?: boolean;
}

/** Tokens of a source text. */
export function tokenize(source: string, info: SourceInfo): Token[] {
  return new Tokenizer(source, info).run();
}

class Tokenizer {
  readonly #source: string;
  readonly #lines: string[];
  readonly #info: SourceInfo;
  readonly #tokens: Token[] = [];
  readonly #indents = [0];
  readonly #brackets: { char: string; line: number; column: number }[] = [];
  #at = 0;
  #line: number;
  #lineStart = 0;

  constructor(source: string, info: SourceInfo) {
    this.#source = source.replace(/\r\n?/g, '\n').replace(/^\ufeff/, '');
    this.#lines = this.#source.split('\n');
    this.#info = info;
    this.#line = info.line;
  }

  #column(at = this.#at): number {
    return at - this.#lineStart + (this.#line === this.#info.line ? this.#info.column : 0);
  }

  error(
    message: string,
    line = this.#line,
    column = this.#column(),
    Kind: 'syntax' | 'indent' = 'syntax',
  ): never {
    const text = this.#lines[line - this.#info.line]?.trim();
    throw new (Kind === 'indent' ? IndentedError : PySyntaxError)(
      message,
      line,
      column,
      this.#info.filename,
      text,
    );
  }

  #push(type: TokenType, text: string, column = this.#column()): void {
    this.#tokens.push({ type, text, line: this.#line, column });
  }

  run(): Token[] {
    const source = this.#source;
    let fresh = true;
    for (;;) {
      if (fresh && this.#brackets.length === 0) {
        if (this.#info.joined !== true && !this.#indentation()) break;
        fresh = false;
      }
      this.#blanks();
      const c = source[this.#at];
      if (c === undefined) break;
      if (c === '\0') this.error('source code string cannot contain null bytes');
      if (c === '\n') {
        if (this.#brackets.length === 0 && this.#info.joined !== true) {
          this.#push('newline', '\n');
          fresh = true;
        }
        this.#newLine();
        continue;
      }
      this.#token(c);
    }
    if (this.#brackets.length > 0) {
      const open = this.#brackets.at(-1)!;
      this.error(`'${open.char}' was never closed`, open.line, open.column);
    }
    const last = this.#tokens.at(-1);
    if (last !== undefined && last.type !== 'newline' && last.type !== 'dedent') this.#push('newline', '');
    while (this.#indents.length > 1) {
      this.#indents.pop();
      this.#push('dedent', '');
    }
    this.#push('end', '');
    return this.#tokens;
  }

  #newLine(): void {
    this.#at++;
    this.#line++;
    this.#lineStart = this.#at;
  }

  /** Blanks, comments and continued lines. */
  #blanks(): void {
    for (;;) {
      const c = this.#source[this.#at];
      if (c === ' ' || c === '\t' || c === '\f') this.#at++;
      else if (c === '#') {
        while (this.#at < this.#source.length && this.#source[this.#at] !== '\n') this.#at++;
      } else if (c === '\\') {
        if (this.#source[this.#at + 1] !== '\n')
          this.error(
            this.#at + 1 >= this.#source.length
              ? 'unexpected EOF while parsing'
              : 'unexpected character after line continuation character',
          );
        this.#at++;
        this.#newLine();
        if (this.#at >= this.#source.length) this.error('unexpected EOF while parsing');
      } else return;
    }
  }

  /** Indentation of the next line with code; false at the end. */
  #indentation(): boolean {
    for (;;) {
      let width = 0;
      let at = this.#at;
      for (; ; at++) {
        const c = this.#source[at];
        if (c === ' ') width++;
        else if (c === '\t') width = (Math.floor(width / 8) + 1) * 8;
        else if (c === '\f') width = 0;
        else break;
      }
      const c = this.#source[at];
      if (c === '\n') {
        this.#at = at;
        this.#newLine();
        continue;
      }
      if (c === '#') {
        while (at < this.#source.length && this.#source[at] !== '\n') at++;
        this.#at = at;
        if (at >= this.#source.length) return false;
        this.#newLine();
        continue;
      }
      this.#at = at;
      if (c === undefined) return false;
      this.#indent(width);
      return true;
    }
  }

  #indent(width: number): void {
    const current = this.#indents.at(-1)!;
    if (width > current) {
      if (this.#indents.length >= MAX_INDENT)
        this.error('too many levels of indentation', this.#line, 0, 'indent');
      this.#indents.push(width);
      this.#push('indent', '');
      return;
    }
    while (width < this.#indents.at(-1)!) {
      this.#indents.pop();
      this.#push('dedent', '');
    }
    if (width !== this.#indents.at(-1)!)
      this.error('unindent does not match any outer indentation level', this.#line, this.#column(), 'indent');
  }

  #token(c: string): void {
    const source = this.#source;
    STRING_START.lastIndex = this.#at;
    const string = STRING_START.exec(source);
    if (string !== null) return this.#string(string[0], string[1]!);
    NAME.lastIndex = this.#at;
    const name = NAME.exec(source);
    if (name !== null) {
      this.#push('name', name[0].normalize('NFKC'));
      this.#at += name[0].length;
      return;
    }
    if ((c >= '0' && c <= '9') || (c === '.' && /[0-9]/.test(source[this.#at + 1] ?? '')))
      return this.#number();
    const op = BY_FIRST.get(c)?.find((candidate) => source.startsWith(candidate, this.#at));
    if (op === undefined) {
      if (c === '$' || c === '?' || c === '!') this.error('invalid syntax');
      const code = source.codePointAt(this.#at)!.toString(16).toUpperCase().padStart(4, '0');
      this.error(
        `invalid ${/\p{Cc}|\p{Cf}/u.test(c) ? 'non-printable ' : ''}character ${/\p{Cc}|\p{Cf}/u.test(c) ? '' : `'${String.fromCodePoint(source.codePointAt(this.#at)!)}' (`}U+${code}${/\p{Cc}|\p{Cf}/u.test(c) ? '' : ')'}`,
      );
    }
    if ('([{'.includes(op)) {
      if (this.#brackets.length >= MAX_NESTING) this.error('too many nested parentheses');
      this.#brackets.push({ char: op, line: this.#line, column: this.#column() });
    } else if (CLOSING[op] !== undefined) {
      const open = this.#brackets.pop();
      if (open === undefined) this.error(`unmatched '${op}'`);
      if (open.char !== CLOSING[op]) {
        const where = open.line === this.#line ? '' : ` on line ${open.line}`;
        this.error(`closing parenthesis '${op}' does not match opening parenthesis '${open.char}'${where}`);
      }
    }
    this.#push('op', op);
    this.#at += op.length;
  }

  #number(): void {
    NUMBER.lastIndex = this.#at;
    const text = NUMBER.exec(this.#source)![0];
    const after = this.#source[this.#at + text.length] ?? '';
    if (/^0[0-9_]*[1-9]/.test(text) && /^[0-9_]+$/.test(text))
      this.error(
        'leading zeros in decimal integer literals are not permitted; use an 0o prefix for octal integers',
      );
    if (/[\p{XID_Continue}]/u.test(after)) {
      const rest = /^[\p{XID_Continue}]+/u.exec(this.#source.slice(this.#at + text.length))![0];
      // `1if x else y` is still Python.
      if (!/^(?:and|else|for|if|in|is|not|or)\b/.test(rest)) {
        const kind = /^0[xX]/.test(text)
          ? 'hexadecimal'
          : /^0[oO]/.test(text)
            ? 'octal'
            : /^0[bB]/.test(text)
              ? 'binary'
              : /[jJ]$/.test(text)
                ? 'imaginary'
                : 'decimal';
        this.error(`invalid ${kind} literal`);
      }
    }
    this.#push('number', text);
    this.#at += text.length;
  }

  #string(start: string, quote: string): void {
    const source = this.#source;
    const line = this.#line;
    const column = this.#column();
    const begin = this.#at;
    let at = begin + start.length;
    for (;;) {
      const c = source[at];
      if (c === undefined || (c === '\n' && quote.length === 1)) {
        this.error(
          quote.length === 1
            ? `unterminated string literal (detected at line ${this.#line})`
            : `unterminated triple-quoted string literal (detected at line ${this.#line})`,
          line,
          column,
        );
      }
      if (c === '\\') {
        if (source[at + 1] === '\n') this.#nextLine(at + 1);
        at += 2;
      } else if (source.startsWith(quote, at)) break;
      else {
        if (c === '\n') this.#nextLine(at);
        at++;
      }
    }
    at += quote.length;
    this.#tokens.push({ type: 'string', text: source.slice(begin, at), line, column });
    this.#at = at;
  }

  #nextLine(at: number): void {
    this.#line++;
    this.#lineStart = at + 1;
  }
}

/** A `PySyntaxError` that Python calls `IndentationError`. */
export class IndentedError extends PySyntaxError {}
registerException(IndentedError, 'IndentationError');
