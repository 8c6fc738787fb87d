/**
 * `${…}` in text and attributes (INVENTORY T-049). Where an expression ends is found as in Chameleon: the longest text up to a `}` that
 * compiles; `$$` is a `$`.
 */
import { decodeEntities } from '../markup/entities.ts';
import type { Clause } from '../tal/syntax.ts';
import { TalesSyntaxError } from './parse.ts';
import type { Printed, TalesPrinter } from './print.ts';

/** Plain text, or an expression with its place. */
export type Piece = string | (Printed & { readonly clause: Clause });

/** Throws `TalesSyntaxError` where no end of an expression makes one. */
export function interpolated({ text, offset }: Clause, printer: TalesPrinter): Piece[] {
  const pieces: Piece[] = [];
  let rest = text;
  let at = offset;
  const work = { left: MOST_WORK };
  const skip = (count: number) => {
    rest = rest.slice(count);
    at += count;
  };
  for (;;) {
    const start = rest.indexOf('${');
    const end = rest.lastIndexOf('}');
    if (start < 0 || end < start) break;
    const plain = rest.slice(0, start);
    const dollars = /\$*$/.exec(plain)![0].length;
    if (plain !== '') pieces.push(plain.replaceAll('$$', '$'));
    skip(start);
    if (dollars % 2 === 1) {
      skip(1);
      continue;
    }
    const { piece, length } = expression(rest, at, printer, work);
    pieces.push(piece);
    skip(length);
  }
  if (rest !== '') pieces.push(rest.replaceAll('$$', '$'));
  return pieces;
}

/** Characters that may be read in all to find the ends of the expressions of one text. */
const MOST_WORK = 50_000_000;
/** An expression that names its type. */
const TYPED = /^\s*[a-z][a-z0-9\-_]*:/;

/** Where the last end may be: a path has no braces before its first alternative. */
function lastEnd(text: string): number {
  if (!TYPED.test(text.slice(2, 100))) {
    const [close, bar] = [text.indexOf('}'), text.indexOf('|')];
    if (bar < 0 || close < bar) return close;
  }
  return text.lastIndexOf('}');
}

/** The expression at the beginning of `text`, and the length of the whole. */
function expression(
  text: string,
  offset: number,
  printer: TalesPrinter,
  work: { left: number },
): { piece: Piece; length: number } {
  let end = lastEnd(text);
  for (;;) {
    const source = decodeEntities(text.slice(2, end));
    if (source === '') return { piece: '${}', length: 3 };
    const clause = { text: source, offset: offset + 2 };
    if ((work.left -= source.length) < 0)
      throw new TalesSyntaxError('The text has too many braces: where its expressions end is not found.', {
        text: source.slice(0, 100),
        offset: clause.offset,
      });
    try {
      return { piece: { ...printer.print(clause), clause }, length: end + 1 };
    } catch (error) {
      if (!(error instanceof TalesSyntaxError)) throw error;
      // With what is wrong there in it, no other text is an expression either.
      const known = error.wrongFrom !== undefined && source.length === end - 2;
      const before = known ? Math.min(end - 1, 2 + error.wrongFrom!) : end - 1;
      const shorter = text.lastIndexOf('}', before);
      if (shorter < 2 || end === 0) throw error;
      end = shorter;
    }
  }
}
