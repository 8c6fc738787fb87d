/** What Python's `str`, `int` and `float` make of a text, where JavaScript's idea of blanks and digits is another. */

/** What `str.isspace` and `\s` of `re` take: the separators of ASCII and NEL as well, a byte order mark not. */
const BLANKS = String.raw`\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000`;
/** A class of one blank, and of one character that is none, for patterns. */
export const BLANK = `[${BLANKS}]`;
export const NO_BLANK = `[^${BLANKS}]`;

const LEADING = new RegExp(`^${BLANK}+`);
const TRAILING = new RegExp(`${NO_BLANK}(?=${BLANK}*$)`);
const BETWEEN = new RegExp(`${BLANK}+`);

export function stripEnd(text: string): string {
  const last = TRAILING.exec(text);
  return last === null ? '' : text.slice(0, last.index + 1);
}

export const strip = (text: string): string => stripEnd(text.replace(LEADING, ''));

/** `str.split()`. */
export const words = (text: string): string[] => text.split(BETWEEN).filter((word) => word !== '');

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
