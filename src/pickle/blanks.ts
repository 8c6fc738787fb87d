/** Python's idea of blanks, which is not that of JavaScript. */

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
