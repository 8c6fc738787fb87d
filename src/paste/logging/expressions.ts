/**
 * A reader of the Python expressions in `args` and `kwargs` of an `.ini`: literals, operators between them, and a fixed
 * table of names (`sys.stdout`, `handlers.SysLogHandler.LOG_LOCAL0`, `os.path.join(…)`). Nothing is evaluated beyond it.
 */
import { SIMPLE_ESCAPES } from '../../pickle/index.ts';
import { pythonError } from './errors.ts';
import { ENVIRONMENT, environment, lookUp, NamedFunction } from './expression-names.ts';
import { formatMessage, typeName } from './percent.ts';
import { FloatValue, repr, TupleValue } from './python-text.ts';

/** Reads an expression. Throws plain errors under Python's names (`SyntaxError`, `NameError`, `TypeError`). */
export function readExpression(text: string): unknown {
  return new Reader(text).whole();
}

const TOKEN =
  /(?:\s|\\\n|#[^\n]*)*(?:((?:[rRbBuU]|[rR][bB]|[bB][rR])?(?:'''|"""|'|"))|(0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|\d[\d_]*(?:\.[\d_]*)?(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?)|([\p{L}_][\p{L}\p{N}_]*)|(\*\*|\/\/|<<|>>|[-+*/%|&^~()[\]{},:.=])|$)/uy;

interface Token {
  readonly kind: 'string' | 'number' | 'name' | 'operator' | 'end';
  readonly text: string;
  readonly value?: unknown;
}

const BINARY: readonly (readonly string[])[] = [
  ['|'],
  ['^'],
  ['&'],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '//', '%'],
];

class Reader {
  readonly #text: string;
  #at = 0;
  #token: Token;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
    this.#token = this.#scan();
  }

  whole(): unknown {
    if (this.#token.kind === 'end') throw this.#syntax('invalid syntax');
    const value = this.#listOr('end');
    const { kind, text } = this.#peek();
    if (kind !== 'end') throw this.#syntax(/^[)\]}]$/.test(text) ? `unmatched '${text}'` : 'invalid syntax');
    return value;
  }

  #syntax(message: string): Error {
    return pythonError('SyntaxError', message);
  }

  #scan(): Token {
    TOKEN.lastIndex = this.#at;
    const match = TOKEN.exec(this.#text);
    if (!match) throw this.#syntax(`invalid syntax at ${repr(this.#text.slice(this.#at, this.#at + 10))}`);
    const [all, quote, number, name, operator] = match;
    this.#at += all.length;
    if (quote !== undefined) return { kind: 'string', text: quote, value: this.#string(quote) };
    if (number !== undefined) return { kind: 'number', text: number, value: numberValue(number) };
    if (name !== undefined) return { kind: 'name', text: name };
    if (operator !== undefined) return { kind: 'operator', text: operator };
    return { kind: 'end', text: '' };
  }

  #string(opening: string): unknown {
    const quote = opening.replace(/^[a-zA-Z]+/, '');
    const prefix = opening.slice(0, opening.length - quote.length).toLowerCase();
    let end = this.#at;
    for (; ; end += 1) {
      if (end >= this.#text.length || (quote.length === 1 && this.#text[end] === '\n')) {
        throw this.#syntax('unterminated string literal');
      }
      if (this.#text[end] === '\\') end += 1;
      else if (this.#text.startsWith(quote, end)) break;
    }
    const source = this.#text.slice(this.#at, end);
    this.#at = end + quote.length;
    const text = prefix.includes('r') ? source : unescape(source);
    return prefix.includes('b') ? Buffer.from(text, 'latin1') : text;
  }

  #next(): Token {
    const token = this.#token;
    this.#token = this.#scan();
    return token;
  }

  #peek(): Token {
    return this.#token;
  }

  #is(operator: string): boolean {
    return this.#token.kind === 'operator' && this.#token.text === operator;
  }

  #take(operator: string): boolean {
    if (!this.#is(operator)) return false;
    this.#next();
    return true;
  }

  /** An expression, or a tuple of several. */
  #listOr(closing: string): unknown {
    const first = this.#expression();
    if (!this.#is(',')) return first;
    const items = TupleValue.of(first) as TupleValue;
    while (this.#take(',')) {
      if (this.#is(closing) || this.#token.kind === 'end') break;
      items.push(this.#expression());
    }
    return items;
  }

  #expression(level = 0): unknown {
    if (level === 0) {
      this.#depth += 1;
      if (this.#depth > 100) throw this.#syntax('too many nested parentheses');
    }
    const operators = BINARY[level];
    if (!operators) return this.#unary();
    let value = this.#expression(level + 1);
    while (this.#token.kind === 'operator' && operators.includes(this.#token.text)) {
      const operator = this.#next().text;
      value = binary(operator, value, this.#expression(level + 1));
    }
    if (level === 0) this.#depth -= 1;
    return value;
  }

  #unary(): unknown {
    if (this.#token.kind === 'operator' && '+-~'.includes(this.#token.text)) {
      const operator = this.#next().text;
      const value = numeric(this.#unary(), `unary ${operator}`);
      return operator === '-' ? -value : operator === '~' ? ~value : value;
    }
    const base = this.#postfix();
    if (!this.#take('**')) return base;
    const result = numeric(base, '**') ** numeric(this.#unary(), '**');
    if (Math.abs(result) > Number.MAX_SAFE_INTEGER)
      throw pythonError('OverflowError', 'the number is too large');
    return result;
  }

  #postfix(): unknown {
    if (this.#token.kind === 'name') {
      let name = this.#next().text;
      while (this.#take('.')) {
        if (this.#token.kind !== 'name') throw this.#syntax('invalid syntax');
        name += `.${this.#next().text}`;
      }
      // f'…' and other prefixes are a name before a string.
      if (this.#peek().kind === 'string')
        throw this.#syntax(`strings with the prefix ${repr(name)} are not offered`);
      return this.#trailers(lookUp(name));
    }
    return this.#trailers(this.#atom());
  }

  #trailers(start: unknown): unknown {
    let value = start;
    for (;;) {
      if (this.#is('(')) {
        this.#next();
        value = this.#call(value);
      } else if (this.#is('[')) {
        this.#next();
        const key = this.#expression();
        if (!this.#take(']')) throw this.#syntax("'[' was never closed");
        value = subscript(value, key);
      } else if (this.#is('.')) {
        throw pythonError('AttributeError', 'attributes of values are not offered in an .ini');
      } else {
        return value;
      }
    }
  }

  #call(callee: unknown): unknown {
    const args: unknown[] = [];
    const keywords = new Map<string, unknown>();
    while (!this.#is(')')) {
      if (this.#token.kind === 'end') throw this.#syntax("'(' was never closed");
      const before = { at: this.#at, token: this.#token };
      if (this.#token.kind === 'name') {
        const { text } = this.#next();
        if (this.#take('=')) {
          keywords.set(text, this.#expression());
          if (!this.#take(',') && !this.#is(')')) throw this.#syntax("'(' was never closed");
          continue;
        }
        this.#at = before.at;
        this.#token = before.token;
      }
      args.push(this.#expression());
      if (!this.#take(',') && !this.#is(')')) throw this.#syntax("'(' was never closed");
    }
    this.#next();
    if (!(callee instanceof NamedFunction)) throw pythonError('TypeError', `${repr(callee)} is not callable`);
    return callee.call(args, keywords);
  }

  #atom(): unknown {
    const token = this.#next();
    if (token.kind === 'number') return token.value;
    if (token.kind === 'string') {
      let { value } = token;
      while (this.#token.kind === 'string') {
        const more = this.#next().value;
        if (typeof value !== typeof more) throw this.#syntax('cannot mix bytes and nonbytes literals');
        value =
          typeof value === 'string'
            ? value + (more as string)
            : Buffer.concat([value as Buffer, more as Buffer]);
      }
      return value;
    }
    if (token.kind === 'operator') {
      if (token.text === '(') {
        if (this.#take(')')) return new TupleValue();
        return this.#closed('(', ')', () => this.#listOr(')'));
      }
      if (token.text === '[') {
        if (this.#take(']')) return [];
        return this.#closed('[', ']', () => {
          const items = [this.#expression()];
          while (this.#take(',') && !this.#is(']')) items.push(this.#expression());
          return items;
        });
      }
      if (token.text === '{') {
        if (this.#take('}')) return new Map();
        return this.#closed('{', '}', () => this.#dict());
      }
    }
    throw this.#syntax(token.kind === 'end' ? 'unexpected end of the expression' : 'invalid syntax');
  }

  #closed(opening: string, closing: string, read: () => unknown): unknown {
    const value = this.#token.kind === 'end' ? undefined : read();
    if (!this.#take(closing)) {
      throw this.#syntax(
        this.#token.kind === 'end'
          ? `'${opening}' was never closed`
          : `invalid syntax at ${repr(this.#token.text)}`,
      );
    }
    return value;
  }

  #dict(): Map<unknown, unknown> {
    const dict = new Map<unknown, unknown>();
    do {
      if (this.#is('}')) break;
      const key = this.#expression();
      if (!this.#take(':')) throw this.#syntax("':' expected after dictionary key");
      dict.set(key, this.#expression());
    } while (this.#take(','));
    return dict;
  }
}

function numberValue(text: string): unknown {
  const digits = text.replaceAll('_', '');
  const value = Number(digits.toLowerCase());
  if (/^0\d/.test(digits) && Number.isInteger(value) && value !== 0 && !/[.e]/i.test(digits)) {
    throw pythonError('SyntaxError', 'leading zeros in decimal integer literals are not permitted');
  }
  return /^[\d.]/.test(digits) && /[.e]/i.test(digits) && !/^0x/i.test(digits)
    ? new FloatValue(value)
    : value;
}

function unescape(source: string): string {
  return source.replace(
    /\\(\n|[0-7]{1,3}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[\s\S])/g,
    (all, code: string) => {
      if (/^[0-7]/.test(code)) return String.fromCharCode(Number.parseInt(code, 8));
      if (/^[xuU]./.test(code)) return String.fromCodePoint(Number.parseInt(code.slice(1), 16));
      return SIMPLE_ESCAPES[code] ?? all;
    },
  );
}

function numeric(value: unknown, operator: string): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return Number(value);
  if (value instanceof FloatValue) return value.value;
  throw pythonError('TypeError', `bad operand type for ${operator}: ${repr(typeName(value))}`);
}

function binary(operator: string, left: unknown, right: unknown): unknown {
  if (operator === '+') {
    if (typeof left === 'string' && typeof right === 'string') return left + right;
    if (left instanceof TupleValue && right instanceof TupleValue)
      return TupleValue.from([...left, ...right]);
    if (Array.isArray(left) && Array.isArray(right)) return [...(left as unknown[]), ...(right as unknown[])];
  }
  if (operator === '%' && typeof left === 'string') {
    if (right instanceof Map) return formatMessage(left, Object.fromEntries(right as Map<string, unknown>));
    return formatMessage(left, right instanceof TupleValue ? right : [right]);
  }
  if (operator === '*' && typeof right === 'number') {
    if (typeof left === 'string') return left.repeat(Math.max(right, 0));
    if (Array.isArray(left)) {
      const items = Array.from({ length: Math.max(right, 0) }, () => left as unknown[]).flat();
      return left instanceof TupleValue ? TupleValue.from(items) : items;
    }
  }
  const a = numeric(left, operator);
  const b = numeric(right, operator);
  const float = left instanceof FloatValue || right instanceof FloatValue;
  const wrap = (value: number) => (float ? new FloatValue(value) : value);
  if (b === 0 && ['/', '//', '%'].includes(operator))
    throw pythonError('ZeroDivisionError', 'division by zero');
  switch (operator) {
    case '+':
      return wrap(a + b);
    case '-':
      return wrap(a - b);
    case '*':
      return wrap(a * b);
    case '/':
      return new FloatValue(a / b);
    case '//':
      return wrap(Math.floor(a / b));
    case '%':
      return wrap(a - b * Math.floor(a / b));
    case '<<':
      return a * 2 ** b;
    case '>>':
      return Math.floor(a / 2 ** b);
    case '|':
      return a | b;
    case '&':
      return a & b;
    default:
      return a ^ b;
  }
}

function subscript(value: unknown, key: unknown): unknown {
  if (value === ENVIRONMENT && typeof key === 'string') return environment(key);
  if (value instanceof Map && value.has(key)) return value.get(key);
  if ((Array.isArray(value) || typeof value === 'string') && typeof key === 'number') {
    const item = (value as readonly unknown[]).at(key);
    if (item !== undefined) return item;
  }
  throw pythonError('TypeError', `${repr(typeName(value))} has no item ${repr(key)}`);
}
