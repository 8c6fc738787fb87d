/** The values of string literals, and the parts of f-strings. */
import { SIMPLE_ESCAPES } from '../../pickle/index.ts';

export class LiteralError extends Error {}

/** Resolves the escapes of a str literal. */
export function unescapeText(body: string): string {
  if (!body.includes('\\')) return body;
  return body.replace(
    /\\(?:([0-7]{1,3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|N\{([^}]*)\}|([^]))/gu,
    (_all, octal?: string, x?: string, u?: string, wide?: string, name?: string, other?: string) => {
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
      const hex = x ?? u ?? wide;
      if (hex !== undefined) {
        const code = Number.parseInt(hex, 16);
        if (code > 0x10ffff)
          throw new LiteralError(
            "(unicode error) 'unicodeescape' codec can't decode bytes: illegal Unicode character",
          );
        return String.fromCodePoint(code);
      }
      if (name !== undefined)
        throw new LiteralError('\\N{…} escapes are not supported; write the character or its \\u escape');
      if (other === 'x' || other === 'u' || other === 'U')
        throw new LiteralError(
          `(unicode error) 'unicodeescape' codec can't decode bytes: truncated \\${other}${{ x: 'XX', u: 'XXXX', U: 'XXXXXXXX' }[other]} escape`,
        );
      return SIMPLE_ESCAPES[other!] ?? `\\${other}`;
    },
  );
}

/** The bytes of a bytes literal. */
export function bytesOf(body: string, raw: boolean): Uint8Array {
  // oxlint-disable-next-line no-control-regex
  if (!/^[\x00-\x7f]*$/.test(body)) throw new LiteralError('bytes can only contain ASCII literal characters');
  const text = raw
    ? body
    : body.replace(
        /\\(?:([0-7]{1,3})|x([0-9a-fA-F]{2})|([^]))/g,
        (_all, octal?: string, x?: string, other?: string) => {
          if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 255);
          if (x !== undefined) return String.fromCharCode(Number.parseInt(x, 16));
          if (other === 'x') throw new LiteralError('(value error) invalid \\x escape at position 0');
          return SIMPLE_ESCAPES[other!] ?? `\\${other}`;
        },
      );
  return new Uint8Array(Buffer.from(text, 'latin1'));
}

export type FPart =
  | { readonly text: string }
  | {
      readonly source: string;
      /** Line breaks of the literal before the expression. */
      readonly lines: number;
      readonly conversion: string;
      readonly spec: FPart[] | undefined;
    };

/** Splits the body of an f-string (escapes not yet resolved). */
export function splitFString(body: string, raw: boolean, depth = 0): FPart[] {
  if (depth > 2) throw new LiteralError('f-string: expressions nested too deeply');
  const parts: FPart[] = [];
  let text = '';
  let i = 0;
  const flush = (): void => {
    if (text !== '') parts.push({ text: raw ? text : unescapeText(text) });
    text = '';
  };
  while (i < body.length) {
    const c = body[i]!;
    if (c === '\\' && !raw && body.startsWith('\\N{', i))
      throw new LiteralError('\\N{…} escapes are not supported; write the character or its \\u escape');
    if (c === '\\' && !raw && i + 1 < body.length && body[i + 1] !== '{' && body[i + 1] !== '}') {
      text += body.slice(i, i + 2);
      i += 2;
    } else if (c === '{' && body[i + 1] === '{' && depth === 0) {
      text += '{';
      i += 2;
    } else if (c === '}' && body[i + 1] === '}' && depth === 0) {
      text += '}';
      i += 2;
    } else if (c === '}') throw new LiteralError("f-string: single '}' is not allowed");
    else if (c === '{') {
      flush();
      i = expression(body, i, raw, depth, parts);
    } else {
      text += c;
      i++;
    }
  }
  flush();
  return parts;
}

/** One `{expression!r:spec}`; returns where it ends. */
function expression(body: string, open: number, raw: boolean, depth: number, parts: FPart[]): number {
  const stack: string[] = [];
  let quote = '';
  let i = open + 1;
  for (; i < body.length; i++) {
    const c = body[i]!;
    if (c === '\\') throw new LiteralError('f-string expression part cannot include a backslash');
    if (quote !== '') {
      if (body.startsWith(quote, i)) {
        i += quote.length - 1;
        quote = '';
      }
      continue;
    }
    if (c === "'" || c === '"') quote = body.startsWith(c.repeat(3), i) ? c.repeat(3) : c;
    else if ('([{'.includes(c)) stack.push(c);
    else if (c === '#') throw new LiteralError("f-string expression part cannot include '#'");
    else if (stack.length > 0) {
      if (')]}'.includes(c)) stack.pop();
    } else if (c === '}' || c === ':' || (c === '!' && body[i + 1] !== '=')) break;
    else if (c === '=' && /^\s*[}!:]/.test(body.slice(i + 1)) && !'=!<>'.includes(body[i - 1]!)) break;
  }
  if (quote !== '') throw new LiteralError('f-string: unterminated string');
  if (i >= body.length)
    throw new LiteralError(
      stack.length > 0 ? `f-string: unmatched '${stack.at(-1)}'` : "f-string: expecting '}'",
    );
  const source = body.slice(open + 1, i);
  if (source.trim() === '') throw new LiteralError('f-string: empty expression not allowed');
  let conversion = '';
  if (body[i] === '=') {
    const blank = /^=\s*/.exec(body.slice(i))![0];
    parts.push({ text: source + blank });
    i += blank.length;
    if (body[i] === '}') conversion = 'r';
  }
  if (body[i] === '!') {
    conversion = body[i + 1] ?? '';
    if (!'rsa'.includes(conversion) || conversion === '')
      throw new LiteralError(`f-string: invalid conversion character: expected 's', 'r', or 'a'`);
    i += 2;
  }
  let spec: FPart[] | undefined;
  if (body[i] === ':') {
    const start = i + 1;
    let level = 0;
    for (i = start; i < body.length; i++) {
      if (body[i] === '{') level++;
      else if (body[i] === '}' && level-- === 0) break;
    }
    spec = splitFString(body.slice(start, i), raw, depth + 1);
  }
  if (body[i] !== '}') throw new LiteralError("f-string: expecting '}'");
  parts.push({ source, lines: body.slice(0, open).split('\n').length - 1, conversion, spec });
  return i + 1;
}
