import type { Encoding } from './encoding.ts';
import { singleByteTables } from './single-byte-tables.ts';

// oxlint-disable-next-line no-control-regex
const ASCII = /^[\0-\x7f]*$/;
const codes = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_none, i) => String.fromCharCode(from + i)).join('');

/** An encoding of one byte a character, by Python's name; undefined: it is none of these. */
export function singleByteEncoding(name: string): Encoding | undefined {
  const tables = singleByteTables();
  if (!Object.hasOwn(tables, name)) return undefined;
  const given = tables[name]!;
  const table = Array.from(codes(0, 256 - given.length) + given, (c) => (c === '\ufffd' ? '' : c));
  // Of several bytes for a character Python takes the last one.
  const bytes = new Map(table.map((c, byte) => [c.charCodeAt(0), [byte]] as const));
  const ascii = Array.from({ length: 128 }, (_none, b) => b).every((b) => bytes.get(b)?.[0] === b);
  return {
    name: 'charmap',
    encode: (code) => bytes.get(code),
    reason: 'character maps to <undefined>',
    table,
    ...(ascii ? { quick: (piece) => (ASCII.test(piece) ? Buffer.from(piece, 'latin1') : undefined) } : {}),
  };
}
