/**
 * Splits a source into markup and text without loss. The shallow grammar is the REX one of R. D. Cameron ("REX: XML Shallow Parsing
 * with Regular Expressions", 1998), with the laxer attribute rules that Chameleon has for HTML: what is no tag stays text.
 */

import { CompilationFailure } from '../errors.ts';

const S = '[ \\n\\t\\r]+';
const NAME = '(?:[A-Za-z_:@]|[^\\x00-\\x7F])(?:[A-Za-z0-9_:.-]|[^\\x00-\\x7F])*';
const QUOTED = '"[^"]*"|\'[^\']*\'';
const UNTIL_HYPHEN = '[^-]*-';
const UNTIL_TWO_HYPHENS = `${UNTIL_HYPHEN}(?:[^-]${UNTIL_HYPHEN})*-`;
const UNTIL_BRACKETS = '[^\\]]*](?:[^\\]]+])*]+';
const CDATA = `${UNTIL_BRACKETS}(?:[^\\]>]${UNTIL_BRACKETS})*>`;
const DECLARATION_NAME = `${S}${NAME}(?:${S}(?:${NAME}|${QUOTED}))*`;
// One character at a time: a repeated repetition takes exponential time for what has no end.
const MARKUP_DECLARATION = `(?:[^\\]"'><]|${QUOTED})*>`;
const UNTIL_MARKS = '[^?]*\\?+';
const INSTRUCTION_TAIL = `\\?>|[\\n\\r\\t ]${UNTIL_MARKS}(?:[^>?]${UNTIL_MARKS})*>`;
const DOCTYPE_ITEM = `<(?:!(?:--${UNTIL_TWO_HYPHENS}>|[^-]${MARKUP_DECLARATION})|\\?${NAME}(?:${INSTRUCTION_TAIL}))|%${NAME};|[ \\n\\t\\r]`;
const DOCTYPE = `${DECLARATION_NAME}(?:${S})?(?:\\[(?:${DOCTYPE_ITEM})*](?:${S})?)?>?`;
const DECLARATION = `--(?:${UNTIL_TWO_HYPHENS}>?)?|\\[CDATA\\[(?:${CDATA})?|DOCTYPE(?:${DOCTYPE})?`;
const ATTRIBUTE_VALUE = '"[^"]*"|\'[^\']*\'|[^\\s=<>`]+';
const ELEMENT = `(?:${NAME})(?:(?:${S})(?:${NAME})(?:(?:${S})?=(?:${S})?(?:${ATTRIBUTE_VALUE}|[^"'>/]+)|(?!(?:${S})?=)))*(?:${S})?(?:/?>)?`;
const MARKUP = `<(?:!(?:${DECLARATION})?|\\?(?:${NAME}(?:${INSTRUCTION_TAIL})?)?|/(?:${NAME}(?:${S})?>?)?|(?:${ELEMENT})?)`;
const TOKEN = new RegExp(`[^<]+|${MARKUP}`, 'y');
const OPEN_INSTRUCTION = new RegExp(`<\\?(?:${NAME})?`, 'y');

export interface Token {
  readonly text: string;
  readonly offset: number;
}

/** What is looked for up to the end of the source, and what ends it. Where there is no such end, each start would be a search in vain. */
const ENDS = [
  ['<![CDATA[', ']]>'],
  ['<?', '?>'],
] as const;

export function* tokens(source: string): Generator<Token> {
  const lasts = ENDS.map(([start, end]) => [start, source.lastIndexOf(end)] as const);
  for (let offset = 0; offset < source.length;) {
    TOKEN.lastIndex = offset;
    const open = lasts.find(([start, last]) => last < offset && source.startsWith(start, offset))?.[0];
    let text = open === undefined ? TOKEN.exec(source)![0] : open;
    if (open === '<?') {
      OPEN_INSTRUCTION.lastIndex = offset;
      [text] = OPEN_INSTRUCTION.exec(source)!;
    }
    yield { text, offset };
    offset += text.length;
  }
}

export type TokenKind =
  | 'text'
  | 'comment'
  | 'cdata'
  | 'instruction'
  | 'start'
  | 'end'
  | 'empty'
  /** Declarations, and markup that is not closed: shown as it is. */
  | 'other';

export function kindOf(text: string): TokenKind {
  if (!text.startsWith('<')) return 'text';
  if (text.startsWith('<!--')) return 'comment';
  if (text.startsWith('<![CDATA[')) return 'cdata';
  if (text.startsWith('<!')) return 'other';
  // The XML declaration has attributes.
  if (text.startsWith('<?xml')) return 'empty';
  if (text.startsWith('<?')) return 'instruction';
  if (text.startsWith('</')) return 'end';
  if (text.endsWith('/>')) return 'empty';
  return text.endsWith('>') ? 'start' : 'other';
}

/** Parts of a tag. */
export interface Tag {
  /** `<` or `</`. */
  readonly prefix: string;
  readonly name: string;
  /** White space between the name and the end of a tag without attributes. */
  readonly space: string;
  /** What ends the tag: `>`, ` />`. */
  readonly suffix: string;
  readonly attributes: readonly Attribute[];
  readonly offset: number;
}

export interface Attribute {
  /** White space before it. */
  readonly space: string;
  readonly name: string;
  readonly nameOffset: number;
  /** The `=` with white space around it; empty for a name alone. */
  readonly equals: string;
  readonly quote: string;
  readonly value: string;
  /** Offset of the value. */
  readonly offset: number;
}

const TAG = /^(<\/?)((?:[^:\n\t\r ]+:)?[^ \n\t\r>/]+)((\s*)\/?>)?/;
const ATTRIBUTE =
  /(?<![ \n\t\r])(\s+)(?!\d)([^ =/>\n\t\r]+)(?:(\s*=\s*)(?:(["'])([\s\S]*?)\4|([^\s'">/]+))|(?![ \\ntr]*=))/g;

/** Takes a tag apart. Throws a CompilationFailure for what cannot be read. */
export function parseTag({ text, offset }: Token): Tag {
  const match = TAG.exec(text) as unknown as [string, string, string, string?, string?] | null;
  if (match === null) throw new CompilationFailure('ParseError', 'This is no tag.', offset, text);
  const [whole, prefix, name, suffix, space] = match;
  const rest = text.slice(whole.length);
  const attributes: Attribute[] = [];
  let end = suffix ?? '';
  for (const match of rest.matchAll(ATTRIBUTE)) {
    const [all, before, attribute, equals = '', quote = '', quoted, bare] = match as unknown as [
      string,
      string,
      string,
      string?,
      string?,
      string?,
      string?,
    ];
    const value = quoted ?? bare ?? '';
    const start = offset + whole.length + match.index;
    attributes.push({
      space: before,
      name: attribute,
      nameOffset: start + before.length,
      equals,
      quote,
      value,
      offset: start + all.length - value.length - quote.length,
    });
    end = rest.slice(match.index + all.length);
  }
  if (end === '')
    throw new CompilationFailure('ParseError', 'The attributes of the tag cannot be read.', offset, text);
  return { prefix, name, space: space ?? '', suffix: end, attributes, offset };
}
