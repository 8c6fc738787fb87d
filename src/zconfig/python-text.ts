/** What Python's `str`, `int` and `float` make of a text, where JavaScript's idea of digits is another. */

export { BLANK, NO_BLANK, strip, stripEnd, words } from '../pickle/index.ts';

const NAMED: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };
const UNPRINTABLE = /[\\\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu;

function escaped(letter: string): string {
  if (Object.hasOwn(NAMED, letter)) return NAMED[letter]!;
  const hex = letter.codePointAt(0)!.toString(16);
  if (hex.length <= 2) return `\\x${hex.padStart(2, '0')}`;
  return hex.length <= 4 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}

/** `repr` of a text. */
export function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const plain = text.replace(UNPRINTABLE, escaped);
  return quote + (quote === "'" ? plain.replaceAll("'", "\\'") : plain) + quote;
}

const isDigit = (code: number) => code >= 0 && /^\p{Nd}$/u.test(String.fromCodePoint(code));

/** Digits of any script as those of ASCII. */
export function withAsciiDigits(text: string): string {
  // oxlint-disable-next-line no-control-regex -- all of ASCII
  if (/^[\0-\x7f]*$/.test(text)) return text;
  return text.replace(/\p{Nd}/gu, (digit) => {
    // Each script has its ten digits in a row.
    const code = digit.codePointAt(0)!;
    let zero = code;
    while (isDigit(zero - 1)) zero--;
    return String((code - zero) % 10);
  });
}
