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
    const { piece, length } = expression(rest, at, printer);
    pieces.push(piece);
    skip(length);
  }
  if (rest !== '') pieces.push(rest.replaceAll('$$', '$'));
  return pieces;
}

/** The expression at the beginning of `text`, and the length of the whole. */
function expression(text: string, offset: number, printer: TalesPrinter): { piece: Piece; length: number } {
  let end = text.lastIndexOf('}');
  for (;;) {
    const source = decodeEntities(text.slice(2, end));
    if (source === '') return { piece: '${}', length: 3 };
    const clause = { text: source, offset: offset + 2 };
    try {
      return { piece: { ...printer.print(clause), clause }, length: end + 1 };
    } catch (error) {
      if (!(error instanceof TalesSyntaxError)) throw error;
      const shorter = text.lastIndexOf('}', end - 1);
      if (shorter < 2 || end === 0) throw error;
      end = shorter;
    }
  }
}
